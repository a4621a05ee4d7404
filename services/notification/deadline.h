/* deadline.h - the arithmetic of deadlines: working days, when one is near, the dates of a round.
 *
 * Pure: no clock, no files, no allocation, no SQL. Days are days since 1970-01-01. Every number of days comes
 * from an adopted rule set, every day off from an adopted calendar.
 *
 * A deadline is "strictly before" its day: it is met up to the day before due_before, and missed from
 * due_before on. A limit of n days after a day ends with the n-th day after it, so due_before is one day
 * later.
 */
#ifndef SERVICES_NOTIFICATION_DEADLINE_H
#define SERVICES_NOTIFICATION_DEADLINE_H

#include "proto/events.h"

/* Days on which offices are closed, rising. Where no adopted calendar covers a day, only Saturdays and
 * Sundays are off: a deadline is then at worst too early for an announcement, and no day is invented. */
struct days_off {
    const int32_t *days;
    size_t count;
};

bool deadline_is_working(const struct days_off *off, int32_t day);
/* The n-th working day after `day`; the day itself does not count. n 0 is the day itself. */
int32_t deadline_add_working(const struct days_off *off, int32_t day, int32_t n);
/* Working days in from, from + 1 ... until - 1. */
int32_t deadline_count_working(const struct days_off *off, int32_t from, int32_t until);

/* What is known of a deadline; the order is that of its life. */
enum deadline_state { DEADLINE_OPEN, DEADLINE_NEARED, DEADLINE_MISSED, DEADLINE_DONE };
const char *deadline_state_word(enum deadline_state state); /* open, neared, missed or done */
bool deadline_state_find(struct slice word, enum deadline_state *state);
bool deadline_due_find(struct slice word, enum due *what); /* "commune" ... */

/* What a day is to a due day that is looked at for `near_days` before it, and as long from it on. */
enum deadline_phase { PHASE_FAR, PHASE_NEAR, PHASE_MISSED, PHASE_PAST };
enum deadline_phase deadline_phase(int32_t due_before, int32_t near_days, int32_t today);

/* The year in which the day falls, and the day of a rule's month * 100 + day in a year. */
int deadline_year(int32_t day);
int32_t deadline_day_of(int year, int64_t month_and_day);

/* Both days of a round whose dossiers are proposed in that year. */
struct round_days {
    int32_t proposed_before, done_before;
};
struct round_days deadline_round(const struct round_dates *round, int year);

#endif
