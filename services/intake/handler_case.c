/* handler_case.c - what the store and the adopted law know of a filed dossier. */
#include "services/intake/handler_inside.h"

/* NOT_FOUND is an answer, not an error. */
static enum err found(enum err e, bool *there)
{
    *there = e == ERR_NONE;
    return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

/* --- the law --- */

/* The day it was handed in: as it says, else the day of its first slip, else today. */
static enum err gather_days(struct turn *turn, struct filing *f)
{
    bool there = false;
    enum err e = ERR_NONE;

    f->known.day = f->known.received_on = turn_day(turn);
    if (f->filed.has_received_on)
        f->known.received_on = f->filed.received_on;
    else
        e = found(store_find_receipt(turn_store(turn), f->filed.province, f->filed.reference,
                                     &f->known.received_on),
                  &there);
    if (!e)
        e = found(store_find_areas(turn_store(turn), &f->known.areas_day, &f->recode), &f->known.has_areas);
    if (!f->known.has_areas || f->known.day < f->known.areas_day) f->recode = false;
    return e;
}

static enum err gather_law(struct turn *turn, struct filing *f)
{
    const struct intake_rules *first = NULL;
    struct intake_case *known = &f->known;
    struct item_needed *items = NULL;
    bool goods = true;
    enum err e = store_list_rules(turn_store(turn), turn_zone(turn), &first);

    if (e) return e;
    known->in_force = intake_rules_on(first, known->received_on);
    known->rules = f->filed.has_rule_set ? intake_rules_named(first, f->filed.rule_set) : known->in_force;
    if (known->rules) {
        known->over = intake_transition_over(first, known->rules, f->filed.kind, known->day);
        e = store_list_needed(turn_store(turn), known->rules->name, f->filed.kind, turn_zone(turn), &items,
                              &known->items_count);
        known->items = items;
    }
    if (!e && f->filed.has_rubric)
        e = found(store_find_rubric(turn_store(turn), f->filed.rubric, &goods), &known->rubric_known);
    known->services = !goods;
    return e;
}

/* --- the product and its certificate --- */

/* `named` is what a code or names were found to mean. */
static void take_product(struct filing *f, const struct intake_product *named)
{
    f->product = *named;
    f->known.product = &f->product;
}

static void take_certificate(struct filing *f, const struct intake_certificate *named)
{
    f->certificate = *named;
    f->known.certificate = &f->certificate;
}

/* Any code of a product that is known here, or one that stands on a recorded certificate. */
static enum err find_by_code(struct turn *turn, struct filing *f)
{
    struct intake_certificate certificate;
    struct intake_product product;
    bool there = false;
    enum err e =
        found(store_find_product(turn_store(turn), f->filed.product_code, turn_zone(turn), &product), &there);

    f->known.code_known = there;
    if (there) take_product(f, &product);
    if (e || there) return e;
    e = found(store_find_printed(turn_store(turn), f->filed.product_code, turn_zone(turn), &certificate),
              &there);
    f->known.code_known = there;
    if (there) take_certificate(f, &certificate);
    return e;
}

static enum err find_by_certificate(struct turn *turn, struct filing *f)
{
    struct intake_certificate certificate;
    struct intake_product product;
    bool there = false;
    enum err e =
        found(store_find_certificate(turn_store(turn), f->filed.certificate, turn_zone(turn), &certificate),
              &there);

    f->known.certificate_known = there;
    if (e || !there) return e;
    take_certificate(f, &certificate);
    if (certificate.product.size == 0) return ERR_NONE;
    e = found(store_find_product(turn_store(turn), certificate.product, turn_zone(turn), &product), &there);
    if (e) return e;
    if (f->filed.has_product_code && f->known.code_known)
        f->known.codes_differ = there && f->known.product
                                    ? !slice_equal(product.product, f->product.product)
                                    : !slice_equal(certificate.product, f->filed.product_code);
    if (there && !f->known.product) take_product(f, &product);
    return ERR_NONE;
}

/* Whose name the filing bears: the product's own, that of another, or of one to be registered. */
static enum err find_by_names(struct turn *turn, struct filing *f)
{
    char own[INTAKE_KEY_BYTES] = "";
    struct intake_product product;
    bool there = false;
    enum err e = ERR_NONE;

    if (!f->owner_key[0] || !f->name_key[0]) return ERR_NONE;
    if (f->known.product) e = intake_key(f->product.name, own);
    if (e || strcmp(own, f->name_key) == 0) return e;
    e = found(store_find_product_named(turn_store(turn), f->filed.province, f->owner_key, f->name_key,
                                       turn_zone(turn), &product),
              &there);
    if (e || !there) return e;
    if (!f->known.product)
        take_product(f, &product);
    else if (!slice_equal(product.product, f->product.product))
        f->known.other = product.product;
    return ERR_NONE;
}

static enum err gather_standing(struct turn *turn, struct filing *f)
{
    struct intake_case *known = &f->known;
    const struct slice key = slice_text(f->owner_key);
    const struct intake_certificate *c = known->certificate;

    if (!known->product && !c) return ERR_NONE;
    known->same_owner = !known->product || slice_equal(f->product.owner_key, key);
    if (c && c->owner_key.size && !known->product) known->same_owner = slice_equal(c->owner_key, key);
    return store_stands_for(turn_store(turn), f->filed.province,
                            known->product ? f->product.province : c->province, &known->same_province);
}

/* The certificate found by its names says which product is meant; a code that is of another owner's product
 * is not taken from that. */
static enum err take_current(struct turn *turn, struct filing *f, const struct intake_certificate *current)
{
    struct intake_product product;
    bool there = false, ours = false;
    enum err e;

    take_certificate(f, current);
    if (f->known.product || current->product.size == 0) return ERR_NONE;
    e = found(store_find_product(turn_store(turn), current->product, turn_zone(turn), &product), &there);
    if (e || !there) return e;
    if (slice_equal(product.owner_key, slice_text(f->owner_key)))
        e = store_stands_for(turn_store(turn), f->filed.province, product.province, &ours);
    if (ours)
        take_product(f, &product);
    else
        f->certificate.product = slice_of(NULL, 0);
    return e;
}

/* The one of the product, or of these names, where the filing names none, or names by its code one that is
 * over. */
static enum err find_current(struct turn *turn, struct filing *f)
{
    const struct intake_certificate *named = f->known.certificate;
    struct intake_certificate current;
    bool there = false;
    enum err e;

    if (named && (f->filed.has_certificate || named->over.size == 0)) return ERR_NONE;
    e = found(store_find_current(turn_store(turn), f->product.product, f->filed.province, f->owner_key,
                                 f->name_key, turn_zone(turn), &current),
              &there);
    return there ? take_current(turn, f, &current) : e;
}

static enum err gather_product(struct turn *turn, struct filing *f)
{
    enum err e = ERR_NONE;

    if (f->filed.has_product) e = intake_key(f->filed.product, f->name_key);
    if (!e && f->filed.has_owner) e = intake_key(f->filed.owner, f->owner_key);
    if (!e && f->filed.has_product_code) e = find_by_code(turn, f);
    if (!e && f->filed.has_certificate) e = find_by_certificate(turn, f);
    if (!e) e = find_by_names(turn, f);
    if (!e) e = gather_standing(turn, f);
    return e ? e : find_current(turn, f);
}

static enum err gather_cited(struct turn *turn, struct filing *f)
{
    enum err e = ERR_NONE;

    if (!f->known.product) return ERR_NONE;
    for (size_t i = 0; !e && i < f->filed.items_count && i < INTAKE_ITEMS_MAX; i++)
        if (f->filed.items[i].earlier && f->filed.items[i].has_digest)
            e = store_has_cited(turn_store(turn), f->product.product, &f->filed.items[i], &f->known.cited[i]);
    return e;
}

enum err filing_gather(struct turn *turn, struct filing *f)
{
    enum err e;

    memset(&f->known, 0, sizeof f->known);
    memset(&f->product, 0, sizeof f->product);
    memset(&f->certificate, 0, sizeof f->certificate);
    f->owner_key[0] = f->name_key[0] = '\0';
    f->recode = false;
    e = gather_days(turn, f);
    if (!e) e = gather_law(turn, f);
    if (!e) e = gather_product(turn, f);
    if (!e) e = gather_cited(turn, f);
    return e;
}
