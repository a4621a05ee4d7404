/* store_more.c - the SQL of recorded certificates, extensions and findings. */
#include "services/certification/store_inside.h"

#include "proto/codec.h"

#define EXTENDED                                                                                             \
    "SELECT " CERTIFICATE_COLUMNS                                                                            \
    " FROM extension w JOIN certificate c ON c.certificate = w.certificate" CERTIFICATE_FACTS                \
    " WHERE w.ended_on IS NULL AND w.extended_to >= ?2"
#define FINDING_COLUMNS "SELECT finding, certificate, ground, found_on, decide_by, settled <> '' FROM finding"

const char *const store_more_sql[STATEMENTS] = {
    [FIND_RECORD] = "SELECT certificate FROM record WHERE name_key = ?1 AND owner_key = ?2 AND province = ?3"
                    " AND issued_on = ?4 AND star = ?5 AND number_key = ?6",
    [ADD_RECORDED] =
        "INSERT INTO certificate(certificate, recorded, fact, province, year, serial, product, code, name,"
        " owner, star, number, authority, rule_set, rated, source, issued_on, ends_on, open, issued_seq)"
        " VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, '', ?14, ?15, ?16, ?17, ?18)",
    [ADD_RECORD] = "INSERT INTO record(name_key, owner_key, province, issued_on, star, number_key,"
                   " certificate) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [LINK] = "UPDATE certificate SET linked = ?2, linked_seq = ?3"
             " WHERE product = ?1 AND recorded = 1 AND linked IS NULL",
    [HAS_ISSUED] = "SELECT 1 FROM certificate WHERE product = ?1 AND recorded = 0",
    [ADD_EXTENSION] = "INSERT INTO extension(certificate, dossier, reference, province, extended_from,"
                      " extended_to, extended_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [REOPEN] = "UPDATE certificate SET open = 1 WHERE certificate = ?1",
    [END_EXTENSION] = "UPDATE extension SET ended_on = ?2, extension_ended_seq = ?3 WHERE dossier = ?1"
                      " AND ended_on IS NULL AND extended_to >= ?2",
    [FIND_EXTENDED] = EXTENDED " AND w.dossier = ?3 AND NOT EXISTS (SELECT 1 FROM extension o"
                               " WHERE o.certificate = w.certificate AND o.dossier <> w.dossier"
                               " AND o.ended_on IS NULL AND o.extended_to >= ?2)",
    [FIND_PENDING] = "SELECT dossier FROM extension WHERE reference = ?1 AND ended_on IS NULL"
                     " AND extended_to >= ?3 AND (province = ?2 OR EXISTS (SELECT 1 FROM area"
                     " WHERE old_code = province AND new_code = ?2 AND merged_on <= ?3))"
                     " ORDER BY extended_seq DESC LIMIT 1",
    [LIST_EXTENSIONS] = "SELECT extended_from, extended_to, ifnull(extension_ended_seq <= ?2, 0),"
                        " ifnull(ended_on, 0), EXISTS (SELECT 1 FROM rating r WHERE r.dossier = x.dossier"
                        " AND r.rated_seq <= ?2 AND r.star < 3) FROM extension x"
                        " WHERE certificate = ?1 AND extended_seq <= ?2 ORDER BY extended_seq",
    [ADD_FINDING] = "INSERT INTO finding(finding, certificate, ground, authority, found_on, decide_by,"
                    " finding_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [FIND_FINDING] = FINDING_COLUMNS " WHERE finding = ?1",
    [FIND_FINDING_OF] = FINDING_COLUMNS " WHERE certificate = ?1"
                                        " ORDER BY settled <> '', finding_seq DESC LIMIT 1",
    [HAS_OPEN_FINDING] = "SELECT 1 FROM finding WHERE certificate = ?1 AND ground = ?2 AND settled = ''",
    [DISMISS] = "UPDATE finding SET settled = 'dismissed' WHERE finding = ?1",
    [CLOSE_FINDINGS] = "UPDATE finding SET settled = 'withdrawn' WHERE certificate = ?1 AND settled = ''",
};

/* --- recorded certificates --- */

static void bind_keys(sqlite3_stmt *q, const struct record_keys *keys)
{
    db_bind_text(q, 1, slice_text(keys->name));
    db_bind_text(q, 2, slice_text(keys->owner));
    db_bind_text(q, 3, keys->province);
    db_bind_i64(q, 4, keys->issued_on);
    db_bind_i64(q, 5, keys->star);
    db_bind_text(q, 6, slice_text(keys->number));
}

enum err store_find_record(struct store *s, const struct record_keys *keys, msgpack_zone *zone,
                           struct slice *certificate)
{
    sqlite3_stmt *q = s->statements[FIND_RECORD];
    enum err e;

    bind_keys(q, keys);
    e = store_one_row(q);
    if (e) return e;
    *certificate = db_keep(q, 0, zone, &e);
    db_done(q);
    return e;
}

static enum err add_recorded(struct store *s, const struct store_place *place, struct slice product,
                             const struct certificate_recorded *recorded)
{
    sqlite3_stmt *q = s->statements[ADD_RECORDED];

    db_bind_text(q, 1, recorded->certificate);
    db_bind_text(q, 2, place->fact);
    db_bind_text(q, 3, recorded->province);
    db_bind_i64(q, 4, place->year);
    db_bind_i64(q, 5, place->serial);
    db_bind_text(q, 6, product);
    db_bind_text(q, 7, slice_equal(recorded->product, product) ? slice_of(NULL, 0) : recorded->product);
    db_bind_text(q, 8, recorded->name);
    db_bind_text(q, 9, recorded->owner);
    db_bind_i64(q, 10, recorded->star);
    db_bind_text(q, 11, recorded->number);
    db_bind_text(q, 12, slice_text(authority_word(recorded->authority)));
    db_bind_text(q, 13, recorded->rule_set);
    db_bind_text(q, 14, recorded->source);
    db_bind_i64(q, 15, recorded->issued_on);
    db_bind_i64(q, 16, recorded->ends_on);
    db_bind_i64(q, 17, place->open);
    db_bind_u64(q, 18, place->seq);
    return db_run(q);
}

enum err store_add_record(struct store *s, const struct store_place *place, const struct record_keys *keys,
                          struct slice product, const struct certificate_recorded *recorded)
{
    sqlite3_stmt *q = s->statements[ADD_RECORD];
    enum err e = add_recorded(s, place, product, recorded);

    if (e) return e;
    bind_keys(q, keys);
    db_bind_text(q, 7, recorded->certificate);
    return db_run(q);
}

enum err store_link(struct store *s, const struct certificate *recorded, struct slice product, uint64_t seq)
{
    sqlite3_stmt *q = s->statements[LINK];
    enum err e;

    db_bind_text(q, 1, recorded->product);
    db_bind_text(q, 2, product);
    db_bind_u64(q, 3, seq);
    e = db_run(q);
    return e ? e : store_add_alias(s, recorded->product, product, false, seq);
}

enum err store_has_issued(struct store *s, struct slice product, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_ISSUED];
    enum err e;

    db_bind_text(q, 1, product);
    e = store_one_row(q);
    if (e && e != ERR_NOT_FOUND) return e;
    if (!e) db_done(q);
    *there = e == ERR_NONE;
    return ERR_NONE;
}

/* --- extensions --- */

enum err store_add_extension(struct store *s, const struct extension *extension, uint64_t seq)
{
    sqlite3_stmt *q = s->statements[ADD_EXTENSION];
    enum err e;

    db_bind_text(q, 1, extension->certificate);
    db_bind_text(q, 2, extension->dossier);
    db_bind_text(q, 3, extension->reference);
    db_bind_text(q, 4, extension->province);
    db_bind_i64(q, 5, extension->from);
    db_bind_i64(q, 6, extension->to);
    db_bind_u64(q, 7, seq);
    e = db_run(q);
    if (e) return e;
    db_bind_text(s->statements[REOPEN], 1, extension->certificate);
    return db_run(s->statements[REOPEN]);
}

enum err store_end_extension(struct store *s, struct slice dossier, int32_t day, uint64_t seq)
{
    sqlite3_stmt *q = s->statements[END_EXTENSION];

    db_bind_text(q, 1, dossier);
    db_bind_i64(q, 2, day);
    db_bind_u64(q, 3, seq);
    return db_run(q);
}

enum err store_find_extended(struct store *s, struct slice dossier, int32_t day, msgpack_zone *zone,
                             struct certificate *out)
{
    sqlite3_stmt *q = s->statements[FIND_EXTENDED];

    db_bind_i64(q, 1, STORE_NOW);
    db_bind_i64(q, 2, day);
    db_bind_text(q, 3, dossier);
    return store_one_certificate(s, q, zone, out);
}

enum err store_find_pending(struct store *s, struct slice reference, struct slice province, int32_t day,
                            msgpack_zone *zone, struct slice *dossier)
{
    sqlite3_stmt *q = s->statements[FIND_PENDING];
    enum err e;

    db_bind_text(q, 1, reference);
    db_bind_text(q, 2, province);
    db_bind_i64(q, 3, day);
    e = store_one_row(q);
    if (e) return e;
    *dossier = db_keep(q, 0, zone, &e);
    db_done(q);
    return e;
}

enum err store_list_extensions(struct store *s, struct slice certificate, int64_t as_of, msgpack_zone *zone,
                               const struct status_extension **latest)
{
    sqlite3_stmt *q = s->statements[LIST_EXTENSIONS];
    struct status_extension *x;
    bool row = false;
    enum err e;

    *latest = NULL;
    db_bind_text(q, 1, certificate);
    db_bind_i64(q, 2, as_of);
    while ((e = db_step(q, &row)) == ERR_NONE && row) {
        x = msgpack_zone_malloc(zone, sizeof *x);
        if (!x) {
            e = ERR_NOMEM;
            break;
        }
        *x = (struct status_extension){ .from = (int32_t)db_i64(q, 0),
                                        .to = (int32_t)db_i64(q, 1),
                                        .ended = db_i64(q, 2) != 0,
                                        .rated = db_i64(q, 4) != 0,
                                        .ended_on = (int32_t)db_i64(q, 3),
                                        .earlier = *latest };
        *latest = x;
    }
    db_done(q);
    return e;
}

/* --- findings --- */

enum err store_add_finding(struct store *s, struct slice id, const struct finding_registered *registered,
                           uint64_t seq)
{
    sqlite3_stmt *q = s->statements[ADD_FINDING];

    db_bind_text(q, 1, id);
    db_bind_text(q, 2, registered->certificate);
    db_bind_text(q, 3, slice_text(ground_word(registered->ground)));
    db_bind_text(q, 4, slice_text(authority_word(registered->authority)));
    db_bind_i64(q, 5, registered->found_on);
    db_bind_i64(q, 6, registered->decide_by);
    db_bind_u64(q, 7, seq);
    return db_run(q);
}

static enum ground read_ground(struct slice word)
{
    for (int g = 0; g < ground_COUNT; g++)
        if (slice_is(word, ground_word((enum ground)g))) return (enum ground)g;
    return ground_COUNT;
}

static enum err one_finding(sqlite3_stmt *q, msgpack_zone *zone, struct finding *out)
{
    struct finding f;
    enum err e = store_one_row(q);

    if (e) return e;
    f.finding = db_keep(q, 0, zone, &e);
    f.certificate = db_keep(q, 1, zone, &e);
    f.ground = read_ground(db_text(q, 2));
    f.found_on = (int32_t)db_i64(q, 3);
    f.decide_by = (int32_t)db_i64(q, 4);
    f.settled = db_i64(q, 5) != 0;
    db_done(q);
    if (!e) *out = f;
    return e;
}

enum err store_find_finding(struct store *s, struct slice id, msgpack_zone *zone, struct finding *out)
{
    db_bind_text(s->statements[FIND_FINDING], 1, id);
    return one_finding(s->statements[FIND_FINDING], zone, out);
}

enum err store_find_finding_of(struct store *s, struct slice certificate, msgpack_zone *zone,
                               struct finding *out)
{
    db_bind_text(s->statements[FIND_FINDING_OF], 1, certificate);
    return one_finding(s->statements[FIND_FINDING_OF], zone, out);
}

enum err store_has_open_finding(struct store *s, struct slice certificate, enum ground ground, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_OPEN_FINDING];
    enum err e;

    db_bind_text(q, 1, certificate);
    db_bind_text(q, 2, slice_text(ground_word(ground)));
    e = store_one_row(q);
    if (e && e != ERR_NOT_FOUND) return e;
    if (!e) db_done(q);
    *there = e == ERR_NONE;
    return ERR_NONE;
}

enum err store_dismiss(struct store *s, struct slice finding)
{
    db_bind_text(s->statements[DISMISS], 1, finding);
    return db_run(s->statements[DISMISS]);
}
