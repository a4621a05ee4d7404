/* stamp.h - what time a record gets, and when a day begins.
 *
 * Pure: the clocks are passed in. A record's time never goes back. A day begins with a clock.day.started of
 * its own, also one that nobody was awake for. A host clock that jumps stops the stamping until an operator
 * confirms it: a wrong date cannot be taken out of the log again. In rehearsal the day is told, and it is
 * always eight o'clock.
 */
#ifndef SERVICES_BROKER_STAMP_H
#define SERVICES_BROKER_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#define STAMP_HOUR_MS INT64_C(3600000)

enum {
    STAMP_JUMP_HOURS = 36,   /* against the monotonic clock */
    STAMP_RESTART_DAYS = 31, /* against the last record, when the broker starts */
    STAMP_REHEARSAL_HOUR = 8
};

/* Both clocks at one moment. */
struct stamp_clocks {
    int64_t wall_ms, monotonic_ms;
};

enum stamp_stop { STAMP_GOING, STAMP_JUMPED, STAMP_FAR_FROM_LOG };

struct stamp {
    bool rehearsal;
    bool begun; /* there is a last record, and its day has started */
    enum stamp_stop stop;
    int64_t gap_ms;  /* the jump that stopped it */
    int64_t last_ms; /* time of the last record */
    int32_t rehearsal_day;
    struct stamp_clocks seen;
};

struct stamp_settings {
    bool rehearsal;
    bool confirmed;    /* an operator has looked at the clock */
    int32_t start_day; /* rehearsal with an empty log */
};

/* `last_ms` is the time of the log's last record; `begun` false when the log is empty. */
void stamp_start(struct stamp *s, const struct stamp_settings *settings, bool begun, int64_t last_ms,
                 struct stamp_clocks now);
/* Look at the clocks: before each use, at least every few seconds. */
void stamp_look(struct stamp *s, struct stamp_clocks now);
bool stamp_stopped(const struct stamp *s);
/* An operator has looked: what the clock says now is right. Time goes on from there, and does not go back. */
void stamp_confirm(struct stamp *s);

/* What a record gets that is stored now. */
int64_t stamp_now(const struct stamp *s);
/* A day that must be started before anything else is stored, and the time of its record. Ask until false. */
bool stamp_day_due(const struct stamp *s, int32_t *day, int64_t *at_ms);
/* A record got `at_ms`; or, after a rollback, the last one on disk has it. */
void stamp_took(struct stamp *s, bool begun, int64_t at_ms);
/* Milliseconds until the next midnight in Viet Nam, at least 1. */
int64_t stamp_until_midnight(const struct stamp *s);

#endif
