/* turn.h - the broker's inside, shared by the files that make it up: broker.c (turns and commands), publish.c
 * (what is stored), status.c (what is answered). Nobody else includes it.
 */
#ifndef SERVICES_BROKER_TURN_H
#define SERVICES_BROKER_TURN_H

#include "common/frame.h"
#include "services/broker/answers.h"
#include "services/broker/broker.h"
#include "services/broker/follower.h"
#include "services/broker/session.h"

enum { REFUSALS_LOGGED = 20 /* a second */ };

/* A stored event that is published when its commit has returned. */
struct live {
    struct slice topic, envelope;
    uint64_t seq, previous;
    int64_t at_ms;
};

struct space {
    uint64_t free_bytes;
    bool warned, stopped, wal_full;
};

struct broker {
    struct broker_settings settings;
    struct log *log;
    struct ports ports;
    struct stamp stamp;
    struct stamp_clocks now;
    bool stop_logged;
    struct sessions sessions;
    struct followers followers;
    struct space space;
    int64_t tick_ms;   /* the next one */
    uint64_t refusals; /* since the last second */
    uint64_t refusals_ever;

    /* of this turn */
    uint64_t turn;
    msgpack_zone *zone;
    struct buf scratch;
    struct answers answers;
    struct live *live;
    size_t live_count, live_capacity;
    int64_t events, bytes;
    bool full; /* the disk was: nothing more is stored in this turn */
    int32_t rehearsal_day_before;
};

/* The turn's own copy; a NULL with a size means no memory. */
struct slice turn_keep(struct broker *b, struct slice bytes);
enum err turn_refuse(struct broker *b, const struct bus_peer *peer, uint64_t number, const char *code,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));
/* A peer cannot be told any longer. */
void broker_forget(struct broker *b, struct session *session);

/* publish.c: append and remember for live. ERR_FULL: the turn was undone, go on. */
enum err publish_take(struct broker *b, const struct bus_peer *peer, struct session *session,
                      const struct frame *f, struct why *why);
/* Start each day that is due. Nothing when the disk is full: it stays due. */
enum err publish_days(struct broker *b, struct why *why);
enum err publish_space_warned(struct broker *b, struct why *why);
/* The transaction came to nothing for want of space: take back what was answered. */
enum err publish_undo(struct broker *b, struct why *why);
enum err publish_live(struct broker *b);

/* status.c */
enum err status_answer(struct broker *b, struct buf *out);

#endif
