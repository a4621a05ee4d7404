/* loop_store.c - the store of a service: opening, transactions, the cursor, our own numbering. */
#include "common/loop_inside.h"
#include "common/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

extern const char loop_schema_sql[];

#define LOOP_CACHE_KIB "32768"
enum { LOOP_WAL_PAGES = 2000 }; /* then what is in the WAL is moved into the store */

static const char *const statement_text[FOLD_STATEMENTS] = {
    [FOLD_BEGIN] = "BEGIN IMMEDIATE",
    [FOLD_COMMIT] = "COMMIT",
    [FOLD_ROLLBACK] = "ROLLBACK",
    [FOLD_SAVEPOINT] = "SAVEPOINT record",
    [FOLD_RELEASE] = "RELEASE record",
    [FOLD_ROLLBACK_TO] = "ROLLBACK TO record",
    [FOLD_CURSOR] = "UPDATE cursor SET seq = ?1, chain = ?2, number = ?3, hash = ?4",
    [FOLD_PUBLISHED] = "UPDATE published SET number = ?1, hash = ?2",
    [FOLD_OUTBOX_ADD] =
        "INSERT INTO outbox(number, cause_seq, topic, envelope, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
    [FOLD_OUTBOX_FORGET] = "DELETE FROM outbox WHERE number <= ?1",
    [FOLD_OUTBOX_READ] =
        "SELECT number, cause_seq, topic, envelope FROM outbox WHERE number > ?1 ORDER BY number",
    [FOLD_OUTBOX_HASH] = "SELECT hash FROM outbox WHERE number = ?1",
    [FOLD_DEAD_ADD] =
        ("INSERT INTO dead_letter(seq, topic, envelope, code, reason) VALUES (?1, ?2, ?3, ?4, ?5)"
         " ON CONFLICT(seq) DO UPDATE SET code = excluded.code, reason = excluded.reason, retried = 0"),
    [FOLD_DEAD_FIND] = "SELECT topic, envelope, retried FROM dead_letter WHERE seq = ?1",
    [FOLD_DEAD_MARK] = "UPDATE dead_letter SET retried = ?2 WHERE seq = ?1",
    [FOLD_DEAD_LIST] = "SELECT seq, topic, code, reason, retried FROM dead_letter ORDER BY seq LIMIT 1000",
    [FOLD_DEAD_OPEN] = "SELECT count(*) FROM dead_letter WHERE retried = 0",
    [FOLD_TALLY_ADD] = "INSERT INTO tally(what, events) VALUES (?1, ?2) ON CONFLICT(what) DO UPDATE SET "
                       "events = events + ?2",
    [FOLD_TALLY_READ] = "SELECT ifnull(sum(events), 0) FROM tally WHERE what = ?1",
};

/* --- opening --- */

static struct hash program_hash(const struct service *s)
{
    struct slice parts[256];
    char number[24];
    size_t n = 0;

    snprintf(number, sizeof number, "%d", s->program);
    parts[n++] = slice_text(s->name);
    parts[n++] = slice_text(number);
    parts[n++] = slice_text(loop_schema_sql);
    parts[n++] = slice_text(s->schema);
    for (size_t i = 0; s->prefixes[i] && n < 120; i++)
        parts[n++] = slice_text(s->prefixes[i]);
    parts[n++] = slice_text("routes");
    for (size_t i = 0; s->routes[i].type && n < 254; i++) {
        parts[n++] = slice_text(s->routes[i].type);
        parts[n++] = slice_text(s->routes[i].apply ? "decided and applied" : "decided");
    }
    return hash_parts(parts, n);
}

static enum err create(struct fold *f, const struct hash *program, struct why *why)
{
    const struct hash zero = { { 0 } };
    sqlite3_stmt *s = NULL;
    enum err e = db_exec(f->db, "BEGIN IMMEDIATE", why);

    if (!e) e = db_exec(f->db, loop_schema_sql, why);
    if (!e) e = db_exec(f->db, f->service->schema, why);
    if (!e) e = db_prepare(f->db, "INSERT INTO meta(one, program) VALUES (1, ?1)", &s, why);
    if (!e) {
        db_bind_hash(s, 1, program);
        e = db_run(s);
    }
    sqlite3_finalize(s);
    s = NULL;
    if (!e)
        e = db_prepare(f->db, "INSERT INTO cursor(one, seq, chain, number, hash) VALUES (1, 0, ?1, 0, ?1)",
                       &s, why);
    if (!e) {
        db_bind_hash(s, 1, &zero);
        e = db_run(s);
    }
    sqlite3_finalize(s);
    s = NULL;
    if (!e) e = db_prepare(f->db, "INSERT INTO published(one, number, hash) VALUES (1, 0, ?1)", &s, why);
    if (!e) {
        db_bind_hash(s, 1, &zero);
        e = db_run(s);
    }
    sqlite3_finalize(s);
    if (!e) e = db_exec(f->db, "COMMIT", why);
    return e;
}

/* Is the store there, and made by this very program? */
static enum err made_by(struct fold *f, const struct hash *program, bool *there, bool *same, struct why *why)
{
    struct hash stored;
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(f->db, "SELECT 1 FROM sqlite_schema WHERE name = 'meta'", &s, why);

    *there = *same = false;
    if (!e) e = db_step(s, there);
    sqlite3_finalize(s);
    s = NULL;
    if (e || !*there) return e;
    e = db_prepare(f->db, "SELECT program FROM meta", &s, why);
    if (!e) e = db_step(s, &row);
    if (!e && row && db_hash(s, 0, &stored)) *same = hash_equal(&stored, program);
    sqlite3_finalize(s);
    return e;
}

static enum err read_place(struct fold *f, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(
        f->db, "SELECT c.seq, c.chain, c.number, c.hash, p.number, p.hash FROM cursor c, published p", &s,
        why);

    if (!e) e = db_step(s, &row);
    if (!e &&
        (!row || !db_hash(s, 1, &f->chain) || !db_hash(s, 3, &f->hash) || !db_hash(s, 5, &f->published_hash)))
        e = why_set(why, ERR_CORRUPT, "STORE", "the store has no cursor");
    if (!e) {
        f->seq = db_u64(s, 0);
        f->number = db_u64(s, 2);
        f->published = db_u64(s, 4);
    }
    sqlite3_finalize(s);
    f->dirty = false;
    return e;
}

static enum err take_lock(struct fold *f, const char *path, struct why *why)
{
    char name[CONFIG_PATH_MAX];

    f->lock = -1;
    if (strcmp(path, ":memory:") == 0) return ERR_NONE;
    if (snprintf(name, sizeof name, "%s.lock", path) >= (int)sizeof name)
        return why_set(why, ERR_CONFIG, "STORE", "the store's path is too long: %s", path);
    f->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (f->lock < 0)
        return why_set(why, place_err(errno), "STORE",
                       "cannot open %s: %s; does the folder exist, and may I write there?", name,
                       strerror(errno));
    if (flock(f->lock, LOCK_EX | LOCK_NB))
        return why_set(why, ERR_LIMIT, "STORE_IN_USE", "another process holds the store %s; stop it first",
                       path);
    return ERR_NONE;
}

static void remove_files(const char *path)
{
    static const char *const endings[] = { "", "-wal", "-shm" };
    char name[CONFIG_PATH_MAX];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (snprintf(name, sizeof name, "%s%s", path, endings[i]) < (int)sizeof name) unlink(name);
    }
}

static void close_store(struct fold *f)
{
    if (f->store && f->store_opened) f->service->store_close(f->store);
    free(f->store);
    f->store = NULL;
    f->store_opened = false;
    for (size_t i = 0; i < FOLD_STATEMENTS; i++) {
        sqlite3_finalize(f->statements[i]);
        f->statements[i] = NULL;
    }
    db_close(&f->db);
}

static enum err open_store(struct fold *f, const char *path, bool *rebuilt, struct why *why)
{
    const struct hash program = program_hash(f->service);
    bool there = false, same = false;
    enum err e = db_renew_wal(path, why);

    if (!e) e = db_open(path, DB_WRITE, &f->db, why);
    if (!e) e = made_by(f, &program, &there, &same, why);
    if (!e && there && !same) {
        db_close(&f->db);
        remove_files(path);
        *rebuilt = true;
        e = db_open(path, DB_WRITE, &f->db, why);
        there = false;
    }
    /* Room for the pages of one commit: what does not fit is written to the WAL before, and then again. And
     * what a statement may have to take back needs no file. */
    if (!e) e = db_exec(f->db, "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -" LOOP_CACHE_KIB, why);
    if (!e) e = db_err(f->db, sqlite3_wal_autocheckpoint(f->db, LOOP_WAL_PAGES), why);
    if (!e && !there) e = create(f, &program, why);
    if (!e && strcmp(path, ":memory:") != 0) db_reserve_wal(path, (size_t)LOOP_WAL_PAGES * DB_PAGE_BYTES);
    if (!e) e = read_place(f, why);
    for (size_t i = 0; !e && i < FOLD_STATEMENTS; i++)
        e = db_prepare(f->db, statement_text[i], &f->statements[i], why);
    if (!e) {
        f->store = calloc(1, f->service->store_bytes ? f->service->store_bytes : 1);
        if (!f->store) e = ERR_NOMEM;
    }
    if (!e) {
        f->store_opened = true;
        e = f->service->store_open(f->store, f->db, why);
    }
    return e;
}

enum err fold_open(struct fold *f, const struct service *service, const char *path, bool *rebuilt,
                   struct why *why)
{
    enum err e;

    memset(f, 0, sizeof *f);
    f->service = service;
    f->turn.fold = f;
    f->turn.data.limit = LOOP_OUTCOMES_BYTES;
    f->turn.envelopes.limit = LOOP_ENVELOPES_BYTES;
    f->turn.zone = msgpack_zone_new(LOOP_ZONE_BYTES);
    if (!f->turn.zone) return ERR_NOMEM;
    for (const struct route *r = service->routes; r->type; r++) {
        if (f->type_count == LOOP_ROUTES_MAX) return ERR_LIMIT;
        f->types[f->type_count++] = slice_text(r->type);
    }
    e = take_lock(f, path, why);
    if (!e) e = open_store(f, path, rebuilt, why);
    if (e) fold_close(f);
    return e;
}

void fold_close(struct fold *f)
{
    close_store(f);
    if (f->turn.zone) msgpack_zone_free(f->turn.zone);
    f->turn.zone = NULL;
    free(f->turn.drafts);
    free(f->turn.outcomes);
    f->turn.drafts = NULL;
    f->turn.outcomes = NULL;
    buf_fini(&f->turn.data);
    buf_fini(&f->turn.envelopes);
    if (f->lock > 0) close(f->lock);
    f->lock = -1;
}

enum err fold_rebuild(struct fold *f, const char *path, struct why *why)
{
    bool rebuilt = false;

    close_store(f);
    remove_files(path);
    return open_store(f, path, &rebuilt, why);
}

/* --- transactions and the cursor --- */

enum err fold_run(struct fold *f, enum fold_statement which)
{
    return db_run(f->statements[which]);
}

enum err fold_begin(struct fold *f)
{
    return fold_run(f, FOLD_BEGIN);
}

static enum err write_tally(struct fold *f)
{
    static const char *const words[FOLD_TALLIES] = {
        [FOLD_ACCEPTED] = "accepted", [FOLD_REFUSED] = "refused", [FOLD_DEAD] = "dead"
    };
    sqlite3_stmt *s = f->statements[FOLD_TALLY_ADD];
    enum err e = ERR_NONE;

    for (int i = 0; !e && i < FOLD_TALLIES; i++) {
        if (f->tally[i] == 0) continue;
        db_bind_text(s, 1, slice_text(words[i]));
        db_bind_u64(s, 2, f->tally[i]);
        e = db_run(s);
    }
    return e;
}

enum err fold_commit(struct fold *f)
{
    sqlite3_stmt *cursor = f->statements[FOLD_CURSOR], *published = f->statements[FOLD_PUBLISHED];
    enum err e;

    db_bind_u64(cursor, 1, f->seq);
    db_bind_hash(cursor, 2, &f->chain);
    db_bind_u64(cursor, 3, f->number);
    db_bind_hash(cursor, 4, &f->hash);
    e = db_run(cursor);
    if (!e) {
        db_bind_u64(published, 1, f->published);
        db_bind_hash(published, 2, &f->published_hash);
        e = db_run(published);
    }
    if (!e) {
        db_bind_u64(f->statements[FOLD_OUTBOX_FORGET], 1, f->published);
        e = db_run(f->statements[FOLD_OUTBOX_FORGET]);
    }
    if (!e) e = write_tally(f);
    if (!e) e = fold_run(f, FOLD_COMMIT);
    if (e) return e;
    memset(f->tally, 0, sizeof f->tally);
    f->dirty = false;
    return ERR_NONE;
}

void fold_rollback(struct fold *f)
{
    const uint64_t published = f->published;
    const struct hash hash = f->published_hash;

    (void)fold_run(f, FOLD_ROLLBACK);
    memset(f->tally, 0, sizeof f->tally);
    (void)read_place(f, NULL);
    if (published > f->published) { /* what the broker told us stays true */
        f->published = published;
        f->published_hash = hash;
        f->dirty = true;
    }
}

void fold_pass(struct fold *f, uint64_t seq, const struct hash *chain)
{
    f->seq = seq;
    f->chain = *chain;
    f->dirty = true;
}

enum err fold_forget(struct fold *f, uint64_t number, const struct hash *hash)
{
    if (number > f->published) {
        f->published = number;
        f->published_hash = *hash;
        f->dirty = true;
    }
    return ERR_NONE;
}

bool fold_hash_at(struct fold *f, uint64_t number, struct hash *out)
{
    sqlite3_stmt *s = f->statements[FOLD_OUTBOX_HASH];
    bool row = false, found = false;

    if (number == f->number) {
        *out = f->hash;
        return true;
    }
    if (number == f->published) {
        *out = f->published_hash;
        return true;
    }
    db_bind_u64(s, 1, number);
    if (db_step(s, &row) == ERR_NONE && row) {
        found = db_hash(s, 0, out);
        db_done(s);
    }
    return found;
}
