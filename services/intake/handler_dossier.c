/* handler_dossier.c - a dossier is accepted or handed back; its owner and product get their codes. */
#include "services/intake/handler_inside.h"

#include "proto/codec.h"

#include <stdio.h>

/* --- deciding --- */

/* Hand the dossier back under its reference, so that the filer finds it. */
static enum err return_dossier(struct turn *turn, const struct dossier_filed *filed, struct slice province,
                               const struct why *why, const struct intake_gaps *gaps)
{
    const struct dossier_returned returned = { .code = slice_text(why->code),
                                               .sentence = slice_text(why->sentence),
                                               .has_reference = true,
                                               .reference = filed->reference,
                                               .has_province = true,
                                               .province = filed->province,
                                               .has_gaps = gaps != NULL,
                                               .gaps = gaps ? gaps->list : NULL,
                                               .gaps_count = gaps ? gaps->count : 0 };

    return dossier_returned_announce(turn, province, filed->reference, &returned);
}

/* What a product is and will be called. */
struct naming {
    char first[INTAKE_CODE_BYTES];   /* the code it is known by for good */
    char printed[INTAKE_CODE_BYTES]; /* the one to print; empty: its first */
    bool fresh, recoded;             /* to be registered; `printed` is new */
};

static enum err new_code(struct turn *turn, const struct dossier_filed *filed, char code[INTAKE_CODE_BYTES])
{
    const int32_t day = turn_day(turn);
    int64_t serial = 0;
    const enum err e =
        store_next_serial(turn_store(turn), filed->province, filed->commune_code, intake_year(day), &serial);

    if (!e)
        intake_product_code(day, filed->province, filed->district_code, filed->commune_code, serial, code);
    return e;
}

/* A product that is known keeps its first code, one that was certified elsewhere under a code has that one:
 * the code that the filing names, else the one on its certificate. With its first dossier of a new period it
 * gets one more. */
static enum err name_product(struct turn *turn, const struct filing *f, struct naming *name)
{
    const struct intake_product *product = f->known.product;
    const struct intake_certificate *certificate = f->known.certificate;
    const int32_t day = turn_day(turn);
    struct slice latest = { NULL, 0 };

    *name = (struct naming){ .fresh = !product };
    if (product)
        latest = product->code;
    else if (f->filed.has_product_code && f->known.code_known)
        latest = f->filed.product_code;
    else if (certificate)
        latest = certificate->product;
    if (latest.size == 0) return new_code(turn, &f->filed, name->first);
    snprintf(name->first, sizeof name->first, "%.*s", SLICE_ARG(product ? product->product : latest));
    if (!slice_is(latest, name->first))
        snprintf(name->printed, sizeof name->printed, "%.*s", SLICE_ARG(latest));
    name->recoded =
        f->recode && intake_code_is_old(latest, product ? product->code_day : day, f->known.areas_day);
    return name->recoded ? new_code(turn, &f->filed, name->printed) : ERR_NONE;
}

static enum err announce_accepted(struct turn *turn, const struct filing *f, const struct naming *name)
{
    const struct dossier_filed *filed = &f->filed;
    const bool certified = f->known.certificate && f->certificate.over.size == 0;
    const struct dossier_accepted accepted = { .reference = filed->reference,
                                               .product = slice_text(name->first),
                                               .kind = filed->kind,
                                               .name = filed->product,
                                               .owner = filed->owner,
                                               .owner_kind = filed->owner_kind,
                                               .province = filed->province,
                                               .round = filed->round,
                                               .rule_set = f->known.rules->name,
                                               .has_rubric = filed->has_rubric,
                                               .rubric = filed->rubric,
                                               .has_code = name->printed[0] != '\0',
                                               .code = slice_text(name->printed),
                                               .has_certificate = certified,
                                               .certificate = f->certificate.certificate,
                                               .has_received_on = true,
                                               .received_on = f->known.received_on,
                                               .has_proposed_on = filed->has_proposed_on,
                                               .proposed_on = filed->proposed_on,
                                               .has_remark = filed->has_remark,
                                               .remark = filed->remark };

    return dossier_accepted_announce(turn, filed->province, accepted.product, &accepted);
}

enum err announce_owner(struct turn *turn, struct slice province, struct slice name, enum owner_kind kind,
                        char code[INTAKE_CODE_BYTES])
{
    struct owner_registered registered = { .name = name, .owner_kind = kind, .province = province };
    char key[INTAKE_KEY_BYTES];
    struct store_owner owner;
    int64_t serial = 0;
    enum err e = intake_key(name, key);

    if (!e) e = store_find_owner_named(turn_store(turn), province, key, turn_zone(turn), &owner);
    if (!e) snprintf(code, INTAKE_CODE_BYTES, "%.*s", SLICE_ARG(owner.owner_code));
    if (e != ERR_NOT_FOUND) return e;
    e = store_next_owner(turn_store(turn), province, &serial);
    if (e) return e;
    intake_owner_code(province, serial, code);
    registered.owner_code = slice_text(code);
    return owner_registered_announce(turn, province, registered.owner_code, &registered);
}

static enum err announce_product(struct turn *turn, const struct dossier_filed *filed, struct slice code)
{
    char owner_code[INTAKE_CODE_BYTES];
    struct product_registered registered = { .product = code,
                                             .name = filed->product,
                                             .owner = filed->owner,
                                             .owner_kind = filed->owner_kind,
                                             .province = filed->province,
                                             .commune_code = filed->commune_code,
                                             .has_commune = filed->has_commune,
                                             .commune = filed->commune,
                                             .has_owner_code = true };
    enum err e = announce_owner(turn, filed->province, filed->owner, filed->owner_kind, owner_code);

    registered.owner_code = slice_text(owner_code);
    return e ? e : product_registered_announce(turn, filed->province, code, &registered);
}

/* A dossier is complete: accept it once in its round, with what its product needs. */
static enum err decide_complete(struct turn *turn, const struct filing *f)
{
    const struct dossier_filed *filed = &f->filed;
    struct slice earlier = { NULL, 0 };
    struct why why = { 0 };
    struct naming name;
    enum err e = ERR_NONE;

    if (f->known.product)
        e = store_find_in_round(turn_store(turn), f->product.product, filed->round, turn_zone(turn),
                                &earlier);
    if (e) return e;
    if (intake_check_round(filed, f->product.product, earlier, &why) ||
        intake_check_kind(filed, &f->known, &why))
        return return_dossier(turn, filed, filed->province, &why, NULL);
    e = name_product(turn, f, &name);
    if (!e) e = announce_accepted(turn, f, &name);
    if (!e && name.fresh) e = announce_product(turn, filed, slice_text(name.first));
    if (!e && name.recoded)
        e = product_recoded_announce(turn, filed->province, slice_text(name.first),
                                     &(struct product_recoded){ .product = slice_text(name.first),
                                                                .code = slice_text(name.printed),
                                                                .province = filed->province });
    return e;
}

/* A dossier came in: accept it, or hand it back with every gap. */
enum err decide_dossier_filed(struct turn *turn, const struct record *rec)
{
    const struct slice province = topic_province(rec->topic);
    struct intake_gaps gaps;
    struct filing f;
    struct why why = { 0 };
    bool used = false;
    enum err e = dossier_filed_decode(turn_envelope(turn), turn_zone(turn), &f.filed, turn_why(turn));

    if (e) return e;
    e = check_filer(turn, province);
    if (e == ERR_INVALID) return return_dossier(turn, &f.filed, province, turn_why(turn), NULL);
    if (!e) e = store_has_reference(turn_store(turn), f.filed.province, f.filed.reference, &used);
    if (e) return e;
    if (intake_check_reference(&f.filed, province, used, &why))
        return return_dossier(turn, &f.filed, province, &why, NULL);
    e = filing_gather(turn, &f);
    if (e) return e;
    intake_find_gaps(&f.filed, &f.known, &gaps);
    if (intake_check_gaps(&gaps, &why)) return return_dossier(turn, &f.filed, province, &why, &gaps);
    return f.known.rules ? decide_complete(turn, &f) : ERR_PROMISE; /* without one there is a gap */
}

/* --- applying --- */

enum err apply_names(struct turn *turn, struct slice product)
{
    char owner_key[INTAKE_KEY_BYTES], name_key[INTAKE_KEY_BYTES];
    struct store_names names;
    enum err e = store_find_names(turn_store(turn), product, turn_zone(turn), &names);

    if (!e) e = intake_key(names.owner, owner_key);
    if (!e) e = intake_key(names.name, name_key);
    return e ? e
             : store_rename_product(turn_store(turn), product, names.province, names.name, names.owner,
                                    owner_key, name_key);
}

/* What was filed is kept beside what was accepted: both stand in the log, the fold needs both. */
enum err apply_dossier_accepted(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    const struct slice id = turn_envelope(turn)->id;
    struct dossier_accepted accepted;
    struct dossier_filed filed;
    enum err e = dossier_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    if (!e) e = dossier_filed_decode(turn_cause_envelope(turn), turn_zone(turn), &filed, turn_why(turn));
    if (!e && !accepted.has_received_on) accepted.received_on = turn_day(turn);
    if (!e) e = store_add_dossier(turn_store(turn), id, &accepted, &filed, cause->seq, outcome->seq);
    if (!e) e = store_mark_came(turn_store(turn), id, filed.items, filed.items_count);
    if (!e) e = apply_names(turn, accepted.product);
    if (!e && accepted.has_certificate)
        e = store_name_certificate(turn_store(turn), accepted.certificate, accepted.product);
    return e;
}

enum err apply_owner_registered(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    char key[INTAKE_KEY_BYTES];
    struct owner_registered owner;
    enum err e = owner_registered_decode(turn_envelope(turn), turn_zone(turn), &owner, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = intake_key(owner.name, key);
    return e ? e : store_add_owner(turn_store(turn), &owner, key);
}

enum err apply_product_registered(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    char owner_key[INTAKE_KEY_BYTES], name_key[INTAKE_KEY_BYTES];
    struct product_registered product;
    enum err e = product_registered_decode(turn_envelope(turn), turn_zone(turn), &product, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = intake_key(product.owner, owner_key);
    if (!e) e = intake_key(product.name, name_key);
    if (!e)
        e = store_add_product(turn_store(turn), turn_envelope(turn)->id, &product, owner_key, name_key,
                              turn_day(turn));
    return e;
}

enum err apply_product_recoded(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct product_recoded recoded;
    enum err e = product_recoded_decode(turn_envelope(turn), turn_zone(turn), &recoded, turn_why(turn));

    (void)outcome;
    (void)cause;
    return e ? e : store_add_code(turn_store(turn), recoded.product, recoded.code, turn_day(turn));
}
