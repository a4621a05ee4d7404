/* log_pending.c - what is appended and not yet written: SQLite reads it as a table, so that one statement
 * inserts many records. A statement for each record took twice as many instructions. What was written goes
 * on to a thread that computes the running hashes of its publishers, half of all hashing, while the next
 * records come.
 */
#include "services/broker/log_inside.h"
#include "services/broker/worker.h"

#include <stdlib.h>

enum {
    PENDING_RECORDS = 512,
    PENDING_BYTES = 256 * 1024,
    HASH_APART = 32 /* fewer are not worth waking the thread */
};

/* Of one transaction. */
struct batch {
    size_t count, bytes, hashed; /* of `count` records the first `hashed` are in the running hashes */
    uint64_t behind;             /* the record before the transaction */
    struct record records[PENDING_RECORDS];
    struct mark *publishers[PENDING_RECORDS];
    char envelopes[PENDING_BYTES]; /* copies: a caller's bytes may be gone when they are written */
};

struct pending {
    struct batch each[2];
    struct batch *filling,
        *given;            /* given: to the thread, which owns its publishers' running hashes meanwhile */
    struct worker *hasher; /* NULL: there is none */
};

/* --- the table --- */

struct table {
    sqlite3_vtab base; /* SQLite's part stands first */
    const struct pending *pending;
};

struct cursor {
    sqlite3_vtab_cursor base;
    size_t at;
};

static const struct batch *batch_of(sqlite3_vtab_cursor *c)
{
    return ((struct table *)(void *)c->pVtab)->pending->filling;
}

static struct cursor *cursor_of(sqlite3_vtab_cursor *c)
{
    return (struct cursor *)(void *)c;
}

/* The columns are LOG_COLUMNS, in their order. */
static int table_connect(sqlite3 *db, void *pending, int argc, const char *const *argv, sqlite3_vtab **out,
                         char **message)
{
    struct table *t = sqlite3_malloc(sizeof *t);
    int rc;

    (void)argc;
    (void)argv;
    (void)message;
    if (!t) return SQLITE_NOMEM;
    *t = (struct table){ .pending = pending };
    rc = sqlite3_declare_vtab(db, "CREATE TABLE pending(" LOG_COLUMNS ")");
    if (rc == SQLITE_OK)
        *out = &t->base;
    else
        sqlite3_free(t);
    return rc;
}

static int table_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

/* There is one way to read it: from the first record to the last. */
static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    (void)info;
    return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct cursor *c = sqlite3_malloc(sizeof *c);

    (void)table;
    if (!c) return SQLITE_NOMEM;
    *c = (struct cursor){ .at = 0 };
    *out = &c->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *c)
{
    sqlite3_free(c);
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *c, int number, const char *text, int argc, sqlite3_value **argv)
{
    (void)number;
    (void)text;
    (void)argc;
    (void)argv;
    cursor_of(c)->at = 0;
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *c)
{
    cursor_of(c)->at++;
    return SQLITE_OK;
}

static int eof(sqlite3_vtab_cursor *c)
{
    return cursor_of(c)->at >= batch_of(c)->count;
}

static void give_text(sqlite3_context *out, struct slice text)
{
    sqlite3_result_text(out, text.size ? text.data : "", (int)text.size, SQLITE_STATIC);
}

static int column(sqlite3_vtab_cursor *c, sqlite3_context *out, int n)
{
    const struct record *r = &batch_of(c)->records[cursor_of(c)->at];

    switch (n) {
    case 0:
        sqlite3_result_int64(out, (sqlite3_int64)r->seq);
        break;
    case 1:
        sqlite3_result_int64(out, r->at_ms);
        break;
    case 2:
        sqlite3_result_blob(out, r->chain.bytes, HASH_BYTES, SQLITE_STATIC);
        break;
    case 3:
        give_text(out, r->publisher);
        break;
    case 4:
        sqlite3_result_int64(out, (sqlite3_int64)r->epoch);
        break;
    case 5:
        sqlite3_result_int64(out, (sqlite3_int64)r->number);
        break;
    case 6:
        give_text(out, r->topic);
        break;
    default:
        sqlite3_result_blob(out, r->envelope.size ? r->envelope.data : "", (int)r->envelope.size,
                            SQLITE_STATIC);
    }
    return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)cursor_of(c)->at;
    return SQLITE_OK;
}

/* Without xCreate it is there by its name alone, and in no schema. */
static const sqlite3_module module = { .xConnect = table_connect,
                                       .xBestIndex = best_index,
                                       .xDisconnect = table_disconnect,
                                       .xOpen = cursor_open,
                                       .xClose = cursor_close,
                                       .xFilter = filter,
                                       .xNext = next,
                                       .xEof = eof,
                                       .xColumn = column,
                                       .xRowid = rowid };

enum err pending_open(sqlite3 *db, struct pending **out, struct why *why)
{
    struct pending *p = calloc(1, sizeof *p);

    if (!p) return ERR_NOMEM;
    p->filling = &p->each[0];
    *out = p;
    return db_err(db, sqlite3_create_module(db, "pending", &module, p), why);
}

void pending_close(struct pending **p)
{
    if (*p) worker_stop(&(*p)->hasher);
    free(*p);
    *p = NULL;
}

/* --- running hashes --- */

/* Many of one publisher follow each other: its hash is worked on apart from the mark, whose other fields the
 * broker's thread is writing. */
static void hash_batch(struct batch *b)
{
    while (b->hashed < b->count) {
        struct mark *mark = b->publishers[b->hashed];
        struct mark_running running = mark->running;

        for (; b->hashed < b->count && b->publishers[b->hashed] == mark; b->hashed++)
            mark_run(&running, b->behind, &b->records[b->hashed]);
        mark->running = running;
    }
}

static enum err hash_given(void *context, struct why *why)
{
    (void)why;
    hash_batch(((struct pending *)context)->given);
    return ERR_NONE;
}

enum err pending_hash_apart(struct pending *p, struct why *why)
{
    return worker_start(hash_given, p, "hashing", &p->hasher, why);
}

static void wait_for_hasher(struct pending *p)
{
    if (p->hasher) (void)worker_wait(p->hasher, NULL); /* hashing does not fail */
}

void log_hash_pending(struct log *log)
{
    wait_for_hasher(log->pending);
    hash_batch(log->pending->filling);
}

/* The other batch is filled next. */
static void hand_over(struct pending *p)
{
    struct batch *written = p->filling;

    wait_for_hasher(p);
    p->filling = written == &p->each[0] ? &p->each[1] : &p->each[0];
    p->filling->count = p->filling->bytes = p->filling->hashed = 0;
    p->given = written;
    if (p->hasher && written->count - written->hashed >= HASH_APART)
        worker_begin(p->hasher);
    else
        hash_batch(written);
}

/* --- filling and writing --- */

void pending_drop(struct pending *p)
{
    wait_for_hasher(p);
    p->filling->count = p->filling->bytes = p->filling->hashed = 0;
}

enum err log_write_pending(struct log *log, struct why *why)
{
    const size_t count = log->pending->filling->count;
    enum err e = count ? log_run(log, INSERT, why) : ERR_NONE;

    if (!e && count && sqlite3_changes64(log->db) != (sqlite3_int64)count)
        e = why_set(why, ERR_PROMISE, "PROMISE", "the store took %lld of %zu records",
                    (long long)sqlite3_changes64(log->db), count);
    if (!e && count) hand_over(log->pending);
    return e;
}

static struct record *add(struct batch *b, const struct record *r, struct mark *publisher, uint64_t behind)
{
    if (b->count == 0) b->behind = behind;
    b->publishers[b->count] = publisher;
    b->records[b->count] = *r;
    return &b->records[b->count++];
}

enum err log_pend(struct log *log, const struct record *r, struct mark *publisher, struct why *why)
{
    const bool large = r->envelope.size > PENDING_BYTES;
    struct batch *b = log->pending->filling;
    struct record *own;
    enum err e = ERR_NONE;

    if (large || b->count == PENDING_RECORDS || r->envelope.size > PENDING_BYTES - b->bytes)
        e = log_write_pending(log, why);
    if (e) return e;
    b = log->pending->filling;
    own = add(b, r, publisher, log->committed.seq);
    if (large) { /* written and hashed at once, from where it is */
        log_hash_pending(log);
        return log_write_pending(log, why);
    }
    own->envelope = slice_of(b->envelopes + b->bytes, r->envelope.size);
    if (r->envelope.size) memcpy(b->envelopes + b->bytes, r->envelope.data, r->envelope.size);
    b->bytes += r->envelope.size;
    return ERR_NONE;
}
