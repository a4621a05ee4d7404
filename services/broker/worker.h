/* worker.h - a thread that does one task for the broker's own thread, each time it is told to: the flush of
 * the write-ahead log, or hashing, while the broker already looks at what comes next. One task at a time;
 * nothing that needs it done may be said before worker_wait has returned.
 */
#ifndef SERVICES_BROKER_WORKER_H
#define SERVICES_BROKER_WORKER_H

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

struct worker;
typedef enum err (*worker_task)(void *context, struct why *why);

/* `name` is for the sentence when there is no thread; `context` must outlive it. ERR_NOMEM. */
enum err worker_start(worker_task task, void *context, const char *name, struct worker **out,
                      struct why *why);
void worker_stop(struct worker **w); /* after the task that is under way */

/* What was written before is the worker's to read, and what it writes is ours after worker_wait. The one
 * before must have ended. */
void worker_begin(struct worker *w);
/* It is under way, also after at most so many microseconds; 0 only looks. */
bool worker_busy(struct worker *w, int64_t us);
/* Wait until it has ended. An error of the task stays: every later wait returns the first one. */
enum err worker_wait(struct worker *w, struct why *why);

#endif
