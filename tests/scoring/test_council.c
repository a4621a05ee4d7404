/* test_council.c - councils over time: levels that end, results that go up and come back, members who have an
 * interest or are far apart. */
#include "tests/scoring/council_room.h"

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
    close_council(r, "h1", "06");
    refused(r, "scoring.round.refused", "LEVEL_NOT_IN_FORCE");
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
    held_for(r, 0, 0, "d1", "CHAIR", "no vice-chair has a sheet");
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
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
