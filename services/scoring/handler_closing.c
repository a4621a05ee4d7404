/* handler_closing.c - a council closes: what has enough sheets is rated, the rest is held. */
#include "services/scoring/handler_inside.h"

/* Products one closing decides on; the rest waits for the next, so that the outcomes of one event stay
 * bounded. */
enum { CLOSING_PRODUCTS_MAX = 2000, CLOSING_ZONE_BYTES = 16 * 1024 };

/* One closing at work. */
struct session {
    struct turn *turn;
    struct council council;
    msgpack_zone *zone; /* cleared after each product */
    int64_t rated, held;
};

/* Mark and add up the current sheets. A sheet that was counted is marked alike, for its rubric cannot have
 * changed; if today's program marks it otherwise, the closing is refused rather than built on two readings of
 * the law. */
static enum err add_sheets(struct session *s, const struct dossier *dossier, const struct rule_set *set,
                           const struct rubric *rubric, struct tally *tally)
{
    struct stored_sheet *sheets = NULL;
    size_t count = 0;
    enum err e =
        store_list_sheets(turn_store(s->turn), s->council.council, dossier->id, s->zone, &sheets, &count);

    for (size_t i = 0; !e && i < count; i++) {
        struct marked_sheet marked;

        e = scoring_mark_sheet(set, rubric, &sheets[i].sheet, &marked, turn_why(s->turn));
        if (!e && marked.total_hundredths != sheets[i].total_hundredths)
            e = why_set(turn_why(s->turn), ERR_INVALID, "TOTAL_DIFFERS",
                        "A sheet for product %.*s was counted with %lld hundredths and is worth %lld now; "
                        "let its member "
                        "submit it again.",
                        SLICE_ARG(dossier->product), (long long)sheets[i].total_hundredths,
                        (long long)marked.total_hundredths);
        if (!e) scoring_add(tally, &marked, sheets[i].of_chair);
    }
    return e;
}

static enum err announce_spread(struct session *s, const struct dossier *dossier, const struct tally *tally)
{
    const struct spread_exceeded exceeded = { .council = s->council.council,
                                              .product = dossier->product,
                                              .dossier = dossier->id,
                                              .least_hundredths = tally->least_hundredths,
                                              .most_hundredths = tally->most_hundredths,
                                              .limit_hundredths = s->council.spread_hundredths };

    return spread_exceeded_announce(s->turn, dossier->province, dossier->product, &exceeded);
}

static enum err announce_forwarded(struct session *s, const struct dossier *dossier, enum level to)
{
    const struct product_forwarded forwarded = { .product = dossier->product,
                                                 .dossier = dossier->id,
                                                 .to = to };

    return product_forwarded_announce(s->turn, dossier->province, dossier->product, &forwarded);
}

static enum err announce_rated(struct session *s, const struct dossier *dossier, const struct rule_set *set,
                               const char *hash, const struct tally *tally, const struct rating *rating)
{
    const bool by_parts = !set->sheet_is_total;
    const struct product_rated rated = { .dossier = dossier->id,
                                         .reference = dossier->reference,
                                         .product = dossier->product,
                                         .name = dossier->name,
                                         .owner = dossier->owner,
                                         .province = dossier->province,
                                         .council = s->council.council,
                                         .round = s->council.round,
                                         .level = s->council.level,
                                         .rule_set = s->council.rule_set,
                                         .rule_hash = slice_text(hash),
                                         .sum_hundredths = tally->sum_hundredths,
                                         .members = tally->members,
                                         .has_a_sum_hundredths = by_parts,
                                         .a_sum_hundredths = tally->part_sum_hundredths[0],
                                         .has_b_sum_hundredths = by_parts,
                                         .b_sum_hundredths = tally->part_sum_hundredths[1],
                                         .has_c_sum_hundredths = by_parts,
                                         .c_sum_hundredths = tally->part_sum_hundredths[2],
                                         .star = rating->star,
                                         .star_by_points = rating->star_by_points,
                                         .has_missed = rating->missed_count > 0,
                                         .missed = rating->missed,
                                         .missed_count = rating->missed_count,
                                         .has_gates = rating->gate_count > 0,
                                         .gates = rating->gates,
                                         .gates_count = rating->gate_count,
                                         .has_authority = rating->has_authority,
                                         .authority = rating->authority,
                                         .term_months = set->term_months };

    return product_rated_announce(s->turn, dossier->province, dossier->product, &rated);
}

/* Rate one product or hold it, and say so. A hold for want of sheets is only counted. */
static enum err close_product(struct session *s, struct slice id)
{
    struct dossier dossier;
    struct tally tally = { 0 };
    struct rating rating;
    const struct rule_set *set = NULL;
    const struct rubric *rubric = NULL;
    const char *hash = NULL;
    enum closing closing = CLOSING_HOLDS_QUORUM;
    enum err e = store_find_dossier(turn_store(s->turn), id, s->zone, &dossier);

    if (!e) e = find_rules(s->turn, &s->council, &dossier, &set, &rubric, &hash);
    if (!e) e = add_sheets(s, &dossier, set, rubric, &tally);
    if (e) return e;
    closing = scoring_weigh(set, rubric, &s->council, &tally);
    if (closing != CLOSING_RATES) {
        s->held++;
        return closing == CLOSING_HOLDS_SPREAD ? announce_spread(s, &dossier, &tally) : ERR_NONE;
    }
    scoring_rate(set, rubric, s->council.level, &tally, &rating);
    s->rated++;
    e = announce_rated(s, &dossier, set, hash, &tally, &rating);
    if (!e && rating.forwarded) e = announce_forwarded(s, &dossier, set->forward_to);
    return e;
}

static enum err close_all(struct session *s, const struct slice *pending, size_t count)
{
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < count; i++) {
        if (i >= CLOSING_PRODUCTS_MAX) {
            s->held += (int64_t)(count - i);
            break;
        }
        e = close_product(s, pending[i]);
        msgpack_zone_clear(s->zone);
    }
    return e;
}

/* What a closing is refused for before any product is looked at. */
static enum err admit_closing(struct turn *turn, const struct round_closed *closed, size_t pending)
{
    bool before = false;
    const enum err e = store_has_closing(turn_store(turn), turn_envelope(turn)->id, &before);

    if (e) return e;
    if (before)
        return why_set(turn_why(turn), ERR_INVALID, "ROUND_DUPLICATE",
                       "This very closing of council %.*s was settled before; to close again for what is "
                       "left, change its "
                       "remark.",
                       SLICE_ARG(closed->council));
    if (pending == 0)
        return why_set(turn_why(turn), ERR_INVALID, "NO_SHEETS",
                       "Council %.*s has no sheets for a product that it has not rated; submit sheets first.",
                       SLICE_ARG(closed->council));
    return ERR_NONE;
}

enum err decide_round_closed(struct turn *turn, const struct record *rec)
{
    struct session s = { .turn = turn };
    struct round_closed closed;
    struct round_settled settled;
    struct slice *pending = NULL;
    size_t count = 0;
    enum err e = round_closed_decode(turn_envelope(turn), turn_zone(turn), &closed, turn_why(turn));

    if (!e) e = find_council(turn, rec, closed.council, &s.council);
    if (!e) e = store_list_pending(turn_store(turn), closed.council, turn_zone(turn), &pending, &count);
    if (!e) e = admit_closing(turn, &closed, count);
    if (e) return e;
    s.zone = msgpack_zone_new(CLOSING_ZONE_BYTES);
    if (!s.zone) return ERR_NOMEM;
    e = close_all(&s, pending, count);
    msgpack_zone_free(s.zone);
    if (e) return e;
    settled = (struct round_settled){ .council = closed.council, .rated = s.rated, .held = s.held };
    return round_settled_announce(turn, topic_province(rec->topic), closed.council, &settled);
}

enum err apply_product_rated(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    const struct envelope *e = turn_envelope(turn);
    struct product_rated rated;
    const enum err read = product_rated_decode(e, turn_zone(turn), &rated, turn_why(turn));

    (void)cause;
    return read ? read : store_add_rating(turn_store(turn), e->id, &rated, outcome->seq);
}

enum err apply_product_forwarded(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct product_forwarded forwarded;
    struct round_closed closed;
    enum err e = product_forwarded_decode(turn_envelope(turn), turn_zone(turn), &forwarded, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = round_closed_decode(turn_cause_envelope(turn), turn_zone(turn), &closed, turn_why(turn));
    if (!e) e = store_forward_rating(turn_store(turn), closed.council, &forwarded);
    return e;
}

enum err apply_round_settled(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    const struct envelope *event = turn_cause_envelope(turn);
    struct round_closed closed;
    struct round_settled settled;
    enum err e = round_settled_decode(turn_envelope(turn), turn_zone(turn), &settled, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = round_closed_decode(event, turn_zone(turn), &closed, turn_why(turn));
    if (!e) e = store_add_closing(turn_store(turn), event->id, &closed, &settled);
    return e;
}
