/* log_pending.c - what is appended and not yet written: SQLite reads it as a table, so that one statement
 * inserts many records. A statement for each record took twice as many instructions.
 */
#include "services/broker/log_inside.h"

#include <stdlib.h>

enum { PENDING_RECORDS = 512, PENDING_BYTES = 256 * 1024 };

struct pending {
    size_t count, bytes;
    struct record records[PENDING_RECORDS];
    char envelopes[PENDING_BYTES]; /* copies: a caller's bytes may be gone when they are written */
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

static const struct pending *pending_of(sqlite3_vtab_cursor *c)
{
    return ((struct table *)(void *)c->pVtab)->pending;
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
    return cursor_of(c)->at >= pending_of(c)->count;
}

static void give_text(sqlite3_context *out, struct slice text)
{
    sqlite3_result_text(out, text.size ? text.data : "", (int)text.size, SQLITE_STATIC);
}

static int column(sqlite3_vtab_cursor *c, sqlite3_context *out, int n)
{
    const struct record *r = &pending_of(c)->records[cursor_of(c)->at];

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
    struct pending *p = malloc(sizeof *p);

    if (!p) return ERR_NOMEM;
    p->count = p->bytes = 0;
    *out = p;
    return db_err(db, sqlite3_create_module(db, "pending", &module, p), why);
}

void pending_close(struct pending **p)
{
    free(*p);
    *p = NULL;
}

/* --- filling and writing --- */

void pending_drop(struct pending *p)
{
    p->count = p->bytes = 0;
}

enum err log_write_pending(struct log *log, struct why *why)
{
    struct pending *p = log->pending;
    enum err e = p->count ? log_run(log, INSERT, why) : ERR_NONE;

    if (!e && p->count && sqlite3_changes64(log->db) != (sqlite3_int64)p->count)
        e = why_set(why, ERR_PROMISE, "PROMISE", "the store took %lld of %zu records",
                    (long long)sqlite3_changes64(log->db), p->count);
    if (!e) pending_drop(p);
    return e;
}

/* A large one is written at once, from where it is. */
static enum err add_large(struct log *log, const struct record *r, struct why *why)
{
    log->pending->records[log->pending->count++] = *r;
    return log_write_pending(log, why);
}

enum err log_pend(struct log *log, const struct record *r, struct why *why)
{
    struct pending *p = log->pending;
    enum err e = ERR_NONE;

    if (p->count == PENDING_RECORDS || r->envelope.size > PENDING_BYTES - p->bytes)
        e = log_write_pending(log, why);
    if (e || r->envelope.size > PENDING_BYTES) return e ? e : add_large(log, r, why);
    p->records[p->count] = *r;
    p->records[p->count++].envelope = slice_of(p->envelopes + p->bytes, r->envelope.size);
    if (r->envelope.size) memcpy(p->envelopes + p->bytes, r->envelope.data, r->envelope.size);
    p->bytes += r->envelope.size;
    return ERR_NONE;
}
