/* The deadlines of single dossiers and certificates: near, missed, done in time, and on both sides of the
 * day. */
#include "tests/notification/history.h"

static int open_with_law(void **state)
{
    if (open_bench(state)) return -1;
    adopt_rules("old", "2020-01-01", false);
    adopt_rules("new", "2026-05-22", false);
    adopt_calendar();
    return 0;
}

/* --- the commune --- */

static void commune_is_told_when_near_and_with_its_province_when_missed(void **state)
{
    struct envelope e;

    (void)state;
    slip("BM-1", "2026-06-01"); /* the 15th working day is Monday 22/06 */
    assert_outcomes(0);
    quiet("2026-06-02", "2026-06-15");
    day("2026-06-16");
    assert_outcomes(2);
    assert_announced(0, "neared", "66", "commune", "commune:66-24175", "2026-06-23");
    assert_told(1, "commune:66-24175", "commune_near");
    assert_outcome(b, 1, "notification.message.queued.66", &e);
    assert_data_text(&e, "number", "BM-1");
    assert_data_text(&e, "day", "2026-06-23");
    quiet("2026-06-17", "2026-06-22");
    day("2026-06-23");
    assert_outcomes(3);
    assert_announced(0, "missed", "66", "commune", "commune:66-24175", "2026-06-23");
    assert_told(1, "commune:66-24175", "commune_missed");
    assert_told(2, "province:66", "commune_missed");
    quiet("2026-06-24", "2026-07-31");
}

static void days_over_tet_and_days_in_lieu_do_not_count(void **state)
{
    (void)state;
    slip("BM-1", "2026-02-06");
    quiet("2026-02-07", "2026-02-27");
    day("2026-02-28");
    assert_announced(0, "neared", "66", "commune", "commune:66-24175", "2026-03-07");
    quiet("2026-03-01", "2026-03-06");
    day("2026-03-07");
    assert_announced(0, "missed", "66", "commune", "commune:66-24175", "2026-03-07");
    slip("BM-2", "2026-04-20");       /* 27/04 in lieu, 30/04, 01/05 */
    days("2026-04-20", "2026-05-07"); /* a round's cut-off is among them */
    day("2026-05-08");
    assert_outcomes(2);
    assert_announced(0, "neared", "66", "commune", "commune:66-24175", "2026-05-15");
}

static void a_dossier_accepted_or_turned_away_in_time_is_not_missed(void **state)
{
    (void)state;
    slip("BM-1", "2026-06-01");
    slip("BM-2", "2026-06-01");
    slip("BM-3", "2026-06-01");
    days("2026-06-02", "2026-06-22");
    accepted(&(struct handed){ .reference = "BM-1", .accepted_on = "2026-06-22" });
    FEED("intake", "66", "r", rejection_registered, "2026-06-22",
         { .reference = s("BM-2"), .province = s("66"), .reason = s("hồ sơ giả mạo") });
    assert_outcomes(1); /* nobody knows the applicant's name */
    assert_told(0, "province:66", "dossier_rejected");
    day("2026-06-23");
    assert_outcomes(3);
    assert_announced(0, "missed", "66", "commune", "commune:66-24175", "2026-06-23");
    {
        struct envelope e;

        assert_outcome(b, 0, "notification.deadline.missed.66", &e);
        assert_data_text(&e, "about", "BM-3");
    }
}

static void a_receipt_after_the_acceptance_owes_nothing(void **state)
{
    (void)state;
    accepted(&(struct handed){ .reference = "BM-1", .accepted_on = "2026-06-01" });
    slip("BM-1", "2026-06-01");
    quiet("2026-06-02", "2026-06-23");
}

static void what_is_handed_in_and_not_answered_is_not_missed(void **state)
{
    const struct dossier_filed filed = { .reference = s("BM-1"), .province = s("66") };
    const struct dossier_returned returned = { .code = s("GAPS"), .sentence = s("x") };

    (void)state;
    slip("BM-1", "2026-06-01");
    days("2026-06-02", "2026-06-21"); /* with 3 rules, 1 slip and 2 outcomes the next record is the 27th */
    feed(b, "dak-lak", "66", "f", &dossier_filed_kind, &filed, at("2026-06-22"));
    quiet("2026-06-22", "2026-06-24");
    feed_answer(b, "intake", "66", "v", &dossier_returned_kind, &returned, at("2026-06-24"), 27);
    assert_outcomes(1);
    day("2026-06-25");
    assert_outcomes(3);
    assert_announced(0, "missed", "66", "commune", "commune:66-24175", "2026-06-23");
}

static void a_day_without_its_record_is_made_good_on_the_next(void **state)
{
    (void)state;
    slip("BM-1", "2026-06-01");
    day("2026-06-10");
    assert_outcomes(0);
    day("2026-06-18"); /* two days late */
    assert_announced(0, "neared", "66", "commune", "commune:66-24175", "2026-06-23");
    slip("BM-2", "2026-06-02");
    day("2026-07-01"); /* BM-2 was never near to anybody: only missed */
    assert_outcomes(6);
    assert_announced(0, "missed", "66", "commune", "commune:66-24175", "2026-06-23");
    assert_announced(3, "missed", "66", "commune", "commune:66-24175", "2026-06-24");
}

/* --- requests --- */

static void the_applicant_is_asked_reminded_and_told(void **state)
{
    (void)state;
    request("BM-1", "2026-06-01", "2026-06-20", "HTX Mẫu");
    assert_outcomes(1);
    assert_told(0, "owner:HTX Mẫu", "supplement_requested");
    quiet("2026-06-02", "2026-06-12");
    day("2026-06-13");
    assert_outcomes(2);
    assert_announced(0, "neared", "66", "supplement", "owner:HTX Mẫu", "2026-06-20");
    assert_told(1, "owner:HTX Mẫu", "supplement_near");
    quiet("2026-06-14", "2026-06-19");
    day("2026-06-20");
    assert_outcomes(3);
    assert_announced(0, "missed", "66", "supplement", "owner:HTX Mẫu", "2026-06-20");
    assert_told(1, "owner:HTX Mẫu", "supplement_missed");
    assert_told(2, "province:66", "supplement_missed");
    quiet("2026-06-21", "2026-06-25");
}

static void an_unknown_applicant_is_told_through_the_province_once(void **state)
{
    (void)state;
    request("BM-1", "2026-06-01", "2026-06-20", NULL);
    assert_outcomes(1);
    assert_told(0, "province:66", "supplement_requested");
    day("2026-06-20");
    assert_outcomes(2);
    assert_told(1, "province:66", "supplement_missed");
}

static void a_supplement_in_time_ends_the_request(void **state)
{
    const struct supplement_accepted supplement = { s("d-BM-1"), s("66-24175-1-2026"), s("Cà phê"), s("HTX"),
                                                    2 };

    (void)state;
    accepted(&(struct handed){ .reference = "BM-1", .accepted_on = "2026-06-01" });
    request("BM-1", "2026-06-01", "2026-06-20", "HTX Mẫu");
    feed_answer(b, "intake", "66", "s", &supplement_accepted_kind, &supplement, at("2026-06-10"), 1);
    quiet("2026-06-11", "2026-06-20");
    /* Asked again with the same day: it is open again. */
    request("BM-1", "2026-06-11", "2026-06-20", "HTX Mẫu");
    day("2026-06-20");
    assert_announced(0, "missed", "66", "supplement", "owner:HTX Mẫu", "2026-06-20");
}

static void a_withdrawn_dossier_owes_nothing_more(void **state)
{
    (void)state;
    accepted(
        &(struct handed){ .reference = "BM-1", .accepted_on = "2026-06-01", .kind = dossier_kind_RE_RATING });
    request("BM-1", "2026-06-01", "2026-06-20", "HTX Mẫu");
    FEED("intake", "66", "w", withdrawal_accepted, "2026-06-10",
         { .dossier = s("d-BM-1"), .product = s("66-24175-1-2026") });
    quiet("2026-06-11", "2026-07-31");
}

static void the_communes_days_stand_still_where_the_rules_say_so(void **state)
{
    (void)state;
    adopt_rules("new", "2026-05-22", true);                 /* anew, in another form */
    slip("BM-1", "2026-06-01");                             /* due before 23/06 */
    request("BM-1", "2026-06-08", "2026-06-15", "HTX Mẫu"); /* five working days */
    request("BM-1", "2026-06-10", "2026-06-17", "HTX Mẫu"); /* two more: 15 and 16 */
    days("2026-06-09", "2026-06-24");
    day("2026-06-25");
    assert_outcomes(2);
    assert_announced(0, "neared", "66", "commune", "commune:66-24175", "2026-07-02");
    quiet("2026-06-26", "2026-07-01");
    day("2026-07-02");
    assert_announced(0, "missed", "66", "commune", "commune:66-24175", "2026-07-02");
    request("BM-1", "2026-07-02", "2026-08-30", "HTX Mẫu"); /* too late to stop anything */
    quiet("2026-07-03", "2026-08-22");
}

static void who_was_told_of_the_earlier_day_is_told_of_the_later(void **state)
{
    (void)state;
    adopt_rules("new", "2026-05-22", true);
    slip("BM-1", "2026-06-01");
    day("2026-06-16");
    assert_announced(0, "neared", "66", "commune", "commune:66-24175", "2026-06-23");
    request("BM-1", "2026-06-17", "2026-06-24", "HTX Mẫu");
    day("2026-06-17");
    assert_outcomes(2); /* the request itself is near at once */
    assert_announced(0, "neared", "66", "supplement", "owner:HTX Mẫu", "2026-06-24");
    day("2026-06-23");
    assert_announced(0, "neared", "66", "commune", "commune:66-24175", "2026-06-30");
}

/* --- re-ratings --- */

static void a_re_rating_has_its_days_from_the_full_dossier(void **state)
{
    (void)state;
    accepted(
        &(struct handed){ .reference = "BM-1", .accepted_on = "2026-07-01", .kind = dossier_kind_RE_RATING });
    accepted(
        &(struct handed){ .reference = "BM-2", .accepted_on = "2026-07-01" }); /* a first rating has none */
    quiet("2026-07-02", "2026-08-08");
    day("2026-08-09");
    assert_outcomes(2);
    assert_announced(0, "neared", "66", "re_rating", "province:66", "2026-08-16");
    assert_told(1, "province:66", "re_rating_near");
    quiet("2026-08-10", "2026-08-15");
    day("2026-08-16"); /* the 45th day was the 15th */
    assert_outcomes(2);
    assert_announced(0, "missed", "66", "re_rating", "province:66", "2026-08-16");
}

static void a_re_rating_ends_with_its_result(void **state)
{
    (void)state;
    accepted(
        &(struct handed){ .reference = "BM-1", .accepted_on = "2026-07-01", .kind = dossier_kind_RE_RATING });
    rated("BM-1", "2026-08-08", level_PROVINCE, 5);
    quiet("2026-08-09", "2026-08-31");
}

static void of_five_stars_the_ministry_has_the_days(void **state)
{
    static const struct certificate_issued five = { .star = 5, .authority = authority_MINISTRY };
    struct certificate_issued issued = five;
    const struct handed again = { .reference = "BM-1",
                                  .accepted_on = "2026-07-01",
                                  .certificate = "OCOP-66-2023-0001",
                                  .kind = dossier_kind_RE_RATING };

    (void)state;
    issued.certificate = s("OCOP-66-2023-0001");
    issued.product = s("66-24175-1-2026");
    issued.name = s("Cà phê Mẫu");
    issued.owner = s("HTX Mẫu");
    issued.number = s("1/QĐ-BNN");
    issued.province = s("66");
    issued.rated = s("r");
    issued.issued_on = on("2023-11-01");
    issued.ends_on = on("2026-11-01");
    feed_answer(b, "certification", "66", "c1", &certificate_issued_kind, &issued, at("2026-06-01"), 1);
    accepted(&again);
    day("2026-08-09");
    assert_announced(0, "neared", "66", "re_rating", "ministry", "2026-08-16");
    rated("BM-1", "2026-08-09", level_PROVINCE, 5); /* the ministry still has to */
    day("2026-08-16");
    assert_announced(0, "missed", "66", "re_rating", "ministry", "2026-08-16");

    bench_destroy(&b);
    open_with_law(state);
    feed_answer(b, "certification", "66", "c1", &certificate_issued_kind, &issued, at("2026-06-01"), 1);
    accepted(&again);
    issued.certificate = s("OCOP-66-2026-0001");
    feed_answer(b, "certification", "66", "c2", &certificate_issued_kind, &issued, at("2026-08-01"), 1);
    quiet("2026-08-09", "2026-08-16");
}

/* --- the transition --- */

static void old_dossiers_have_their_days_when_newer_rules_begin(void **state)
{
    (void)state;
    accepted(&(struct handed){ "BM-1", "2026-05-01", NULL, NULL, "old", NULL, dossier_kind_FIRST });
    accepted(&(struct handed){ "BM-2", "2026-05-01", NULL, NULL, "old", NULL, dossier_kind_RE_RATING });
    accepted(&(struct handed){ "BM-3", "2026-05-01", NULL, NULL, "old", NULL, dossier_kind_FIRST });
    rated("BM-3", "2026-05-20", level_PROVINCE, 4);
    quiet("2026-05-02", "2026-06-07"); /* the re-rating's own 45 days are near only on 09/06 */
    /* In the hands of the commune before, accepted after. */
    accepted(&(struct handed){ "BM-4", "2026-06-07", "2026-05-21", NULL, "old", NULL, dossier_kind_UPGRADE });
    /* Received on the first day of the new rules. */
    accepted(&(struct handed){ "BM-5", "2026-06-07", "2026-05-22", NULL, "new", NULL, dossier_kind_FIRST });
    days("2026-06-08", "2026-06-13");
    day("2026-06-14");
    assert_outcomes(3);
    assert_announced(0, "neared", "66", "transition", "province:66", "2026-06-21");
    assert_told(1, "province:66", "transition_near");
    assert_told(2, "owner:HTX Mẫu", "transition_near");
    rated("BM-4", "2026-07-20", level_PROVINCE, 4); /* on the last of its 60 days */
    days("2026-06-15", "2026-07-20");
    day("2026-07-21");
    assert_outcomes(3);
    assert_announced(0, "missed", "66", "transition", "province:66", "2026-07-21");
    assert_told(1, "province:66", "transition_missed");
    assert_told(2, "owner:HTX Mẫu", "transition_missed");
}

/* --- withdrawals --- */

static void finding(const char *id, enum authority authority)
{
    FEED("certification", "66", id, finding_registered, "2026-07-01",
         { .certificate = s("OCOP-66-2026-0001"),
           .product = s("p"),
           .ground = ground_LAW_BROKEN,
           .authority = authority,
           .province = s("66"),
           .found_on = on("2026-07-01"),
           .decide_by = on("2026-07-16") });
}

static void an_authority_has_its_days_to_withdraw(void **state)
{
    (void)state;
    finding("f1", authority_PROVINCE);
    quiet("2026-07-02", "2026-07-09");
    day("2026-07-10");
    assert_outcomes(2);
    assert_announced(0, "neared", "66", "withdrawal", "province:66", "2026-07-17");
    assert_told(1, "province:66", "withdrawal_near");
    quiet("2026-07-11", "2026-07-16");
    day("2026-07-17");
    assert_outcomes(2);
    assert_announced(0, "missed", "66", "withdrawal", "province:66", "2026-07-17");
}

static void a_withdrawal_or_a_dismissal_ends_it(void **state)
{
    (void)state;
    FEED("certification", "66", "c", certificate_recorded, "2026-07-01",
         { .certificate = s("OCOP-66-2026-0001"),
           .name = s("n"),
           .star = 4,
           .authority = authority_PROVINCE,
           .province = s("66"),
           .rule_set = s("old"),
           .issued_on = on("2024-07-01"),
           .ends_on = on("2027-07-01"),
           .source = s("a list") });
    finding("f1", authority_PROVINCE);
    FEED("certification", "66", "x", certificate_revoked, "2026-07-05",
         { s("OCOP-66-2026-0001"), s("p"), s("n"), s("o"), ground_LAW_BROKEN, s("9/QĐ"), on("2026-07-05") });
    quiet("2026-07-06", "2026-07-17");
    finding("f2", authority_MINISTRY);
    FEED("certification", "66", "y", dismissal_accepted, "2026-07-05", { s("f2"), s("OCOP-66-2026-0001") });
    quiet("2026-07-06", "2026-07-17");
    finding("f3", authority_MINISTRY);
    day("2026-07-17");
    assert_announced(0, "missed", "66", "withdrawal", "ministry", "2026-07-17");
}

static void a_result_that_comes_back_is_told_to_the_province(void **state)
{
    struct envelope e;

    (void)state;
    accepted(&(struct handed){ .reference = "BM-1", .accepted_on = "2026-06-01" });
    FEED("scoring", "00", "m", product_remanded, "2026-09-01",
         { s("66-24175-1-2026"), s("d-BM-1"), level_PROVINCE, s("r") });
    assert_outcomes(1);
    assert_told(0, "province:66", "product_remanded");
    assert_outcome(b, 0, "notification.message.queued.66", &e);
    assert_data_text(&e, "name", "Cà phê Mẫu");
    FEED("scoring", "00", "m2", product_remanded, "2026-09-01",
         { s("p"), s("d-no"), level_PROVINCE, s("r") });
    assert_outcome(b, 0, "notification.event.deadlettered.00", &e);
    assert_data_text(&e, "code", "UNKNOWN_DOSSIER");
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup_teardown(test, open_with_law, close_bench)
    const struct CMUnitTest tests[] = {
        FRESH(commune_is_told_when_near_and_with_its_province_when_missed),
        FRESH(days_over_tet_and_days_in_lieu_do_not_count),
        FRESH(a_dossier_accepted_or_turned_away_in_time_is_not_missed),
        FRESH(a_receipt_after_the_acceptance_owes_nothing),
        FRESH(what_is_handed_in_and_not_answered_is_not_missed),
        FRESH(a_day_without_its_record_is_made_good_on_the_next),
        FRESH(the_applicant_is_asked_reminded_and_told),
        FRESH(an_unknown_applicant_is_told_through_the_province_once),
        FRESH(a_supplement_in_time_ends_the_request),
        FRESH(a_withdrawn_dossier_owes_nothing_more),
        FRESH(the_communes_days_stand_still_where_the_rules_say_so),
        FRESH(who_was_told_of_the_earlier_day_is_told_of_the_later),
        FRESH(a_re_rating_has_its_days_from_the_full_dossier),
        FRESH(a_re_rating_ends_with_its_result),
        FRESH(of_five_stars_the_ministry_has_the_days),
        FRESH(old_dossiers_have_their_days_when_newer_rules_begin),
        FRESH(an_authority_has_its_days_to_withdraw),
        FRESH(a_withdrawal_or_a_dismissal_ends_it),
        FRESH(a_result_that_comes_back_is_told_to_the_province),
    };
#undef FRESH

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
