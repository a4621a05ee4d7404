/* turn.h - the broker's inside, shared by the files that make it up: broker.c (turns and time), commands.c
 * (what peers say), places.c (who gets a place), publish.c (what is stored), rights.c (who may), status.c
 * (what is answered). Nobody else includes it.
 */
#ifndef SERVICES_BROKER_TURN_H
#define SERVICES_BROKER_TURN_H

#include "common/frame.h"
#include "common/guard.h"
#include "services/broker/answers.h"
#include "services/broker/broker.h"
#include "services/broker/follower.h"
#include "services/broker/session.h"

#define BROKER_NAME "broker"

enum { REFUSALS_LOGGED = 20 /* a second */ };

/* A stored event that is published when its commit has returned. */
struct live {
    struct slice topic, envelope;
    uint64_t seq, previous;
    int64_t at_ms;
};

/* What a turn has to say when what it stored is on disk. */
struct said {
    msgpack_zone *zone;
    struct answers answers;
    struct live *live;
    size_t live_count, live_capacity;
};

struct space {
    uint64_t free_bytes;
    bool warned, warned_now /* in this turn, not committed yet */, stopped, wal_full;
    bool refused; /* the last turn that had something to store found no room */
};

struct broker {
    struct broker_settings settings;
    const struct guard *guard;
    struct log *log;
    struct ports ports;
    struct stamp stamp;
    struct stamp_clocks now;
    bool stop_logged;
    struct sessions sessions;
    struct followers followers;
    struct space space;
    int64_t tick_ms;           /* the next one */
    uint64_t refusals, denied; /* to be logged within the second; for want of rights, since the start */
    uint64_t refusals_ever;    /* for whatever reason, since the start */
    struct bus_visits visits;
    bool rights_due;  /* the log may not have heard of keys or policy as they are now */
    bool rights_said; /* it has, if this turn is stored */

    const struct party *from; /* whose message is being looked at */

    struct said each[2];
    struct said *waits; /* of the turn before, whose flush goes on; NULL: none does */

    /* of this turn */
    uint64_t turn;
    struct said *said;
    struct buf scratch;
    int64_t events, bytes;
    int64_t published, most; /* events in PUBLISH of all sessions; of the one that said most */
    bool full;               /* the disk was: nothing more is stored in this turn */
    int32_t rehearsal_day_before;
};

/* The turn's own copy; a NULL with a size means no memory. */
struct slice turn_keep(struct broker *b, struct slice bytes);
enum err turn_refuse(struct broker *b, const struct bus_peer *peer, uint64_t number, const char *code,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));
/* A peer cannot be told any longer. */
void broker_forget(struct broker *b, struct session *session);
void broker_end_follow(struct broker *b, struct session *session);

/* places.c: a place for the sender, b->from, or NULL with why (BUSY). The first finds the one it has. */
struct session *places_session(struct broker *b, const struct bus_peer *peer, struct why *why);
bool places_follow(struct broker *b, struct session *session, const struct log_place *place, struct why *why);

/* publish.c: append and remember for live. ERR_FULL: the turn was undone, go on. */
enum err publish_take(struct broker *b, const struct bus_peer *peer, struct session *session,
                      const struct frame *f, struct why *why);
/* Start each day that is due. Nothing when the disk is full: it stays due. */
enum err publish_days(struct broker *b, struct why *why);
enum err publish_space_warned(struct broker *b, struct why *why);
/* The transaction came to nothing for want of space: take back what was answered. */
enum err publish_undo(struct broker *b, struct why *why);
enum err publish_live(struct broker *b, struct said *said);
/* One event of the broker's own, about `subject`. */
struct event_kind;
enum err publish_own(struct broker *b, const struct event_kind *kind, const void *event, const char *subject,
                     struct why *why);

/* rights.c: *known false when the key is nobody's (it was told); else b->from is set for what follows. */
enum err rights_sender(struct broker *b, const struct bus_peer *peer, struct slice key, bool *known);
/* May the sender? ERR_INVALID with why. */
enum err rights_hello(const struct broker *b, struct slice publisher, struct why *why);
enum err rights_publish(const struct broker *b, struct slice topic, struct why *why);
enum err rights_question(const struct broker *b, struct slice question, struct why *why);
/* *whole: everything it asked for may be seen. */
enum err rights_follow(const struct broker *b, const struct party *party, const struct slice *prefixes,
                       size_t count, bool *whole, struct why *why);
/* Say in the log what changed of keys and policy since it was last said there. */
enum err publish_rights(struct broker *b, struct why *why);

/* status.c */
enum err status_answer(struct broker *b, struct buf *out);

#endif
