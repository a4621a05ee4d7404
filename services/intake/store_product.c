/* store_product.c - owners, products with their codes, and certificates. */
#include "services/intake/store_inside.h"

#include "proto/codec.h" /* the words of owner kinds */

#include <stddef.h>

/* --- owners --- */

static enum err read_owner(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct store_owner *o = element;
    enum err e = ERR_NONE;

    o->owner_code = db_keep(row, 0, zone, &e);
    o->name = db_keep(row, 1, zone, &e);
    o->kind = db_keep(row, 2, zone, &e);
    o->province = db_keep(row, 3, zone, &e);
    return e;
}

static enum err find_owner(sqlite3_stmt *q, msgpack_zone *zone, struct store_owner *out)
{
    struct store_owner o = { .next = NULL };
    enum err e = store_one_row(q);

    if (e) return e;
    e = read_owner(q, zone, &o);
    db_done(q);
    if (!e) *out = o;
    return e;
}

enum err store_find_owner(struct store *s, struct slice owner_code, msgpack_zone *zone,
                          struct store_owner *out)
{
    db_bind_text(s->statements[FIND_OWNER], 1, owner_code);
    return find_owner(s->statements[FIND_OWNER], zone, out);
}

enum err store_find_owner_named(struct store *s, struct slice province, const char *key, msgpack_zone *zone,
                                struct store_owner *out)
{
    sqlite3_stmt *q = s->statements[FIND_OWNER_NAMED];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, slice_text(key));
    return find_owner(q, zone, out);
}

enum err store_list_owners_named(struct store *s, const char *key, msgpack_zone *zone,
                                 struct store_owner **first, size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_owner),
                                                offsetof(struct store_owner, next), read_owner };
    sqlite3_stmt *q = s->statements[LIST_OWNERS_NAMED];
    struct store_rows rows = { NULL, 0 };
    enum err e;

    db_bind_text(q, 1, slice_text(key));
    e = store_read_rows(q, zone, &kind, &rows);
    *first = rows.first;
    *count = rows.count;
    return e;
}

enum err store_next_owner(struct store *s, struct slice province, int64_t *serial)
{
    sqlite3_stmt *q = s->statements[NEXT_OWNER];
    enum err e;

    db_bind_text(q, 1, province);
    e = store_one_row(q);
    if (e) return e;
    *serial = db_i64(q, 0);
    db_done(q);
    return ERR_NONE;
}

enum err store_add_owner(struct store *s, const struct owner_registered *owner, const char *key)
{
    sqlite3_stmt *q = s->statements[ADD_OWNER];

    db_bind_text(q, 1, owner->owner_code);
    db_bind_text(q, 2, owner->province);
    db_bind_i64(q, 3, intake_owner_serial(owner->owner_code));
    db_bind_text(q, 4, owner->name);
    db_bind_text(q, 5, slice_text(key));
    db_bind_text(q, 6, slice_text(owner_kind_word(owner->owner_kind)));
    return db_run(q);
}

/* --- products --- */

static enum err read_product(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct intake_product *p = &((struct store_product *)element)->product;
    enum err e = ERR_NONE;

    p->product = db_keep(row, 0, zone, &e);
    p->registered = db_keep(row, 1, zone, &e);
    p->province = db_keep(row, 2, zone, &e);
    p->commune_code = db_keep(row, 3, zone, &e);
    p->commune = db_keep(row, 4, zone, &e);
    p->name = db_keep(row, 5, zone, &e);
    p->owner = db_keep(row, 6, zone, &e);
    p->owner_kind = db_keep(row, 7, zone, &e);
    p->owner_code = db_keep(row, 8, zone, &e);
    p->owner_key = db_keep(row, 9, zone, &e);
    p->code = db_keep(row, 10, zone, &e);
    p->code_day = (int32_t)db_i64(row, 11);
    return e;
}

static enum err find_product(sqlite3_stmt *q, msgpack_zone *zone, struct intake_product *out)
{
    struct store_product p = { .next = NULL };
    enum err e = store_one_row(q);

    if (e) return e;
    e = read_product(q, zone, &p);
    db_done(q);
    if (!e) *out = p.product;
    return e;
}

enum err store_find_product_named(struct store *s, struct slice province, const char *owner_key,
                                  const char *name_key, msgpack_zone *zone, struct intake_product *out)
{
    sqlite3_stmt *q = s->statements[FIND_PRODUCT_NAMED];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, slice_text(owner_key));
    db_bind_text(q, 3, slice_text(name_key));
    return find_product(q, zone, out);
}

enum err store_find_product(struct store *s, struct slice code, msgpack_zone *zone,
                            struct intake_product *out)
{
    db_bind_text(s->statements[FIND_PRODUCT], 1, code);
    return find_product(s->statements[FIND_PRODUCT], zone, out);
}

enum err store_list_products_of(struct store *s, struct slice owner_code, msgpack_zone *zone,
                                struct store_product **first, size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_product),
                                                offsetof(struct store_product, next), read_product };
    sqlite3_stmt *q = s->statements[LIST_PRODUCTS_OF];
    struct store_rows rows = { NULL, 0 };
    enum err e;

    db_bind_text(q, 1, owner_code);
    e = store_read_rows(q, zone, &kind, &rows);
    *first = rows.first;
    *count = rows.count;
    return e;
}

static enum err read_code(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct store_code *c = element;
    enum err e = ERR_NONE;

    c->code = db_keep(row, 0, zone, &e);
    c->given_on = (int32_t)db_i64(row, 1);
    return e;
}

enum err store_list_codes(struct store *s, struct slice product, msgpack_zone *zone,
                          struct store_code **first, size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_code), offsetof(struct store_code, next),
                                                read_code };
    sqlite3_stmt *q = s->statements[LIST_CODES];
    struct store_rows rows = { NULL, 0 };
    enum err e;

    db_bind_text(q, 1, product);
    e = store_read_rows(q, zone, &kind, &rows);
    *first = rows.first;
    *count = rows.count;
    return e;
}

enum err store_next_serial(struct store *s, struct slice province, struct slice commune_code, int64_t year,
                           int64_t *serial)
{
    sqlite3_stmt *q = s->statements[NEXT_SERIAL];
    enum err e;

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, commune_code);
    db_bind_i64(q, 3, year);
    e = store_one_row(q);
    if (e) return e;
    *serial = db_i64(q, 0);
    db_done(q);
    return ERR_NONE;
}

enum err store_add_code(struct store *s, struct slice product, struct slice code, int32_t day)
{
    sqlite3_stmt *q = s->statements[ADD_CODE];
    struct intake_code said = { .serial = 0 };

    (void)intake_code_read(code, &said); /* a printed code may have any form */
    db_bind_text(q, 1, code);
    db_bind_text(q, 2, product);
    db_bind_i64(q, 3, day);
    db_bind_text(q, 4, said.province);
    db_bind_text(q, 5, said.commune);
    db_bind_i64(q, 6, said.year);
    db_bind_i64(q, 7, said.serial);
    return db_run(q);
}

enum err store_add_product(struct store *s, struct slice id, const struct product_registered *product,
                           const char *owner_key, const char *name_key, int32_t day)
{
    sqlite3_stmt *q = s->statements[ADD_PRODUCT];
    enum err e;

    db_bind_text(q, 1, product->product);
    db_bind_text(q, 2, id);
    db_bind_text(q, 3, product->province);
    db_bind_text(q, 4, product->commune_code);
    db_bind_text(q, 5, product->commune);
    db_bind_text(q, 6, product->name);
    db_bind_text(q, 7, product->owner);
    db_bind_text(q, 8, slice_text(owner_kind_word(product->owner_kind)));
    db_bind_text(q, 9, product->owner_code);
    db_bind_text(q, 10, slice_text(name_key));
    db_bind_text(q, 11, slice_text(owner_key));
    e = db_run(q);
    return e ? e : store_add_code(s, product->product, product->product, day);
}

enum err store_find_names(struct store *s, struct slice product, msgpack_zone *zone, struct store_names *out)
{
    sqlite3_stmt *q = s->statements[FIND_NAMES];
    struct store_names names;
    enum err e;

    db_bind_text(q, 1, product);
    e = store_one_row(q);
    if (e) return e;
    names.name = db_keep(q, 0, zone, &e);
    names.owner = db_keep(q, 1, zone, &e);
    names.province = db_keep(q, 2, zone, &e);
    db_done(q);
    if (!e) *out = names;
    return e;
}

enum err store_rename_product(struct store *s, struct slice product, struct slice province, struct slice name,
                              struct slice owner, const char *owner_key, const char *name_key)
{
    sqlite3_stmt *q = s->statements[RENAME_PRODUCT];

    db_bind_text(q, 1, product);
    db_bind_text(q, 2, name);
    db_bind_text(q, 3, owner);
    db_bind_text(q, 4, slice_text(owner_key));
    db_bind_text(q, 5, slice_text(name_key));
    db_bind_text(q, 6, province);
    return db_run(q);
}

/* --- certificates --- */

enum err store_add_certificate(struct store *s, const struct intake_certificate *certificate,
                               const char *name_key)
{
    sqlite3_stmt *q = s->statements[ADD_CERTIFICATE];

    db_bind_text(q, 1, certificate->certificate);
    db_bind_text(q, 2, certificate->product);
    db_bind_text(q, 3, certificate->province);
    db_bind_text(q, 4, slice_text(name_key));
    db_bind_text(q, 5, certificate->owner_key);
    db_bind_i64(q, 6, certificate->star);
    db_bind_i64(q, 7, certificate->ends_on);
    return db_run(q);
}

static enum err find_certificate(sqlite3_stmt *q, msgpack_zone *zone, struct intake_certificate *out)
{
    struct intake_certificate c;
    enum err e = store_one_row(q);

    if (e) return e;
    c.certificate = db_keep(q, 0, zone, &e);
    c.product = db_keep(q, 1, zone, &e);
    c.province = db_keep(q, 2, zone, &e);
    c.owner_key = db_keep(q, 3, zone, &e);
    c.over = db_keep(q, 4, zone, &e);
    c.star = db_i64(q, 5);
    c.ends_on = (int32_t)db_i64(q, 6);
    db_done(q);
    if (!e) *out = c;
    return e;
}

enum err store_find_certificate(struct store *s, struct slice certificate, msgpack_zone *zone,
                                struct intake_certificate *out)
{
    db_bind_text(s->statements[FIND_CERTIFICATE], 1, certificate);
    return find_certificate(s->statements[FIND_CERTIFICATE], zone, out);
}

enum err store_find_printed(struct store *s, struct slice code, msgpack_zone *zone,
                            struct intake_certificate *out)
{
    db_bind_text(s->statements[FIND_PRINTED], 1, code);
    return find_certificate(s->statements[FIND_PRINTED], zone, out);
}

enum err store_find_current(struct store *s, struct slice product, struct slice province,
                            const char *owner_key, const char *name_key, msgpack_zone *zone,
                            struct intake_certificate *out)
{
    sqlite3_stmt *q = s->statements[FIND_CURRENT];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, product);
    db_bind_text(q, 3, slice_text(owner_key));
    db_bind_text(q, 4, slice_text(name_key));
    return find_certificate(q, zone, out);
}

enum err store_end_certificate(struct store *s, struct slice certificate, const char *over)
{
    sqlite3_stmt *q = s->statements[END_CERTIFICATE];

    db_bind_text(q, 1, certificate);
    db_bind_text(q, 2, slice_text(over));
    return db_run(q);
}

enum err store_name_certificate(struct store *s, struct slice certificate, struct slice product)
{
    sqlite3_stmt *q = s->statements[NAME_CERTIFICATE];

    db_bind_text(q, 1, certificate);
    db_bind_text(q, 2, product);
    return db_run(q);
}
