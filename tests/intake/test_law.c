/* Adopted law, on plain structs: both sides of every day. */
#include "common/clock.h"
#include "services/intake/law.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int32_t day(int year, int month, int day_of_month)
{
    return clock_day_from_civil(year, month, day_of_month);
}

/* The four rule sets of eight years, in no order. */
static struct intake_rules all[4];

static int adopt(void **state)
{
    const struct intake_rules silent = { .samples = -1,
                                         .window_opens_days = -1,
                                         .window_closes_days = -1,
                                         .extension_days = -1,
                                         .transition_days = -1,
                                         .transition_re_rating_days = -1,
                                         .last_day = INT32_MAX };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        all[i] = silent;
        all[i].next = i < 3 ? &all[i + 1] : NULL;
    }
    all[0].name = slice_text("QD26_2026");
    all[0].first_day = day(2026, 5, 22);
    all[0].transition_days = 60;
    all[0].transition_re_rating_days = 30;
    all[0].window_opens_days = 180;
    all[0].window_closes_days = 120;
    all[0].extension_days = 180;
    all[1].name = slice_text("provisional-2018");
    all[1].first_day = INT32_MIN;
    all[1].last_day = day(2019, 8, 20);
    all[2].name = slice_text("QD148");
    all[2].first_day = day(2023, 2, 24);
    all[2].last_day = day(2026, 7, 20);
    all[3].name = slice_text("QD1048");
    all[3].first_day = day(2019, 8, 21);
    all[3].last_day = day(2023, 2, 23);
    return 0;
}

static void the_newest_rule_set_that_covers_a_day_is_in_force(void **state)
{
    const struct {
        int32_t day;
        const char *name;
    } cases[] = {
        { day(2018, 12, 1), "provisional-2018" },
        { day(2019, 8, 20), "provisional-2018" },
        { day(2019, 8, 21), "QD1048" },
        { day(2023, 2, 23), "QD1048" },
        { day(2023, 2, 24), "QD148" },
        { day(2026, 5, 21), "QD148" },
        { day(2026, 5, 22), "QD26_2026" },
        { day(2026, 7, 21), "QD26_2026" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(slice_is(intake_rules_on(all, cases[i].day)->name, cases[i].name));
    assert_null(intake_rules_on(&all[2], day(2019, 8, 20)));
    assert_true(intake_rules_named(all, slice_text("QD148")) == &all[2]);
    assert_null(intake_rules_named(all, slice_text("QD9999")));
}

static void an_older_rule_set_runs_out(void **state)
{
    const struct intake_rules *old = &all[2];

    (void)state;
    assert_null(intake_transition_over(all, old, dossier_kind_FIRST, day(2026, 5, 21)));
    assert_null(intake_transition_over(all, old, dossier_kind_FIRST, day(2026, 7, 20)));
    assert_true(intake_transition_over(all, old, dossier_kind_FIRST, day(2026, 7, 21)) == &all[0]);
    assert_null(intake_transition_over(all, old, dossier_kind_UPGRADE, day(2026, 7, 20)));
    assert_null(intake_transition_over(all, old, dossier_kind_RE_RATING, day(2026, 6, 20)));
    assert_true(intake_transition_over(all, old, dossier_kind_RE_RATING, day(2026, 6, 21)) == &all[0]);
    assert_int_equal(intake_transition_last(&all[0], dossier_kind_UPGRADE), day(2026, 7, 20));
    assert_int_equal(intake_transition_last(&all[0], dossier_kind_RE_RATING), day(2026, 6, 20));
    /* A rule set that says nothing of those before it sets no limit; the newest has none after it. */
    assert_null(intake_transition_over(all, &all[3], dossier_kind_FIRST, day(2025, 1, 1)));
    assert_null(intake_transition_over(all, &all[0], dossier_kind_FIRST, day(2030, 1, 1)));
}

static void the_window_opens_and_closes(void **state)
{
    const int32_t ends = day(2027, 12, 31);

    (void)state;
    assert_int_equal(intake_window_on(all, ends, ends - 181), INTAKE_WINDOW_EARLY);
    assert_int_equal(intake_window_on(all, ends, ends - 180), INTAKE_WINDOW_OPEN);
    assert_int_equal(intake_window_on(all, ends, ends - 120), INTAKE_WINDOW_OPEN);
    assert_int_equal(intake_window_on(all, ends, ends - 119), INTAKE_WINDOW_LATE);
    assert_int_equal(intake_window_on(&all[2], ends, ends + 1000), INTAKE_WINDOW_OPEN);
}

static void a_window_that_closed_before_the_law_may_be_missed(void **state)
{
    const int32_t first = day(2026, 5, 22), closed = first + 119, open = first + 120;

    (void)state;
    /* Its window closed the day before the law began: to 180 days past its end. */
    assert_int_equal(intake_window_on(all, closed, first), INTAKE_WINDOW_OPEN);
    assert_int_equal(intake_window_on(all, closed, closed + 180), INTAKE_WINDOW_OPEN);
    assert_int_equal(intake_window_on(all, closed, closed + 181), INTAKE_WINDOW_LATE);
    /* Its window closed on the law's first day: that day was there to be used. */
    assert_int_equal(intake_window_on(all, open, first), INTAKE_WINDOW_OPEN);
    assert_int_equal(intake_window_on(all, open, first + 1), INTAKE_WINDOW_LATE);
    /* A rule set that knows no extension knows no such case. */
    all[0].extension_days = -1;
    assert_int_equal(intake_window_on(all, closed, first), INTAKE_WINDOW_LATE);
}

static void areas_change_by_code_or_by_meaning(void **state)
{
    static const struct area_pair pairs[] = { { { "01", 2 }, { "01", 2 } },
                                              { { "06", 2 }, { "19", 2 } },
                                              { { "19", 2 }, { "19", 2 } } };

    (void)state;
    assert_false(intake_area_changed(pairs, 3, 0));
    assert_true(intake_area_changed(pairs, 3, 1));
    assert_true(intake_area_changed(pairs, 3, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_newest_rule_set_that_covers_a_day_is_in_force, adopt),
        cmocka_unit_test_setup(an_older_rule_set_runs_out, adopt),
        cmocka_unit_test_setup(the_window_opens_and_closes, adopt),
        cmocka_unit_test_setup(a_window_that_closed_before_the_law_may_be_missed, adopt),
        cmocka_unit_test_setup(areas_change_by_code_or_by_meaning, adopt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
