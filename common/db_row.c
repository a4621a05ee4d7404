/* db_row.c - what is bound to a statement, and what its row says. */
#include "common/db.h"

#include <assert.h>
#include <string.h>

/* Binding fails when the position is wrong or the statement runs: our own mistakes. */
static void bound(int rc)
{
    assert(rc == SQLITE_OK);
    (void)rc;
}

void db_bind_text(sqlite3_stmt *s, int at, struct slice text)
{
    bound(sqlite3_bind_text64(s, at, text.size ? text.data : "", text.size, SQLITE_STATIC, SQLITE_UTF8));
}

void db_bind_bytes(sqlite3_stmt *s, int at, struct slice bytes)
{
    bound(sqlite3_bind_blob64(s, at, bytes.size ? bytes.data : "", bytes.size, SQLITE_STATIC));
}

void db_bind_i64(sqlite3_stmt *s, int at, int64_t value)
{
    bound(sqlite3_bind_int64(s, at, value));
}

void db_bind_u64(sqlite3_stmt *s, int at, uint64_t value)
{
    assert(value <= INT64_MAX);
    bound(sqlite3_bind_int64(s, at, (sqlite3_int64)value));
}

void db_bind_hash(sqlite3_stmt *s, int at, const struct hash *h)
{
    db_bind_bytes(s, at, slice_of(h->bytes, sizeof h->bytes));
}

static struct slice column(sqlite3_stmt *s, int at, const void *data)
{
    return data ? slice_of(data, (size_t)sqlite3_column_bytes(s, at)) : slice_of(NULL, 0);
}

struct slice db_text(sqlite3_stmt *s, int at)
{
    return column(s, at, sqlite3_column_text(s, at));
}

struct slice db_bytes(sqlite3_stmt *s, int at)
{
    return column(s, at, sqlite3_column_blob(s, at));
}

int64_t db_i64(sqlite3_stmt *s, int at)
{
    return sqlite3_column_int64(s, at);
}

uint64_t db_u64(sqlite3_stmt *s, int at)
{
    return (uint64_t)sqlite3_column_int64(s, at);
}

bool db_hash(sqlite3_stmt *s, int at, struct hash *out)
{
    struct slice bytes = db_bytes(s, at);

    if (bytes.size != sizeof out->bytes) return false;
    memcpy(out->bytes, bytes.data, sizeof out->bytes);
    return true;
}

struct slice db_keep(sqlite3_stmt *s, int at, msgpack_zone *zone, enum err *e)
{
    const struct slice text = db_text(s, at);
    char *copy;

    if (text.size == 0) return slice_of(NULL, 0);
    copy = msgpack_zone_malloc(zone, text.size);
    if (!copy) {
        *e = ERR_NOMEM;
        return slice_of(NULL, 0);
    }
    memcpy(copy, text.data, text.size);
    return slice_of(copy, text.size);
}
