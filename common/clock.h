/* clock.h - time and civil days. Only the broker, the command line and logs read the clock; handlers never
 * do.
 *
 * A day is a number of days since 1970-01-01; text is YYYY-MM-DD. Days are those of Asia/Ho_Chi_Minh
 * (UTC+7 since 1975, no summer time).
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "common/err.h"
#include "common/slice.h"

#include <stdint.h>

enum { CLOCK_DAY_TEXT = 10, CLOCK_DAY_MIN = -25567 /* 1900-01-01 */, CLOCK_DAY_MAX = 84005 /* 2199-12-31 */ };

int64_t clock_wall_ms(void);      /* Unix ms UTC */
int64_t clock_monotonic_ms(void); /* for timeouts */
int64_t clock_monotonic_us(void); /* for how long something takes */

int32_t clock_day_of(int64_t at_ms);                             /* the day in Viet Nam at that moment */
int64_t clock_day_start_ms(int32_t day);                         /* its midnight in Viet Nam */
void clock_day_text(int32_t day, char text[CLOCK_DAY_TEXT + 1]); /* 0000-00-00 outside MIN..MAX */
enum err clock_day_parse(struct slice text, int32_t *day); /* YYYY-MM-DD of a real day, else ERR_INVALID */
void clock_day_civil(int32_t day, int *year, int *month, int *day_of_month);
int32_t clock_day_from_civil(int year, int month, int day_of_month);
/* The same day of the month `months` later, clamped at the month's end: 31 January + 1 = 28 or 29 February.
 */
int32_t clock_day_add_months(int32_t day, int months);

#endif
