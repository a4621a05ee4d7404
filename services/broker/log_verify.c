/* log_verify.c - does the log say what was stored? The whole of it, or quickly its end. */
#include "services/broker/log_inside.h"
#include "services/broker/log_seal.h"
#include "services/broker/marks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char broker_schema_sql[];

/* What the records themselves say, to be compared with the rows kept beside them. */
struct findings {
    struct marks publishers, topics;
    bool whole; /* seen from the first record on, so running hashes can be computed */
};

static void findings_fini(struct findings *f)
{
    marks_clear(&f->publishers);
    marks_clear(&f->topics);
}

static struct mark *mark_of(struct marks *marks, struct slice name, uint64_t epoch)
{
    struct mark *mark = marks_find(marks, name, epoch);

    return mark ? mark : marks_add(marks, name, epoch);
}

static enum err note(struct findings *f, const struct record *r, struct why *why)
{
    struct mark *publisher = mark_of(&f->publishers, r->publisher, r->epoch);
    struct mark *topic = mark_of(&f->topics, r->topic, 0);

    if (!publisher || !topic) return ERR_NOMEM;
    if ((f->whole || publisher->at.number) && r->number != publisher->at.number + 1)
        return why_set(why, ERR_CORRUPT, "CORRUPT",
                       "record %" PRIu64 " has its publisher's number %" PRIu64 " where %" PRIu64
                       " comes next",
                       r->seq, r->number, publisher->at.number + 1);
    if (f->whole) mark_run(&publisher->running, 0, r);
    publisher->at.number = r->number;
    publisher->at.seq = topic->at.seq = r->seq;
    return ERR_NONE;
}

/* Read `limit` records on; *more says whether there may be others. */
static enum err walk(sqlite3_stmt *s, uint64_t limit, struct log_place *place, struct findings *f, bool *more,
                     struct why *why)
{
    uint64_t seen = 0;
    bool row = false;
    enum err e;

    db_bind_u64(s, 1, place->seq);
    db_bind_u64(s, 2, limit);
    while (!(e = db_step(s, &row)) && row) {
        struct record r;

        e = log_row(s, place, &r, why);
        if (!e) e = note(f, &r, why);
        if (e) break;
        *place = (struct log_place){ r.seq, r.chain };
        seen++;
    }
    if (e)
        why_set(why, e, err_name(e), "the log cannot be read behind record %" PRIu64 ": %s", place->seq,
                sqlite3_errmsg(sqlite3_db_handle(s)));
    db_done(s);
    *more = seen == limit;
    return e;
}

static enum err check_publisher(sqlite3_stmt *s, const struct findings *f, struct why *why)
{
    struct slice name = db_text(s, 0);
    uint64_t epoch = db_u64(s, 1);
    const struct mark *mark = marks_find(&f->publishers, name, epoch);
    struct hash hash;

    if (!mark && !f->whole) return ERR_NONE;
    if (!mark || db_u64(s, 2) != mark->at.number || db_u64(s, 3) != mark->at.seq)
        return why_set(why, ERR_CORRUPT, "CORRUPT",
                       "publisher %.*s epoch %" PRIu64 " stands at number %" PRIu64 ", record %" PRIu64
                       "; in the log it is at number %" PRIu64 ", record %" PRIu64,
                       SLICE_ARG(name), epoch, db_u64(s, 2), db_u64(s, 3), mark ? mark->at.number : 0,
                       mark ? mark->at.seq : 0);
    if (f->whole && (!db_hash(s, 4, &hash) || !hash_equal(&hash, &mark->running.hash)))
        return why_set(why, ERR_CORRUPT, "CORRUPT",
                       "the running hash of publisher %.*s epoch %" PRIu64
                       " does not follow from its records up to %" PRIu64,
                       SLICE_ARG(name), epoch, mark->at.seq);
    return ERR_NONE;
}

static enum err check_topic(sqlite3_stmt *s, const struct findings *f, struct why *why)
{
    struct slice name = db_text(s, 0);
    const struct mark *mark = marks_find(&f->topics, name, 0);

    if (!mark && !f->whole) return ERR_NONE;
    if (mark && db_u64(s, 1) == mark->at.seq) return ERR_NONE;
    return why_set(why, ERR_CORRUPT, "CORRUPT",
                   "topic %.*s stands at record %" PRIu64 "; in the log it is last at record %" PRIu64,
                   SLICE_ARG(name), db_u64(s, 1), mark ? mark->at.seq : 0);
}

typedef enum err (*check_row)(sqlite3_stmt *s, const struct findings *f, struct why *why);

/* Every row must agree with what was found. When all agree, equal counts say that none is missing. */
static enum err check_rows(sqlite3 *db, const char *sql, check_row check, const struct findings *f,
                           size_t found, struct why *why)
{
    sqlite3_stmt *s = NULL;
    size_t rows = 0;
    bool row = false;
    struct why inner = { 0 };
    enum err e = db_prepare(db, sql, &s, &inner);

    if (e)
        (void)why_set(why, e, err_name(e), "the publisher and topic rows cannot be read: %s", inner.sentence);
    while (!e && !(e = db_step(s, &row)) && row) {
        e = check(s, f, why);
        rows++;
    }
    /* After a finding of `check` this changes nothing: the first reason stays. */
    if (e)
        (void)why_set(why, e, err_name(e), "publisher or topic row %zu beside the log cannot be read: %s",
                      rows + 1, sqlite3_errmsg(db));
    sqlite3_finalize(s);
    if (!e && rows < found)
        e = why_set(why, ERR_CORRUPT, "CORRUPT", "%zu publishers or topics of the log have no row beside it",
                    found - rows);
    return e;
}

static enum err check_beside(sqlite3 *db, const struct findings *f, struct why *why)
{
    enum err e = check_rows(db, "SELECT publisher, epoch, last_number, last_seq, hash FROM publisher",
                            check_publisher, f, f->publishers.count, why);

    if (!e) e = check_rows(db, "SELECT topic, last_seq FROM topic", check_topic, f, f->topics.count, why);
    return e;
}

/* Where the tail begins: the record before it, whose link is taken as it is. */
static enum err tail_start(sqlite3 *db, uint64_t seq, struct log_place *place, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(db, "SELECT chain FROM log WHERE seq = ?", &s, why);

    place->seq = seq;
    if (!e) {
        db_bind_u64(s, 1, seq);
        e = db_step(s, &row);
    }
    if (!e && (!row || !db_hash(s, 0, &place->chain)))
        e = why_set(why, ERR_CORRUPT, "CORRUPT", "record %" PRIu64 " is missing from the log", seq);
    sqlite3_finalize(s);
    return e;
}

static const char walk_sql[] = "SELECT " LOG_COLUMNS " FROM log WHERE seq > ? ORDER BY seq LIMIT ?";

/* The record up to which the rows beside the log are folded; those of a log of version 1 are up to its head.
 */
static enum err find_folded(sqlite3 *db, bool sealed, uint64_t *folded, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e;

    *folded = 0;
    e = db_prepare(db, sealed ? "SELECT seq FROM folded" : "SELECT coalesce(max(seq), 0) FROM log", &s, why);
    if (!e) e = db_step(s, &row);
    if (!e && row) *folded = db_u64(s, 0);
    sqlite3_finalize(s);
    return e;
}

/* Walk on until record `to`. */
static enum err walk_to(sqlite3_stmt *s, uint64_t to, struct findings *f, struct log_place *place,
                        struct why *why)
{
    bool more = true;
    enum err e = ERR_NONE;

    while (!e && more && place->seq < to) {
        const uint64_t ahead = to - place->seq;

        e = walk(s, ahead < LOG_READ_RECORDS ? ahead : LOG_READ_RECORDS, place, f, &more, why);
    }
    if (!e && to != UINT64_MAX && place->seq != to)
        e = why_set(why, ERR_CORRUPT, "CORRUPT", "record %" PRIu64 " is missing from the log",
                    place->seq + 1);
    return e;
}

enum err log_verify_tail(sqlite3 *db, uint64_t *folded, struct why *why)
{
    struct findings *f = calloc(1, sizeof *f);
    struct log_place place = { 0 };
    sqlite3_stmt *s = NULL;
    enum err e = f ? find_folded(db, true, folded, why) : ERR_NOMEM;

    if (!e && *folded > LOG_TAIL) e = tail_start(db, *folded - LOG_TAIL, &place, why);
    if (!e) f->whole = *folded <= LOG_TAIL;
    if (!e) e = db_prepare(db, walk_sql, &s, why);
    if (!e) e = walk_to(s, *folded, f, &place, why);
    if (!e) e = check_beside(db, f, why);
    sqlite3_finalize(s);
    if (f) findings_fini(f);
    free(f);
    return e;
}

/* Walk in bites, so that no read transaction keeps a writer's WAL from starting over. From what is folded to
 * the rows beside the log, and on to the end, is one transaction, because they change together. */
static enum err walk_all(sqlite3 *db, sqlite3_stmt *s, struct findings *f, struct log_place *place,
                         bool sealed, struct why *why)
{
    struct seal seal;
    uint64_t folded = 0;
    enum err e = find_folded(db, sealed, &folded, why);

    if (!e) e = walk_to(s, folded, f, place, why);
    if (!e) e = db_exec(db, "BEGIN", why);
    if (!e) e = find_folded(db, sealed, &folded, why);
    if (!e) e = walk_to(s, folded, f, place, why);
    if (!e) e = check_beside(db, f, why);
    if (!e && sealed) e = seal_check(db, &seal, why);
    if (!e) e = walk_to(s, UINT64_MAX, f, place, why);
    if (!e) e = db_exec(db, "COMMIT", why);
    return e;
}

/* Do the tables have the words they were made with? A damaged schema may read well and not write. */
static enum err check_schema(sqlite3 *db, int64_t version, struct why *why)
{
    sqlite3 *pattern = NULL;
    sqlite3_stmt *want = NULL, *have = NULL;
    bool row = false, there = false;
    enum err e = db_open(":memory:", DB_WRITE, &pattern, why);

    if (!e) e = db_exec(pattern, broker_schema_sql, why);
    if (!e) e = db_prepare(pattern, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL", &want, why);
    if (!e) e = db_prepare(db, "SELECT 1 FROM sqlite_schema WHERE name = ? AND sql = ?", &have, why);
    while (!e && !(e = db_step(want, &row)) && row) {
        if (version == 1 && seal_is_of_version_2(db_text(want, 0))) continue;
        db_bind_text(have, 1, db_text(want, 0));
        db_bind_text(have, 2, db_text(want, 1));
        e = db_step(have, &there);
        if (there) db_done(have);
        if (!e && !there)
            e = why_set(why, ERR_CORRUPT, "CORRUPT",
                        "cannot open the log: its table %.*s is not as it was made",
                        SLICE_ARG(db_text(want, 0)));
    }
    sqlite3_finalize(want);
    sqlite3_finalize(have);
    db_close(&pattern);
    return e;
}

static enum err version_of(sqlite3 *db, int64_t *version, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(db, "PRAGMA user_version", &s, why);

    if (!e) e = db_step(s, &row);
    if (!e && row) *version = db_i64(s, 0);
    sqlite3_finalize(s);
    return e;
}

enum err log_verify(const char *path, uint64_t *records, struct why *why)
{
    struct findings *f = NULL;
    struct log_place place = { 0 };
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    struct why inner = { 0 };
    int64_t version = 0;
    struct stat st;
    enum err e;

    if (stat(path, &st) != 0 && errno == ENOENT)
        return why_set(why, ERR_NOT_FOUND, "NOT_FOUND", "there is no log %s", path);
    if (access(path, R_OK) != 0)
        return why_set(why, ERR_IO, NULL, "the log %s cannot be opened: %s", path, strerror(errno));
    f = calloc(1, sizeof *f);
    if (!f) return ERR_NOMEM;
    f->whole = true;
    e = db_open(path, DB_READ, &db, why);
    if (!e) {
        e = version_of(db, &version, &inner);
        if (!e) e = db_prepare(db, walk_sql, &s, &inner);
        if (e) (void)why_set(why, e, err_name(e), "cannot open %s: %s", path, inner.sentence);
    }
    if (!e) e = walk_all(db, s, f, &place, version > 1, why);
    if (!e) e = check_schema(db, version, why);
    *records = place.seq;
    sqlite3_finalize(s);
    db_close(&db);
    findings_fini(f);
    free(f);
    return e;
}
