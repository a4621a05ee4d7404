/* spool_log.c - the spool against the log: what the broker has, what was read there, and what to send again.
 */
#include "services/cli/print.h"
#include "services/cli/spool_inside.h"

#include <stdlib.h>
#include <string.h>

/* --- publishing --- */

/* What we said up to `last`, as a hash; *known false when we never said so much. */
static enum err hash_at(struct spool *sp, uint64_t last, struct hash *hash, bool *known, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_hash_at];
    enum err e;

    memset(hash, 0, sizeof *hash);
    *known = last == 0;
    if (last == 0) return ERR_NONE;
    db_bind_u64(s, 1, sp->epoch);
    db_bind_u64(s, 2, last);
    e = db_step(s, known);
    if (!e && *known) {
        *known = db_hash(s, 0, hash);
        db_done(s);
    }
    return spool_failed(sp, e, why);
}

static enum err do_behind(struct spool *sp, enum spool_statement which, uint64_t number, struct why *why)
{
    db_bind_u64(sp->s[which], 1, sp->epoch);
    db_bind_u64(sp->s[which], 2, number);
    return spool_do(sp, which, why);
}

enum err spool_welcome(struct spool *sp, uint64_t last, const struct hash *hash, bool *fits, struct why *why)
{
    struct hash ours;
    enum err e = hash_at(sp, last, &ours, fits, why);

    if (e) return e;
    *fits = *fits && hash_equal(&ours, hash);
    if (!*fits) return ERR_NONE;
    e = spool_begin(sp, why);
    if (!e) e = do_behind(sp, SPOOL_stored, last, why);
    /* A broker restored from an older copy has forgotten these: they are said again, and answered again. */
    if (!e) e = do_behind(sp, SPOOL_unheard, last, why);
    if (!e) e = do_behind(sp, SPOOL_unstored, last, why);
    if (!e) e = spool_commit(sp, why);
    if (e) spool_rollback(sp);
    return e;
}

enum err spool_next(struct spool *sp, uint64_t after, size_t most, size_t bytes, struct slice *topics,
                    struct slice *envelopes, size_t *count, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_next];
    const char *at;
    bool row = true;
    enum err e = ERR_NONE;

    *count = 0;
    buf_clear(&sp->batch);
    db_bind_u64(s, 1, sp->epoch);
    db_bind_u64(s, 2, after);
    db_bind_u64(s, 3, most);
    while (*count < most && sp->batch.size < bytes && !(e = db_step(s, &row)) && row) {
        topics[*count] = db_text(s, 0);
        envelopes[*count] = db_bytes(s, 1);
        buf_add(&sp->batch, topics[*count].data, topics[*count].size);
        buf_add(&sp->batch, envelopes[*count].data, envelopes[*count].size);
        ++*count;
    }
    db_done(s);
    if (e || sp->batch.failed) return spool_failed(sp, e ? e : sp->batch.failed, why);
    at = sp->batch.data;
    for (size_t i = 0; i < *count; i++) {
        topics[i].data = at;
        envelopes[i].data = at + topics[i].size;
        at = envelopes[i].data + envelopes[i].size;
    }
    return ERR_NONE;
}

enum err spool_stored(struct spool *sp, uint64_t last, struct why *why)
{
    return do_behind(sp, SPOOL_stored, last, why);
}

enum err spool_renumber(struct spool *sp, enum spool_statement which, uint64_t number, struct hash hash,
                        struct why *why)
{
    sqlite3_stmt *rows = sp->s[which], *set = sp->s[SPOOL_number];
    bool row = true;
    enum err e = ERR_NONE;

    while (!e && !(e = db_step(rows, &row)) && row) {
        hash = hash_running(&hash, number, db_text(rows, 1), db_bytes(rows, 2));
        db_bind_u64(set, 1, sp->epoch);
        db_bind_u64(set, 2, number++);
        db_bind_hash(set, 3, &hash);
        db_bind_i64(set, 4, db_i64(rows, 0));
        e = spool_do(sp, SPOOL_number, why);
    }
    db_done(rows);
    return spool_failed(sp, e, why);
}

static enum err refuse_and_move(struct spool *sp, uint64_t number, struct slice code, struct slice sentence,
                                struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_refuse];
    struct hash before;
    bool known = false;
    enum err e = hash_at(sp, number - 1, &before, &known, why);

    if (!e && !known) e = ERR_NOT_FOUND;
    if (e) return e;
    db_bind_text(s, 1, code);
    db_bind_text(s, 2, sentence);
    db_bind_u64(s, 3, sp->epoch);
    db_bind_u64(s, 4, number);
    e = spool_do(sp, SPOOL_refuse, why);
    if (!e && sqlite3_changes(sp->db) != 1) {
        return why_set(why, ERR_NOT_FOUND, "SPOOL",
                       "the broker refused number %llu, which does not wait here",
                       (unsigned long long)number);
    }
    if (e) return e;
    db_bind_u64(sp->s[SPOOL_behind], 1, sp->epoch);
    db_bind_u64(sp->s[SPOOL_behind], 2, number);
    return spool_renumber(sp, SPOOL_behind, number, before, why);
}

enum err spool_refused(struct spool *sp, uint64_t number, struct slice code, struct slice sentence,
                       struct why *why)
{
    enum err e = number ? spool_begin(sp, why) : ERR_NOT_FOUND;

    if (!e) e = refuse_and_move(sp, number, code, sentence, why);
    if (!e) e = spool_commit(sp, why);
    if (e)
        spool_rollback(sp);
    else
        e = spool_recall(sp, why);
    return e;
}

/* --- reading --- */

uint64_t spool_seq(const struct spool *sp, struct hash *chain)
{
    *chain = sp->chain;
    return sp->seq;
}

enum err spool_read_to(struct spool *sp, uint64_t seq, const struct hash *chain, struct why *why)
{
    enum err e;

    db_bind_u64(sp->s[SPOOL_cursor], 1, seq);
    db_bind_hash(sp->s[SPOOL_cursor], 2, chain);
    e = spool_do(sp, SPOOL_cursor, why);
    if (e) return e;
    sp->seq = seq;
    sp->chain = *chain;
    return ERR_NONE;
}

/* What find tells of a row. */
struct known {
    bool there, waiting, lost, has_seq, by_operator;
    uint64_t seq, epoch, number;
    char context[ENVELOPE_TYPE_MAX + 1]; /* whose verdict it is */
};

static enum err find(struct spool *sp, struct slice event, struct known *k, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_find];
    struct slice type;
    const char *dot;
    enum err e;

    memset(k, 0, sizeof *k);
    db_bind_text(s, 1, event);
    e = db_step(s, &k->there);
    if (e || !k->there) return spool_failed(sp, e, why);
    k->waiting = slice_is(db_text(s, 0), "waiting");
    k->lost = slice_is(db_text(s, 0), "lost");
    k->has_seq = sqlite3_column_type(s, 1) != SQLITE_NULL;
    k->seq = db_u64(s, 1);
    k->epoch = db_u64(s, 2);
    k->number = db_u64(s, 3);
    type = db_text(s, 4);
    dot = memchr(type.data, '.', type.size);
    snprintf(k->context, sizeof k->context, "%.*s", (int)(dot ? (size_t)(dot - type.data) : type.size),
             type.data);
    k->by_operator = !strcmp(k->context, "operator");
    db_done(s);
    return ERR_NONE;
}

static enum err own_found(struct spool *sp, const struct record *rec, struct slice event, bool *news,
                          struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_found];

    db_bind_u64(s, 1, rec->seq);
    db_bind_u64(s, 2, rec->epoch);
    db_bind_u64(s, 3, rec->number);
    db_bind_text(s, 4, event);
    *news = true;
    return spool_do(sp, SPOOL_found, why);
}

static enum err own_stranger(struct spool *sp, const struct record *rec, struct slice event, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_stranger];

    db_bind_u64(s, 1, rec->seq);
    db_bind_text(s, 2, event);
    db_bind_text(s, 3, rec->topic);
    return spool_do(sp, SPOOL_stranger, why);
}

/* A record under our own name. Outside a search only the numbers we gave count: the same event said from
 * another spool must not make a hole in our own numbering. */
static enum err hear_own(struct spool *sp, const struct record *rec, const struct envelope *env, bool *news,
                         struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_seen];
    struct known k;
    enum err e = find(sp, env->id, &k, why);

    if (e) return e;
    if (sp->searching) {
        if (!k.there) return own_stranger(sp, rec, env->id, why);
        return k.lost ? own_found(sp, rec, env->id, news, why) : ERR_NONE;
    }
    if (!k.there || k.has_seq || k.epoch != rec->epoch || k.number != rec->number) return ERR_NONE;
    db_bind_u64(s, 1, rec->seq);
    db_bind_text(s, 2, env->id);
    *news = true;
    return spool_do(sp, SPOOL_seen, why);
}

/* Is this the outcome of a row of ours, said by the service that owns its context? */
static bool answers(const struct known *k, const struct record *rec, const struct envelope *env)
{
    if (!k->there || !k->has_seq || k->seq != env->cause_seq) return false;
    return k->by_operator || slice_is(rec->publisher, k->context);
}

static enum err keep_outcome(struct spool *sp, const struct record *rec, const struct envelope *env,
                             const char *data, bool *news, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_outcome], *answer = sp->s[SPOOL_answer];
    enum err e;

    db_bind_text(s, 1, env->cause);
    db_bind_u64(s, 2, env->ordinal);
    db_bind_text(s, 3, env->type);
    db_bind_u64(s, 4, rec->seq);
    db_bind_text(s, 5, slice_text(data));
    e = spool_do(sp, SPOOL_outcome, why);
    if (e || sqlite3_changes(sp->db) == 0) return e; /* heard before */
    *news = true;
    db_bind_u64(answer, 1, env->count);
    db_bind_text(answer, 2, env->cause);
    return spool_do(sp, SPOOL_answer, why);
}

static enum err hear_outcome(struct spool *sp, const struct record *rec, const struct envelope *env,
                             bool *news, struct why *why)
{
    struct known k;
    json_t *data;
    char *text;
    enum err e = find(sp, env->cause, &k, why);

    if (e || !answers(&k, rec, env)) return e;
    data = json_of(&env->data);
    text = data ? json_dumps(data, JSON_COMPACT) : NULL;
    e = text ? keep_outcome(sp, rec, env, text, news, why) : ERR_NOMEM;
    free(text);
    json_decref(data);
    return e;
}

enum err spool_heard(struct spool *sp, const struct record *rec, bool *news, struct why *why)
{
    msgpack_zone zone;
    struct envelope env;
    struct why unreadable = { 0 };
    enum err e;

    if (!msgpack_zone_init(&zone, 4096)) return ERR_NOMEM;
    e = envelope_parse(rec->envelope, &zone, &env, &unreadable);
    if (e == ERR_UNREADABLE) {
        e = ERR_NONE; /* not ours to judge: the service that owns it dead-letters it */
    } else if (!e && env.cause_seq) {
        e = hear_outcome(sp, rec, &env, news, why);
    } else if (!e && slice_is(rec->publisher, sp->publisher)) {
        e = hear_own(sp, rec, &env, news, why);
    }
    msgpack_zone_destroy(&zone);
    return e;
}

/* --- after a restore of either side --- */

bool spool_searching(const struct spool *sp)
{
    return sp->searching;
}

static enum err set_meta(struct spool *sp, uint64_t epoch, bool searching, struct why *why)
{
    db_bind_u64(sp->s[SPOOL_meta], 1, epoch);
    db_bind_i64(sp->s[SPOOL_meta], 2, searching);
    return spool_do(sp, SPOOL_meta, why);
}

enum err spool_search_begin(struct spool *sp, struct why *why)
{
    struct hash none;
    enum err e = spool_begin(sp, why);

    memset(&none, 0, sizeof none);
    if (!e) e = spool_exec(sp, "DELETE FROM outcome; DELETE FROM stranger", why);
    if (!e) e = spool_do(sp, SPOOL_lose, why);
    if (!e) e = set_meta(sp, sp->epoch, true, why);
    if (!e) e = spool_read_to(sp, 0, &none, why);
    if (!e) e = spool_commit(sp, why);
    if (e)
        spool_rollback(sp);
    else
        e = spool_recall(sp, why);
    return e;
}

enum err spool_search_end(struct spool *sp, uint64_t epoch, struct why *why)
{
    struct hash none;
    enum err e = spool_begin(sp, why);

    memset(&none, 0, sizeof none);
    if (!e) e = set_meta(sp, epoch, false, why);
    sp->epoch = epoch;
    if (!e) e = spool_renumber(sp, SPOOL_lost, 1, none, why);
    if (!e) e = spool_commit(sp, why);
    if (e)
        spool_rollback(sp);
    else
        e = spool_recall(sp, why);
    return e;
}
