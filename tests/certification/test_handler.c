/* Certification's conversation about decisions: what comes in, what is said, what the questions answer then.
 */
#include "tests/certification/feed.h"

/* --- tests --- */

static void each_line_of_a_decision_gets_its_verdict(void **state)
{
    struct fixture *f = *state;
    const struct decision_item items[] = { line("P1", "r1", 4), line("P2", "r2", 3), line("P3", "r3", 3),
                                           line("P4", "r4", 3), line("P1", "r1", 4) };
    msgpack_object answer;
    struct envelope e;
    struct slice sentence = { NULL, 0 };

    rate(f, "r1", "P1", 4);
    rate(f, "r2", "P2", 2);
    rate(f, "r3", "P3", 3);
    sign(f, "1/QĐ-UBND", items, 5);
    assert_int_equal(bench_outcomes(f->bench), 7);
    assert_said(f, 0, "certification.recognition.accepted.06", "product", "P1");
    assert_said(f, 1, "certification.certificate.issued.06", "certificate", "OCOP-06-2018-0001");
    e = outcome(f, 1);
    assert_text(&e.data, "issued_on", "2018-12-16");
    assert_text(&e.data, "ends_on", "2021-12-16");
    assert_said(f, 2, "certification.recognition.refused.06", "code", "STAR_TOO_LOW");
    e = outcome(f, 2);
    assert_number(&e.data, "line", 2);
    assert_true(mp_text(mp_find(&e.data, "sentence"), &sentence));
    assert_non_null(memmem(sentence.data, sentence.size, "49.50", 5));
    assert_said(f, 3, "certification.recognition.accepted.06", "product", "P3");
    assert_said(f, 4, "certification.certificate.issued.06", "certificate", "OCOP-06-2018-0002");
    assert_said(f, 5, "certification.recognition.refused.06", "code", "NOT_YET");
    assert_said(f, 6, "certification.recognition.refused.06", "code", "DECIDED_TWICE");

    answer = ask(f, "summary", "day", "2018-12-31", ERR_NONE);
    assert_number(&answer, "three", 1);
    assert_number(&answer, "four", 1);
    assert_number(&answer, "five", 0);
    assert_number(&answer, "total", 2);
    answer = ask(f, "summary", "day", "2018-12-15", ERR_NONE);
    assert_number(&answer, "total", 0);
    (void)ask(f, "summary", "day", "yesterday", ERR_INVALID);
}

static void a_decision_is_taken_once(void **state)
{
    struct fixture *f = *state;
    const struct decision_item low = line("P2", "r2", 3), good = line("P1", "r1", 4),
                               other = line("P3", "r3", 3);

    rate(f, "r1", "P1", 4);
    rate(f, "r2", "P2", 2);
    rate(f, "r3", "P3", 3);
    /* A decision of which no line stands is not on record: it can come again, corrected. */
    sign(f, "1/QĐ-UBND", &low, 1);
    assert_said(f, 0, "certification.recognition.refused.06", "code", "STAR_TOO_LOW");
    sign(f, "1/QĐ-UBND", &good, 1);
    assert_topic(f, 0, "certification.recognition.accepted.06");
    /* The same number, spelt in small letters. */
    sign(f, "1/qđ-ubnd", &other, 1);
    assert_int_equal(bench_outcomes(f->bench), 1);
    assert_said(f, 0, "certification.recognition.refused.06", "code", "DECISION_DUPLICATE");
    sign(f, "2/QĐ-UBND", &good, 1);
    assert_said(f, 0, "certification.recognition.refused.06", "code", "DECIDED_TWICE");
    /* Numbers begin anew each year, and so do those of certificates. */
    f->day = clock_day_from_civil(2019, 1, 3);
    sign(f, "1/QĐ-UBND", &other, 1);
    assert_said(f, 1, "certification.certificate.issued.06", "certificate", "OCOP-06-2019-0001");
}

static void whole_decisions_fall_line_by_line(void **state)
{
    struct fixture *f = *state;
    const struct decision_item items[] = { line("P1", "r1", 4), line("P1", "r1", 4) };
    struct decision_signed decision = { .number = slice_text("1/QĐ-UBND"),
                                        .signed_on = f->day + 1,
                                        .authority = authority_PROVINCE,
                                        .province = slice_text("06"),
                                        .items = items,
                                        .items_count = 2 };

    rate(f, "r1", "P1", 4);
    feed(f, "province-06", &decision_signed_kind, "06", NULL, &decision);
    assert_int_equal(bench_outcomes(f->bench), 2);
    assert_said(f, 1, "certification.recognition.refused.06", "code", "DECISION_DATE");
    decision.signed_on = f->day;
    feed(f, "province-24", &decision_signed_kind, "24", NULL, &decision);
    assert_int_equal(bench_outcomes(f->bench), 2);
    assert_said(f, 0, "certification.recognition.refused.24", "code", "WRONG_PROVINCE");
    decision.authority = authority_MINISTRY;
    decision.province = slice_text("00");
    feed(f, "ministry", &decision_signed_kind, "00", NULL, &decision);
    assert_said(f, 0, "certification.recognition.refused.00", "code", "WRONG_AUTHORITY");
}

static void a_withdrawn_dossier_is_not_recognised(void **state)
{
    struct fixture *f = *state;
    const struct withdrawal_accepted withdrawn = { .dossier = slice_text("P1"), .product = slice_text("P1") };
    const struct decision_item item = line("P1", "r1", 4);

    rate(f, "r1", "P1", 4);
    feed(f, "intake", &withdrawal_accepted_kind, "06", NULL, &withdrawn);
    sign(f, "1/QĐ-UBND", &item, 1);
    assert_said(f, 0, "certification.recognition.refused.06", "code", "WITHDRAWN");
}

static void a_newer_certificate_supersedes_the_older(void **state)
{
    struct fixture *f = *state;
    const struct decision_item first = line("P1", "r1", 3);
    const struct decision_item both[] = { line("P1", "r2", 4), line("P1", "r3", 4) };
    msgpack_object answer;

    rate_as(f, "r1", "d1", "P1", "06", level_PROVINCE, "provisional-2018", 3);
    rate_as(f, "r2", "d2", "P1", "06", level_PROVINCE, "provisional-2018", 4);
    rate_as(f, "r3", "d3", "P1", "06", level_PROVINCE, "provisional-2018", 4);
    sign(f, "1/QĐ-UBND", &first, 1);
    assert_int_equal(bench_outcomes(f->bench), 2);
    f->day = clock_day_from_civil(2019, 6, 1);
    sign(f, "1/QĐ-UBND", both, 2);
    assert_int_equal(bench_outcomes(f->bench), 6);
    assert_said(f, 2, "certification.certificate.superseded.06", "certificate", "OCOP-06-2018-0001");
    assert_said(f, 2, "certification.certificate.superseded.06", "by", "OCOP-06-2019-0001");
    assert_said(f, 2, "certification.certificate.superseded.06", "change", "upgraded");
    assert_said(f, 5, "certification.certificate.superseded.06", "certificate", "OCOP-06-2019-0001");
    assert_said(f, 5, "certification.certificate.superseded.06", "by", "OCOP-06-2019-0002");
    assert_said(f, 5, "certification.certificate.superseded.06", "change", "renewed");
    answer = ask_with(f, "certificate", "certificate=OCOP-06-2018-0001 day=2019-06-01", ERR_NONE);
    assert_text(&answer, "status", "replaced");
    assert_text(&answer, "left_on", "2019-06-01");
    answer = ask_with(f, "certificate", "certificate=OCOP-06-2018-0001 day=2019-05-31", ERR_NONE);
    assert_text(&answer, "status", "valid");
    assert_text(&answer, "until", "2019-05-31");
    answer = ask_with(f, "product", "product=P1 day=2019-06-01", ERR_NONE);
    assert_text(&answer, "status", "valid");
    assert_text(&answer, "certificate", "OCOP-06-2019-0002");
    assert_int_equal(mp_find(&answer, "certificates")->via.array.size, 3);
    answer = ask(f, "fact", "key", "P1", ERR_NONE);
    assert_text(&answer, "certificate", "OCOP-06-2019-0002");
    answer = ask(f, "summary", "day", "2019-05-31", ERR_NONE);
    assert_number(&answer, "three", 1);
    answer = ask(f, "summary", "day", "2019-06-01", ERR_NONE);
    assert_number(&answer, "total", 1);
    assert_number(&answer, "four", 1);
    (void)ask_with(f, "product", "product=P9 day=2019-06-01", ERR_NOT_FOUND);
    (void)ask_with(f, "certificate", "certificate=OCOP-06-2018-0009 day=2019-06-01", ERR_NOT_FOUND);
    (void)ask(f, "fact", "key", "P9", ERR_NOT_FOUND);
}

static void a_certificate_is_revoked_once(void **state)
{
    struct fixture *f = *state;
    const struct decision_item item = line("P1", "r1", 4);
    msgpack_object answer;

    rate(f, "r1", "P1", 4);
    sign(f, "1/QĐ-UBND", &item, 1);
    withdraw(f, "OCOP-06-2018-0007");
    assert_said(f, 0, "certification.revocation.refused.06", "code", "UNKNOWN_CERTIFICATE");
    f->day = clock_day_from_civil(2019, 5, 1);
    withdraw(f, "OCOP-06-2018-0001");
    assert_int_equal(bench_outcomes(f->bench), 2);
    assert_said(f, 0, "certification.revocation.accepted.06", "number", "9/QĐ-UBND");
    assert_said(f, 1, "certification.certificate.revoked.06", "ground", "mark_misused");
    withdraw(f, "OCOP-06-2018-0001");
    assert_said(f, 0, "certification.revocation.refused.06", "code", "NOT_VALID");
    answer = ask(f, "summary", "day", "2019-04-30", ERR_NONE);
    assert_number(&answer, "total", 1);
    answer = ask(f, "summary", "day", "2019-05-01", ERR_NONE);
    assert_number(&answer, "total", 0);
    /* What is withdrawn does not expire. */
    start_day(f, clock_day_from_civil(2022, 1, 1));
    assert_int_equal(bench_outcomes(f->bench), 0);
}

static void the_end_is_told_four_times_and_comes_once(void **state)
{
    struct fixture *f = *state;
    static const int before[] = { 180, 150, 120, 30 };
    const struct decision_item items[] = { line("P1", "r1", 4), line("P2", "r2", 3) };
    const int32_t end = clock_day_from_civil(2021, 12, 16);
    msgpack_object answer;
    struct envelope e;

    rate(f, "r1", "P1", 4);
    rate(f, "r2", "P2", 3);
    sign(f, "1/QĐ-UBND", items, 2);
    start_day(f, end - 181);
    assert_int_equal(bench_outcomes(f->bench), 0);
    for (size_t i = 0; i < 4; i++) {
        start_day(f, end - before[i]);
        assert_int_equal(bench_outcomes(f->bench), 2);
        assert_said(f, 0, "certification.certificate.expiring.06", "certificate", "OCOP-06-2018-0001");
        assert_said(f, 1, "certification.certificate.expiring.06", "certificate", "OCOP-06-2018-0002");
        e = outcome(f, 0);
        assert_number(&e.data, "days_left", before[i]);
    }
    start_day(f, end);
    assert_int_equal(bench_outcomes(f->bench), 0);
    start_day(f, end + 1);
    assert_int_equal(bench_outcomes(f->bench), 2);
    assert_said(f, 0, "certification.certificate.expired.06", "ended_on", "2021-12-16");
    start_day(f, end + 2);
    assert_int_equal(bench_outcomes(f->bench), 0);
    answer = ask(f, "certificate", "certificate", "OCOP-06-2018-0001", ERR_NONE);
    assert_text(&answer, "status", "expired");
    answer = ask(f, "summary", "day", "2021-12-16", ERR_NONE);
    assert_number(&answer, "total", 2);
    answer = ask(f, "summary", "day", "2021-12-17", ERR_NONE);
    assert_number(&answer, "total", 0);
}

/* The mean alone would be five stars: what the council met is named, however many there are. */
static void a_refusal_below_three_stars_names_the_gates(void **state)
{
    static const char hash[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct fixture *f = *state;
    const struct decision_item item = line("P1", "r1", 5);
    struct met gates[40] = { { slice_text("forged_papers") }, { slice_text("no_licence") } };
    struct product_rated rated = { .dossier = slice_text("d1"),
                                   .reference = slice_text("d1"),
                                   .product = slice_text("P1"),
                                   .name = slice_text("Miến dong"),
                                   .owner = slice_text("HTX Tài Hoan"),
                                   .province = slice_text("06"),
                                   .council = slice_text("c"),
                                   .round = slice_text("2018-1"),
                                   .level = level_PROVINCE,
                                   .rule_set = slice_text("provisional-2018"),
                                   .rule_hash = slice_text(hash),
                                   .sum_hundredths = 27600,
                                   .members = 3,
                                   .star_by_points = 5,
                                   .has_gates = true,
                                   .gates = gates,
                                   .gates_count = 2,
                                   .term_months = 36 };
    struct slice sentence;
    struct envelope e;

    feed(f, "scoring", &product_rated_kind, "06", "r1", &rated);
    sign(f, "1/QĐ", &item, 1);
    assert_said(f, 0, "certification.recognition.refused.06", "code", "STAR_TOO_LOW");
    assert_said(f, 0, "certification.recognition.refused.06", "sentence",
                "product P1 was rated 0, with a mean of 92.00, having met gate or ground forged_papers, "
                "no_licence; below three stars there is no decision and no certificate (26/2026/QĐ-TTg "
                "Art. 4)");
    for (size_t i = 0; i < 40; i++)
        gates[i].code = slice_text("a_code_of_forty_letters_and_more_of_them");
    rated.gates_count = 40;
    feed(f, "scoring", &product_rated_kind, "06", "r2", &rated);
    sign(f, "1/QĐ", &(struct decision_item){ slice_text("P1"), slice_text("r2"), 5 }, 1);
    e = outcome(f, 0);
    assert_true(mp_text(mp_find(&e.data, "sentence"), &sentence));
    assert_non_null(memmem(sentence.data, sentence.size, "of_them, and more; below", 24));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_line_of_a_decision_gets_its_verdict, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(a_decision_is_taken_once, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(whole_decisions_fall_line_by_line, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(a_withdrawn_dossier_is_not_recognised, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(a_newer_certificate_supersedes_the_older, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(a_certificate_is_revoked_once, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(the_end_is_told_four_times_and_comes_once, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(a_refusal_below_three_stars_names_the_gates, open_with_law, close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
