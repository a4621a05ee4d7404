/* marks.h - a table in memory of how far each name is: publishers by (name, epoch), topics by name.
 *
 * The log's rows say the same; this saves asking for them at every event. What a mark says can be taken back
 * to the last commit, and marks that changed since they were last written down are on the dirty list.
 */
#ifndef SERVICES_BROKER_MARKS_H
#define SERVICES_BROKER_MARKS_H

#include "common/hash.h"
#include "common/record.h"

enum { MARKS_BUCKETS = 4096, MARKS_NAME_MAX = TOPIC_MAX };

/* What a mark says. */
struct mark_place {
    uint64_t number, seq; /* 0: never stored */
};

/* A publisher's running hash. It may come after its number, from another thread; so it keeps by itself what
 * it was before the transaction that begins behind record `behind`. */
struct mark_running {
    struct hash hash, before;
    uint64_t behind;
};

struct mark {
    struct mark *next, *next_dirty, *next_touched;
    bool dirty, touched;
    uint64_t epoch;
    struct mark_place at, committed; /* committed: only while touched */
    struct mark_running running;
    struct hash sealed;  /* of its row on disk, in the log's seal; zero when there is none */
    struct hash sealing; /* of the row that is being written */
    uint8_t size;
    char name[MARKS_NAME_MAX];
};

struct marks {
    struct mark *buckets[MARKS_BUCKETS];
    struct mark *dirty, *touched;
    size_t count;
};

struct mark *marks_find(const struct marks *m, struct slice name, uint64_t epoch); /* NULL: not here */
/* All zero but for its name. NULL: no memory, or the name is longer than MARKS_NAME_MAX. */
struct mark *marks_add(struct marks *m, struct slice name, uint64_t epoch);
void marks_touch(struct marks *m, struct mark *mark); /* it is about to change */
void marks_commit(struct marks *m);                   /* the changes hold; they are not written down yet */
/* Take back what changed since the last commit, which ended with record `behind`. */
void marks_revert(struct marks *m, uint64_t behind);
void marks_clean(struct marks *m); /* every dirty one is written down */
void marks_clear(struct marks *m); /* forget all */
struct slice mark_name(const struct mark *mark);

/* `record`, of a transaction that begins behind record `behind`, is the publisher's next. */
void mark_run(struct mark_running *running, uint64_t behind, const struct record *record);

#endif
