/* marks.h - a table in memory of how far each name is: publishers by (name, epoch), topics by name.
 *
 * The log's rows say the same; this saves asking for them at every event. Marks that changed since the last
 * commit are on the dirty list, and marks_clear forgets everything when a transaction came to nothing.
 */
#ifndef SERVICES_BROKER_MARKS_H
#define SERVICES_BROKER_MARKS_H

#include "common/hash.h"
#include "common/record.h"

enum { MARKS_BUCKETS = 4096, MARKS_NAME_MAX = TOPIC_MAX };

struct mark {
    struct mark *next, *next_dirty;
    bool dirty;
    uint64_t epoch;
    uint64_t number, seq; /* 0: never stored */
    struct hash hash;
    struct hash sealed; /* of its row on disk, in the log's seal; zero when there is none */
    uint8_t size;
    char name[MARKS_NAME_MAX];
};

struct marks {
    struct mark *buckets[MARKS_BUCKETS];
    struct mark *dirty;
    size_t count;
};

struct mark *marks_find(const struct marks *m, struct slice name, uint64_t epoch); /* NULL: not here */
/* All zero but for its name. NULL: no memory, or the name is longer than MARKS_NAME_MAX. */
struct mark *marks_add(struct marks *m, struct slice name, uint64_t epoch);
void marks_touch(struct marks *m, struct mark *mark); /* it changed: put it on the dirty list */
void marks_clean(struct marks *m);                    /* the changes are stored */
void marks_clear(struct marks *m);                    /* forget all */
struct slice mark_name(const struct mark *mark);

#endif
