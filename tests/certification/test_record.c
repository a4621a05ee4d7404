/* Recorded certificates, withdrawals and findings, notices. */
#include "tests/certification/feed.h"

/* --- recorded certificates --- */

static void a_recorded_certificate_has_the_term_of_its_day(void **state)
{
    struct fixture *f = *state;
    struct record_filed filed = a_record("Lò mò Pđăm", 3, day(2022, 10, 10));
    msgpack_object answer;
    struct envelope e;

    f->day = day(2024, 1, 1);
    file_record(f, &filed);
    assert_int_equal(bench_outcomes(f->bench), 2);
    assert_said(f, 0, "certification.record.accepted.89", "certificate", "GHI-89-2022-0001");
    assert_said(f, 1, "certification.certificate.recorded.89", "rule_set", "QD1048");
    assert_said(f, 1, "certification.certificate.recorded.89", "authority", "province");
    e = outcome(f, 1);
    assert_day(&e.data, "ends_on", day(2025, 10, 10));
    /* The same again, spelt otherwise. */
    filed.name = slice_text("LÒ MÒ  Pđăm");
    filed.number = slice_text("2497/qđ-ubnd");
    file_record(f, &filed);
    assert_said(f, 0, "certification.record.refused.89", "code", "RECORD_DUPLICATE");
    filed.star = 4;
    filed.has_ends_on = true;
    filed.ends_on = day(2024, 2, 29);
    filed.has_owner = false;
    filed.owner = slice_text("");
    file_record(f, &filed);
    assert_said(f, 1, "certification.certificate.recorded.89", "ends_on", "2024-02-29");
    assert_said(f, 1, "certification.certificate.recorded.89", "certificate", "GHI-89-2022-0002");
    assert_status(f, "certificate", "GHI-89-2022-0001", day(2025, 10, 10), "", "valid");
    assert_status(f, "certificate", "GHI-89-2022-0001", day(2025, 10, 11), "", "expired");
    assert_status(f, "product", "GHI-89-2022-0001", day(2025, 10, 10), "", "valid");
    issue(f, "d1", "P1", "89", "QD148", authority_PROVINCE, 4, f->day);
    answer = ask_with(f, "summary", "day=2024-01-01", ERR_NONE);
    assert_number(&answer, "total", 1);
    assert_number(&answer, "four", 1);
    assert_number(&answer, "three", 0);
    assert_number(&answer, "recorded_three", 1);
    assert_number(&answer, "recorded_four", 1);
    assert_number(&answer, "recorded_total", 2);
    assert_int_equal(mp_find(&answer, "certificates")->via.array.size, 1);
}

static void what_cannot_be_recorded_is_refused(void **state)
{
    struct fixture f;
    struct record_filed filed = a_record("Tương xay", 4, day(2022, 10, 10));

    (void)state;
    assert_int_equal(feed_open(&f), 0);
    f.day = day(2024, 1, 1);
    file_record(&f, &filed);
    assert_said(&f, 0, "certification.record.refused.89", "code", "RULE_SET_UNKNOWN");
    adopt_the_law(&f);
    filed.issued_on = day(2024, 1, 2);
    file_record(&f, &filed);
    assert_said(&f, 0, "certification.record.refused.89", "code", "DATE_FUTURE");
    filed.issued_on = day(2024, 1, 1);
    filed.has_ends_on = true;
    filed.ends_on = day(2023, 12, 31);
    file_record(&f, &filed);
    assert_said(&f, 0, "certification.record.refused.89", "code", "ENDS_BEFORE");
    feed_close(&f);
}

/* A dossier names it: from then on it is of that product, and a new certificate replaces it. */
static void a_recorded_certificate_is_extended_and_replaced(void **state)
{
    struct fixture *f = *state;
    struct record_filed filed = a_record("Tương xay", 3, day(2023, 6, 15));
    char before[24];

    f->day = day(2026, 1, 2);
    filed.has_product = true;
    filed.product = slice_text("89-887-30376-1-2023");
    file_record(f, &filed);
    assert_status(f, "product", "89-887-30376-1-2023", f->day, "", "valid");
    f->day = day(2026, 6, 1);
    feed_place(f, before);
    merge_area(f, "89", "91", day(2025, 7, 1));
    accept_dossier(f, "d0", "P1", "24", dossier_kind_RE_RATING, "GHI-89-2023-0001");
    assert_int_equal(bench_outcomes(f->bench), 0); /* of another province */
    (void)ask_with(f, "product", "product=P1 day=2026-06-01", ERR_NOT_FOUND);
    accept_dossier(f, "d1", "P1", "91", dossier_kind_RE_RATING, "GHI-89-2023-0001");
    assert_said(f, 0, "certification.certificate.extended.89", "product", "P1");
    assert_status(f, "product", "P1", day(2026, 6, 16), "", "valid_pending");
    assert_status(f, "product", "89-887-30376-1-2023", day(2026, 6, 16), "", "valid_pending");
    assert_status(f, "product", "89-887-30376-1-2023", day(2026, 6, 16), before, "expired");
    f->day = day(2026, 7, 1);
    issue(f, "d1", "P1", "91", "QD26_2026", authority_PROVINCE, 4, f->day);
    assert_said(f, 2, "certification.certificate.superseded.91", "certificate", "GHI-89-2023-0001");
    assert_said(f, 2, "certification.certificate.superseded.91", "change", "upgraded");
    assert_status(f, "certificate", "GHI-89-2023-0001", day(2026, 7, 1), "", "replaced");
}

/* Filed as first, because it was too late to be rated again: with a code on the recorded one, or without. */
static void a_first_dossier_that_names_a_recorded_one_replaces_it(void **state)
{
    struct fixture *f = *state;
    struct record_filed filed = a_record("Tương xay", 4, day(2023, 9, 15));

    f->day = day(2026, 6, 1);
    file_record(f, &filed);
    filed.has_product = true;
    filed.product = slice_text("89-887-30376-1-2023");
    filed.name = slice_text("Lò mò");
    file_record(f, &filed);
    accept_dossier(f, "d1", "89-30376-1-2026", "89", dossier_kind_FIRST, "GHI-89-2023-0001");
    accept_dossier(f, "d2", "89-887-30376-1-2023", "89", dossier_kind_FIRST, "GHI-89-2023-0002");
    assert_int_equal(bench_outcomes(f->bench), 0); /* a first one extends nothing */
    assert_status(f, "product", "89-30376-1-2026", f->day, "", "valid");
    f->day = day(2026, 7, 1);
    issue(f, "d1", "89-30376-1-2026", "89", "QD26_2026", authority_PROVINCE, 3, f->day);
    assert_int_equal(bench_outcomes(f->bench), 3);
    assert_said(f, 2, "certification.certificate.superseded.89", "certificate", "GHI-89-2023-0001");
    assert_said(f, 2, "certification.certificate.superseded.89", "change", "lowered");
    issue(f, "d2", "89-887-30376-1-2023", "89", "QD26_2026", authority_PROVINCE, 4, f->day);
    assert_said(f, 2, "certification.certificate.superseded.89", "certificate", "GHI-89-2023-0002");
    assert_status(f, "certificate", "GHI-89-2023-0001", day(2026, 6, 30), "", "valid");
    assert_status(f, "certificate", "GHI-89-2023-0001", day(2026, 7, 1), "", "replaced");
    assert_status(f, "product", "GHI-89-2023-0001", day(2026, 7, 1), "", "valid");
    assert_status(f, "certificate", "GHI-89-2023-0002", day(2026, 7, 1), "", "replaced");
}

/* --- withdrawals and findings --- */

static void a_finding_waits_for_a_decision(void **state)
{
    struct fixture *f = *state;
    msgpack_object fact;
    struct slice id;
    char finding[80];
    struct envelope e;

    f->day = day(2026, 6, 1);
    issue(f, "d1", "P1", "89", "QD26_2026", authority_PROVINCE, 4, f->day);
    report(f, "24", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.finding.refused.24", "code", "WRONG_PROVINCE");
    report(f, "89", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.finding.registered.89", "authority", "province");
    e = outcome(f, 0);
    assert_day(&e.data, "decide_by", f->day + 15);
    report(f, "89", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.finding.refused.89", "code", "FINDING_DUPLICATE");
    fact = ask_with(f, "fact", "type=certification.finding.registered key=OCOP-89-2026-0001", ERR_NONE);
    assert_true(mp_text(mp_find(&fact, "id"), &id));
    snprintf(finding, sizeof finding, "%.*s", SLICE_ARG(id));
    dismiss(f, authority_PROVINCE, "89", "none");
    assert_said(f, 0, "certification.dismissal.refused.89", "code", "NOT_YET");
    dismiss(f, authority_MINISTRY, "00", finding);
    assert_said(f, 0, "certification.dismissal.refused.00", "code", "WRONG_AUTHORITY");
    dismiss(f, authority_PROVINCE, "24", finding);
    assert_said(f, 0, "certification.dismissal.refused.24", "code", "WRONG_PROVINCE");
    dismiss(f, authority_PROVINCE, "89", finding);
    assert_said(f, 0, "certification.dismissal.accepted.89", "certificate", "OCOP-89-2026-0001");
    dismiss(f, authority_PROVINCE, "89", finding);
    assert_said(f, 0, "certification.dismissal.refused.89", "code", "FINDING_SETTLED");
    /* The next one is settled by the withdrawal. */
    report(f, "00", "OCOP-89-2026-0001", f->day);
    assert_topic(f, 0, "certification.finding.registered.89");
    fact = ask_with(f, "fact", "type=certification.finding.registered key=P1", ERR_NONE);
    assert_true(mp_text(mp_find(&fact, "id"), &id));
    snprintf(finding, sizeof finding, "%.*s", SLICE_ARG(id));
    take_back(f, authority_PROVINCE, "89", "OCOP-89-2026-0001", f->day);
    assert_topic(f, 1, "certification.certificate.revoked.89");
    dismiss(f, authority_PROVINCE, "89", finding);
    assert_said(f, 0, "certification.dismissal.refused.89", "code", "FINDING_SETTLED");
    report(f, "89", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.finding.refused.89", "code", "NOT_VALID");
}

static void a_finding_needs_a_rule_set_with_days(void **state)
{
    struct fixture *f = *state;

    f->day = day(2026, 5, 22);
    issue(f, "d1", "P1", "89", "QD148", authority_PROVINCE, 4, day(2026, 5, 21));
    report(f, "89", "OCOP-89-2026-0001", day(2026, 5, 21));
    assert_said(f, 0, "certification.finding.refused.89", "code", "NO_TIME_LIMIT");
    report(f, "89", "OCOP-89-2026-0001", day(2026, 5, 22));
    assert_topic(f, 0, "certification.finding.registered.89");
}

static void what_a_district_issued_the_province_withdraws_later(void **state)
{
    static const struct {
        int month, day;
        enum authority authority;
        bool stands;
    } cases[] = {
        { 6, 30, authority_PROVINCE, false },
        { 7, 1, authority_DISTRICT, false },
        { 6, 30, authority_DISTRICT, true },
        { 7, 1, authority_PROVINCE, true },
    };
    struct fixture *f = *state;

    f->day = day(2024, 1, 10);
    issue(f, "d1", "P1", "89", "QD148", authority_DISTRICT, 3, f->day);
    issue(f, "d2", "P2", "89", "QD148", authority_DISTRICT, 3, f->day);
    f->day = day(2025, 7, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        take_back(f, cases[i].authority, "89", i < 3 ? "OCOP-89-2024-0001" : "OCOP-89-2024-0002",
                  day(2025, cases[i].month, cases[i].day));
        if (cases[i].stands)
            assert_topic(f, 1, "certification.certificate.revoked.89");
        else
            assert_said(f, 0, "certification.revocation.refused.89", "code", "WRONG_AUTHORITY");
    }
}

static void five_stars_are_the_ministers_to_withdraw(void **state)
{
    struct fixture *f = *state;
    const struct decision_item item = line("P1", "r1", 5);

    f->day = day(2026, 6, 1);
    rate_as(f, "r1", "d1", "P1", "89", level_CENTRE, "QD26_2026", 5);
    sign_as(f, authority_MINISTRY, "00", "1/QĐ", f->day, f->day, &item, 1);
    assert_topic(f, 1, "certification.certificate.issued.89");
    report(f, "89", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.finding.registered.89", "authority", "ministry");
    take_back(f, authority_PROVINCE, "89", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.revocation.refused.89", "code", "WRONG_AUTHORITY");
    take_back(f, authority_MINISTRY, "00", "OCOP-89-2026-0001", f->day);
    assert_topic(f, 0, "certification.revocation.accepted.00");
    assert_topic(f, 1, "certification.certificate.revoked.89");
}

static void a_pending_certificate_can_be_withdrawn(void **state)
{
    struct fixture *f = *state;

    one_that_ends_in_june_2026(f);
    accept_dossier(f, "d1", "P1", "89", dossier_kind_RE_RATING, NULL);
    f->day = day(2026, 7, 1);
    take_back(f, authority_PROVINCE, "89", "OCOP-89-2023-0001", f->day);
    assert_topic(f, 1, "certification.certificate.revoked.89");
    assert_status(f, "product", "P1", day(2026, 6, 30), "", "valid_pending");
    assert_status(f, "product", "P1", day(2026, 7, 1), "", "withdrawn");
    assert_status(f, "product", "P1", day(2027, 7, 1), "", "withdrawn");
}

/* --- notices --- */

/* Under way, the notices are those of the rule set in force, when it has any: 148 has one at 30 days, 26/2026
 * has not. */
static void notices_follow_the_rule_set_in_force(void **state)
{
    static const struct {
        int issued[3];
        int days_left;
        bool told;
    } cases[] = {
        { { 2023, 5, 10 }, 30, true },  /* on 10/04/2026, under 148 */
        { { 2023, 6, 30 }, 30, false }, /* on 31/05/2026, under 26/2026 */
        { { 2023, 11, 30 }, 180, true },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int *a = cases[i].issued;
        char dossier[8];
        int told;

        snprintf(dossier, sizeof dossier, "d%zu", i);
        f->day = day(a[0], a[1], a[2]);
        issue(f, dossier, dossier, "89", "QD148", authority_PROVINCE, 4, f->day);
        start_day(f, day(2026, a[1], a[2]) - cases[i].days_left);
        told = 0;
        for (size_t o = 0; o < bench_outcomes(f->bench); o++)
            told += slice_is(outcome(f, o).type, "certification.certificate.expiring");
        assert_int_equal(told, cases[i].told);
    }
}

static void what_is_recorded_near_its_end_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    struct record_filed filed = a_record("Tương xay", 4, day(2023, 10, 1));
    struct envelope e;

    f->day = day(2026, 5, 1); /* 153 days left: 180 is past, 150 will come */
    file_record(f, &filed);
    assert_int_equal(bench_outcomes(f->bench), 3);
    assert_said(f, 2, "certification.certificate.expiring.89", "certificate", "GHI-89-2023-0001");
    e = outcome(f, 2);
    assert_number(&e.data, "days_left", 153);
    start_day(f, day(2026, 5, 4));
    assert_int_equal(bench_outcomes(f->bench), 1);
    filed.issued_on = day(2023, 11, 1); /* 181 days left on the fourth */
    file_record(f, &filed);
    assert_int_equal(bench_outcomes(f->bench), 2);
    filed.issued_on = day(2021, 1, 1); /* over: no news any more */
    file_record(f, &filed);
    assert_int_equal(bench_outcomes(f->bench), 2);
    start_day(f, day(2026, 5, 5));
    assert_int_equal(bench_outcomes(f->bench), 1); /* 180 days of the second */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_recorded_certificate_has_the_term_of_its_day, open_with_law,
                                        close_it),
        cmocka_unit_test(what_cannot_be_recorded_is_refused),
        cmocka_unit_test_setup_teardown(a_recorded_certificate_is_extended_and_replaced, open_with_law,
                                        close_it),
        cmocka_unit_test_setup_teardown(a_first_dossier_that_names_a_recorded_one_replaces_it, open_with_law,
                                        close_it),
        cmocka_unit_test_setup_teardown(a_finding_waits_for_a_decision, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(a_finding_needs_a_rule_set_with_days, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(what_a_district_issued_the_province_withdraws_later, open_with_law,
                                        close_it),
        cmocka_unit_test_setup_teardown(five_stars_are_the_ministers_to_withdraw, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(a_pending_certificate_can_be_withdrawn, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(notices_follow_the_rule_set_in_force, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(what_is_recorded_near_its_end_is_told_at_once, open_with_law,
                                        close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
