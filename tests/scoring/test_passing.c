/* test_passing.c - what passes while a council sits: newer rule sets, merged provinces, newer sheets and
 * codes, and the order of things. */
#include "tests/scoring/council_room.h"

/* --- a newer rule set --- */

static void accept_old(struct room *r, const char *id, enum dossier_kind kind, const char *received_on)
{
    struct dossier_accepted e = { .reference = text(id),
                                  .product = text(id),
                                  .kind = kind,
                                  .name = { "Chè", sizeof "Chè" - 1 },
                                  .owner = { "HTX", 3 },
                                  .owner_kind = owner_kind_COOPERATIVE,
                                  .province = { "06", 2 },
                                  .round = { "2018-2", 6 },
                                  .rule_set = { "QD148", 5 } };
    int32_t day = 0;

    if (received_on) {
        e.has_received_on = true;
        assert_int_equal(clock_day_parse(text(received_on), &day), ERR_NONE);
        e.received_on = day;
    }
    say_as(r, id, "intake", &dossier_accepted_kind, "06", &e);
}

static void sheet_on(struct room *r, const char *day, const char *dossier)
{
    struct sheet_submitted e = { .council = { "t", 1 },
                                 .member = { "an", 2 },
                                 .dossier = text(dossier),
                                 .has_a_hundredths = true,
                                 .has_b_hundredths = true,
                                 .has_c_hundredths = true };

    on_day(r, day);
    say(r, &sheet_submitted_kind, "06", &e);
}

static void the_run_out_of_an_older_rule_set_ends(void **state)
{
    struct room *r = *state;

    on_day(r, "2026-05-20");
    adopt_file(r, "QD148", "qd-148-2023.json");
    adopt_file(r, "QD26_2026", "qd-26-2026.json");
    form_four(r, "t", level_PROVINCE, "QD148", "2018-2", false);
    accept_old(r, "d1", dossier_kind_FIRST, NULL);
    accept_old(r, "d2", dossier_kind_RE_RATING, "2026-05-21");
    on_day(r, "2026-05-22");
    accept_old(r, "d3", dossier_kind_UPGRADE, "2026-05-22"); /* not before: this is not its transition */
    sheet_on(r, "2026-06-20", "d2");
    counted(r);
    sheet_on(r, "2026-06-21", "d2");
    refused(r, "scoring.sheet.refused", "TRANSITION_OVER");
    sheet_on(r, "2026-07-20", "d1");
    counted(r);
    sheet_on(r, "2026-07-21", "d1");
    refused(r, "scoring.sheet.refused", "TRANSITION_OVER");
    sheet_on(r, "2026-07-21", "d3");
    counted(r);
}

static void a_closing_holds_what_is_overdue(void **state)
{
    struct room *r = *state;

    on_day(r, "2026-05-20");
    adopt_file(r, "QD148", "qd-148-2023.json");
    adopt_file(r, "QD26_2026", "qd-26-2026.json");
    form_four(r, "t", level_PROVINCE, "QD148", "2018-2", false);
    accept_old(r, "d1", dossier_kind_FIRST, NULL);
    all_submit_parts(r, "t", 3000, 2000, 2500);
    on_day(r, "2026-07-21");
    close_council(r, "t", "06");
    settled(r, 0, 0, 1);
    held_for(r, 0, 0, "d1", "TRANSITION_OVER", "until 2026-07-20");
    on_day(r, "2026-07-20");
    close_council(r, "t", "06");
    settled(r, 1, 1, 0);
}

/* --- sheets of parts --- */

static void a_sheet_of_parts_has_all_three_within_their_limits(void **state)
{
    struct room *r = *state;
    struct sheet_submitted e = sheet_for("t", "an");

    on_day(r, "2025-08-01");
    adopt_file(r, "QD148", "qd-148-2023.json");
    accept_dossier(r, "d1", "P1", "QD148", NULL);
    form_four(r, "t", level_PROVINCE, "QD148", "2018-2", false);
    submit_parts(r, "t", "an", 4001, 0, 0);
    refused(r, "scoring.sheet.refused", "PART_TOO_LARGE");
    submit_parts(r, "t", "an", 4000, 2500, 3500);
    assert_int_equal(counted(r).total_hundredths, 10000);
    assert_int_equal(counted(r).c_hundredths, 3500);
    e.has_a_hundredths = true;
    say(r, &sheet_submitted_kind, "06", &e);
    refused(r, "scoring.sheet.refused", "PARTS_MISSING");
    e.has_a_hundredths = false;
    e.has_total_hundredths = true;
    say(r, &sheet_submitted_kind, "06", &e);
    refused(r, "scoring.sheet.refused", "TOTAL_NOT_ALLOWED");
}

/* --- provinces that merged --- */

static void a_merged_provinces_council_scores_the_old_ones_dossiers(void **state)
{
    struct room *r = *state;
    struct sheet_submitted e = sheet_for("c-19", "an");

    e.has_total_hundredths = true;
    adopt_provisional(r);
    form(r, "c-19", level_PROVINCE, "19", "provisional-2018");
    accept_dossier(r, "d1", "P1", "provisional-2018", NULL);
    adopt_file(r, "areas-2025", "areas-2025.json");
    on_day(r, "2025-06-30");
    say(r, &sheet_submitted_kind, "19", &e);
    refused(r, "scoring.sheet.refused", "WRONG_PROVINCE");
    on_day(r, "2025-07-01");
    say(r, &sheet_submitted_kind, "19", &e);
    counted(r);
}

static void form_for(struct room *r, const char *council, const char *province)
{
    static const struct council_member chair[] = { { { "an", 2 }, seat_CHAIR } };
    const struct council_formed e = { .council = text(council),
                                      .level = level_PROVINCE,
                                      .province = text(province),
                                      .round = { "2018-2", 6 },
                                      .rule_set = { "provisional-2018", 16 },
                                      .members = chair,
                                      .members_count = 1 };

    say(r, &council_formed_kind, province, &e);
}

static void a_merged_province_forms_no_councils_any_more(void **state)
{
    struct room *r = *state;

    adopt_provisional(r);
    on_day(r, "2025-06-30");
    form_for(r, "c-99", "99"); /* nobody says which provinces there are */
    formed(r);
    adopt_file(r, "areas-2025", "areas-2025.json");
    form_for(r, "c-98", "98");
    refused(r, "scoring.council.refused", "PROVINCE_UNKNOWN");
    form_for(r, "c-06", "06");
    formed(r);
    on_day(r, "2025-07-01");
    form_for(r, "d-06", "06");
    refused(r, "scoring.council.refused", "PROVINCE_MERGED");
    form_for(r, "c-19", "19"); /* kept its code */
    formed(r);
    form_for(r, "c-15", "15"); /* another province since */
    formed(r);
    form_four(r, "tw", level_CENTRE, "provisional-2018", "2018-2", false);
    formed(r);
}

/* What the old province's council began goes on in the new one's name. */
static void a_merged_provinces_council_is_the_new_ones(void **state)
{
    static const char *const members[] = { "an", "binh", "chi" };
    struct room *r = *state;
    struct round_closed closed = { .council = { "c-06", 4 } };
    struct sheet_submitted e = sheet_for("c-06", "an");

    e.has_total_hundredths = true;
    e.total_hundredths = 7000;
    on_day(r, "2025-06-30");
    adopt_provisional(r);
    adopt_file(r, "areas-2025", "areas-2025.json");
    form(r, "c-06", level_PROVINCE, "06", "provisional-2018");
    accept_dossier(r, "d1", "P1", "provisional-2018", NULL);
    say(r, &sheet_submitted_kind, "19", &e);
    refused(r, "scoring.sheet.refused", "WRONG_PROVINCE");
    say(r, &sheet_submitted_kind, "06", &e);
    counted(r);
    on_day(r, "2025-07-01");
    for (size_t i = 1; i < 3; i++) {
        e.member = text(members[i]);
        say(r, &sheet_submitted_kind, "06", &e);
        refused(r, "scoring.sheet.refused", "PROVINCE_MERGED");
        say(r, &sheet_submitted_kind, "15", &e);
        refused(r, "scoring.sheet.refused", "WRONG_PROVINCE");
        say(r, &sheet_submitted_kind, "19", &e);
        counted(r);
    }
    declare(r, "c-06", "06", "chi", "d1");
    refused(r, "scoring.conflict.refused", "PROVINCE_MERGED");
    closed.closed_on = clock_day_of(r->at_ms);
    say(r, &round_closed_kind, "06", &closed);
    refused(r, "scoring.round.refused", "PROVINCE_MERGED");
    say(r, &round_closed_kind, "19", &closed);
    settled(r, 1, 1, 0);
}

static void reject_as(struct room *r, const char *province, const char *reference)
{
    const struct rejection_registered e = { .reference = text(reference),
                                            .province = text(province),
                                            .reason = { "forged", 6 } };

    say_as(r, province, "intake", &rejection_registered_kind, province, &e);
}

static void the_new_province_turns_the_old_ones_dossiers_away(void **state)
{
    struct room *r = *state;

    on_day(r, "2025-06-30");
    adopt_provisional(r);
    adopt_file(r, "areas-2025", "areas-2025.json");
    accept_dossier(r, "d1", "P1", "provisional-2018", NULL);
    accept_dossier(r, "d2", "P2", "provisional-2018", NULL);
    reject_as(r, "19", "d1"); /* a number of its own that was never accepted */
    on_day(r, "2025-07-01");
    reject_as(r, "15", "d1");
    assert_int_equal(count(r, "SELECT sum(withdrawn) FROM dossier"), 0);
    reject_as(r, "19", "d1");
    assert_int_equal(count(r, "SELECT sum(withdrawn) FROM dossier"), 1);
    assert_int_equal(count(r, "SELECT withdrawn FROM dossier WHERE dossier = 'd1'"), 1);
}

/* --- every version stays visible --- */

static void the_question_shows_every_version_of_a_sheet(void **state)
{
    struct room *r = *state;
    struct buf answer = { 0 };
    const msgpack_object *sheets = NULL;
    msgpack_object o;
    int64_t n = 0;

    open_total(r, false);
    submit_total(r, "an", "d1", 7000);
    submit_total(r, "an", "d1", 7100);
    submit_total(r, "binh", "d1", 7200);
    declare(r, "c-06", "06", "binh", "d1");
    assert_int_equal(ask(r, "product", "product", "P1", &o, &answer), ERR_NONE);
    sheets = mp_find(&o, "sheets");
    assert_int_equal(sheets->via.array.size, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(mp_i64(mp_find(&sheets->via.array.ptr[i], "current"), &n));
        assert_int_equal(n, i != 0);
        assert_true(mp_i64(mp_find(&sheets->via.array.ptr[i], "out"), &n));
        assert_int_equal(n, i == 2);
    }
    assert_int_equal(mp_find(&o, "conflicts")->via.array.size, 1);
    buf_fini(&answer);
}

static void a_product_is_found_by_its_newer_code(void **state)
{
    struct room *r = *state;
    const struct dossier_accepted e = { .reference = { "d2", 2 },
                                        .product = { "P1", 2 },
                                        .kind = dossier_kind_RE_RATING,
                                        .name = { "Chè", sizeof "Chè" - 1 },
                                        .owner = { "HTX", 3 },
                                        .owner_kind = owner_kind_COOPERATIVE,
                                        .province = { "06", 2 },
                                        .round = { "2018-2", 6 },
                                        .rule_set = { "provisional-2018", 16 },
                                        .has_code = true,
                                        .code = { "P1-NEW", 6 } };
    struct buf answer = { 0 };
    struct slice product = { NULL, 0 };
    msgpack_object o;

    open_total(r, false);
    for (size_t i = 0; i < 4; i++)
        submit_total(r, (const char *[]){ "an", "binh", "chi", "dung" }[i], "d1", 7000);
    close_council(r, "c-06", "06");
    say_as(r, "d2", "intake", &dossier_accepted_kind, "06", &e);
    assert_int_equal(ask(r, "product", "product", "P1-NEW", &o, &answer), ERR_NONE);
    assert_true(mp_text(mp_find(&o, "product"), &product) && slice_is(product, "P1"));
    assert_int_equal(mp_find(&o, "ratings")->via.array.size, 1);
    assert_int_equal(ask(r, "fact", "key", "P1-NEW", &o, &answer), ERR_NONE);
    assert_true(mp_text(mp_find(&o, "product"), &product) && slice_is(product, "P1"));
    buf_fini(&answer);
}

/* --- whatever the order --- */

enum { ORDER_DOSSIERS = 60, ORDER_SHEETS = 4 * ORDER_DOSSIERS };

static uint32_t seed = 1048;

static size_t dice(size_t sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % sides;
}

/* One sheet of chance a member and dossier, and who has an interest where. */
struct ballot_box {
    int64_t totals[ORDER_SHEETS];
    bool conflict[ORDER_SHEETS];
    size_t order[ORDER_SHEETS];
};

static void fill(struct ballot_box *box)
{
    for (size_t i = 0; i < ORDER_SHEETS; i++) {
        box->totals[i] = 6500 + (int64_t)dice(1100);
        box->conflict[i] = dice(10) == 0;
        box->order[i] = i;
    }
}

static void shuffle(struct ballot_box *box)
{
    for (size_t i = ORDER_SHEETS - 1; i > 0; i--) {
        const size_t j = dice(i + 1), kept = box->order[i];

        box->order[i] = box->order[j];
        box->order[j] = kept;
    }
}

static void play(struct room *r, const struct ballot_box *box)
{
    static const char *const members[] = { "an", "binh", "chi", "dung" };
    char id[32];

    adopt_provisional(r);
    form_four(r, "c-06", level_PROVINCE, "provisional-2018", "2018-2", true);
    for (size_t i = 0; i < ORDER_DOSSIERS; i++) {
        snprintf(id, sizeof id, "d%zu", i);
        accept_dossier(r, id, id, "provisional-2018", NULL);
    }
    for (size_t i = 0; i < ORDER_SHEETS; i++) {
        const size_t at = box->order[i];

        snprintf(id, sizeof id, "d%zu", at / 4);
        if (box->conflict[at])
            declare(r, "c-06", "06", members[at % 4], id);
        else
            submit_total(r, members[at % 4], id, box->totals[at]);
    }
    close_council(r, "c-06", "06");
}

static void the_order_in_which_members_score_does_not_matter(void **state)
{
    struct room *r = *state;
    struct bench *first = r->bench, *second = NULL;
    struct ballot_box box;
    struct slice topic;
    struct envelope a, b;
    size_t outcomes = 0;

    fill(&box);
    play(r, &box);
    outcomes = bench_outcomes(first);
    assert_true(outcomes > ORDER_DOSSIERS / 2);
    assert_int_equal(bench_new(&scoring_service, ":memory:", &second, NULL), ERR_NONE);
    shuffle(&box);
    r->bench = second;
    play(r, &box);
    assert_int_equal(bench_outcomes(second), outcomes);
    for (size_t i = 0; i < outcomes; i++) {
        assert_int_equal(bench_outcome(first, i, &topic, &a), ERR_NONE);
        assert_int_equal(bench_outcome(second, i, &topic, &b), ERR_NONE);
        assert_true(slice_equal(a.type, b.type));
        assert_true(msgpack_object_equal(a.data, b.data));
    }
    r->bench = first;
    bench_destroy(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_run_out_of_an_older_rule_set_ends),
        TEST(a_closing_holds_what_is_overdue),
        TEST(a_sheet_of_parts_has_all_three_within_their_limits),
        TEST(a_merged_provinces_council_scores_the_old_ones_dossiers),
        TEST(a_merged_province_forms_no_councils_any_more),
        TEST(a_merged_provinces_council_is_the_new_ones),
        TEST(the_new_province_turns_the_old_ones_dossiers_away),
        TEST(the_question_shows_every_version_of_a_sheet),
        TEST(a_product_is_found_by_its_newer_code),
        TEST(the_order_in_which_members_score_does_not_matter),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
