/* loop.h - the one loop of every service: read the log, decide or recall, apply, commit, publish.
 *
 *   for each record r of the log, in order:
 *       if r is mine: pass                            applied at its cause
 *       outcomes = recorded(r), else decide(r)        decide reads and rules, and writes nothing
 *       apply each outcome, with r                    apply writes, and rules nothing
 *       apply r itself, if it is a fact for us
 *       cursor = r.seq, r.chain
 *   commit, publish the new outcomes in order, forget what is STORED
 *
 * Whatever has arrived shares one commit. A fact that cannot be applied undoes what is not committed; it and
 * what follows are then taken again, each inside its own savepoint, and it becomes a dead letter: as if every
 * record had one. A store that is lost, restored from an older copy, or made by another program (schema,
 * routes, prefixes and `program` are hashed) is brought up from the log: the service's own recorded outcomes
 * are read a second time beside it, in order, and used in place of decide until the last of them is used up.
 * So nothing is ever decided twice.
 *
 * The store file holds `cursor`, `outbox`, `published`, `dead_letter`, `tally` (common/loop.sql) and the
 * service's own tables, all changed in one transaction.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include "common/buf.h"
#include "common/db.h"
#include "common/mp.h"
#include "common/record.h"

#include <signal.h>

struct guard_settings;
struct turn; /* one record being handled; handlers only see it through the calls below */

/* Handlers. `rec` is the record, turn_envelope() its parsed envelope. */
typedef enum err (*decide_fn)(struct turn *turn, const struct record *rec);
/* `outcome` is what to apply; `cause` the record it answers (NULL when `outcome` is a fact from elsewhere).
 * The turn's envelope is that of `outcome`; turn_cause_envelope() that of the cause. */
typedef enum err (*apply_fn)(struct turn *turn, const struct record *outcome, const struct record *cause);

struct route {
    const char *type; /* "intake.dossier.filed" */
    decide_fn decide; /* may be NULL */
    apply_fn apply;   /* may be NULL */
    /* For a request, what its refusal is called ("intake.dossier.returned"); NULL for a fact, which then
     * dead-letters. The loop announces it by itself, with data {code, sentence}, when decide returns an error
     * of fate REFUSED and the turn's why is set. */
    const char *refusal;
};

/* A read-only question about what is STORED: read `arguments` (a map), pack one map into `answer`.
 * ERR_NOT_FOUND or ERR_INVALID with why is told to the asker. */
typedef enum err (*question_fn)(void *store, const msgpack_object *arguments, struct buf *answer,
                                struct why *why);
struct question {
    const char *name;
    question_fn answer;
};

/* What --recompute is at: what was recorded is computed again, and what differs is said. */
struct recount {
    const char *key; /* of whom; NULL: of all, and only differences are said */
    void *out_file;
    bool known; /* there is such a key */
    uint64_t computed, differences;
};
/* A recorded outcome, before it is applied: the store is as it was when the outcome was decided, and the turn
 * as in its apply. */
typedef enum err (*recount_fn)(struct turn *turn, const struct record *outcome, const struct record *cause,
                               struct recount *recount);

struct service {
    const char *name;                 /* publisher and context: "intake" */
    const char *const *prefixes;      /* what it follows, ended by NULL; its own context is among them */
    const struct route *routes;       /* ended by a NULL type */
    const struct question *questions; /* ended by a NULL name */
    const char *schema;               /* its schema.sql */
    int program;        /* raise when the meaning of a fold changes: the store is then rebuilt */
    size_t store_bytes; /* size of its struct store */
    enum err (*store_open)(void *store, sqlite3 *db,
                           struct why *why); /* prepare statements; memory comes zeroed */
    void (*store_close)(void *store);        /* finalize them; must bear a half-opened store */
    /* Called once when caught up with the head, and again each `tick_ms`; may be NULL. For workers, not for
     * rules. */
    void (*caught_up)(void *store);
    recount_fn recompute;   /* NULL: it computes nothing */
    const char *recomputes; /* what, in the plural: "ratings" */
};

/* --- what handlers may ask of their turn --- */
void *turn_store(struct turn *turn);
const struct envelope *turn_envelope(struct turn *turn);
const struct envelope *turn_cause_envelope(struct turn *turn); /* in apply of an outcome; else NULL */
msgpack_zone *turn_zone(struct turn *turn);                    /* memory until the end of this turn */
struct why *turn_why(struct turn *turn);
int32_t turn_day(
    struct turn *turn); /* the day in Viet Nam of the record's time: that of the last clock.day.started */
/* What decide has decoded from the record, kept for the applies of its outcomes: a pointer into the turn's
 * memory, or NULL, as always when outcomes are read from the log again. So it may spare an apply the
 * decoding, and must not tell it anything that the cause's bytes do not say. */
void turn_remember(struct turn *turn, const void *decoded);
const void *turn_remembered(const struct turn *turn);
/* The id the next outcome announced with this type will get: facts may name one another. */
void turn_next_id(struct turn *turn, const char *type, char id[HASH_ID_TEXT + 1]);
/* How many outcomes of this cause have been announced so far. */
uint32_t turn_announced(const struct turn *turn);

/* --- what decide may say --- */
/* One outcome: its type, two-digit province code, subject, and packed data map (copied). Its id, cause,
 * ordinal, count and time are the loop's business. ERR_LIMIT when a cause has too many outcomes. Typed forms:
 * proto/codec.h. */
enum err turn_announce(struct turn *turn, const char *type, struct slice province, struct slice subject,
                       struct slice data);

/* What a request counts as in `status`: dead when an outcome of it is its dead letter, else refused when one
 * is a refusal, else accepted. An outcome is a verdict when it speaks of the same context and thing as the
 * refusal of some route; anything else is a consequence. */

struct loop_settings {
    const char *broker;    /* endpoint of the ROUTER */
    const char *questions; /* endpoint to answer questions at; NULL: none */
    const char *store;     /* path of the SQLite file */
    int heartbeat_ms;
    int tick_ms;              /* 0: 1000 */
    int64_t questions_second; /* so many are answered in a second, `status` not counted, the rest is BUSY; 0:
                                 all */
    const char *metrics;      /* where to tell numbers of ourselves (metrics.h); NULL or empty: nowhere */
    const struct guard_settings *guard;  /* who may ask questions; NULL: whoever reaches the endpoint */
    volatile sig_atomic_t *look_at_once; /* set by a signal: keys or policy may have changed; or NULL */
};

/* Run until `*stop` is set (by a signal handler). Returns ERR_NONE then; any other error was logged with its
 * sentence and is the process's exit reason (loop_exit_code). */
enum err loop_run(const struct service *service, const struct loop_settings *settings,
                  const volatile sig_atomic_t *stop);

/* Exit codes of every service: 0 asked to stop, 1 stop error, 2 configuration, 3 SUPERSEDED, 4 store in use,
 * 6 DIVERGED or CORRUPT. Of these 1 alone is worth a restart: whatever it was may be over. */
int loop_exit_code(enum err e);

/* Decide everything again, on the side, from the log, in a throw-away store, applying what is recorded, and
 * print a line for each outcome that today's program and rules would decide otherwise. *differences counts
 * them. */
enum err loop_audit(const struct service *service, const struct loop_settings *settings, void *out_file,
                    uint64_t *differences, struct why *why);

/* The same replay, but nothing is decided: the service computes again what was recorded. ERR_NOT_FOUND: the
 * log has nothing of recount->key. */
enum err loop_recompute(const struct service *service, const struct loop_settings *settings,
                        struct recount *recount, struct why *why);

/* The whole main of a service: options --config FILE, --set KEY=VALUE, --check, --dump[=places], --audit,
 * --recompute KEY, --sample, --help; configuration, logging, signals, loop_run. */
int loop_main(const struct service *service, int argc, char **argv);

/* --- for tests: one service without sockets --- */
struct bench; /* a store in memory or a file, fed by hand */
enum err bench_new(const struct service *service, const char *path, struct bench **out, struct why *why);
void bench_destroy(struct bench **b);
/* Hand in one record as if it came from the log; its seq and chain are counted up here. Outcomes are kept. */
enum err bench_feed(struct bench *b, const char *publisher, const char *topic, struct slice envelope,
                    int64_t at_ms);
/* Apply a record with the outcomes that `decided` had for it in its last feed, after computing them again. */
enum err bench_recount(struct bench *b, const struct bench *decided, const char *publisher, const char *topic,
                       struct slice envelope, int64_t at_ms, struct recount *recount, struct why *why);
size_t bench_outcomes(const struct bench *b); /* of the last feed */
/* The i-th outcome of the last feed; parsed envelope in the bench's zone until the next feed. */
enum err bench_outcome(struct bench *b, size_t i, struct slice *topic, struct envelope *out);
void *bench_store(struct bench *b);
sqlite3 *bench_db(struct bench *b);
enum err bench_ask(struct bench *b, const char *question, struct slice packed_map, struct buf *answer,
                   struct why *why);

#endif
