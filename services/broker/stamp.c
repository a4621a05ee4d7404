#include "services/broker/stamp.h"

#include "common/clock.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

void stamp_start(struct stamp *s, const struct stamp_settings *settings, bool begun, int64_t last_ms,
                 struct stamp_clocks now)
{
    *s = (struct stamp){ .rehearsal = settings->rehearsal, .begun = begun, .last_ms = last_ms, .seen = now };
    s->rehearsal_day = begun ? clock_day_of(last_ms) : settings->start_day;
    if (s->rehearsal || settings->confirmed || !begun) return;
    if (distance(now.wall_ms, last_ms) <= STAMP_RESTART_DAYS * 24 * STAMP_HOUR_MS) return;
    s->stop = STAMP_FAR_FROM_LOG;
    s->gap_ms = now.wall_ms - last_ms;
}

void stamp_look(struct stamp *s, struct stamp_clocks now)
{
    int64_t passed = now.monotonic_ms - s->seen.monotonic_ms;
    int64_t jump = now.wall_ms - s->seen.wall_ms - passed;

    if (!s->rehearsal && !s->stop && distance(jump, 0) > STAMP_JUMP_HOURS * STAMP_HOUR_MS) {
        s->stop = STAMP_JUMPED;
        s->gap_ms = jump;
    }
    s->seen = now;
}

bool stamp_stopped(const struct stamp *s)
{
    return s->stop != STAMP_GOING;
}

void stamp_confirm(struct stamp *s)
{
    s->stop = STAMP_GOING;
    s->gap_ms = 0;
}

int64_t stamp_now(const struct stamp *s)
{
    int64_t now = s->rehearsal ? clock_day_start_ms(s->rehearsal_day) + STAMP_REHEARSAL_HOUR * STAMP_HOUR_MS
                               : s->seen.wall_ms;

    if (s->begun && stamp_stopped(s)) return s->last_ms;
    return s->begun ? later(now, s->last_ms) : now;
}

bool stamp_day_due(const struct stamp *s, int32_t *day, int64_t *at_ms)
{
    int64_t now = stamp_now(s);
    int32_t today = clock_day_of(now), next = s->begun ? clock_day_of(s->last_ms) + 1 : today;

    if (stamp_stopped(s) || next > today) return false;
    *day = next;
    *at_ms = next == today ? now : later(clock_day_start_ms(next), s->begun ? s->last_ms : 0);
    return true;
}

void stamp_took(struct stamp *s, bool begun, int64_t at_ms)
{
    s->begun = begun;
    s->last_ms = at_ms;
}

int64_t stamp_until_midnight(const struct stamp *s)
{
    int64_t wait = clock_day_start_ms(clock_day_of(s->seen.wall_ms) + 1) - s->seen.wall_ms;

    return wait > 0 ? wait : 1;
}
