/* follower.h - who reads the log, how far each has come, and what it has room for.
 *
 * A follower is served a bounded bite at a time, in turn with the others. Nothing is kept for it but its
 * place: when its socket is full, the bite is read again at its next turn.
 */
#ifndef SERVICES_BROKER_FOLLOWER_H
#define SERVICES_BROKER_FOLLOWER_H

#include "common/frame.h"
#include "common/guard.h"
#include "services/broker/log.h"
#include "services/broker/ports.h"

enum {
    FOLLOWER_MARK_RECORDS = 1000, /* a progress mark after so many skipped records ... */
    FOLLOWER_MARK_MS = 50,        /* ... or at the head, when nothing was sent for so long */
    FOLLOWER_RETRY_MS = 20        /* a full one is tried again after so long */
};

struct follower {
    bool used;
    struct bus_peer peer;
    struct party party;        /* who it is, and */
    const struct guard *guard; /* what it may see now */
    bool whole;                /* that is all it asks for */
    struct log_place at;       /* read up to here */
    uint64_t told;             /* the peer knows up to here */
    uint64_t credit;           /* records it has room for */
    uint64_t skipped;          /* looked at and not wanted since it was last told */
    int64_t sent_ms, retry_ms;
    size_t prefix_count;
    struct slice prefixes[FRAME_PREFIXES_MAX]; /* into `text` */
    char text[FRAME_PREFIXES_MAX * TOPIC_MAX];
};

struct followers {
    struct follower *each;
    size_t most, count, turn; /* `turn`: whom to look at first */
    struct buf body, frame;
};

struct follow_limits {
    size_t records, bytes; /* in one EVENTS */
    size_t bites;          /* in one turn, for all together */
};

enum err followers_init(struct followers *f, size_t most);
void followers_fini(struct followers *f);
/* NULL: the table is full. */
struct follower *followers_add(struct followers *f, const struct bus_peer *peer, const struct log_place *at);
void follower_prefix(struct follower *f, struct slice prefix); /* at most FRAME_PREFIXES_MAX valid ones */
void followers_drop(struct followers *f, struct follower *follower);

/* May this follower, the context, see that topic? (rights.c) */
bool rights_see(const void *context, struct slice topic);

/* Why a follower cannot be served any longer: ERR_GONE, or ERR_CORRUPT with why. The callee drops it. */
typedef void (*follower_ends)(void *context, struct follower *follower, enum err e, const struct why *why);

/* One turn: at most limits->bites bites. Errors that are nobody's in particular are returned (disk, memory,
 * sockets). */
enum err followers_serve(struct followers *f, struct log *log, const struct follow_limits *limits,
                         const struct ports *ports, int64_t now_ms, follower_ends ends, void *context,
                         struct why *why);
/* Milliseconds until somebody can be served: 0 at once, -1 nobody waits. */
int64_t followers_wait_ms(const struct followers *f, uint64_t head, int64_t now_ms);

#endif
