/* handler_extension.c - dossiers, as far as they concern a certificate: which recorded one is of which
 * product, whose term is extended until their result, and what ends that. */
#include "services/certification/handler_inside.h"

/* --- the certificate a dossier is about --- */

struct subject {
    struct certificate certificate;
    bool there;
    bool links; /* a recorded one, which was not known to be of this product */
};

/* [inferred] A recorded certificate that a dossier of its province names is of that dossier's product, unless
 * another product has certificates issued here under its code. */
static enum err may_link(struct turn *turn, const struct dossier_accepted *accepted,
                         const struct certificate *c, bool *may)
{
    bool issued = false;
    enum err e;

    *may = false;
    if (!c->recorded || c->linked) return ERR_NONE;
    e = store_stands_for(turn_store(turn), c->province, accepted->province, turn_day(turn), may);
    if (!e && *may) e = store_has_issued(turn_store(turn), c->product, &issued);
    if (issued) *may = false;
    return e;
}

static enum err find_subject(struct turn *turn, const struct dossier_accepted *accepted, struct subject *out)
{
    struct store *store = turn_store(turn);
    enum err e;

    out->links = false;
    if (accepted->has_certificate)
        e = store_find_certificate(store, accepted->certificate, STORE_NOW, turn_zone(turn),
                                   &out->certificate);
    else
        e = store_find_latest(store, accepted->product, turn_zone(turn), &out->certificate);
    out->there = !e;
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    if (slice_equal(out->certificate.product, accepted->product)) return ERR_NONE;
    e = may_link(turn, accepted, &out->certificate, &out->links);
    out->there = out->links;
    return e;
}

/* --- extensions --- */

static enum err announce_extended(struct turn *turn, const struct dossier_accepted *accepted,
                                  const struct certificate *c, int32_t to)
{
    const struct certificate_extended extended = { .certificate = c->certificate,
                                                   .product = accepted->product,
                                                   .name = c->name,
                                                   .owner = holder_of(c->owner),
                                                   .dossier = turn_envelope(turn)->id,
                                                   .ends_on = c->facts.ends_on,
                                                   .extended_to = to };

    return certificate_extended_announce(turn, c->province, accepted->product, &extended);
}

/* A dossier was accepted: does the certificate it is about last until its result? */
DECIDE(dossier_accepted)
{
    struct dossier_accepted accepted;
    struct subject subject;
    struct rule_set rules;
    int32_t to = 0;
    enum err e = dossier_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)rec;
    if (e || accepted.kind != dossier_kind_RE_RATING) return e;
    e = find_subject(turn, &accepted, &subject);
    if (e || !subject.there) return e;
    e = store_find_rules_on(turn_store(turn), turn_day(turn), turn_zone(turn), &rules);
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    if (!certification_extension(&rules, &subject.certificate.facts, turn_day(turn), &to)) return ERR_NONE;
    return announce_extended(turn, &accepted, &subject.certificate, to);
}

APPLY(dossier_accepted)
{
    struct dossier_accepted accepted;
    struct subject subject;
    enum err e = dossier_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)cause;
    if (e || !accepted.has_certificate) return e;
    e = find_subject(turn, &accepted, &subject);
    if (e || !subject.links) return e;
    return store_link(turn_store(turn), &subject.certificate, accepted.product, outcome->seq);
}

APPLY(certificate_extended)
{
    struct certificate_extended extended;
    struct dossier_accepted accepted;
    struct extension extension;
    int32_t received_on;
    enum err e = certificate_extended_decode(turn_envelope(turn), turn_zone(turn), &extended, turn_why(turn));

    (void)cause;
    if (!e)
        e = dossier_accepted_decode(turn_cause_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));
    if (e) return e;
    received_on = accepted.has_received_on ? accepted.received_on : turn_day(turn);
    extension = (struct extension){ .certificate = extended.certificate,
                                    .dossier = extended.dossier,
                                    .reference = accepted.reference,
                                    .province = accepted.province,
                                    .from = certification_extension_from(extended.ends_on, received_on),
                                    .to = extended.extended_to };
    return store_add_extension(turn_store(turn), &extension, outcome->seq);
}

/* --- results without a new certificate: the dossier's extension ends, which is news when no other waits ---
 */

static enum err tell_ended(struct turn *turn, struct slice dossier)
{
    struct extension_ended ended;
    struct certificate c;
    const enum err e = store_find_extended(turn_store(turn), dossier, turn_day(turn), turn_zone(turn), &c);

    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    ended = (struct extension_ended){ .certificate = c.certificate,
                                      .product = c.product,
                                      .ended_on = turn_day(turn) };
    return extension_ended_announce(turn, c.province, c.product, &ended);
}

/* Below three stars nothing will be recognised. */
DECIDE(product_rated)
{
    struct product_rated rated;
    const enum err e = product_rated_decode(turn_envelope(turn), turn_zone(turn), &rated, turn_why(turn));

    (void)rec;
    if (e || rated.star >= CERTIFICATION_STAR_LEAST) return e;
    return tell_ended(turn, rated.dossier);
}

DECIDE(withdrawal_accepted)
{
    struct withdrawal_accepted accepted;
    const enum err e =
        withdrawal_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)rec;
    return e ? e : tell_ended(turn, accepted.dossier);
}

APPLY(withdrawal_accepted)
{
    struct withdrawal_accepted accepted;
    enum err e = withdrawal_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)cause;
    if (!e) e = store_add_withdrawn(turn_store(turn), accepted.dossier);
    return e ? e : store_end_extension(turn_store(turn), accepted.dossier, turn_day(turn), outcome->seq);
}

/* The dossier that an extension waits for, of those a rejection may mean; ERR_NOT_FOUND: none. */
static enum err find_rejected(struct turn *turn, struct slice *dossier)
{
    struct rejection_registered rejected;
    const enum err e =
        rejection_registered_decode(turn_envelope(turn), turn_zone(turn), &rejected, turn_why(turn));

    return e ? e
             : store_find_pending(turn_store(turn), rejected.reference, rejected.province, turn_day(turn),
                                  turn_zone(turn), dossier);
}

DECIDE(rejection_registered)
{
    struct slice dossier;
    const enum err e = find_rejected(turn, &dossier);

    (void)rec;
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    return tell_ended(turn, dossier);
}

APPLY(rejection_registered)
{
    struct slice dossier;
    const enum err e = find_rejected(turn, &dossier);

    (void)cause;
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    return store_end_extension(turn_store(turn), dossier, turn_day(turn), outcome->seq);
}
