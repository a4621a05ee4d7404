/* handler_withdrawal.c - certificates that are withdrawn, and the findings that ask for it. */
#include "services/certification/handler_inside.h"

/* A certificate named by a request, with who may withdraw it on that day, and whether `province` has a say in
 * it. *there false: there is none of that number. */
struct target {
    struct certificate certificate;
    enum authority who;
    bool there, in_area;
};

static enum err find_target(struct turn *turn, struct slice number, struct slice province, int32_t day,
                            struct target *out)
{
    enum err e =
        store_find_certificate(turn_store(turn), number, STORE_NOW, turn_zone(turn), &out->certificate);

    out->there = !e;
    out->in_area = false;
    out->who = authority_COUNT;
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    e = store_stands_for(turn_store(turn), out->certificate.province, province, day, &out->in_area);
    if (!e) e = find_revoker(turn, &out->certificate, day, &out->who);
    return e;
}

/* --- withdrawals --- */

static enum err announce_revoked(struct turn *turn, struct slice province,
                                 const struct revocation_decided *decided,
                                 const struct certificate *certificate)
{
    const struct revocation_accepted accepted = { .number = decided->number,
                                                  .certificate = certificate->certificate };
    const struct certificate_revoked revoked = { .certificate = certificate->certificate,
                                                 .product = certificate->product,
                                                 .name = certificate->name,
                                                 .owner = holder_of(certificate->owner),
                                                 .ground = decided->ground,
                                                 .number = decided->number,
                                                 .revoked_on = decided->signed_on };
    enum err e = revocation_accepted_announce(turn, province, certificate->product, &accepted);

    if (!e) e = certificate_revoked_announce(turn, certificate->province, certificate->product, &revoked);
    return e;
}

/* The authority withdraws a certificate. */
DECIDE(revocation_decided)
{
    const struct slice province = topic_province(rec->topic);
    struct revocation_decided decided;
    struct target target;
    struct area area;
    enum err e = revocation_decided_decode(turn_envelope(turn), turn_zone(turn), &decided, turn_why(turn));

    if (!e) e = find_target(turn, decided.certificate, decided.province, decided.signed_on, &target);
    if (!e) e = store_find_area(turn_store(turn), province, decided.signed_on, turn_zone(turn), &area);
    if (e) return e;
    e = certification_check_revocation(&decided, province, &area, turn_day(turn),
                                       target.there ? &target.certificate : NULL, target.in_area, target.who,
                                       turn_why(turn));
    return e ? e : announce_revoked(turn, province, &decided, &target.certificate);
}

/* Open findings on the certificate are settled by it. */
APPLY(certificate_revoked)
{
    struct certificate_revoked revoked;
    enum err e = certificate_revoked_decode(turn_envelope(turn), turn_zone(turn), &revoked, turn_why(turn));

    (void)cause;
    if (!e) e = store_revoke(turn_store(turn), &revoked, outcome->seq);
    return e;
}

/* --- findings --- */

/* [inferred] The days to decide are those of the rule set in force on the day of the finding. Who decides is
 * who may on the day the finding is registered. */
DECIDE(finding_filed)
{
    const struct slice province = topic_province(rec->topic);
    struct finding_filed filed;
    struct finding_registered registered;
    struct rule_set rules;
    struct target target;
    struct area area;
    bool open = false, covered;
    enum err e = finding_filed_decode(turn_envelope(turn), turn_zone(turn), &filed, turn_why(turn));

    if (!e) e = find_target(turn, filed.certificate, filed.province, turn_day(turn), &target);
    if (!e) e = store_has_open_finding(turn_store(turn), filed.certificate, filed.ground, &open);
    if (!e) e = store_find_area(turn_store(turn), province, filed.found_on, turn_zone(turn), &area);
    if (e) return e;
    e = store_find_rules_on(turn_store(turn), filed.found_on, turn_zone(turn), &rules);
    if (e && e != ERR_NOT_FOUND) return e;
    covered = !e;
    e = certification_check_finding(&filed, province, &area, turn_day(turn),
                                    target.there ? &target.certificate : NULL, target.in_area, open,
                                    covered ? &rules : NULL, turn_why(turn));
    if (e) return e;
    registered = (struct finding_registered){ .certificate = target.certificate.certificate,
                                              .product = target.certificate.product,
                                              .ground = filed.ground,
                                              .authority = target.who,
                                              .province = target.certificate.province,
                                              .found_on = filed.found_on,
                                              .decide_by = filed.found_on + (int32_t)rules.withdrawal_days };
    return finding_registered_announce(turn, registered.province, registered.product, &registered);
}

APPLY(finding_registered)
{
    struct finding_registered registered;
    enum err e = finding_registered_decode(turn_envelope(turn), turn_zone(turn), &registered, turn_why(turn));

    (void)cause;
    if (!e) e = store_add_finding(turn_store(turn), turn_envelope(turn)->id, &registered, outcome->seq);
    return e;
}

/* The authority has checked, and leaves the certificate. */
DECIDE(dismissal_decided)
{
    const struct slice province = topic_province(rec->topic);
    struct target target = { .who = authority_COUNT };
    struct dismissal_decided decided;
    struct dismissal_accepted accepted;
    struct finding finding;
    struct area area;
    bool there;
    enum err e = dismissal_decided_decode(turn_envelope(turn), turn_zone(turn), &decided, turn_why(turn));

    if (!e) e = store_find_area(turn_store(turn), province, turn_day(turn), turn_zone(turn), &area);
    if (e) return e;
    e = store_find_finding(turn_store(turn), decided.finding, turn_zone(turn), &finding);
    there = !e;
    if (!e) e = find_target(turn, finding.certificate, decided.province, turn_day(turn), &target);
    if (e && e != ERR_NOT_FOUND) return e;
    e = certification_check_dismissal(&decided, province, &area, there ? &finding : NULL, target.in_area,
                                      target.who, turn_why(turn));
    if (e) return e;
    accepted = (struct dismissal_accepted){ .finding = finding.finding, .certificate = finding.certificate };
    return dismissal_accepted_announce(turn, province, target.certificate.product, &accepted);
}

APPLY(dismissal_accepted)
{
    struct dismissal_accepted accepted;
    enum err e = dismissal_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_dismiss(turn_store(turn), accepted.finding);
    return e;
}
