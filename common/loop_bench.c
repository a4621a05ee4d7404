/* loop_bench.c - one service without sockets, fed by hand: for tests of handlers. */
#include "common/loop_inside.h"

#include <stdlib.h>

struct bench {
    struct fold fold;
    uint64_t seq;
    struct hash chain;
    msgpack_zone *zone;
};

enum err bench_new(const struct service *service, const char *path, struct bench **out, struct why *why)
{
    struct bench *b = calloc(1, sizeof *b);
    bool rebuilt = false;
    enum err e;

    if (!b) return ERR_NOMEM;
    b->zone = msgpack_zone_new(8192);
    if (!b->zone) {
        free(b);
        return ERR_NOMEM;
    }
    e = fold_open(&b->fold, service, path, &rebuilt, why);
    if (e) {
        msgpack_zone_free(b->zone);
        free(b);
        return e;
    }
    b->seq = b->fold.seq;
    b->chain = b->fold.chain;
    *out = b;
    return ERR_NONE;
}

void bench_destroy(struct bench **b)
{
    if (!*b) return;
    fold_close(&(*b)->fold);
    msgpack_zone_free((*b)->zone);
    free(*b);
    *b = NULL;
}

static struct record next_record(struct bench *b, const char *publisher, struct slice topic,
                                 struct slice envelope, int64_t at_ms)
{
    struct record r = { .seq = ++b->seq,
                        .at_ms = at_ms,
                        .publisher = slice_text(publisher),
                        .topic = topic,
                        .envelope = envelope,
                        .epoch = 1,
                        .number = b->seq };

    r.chain = hash_chain(&b->chain, r.seq, at_ms, r.publisher, r.epoch, r.number, topic, envelope);
    b->chain = r.chain;
    return r;
}

enum err bench_feed(struct bench *b, const char *publisher, const char *topic, struct slice envelope,
                    int64_t at_ms)
{
    const struct record r = next_record(b, publisher, slice_text(topic), envelope, at_ms);
    struct why why = { 0 };
    enum err e;

    b->fold.turn.outcome_count = 0;
    msgpack_zone_clear(b->zone);
    if (!fold_hears(&b->fold, &r)) {
        fold_pass(&b->fold, r.seq, &r.chain);
        return ERR_NONE;
    }
    e = fold_begin(&b->fold);
    if (!e) e = fold_take(&b->fold, &r, &why);
    if (e == ERR_AGAIN) { /* now with a savepoint */
        fold_rollback(&b->fold);
        e = fold_begin(&b->fold);
        if (!e) e = fold_take(&b->fold, &r, &why);
    }
    if (!e) e = fold_forget(&b->fold, b->fold.number, &b->fold.hash);
    if (!e) e = fold_commit(&b->fold);
    if (e) {
        fold_rollback(&b->fold);
        return e;
    }
    /* The outcomes take their places in the log behind it. */
    for (size_t i = 0; i < b->fold.turn.outcome_count; i++) {
        const struct outcome *o = &b->fold.turn.outcomes[i];
        const struct record own = next_record(b, b->fold.service->name, o->topic, o->envelope, at_ms);

        fold_pass(&b->fold, own.seq, &own.chain);
    }
    return ERR_NONE;
}

enum err bench_recount(struct bench *b, const struct bench *decided, const char *publisher, const char *topic,
                       struct slice envelope, int64_t at_ms, struct recount *recount, struct why *why)
{
    const struct turn *turn = &decided->fold.turn;
    const struct record r = next_record(b, publisher, slice_text(topic), envelope, at_ms);
    enum err e;

    if (!fold_hears(&b->fold, &r)) {
        fold_pass(&b->fold, r.seq, &r.chain);
        return ERR_NONE;
    }
    b->fold.recount = recount;
    e = fold_begin(&b->fold);
    if (!e) e = fold_recount(&b->fold, &r, turn->outcomes, turn->outcome_count, why);
    if (!e) e = fold_commit(&b->fold);
    if (e) fold_rollback(&b->fold);
    b->seq = decided->seq;
    return e;
}

size_t bench_outcomes(const struct bench *b)
{
    return b->fold.turn.outcome_count;
}

enum err bench_outcome(struct bench *b, size_t i, struct slice *topic, struct envelope *out)
{
    struct why why = { 0 };

    if (i >= b->fold.turn.outcome_count) return ERR_NOT_FOUND;
    *topic = b->fold.turn.outcomes[i].topic;
    return envelope_parse(b->fold.turn.outcomes[i].envelope, b->zone, out, &why);
}

void *bench_store(struct bench *b)
{
    return b->fold.store;
}

sqlite3 *bench_db(struct bench *b)
{
    return b->fold.db;
}

enum err bench_ask(struct bench *b, const char *question, struct slice packed_map, struct buf *answer,
                   struct why *why)
{
    msgpack_object arguments;
    enum err e = mp_read(packed_map, b->zone, &arguments, why);

    if (e) return e;
    for (const struct question *q = b->fold.service->questions; q && q->name; q++) {
        if (strcmp(q->name, question) == 0) return q->answer(b->fold.store, &arguments, answer, why);
    }
    return ERR_NOT_FOUND;
}
