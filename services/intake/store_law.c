/* store_law.c - adopted rule sets, rubrics and areas. */
#include "services/intake/store_inside.h"

#include "proto/codec.h" /* the words of kinds */

#include <stddef.h>

/* --- rule sets and rubrics --- */

static enum err add_needed(struct store *s, const struct rules_adopted *adopted)
{
    sqlite3_stmt *q = s->statements[ADD_NEEDED];
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < adopted->items_count; i++) {
        const struct item_needed *needed = &adopted->items[i];

        db_bind_text(q, 1, adopted->name);
        db_bind_i64(q, 2, (int64_t)i + 1);
        db_bind_text(q, 3, slice_text(dossier_kind_word(needed->kind)));
        db_bind_text(q, 4, needed->item);
        db_bind_i64(q, 5, needed->has_goods_only && needed->goods_only);
        e = db_run(q);
    }
    return e;
}

enum err store_add_rules(struct store *s, const struct rules_adopted *adopted)
{
    sqlite3_stmt *q = s->statements[ADD_RULES];
    enum err e;

    db_bind_text(q, 1, adopted->name);
    store_bind_optional(q, 2, adopted->has_first_day, adopted->first_day);
    store_bind_optional(q, 3, adopted->has_last_day, adopted->last_day);
    db_bind_text(q, 4, adopted->rubric_prefix);
    store_bind_optional(q, 5, adopted->has_samples, adopted->samples);
    db_bind_i64(q, 6, adopted->assessments);
    store_bind_optional(q, 7, adopted->has_window_opens_days, adopted->window_opens_days);
    store_bind_optional(q, 8, adopted->has_window_closes_days, adopted->window_closes_days);
    store_bind_optional(q, 9, adopted->has_extension_days, adopted->extension_days);
    db_bind_i64(q, 10, adopted->late_is_first);
    store_bind_optional(q, 11, adopted->has_transition_days, adopted->transition_days);
    store_bind_optional(q, 12, adopted->has_transition_re_rating_days, adopted->transition_re_rating_days);
    e = db_run(q);
    return e ? e : add_needed(s, adopted);
}

static enum err read_rules(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct intake_rules *r = element;
    enum err e = ERR_NONE;

    r->name = db_keep(row, 0, zone, &e);
    r->first_day = (int32_t)db_i64(row, 1);
    r->last_day = (int32_t)db_i64(row, 2);
    r->rubric_prefix = db_keep(row, 3, zone, &e);
    r->samples = db_i64(row, 4);
    r->assessments = db_i64(row, 5) != 0;
    r->window_opens_days = db_i64(row, 6);
    r->window_closes_days = db_i64(row, 7);
    r->extension_days = db_i64(row, 8);
    r->late_is_first = db_i64(row, 9) != 0;
    r->transition_days = db_i64(row, 10);
    r->transition_re_rating_days = db_i64(row, 11);
    return e;
}

enum err store_list_rules(struct store *s, msgpack_zone *zone, const struct intake_rules **first)
{
    static const struct store_row_kind kind = { sizeof(struct intake_rules),
                                                offsetof(struct intake_rules, next), read_rules };
    struct store_rows rows = { NULL, 0 };
    const enum err e = store_read_rows(s->statements[LIST_RULES], zone, &kind, &rows);

    *first = rows.first;
    return e;
}

struct needed_row {
    struct item_needed needed;
    struct needed_row *next;
};

static enum err read_needed(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct needed_row *n = element;
    enum err e = ERR_NONE;

    n->needed.item = db_keep(row, 0, zone, &e);
    n->needed.has_goods_only = n->needed.goods_only = db_i64(row, 1) != 0;
    return e;
}

enum err store_list_needed(struct store *s, struct slice rule_set, enum dossier_kind kind, msgpack_zone *zone,
                           struct item_needed **items, size_t *count)
{
    static const struct store_row_kind row_kind = { sizeof(struct needed_row),
                                                    offsetof(struct needed_row, next), read_needed };
    sqlite3_stmt *q = s->statements[LIST_NEEDED];
    struct store_rows rows = { NULL, 0 };
    size_t i = 0;
    enum err e;

    db_bind_text(q, 1, rule_set);
    db_bind_text(q, 2, slice_text(dossier_kind_word(kind)));
    e = store_read_rows(q, zone, &row_kind, &rows);
    if (e) return e;
    *count = rows.count;
    *items = msgpack_zone_malloc(zone, (rows.count + 1) * sizeof **items);
    if (!*items) return ERR_NOMEM;
    for (const struct needed_row *n = rows.first; n; n = n->next) {
        (*items)[i] = n->needed;
        (*items)[i++].kind = kind;
    }
    return ERR_NONE;
}

enum err store_add_rubric(struct store *s, struct slice name, bool goods)
{
    sqlite3_stmt *q = s->statements[ADD_RUBRIC];

    db_bind_text(q, 1, name);
    db_bind_i64(q, 2, goods);
    return db_run(q);
}

enum err store_find_rubric(struct store *s, struct slice name, bool *goods)
{
    sqlite3_stmt *q = s->statements[FIND_RUBRIC];
    enum err e;

    db_bind_text(q, 1, name);
    e = store_one_row(q);
    if (e) return e;
    *goods = db_i64(q, 0) != 0;
    db_done(q);
    return ERR_NONE;
}

/* --- areas --- */

enum err store_add_areas(struct store *s, const struct rules_adopted *adopted, int32_t first_day)
{
    sqlite3_stmt *q = s->statements[ADD_AREAS];
    enum err e;

    db_bind_text(q, 1, adopted->name);
    db_bind_i64(q, 2, first_day);
    db_bind_i64(q, 3, adopted->recode);
    e = db_run(q);
    q = s->statements[ADD_AREA];
    for (size_t i = 0; !e && i < adopted->areas_count; i++) {
        db_bind_text(q, 1, adopted->name);
        db_bind_text(q, 2, adopted->areas[i].old_code);
        db_bind_text(q, 3, adopted->areas[i].new_code);
        db_bind_i64(q, 4, intake_area_changed(adopted->areas, adopted->areas_count, i));
        e = db_run(q);
    }
    return e;
}

enum err store_find_area(struct store *s, struct slice province, int32_t day, msgpack_zone *zone,
                         struct intake_area *out)
{
    sqlite3_stmt *q = s->statements[FIND_AREA];
    enum err e;

    db_bind_text(q, 1, province);
    db_bind_i64(q, 2, day);
    e = store_one_row(q);
    if (e) return e;
    out->adopted = db_i64(q, 0) != 0;
    out->known = db_i64(q, 1) != 0;
    out->merged_into = db_keep(q, 2, zone, &e);
    out->merged_on = (int32_t)db_i64(q, 3);
    db_done(q);
    return e;
}

enum err store_find_areas(struct store *s, int32_t *first_day, bool *recode)
{
    sqlite3_stmt *q = s->statements[FIND_AREAS];
    const enum err e = store_one_row(q);

    if (e) return e;
    *first_day = (int32_t)db_i64(q, 0);
    *recode = db_i64(q, 1) != 0;
    db_done(q);
    return ERR_NONE;
}

static enum err read_merger(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct intake_merger *m = element;
    enum err e = ERR_NONE;

    m->old_code = db_keep(row, 0, zone, &e);
    m->new_code = db_keep(row, 1, zone, &e);
    m->merged_on = (int32_t)db_i64(row, 2);
    return e;
}

enum err store_list_mergers(struct store *s, int32_t day, msgpack_zone *zone,
                            const struct intake_merger **first)
{
    static const struct store_row_kind kind = { sizeof(struct intake_merger),
                                                offsetof(struct intake_merger, next), read_merger };
    sqlite3_stmt *q = s->statements[LIST_MERGERS];
    struct store_rows rows = { NULL, 0 };
    enum err e;

    db_bind_i64(q, 1, day);
    e = store_read_rows(q, zone, &kind, &rows);
    *first = rows.first;
    return e;
}

enum err store_add_merger(struct store *s, const struct area_merged *merged)
{
    sqlite3_stmt *q = s->statements[ADD_MERGER];

    db_bind_text(q, 1, merged->new_code);
    db_bind_text(q, 2, merged->old_code);
    db_bind_i64(q, 3, merged->merged_on);
    return db_run(q);
}

enum err store_stands_for(struct store *s, struct slice province, struct slice owned, bool *yes)
{
    sqlite3_stmt *q = s->statements[STANDS_FOR];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, owned);
    return store_is_there(q, yes);
}
