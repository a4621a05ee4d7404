/* store_dossier.c - accepted dossiers, their versions and papers. */
#include "services/intake/store_inside.h"

#include "proto/codec.h" /* the words of kinds and topics */

#include <stddef.h>

/* --- reading --- */

static enum err read_dossier(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct intake_dossier *d = &((struct store_dossier *)element)->dossier;
    struct slice *const texts[] = { &d->dossier,       &d->reference,    &d->province, &d->product,
                                    &d->name,          &d->owner,        &d->kind,     &d->owner_kind,
                                    &d->district_code, &d->commune_code, &d->round,    &d->rule_set,
                                    &d->rubric,        &d->remark,       &d->code,     &d->certificate,
                                    &d->slip,          &d->proposal };
    const int numbers = (int)(sizeof texts / sizeof *texts);
    enum err e = ERR_NONE;

    for (int i = 0; i < numbers; i++)
        *texts[i] = db_keep(row, i, zone, &e);
    d->version = db_i64(row, numbers);
    d->samples = db_i64(row, numbers + 1);
    d->received_on = (int32_t)db_i64(row, numbers + 2);
    d->proposed_on =
        sqlite3_column_type(row, numbers + 3) == SQLITE_NULL ? INT32_MIN : (int32_t)db_i64(row, numbers + 3);
    d->withdrawn = db_i64(row, numbers + 4) != 0;
    d->rated = db_i64(row, numbers + 5) != 0;
    d->rejected = db_i64(row, numbers + 6) != 0;
    return e;
}

enum err store_find_dossier(struct store *s, struct slice id, msgpack_zone *zone, struct intake_dossier *out)
{
    sqlite3_stmt *q = s->statements[FIND_DOSSIER];
    struct store_dossier d = { .next = NULL };
    enum err e;

    db_bind_text(q, 1, id);
    e = store_one_row(q);
    if (e) return e;
    e = read_dossier(q, zone, &d);
    db_done(q);
    if (!e) *out = d.dossier;
    return e;
}

enum err store_has_reference(struct store *s, struct slice province, struct slice reference, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_REFERENCE];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    return store_is_there(q, there);
}

enum err store_find_in_round(struct store *s, struct slice product, struct slice round, msgpack_zone *zone,
                             struct slice *reference)
{
    sqlite3_stmt *q = s->statements[FIND_IN_ROUND];
    bool row = false;
    enum err e;

    db_bind_text(q, 1, product);
    db_bind_text(q, 2, round);
    e = db_step(q, &row);
    if (e) return e;
    *reference = row ? db_keep(q, 0, zone, &e) : slice_of(NULL, 0);
    if (row) db_done(q);
    return e;
}

enum err store_has_item(struct store *s, struct slice dossier, const struct evidence *item, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_ITEM];

    db_bind_text(q, 1, dossier);
    db_bind_text(q, 2, item->item);
    db_bind_text(q, 3, item->name);
    store_bind_optional(q, 4, item->has_bytes, item->bytes);
    db_bind_text(q, 5, item->digest);
    db_bind_text(q, 6, item->criterion);
    return store_is_there(q, there);
}

enum err store_has_cited(struct store *s, struct slice product, const struct evidence *item, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_CITED];

    db_bind_text(q, 1, product);
    db_bind_text(q, 2, item->item);
    db_bind_text(q, 3, item->digest);
    return store_is_there(q, there);
}

static enum err list_dossiers(sqlite3_stmt *q, msgpack_zone *zone, struct store_dossier **first,
                              size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_dossier),
                                                offsetof(struct store_dossier, next), read_dossier };
    struct store_rows rows = { NULL, 0 };
    const enum err e = store_read_rows(q, zone, &kind, &rows);

    *first = rows.first;
    *count = rows.count;
    return e;
}

enum err store_list_by_reference(struct store *s, struct slice reference, msgpack_zone *zone,
                                 struct store_dossier **first, size_t *count)
{
    db_bind_text(s->statements[LIST_BY_REFERENCE], 1, reference);
    return list_dossiers(s->statements[LIST_BY_REFERENCE], zone, first, count);
}

enum err store_list_by_product(struct store *s, struct slice product, msgpack_zone *zone,
                               struct store_dossier **first, size_t *count)
{
    db_bind_text(s->statements[LIST_BY_PRODUCT], 1, product);
    return list_dossiers(s->statements[LIST_BY_PRODUCT], zone, first, count);
}

static enum err read_version(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct store_version *v = element;
    enum err e = ERR_NONE;

    v->version = db_i64(row, 0);
    v->name = db_keep(row, 1, zone, &e);
    v->owner = db_keep(row, 2, zone, &e);
    v->reason = db_keep(row, 3, zone, &e);
    return e;
}

enum err store_list_versions(struct store *s, struct slice dossier, msgpack_zone *zone,
                             struct store_version **first, size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_version),
                                                offsetof(struct store_version, next), read_version };
    struct store_rows rows = { NULL, 0 };
    enum err e;

    db_bind_text(s->statements[LIST_VERSIONS], 1, dossier);
    e = store_read_rows(s->statements[LIST_VERSIONS], zone, &kind, &rows);
    *first = rows.first;
    *count = rows.count;
    return e;
}

static enum err read_item(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct store_item *i = element;
    enum err e = ERR_NONE;

    i->version = db_i64(row, 0);
    i->bytes = db_i64(row, 1);
    i->item = db_keep(row, 2, zone, &e);
    i->name = db_keep(row, 3, zone, &e);
    i->digest = db_keep(row, 4, zone, &e);
    i->criterion = db_keep(row, 5, zone, &e);
    i->earlier = db_i64(row, 6) != 0;
    return e;
}

enum err store_list_items(struct store *s, struct slice dossier, msgpack_zone *zone,
                          struct store_item **first, size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_item), offsetof(struct store_item, next),
                                                read_item };
    struct store_rows rows = { NULL, 0 };
    enum err e;

    db_bind_text(s->statements[LIST_ITEMS], 1, dossier);
    e = store_read_rows(s->statements[LIST_ITEMS], zone, &kind, &rows);
    *first = rows.first;
    *count = rows.count;
    return e;
}

static enum err read_assessment(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct store_assessment *a = element;
    enum err e = ERR_NONE;

    a->topic = db_keep(row, 0, zone, &e);
    a->finding = db_keep(row, 1, zone, &e);
    return e;
}

enum err store_list_assessments(struct store *s, struct slice dossier, msgpack_zone *zone,
                                struct store_assessment **first, size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_assessment),
                                                offsetof(struct store_assessment, next), read_assessment };
    struct store_rows rows = { NULL, 0 };
    enum err e;

    db_bind_text(s->statements[LIST_ASSESSMENTS], 1, dossier);
    e = store_read_rows(s->statements[LIST_ASSESSMENTS], zone, &kind, &rows);
    *first = rows.first;
    *count = rows.count;
    return e;
}

/* --- writing --- */

static enum err add_version(struct store *s, struct slice dossier, int64_t version, uint64_t seq,
                            struct slice name, struct slice owner, struct slice reason)
{
    sqlite3_stmt *q = s->statements[ADD_VERSION];

    db_bind_text(q, 1, dossier);
    db_bind_i64(q, 2, version);
    db_bind_u64(q, 3, seq);
    db_bind_text(q, 4, name);
    db_bind_text(q, 5, owner);
    db_bind_text(q, 6, reason);
    return db_run(q);
}

static enum err add_items(struct store *s, struct slice dossier, int64_t version,
                          const struct evidence *items, size_t count)
{
    sqlite3_stmt *q = s->statements[ADD_ITEM];
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < count; i++) {
        db_bind_text(q, 1, dossier);
        db_bind_i64(q, 2, version);
        db_bind_i64(q, 3, (int64_t)i + 1);
        db_bind_text(q, 4, items[i].item);
        db_bind_text(q, 5, items[i].name);
        store_bind_optional(q, 6, items[i].has_bytes, items[i].bytes);
        db_bind_text(q, 7, items[i].digest);
        db_bind_text(q, 8, items[i].criterion);
        db_bind_i64(q, 9, items[i].earlier);
        e = db_run(q);
    }
    return e;
}

static enum err add_assessments(struct store *s, struct slice dossier, const struct dossier_filed *filed)
{
    sqlite3_stmt *q = s->statements[ADD_ASSESSMENT];
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < filed->assessments_count; i++) {
        db_bind_text(q, 1, dossier);
        db_bind_i64(q, 2, (int64_t)i + 1);
        db_bind_text(q, 3, slice_text(topic_word(filed->assessments[i].topic)));
        db_bind_text(q, 4, filed->assessments[i].finding);
        e = db_run(q);
    }
    return e;
}

enum err store_add_dossier(struct store *s, struct slice id, const struct dossier_accepted *accepted,
                           const struct dossier_filed *filed, uint64_t seq, uint64_t accepted_seq)
{
    sqlite3_stmt *q = s->statements[ADD_DOSSIER];
    enum err e;

    db_bind_text(q, 1, id);
    db_bind_u64(q, 2, seq);
    db_bind_text(q, 3, accepted->reference);
    db_bind_text(q, 4, accepted->province);
    db_bind_text(q, 5, accepted->product);
    db_bind_text(q, 6, slice_text(dossier_kind_word(accepted->kind)));
    db_bind_text(q, 7, slice_text(owner_kind_word(accepted->owner_kind)));
    db_bind_text(q, 8, filed->district_code);
    db_bind_text(q, 9, filed->commune_code);
    db_bind_text(q, 10, accepted->round);
    db_bind_text(q, 11, accepted->rule_set);
    db_bind_text(q, 12, accepted->rubric);
    db_bind_text(q, 13, accepted->remark);
    db_bind_text(q, 14, accepted->code);
    db_bind_text(q, 15, accepted->certificate);
    db_bind_i64(q, 16, accepted->received_on);
    db_bind_text(q, 17, filed->slip);
    db_bind_text(q, 18, filed->proposal);
    store_bind_optional(q, 19, accepted->has_proposed_on, accepted->proposed_on);
    db_bind_i64(q, 20, filed->samples);
    e = db_run(q);
    if (!e) e = add_version(s, id, 1, accepted_seq, accepted->name, accepted->owner, slice_of(NULL, 0));
    if (!e) e = add_items(s, id, 1, filed->items, filed->items_count);
    if (!e) e = add_assessments(s, id, filed);
    return e;
}

enum err store_add_version(struct store *s, const struct supplement_accepted *accepted,
                           const struct dossier_supplemented *filed, uint64_t accepted_seq)
{
    sqlite3_stmt *q = s->statements[SET_VERSION];
    enum err e = add_version(s, accepted->dossier, accepted->version, accepted_seq, accepted->name,
                             accepted->owner, filed->reason);

    if (!e) e = add_items(s, accepted->dossier, accepted->version, filed->items, filed->items_count);
    if (e) return e;
    db_bind_text(q, 1, accepted->dossier);
    db_bind_i64(q, 2, accepted->version);
    return db_run(q);
}

enum err store_mark_withdrawn(struct store *s, struct slice dossier)
{
    return store_run_text(s->statements[MARK_WITHDRAWN], dossier);
}

enum err store_mark_rated(struct store *s, struct slice dossier)
{
    return store_run_text(s->statements[MARK_RATED], dossier);
}
