/* log_marks.c - how far each publisher and each topic is: in memory for every event, in the log's file now
 * and then.
 *
 * The rows are a fold of the log up to `folded`. A start folds what came after it, so that nothing is lost by
 * writing them seldom, and a commit of one event touches one page.
 */
#include "services/broker/log_inside.h"

#include <inttypes.h>

enum { MARKS_MAX = 8192 };

enum err log_told(struct log *log, enum err e, struct why *why)
{
    if (e) (void)db_err(log->db, sqlite3_extended_errcode(log->db), why);
    return e;
}

enum err log_run(struct log *log, enum statement which, struct why *why)
{
    return log_told(log, db_run(log->statements[which]), why);
}

enum err log_find_publisher(struct log *log, struct slice publisher, uint64_t epoch, struct mark **out,
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
    /* Many names that came once: forget them, but not before they are written down. */
    if (!log->publishers.dirty && log->publishers.count >= MARKS_MAX) marks_clear(&log->publishers);
    db_bind_text(s, 1, publisher);
    db_bind_u64(s, 2, epoch);
    e = db_step(s, &row);
    if (e) return log_told(log, e, why);
    mark = marks_add(&log->publishers, publisher, epoch);
    if (mark && row) {
        mark->at.number = db_u64(s, 0);
        mark->at.seq = db_u64(s, 1);
        if (!db_hash(s, 2, &mark->running.hash)) e = ERR_CORRUPT;
        mark->sealed = seal_publisher(publisher, epoch, mark->at.number, mark->at.seq, &mark->running.hash);
    }
    db_done(s);
    *out = mark;
    return mark ? e : ERR_NOMEM;
}

enum err log_find_topic(struct log *log, struct slice topic, struct mark **out, struct why *why)
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
    if (e) return log_told(log, e, why);
    mark = marks_add(&log->topics, topic, 0);
    if (mark && row) {
        mark->at.seq = db_u64(s, 0);
        mark->sealed = seal_topic(topic, mark->at.seq);
    }
    db_done(s);
    *out = mark;
    return mark ? ERR_NONE : ERR_NOMEM;
}

enum err log_place_of(struct log *log, struct slice publisher, uint64_t epoch, struct log_publisher *out,
                      struct why *why)
{
    struct mark *mark = NULL;
    enum err e = log_find_publisher(log, publisher, epoch, &mark, why);

    if (!e) *out = (struct log_publisher){ .number = mark->at.number, .seq = mark->at.seq };
    return e;
}

enum err log_publisher(struct log *log, struct slice publisher, uint64_t epoch, struct log_publisher *out,
                       struct why *why)
{
    struct mark *mark = NULL;
    enum err e = log_find_publisher(log, publisher, epoch, &mark, why);

    if (e) return e;
    log_hash_pending(log);
    *out = (struct log_publisher){ mark->at.number, mark->at.seq, mark->running.hash };
    return ERR_NONE;
}

/* --- folding --- */

void log_mark(struct log *log, const struct record *r, struct mark *publisher, struct mark *topic)
{
    marks_touch(&log->publishers, publisher);
    marks_touch(&log->topics, topic);
    publisher->at.number = r->number;
    publisher->at.seq = topic->at.seq = r->seq;
}

struct fold {
    struct log *log;
    struct why *why;
};

static enum err fold_one(void *context, const struct record *r)
{
    struct fold *f = context;
    struct mark *publisher = NULL, *topic = NULL;
    enum err e = log_find_publisher(f->log, r->publisher, r->epoch, &publisher, f->why);

    if (!e) e = log_find_topic(f->log, r->topic, &topic, f->why);
    if (!e && r->number != publisher->at.number + 1)
        e = why_set(f->why, ERR_CORRUPT, "CORRUPT",
                    "record %" PRIu64 " has its publisher's number %" PRIu64 " where %" PRIu64 " comes next",
                    r->seq, r->number, publisher->at.number + 1);
    if (e) return e;
    log_mark(f->log, r, publisher, topic);
    mark_run(&publisher->running, f->log->folded, r);
    return ERR_NONE;
}

enum err log_fold_tail(struct log *log, struct why *why)
{
    const struct log_read_limit limit = { LOG_READ_RECORDS, LOG_READ_RECORDS, LOG_READ_BYTES };
    struct fold fold = { log, why };
    struct log_place place = { .seq = log->folded };
    struct log_read_done done;
    enum err e = log_stored_link(log, log->folded, &place.chain, why);

    while (!e && place.seq < log->head.seq)
        e = log_read(log, &place, NULL, &limit, fold_one, &fold, &done, why);
    marks_commit(&log->publishers);
    marks_commit(&log->topics);
    return e;
}

/* --- writing down --- */

/* In the seal, the row that is being written takes the place of the row before. */
static void seal_row(struct hash *seal, struct mark *mark, struct hash row)
{
    seal_turn(seal, &mark->sealed);
    seal_turn(seal, &row);
    mark->sealing = row;
}

static enum err write_publisher(struct log *log, struct mark *mark, struct why *why)
{
    sqlite3_stmt *s = log->statements[PUBLISHER_PUT];

    mark->sealing = mark->sealed;
    if (!mark->at.number) return ERR_NONE; /* it was taken back, and never stored anything */
    db_bind_text(s, 1, mark_name(mark));
    db_bind_u64(s, 2, mark->epoch);
    db_bind_u64(s, 3, mark->at.number);
    db_bind_u64(s, 4, mark->at.seq);
    db_bind_hash(s, 5, &mark->running.hash);
    seal_row(
        &log->sealing.publishers, mark,
        seal_publisher(mark_name(mark), mark->epoch, mark->at.number, mark->at.seq, &mark->running.hash));
    return log_run(log, PUBLISHER_PUT, why);
}

static enum err write_topic(struct log *log, struct mark *mark, struct why *why)
{
    sqlite3_stmt *s = log->statements[TOPIC_PUT];

    mark->sealing = mark->sealed;
    if (!mark->at.seq) return ERR_NONE;
    db_bind_text(s, 1, mark_name(mark));
    db_bind_u64(s, 2, mark->at.seq);
    seal_row(&log->sealing.topics, mark, seal_topic(mark_name(mark), mark->at.seq));
    return log_run(log, TOPIC_PUT, why);
}

enum err log_write_marks(struct log *log, struct why *why)
{
    enum err e = ERR_NONE;

    log_hash_pending(log);
    log->sealing = log->seal;
    for (struct mark *at = log->publishers.dirty; !e && at; at = at->next_dirty)
        e = write_publisher(log, at, why);
    for (struct mark *at = log->topics.dirty; !e && at; at = at->next_dirty)
        e = write_topic(log, at, why);
    if (e) return e;
    db_bind_hash(log->statements[SEAL_PUT], 1, &log->sealing.publishers);
    db_bind_hash(log->statements[SEAL_PUT], 2, &log->sealing.topics);
    e = log_run(log, SEAL_PUT, why);
    db_bind_u64(log->statements[FOLDED_PUT], 1, log->head.seq);
    return e ? e : log_run(log, FOLDED_PUT, why);
}

static void seal_hold(struct mark *dirty)
{
    for (struct mark *at = dirty; at; at = at->next_dirty)
        at->sealed = at->sealing;
}

void log_marks_hold(struct log *log, bool written)
{
    marks_commit(&log->publishers);
    marks_commit(&log->topics);
    if (!written) return;
    log->folded = log->head.seq;
    log->seal = log->sealing;
    seal_hold(log->publishers.dirty);
    seal_hold(log->topics.dirty);
    marks_clean(&log->publishers);
    marks_clean(&log->topics);
}
