#include "services/broker/log_seal.h"

#include "services/broker/log.h"

#include <inttypes.h>
#include <stdio.h>

extern const char broker_schema_sql[];

static struct slice number_bytes(uint64_t value, char bytes[8])
{
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (char)(value >> (56 - 8 * i));
    return slice_of(bytes, 8);
}

struct hash seal_publisher(struct slice publisher, uint64_t epoch, uint64_t number, uint64_t seq,
                           const struct hash *running)
{
    char bytes[3][8];
    const struct slice parts[] = { slice_text("publisher"),       publisher,
                                   number_bytes(epoch, bytes[0]), number_bytes(number, bytes[1]),
                                   number_bytes(seq, bytes[2]),   slice_of(running->bytes, HASH_BYTES) };

    return hash_parts(parts, sizeof parts / sizeof *parts);
}

struct hash seal_topic(struct slice topic, uint64_t seq)
{
    char bytes[8];
    const struct slice parts[] = { slice_text("topic"), topic, number_bytes(seq, bytes) };

    return hash_parts(parts, sizeof parts / sizeof *parts);
}

void seal_turn(struct hash *seal, const struct hash *row)
{
    for (size_t i = 0; i < HASH_BYTES; i++)
        seal->bytes[i] ^= row->bytes[i];
}

static enum err damaged(enum err e, const char *what, const struct why *inner, struct why *why)
{
    return why_set(why, e, err_name(e), "the rows of %s beside the log cannot be read: %s", what,
                   inner->sentence);
}

static enum err publishers_seal(sqlite3 *db, struct hash *out, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e =
        db_prepare(db, "SELECT publisher, epoch, last_number, last_seq, hash FROM publisher", &s, why);

    while (!e && !(e = db_step(s, &row)) && row) {
        struct hash running, one;

        if (!db_hash(s, 4, &running)) e = ERR_CORRUPT;
        if (e) break;
        one = seal_publisher(db_text(s, 0), db_u64(s, 1), db_u64(s, 2), db_u64(s, 3), &running);
        seal_turn(out, &one);
    }
    if (e) (void)db_err(db, sqlite3_extended_errcode(db), why);
    sqlite3_finalize(s);
    return e;
}

static enum err topics_seal(sqlite3 *db, struct hash *out, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(db, "SELECT topic, last_seq FROM topic", &s, why);

    while (!e && !(e = db_step(s, &row)) && row) {
        struct hash one = seal_topic(db_text(s, 0), db_u64(s, 1));

        seal_turn(out, &one);
    }
    if (e) (void)db_err(db, sqlite3_extended_errcode(db), why);
    sqlite3_finalize(s);
    return e;
}

enum err seal_of_rows(sqlite3 *db, struct seal *out, struct why *why)
{
    struct why inner = { 0 };
    enum err e;

    memset(out, 0, sizeof *out);
    e = publishers_seal(db, &out->publishers, &inner);
    if (e) return damaged(e, "publishers", &inner, why);
    e = topics_seal(db, &out->topics, &inner);
    return e ? damaged(e, "topics", &inner, why) : ERR_NONE;
}

static enum err stored_seal(sqlite3 *db, struct seal *out, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false, whole = false;
    enum err e = db_prepare(db, "SELECT publishers, topics FROM seal", &s, why);

    if (!e) e = db_step(s, &row);
    if (!e && row) whole = db_hash(s, 0, &out->publishers) && db_hash(s, 1, &out->topics);
    sqlite3_finalize(s);
    if (!e && !whole) e = ERR_CORRUPT;
    return e;
}

enum err seal_check(sqlite3 *db, struct seal *out, struct why *why)
{
    struct seal found;
    struct why inner = { 0 };
    enum err e = seal_of_rows(db, &found, why);

    if (e) return e;
    e = stored_seal(db, out, &inner);
    if (e)
        return why_set(why, e, err_name(e), "the seal of the publisher and topic rows cannot be read: %s",
                       inner.sentence);
    if (hash_equal(&found.publishers, &out->publishers) && hash_equal(&found.topics, &out->topics))
        return ERR_NONE;
    return why_set(why, ERR_CORRUPT, "CORRUPT",
                   "a %s row beside the log is not what was stored; ocop-broker --verify names it, "
                   "--repair-from COPY computes it anew",
                   hash_equal(&found.publishers, &out->publishers) ? "topic" : "publisher");
}

bool seal_is_of_version_2(struct slice table)
{
    return slice_is(table, "seal") || slice_is(table, "folded") || slice_is(table, "note");
}

/* The words of the tables are the schema's own, so that a log of version 1 becomes one of version 2 entirely.
 */
static enum err create_tables(sqlite3 *db, struct why *why)
{
    sqlite3 *pattern = NULL;
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_open(":memory:", DB_WRITE, &pattern, why);

    if (!e) e = db_exec(pattern, broker_schema_sql, why);
    if (!e) e = db_prepare(pattern, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL", &s, why);
    while (!e && !(e = db_step(s, &row)) && row)
        if (seal_is_of_version_2(db_text(s, 0))) e = db_exec(db, db_text(s, 1).data, why);
    sqlite3_finalize(s);
    db_close(&pattern);
    return e;
}

enum err seal_make(sqlite3 *db, struct why *why)
{
    struct seal seal;
    sqlite3_stmt *s = NULL;
    char version[64];
    enum err e = seal_of_rows(db, &seal, why);

    snprintf(version, sizeof version, "PRAGMA user_version = %d", LOG_VERSION);
    if (!e) e = create_tables(db, why);
    if (!e) e = db_exec(db, "INSERT INTO folded SELECT 1, coalesce(max(seq), 0) FROM log", why);
    if (!e) e = db_prepare(db, "INSERT INTO seal(one, publishers, topics) VALUES(1, ?, ?)", &s, why);
    if (!e) {
        db_bind_hash(s, 1, &seal.publishers);
        db_bind_hash(s, 2, &seal.topics);
        e = db_run(s);
    }
    sqlite3_finalize(s);
    return e ? e : db_exec(db, version, why);
}
