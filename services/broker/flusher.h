/* flusher.h - a thread that flushes the log's write-ahead log while the broker's own thread already looks at
 * what comes next. One flush at a time; nothing is acknowledged before flusher_wait has returned.
 */
#ifndef SERVICES_BROKER_FLUSHER_H
#define SERVICES_BROKER_FLUSHER_H

#include "common/db_wal.h"

#include <stdint.h>

struct flusher;

/* `wal` is that of the writer's own connection and must outlive it. ERR_NOMEM. */
enum err flusher_start(struct wal *wal, struct flusher **out, struct why *why);
void flusher_stop(struct flusher **f); /* after the flush that is under way */

/* Begin the flush that a COMMIT left owed (wal_flush_later). Until it has ended nothing may be committed. */
void flusher_begin(struct flusher *f);
/* One is under way, also after at most so many microseconds; 0 only looks. */
bool flusher_busy(struct flusher *f, int64_t us);
/* Wait until it has ended. ERR_IO: nobody knows what is on disk; stop acknowledging and exit. */
enum err flusher_wait(struct flusher *f, struct why *why);

#endif
