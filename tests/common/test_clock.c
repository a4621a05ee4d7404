#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct day_case {
    const char *text;
    int32_t day;
};

static const struct day_case days[] = {
    { "1970-01-01", 0 },
    { "1969-12-31", -1 },
    { "1900-01-01", CLOCK_DAY_MIN },
    { "2000-02-29", 11016 },
    { "2018-12-16", 17881 },
    { "2024-02-29", 19782 },
    { "2025-07-01", 20270 },
    { "2199-12-31", CLOCK_DAY_MAX },
};

static void days_are_read_and_written(void **state)
{
    char text[CLOCK_DAY_TEXT + 1];

    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        int32_t day = 0;
        assert_int_equal(clock_day_parse(slice_text(days[i].text), &day), ERR_NONE);
        assert_int_equal(day, days[i].day);
        clock_day_text(day, text);
        assert_string_equal(text, days[i].text);
    }
}

static void every_day_comes_back(void **state)
{
    int year = 0, month = 0, of_month = 0;

    (void)state;
    for (int32_t day = CLOCK_DAY_MIN; day <= CLOCK_DAY_MAX; day++) {
        clock_day_civil(day, &year, &month, &of_month);
        assert_int_equal(clock_day_from_civil(year, month, of_month), day);
    }
}

static void days_that_do_not_exist_are_refused(void **state)
{
    static const char *const texts[] = { "",           "2018-02-29", "1900-02-29",  "2018-13-01",
                                         "2018-00-01", "2018-04-31", "2018-01-00",  "2018-1-1",
                                         "2018/01/01", "20180101",   "2018-01-01x", " 2018-01-1",
                                         "1899-12-31", "2200-01-01", "+018-01-01" };
    int32_t day = 7;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(clock_day_parse(slice_text(texts[i]), &day), ERR_INVALID);
    assert_int_equal(day, 7);
}

static void day_outside_the_range_is_written_as_zeros(void **state)
{
    char text[CLOCK_DAY_TEXT + 1];

    (void)state;
    clock_day_text(INT32_MAX, text);
    assert_string_equal(text, "0000-00-00");
    clock_day_text(CLOCK_DAY_MIN - 1, text);
    assert_string_equal(text, "0000-00-00");
}

static void the_day_begins_at_midnight_in_viet_nam(void **state)
{
    int64_t midnight = clock_day_start_ms(17881);

    (void)state;
    assert_true(midnight == INT64_C(1544893200000)); /* 2018-12-15T17:00:00Z */
    assert_int_equal(clock_day_of(midnight), 17881);
    assert_int_equal(clock_day_of(midnight - 1), 17880);
    assert_int_equal(clock_day_of(midnight + 86399999), 17881);
    assert_int_equal(clock_day_of(0), 0);
    assert_int_equal(clock_day_of(-1), 0);
    assert_int_equal(clock_day_of(-7 * INT64_C(3600000) - 1), -1);
}

struct month_case {
    const char *from;
    int months;
    const char *to;
};

static void months_are_clamped_at_their_end(void **state)
{
    static const struct month_case cases[] = {
        { "2019-01-31", 1, "2019-02-28" },  { "2020-01-31", 1, "2020-02-29" },
        { "2018-12-16", 36, "2021-12-16" }, { "2024-02-29", 36, "2027-02-28" },
        { "2019-03-31", -1, "2019-02-28" }, { "2019-01-15", -13, "2017-12-15" },
        { "2019-12-31", 0, "2019-12-31" },
    };
    char text[CLOCK_DAY_TEXT + 1];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t day = 0;
        assert_int_equal(clock_day_parse(slice_text(cases[i].from), &day), ERR_NONE);
        clock_day_text(clock_day_add_months(day, cases[i].months), text);
        assert_string_equal(text, cases[i].to);
    }
}

static void clocks_run(void **state)
{
    int64_t before = clock_monotonic_ms();

    (void)state;
    assert_true(clock_wall_ms() > INT64_C(1500000000000));
    assert_true(clock_monotonic_ms() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_read_and_written),
        cmocka_unit_test(every_day_comes_back),
        cmocka_unit_test(days_that_do_not_exist_are_refused),
        cmocka_unit_test(day_outside_the_range_is_written_as_zeros),
        cmocka_unit_test(the_day_begins_at_midnight_in_viet_nam),
        cmocka_unit_test(months_are_clamped_at_their_end),
        cmocka_unit_test(clocks_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
