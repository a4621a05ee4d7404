/* loop_run.h - the conversation of a running service, shared by the files that carry it on.
 *
 *   loop.c          connections, what a WELCOME says, the turns
 *   loop_batch.c    EVENTS: applied in one transaction, committed, or taken again
 *   loop_publish.c  the outbox
 *   loop_hear.c     questions
 *
 * One thread; everything belongs to loop_run. An error's sentence is in l->why.
 */
#ifndef COMMON_LOOP_RUN_H
#define COMMON_LOOP_RUN_H

#include "common/loop_inside.h"
#include "common/metrics.h"

enum { LOOP_WAITING_MAX = 256 /* answers kept until what they rest on is STORED */ };

/* An answer that waits until everything it may rest on is STORED: nobody may hear of a fact before the log
 * has it. */
struct waiting {
    struct bus_peer peer;
    char *bytes;
    size_t size;
    uint64_t number; /* of our last outcome when it was given */
};

struct loop {
    const struct service *service;
    const struct loop_settings *settings;
    const volatile sig_atomic_t *stop;
    struct fold fold;
    struct client *client;
    struct bus_socket *asked;
    struct metrics *metrics;
    struct guard *guard; /* NULL: whoever reaches us may ask */
    uint64_t denied;     /* logged so far */
    struct recall recall;
    bool recalling, following;
    bool unheard;  /* the broker has refused our FOLLOW, and not taken one since */
    bool open;     /* a transaction is, with records of this turn in it */
    size_t batch;  /* records in it that we hear */
    bool complete; /* everything there was at the last WELCOME is applied: questions may be answered */
    uint64_t welcome_head; /* of the log, at that WELCOME */
    uint64_t sent;         /* our outcomes up to here are on their way on this connection */
    uint64_t head;         /* of the log, as last heard */
    uint64_t rebuilds;
    struct hash welcomed; /* running hash at the number of the last WELCOME: a recall must end there */
    struct waiting *waiting;
    size_t waiting_count;
    int64_t ticked_ms;
    int64_t asked_since_ms, asked_count; /* a second's questions */
    int64_t paused_until_ms; /* the broker cannot store now: offer the same again then; 0: not paused */
    struct buf answer;
    struct slice *topics, *envelopes; /* of one PUBLISH */
    struct buf bytes;
    struct why why;
};

/* A new connection; its WELCOME says where to go on. */
enum err loop_connect(struct loop *l);

/* --- loop_batch.c --- */
/* Apply records inside the transaction of this turn, which is begun when one of them is heard. ERR_AGAIN: one
 * wants a savepoint; see loop_take_again. */
enum err loop_take_events(struct loop *l, const struct client_event *news);
/* Commit what was taken; from then on it may be published and asked for. */
enum err loop_settle(struct loop *l);
/* Nothing stands of what was not committed. */
void loop_unsettle(struct loop *l);
/* Go back to the last commit, and have the records sent anew. */
enum err loop_take_again(struct loop *l);

/* --- loop_publish.c --- */
/* As much of the outbox as the window has room for; after a pause, connect anew first. */
enum err loop_publish(struct loop *l);

/* --- loop_hear.c --- */
/* Answer questions that have come, or keep the answers until they may go out. */
enum err loop_hear_questions(struct loop *l);
/* Send what has waited long enough. `drop`: after a rebuild nothing of it is known to be true; the asker asks
 * again. */
void loop_answer_waiting(struct loop *l, bool drop);

#endif
