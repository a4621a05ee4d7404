/* test_handler.c - scoring's conversation on a real store: what is heard, what is said, what stays. No
 * sockets. */
#include "tests/scoring/room.h"

/* --- rules --- */

static void rules_are_adopted_once_and_never_change(void **state)
{
    struct room *r = *state;
    char *other = with(small_set, "\"value\":75", "\"value\":80");
    struct rules_adopted adopted;
    char hash[2 * HASH_BYTES + 1];

    propose(r, "SMALL", text(small_set));
    heard(r, 0, &rules_adopted_kind, &adopted);
    assert_int_equal(rules_hash(text(small_set), hash, NULL), ERR_NONE);
    assert_true(slice_is(adopted.hash, hash));
    propose(r, "SMALL", text(small_set));
    refused(r, "scoring.rules.refused", "RULES_DUPLICATE");
    propose(r, "SMALL", text(other));
    refused(r, "scoring.rules.refused", "RULES_CHANGED");
    assert_int_equal(count(r, "SELECT count(*) FROM rules"), 1);
    free(other);
}

static void unusable_rules_are_refused(void **state)
{
    struct room *r = *state;

    propose(r, "LARGE", text(small_set));
    refused(r, "scoring.rules.refused", "RULES_NAME");
    propose(r, "SMALL", text("{}"));
    refused(r, "scoring.rules.refused", "RULES_MALFORMED");
    assert_int_equal(count(r, "SELECT count(*) FROM rules"), 0);
}

/* --- councils --- */

static void a_council_is_admitted_once_under_adopted_rules(void **state)
{
    struct room *r = *state;
    static const struct council_member chair[] = { { { "an", 2 }, seat_CHAIR } };
    const struct council_formed e = { .council = { "c-06", 4 },
                                      .level = level_PROVINCE,
                                      .province = { "06", 2 },
                                      .round = { "2018-2", 6 },
                                      .rule_set = { "provisional-2018", 16 },
                                      .members = chair,
                                      .members_count = 1 };

    say(r, &council_formed_kind, "06", &e);
    refused(r, "scoring.council.refused", "UNKNOWN_RULE_SET");
    adopt_provisional(r);
    form(r, "c-06", level_PROVINCE, "06", "provisional-2018");
    say(r, &council_formed_kind, "06", &e);
    refused(r, "scoring.council.refused", "COUNCIL_EXISTS");
    assert_int_equal(count(r, "SELECT count(*) FROM seat"), 3);
}

static void a_rubric_is_no_rule_set(void **state)
{
    struct room *r = *state;
    static const struct council_member chair[] = { { { "an", 2 }, seat_CHAIR } };
    const struct council_formed e = { .council = { "c-06", 4 },
                                      .level = level_PROVINCE,
                                      .province = { "06", 2 },
                                      .round = { "2018-2", 6 },
                                      .rule_set = { "small-1", 7 },
                                      .members = chair,
                                      .members_count = 1 };

    adopt_small(r);
    say(r, &council_formed_kind, "06", &e);
    refused(r, "scoring.council.refused", "UNKNOWN_RULE_SET");
}

/* --- sheets --- */

static void open_2018(struct room *r)
{
    adopt_provisional(r);
    form(r, "c-06", level_PROVINCE, "06", "provisional-2018");
    accept_dossier(r, "d1", "P1", "provisional-2018", NULL);
}

static void a_sheet_counts_and_a_later_one_replaces_it(void **state)
{
    struct room *r = *state;

    open_2018(r);
    submit_total(r, "an", "d1", 7000);
    assert_int_equal(counted(r).total_hundredths, 7000);
    assert_false(counted(r).replaces);
    assert_false(counted(r).has_a_hundredths);
    assert_true(slice_is(counted(r).product, "P1"));
    submit_total(r, "an", "d1", 7100);
    assert_true(counted(r).replaces);
    assert_int_equal(count(r, "SELECT count(*) FROM sheet"), 2);
    assert_int_equal(count(r, "SELECT total_hundredths FROM current_sheet"), 7100);
    assert_int_equal(count(r, "SELECT version FROM current_sheet"), 2);
}

static void an_old_sheet_pushed_again_does_not_come_back(void **state)
{
    struct room *r = *state;
    const struct sheet_submitted e = { .council = { "c-06", 4 },
                                       .member = { "an", 2 },
                                       .dossier = { "d1", 2 },
                                       .has_total_hundredths = true,
                                       .total_hundredths = 7000 };

    open_2018(r);
    say_as(r, "old", "province-06", &sheet_submitted_kind, "06", &e);
    counted(r);
    submit_total(r, "an", "d1", 7100);
    counted(r);
    say_as(r, "old", "province-06", &sheet_submitted_kind, "06", &e);
    refused(r, "scoring.sheet.refused", "SHEET_DUPLICATE");
    assert_int_equal(count(r, "SELECT total_hundredths FROM current_sheet"), 7100);
}

static void a_sheet_without_its_facts_is_refused(void **state)
{
    struct room *r = *state;
    const struct withdrawal_accepted gone = { .dossier = { "d1", 2 }, .product = { "P1", 2 } };
    const struct sheet_submitted foreign = {
        .council = { "c-06", 4 }, .member = { "an", 2 }, .dossier = { "d1", 2 }, .has_total_hundredths = true
    };

    submit_total(r, "an", "d1", 7000);
    refused(r, "scoring.sheet.refused", "UNKNOWN_COUNCIL");
    open_2018(r);
    submit_total(r, "an", "d2", 7000);
    refused(r, "scoring.sheet.refused", "NOT_YET");
    submit_total(r, "dung", "d1", 7000);
    refused(r, "scoring.sheet.refused", "STRANGER");
    say(r, &sheet_submitted_kind, "10", &foreign);
    refused(r, "scoring.sheet.refused", "WRONG_PROVINCE");
    say_as(r, "w1", "intake", &withdrawal_accepted_kind, "06", &gone);
    submit_total(r, "an", "d1", 7000);
    refused(r, "scoring.sheet.refused", "WITHDRAWN");
    close_council(r, "c-06", "06");
    refused(r, "scoring.round.refused", "NO_SHEETS");
}

/* A dossier that a desk turned away is out; one accepted later under the same reference is another. */
static void a_rejected_dossier_is_not_scored(void **state)
{
    struct room *r = *state;
    const struct rejection_registered rejection = { .reference = { "d1", 2 },
                                                    .province = { "06", 2 },
                                                    .reason = { "forged", 6 } };
    struct sheet_refused said;

    open_2018(r);
    submit_total(r, "an", "d1", 7000);
    counted(r);
    say_as(r, "x1", "intake", &rejection_registered_kind, "06", &rejection);
    submit_total(r, "binh", "d1", 7000);
    refused(r, "scoring.sheet.refused", "WITHDRAWN");
    heard(r, 0, &sheet_refused_kind, &said);
    assert_true(slice_is(said.sentence, "Dossier d1 was withdrawn or turned away and is scored no more."));
    close_council(r, "c-06", "06");
    refused(r, "scoring.round.refused", "NO_SHEETS");
}

static void a_sheet_needs_the_dossiers_rubric(void **state)
{
    struct room *r = *state;

    adopt(r, "SMALL", text(small_set));
    form(r, "c-06", level_PROVINCE, "06", "SMALL");
    accept_dossier(r, "d1", "P1", "SMALL", "small-1");
    submit_options(r, "c-06", "06", "an", 3, 3, 2, false);
    refused(r, "scoring.sheet.refused", "UNKNOWN_RUBRIC");
    adopt(r, "small-1", text(small_rubric));
    submit_options(r, "c-06", "06", "an", 3, 3, 2, false);
    assert_int_equal(counted(r).total_hundredths, 10000);
    assert_int_equal(counted(r).a_hundredths, 4000);
    assert_int_equal(counted(r).b_hundredths, 2500);
    assert_int_equal(counted(r).c_hundredths, 3500);
}

/* --- closing --- */

static void far_is(const struct spread_exceeded *spread, size_t i, const char *member, int64_t total)
{
    assert_true(i < spread->far_count);
    assert_true(slice_is(spread->far[i].member, member));
    assert_int_equal(spread->far[i].total_hundredths, total);
}

static void a_round_rates_holds_and_settles(void **state)
{
    struct room *r = *state;
    struct product_rated rated;
    struct spread_exceeded spread;

    open_2018(r);
    accept_dossier(r, "d2", "P2", "provisional-2018", NULL);
    accept_dossier(r, "d3", "P3", "provisional-2018", NULL);
    close_council(r, "c-06", "06");
    refused(r, "scoring.round.refused", "NO_SHEETS");
    submit_total(r, "an", "d2", 7300); /* d2: exactly 70 in the mean, 15 points apart */
    submit_total(r, "binh", "d2", 6100);
    submit_total(r, "chi", "d2", 7600);
    submit_total(r, "an", "d1", 7000); /* d1: rated */
    submit_total(r, "binh", "d1", 6999);
    submit_total(r, "chi", "d1", 7001);
    submit_total(r, "an", "d3", 5000); /* d3: too few */
    close_council(r, "c-06", "06");
    heard(r, 0, &product_rated_kind, &rated); /* by reference */
    assert_true(slice_is(rated.product, "P1"));
    assert_true(slice_is(rated.name, "Miến dong"));
    assert_int_equal(rated.sum_hundredths, 21000);
    assert_int_equal(rated.members, 3);
    assert_int_equal(rated.star, 4);
    assert_int_equal(rated.term_months, 36);
    assert_true(rated.has_authority && rated.authority == authority_PROVINCE);
    assert_false(rated.has_a_sum_hundredths);
    heard(r, 1, &spread_exceeded_kind, &spread);
    assert_true(slice_is(spread.product, "P2"));
    assert_int_equal(spread.least_hundredths, 6100);
    assert_int_equal(spread.most_hundredths, 7600);
    assert_int_equal(spread.limit_hundredths, 1000);
    settled(r, 2, 1, 2);
    held_for(r, 2, 0, "d2", "SPREAD", "15.00 points apart, and at most 10.00");
    held_for(r, 2, 1, "d3", "QUORUM", "1 of 3 members have a sheet, and 75 percent, which is 3,");
    submit_total(r, "an", "d1", 9000);
    refused(r, "scoring.sheet.refused", "ALREADY_RATED");
    far_is(&spread, 0, "binh", 6100);
    far_is(&spread, 1, "chi", 7600);
    assert_int_equal(spread.far_count, 2);
    submit_total(r, "binh", "d2", 6700); /* near enough now, but chi was asked too */
    close_council(r, "c-06", "06");
    heard(r, 0, &spread_exceeded_kind, &spread);
    far_is(&spread, 0, "chi", 7600);
    assert_int_equal(spread.far_count, 1);
    settled(r, 1, 0, 2);
    held_for(r, 1, 0, "d2", "SPREAD", "1 of the members farthest apart were asked");
    submit_total(r, "chi", "d2", 7600); /* and stays with it */
    close_council(r, "c-06", "06");
    heard(r, 0, &product_rated_kind, &rated);
    assert_true(slice_is(rated.product, "P2"));
    settled(r, 1, 1, 1);
}

static void only_holds_settle_too(void **state)
{
    struct room *r = *state;

    open_2018(r);
    submit_total(r, "binh", "d1", 7000);
    submit_total(r, "chi", "d1", 7000);
    close_council(r, "c-06", "06");
    settled(r, 0, 0, 1);
}

static void a_closing_names_at_most_two_hundred_held(void **state)
{
    struct room *r = *state;
    struct round_settled s;
    char id[32];

    open_2018(r);
    for (int i = 100; i < 301; i++) {
        snprintf(id, sizeof id, "x%d", i);
        accept_dossier(r, id, id, "provisional-2018", NULL);
        submit_total(r, "an", id, 7000);
    }
    close_council(r, "c-06", "06");
    settled(r, 0, 0, 201);
    heard(r, 0, &round_settled_kind, &s);
    assert_int_equal(s.held_products_count, 200);
    assert_true(slice_is(s.held_products[199].product, "x299"));
    assert_true(slice_is(s.held_products[199].dossier, "x299"));
}

static void close_on(struct room *r, const char *day)
{
    struct round_closed e = { .council = { "c-06", 4 } };

    assert_int_equal(clock_day_parse(text(day), &e.closed_on), ERR_NONE);
    say(r, &round_closed_kind, "06", &e);
}

static void a_council_closes_neither_before_it_was_formed_nor_in_advance(void **state)
{
    struct room *r = *state;

    on_day(r, "2018-12-01");
    r->formed_on = clock_day_of(r->at_ms);
    open_2018(r);
    submit_total(r, "an", "d1", 7000);
    submit_total(r, "binh", "d1", 7000);
    submit_total(r, "chi", "d1", 7000);
    on_day(r, "2018-12-10");
    close_on(r, "2018-12-11");
    refused(r, "scoring.round.refused", "CLOSED_ON_FUTURE");
    close_on(r, "2018-11-30");
    refused(r, "scoring.round.refused", "CLOSED_ON_EARLY");
    assert_int_equal(count(r, "SELECT count(*) FROM rating"), 0);
    close_on(r, "2018-12-01");
    settled(r, 1, 1, 0);
}

/* The line was down, or the log is an older copy and everybody has sent again. */
static void a_meeting_is_held_against_the_paper_not_against_the_day_it_became_known(void **state)
{
    struct room *r = *state;
    struct product_rated rated;
    int32_t met_on = 0;

    on_day(r, "2018-12-20");
    open_2018(r); /* whose paper says no day */
    submit_total(r, "an", "d1", 7000);
    submit_total(r, "binh", "d1", 7000);
    submit_total(r, "chi", "d1", 7000);
    close_on(r, "2018-12-10");
    settled(r, 1, 1, 0);
    heard(r, 0, &product_rated_kind, &rated);
    assert_int_equal(clock_day_parse(text("2018-12-10"), &met_on), ERR_NONE);
    assert_true(rated.has_closed_on);
    assert_int_equal(rated.closed_on, met_on);
}

static void the_same_closing_again_is_refused(void **state)
{
    struct room *r = *state;
    const struct round_closed e = { .council = { "c-06", 4 }, .closed_on = clock_day_of(AT_MS) };
    struct product_rated rated;

    open_2018(r);
    for (int i = 0; i < 3; i++)
        submit_total(r, i == 0 ? "an" : i == 1 ? "binh" : "chi", "d1", 7000);
    say_as(r, "closing", "province-06", &round_closed_kind, "06", &e);
    heard(r, 0, &product_rated_kind, &rated);
    accept_dossier(r, "d2", "P2", "provisional-2018", NULL);
    for (int i = 0; i < 3; i++)
        submit_total(r, i == 0 ? "an" : i == 1 ? "binh" : "chi", "d2", 7000);
    /* Answered, it would give P2's result the id of P1's. */
    say_as(r, "closing", "province-06", &round_closed_kind, "06", &e);
    refused(r, "scoring.round.refused", "ROUND_DUPLICATE");
    close_council(r, "c-06", "06");
    settled(r, 1, 1, 0);
}

static void a_supplement_is_what_the_result_says(void **state)
{
    struct room *r = *state;
    const struct supplement_accepted e = { .dossier = { "d1", 2 },
                                           .product = { "P1", 2 },
                                           .name = { "Miến dong Bắc Kạn", sizeof "Miến dong Bắc Kạn" - 1 },
                                           .owner = { "HTX Mới", sizeof "HTX Mới" - 1 },
                                           .version = 2 };
    struct product_rated rated;

    open_2018(r);
    submit_total(r, "an", "d1", 7000);
    submit_total(r, "binh", "d1", 7000);
    submit_total(r, "chi", "d1", 7000);
    say_as(r, "s1", "intake", &supplement_accepted_kind, "06", &e);
    close_council(r, "c-06", "06");
    heard(r, 0, &product_rated_kind, &rated);
    assert_true(slice_is(rated.name, "Miến dong Bắc Kạn"));
    assert_true(slice_is(rated.owner, "HTX Mới"));
}

static void a_product_worth_it_goes_to_the_centre(void **state)
{
    struct room *r = *state;
    static const char *const members[] = { "an", "binh", "chi" };
    struct product_rated rated;
    struct product_forwarded forwarded;
    char hash[2 * HASH_BYTES + 1];

    adopt_small(r);
    form(r, "c-06", level_PROVINCE, "06", "SMALL");
    form(r, "c-00", level_CENTRE, "00", "SMALL");
    accept_dossier(r, "d1", "P1", "SMALL", "small-1");
    submit_options(r, "c-00", "00", "an", 3, 3, 2, false);
    refused(r, "scoring.sheet.refused", "NOT_FORWARDED");
    for (size_t i = 0; i < 3; i++)
        submit_options(r, "c-06", "06", members[i], 2, 3, 2, false); /* 90 each */
    close_council(r, "c-06", "06");
    heard(r, 0, &product_rated_kind, &rated);
    assert_int_equal(rules_hash(text(small_rubric), hash, NULL), ERR_NONE);
    assert_true(slice_is(rated.rubric_hash, hash));
    assert_true(slice_is(rated.rubric, "small-1"));
    assert_int_equal(rules_hash(text(small_set), hash, NULL), ERR_NONE);
    assert_true(slice_is(rated.rule_hash, hash));
    assert_int_equal(rated.star_by_marks, 4);
    assert_true(rated.has_authority && rated.authority == authority_PROVINCE);
    assert_int_equal(rated.star_by_points, 5);
    assert_int_equal(rated.star, 4);
    assert_int_equal(rated.missed_count, 1);
    assert_int_equal(rated.missed[0].reached_sum_hundredths, 9000);
    assert_true(rated.has_a_sum_hundredths);
    assert_int_equal(rated.c_sum_hundredths, 10500);
    expect_missed(r, "P1", "A.1.1");
    heard(r, 1, &product_forwarded_kind, &forwarded);
    assert_int_equal(forwarded.to, level_CENTRE);
    settled(r, 2, 1, 0);
    for (size_t i = 0; i < 3; i++)
        submit_options(r, "c-00", "00", members[i], 3, 3, 2, false);
    close_council(r, "c-00", "00");
    heard(r, 0, &product_rated_kind, &rated);
    assert_int_equal(rated.star, 5);
    assert_int_equal(rated.authority, authority_MINISTRY);
    assert_int_equal(rated.level, level_CENTRE);
    settled(r, 1, 1, 0);
}

static void a_gate_that_most_name_leaves_no_star(void **state)
{
    struct room *r = *state;
    struct product_rated rated;

    adopt_small(r);
    form(r, "c-06", level_PROVINCE, "06", "SMALL");
    accept_dossier(r, "d1", "P1", "SMALL", "small-1");
    submit_options(r, "c-06", "06", "an", 3, 3, 2, true);
    submit_options(r, "c-06", "06", "binh", 1, 1, 1, true);
    submit_options(r, "c-06", "06", "chi", 3, 3, 2, false);
    close_council(r, "c-06", "06");
    heard(r, 0, &product_rated_kind, &rated);
    assert_int_equal(rated.star, 0);
    assert_int_equal(rated.gates_count, 1);
    assert_int_equal(count(r, "SELECT count(*) FROM rating_gate WHERE code = 'STOPS'"), 1);
    assert_true(slice_is(rated.gates[0].code, "STOPS"));
    assert_false(rated.has_authority);
    settled(r, 1, 1, 0);
}

/* --- questions --- */

static void questions_are_answered_from_the_store(void **state)
{
    struct room *r = *state;
    struct buf answer = { 0 };
    msgpack_object o;
    struct slice id = { NULL, 0 }, product = { NULL, 0 };
    struct slice topic;
    struct envelope rated;

    open_2018(r);
    submit_total(r, "an", "d1", 7000);
    submit_total(r, "binh", "d1", 7000);
    submit_total(r, "chi", "d1", 7000);
    assert_int_equal(ask(r, "fact", "key", "P1", &o, &answer), ERR_NOT_FOUND);
    close_council(r, "c-06", "06");
    assert_int_equal(bench_outcome(r->bench, 0, &topic, &rated), ERR_NONE);
    assert_int_equal(ask(r, "fact", "key", "P1", &o, &answer), ERR_NONE);
    assert_true(mp_text(mp_find(&o, "id"), &id) && slice_equal(id, rated.id));
    assert_true(mp_text(mp_find(&o, "product"), &product) && slice_is(product, "P1"));
    assert_int_equal(ask(r, "fact", "key", "d1", &o, &answer), ERR_NONE);
    assert_int_equal(ask(r, "fact", "no", "d1", &o, &answer), ERR_INVALID);
    assert_int_equal(ask(r, "product", "product", "P1", &o, &answer), ERR_NONE);
    assert_int_equal(mp_find(&o, "sheets")->via.array.size, 3);
    assert_int_equal(mp_find(&o, "ratings")->via.array.size, 1);
    assert_int_equal(mp_find(&o, "dossiers")->via.array.size, 1);
    assert_int_equal(ask(r, "product", "product", "P9", &o, &answer), ERR_NOT_FOUND);
    assert_int_equal(ask(r, "council", "council", "c-06", &o, &answer), ERR_NONE);
    assert_int_equal(mp_find(&o, "seats")->via.array.size, 3);
    assert_int_equal(mp_find(mp_find(&o, "council"), "rated")->via.u64, 1);
    assert_int_equal(mp_find(mp_find(&o, "council"), "pending")->via.u64, 0);
    assert_int_equal(ask(r, "rules", NULL, NULL, &o, &answer), ERR_NONE);
    assert_int_equal(mp_find(&o, "rules")->via.array.size, 1);
    buf_fini(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rules_are_adopted_once_and_never_change, begin, end),
        cmocka_unit_test_setup_teardown(unusable_rules_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_council_is_admitted_once_under_adopted_rules, begin, end),
        cmocka_unit_test_setup_teardown(a_rubric_is_no_rule_set, begin, end),
        cmocka_unit_test_setup_teardown(a_sheet_counts_and_a_later_one_replaces_it, begin, end),
        cmocka_unit_test_setup_teardown(an_old_sheet_pushed_again_does_not_come_back, begin, end),
        cmocka_unit_test_setup_teardown(a_sheet_without_its_facts_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_rejected_dossier_is_not_scored, begin, end),
        cmocka_unit_test_setup_teardown(a_sheet_needs_the_dossiers_rubric, begin, end),
        cmocka_unit_test_setup_teardown(a_round_rates_holds_and_settles, begin, end),
        cmocka_unit_test_setup_teardown(only_holds_settle_too, begin, end),
        cmocka_unit_test_setup_teardown(a_closing_names_at_most_two_hundred_held, begin, end),
        cmocka_unit_test_setup_teardown(
            a_meeting_is_held_against_the_paper_not_against_the_day_it_became_known, begin, end),
        cmocka_unit_test_setup_teardown(a_council_closes_neither_before_it_was_formed_nor_in_advance, begin,
                                        end),
        cmocka_unit_test_setup_teardown(the_same_closing_again_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_supplement_is_what_the_result_says, begin, end),
        cmocka_unit_test_setup_teardown(a_product_worth_it_goes_to_the_centre, begin, end),
        cmocka_unit_test_setup_teardown(a_gate_that_most_name_leaves_no_star, begin, end),
        cmocka_unit_test_setup_teardown(questions_are_answered_from_the_store, begin, end),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
