/* test_rubric.c - the real rules files are read whole; a broken one is refused with the place and the reason.
 */
#include "services/scoring/rubric.h"
#include "tests/scoring/small_rules.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static enum err parse(const char *text, struct rules *out, struct why *why)
{
    return rules_parse(slice_text(text), out, why);
}

static void every_file_in_the_folder_is_usable(void **state)
{
    DIR *folder = opendir(RULES_FOLDER);
    size_t kinds[rules_kind_COUNT] = { 0 }, gaps = 0;

    (void)state;
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        struct rules rules;
        struct why why = { { 0 }, { 0 } };
        struct slice bytes;

        if (!strstr(entry->d_name, ".json")) continue;
        bytes = read_rules(entry->d_name);
        if (rules_parse(bytes, &rules, &why)) fail_msg("%s: %s", entry->d_name, why.sentence);
        kinds[rules.kind]++;
        if (rules.kind == rules_kind_RUBRIC) {
            assert_int_equal(strncmp(rules_name(&rules), entry->d_name, strlen(rules_name(&rules))), 0);
            assert_true(rules.u.rubric.criterion_count >= 25);
            if (rules.u.rubric.most_hundredths == 9800) gaps++;
        }
        free((void *)(uintptr_t)bytes.data);
    }
    closedir(folder);
    assert_int_equal(kinds[rules_kind_RUBRIC], 26 + 25);
    assert_int_equal(kinds[rules_kind_RULE_SET], 4);
    assert_int_equal(kinds[rules_kind_CALENDAR], 1);
    assert_int_equal(kinds[rules_kind_AREAS], 1);
    assert_int_equal(gaps, 3); /* three sets of 1048/QĐ-TTg add to 98 in the source */
}

static void a_rubric_says_what_its_file_says(void **state)
{
    static struct rules rules;
    const struct slice bytes = read_rules("qd-26-2026-04-mat-ong-nong-san-khac.json");
    const struct rubric *r = &rules.u.rubric;
    long at = 0;

    (void)state;
    assert_int_equal(rules_parse(bytes, &rules, NULL), ERR_NONE);
    assert_int_equal(rules.kind, rules_kind_RUBRIC);
    assert_int_equal(r->criterion_count, 32);
    assert_int_equal(r->bands.from_hundredths[5], 9000);
    assert_int_equal(r->bands.from_hundredths[1], 0);
    at = rubric_find_criterion(r, slice_text("A.1.5"));
    assert_true(at >= 0);
    assert_int_equal(r->criteria[at].option_count, 4);
    assert_int_equal(r->criteria[at].options[3].points_hundredths, 300);
    assert_int_equal(r->criteria[at].options[3].min_star, 5);
    assert_int_equal(r->criteria[at].options[0].min_star, 0);
    at = rubric_find_gate(r, slice_text("UNSAFE_IMPURITY"));
    assert_true(at >= 0 && r->gates[at].ends);
    at = rubric_find_gate(r, slice_text("EXPORT_EVIDENCE"));
    assert_true(at >= 0 && !r->gates[at].ends);
    at = rubric_find_gate(r, slice_text("FORGED_DOSSIER"));
    assert_true(at >= 0 && r->gates[at].ends);
    assert_int_equal(rubric_find_gate(r, slice_text("NOTHING")), -1);
    free((void *)(uintptr_t)bytes.data);
}

static void the_provisional_rules_take_totals(void **state)
{
    static struct rules rules;
    const struct slice bytes = read_rules("provisional-2018.json");
    const struct rule_set *set = &rules.u.set;
    enum authority who;

    (void)state;
    assert_int_equal(rules_parse(bytes, &rules, NULL), ERR_NONE);
    assert_int_equal(rules.kind, rules_kind_RULE_SET);
    assert_string_equal(rules_name(&rules), "provisional-2018");
    assert_int_equal(set->sheet, SHEET_TOTAL);
    assert_int_equal(set->quorum_percent, 75);
    assert_int_equal(set->spread_hundredths, 1000);
    assert_int_equal(set->term_months, 36);
    assert_false(rules_level_on(set, level_PROVINCE, 0)->has_forward_to);
    assert_true(rules_authority_on(set, 3, 0, &who) && who == authority_PROVINCE);
    assert_true(rules_authority_on(set, 5, 0, &who) && who == authority_MINISTRY);
    assert_false(rules_authority_on(set, 2, 0, &who));
    free((void *)(uintptr_t)bytes.data);
}

static void the_rules_of_2026_take_options_and_forward(void **state)
{
    static struct rules rules;
    const struct slice bytes = read_rules("qd-26-2026.json");
    const struct rule_set *set = &rules.u.set;

    (void)state;
    assert_int_equal(rules_parse(bytes, &rules, NULL), ERR_NONE);
    assert_string_equal(rules_name(&rules), "QD26_2026");
    assert_int_equal(set->sheet, SHEET_OPTIONS);
    assert_string_equal(set->rubric_prefix, "qd-26-2026-");
    assert_int_equal(rules_level_on(set, level_PROVINCE, 0)->forward_to, level_CENTRE);
    assert_int_equal(rules_level_on(set, level_PROVINCE, 0)->forward_hundredths, 9000);
    assert_true(set->no_option_is_zero);
    assert_null(rules_level_on(set, level_DISTRICT, 0));
    free((void *)(uintptr_t)bytes.data);
}

struct broken {
    const char *text, *from, *to; /* what is changed in a good file */
    const char *path, *reason;    /* what the sentence says */
};

static const struct broken cases[] = {
    { small_rubric, "\"id\":\"small-1\"", "\"id\":7", "id", "whole number" },
    { small_rubric, "\"id\":\"small-1\"", "\"id\":\"Cà phê\"", "id", "letters" },
    { small_rubric, "ocop-rubric/1", "ocop-rubric/2", "schema",
      "one of: ocop-rubric/1, ocop-rules/1, ocop-calendar/1" },
    { small_rubric, "{\"schema\"", "[\"schema\"", "the file", "not JSON" },
    { small_rubric, "min_star_marks", "external_minimum_list", "star_requirements.kind",
      "criterion A.1.1 has an option with min_star" },
    { small_rubric, "\"I\"", "\"VII\"", "product.sector_code", "one of: I, II" },
    { small_rubric, "min_star_marks", "unknown", "star_requirements.kind", "min_star_marks" },
    { small_rubric, "\"min\":70", "\"min\":71", "star_bands", "star 3 ends at 70 and star 4 starts at 71" },
    { small_rubric, "\"min\":0,", "\"min\":1,", "star_bands", "starts at 1" },
    { small_rubric, "\"max\":70,\"max_inclusive\":false", "\"max\":70,\"max_inclusive\":true", "star_bands",
      "two stars overlap" },
    { small_rubric, "\"max\":100,\"max_inclusive\":true", "\"max\":100,\"max_inclusive\":false", "star_bands",
      "include max_points" },
    { small_rubric, "\"star\":4", "\"star\":5", "star_bands[1]", "stands twice" },
    { small_rubric, "\"min\":90", "\"min\":90.5", "star_bands[0].min", "a fraction" },
    { small_rubric, "\"code\":\"A\",\"max\":40", "\"code\":\"A\",\"max\":41", "parts[0]",
      "sections add to 40" },
    { small_rubric, "\"sections\":[{\"max\":40", "\"sections\":[{\"max\":39", "parts[0].sections[0]",
      "criteria add to 40" },
    { small_rubric, "\"code\":\"1.1\",\"max\":40", "\"code\":\"1.1\",\"max\":50",
      "parts[0].sections[0].criteria[0]", "best option gives 40" },
    { small_rubric, "\"max_points\":100", "\"max_points\":99", "star_bands[0].max", "from 0 to 99" },
    { small_rubric, "\"code\":\"B\"", "\"code\":\"C\"", "parts[1]", "in the order A, B, C" },
    { small_rubric, "\"n\":2,\"points\":30", "\"n\":1,\"points\":30", "options[1]", "stands twice" },
    { small_rubric, "\"min_star\":3", "\"min_star\":2", "options[1].min_star", "from 3 to 5" },
    { small_rubric, "\"points\":10,\"min_star\":null", "\"points\":10,\"min_star\":4", "options[1]",
      "demands fewer points" },
    { small_rubric, "\"min_star\":3", "\"min_star\":5", "options[2]", "star 5 is marked twice" },
    { small_rubric, "\"n\":1,\"points\":15,\"case\":\"a\"", "\"n\":1,\"points\":15,\"case\":\"z\"",
      "options[0]", "not among" },
    { small_rubric, "\"n\":1,\"points\":15", "\"n\":1,\"min_star\":3,\"points\":15", "options[0]",
      "hold for every applicant" },
    { small_rubric, "\"n\":1,\"points\":5", "\"n\":1,\"case\":\"a\",\"points\":5", "options[0]",
      "has no cases" },
    { small_rubric, "\"code\":\"NOTED\"", "\"code\":\"STOPS\"", "gates[1]", "STOPS stands twice" },
    { small_rubric, "\"effect\":\"stop\"", "\"effect\":\"halt\"", "gates[0].effect", "reject, stop" },
    { small_rubric, "[{\"code\":\"FORGED\"}]", "[{\"code\":\"FORGED\"},{\"code\":\"FORGED\"}]",
      "disqualifiers[1]", "FORGED stands twice" },
    { small_set, "\"sheet\":\"options\"", "\"sheet\":\"both\"", "sheet", "options, parts, total" },
    { small_set, "{\"value\":75,\"mark\":\"reported\"}", "75", "council.quorum_percent", "an object" },
    { small_set, "{\"value\":75,\"mark\":\"reported\"}", "{\"value\":75}", "council.quorum_percent.mark",
      "text" },
    { small_set, "{\"value\":75,\"mark\":\"reported\"}", "{\"value\":75,\"mark\":\"sure\"}",
      "council.quorum_percent.mark", "certain, reported, inferred" },
    { small_set, "{\"value\":75", "{\"value\":101", "council.quorum_percent.value", "from 1 to 100" },
    { small_set, "\"max\":90,\"max_inclusive\":false,\"mark\":\"certain\"",
      "\"max\":90,\"max_inclusive\":false", "star_bands[1].mark", "text" },
    { small_set, "\"level\":\"province\"", "\"level\":\"village\"", "levels[0].level",
      "district, province, centre" },
    { small_set, "\"level\":\"centre\"", "\"level\":\"district\"", "levels[0].forward_to",
      "not among the levels" },
    { small_set, "\"authority\":\"ministry\"", "\"authority\":\"centre\"", "authorities[2].authority",
      "ministry" },
    { small_set, "\"rubric_prefix\":\"small-\",", "", "rubric_prefix", "missing" },
    { small_set, "highest_star_with_all_marks", "none", "mark_missed.value", "highest_star_with_all_marks" },
};

static void a_broken_file_is_refused_with_path_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct rules rules;
        struct why why = { { 0 }, { 0 } };
        char *text = with(cases[i].text, cases[i].from, cases[i].to);
        const enum err e = parse(text, &rules, &why);
        const char *colon = strstr(why.sentence, ": ");

        if (e != ERR_INVALID || strcmp(why.code, "RULES_MALFORMED") != 0 || !colon)
            fail_msg("case %zu: %s %s %s", i, err_name(e), why.code, why.sentence);
        if (!strstr(why.sentence, cases[i].path) || strstr(why.sentence, cases[i].path) > colon ||
            !strstr(colon, cases[i].reason))
            fail_msg("case %zu: wanted %s: %s; got %s", i, cases[i].path, cases[i].reason, why.sentence);
        free(text);
    }
}

/* The source of a rubric may have a misprint: then the file says twice to how much it adds. */
static void a_sum_under_a_hundred_is_read_only_when_the_file_owns_to_it(void **state)
{
    static struct rules rules;
    static const struct {
        const char *level;
        int said;
        const char *reason; /* NULL: it is read */
    } files[] = { { "full with a gap", 99, NULL },
                  { "full with a gap", 98, "add to 99" },
                  { "full with a gap", 100, "add to 99" },
                  { "full", 99, "its sections add to 34" },
                  { "none", 99, "its sections add to 34" } };
    char *less = with(small_rubric, "\"max\":35,\"criteria\":[{\"code\":\"3\",\"max\":35",
                      "\"max\":34,\"criteria\":[{\"code\":\"3\",\"max\":34");
    char *lesser = with(less, "\"n\":2,\"points\":35,\"case\"", "\"n\":2,\"points\":34,\"case\"");
    char *least = with(lesser, "\"n\":4,\"points\":35,\"case\"", "\"n\":4,\"points\":34,\"case\"");

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct why why = { { 0 }, { 0 } };
        char owned[200], *text = NULL;
        enum err e;

        snprintf(owned, sizeof owned,
                 "{\"completeness\":{\"level\":\"%s\"},\"checks\":{\"sum_of_best_options\":%d},\"schema\"",
                 files[i].level, files[i].said);
        text = with(least, "{\"schema\"", owned);
        e = parse(text, &rules, &why);
        free(text);
        assert_int_equal(e, files[i].reason ? ERR_INVALID : ERR_NONE);
        if (files[i].reason && !strstr(why.sentence, files[i].reason)) fail_msg("%zu: %s", i, why.sentence);
        if (!files[i].reason) assert_int_equal(rules.u.rubric.most_hundredths, 9900);
    }
    free(less);
    free(lesser);
    free(least);
}

static void a_sentence_about_a_foreign_word_stays_readable(void **state)
{
    static struct rules rules;
    struct why why = { { 0 }, { 0 } };
    char *text = with(small_rubric, "ocop-rubric/1",
                      "ồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồồ"); /* cut inside a letter */

    (void)state;
    assert_int_equal(parse(text, &rules, &why), ERR_INVALID);
    for (const char *c = why.sentence; *c; c++)
        assert_true(*c >= ' ' && *c <= '~');
    free(text);
}

static void every_cut_of_a_file_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof small_rubric - 1; size++) {
        static struct rules rules;

        assert_int_equal(rules_parse(slice_of(small_rubric, size), &rules, NULL), ERR_INVALID);
    }
}

static void spaces_and_the_order_of_members_do_not_change_the_hash(void **state)
{
    static const char *const same[] = { "{\"b\":[1,\"\u1ed3\"],\"a\":null}",
                                        "{ \"a\" : null,\n\t\"b\" : [ 1, \"\\u1ed3\" ] }\n",
                                        "\r\n{\"a\":null,\"b\":[1,\"\u1ed3\"]}" };
    char hex[2 * HASH_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_int_equal(rules_hash(slice_text(same[i]), hex, NULL), ERR_NONE);
        /* printf '{"a":null,"b":[1,"%s"]}' $'\u1ed3' | b2sum -l 256 */
        assert_string_equal(hex, "017be6fbfd6738ea3e4934bee50579a879d89a7b6b7e04b62d74bf3f5bbb794f");
    }
    assert_int_equal(rules_hash(slice_text("{\"a\":1,\"b\":[1,\"\u1ed3\"]}"), hex, NULL), ERR_NONE);
    assert_string_not_equal(hex, "017be6fbfd6738ea3e4934bee50579a879d89a7b6b7e04b62d74bf3f5bbb794f");
    assert_int_equal(rules_hash(slice_text("{\"a\":1,\"a\":1}"), hex, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_in_the_folder_is_usable),
        cmocka_unit_test(a_rubric_says_what_its_file_says),
        cmocka_unit_test(the_provisional_rules_take_totals),
        cmocka_unit_test(the_rules_of_2026_take_options_and_forward),
        cmocka_unit_test(a_broken_file_is_refused_with_path_and_reason),
        cmocka_unit_test(a_sum_under_a_hundred_is_read_only_when_the_file_owns_to_it),
        cmocka_unit_test(a_sentence_about_a_foreign_word_stays_readable),
        cmocka_unit_test(every_cut_of_a_file_is_refused),
        cmocka_unit_test(spaces_and_the_order_of_members_do_not_change_the_hash),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
