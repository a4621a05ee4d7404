/* handler_record.c - certificates issued before or outside this system: recorded from a source, under numbers
 * of their own. */
#include "services/certification/handler_inside.h"

static enum err make_keys(struct slice name, struct slice owner, struct slice number,
                          struct record_keys *keys)
{
    enum err e = certification_name_key(name, keys->name);

    if (!e) e = certification_name_key(owner, keys->owner);
    if (!e) e = certification_key(number, keys->number);
    return e;
}

/* What is known of it under the same keys; empty: nothing. */
static enum err find_duplicate(struct turn *turn, const struct record_filed *filed, struct slice *duplicate)
{
    struct record_keys *keys = msgpack_zone_malloc(turn_zone(turn), sizeof *keys);
    enum err e;

    if (!keys) return ERR_NOMEM;
    *duplicate = slice_of(NULL, 0);
    keys->province = filed->province;
    keys->issued_on = filed->issued_on;
    keys->star = filed->star;
    e = make_keys(filed->name, filed->owner, filed->number, keys);
    if (!e) e = store_find_record(turn_store(turn), keys, turn_zone(turn), duplicate);
    return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

static enum err announce_recorded(struct turn *turn, const struct record_filed *filed,
                                  const struct rule_set *rules, const struct signer *signer)
{
    const int64_t year = certification_year(filed->issued_on);
    char number[CERTIFICATION_NUMBER_BYTES];
    struct certificate_recorded recorded = { .has_product = filed->has_product,
                                             .product = filed->product,
                                             .name = filed->name,
                                             .has_owner = filed->has_owner,
                                             .owner = filed->owner,
                                             .star = filed->star,
                                             .has_number = filed->has_number,
                                             .number = filed->number,
                                             .authority = signer->authority,
                                             .province = filed->province,
                                             .rule_set = rules->name,
                                             .issued_on = filed->issued_on,
                                             .source = filed->source };
    struct certificate_expiring expiring = { .name = filed->name, .owner = holder_of(filed->owner) };
    struct record_accepted accepted;
    int64_t serial = 0;
    enum err e = store_last_serial(turn_store(turn), true, filed->province, year, &serial);

    if (e) return e;
    certification_number(true, filed->province, year, serial + 1, number);
    recorded.certificate = accepted.certificate = expiring.certificate = slice_text(number);
    recorded.ends_on = expiring.ends_on =
        filed->has_ends_on ? filed->ends_on : clock_day_add_months(filed->issued_on, (int)rules->term_months);
    expiring.product = filed->has_product ? filed->product : recorded.certificate;
    e = record_accepted_announce(turn, filed->province, recorded.certificate, &accepted);
    if (!e) e = certificate_recorded_announce(turn, filed->province, expiring.product, &recorded);
    if (!e) e = tell_near_end(turn, filed->province, rules->name, &expiring);
    return e;
}

DECIDE(record_filed)
{
    struct signer signer = { .term_months = -1 };
    struct slice duplicate = { NULL, 0 };
    struct rule_set rules;
    struct record_filed filed;
    struct area area;
    bool covered;
    enum err e = record_filed_decode(turn_envelope(turn), turn_zone(turn), &filed, turn_why(turn));

    if (!e) e = find_duplicate(turn, &filed, &duplicate);
    if (!e) e = store_find_area(turn_store(turn), filed.province, filed.issued_on, turn_zone(turn), &area);
    if (e) return e;
    e = store_find_rules_on(turn_store(turn), filed.issued_on, turn_zone(turn), &rules);
    covered = !e;
    if (!e) e = find_signer(turn, rules.name, filed.star, filed.issued_on, &signer);
    if (e && e != ERR_NOT_FOUND) return e;
    e = certification_check_record(&filed, topic_province(rec->topic), &area, turn_day(turn),
                                   covered ? &rules : NULL, &signer, duplicate, turn_why(turn));
    return e ? e : announce_recorded(turn, &filed, &rules, &signer);
}

/* Its product is the one its printed code means; without a code it stands for a product of its own, known by
 * the certificate's number, until a dossier names it. */
APPLY(certificate_recorded)
{
    struct store_place place = { .fact = turn_envelope(turn)->id, .seq = outcome->seq };
    struct record_keys *keys = msgpack_zone_malloc(turn_zone(turn), sizeof *keys);
    struct certificate_recorded recorded;
    struct slice product;
    enum err e = certificate_recorded_decode(turn_envelope(turn), turn_zone(turn), &recorded, turn_why(turn));

    (void)cause;
    if (!keys) return ERR_NOMEM;
    if (!e && !certification_number_parts(recorded.certificate, &place.year, &place.serial)) e = ERR_PROMISE;
    if (!e) e = make_keys(recorded.name, recorded.owner, recorded.number, keys);
    if (e) return e;
    product = recorded.certificate;
    keys->province = recorded.province;
    keys->issued_on = recorded.issued_on;
    keys->star = recorded.star;
    place.open = recorded.ends_on >= turn_day(turn);
    if (recorded.has_product)
        e = store_resolve(turn_store(turn), recorded.product, STORE_NOW, turn_zone(turn), &product);
    if (!e) e = store_add_record(turn_store(turn), &place, keys, product, &recorded);
    return e;
}
