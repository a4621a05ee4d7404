/* handler.c - plans and reports, and the table that routes to all of intake's handlers. */
#include "services/intake/handler.h"

#include "proto/codec.h"
#include "services/intake/handler_inside.h"
#include "services/intake/questions.h"

extern const char intake_schema_sql[];

/* --- plans and reports --- */

/* A province files its plan: register it once for its years. */
static enum err decide_plan_filed(struct turn *turn, const struct record *rec)
{
    const struct slice province = topic_province(rec->topic);
    struct plan_filed plan;
    bool registered = false;
    enum err e = plan_filed_decode(turn_envelope(turn), turn_zone(turn), &plan, turn_why(turn));

    if (!e) e = check_filer(turn, province);
    if (!e) e = store_has_plan(turn_store(turn), &plan, &registered);
    if (!e) e = intake_check_plan(&plan, province, registered, turn_why(turn));
    if (e) return e;
    return plan_registered_announce(turn, province, province,
                                    &(struct plan_registered){ .province = plan.province,
                                                               .year_from = plan.year_from,
                                                               .year_to = plan.year_to,
                                                               .products = plan.products,
                                                               .budget_vnd = plan.budget_vnd });
}

static enum err apply_plan_registered(struct turn *turn, const struct record *outcome,
                                      const struct record *cause)
{
    struct plan_filed plan;
    enum err e = plan_filed_decode(turn_cause_envelope(turn), turn_zone(turn), &plan, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_add_plan(turn_store(turn), &plan);
    return e;
}

/* A province reports its results: register them, and say whether they came late. */
static enum err decide_report_filed(struct turn *turn, const struct record *rec)
{
    const struct slice province = topic_province(rec->topic);
    const int32_t day = turn_day(turn);
    struct report_filed report;
    bool registered = false;
    enum err e = report_filed_decode(turn_envelope(turn), turn_zone(turn), &report, turn_why(turn));

    if (!e) e = check_filer(turn, province);
    if (!e) e = store_has_report(turn_store(turn), &report, &registered);
    if (!e) e = intake_check_report(&report, province, day, registered, turn_why(turn));
    if (e) return e;
    return report_registered_announce(
        turn, province, province,
        &(struct report_registered){ .province = report.province,
                                     .period_end = report.period_end,
                                     .late = intake_report_late(&report, day) });
}

static enum err apply_report_registered(struct turn *turn, const struct record *outcome,
                                        const struct record *cause)
{
    struct report_registered registered;
    struct report_filed report;
    enum err e = report_registered_decode(turn_envelope(turn), turn_zone(turn), &registered, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = report_filed_decode(turn_cause_envelope(turn), turn_zone(turn), &report, turn_why(turn));
    if (!e) e = store_add_report(turn_store(turn), &report, registered.late);
    return e;
}

/* --- wiring --- */

static const char *const prefixes[] = { "intake.",
                                        "scoring.rules.adopted",
                                        "scoring.product.rated",
                                        "certification.certificate.",
                                        "clock.",
                                        "operator.",
                                        NULL };

static const struct route routes[] = {
    /* heard, decide, apply, refusal */
    { "intake.plan.filed", decide_plan_filed, NULL, "intake.plan.refused" },
    { "intake.plan.registered", NULL, apply_plan_registered, NULL },
    { "intake.report.filed", decide_report_filed, NULL, "intake.report.refused" },
    { "intake.report.registered", NULL, apply_report_registered, NULL },
    { "intake.slip.filed", decide_slip_filed, NULL, "intake.slip.refused" },
    { "intake.slip.registered", NULL, apply_slip_registered, NULL },
    { "intake.request.filed", decide_request_filed, NULL, "intake.request.refused" },
    { "intake.request.registered", NULL, apply_request_registered, NULL },
    { "intake.rejection.filed", decide_rejection_filed, NULL, "intake.rejection.refused" },
    { "intake.rejection.registered", NULL, apply_rejection_registered, NULL },
    { "intake.dossier.filed", decide_dossier_filed, NULL, "intake.dossier.returned" },
    { "intake.dossier.accepted", NULL, apply_dossier_accepted, NULL },
    { "intake.owner.registered", NULL, apply_owner_registered, NULL },
    { "intake.product.registered", NULL, apply_product_registered, NULL },
    { "intake.product.recoded", NULL, apply_product_recoded, NULL },
    { "intake.dossier.supplemented", decide_dossier_supplemented, NULL, "intake.supplement.returned" },
    { "intake.supplement.accepted", NULL, apply_supplement_accepted, NULL },
    { "intake.dossier.withdrawn", decide_dossier_withdrawn, NULL, "intake.withdrawal.refused" },
    { "intake.withdrawal.accepted", NULL, apply_withdrawal_accepted, NULL },
    { "intake.area.merged", NULL, apply_area_merged, NULL },
    /* facts */
    { "scoring.rules.adopted", decide_rules_adopted, apply_rules_adopted, NULL },
    { "scoring.product.rated", NULL, apply_product_rated, NULL },
    { "certification.certificate.issued", NULL, apply_certificate_issued, NULL },
    { "certification.certificate.recorded", NULL, apply_certificate_recorded, NULL },
    { "certification.certificate.superseded", NULL, apply_certificate_superseded, NULL },
    { "certification.certificate.revoked", NULL, apply_certificate_revoked, NULL },
    { "clock.day.started", decide_day_started, NULL, NULL },
    { NULL, NULL, NULL, NULL },
};

const struct service intake_service = {
    .name = "intake",
    .prefixes = prefixes,
    .routes = routes,
    .questions = intake_questions,
    .schema = intake_schema_sql,
    .program = 3,
    .store_bytes = sizeof(struct store),
    .store_open = store_open,
    .store_close = store_close,
};
