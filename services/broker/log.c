#include "services/broker/log.h"

#include "services/broker/checkpoint.h"
#include "services/broker/log_inside.h"
#include "services/broker/log_seal.h"
#include "services/broker/marks.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

extern const char broker_schema_sql[];

enum { MARKS_MAX = 8192, PATH_BYTES = 512, FINISH_WAIT_MS = 100 };

struct commit {
    uint64_t seq;
};

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    INSERT,
    READ,
    PUBLISHER_GET,
    PUBLISHER_PUT,
    TOPIC_GET,
    TOPIC_PUT,
    SEAL_PUT,
    STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [INSERT] = "INSERT INTO log(" LOG_COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
    [READ] = "SELECT " LOG_COLUMNS " FROM log WHERE seq > ? ORDER BY seq LIMIT ?",
    [PUBLISHER_GET] = "SELECT last_number, last_seq, hash FROM publisher WHERE publisher = ? AND epoch = ?",
    [PUBLISHER_PUT] =
        "INSERT INTO publisher(publisher, epoch, last_number, last_seq, hash) VALUES(?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET last_number = excluded.last_number,"
        " last_seq = excluded.last_seq, hash = excluded.hash",
    [TOPIC_GET] = "SELECT last_seq FROM topic WHERE topic = ?",
    [TOPIC_PUT] = ("INSERT INTO topic(topic, last_seq) VALUES(?, ?)"
                   " ON CONFLICT DO UPDATE SET last_seq = excluded.last_seq"),
    [SEAL_PUT] = "UPDATE seal SET publishers = ?, topics = ?",
};

struct log {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct log_head head, durable;
    bool writing;
    struct marks publishers, topics;
    struct seal seal; /* as on disk */
    struct commit token;
    struct checkpoint *checkpoint; /* NULL in memory */
    int wal_pages, finish_pages, finish_from;
    char path[PATH_BYTES];
};

uint64_t commit_seq(const struct commit *token)
{
    return token->seq;
}

struct log_head log_head(const struct log *log)
{
    return log->head;
}

struct log_head log_durable(const struct log *log)
{
    return log->durable;
}

/* --- open and close --- */

/* A log of the version before: all of it is looked at, because from here on its rows are believed. */
static enum err upgrade(sqlite3 *db, const char *path, struct why *why)
{
    uint64_t records = 0;
    enum err e = log_verify(path, &records, why);

    if (!e) e = db_exec(db, "BEGIN IMMEDIATE", why);
    if (!e) e = seal_make(db, why);
    if (!e) e = db_exec(db, "COMMIT", why);
    return e;
}

static enum err check_version(sqlite3 *db, const char *path, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    int64_t version = 0;
    enum err e = db_prepare(db, "PRAGMA user_version", &s, why);

    if (!e) e = db_step(s, &row);
    if (!e && row) version = db_i64(s, 0);
    sqlite3_finalize(s);
    if (e) return e;
    if (version == LOG_VERSION) return ERR_NONE;
    if (version == 1) return upgrade(db, path, why);
    if (version != 0)
        return why_set(why, ERR_CONFIG, "VERSION", "the log is of version %" PRId64 ", this broker reads %d",
                       version, LOG_VERSION);
    e = db_exec(db, "BEGIN IMMEDIATE", why);
    if (!e) e = db_exec(db, broker_schema_sql, why);
    if (!e) e = db_exec(db, "COMMIT", why);
    return e;
}

/* A broker that was killed may have left commits in the WAL that were never flushed, and yet we are about to
 * acknowledge them as resends. A checkpoint flushes the WAL and the file before it ends. */
static enum err settle_wal(sqlite3 *db, struct why *why)
{
    enum err e = db_checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE, why);

    return e == ERR_AGAIN ? ERR_IO : e;
}

static enum err find_head(struct log *log, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(log->db, "SELECT seq, at_ms, chain FROM log ORDER BY seq DESC LIMIT 1", &s, why);

    if (!e) e = db_step(s, &row);
    if (!e && row) {
        log->head.seq = db_u64(s, 0);
        log->head.at_ms = db_i64(s, 1);
        if (!db_hash(s, 2, &log->head.chain))
            e = why_set(why, ERR_CORRUPT, "CORRUPT", "the link of record %" PRIu64 " is not 32 bytes",
                        log->head.seq);
    }
    sqlite3_finalize(s);
    log->durable = log->head;
    log->token.seq = log->head.seq;
    return e;
}

static int on_wal(void *argument, sqlite3 *db, const char *name, int pages)
{
    struct log *log = argument;

    (void)db;
    (void)name;
    log->wal_pages = pages;
    if (log->checkpoint) checkpoint_tell(log->checkpoint, pages);
    return SQLITE_OK;
}

static enum err open_parts(struct log *log, const struct log_settings *settings, struct why *why)
{
    bool file = strcmp(settings->path, ":memory:") != 0;
    enum err e = file ? db_renew_wal(settings->path, why) : ERR_NONE;

    if (!e) e = db_open(settings->path, DB_WRITE, &log->db, why);
    if (!e) e = check_version(log->db, settings->path, why);
    if (!e && file) e = settle_wal(log->db, why);
    if (!e) e = find_head(log, why);
    if (!e) e = log_verify_tail(log->db, log->head.seq, why);
    if (!e) e = seal_check(log->db, &log->seal, why);
    for (int i = 0; !e && i < STATEMENTS; i++)
        e = db_prepare(log->db, statement_sql[i], &log->statements[i], why);
    if (!e && sqlite3_wal_autocheckpoint(log->db, 0) != SQLITE_OK) e = ERR_IO;
    if (!e && file) e = checkpoint_start(settings->path, settings->checkpoint_pages, &log->checkpoint, why);
    if (!e) sqlite3_wal_hook(log->db, on_wal, log);
    return e;
}

enum err log_open(const struct log_settings *settings, struct log **out, struct why *why)
{
    struct log *log = NULL;
    enum err e;

    if (strlen(settings->path) >= PATH_BYTES - 8)
        return why_set(why, ERR_CONFIG, "CONFIG", "the log's path is longer than %d bytes", PATH_BYTES - 8);
    log = calloc(1, sizeof *log);
    if (!log) return ERR_NOMEM;
    strcpy(log->path, settings->path);
    log->finish_pages = log->finish_from = settings->finish_pages;
    e = open_parts(log, settings, why);
    if (e)
        log_close(&log);
    else
        *out = log;
    return e;
}

void log_close(struct log **out)
{
    struct log *log = *out;

    if (!log) return;
    if (log->writing) log_rollback(log);
    checkpoint_stop(&log->checkpoint);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(log->statements[i]);
    db_close(&log->db);
    marks_clear(&log->publishers);
    marks_clear(&log->topics);
    free(log);
    *out = NULL;
}

static uint64_t file_bytes(const char *path, const char *suffix)
{
    char name[PATH_BYTES];
    struct stat st;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

uint64_t log_wal_bytes(const struct log *log)
{
    return file_bytes(log->path, "-wal");
}

uint64_t log_bytes(const struct log *log)
{
    return file_bytes(log->path, "") + log_wal_bytes(log);
}

/* --- how far each name is --- */

/* Add SQLite's own sentence to an error of a statement. */
static enum err told(struct log *log, enum err e, struct why *why)
{
    if (e) (void)db_err(log->db, sqlite3_extended_errcode(log->db), why);
    return e;
}

static enum err find_publisher(struct log *log, struct slice publisher, uint64_t epoch, struct mark **out,
                               struct why *why)
{
    sqlite3_stmt *s = log->statements[PUBLISHER_GET];
    struct mark *mark = marks_find(&log->publishers, publisher, epoch);
    bool row = false;
    enum err e;

    if (mark) {
        *out = mark;
        return ERR_NONE;
    }
    if (!log->writing && log->publishers.count >= MARKS_MAX) marks_clear(&log->publishers);
    db_bind_text(s, 1, publisher);
    db_bind_u64(s, 2, epoch);
    e = db_step(s, &row);
    if (e) return told(log, e, why);
    mark = marks_add(&log->publishers, publisher, epoch);
    if (mark && row) {
        mark->number = db_u64(s, 0);
        mark->seq = db_u64(s, 1);
        if (!db_hash(s, 2, &mark->hash)) e = ERR_CORRUPT;
        mark->sealed = seal_publisher(publisher, epoch, mark->number, mark->seq, &mark->hash);
    }
    db_done(s);
    *out = mark;
    return mark ? e : ERR_NOMEM;
}

static enum err find_topic(struct log *log, struct slice topic, struct mark **out, struct why *why)
{
    sqlite3_stmt *s = log->statements[TOPIC_GET];
    struct mark *mark = marks_find(&log->topics, topic, 0);
    bool row = false;
    enum err e;

    if (mark) {
        *out = mark;
        return ERR_NONE;
    }
    db_bind_text(s, 1, topic);
    e = db_step(s, &row);
    if (e) return told(log, e, why);
    mark = marks_add(&log->topics, topic, 0);
    if (mark && row) {
        mark->seq = db_u64(s, 0);
        mark->sealed = seal_topic(topic, mark->seq);
    }
    db_done(s);
    *out = mark;
    return mark ? ERR_NONE : ERR_NOMEM;
}

enum err log_publisher(struct log *log, struct slice publisher, uint64_t epoch, struct log_publisher *out,
                       struct why *why)
{
    struct mark *mark = NULL;
    enum err e = find_publisher(log, publisher, epoch, &mark, why);

    if (!e) *out = (struct log_publisher){ mark->number, mark->seq, mark->hash };
    return e;
}

/* --- writing --- */

static enum err run(struct log *log, enum statement which, struct why *why)
{
    return told(log, db_run(log->statements[which]), why);
}

static enum err insert(struct log *log, const struct record *r, struct why *why)
{
    sqlite3_stmt *s = log->statements[INSERT];

    db_bind_u64(s, 1, r->seq);
    db_bind_i64(s, 2, r->at_ms);
    db_bind_hash(s, 3, &r->chain);
    db_bind_text(s, 4, r->publisher);
    db_bind_u64(s, 5, r->epoch);
    db_bind_u64(s, 6, r->number);
    db_bind_text(s, 7, r->topic);
    db_bind_bytes(s, 8, r->envelope);
    return run(log, INSERT, why);
}

enum err log_append(struct log *log, const struct log_event *event, struct log_stored *out, struct why *why)
{
    struct mark *publisher = NULL, *topic = NULL;
    struct record r = { .seq = log->head.seq + 1,
                        .at_ms = event->at_ms,
                        .publisher = event->publisher,
                        .epoch = event->epoch,
                        .topic = event->topic,
                        .envelope = event->envelope };
    enum err e;

    assert(event->at_ms >= log->head.at_ms);
    e = find_publisher(log, event->publisher, event->epoch, &publisher, why);
    if (!e) e = find_topic(log, event->topic, &topic, why);
    if (!e && !log->writing) {
        e = run(log, BEGIN, why);
        log->writing = !e;
    }
    if (e) return e;
    r.number = publisher->number + 1;
    r.chain =
        hash_chain(&log->head.chain, r.seq, r.at_ms, r.publisher, r.epoch, r.number, r.topic, r.envelope);
    e = insert(log, &r, why);
    if (e) return e;
    *out = (struct log_stored){ r.seq, r.number, topic->seq };
    publisher->hash = hash_running(&publisher->hash, r.number, r.topic, r.envelope);
    publisher->number = r.number;
    publisher->seq = topic->seq = r.seq;
    marks_touch(&log->publishers, publisher);
    marks_touch(&log->topics, topic);
    log->head = (struct log_head){ r.seq, r.at_ms, r.chain };
    return ERR_NONE;
}

void log_rollback(struct log *log)
{
    /* SQLite may have rolled back by itself, as it does when the disk is full. */
    if (log->writing && !sqlite3_get_autocommit(log->db)) (void)db_run(log->statements[ROLLBACK]);
    log->writing = false;
    log->head = log->durable;
    marks_clear(&log->publishers);
    marks_clear(&log->topics);
}

/* In the seal, the row as it is now takes the place of the row before. */
static void seal_again(struct hash *seal, struct mark *mark, struct hash row)
{
    seal_turn(seal, &mark->sealed);
    seal_turn(seal, &row);
    mark->sealed = row;
}

/* The rows of whoever said something in this transaction, and the seal over them, which *seal gets. */
static enum err put_marks(struct log *log, struct seal *seal, struct why *why)
{
    sqlite3_stmt *publisher = log->statements[PUBLISHER_PUT], *topic = log->statements[TOPIC_PUT];
    enum err e = ERR_NONE;

    *seal = log->seal;

    for (struct mark *at = log->publishers.dirty; !e && at; at = at->next_dirty) {
        db_bind_text(publisher, 1, mark_name(at));
        db_bind_u64(publisher, 2, at->epoch);
        db_bind_u64(publisher, 3, at->number);
        db_bind_u64(publisher, 4, at->seq);
        db_bind_hash(publisher, 5, &at->hash);
        e = run(log, PUBLISHER_PUT, why);
        seal_again(&seal->publishers, at,
                   seal_publisher(mark_name(at), at->epoch, at->number, at->seq, &at->hash));
    }
    for (struct mark *at = log->topics.dirty; !e && at; at = at->next_dirty) {
        db_bind_text(topic, 1, mark_name(at));
        db_bind_u64(topic, 2, at->seq);
        e = run(log, TOPIC_PUT, why);
        seal_again(&seal->topics, at, seal_topic(mark_name(at), at->seq));
    }
    if (e) return e;
    db_bind_hash(log->statements[SEAL_PUT], 1, &seal->publishers);
    db_bind_hash(log->statements[SEAL_PUT], 2, &seal->topics);
    return run(log, SEAL_PUT, why);
}

enum err log_commit(struct log *log, const struct commit **token, struct why *why)
{
    struct seal seal;
    enum err e = ERR_NONE;

    if (log->writing) {
        e = put_marks(log, &seal, why);
        if (!e) e = run(log, COMMIT, why);
        if (e) {
            log_rollback(log);
            return e;
        }
        log->writing = false;
        log->durable = log->head;
        log->seal = seal;
        marks_clean(&log->publishers);
        marks_clean(&log->topics);
    }
    log->token.seq = log->durable.seq;
    *token = &log->token;
    return ERR_NONE;
}

/* --- the WAL --- */

static enum err checkpoint_here(struct log *log, int mode, struct why *why)
{
    struct why inner = { 0 };
    enum err e = db_checkpoint(log->db, mode, &inner);

    /* Somebody else reads or copies, or there is no room: the WAL grows meanwhile, nothing is lost. */
    if (e == ERR_AGAIN || e == ERR_FULL) return ERR_NONE;
    return e ? why_set(why, e, "CHECKPOINT", "a checkpoint failed: %s", inner.sentence) : ERR_NONE;
}

enum err log_tend(struct log *log, struct why *why)
{
    enum err e;

    if (!log->checkpoint || log->writing) return ERR_NONE;
    e = checkpoint_state(log->checkpoint, why);
    if (!e && checkpoint_passed(log->checkpoint)) e = checkpoint_here(log, SQLITE_CHECKPOINT_PASSIVE, why);
    if (log->wal_pages < log->finish_pages) log->finish_from = log->finish_pages;
    if (!e && log->wal_pages >= log->finish_from) {
        /* The thread does not keep up. Wait a little for readers; if they stay, try again a good way further
         * on. */
        sqlite3_busy_timeout(log->db, FINISH_WAIT_MS);
        e = checkpoint_here(log, SQLITE_CHECKPOINT_RESTART, why);
        log->finish_from = log->wal_pages + log->finish_pages;
    }
    return e;
}

/* --- reading --- */

enum err log_row(sqlite3_stmt *row, const struct log_place *place, struct record *out, struct why *why)
{
    struct hash link;

    out->seq = db_u64(row, 0);
    if (out->seq != place->seq + 1)
        return why_set(why, ERR_CORRUPT, "CORRUPT", "record %" PRIu64 " is missing from the log",
                       place->seq + 1);
    out->at_ms = db_i64(row, 1);
    out->publisher = db_text(row, 3);
    out->epoch = db_u64(row, 4);
    out->number = db_u64(row, 5);
    out->topic = db_text(row, 6);
    out->envelope = db_bytes(row, 7);
    link = hash_chain(&place->chain, out->seq, out->at_ms, out->publisher, out->epoch, out->number,
                      out->topic, out->envelope);
    if (!db_hash(row, 2, &out->chain) || !hash_equal(&link, &out->chain))
        return why_set(why, ERR_CORRUPT, "CORRUPT", "record %" PRIu64 " is not what was stored", out->seq);
    return ERR_NONE;
}

static bool wanted(const struct log_filter *filter, struct slice topic)
{
    if (!filter || filter->count == 0) return true;
    for (size_t i = 0; i < filter->count; i++)
        if (slice_starts(topic, filter->prefixes[i])) return true;
    return false;
}

static enum err read_rows(sqlite3_stmt *s, struct log_place *place, const struct log_filter *filter,
                          const struct log_read_limit *limit, log_take take, void *context,
                          struct log_read_done *done, struct why *why)
{
    size_t bytes = 0;
    bool row = false;
    enum err e;

    while (!(e = db_step(s, &row)) && row) {
        struct record r;

        e = log_row(s, place, &r, why);
        if (e) return e;
        if (done->looked_at && bytes + r.envelope.size > limit->bytes) return ERR_NONE;
        if (wanted(filter, r.topic)) {
            if (done->taken == limit->taken) return ERR_NONE;
            e = take(context, &r);
            if (e) return e;
            done->taken++;
        }
        bytes += r.envelope.size;
        done->looked_at++;
        *place = (struct log_place){ r.seq, r.chain };
    }
    if (e)
        return why_set(why, e, err_name(e), "the log cannot be read behind record %" PRIu64 ": %s",
                       place->seq, sqlite3_errmsg(sqlite3_db_handle(s)));
    return ERR_NONE;
}

enum err log_read(struct log *log, struct log_place *place, const struct log_filter *filter,
                  const struct log_read_limit *limit, log_take take, void *context,
                  struct log_read_done *done, struct why *why)
{
    sqlite3_stmt *s = log->statements[READ];
    /* What is appended and not committed is nobody's to read. */
    uint64_t there = place->seq < log->durable.seq ? log->durable.seq - place->seq : 0;
    enum err e;

    *done = (struct log_read_done){ 0 };
    db_bind_u64(s, 1, place->seq);
    db_bind_u64(s, 2, limit->records < there ? limit->records : there);
    e = read_rows(s, place, filter, limit, take, context, done, why);
    db_done(s);
    if (!e && done->looked_at == 0 && limit->records && limit->taken && there)
        e = why_set(why, ERR_CORRUPT, "CORRUPT", "record %" PRIu64 " is missing from the log",
                    place->seq + 1);
    return e;
}

static enum err take_nothing(void *context, const struct record *record)
{
    (void)context;
    (void)record;
    return ERR_NONE;
}

/* The stored link of one row, not checked against anything. */
static enum err stored_link(struct log *log, uint64_t seq, struct hash *out, struct why *why)
{
    sqlite3_stmt *s = log->statements[READ];
    bool row = false;
    enum err e;

    memset(out, 0, sizeof *out);
    if (seq == 0) return ERR_NONE;
    db_bind_u64(s, 1, seq - 1);
    db_bind_u64(s, 2, 1);
    e = db_step(s, &row);
    if (!e && (!row || db_u64(s, 0) != seq || !db_hash(s, 2, out)))
        e = why_set(why, ERR_CORRUPT, "CORRUPT", "record %" PRIu64 " is missing from the log", seq);
    db_done(s);
    return e;
}

enum err log_chain_at(struct log *log, uint64_t seq, struct hash *out, struct why *why)
{
    const struct log_read_limit one = { 1, 1, LOG_READ_BYTES };
    struct log_place place = { 0 };
    struct log_read_done done;
    enum err e;

    if (seq > log->durable.seq)
        return why_set(why, ERR_NOT_FOUND, "NOT_FOUND", "the log ends with record %" PRIu64,
                       log->durable.seq);
    if (seq > 0) {
        place.seq = seq - 1;
        e = stored_link(log, seq - 1, &place.chain, why);
        if (!e) e = log_read(log, &place, NULL, &one, take_nothing, NULL, &done, why);
        if (e) return e;
    }
    *out = place.chain;
    return ERR_NONE;
}
