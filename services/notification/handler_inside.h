/* handler_inside.h - what the files of the conversation share: handler.c (results, certificates, receipts,
 * the table), handler_facts.c (what is due), handler_council.c (what a closing left), handler_day.c (what a
 * day finds), questions.c. Others include handler.h.
 */
#ifndef SERVICES_NOTIFICATION_HANDLER_INSIDE_H
#define SERVICES_NOTIFICATION_HANDLER_INSIDE_H

#include "proto/codec.h"
#include "services/notification/handler.h"
#include "services/notification/store.h"

/* The province that stands for it: on the day of the record, when something is decided; ... */
enum err handler_province_on_day(struct turn *turn, struct slice *province);
/* ... as far as it has come in the store, when something is applied. */
enum err handler_province_moved(struct turn *turn, struct slice *province);
/* The same of a deadline: of whoever it names too. */
enum err handler_deadline_moves(struct turn *turn, struct deadline *d, int32_t day);

/* Queue one message; `values` has what its text speaks of. */
enum err handler_queue(struct turn *turn, const char *template_name, struct slice about,
                       struct slice recipient, struct slice province, const struct message_queued *values);
/* Queue every message owed after the turn's event. `owner` is empty where nobody knows the name. */
enum err handler_tell(struct turn *turn, int64_t star, struct slice owner, struct slice province,
                      const struct message_queued *values);
/* Write a recipient's key into the turn's memory. */
enum err handler_recipient(struct turn *turn, enum told who, struct slice owner, struct slice province,
                           struct slice *out);
/* The dossier an outcome names, which must stand before it in the log. */
enum err handler_find_dossier(struct turn *turn, struct slice id, struct dossier *out);

/* --- handler_facts.c --- */
enum err apply_rules_adopted(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_slip_registered(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_request_registered(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_rejection_registered(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_dossier_filed(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_dossier_supplemented(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_dossier_accepted(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_supplement_accepted(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_withdrawal_accepted(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_product_rated(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_product_forwarded(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_finding_registered(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_revocation_decided(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_dismissal_decided(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_dismissal_accepted(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_certificate_revoked(struct turn *turn, const struct record *fact, const struct record *cause);
/* An answer that leaves things as they were: what was handed in waits no longer. */
enum err apply_answered(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_plan_registered(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_report_filed(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_report_registered(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_report_refused(struct turn *turn, const struct record *fact, const struct record *cause);

/* --- handler_council.c --- */
enum err apply_council_admitted(struct turn *turn, const struct record *fact, const struct record *cause);
enum err decide_spread_exceeded(struct turn *turn, const struct record *rec);
enum err decide_round_settled(struct turn *turn, const struct record *rec);

/* --- handler_day.c --- */
enum err decide_day_started(struct turn *turn, const struct record *rec);
enum err apply_day_started(struct turn *turn, const struct record *fact, const struct record *cause);
enum err apply_deadline_neared(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_deadline_missed(struct turn *turn, const struct record *outcome, const struct record *cause);

/* --- questions.c --- */
extern const struct question notification_questions[];

#endif
