/* checkpoint.h - the thread that moves the WAL into the log's file, so that no commit waits for it.
 *
 * It has a connection of its own and works PASSIVE: it never stops the writer. What it moved it flushes
 * itself. The few pages written meanwhile are left to the writer between two commits, after which SQLite
 * starts the WAL over; until the writer has done so the thread rests, because two cannot do it at once.
 */
#ifndef SERVICES_BROKER_CHECKPOINT_H
#define SERVICES_BROKER_CHECKPOINT_H

#include "common/err.h"

#include <stdbool.h>

struct checkpoint;

enum err checkpoint_start(const char *path, int from_pages, struct checkpoint **out, struct why *why);
void checkpoint_stop(struct checkpoint **c);
void checkpoint_tell(struct checkpoint *c,
                     int wal_pages);          /* after each commit; wakes the thread when it is time */
bool checkpoint_passed(struct checkpoint *c); /* true once after each finished pass */
/* ERR_IO when a write or a flush failed in the thread: exit, a flush is never tried twice. */
enum err checkpoint_state(struct checkpoint *c, struct why *why);

#endif
