/* handler.c - scoring hears rules, councils, sheets and closings, and says what they bring. */
#include "services/scoring/handler.h"

#include "proto/codec.h"
#include "services/scoring/handler_rules.h"
#include "services/scoring/questions.h"
#include "services/scoring/scoring.h"
#include "services/scoring/store.h"

/* Products one closing decides on; the rest waits for the next, so that the outcomes of one event stay
 * bounded. */
enum { CLOSING_PRODUCTS_MAX = 2000, CLOSING_ZONE_BYTES = 16 * 1024 };

extern const char scoring_schema_sql[];

/* --- councils --- */

static enum err decide_council_formed(struct turn *turn, const struct record *rec)
{
    struct store *store = turn_store(turn);
    struct council_formed formed;
    struct council_admitted admitted;
    struct council known;
    const struct rule_set *set = NULL;
    enum err e = council_formed_decode(turn_envelope(turn), turn_zone(turn), &formed, turn_why(turn));

    if (!e) e = store_find_council(store, formed.council, turn_zone(turn), &known);
    if (!e)
        return why_set(turn_why(turn), ERR_INVALID, "COUNCIL_EXISTS",
                       "Council %.*s is admitted already; give a new council an id of its own.",
                       SLICE_ARG(formed.council));
    if (e != ERR_NOT_FOUND) return e;
    e = store_find_rule_set(store, formed.rule_set, &set, NULL, turn_why(turn));
    if (e && e != ERR_NOT_FOUND) return e;
    e = scoring_form_council(&formed, topic_province(rec->topic), set, turn_day(turn), &admitted,
                             turn_why(turn));
    if (!e) e = council_admitted_announce(turn, topic_province(rec->topic), formed.council, &admitted);
    return e;
}

static enum err apply_council_admitted(struct turn *turn, const struct record *outcome,
                                       const struct record *cause)
{
    struct council_formed formed;
    struct council_admitted admitted;
    enum err e = council_admitted_decode(turn_envelope(turn), turn_zone(turn), &admitted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = council_formed_decode(turn_cause_envelope(turn), turn_zone(turn), &formed, turn_why(turn));
    if (!e) e = store_add_council(turn_store(turn), &formed, &admitted);
    return e;
}

/* The council an event names, which must have been pushed for the council's own province: a province's key
 * says nothing for another's council. */
static enum err find_council(struct turn *turn, const struct record *rec, struct slice name,
                             struct council *out)
{
    const enum err e = store_find_council(turn_store(turn), name, turn_zone(turn), out);

    if (e == ERR_NOT_FOUND)
        return why_set(turn_why(turn), ERR_INVALID, "UNKNOWN_COUNCIL",
                       "There is no council %.*s; form it first, or check its id.", SLICE_ARG(name));
    if (e) return e;
    if (!slice_equal(topic_province(rec->topic), out->province))
        return why_set(
            turn_why(turn), ERR_INVALID, "WRONG_PROVINCE",
            "Council %.*s is of province %.*s and this was pushed for province %.*s; push it for the "
            "council's.",
            SLICE_ARG(name), SLICE_ARG(out->province), SLICE_ARG(topic_province(rec->topic)));
    return ERR_NONE;
}

/* The rules a council scores a dossier by; *rubric is NULL when sheets carry only a total. `hash` is that of
 * the file which gives the points their star. */
static enum err find_rules(struct turn *turn, const struct council *council, const struct dossier *dossier,
                           const struct rule_set **set, const struct rubric **rubric, const char **hash)
{
    enum err e = store_find_rule_set(turn_store(turn), council->rule_set, set, hash, turn_why(turn));

    *rubric = NULL;
    /* A council is admitted only under an adopted rule set, and rules do not go away. */
    if (e == ERR_NOT_FOUND) return ERR_PROMISE;
    if (e || (*set)->sheet != SHEET_OPTIONS) return e;
    if (dossier->rubric.size)
        e = store_find_rubric(turn_store(turn), dossier->rubric, rubric, hash, turn_why(turn));
    if (e && e != ERR_NOT_FOUND) return e;
    return scoring_fit_rubric(*set, dossier->rubric, *rubric, turn_why(turn));
}

/* --- sheets --- */

/* The test's other program cannot read sheets with a remark, which makes dead letters at will. */
static enum err decode_sheet(struct turn *turn, struct sheet_submitted *out)
{
    const enum err e = sheet_submitted_decode(turn_envelope(turn), turn_zone(turn), out, turn_why(turn));

#ifdef OCOP_OTHER_PROGRAM
    if (!e && out->has_remark)
        return why_set(turn_why(turn), ERR_UNREADABLE, "OTHER_PROGRAM",
                       "This test program reads no remarks.");
#endif
    return e;
}

/* Everything about a sheet but its points. */
static enum err admit_sheet(struct turn *turn, const struct sheet_submitted *sheet,
                            const struct council *council, const struct dossier *dossier, bool *replaces)
{
    const struct rule_set *set = NULL;
    struct standing standing;
    bool same_event = false;
    int64_t versions = 0;
    enum err e = store_find_standing(turn_store(turn), council, dossier->id, sheet->member, &standing);

    if (!e) e = store_find_rule_set(turn_store(turn), council->rule_set, &set, NULL, turn_why(turn));
    if (e == ERR_NOT_FOUND) return ERR_PROMISE;
    if (!e) e = scoring_may_score(council, dossier, set, sheet->member, &standing, turn_why(turn));
    if (!e)
        e = store_count_sheets(turn_store(turn), council->council, dossier->id, sheet->member,
                               turn_envelope(turn)->id, &versions, &same_event);
    if (e) return e;
    /* Pushing an old file again must not bring an old sheet back over a newer one. */
    if (same_event)
        return why_set(
            turn_why(turn), ERR_INVALID, "SHEET_DUPLICATE",
            "This very sheet of %.*s is on record; to submit the same points again, change its remark.",
            SLICE_ARG(sheet->member));
    *replaces = versions > 0;
    return ERR_NONE;
}

static enum err announce_counted(struct turn *turn, const struct sheet_submitted *sheet,
                                 const struct dossier *dossier, const struct marked_sheet *marked,
                                 bool by_parts, bool replaces, struct slice province)
{
    const struct sheet_counted counted = { .council = sheet->council,
                                           .member = sheet->member,
                                           .dossier = dossier->id,
                                           .product = dossier->product,
                                           .total_hundredths = marked->total_hundredths,
                                           .has_a_hundredths = by_parts,
                                           .a_hundredths = marked->part_hundredths[0],
                                           .has_b_hundredths = by_parts,
                                           .b_hundredths = marked->part_hundredths[1],
                                           .has_c_hundredths = by_parts,
                                           .c_hundredths = marked->part_hundredths[2],
                                           .replaces = replaces };

    return sheet_counted_announce(turn, province, dossier->product, &counted);
}

static enum err decide_sheet_submitted(struct turn *turn, const struct record *rec)
{
    struct sheet_submitted sheet;
    struct council council;
    struct dossier dossier;
    struct marked_sheet marked;
    const struct rule_set *set = NULL;
    const struct rubric *rubric = NULL;
    const char *hash = NULL;
    bool replaces = false;
    enum err e = decode_sheet(turn, &sheet);

    if (!e) e = find_council(turn, rec, sheet.council, &council);
    if (!e) e = store_find_dossier(turn_store(turn), sheet.dossier, turn_zone(turn), &dossier);
    if (e == ERR_NOT_FOUND)
        return why_set(turn_why(turn), ERR_INVALID, "NOT_YET",
                       "No accepted dossier has the id %.*s yet; push the sheet again after it is accepted.",
                       SLICE_ARG(sheet.dossier));
    if (!e) e = admit_sheet(turn, &sheet, &council, &dossier, &replaces);
    if (!e) e = find_rules(turn, &council, &dossier, &set, &rubric, &hash);
    if (!e) e = scoring_mark_sheet(set, rubric, &sheet, &marked, turn_why(turn));
    if (!e)
        e = announce_counted(turn, &sheet, &dossier, &marked, rubric != NULL, replaces,
                             topic_province(rec->topic));
    return e;
}

static enum err apply_sheet_counted(struct turn *turn, const struct record *outcome,
                                    const struct record *cause)
{
    const struct envelope *submitted = turn_cause_envelope(turn);
    struct sheet_submitted sheet;
    struct sheet_counted counted;
    enum err e = sheet_counted_decode(turn_envelope(turn), turn_zone(turn), &counted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = sheet_submitted_decode(submitted, turn_zone(turn), &sheet, turn_why(turn));
    if (!e) e = store_add_sheet(turn_store(turn), submitted->id, &sheet, &counted);
    return e;
}

/* --- closings --- */

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
    const bool by_parts = set->sheet == SHEET_OPTIONS;
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
    scoring_rate(set, rubric, s->council.level, turn_day(s->turn), &tally, &rating);
    s->rated++;
    e = announce_rated(s, &dossier, set, hash, &tally, &rating);
    if (!e && rating.forwarded) e = announce_forwarded(s, &dossier, rating.forward_to);
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

static enum err decide_round_closed(struct turn *turn, const struct record *rec)
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

static enum err apply_product_rated(struct turn *turn, const struct record *outcome,
                                    const struct record *cause)
{
    const struct envelope *e = turn_envelope(turn);
    struct product_rated rated;
    const enum err read = product_rated_decode(e, turn_zone(turn), &rated, turn_why(turn));

    (void)cause;
    return read ? read : store_add_rating(turn_store(turn), e->id, &rated, outcome->seq);
}

static enum err apply_product_forwarded(struct turn *turn, const struct record *outcome,
                                        const struct record *cause)
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

static enum err apply_round_settled(struct turn *turn, const struct record *outcome,
                                    const struct record *cause)
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

/* --- facts of intake --- */

static enum err apply_dossier_accepted(struct turn *turn, const struct record *outcome,
                                       const struct record *cause)
{
    const struct envelope *e = turn_envelope(turn);
    struct dossier_accepted accepted;
    const enum err read = dossier_accepted_decode(e, turn_zone(turn), &accepted, turn_why(turn));

    (void)outcome;
    (void)cause;
    return read ? read : store_add_dossier(turn_store(turn), e->id, &accepted);
}

static enum err apply_supplement_accepted(struct turn *turn, const struct record *outcome,
                                          const struct record *cause)
{
    struct supplement_accepted supplement;
    const enum err e =
        supplement_accepted_decode(turn_envelope(turn), turn_zone(turn), &supplement, turn_why(turn));

    (void)outcome;
    (void)cause;
    return e ? e : store_supplement_dossier(turn_store(turn), &supplement);
}

static enum err apply_withdrawal_accepted(struct turn *turn, const struct record *outcome,
                                          const struct record *cause)
{
    struct withdrawal_accepted withdrawal;
    const enum err e =
        withdrawal_accepted_decode(turn_envelope(turn), turn_zone(turn), &withdrawal, turn_why(turn));

    (void)outcome;
    (void)cause;
    return e ? e : store_withdraw_dossier(turn_store(turn), withdrawal.dossier);
}

const struct route scoring_routes[] = {
    /* heard                        decide                  apply                       refusal */
    /* requests */
    { "scoring.rules.proposed", decide_rules_proposed, NULL, "scoring.rules.refused" },
    { "scoring.council.formed", decide_council_formed, NULL, "scoring.council.refused" },
    { "scoring.sheet.submitted", decide_sheet_submitted, NULL, "scoring.sheet.refused" },
    { "scoring.round.closed", decide_round_closed, NULL, "scoring.round.refused" },
    /* our outcomes */
    { "scoring.rules.adopted", NULL, apply_rules_adopted, NULL },
    { "scoring.council.admitted", NULL, apply_council_admitted, NULL },
    { "scoring.sheet.counted", NULL, apply_sheet_counted, NULL },
    { "scoring.product.rated", NULL, apply_product_rated, NULL },
    { "scoring.product.forwarded", NULL, apply_product_forwarded, NULL },
    { "scoring.round.settled", NULL, apply_round_settled, NULL },
    /* facts */
    { "intake.dossier.accepted", NULL, apply_dossier_accepted, NULL },
    { "intake.supplement.accepted", NULL, apply_supplement_accepted, NULL },
    { "intake.withdrawal.accepted", NULL, apply_withdrawal_accepted, NULL },
    { NULL, NULL, NULL, NULL },
};

static const char *const prefixes[] = {
    "scoring.", "intake.dossier.", "intake.withdrawal.", "intake.supplement.", "clock.", "operator.", NULL
};

const struct service scoring_service = { .name = "scoring",
                                         .prefixes = prefixes,
                                         .routes = scoring_routes,
                                         .questions = scoring_questions,
                                         .schema = scoring_schema_sql,
                                         .program = 1,
                                         .store_bytes = sizeof(struct store),
                                         .store_open = store_open,
                                         .store_close = store_close };
