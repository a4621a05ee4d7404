/* store.c - the SQL of intake. */
#include "services/intake/store.h"

#include "proto/codec.h"

enum statement {
    HAS_PLAN,
    ADD_PLAN,
    LIST_PLANS,
    HAS_REPORT,
    ADD_REPORT,
    FIND_PRODUCT_NAMED,
    FIND_PRODUCT,
    NEXT_SERIAL,
    ADD_PRODUCT,
    RENAME_PRODUCT,
    FIND_DOSSIER,
    HAS_REFERENCE,
    FIND_IN_ROUND,
    HAS_ITEM,
    LIST_BY_REFERENCE,
    LIST_BY_PRODUCT,
    LIST_VERSIONS,
    LIST_ITEMS,
    ADD_DOSSIER,
    ADD_VERSION,
    ADD_ITEM,
    SET_VERSION,
    MARK_WITHDRAWN,
    MARK_RATED,
    STATEMENTS
};
_Static_assert((int)STATEMENTS <= (int)STORE_STATEMENTS_MAX, "room for every statement");

#define PRODUCT_COLUMNS                                                                                      \
    "SELECT product, registered, province, commune_code, commune, name, owner, owner_kind FROM product "
#define DOSSIER_COLUMNS                                                                                      \
    "SELECT d.dossier, d.reference, d.province, d.product, v.name, v.owner, d.kind, d.owner_kind, "          \
    "d.district_code,"                                                                                       \
    " d.commune_code, d.round, d.rule_set, d.rubric, d.remark, d.version, d.withdrawn, d.rated"              \
    " FROM dossier d JOIN dossier_version v ON v.dossier = d.dossier AND v.version = d.version "

static const char *const sql[STATEMENTS] = {
    [HAS_PLAN] = "SELECT 1 FROM plan WHERE province = ?1 AND year_from = ?2 AND year_to = ?3",
    [ADD_PLAN] =
        "INSERT INTO plan(province, year_from, year_to, title, decision, products, budget_vnd, remark)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [LIST_PLANS] = "SELECT province, title, decision, year_from, year_to, products, budget_vnd FROM plan"
                   " ORDER BY province, year_from, year_to",
    [HAS_REPORT] = "SELECT 1 FROM report WHERE province = ?1 AND period_end = ?2",
    [ADD_REPORT] =
        "INSERT INTO report(province, period_end, due_before, three_star, four_star, five_star, late,"
        " remark) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [FIND_PRODUCT_NAMED] = PRODUCT_COLUMNS "WHERE province = ?1 AND owner_key = ?2 AND name_key = ?3",
    [FIND_PRODUCT] = PRODUCT_COLUMNS "WHERE product = ?1",
    [NEXT_SERIAL] = "SELECT ifnull(max(serial), 0) + 1 FROM product"
                    " WHERE province = ?1 AND commune_code = ?2 AND year = ?3",
    [ADD_PRODUCT] =
        "INSERT INTO product(product, registered, province, commune_code, commune, year, serial, name,"
        " owner, owner_kind, name_key, owner_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [RENAME_PRODUCT] =
        "UPDATE product SET name = ?2, owner = ?3, owner_key = ?4, name_key = ?5 WHERE product = ?1",
    [FIND_DOSSIER] = DOSSIER_COLUMNS "WHERE d.dossier = ?1",
    [HAS_REFERENCE] = "SELECT 1 FROM dossier WHERE province = ?1 AND reference = ?2",
    [FIND_IN_ROUND] = "SELECT reference FROM dossier WHERE product = ?1 AND round = ?2 AND withdrawn = 0"
                      " ORDER BY seq LIMIT 1",
    [HAS_ITEM] = "SELECT 1 FROM dossier_item WHERE dossier = ?1 AND item = ?2 AND name = ?3 AND bytes IS ?4"
                 " AND digest = ?5 LIMIT 1",
    [LIST_BY_REFERENCE] = DOSSIER_COLUMNS "WHERE d.reference = ?1 ORDER BY d.province",
    [LIST_BY_PRODUCT] = DOSSIER_COLUMNS "WHERE d.product = ?1 ORDER BY d.seq DESC",
    [LIST_VERSIONS] =
        "SELECT version, name, owner, reason FROM dossier_version WHERE dossier = ?1 ORDER BY version",
    [LIST_ITEMS] =
        "SELECT version, ifnull(bytes, -1), item, name, digest FROM dossier_item WHERE dossier = ?1"
        " ORDER BY version, place",
    [ADD_DOSSIER] =
        "INSERT INTO dossier(dossier, seq, reference, province, product, kind, owner_kind, district_code,"
        " commune_code, round, rule_set, rubric, remark, version)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1)",
    [ADD_VERSION] =
        "INSERT INTO dossier_version(dossier, version, name, owner, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
    [ADD_ITEM] = "INSERT INTO dossier_item(dossier, version, place, item, name, bytes, digest)"
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SET_VERSION] = "UPDATE dossier SET version = ?2 WHERE dossier = ?1",
    [MARK_WITHDRAWN] = "UPDATE dossier SET withdrawn = 1 WHERE dossier = ?1",
    [MARK_RATED] = "UPDATE dossier SET rated = 1 WHERE dossier = ?1",
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

static void bind_optional(sqlite3_stmt *q, int at, bool has, int64_t value)
{
    if (has)
        db_bind_i64(q, at, value);
    else
        sqlite3_bind_null(q, at);
}

static enum err is_there(sqlite3_stmt *q, bool *there)
{
    bool row = false;
    enum err e = db_step(q, &row);

    if (e) return e;
    if (row) db_done(q);
    *there = row;
    return ERR_NONE;
}

/* Step to the only row: ERR_NOT_FOUND when there is none. The caller ends it with db_done. */
static enum err one_row(sqlite3_stmt *q)
{
    bool row = false;
    enum err e = db_step(q, &row);

    if (!e && !row) e = ERR_NOT_FOUND;
    return e;
}

/* --- plans and reports --- */

enum err store_has_plan(struct store *s, const struct plan_filed *plan, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_PLAN];

    db_bind_text(q, 1, plan->province);
    db_bind_i64(q, 2, plan->year_from);
    db_bind_i64(q, 3, plan->year_to);
    return is_there(q, there);
}

enum err store_add_plan(struct store *s, const struct plan_filed *plan)
{
    sqlite3_stmt *q = s->statements[ADD_PLAN];

    db_bind_text(q, 1, plan->province);
    db_bind_i64(q, 2, plan->year_from);
    db_bind_i64(q, 3, plan->year_to);
    db_bind_text(q, 4, plan->title);
    db_bind_text(q, 5, plan->decision);
    db_bind_i64(q, 6, plan->products);
    db_bind_i64(q, 7, plan->budget_vnd);
    db_bind_text(q, 8, plan->remark);
    return db_run(q);
}

enum err store_list_plans(struct store *s, msgpack_zone *zone, struct store_plan **first, size_t *count)
{
    sqlite3_stmt *q = s->statements[LIST_PLANS];
    struct store_plan **end = first, *p;
    bool row = false;
    enum err e;

    *first = NULL;
    *count = 0;
    while ((e = db_step(q, &row)) == ERR_NONE && row) {
        p = msgpack_zone_malloc(zone, sizeof *p);
        if (!p) {
            e = ERR_NOMEM;
            break;
        }
        p->province = keep(q, 0, zone, &e);
        p->title = keep(q, 1, zone, &e);
        p->decision = keep(q, 2, zone, &e);
        p->year_from = db_i64(q, 3);
        p->year_to = db_i64(q, 4);
        p->products = db_i64(q, 5);
        p->budget_vnd = db_i64(q, 6);
        p->next = NULL;
        if (e) break;
        *end = p;
        end = &p->next;
        ++*count;
    }
    db_done(q);
    return e;
}

enum err store_has_report(struct store *s, const struct report_filed *report, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_REPORT];

    db_bind_text(q, 1, report->province);
    db_bind_i64(q, 2, report->period_end);
    return is_there(q, there);
}

enum err store_add_report(struct store *s, const struct report_filed *report, bool late)
{
    sqlite3_stmt *q = s->statements[ADD_REPORT];

    db_bind_text(q, 1, report->province);
    db_bind_i64(q, 2, report->period_end);
    bind_optional(q, 3, report->has_due_before, report->due_before);
    db_bind_i64(q, 4, report->three_star);
    db_bind_i64(q, 5, report->four_star);
    db_bind_i64(q, 6, report->five_star);
    db_bind_i64(q, 7, late);
    db_bind_text(q, 8, report->remark);
    return db_run(q);
}

/* --- products --- */

static enum err read_product(sqlite3_stmt *q, msgpack_zone *zone, struct store_product *out)
{
    struct store_product p;
    enum err e = one_row(q);

    if (e) return e;
    p.product = keep(q, 0, zone, &e);
    p.registered = keep(q, 1, zone, &e);
    p.province = keep(q, 2, zone, &e);
    p.commune_code = keep(q, 3, zone, &e);
    p.commune = keep(q, 4, zone, &e);
    p.name = keep(q, 5, zone, &e);
    p.owner = keep(q, 6, zone, &e);
    p.owner_kind = keep(q, 7, zone, &e);
    db_done(q);
    if (!e) *out = p;
    return e;
}

enum err store_find_product_named(struct store *s, struct slice province, const char *owner_key,
                                  const char *name_key, msgpack_zone *zone, struct store_product *out)
{
    sqlite3_stmt *q = s->statements[FIND_PRODUCT_NAMED];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, slice_text(owner_key));
    db_bind_text(q, 3, slice_text(name_key));
    return read_product(q, zone, out);
}

enum err store_find_product(struct store *s, struct slice product, msgpack_zone *zone,
                            struct store_product *out)
{
    sqlite3_stmt *q = s->statements[FIND_PRODUCT];

    db_bind_text(q, 1, product);
    return read_product(q, zone, out);
}

enum err store_next_serial(struct store *s, struct slice province, struct slice commune_code, int64_t year,
                           int64_t *serial)
{
    sqlite3_stmt *q = s->statements[NEXT_SERIAL];
    enum err e;

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, commune_code);
    db_bind_i64(q, 3, year);
    e = one_row(q);
    if (e) return e;
    *serial = db_i64(q, 0);
    db_done(q);
    return ERR_NONE;
}

enum err store_add_product(struct store *s, struct slice id, const struct product_registered *product,
                           const char *owner_key, const char *name_key, int64_t year, int64_t serial)
{
    sqlite3_stmt *q = s->statements[ADD_PRODUCT];

    db_bind_text(q, 1, product->product);
    db_bind_text(q, 2, id);
    db_bind_text(q, 3, product->province);
    db_bind_text(q, 4, product->commune_code);
    db_bind_text(q, 5, product->commune);
    db_bind_i64(q, 6, year);
    db_bind_i64(q, 7, serial);
    db_bind_text(q, 8, product->name);
    db_bind_text(q, 9, product->owner);
    db_bind_text(q, 10, slice_text(owner_kind_word(product->owner_kind)));
    db_bind_text(q, 11, slice_text(name_key));
    db_bind_text(q, 12, slice_text(owner_key));
    return db_run(q);
}

enum err store_rename_product(struct store *s, struct slice product, struct slice name, struct slice owner,
                              const char *owner_key, const char *name_key)
{
    sqlite3_stmt *q = s->statements[RENAME_PRODUCT];

    db_bind_text(q, 1, product);
    db_bind_text(q, 2, name);
    db_bind_text(q, 3, owner);
    db_bind_text(q, 4, slice_text(owner_key));
    db_bind_text(q, 5, slice_text(name_key));
    return db_run(q);
}

/* --- dossiers: reading --- */

static enum err copy_dossier(sqlite3_stmt *q, msgpack_zone *zone, struct intake_dossier *d)
{
    enum err e = ERR_NONE;

    d->dossier = keep(q, 0, zone, &e);
    d->reference = keep(q, 1, zone, &e);
    d->province = keep(q, 2, zone, &e);
    d->product = keep(q, 3, zone, &e);
    d->name = keep(q, 4, zone, &e);
    d->owner = keep(q, 5, zone, &e);
    d->kind = keep(q, 6, zone, &e);
    d->owner_kind = keep(q, 7, zone, &e);
    d->district_code = keep(q, 8, zone, &e);
    d->commune_code = keep(q, 9, zone, &e);
    d->round = keep(q, 10, zone, &e);
    d->rule_set = keep(q, 11, zone, &e);
    d->rubric = keep(q, 12, zone, &e);
    d->remark = keep(q, 13, zone, &e);
    d->version = db_i64(q, 14);
    d->withdrawn = db_i64(q, 15) != 0;
    d->rated = db_i64(q, 16) != 0;
    return e;
}

enum err store_find_dossier(struct store *s, struct slice id, msgpack_zone *zone, struct intake_dossier *out)
{
    sqlite3_stmt *q = s->statements[FIND_DOSSIER];
    struct intake_dossier d;
    enum err e;

    db_bind_text(q, 1, id);
    e = one_row(q);
    if (e) return e;
    e = copy_dossier(q, zone, &d);
    db_done(q);
    if (!e) *out = d;
    return e;
}

enum err store_has_reference(struct store *s, struct slice province, struct slice reference, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_REFERENCE];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    return is_there(q, there);
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
    *reference = row ? keep(q, 0, zone, &e) : slice_of(NULL, 0);
    if (row) db_done(q);
    return e;
}

enum err store_has_item(struct store *s, struct slice dossier, const struct evidence *item, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_ITEM];

    db_bind_text(q, 1, dossier);
    db_bind_text(q, 2, item->item);
    db_bind_text(q, 3, item->name);
    bind_optional(q, 4, item->has_bytes, item->bytes);
    db_bind_text(q, 5, item->digest);
    return is_there(q, there);
}

static enum err list_dossiers(sqlite3_stmt *q, msgpack_zone *zone, struct store_dossier **first,
                              size_t *count)
{
    struct store_dossier **end = first, *d;
    bool row = false;
    enum err e;

    *first = NULL;
    *count = 0;
    while ((e = db_step(q, &row)) == ERR_NONE && row) {
        d = msgpack_zone_malloc(zone, sizeof *d);
        e = d ? copy_dossier(q, zone, &d->dossier) : ERR_NOMEM;
        if (e) break;
        d->next = NULL;
        *end = d;
        end = &d->next;
        ++*count;
    }
    db_done(q);
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

enum err store_list_versions(struct store *s, struct slice dossier, msgpack_zone *zone,
                             struct store_version **first, size_t *count)
{
    sqlite3_stmt *q = s->statements[LIST_VERSIONS];
    struct store_version **end = first, *v;
    bool row = false;
    enum err e;

    *first = NULL;
    *count = 0;
    db_bind_text(q, 1, dossier);
    while ((e = db_step(q, &row)) == ERR_NONE && row) {
        v = msgpack_zone_malloc(zone, sizeof *v);
        if (!v) {
            e = ERR_NOMEM;
            break;
        }
        v->version = db_i64(q, 0);
        v->name = keep(q, 1, zone, &e);
        v->owner = keep(q, 2, zone, &e);
        v->reason = keep(q, 3, zone, &e);
        v->next = NULL;
        if (e) break;
        *end = v;
        end = &v->next;
        ++*count;
    }
    db_done(q);
    return e;
}

enum err store_list_items(struct store *s, struct slice dossier, msgpack_zone *zone,
                          struct store_item **first, size_t *count)
{
    sqlite3_stmt *q = s->statements[LIST_ITEMS];
    struct store_item **end = first, *i;
    bool row = false;
    enum err e;

    *first = NULL;
    *count = 0;
    db_bind_text(q, 1, dossier);
    while ((e = db_step(q, &row)) == ERR_NONE && row) {
        i = msgpack_zone_malloc(zone, sizeof *i);
        if (!i) {
            e = ERR_NOMEM;
            break;
        }
        i->version = db_i64(q, 0);
        i->bytes = db_i64(q, 1);
        i->item = keep(q, 2, zone, &e);
        i->name = keep(q, 3, zone, &e);
        i->digest = keep(q, 4, zone, &e);
        i->next = NULL;
        if (e) break;
        *end = i;
        end = &i->next;
        ++*count;
    }
    db_done(q);
    return e;
}

/* --- dossiers: writing --- */

static enum err add_version(struct store *s, struct slice dossier, int64_t version, struct slice name,
                            struct slice owner, struct slice reason)
{
    sqlite3_stmt *q = s->statements[ADD_VERSION];

    db_bind_text(q, 1, dossier);
    db_bind_i64(q, 2, version);
    db_bind_text(q, 3, name);
    db_bind_text(q, 4, owner);
    db_bind_text(q, 5, reason);
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
        bind_optional(q, 6, items[i].has_bytes, items[i].bytes);
        db_bind_text(q, 7, items[i].digest);
        e = db_run(q);
    }
    return e;
}

enum err store_add_dossier(struct store *s, struct slice id, const struct dossier_accepted *accepted,
                           const struct dossier_filed *filed, uint64_t seq)
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
    e = db_run(q);
    if (!e) e = add_version(s, id, 1, accepted->name, accepted->owner, slice_of(NULL, 0));
    if (!e) e = add_items(s, id, 1, filed->items, filed->items_count);
    return e;
}

enum err store_add_version(struct store *s, const struct supplement_accepted *accepted,
                           const struct dossier_supplemented *filed)
{
    sqlite3_stmt *q = s->statements[SET_VERSION];
    enum err e =
        add_version(s, accepted->dossier, accepted->version, accepted->name, accepted->owner, filed->reason);

    if (!e) e = add_items(s, accepted->dossier, accepted->version, filed->items, filed->items_count);
    if (e) return e;
    db_bind_text(q, 1, accepted->dossier);
    db_bind_i64(q, 2, accepted->version);
    return db_run(q);
}

enum err store_mark_withdrawn(struct store *s, struct slice dossier)
{
    db_bind_text(s->statements[MARK_WITHDRAWN], 1, dossier);
    return db_run(s->statements[MARK_WITHDRAWN]);
}

enum err store_mark_rated(struct store *s, struct slice dossier)
{
    db_bind_text(s->statements[MARK_RATED], 1, dossier);
    return db_run(s->statements[MARK_RATED]);
}
