/* handler_desk.c - what desks do before a dossier is rated: receive it, ask for more, turn it away. */
#include "services/intake/handler_inside.h"

#include "proto/codec.h"

/* --- slips --- */

/* A desk has received a dossier: its days begin, and the law of that day is noted. */
enum err decide_slip_filed(struct turn *turn, const struct record *rec)
{
    const struct slice province = topic_province(rec->topic);
    const struct intake_rules *rules = NULL, *first = NULL;
    struct intake_standing standing;
    struct slip_filed slip;
    bool twice = false;
    enum err e = slip_filed_decode(turn_envelope(turn), turn_zone(turn), &slip, turn_why(turn));

    if (!e) e = check_filer(turn, province);
    if (!e) e = store_has_slip(turn_store(turn), &slip, &twice);
    if (!e) e = store_list_rules(turn_store(turn), turn_zone(turn), &first);
    if (e) return e;
    rules = intake_rules_on(first, slip.received_on);
    e = intake_check_slip(&slip, province, turn_day(turn), twice, rules != NULL, turn_why(turn));
    if (!e) e = check_desk(turn, slip.desk, slip.received_on);
    if (!e)
        e = store_find_standing(turn_store(turn), slip.province, slip.reference, turn_zone(turn), &standing);
    if (!e && !rules) e = ERR_PROMISE;
    if (e) return e;
    return slip_registered_announce(turn, province, slip.reference,
                                    &(struct slip_registered){ .reference = slip.reference,
                                                               .province = standing.province,
                                                               .desk = slip.desk,
                                                               .received_on = slip.received_on,
                                                               .has_commune_code = slip.has_commune_code,
                                                               .commune_code = slip.commune_code,
                                                               .has_owner = slip.has_owner,
                                                               .owner = slip.owner,
                                                               .rule_set = rules->name });
}

enum err apply_slip_registered(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct slip_registered registered;
    struct slip_filed filed;
    enum err e = slip_registered_decode(turn_envelope(turn), turn_zone(turn), &registered, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = slip_filed_decode(turn_cause_envelope(turn), turn_zone(turn), &filed, turn_why(turn));
    if (!e)
        e = store_add_slip(turn_store(turn), turn_envelope(turn)->id, registered.province, &filed,
                           registered.rule_set);
    return e;
}

/* --- requests for more --- */

/* What has become of the reference a desk speaks of, which must still be open. */
static enum err find_open(struct turn *turn, const struct record *rec, struct slice province,
                          struct slice reference, enum desk desk, struct intake_standing *standing)
{
    enum err e = check_filer(turn, topic_province(rec->topic));

    if (!e) e = intake_check_province(province, topic_province(rec->topic), turn_why(turn));
    if (!e) e = check_desk(turn, desk, turn_day(turn));
    if (!e) e = store_find_standing(turn_store(turn), province, reference, turn_zone(turn), standing);
    if (!e) e = intake_check_standing(standing, reference, turn_why(turn));
    return e;
}

enum err decide_request_filed(struct turn *turn, const struct record *rec)
{
    struct intake_standing standing;
    struct request_filed filed;
    enum err e = request_filed_decode(turn_envelope(turn), turn_zone(turn), &filed, turn_why(turn));

    if (!e) e = find_open(turn, rec, filed.province, filed.reference, filed.desk, &standing);
    if (!e) e = intake_check_due(&filed, turn_day(turn), turn_why(turn));
    if (e) return e;
    return request_registered_announce(turn, topic_province(rec->topic), filed.reference,
                                       &(struct request_registered){ .reference = filed.reference,
                                                                     .province = standing.province,
                                                                     .due_before = filed.due_before,
                                                                     .has_owner = standing.owner.size > 0,
                                                                     .owner = standing.owner,
                                                                     .reason = filed.reason });
}

enum err apply_request_registered(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct request_registered registered;
    struct request_filed filed;
    enum err e = request_registered_decode(turn_envelope(turn), turn_zone(turn), &registered, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = request_filed_decode(turn_cause_envelope(turn), turn_zone(turn), &filed, turn_why(turn));
    if (!e) e = store_add_request(turn_store(turn), turn_envelope(turn)->id, registered.province, &filed);
    return e;
}

/* --- rejections --- */

enum err decide_rejection_filed(struct turn *turn, const struct record *rec)
{
    struct intake_standing standing;
    struct rejection_filed filed;
    enum err e = rejection_filed_decode(turn_envelope(turn), turn_zone(turn), &filed, turn_why(turn));

    if (!e) e = find_open(turn, rec, filed.province, filed.reference, filed.desk, &standing);
    if (e) return e;
    return rejection_registered_announce(turn, topic_province(rec->topic), filed.reference,
                                         &(struct rejection_registered){ .reference = filed.reference,
                                                                         .province = standing.province,
                                                                         .has_owner = standing.owner.size > 0,
                                                                         .owner = standing.owner,
                                                                         .reason = filed.reason });
}

/* The products of dossiers under this reference, some of which were just turned away. */
static enum err apply_names_of(struct turn *turn, struct slice reference)
{
    struct store_dossier *first = NULL;
    size_t count = 0;
    enum err e = store_list_by_reference(turn_store(turn), reference, turn_zone(turn), &first, &count);

    for (const struct store_dossier *d = first; !e && d; d = d->next)
        if (d->dossier.rejected) e = apply_names(turn, d->dossier.product);
    return e;
}

enum err apply_rejection_registered(struct turn *turn, const struct record *outcome,
                                    const struct record *cause)
{
    struct rejection_registered registered;
    struct rejection_filed filed;
    enum err e =
        rejection_registered_decode(turn_envelope(turn), turn_zone(turn), &registered, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = rejection_filed_decode(turn_cause_envelope(turn), turn_zone(turn), &filed, turn_why(turn));
    if (!e) e = store_add_rejection(turn_store(turn), turn_envelope(turn)->id, registered.province, &filed);
    return e ? e : apply_names_of(turn, filed.reference);
}
