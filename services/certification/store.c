/* store.c - the SQL of certification. */
#include "services/certification/store.h"

#include "proto/codec.h"

enum statement {
    ADD_RATING,
    FIND_RATING,
    ADD_WITHDRAWN,
    HAS_DECISION,
    ADD_DECISION,
    LAST_SERIAL,
    FIND_CERTIFICATE,
    FIND_VALID,
    FIND_LATEST,
    LIST_BY_REFERENCE,
    LIST_BY_PRODUCT,
    LIST_ENDING,
    LIST_VALID_ON,
    ADD_CERTIFICATE,
    RECOGNISE,
    SUPERSEDE,
    REVOKE,
    EXPIRE,
    STATEMENTS
};
_Static_assert((int)STATEMENTS <= (int)STORE_STATEMENTS_MAX, "room for every statement");

#define CERTIFICATE_COLUMNS                                                                                  \
    "c.certificate, c.issued, c.province, c.product, c.name, c.owner, c.number, c.authority, c.rated, "      \
    "c.state,"                                                                                               \
    " c.left_by, c.ground, c.star, c.issued_on, c.ends_on, c.left_on IS NOT NULL, ifnull(c.left_on, 0)"
#define IN_ORDER " ORDER BY c.province, c.year, c.serial"

static const char *const sql[STATEMENTS] = {
    [ADD_RATING] =
        "INSERT INTO rating(rated, dossier, reference, product, name, owner, province, star, sum_hundredths,"
        " members, authority, term_months) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [FIND_RATING] =
        "SELECT rated, dossier, reference, product, name, owner, province, authority, star, sum_hundredths,"
        " members, term_months, recognised,"
        " EXISTS (SELECT 1 FROM withdrawn w WHERE w.dossier = r.dossier) FROM rating r WHERE rated = ?1",
    [ADD_WITHDRAWN] = "INSERT INTO withdrawn(dossier) VALUES (?1) ON CONFLICT DO NOTHING",
    [HAS_DECISION] =
        "SELECT 1 FROM decision WHERE authority = ?1 AND province = ?2 AND year = ?3 AND number_key = ?4",
    [ADD_DECISION] = "INSERT INTO decision(authority, province, year, number_key, number, signed_on)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    [LAST_SERIAL] = "SELECT ifnull(max(serial), 0) FROM certificate WHERE province = ?1 AND year = ?2",
    [FIND_CERTIFICATE] = "SELECT " CERTIFICATE_COLUMNS " FROM certificate c WHERE c.certificate = ?1",
    [FIND_VALID] =
        "SELECT " CERTIFICATE_COLUMNS " FROM certificate c WHERE c.product = ?1 AND c.state = 'valid'"
        " ORDER BY c.issued_on DESC, c.serial DESC LIMIT 1",
    [FIND_LATEST] = "SELECT " CERTIFICATE_COLUMNS " FROM certificate c WHERE c.product = ?1"
                    " ORDER BY c.issued_on DESC, c.serial DESC LIMIT 1",
    [LIST_BY_REFERENCE] =
        "SELECT " CERTIFICATE_COLUMNS " FROM rating r JOIN certificate c ON c.rated = r.rated"
        " WHERE r.reference = ?1 ORDER BY c.province, c.issued_on DESC, c.serial DESC",
    [LIST_BY_PRODUCT] = "SELECT " CERTIFICATE_COLUMNS " FROM certificate c WHERE c.product = ?1" IN_ORDER,
    [LIST_ENDING] =
        "SELECT " CERTIFICATE_COLUMNS " FROM certificate c WHERE c.certificate IN ("
        "SELECT certificate FROM certificate WHERE state = 'valid' AND ends_on IN (?2, ?3, ?4, ?5)"
        " UNION ALL SELECT certificate FROM (SELECT certificate FROM certificate WHERE state = 'valid'"
        " AND ends_on < ?1 ORDER BY ends_on, certificate LIMIT ?6))" IN_ORDER,
    [LIST_VALID_ON] =
        "SELECT " CERTIFICATE_COLUMNS " FROM certificate c WHERE c.issued_on <= ?1 AND c.ends_on >= ?1"
        " AND (c.left_on IS NULL OR c.left_on > ?1)" IN_ORDER,
    [ADD_CERTIFICATE] =
        "INSERT INTO certificate(certificate, issued, province, year, serial, product, name, owner,"
        " star, number, authority, rated, issued_on, ends_on)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [RECOGNISE] = "UPDATE rating SET recognised = 1 WHERE rated = ?1",
    [SUPERSEDE] =
        "UPDATE certificate SET state = 'superseded', left_by = ?2,"
        " left_on = (SELECT n.issued_on FROM certificate n WHERE n.certificate = ?2) WHERE certificate = ?1",
    [REVOKE] = "UPDATE certificate SET state = 'revoked', left_on = ?2, left_by = ?3, ground = ?4"
               " WHERE certificate = ?1",
    [EXPIRE] = "UPDATE certificate SET state = 'expired' WHERE certificate = ?1",
};

enum err store_open(void *store, sqlite3 *db, struct why *why)
{
    struct store *s = store;
    enum err e = ERR_NONE;

    s->db = db;
    for (size_t i = 0; !e && i < STATEMENTS; i++)
        e = db_prepare(db, sql[i], &s->statements[i], why);
    return e;
}

void store_close(void *store)
{
    struct store *s = store;

    for (size_t i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(s->statements[i]);
        s->statements[i] = NULL;
    }
}

/* --- binding and reading --- */

/* A column copied into the zone; *e remembers when there was no memory. */
static struct slice keep(sqlite3_stmt *row, int column, msgpack_zone *zone, enum err *e)
{
    const struct slice text = db_text(row, column);
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

/* Step to the only row: ERR_NOT_FOUND when there is none. The caller ends it with db_done. */
static enum err one_row(sqlite3_stmt *q)
{
    bool row = false;
    enum err e = db_step(q, &row);

    if (!e && !row) e = ERR_NOT_FOUND;
    return e;
}

/* --- ratings --- */

enum err store_add_rating(struct store *s, struct slice id, const struct product_rated *rated)
{
    sqlite3_stmt *q = s->statements[ADD_RATING];

    db_bind_text(q, 1, id);
    db_bind_text(q, 2, rated->dossier);
    db_bind_text(q, 3, rated->reference);
    db_bind_text(q, 4, rated->product);
    db_bind_text(q, 5, rated->name);
    db_bind_text(q, 6, rated->owner);
    db_bind_text(q, 7, rated->province);
    db_bind_i64(q, 8, rated->star);
    db_bind_i64(q, 9, rated->sum_hundredths);
    db_bind_i64(q, 10, rated->members);
    db_bind_text(q, 11,
                 rated->has_authority ? slice_text(authority_word(rated->authority)) : slice_of(NULL, 0));
    db_bind_i64(q, 12, rated->term_months);
    return db_run(q);
}

enum err store_find_rating(struct store *s, struct slice id, msgpack_zone *zone, struct rating *out)
{
    sqlite3_stmt *q = s->statements[FIND_RATING];
    struct rating r;
    enum err e;

    db_bind_text(q, 1, id);
    e = one_row(q);
    if (e) return e;
    r.rated = keep(q, 0, zone, &e);
    r.dossier = keep(q, 1, zone, &e);
    r.reference = keep(q, 2, zone, &e);
    r.product = keep(q, 3, zone, &e);
    r.name = keep(q, 4, zone, &e);
    r.owner = keep(q, 5, zone, &e);
    r.province = keep(q, 6, zone, &e);
    r.authority = keep(q, 7, zone, &e);
    r.star = db_i64(q, 8);
    r.sum_hundredths = db_i64(q, 9);
    r.members = db_i64(q, 10);
    r.term_months = db_i64(q, 11);
    r.recognised = db_i64(q, 12) != 0;
    r.withdrawn = db_i64(q, 13) != 0;
    db_done(q);
    if (!e) *out = r;
    return e;
}

enum err store_add_withdrawn(struct store *s, struct slice dossier)
{
    db_bind_text(s->statements[ADD_WITHDRAWN], 1, dossier);
    return db_run(s->statements[ADD_WITHDRAWN]);
}

/* --- decisions --- */

static void bind_decision(sqlite3_stmt *q, const struct decision_signed *decision, const char *key)
{
    db_bind_text(q, 1, slice_text(authority_word(decision->authority)));
    db_bind_text(q, 2, decision->province);
    db_bind_i64(q, 3, certification_year(decision->signed_on));
    db_bind_text(q, 4, slice_text(key));
}

enum err store_has_decision(struct store *s, const struct decision_signed *decision, const char *key,
                            bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_DECISION];
    enum err e;

    bind_decision(q, decision, key);
    e = one_row(q);
    if (e && e != ERR_NOT_FOUND) return e;
    if (!e) db_done(q);
    *there = e == ERR_NONE;
    return ERR_NONE;
}

enum err store_add_decision(struct store *s, const struct decision_signed *decision, const char *key)
{
    sqlite3_stmt *q = s->statements[ADD_DECISION];

    bind_decision(q, decision, key);
    db_bind_text(q, 5, decision->number);
    db_bind_i64(q, 6, decision->signed_on);
    return db_run(q);
}

/* --- certificates: reading --- */

enum err store_last_serial(struct store *s, struct slice province, int64_t year, int64_t *serial)
{
    sqlite3_stmt *q = s->statements[LAST_SERIAL];
    enum err e;

    db_bind_text(q, 1, province);
    db_bind_i64(q, 2, year);
    e = one_row(q);
    if (e) return e;
    *serial = db_i64(q, 0);
    db_done(q);
    return ERR_NONE;
}

static enum err copy_certificate(sqlite3_stmt *q, msgpack_zone *zone, struct certificate *c)
{
    enum err e = ERR_NONE;

    c->certificate = keep(q, 0, zone, &e);
    c->issued = keep(q, 1, zone, &e);
    c->province = keep(q, 2, zone, &e);
    c->product = keep(q, 3, zone, &e);
    c->name = keep(q, 4, zone, &e);
    c->owner = keep(q, 5, zone, &e);
    c->number = keep(q, 6, zone, &e);
    c->authority = keep(q, 7, zone, &e);
    c->rated = keep(q, 8, zone, &e);
    c->state = keep(q, 9, zone, &e);
    c->left_by = keep(q, 10, zone, &e);
    c->ground = keep(q, 11, zone, &e);
    c->star = db_i64(q, 12);
    c->issued_on = (int32_t)db_i64(q, 13);
    c->ends_on = (int32_t)db_i64(q, 14);
    c->has_left_on = db_i64(q, 15) != 0;
    c->left_on = (int32_t)db_i64(q, 16);
    return e;
}

static enum err find_one(sqlite3_stmt *q, struct slice key, msgpack_zone *zone, struct certificate *out)
{
    struct certificate c;
    enum err e;

    db_bind_text(q, 1, key);
    e = one_row(q);
    if (e) return e;
    e = copy_certificate(q, zone, &c);
    db_done(q);
    if (!e) *out = c;
    return e;
}

enum err store_find_certificate(struct store *s, struct slice certificate, msgpack_zone *zone,
                                struct certificate *out)
{
    return find_one(s->statements[FIND_CERTIFICATE], certificate, zone, out);
}

enum err store_find_valid(struct store *s, struct slice product, msgpack_zone *zone, struct certificate *out)
{
    return find_one(s->statements[FIND_VALID], product, zone, out);
}

enum err store_find_latest(struct store *s, struct slice product, msgpack_zone *zone, struct certificate *out)
{
    return find_one(s->statements[FIND_LATEST], product, zone, out);
}

static enum err list(sqlite3_stmt *q, msgpack_zone *zone, struct store_certificate **first, size_t *count)
{
    struct store_certificate **end = first, *c;
    bool row = false;
    enum err e;

    *first = NULL;
    *count = 0;
    while ((e = db_step(q, &row)) == ERR_NONE && row) {
        c = msgpack_zone_malloc(zone, sizeof *c);
        e = c ? copy_certificate(q, zone, &c->row) : ERR_NOMEM;
        if (e) break;
        c->next = NULL;
        *end = c;
        end = &c->next;
        ++*count;
    }
    db_done(q);
    return e;
}

enum err store_list_by_reference(struct store *s, struct slice reference, msgpack_zone *zone,
                                 struct store_certificate **first, size_t *count)
{
    db_bind_text(s->statements[LIST_BY_REFERENCE], 1, reference);
    return list(s->statements[LIST_BY_REFERENCE], zone, first, count);
}

enum err store_list_by_product(struct store *s, struct slice product, msgpack_zone *zone,
                               struct store_certificate **first, size_t *count)
{
    db_bind_text(s->statements[LIST_BY_PRODUCT], 1, product);
    return list(s->statements[LIST_BY_PRODUCT], zone, first, count);
}

enum err store_list_ending(struct store *s, int32_t day, msgpack_zone *zone, struct store_certificate **first,
                           size_t *count)
{
    sqlite3_stmt *q = s->statements[LIST_ENDING];

    db_bind_i64(q, 1, day);
    for (int i = 0; i < CERTIFICATION_NOTICES; i++)
        db_bind_i64(q, 2 + i, day + certification_notices[i]);
    db_bind_i64(q, 6, STORE_EXPIRIES_MAX);
    return list(q, zone, first, count);
}

enum err store_list_valid_on(struct store *s, int32_t day, msgpack_zone *zone,
                             struct store_certificate **first, size_t *count)
{
    db_bind_i64(s->statements[LIST_VALID_ON], 1, day);
    return list(s->statements[LIST_VALID_ON], zone, first, count);
}

/* --- certificates: writing --- */

enum err store_add_certificate(struct store *s, struct slice id, const struct certificate_issued *issued,
                               int64_t year, int64_t serial)
{
    sqlite3_stmt *q = s->statements[ADD_CERTIFICATE];
    enum err e;

    db_bind_text(q, 1, issued->certificate);
    db_bind_text(q, 2, id);
    db_bind_text(q, 3, issued->province);
    db_bind_i64(q, 4, year);
    db_bind_i64(q, 5, serial);
    db_bind_text(q, 6, issued->product);
    db_bind_text(q, 7, issued->name);
    db_bind_text(q, 8, issued->owner);
    db_bind_i64(q, 9, issued->star);
    db_bind_text(q, 10, issued->number);
    db_bind_text(q, 11, slice_text(authority_word(issued->authority)));
    db_bind_text(q, 12, issued->rated);
    db_bind_i64(q, 13, issued->issued_on);
    db_bind_i64(q, 14, issued->ends_on);
    e = db_run(q);
    if (e) return e;
    db_bind_text(s->statements[RECOGNISE], 1, issued->rated);
    return db_run(s->statements[RECOGNISE]);
}

enum err store_supersede(struct store *s, const struct certificate_superseded *superseded)
{
    sqlite3_stmt *q = s->statements[SUPERSEDE];

    db_bind_text(q, 1, superseded->certificate);
    db_bind_text(q, 2, superseded->by);
    return db_run(q);
}

enum err store_revoke(struct store *s, const struct certificate_revoked *revoked)
{
    sqlite3_stmt *q = s->statements[REVOKE];

    db_bind_text(q, 1, revoked->certificate);
    db_bind_i64(q, 2, revoked->revoked_on);
    db_bind_text(q, 3, revoked->number);
    db_bind_text(q, 4, slice_text(ground_word(revoked->ground)));
    return db_run(q);
}

enum err store_expire(struct store *s, struct slice certificate)
{
    db_bind_text(s->statements[EXPIRE], 1, certificate);
    return db_run(s->statements[EXPIRE]);
}
