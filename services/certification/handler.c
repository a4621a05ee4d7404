/* handler.c - what certification hears, and what is done with it. */
#include "services/certification/handler.h"

#include "services/certification/handler_inside.h"
#include "services/certification/questions.h"

extern const char certification_schema_sql[];

static const char *const prefixes[] = { "certification.",
                                        "scoring.product.rated",
                                        "scoring.product.remanded",
                                        "scoring.rules.adopted",
                                        "intake.dossier.accepted",
                                        "intake.withdrawal.accepted",
                                        "intake.rejection.registered",
                                        "intake.product.recoded",
                                        "intake.area.merged",
                                        "clock.",
                                        "operator.",
                                        NULL };

static const struct route routes[] = {
    /* heard, decide, apply, refusal */
    { "certification.decision.signed", decide_decision_signed, NULL, "certification.recognition.refused" },
    { "certification.recognition.accepted", NULL, apply_recognition_accepted, NULL },
    { "certification.certificate.issued", NULL, apply_certificate_issued, NULL },
    { "certification.certificate.superseded", NULL, apply_certificate_superseded, NULL },
    { "certification.record.filed", decide_record_filed, NULL, "certification.record.refused" },
    { "certification.certificate.recorded", NULL, apply_certificate_recorded, NULL },
    { "certification.revocation.decided", decide_revocation_decided, NULL,
      "certification.revocation.refused" },
    { "certification.certificate.revoked", NULL, apply_certificate_revoked, NULL },
    { "certification.finding.filed", decide_finding_filed, NULL, "certification.finding.refused" },
    { "certification.finding.registered", NULL, apply_finding_registered, NULL },
    { "certification.dismissal.decided", decide_dismissal_decided, NULL, "certification.dismissal.refused" },
    { "certification.dismissal.accepted", NULL, apply_dismissal_accepted, NULL },
    { "certification.certificate.extended", NULL, apply_certificate_extended, NULL },
    { "certification.certificate.expired", NULL, apply_certificate_expired, NULL },
    { "scoring.product.rated", decide_product_rated, apply_product_rated, NULL },
    { "scoring.product.remanded", NULL, apply_product_remanded, NULL },
    { "scoring.rules.adopted", NULL, apply_rules_adopted, NULL },
    { "intake.dossier.accepted", decide_dossier_accepted, apply_dossier_accepted, NULL },
    { "intake.withdrawal.accepted", decide_withdrawal_accepted, apply_withdrawal_accepted, NULL },
    { "intake.rejection.registered", decide_rejection_registered, apply_rejection_registered, NULL },
    { "intake.product.recoded", NULL, apply_product_recoded, NULL },
    { "intake.area.merged", NULL, apply_area_merged, NULL },
    { "clock.day.started", decide_day_started, apply_day_started, NULL },
    { NULL, NULL, NULL, NULL },
};

const struct service certification_service = {
    .name = "certification",
    .prefixes = prefixes,
    .routes = routes,
    .questions = certification_questions,
    .schema = certification_schema_sql,
    .program = 2,
    .store_bytes = sizeof(struct store),
    .store_open = store_open,
    .store_close = store_close,
};
