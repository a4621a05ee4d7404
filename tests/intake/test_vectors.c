/* The public vectors of the re-rating window and of the rule set in force, by intake's own rules. */
#include "services/intake/law.h"
#include "tests/vectors.h"

enum { SETS = 4 };

static const char *const files[SETS] = { "provisional-2018.json", "qd-1048-2019.json", "qd-148-2023.json",
                                         "qd-26-2026.json" };
static json_t *read[SETS];
static struct intake_rules sets[SETS];

static int read_law(void **state)
{
    (void)state;
    for (size_t i = 0; i < SETS; i++) {
        read[i] = vectors_law(files[i]);
        sets[i] = (struct intake_rules){
            .name = slice_text(json_string_value(json_object_get(read[i], "id"))),
            .first_day = vectors_day(read[i], "effective_from", INT32_MIN),
            .last_day = vectors_day(read[i], "effective_to", INT32_MAX),
            .window_opens_days = vectors_setting(read[i], "re_rating", "window_opens_days"),
            .window_closes_days = vectors_setting(read[i], "re_rating", "window_closes_days"),
            .extension_days = vectors_setting(read[i], "transition", "extension_days"),
            .next = i + 1 < SETS ? &sets[i + 1] : NULL
        };
    }
    return 0;
}

static int forget_law(void **state)
{
    (void)state;
    for (size_t i = 0; i < SETS; i++)
        json_decref(read[i]);
    return 0;
}

static void check_window(const json_t *one)
{
    const char *name = json_string_value(json_object_get(one, "rule_set"));
    const struct intake_rules *rules = intake_rules_named(sets, slice_text(name));

    assert_non_null(rules);
    assert_int_equal(intake_window_on(rules, vectors_day(one, "ends_on", 0),
                                      vectors_day(one, "received_on", 0)) == INTAKE_WINDOW_OPEN,
                     json_is_true(json_object_get(one, "inside")));
}

static void check_in_force(const json_t *one)
{
    const struct intake_rules *rules = intake_rules_on(sets, vectors_day(one, "day", 0));

    assert_non_null(rules);
    assert_true(slice_is(rules->name, json_string_value(json_object_get(one, "rule_set"))));
}

static void windows(void **state)
{
    (void)state;
    vectors_each("windows.json", check_window);
}

static void rule_sets_in_force(void **state)
{
    (void)state;
    vectors_each("in_force.json", check_in_force);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(windows), cmocka_unit_test(rule_sets_in_force) };

    return cmocka_run_group_tests(tests, read_law, forget_law);
}
