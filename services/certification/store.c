/* store.c - the SQL of ratings, decisions and certificates. */
#include "services/certification/store_inside.h"

#include "proto/codec.h"

#include <stdio.h>

#define CERTIFICATES " FROM certificate c" CERTIFICATE_FACTS " WHERE c.issued_seq <= ?1"

const char *const store_certificate_sql[STATEMENTS] = {
    [ADD_RATING] =
        "INSERT INTO rating(rated, dossier, reference, product, name, owner, province, level, rule_set, star,"
        " sum_hundredths, members, gates, met_on, rated_seq)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [FIND_RATING] =
        "SELECT r.rated, r.dossier, r.reference, r.product, r.name, r.owner, r.province, r.rule_set, r.level,"
        " r.star, r.sum_hundredths, r.members, r.recognised,"
        " EXISTS (SELECT 1 FROM withdrawn w WHERE w.dossier = r.dossier), ifnull(n.rated, ''),"
        " ifnull(n.remanded, 0), r.gates, r.met_on FROM rating r LEFT JOIN rating n ON n.rated = (SELECT "
        "m.rated FROM rating m"
        " WHERE m.dossier = r.dossier AND m.rated_seq > r.rated_seq ORDER BY m.rated_seq DESC LIMIT 1)"
        " WHERE r.rated = ?1",
    [REMAND] = "UPDATE rating SET remanded = 1 WHERE rated = ?1",
    [ADD_WITHDRAWN] = "INSERT INTO withdrawn(dossier) VALUES (?1) ON CONFLICT DO NOTHING",
    [HAS_DECISION] =
        "SELECT 1 FROM decision WHERE authority = ?1 AND province = ?2 AND year = ?3 AND number_key = ?4",
    [ADD_DECISION] = "INSERT INTO decision(authority, province, year, number_key, number, signed_on)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    [LAST_SERIAL] = "SELECT ifnull(max(serial), 0) FROM certificate"
                    " WHERE recorded = ?1 AND province = ?2 AND year = ?3",
    [FIND_CERTIFICATE] = "SELECT " CERTIFICATE_COLUMNS CERTIFICATES " AND c.certificate = ?2",
    [FIND_LATEST] = "SELECT " CERTIFICATE_COLUMNS CERTIFICATES " AND (c.product = ?2 AND c.linked IS NULL"
                    " OR c.linked = ?2) ORDER BY c.issued_on DESC, c.recorded, c.serial DESC LIMIT 1",
    [LIST_BY_REFERENCE] =
        "SELECT " CERTIFICATE_COLUMNS " FROM rating r JOIN certificate c ON c.rated = r.rated"
        " AND c.recorded = 0" CERTIFICATE_FACTS
        " WHERE r.reference = ?2 ORDER BY c.province, c.issued_on DESC, c.serial DESC",
    [LIST_BY_PRODUCT] =
        "SELECT " CERTIFICATE_COLUMNS CERTIFICATES " AND (c.product = ?2 AND"
        " (c.linked IS NULL OR c.linked_seq > ?1) OR c.linked = ?2 AND c.linked_seq <= ?1)" IN_ORDER,
    [LIST_NOTICED] =
        "SELECT " CERTIFICATE_COLUMNS " FROM notice n CROSS JOIN certificate c" CERTIFICATE_FACTS
        " WHERE n.rule_set = CASE ?3 WHEN '' THEN c.rule_set ELSE ?3 END AND c.ends_on = ?2 + n.days_left"
        " AND c.open = 1" IN_ORDER,
    [LIST_ENDED] =
        "SELECT " CERTIFICATE_COLUMNS " FROM certificate c" CERTIFICATE_FACTS " WHERE c.certificate IN"
        " (SELECT certificate FROM certificate WHERE open = 1 AND ends_on < ?2"
        " ORDER BY ends_on, certificate LIMIT ?3)" IN_ORDER,
    [LIST_RUNNING] = "SELECT " CERTIFICATE_COLUMNS CERTIFICATES " AND c.issued_on <= ?2"
                     " AND (c.ends_on >= ?2 OR EXISTS (SELECT 1 FROM extension x"
                     " WHERE x.certificate = c.certificate AND x.extended_to >= ?2))" IN_ORDER,
    [ADD_CERTIFICATE] =
        "INSERT INTO certificate(certificate, recorded, fact, province, year, serial, product, code, name,"
        " owner, star, number, authority, rule_set, rated, source, issued_on, ends_on, open, issued_seq)"
        " VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
        " ifnull((SELECT rule_set FROM rating WHERE rated = ?13), ''), ?13, '', ?14, ?15, ?16, ?17)",
    [RECOGNISE] = "UPDATE rating SET recognised = 1 WHERE rated = ?1",
    [SUPERSEDE] = "INSERT INTO leaving(certificate, how, left_on, left_by, ground, left_seq)"
                  " SELECT ?1, 'superseded', n.issued_on, ?2, '', ?3 FROM certificate n"
                  " WHERE n.certificate = ?2",
    [REVOKE] = "INSERT INTO leaving(certificate, how, left_on, left_by, ground, left_seq)"
               " VALUES (?1, 'withdrawn', ?2, ?3, ?4, ?5)",
    [CLOSE] = "UPDATE certificate SET open = 0 WHERE certificate = ?1",
};

enum err store_open(void *store, sqlite3 *db, struct why *why)
{
    static const char *const *const files[] = { store_law_sql, store_certificate_sql, store_more_sql };
    struct store *s = store;
    enum err e = ERR_NONE;

    s->db = db;
    for (size_t f = 0; !e && f < sizeof files / sizeof *files; f++)
        e = db_prepare_all(db, files[f], STATEMENTS, s->statements, why);
    return e;
}

void store_close(void *store)
{
    struct store *s = store;

    db_finalize_all(s->statements, STATEMENTS);
}

/* --- binding and reading --- */

enum err store_one_row(sqlite3_stmt *q)
{
    bool row = false;
    enum err e = db_step(q, &row);

    if (!e && !row) e = ERR_NOT_FOUND;
    return e;
}

enum authority store_authority(struct slice word)
{
    for (int a = 0; a < authority_COUNT; a++)
        if (slice_is(word, authority_word((enum authority)a))) return (enum authority)a;
    return authority_COUNT;
}

static enum level read_level(struct slice word)
{
    for (int l = 0; l < level_COUNT; l++)
        if (slice_is(word, level_word((enum level)l))) return (enum level)l;
    return level_COUNT;
}

/* --- ratings --- */

/* Their codes, as many as have room. */
static struct slice join_gates(const struct product_rated *rated, char text[CERTIFICATION_GATES_BYTES])
{
    size_t used = 0;

    for (size_t i = 0; i < rated->gates_count; i++) {
        const struct slice code = rated->gates[i].code;

        const bool room = used + code.size + sizeof ", and more" < CERTIFICATION_GATES_BYTES;

        used += (size_t)snprintf(text + used, CERTIFICATION_GATES_BYTES - used, "%s%.*s", used ? ", " : "",
                                 SLICE_ARG(room ? code : slice_text("and more")));
        if (!room) break;
    }
    return slice_of(text, used);
}

enum err store_add_rating(struct store *s, struct slice id, const struct product_rated *rated, uint64_t seq)
{
    sqlite3_stmt *q = s->statements[ADD_RATING];
    char gates[CERTIFICATION_GATES_BYTES];

    db_bind_text(q, 1, id);
    db_bind_text(q, 2, rated->dossier);
    db_bind_text(q, 3, rated->reference);
    db_bind_text(q, 4, rated->product);
    db_bind_text(q, 5, rated->name);
    db_bind_text(q, 6, rated->owner);
    db_bind_text(q, 7, rated->province);
    db_bind_text(q, 8, slice_text(level_word(rated->level)));
    db_bind_text(q, 9, rated->rule_set);
    db_bind_i64(q, 10, rated->star);
    db_bind_i64(q, 11, rated->sum_hundredths);
    db_bind_i64(q, 12, rated->members);
    db_bind_text(q, 13, join_gates(rated, gates));
    if (rated->has_closed_on) db_bind_i64(q, 14, rated->closed_on);
    db_bind_u64(q, 15, seq);
    return db_run(q);
}

static enum err copy_rating(sqlite3_stmt *q, msgpack_zone *zone, struct rating *r)
{
    enum err e = ERR_NONE;

    r->rated = db_keep(q, 0, zone, &e);
    r->dossier = db_keep(q, 1, zone, &e);
    r->reference = db_keep(q, 2, zone, &e);
    r->product = db_keep(q, 3, zone, &e);
    r->name = db_keep(q, 4, zone, &e);
    r->owner = db_keep(q, 5, zone, &e);
    r->province = db_keep(q, 6, zone, &e);
    r->rule_set = db_keep(q, 7, zone, &e);
    r->level = read_level(db_text(q, 8));
    r->star = db_i64(q, 9);
    r->sum_hundredths = db_i64(q, 10);
    r->members = db_i64(q, 11);
    r->recognised = db_i64(q, 12) != 0;
    r->withdrawn = db_i64(q, 13) != 0;
    r->later = db_keep(q, 14, zone, &e);
    r->later_remanded = db_i64(q, 15) != 0;
    r->gates = db_keep(q, 16, zone, &e);
    r->has_met_on = sqlite3_column_type(q, 17) != SQLITE_NULL;
    r->met_on = (int32_t)db_i64(q, 17);
    return e;
}

enum err store_find_rating(struct store *s, struct slice id, msgpack_zone *zone, struct rating *out)
{
    sqlite3_stmt *q = s->statements[FIND_RATING];
    struct rating r;
    enum err e;

    db_bind_text(q, 1, id);
    e = store_one_row(q);
    if (e) return e;
    e = copy_rating(q, zone, &r);
    db_done(q);
    if (!e) *out = r;
    return e;
}

enum err store_remand(struct store *s, struct slice rated)
{
    db_bind_text(s->statements[REMAND], 1, rated);
    return db_run(s->statements[REMAND]);
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
    e = store_one_row(q);
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

enum err store_last_serial(struct store *s, bool recorded, struct slice province, int64_t year,
                           int64_t *serial)
{
    sqlite3_stmt *q = s->statements[LAST_SERIAL];
    enum err e;

    db_bind_i64(q, 1, recorded);
    db_bind_text(q, 2, province);
    db_bind_i64(q, 3, year);
    e = store_one_row(q);
    if (e) return e;
    *serial = db_i64(q, 0);
    db_done(q);
    return ERR_NONE;
}

static enum leaving read_leaving(struct slice how)
{
    if (how.size == 0) return LEAVING_NONE;
    return slice_is(how, "withdrawn") ? LEAVING_WITHDRAWN : LEAVING_SUPERSEDED;
}

static struct status_facts copy_facts(sqlite3_stmt *q)
{
    return (struct status_facts){ .issued_on = (int32_t)db_i64(q, 16),
                                  .ends_on = (int32_t)db_i64(q, 17),
                                  .leaving = read_leaving(db_text(q, 18)),
                                  .left_on = (int32_t)db_i64(q, 19) };
}

static enum err copy_certificate(struct store *s, sqlite3_stmt *q, msgpack_zone *zone, struct certificate *c)
{
    struct slice *const texts[] = { &c->certificate, &c->fact,  &c->province, &c->product,
                                    &c->code,        &c->name,  &c->owner,    &c->number,
                                    &c->rule_set,    &c->rated, &c->source };
    enum err e = ERR_NONE;

    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = db_keep(q, (int)i, zone, &e);
    c->authority = store_authority(db_text(q, 11));
    c->left_by = db_keep(q, 12, zone, &e);
    c->ground = db_keep(q, 13, zone, &e);
    c->recorded = db_i64(q, 14) != 0;
    c->star = db_i64(q, 15);
    c->facts = copy_facts(q);
    c->withdrawn = db_i64(q, 22) != 0;
    c->linked = db_i64(q, 23) != 0;
    if (!e && db_i64(q, 20))
        e = store_list_extensions(s, c->certificate, db_i64(q, 21), zone, &c->facts.extension);
    return e;
}

enum err store_one_certificate(struct store *s, sqlite3_stmt *q, msgpack_zone *zone, struct certificate *out)
{
    struct certificate c;
    enum err e = store_one_row(q);

    if (e) return e;
    e = copy_certificate(s, q, zone, &c);
    db_done(q);
    if (!e) *out = c;
    return e;
}

enum err store_find_certificate(struct store *s, struct slice certificate, int64_t as_of, msgpack_zone *zone,
                                struct certificate *out)
{
    db_bind_i64(s->statements[FIND_CERTIFICATE], 1, as_of);
    db_bind_text(s->statements[FIND_CERTIFICATE], 2, certificate);
    return store_one_certificate(s, s->statements[FIND_CERTIFICATE], zone, out);
}

enum err store_find_latest(struct store *s, struct slice product, msgpack_zone *zone, struct certificate *out)
{
    db_bind_i64(s->statements[FIND_LATEST], 1, STORE_NOW);
    db_bind_text(s->statements[FIND_LATEST], 2, product);
    return store_one_certificate(s, s->statements[FIND_LATEST], zone, out);
}

static enum err list(struct store *s, sqlite3_stmt *q, msgpack_zone *zone, struct store_certificate **first,
                     size_t *count)
{
    struct store_certificate **end = first, *c;
    bool row = false;
    enum err e;

    *first = NULL;
    *count = 0;
    while ((e = db_step(q, &row)) == ERR_NONE && row) {
        c = msgpack_zone_malloc(zone, sizeof *c);
        e = c ? copy_certificate(s, q, zone, &c->row) : ERR_NOMEM;
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
    db_bind_i64(s->statements[LIST_BY_REFERENCE], 1, STORE_NOW);
    db_bind_text(s->statements[LIST_BY_REFERENCE], 2, reference);
    return list(s, s->statements[LIST_BY_REFERENCE], zone, first, count);
}

enum err store_list_by_product(struct store *s, struct slice product, int64_t as_of, msgpack_zone *zone,
                               struct store_certificate **first, size_t *count)
{
    db_bind_i64(s->statements[LIST_BY_PRODUCT], 1, as_of);
    db_bind_text(s->statements[LIST_BY_PRODUCT], 2, product);
    return list(s, s->statements[LIST_BY_PRODUCT], zone, first, count);
}

enum err store_list_noticed(struct store *s, int32_t day, struct slice rule_set, msgpack_zone *zone,
                            struct store_certificate **first, size_t *count)
{
    sqlite3_stmt *q = s->statements[LIST_NOTICED];

    db_bind_i64(q, 1, STORE_NOW);
    db_bind_i64(q, 2, day);
    db_bind_text(q, 3, rule_set);
    return list(s, q, zone, first, count);
}

enum err store_list_ended(struct store *s, int32_t day, msgpack_zone *zone, struct store_certificate **first,
                          size_t *count)
{
    sqlite3_stmt *q = s->statements[LIST_ENDED];

    db_bind_i64(q, 1, STORE_NOW);
    db_bind_i64(q, 2, day);
    db_bind_i64(q, 3, STORE_EXPIRIES_MAX);
    return list(s, q, zone, first, count);
}

enum err store_list_running(struct store *s, int32_t day, int64_t as_of, msgpack_zone *zone,
                            struct store_certificate **first, size_t *count)
{
    db_bind_i64(s->statements[LIST_RUNNING], 1, as_of);
    db_bind_i64(s->statements[LIST_RUNNING], 2, day);
    return list(s, s->statements[LIST_RUNNING], zone, first, count);
}

/* --- certificates: writing --- */

enum err store_add_certificate(struct store *s, const struct store_place *place,
                               const struct certificate_issued *issued)
{
    sqlite3_stmt *q = s->statements[ADD_CERTIFICATE];
    enum err e;

    db_bind_text(q, 1, issued->certificate);
    db_bind_text(q, 2, place->fact);
    db_bind_text(q, 3, issued->province);
    db_bind_i64(q, 4, place->year);
    db_bind_i64(q, 5, place->serial);
    db_bind_text(q, 6, issued->product);
    db_bind_text(q, 7, issued->code);
    db_bind_text(q, 8, issued->name);
    db_bind_text(q, 9, issued->owner);
    db_bind_i64(q, 10, issued->star);
    db_bind_text(q, 11, issued->number);
    db_bind_text(q, 12, slice_text(authority_word(issued->authority)));
    db_bind_text(q, 13, issued->rated);
    db_bind_i64(q, 14, issued->issued_on);
    db_bind_i64(q, 15, issued->ends_on);
    db_bind_i64(q, 16, place->open);
    db_bind_u64(q, 17, place->seq);
    e = db_run(q);
    if (e) return e;
    db_bind_text(s->statements[RECOGNISE], 1, issued->rated);
    return db_run(s->statements[RECOGNISE]);
}

/* Nothing more is told about its end: it was told, or something else ended it. */
static enum err close_end(struct store *s, struct slice certificate)
{
    db_bind_text(s->statements[CLOSE], 1, certificate);
    return db_run(s->statements[CLOSE]);
}

enum err store_supersede(struct store *s, const struct certificate_superseded *superseded, uint64_t seq)
{
    sqlite3_stmt *q = s->statements[SUPERSEDE];
    enum err e;

    db_bind_text(q, 1, superseded->certificate);
    db_bind_text(q, 2, superseded->by);
    db_bind_u64(q, 3, seq);
    e = db_run(q);
    return e ? e : close_end(s, superseded->certificate);
}

enum err store_revoke(struct store *s, const struct certificate_revoked *revoked, uint64_t seq)
{
    sqlite3_stmt *q = s->statements[REVOKE];
    enum err e;

    db_bind_text(q, 1, revoked->certificate);
    db_bind_i64(q, 2, revoked->revoked_on);
    db_bind_text(q, 3, revoked->number);
    db_bind_text(q, 4, slice_text(ground_word(revoked->ground)));
    db_bind_u64(q, 5, seq);
    e = db_run(q);
    if (!e) e = close_end(s, revoked->certificate);
    if (e) return e;
    db_bind_text(s->statements[CLOSE_FINDINGS], 1, revoked->certificate);
    return db_run(s->statements[CLOSE_FINDINGS]);
}

enum err store_told_expired(struct store *s, struct slice certificate)
{
    return close_end(s, certificate);
}
