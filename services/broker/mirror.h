/* mirror.h - another broker's log, followed whole into a log of our own: the same records in the same places
 * with the same chain, so that this file can be served when the other is lost.
 *
 * What can be lost with the other is what it acknowledged and this one has not received: as a rule what came
 * in the last milliseconds, after a broken line everything since. It is told as `behind` in the log and as
 * ocop_lag in the metrics. Nothing is received that is not on the other's disk.
 */
#ifndef SERVICES_BROKER_MIRROR_H
#define SERVICES_BROKER_MIRROR_H

#include "common/metrics.h"
#include "services/broker/log.h"

#include <signal.h>

struct mirror_settings {
    const char *endpoint; /* the other broker's ROUTER */
    struct metrics *metrics;
};

/* Until *stop, or
 *
 * ERR_DIVERGED  the other log has another past, or ends before ours: nothing is touched, a person decides
 * ERR_CORRUPT   the other log is damaged behind what we have, or gives only a part of itself
 * ERR_CONFIG    the other does not let us follow everything
 * ERR_FULL, ERR_IO, ERR_NOMEM; why says more */
enum err mirror_run(const struct mirror_settings *settings, struct log *log,
                    const volatile sig_atomic_t *stop, struct why *why);

#endif
