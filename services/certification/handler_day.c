/* handler_day.c - what is told of the end of a certificate: news on its day, on which no status rests. */
#include "services/certification/handler_inside.h"

struct slice holder_of(struct slice owner)
{
    return owner.size ? owner : slice_text("-");
}

/* The rule set whose notices count on that day: the one in force, when it has any; empty: each certificate's
 * own. */
static enum err find_noticing(struct turn *turn, int32_t day, struct slice *rule_set)
{
    struct rule_set rules;
    int64_t longest = -1;
    enum err e = store_find_rules_on(turn_store(turn), day, turn_zone(turn), &rules);

    *rule_set = slice_of(NULL, 0);
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    e = store_longest_notice(turn_store(turn), rules.name, &longest);
    if (!e && longest >= 0) *rule_set = rules.name;
    return e;
}

enum err tell_near_end(struct turn *turn, struct slice province, struct slice rule_set,
                       const struct certificate_expiring *expiring)
{
    struct certificate_expiring told = *expiring;
    struct slice noticing;
    int64_t longest = -1;
    enum err e = find_noticing(turn, turn_day(turn), &noticing);

    if (!e) e = store_longest_notice(turn_store(turn), noticing.size ? noticing : rule_set, &longest);
    if (e || !certification_end_is_near(told.ends_on, turn_day(turn), longest)) return e;
    told.days_left = told.ends_on - turn_day(turn);
    return certificate_expiring_announce(turn, province, told.product, &told);
}

static enum err tell_expiring(struct turn *turn, const struct certificate *c, int32_t day)
{
    const struct certificate_expiring expiring = { .certificate = c->certificate,
                                                   .product = c->product,
                                                   .name = c->name,
                                                   .owner = holder_of(c->owner),
                                                   .ends_on = c->facts.ends_on,
                                                   .days_left = c->facts.ends_on - day };

    return certificate_expiring_announce(turn, c->province, c->product, &expiring);
}

static enum err tell_expired(struct turn *turn, const struct certificate *c)
{
    const struct certificate_expired expired = { .certificate = c->certificate,
                                                 .product = c->product,
                                                 .name = c->name,
                                                 .owner = holder_of(c->owner),
                                                 .ended_on = status_last_day(&c->facts) };

    return certificate_expired_announce(turn, c->province, c->product, &expired);
}

/* A new day: tell which certificates end soon, and which ended. */
DECIDE(day_started)
{
    struct store_certificate *first = NULL;
    struct day_started started;
    struct slice noticing = { NULL, 0 };
    size_t count = 0;
    enum err e = day_started_decode(turn_envelope(turn), turn_zone(turn), &started, turn_why(turn));

    (void)rec;
    if (!e) e = find_noticing(turn, started.day, &noticing);
    if (!e) e = store_list_noticed(turn_store(turn), started.day, noticing, turn_zone(turn), &first, &count);
    for (const struct store_certificate *c = first; !e && c; c = c->next)
        e = tell_expiring(turn, &c->row, started.day);
    if (!e) e = store_list_ended(turn_store(turn), started.day, turn_zone(turn), &first, &count);
    for (const struct store_certificate *c = first; !e && c; c = c->next) {
        if (status_on(&c->row.facts, started.day).status == STATUS_EXPIRED) e = tell_expired(turn, &c->row);
    }
    return e;
}

APPLY(day_started)
{
    struct day_started started;
    enum err e = day_started_decode(turn_envelope(turn), turn_zone(turn), &started, turn_why(turn));

    (void)cause;
    if (!e) e = store_add_day(turn_store(turn), started.day, outcome->seq);
    return e;
}

APPLY(certificate_expired)
{
    struct certificate_expired expired;
    enum err e = certificate_expired_decode(turn_envelope(turn), turn_zone(turn), &expired, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_told_expired(turn_store(turn), expired.certificate);
    return e;
}
