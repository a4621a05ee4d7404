/* presence.h - is the log's file still where it was? And was there one before?
 *
 * A file that was removed lives on as long as it is open: the broker would acknowledge events that are gone
 * when it ends. So its place is looked at once a second; and what must not be lost is saved before the broker
 * ends.
 */
#ifndef SERVICES_BROKER_PRESENCE_H
#define SERVICES_BROKER_PRESENCE_H

#include "services/broker/log.h"

#include <sys/types.h>

enum { PRESENCE_PATH_MAX = 640 };

struct presence {
    char path[PRESENCE_PATH_MAX];
    int lock; /* borrowed; its file says that the log had records */
    bool claimed;
    struct {
        bool there;
        dev_t device;
        ino_t file;
    } log, wal;
};

/* Before the log is opened, with the lock held: if the lock's file says that there was a log with records and
 * there is none, ERR_CORRUPT; whoever means it removes PATH.lock. A new log is begun with a line that says
 * so. */
enum err presence_before(struct presence *p, const char *path, int lock, struct why *why);
/* It is open: what lies there is it. */
void presence_opened(struct presence *p);
/* Once a second. `head`: of the log, on disk. ERR_CORRUPT: it or its write-ahead log was removed or replaced;
 * everything it held was saved beside it, or the sentence says why not. */
enum err presence_look(struct presence *p, struct log *log, uint64_t head, struct why *why);

/* rescue.c: copy everything the open log holds into a new file. ERR_IO, ERR_FULL. */
enum err log_rescue(struct log *log, const char *to, struct why *why);

#endif
