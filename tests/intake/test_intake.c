/* The rules of intake, on plain structs. */
#include "common/clock.h"
#include "services/intake/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int32_t day(int year, int month, int day_of_month)
{
    return clock_day_from_civil(year, month, day_of_month);
}

static void references_and_rounds_are_used_once(void **state)
{
    const struct dossier_filed d = { .reference = slice_text("BK-01"),
                                     .province = slice_text("06"),
                                     .round = slice_text("2018-1") };
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

static void codes_have_two_forms(void **state)
{
    static const char *const others[] = { "83",
                                          "83-x-2025",
                                          "83-28780-3",
                                          "83-28780-x-2025",
                                          "8-28780-3-2025",
                                          "x3-28780-3-2025",
                                          "83-82-28780-3-2025",
                                          "1-83-829-28780-3-2025",
                                          "83-28780--2025",
                                          "" };
    char code[INTAKE_CODE_BYTES];
    struct intake_code said;

    (void)state;
    intake_product_code(day(2025, 6, 30), slice_text("83"), slice_text("829"), slice_text("28780"), 3, code);
    assert_string_equal(code, "83-829-28780-3-2025");
    assert_true(intake_code_read(slice_text(code), &said));
    assert_true(slice_is(said.province, "83") && slice_is(said.district, "829"));
    assert_true(slice_is(said.commune, "28780"));
    assert_int_equal(said.serial, 3);
    assert_int_equal(said.year, 2025);
    intake_product_code(day(2025, 7, 1), slice_text("83"), slice_of(NULL, 0), slice_text("28780"), 12, code);
    assert_string_equal(code, "83-28780-12-2025");
    assert_true(intake_code_read(slice_text(code), &said));
    assert_int_equal(said.serial, 12);
    assert_int_equal(said.district.size, 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(intake_code_read(slice_text(others[i]), &said));
}

static void codes_of_before_the_areas_changed_are_old(void **state)
{
    const struct slice old_form = slice_text("83-829-28780-3-2022"), new_form = slice_text("83-28780-3-2026");
    const int32_t changed = day(2025, 7, 1);

    (void)state;
    assert_true(intake_code_is_old(new_form, day(2025, 6, 30), changed));
    assert_false(intake_code_is_old(new_form, day(2025, 7, 1), changed));
    assert_true(
        intake_code_is_old(old_form, day(2026, 6, 1), changed)); /* printed long ago, known since today */
    assert_false(intake_code_is_old(slice_text("X"), day(2026, 6, 1), changed));
}

static void owners_have_codes_of_their_own(void **state)
{
    char code[INTAKE_CODE_BYTES];

    (void)state;
    intake_owner_code(slice_text("06"), 12, code);
    assert_string_equal(code, "CT-06-000012");
    assert_int_equal(intake_owner_serial(slice_text(code)), 12);
    assert_int_equal(intake_owner_serial(slice_text("CT-06-x")), 0);
}

static void slips_are_given_once_for_what_is_there(void **state)
{
    struct slip_filed slip = { .reference = slice_text("BK-01"),
                               .province = slice_text("06"),
                               .desk = desk_COMMUNE,
                               .received_on = day(2026, 6, 1),
                               .has_commune_code = true,
                               .commune_code = slice_text("02152") };
    const struct slice province = slice_text("06");
    struct why why = { 0 };

    (void)state;
    assert_int_equal(intake_check_slip(&slip, province, day(2026, 6, 1), false, true, &why), ERR_NONE);
    assert_int_equal(intake_check_slip(&slip, province, day(2026, 5, 31), false, true, &why), ERR_INVALID);
    assert_string_equal(why.code, "SLIP_FUTURE");
    why_clear(&why);
    assert_int_equal(intake_check_slip(&slip, province, day(2026, 6, 1), true, true, &why), ERR_INVALID);
    assert_string_equal(why.code, "SLIP_TWICE");
    why_clear(&why);
    assert_int_equal(intake_check_slip(&slip, province, day(2026, 6, 1), false, false, &why), ERR_INVALID);
    assert_string_equal(why.code, "RULE_SET_UNKNOWN");
    why_clear(&why);
    assert_int_equal(intake_check_slip(&slip, slice_text("24"), day(2026, 6, 1), false, true, &why),
                     ERR_INVALID);
    assert_string_equal(why.code, "WRONG_PROVINCE");
    why_clear(&why);
    slip.has_commune_code = false;
    assert_int_equal(intake_check_slip(&slip, province, day(2026, 6, 1), false, true, &why), ERR_INVALID);
    assert_string_equal(why.code, "COMMUNE_NEEDED");
    why_clear(&why);
    slip.desk = desk_PROVINCE;
    assert_int_equal(intake_check_slip(&slip, province, day(2026, 6, 1), false, true, &why), ERR_NONE);
}

static void desks_speak_of_what_is_open(void **state)
{
    static const struct {
        struct intake_standing standing;
        const char *code; /* NULL: open */
    } cases[] = {
        { { .received = true }, NULL },
        { { .accepted = true }, NULL },
        { { .received = false }, "UNKNOWN_REFERENCE" },
        { { .accepted = true, .withdrawn = true }, "WITHDRAWN" },
        { { .accepted = true, .rated = true }, "RATED" },
        { { .rejected = true }, "REJECTED" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct why why = { 0 };
        const enum err e = intake_check_standing(&cases[i].standing, slice_text("BK-01"), &why);

        assert_int_equal(e, cases[i].code ? ERR_INVALID : ERR_NONE);
        assert_string_equal(why.code, cases[i].code ? cases[i].code : "");
    }
}

static void what_is_asked_for_is_due_after_it_was_asked(void **state)
{
    struct request_filed filed = { .has_asked_on = true,
                                   .asked_on = day(2026, 6, 1),
                                   .due_before = day(2026, 6, 2) };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(intake_check_due(&filed, day(2026, 6, 1), &why), ERR_NONE);
    assert_int_equal(intake_check_due(&filed, day(2026, 6, 20), &why), ERR_NONE); /* it came late */
    assert_int_equal(intake_check_due(&filed, day(2026, 5, 31), &why), ERR_INVALID);
    assert_string_equal(why.code, "ASKED_ON_FUTURE");
    why_clear(&why);
    filed.due_before = filed.asked_on;
    assert_int_equal(intake_check_due(&filed, day(2026, 6, 1), &why), ERR_INVALID);
    assert_string_equal(why.code, "DUE_PAST");
    filed.has_asked_on = false;
    assert_int_equal(intake_check_due(&filed, day(2026, 6, 20), &why), ERR_NONE);
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
    d.rejected = true;
    assert_int_equal(intake_check_open(&d, id, slice_text("06"), &why), ERR_INVALID);
    assert_string_equal(why.code, "REJECTED");
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
        cmocka_unit_test(references_and_rounds_are_used_once),
        cmocka_unit_test(plans_stand_once_for_their_years),
        cmocka_unit_test(reports_are_late_from_their_day_on),
        cmocka_unit_test(codes_have_two_forms),
        cmocka_unit_test(codes_of_before_the_areas_changed_are_old),
        cmocka_unit_test(owners_have_codes_of_their_own),
        cmocka_unit_test(slips_are_given_once_for_what_is_there),
        cmocka_unit_test(desks_speak_of_what_is_open),
        cmocka_unit_test(what_is_asked_for_is_due_after_it_was_asked),
        cmocka_unit_test(supplements_need_an_open_dossier_and_a_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
