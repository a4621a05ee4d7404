#include "services/broker/log.h"

#include "common/db_wal.h"
#include "services/broker/checkpoint.h"
#include "services/broker/log_inside.h"
#include "services/broker/worker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

extern const char broker_schema_sql[];

enum { FINISH_WAIT_MS = 100 };

static const char *const statement_sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [INSERT] = "INSERT OR FAIL INTO log(" LOG_COLUMNS ") SELECT " LOG_COLUMNS " FROM pending",
    [READ] = "SELECT " LOG_COLUMNS " FROM log WHERE seq > ? ORDER BY seq LIMIT ?",
    [PUBLISHER_GET] = "SELECT last_number, last_seq, hash FROM publisher WHERE publisher = ? AND epoch = ?",
    [PUBLISHER_PUT] =
        "INSERT INTO publisher(publisher, epoch, last_number, last_seq, hash) VALUES(?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET last_number = excluded.last_number,"
        " last_seq = excluded.last_seq, hash = excluded.hash",
    [TOPIC_GET] = "SELECT last_seq FROM topic WHERE topic = ?",
    [TOPIC_PUT] = ("INSERT INTO topic(topic, last_seq) VALUES(?, ?)"
                   " ON CONFLICT DO UPDATE SET last_seq = excluded.last_seq"),
    [FOLDED_PUT] = "INSERT INTO folded(one, seq) VALUES(1, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq",
    [NOTE_PUT] =
        "INSERT INTO note(name, value) VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    [NOTE_DROP] = "DELETE FROM note WHERE name = ?",
    [NOTES] = "SELECT name, value FROM note ORDER BY name",
    [SEAL_PUT] = "UPDATE seal SET publishers = ?, topics = ?",
};

uint64_t commit_seq(const struct commit *token)
{
    return token->seq;
}

struct log_head log_head(const struct log *log)
{
    return log->head;
}

struct log_head log_committed(const struct log *log)
{
    return log->committed;
}

struct log_head log_durable(const struct log *log)
{
    return log->durable;
}

uint64_t log_uncommitted(const struct log *log)
{
    return log->head.seq - log->committed.seq;
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
        return why_set(why, ERR_CONFIG, "VERSION",
                       "the log is of version %" PRId64
                       ", and this broker reads up to %d: a later release made it; install that one",
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
    log->committed = log->durable = log->head;
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

static enum err flush_wal(void *wal, struct why *why)
{
    return wal_flush(wal, why);
}

static enum err open_parts(struct log *log, const struct log_settings *settings, struct why *why)
{
    bool file = strcmp(settings->path, ":memory:") != 0;
    enum err e = file ? db_renew_wal(settings->path, why) : ERR_NONE;

    if (!e) e = db_open(settings->path, DB_WRITE, &log->db, why);
    if (!e) e = check_version(log->db, settings->path, why);
    if (!e && file) e = settle_wal(log->db, why);
    if (!e && file) db_reserve_wal(settings->path, (size_t)settings->checkpoint_pages * DB_PAGE_BYTES);
    if (!e) e = find_head(log, why);
    if (!e) e = pending_open(log->db, &log->pending, why);
    if (!e) e = db_prepare_all(log->db, statement_sql, STATEMENTS, log->statements, why);
    if (!e) e = log_verify_tail(log->db, &log->folded, why);
    if (!e) e = seal_check(log->db, &log->seal, why);
    if (!e) e = log_fold_tail(log, why);
    if (!e && sqlite3_wal_autocheckpoint(log->db, 0) != SQLITE_OK) e = ERR_IO;
    if (!e && file) e = checkpoint_start(settings->path, settings->checkpoint_pages, &log->checkpoint, why);
    log->wal = e ? NULL : db_wal(log->db);
    if (!e && log->wal && log->flush_apart)
        e = worker_start(flush_wal, log->wal, "flushing", &log->flusher, why);
    if (!e && log->flusher) e = pending_hash_apart(log->pending, why);
    if (!e) sqlite3_wal_hook(log->db, on_wal, log);
    return e;
}

enum err log_open(const struct log_settings *settings, struct log **out, struct why *why)
{
    struct log *log = NULL;
    enum err e;

    if (strlen(settings->path) >= LOG_PATH_BYTES - 8)
        return why_set(why, ERR_CONFIG, "CONFIG", "the log's path is longer than %d bytes",
                       LOG_PATH_BYTES - 8);
    log = calloc(1, sizeof *log);
    if (!log) return ERR_NOMEM;
    strcpy(log->path, settings->path);
    log->finish_pages = log->finish_from = settings->finish_pages;
    log->flush_apart = settings->flush_apart;
    e = open_parts(log, settings, why);
    log->open = !e;
    if (e)
        log_close(&log);
    else
        *out = log;
    return e;
}

/* A log that was closed well says how far everybody is, so that even a last record taken out of its file is
 * missed. When it cannot be written, the next start folds what is not folded: nothing is lost. */
static void fold_at_close(struct log *log)
{
    enum err e = log->folded < log->head.seq ? log_run(log, BEGIN, NULL) : ERR_NOT_FOUND;

    if (e) return;
    e = log_write_marks(log, NULL);
    if (!e) e = log_run(log, COMMIT, NULL);
    if (e && !sqlite3_get_autocommit(log->db)) (void)db_run(log->statements[ROLLBACK]);
}

void log_close(struct log **out)
{
    struct log *log = *out;

    if (!log) return;
    worker_stop(&log->flusher);
    if (log->writing) log_rollback(log);
    if (log->open) fold_at_close(log);
    checkpoint_stop(&log->checkpoint);
    db_finalize_all(log->statements, STATEMENTS);
    db_close(&log->db);
    pending_close(&log->pending);
    marks_clear(&log->publishers);
    marks_clear(&log->topics);
    free(log);
    *out = NULL;
}

static uint64_t file_bytes(const char *path, const char *suffix)
{
    char name[LOG_PATH_BYTES];
    struct stat st;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

/* The file is reserved before it is written, and keeps its size when it starts over. */
uint64_t log_wal_bytes(const struct log *log)
{
    const uint64_t file = file_bytes(log->path, "-wal"),
                   used = log->wal_pages ? 32 + (uint64_t)log->wal_pages * (DB_PAGE_BYTES + 24) : 0;

    return used < file ? used : file;
}

uint64_t log_bytes(const struct log *log)
{
    return file_bytes(log->path, "") + log_wal_bytes(log);
}

/* --- writing --- */

static enum err begin(struct log *log, struct why *why)
{
    enum err e = log->writing ? ERR_NONE : log_run(log, BEGIN, why);

    log->writing |= !e;
    return e;
}

enum err log_append(struct log *log, const struct log_event *event, struct log_stored *out, struct why *why)
{
    struct mark *publisher = NULL, *topic = NULL;
    struct record r = {
        .seq = log->head.seq + 1, .at_ms = event->at_ms, .epoch = event->epoch, .envelope = event->envelope
    };
    enum err e;

    assert(event->at_ms >= log->head.at_ms);
    e = log_find_publisher(log, event->publisher, event->epoch, &publisher, why);
    if (!e) e = log_find_topic(log, event->topic, &topic, why);
    if (!e) e = begin(log, why);
    if (e) return e;
    r.publisher = mark_name(publisher); /* a mark that changed stays until it is written down */
    r.topic = mark_name(topic);
    r.number = publisher->at.number + 1;
    r.chain =
        hash_chain(&log->head.chain, r.seq, r.at_ms, r.publisher, r.epoch, r.number, r.topic, r.envelope);
    e = log_pend(log, &r, publisher, why);
    if (e) return e;
    *out = (struct log_stored){ r.seq, r.number, topic->at.seq };
    log_mark(log, &r, publisher, topic);
    log->head = (struct log_head){ r.seq, r.at_ms, r.chain };
    return ERR_NONE;
}

enum err log_note(struct log *log, struct slice name, struct slice value, struct why *why)
{
    enum statement which = value.size ? NOTE_PUT : NOTE_DROP;
    enum err e = begin(log, why);

    if (e) return e;
    db_bind_text(log->statements[which], 1, name);
    if (value.size) db_bind_text(log->statements[which], 2, value);
    return log_run(log, which, why);
}

enum err log_notes(struct log *log, log_note_each each, void *context, struct why *why)
{
    sqlite3_stmt *s = log->statements[NOTES];
    bool row = false;
    enum err e;

    while (!(e = db_step(s, &row)) && row) {
        e = each(context, db_text(s, 0), db_text(s, 1));
        if (e) {
            db_done(s);
            return e;
        }
    }
    return log_told(log, e, why);
}

void log_rollback(struct log *log)
{
    /* SQLite may have rolled back by itself, as it does when the disk is full. */
    if (log->writing && !sqlite3_get_autocommit(log->db)) (void)db_run(log->statements[ROLLBACK]);
    log->writing = false;
    pending_drop(log->pending);
    log->head = log->committed;
    marks_revert(&log->publishers, log->committed.seq);
    marks_revert(&log->topics, log->committed.seq);
}

/* COMMIT, with its flush left to the flusher when that is worth waking it. */
static enum err commit(struct log *log, struct why *why)
{
    const bool fold = log->head.seq - log->folded >= LOG_FOLD_EVERY;
    const bool apart = log->flusher && log->head.seq - log->durable.seq >= (uint64_t)log->flush_apart;
    enum err e = log_write_pending(log, why);

    if (!e && fold) e = log_write_marks(log, why);
    if (apart) wal_flush_later(log->wal, true);
    if (!e) e = log_run(log, COMMIT, why);
    if (apart) wal_flush_later(log->wal, false);
    if (e) {
        log_rollback(log);
        return e;
    }
    log->writing = false;
    log->committed = log->head;
    log_marks_hold(log, fold);
    if (apart)
        worker_begin(log->flusher);
    else
        log->durable = log->committed;
    log->flushing = apart;
    return ERR_NONE;
}

enum err log_commit_begin(struct log *log, struct why *why)
{
    assert(!log->flushing);
    return log->writing ? commit(log, why) : ERR_NONE;
}

bool log_flushes_apart(const struct log *log)
{
    return log->flusher != NULL;
}

bool log_flushing(const struct log *log, int64_t us)
{
    return log->flushing && worker_busy(log->flusher, us);
}

enum err log_commit_end(struct log *log, const struct commit **token, struct why *why)
{
    enum err e = log->flushing ? worker_wait(log->flusher, why) : ERR_NONE;

    if (e) return e;
    log->flushing = false;
    log->durable = log->committed;
    log->token.seq = log->durable.seq;
    *token = &log->token;
    return ERR_NONE;
}

enum err log_commit(struct log *log, const struct commit **token, struct why *why)
{
    enum err e = log_commit_begin(log, why);

    return e ? e : log_commit_end(log, token, why);
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
    bool asked = !filter || filter->count == 0;

    for (size_t i = 0; !asked && i < filter->count; i++)
        asked = slice_starts(topic, filter->prefixes[i]);
    return asked && (!filter || !filter->allows || filter->allows(filter->context, topic));
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

enum err log_stored_link(struct log *log, uint64_t seq, struct hash *out, struct why *why)
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
        e = log_stored_link(log, seq - 1, &place.chain, why);
        if (!e) e = log_read(log, &place, NULL, &one, take_nothing, NULL, &done, why);
        if (e) return e;
    }
    *out = place.chain;
    return ERR_NONE;
}
