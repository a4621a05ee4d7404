/* store_desk.c - registration slips, requests for more, rejections. */
#include "services/intake/store_inside.h"

#include "proto/codec.h" /* the words of desks */

#include <stddef.h>

/* --- slips --- */

enum err store_add_slip(struct store *s, struct slice id, struct slice province,
                        const struct slip_filed *filed, struct slice rule_set)
{
    sqlite3_stmt *q = s->statements[ADD_SLIP];

    db_bind_text(q, 1, id);
    db_bind_text(q, 2, province);
    db_bind_text(q, 3, filed->reference);
    db_bind_text(q, 4, slice_text(desk_word(filed->desk)));
    db_bind_text(q, 5, filed->number);
    db_bind_i64(q, 6, filed->received_on);
    db_bind_text(q, 7, filed->commune_code);
    db_bind_text(q, 8, filed->owner);
    db_bind_text(q, 9, rule_set);
    return db_run(q);
}

enum err store_has_slip(struct store *s, const struct slip_filed *slip, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_SLIP];

    db_bind_text(q, 1, slip->province);
    db_bind_text(q, 2, slip->reference);
    db_bind_text(q, 3, slice_text(desk_word(slip->desk)));
    return store_is_there(q, there);
}

/* The only row of a query of province and reference. */
static enum err one_of_reference(sqlite3_stmt *q, struct slice province, struct slice reference)
{
    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    return store_one_row(q);
}

enum err store_find_receipt(struct store *s, struct slice province, struct slice reference,
                            int32_t *received_on)
{
    sqlite3_stmt *q = s->statements[FIND_RECEIPT];
    const enum err e = one_of_reference(q, province, reference);

    if (e) return e;
    *received_on = (int32_t)db_i64(q, 0);
    db_done(q);
    return ERR_NONE;
}

enum err store_find_standing(struct store *s, struct slice province, struct slice reference,
                             msgpack_zone *zone, struct intake_standing *out)
{
    sqlite3_stmt *q = s->statements[FIND_LIVE_DOSSIER];
    struct intake_standing found = { .province = province };
    enum err e = one_of_reference(q, province, reference);

    if (!e) {
        found.accepted = true;
        found.province = db_keep(q, 0, zone, &e);
        found.owner = db_keep(q, 1, zone, &e);
        found.withdrawn = db_i64(q, 2) != 0;
        found.rated = db_i64(q, 3) != 0;
        db_done(q);
    } else if (e == ERR_NOT_FOUND) {
        q = s->statements[FIND_LIVE_SLIP];
        e = one_of_reference(q, province, reference);
        if (!e) {
            found.received = true;
            found.province = db_keep(q, 0, zone, &e);
            found.owner = db_keep(q, 1, zone, &e);
            db_done(q);
        }
    }
    if (e == ERR_NOT_FOUND) {
        q = s->statements[FIND_REJECTION];
        db_bind_text(q, 1, province);
        db_bind_text(q, 2, reference);
        e = store_is_there(q, &found.rejected);
    }
    if (!e) *out = found;
    return e;
}

/* --- requests --- */

enum err store_add_request(struct store *s, struct slice id, struct slice province,
                           const struct request_filed *filed)
{
    sqlite3_stmt *q = s->statements[ADD_REQUEST];
    enum err e;

    db_bind_text(q, 1, id);
    db_bind_text(q, 2, province);
    db_bind_text(q, 3, filed->reference);
    db_bind_text(q, 4, slice_text(desk_word(filed->desk)));
    db_bind_text(q, 5, filed->reason);
    db_bind_i64(q, 6, filed->due_before);
    e = db_run(q);
    q = s->statements[ADD_ASKED];
    for (size_t i = 0; !e && i < filed->items_count; i++) {
        db_bind_text(q, 1, id);
        db_bind_text(q, 2, filed->items[i].item);
        e = db_run(q);
    }
    return e;
}

enum err store_mark_came(struct store *s, struct slice dossier, const struct evidence *items, size_t count)
{
    sqlite3_stmt *q = s->statements[MARK_CAME];
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < count; i++) {
        db_bind_text(q, 1, dossier);
        db_bind_text(q, 2, items[i].item);
        e = db_run(q);
    }
    return e;
}

/* --- rejections --- */

enum err store_add_rejection(struct store *s, struct slice id, struct slice province,
                             const struct rejection_filed *filed)
{
    static const enum statement ends[] = { REJECT_DOSSIER, REJECT_SLIPS, REJECT_REQUESTS };
    sqlite3_stmt *q = s->statements[ADD_REJECTION];
    enum err e;

    db_bind_text(q, 1, id);
    db_bind_text(q, 2, province);
    db_bind_text(q, 3, filed->reference);
    db_bind_text(q, 4, slice_text(desk_word(filed->desk)));
    db_bind_text(q, 5, filed->ground);
    db_bind_text(q, 6, filed->reason);
    e = db_run(q);
    for (size_t i = 0; !e && i < sizeof ends / sizeof *ends; i++) {
        q = s->statements[ends[i]];
        db_bind_text(q, 1, province);
        db_bind_text(q, 2, filed->reference);
        e = db_run(q);
    }
    return e;
}

/* --- lists, for questions --- */

static enum err list_of(sqlite3_stmt *q, const struct intake_dossier *dossier, msgpack_zone *zone,
                        const struct store_row_kind *kind, struct store_rows *rows)
{
    db_bind_text(q, 1, dossier->province);
    db_bind_text(q, 2, dossier->reference);
    db_bind_i64(q, 3, dossier->rejected);
    return store_read_rows(q, zone, kind, rows);
}

static enum err read_slip(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct store_slip *p = element;
    enum err e = ERR_NONE;

    p->desk = db_keep(row, 0, zone, &e);
    p->number = db_keep(row, 1, zone, &e);
    p->commune_code = db_keep(row, 2, zone, &e);
    p->rule_set = db_keep(row, 3, zone, &e);
    p->received_on = (int32_t)db_i64(row, 4);
    return e;
}

enum err store_list_slips(struct store *s, const struct intake_dossier *dossier, msgpack_zone *zone,
                          struct store_slip **first, size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_slip), offsetof(struct store_slip, next),
                                                read_slip };
    struct store_rows rows = { NULL, 0 };
    const enum err e = list_of(s->statements[LIST_SLIPS], dossier, zone, &kind, &rows);

    *first = rows.first;
    *count = rows.count;
    return e;
}

static enum err read_request(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct store_request *r = element;
    enum err e = ERR_NONE;

    r->request = db_keep(row, 0, zone, &e);
    r->desk = db_keep(row, 1, zone, &e);
    r->reason = db_keep(row, 2, zone, &e);
    r->due_before = (int32_t)db_i64(row, 3);
    r->open = db_i64(row, 4) != 0;
    return e;
}

enum err store_list_requests(struct store *s, const struct intake_dossier *dossier, msgpack_zone *zone,
                             struct store_request **first, size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_request),
                                                offsetof(struct store_request, next), read_request };
    struct store_rows rows = { NULL, 0 };
    const enum err e = list_of(s->statements[LIST_REQUESTS], dossier, zone, &kind, &rows);

    *first = rows.first;
    *count = rows.count;
    return e;
}

static enum err read_asked(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct store_asked *a = element;
    enum err e = ERR_NONE;

    a->request = db_keep(row, 0, zone, &e);
    a->item = db_keep(row, 1, zone, &e);
    a->came = db_i64(row, 2) != 0;
    return e;
}

enum err store_list_asked(struct store *s, const struct intake_dossier *dossier, msgpack_zone *zone,
                          struct store_asked **first, size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_asked),
                                                offsetof(struct store_asked, next), read_asked };
    struct store_rows rows = { NULL, 0 };
    const enum err e = list_of(s->statements[LIST_ASKED], dossier, zone, &kind, &rows);

    *first = rows.first;
    *count = rows.count;
    return e;
}
