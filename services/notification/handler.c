#include "services/notification/handler_inside.h"

extern const char notification_schema_sql[];

/* --- what a result makes owed --- */

enum err handler_queue(struct turn *turn, const char *template_name, struct slice about,
                       struct slice recipient, struct slice province, const struct message_queued *values)
{
    struct message_queued m = *values;
    char id[HASH_ID_TEXT + 1];

    notification_message_id(about, recipient, id);
    m.message = slice_text(id);
    m.recipient = recipient;
    m.template = slice_text(template_name);
    m.about = about;
    return message_queued_announce(turn, province, m.message, &m);
}

enum err handler_recipient(struct turn *turn, enum told who, struct slice owner, struct slice province,
                           struct slice *out)
{
    const size_t size = owner.size + NOTIFICATION_RECIPIENT_EXTRA;
    char *key = msgpack_zone_malloc(turn_zone(turn), size);
    enum err e = key ? notification_recipient(who, owner, province, key, size) : ERR_NOMEM;

    if (!e) *out = slice_text(key);
    return e;
}

enum err handler_tell(struct turn *turn, int64_t star, struct slice owner, struct slice province,
                      const struct message_queued *values)
{
    const struct envelope *about = turn_envelope(turn);
    const struct owed *row = notification_owed(about->type, star, NULL);
    struct slice recipient, told = slice_text("");
    enum err e = ERR_NONE;

    for (; !e && row; row = notification_owed(about->type, star, row)) {
        e = handler_recipient(turn, row->who, owner, province, &recipient);
        /* A province that stands in for an unknown owner is told once. */
        if (e || slice_equal(recipient, told)) continue;
        e = handler_queue(turn, row->template_name, about->id, recipient, province, values);
        told = recipient;
    }
    return e;
}

enum err handler_find_dossier(struct turn *turn, struct slice id, struct dossier *out)
{
    enum err e = store_find_dossier(turn_store(turn), id, turn_zone(turn), out);

    if (e != ERR_NOT_FOUND) return e;
    return why_set(turn_why(turn), ERR_INVALID, "UNKNOWN_DOSSIER",
                   "dossier %.*s was never accepted before this in the log, so nobody can be told",
                   SLICE_ARG(id));
}

static enum err decide_dossier_returned(struct turn *turn, const struct record *rec)
{
    struct message_queued values = { 0 };
    struct dossier_returned returned;
    enum err e = dossier_returned_decode(turn_envelope(turn), turn_zone(turn), &returned, turn_why(turn));

    if (e) return e;
    /* The filer knows the dossier by its own number; the text says it where others say a decision's. */
    values.has_number = returned.has_reference;
    values.number = returned.reference;
    values.has_reason = true;
    values.reason = returned.sentence;
    return handler_tell(turn, 0, slice_text(""), topic_province(rec->topic), &values);
}

static enum err decide_product_rated(struct turn *turn, const struct record *rec)
{
    struct message_queued values = { 0 };
    struct product_rated rated;
    enum err e = product_rated_decode(turn_envelope(turn), turn_zone(turn), &rated, turn_why(turn));

    (void)rec; /* the result names its province; a central council's topic need not */
    if (e) return e;
    values.has_product = values.has_name = values.has_star = values.has_sum_hundredths = values.has_members =
        true;
    values.product = rated.product;
    values.name = rated.name;
    values.star = rated.star;
    values.sum_hundredths = rated.sum_hundredths;
    values.members = rated.members;
    return handler_tell(turn, rated.star, rated.owner, rated.province, &values);
}

static enum err decide_recognition_refused(struct turn *turn, const struct record *rec)
{
    struct message_queued values = { 0 };
    struct recognition_refused refused;
    enum err e = recognition_refused_decode(turn_envelope(turn), turn_zone(turn), &refused, turn_why(turn));

    if (e) return e;
    values.has_product = refused.has_product;
    values.product = refused.product;
    values.has_number = refused.has_number;
    values.number = refused.number;
    values.has_reason = true;
    values.reason = refused.sentence;
    return handler_tell(turn, 0, slice_text(""), topic_province(rec->topic), &values);
}

static enum err decide_product_remanded(struct turn *turn, const struct record *rec)
{
    struct message_queued values = { 0 };
    struct product_remanded remanded;
    struct dossier dossier;
    enum err e = product_remanded_decode(turn_envelope(turn), turn_zone(turn), &remanded, turn_why(turn));

    (void)rec;
    if (!e) e = handler_find_dossier(turn, remanded.dossier, &dossier);
    if (e) return e;
    values.has_product = values.has_name = values.has_number = true;
    values.product = remanded.product;
    values.name = dossier.name;
    values.number = dossier.reference;
    return handler_tell(turn, 0, dossier.owner, dossier.province, &values);
}

static enum err decide_request_registered(struct turn *turn, const struct record *rec)
{
    struct message_queued values = { 0 };
    struct request_registered request;
    enum err e = request_registered_decode(turn_envelope(turn), turn_zone(turn), &request, turn_why(turn));

    (void)rec;
    if (e) return e;
    values.has_number = values.has_day = values.has_reason = true;
    values.number = request.reference;
    values.day = request.due_before;
    values.reason = request.reason;
    return handler_tell(turn, 0, request.has_owner ? request.owner : slice_text(""), request.province,
                        &values);
}

static enum err decide_rejection_registered(struct turn *turn, const struct record *rec)
{
    struct message_queued values = { 0 };
    struct rejection_registered rejection;
    enum err e =
        rejection_registered_decode(turn_envelope(turn), turn_zone(turn), &rejection, turn_why(turn));

    (void)rec;
    if (e) return e;
    values.has_number = values.has_reason = true;
    values.number = rejection.reference;
    values.reason = rejection.reason;
    return handler_tell(turn, 0, rejection.has_owner ? rejection.owner : slice_text(""), rejection.province,
                        &values);
}

/* --- certificates --- */

static struct message_queued certificate_values(struct slice certificate, struct slice product,
                                                struct slice name)
{
    return (struct message_queued){ .has_certificate = true,
                                    .certificate = certificate,
                                    .has_product = true,
                                    .product = product,
                                    .has_name = true,
                                    .name = name };
}

static enum err decide_certificate_issued(struct turn *turn, const struct record *rec)
{
    struct certificate_issued issued;
    struct message_queued values;
    enum err e = certificate_issued_decode(turn_envelope(turn), turn_zone(turn), &issued, turn_why(turn));

    (void)rec;
    if (e) return e;
    values = certificate_values(issued.certificate, issued.product, issued.name);
    values.has_number = values.has_star = values.has_day = true;
    values.number = issued.number;
    values.star = issued.star;
    values.day = issued.ends_on;
    return handler_tell(turn, issued.star, issued.owner, issued.province, &values);
}

static enum err apply_certificate_issued(struct turn *turn, const struct record *fact,
                                         const struct record *cause)
{
    struct certificate_issued issued;
    struct holder holder;
    enum err e = certificate_issued_decode(turn_envelope(turn), turn_zone(turn), &issued, turn_why(turn));

    (void)fact, (void)cause;
    if (e) return e;
    holder = (struct holder){ issued.product, issued.name, issued.owner, issued.province, issued.star };
    e = store_add_certificate(turn_store(turn), issued.certificate, &holder);
    /* Whatever the council's level: with the certificate the re-rating has come to its end. */
    if (!e) e = store_end_certified(turn_store(turn), issued.product);
    return e;
}

/* From elsewhere: nobody is told, but later events find its holder. */
static enum err apply_certificate_recorded(struct turn *turn, const struct record *fact,
                                           const struct record *cause)
{
    const struct slice none = slice_text("");
    struct certificate_recorded recorded;
    struct holder holder;
    enum err e = certificate_recorded_decode(turn_envelope(turn), turn_zone(turn), &recorded, turn_why(turn));

    (void)fact, (void)cause;
    if (e) return e;
    holder = (struct holder){ recorded.has_product ? recorded.product : none, recorded.name,
                              recorded.has_owner ? recorded.owner : none, recorded.province, recorded.star };
    return store_add_certificate(turn_store(turn), recorded.certificate, &holder);
}

/* Whose certificate is it? Later events name its number; who holds it and where is what was issued. */
static enum err find_holder(struct turn *turn, struct slice certificate, struct holder *holder)
{
    enum err e = store_find_certificate(turn_store(turn), certificate, turn_zone(turn), holder);

    if (e != ERR_NOT_FOUND) return e;
    return why_set(turn_why(turn), ERR_INVALID, "UNKNOWN_CERTIFICATE",
                   "certificate %.*s was never issued before this in the log, so nobody can be told",
                   SLICE_ARG(certificate));
}

static enum err tell_holder(struct turn *turn, const struct holder *holder,
                            const struct message_queued *values)
{
    return handler_tell(turn, 0, holder->owner, holder->province, values);
}

static enum err decide_certificate_superseded(struct turn *turn, const struct record *rec)
{
    struct certificate_superseded superseded;
    struct message_queued values;
    struct holder holder;
    enum err e =
        certificate_superseded_decode(turn_envelope(turn), turn_zone(turn), &superseded, turn_why(turn));

    (void)rec;
    if (!e) e = find_holder(turn, superseded.certificate, &holder);
    if (e) return e;
    values = certificate_values(superseded.certificate, superseded.product, holder.name);
    values.has_number = true;
    values.number = superseded.by;
    values.has_reason = true;
    values.reason = slice_text(change_word(superseded.change));
    return tell_holder(turn, &holder, &values);
}

static enum err decide_certificate_revoked(struct turn *turn, const struct record *rec)
{
    struct certificate_revoked revoked;
    struct message_queued values;
    struct holder holder;
    enum err e = certificate_revoked_decode(turn_envelope(turn), turn_zone(turn), &revoked, turn_why(turn));

    (void)rec;
    if (!e) e = find_holder(turn, revoked.certificate, &holder);
    if (e) return e;
    values = certificate_values(revoked.certificate, revoked.product, revoked.name);
    values.has_number = values.has_day = values.has_reason = true;
    values.number = revoked.number;
    values.day = revoked.revoked_on;
    values.reason = slice_text(ground_word(revoked.ground));
    return tell_holder(turn, &holder, &values);
}

static enum err decide_certificate_expiring(struct turn *turn, const struct record *rec)
{
    struct certificate_expiring expiring;
    struct message_queued values;
    struct holder holder;
    enum err e = certificate_expiring_decode(turn_envelope(turn), turn_zone(turn), &expiring, turn_why(turn));

    (void)rec;
    if (!e) e = find_holder(turn, expiring.certificate, &holder);
    if (e) return e;
    values = certificate_values(expiring.certificate, expiring.product, expiring.name);
    values.has_day = true;
    values.day = expiring.ends_on;
    return tell_holder(turn, &holder, &values);
}

static enum err decide_certificate_expired(struct turn *turn, const struct record *rec)
{
    struct certificate_expired expired;
    struct message_queued values;
    struct holder holder;
    enum err e = certificate_expired_decode(turn_envelope(turn), turn_zone(turn), &expired, turn_why(turn));

    (void)rec;
    if (!e) e = find_holder(turn, expired.certificate, &holder);
    if (e) return e;
    values = certificate_values(expired.certificate, expired.product, expired.name);
    values.has_day = true;
    values.day = expired.ended_on;
    return tell_holder(turn, &holder, &values);
}

static enum err decide_certificate_extended(struct turn *turn, const struct record *rec)
{
    struct certificate_extended extended;
    struct message_queued values;
    struct holder holder;
    enum err e = certificate_extended_decode(turn_envelope(turn), turn_zone(turn), &extended, turn_why(turn));

    (void)rec;
    if (!e) e = find_holder(turn, extended.certificate, &holder);
    if (e) return e;
    values = certificate_values(extended.certificate, extended.product, extended.name);
    values.has_day = true;
    values.day = extended.extended_to;
    return tell_holder(turn, &holder, &values);
}

static enum err decide_extension_ended(struct turn *turn, const struct record *rec)
{
    struct extension_ended ended;
    struct message_queued values;
    struct holder holder;
    enum err e = extension_ended_decode(turn_envelope(turn), turn_zone(turn), &ended, turn_why(turn));

    (void)rec;
    if (!e) e = find_holder(turn, ended.certificate, &holder);
    if (e) return e;
    values = certificate_values(ended.certificate, ended.product, holder.name);
    values.has_day = true;
    values.day = ended.ended_on;
    return tell_holder(turn, &holder, &values);
}

static enum err apply_message_queued(struct turn *turn, const struct record *outcome,
                                     const struct record *cause)
{
    struct message_queued m;
    enum err e = message_queued_decode(turn_envelope(turn), turn_zone(turn), &m, turn_why(turn));

    if (e) return e;
    return store_add_message(turn_store(turn), &m, topic_province(outcome->topic),
                             cause ? cause->seq : outcome->seq);
}

/* --- what became of a message --- */

static enum err decide_notice(struct turn *turn, const struct record *rec, enum notice notice,
                              struct slice message, int32_t day)
{
    struct receipt_accepted accepted = { message, slice_text(notice_word(notice)) };
    struct message_row row;
    enum err e = store_find_message(turn_store(turn), message, turn_zone(turn), &row);
    bool known = e == ERR_NONE;

    if (e == ERR_NOT_FOUND) e = ERR_NONE;
    /* The rights of whoever confirms are tied to the topic's province. */
    if (known && !slice_equal(row.province, topic_province(rec->topic)))
        e = why_set(
            turn_why(turn), ERR_INVALID, "WRONG_PROVINCE",
            "message %.*s is of province %.*s and this was sent under the topic of province %.*s; send it "
            "under its own",
            SLICE_ARG(message), SLICE_ARG(row.province), SLICE_ARG(topic_province(rec->topic)));
    if (!e)
        e = notification_note(notice, message, known ? &row.state : NULL, day, turn_day(turn),
                              turn_why(turn));
    if (!e) e = receipt_accepted_announce(turn, topic_province(rec->topic), message, &accepted);
    return e;
}

static enum err decide_message_delivered(struct turn *turn, const struct record *rec)
{
    struct message_delivered delivered;
    enum err e = message_delivered_decode(turn_envelope(turn), turn_zone(turn), &delivered, turn_why(turn));

    if (!e) e = decide_notice(turn, rec, NOTICE_DELIVERED, delivered.message, turn_day(turn));
    return e;
}

static enum err decide_message_failed(struct turn *turn, const struct record *rec)
{
    struct message_failed failed;
    enum err e = message_failed_decode(turn_envelope(turn), turn_zone(turn), &failed, turn_why(turn));

    if (!e) e = decide_notice(turn, rec, NOTICE_FAILED, failed.message, turn_day(turn));
    return e;
}

static enum err decide_receipt_filed(struct turn *turn, const struct record *rec)
{
    struct receipt_filed filed;
    enum err e = receipt_filed_decode(turn_envelope(turn), turn_zone(turn), &filed, turn_why(turn));

    if (!e) e = decide_notice(turn, rec, NOTICE_RECEIVED, filed.message, filed.received_on);
    return e;
}

static enum err apply_receipt_accepted(struct turn *turn, const struct record *outcome,
                                       const struct record *cause)
{
    struct receipt_accepted accepted;
    struct receipt_filed filed;
    enum err e = receipt_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)outcome, (void)cause;
    if (e) return e;
    if (slice_is(accepted.state, notice_word(NOTICE_DELIVERED)))
        return store_note_delivery(turn_store(turn), accepted.message, DELIVERY_DELIVERED);
    if (slice_is(accepted.state, notice_word(NOTICE_FAILED)))
        return store_note_delivery(turn_store(turn), accepted.message, DELIVERY_FAILED);
    e = receipt_filed_decode(turn_cause_envelope(turn), turn_zone(turn), &filed, turn_why(turn));
    if (!e) e = store_note_receipt(turn_store(turn), accepted.message, filed.received_on);
    return e;
}

/* --- the table --- */

static const char *const prefixes[] = { "notification.",
                                        "intake.dossier.",
                                        "intake.supplement.",
                                        "intake.withdrawal.accepted",
                                        "intake.slip.registered",
                                        "intake.request.registered",
                                        "intake.rejection.registered",
                                        "intake.plan.registered",
                                        "intake.report.",
                                        "scoring.rules.adopted",
                                        "scoring.product.",
                                        "certification.certificate.",
                                        "certification.extension.ended",
                                        "certification.finding.registered",
                                        "certification.dismissal.",
                                        "certification.revocation.",
                                        "certification.recognition.refused",
                                        "clock.",
                                        "operator.",
                                        NULL };

static const char receipt_refused_type[] = "notification.receipt.refused";

static const struct route routes[] = {
    /* facts that make a message owed */
    { "intake.dossier.returned", decide_dossier_returned, apply_answered, NULL },
    { "intake.request.registered", decide_request_registered, apply_request_registered, NULL },
    { "intake.rejection.registered", decide_rejection_registered, apply_rejection_registered, NULL },
    { "scoring.product.rated", decide_product_rated, apply_product_rated, NULL },
    { "scoring.product.remanded", decide_product_remanded, NULL, NULL },
    { "certification.recognition.refused", decide_recognition_refused, NULL, NULL },
    { "certification.certificate.issued", decide_certificate_issued, apply_certificate_issued, NULL },
    { "certification.certificate.recorded", NULL, apply_certificate_recorded, NULL },
    { "certification.certificate.superseded", decide_certificate_superseded, NULL, NULL },
    { "certification.certificate.revoked", decide_certificate_revoked, apply_certificate_revoked, NULL },
    { "certification.certificate.expiring", decide_certificate_expiring, NULL, NULL },
    { "certification.certificate.expired", decide_certificate_expired, NULL, NULL },
    { "certification.certificate.extended", decide_certificate_extended, NULL, NULL },
    { "certification.extension.ended", decide_extension_ended, NULL, NULL },
    /* facts about what is due */
    { "scoring.rules.adopted", NULL, apply_rules_adopted, NULL },
    { "intake.slip.registered", NULL, apply_slip_registered, NULL },
    { "intake.dossier.filed", NULL, apply_dossier_filed, NULL },
    { "intake.dossier.supplemented", NULL, apply_dossier_supplemented, NULL },
    { "intake.dossier.accepted", NULL, apply_dossier_accepted, NULL },
    { "intake.supplement.accepted", NULL, apply_supplement_accepted, NULL },
    { "intake.supplement.returned", NULL, apply_answered, NULL },
    { "intake.withdrawal.accepted", NULL, apply_withdrawal_accepted, NULL },
    { "scoring.product.forwarded", NULL, apply_product_forwarded, NULL },
    { "certification.finding.registered", NULL, apply_finding_registered, NULL },
    { "certification.revocation.decided", NULL, apply_revocation_decided, NULL },
    { "certification.revocation.accepted", NULL, apply_answered, NULL },
    { "certification.revocation.refused", NULL, apply_answered, NULL },
    { "certification.dismissal.decided", NULL, apply_dismissal_decided, NULL },
    { "certification.dismissal.accepted", NULL, apply_dismissal_accepted, NULL },
    { "certification.dismissal.refused", NULL, apply_answered, NULL },
    { "intake.plan.registered", NULL, apply_plan_registered, NULL },
    { "intake.report.filed", NULL, apply_report_filed, NULL },
    { "intake.report.registered", NULL, apply_report_registered, NULL },
    { "intake.report.refused", NULL, apply_report_refused, NULL },
    { "clock.day.started", decide_day_started, apply_day_started, NULL },
    /* requests */
    { "notification.message.delivered", decide_message_delivered, NULL, receipt_refused_type },
    { "notification.message.failed", decide_message_failed, NULL, receipt_refused_type },
    { "notification.receipt.filed", decide_receipt_filed, NULL, receipt_refused_type },
    /* our outcomes */
    { "notification.message.queued", NULL, apply_message_queued, NULL },
    { "notification.deadline.neared", NULL, apply_deadline_neared, NULL },
    { "notification.deadline.missed", NULL, apply_deadline_missed, NULL },
    { "notification.receipt.accepted", NULL, apply_receipt_accepted, NULL },
    { NULL, NULL, NULL, NULL },
};

const struct service notification_service = {
    .name = "notification",
    .prefixes = prefixes,
    .routes = routes,
    .questions = notification_questions,
    .schema = notification_schema_sql,
    .program = 2,
    .store_bytes = sizeof(struct store),
    .store_open = store_open,
    .store_close = store_close,
};
