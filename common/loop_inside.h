/* loop_inside.h - what the files of the loop share; handlers include loop.h only.
 *
 *   fold    a store and how one record changes it: no socket, no clock
 *           (loop_store.c opens and commits, loop_decide.c decides, loop_apply.c applies)
 *   recall  the service's own recorded outcomes, read from the log in order   (loop_recall.c)
 *   run     the conversation with the broker and with those who ask           (loop_run.h)
 */
#ifndef COMMON_LOOP_INSIDE_H
#define COMMON_LOOP_INSIDE_H

#include "common/client.h"
#include "common/guard.h"
#include "common/loop.h"

enum {
    LOOP_OUTCOMES_MAX = FRAME_EVENTS_MAX, /* of one cause: they travel in one PUBLISH */
    LOOP_OUTCOMES_BYTES = 12 * 1024 * 1024,
    /* Topics and envelopes of one cause. The PUBLISH around them must be a frame: at most 8 bytes an event
     * (an array of two, the length of a topic, that of an envelope) and 64 before the first. */
    LOOP_ENVELOPES_BYTES = BUF_LIMIT_DEFAULT - 8 * LOOP_OUTCOMES_MAX - 64,
    LOOP_ZONE_BYTES = 64 * 1024, /* enough for a record and its outcomes, so that most need no more */
    LOOP_ROUTES_MAX = 128,
    CONFIG_PATH_MAX = 4096
};

/* One outcome on its way into a store: decided now, or recalled. */
struct outcome {
    uint64_t number;
    struct slice topic, envelope;
};

struct draft;

struct turn {
    struct fold *fold;
    const struct record *rec; /* in its place in the log */
    struct record letter;     /* a retried dead letter: rec's place, the letter's topic and bytes */
    struct envelope envelope, cause_envelope;
    bool has_cause;
    const void *kept;    /* see turn_remember */
    struct slice parsed; /* the bytes that were parsed last for the record itself; see turn_parse */
    struct envelope parsed_envelope;
    msgpack_zone *zone;
    struct why why;
    struct draft *drafts;
    size_t draft_count, draft_capacity;
    struct buf data;      /* packed data maps of the drafts */
    struct buf envelopes; /* finished outcomes */
    struct outcome *outcomes;
    size_t outcome_count, outcome_capacity;
    bool dead;       /* an outcome of this cause is its dead letter */
    enum err failed; /* where nobody could be told: turn_finish says it */
};

enum fold_statement {
    FOLD_BEGIN,
    FOLD_COMMIT,
    FOLD_ROLLBACK,
    FOLD_SAVEPOINT,
    FOLD_RELEASE,
    FOLD_ROLLBACK_TO,
    FOLD_CURSOR,
    FOLD_PUBLISHED,
    FOLD_OUTBOX_ADD,
    FOLD_OUTBOX_FORGET,
    FOLD_OUTBOX_READ,
    FOLD_OUTBOX_HASH,
    FOLD_DEAD_ADD,
    FOLD_DEAD_FIND,
    FOLD_DEAD_MARK,
    FOLD_DEAD_LIST,
    FOLD_DEAD_OPEN,
    FOLD_TALLY_ADD,
    FOLD_TALLY_READ,
    FOLD_STATEMENTS
};

/* What became of a request. */
enum fold_tally { FOLD_ACCEPTED, FOLD_REFUSED, FOLD_DEAD, FOLD_TALLIES };

struct fold {
    const struct service *service;
    struct slice types[LOOP_ROUTES_MAX]; /* of the service's routes */
    size_t type_count;
    sqlite3 *db;
    sqlite3_stmt *statements[FOLD_STATEMENTS];
    void *store;
    bool store_opened;
    uint64_t seq; /* the cursor */
    struct hash chain;
    uint64_t number; /* of our last outcome */
    struct hash hash;
    uint64_t published; /* known to be STORED */
    struct hash published_hash;
    uint64_t guarded_to;          /* records up to here are applied inside a savepoint each; see fold_take */
    uint64_t denied;              /* questions that were not answered for want of rights, since the start */
    bool following;               /* the broker has taken our FOLLOW, as far as is known */
    bool dirty;                   /* the cursor or `published` moved since the last commit */
    uint64_t tally[FOLD_TALLIES]; /* since the last commit, which adds them to the store's */
    struct turn turn;
    struct recount *recount; /* compute each outcome again before it is applied; NULL: do not */
    int lock;                /* file descriptor of PATH.lock, or -1 */
};

/* Open, or make, or make anew when another program made it (*rebuilt). ERR_LIMIT: another process holds it.
 */
enum err fold_open(struct fold *f, const struct service *service, const char *path, bool *rebuilt,
                   struct why *why);
void fold_close(struct fold *f);
/* Close, delete the files, and open empty. */
enum err fold_rebuild(struct fold *f, const char *path, struct why *why);

enum err fold_begin(struct fold *f);
enum err fold_commit(struct fold *f);
void fold_rollback(struct fold *f); /* and the cursor as it was last committed */

/* Is there anything to do for this record but moving the cursor? */
bool fold_hears(const struct fold *f, const struct record *r);
/* Fill turn.outcomes with what decide says. ERR_NONE also for refusals and dead letters: they are outcomes.
 */
enum err fold_decide(struct fold *f, const struct record *r);
/* Apply outcomes and the record itself, put decided outcomes into the outbox, count, move the cursor.
 * `recalled` outcomes are in the log already, and whatever fails then is a stop. After an error the
 * transaction can only be rolled back. */
enum err fold_apply(struct fold *f, const struct record *r, const struct outcome *outcomes, size_t count,
                    bool recalled, struct why *why);
/* decide and apply; a fact that cannot be applied becomes a dead letter. That is rare, and a savepoint for
 * each record is dear: so there is none at first. ERR_AGAIN: half a record is in the transaction; roll back
 * to the last commit and take the records behind it again, and this one will have its savepoint. */
enum err fold_take(struct fold *f, const struct record *r, struct why *why);
/* Apply recorded outcomes, with f->recount. What cannot be applied is a difference too, and left out. */
enum err fold_recount(struct fold *f, const struct record *r, const struct outcome *outcomes, size_t count,
                      struct why *why);
/* Only move the cursor. */
void fold_pass(struct fold *f, uint64_t seq, const struct hash *chain);
enum err fold_forget(struct fold *f, uint64_t number, const struct hash *hash);
/* Running hash after our outcome `number`, if we still know it. */
bool fold_hash_at(struct fold *f, uint64_t number, struct hash *out);

/* --- between loop_store.c, loop_decide.c and loop_apply.c --- */
enum err fold_run(struct fold *f, enum fold_statement which);
const struct route *route_find(const struct fold *f, struct slice type);
/* Is `type` the service's name followed by `rest`? */
bool fold_owns(const struct fold *f, struct slice type, const char *rest);
bool type_is_retry(struct slice type);
void turn_begin(struct turn *turn, const struct record *rec);
/* The envelope in `bytes`, of the record or the letter this turn is about. It is asked for by decide, by the
 * ids of outcomes and by apply, and parsed once. Errors as envelope_parse. */
enum err turn_parse(struct turn *turn, struct slice bytes, struct envelope *out, struct why *why);
void turn_clear_drafts(struct turn *turn);
/* Give the drafts their places, ids and numbers: turn.outcomes. */
enum err turn_finish(struct turn *turn);
/* Replace the drafts by the word that the record at `seq` is a dead letter, because of `because` and
 * turn.why. */
enum err turn_announce_dead(struct turn *turn, enum err because, uint64_t seq);
/* A retry or skip: is it for us, of which letter, and is that open? Then it is in turn.letter. */
enum err turn_letter(struct turn *turn, const struct record *r, bool *ours, uint64_t *seq, bool *there);

struct recall {
    struct client *client;
    const struct service *service;
    uint64_t after_seq;
    struct hash after_chain;
    uint64_t next_number, until_number, until_seq; /* ends when either is reached */
    const struct record *records;                  /* of the client's current batch */
    size_t count, at;
    uint64_t through;
    msgpack_zone *zone;
    struct envelope envelope; /* of records[at] */
    bool parsed, ended, busy;
    struct buf bytes; /* of the group handed out */
    struct outcome *group;
    size_t group_capacity;
    const volatile sig_atomic_t *stop;
};

/* Read our outcomes next_number..until_number (or all up to until_seq), beginning behind the cursor (after,
 * chain). */
enum err recall_open(struct recall *r, const struct service *service, const char *broker, uint64_t after,
                     const struct hash *chain, uint64_t next_number, uint64_t until_number,
                     uint64_t until_seq, const volatile sig_atomic_t *stop, struct why *why);
void recall_close(struct recall *r);
/* The recorded outcomes of the record at `cause_seq`, which must be asked for in rising order. *ended: none
 * of this cause, and none will come for later ones. */
enum err recall_group(struct recall *r, uint64_t cause_seq, const struct outcome **group, size_t *count,
                      bool *ended, struct why *why);

/* What `status` answers: a map. */
enum err fold_status(struct fold *f, struct buf *out);
/* May who has this key ask this? When not, `answer` gets the FAULT. *only: the answer must be of a province
 * of this party; NULL: of any. */
bool fold_may_ask(struct fold *f, const struct guard *guard, struct slice key, const struct frame *ask,
                  const struct party **only, struct buf *answer);
/* Answer one ASK; `answer` gets an ANSWER or FAULT frame. */
void fold_answer(struct fold *f, const struct frame *ask, const struct party *only, struct buf *answer);
/* May this question be answered before everything decided is STORED? */
bool fold_answers_at_once(struct slice question);

#endif
