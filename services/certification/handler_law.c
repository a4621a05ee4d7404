/* handler_law.c - the law as scoring adopted it and areas and codes as intake says them: facts from
 * elsewhere, kept for the rules. */
#include "services/certification/handler_inside.h"

APPLY(rules_adopted)
{
    struct rules_adopted adopted;
    enum err e = rules_adopted_decode(turn_envelope(turn), turn_zone(turn), &adopted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (e) return e;
    if (adopted.kind == rules_kind_RULE_SET) return store_add_rules(turn_store(turn), &adopted);
    return adopted.kind == rules_kind_AREAS ? store_add_provinces(turn_store(turn), &adopted) : ERR_NONE;
}

APPLY(area_merged)
{
    struct area_merged merged;
    enum err e = area_merged_decode(turn_envelope(turn), turn_zone(turn), &merged, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_add_area(turn_store(turn), &merged);
    return e;
}

APPLY(product_recoded)
{
    struct product_recoded recoded;
    enum err e = product_recoded_decode(turn_envelope(turn), turn_zone(turn), &recoded, turn_why(turn));

    (void)cause;
    if (!e) e = store_add_alias(turn_store(turn), recoded.code, recoded.product, true, outcome->seq);
    return e;
}

enum err find_signer(struct turn *turn, struct slice rule_set, int64_t star, int32_t day, struct signer *out)
{
    struct signer signer = { .authority = authority_COUNT, .term_months = -1 };
    struct rule_set rules;
    enum err e = store_find_rules(turn_store(turn), rule_set, turn_zone(turn), &rules);

    if (!e) {
        signer.known = true;
        signer.term_months = rules.term_months;
        e = store_find_authority(turn_store(turn), rule_set, star, day, &signer.authority);
        signer.named = !e;
    }
    if (e && e != ERR_NOT_FOUND) return e;
    *out = signer;
    return ERR_NONE;
}

/* [inferred] Who withdraws is who would recognise that star on that day by the rule set of the certificate:
 * what a district issued is the province's since there are no districts. A certificate whose rule set names
 * nobody is its issuer's. */
enum err find_revoker(struct turn *turn, const struct certificate *certificate, int32_t day,
                      enum authority *who)
{
    struct signer signer;
    enum err e = find_signer(turn, certificate->rule_set, certificate->star, day, &signer);

    if (!e) *who = signer.named ? signer.authority : certificate->authority;
    return e;
}
