/* metrics.h - what a process tells of itself, as OpenMetrics text for whoever reads http://ENDPOINT/metrics.
 *
 * A thread answers, with what the process last told: a reader that is slow, or many of them, never hold the
 * process up. The age of what was told is among the numbers, so a process that hangs is seen here too.
 *
 * The names are those of the question `status`; metrics.c has the one table of what they mean.
 */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "common/err.h"
#include "common/slice.h"

enum { METRICS_READERS = 16, METRICS_PATIENCE_MS = 5000 /* a reader that takes longer is cut off */ };

/* What the setting metrics/endpoint says of itself. */
#define METRICS_MEANING                                                                                      \
    "where numbers are told as OpenMetrics, ipc://PATH or tcp://127.0.0.1:PORT; empty: nowhere"

struct metrics;

/* A number beside those of `status`. */
struct metric {
    const char *name; /* one of the table's */
    uint64_t value;
};

/* `endpoint` is ipc://PATH or tcp://127.x.y.z:PORT: what is told goes no further than this machine. Nothing
 * is touched. ERR_CONFIG. Empty is fine: no metrics. */
enum err metrics_check(const char *endpoint, struct why *why);
/* An empty endpoint makes none: *out is NULL then, and all calls bear that. ERR_CONFIG, ERR_IO, ERR_NOMEM. */
enum err metrics_open(const char *endpoint, struct metrics **out, struct why *why);
void metrics_close(struct metrics **m);
/* From now on tell this: the packed map that answers `status`, and more. ERR_NOMEM. */
enum err metrics_tell(struct metrics *m, struct slice status, const struct metric *more, size_t count);

#endif
