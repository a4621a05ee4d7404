/* handler_change.c - what becomes of an accepted dossier: supplements, withdrawals, ratings. */
#include "services/intake/handler_inside.h"

#include "proto/codec.h"

/* The dossier a request names; *out stays NULL when it is not accepted yet. *as is the dossier's province
 * where the sender's stands for it, else the sender's. */
static enum err find_named(struct turn *turn, const struct record *rec, struct slice id,
                           struct intake_dossier *row, const struct intake_dossier **out, struct slice *as)
{
    bool ours = false;
    enum err e = check_filer(turn, topic_province(rec->topic));

    if (e) return e;
    e = store_find_dossier(turn_store(turn), id, turn_zone(turn), row);
    *as = topic_province(rec->topic);
    *out = e ? NULL : row;
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    e = store_stands_for(turn_store(turn), *as, row->province, &ours);
    if (ours) *as = row->province;
    return e;
}

/* --- supplements --- */

/* Is there a name, applicant or paper that the dossier does not have? */
static enum err find_change(struct turn *turn, const struct intake_dossier *dossier,
                            const struct dossier_supplemented *filed, bool *changed)
{
    bool held = true;
    enum err e = ERR_NONE;

    *changed = (filed->has_product && !slice_equal(filed->product, dossier->name)) ||
               (filed->has_owner && !slice_equal(filed->owner, dossier->owner));
    for (size_t i = 0; !e && held && i < filed->items_count; i++)
        e = store_has_item(turn_store(turn), dossier->dossier, &filed->items[i], &held);
    if (!held) *changed = true;
    return e;
}

/* A paper cited from an earlier dossier of the product must be there. */
static enum err check_cited(struct turn *turn, const struct intake_dossier *dossier,
                            const struct dossier_supplemented *filed)
{
    bool held = true;
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < filed->items_count; i++) {
        if (!filed->items[i].earlier) continue;
        e = store_has_cited(turn_store(turn), dossier->product, &filed->items[i], &held);
        if (!e && (!held || !filed->items[i].has_digest))
            return why_set(turn_why(turn), ERR_INVALID, "ITEM_NOT_FOUND",
                           "%.*s is cited from an earlier dossier, but none of this product holds it with "
                           "that digest; hand it in anew",
                           SLICE_ARG(filed->items[i].item));
    }
    return e;
}

/* Code of another product that has this name and applicant already; empty when there is none. */
static enum err find_other(struct turn *turn, const struct intake_dossier *dossier, struct slice name,
                           struct slice owner, struct slice *other)
{
    char owner_key[INTAKE_KEY_BYTES], name_key[INTAKE_KEY_BYTES];
    struct intake_product product;
    enum err e = intake_key(owner, owner_key);

    *other = slice_of(NULL, 0);
    if (!e) e = intake_key(name, name_key);
    if (e) return e;
    e = store_find_product_named(turn_store(turn), dossier->province, owner_key, name_key, turn_zone(turn),
                                 &product);
    if (e == ERR_NOT_FOUND) return ERR_NONE;
    if (!e && !slice_equal(product.product, dossier->product)) *other = product.product;
    return e;
}

static enum owner_kind kind_of(struct slice word)
{
    int kind = 0;

    while (kind < owner_kind_OTHER && !slice_is(word, owner_kind_word((enum owner_kind)kind)))
        kind++;
    return (enum owner_kind)kind;
}

static enum err announce_supplement(struct turn *turn, struct slice province,
                                    const struct intake_dossier *dossier, struct slice name,
                                    struct slice owner)
{
    const struct supplement_accepted accepted = { .dossier = dossier->dossier,
                                                  .product = dossier->product,
                                                  .name = name,
                                                  .owner = owner,
                                                  .version = dossier->version + 1 };
    char owner_code[INTAKE_CODE_BYTES];
    enum err e = announce_owner(turn, dossier->province, owner, kind_of(dossier->owner_kind), owner_code);

    return e ? e : supplement_accepted_announce(turn, province, dossier->product, &accepted);
}

/* An accepted dossier is corrected: it gets a new version, the old ones stay. */
enum err decide_dossier_supplemented(struct turn *turn, const struct record *rec)
{
    const struct intake_dossier *dossier = NULL;
    struct dossier_supplemented filed;
    struct intake_dossier row;
    struct slice name, owner, other, province;
    bool changed = false;
    enum err e = dossier_supplemented_decode(turn_envelope(turn), turn_zone(turn), &filed, turn_why(turn));

    if (!e) e = find_named(turn, rec, filed.dossier, &row, &dossier, &province);
    if (!e) e = intake_check_open(dossier, filed.dossier, province, turn_why(turn));
    if (!e && !dossier) e = ERR_PROMISE;
    if (e) return e;
    name = filed.has_product ? filed.product : dossier->name;
    owner = filed.has_owner ? filed.owner : dossier->owner;
    e = find_change(turn, dossier, &filed, &changed);
    if (!e) e = find_other(turn, dossier, name, owner, &other);
    if (!e) e = intake_check_supplement(dossier, name, owner, changed, other, turn_why(turn));
    if (!e) e = check_cited(turn, dossier, &filed);
    return e ? e : announce_supplement(turn, topic_province(rec->topic), dossier, name, owner);
}

enum err apply_supplement_accepted(struct turn *turn, const struct record *outcome,
                                   const struct record *cause)
{
    struct supplement_accepted accepted;
    struct dossier_supplemented filed;
    enum err e = supplement_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)cause;
    if (!e)
        e = dossier_supplemented_decode(turn_cause_envelope(turn), turn_zone(turn), &filed, turn_why(turn));
    if (!e) e = store_add_version(turn_store(turn), &accepted, &filed, outcome->seq);
    if (!e) e = store_mark_came(turn_store(turn), accepted.dossier, filed.items, filed.items_count);
    return e ? e : apply_names(turn, accepted.product);
}

/* --- withdrawals and ratings --- */

/* The applicant takes a dossier back: possible until it is rated. */
enum err decide_dossier_withdrawn(struct turn *turn, const struct record *rec)
{
    const struct intake_dossier *dossier = NULL;
    struct dossier_withdrawn filed;
    struct intake_dossier row;
    struct slice province;
    enum err e = dossier_withdrawn_decode(turn_envelope(turn), turn_zone(turn), &filed, turn_why(turn));

    if (!e) e = find_named(turn, rec, filed.dossier, &row, &dossier, &province);
    if (!e) e = intake_check_open(dossier, filed.dossier, province, turn_why(turn));
    if (!e && !dossier) e = ERR_PROMISE;
    if (e) return e;
    return withdrawal_accepted_announce(
        turn, topic_province(rec->topic), dossier->product,
        &(struct withdrawal_accepted){ .dossier = dossier->dossier, .product = dossier->product });
}

enum err apply_withdrawal_accepted(struct turn *turn, const struct record *outcome,
                                   const struct record *cause)
{
    struct withdrawal_accepted accepted;
    enum err e = withdrawal_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_mark_withdrawn(turn_store(turn), accepted.dossier);
    return e ? e : apply_names(turn, accepted.product);
}

/* The council has spoken: from here on the dossier stays as it is. */
enum err apply_product_rated(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct product_rated rated;
    enum err e = product_rated_decode(turn_envelope(turn), turn_zone(turn), &rated, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_mark_rated(turn_store(turn), rated.dossier);
    return e;
}
