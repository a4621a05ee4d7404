/* The public vectors of extensions and terms, by certification's own rules. */
#include "services/certification/certification.h"
#include "tests/vectors.h"

static void check_extension(const json_t *one)
{
    json_t *law = vectors_law("qd-26-2026.json");
    const struct rule_set rules = { .name = slice_text("QD26_2026"),
                                    .first_day = vectors_day(law, "effective_from", INT32_MIN),
                                    .last_day = INT32_MAX,
                                    .window_closes_days =
                                        vectors_setting(law, "re_rating", "window_closes_days"),
                                    .extension_days = vectors_setting(law, "transition", "extension_days") };
    const int32_t ends_on = vectors_day(one, "ends_on", 0), day = vectors_day(one, "day", 0);
    const int32_t handed_in = rules.first_day < ends_on ? rules.first_day : ends_on;
    struct status_facts facts = { .issued_on = ends_on - 1096, .ends_on = ends_on };
    struct status_extension extension = { .earlier = NULL };

    assert_string_equal(json_string_value(json_object_get(one, "rule_set")), "QD26_2026");
    if (certification_extension(&rules, &facts, handed_in, &extension.to)) {
        extension.from = certification_extension_from(ends_on, handed_in);
        facts.extension = &extension;
    }
    assert_int_equal(status_on(&facts, day).status == STATUS_VALID_PENDING,
                     json_is_true(json_object_get(one, "extended")));
    json_decref(law);
}

static void check_term(const json_t *one)
{
    const int32_t issued_on = vectors_day(one, "issued_on", 0), ends_on = vectors_day(one, "ends_on", 0);
    const struct status_facts facts = { .issued_on = issued_on, .ends_on = ends_on };

    assert_int_equal(clock_day_add_months(issued_on, (int)json_integer_value(json_object_get(one, "months"))),
                     ends_on);
    assert_int_equal(status_on(&facts, issued_on - 1).status, STATUS_UNKNOWN);
    assert_int_equal(status_on(&facts, issued_on).status, STATUS_VALID);
    assert_int_equal(status_on(&facts, ends_on).status, STATUS_VALID);
    assert_int_equal(status_on(&facts, ends_on + 1).status, STATUS_EXPIRED);
}

static void extensions(void **state)
{
    (void)state;
    vectors_each("extensions.json", check_extension);
}

static void terms(void **state)
{
    (void)state;
    vectors_each("terms.json", check_term);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(extensions), cmocka_unit_test(terms) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
