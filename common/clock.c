#include "common/clock.h"

#include <time.h>

/* Asia/Ho_Chi_Minh is seven hours ahead of UTC, summer and winter. */
#define MS_PER_DAY  INT64_C(86400000)
#define VIET_NAM_MS (INT64_C(7) * 3600 * 1000)

static int64_t read_clock(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t divide_down(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int32_t clock_day_of(int64_t at_ms)
{
    int64_t day = divide_down(at_ms, MS_PER_DAY);
    int64_t since_midnight = at_ms - day * MS_PER_DAY;

    /* The seven hours are added to the small number: no moment overflows. */
    return (int32_t)(day + (since_midnight + VIET_NAM_MS >= MS_PER_DAY));
}

int64_t clock_day_start_ms(int32_t day)
{
    return day * MS_PER_DAY - VIET_NAM_MS;
}

/* Days are counted in a year that begins on 1 March, so that the leap day is its last; 400 such years are an
 * era of 146097 days, and day 0 of era 0 is 0000-03-01, which is 719468 days before 1970-01-01. */
enum { ERA_DAYS = 146097, ERA_YEARS = 400, EPOCH_SHIFT = 719468 };

void clock_day_civil(int32_t day, int *year, int *month, int *day_of_month)
{
    int64_t shifted = (int64_t)day + EPOCH_SHIFT;
    int64_t era = divide_down(shifted, ERA_DAYS);
    int64_t of_era = shifted - era * ERA_DAYS;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * of_year + 2) / 153;

    *day_of_month = (int)(of_year - (153 * march_month + 2) / 5 + 1);
    *month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = (int)(year_of_era + era * ERA_YEARS + (*month <= 2));
}

int32_t clock_day_from_civil(int year, int month, int day_of_month)
{
    int64_t march_year = (int64_t)year - (month <= 2);
    int64_t march_month = month > 2 ? month - 3 : month + 9;
    int64_t era = divide_down(march_year, ERA_YEARS);
    int64_t year_of_era = march_year - era * ERA_YEARS;
    int64_t of_year = (153 * march_month + 2) / 5 + day_of_month - 1;
    int64_t of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;

    return (int32_t)(era * ERA_DAYS + of_era - EPOCH_SHIFT);
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static void put_digits(char *text, int digits, int value)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        text[i] = (char)('0' + value % 10);
}

void clock_day_text(int32_t day, char text[CLOCK_DAY_TEXT + 1])
{
    int year = 0, month = 0, day_of_month = 0;

    if (day >= CLOCK_DAY_MIN && day <= CLOCK_DAY_MAX) clock_day_civil(day, &year, &month, &day_of_month);
    memcpy(text, "0000-00-00", CLOCK_DAY_TEXT + 1);
    put_digits(text, 4, year);
    put_digits(text + 5, 2, month);
    put_digits(text + 8, 2, day_of_month);
}

/* Exactly `digits` digits, or -1. */
static int take_digits(const char *text, int digits)
{
    int value = 0;

    for (int i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

enum err clock_day_parse(struct slice text, int32_t *day)
{
    int year, month, day_of_month;
    int32_t read;

    if (text.size != CLOCK_DAY_TEXT || text.data[4] != '-' || text.data[7] != '-') return ERR_INVALID;
    year = take_digits(text.data, 4);
    month = take_digits(text.data + 5, 2);
    day_of_month = take_digits(text.data + 8, 2);
    if (year < 0 || month < 1 || month > 12 || day_of_month < 1) return ERR_INVALID;
    if (day_of_month > days_in_month(year, month)) return ERR_INVALID;
    read = clock_day_from_civil(year, month, day_of_month);
    if (read < CLOCK_DAY_MIN || read > CLOCK_DAY_MAX) return ERR_INVALID;
    *day = read;
    return ERR_NONE;
}

int32_t clock_day_add_months(int32_t day, int months)
{
    int year, month, day_of_month, last;
    int64_t count;

    clock_day_civil(day, &year, &month, &day_of_month);
    count = (int64_t)year * 12 + (month - 1) + months;
    year = (int)divide_down(count, 12);
    month = (int)(count - (int64_t)year * 12) + 1;
    last = days_in_month(year, month);
    return clock_day_from_civil(year, month, day_of_month < last ? day_of_month : last);
}
