/* questions.c - read-only answers from intake's store. */
#include "services/intake/questions.h"

#include "common/clock.h"
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

static void pack_day(msgpack_packer *p, const char *key, int32_t day)
{
    char text[CLOCK_DAY_TEXT + 1];

    clock_day_text(day, text);
    pack_text(p, key, slice_text(text));
}

static void pack_flag(msgpack_packer *p, const char *key, bool value)
{
    buf_pack_text(p, key);
    if (value)
        msgpack_pack_true(p);
    else
        msgpack_pack_false(p);
}

static void pack_list(msgpack_packer *p, const char *key, size_t count)
{
    buf_pack_text(p, key);
    msgpack_pack_array(p, count);
}

static struct slice state_of(const struct intake_dossier *d)
{
    return slice_text(d->rejected ? "rejected" : d->withdrawn ? "withdrawn" : d->rated ? "rated" : "open");
}

enum { SHORT_FIELDS = 8, LONG_FIELDS = 14 };

static void pack_short(msgpack_packer *p, const struct intake_dossier *d)
{
    pack_text(p, "id", d->dossier);
    pack_text(p, "reference", d->reference);
    pack_text(p, "kind", d->kind);
    pack_text(p, "round", d->round);
    pack_text(p, "rule_set", d->rule_set);
    pack_number(p, "version", d->version);
    pack_text(p, "state", state_of(d));
    pack_day(p, "received_on", d->received_on);
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
    pack_text(p, "code", d->code.size ? d->code : d->product);
    pack_text(p, "certificate", d->certificate);
    pack_text(p, "slip", d->slip);
    pack_text(p, "proposal", d->proposal);
    pack_number(p, "samples", d->samples);
    if (d->proposed_on != INT32_MIN) pack_day(p, "proposed_on", d->proposed_on);
}

static void pack_items(msgpack_packer *p, const struct store_item *first, int64_t version)
{
    size_t count = 0;

    for (const struct store_item *i = first; i; i = i->next)
        count += i->version == version;
    pack_list(p, "items", count);
    for (const struct store_item *i = first; i; i = i->next) {
        if (i->version != version) continue;
        msgpack_pack_map(p, i->bytes < 0 ? 5 : 6);
        pack_text(p, "item", i->item);
        pack_text(p, "name", i->name);
        pack_text(p, "digest", i->digest);
        pack_text(p, "criterion", i->criterion);
        pack_flag(p, "earlier", i->earlier);
        if (i->bytes >= 0) pack_number(p, "bytes", i->bytes);
    }
}

/* --- what was asked for --- */

static enum err bad_argument(struct why *why, const char *name)
{
    return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "the question needs %s, as text", name);
}

/* The latest of a product; one that was withdrawn or turned away only when there is no other. */
static enum err find_latest(struct store *s, struct slice code, msgpack_zone *zone,
                            struct store_dossier **found)
{
    struct intake_product product;
    size_t count = 0;
    enum err e = store_find_product(s, code, zone, &product);

    *found = NULL;
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    e = store_list_by_product(s, product.product, zone, found, &count);
    for (struct store_dossier *d = *found; !e && d; d = d->next) {
        if (d->dossier.withdrawn || d->dossier.rejected) continue;
        *found = d;
        break;
    }
    return e;
}

/* The dossier a key means: its id, its reference (the latest filing under it), or the latest of a product. A
 * reference that several provinces use needs the province beside it. */
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
        if (found && slice_equal(d->dossier.province, found->dossier.province))
            continue; /* an older filing */
        if (found)
            return why_set(why, ERR_INVALID, "BAD_ARGUMENT",
                           "reference %.*s stands in provinces %.*s and %.*s; name the province too",
                           SLICE_ARG(key), SLICE_ARG(found->dossier.province),
                           SLICE_ARG(d->dossier.province));
        found = d;
    }
    if (!found) e = find_latest(s, key, zone, &found);
    if (e) return e;
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
    struct intake_product product;
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

static void pack_product(msgpack_packer *p, const struct intake_product *product)
{
    pack_text(p, "product", product->product);
    pack_text(p, "code", product->code);
    pack_text(p, "name", product->name);
    pack_text(p, "owner", product->owner);
    pack_text(p, "owner_code", product->owner_code);
    pack_text(p, "owner_kind", product->owner_kind);
    pack_text(p, "province", product->province);
    pack_text(p, "commune_code", product->commune_code);
    pack_text(p, "commune", product->commune);
}

enum { PRODUCT_FIELDS = 9 };

static enum err answer_product(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                               struct buf *answer, struct why *why)
{
    struct store_dossier *first = NULL;
    struct store_code *codes = NULL;
    struct intake_product product;
    struct slice code;
    size_t count = 0, code_count = 0;
    msgpack_packer p;
    enum err e;

    if (!mp_text(mp_find(arguments, "product"), &code)) return bad_argument(why, "product");
    e = store_find_product(s, code, zone, &product);
    if (e == ERR_NOT_FOUND)
        return why_set(why, e, "NOT_FOUND", "no product has or had the code %.*s", SLICE_ARG(code));
    if (!e) e = store_list_codes(s, product.product, zone, &codes, &code_count);
    if (!e) e = store_list_by_product(s, product.product, zone, &first, &count);
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, PRODUCT_FIELDS + 2);
    pack_product(&p, &product);
    pack_list(&p, "codes", code_count);
    for (; codes; codes = codes->next) {
        msgpack_pack_map(&p, 2);
        pack_text(&p, "code", codes->code);
        pack_day(&p, "given_on", codes->given_on);
    }
    pack_list(&p, "dossiers", count);
    for (const struct store_dossier *d = first; d; d = d->next) {
        msgpack_pack_map(&p, SHORT_FIELDS);
        pack_short(&p, &d->dossier);
    }
    return answer->failed;
}

/* The owner a key means: its code, or its name; a name that several provinces know needs the province. */
static enum err find_owner(struct store *s, struct slice key, struct slice province, msgpack_zone *zone,
                           struct store_owner *out, struct why *why)
{
    char name_key[INTAKE_KEY_BYTES];
    struct store_owner *first = NULL, *found = NULL;
    size_t count = 0;
    enum err e = store_find_owner(s, key, zone, out);

    if (e != ERR_NOT_FOUND) return e;
    e = intake_key(key, name_key);
    if (!e) e = store_list_owners_named(s, name_key, zone, &first, &count);
    if (e) return e;
    for (; first; first = first->next) {
        if (province.size && !slice_equal(first->province, province)) continue;
        if (found)
            return why_set(why, ERR_INVALID, "BAD_ARGUMENT",
                           "provinces %.*s and %.*s have an owner of this name; name the province too",
                           SLICE_ARG(found->province), SLICE_ARG(first->province));
        found = first;
    }
    if (!found)
        return why_set(why, ERR_NOT_FOUND, "NOT_FOUND", "no owner has the code or name %.*s", SLICE_ARG(key));
    *out = *found;
    return ERR_NONE;
}

static enum err answer_owner(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                             struct buf *answer, struct why *why)
{
    struct slice key, province = { NULL, 0 };
    struct store_product *first = NULL;
    struct store_owner owner;
    size_t count = 0;
    msgpack_packer p;
    enum err e;

    if (!mp_text(mp_find(arguments, "key"), &key)) return bad_argument(why, "key");
    if (mp_find(arguments, "province") && !mp_text(mp_find(arguments, "province"), &province))
        return bad_argument(why, "province");
    e = find_owner(s, key, province, zone, &owner, why);
    if (!e) e = store_list_products_of(s, owner.owner_code, zone, &first, &count);
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 5);
    pack_text(&p, "owner_code", owner.owner_code);
    pack_text(&p, "name", owner.name);
    pack_text(&p, "owner_kind", owner.kind);
    pack_text(&p, "province", owner.province);
    pack_list(&p, "products", count);
    for (; first; first = first->next) {
        msgpack_pack_map(&p, PRODUCT_FIELDS);
        pack_product(&p, &first->product);
    }
    return answer->failed;
}

/* What belongs to a dossier, besides itself. */
struct dossier_lists {
    struct store_version *versions;
    struct store_item *items;
    struct store_assessment *assessments;
    struct store_slip *slips;
    struct store_request *requests;
    struct store_asked *asked;
    size_t version_count, item_count, assessment_count, slip_count, request_count, asked_count;
};

static enum err list_all(struct store *s, const struct intake_dossier *d, msgpack_zone *zone,
                         struct dossier_lists *l)
{
    enum err e = store_list_versions(s, d->dossier, zone, &l->versions, &l->version_count);

    if (!e) e = store_list_items(s, d->dossier, zone, &l->items, &l->item_count);
    if (!e) e = store_list_assessments(s, d->dossier, zone, &l->assessments, &l->assessment_count);
    if (!e) e = store_list_slips(s, d, zone, &l->slips, &l->slip_count);
    if (!e) e = store_list_requests(s, d, zone, &l->requests, &l->request_count);
    if (!e) e = store_list_asked(s, d, zone, &l->asked, &l->asked_count);
    return e;
}

static void pack_versions(msgpack_packer *p, const struct dossier_lists *l)
{
    pack_list(p, "versions", l->version_count);
    for (const struct store_version *v = l->versions; v; v = v->next) {
        msgpack_pack_map(p, 5);
        pack_number(p, "version", v->version);
        pack_text(p, "name", v->name);
        pack_text(p, "owner", v->owner);
        pack_text(p, "reason", v->reason);
        pack_items(p, l->items, v->version);
    }
}

static void pack_requests(msgpack_packer *p, const struct dossier_lists *l)
{
    pack_list(p, "requests", l->request_count);
    for (const struct store_request *r = l->requests; r; r = r->next) {
        size_t count = 0;

        for (const struct store_asked *a = l->asked; a; a = a->next)
            count += slice_equal(a->request, r->request);
        msgpack_pack_map(p, 5);
        pack_text(p, "desk", r->desk);
        pack_text(p, "reason", r->reason);
        pack_day(p, "due_before", r->due_before);
        pack_flag(p, "open", r->open);
        pack_list(p, "items", count);
        for (const struct store_asked *a = l->asked; a; a = a->next) {
            if (!slice_equal(a->request, r->request)) continue;
            msgpack_pack_map(p, 2);
            pack_text(p, "item", a->item);
            pack_flag(p, "came", a->came);
        }
    }
}

static void pack_desk(msgpack_packer *p, const struct dossier_lists *l)
{
    pack_list(p, "assessments", l->assessment_count);
    for (const struct store_assessment *a = l->assessments; a; a = a->next) {
        msgpack_pack_map(p, 2);
        pack_text(p, "topic", a->topic);
        pack_text(p, "finding", a->finding);
    }
    pack_list(p, "slips", l->slip_count);
    for (const struct store_slip *slip = l->slips; slip; slip = slip->next) {
        msgpack_pack_map(p, 5);
        pack_text(p, "desk", slip->desk);
        pack_text(p, "number", slip->number);
        pack_day(p, "received_on", slip->received_on);
        pack_text(p, "commune_code", slip->commune_code);
        pack_text(p, "rule_set", slip->rule_set);
    }
    pack_requests(p, l);
}

static enum err answer_dossier(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                               struct buf *answer, struct why *why)
{
    struct dossier_lists lists = { .versions = NULL };
    struct intake_dossier d;
    msgpack_packer p;
    enum err e = dossier_asked(s, arguments, zone, &d, why);

    if (!e) e = list_all(s, &d, zone, &lists);
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, SHORT_FIELDS + LONG_FIELDS + (d.proposed_on != INT32_MIN) + 4);
    pack_short(&p, &d);
    pack_long(&p, &d);
    pack_versions(&p, &lists);
    pack_desk(&p, &lists);
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

static enum err ask_owner(void *store, const msgpack_object *arguments, struct buf *answer, struct why *why)
{
    return with_zone(answer_owner, store, arguments, answer, why);
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
    { "fact", ask_fact },       { "product", ask_product }, { "owner", ask_owner },
    { "dossier", ask_dossier }, { "plans", ask_plans },     { NULL, NULL },
};
