/* The public vectors of working days, by notification's own arithmetic and the shipped calendar. */
#include "services/notification/deadline.h"
#include "tests/vectors.h"

enum { DAYS_MAX = 400 };

static int32_t days[DAYS_MAX];
static struct days_off off = { .days = days };

static int read_calendar(void **state)
{
    json_t *calendar = vectors_law("holidays.json"), *list = json_object_get(calendar, "days_off"), *one;
    size_t i;

    (void)state;
    json_array_foreach(list, i, one)
    {
        assert_true(off.count < DAYS_MAX);
        days[off.count++] = vectors_day(one, "day", 0);
    }
    json_decref(calendar);
    return 0;
}

static void check_working_days(const json_t *one)
{
    const int32_t n = (int32_t)json_integer_value(json_object_get(one, "working_days"));
    const int32_t received_on = vectors_day(one, "received_on", 0), last = vectors_day(one, "last_day", 0);

    assert_int_equal(deadline_add_working(&off, received_on, n), last);
    assert_int_equal(deadline_count_working(&off, received_on + 1, last + 1), n);
}

static void working_days(void **state)
{
    (void)state;
    vectors_each("working_days.json", check_working_days);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(working_days) };

    return cmocka_run_group_tests(tests, read_calendar, NULL);
}
