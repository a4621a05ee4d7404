/* test_handler_rules.c - rules files proposed to the service: what it tells the other services, and that the
 * same text under another layout is no other law. */
#include "common/clock.h"
#include "common/mp.h"
#include "proto/codec.h"
#include "services/scoring/handler.h"
#include "services/scoring/rubric.h"
#include "tests/scoring/small_rules.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <jansson.h>

struct room {
    struct bench *bench;
    msgpack_zone *zone;
    int events;
};

static int begin(void **state)
{
    static struct room room;
    struct why why = { { 0 }, { 0 } };

    memset(&room, 0, sizeof room);
    room.zone = msgpack_zone_new(8192);
    if (bench_new(&scoring_service, ":memory:", &room.bench, &why)) fail_msg("%s", why.sentence);
    *state = &room;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;

    bench_destroy(&r->bench);
    msgpack_zone_free(r->zone);
    return 0;
}

/* Propose `bytes` under the id that stands in them; returns that the answer is an adoption, decoded to `out`.
 */
static bool propose(struct room *r, struct slice bytes, struct rules_adopted *out, struct envelope *answer)
{
    static struct rules rules;
    struct why why = { { 0 }, { 0 } };
    struct buf data = { 0 }, envelope = { 0 };
    struct rules_proposed proposed = { .bytes = bytes };
    struct slice topic;
    char id[32] = "";
    struct envelope e = { .source = slice_text("operator"), .type = slice_text(rules_proposed_kind.type) };

    if (rules_parse(bytes, &rules, &why)) fail_msg("%s", why.sentence);
    proposed.name = slice_text(rules_name(&rules));
    snprintf(id, sizeof id, "event-%d", ++r->events);
    e.id = slice_text(id);
    if (codec_encode(&rules_proposed_kind, &proposed, &data, &why)) fail_msg("%s", why.sentence);
    assert_int_equal(envelope_write(&e, buf_slice(&data), &envelope), ERR_NONE);
    assert_int_equal(bench_feed(r->bench, "operator", "scoring.rules.proposed.00", buf_slice(&envelope), 1),
                     ERR_NONE);
    buf_fini(&data);
    buf_fini(&envelope);
    assert_int_equal(bench_outcomes(r->bench), 1);
    assert_int_equal(bench_outcome(r->bench, 0, &topic, answer), ERR_NONE);
    if (!slice_is(answer->type, rules_adopted_kind.type)) return false;
    if (codec_decode(&rules_adopted_kind, &answer->data, r->zone, out, &why)) fail_msg("%s", why.sentence);
    return true;
}

static struct rules_adopted adopt_file(struct room *r, const char *name)
{
    const struct slice bytes = read_rules(name);
    struct rules_adopted adopted;
    struct envelope answer;

    if (!propose(r, bytes, &adopted, &answer)) fail_msg("%s is not adopted", name);
    free((void *)(uintptr_t)bytes.data);
    return adopted;
}

static void every_shipped_file_is_adopted(void **state)
{
    struct room *r = *state;
    DIR *folder = opendir(RULES_FOLDER);
    size_t files = 0;

    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (!strstr(entry->d_name, ".json")) continue;
        adopt_file(r, entry->d_name);
        files++;
    }
    closedir(folder);
    assert_int_equal(files, 26 + 25 + 4 + 2);
}

static void another_layout_is_the_same_text_and_another_value_is_not(void **state)
{
    struct room *r = *state;
    const struct slice bytes = read_rules("qd-26-2026.json");
    json_t *top = json_loadb(bytes.data, bytes.size, 0, NULL);
    char *indented = json_dumps(top, JSON_INDENT(7) | JSON_ENSURE_ASCII);
    char *changed = NULL;
    struct rules_adopted adopted;
    struct envelope answer;
    struct slice code = { NULL, 0 };

    assert_true(propose(r, bytes, &adopted, &answer));
    assert_false(propose(r, slice_text(indented), &adopted, &answer));
    assert_true(mp_text(mp_find(&answer.data, "code"), &code) && slice_is(code, "RULES_DUPLICATE"));
    assert_int_equal(json_object_set_new(top, "title_en", json_string("Other words")), 0);
    changed = json_dumps(top, 0);
    assert_false(propose(r, slice_text(changed), &adopted, &answer));
    assert_true(mp_text(mp_find(&answer.data, "code"), &code) && slice_is(code, "RULES_CHANGED"));
    json_decref(top);
    free(indented);
    free(changed);
    free((void *)(uintptr_t)bytes.data);
}

static void the_rules_of_2026_tell_their_days_and_deadlines(void **state)
{
    const struct rules_adopted a = adopt_file(*state, "qd-26-2026.json");

    assert_int_equal(a.kind, rules_kind_RULE_SET);
    assert_true(slice_is(a.name, "QD26_2026"));
    assert_true(a.has_first_day && a.first_day == clock_day_from_civil(2026, 5, 22));
    assert_false(a.has_last_day);
    assert_true(a.has_rubric_prefix && slice_is(a.rubric_prefix, "qd-26-2026-"));
    assert_int_equal(a.term_months, 36);
    assert_int_equal(a.levels_count, 2);
    assert_int_equal(a.authorities_count, 3);
    assert_int_equal(a.items_count, 12);
    assert_true(slice_is(a.items[0].item, "registration_form"));
    assert_int_equal(a.rounds_count, 4);
    assert_int_equal(a.notices_count, 3);
    assert_true(a.has_samples && a.samples == 5);
    assert_true(a.assessments && a.supplement_stops_clock && a.late_is_first);
    assert_true(a.has_commune_working_days && a.commune_working_days == 15);
    assert_true(a.has_window_opens_days && a.window_opens_days == 180);
    assert_true(a.has_window_closes_days && a.window_closes_days == 120);
    assert_true(a.has_re_rating_days && a.re_rating_days == 45);
    assert_true(a.has_withdrawal_days && a.withdrawal_days == 15);
    assert_true(a.has_transition_days && a.transition_days == 60);
    assert_true(a.has_transition_re_rating_days && a.transition_re_rating_days == 30);
    assert_true(a.has_extension_days && a.extension_days == 180);
    assert_true(a.has_near_days);
}

static void what_a_rule_set_does_not_say_is_not_told(void **state)
{
    const struct rules_adopted a = adopt_file(*state, "provisional-2018.json");

    assert_false(a.has_first_day);
    assert_true(a.has_last_day && a.last_day == clock_day_from_civil(2019, 8, 20));
    assert_false(a.has_rubric_prefix || a.has_rounds || a.has_notices || a.has_samples || a.has_assessments);
    assert_false(a.has_commune_working_days || a.has_window_opens_days || a.has_window_closes_days);
    assert_false(a.has_re_rating_days || a.has_withdrawal_days || a.has_transition_days);
    assert_false(a.has_transition_re_rating_days || a.has_extension_days || a.has_late_is_first);
    assert_true(a.has_items && a.items[4].has_goods_only && a.items[4].goods_only);
}

static void rubrics_tell_goods_from_services(void **state)
{
    const struct rules_adopted goods = adopt_file(*state, "qd-26-2026-13-ca-phe-ca-cao.json");
    const struct rules_adopted tour = adopt_file(*state, "qd-1048-2019-26-du-lich-cong-dong.json");

    assert_int_equal(goods.kind, rules_kind_RUBRIC);
    assert_true(goods.has_goods && goods.goods);
    assert_true(tour.has_goods && !tour.goods);
    assert_int_equal(tour.first_day, clock_day_from_civil(2020, 6, 8));
    assert_int_equal(tour.last_day, clock_day_from_civil(2023, 2, 23));
    assert_false(goods.has_term_months || goods.has_levels || goods.has_authorities);
}

static void calendars_and_areas_are_told_whole(void **state)
{
    const struct rules_adopted days = adopt_file(*state, "holidays.json");
    const struct rules_adopted areas = adopt_file(*state, "areas-2025.json");

    assert_int_equal(days.kind, rules_kind_CALENDAR);
    assert_int_equal(days.days_off_count, 140);
    assert_int_equal(days.days_off[0].day, clock_day_from_civil(2018, 1, 1));
    assert_int_equal(days.last_day, clock_day_from_civil(2027, 12, 31));
    assert_int_equal(areas.kind, rules_kind_AREAS);
    assert_int_equal(areas.first_day, clock_day_from_civil(2025, 7, 1));
    assert_int_equal(areas.areas_count, 63);
    assert_true(slice_is(areas.areas[3].old_code, "06") && slice_is(areas.areas[3].new_code, "19"));
    assert_true(areas.has_recode && areas.recode);
}

/* As many of everything as the reader lets in. */
static void the_largest_files_can_be_told(void **state)
{
    static struct rules rules;
    static struct rules_lists lists;
    struct rules_adopted adopted;
    struct buf out = { 0 };
    struct why why = { { 0 }, { 0 } };
    char hash[2 * HASH_BYTES + 1];

    (void)state;
    memset(hash, 'a', sizeof hash - 1);
    hash[sizeof hash - 1] = 0;
    rules.kind = rules_kind_RULE_SET;
    snprintf(rules.u.set.name, sizeof rules.u.set.name, "%0*d", (int)sizeof rules.u.set.name - 1, 1);
    rules.u.set.level_count = RULES_LEVELS_MAX;
    rules.u.set.authority_count = RULES_AUTHORITIES_MAX;
    for (size_t i = 0; i < RULES_AUTHORITIES_MAX; i++)
        rules.u.set.authorities[i].star = 3;
    rules.u.set.item_count = RULES_ITEMS_MAX;
    for (size_t i = 0; i < RULES_ITEMS_MAX; i++)
        memset(rules.u.set.items[i].item, 'x', ITEM_NAME_MAX);
    rules.u.set.round_count = RULES_ROUNDS_MAX;
    for (size_t i = 0; i < RULES_ROUNDS_MAX; i++)
        rules.u.set.rounds[i] =
            (struct round_dates){ .number = 1, .proposed_before = 101, .done_before = 102 };
    rules.u.set.notice_count = RULES_NOTICES_MAX;
    rules.u.set.term_months = 120;
    rules.u.set.sheet = SHEET_TOTAL;
    rules.u.set.commune_working_days = rules.u.set.window_opens_days = rules.u.set.re_rating_days = 1;
    rules.u.set.withdrawal_days = 1;
    rules_announcement(&rules, &lists, &adopted);
    adopted.hash = slice_text(hash);
    if (codec_encode(&rules_adopted_kind, &adopted, &out, &why)) fail_msg("%s", why.sentence);

    memset(&rules, 0, sizeof rules);
    rules.kind = rules_kind_CALENDAR;
    snprintf(rules.u.calendar.name, sizeof rules.u.calendar.name, "days");
    rules.u.calendar.day_count = RULES_DAYS_OFF_MAX;
    rules_announcement(&rules, &lists, &adopted);
    adopted.hash = slice_text(hash);
    if (codec_encode(&rules_adopted_kind, &adopted, &out, &why)) fail_msg("%s", why.sentence);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_shipped_file_is_adopted, begin, end),
        cmocka_unit_test_setup_teardown(another_layout_is_the_same_text_and_another_value_is_not, begin, end),
        cmocka_unit_test_setup_teardown(the_rules_of_2026_tell_their_days_and_deadlines, begin, end),
        cmocka_unit_test_setup_teardown(what_a_rule_set_does_not_say_is_not_told, begin, end),
        cmocka_unit_test_setup_teardown(rubrics_tell_goods_from_services, begin, end),
        cmocka_unit_test_setup_teardown(calendars_and_areas_are_told_whole, begin, end),
        cmocka_unit_test(the_largest_files_can_be_told),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
