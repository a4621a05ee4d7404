/* test_council.c - councils over time: levels that end, results that go up and come back, members who have an
 * interest or are far apart, dossiers that a newer rule set overtakes. */
#include "tests/scoring/room.h"

static void adopt_file(struct room *r, const char *name, const char *file)
{
    const struct slice bytes = read_rules(file);

    adopt(r, name, bytes);
    free((void *)(uintptr_t)bytes.data);
}

/* A council of an (chair), binh (vice-chair), chi and dung in round `round`. */
static void form_four(struct room *r, const char *council, enum level level, const char *rule_set,
                      const char *round, bool with_vice_chair)
{
    const char *province = level == level_CENTRE ? "00" : "06";
    const struct council_member members[] = { { { "an", 2 }, seat_CHAIR },
                                              { { "binh", 4 },
                                                with_vice_chair ? seat_VICE_CHAIR : seat_MEMBER },
                                              { { "chi", 3 }, seat_SECRETARY },
                                              { { "dung", 4 }, seat_MEMBER } };
    const struct council_formed e = { .council = text(council),
                                      .level = level,
                                      .province = text(province),
                                      .round = text(round),
                                      .rule_set = text(rule_set),
                                      .members = members,
                                      .members_count = 4 };

    say(r, &council_formed_kind, province, &e);
}

static void formed(struct room *r)
{
    struct council_admitted admitted;

    heard(r, 0, &council_admitted_kind, &admitted);
}

static struct sheet_submitted sheet_for(const char *council, const char *member)
{
    return (
        struct sheet_submitted){ .council = text(council), .member = text(member), .dossier = { "d1", 2 } };
}

static void submit_parts(struct room *r, const char *council, const char *member, int64_t a, int64_t b,
                         int64_t c)
{
    struct sheet_submitted e = sheet_for(council, member);

    e.has_a_hundredths = e.has_b_hundredths = e.has_c_hundredths = true;
    e.a_hundredths = a;
    e.b_hundredths = b;
    e.c_hundredths = c;
    say(r, &sheet_submitted_kind, "06", &e);
}

static void all_submit_parts(struct room *r, const char *council, int64_t a, int64_t b, int64_t c)
{
    static const char *const members[] = { "an", "binh", "chi", "dung" };

    for (size_t i = 0; i < 4; i++) {
        submit_parts(r, council, members[i], a, b, c);
        counted(r);
    }
}

static void all_submit_options(struct room *r, const char *council, const char *province, int64_t a,
                               int64_t b, int64_t c)
{
    static const char *const members[] = { "an", "binh", "chi", "dung" };

    for (size_t i = 0; i < 4; i++) {
        submit_options(r, council, province, members[i], a, b, c, false);
        counted(r);
    }
}

static void declare(struct room *r, const char *council, const char *province, const char *member,
                    const char *dossier)
{
    const struct conflict_declared e = { .council = text(council),
                                         .member = text(member),
                                         .dossier = text(dossier) };

    say(r, &conflict_declared_kind, province, &e);
}

static struct product_rated rated_at(struct room *r, size_t at)
{
    struct product_rated rated;

    heard(r, at, &product_rated_kind, &rated);
    return rated;
}

/* --- levels by date --- */

static void a_level_that_ended_has_no_councils_any_more(void **state)
{
    struct room *r = *state;

    on_day(r, "2025-06-30");
    adopt_file(r, "QD148", "qd-148-2023.json");
    accept_dossier(r, "d1", "P1", "QD148", NULL);
    form_four(r, "h1", level_DISTRICT, "QD148", "2018-2", false);
    formed(r);
    submit_parts(r, "h1", "an", 3000, 2000, 3000);
    counted(r);
    on_day(r, "2025-07-01");
    form_four(r, "h2", level_DISTRICT, "QD148", "2018-2", false);
    refused(r, "scoring.council.refused", "LEVEL_NOT_IN_FORCE");
    submit_parts(r, "h1", "binh", 3000, 2000, 3000);
    refused(r, "scoring.sheet.refused", "LEVEL_NOT_IN_FORCE");
    form_four(r, "t1", level_PROVINCE, "QD148", "2018-2", false);
    formed(r);
    submit_parts(r, "t1", "an", 3000, 2000, 3000); /* nobody beneath could send it up */
    counted(r);
}

static void a_product_climbs_level_by_level(void **state)
{
    struct room *r = *state;
    struct product_forwarded forwarded;
    struct product_rated rated;

    on_day(r, "2024-03-01");
    adopt_file(r, "QD148", "qd-148-2023.json");
    accept_dossier(r, "d1", "P1", "QD148", NULL);
    form_four(r, "h", level_DISTRICT, "QD148", "2018-2", false);
    form_four(r, "t", level_PROVINCE, "QD148", "2018-2", false);
    formed(r);
    submit_parts(r, "t", "an", 3000, 2000, 3000);
    refused(r, "scoring.sheet.refused", "NOT_FORWARDED");
    all_submit_parts(r, "h", 3000, 1500, 2500);
    close_council(r, "h", "06");
    rated = rated_at(r, 0);
    assert_int_equal(rated.star, 4);
    assert_int_equal(rated.star_by_marks, 5);
    assert_false(rated.has_authority || rated.has_rubric); /* four stars are the province's */
    assert_int_equal(rated.b_sum_hundredths, 6000);
    heard(r, 1, &product_forwarded_kind, &forwarded);
    assert_int_equal(forwarded.to, level_PROVINCE);
    settled(r, 2, 1, 0);
    all_submit_parts(r, "t", 3000, 1500, 2499); /* 69.99: three stars, on the same dossier */
    close_council(r, "t", "06");
    rated = rated_at(r, 0);
    assert_int_equal(rated.star, 3);
    assert_true(rated.has_authority && rated.authority == authority_DISTRICT);
    settled(r, 1, 1, 0);
}

static void three_stars_stay_with_the_district(void **state)
{
    struct room *r = *state;
    struct product_rated rated;

    on_day(r, "2024-03-01");
    adopt_file(r, "QD148", "qd-148-2023.json");
    accept_dossier(r, "d1", "P1", "QD148", NULL);
    form_four(r, "h", level_DISTRICT, "QD148", "2018-2", false);
    all_submit_parts(r, "h", 3000, 1500, 2499);
    close_council(r, "h", "06");
    rated = rated_at(r, 0);
    assert_int_equal(rated.star, 3);
    assert_true(rated.has_authority && rated.authority == authority_DISTRICT);
    settled(r, 1, 1, 0);
}

/* --- back from the centre --- */

static void open_with_remand(struct room *r)
{
    char *set = with(small_set, "\"no_option\"",
                     "\"remand\":{\"to\":\"province\",\"mark\":\"certain\"},\"no_option\"");

    adopt(r, "SMALL", text(set));
    free(set);
    adopt(r, "small-1", text(small_rubric));
    accept_dossier(r, "d1", "P1", "SMALL", "small-1");
    form_four(r, "t1", level_PROVINCE, "SMALL", "2018-2", false);
    form_four(r, "t2", level_PROVINCE, "SMALL", "2019-1", false);
    form_four(r, "tw1", level_CENTRE, "SMALL", "2018-2", false);
    form_four(r, "tw2", level_CENTRE, "SMALL", "2019-1", false);
    formed(r);
}

static void what_the_centre_does_not_give_its_star_goes_back(void **state)
{
    struct room *r = *state;
    struct product_remanded remanded;
    struct product_rated rated;
    struct slice topic;
    struct envelope e;

    open_with_remand(r);
    submit_options(r, "t2", "06", "an", 3, 3, 2, false);
    refused(r, "scoring.sheet.refused", "WRONG_ROUND");
    all_submit_options(r, "t1", "06", 3, 3, 2); /* 100 */
    close_council(r, "t1", "06");
    settled(r, 2, 1, 0);
    submit_options(r, "t2", "06", "an", 3, 3, 2, false);
    refused(r, "scoring.sheet.refused", "WRONG_ROUND"); /* the first result stands until the centre's */
    all_submit_options(r, "tw1", "00", 3, 2, 3);        /* 40 + 21 + 20 = 81 */
    close_council(r, "tw1", "00");
    rated = rated_at(r, 0);
    assert_int_equal(rated.star, 4);
    assert_true(rated.has_authority && rated.authority == authority_PROVINCE);
    heard(r, 1, &product_remanded_kind, &remanded);
    assert_int_equal(bench_outcome(r->bench, 0, &topic, &e), ERR_NONE);
    assert_true(slice_equal(remanded.rated, e.id));
    assert_true(slice_is(remanded.product, "P1"));
    assert_int_equal(remanded.level, level_PROVINCE);
    settled(r, 2, 1, 0);
}

static void the_province_may_rate_again_what_came_back(void **state)
{
    struct room *r = *state;
    struct product_forwarded forwarded;

    what_the_centre_does_not_give_its_star_goes_back(state);
    submit_options(r, "t1", "06", "an", 3, 3, 2, false);
    refused(r, "scoring.sheet.refused", "ALREADY_RATED"); /* another round, another council */
    submit_options(r, "tw2", "00", "an", 3, 3, 2, false);
    refused(r, "scoring.sheet.refused", "ALREADY_RATED"); /* the centre has spoken */
    all_submit_options(r, "t2", "06", 3, 3, 2);
    close_council(r, "t2", "06");
    assert_int_equal(rated_at(r, 0).star, 5);
    heard(r, 1, &product_forwarded_kind, &forwarded);
    settled(r, 2, 1, 0);
    all_submit_options(r, "tw2", "00", 3, 3, 2); /* sent up again, the centre rates again */
    close_council(r, "tw2", "00");
    assert_int_equal(rated_at(r, 0).authority, authority_MINISTRY);
    settled(r, 1, 1, 0);
}

static void a_level_rates_a_dossier_once(void **state)
{
    struct room *r = *state;

    adopt_small(r);
    accept_dossier(r, "d1", "P1", "SMALL", "small-1");
    form_four(r, "t1", level_PROVINCE, "SMALL", "2018-2", false);
    form_four(r, "t2", level_PROVINCE, "SMALL", "2018-2", false);
    all_submit_options(r, "t2", "06", 2, 2, 2);
    all_submit_options(r, "t1", "06", 2, 2, 2);
    close_council(r, "t1", "06");
    settled(r, 1, 1, 0);
    submit_options(r, "t2", "06", "an", 3, 3, 2, false);
    refused(r, "scoring.sheet.refused", "ALREADY_RATED");
    close_council(r, "t2", "06"); /* its sheets came too late */
    refused(r, "scoring.round.refused", "NO_SHEETS");
}

/* --- conflicts of interest --- */

static void open_total(struct room *r, bool with_vice_chair)
{
    adopt_provisional(r);
    accept_dossier(r, "d1", "P1", "provisional-2018", NULL);
    form_four(r, "c-06", level_PROVINCE, "provisional-2018", "2018-2", with_vice_chair);
    formed(r);
}

static void a_member_with_an_interest_has_no_say(void **state)
{
    struct room *r = *state;
    struct conflict_noted noted;
    struct product_rated rated;

    open_total(r, false);
    submit_total(r, "an", "d1", 7000);
    submit_total(r, "binh", "d1", 9900);
    declare(r, "c-06", "06", "binh", "d1");
    heard(r, 0, &conflict_noted_kind, &noted);
    assert_true(noted.sheet_out && slice_is(noted.member, "binh"));
    submit_total(r, "binh", "d1", 9900);
    refused(r, "scoring.sheet.refused", "CONFLICT");
    submit_total(r, "chi", "d1", 7100);
    close_council(r, "c-06", "06"); /* two of three: 67 % */
    settled(r, 0, 0, 1);
    submit_total(r, "dung", "d1", 7200);
    close_council(r, "c-06", "06");
    rated = rated_at(r, 0);
    assert_int_equal(rated.members, 3);
    assert_int_equal(rated.sum_hundredths, 21300);
    declare(r, "c-06", "06", "chi", "d1");
    refused(r, "scoring.conflict.refused", "ALREADY_RATED");
}

static void a_declaration_needs_its_facts(void **state)
{
    struct room *r = *state;
    struct conflict_noted noted;

    declare(r, "c-06", "06", "binh", "d1");
    refused(r, "scoring.conflict.refused", "UNKNOWN_COUNCIL");
    open_total(r, false);
    declare(r, "c-06", "10", "binh", "d1");
    refused(r, "scoring.conflict.refused", "WRONG_PROVINCE");
    declare(r, "c-06", "06", "binh", "d9");
    refused(r, "scoring.conflict.refused", "NOT_YET");
    declare(r, "c-06", "06", "nobody", "d1");
    refused(r, "scoring.conflict.refused", "STRANGER");
    declare(r, "c-06", "06", "binh", "d1");
    heard(r, 0, &conflict_noted_kind, &noted);
    assert_false(noted.sheet_out);
    declare(r, "c-06", "06", "binh", "d1");
    refused(r, "scoring.conflict.refused", "CONFLICT_DUPLICATE");
    assert_int_equal(count(r, "SELECT count(*) FROM conflict"), 1);
}

static void three_without_the_chair(struct room *r, bool with_vice_chair)
{
    open_total(r, with_vice_chair);
    declare(r, "c-06", "06", "an", "d1");
    submit_total(r, "binh", "d1", 7000);
    submit_total(r, "chi", "d1", 7000);
    submit_total(r, "dung", "d1", 7000);
    close_council(r, "c-06", "06");
}

static void a_vice_chair_stands_in_for_a_chair_with_an_interest(void **state)
{
    struct room *r = *state;

    three_without_the_chair(r, true);
    assert_int_equal(rated_at(r, 0).members, 3);
}

static void without_a_vice_chair_nobody_stands_in(void **state)
{
    struct room *r = *state;

    three_without_the_chair(r, false);
    settled(r, 0, 0, 1);
}

/* --- members far apart --- */

static void every_member_at_an_end_is_asked_again(void **state)
{
    struct room *r = *state;
    struct spread_exceeded spread;

    open_total(r, false);
    submit_total(r, "an", "d1", 6000);
    submit_total(r, "binh", "d1", 7500);
    submit_total(r, "chi", "d1", 7500);
    submit_total(r, "dung", "d1", 7000);
    close_council(r, "c-06", "06");
    heard(r, 0, &spread_exceeded_kind, &spread);
    assert_int_equal(spread.far_count, 3);
    submit_total(r, "dung", "d1", 7400); /* was not asked, and does not replace who was */
    close_council(r, "c-06", "06");
    heard(r, 0, &spread_exceeded_kind, &spread);
    assert_int_equal(spread.far_count, 3);
    submit_total(r, "an", "d1", 6000);
    submit_total(r, "binh", "d1", 7200);
    submit_total(r, "chi", "d1", 7300);
    close_council(r, "c-06", "06"); /* all have, and still: a new list */
    heard(r, 0, &spread_exceeded_kind, &spread);
    assert_int_equal(spread.far_count, 2);
    assert_true(slice_is(spread.far[0].member, "an") && slice_is(spread.far[1].member, "dung"));
    submit_total(r, "an", "d1", 6500);
    declare(r, "c-06", "06", "dung", "d1"); /* who has no say is not waited for */
    close_council(r, "c-06", "06");
    assert_int_equal(rated_at(r, 0).sum_hundredths, 21000);
    assert_int_equal(count(r, "SELECT count(*) FROM sheet"), 9);
}

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
    const struct area_merged merged = { .old_code = { "06", 2 },
                                        .new_code = { "19", 2 },
                                        .merged_on = 20270 };
    struct sheet_submitted e = sheet_for("c-19", "an");

    e.has_total_hundredths = true;
    adopt_provisional(r);
    form(r, "c-19", level_PROVINCE, "19", "provisional-2018");
    accept_dossier(r, "d1", "P1", "provisional-2018", NULL);
    say_as(r, "a1", "intake", &area_merged_kind, "19", &merged);
    on_day(r, "2025-06-30");
    say(r, &sheet_submitted_kind, "19", &e);
    refused(r, "scoring.sheet.refused", "WRONG_PROVINCE");
    on_day(r, "2025-07-01");
    say(r, &sheet_submitted_kind, "19", &e);
    counted(r);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_level_that_ended_has_no_councils_any_more),
        TEST(a_product_climbs_level_by_level),
        TEST(three_stars_stay_with_the_district),
        TEST(what_the_centre_does_not_give_its_star_goes_back),
        TEST(the_province_may_rate_again_what_came_back),
        TEST(a_level_rates_a_dossier_once),
        TEST(a_member_with_an_interest_has_no_say),
        TEST(a_declaration_needs_its_facts),
        TEST(a_vice_chair_stands_in_for_a_chair_with_an_interest),
        TEST(without_a_vice_chair_nobody_stands_in),
        TEST(every_member_at_an_end_is_asked_again),
        TEST(the_run_out_of_an_older_rule_set_ends),
        TEST(a_closing_holds_what_is_overdue),
        TEST(a_sheet_of_parts_has_all_three_within_their_limits),
        TEST(a_merged_provinces_council_scores_the_old_ones_dossiers),
        TEST(the_question_shows_every_version_of_a_sheet),
        TEST(a_product_is_found_by_its_newer_code),
        TEST(the_order_in_which_members_score_does_not_matter),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
