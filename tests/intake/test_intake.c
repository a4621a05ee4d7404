/* The rules of intake, on plain structs. */
#include "common/clock.h"
#include "services/intake/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct evidence old_papers[] = { { .item = { "registration_form", 17 } },
                                              { .item = { "business_plan", 13 } },
                                              { .item = { "organisation", 12 } },
                                              { .item = { "business_registration", 21 } },
                                              { .item = { "samples", 7 } } };
static const struct evidence new_papers[] = { { .item = { "registration_form", 17 } },
                                              { .item = { "self_assessment", 15 } },
                                              { .item = { "commune_report", 14 } },
                                              { .item = { "commune_proposal", 16 } } };

static int32_t day(int year, int month, int day_of_month)
{
    return clock_day_from_civil(year, month, day_of_month);
}

static struct dossier_filed old_dossier(void)
{
    return (struct dossier_filed){ .reference = slice_text("BK-01"),
                                   .province = slice_text("06"),
                                   .has_kind = true,
                                   .kind = dossier_kind_FIRST,
                                   .has_product = true,
                                   .product = slice_text("Miến dong"),
                                   .has_owner = true,
                                   .owner = slice_text("HTX Tài Hoan"),
                                   .has_owner_kind = true,
                                   .owner_kind = owner_kind_COOPERATIVE,
                                   .has_district_code = true,
                                   .district_code = slice_text("066"),
                                   .has_commune_code = true,
                                   .commune_code = slice_text("02152"),
                                   .has_round = true,
                                   .round = slice_text("2018-1"),
                                   .has_rule_set = true,
                                   .rule_set = slice_text("provisional-2018"),
                                   .has_items = true,
                                   .items = old_papers,
                                   .items_count = 5 };
}

static struct dossier_filed new_dossier(void)
{
    struct dossier_filed d = old_dossier();

    d.has_district_code = false;
    d.district_code = slice_of(NULL, 0);
    d.rule_set = slice_text("QD26_2026");
    d.has_rubric = true;
    d.rubric = slice_text("qd-26-2026-06-che-bien-gao-ngu-coc");
    d.items = new_papers;
    d.items_count = 4;
    return d;
}

static bool has_gap(const struct intake_gaps *gaps, const char *code, const char *field)
{
    for (size_t i = 0; i < gaps->count; i++)
        if (slice_is(gaps->list[i].code, code) && slice_is(gaps->list[i].field, field)) return true;
    return false;
}

static void whole_dossiers_have_no_gap(void **state)
{
    struct dossier_filed d = old_dossier();
    struct intake_gaps gaps;

    (void)state;
    intake_find_gaps(&d, day(2018, 12, 1), &gaps);
    assert_int_equal(gaps.count, 0);
    d.rule_set = slice_text("QD1048");
    d.has_rubric = true;
    d.rubric = slice_text("qd-1048-2019-06-che-bien-gao-ngu-coc");
    intake_find_gaps(&d, day(2020, 1, 1), &gaps);
    assert_int_equal(gaps.count, 0);
    d = new_dossier();
    intake_find_gaps(&d, day(2026, 6, 1), &gaps);
    assert_int_equal(gaps.count, 0);
    d.rule_set = slice_text("QD148");
    d.has_rubric = false;
    intake_find_gaps(&d, day(2025, 8, 1), &gaps);
    assert_int_equal(gaps.count, 0);
    assert_int_equal(intake_check_gaps(&gaps, NULL), ERR_NONE);
}

static void every_gap_is_named_at_once(void **state)
{
    static const char *const fields[] = { "kind",         "product", "owner", "owner_kind",
                                          "commune_code", "round",   "rubric" };
    struct dossier_filed d = { .reference = slice_text("X"),
                               .province = slice_text("06"),
                               .has_rule_set = true,
                               .rule_set = slice_text("QD26_2026") };
    struct intake_gaps gaps;
    struct why why = { 0 };

    (void)state;
    intake_find_gaps(&d, day(2026, 6, 1), &gaps);
    assert_int_equal(gaps.count, 11);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_true(has_gap(&gaps, "FIELD_MISSING", fields[i]));
    for (size_t i = 0; i < 4; i++) {
        char item[32];

        snprintf(item, sizeof item, "%.*s", SLICE_ARG(new_papers[i].item));
        assert_true(has_gap(&gaps, "ITEM_MISSING", item));
    }
    assert_int_equal(intake_check_gaps(&gaps, &why), ERR_INVALID);
    assert_string_equal(why.code, "GAPS");
    assert_non_null(strstr(why.sentence, "11 gaps"));
    assert_non_null(strstr(why.sentence, "commune_proposal"));
}

static void single_gaps_have_their_codes(void **state)
{
    struct intake_gaps gaps;
    struct dossier_filed d;

    (void)state;
    d = old_dossier();
    d.has_district_code = false;
    intake_find_gaps(&d, day(2025, 6, 30), &gaps);
    assert_int_equal(gaps.count, 1);
    assert_true(has_gap(&gaps, "FIELD_MISSING", "district_code"));

    d = new_dossier();
    d.has_district_code = true;
    d.district_code = slice_text("066");
    intake_find_gaps(&d, day(2025, 7, 1), &gaps);
    assert_int_equal(gaps.count, 1);
    assert_true(has_gap(&gaps, "FIELD_ABOLISHED", "district_code"));

    d = old_dossier();
    d.commune_code = slice_text("0215x");
    d.district_code = slice_text("-66");
    d.product = slice_text(" \t ");
    intake_find_gaps(&d, day(2018, 12, 1), &gaps);
    assert_int_equal(gaps.count, 3);
    assert_true(has_gap(&gaps, "FIELD_FORMAT", "commune_code"));
    assert_true(has_gap(&gaps, "FIELD_FORMAT", "district_code"));
    assert_true(has_gap(&gaps, "FIELD_MISSING", "product"));

    d = old_dossier();
    d.rule_set = slice_text("QD9999");
    intake_find_gaps(&d, day(2018, 12, 1), &gaps);
    assert_int_equal(gaps.count, 1);
    assert_true(has_gap(&gaps, "RULE_SET_UNKNOWN", "rule_set"));

    d = new_dossier();
    d.rubric = slice_text("qd-1048-2019-14-ca-phe-ca-cao");
    intake_find_gaps(&d, day(2026, 6, 1), &gaps);
    assert_int_equal(gaps.count, 1);
    assert_true(has_gap(&gaps, "RUBRIC_OTHER", "rubric"));
}

static void a_tour_needs_no_samples(void **state)
{
    struct dossier_filed d = old_dossier();
    struct intake_gaps gaps;

    (void)state;
    d.rule_set = slice_text("QD1048");
    d.items_count = 4;
    d.has_rubric = true;
    d.rubric = slice_text("qd-1048-2019-26-du-lich-cong-dong");
    intake_find_gaps(&d, day(2020, 1, 1), &gaps);
    assert_int_equal(gaps.count, 0);
    d.rubric = slice_text("qd-1048-2019-14-ca-phe-ca-cao");
    intake_find_gaps(&d, day(2020, 1, 1), &gaps);
    assert_int_equal(gaps.count, 1);
    assert_true(has_gap(&gaps, "ITEM_MISSING", "samples"));
}

static void references_and_rounds_are_used_once(void **state)
{
    const struct dossier_filed d = old_dossier();
    struct why why = { 0 };

    (void)state;
    assert_int_equal(intake_check_reference(&d, slice_text("06"), false, &why), ERR_NONE);
    assert_int_equal(intake_check_reference(&d, slice_text("24"), false, &why), ERR_INVALID);
    assert_string_equal(why.code, "WRONG_PROVINCE");
    why_clear(&why);
    assert_int_equal(intake_check_reference(&d, slice_text("06"), true, &why), ERR_INVALID);
    assert_string_equal(why.code, "REFERENCE_USED");
    why_clear(&why);
    assert_int_equal(intake_check_round(&d, slice_text("P"), slice_text(""), &why), ERR_NONE);
    assert_int_equal(intake_check_round(&d, slice_text("P"), slice_text("BK-00"), &why), ERR_INVALID);
    assert_string_equal(why.code, "DUPLICATE_IN_ROUND");
    assert_non_null(strstr(why.sentence, "BK-00"));
}

static void plans_stand_once_for_their_years(void **state)
{
    struct plan_filed plan = { .province = slice_text("06"), .year_from = 2018, .year_to = 2020 };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(intake_check_plan(&plan, slice_text("06"), false, &why), ERR_NONE);
    assert_int_equal(intake_check_plan(&plan, slice_text("06"), true, &why), ERR_INVALID);
    assert_string_equal(why.code, "PLAN_DUPLICATE");
    why_clear(&why);
    assert_int_equal(intake_check_plan(&plan, slice_text("24"), false, &why), ERR_INVALID);
    assert_string_equal(why.code, "WRONG_PROVINCE");
    why_clear(&why);
    plan.year_to = 2017;
    assert_int_equal(intake_check_plan(&plan, slice_text("06"), false, &why), ERR_INVALID);
    assert_string_equal(why.code, "PLAN_YEARS");
}

static void reports_are_late_from_their_day_on(void **state)
{
    const struct report_filed report = { .province = slice_text("06"),
                                         .period_end = day(2018, 12, 31),
                                         .has_due_before = true,
                                         .due_before = day(2019, 1, 10) };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(intake_check_report(&report, slice_text("06"), day(2018, 12, 30), false, &why),
                     ERR_INVALID);
    assert_string_equal(why.code, "PERIOD_OPEN");
    why_clear(&why);
    assert_int_equal(intake_check_report(&report, slice_text("06"), day(2018, 12, 31), false, &why),
                     ERR_NONE);
    assert_int_equal(intake_check_report(&report, slice_text("06"), day(2019, 1, 5), true, &why),
                     ERR_INVALID);
    assert_string_equal(why.code, "REPORT_DUPLICATE");
    assert_false(intake_report_late(&report, day(2019, 1, 9)));
    assert_true(intake_report_late(&report, day(2019, 1, 10)));
}

static void codes_change_their_form_with_the_districts(void **state)
{
    char code[INTAKE_CODE_BYTES];
    int64_t serial = 0, year = 0;

    (void)state;
    intake_product_code(day(2025, 6, 30), slice_text("83"), slice_text("829"), slice_text("28780"), 3, code);
    assert_string_equal(code, "83-829-28780-3-2025");
    assert_true(intake_code_parts(slice_text(code), &serial, &year));
    assert_int_equal(serial, 3);
    assert_int_equal(year, 2025);
    intake_product_code(day(2025, 7, 1), slice_text("83"), slice_of(NULL, 0), slice_text("28780"), 12, code);
    assert_string_equal(code, "83-28780-12-2025");
    assert_true(intake_code_parts(slice_text(code), &serial, &year));
    assert_int_equal(serial, 12);
    assert_false(intake_code_parts(slice_text("83"), &serial, &year));
    assert_false(intake_code_parts(slice_text("83-x-2025"), &serial, &year));
}

static void supplements_need_an_open_dossier_and_a_change(void **state)
{
    struct intake_dossier d = { .province = slice_text("06"), .version = 1 };
    const struct slice id = slice_text("id"), name = slice_text("a"), none = slice_text("");
    struct why why = { 0 };

    (void)state;
    assert_int_equal(intake_check_open(NULL, id, slice_text("06"), &why), ERR_INVALID);
    assert_string_equal(why.code, "NOT_YET");
    why_clear(&why);
    assert_int_equal(intake_check_open(&d, id, slice_text("24"), &why), ERR_INVALID);
    assert_string_equal(why.code, "WRONG_PROVINCE");
    why_clear(&why);
    assert_int_equal(intake_check_open(&d, id, slice_text("06"), &why), ERR_NONE);
    d.rated = true;
    assert_int_equal(intake_check_open(&d, id, slice_text("06"), &why), ERR_INVALID);
    assert_string_equal(why.code, "RATED");
    why_clear(&why);
    d.withdrawn = true;
    assert_int_equal(intake_check_open(&d, id, slice_text("06"), &why), ERR_INVALID);
    assert_string_equal(why.code, "WITHDRAWN");
    why_clear(&why);
    assert_int_equal(intake_check_supplement(&d, name, name, false, none, &why), ERR_INVALID);
    assert_string_equal(why.code, "NOTHING_CHANGED");
    why_clear(&why);
    assert_int_equal(intake_check_supplement(&d, name, name, true, slice_text("P"), &why), ERR_INVALID);
    assert_string_equal(why.code, "PRODUCT_EXISTS");
    why_clear(&why);
    assert_int_equal(intake_check_supplement(&d, slice_text("  "), name, true, none, &why), ERR_INVALID);
    assert_string_equal(why.code, "NAME_MISSING");
    why_clear(&why);
    d.version = INTAKE_VERSIONS_MAX;
    assert_int_equal(intake_check_supplement(&d, name, name, true, none, &why), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_dossiers_have_no_gap),
        cmocka_unit_test(every_gap_is_named_at_once),
        cmocka_unit_test(single_gaps_have_their_codes),
        cmocka_unit_test(a_tour_needs_no_samples),
        cmocka_unit_test(references_and_rounds_are_used_once),
        cmocka_unit_test(plans_stand_once_for_their_years),
        cmocka_unit_test(reports_are_late_from_their_day_on),
        cmocka_unit_test(codes_change_their_form_with_the_districts),
        cmocka_unit_test(supplements_need_an_open_dossier_and_a_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
