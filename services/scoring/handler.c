/* handler.c - what scoring hears and who decides on it; the facts of intake. */
#include "services/scoring/handler.h"

#include "services/scoring/handler_inside.h"
#include "services/scoring/handler_rules.h"
#include "services/scoring/questions.h"

extern const char scoring_schema_sql[];

static enum err apply_dossier_accepted(struct turn *turn, const struct record *outcome,
                                       const struct record *cause)
{
    const struct envelope *e = turn_envelope(turn);
    struct dossier_accepted accepted;
    const enum err read = dossier_accepted_decode(e, turn_zone(turn), &accepted, turn_why(turn));

    (void)outcome;
    (void)cause;
    return read ? read : store_add_dossier(turn_store(turn), e->id, &accepted, turn_day(turn));
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

/* A desk turned an accepted dossier away: nobody waits for its sheets any more. */
static enum err apply_rejection_registered(struct turn *turn, const struct record *outcome,
                                           const struct record *cause)
{
    struct rejection_registered rejection;
    const enum err e =
        rejection_registered_decode(turn_envelope(turn), turn_zone(turn), &rejection, turn_why(turn));

    (void)outcome;
    (void)cause;
    return e ? e : store_reject_dossier(turn_store(turn), rejection.province, rejection.reference);
}

static enum err apply_area_merged(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct area_merged merged;
    const enum err e = area_merged_decode(turn_envelope(turn), turn_zone(turn), &merged, turn_why(turn));

    (void)outcome;
    (void)cause;
    return e ? e : store_add_area(turn_store(turn), &merged);
}

const struct route scoring_routes[] = {
    /* heard                        decide                  apply                       refusal */
    /* requests */
    { "scoring.rules.proposed", decide_rules_proposed, NULL, "scoring.rules.refused" },
    { "scoring.council.formed", decide_council_formed, NULL, "scoring.council.refused" },
    { "scoring.sheet.submitted", decide_sheet_submitted, NULL, "scoring.sheet.refused" },
    { "scoring.conflict.declared", decide_conflict_declared, NULL, "scoring.conflict.refused" },
    { "scoring.round.closed", decide_round_closed, NULL, "scoring.round.refused" },
    /* our outcomes */
    { "scoring.rules.adopted", NULL, apply_rules_adopted, NULL },
    { "scoring.council.admitted", NULL, apply_council_admitted, NULL },
    { "scoring.sheet.counted", NULL, apply_sheet_counted, NULL },
    { "scoring.conflict.noted", NULL, apply_conflict_noted, NULL },
    { "scoring.spread.exceeded", NULL, apply_spread_exceeded, NULL },
    { "scoring.product.rated", NULL, apply_product_rated, NULL },
    { "scoring.product.forwarded", NULL, apply_product_forwarded, NULL },
    { "scoring.product.remanded", NULL, apply_product_remanded, NULL },
    { "scoring.round.settled", NULL, apply_round_settled, NULL },
    /* facts */
    { "intake.dossier.accepted", NULL, apply_dossier_accepted, NULL },
    { "intake.supplement.accepted", NULL, apply_supplement_accepted, NULL },
    { "intake.withdrawal.accepted", NULL, apply_withdrawal_accepted, NULL },
    { "intake.rejection.registered", NULL, apply_rejection_registered, NULL },
    { "intake.area.merged", NULL, apply_area_merged, NULL },
    { NULL, NULL, NULL, NULL },
};

static const char *const prefixes[] = { "scoring.",
                                        "intake.dossier.",
                                        "intake.withdrawal.",
                                        "intake.supplement.",
                                        "intake.rejection.",
                                        "intake.area.",
                                        "clock.",
                                        "operator.",
                                        NULL };

const struct service scoring_service = { .name = "scoring",
                                         .prefixes = prefixes,
                                         .routes = scoring_routes,
                                         .questions = scoring_questions,
                                         .schema = scoring_schema_sql,
                                         .program = 2,
                                         .store_bytes = sizeof(struct store),
                                         .store_open = store_open,
                                         .store_close = store_close,
                                         .recompute = scoring_recompute,
                                         .recomputes = "ratings" };
