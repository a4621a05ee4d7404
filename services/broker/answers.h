/* answers.h - what was said in a turn and may only be answered when its commit has returned.
 *
 * Each answer keeps its turn: they go out in the order in which the messages came. STORED, WELCOME and
 * CLOCKED promise that something is on disk; answers_send cannot be called without a commit's token, and only
 * there are their bytes made. So no path leads to an acknowledgement before the flush.
 */
#ifndef SERVICES_BROKER_ANSWERS_H
#define SERVICES_BROKER_ANSWERS_H

#include "services/broker/log.h"
#include "services/broker/ports.h"

enum answer_kind { ANSWER_STORED, ANSWER_WELCOME, ANSWER_CLOCKED, ANSWER_PONG, ANSWER_BYTES };

struct answer {
    enum answer_kind kind;
    bool new_events; /* STORED: something of this turn is behind it, and is lost if the commit fails */
    struct bus_peer peer;
    uint64_t number;    /* STORED, WELCOME: last; PONG: token */
    uint64_t first;     /* STORED: the first number it answers */
    uint64_t seq;       /* STORED, CLOCKED: last; WELCOME: head */
    struct hash hash;   /* WELCOME */
    struct slice bytes; /* BYTES: made already; CLOCKED: the day; in the turn's zone */
};

struct answers {
    struct answer *each;
    size_t count, capacity;
    struct buf frame;
};

void answers_fini(struct answers *a);
/* A new last answer for `peer`, zero but for that; NULL: no memory. Good until the next one is added. */
struct answer *answers_add(struct answers *a, enum answer_kind kind, const struct bus_peer *peer);

/* Somebody could not be told: full, or gone. */
typedef void (*answers_lost)(void *context, const struct bus_peer *peer);

/* Say them all, and forget them. `lost` may be called for any of them. Errors other than full and gone are
 * returned. */
enum err answers_send(struct answers *a, const struct commit *token, const struct ports *ports,
                      answers_lost lost, void *context);

#endif
