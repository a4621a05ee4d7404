/* test_rule_set.c - what the shipped rule sets, calendar and areas say; a broken one is refused with the
 * place and the reason; and everything that an adopted file says to others can be said. */
#include "common/clock.h"
#include "proto/codec.h"
#include "services/scoring/rubric.h"
#include "tests/scoring/small_rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct rules rules;

static int32_t day_of(const char *text)
{
    int32_t day = 0;

    assert_int_equal(clock_day_parse(slice_text(text), &day), ERR_NONE);
    return day;
}

static void read_file(const char *name)
{
    struct why why = { { 0 }, { 0 } };
    const struct slice bytes = read_rules(name);

    if (rules_parse(bytes, &rules, &why)) fail_msg("%s: %s", name, why.sentence);
    free((void *)(uintptr_t)bytes.data);
}

static const char *who_on(int64_t star, const char *day)
{
    enum authority who = authority_COUNT;

    return rules_authority_on(&rules.u.set, star, day_of(day), &who) ? authority_word(who) : "nobody";
}

static void three_stars_are_the_districts_until_the_districts_end(void **state)
{
    (void)state;
    read_file("qd-148-2023.json");
    assert_string_equal(who_on(3, "2023-02-24"), "district");
    assert_string_equal(who_on(3, "2025-06-30"), "district");
    assert_string_equal(who_on(3, "2025-07-01"), "province");
    assert_string_equal(who_on(4, "2025-06-30"), "province");
    assert_string_equal(who_on(5, "2025-07-01"), "ministry");
    assert_string_equal(who_on(2, "2025-07-01"), "nobody");
    assert_non_null(rules_level_on(&rules.u.set, level_DISTRICT, day_of("2025-06-30")));
    assert_null(rules_level_on(&rules.u.set, level_DISTRICT, day_of("2025-07-01")));
    assert_non_null(rules_level_on(&rules.u.set, level_PROVINCE, day_of("2025-07-01")));
}

static void sheets_of_2023_carry_parts(void **state)
{
    (void)state;
    read_file("qd-148-2023.json");
    assert_int_equal(rules.u.set.sheet, SHEET_PARTS);
    assert_int_equal(rules.u.set.part_most_hundredths[0], 4000);
    assert_int_equal(rules.u.set.part_most_hundredths[1], 2500);
    assert_int_equal(rules.u.set.part_most_hundredths[2], 3500);
    assert_int_equal(rules.u.set.notice_count, 1);
    assert_int_equal(rules.u.set.notices[0].days_left, 30);
    assert_int_equal(rules.u.set.transition_days, -1);
    assert_false(rules.u.set.has_remand);
}

static void each_rule_set_has_its_days(void **state)
{
    static const struct {
        const char *file, *first, *last;
    } days[] = { { "provisional-2018.json", NULL, "2019-08-20" },
                 { "qd-1048-2019.json", "2019-08-21", "2023-02-23" },
                 { "qd-148-2023.json", "2023-02-24", "2026-07-20" },
                 { "qd-26-2026.json", "2026-05-22", NULL } };

    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        read_file(days[i].file);
        assert_int_equal(rules.u.set.first_day, days[i].first ? day_of(days[i].first) : INT32_MIN);
        assert_int_equal(rules.u.set.last_day, days[i].last ? day_of(days[i].last) : INT32_MAX);
    }
}

static void each_level_sends_up_from_its_own_points(void **state)
{
    static const struct {
        const char *file;
        enum level level;
        int64_t from; /* -1: nothing goes up */
    } sent[] = {
        { "provisional-2018.json", level_DISTRICT, -1 }, { "provisional-2018.json", level_PROVINCE, -1 },
        { "qd-1048-2019.json", level_DISTRICT, 5000 },   { "qd-1048-2019.json", level_PROVINCE, 9000 },
        { "qd-148-2023.json", level_DISTRICT, 7000 },    { "qd-148-2023.json", level_PROVINCE, 9000 },
        { "qd-26-2026.json", level_PROVINCE, 9000 },     { "qd-26-2026.json", level_CENTRE, -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
        const struct level_in_force *l = NULL;

        read_file(sent[i].file);
        l = rules_level_on(&rules.u.set, sent[i].level, day_of("2025-06-30"));
        assert_non_null(l);
        assert_int_equal(l->has_forward_hundredths, sent[i].from >= 0);
        if (sent[i].from < 0) continue;
        assert_int_equal(l->forward_hundredths, sent[i].from);
        assert_int_equal(l->forward_to, sent[i].level + 1);
    }
}

static void the_minima_of_781_ask_from_their_day_on_and_not_of_tourism(void **state)
{
    struct rubric rubric = { .sector = 1 };
    const struct star_minimum *declared = NULL, *described = NULL;

    (void)state;
    read_file("qd-1048-2019.json");
    assert_int_equal(rules.u.set.minimum_count, 6);
    described = &rules.u.set.minima[0];
    declared = &rules.u.set.minima[1];
    assert_string_equal(declared->code, "MIN781_3_STANDARD_DECLARED");
    assert_int_equal(declared->star, 3);
    assert_false(rules_asks(declared, &rubric, day_of("2020-06-07")));
    assert_true(rules_asks(declared, &rubric, day_of("2020-06-08")));
    assert_false(rules_asks(described, &rubric, day_of("2020-06-08")));
    rubric.sector = 4;
    assert_true(rules_asks(described, &rubric, day_of("2020-06-08")));
    rubric.sector = 6;
    assert_false(rules_asks(declared, &rubric, day_of("2020-06-08")));
}

static void the_rules_of_2026_name_every_deadline(void **state)
{
    const struct rule_set *set = &rules.u.set;

    (void)state;
    read_file("qd-26-2026.json");
    assert_int_equal(set->samples, 5);
    assert_true(set->assessments && set->supplement_stops_clock && set->late_is_first);
    assert_int_equal(set->commune_working_days, 15);
    assert_int_equal(set->window_opens_days, 180);
    assert_int_equal(set->window_closes_days, 120);
    assert_int_equal(set->re_rating_days, 45);
    assert_int_equal(set->withdrawal_days, 15);
    assert_int_equal(set->transition_days, 60);
    assert_int_equal(set->transition_re_rating_days, 30);
    assert_int_equal(set->extension_days, 180);
    assert_true(set->has_remand && set->remand_to == level_PROVINCE);
    assert_int_equal(set->notice_count, 3);
    assert_int_equal(set->round_count, 4);
    assert_int_equal(set->rounds[3].level, level_CENTRE);
    assert_int_equal(set->rounds[3].proposed_before, 130);
    assert_int_equal(set->rounds[3].done_before, 330);
    assert_int_equal(set->item_count, 12);
    assert_false(set->conflict_in_quorum);
    for (int g = 0; g < ground_COUNT; g++)
        assert_true(set->grounds[g]);
}

static bool is_off(const char *day)
{
    for (size_t i = 0; i < rules.u.calendar.day_count; i++)
        if (rules.u.calendar.days_off[i].day == day_of(day)) return true;
    return false;
}

static void the_calendar_knows_holidays_and_days_in_lieu(void **state)
{
    static const char *const off[] = { "2018-01-01", "2019-04-15" /* for a Sunday */,
                                       "2020-01-29", "2023-05-03" /* for two days of a weekend */,
                                       "2024-02-12", "2026-04-27" /* for a Sunday */,
                                       "2026-09-01", "2027-04-16" };
    static const char *const open[] = { "2018-02-21", "2023-05-04", "2026-02-23", "2026-04-24",
                                        "2026-05-22" };

    (void)state;
    read_file("holidays.json");
    assert_int_equal(rules.u.calendar.first_day, day_of("2018-01-01"));
    assert_int_equal(rules.u.calendar.last_day, day_of("2027-12-31"));
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        if (!is_off(off[i])) fail_msg("%s is a day off", off[i]);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (is_off(open[i])) fail_msg("%s is a working day", open[i]);
}

static void sixty_three_provinces_become_thirty_four(void **state)
{
    bool seen[100] = { false };
    size_t now = 0, bac_kan = 0;

    (void)state;
    read_file("areas-2025.json");
    assert_int_equal(rules.u.areas.pair_count, 63);
    assert_int_equal(rules.u.areas.first_day, day_of("2025-07-01"));
    assert_true(rules.u.areas.recode);
    for (size_t i = 0; i < rules.u.areas.pair_count; i++) {
        const struct area_codes *p = &rules.u.areas.pairs[i];
        const int code = atoi(p->new_code);

        if (!seen[code]) now++;
        seen[code] = true;
        if (strcmp(p->old_code, "06") == 0 && strcmp(p->new_code, "19") == 0) bac_kan++;
    }
    assert_int_equal(now, 34);
    assert_int_equal(bac_kan, 1);
}

/* --- what is refused --- */

static const char small_calendar[] =
    "{\"schema\":\"ocop-calendar/"
    "1\",\"id\":\"days\",\"first_day\":\"2026-01-01\",\"last_day\":\"2026-12-31\","
    "\"days_off\":[{\"day\":\"2026-01-01\",\"name_vi\":\"a\",\"mark\":\"certain\"},"
    "{\"day\":\"2026-04-30\",\"name_vi\":\"b\",\"mark\":\"certain\"}]}";

static const char small_areas[] =
    "{\"schema\":\"ocop-areas/1\",\"id\":\"areas\",\"effective_from\":\"2025-07-01\","
    "\"recode\":{\"value\":true,\"mark\":\"inferred\"},"
    "\"pairs\":[{\"old\":\"06\",\"new\":\"19\",\"name_vi\":\"a\",\"mark\":\"certain\"},"
    "{\"old\":\"19\",\"new\":\"19\",\"name_vi\":\"b\",\"mark\":\"certain\"}]}";

#define END "\"mark\":\"certain\"}]}"
/* A rule set with one group more. */
#define MORE(group)       small_set, END, "\"mark\":\"certain\"}]," group "}"
#define MARKED            "\"mark\":\"certain\""
#define VALUE(name, text) "\"" name "\":{\"value\":" text "," MARKED "}"

static const struct {
    const char *text, *from, *to; /* what is changed in a good file */
    const char *path, *reason;    /* what the sentence says */
} cases[] = {
    { small_set, "\"sheet\"", "\"effective_from\":\"2026-02-30\",\"sheet\"", "effective_from",
      "day of the calendar" },
    { small_set, "\"sheet\"", "\"effective_from\":20260522,\"sheet\"", "effective_from", "as text, or null" },
    { small_set, "\"sheet\"", "\"effective_from\":\"2026-05-22\",\"effective_to\":\"2026-05-21\",\"sheet\"",
      "effective_to", "before effective_from" },
    { small_set, "\"sheet\":\"options\"", "\"sheet\":\"parts\"", "part_max", "missing" },
    { small_set, "\"sheet\":\"options\"", "\"sheet\":\"parts\",\"part_max\":[40,25,34]", "part_max",
      "adds to 99" },
    { small_set, "\"sheet\":\"options\"", "\"sheet\":\"parts\",\"part_max\":[40,25,\"35\"]", "part_max[2]",
      "whole number" },
    { small_set, "\"star\":4,\"auth", "\"star\":3,\"auth", "authorities[1]", "two authorities for the same" },
    { small_set, "\"star\":4,\"auth",
      "\"star\":4,\"first_day\":\"2026-02-01\",\"last_day\":\"2026-01-31\",\"auth", "authorities[1]",
      "last_day is before first_day" },
    { small_set, "\"star\":3,\"auth", "\"star\":2,\"auth", "authorities[0].star", "from 3 to 5" },
    { small_set, "\"level\":\"centre\",\"mark\"",
      "\"level\":\"centre\",\"mark\":\"certain\"},{\"level\":\"centre\",\"mark\"", "levels[2]",
      "twice for the same days" },
    { small_set, ",\"forward_to\":\"centre\"", "", "levels[0]", "needs both" },
    { small_set, "\"forward_to\":\"centre\"", "\"forward_to\":\"province\"", "levels[0]", "higher level" },
    { small_set, "\"forward_hundredths\":9000", "\"forward_hundredths\":10001",
      "levels[0].forward_hundredths", "from 0 to 10000" },
    { small_set, ",\"conflict_in_quorum\":{\"value\":false,\"mark\":\"inferred\"}", "",
      "council.conflict_in_quorum", "missing" },
    { MORE("\"remand\":{\"to\":\"commune\"," MARKED "}"), "remand.to", "district, province" },
    { MORE("\"remand\":{\"to\":\"province\"}"), "remand.mark", "missing" },
    { MORE("\"minima\":[{\"code\":\"M\",\"star\":6," MARKED "}]"), "minima[0].star", "from 2 to 5" },
    { MORE("\"minima\":[{\"code\":\"M\",\"star\":3,\"sectors\":[\"IX\"]," MARKED "}]"),
      "minima[0].sectors[0]", "one of: I" },
    { MORE("\"minima\":[{\"code\":\"M\",\"star\":3," MARKED "},{\"code\":\"M\",\"star\":4," MARKED "}]"),
      "minima[1]", "M stands twice" },
    { MORE("\"dossier\":{\"items\":[{\"kind\":\"second\",\"item\":\"a\"," MARKED "}]}"),
      "dossier.items[0].kind", "first, upgrade, re_rating" },
    { MORE("\"dossier\":{\"items\":[{\"kind\":\"first\",\"item\":\"a\"," MARKED
           "},{\"kind\":\"first\",\"item\":\"a\"," MARKED "}]}"),
      "dossier.items[1]", "a stands twice for the kind first" },
    { MORE("\"dossier\":{" VALUE("samples", "-1") "}"), "dossier.samples.value", "from 0 to 100" },
    { MORE("\"commune\":{" VALUE("working_days", "0") "}"), "commune.working_days.value", "from 1 to 250" },
    { MORE("\"commune\":{\"working_days\":15}"), "commune.working_days", "an object" },
    { MORE("\"rounds\":[{\"level\":\"district\",\"number\":1,\"proposed_before\":\"04-30\",\"done_before\":"
           "\"06-30\",\"next_year\":false," MARKED "}]"),
      "rounds[0]", "not among the levels" },
    { MORE("\"rounds\":[{\"level\":\"centre\",\"number\":1,\"proposed_before\":\"04-31\",\"done_before\":"
           "\"06-30\",\"next_year\":false," MARKED "}]"),
      "rounds[0].proposed_before", "month and day" },
    { MORE("\"rounds\":[{\"level\":\"centre\",\"number\":1,\"proposed_before\":\"10-30\",\"done_before\":"
           "\"03-30\",\"next_year\":false," MARKED "}]"),
      "rounds[0]", "next_year must be true" },
    { MORE("\"rounds\":[{\"level\":\"centre\",\"number\":1,\"proposed_before\":\"10-30\",\"done_before\":"
           "\"03-30\",\"next_year\":true," MARKED
           "},{\"level\":\"centre\",\"number\":1,\"proposed_before\":\"01-30\",\"done_before\":"
           "\"03-30\",\"next_year\":false," MARKED "}]"),
      "rounds[1]", "round 1 of the level centre stands twice" },
    { MORE("\"notices\":[{\"days_left\":30," MARKED "},{\"days_left\":30," MARKED "}]"), "notices[1]",
      "30 days stands twice" },
    { MORE("\"re_rating\":{" VALUE("window_opens_days", "180") "}"), "re_rating", "one end of the window" },
    { MORE("\"re_rating\":{" VALUE("window_opens_days", "120") "," VALUE("window_closes_days", "120") "}"),
      "re_rating", "must open first" },
    { MORE("\"withdrawal\":{\"grounds\":[{\"ground\":\"bad_taste\"," MARKED "}]}"),
      "withdrawal.grounds[0].ground", "untrue_dossier" },
    { MORE("\"transition\":{" VALUE("days", "60.5") "}"), "transition.days.value", "a fraction" },
    { small_calendar, "2026-04-30", "2026-01-01", "days_off[1]", "once and in order" },
    { small_calendar, "2026-04-30", "2027-04-30", "days_off[1]", "outside" },
    { small_calendar, "2026-04-30", "2026-04-31", "days_off[1].day", "day of the calendar" },
    { small_calendar, "\"last_day\":\"2026-12-31\"", "\"last_day\":null", "last_day", "text" },
    { small_calendar, "\"last_day\":\"2026", "\"last_day\":\"2025", "last_day", "before first_day" },
    { small_areas, "\"old\":\"19\"", "\"old\":\"06\"", "pairs[1]", "06 stands twice" },
    { small_areas, "\"old\":\"19\"", "\"old\":\"1x\"", "pairs[1].old", "two digits" },
    { small_areas, "\"recode\":{\"value\":true,", "\"recode\":{\"value\":1,", "recode.value",
      "true or false" },
};

static void a_broken_file_is_refused_with_path_and_reason(void **state)
{
    (void)state;
    assert_int_equal(rules_parse(slice_text(small_calendar), &rules, NULL), ERR_NONE);
    assert_int_equal(rules_parse(slice_text(small_areas), &rules, NULL), ERR_NONE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct why why = { { 0 }, { 0 } };
        char *text = with(cases[i].text, cases[i].from, cases[i].to);
        const enum err e = rules_parse(slice_text(text), &rules, &why);
        const char *colon = strstr(why.sentence, ": ");

        free(text);
        if (e != ERR_INVALID || strcmp(why.code, "RULES_MALFORMED") != 0 || !colon)
            fail_msg("case %zu: %s %s %s", i, err_name(e), why.code, why.sentence);
        if (strncmp(why.sentence, cases[i].path, strlen(cases[i].path)) != 0 ||
            why.sentence + strlen(cases[i].path) != colon || !strstr(colon, cases[i].reason))
            fail_msg("case %zu: wanted %s: %s; got %s", i, cases[i].path, cases[i].reason, why.sentence);
    }
}

static void neighbours_in_time_do_not_overlap(void **state)
{
    char *text =
        with(small_set, "{\"star\":4,\"authority\":\"province\",",
             "{\"star\":4,\"authority\":\"province\",\"first_day\":\"2025-07-01\",\"mark\":\"certain\"},"
             "{\"star\":4,\"authority\":\"district\",\"last_day\":\"2025-06-30\",");
    char *wrong = with(text, "\"last_day\":\"2025-06-30\"", "\"last_day\":\"2025-07-01\"");

    (void)state;
    assert_int_equal(rules_parse(slice_text(text), &rules, NULL), ERR_NONE);
    assert_string_equal(who_on(4, "2025-06-30"), "district");
    assert_string_equal(who_on(4, "2025-07-01"), "province");
    assert_int_equal(rules_parse(slice_text(wrong), &rules, NULL), ERR_INVALID);
    free(text);
    free(wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_stars_are_the_districts_until_the_districts_end),
        cmocka_unit_test(sheets_of_2023_carry_parts),
        cmocka_unit_test(each_rule_set_has_its_days),
        cmocka_unit_test(each_level_sends_up_from_its_own_points),
        cmocka_unit_test(the_minima_of_781_ask_from_their_day_on_and_not_of_tourism),
        cmocka_unit_test(the_rules_of_2026_name_every_deadline),
        cmocka_unit_test(the_calendar_knows_holidays_and_days_in_lieu),
        cmocka_unit_test(sixty_three_provinces_become_thirty_four),
        cmocka_unit_test(a_broken_file_is_refused_with_path_and_reason),
        cmocka_unit_test(neighbours_in_time_do_not_overlap),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
