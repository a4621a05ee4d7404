/* handler_decision.c - councils' results, and the decisions that recognise them. */
#include "services/certification/handler_inside.h"

/* A council has rated: its result waits here for a decision. */
APPLY(product_rated)
{
    struct product_rated rated;
    enum err e = product_rated_decode(turn_envelope(turn), turn_zone(turn), &rated, turn_why(turn));

    (void)cause;
    if (!e) e = store_add_rating(turn_store(turn), turn_envelope(turn)->id, &rated, outcome->seq);
    if (e || rated.star >= CERTIFICATION_STAR_LEAST) return e;
    return store_end_extension(turn_store(turn), rated.dossier, turn_day(turn), outcome->seq);
}

APPLY(product_remanded)
{
    struct product_remanded remanded;
    enum err e = product_remanded_decode(turn_envelope(turn), turn_zone(turn), &remanded, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_remand(turn_store(turn), remanded.rated);
    return e;
}

/* --- deciding --- */

/* A line that was accepted earlier in this decision. The store does not know it yet: decide writes nothing.
 */
struct accepted_line {
    struct slice rated, product, province;
    int64_t star;
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
    enum err e = store_last_serial(turn_store(r->turn), false, province, year, &serial);

    if (e) return e;
    for (size_t i = 0; i < r->count; i++)
        serial += slice_equal(r->lines[i].province, province);
    certification_number(false, province, year, serial + 1, number);
    return ERR_NONE;
}

/* --- what a new certificate does to others of its product --- */

static enum err announce_superseded(const struct ruling *r, const struct accepted_line *line,
                                    struct slice older, int64_t older_star, struct slice newer,
                                    int64_t newer_star)
{
    const struct certificate_superseded superseded = { .certificate = older,
                                                       .by = newer,
                                                       .product = line->product,
                                                       .change =
                                                           certification_change(older_star, newer_star) };

    return certificate_superseded_announce(r->turn, line->province, line->product, &superseded);
}

/* The one of an earlier line of this decision, which has replaced the others already. */
static const struct accepted_line *line_before(const struct ruling *r, struct slice product)
{
    for (size_t i = r->count; i > 0; i--)
        if (slice_equal(r->lines[i - 1].product, product)) return &r->lines[i - 1];
    return NULL;
}

/* The earliest that begins later and is in force then: the decision came late, and is not the last word. */
static const struct certificate *find_newer(const struct store_certificate *first, int32_t day)
{
    const struct certificate *newer = NULL;

    for (const struct store_certificate *c = first; c; c = c->next) {
        const struct status_facts *facts = &c->row.facts;

        if (c->row.recorded || facts->issued_on <= day) continue;
        if (!status_in_force(status_on(facts, facts->issued_on).status)) continue;
        if (!newer || facts->issued_on < newer->facts.issued_on) newer = &c->row;
    }
    return newer;
}

/* Each certificate of the product that is in force on the first day of the new one is replaced from that day
 * on; until then it stays valid. */
static enum err replace(const struct ruling *r, const struct accepted_line *line)
{
    const struct accepted_line *before = line_before(r, line->product);
    const struct slice number = slice_text(line->certificate);
    struct store_certificate *first = NULL;
    const struct certificate *newer;
    size_t count = 0;
    enum err e = store_list_by_product(turn_store(r->turn), line->product, STORE_NOW, turn_zone(r->turn),
                                       &first, &count);

    if (!e && before)
        e = announce_superseded(r, line, slice_text(before->certificate), before->star, number, line->star);
    for (const struct store_certificate *c = first; !e && !before && c; c = c->next) {
        if (status_in_force(status_on(&c->row.facts, r->first_day).status))
            e = announce_superseded(r, line, c->row.certificate, c->row.star, number, line->star);
    }
    newer = find_newer(first, r->first_day);
    if (!e && newer) e = announce_superseded(r, line, number, line->star, newer->certificate, newer->star);
    return e;
}

/* --- lines --- */

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

static enum err announce_certificate(const struct ruling *r, const struct rating *rating,
                                     const struct accepted_line *line, int64_t term_months)
{
    struct certificate_issued issued = { .certificate = slice_text(line->certificate),
                                         .product = rating->product,
                                         .name = rating->name,
                                         .owner = rating->owner,
                                         .star = rating->star,
                                         .number = r->decision->number,
                                         .authority = r->decision->authority,
                                         .province = rating->province,
                                         .rated = rating->rated,
                                         .issued_on = r->first_day,
                                         .ends_on = clock_day_add_months(r->first_day, (int)term_months) };
    const struct certificate_expiring expiring = { .certificate = issued.certificate,
                                                   .product = issued.product,
                                                   .name = issued.name,
                                                   .owner = issued.owner,
                                                   .ends_on = issued.ends_on };
    enum err e = store_printed_code(turn_store(r->turn), rating->product, turn_zone(r->turn), &issued.code);

    issued.has_code = issued.code.size > 0;
    if (!e) e = certificate_issued_announce(r->turn, rating->province, rating->product, &issued);
    if (!e) e = replace(r, line);
    if (!e) e = tell_near_end(r->turn, rating->province, rating->rule_set, &expiring);
    return e;
}

/* The line stands: the recognition, its certificate, and what that does to the older ones. */
static enum err accept_line(struct ruling *r, size_t at, const struct rating *rating, int64_t term_months)
{
    const struct recognition_accepted accepted = { .number = r->decision->number,
                                                   .line = (int64_t)at + 1,
                                                   .product = rating->product,
                                                   .star = rating->star };
    struct accepted_line *line = &r->lines[r->count];
    enum err e = next_number(r, rating->province, line->certificate);

    line->rated = rating->rated;
    line->product = rating->product;
    line->province = rating->province;
    line->star = rating->star;
    if (!e) e = recognition_accepted_announce(r->turn, r->topic_province, rating->product, &accepted);
    if (!e) e = announce_certificate(r, rating, line, term_months);
    r->count++;
    return e;
}

static enum err rule_line(struct ruling *r, size_t at)
{
    const struct decision_item *item = &r->decision->items[at];
    const int32_t signed_on = r->decision->signed_on;
    struct store *store = turn_store(r->turn);
    struct slice product = item->product;
    struct signer signer = { .term_months = -1 };
    struct rating rating;
    struct why why = { 0 };
    bool rated, in_area = false;
    enum err e = store_find_rating(store, item->rated, turn_zone(r->turn), &rating);

    if (e && e != ERR_NOT_FOUND) return e;
    rated = !e;
    e = store_resolve(store, item->product, STORE_NOW, turn_zone(r->turn), &product);
    if (!e && rated) {
        if (recognised_here(r, item->rated)) rating.recognised = true;
        e = store_stands_for(store, rating.province, r->decision->province, signed_on, &in_area);
        if (!e) e = find_signer(r->turn, rating.rule_set, rating.star, signed_on, &signer);
    }
    if (e) return e;
    if (certification_check_line(r->decision, item, product, rated ? &rating : NULL, in_area, &signer, &why))
        return refuse_line(r, at, &why);
    return accept_line(r, at, &rating, signer.term_months);
}

/* A decision came in: rule on each line of it, in order; a line that falls does not take the others with it.
 */
DECIDE(decision_signed)
{
    struct ruling r = { .turn = turn, .topic_province = topic_province(rec->topic) };
    char key[CERTIFICATION_KEY_BYTES];
    struct decision_signed decision;
    struct area area;
    struct why why = { 0 };
    bool known = false, stands;
    enum err e = decision_signed_decode(turn_envelope(turn), turn_zone(turn), &decision, turn_why(turn));

    if (!e) e = certification_key(decision.number, key);
    if (!e) e = store_has_decision(turn_store(turn), &decision, key, &known);
    if (!e)
        e = store_find_area(turn_store(turn), r.topic_province, decision.signed_on, turn_zone(turn), &area);
    if (e) return e;
    r.decision = &decision;
    r.first_day = certification_first_day(&decision);
    r.lines = msgpack_zone_malloc(turn_zone(turn), decision.items_count * sizeof *r.lines);
    if (!r.lines) return ERR_NOMEM;
    stands = !certification_check_decision(&decision, r.topic_province, &area, turn_day(turn), known, &why);
    for (size_t i = 0; !e && i < decision.items_count; i++)
        e = stands ? rule_line(&r, i) : refuse_line(&r, i, &why);
    return e;
}

/* --- applying --- */

/* A line stands, so the decision is on record: its number is used up for this year. */
APPLY(recognition_accepted)
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

APPLY(certificate_issued)
{
    struct store_place place = { .fact = turn_envelope(turn)->id, .seq = outcome->seq };
    struct certificate_issued issued;
    enum err e = certificate_issued_decode(turn_envelope(turn), turn_zone(turn), &issued, turn_why(turn));

    (void)cause;
    if (!e && !certification_number_parts(issued.certificate, &place.year, &place.serial)) e = ERR_PROMISE;
    if (e) return e;
    place.open = issued.ends_on >= turn_day(turn);
    return store_add_certificate(turn_store(turn), &place, &issued);
}

APPLY(certificate_superseded)
{
    struct certificate_superseded superseded;
    enum err e =
        certificate_superseded_decode(turn_envelope(turn), turn_zone(turn), &superseded, turn_why(turn));

    (void)cause;
    if (!e) e = store_supersede(turn_store(turn), &superseded, outcome->seq);
    return e;
}
