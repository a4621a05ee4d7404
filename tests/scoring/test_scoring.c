/* test_scoring.c - the rules: who may score, and what a sheet is worth. */
#include "tests/scoring/small_law.h"

/* --- councils --- */

static const struct council_member three[] = { { { "an", 2 }, seat_CHAIR },
                                               { { "binh", 4 }, seat_MEMBER },
                                               { { "chi", 3 }, seat_SECRETARY } };
static const struct council_member two_chairs[] = { { { "an", 2 }, seat_CHAIR },
                                                    { { "binh", 4 }, seat_CHAIR } };
static const struct council_member no_chair[] = { { { "an", 2 }, seat_VICE_CHAIR } };
static const struct council_member an_twice[] = { { { "an", 2 }, seat_CHAIR }, { { "an", 2 }, seat_MEMBER } };

static struct council_formed council_of(const struct council_member *members, size_t count)
{
    return (struct council_formed){ .council = { "c-06", 4 },
                                    .level = level_PROVINCE,
                                    .province = { "06", 2 },
                                    .round = { "2026-1", 6 },
                                    .rule_set = { "SMALL", 5 },
                                    .members = members,
                                    .members_count = count };
}

static void expect_council(const struct council_formed *formed, const char *province,
                           const struct rule_set *under, const char *code)
{
    struct council_admitted admitted;
    struct why why = { { 0 }, { 0 } };
    const enum err e = scoring_form_council(formed, text(province), under, 0, &admitted, &why);

    assert_int_equal(e, *code ? ERR_INVALID : ERR_NONE);
    assert_string_equal(why.code, code);
}

static void a_council_needs_exactly_one_chair_and_a_known_rule_set(void **state)
{
    struct council_formed formed = council_of(three, 3);

    (void)state;
    expect_council(&formed, "06", set, "");
    expect_council(&formed, "06", NULL, "UNKNOWN_RULE_SET");
    expect_council(&formed, "10", set, "WRONG_PROVINCE");
    formed.has_formed_on = true; /* the day is 0 here */
    expect_council(&formed, "06", set, "");
    formed.formed_on = 1;
    expect_council(&formed, "06", set, "FORMED_ON_FUTURE");
    formed.has_formed_on = false;
    formed.level = level_CENTRE;
    expect_council(&formed, "06", set, "WRONG_PROVINCE");
    formed.province = text("00");
    expect_council(&formed, "00", set, "");
    formed.level = level_DISTRICT;
    expect_council(&formed, "00", set, "UNKNOWN_LEVEL");
    formed = council_of(two_chairs, 2);
    expect_council(&formed, "06", set, "TWO_CHAIRS");
    formed = council_of(no_chair, 1);
    expect_council(&formed, "06", set, "NO_CHAIR");
    formed = council_of(an_twice, 2);
    expect_council(&formed, "06", set, "MEMBER_TWICE");
}

static void a_councils_own_limits_go_before_the_rule_sets(void **state)
{
    struct council_formed formed = council_of(three, 3);
    struct council_admitted admitted;

    (void)state;
    assert_int_equal(scoring_form_council(&formed, text("06"), set, 0, &admitted, NULL), ERR_NONE);
    assert_int_equal(admitted.quorum_percent, 75);
    assert_int_equal(admitted.spread_hundredths, 1000);
    formed.has_quorum_percent = formed.has_spread_hundredths = true;
    formed.quorum_percent = 100;
    formed.spread_hundredths = 500;
    assert_int_equal(scoring_form_council(&formed, text("06"), set, 0, &admitted, NULL), ERR_NONE);
    assert_int_equal(admitted.quorum_percent, 100);
    assert_int_equal(admitted.spread_hundredths, 500);
    assert_int_equal(admitted.members, 3);
}

/* --- who may score --- */

static struct dossier small_dossier(void)
{
    return (struct dossier){ .id = { "d1", 2 },
                             .reference = { "06-1", 4 },
                             .product = { "P1", 2 },
                             .province = { "06", 2 },
                             .round = { "2026-1", 6 },
                             .rule_set = { "SMALL", 5 },
                             .rubric = { "small-1", 7 } };
}

static void expect_admission(const struct council *c, const struct dossier *d, struct standing standing,
                             const char *code)
{
    struct why why = { { 0 }, { 0 } };
    const enum err e = scoring_may_score(c, d, set, text("an"), &standing, 0, &why);

    assert_int_equal(e, *code ? ERR_INVALID : ERR_NONE);
    assert_string_equal(why.code, code);
}

static void a_sheet_must_come_from_a_member_for_a_dossier_of_the_council(void **state)
{
    const struct council c = small_council(level_PROVINCE), centre = small_council(level_CENTRE);
    const struct standing member = { .seated = true };
    struct dossier d = small_dossier();

    (void)state;
    expect_admission(&c, &d, member, "");
    expect_admission(&c, &d, (struct standing){ 0 }, "STRANGER");
    expect_admission(&c, &d, (struct standing){ .seated = true, .rated = true }, "ALREADY_RATED");
    expect_admission(&centre, &d, member, "NOT_FORWARDED");
    expect_admission(&centre, &d, (struct standing){ .seated = true, .forwarded = true }, "");
    d.withdrawn = true;
    expect_admission(&c, &d, member, "WITHDRAWN");
    d = small_dossier();
    d.round = text("2026-2");
    expect_admission(&c, &d, member, "WRONG_ROUND");
    d = small_dossier();
    d.rule_set = text("OTHER");
    expect_admission(&c, &d, member, "WRONG_RULE_SET");
    d = small_dossier();
    d.province = text("10");
    expect_admission(&c, &d, member, "WRONG_PROVINCE");
    expect_admission(&centre, &d, (struct standing){ .seated = true, .forwarded = true }, "");
}

static void expect_rubric(const char *name, const struct rubric *r, const char *code)
{
    struct why why = { { 0 }, { 0 } };

    assert_int_equal(scoring_fit_rubric(set, text(name), r, &why), *code ? ERR_INVALID : ERR_NONE);
    assert_string_equal(why.code, code);
}

static void a_rubric_must_be_one_of_the_rule_set_and_agree_with_it(void **state)
{
    static struct rubric other;

    (void)state;
    expect_rubric("small-1", rubric, "");
    expect_rubric("small-2", NULL, "UNKNOWN_RUBRIC");
    expect_rubric("", NULL, "UNKNOWN_RUBRIC");
    expect_rubric("qd-1", rubric, "WRONG_RUBRIC");
    other = *rubric;
    other.bands.from_hundredths[4] = 7100;
    expect_rubric("small-1", &other, "WRONG_RUBRIC");
}

/* --- marking one sheet --- */

static void expect_marking(const struct sheet_submitted *sheet, const char *code, const char *said)
{
    struct marked_sheet marked;
    struct why why = { { 0 }, { 0 } };
    const enum err e = scoring_mark_sheet(set, rubric, sheet, &marked, &why);

    assert_int_equal(e, *code ? ERR_INVALID : ERR_NONE);
    assert_string_equal(why.code, code);
    assert_non_null(strstr(why.sentence, said));
}

static void a_sheet_is_worth_its_options(void **state)
{
    const struct chosen options[] = { CHOSEN("C.3", 3), CHOSEN("A.1.1", 2), CHOSEN("B.2", 0) };
    const struct sheet_submitted sheet = sheet_of(options, 3);
    struct marked_sheet marked;

    (void)state;
    assert_int_equal(scoring_mark_sheet(set, rubric, &sheet, &marked, NULL), ERR_NONE);
    assert_int_equal(marked.total_hundredths, 5000);
    assert_int_equal(marked.part_hundredths[0], 3000);
    assert_int_equal(marked.part_hundredths[1], 0);
    assert_int_equal(marked.part_hundredths[2], 2000);
    assert_int_equal(marked.criterion_hundredths[0], 3000); /* in the rubric's order */
}

static void a_sheet_with_holes_names_all_of_them(void **state)
{
    const struct chosen one[] = { CHOSEN("B.2", 1) };
    struct sheet_submitted sheet = sheet_of(one, 1);

    (void)state;
    expect_marking(&sheet, "CRITERION_MISSING", "A.1.1, C.3 (2 of 3");
    sheet = sheet_of(NULL, 0);
    expect_marking(&sheet, "CRITERION_MISSING", "A.1.1, B.2, C.3 (3 of 3");
}

static void a_sheet_with_a_wrong_answer_is_refused(void **state)
{
    const struct chosen twice[] = { CHOSEN("A.1.1", 1), CHOSEN("A.1.1", 1) };
    const struct chosen unknown[] = { CHOSEN("A.9", 1) };
    const struct chosen option[] = { CHOSEN("A.1.1", 4) };
    const struct chosen good[] = { CHOSEN("A.1.1", 1), CHOSEN("B.2", 1), CHOSEN("C.3", 1) };
    const struct met gates[] = { { { "STOPS", 5 } }, { { "FORGED", 6 } }, { { "NOTED", 5 } } };
    const struct met strange[] = { { { "STRANGE", 7 } } };
    const struct met same[] = { { { "STOPS", 5 } }, { { "STOPS", 5 } } };
    struct sheet_submitted sheet = sheet_of(twice, 2);

    (void)state;
    expect_marking(&sheet, "CRITERION_TWICE", "A.1.1");
    sheet = sheet_of(unknown, 1);
    expect_marking(&sheet, "CRITERION_UNKNOWN", "A.9");
    sheet = sheet_of(option, 1);
    expect_marking(&sheet, "OPTION_UNKNOWN", "option 4");
    sheet = sheet_of(good, 3);
    expect_marking(&sheet, "", "");
    sheet.gates = gates;
    sheet.gates_count = 3;
    expect_marking(&sheet, "", "");
    sheet.gates = strange;
    sheet.gates_count = 1;
    expect_marking(&sheet, "GATE_UNKNOWN", "STRANGE");
    sheet.gates = same;
    sheet.gates_count = 2;
    expect_marking(&sheet, "GATE_TWICE", "STOPS");
    sheet = sheet_of(good, 3);
    sheet.has_total_hundredths = true;
    expect_marking(&sheet, "TOTAL_NOT_ALLOWED", "leave it out");
}

static void option_zero_is_refused_where_the_rule_set_says_so(void **state)
{
    const struct chosen zero[] = { CHOSEN("A.1.1", 0), CHOSEN("B.2", 1), CHOSEN("C.3", 1) };
    const struct sheet_submitted sheet = sheet_of(zero, 3);

    (void)state;
    expect_marking(&sheet, "", "");
    set->no_option_is_zero = false;
    expect_marking(&sheet, "OPTION_UNKNOWN", "option 0");
    set->no_option_is_zero = true;
}

static void without_a_public_rubric_a_sheet_is_a_total(void **state)
{
    const struct chosen one[] = { CHOSEN("A.1.1", 1) };
    const struct met gate[] = { { { "STOPS", 5 } } };
    struct sheet_submitted sheet = { .has_total_hundredths = true, .total_hundredths = 7090 };
    struct marked_sheet marked;
    struct why why = { { 0 }, { 0 } };

    (void)state;
    assert_int_equal(scoring_mark_sheet(total_set, NULL, &sheet, &marked, &why), ERR_NONE);
    assert_int_equal(marked.total_hundredths, 7090);
    sheet.gates = gate;
    sheet.gates_count = 1;
    assert_int_equal(scoring_mark_sheet(total_set, NULL, &sheet, &marked, &why), ERR_INVALID);
    assert_string_equal(why.code, "GATE_UNKNOWN");
    why_clear(&why);
    sheet = (struct sheet_submitted){ .options = one, .options_count = 1, .has_total_hundredths = true };
    assert_int_equal(scoring_mark_sheet(total_set, NULL, &sheet, &marked, &why), ERR_INVALID);
    assert_string_equal(why.code, "OPTIONS_NOT_ALLOWED");
    why_clear(&why);
    sheet = (struct sheet_submitted){ .has_total_hundredths = false };
    assert_int_equal(scoring_mark_sheet(total_set, NULL, &sheet, &marked, &why), ERR_INVALID);
    assert_string_equal(why.code, "TOTAL_MISSING");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_council_needs_exactly_one_chair_and_a_known_rule_set),
        cmocka_unit_test(a_councils_own_limits_go_before_the_rule_sets),
        cmocka_unit_test(a_sheet_must_come_from_a_member_for_a_dossier_of_the_council),
        cmocka_unit_test(a_rubric_must_be_one_of_the_rule_set_and_agree_with_it),
        cmocka_unit_test(a_sheet_is_worth_its_options),
        cmocka_unit_test(a_sheet_with_holes_names_all_of_them),
        cmocka_unit_test(a_sheet_with_a_wrong_answer_is_refused),
        cmocka_unit_test(option_zero_is_refused_where_the_rule_set_says_so),
        cmocka_unit_test(without_a_public_rubric_a_sheet_is_a_total),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
