/* handler_inside.h - the decides and applies of certification, by file, and what they share. */
#ifndef SERVICES_CERTIFICATION_HANDLER_INSIDE_H
#define SERVICES_CERTIFICATION_HANDLER_INSIDE_H

#include "common/clock.h"
#include "proto/codec.h"
#include "services/certification/certification.h"
#include "services/certification/store.h"

#define DECIDE(name) enum err decide_##name(struct turn *turn, const struct record *rec)
#define APPLY(name)                                                                                          \
    enum err apply_##name(struct turn *turn, const struct record *outcome, const struct record *cause)

/* handler_law.c: what was adopted, merged and recoded, and who may sign by it */
APPLY(rules_adopted);
APPLY(area_merged);
APPLY(product_recoded);
/* By a rule set on a day; `known` false: it is not adopted. */
enum err find_signer(struct turn *turn, struct slice rule_set, int64_t star, int32_t day, struct signer *out);
/* Who withdraws a certificate on that day. */
enum err find_revoker(struct turn *turn, const struct certificate *certificate, int32_t day,
                      enum authority *who);

/* handler_decision.c: ratings and the decisions that recognise them */
APPLY(product_rated);
APPLY(product_remanded);
DECIDE(decision_signed);
APPLY(recognition_accepted);
APPLY(certificate_issued);
APPLY(certificate_superseded);

/* handler_record.c: certificates from elsewhere */
DECIDE(record_filed);
APPLY(certificate_recorded);

/* handler_withdrawal.c: withdrawals, findings, dismissals */
DECIDE(revocation_decided);
APPLY(certificate_revoked);
DECIDE(finding_filed);
APPLY(finding_registered);
DECIDE(dismissal_decided);
APPLY(dismissal_accepted);

/* handler_extension.c: dossiers, as far as they concern a certificate */
DECIDE(dossier_accepted);
APPLY(dossier_accepted);
APPLY(certificate_extended);
DECIDE(product_rated);
DECIDE(withdrawal_accepted);
APPLY(withdrawal_accepted);
DECIDE(rejection_registered);
APPLY(rejection_registered);

/* handler_day.c: what is told of the end of a certificate */
DECIDE(day_started);
APPLY(day_started);
APPLY(certificate_expired);
/* A certificate became known today: when its end is nearer than the longest notice, the holder is told once,
 * at once. */
enum err tell_near_end(struct turn *turn, struct slice province, struct slice rule_set,
                       const struct certificate_expiring *expiring);
/* The name of the holder; events must have one, and a source may not. */
struct slice holder_of(struct slice owner);

#endif
