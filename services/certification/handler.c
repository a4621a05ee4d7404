/* handler.c - certification's decide and apply, and the table that routes to them. */
#include "services/certification/handler.h"

#include "common/clock.h"
#include "proto/codec.h"
#include "services/certification/certification.h"
#include "services/certification/questions.h"
#include "services/certification/store.h"

extern const char certification_schema_sql[];

/* --- facts from elsewhere --- */

/* A council has rated: its result waits here for a decision. */
static enum err apply_product_rated(struct turn *turn, const struct record *outcome,
                                    const struct record *cause)
{
    struct product_rated rated;
    enum err e = product_rated_decode(turn_envelope(turn), turn_zone(turn), &rated, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_add_rating(turn_store(turn), turn_envelope(turn)->id, &rated);
    return e;
}

static enum err apply_withdrawal_accepted(struct turn *turn, const struct record *outcome,
                                          const struct record *cause)
{
    struct withdrawal_accepted accepted;
    enum err e = withdrawal_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_add_withdrawn(turn_store(turn), accepted.dossier);
    return e;
}

/* --- decisions --- */

/* A line that was accepted earlier in this decision. The store does not know it yet: decide writes nothing.
 */
struct accepted_line {
    struct slice rated, product, province;
    char certificate[CERTIFICATION_NUMBER_BYTES];
};

struct ruling {
    struct turn *turn;
    const struct decision_signed *decision;
    struct slice topic_province;
    int32_t first_day;
    struct accepted_line *lines;
    size_t count;
};

static bool recognised_here(const struct ruling *r, struct slice rated)
{
    for (size_t i = 0; i < r->count; i++)
        if (slice_equal(r->lines[i].rated, rated)) return true;
    return false;
}

/* One more than the last of this province and year, those given in this decision included. */
static enum err next_number(const struct ruling *r, struct slice province,
                            char number[CERTIFICATION_NUMBER_BYTES])
{
    const int64_t year = certification_year(r->first_day);
    int64_t serial = 0;
    enum err e = store_last_serial(turn_store(r->turn), province, year, &serial);

    if (e) return e;
    for (size_t i = 0; i < r->count; i++)
        serial += slice_equal(r->lines[i].province, province);
    certification_number(province, year, serial + 1, number);
    return ERR_NONE;
}

/* The product's certificate that a new one replaces; empty when there is none. */
static enum err find_older(const struct ruling *r, struct slice product, struct slice *older)
{
    struct certificate valid;
    enum err e;

    *older = slice_of(NULL, 0);
    for (size_t i = r->count; i > 0; i--) {
        if (!slice_equal(r->lines[i - 1].product, product)) continue;
        *older = slice_text(r->lines[i - 1].certificate);
        return ERR_NONE;
    }
    e = store_find_valid(turn_store(r->turn), product, turn_zone(r->turn), &valid);
    if (e == ERR_NOT_FOUND) return ERR_NONE;
    if (!e) *older = valid.certificate;
    return e;
}

static enum err refuse_line(const struct ruling *r, size_t at, const struct why *why)
{
    const struct decision_item *item = &r->decision->items[at];
    const struct recognition_refused refused = { .code = slice_text(why->code),
                                                 .sentence = slice_text(why->sentence),
                                                 .has_number = true,
                                                 .number = r->decision->number,
                                                 .has_line = true,
                                                 .line = (int64_t)at + 1,
                                                 .has_product = true,
                                                 .product = item->product };

    return recognition_refused_announce(r->turn, r->topic_province, item->product, &refused);
}

/* The line stands: the recognition, its certificate, and the end of the older one. */
static enum err accept_line(struct ruling *r, size_t at, const struct rating *rating)
{
    const struct recognition_accepted accepted = { .number = r->decision->number,
                                                   .line = (int64_t)at + 1,
                                                   .product = rating->product,
                                                   .star = rating->star };
    struct accepted_line *line = &r->lines[r->count];
    struct certificate_issued issued = { .product = rating->product,
                                         .name = rating->name,
                                         .owner = rating->owner,
                                         .star = rating->star,
                                         .number = r->decision->number,
                                         .authority = r->decision->authority,
                                         .province = rating->province,
                                         .rated = rating->rated,
                                         .issued_on = r->first_day,
                                         .ends_on =
                                             clock_day_add_months(r->first_day, (int)rating->term_months) };
    struct certificate_superseded superseded = { .product = rating->product };
    enum err e = next_number(r, rating->province, line->certificate);

    issued.certificate = superseded.by = slice_text(line->certificate);
    if (!e) e = find_older(r, rating->product, &superseded.certificate);
    if (!e) e = recognition_accepted_announce(r->turn, r->topic_province, rating->product, &accepted);
    if (!e) e = certificate_issued_announce(r->turn, rating->province, rating->product, &issued);
    if (!e && superseded.certificate.size)
        e = certificate_superseded_announce(r->turn, rating->province, rating->product, &superseded);
    line->rated = rating->rated;
    line->product = rating->product;
    line->province = rating->province;
    r->count++;
    return e;
}

static enum err rule_line(struct ruling *r, size_t at)
{
    const struct decision_item *item = &r->decision->items[at];
    struct rating rating;
    struct why why = { 0 };
    enum err e = store_find_rating(turn_store(r->turn), item->rated, turn_zone(r->turn), &rating);

    if (e && e != ERR_NOT_FOUND) return e;
    if (!e && recognised_here(r, item->rated)) rating.recognised = true;
    if (certification_check_line(r->decision, item, e ? NULL : &rating, &why))
        return refuse_line(r, at, &why);
    return accept_line(r, at, &rating);
}

/* A decision came in: rule on each line of it, in order; a line that falls does not take the others with it.
 */
static enum err decide_decision_signed(struct turn *turn, const struct record *rec)
{
    struct ruling r = { .turn = turn, .topic_province = topic_province(rec->topic) };
    char key[CERTIFICATION_KEY_BYTES];
    struct decision_signed decision;
    struct why why = { 0 };
    bool known = false, stands;
    enum err e = decision_signed_decode(turn_envelope(turn), turn_zone(turn), &decision, turn_why(turn));

    if (!e) e = certification_key(decision.number, key);
    if (!e) e = store_has_decision(turn_store(turn), &decision, key, &known);
    if (e) return e;
    r.decision = &decision;
    r.first_day = certification_first_day(&decision);
    r.lines = msgpack_zone_malloc(turn_zone(turn), decision.items_count * sizeof *r.lines);
    if (!r.lines) return ERR_NOMEM;
    stands = !certification_check_decision(&decision, r.topic_province, turn_day(turn), known, &why);
    for (size_t i = 0; !e && i < decision.items_count; i++)
        e = stands ? rule_line(&r, i) : refuse_line(&r, i, &why);
    return e;
}

/* A line stands, so the decision is on record: its number is used up for this year. */
static enum err apply_recognition_accepted(struct turn *turn, const struct record *outcome,
                                           const struct record *cause)
{
    char key[CERTIFICATION_KEY_BYTES];
    struct decision_signed decision;
    enum err e =
        decision_signed_decode(turn_cause_envelope(turn), turn_zone(turn), &decision, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = certification_key(decision.number, key);
    if (!e) e = store_add_decision(turn_store(turn), &decision, key);
    return e;
}

static enum err apply_certificate_issued(struct turn *turn, const struct record *outcome,
                                         const struct record *cause)
{
    struct certificate_issued issued;
    int64_t year = 0, serial = 0;
    enum err e = certificate_issued_decode(turn_envelope(turn), turn_zone(turn), &issued, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e && !certification_number_parts(issued.certificate, &year, &serial)) e = ERR_PROMISE;
    if (!e) e = store_add_certificate(turn_store(turn), turn_envelope(turn)->id, &issued, year, serial);
    return e;
}

static enum err apply_certificate_superseded(struct turn *turn, const struct record *outcome,
                                             const struct record *cause)
{
    struct certificate_superseded superseded;
    enum err e =
        certificate_superseded_decode(turn_envelope(turn), turn_zone(turn), &superseded, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_supersede(turn_store(turn), &superseded);
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
                                                 .owner = certificate->owner,
                                                 .ground = decided->ground,
                                                 .number = decided->number,
                                                 .revoked_on = decided->signed_on };
    enum err e = revocation_accepted_announce(turn, province, certificate->product, &accepted);

    if (!e) e = certificate_revoked_announce(turn, certificate->province, certificate->product, &revoked);
    return e;
}

/* The authority withdraws a certificate. */
static enum err decide_revocation_decided(struct turn *turn, const struct record *rec)
{
    const struct slice province = topic_province(rec->topic);
    struct revocation_decided decided;
    struct certificate certificate;
    bool there;
    enum err e = revocation_decided_decode(turn_envelope(turn), turn_zone(turn), &decided, turn_why(turn));

    if (e) return e;
    e = store_find_certificate(turn_store(turn), decided.certificate, turn_zone(turn), &certificate);
    if (e && e != ERR_NOT_FOUND) return e;
    there = !e;
    e = certification_check_revocation(&decided, province, turn_day(turn), there ? &certificate : NULL,
                                       turn_why(turn));
    if (e) return e;
    return announce_revoked(turn, province, &decided, &certificate);
}

static enum err apply_certificate_revoked(struct turn *turn, const struct record *outcome,
                                          const struct record *cause)
{
    struct certificate_revoked revoked;
    enum err e = certificate_revoked_decode(turn_envelope(turn), turn_zone(turn), &revoked, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_revoke(turn_store(turn), &revoked);
    return e;
}

/* --- the end of a certificate --- */

static enum err tell_end(struct turn *turn, const struct certificate *c, int32_t day)
{
    struct certificate_expiring expiring = { .certificate = c->certificate,
                                             .product = c->product,
                                             .name = c->name,
                                             .owner = c->owner,
                                             .ends_on = c->ends_on };
    const struct certificate_expired expired = { .certificate = c->certificate,
                                                 .product = c->product,
                                                 .name = c->name,
                                                 .owner = c->owner,
                                                 .ended_on = c->ends_on };
    int32_t days_left = 0;

    if (certification_notice_due(c->ends_on, day, &days_left)) {
        expiring.days_left = days_left;
        return certificate_expiring_announce(turn, c->province, c->product, &expiring);
    }
    return certificate_expired_announce(turn, c->province, c->product, &expired);
}

/* A new day: tell which certificates end soon, and end those whose last day is past. */
static enum err decide_day_started(struct turn *turn, const struct record *rec)
{
    struct store_certificate *first = NULL;
    struct day_started started;
    size_t count = 0;
    enum err e = day_started_decode(turn_envelope(turn), turn_zone(turn), &started, turn_why(turn));

    (void)rec;
    if (!e) e = store_list_ending(turn_store(turn), started.day, turn_zone(turn), &first, &count);
    for (struct store_certificate *c = first; !e && c; c = c->next)
        e = tell_end(turn, &c->row, started.day);
    return e;
}

static enum err apply_certificate_expired(struct turn *turn, const struct record *outcome,
                                          const struct record *cause)
{
    struct certificate_expired expired;
    enum err e = certificate_expired_decode(turn_envelope(turn), turn_zone(turn), &expired, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_expire(turn_store(turn), expired.certificate);
    return e;
}

/* --- wiring --- */

static const char *const prefixes[] = {
    "certification.", "scoring.product.rated", "intake.withdrawal.accepted", "clock.", "operator.", NULL
};

static const struct route routes[] = {
    /* heard, decide, apply, refusal */
    { "certification.decision.signed", decide_decision_signed, NULL, "certification.recognition.refused" },
    { "certification.recognition.accepted", NULL, apply_recognition_accepted, NULL },
    { "certification.certificate.issued", NULL, apply_certificate_issued, NULL },
    { "certification.certificate.superseded", NULL, apply_certificate_superseded, NULL },
    { "certification.revocation.decided", decide_revocation_decided, NULL,
      "certification.revocation.refused" },
    { "certification.certificate.revoked", NULL, apply_certificate_revoked, NULL },
    { "certification.certificate.expired", NULL, apply_certificate_expired, NULL },
    { "scoring.product.rated", NULL, apply_product_rated, NULL },
    { "intake.withdrawal.accepted", NULL, apply_withdrawal_accepted, NULL },
    { "clock.day.started", decide_day_started, NULL, NULL },
    { NULL, NULL, NULL, NULL },
};

const struct service certification_service = {
    .name = "certification",
    .prefixes = prefixes,
    .routes = routes,
    .questions = certification_questions,
    .schema = certification_schema_sql,
    .program = 1,
    .store_bytes = sizeof(struct store),
    .store_open = store_open,
    .store_close = store_close,
};
