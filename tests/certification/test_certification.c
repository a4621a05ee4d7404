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
                            .rule_set = slice_text("QD1048"),
                            .level = level_PROVINCE,
                            .has_met_on = true,
                            .met_on = day(2018, 12, 16),
                            .star = 4,
                            .sum_hundredths = 21600,
                            .members = 3 };
}

static const struct signer the_province = {
    .known = true, .named = true, .authority = authority_PROVINCE, .term_months = 36
};

/* What areas say of a code: nothing, that it ended, that there is none. */
static const struct area there = { .known = false };
static const struct area merged = { .merged_into = { "19", 2 }, .merged_on = 20270 };
static const struct area nowhere = { .adopted = true };

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
    enum change_made {
        NOTHING,
        UNKNOWN,
        PRODUCT,
        PROVINCE,
        TAKEN_BACK,
        TWICE,
        LATER,
        LOW,
        GATES,
        STAR,
        EARLY,
        NO_RULES,
        NO_TERM,
        NOBODY,
        SIGNER
    };
    static const struct {
        enum change_made change;
        const char *code;
    } cases[] = {
        { NOTHING, "" },
        { UNKNOWN, "NOT_YET" },
        { PRODUCT, "WRONG_PRODUCT" },
        { PROVINCE, "WRONG_PROVINCE" },
        { TAKEN_BACK, "WITHDRAWN" },
        { TWICE, "DECIDED_TWICE" },
        { LATER, "RATING_SUPERSEDED" },
        { LOW, "STAR_TOO_LOW" },
        { GATES, "STAR_TOO_LOW" },
        { STAR, "WRONG_STAR" },
        { EARLY, "DECISION_DATE" },
        { NO_RULES, "RULE_SET_UNKNOWN" },
        { NO_TERM, "RULE_SET_UNKNOWN" },
        { NOBODY, "WRONG_AUTHORITY" },
        { SIGNER, "WRONG_AUTHORITY" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const enum change_made c = cases[i].change;
        const struct decision_signed decision = a_decision();
        struct signer signer = the_province;
        struct rating rating = a_rating();
        struct why why = { 0 };
        enum err e;

        if (c == TAKEN_BACK) rating.withdrawn = true;
        if (c == TWICE) rating.recognised = true;
        if (c == LATER) rating.later = slice_text("r2");
        if (c == STAR) rating.star = 3;
        if (c == NO_RULES) signer.known = signer.named = false;
        if (c == NO_TERM) signer.term_months = -1;
        if (c == NOBODY) signer.named = false;
        if (c == SIGNER) signer.authority = authority_MINISTRY;
        if (c == EARLY) rating.met_on = decision.signed_on + 1;
        if (c == GATES) {
            rating.star = 0;
            rating.gates = slice_text("no_licence, not_vietnamese");
        }
        if (c == LOW) {
            rating.star = 2;
            rating.sum_hundredths = 14850;
        }
        e = certification_check_line(&decision, &an_item, slice_text(c == PRODUCT ? "P2" : "P1"),
                                     c == UNKNOWN ? NULL : &rating, c != PROVINCE, &signer, &why);
        assert_int_equal(e, c == NOTHING ? ERR_NONE : ERR_INVALID);
        assert_string_equal(why.code, cases[i].code);
        if (c == LOW) assert_non_null(strstr(why.sentence, "49.50"));
        if (c == LOW) assert_null(strstr(why.sentence, "gate"));
        if (c == GATES)
            assert_non_null(strstr(why.sentence, "met gate or ground no_licence, not_vietnamese"));
        if (c == EARLY) assert_non_null(strstr(why.sentence, "2018-12-17"));
        if (c == STAR) assert_non_null(strstr(why.sentence, "72.00"));
        if (c == LATER) assert_non_null(strstr(why.sentence, "r2"));
        if (c == NO_RULES) assert_non_null(strstr(why.sentence, "propose"));
    }
}

static void the_ministry_recognises_in_every_province(void **state)
{
    const struct decision_item item = { .product = { "P1", 2 }, .rated = { "r1", 2 }, .star = 5 };
    struct decision_signed decision = a_decision();
    struct signer signer = the_province;
    struct rating rating = a_rating();
    struct why why = { 0 };

    (void)state;
    decision.authority = authority_MINISTRY;
    decision.province = slice_text("00");
    rating.star = 5;
    signer.authority = authority_MINISTRY;
    assert_int_equal(
        certification_check_decision(&decision, slice_text("00"), &there, day(2018, 12, 16), false, &why),
        ERR_NONE);
    assert_int_equal(
        certification_check_line(&decision, &item, slice_text("P1"), &rating, false, &signer, &why),
        ERR_NONE);
    decision.province = slice_text("06");
    assert_int_equal(
        certification_check_decision(&decision, slice_text("06"), &there, day(2018, 12, 16), false, &why),
        ERR_INVALID);
    assert_string_equal(why.code, "WRONG_PROVINCE");
}

static void a_decision_can_fall_as_a_whole(void **state)
{
    struct decision_signed decision = a_decision();
    struct why why = { 0 };

    (void)state;
    assert_int_equal(
        certification_check_decision(&decision, slice_text("06"), &there, day(2018, 12, 16), false, &why),
        ERR_NONE);
    assert_int_equal(
        certification_check_decision(&decision, slice_text("24"), &there, day(2018, 12, 16), false, &why),
        ERR_INVALID);
    assert_string_equal(why.code, "WRONG_PROVINCE");
    why_clear(&why);
    assert_int_equal(
        certification_check_decision(&decision, slice_text("06"), &there, day(2018, 12, 15), false, &why),
        ERR_INVALID);
    assert_string_equal(why.code, "DECISION_DATE");
    why_clear(&why);
    assert_int_equal(
        certification_check_decision(&decision, slice_text("06"), &there, day(2018, 12, 16), true, &why),
        ERR_INVALID);
    assert_string_equal(why.code, "DECISION_DUPLICATE");
    why_clear(&why);
    assert_int_equal(
        certification_check_decision(&decision, slice_text("06"), &merged, day(2018, 12, 16), false, &why),
        ERR_INVALID);
    assert_string_equal(why.code, "PROVINCE_MERGED");
    assert_string_equal(why.sentence, "06 became part of 19 on 2025-07-01; file as 19");
    why_clear(&why);
    decision.has_issued_on = true;
    decision.issued_on = day(2018, 12, 15);
    assert_int_equal(
        certification_check_decision(&decision, slice_text("06"), &there, day(2018, 12, 16), false, &why),
        ERR_INVALID);
    assert_string_equal(why.code, "DECISION_DATE");
}

static struct certificate a_certificate(void)
{
    return (struct certificate){ .certificate = slice_text("OCOP-06-2018-0001"),
                                 .province = slice_text("06"),
                                 .authority = authority_PROVINCE,
                                 .facts = { .issued_on = day(2018, 12, 16), .ends_on = day(2021, 12, 16) } };
}

static void withdrawals_need_the_issuer_and_a_valid_certificate(void **state)
{
    enum change_made {
        NOTHING,
        UNKNOWN,
        AHEAD,
        BEFORE,
        PROVINCE,
        ENDED,
        REPLACED,
        WITHDRAWN,
        SIGNER,
        TOPIC,
        MERGED
    };
    static const struct {
        enum change_made change;
        const char *code;
    } cases[] = {
        { NOTHING, "" },
        { UNKNOWN, "UNKNOWN_CERTIFICATE" },
        { AHEAD, "DECISION_DATE" },
        { BEFORE, "DECISION_DATE" },
        { PROVINCE, "WRONG_PROVINCE" },
        { ENDED, "NOT_VALID" },
        { REPLACED, "NOT_VALID" },
        { WITHDRAWN, "NOT_VALID" },
        { SIGNER, "WRONG_AUTHORITY" },
        { TOPIC, "WRONG_PROVINCE" },
        { MERGED, "PROVINCE_MERGED" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const enum change_made c = cases[i].change;
        const int32_t signed_on = c == BEFORE  ? day(2018, 12, 15)
                                  : c == ENDED ? day(2021, 12, 17)
                                               : day(2019, 5, 1);
        const struct revocation_decided decided = { .number = slice_text("2/QĐ-UBND"),
                                                    .signed_on = signed_on,
                                                    .authority = authority_PROVINCE,
                                                    .province = slice_text("06"),
                                                    .certificate = slice_text("OCOP-06-2018-0001") };
        struct certificate certificate = a_certificate();
        struct why why = { 0 };

        if (c == REPLACED) {
            certificate.facts.leaving = LEAVING_SUPERSEDED;
            certificate.facts.left_on = day(2019, 5, 1);
        }
        if (c == WITHDRAWN) certificate.withdrawn = true;
        assert_int_equal(certification_check_revocation(
                             &decided, slice_text(c == TOPIC ? "24" : "06"), c == MERGED ? &merged : &there,
                             c == AHEAD ? signed_on - 1 : signed_on, c == UNKNOWN ? NULL : &certificate,
                             c != PROVINCE, c == SIGNER ? authority_MINISTRY : authority_PROVINCE, &why),
                         c == NOTHING ? ERR_NONE : ERR_INVALID);
        assert_string_equal(why.code, cases[i].code);
    }
}

static void a_finding_needs_a_certificate_in_force_and_a_time_limit(void **state)
{
    enum change_made {
        NOTHING,
        TOPIC,
        AHEAD,
        UNKNOWN,
        PROVINCE,
        NATIONAL,
        BEFORE,
        ENDED,
        OPEN,
        NO_RULES,
        SILENT,
        MERGED
    };
    static const struct {
        enum change_made change;
        const char *code;
    } cases[] = {
        { NOTHING, "" },
        { TOPIC, "WRONG_PROVINCE" },
        { AHEAD, "DATE_FUTURE" },
        { UNKNOWN, "UNKNOWN_CERTIFICATE" },
        { PROVINCE, "WRONG_PROVINCE" },
        { NATIONAL, "" },
        { BEFORE, "DECISION_DATE" },
        { ENDED, "NOT_VALID" },
        { OPEN, "FINDING_DUPLICATE" },
        { NO_RULES, "RULE_SET_UNKNOWN" },
        { SILENT, "NO_TIME_LIMIT" },
        { MERGED, "PROVINCE_MERGED" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const enum change_made c = cases[i].change;
        const struct slice said = slice_text(c == NATIONAL ? "00" : "06");
        const struct finding_filed filed = { .province = said,
                                             .certificate = slice_text("OCOP-06-2018-0001"),
                                             .found_on = c == BEFORE  ? day(2018, 12, 15)
                                                         : c == ENDED ? day(2021, 12, 17)
                                                                      : day(2021, 12, 16) };
        const struct rule_set rules = { .withdrawal_days = c == SILENT ? -1 : 15 };
        const struct certificate certificate = a_certificate();
        struct why why = { 0 };

        assert_int_equal(certification_check_finding(
                             &filed, c == TOPIC ? slice_text("24") : said, c == MERGED ? &merged : &there,
                             filed.found_on - (c == AHEAD ? 1 : 0), c == UNKNOWN ? NULL : &certificate,
                             c != PROVINCE && c != NATIONAL, c == OPEN, c == NO_RULES ? NULL : &rules, &why),
                         cases[i].code[0] ? ERR_INVALID : ERR_NONE);
        assert_string_equal(why.code, cases[i].code);
    }
}

static void recorded_certificates_have_their_reasons_too(void **state)
{
    enum change_made {
        NOTHING,
        TOPIC,
        NATIONAL,
        AHEAD,
        ENDS,
        SAME_DAY,
        NO_RULES,
        NOBODY,
        TWICE,
        MERGED,
        WHERE
    };
    static const struct {
        enum change_made change;
        const char *code;
    } cases[] = {
        { NOTHING, "" },
        { TOPIC, "WRONG_PROVINCE" },
        { NATIONAL, "WRONG_PROVINCE" },
        { AHEAD, "DATE_FUTURE" },
        { ENDS, "ENDS_BEFORE" },
        { SAME_DAY, "" },
        { NO_RULES, "RULE_SET_UNKNOWN" },
        { NOBODY, "AUTHORITY_UNKNOWN" },
        { TWICE, "RECORD_DUPLICATE" },
        { MERGED, "PROVINCE_MERGED" },
        { WHERE, "PROVINCE_UNKNOWN" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const enum change_made c = cases[i].change;
        const int32_t first = day(2022, 10, 10);
        const struct slice said = slice_text(c == NATIONAL ? "00" : "89");
        const struct record_filed filed = { .province = said,
                                            .star = 4,
                                            .issued_on = first,
                                            .has_ends_on = c == ENDS || c == SAME_DAY,
                                            .ends_on = c == ENDS ? first - 1 : first };
        const struct rule_set rules = { .name = slice_text("QD1048"), .term_months = 36 };
        struct signer signer = the_province;
        struct why why = { 0 };

        signer.named = c != NOBODY;
        assert_int_equal(certification_check_record(&filed, c == TOPIC ? slice_text("06") : said,
                                                    c == MERGED  ? &merged
                                                    : c == WHERE ? &nowhere
                                                                 : &there,
                                                    c == AHEAD ? first - 1 : first,
                                                    c == NO_RULES ? NULL : &rules, &signer,
                                                    slice_text(c == TWICE ? "GHI-89-2022-0001" : ""), &why),
                         cases[i].code[0] ? ERR_INVALID : ERR_NONE);
        assert_string_equal(why.code, cases[i].code);
    }
}

/* The window of 26/2026/QĐ-TTg closes 120 days before the end; the rule set began on 22/05/2026. */
static void only_a_window_that_had_closed_before_extends(void **state)
{
    const int32_t began = day(2026, 5, 22), filed = day(2026, 6, 1);
    const struct rule_set rules = { .first_day = began, .window_closes_days = 120, .extension_days = 180 };
    const struct rule_set silent = { .first_day = began, .window_closes_days = 120, .extension_days = -1 };
    struct status_facts facts = { .issued_on = day(2023, 6, 15), .ends_on = day(2026, 6, 15) };
    struct status_extension first = { .to = facts.ends_on + 90 },
                            second = { .to = facts.ends_on + 90, .earlier = &first };
    int32_t to = 0;

    (void)state;
    assert_true(certification_extension(&rules, &facts, filed, &to));
    assert_int_equal(to, facts.ends_on + 180);
    assert_true(certification_extension(&rules, &facts, facts.ends_on + 180, &to));
    assert_false(certification_extension(&rules, &facts, facts.ends_on + 181, &to));
    assert_false(certification_extension(&silent, &facts, filed, &to));
    facts.ends_on = began + 119; /* the window's last day was the day before */
    assert_true(certification_extension(&rules, &facts, filed, &to));
    facts.ends_on = began + 120; /* it was open on the first day */
    assert_false(certification_extension(&rules, &facts, filed, &to));
    facts.ends_on = began;
    assert_true(certification_extension(&rules, &facts, filed, &to));
    facts.ends_on = began - 1; /* what had ended is not brought back */
    assert_false(certification_extension(&rules, &facts, filed, &to));
    facts.ends_on = day(2026, 6, 15);
    facts.extension = &second; /* again, to the same day, whatever the rules say by then */
    assert_true(certification_extension(&silent, &facts, filed, &to));
    assert_int_equal(to, facts.ends_on + 90);
    assert_true(certification_extension(&rules, &facts, facts.ends_on + 90, &to));
    assert_false(certification_extension(&rules, &facts, facts.ends_on + 91, &to));
    first.rated = true;
    assert_false(certification_extension(&rules, &facts, filed, &to));
    facts.extension = NULL;
    facts.leaving = LEAVING_WITHDRAWN;
    assert_false(certification_extension(&rules, &facts, filed, &to));
    assert_int_equal(certification_extension_from(facts.ends_on, facts.ends_on), facts.ends_on + 1);
    assert_int_equal(certification_extension_from(facts.ends_on, facts.ends_on + 1), facts.ends_on + 1);
    assert_int_equal(certification_extension_from(facts.ends_on, facts.ends_on + 9), facts.ends_on + 9);
}

static void a_near_end_is_told_from_the_longest_notice_on(void **state)
{
    const int32_t end = day(2021, 12, 16);

    (void)state;
    assert_false(certification_end_is_near(end, end - 181, 180));
    assert_true(certification_end_is_near(end, end - 180, 180));
    assert_true(certification_end_is_near(end, end, 180));
    assert_false(certification_end_is_near(end, end + 1, 180));
    assert_false(certification_end_is_near(end, end, -1));
}

static void stars_tell_what_a_new_certificate_is_to_the_old(void **state)
{
    (void)state;
    assert_int_equal(certification_change(3, 4), change_UPGRADED);
    assert_int_equal(certification_change(4, 4), change_RENEWED);
    assert_int_equal(certification_change(4, 3), change_LOWERED);
}

static void numbers_can_be_read_back(void **state)
{
    char number[CERTIFICATION_NUMBER_BYTES];
    int64_t year = 0, serial = 0;

    (void)state;
    certification_number(false, slice_text("06"), 2018, 37, number);
    assert_string_equal(number, "OCOP-06-2018-0037");
    assert_true(certification_number_parts(slice_text(number), &year, &serial));
    assert_int_equal(year, 2018);
    assert_int_equal(serial, 37);
    certification_number(false, slice_text("06"), 2018, 12345, number);
    assert_true(certification_number_parts(slice_text(number), &year, &serial));
    assert_int_equal(serial, 12345);
    certification_number(true, slice_text("89"), 2022, 7, number);
    assert_string_equal(number, "GHI-89-2022-0007");
    assert_true(certification_number_parts(slice_text(number), &year, &serial));
    assert_int_equal(year, 2022);
    assert_int_equal(serial, 7);
    assert_false(certification_number_parts(slice_text("GHI-89-2022-"), &year, &serial));
    assert_false(certification_number_parts(slice_text("OCOP"), &year, &serial));
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
        cmocka_unit_test(a_finding_needs_a_certificate_in_force_and_a_time_limit),
        cmocka_unit_test(recorded_certificates_have_their_reasons_too),
        cmocka_unit_test(only_a_window_that_had_closed_before_extends),
        cmocka_unit_test(a_near_end_is_told_from_the_longest_notice_on),
        cmocka_unit_test(stars_tell_what_a_new_certificate_is_to_the_old),
        cmocka_unit_test(numbers_can_be_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
