/* The arithmetic of deadlines. */
#include "common/clock.h"
#include "services/notification/deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int32_t on(const char *text)
{
    int32_t day = 0;

    assert_int_equal(clock_day_parse(slice_text(text), &day), ERR_NONE);
    return day;
}

static void assert_day(int32_t day, const char *wanted, const char *sentence)
{
    char text[CLOCK_DAY_TEXT + 1];

    clock_day_text(day, text);
    if (strcmp(text, wanted) != 0) fail_msg("%s: %s instead of %s", sentence, text, wanted);
}

/* 2026: Tết from Monday 16 to Friday 20 February; Hùng Kings on Sunday 26 April, so Monday 27 in lieu; 30
 * April and 1 May; 1 and 2 September. */
static const char *const offices_closed[] = { "2026-01-01", "2026-02-16", "2026-02-17", "2026-02-18",
                                              "2026-02-19", "2026-02-20", "2026-04-27", "2026-04-30",
                                              "2026-05-01", "2026-09-01", "2026-09-02" };
enum { CLOSED = sizeof offices_closed / sizeof offices_closed[0] };

static struct days_off calendar(int32_t days[CLOSED])
{
    for (size_t i = 0; i < CLOSED; i++)
        days[i] = on(offices_closed[i]);
    return (struct days_off){ days, CLOSED };
}

static void saturdays_sundays_and_days_off_do_not_count(void **state)
{
    static const struct {
        const char *day;
        bool working;
    } cases[] = {
        { "2026-02-13", true },  { "2026-02-14", false }, { "2026-02-15", false }, { "2026-02-16", false },
        { "2026-02-20", false }, { "2026-02-23", true },  { "2026-04-26", false }, { "2026-04-27", false },
        { "2026-04-28", true },  { "1970-01-01", true },  { "1969-12-28", false }, { "1969-12-29", true },
    };
    int32_t days[CLOSED];
    const struct days_off off = calendar(days);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (deadline_is_working(&off, on(cases[i].day)) != cases[i].working) fail_msg("%s", cases[i].day);
}

static void working_days_are_added(void **state)
{
    static const struct {
        const char *sentence, *from;
        int32_t n;
        const char *last;
    } cases[] = {
        { "an ordinary three weeks", "2026-06-01", 15, "2026-06-22" },
        { "over Tet", "2026-02-06", 15, "2026-03-06" },
        { "received on the last day before Tet", "2026-02-13", 15, "2026-03-13" },
        { "received within Tet", "2026-02-18", 15, "2026-03-13" },
        { "over a Monday in lieu, 30 April and 1 May", "2026-04-20", 15, "2026-05-14" },
        { "received on a Saturday", "2026-06-06", 1, "2026-06-08" },
        { "into a year no calendar covers: weekends only", "2026-12-28", 5, "2027-01-04" },
        { "none", "2026-06-06", 0, "2026-06-06" },
    };
    const struct days_off none = { NULL, 0 };
    int32_t days[CLOSED];
    const struct days_off off = calendar(days);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_day(deadline_add_working(&off, on(cases[i].from), cases[i].n), cases[i].last,
                   cases[i].sentence);
    assert_day(deadline_add_working(&none, on("2026-02-06"), 15), "2026-02-27", "without a calendar");
}

/* What is added can be counted again, whatever the days off. */
static void counting_is_the_reverse_of_adding(void **state)
{
    int32_t days[CLOSED];
    const struct days_off off = calendar(days);

    (void)state;
    for (int32_t from = on("2026-01-01"); from < on("2026-06-01"); from++)
        for (int32_t n = 0; n < 30; n++)
            assert_int_equal(deadline_count_working(&off, from + 1, deadline_add_working(&off, from, n) + 1),
                             n);
    assert_int_equal(deadline_count_working(&off, 10, 5), 0);
}

static void a_day_is_far_near_missed_or_past(void **state)
{
    (void)state;
    assert_int_equal(deadline_phase(100, 7, 92), PHASE_FAR);
    assert_int_equal(deadline_phase(100, 7, 93), PHASE_NEAR);
    assert_int_equal(deadline_phase(100, 7, 99), PHASE_NEAR);
    assert_int_equal(deadline_phase(100, 7, 100), PHASE_MISSED);
    assert_int_equal(deadline_phase(100, 7, 106), PHASE_MISSED);
    assert_int_equal(deadline_phase(100, 7, 107), PHASE_PAST);
    assert_int_equal(deadline_phase(100, 0, 99), PHASE_FAR);
    assert_int_equal(deadline_phase(100, 0, 100), PHASE_MISSED);
    assert_int_equal(deadline_phase(100, 0, 101), PHASE_PAST);
}

static void a_round_may_end_in_the_next_year(void **state)
{
    const struct round_dates second = { level_CENTRE, 2, 130, 330, false },
                             late = { level_CENTRE, 3, 1130, 228, true };

    (void)state;
    assert_day(deadline_round(&second, 2027).proposed_before, "2027-01-30", "cut-off");
    assert_day(deadline_round(&second, 2027).done_before, "2027-03-30", "end");
    assert_day(deadline_round(&late, 2026).proposed_before, "2026-11-30", "cut-off");
    assert_day(deadline_round(&late, 2026).done_before, "2027-02-28", "end");
    assert_int_equal(deadline_year(on("2026-12-31")), 2026);
    assert_int_equal(deadline_year(on("2027-01-01")), 2027);
}

static void words_are_found_again(void **state)
{
    enum deadline_state found;
    enum due what;

    (void)state;
    for (int i = DEADLINE_OPEN; i <= DEADLINE_DONE; i++) {
        assert_true(deadline_state_find(slice_text(deadline_state_word((enum deadline_state)i)), &found));
        assert_int_equal(found, i);
    }
    assert_false(deadline_state_find(slice_text("late"), &found));
    assert_true(deadline_due_find(slice_text("round_end"), &what));
    assert_int_equal(what, due_ROUND_END);
    assert_false(deadline_due_find(slice_text("party"), &what));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saturdays_sundays_and_days_off_do_not_count),
        cmocka_unit_test(working_days_are_added),
        cmocka_unit_test(counting_is_the_reverse_of_adding),
        cmocka_unit_test(a_day_is_far_near_missed_or_past),
        cmocka_unit_test(a_round_may_end_in_the_next_year),
        cmocka_unit_test(words_are_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
