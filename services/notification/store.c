#include "services/notification/store_inside.h"

#include "proto/codec.h"

static const char *const sql[STORE_LAW] = {
    [STORE_ADD_MESSAGE] =
        "INSERT INTO message(message, recipient, template, about, product, certificate, day, queued_seq,"
        " province) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [STORE_FIND_MESSAGE] =
        "SELECT message, recipient, template, about, product, certificate, delivery, day IS NOT NULL,"
        " coalesce(day, 0), received_on IS NOT NULL, coalesce(received_on, 0), province"
        " FROM message WHERE message = ?1",
    [STORE_NOTE_DELIVERY] = "UPDATE message SET delivery = ?2 WHERE message = ?1",
    [STORE_NOTE_RECEIPT] = "UPDATE message SET received_on = ?2 WHERE message = ?1",
    [STORE_COUNT_MESSAGES] =
        "SELECT count(*), count(*) FILTER (WHERE received_on IS NULL AND delivery = 0),"
        " count(*) FILTER (WHERE received_on IS NULL AND delivery = 1),"
        " count(*) FILTER (WHERE received_on IS NULL AND delivery = 2),"
        " count(*) FILTER (WHERE received_on IS NOT NULL), (SELECT count(*) FROM deadline WHERE missed = 1)"
        " FROM message",
    [STORE_ADD_CERTIFICATE] = "INSERT INTO certificate(certificate, product, name, owner, province, star)"
                              " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [STORE_FIND_CERTIFICATE] =
        "SELECT product, name, owner, province, star FROM certificate WHERE certificate = ?1",
    /* The same years registered again change nothing here: the earlier filing is the one that counts. */
    [STORE_ADD_PLAN] = "INSERT INTO plan(province, year_from, year_to, filed_on) VALUES(?1, ?2, ?3, ?4)"
                       " ON CONFLICT DO NOTHING",
    [STORE_ADD_FILING] = "INSERT INTO filing(province, period_end, filed_seq) VALUES(?1, ?2, ?3)",
    [STORE_END_FILING] = "DELETE FROM filing WHERE filed_seq = ?1",
    /* A corrected report replaces the earlier one; the first one's punctuality stays. */
    [STORE_ADD_REPORT] =
        "INSERT INTO report(province, period_end, late) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING",
    [STORE_OWING] =
        "SELECT DISTINCT province FROM plan p"
        " WHERE year_from <= ?1 AND year_to >= ?1 AND filed_on < ?2"
        " AND NOT EXISTS (SELECT 1 FROM report r WHERE r.province = p.province AND r.period_end = ?3)"
        " AND NOT EXISTS (SELECT 1 FROM filing f WHERE f.province = p.province AND f.period_end = ?3)"
        " AND NOT EXISTS (SELECT 1 FROM deadline d WHERE d.what = 'report' AND d.about = ''"
        "                 AND d.province = p.province AND d.due_before = ?2 AND d.missed = 1)"
        " ORDER BY province",
};

static const char *sql_of(size_t query)
{
    if (query < STORE_LAW) return sql[query];
    return query < STORE_DEADLINE ? store_law_sql[query - STORE_LAW]
                                  : store_deadline_sql[query - STORE_DEADLINE];
}

enum err store_open(void *store, sqlite3 *db, struct why *why)
{
    struct store *s = store;

    s->db = db;
    for (size_t i = 0; i < STORE_QUERIES; i++) {
        enum err e = db_prepare(db, sql_of(i), &s->query[i], why);

        if (e) return e;
    }
    return ERR_NONE;
}

void store_close(void *store)
{
    struct store *s = store;

    for (size_t i = 0; i < STORE_QUERIES; i++) {
        sqlite3_finalize(s->query[i]);
        s->query[i] = NULL;
    }
}

/* Text that may be absent is NULL in its column, not empty. */
void store_bind_optional(sqlite3_stmt *q, int at, bool has, struct slice text)
{
    if (has)
        db_bind_text(q, at, text);
    else
        sqlite3_bind_null(q, at);
}

/* What a row says is gone with its statement, so it is copied into the turn's memory. */
enum err store_keep(msgpack_zone *zone, struct slice text, struct slice *out)
{
    char *copy;

    if (text.size == 0) {
        *out = slice_text("");
        return ERR_NONE;
    }
    copy = msgpack_zone_malloc(zone, text.size);
    if (!copy) return ERR_NOMEM;
    memcpy(copy, text.data, text.size);
    *out = slice_of(copy, text.size);
    return ERR_NONE;
}

enum err store_add_message(struct store *s, const struct message_queued *m, struct slice province,
                           uint64_t queued_seq)
{
    sqlite3_stmt *q = s->query[STORE_ADD_MESSAGE];

    db_bind_text(q, 1, m->message);
    db_bind_text(q, 2, m->recipient);
    db_bind_text(q, 3, m->template);
    db_bind_text(q, 4, m->about);
    store_bind_optional(q, 5, m->has_product, m->product);
    store_bind_optional(q, 6, m->has_certificate, m->certificate);
    if (m->has_day)
        db_bind_i64(q, 7, m->day);
    else
        sqlite3_bind_null(q, 7);
    db_bind_u64(q, 8, queued_seq);
    db_bind_text(q, 9, province);
    return db_run(q);
}

static enum err read_message(sqlite3_stmt *q, msgpack_zone *zone, struct message_row *row)
{
    struct slice *const texts[] = { &row->message, &row->recipient, &row->template_name,
                                    &row->about,   &row->product,   &row->certificate };
    enum err e = ERR_NONE;

    for (int i = 0; !e && i < 6; i++)
        e = store_keep(zone, db_text(q, i), texts[i]);
    if (!e) e = store_keep(zone, db_text(q, 11), &row->province);
    row->state.delivery = (enum delivery)db_i64(q, 6);
    row->has_day = db_i64(q, 7) != 0;
    row->day = (int32_t)db_i64(q, 8);
    row->has_received_on = row->state.received = db_i64(q, 9) != 0;
    row->received_on = (int32_t)db_i64(q, 10);
    return e;
}

enum err store_find_message(struct store *s, struct slice message, msgpack_zone *zone,
                            struct message_row *out)
{
    sqlite3_stmt *q = s->query[STORE_FIND_MESSAGE];
    struct message_row row = { 0 };
    bool found = false;
    enum err e;

    db_bind_text(q, 1, message);
    e = db_step(q, &found);
    if (e) return e;
    if (!found) return ERR_NOT_FOUND;
    e = read_message(q, zone, &row);
    db_done(q);
    if (!e) *out = row;
    return e;
}

enum err store_note_delivery(struct store *s, struct slice message, enum delivery delivery)
{
    sqlite3_stmt *q = s->query[STORE_NOTE_DELIVERY];

    db_bind_text(q, 1, message);
    db_bind_i64(q, 2, (int64_t)delivery);
    return db_run(q);
}

enum err store_note_receipt(struct store *s, struct slice message, int32_t received_on)
{
    sqlite3_stmt *q = s->query[STORE_NOTE_RECEIPT];

    db_bind_text(q, 1, message);
    db_bind_i64(q, 2, received_on);
    return db_run(q);
}

enum err store_count_messages(struct store *s, struct message_counts *out)
{
    sqlite3_stmt *q = s->query[STORE_COUNT_MESSAGES];
    bool found = false;
    enum err e = db_step(q, &found);

    if (e) return e;
    if (!found) return ERR_CORRUPT; /* a count always has one row */
    out->messages = db_i64(q, 0);
    out->queued = db_i64(q, 1);
    out->failed = db_i64(q, 2);
    out->delivered = db_i64(q, 3);
    out->received = db_i64(q, 4);
    out->missed = db_i64(q, 5);
    db_done(q);
    return ERR_NONE;
}

enum err store_add_certificate(struct store *s, struct slice certificate, const struct holder *h)
{
    sqlite3_stmt *q = s->query[STORE_ADD_CERTIFICATE];

    db_bind_text(q, 1, certificate);
    db_bind_text(q, 2, h->product);
    db_bind_text(q, 3, h->name);
    db_bind_text(q, 4, h->owner);
    db_bind_text(q, 5, h->province);
    db_bind_i64(q, 6, h->star);
    return db_run(q);
}

enum err store_find_certificate(struct store *s, struct slice certificate, msgpack_zone *zone,
                                struct holder *out)
{
    sqlite3_stmt *q = s->query[STORE_FIND_CERTIFICATE];
    struct holder h = { 0 };
    bool found = false;
    enum err e;

    db_bind_text(q, 1, certificate);
    e = db_step(q, &found);
    if (e) return e;
    if (!found) return ERR_NOT_FOUND;
    e = store_keep(zone, db_text(q, 0), &h.product);
    if (!e) e = store_keep(zone, db_text(q, 1), &h.name);
    if (!e) e = store_keep(zone, db_text(q, 2), &h.owner);
    if (!e) e = store_keep(zone, db_text(q, 3), &h.province);
    h.star = db_i64(q, 4);
    db_done(q);
    if (!e) *out = h;
    return e;
}

enum err store_add_plan(struct store *s, const struct plan_registered *plan, int32_t filed_on)
{
    sqlite3_stmt *q = s->query[STORE_ADD_PLAN];

    db_bind_text(q, 1, plan->province);
    db_bind_i64(q, 2, plan->year_from);
    db_bind_i64(q, 3, plan->year_to);
    db_bind_i64(q, 4, filed_on);
    return db_run(q);
}

enum err store_add_filing(struct store *s, struct slice province, int32_t period_end, uint64_t filed_seq)
{
    sqlite3_stmt *q = s->query[STORE_ADD_FILING];

    db_bind_text(q, 1, province);
    db_bind_i64(q, 2, period_end);
    db_bind_u64(q, 3, filed_seq);
    return db_run(q);
}

enum err store_end_filing(struct store *s, uint64_t filed_seq)
{
    sqlite3_stmt *q = s->query[STORE_END_FILING];

    db_bind_u64(q, 1, filed_seq);
    return db_run(q);
}

enum err store_add_report(struct store *s, const struct report_registered *report)
{
    sqlite3_stmt *q = s->query[STORE_ADD_REPORT];

    db_bind_text(q, 1, report->province);
    db_bind_i64(q, 2, report->period_end);
    db_bind_i64(q, 3, report->late);
    return db_run(q);
}

enum err store_owing(struct store *s, const struct report_due *d, char provinces[STORE_PROVINCES_MAX][3],
                     size_t *count)
{
    sqlite3_stmt *q = s->query[STORE_OWING];
    size_t n = 0;
    bool more = false;
    enum err e;

    db_bind_i64(q, 1, d->year);
    db_bind_i64(q, 2, d->due_before);
    db_bind_i64(q, 3, d->period_end);
    for (e = db_step(q, &more); !e && more && n < STORE_PROVINCES_MAX; e = db_step(q, &more), n++) {
        struct slice province = db_text(q, 0);

        if (province.size != 2) {
            db_done(q);
            return ERR_CORRUPT;
        }
        memcpy(provinces[n], province.data, 2);
        provinces[n][2] = '\0';
    }
    if (!e && more) db_done(q);
    if (!e) *count = n;
    return e;
}
