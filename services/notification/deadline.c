#include "services/notification/deadline.h"

#include "common/clock.h"
#include "proto/codec.h"

/* 0 is Monday; 1970-01-01 was a Thursday. */
static int weekday(int32_t day)
{
    return ((day + 3) % 7 + 7) % 7;
}

static bool is_off(const struct days_off *off, int32_t day)
{
    size_t low = 0, high = off->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (off->days[middle] == day) return true;
        if (off->days[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool deadline_is_working(const struct days_off *off, int32_t day)
{
    return weekday(day) < 5 && !is_off(off, day);
}

int32_t deadline_add_working(const struct days_off *off, int32_t day, int32_t n)
{
    while (n > 0)
        if (deadline_is_working(off, ++day)) n--;
    return day;
}

int32_t deadline_count_working(const struct days_off *off, int32_t from, int32_t until)
{
    int32_t n = 0;

    for (int32_t day = from; day < until; day++)
        n += deadline_is_working(off, day);
    return n;
}

static const char *const state_words[] = {
    [DEADLINE_OPEN] = "open",
    [DEADLINE_NEARED] = "neared",
    [DEADLINE_MISSED] = "missed",
    [DEADLINE_DONE] = "done",
};

const char *deadline_state_word(enum deadline_state state)
{
    return state_words[state];
}

bool deadline_state_find(struct slice word, enum deadline_state *state)
{
    for (int i = DEADLINE_OPEN; i <= DEADLINE_DONE; i++)
        if (slice_is(word, state_words[i])) {
            *state = (enum deadline_state)i;
            return true;
        }
    return false;
}

bool deadline_due_find(struct slice word, enum due *what)
{
    for (int i = due_REPORT; i <= due_WITHDRAWAL; i++)
        if (slice_is(word, due_word((enum due)i))) {
            *what = (enum due)i;
            return true;
        }
    return false;
}

enum deadline_phase deadline_phase(int32_t due_before, int32_t near_days, int32_t today)
{
    if (today < due_before - near_days) return PHASE_FAR;
    if (today < due_before) return PHASE_NEAR;
    /* The due day itself is always looked at. */
    return today == due_before || today < due_before + near_days ? PHASE_MISSED : PHASE_PAST;
}

int deadline_year(int32_t day)
{
    int year, month, of_month;

    clock_day_civil(day, &year, &month, &of_month);
    return year;
}

int32_t deadline_day_of(int year, int64_t month_and_day)
{
    return clock_day_from_civil(year, (int)(month_and_day / 100), (int)(month_and_day % 100));
}

struct round_days deadline_round(const struct round_dates *round, int year)
{
    return (struct round_days){ deadline_day_of(year, round->proposed_before),
                                deadline_day_of(year + round->next_year, round->done_before) };
}
