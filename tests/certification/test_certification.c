/* The rules of certification, on plain structs. */
#include "common/clock.h"
#include "services/certification/certification.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int32_t day(int year, int month, int day_of_month)
{
    return clock_day_from_civil(year, month, day_of_month);
}

static struct decision_signed a_decision(void)
{
    return (struct decision_signed){ .number = slice_text("1/QĐ-UBND"),
                                     .signed_on = day(2018, 12, 16),
                                     .authority = authority_PROVINCE,
                                     .province = slice_text("06") };
}

static struct rating a_rating(void)
{
    return (struct rating){ .rated = slice_text("r1"),
                            .reference = slice_text("BK-01"),
                            .product = slice_text("P1"),
                            .province = slice_text("06"),
                            .authority = slice_text("province"),
                            .star = 4,
                            .sum_hundredths = 21600,
                            .members = 3,
                            .term_months = 36 };
}

static const struct decision_item an_item = { .product = { "P1", 2 }, .rated = { "r1", 2 }, .star = 4 };

static void means_are_never_rounded_up(void **state)
{
    char text[CERTIFICATION_MEAN_BYTES];

    (void)state;
    certification_mean(14850, 3, text);
    assert_string_equal(text, "49.50");
    certification_mean(20999, 3, text);
    assert_string_equal(text, "69.99 (exactly 209.99 / 3)");
    certification_mean(5, 1, text);
    assert_string_equal(text, "0.05");
}

static void each_line_has_its_own_reason(void **state)
{
    /* what is changed in a good line, and the code that must come of it */
    enum change { NOTHING, UNKNOWN, PRODUCT, PROVINCE, TAKEN_BACK, TWICE, LOW, STAR, SIGNER };
    static const struct {
        enum change change;
        const char *code;
    } cases[] = {
        { NOTHING, "" },
        { UNKNOWN, "NOT_YET" },
        { PRODUCT, "WRONG_PRODUCT" },
        { PROVINCE, "WRONG_PROVINCE" },
        { TAKEN_BACK, "WITHDRAWN" },
        { TWICE, "DECIDED_TWICE" },
        { LOW, "STAR_TOO_LOW" },
        { STAR, "WRONG_STAR" },
        { SIGNER, "WRONG_AUTHORITY" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const enum change c = cases[i].change;
        const struct decision_signed decision = a_decision();
        struct rating rating = a_rating();
        struct why why = { 0 };
        enum err e;

        if (c == PRODUCT) rating.product = slice_text("P2");
        if (c == PROVINCE) rating.province = slice_text("24");
        if (c == TAKEN_BACK) rating.withdrawn = true;
        if (c == TWICE) rating.recognised = true;
        if (c == STAR) rating.star = 3;
        if (c == SIGNER) rating.authority = slice_text("ministry");
        if (c == LOW) {
            rating.star = 2;
            rating.sum_hundredths = 14850;
            rating.authority = slice_text("");
        }
        e = certification_check_line(&decision, &an_item, c == UNKNOWN ? NULL : &rating, &why);
        assert_int_equal(e, c == NOTHING ? ERR_NONE : ERR_INVALID);
        assert_string_equal(why.code, cases[i].code);
        if (c == LOW) assert_non_null(strstr(why.sentence, "49.50"));
        if (c == STAR) assert_non_null(strstr(why.sentence, "72.00"));
    }
}

static void the_ministry_recognises_in_every_province(void **state)
{
    const struct decision_item item = { .product = { "P1", 2 }, .rated = { "r1", 2 }, .star = 5 };
    struct decision_signed decision = a_decision();
    struct rating rating = a_rating();
    struct why why = { 0 };

    (void)state;
    decision.authority = authority_MINISTRY;
    decision.province = slice_text("00");
    rating.star = 5;
    rating.authority = slice_text("ministry");
    assert_int_equal(
        certification_check_decision(&decision, slice_text("00"), day(2018, 12, 16), false, &why), ERR_NONE);
    assert_int_equal(certification_check_line(&decision, &item, &rating, &why), ERR_NONE);
    decision.province = slice_text("06");
    assert_int_equal(
        certification_check_decision(&decision, slice_text("06"), day(2018, 12, 16), false, &why),
        ERR_INVALID);
    assert_string_equal(why.code, "WRONG_PROVINCE");
}

static void a_decision_can_fall_as_a_whole(void **state)
{
    struct decision_signed decision = a_decision();
    struct why why = { 0 };

    (void)state;
    assert_int_equal(
        certification_check_decision(&decision, slice_text("06"), day(2018, 12, 16), false, &why), ERR_NONE);
    assert_int_equal(
        certification_check_decision(&decision, slice_text("24"), day(2018, 12, 16), false, &why),
        ERR_INVALID);
    assert_string_equal(why.code, "WRONG_PROVINCE");
    why_clear(&why);
    assert_int_equal(
        certification_check_decision(&decision, slice_text("06"), day(2018, 12, 15), false, &why),
        ERR_INVALID);
    assert_string_equal(why.code, "DECISION_DATE");
    why_clear(&why);
    assert_int_equal(certification_check_decision(&decision, slice_text("06"), day(2018, 12, 16), true, &why),
                     ERR_INVALID);
    assert_string_equal(why.code, "DECISION_DUPLICATE");
    why_clear(&why);
    decision.has_issued_on = true;
    decision.issued_on = day(2018, 12, 15);
    assert_int_equal(
        certification_check_decision(&decision, slice_text("06"), day(2018, 12, 16), false, &why),
        ERR_INVALID);
    assert_string_equal(why.code, "DECISION_DATE");
}

static void withdrawals_need_the_issuer_and_a_valid_certificate(void **state)
{
    struct revocation_decided decided = { .number = slice_text("2/QĐ-UBND"),
                                          .signed_on = day(2019, 5, 1),
                                          .authority = authority_PROVINCE,
                                          .province = slice_text("06"),
                                          .certificate = slice_text("OCOP-06-2018-0001") };
    struct certificate c = { .certificate = slice_text("OCOP-06-2018-0001"),
                             .province = slice_text("06"),
                             .authority = slice_text("province"),
                             .state = slice_text("valid"),
                             .issued_on = day(2018, 12, 16) };
    const struct slice here = slice_text("06");
    struct why why = { 0 };

    (void)state;
    assert_int_equal(certification_check_revocation(&decided, here, day(2019, 5, 1), &c, &why), ERR_NONE);
    assert_int_equal(certification_check_revocation(&decided, here, day(2019, 5, 1), NULL, &why),
                     ERR_INVALID);
    assert_string_equal(why.code, "UNKNOWN_CERTIFICATE");
    why_clear(&why);
    assert_int_equal(certification_check_revocation(&decided, here, day(2019, 4, 30), &c, &why), ERR_INVALID);
    assert_string_equal(why.code, "DECISION_DATE");
    why_clear(&why);
    c.state = slice_text("expired");
    assert_int_equal(certification_check_revocation(&decided, here, day(2019, 5, 1), &c, &why), ERR_INVALID);
    assert_string_equal(why.code, "NOT_VALID");
    why_clear(&why);
    c.state = slice_text("valid");
    c.authority = slice_text("ministry");
    assert_int_equal(certification_check_revocation(&decided, here, day(2019, 5, 1), &c, &why), ERR_INVALID);
    assert_string_equal(why.code, "WRONG_AUTHORITY");
    why_clear(&why);
    c.province = slice_text("24");
    assert_int_equal(certification_check_revocation(&decided, here, day(2019, 5, 1), &c, &why), ERR_INVALID);
    assert_string_equal(why.code, "WRONG_PROVINCE");
}

static void what_a_district_issued_the_province_withdraws_later(void **state)
{
    struct revocation_decided decided = { .signed_on = day(2025, 6, 30),
                                          .authority = authority_DISTRICT,
                                          .province = slice_text("89") };
    const struct certificate c = { .province = slice_text("89"),
                                   .authority = slice_text("district"),
                                   .state = slice_text("valid"),
                                   .issued_on = day(2024, 1, 1) };

    (void)state;
    assert_int_equal(certification_check_revocation(&decided, slice_text("89"), day(2025, 7, 1), &c, NULL),
                     ERR_NONE);
    decided.signed_on = day(2025, 7, 1);
    assert_int_equal(certification_check_revocation(&decided, slice_text("89"), day(2025, 7, 1), &c, NULL),
                     ERR_INVALID);
    decided.authority = authority_PROVINCE;
    assert_int_equal(certification_check_revocation(&decided, slice_text("89"), day(2025, 7, 1), &c, NULL),
                     ERR_NONE);
}

static void notices_fall_on_four_days(void **state)
{
    const int32_t end = day(2021, 12, 16);
    int32_t left = 0;
    int told = 0;

    (void)state;
    for (int32_t d = end - 400; d <= end + 10; d++) {
        if (!certification_notice_due(end, d, &left)) continue;
        assert_int_equal(left, end - d);
        told++;
    }
    assert_int_equal(told, 4);
}

static void numbers_can_be_read_back(void **state)
{
    char number[CERTIFICATION_NUMBER_BYTES];
    int64_t year = 0, serial = 0;

    (void)state;
    certification_number(slice_text("06"), 2018, 37, number);
    assert_string_equal(number, "OCOP-06-2018-0037");
    assert_true(certification_number_parts(slice_text(number), &year, &serial));
    assert_int_equal(year, 2018);
    assert_int_equal(serial, 37);
    certification_number(slice_text("06"), 2018, 12345, number);
    assert_true(certification_number_parts(slice_text(number), &year, &serial));
    assert_int_equal(serial, 12345);
    assert_false(certification_number_parts(slice_text("OCOP-06-2018-"), &year, &serial));
    assert_false(certification_number_parts(slice_text("OCOP-06-2018-00x1"), &year, &serial));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_are_never_rounded_up),
        cmocka_unit_test(each_line_has_its_own_reason),
        cmocka_unit_test(the_ministry_recognises_in_every_province),
        cmocka_unit_test(a_decision_can_fall_as_a_whole),
        cmocka_unit_test(withdrawals_need_the_issuer_and_a_valid_certificate),
        cmocka_unit_test(what_a_district_issued_the_province_withdraws_later),
        cmocka_unit_test(notices_fall_on_four_days),
        cmocka_unit_test(numbers_can_be_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
