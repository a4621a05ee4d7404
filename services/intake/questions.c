/* questions.c - read-only answers from intake's store. */
#include "services/intake/questions.h"

#include "common/mp.h"
#include "services/intake/store.h"

/* --- packing --- */

static void pack_text(msgpack_packer *p, const char *key, struct slice value)
{
    buf_pack_text(p, key);
    buf_pack_str(p, value);
}

static void pack_number(msgpack_packer *p, const char *key, int64_t value)
{
    buf_pack_text(p, key);
    msgpack_pack_int64(p, value);
}

static struct slice state_of(const struct intake_dossier *d)
{
    return slice_text(d->withdrawn ? "withdrawn" : d->rated ? "rated" : "open");
}

enum { SHORT_FIELDS = 7, LONG_FIELDS = 9 };

static void pack_short(msgpack_packer *p, const struct intake_dossier *d)
{
    pack_text(p, "id", d->dossier);
    pack_text(p, "reference", d->reference);
    pack_text(p, "kind", d->kind);
    pack_text(p, "round", d->round);
    pack_text(p, "rule_set", d->rule_set);
    pack_number(p, "version", d->version);
    pack_text(p, "state", state_of(d));
}

static void pack_long(msgpack_packer *p, const struct intake_dossier *d)
{
    pack_text(p, "province", d->province);
    pack_text(p, "product", d->product);
    pack_text(p, "name", d->name);
    pack_text(p, "owner", d->owner);
    pack_text(p, "owner_kind", d->owner_kind);
    pack_text(p, "district_code", d->district_code);
    pack_text(p, "commune_code", d->commune_code);
    pack_text(p, "rubric", d->rubric);
    pack_text(p, "remark", d->remark);
}

static void pack_items(msgpack_packer *p, const struct store_item *first, int64_t version)
{
    size_t count = 0;

    for (const struct store_item *i = first; i; i = i->next)
        count += i->version == version;
    buf_pack_text(p, "items");
    msgpack_pack_array(p, count);
    for (const struct store_item *i = first; i; i = i->next) {
        if (i->version != version) continue;
        msgpack_pack_map(p, i->bytes < 0 ? 3 : 4);
        pack_text(p, "item", i->item);
        pack_text(p, "name", i->name);
        pack_text(p, "digest", i->digest);
        if (i->bytes >= 0) pack_number(p, "bytes", i->bytes);
    }
}

/* --- what was asked for --- */

static enum err bad_argument(struct why *why, const char *name)
{
    return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "the question needs %s, as text", name);
}

/* The dossier a key means: its id, its reference, or the latest of a product, a withdrawn one only when there
 * is no other. A reference that several provinces use needs the province beside it. */
static enum err find_key(struct store *s, struct slice key, struct slice province, msgpack_zone *zone,
                         struct intake_dossier *out, struct why *why)
{
    struct store_dossier *first = NULL, *found = NULL;
    size_t count = 0;
    enum err e = store_find_dossier(s, key, zone, out);

    if (e != ERR_NOT_FOUND) return e;
    e = store_list_by_reference(s, key, zone, &first, &count);
    if (e) return e;
    for (struct store_dossier *d = first; d; d = d->next) {
        if (province.size && !slice_equal(d->dossier.province, province)) continue;
        if (found)
            return why_set(why, ERR_INVALID, "BAD_ARGUMENT",
                           "reference %.*s stands in provinces %.*s and %.*s; name the province too",
                           SLICE_ARG(key), SLICE_ARG(found->dossier.province),
                           SLICE_ARG(d->dossier.province));
        found = d;
    }
    if (!found) {
        e = store_list_by_product(s, key, zone, &first, &count);
        if (e) return e;
        for (found = first; found && found->dossier.withdrawn; found = found->next)
            continue;
        if (!found) found = first;
    }
    if (!found)
        return why_set(
            why, ERR_NOT_FOUND, "NOT_FOUND",
            "no accepted dossier has the id or reference %.*s, and none is of a product of that code",
            SLICE_ARG(key));
    *out = found->dossier;
    return ERR_NONE;
}

static enum err dossier_asked(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                              struct intake_dossier *out, struct why *why)
{
    struct slice key, province = { NULL, 0 };

    if (!mp_text(mp_find(arguments, "key"), &key)) return bad_argument(why, "key");
    if (mp_find(arguments, "province") && !mp_text(mp_find(arguments, "province"), &province))
        return bad_argument(why, "province");
    return find_key(s, key, province, zone, out, why);
}

/* --- the questions --- */

static enum err answer_fact(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                            struct buf *answer, struct why *why)
{
    const msgpack_object *said = mp_find(arguments, "type");
    struct slice type = slice_text("intake.dossier.accepted"), id;
    struct store_product product;
    struct intake_dossier d;
    msgpack_packer p;
    enum err e;

    if (said && !mp_text(said, &type)) return bad_argument(why, "type");
    e = dossier_asked(s, arguments, zone, &d, why);
    if (e) return e;
    id = d.dossier;
    if (slice_is(type, "intake.product.registered")) {
        e = store_find_product(s, d.product, zone, &product);
        if (e) return e;
        id = product.registered;
    } else if (!slice_is(type, "intake.dossier.accepted")) {
        return why_set(
            why, ERR_INVALID, "BAD_ARGUMENT",
            "intake knows facts of type intake.dossier.accepted and intake.product.registered, not %.*s",
            SLICE_ARG(type));
    }
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 2);
    pack_text(&p, "id", id);
    pack_text(&p, "product", d.product);
    return answer->failed;
}

static enum err answer_product(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                               struct buf *answer, struct why *why)
{
    struct store_dossier *first = NULL;
    struct store_product product;
    struct slice code;
    size_t count = 0;
    msgpack_packer p;
    enum err e;

    if (!mp_text(mp_find(arguments, "product"), &code)) return bad_argument(why, "product");
    e = store_find_product(s, code, zone, &product);
    if (e == ERR_NOT_FOUND)
        return why_set(why, e, "NOT_FOUND", "no product has the code %.*s", SLICE_ARG(code));
    if (!e) e = store_list_by_product(s, code, zone, &first, &count);
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 8);
    pack_text(&p, "product", product.product);
    pack_text(&p, "name", product.name);
    pack_text(&p, "owner", product.owner);
    pack_text(&p, "owner_kind", product.owner_kind);
    pack_text(&p, "province", product.province);
    pack_text(&p, "commune_code", product.commune_code);
    pack_text(&p, "commune", product.commune);
    buf_pack_text(&p, "dossiers");
    msgpack_pack_array(&p, count);
    for (const struct store_dossier *d = first; d; d = d->next) {
        msgpack_pack_map(&p, SHORT_FIELDS);
        pack_short(&p, &d->dossier);
    }
    return answer->failed;
}

static enum err answer_dossier(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                               struct buf *answer, struct why *why)
{
    struct store_version *versions = NULL;
    struct store_item *items = NULL;
    size_t version_count = 0, item_count = 0;
    struct intake_dossier d;
    msgpack_packer p;
    enum err e = dossier_asked(s, arguments, zone, &d, why);

    if (!e) e = store_list_versions(s, d.dossier, zone, &versions, &version_count);
    if (!e) e = store_list_items(s, d.dossier, zone, &items, &item_count);
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, SHORT_FIELDS + LONG_FIELDS + 1);
    pack_short(&p, &d);
    pack_long(&p, &d);
    buf_pack_text(&p, "versions");
    msgpack_pack_array(&p, version_count);
    for (const struct store_version *v = versions; v; v = v->next) {
        msgpack_pack_map(&p, 5);
        pack_number(&p, "version", v->version);
        pack_text(&p, "name", v->name);
        pack_text(&p, "owner", v->owner);
        pack_text(&p, "reason", v->reason);
        pack_items(&p, items, v->version);
    }
    return answer->failed;
}

static enum err answer_plans(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                             struct buf *answer, struct why *why)
{
    int64_t products = 0, budget_vnd = 0;
    struct store_plan *first = NULL;
    size_t count = 0;
    msgpack_packer p;
    enum err e = store_list_plans(s, zone, &first, &count);

    (void)arguments;
    (void)why;
    if (e) return e;
    for (const struct store_plan *row = first; row; row = row->next) {
        products += row->products;
        budget_vnd += row->budget_vnd;
    }
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 4);
    pack_number(&p, "plans", (int64_t)count);
    pack_number(&p, "products", products);
    pack_number(&p, "budget_vnd", budget_vnd);
    buf_pack_text(&p, "rows");
    msgpack_pack_array(&p, count);
    for (const struct store_plan *row = first; row; row = row->next) {
        msgpack_pack_map(&p, 7);
        pack_text(&p, "province", row->province);
        pack_text(&p, "title", row->title);
        pack_text(&p, "decision", row->decision);
        pack_number(&p, "year_from", row->year_from);
        pack_number(&p, "year_to", row->year_to);
        pack_number(&p, "products", row->products);
        pack_number(&p, "budget_vnd", row->budget_vnd);
    }
    return answer->failed;
}

/* --- the door: each question gets memory of its own --- */

typedef enum err (*answer_fn)(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                              struct buf *answer, struct why *why);

static enum err with_zone(answer_fn fn, void *store, const msgpack_object *arguments, struct buf *answer,
                          struct why *why)
{
    msgpack_zone *zone = msgpack_zone_new(8192);
    enum err e;

    if (!zone) return ERR_NOMEM;
    e = fn(store, arguments, zone, answer, why);
    msgpack_zone_free(zone);
    return e;
}

static enum err ask_fact(void *store, const msgpack_object *arguments, struct buf *answer, struct why *why)
{
    return with_zone(answer_fact, store, arguments, answer, why);
}

static enum err ask_product(void *store, const msgpack_object *arguments, struct buf *answer, struct why *why)
{
    return with_zone(answer_product, store, arguments, answer, why);
}

static enum err ask_dossier(void *store, const msgpack_object *arguments, struct buf *answer, struct why *why)
{
    return with_zone(answer_dossier, store, arguments, answer, why);
}

static enum err ask_plans(void *store, const msgpack_object *arguments, struct buf *answer, struct why *why)
{
    return with_zone(answer_plans, store, arguments, answer, why);
}

const struct question intake_questions[] = {
    { "fact", ask_fact }, { "product", ask_product }, { "dossier", ask_dossier }, { "plans", ask_plans },
    { NULL, NULL },
};
