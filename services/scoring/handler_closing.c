/* handler_closing.c - a council closes: what has enough sheets is rated, the rest is held. */
#include "services/scoring/handler_inside.h"

/* Products one closing decides on; the rest waits for the next, so that the outcomes of one event stay
 * bounded. */
enum { CLOSING_PRODUCTS_MAX = 2000, CLOSING_ZONE_BYTES = 16 * 1024, HELD_NAMED_MAX = 200 };

/* One closing at work. */
struct session {
    struct turn *turn;
    struct council council;
    int32_t closed_on;  /* day of the meeting */
    msgpack_zone *zone; /* cleared after each product */
    int64_t rated, held;
    struct held_product named[HELD_NAMED_MAX]; /* of the held; their text lies in the turn's zone */
    size_t named_count;
};

/* --- one product --- */

/* A sheet that was counted is marked alike, for its rubric cannot have changed; if today's program marks it
 * otherwise, the closing is refused rather than built on two readings of the law. */
static enum err check_total(const struct result *r, const struct stored_sheet *sheet, int64_t total,
                            struct why *why)
{
    if (total == sheet->total_hundredths) return ERR_NONE;
    return why_set(
        why, ERR_INVALID, "TOTAL_DIFFERS",
        "The sheet of %.*s for product %.*s was counted with %lld hundredths and is worth %lld now; "
        "let this member submit it again.",
        SLICE_ARG(sheet->sheet.member), SLICE_ARG(r->dossier.product), (long long)sheet->total_hundredths,
        (long long)total);
}

static enum err add_sheets(struct turn *turn, const struct council *council, bool again, msgpack_zone *zone,
                           struct result *out)
{
    enum err e = store_find_conflicts(turn_store(turn), council->council, out->dossier.id,
                                      &out->tally.conflicts, &out->tally.chair_conflict);

    if (!e)
        e = store_list_sheets(turn_store(turn), council->council, out->dossier.id, zone, &out->sheets,
                              &out->sheet_count);
    for (size_t i = 0; !e && i < out->sheet_count; i++) {
        const struct stored_sheet *sheet = &out->sheets[i];
        struct marked_sheet marked;

        e = scoring_mark_sheet(out->law.set, out->law.rubric, &sheet->sheet, &marked, turn_why(turn));
        if (!e && !again) e = check_total(out, sheet, marked.total_hundredths, turn_why(turn));
        if (e) break;
        scoring_add(&out->tally, &marked, sheet->seat);
        out->tally.asked += sheet->asked ? 1 : 0;
    }
    return e;
}

enum err result_add_up(struct turn *turn, const struct council *council, struct slice dossier, bool again,
                       msgpack_zone *zone, struct result *out)
{
    enum err e = ERR_NONE;

    memset(out, 0, sizeof *out);
    e = store_find_dossier(turn_store(turn), dossier, zone, &out->dossier);
    if (!e) e = find_law(turn, council, &out->dossier, &out->law);
    if (!e) e = add_sheets(turn, council, again, zone, out);
    return e;
}

void result_rate(const struct council *council, int32_t day, int32_t closed_on, struct result *r,
                 struct product_rated *out)
{
    const struct law *law = &r->law;
    const bool by_parts = law->set->sheet != SHEET_TOTAL;

    scoring_rate(law->set, law->rubric, council->level, day, &r->tally, &r->rating);
    *out = (struct product_rated){ .dossier = r->dossier.id,
                                   .reference = r->dossier.reference,
                                   .product = r->dossier.product,
                                   .name = r->dossier.name,
                                   .owner = r->dossier.owner,
                                   .province = r->dossier.province,
                                   .council = council->council,
                                   .round = council->round,
                                   .level = council->level,
                                   .rule_set = council->rule_set,
                                   .rule_hash = slice_text(law->set_hash),
                                   .has_rubric = law->rubric != NULL,
                                   .rubric = r->dossier.rubric,
                                   .has_rubric_hash = law->rubric != NULL,
                                   .rubric_hash = slice_text(law->rubric_hash),
                                   .sum_hundredths = r->tally.sum_hundredths,
                                   .members = r->tally.members,
                                   .has_a_sum_hundredths = by_parts,
                                   .a_sum_hundredths = r->tally.part_sum_hundredths[0],
                                   .has_b_sum_hundredths = by_parts,
                                   .b_sum_hundredths = r->tally.part_sum_hundredths[1],
                                   .has_c_sum_hundredths = by_parts,
                                   .c_sum_hundredths = r->tally.part_sum_hundredths[2],
                                   .star = r->rating.star,
                                   .star_by_points = r->rating.star_by_points,
                                   .star_by_marks = r->rating.star_by_marks,
                                   .has_missed = r->rating.missed_count > 0,
                                   .missed = r->rating.missed,
                                   .missed_count = r->rating.missed_count,
                                   .has_gates = r->rating.gate_count > 0,
                                   .gates = r->rating.gates,
                                   .gates_count = r->rating.gate_count,
                                   .has_authority = r->rating.has_authority,
                                   .authority = r->rating.authority,
                                   .term_months = law->set->term_months,
                                   .has_closed_on = true,
                                   .closed_on = closed_on };
}

/* --- a closing --- */

static enum err announce_spread(struct session *s, const struct result *r)
{
    struct far_member far[COUNCIL_MEMBERS_MAX];
    struct spread_exceeded exceeded = { .council = s->council.council,
                                        .product = r->dossier.product,
                                        .dossier = r->dossier.id,
                                        .least_hundredths = r->tally.least_hundredths,
                                        .most_hundredths = r->tally.most_hundredths,
                                        .limit_hundredths = s->council.spread_hundredths,
                                        .has_far = true,
                                        .far = far };

    for (size_t i = 0; i < r->sheet_count; i++) {
        const struct stored_sheet *sheet = &r->sheets[i];

        if (!scoring_is_far(&r->tally, sheet->total_hundredths, sheet->asked)) continue;
        far[exceeded.far_count++] =
            (struct far_member){ .member = sheet->sheet.member, .total_hundredths = sheet->total_hundredths };
    }
    return spread_exceeded_announce(s->turn, r->dossier.province, r->dossier.product, &exceeded);
}

static enum err announce_forwarded(struct session *s, const struct result *r)
{
    const struct product_forwarded forwarded = { .product = r->dossier.product,
                                                 .dossier = r->dossier.id,
                                                 .to = r->rating.to };

    return product_forwarded_announce(s->turn, r->dossier.province, r->dossier.product, &forwarded);
}

static enum err announce_remanded(struct session *s, const struct result *r, const char *rated)
{
    const struct product_remanded remanded = { .product = r->dossier.product,
                                               .dossier = r->dossier.id,
                                               .level = r->rating.to,
                                               .rated = slice_text(rated) };

    return product_remanded_announce(s->turn, r->dossier.province, r->dossier.product, &remanded);
}

static enum err announce_rated(struct session *s, struct result *r)
{
    struct product_rated rated;
    char id[HASH_ID_TEXT + 1];
    enum err e = ERR_NONE;

    result_rate(&s->council, turn_day(s->turn), s->closed_on, r, &rated);
    turn_next_id(s->turn, product_rated_kind.type, id);
    e = product_rated_announce(s->turn, r->dossier.province, r->dossier.product, &rated);
    if (!e && r->rating.forwarded) e = announce_forwarded(s, r);
    if (!e && r->rating.remanded) e = announce_remanded(s, r, id);
    return e;
}

static struct slice keep(msgpack_zone *zone, struct slice text, enum err *e)
{
    char *copy = msgpack_zone_malloc(zone, text.size ? text.size : 1);

    if (!copy) {
        *e = ERR_NOMEM;
        return slice_of(NULL, 0);
    }
    if (text.size) memcpy(copy, text.data, text.size);
    return slice_of(copy, text.size);
}

/* Hold a product for what the turn's why says, and name it while there is room. */
static enum err hold(struct session *s, const struct dossier *dossier)
{
    msgpack_zone *zone = turn_zone(s->turn);
    const struct why *why = turn_why(s->turn);
    enum err e = ERR_NONE;

    s->held++;
    if (s->named_count == HELD_NAMED_MAX) return ERR_NONE;
    s->named[s->named_count++] =
        (struct held_product){ .product = keep(zone, dossier->product, &e),
                               .dossier = keep(zone, dossier->id, &e),
                               .reference = keep(zone, dossier->reference, &e),
                               .code = keep(zone, slice_text(why->code), &e),
                               .sentence = keep(zone, slice_text(why->sentence), &e) };
    return e;
}

/* Rate one product or hold it, and say so. */
static enum err close_product(struct session *s, struct slice id)
{
    struct result r;
    enum closing closing = CLOSING_HOLDS_QUORUM;
    enum err e = result_add_up(s->turn, &s->council, id, false, s->zone, &r);

    if (e) return e;
    e = check_in_time(s->turn, &r.dossier);
    if (e && e != ERR_INVALID) return e;
    if (!e) closing = scoring_weigh(r.law.set, r.law.rubric, &s->council, &r.tally, turn_why(s->turn));
    if (closing == CLOSING_RATES) {
        s->rated++;
        return announce_rated(s, &r);
    }
    e = hold(s, &r.dossier);
    why_clear(turn_why(s->turn));
    return !e && closing == CLOSING_HOLDS_SPREAD ? announce_spread(s, &r) : e;
}

/* The next closing decides on it. */
static enum err put_off(struct session *s, struct slice id)
{
    struct dossier dossier;
    enum err e = ERR_NONE;

    if (s->named_count == HELD_NAMED_MAX) {
        s->held++;
        return ERR_NONE;
    }
    e = store_find_dossier(turn_store(s->turn), id, s->zone, &dossier);
    if (e) return e;
    why_set(turn_why(s->turn), ERR_INVALID, "CLOSING_FULL",
            "One closing decides on %d products; close again for those that are left.", CLOSING_PRODUCTS_MAX);
    e = hold(s, &dossier);
    why_clear(turn_why(s->turn));
    return e;
}

static enum err close_all(struct session *s, const struct slice *pending, size_t count)
{
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < count; i++) {
        e = i < CLOSING_PRODUCTS_MAX ? close_product(s, pending[i]) : put_off(s, pending[i]);
        msgpack_zone_clear(s->zone);
    }
    return e;
}

/* What a closing is refused for before any product is looked at. */
static enum err admit_closing(struct turn *turn, const struct council *council,
                              const struct round_closed *closed, size_t pending)
{
    const struct rule_set *set = NULL;
    bool before = false;
    enum err e = store_has_closing(turn_store(turn), turn_envelope(turn)->id, &before);

    if (e) return e;
    if (before)
        return why_set(turn_why(turn), ERR_INVALID, "ROUND_DUPLICATE",
                       "This very closing of council %.*s was settled before; to close again for what is "
                       "left, change its "
                       "remark.",
                       SLICE_ARG(closed->council));
    e = store_find_rule_set(turn_store(turn), council->rule_set, &set, NULL, turn_why(turn));
    if (e == ERR_NOT_FOUND) return ERR_PROMISE; /* a council is admitted only under an adopted one */
    if (!e) e = scoring_may_close(council, set, closed->closed_on, turn_day(turn), turn_why(turn));
    if (e) return e;
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
    if (!e) e = store_list_pending(turn_store(turn), &s.council, turn_zone(turn), &pending, &count);
    if (!e) e = admit_closing(turn, &s.council, &closed, count);
    if (e) return e;
    s.closed_on = closed.closed_on;
    s.zone = msgpack_zone_new(CLOSING_ZONE_BYTES);
    if (!s.zone) return ERR_NOMEM;
    e = close_all(&s, pending, count);
    msgpack_zone_free(s.zone);
    if (e) return e;
    settled = (struct round_settled){ .council = closed.council,
                                      .rated = s.rated,
                                      .held = s.held,
                                      .has_held_products = s.named_count > 0,
                                      .held_products = s.named,
                                      .held_products_count = s.named_count };
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

enum err apply_product_remanded(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct product_remanded remanded;
    struct round_closed closed;
    enum err e = product_remanded_decode(turn_envelope(turn), turn_zone(turn), &remanded, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = round_closed_decode(turn_cause_envelope(turn), turn_zone(turn), &closed, turn_why(turn));
    if (!e) e = store_remand_rating(turn_store(turn), closed.council, &remanded);
    return e;
}

enum err apply_spread_exceeded(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct spread_exceeded exceeded;
    const enum err e =
        spread_exceeded_decode(turn_envelope(turn), turn_zone(turn), &exceeded, turn_why(turn));

    (void)outcome;
    (void)cause;
    return e ? e : store_ask_again(turn_store(turn), &exceeded);
}
