/* rows_refs.c - @REF in a row: what it may stand for, and putting in what does. */
#include "common/mp.h"
#include "services/cli/rows_inside.h"

#include <stdlib.h>
#include <string.h>

static bool may_be_ref(const struct field *f)
{
    if (f->kind == FIELD_FACT) return true;
    return f->kind == FIELD_ID && (!strcmp(f->name, "product") || !strcmp(f->name, "product_code") ||
                                   !strcmp(f->name, "certificate"));
}

static bool is_ref(const struct field *f, const msgpack_object *o, struct slice *ref)
{
    struct slice text;

    if (!may_be_ref(f) || !mp_text(o, &text) || text.size < 2 || text.data[0] != '@') return false;
    *ref = slice_of(text.data + 1, text.size - 1);
    return true;
}

/* A product or certificate beside a fact is that fact's; alone, a product is known to intake. */
static const char *ref_type(const struct event_kind *kind, const struct field *f)
{
    if (f->kind == FIELD_FACT) return f->fact;
    for (size_t i = 0; i < kind->field_count; i++) {
        if (kind->fields[i].kind == FIELD_FACT) return kind->fields[i].fact;
    }
    return strcmp(f->name, "certificate") ? "intake.dossier.accepted" : "certification.certificate.issued";
}

struct resolver {
    rows_lookup_fn lookup;
    void *context;
    struct why *why;
    size_t refs;
};

static enum err resolve_map(struct resolver *r, msgpack_packer *p, const struct event_kind *kind,
                            const msgpack_object *map);

static enum err resolve_value(struct resolver *r, msgpack_packer *p, const struct event_kind *kind,
                              const struct field *f, const msgpack_object *o)
{
    char found[ENVELOPE_ID_MAX + 1];
    struct slice ref;
    enum err e = ERR_NONE;

    if (f->kind == FIELD_LIST && o->type == MSGPACK_OBJECT_ARRAY) {
        msgpack_pack_array(p, o->via.array.size);
        for (uint32_t i = 0; !e && i < o->via.array.size; i++) {
            e = resolve_map(r, p, f->item, &o->via.array.ptr[i]);
        }
    } else if (is_ref(f, o, &ref)) {
        const char *want = f->kind == FIELD_FACT            ? "id"
                           : strcmp(f->name, "certificate") ? "product"
                                                            : "certificate";

        r->refs++;
        e = r->lookup(r->context, ref_type(kind, f), ref, want, found, r->why);
        if (!e) buf_pack_text(p, found);
    } else {
        msgpack_pack_object(p, *o);
    }
    return e;
}

static enum err resolve_map(struct resolver *r, msgpack_packer *p, const struct event_kind *kind,
                            const msgpack_object *map)
{
    enum err e = ERR_NONE;

    if (map->type != MSGPACK_OBJECT_MAP) {
        msgpack_pack_object(p, *map);
        return ERR_NONE;
    }
    msgpack_pack_map(p, map->via.map.size);
    for (uint32_t i = 0; !e && i < map->via.map.size; i++) {
        const msgpack_object_kv *kv = &map->via.map.ptr[i];
        const struct field *f = rows_field(kind, slice_of(kv->key.via.str.ptr, kv->key.via.str.size));

        msgpack_pack_object(p, kv->key);
        if (f)
            e = resolve_value(r, p, kind, f, &kv->val);
        else
            msgpack_pack_object(p, kv->val);
    }
    return e;
}

/* Packed data with references -> packed data without; *refs counts them. */
static enum err resolve_bytes(struct resolver *r, const struct event_kind *kind, struct slice data,
                              struct buf *out)
{
    msgpack_zone zone;
    msgpack_object map;
    msgpack_packer p;
    enum err e;

    if (!msgpack_zone_init(&zone, 4096)) return ERR_NOMEM;
    msgpack_packer_init(&p, out, buf_pack_write);
    e = mp_read(data, &zone, &map, r->why);
    if (!e) e = resolve_map(r, &p, kind, &map);
    msgpack_zone_destroy(&zone);
    return e ? e : out->failed;
}

/* Before anything is looked up, something of the right shape stands for it. */
static enum err stand_in(void *context, const char *type, struct slice ref, const char *want,
                         char out[ENVELOPE_ID_MAX + 1], struct why *why)
{
    (void)context, (void)type, (void)ref, (void)want, (void)why;
    snprintf(out, ENVELOPE_ID_MAX + 1, "%032d", 0);
    return ERR_NONE;
}

enum err rows_stand_in(const struct event_kind *kind, struct slice data, struct buf *out, size_t *refs,
                       struct why *why)
{
    struct resolver r = { stand_in, NULL, why, 0 };
    enum err e = resolve_bytes(&r, kind, data, out);

    *refs = r.refs;
    return e;
}

enum err rows_keep(struct row_event *row, const struct buf *data)
{
    char *copy = malloc(data->size);

    if (!copy) return ERR_NOMEM;
    memcpy(copy, data->data, data->size);
    free(row->data);
    row->data = copy;
    row->size = data->size;
    return ERR_NONE;
}

enum err rows_resolve(struct row_event *row, const char *publisher, rows_lookup_fn lookup, void *context,
                      struct why *why)
{
    struct resolver r = { lookup, context, why, 0 };
    struct buf out = { 0 };
    enum err e = resolve_bytes(&r, row->kind, slice_of(row->data, row->size), &out);

    if (!e) e = rows_keep(row, &out);
    if (!e) {
        rows_event_id(publisher, row->kind->type, slice_of(row->data, row->size), row->id);
        row->has_refs = false;
    }
    buf_fini(&out);
    return e;
}
