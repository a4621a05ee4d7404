#include "services/broker/linger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NOW_US = 1000000, SLOW_US = 8000 };

/* After a commit of `events` that took `commit_us`: what a turn that began `after_us` later with `there`
 * sleeps first. */
static int64_t first_sleep(struct lingering *l, uint64_t events, int64_t commit_us, int64_t after_us,
                           uint64_t there)
{
    linger_committed(l, events, commit_us, NOW_US);
    linger_begin(l, there, NOW_US + after_us);
    return linger_sleep_us(l, there);
}

static void fast_commit_is_not_waited_for(void **state)
{
    struct lingering l = { 0 };

    (void)state;
    linger_begin(&l, 3, NOW_US); /* before the first commit */
    assert_int_equal(linger_sleep_us(&l, 3), 0);
    assert_int_equal(first_sleep(&l, 16, LINGER_COMMIT_US, 500, 3), 0);
    assert_int_not_equal(first_sleep(&l, 16, LINGER_COMMIT_US + 1, 500, 3), 0);
}

static void many_events_wait_for_no_more(void **state)
{
    struct lingering l = { 0 };

    (void)state;
    assert_int_equal(first_sleep(&l, LINGER_EVENTS, SLOW_US, 500, 3), 0);
    assert_int_equal(first_sleep(&l, 16, SLOW_US, 500, LINGER_EVENTS), 0);
}

static void nobody_waits_with_nothing_to_store(void **state)
{
    struct lingering l = { 0 };

    (void)state;
    assert_int_equal(first_sleep(&l, 16, SLOW_US, 500, 0), 0);
}

static void wait_ends_when_all_that_were_answered_are_back(void **state)
{
    struct lingering l = { 0 };

    (void)state;
    assert_int_equal(first_sleep(&l, 1, SLOW_US, 500, 1), 0);
    assert_int_equal(first_sleep(&l, 16, SLOW_US, 500, 4), SLOW_US / LINGER_SHARE / LINGER_LOOKS);
    assert_int_not_equal(linger_sleep_us(&l, 15), 0);
    assert_int_equal(linger_sleep_us(&l, 16), 0);
}

static void halves_of_a_window_come_together(void **state)
{
    struct lingering l = { 0 };

    (void)state;
    /* Eight were waiting while eight were stored: sixteen can be there. */
    assert_int_not_equal(first_sleep(&l, 8, SLOW_US, LINGER_AT_ONCE_US, 8), 0);
    assert_int_not_equal(linger_sleep_us(&l, 15), 0);
    assert_int_equal(linger_sleep_us(&l, 16), 0);
}

static void wait_is_a_part_of_a_commit_and_bounded(void **state)
{
    struct lingering l = { 0 };
    int64_t all = first_sleep(&l, 16, SLOW_US, 500, 1), step;

    (void)state;
    while ((step = linger_sleep_us(&l, 1)) > 0)
        all += step;
    assert_int_equal(all, SLOW_US / LINGER_SHARE);
    assert_int_equal(first_sleep(&l, 16, 1000000, 500, 1), LINGER_MOST_US / LINGER_LOOKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_commit_is_not_waited_for),
        cmocka_unit_test(many_events_wait_for_no_more),
        cmocka_unit_test(nobody_waits_with_nothing_to_store),
        cmocka_unit_test(wait_ends_when_all_that_were_answered_are_back),
        cmocka_unit_test(halves_of_a_window_come_together),
        cmocka_unit_test(wait_is_a_part_of_a_commit_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
