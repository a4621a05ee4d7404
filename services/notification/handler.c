#include "services/notification/handler.h"

#include "common/clock.h"
#include "common/mp.h"
#include "proto/codec.h"
#include "services/notification/notification.h"
#include "services/notification/store.h"

extern const char notification_schema_sql[];

/* --- what a result makes owed --- */

/* Queue one message; `values` has what its text speaks of. */
static enum err queue(struct turn *turn, const char *template_name, struct slice about,
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

/* Queue every message owed after the turn's event. `owner` may be empty where no row tells the owner. */
static enum err tell(struct turn *turn, int64_t star, struct slice owner, struct slice province,
                     const struct message_queued *values)
{
    const struct envelope *about = turn_envelope(turn);
    const struct owed *row = notification_owed(about->type, star, NULL);
    size_t size = owner.size + NOTIFICATION_RECIPIENT_EXTRA;
    char *recipient = msgpack_zone_malloc(turn_zone(turn), size);
    enum err e = ERR_NONE;

    if (!recipient) return ERR_NOMEM;
    for (; !e && row; row = notification_owed(about->type, star, row)) {
        e = notification_recipient(row->who, owner, province, recipient, size);
        if (!e) e = queue(turn, row->template_name, about->id, slice_text(recipient), province, values);
    }
    return e;
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
    return tell(turn, 0, slice_text(""), topic_province(rec->topic), &values);
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
    return tell(turn, rated.star, rated.owner, rated.province, &values);
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
    return tell(turn, 0, slice_text(""), topic_province(rec->topic), &values);
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
    return tell(turn, issued.star, issued.owner, issued.province, &values);
}

static enum err apply_certificate_issued(struct turn *turn, const struct record *fact,
                                         const struct record *cause)
{
    struct certificate_issued issued;
    struct holder holder;
    enum err e = certificate_issued_decode(turn_envelope(turn), turn_zone(turn), &issued, turn_why(turn));

    (void)fact, (void)cause;
    if (e) return e;
    holder = (struct holder){ issued.product, issued.name, issued.owner, issued.province };
    return store_add_certificate(turn_store(turn), issued.certificate, &holder);
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
    return tell(turn, 0, holder->owner, holder->province, values);
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

static enum err apply_message_queued(struct turn *turn, const struct record *outcome,
                                     const struct record *cause)
{
    struct message_queued m;
    enum err e = message_queued_decode(turn_envelope(turn), turn_zone(turn), &m, turn_why(turn));

    if (e) return e;
    return store_add_message(turn_store(turn), &m, cause ? cause->seq : outcome->seq);
}

/* --- reports that are due --- */

static enum err apply_plan_registered(struct turn *turn, const struct record *fact,
                                      const struct record *cause)
{
    struct plan_registered plan;
    enum err e = plan_registered_decode(turn_envelope(turn), turn_zone(turn), &plan, turn_why(turn));

    (void)fact, (void)cause;
    if (e) return e;
    /* An outcome's time is when the plan itself came in: how fast intake was must not matter. */
    return store_add_plan(turn_store(turn), &plan, clock_day_of(turn_envelope(turn)->time_ms));
}

/* A report was handed in; until intake has answered, its province is not late. What cannot be read, intake
 * refuses. */
static enum err apply_report_filed(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct report_filed filed;
    struct why ignored = { 0 };
    enum err e = report_filed_decode(turn_envelope(turn), turn_zone(turn), &filed, &ignored);

    (void)cause;
    if (e) return err_fate(e) == FATE_STOP ? e : ERR_NONE;
    return store_add_filing(turn_store(turn), filed.province, filed.period_end, fact->seq);
}

static enum err apply_report_registered(struct turn *turn, const struct record *fact,
                                        const struct record *cause)
{
    struct report_registered report;
    enum err e = report_registered_decode(turn_envelope(turn), turn_zone(turn), &report, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = store_add_report(turn_store(turn), &report);
    if (!e) e = store_end_filing(turn_store(turn), turn_envelope(turn)->cause_seq);
    return e;
}

static enum err apply_report_refused(struct turn *turn, const struct record *fact, const struct record *cause)
{
    (void)fact, (void)cause;
    return store_end_filing(turn_store(turn), turn_envelope(turn)->cause_seq);
}

/* Say that one province's report did not come, and tell the province. */
static enum err announce_missed(struct turn *turn, const struct deadline *d, const char *province)
{
    struct message_queued values = {
        .has_number = true, .number = slice_text(d->source), .has_day = true, .day = d->due_before
    };
    char recipient[NOTIFICATION_RECIPIENT_EXTRA], id[HASH_ID_TEXT + 1];
    struct deadline_missed missed;
    enum err e = notification_recipient(TOLD_PROVINCE, slice_text(""), slice_text(province), recipient,
                                        sizeof recipient);

    if (e) return e;
    missed = (struct deadline_missed){ .what = due_REPORT,
                                       .who = slice_text(recipient),
                                       .due_before = d->due_before };
    /* The message is about the deadline.missed, so that two reports missed on one day are two messages. */
    turn_next_id(turn, "notification.deadline.missed", id);
    e = deadline_missed_announce(turn, slice_text(province), missed.who, &missed);
    if (!e) e = queue(turn, d->template_name, slice_text(id), missed.who, slice_text(province), &values);
    return e;
}

/* Looked at on every day from the due day on: a report that intake refused after that day is found the next
 * morning. */
static enum err decide_day_started(struct turn *turn, const struct record *rec)
{
    char provinces[STORE_PROVINCES_MAX][3];
    struct day_started started;
    enum err e = day_started_decode(turn_envelope(turn), turn_zone(turn), &started, turn_why(turn));

    (void)rec;
    for (size_t i = 0; !e && i < notification_deadlines(); i++) {
        struct deadline d = notification_deadline(i);
        size_t count = 0;

        if (!notification_is_past(&d, started.day)) continue;
        e = store_owing(turn_store(turn), &d, provinces, &count);
        for (size_t p = 0; !e && p < count; p++)
            e = announce_missed(turn, &d, provinces[p]);
    }
    return e;
}

static enum err apply_deadline_missed(struct turn *turn, const struct record *outcome,
                                      const struct record *cause)
{
    struct deadline_missed missed;
    enum err e = deadline_missed_decode(turn_envelope(turn), turn_zone(turn), &missed, turn_why(turn));

    (void)outcome, (void)cause;
    if (!e) e = store_add_missed(turn_store(turn), &missed);
    return e;
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

/* --- questions --- */

static void pack_count(msgpack_packer *p, const char *name, int64_t value)
{
    buf_pack_text(p, name);
    msgpack_pack_int64(p, value);
}

static enum err answer_summary(void *store, const msgpack_object *arguments, struct buf *answer,
                               struct why *why)
{
    struct message_counts counts;
    msgpack_packer p;
    enum err e = store_count_messages(store, &counts);

    (void)arguments, (void)why;
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 6);
    pack_count(&p, "messages", counts.messages);
    pack_count(&p, "queued", counts.queued);
    pack_count(&p, "failed", counts.failed);
    pack_count(&p, "delivered", counts.delivered);
    pack_count(&p, "received", counts.received);
    pack_count(&p, "missed", counts.missed);
    return answer->failed;
}

static void pack_pair(msgpack_packer *p, const char *name, struct slice value)
{
    buf_pack_text(p, name);
    buf_pack_str(p, value);
}

static void pack_day(msgpack_packer *p, const char *name, int32_t day)
{
    char text[CLOCK_DAY_TEXT + 1];

    clock_day_text(day, text);
    pack_pair(p, name, slice_text(text));
}

static enum err pack_message(const struct message_row *row, struct buf *answer)
{
    size_t optional = (size_t)(row->product.size > 0) + (size_t)(row->certificate.size > 0) + row->has_day +
                      row->has_received_on;
    msgpack_packer p;

    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 5 + optional);
    pack_pair(&p, "message", row->message);
    pack_pair(&p, "recipient", row->recipient);
    pack_pair(&p, "template", row->template_name);
    pack_pair(&p, "about", row->about);
    pack_pair(&p, "state", slice_text(message_state_word(&row->state)));
    if (row->product.size > 0) pack_pair(&p, "product", row->product);
    if (row->certificate.size > 0) pack_pair(&p, "certificate", row->certificate);
    if (row->has_day) pack_day(&p, "day", row->day);
    if (row->has_received_on) pack_day(&p, "received_on", row->received_on);
    return answer->failed;
}

static enum err answer_message(void *store, const msgpack_object *arguments, struct buf *answer,
                               struct why *why)
{
    msgpack_zone *zone;
    struct message_row row;
    struct slice message;
    enum err e;

    if (!mp_text(mp_find(arguments, "message"), &message))
        return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "the question names no message: give {message: ID}");
    zone = msgpack_zone_new(1024);
    if (!zone) return ERR_NOMEM;
    e = store_find_message(store, message, zone, &row);
    if (e == ERR_NOT_FOUND)
        (void)why_set(why, e, "NOT_FOUND", "no message has the id %.*s", SLICE_ARG(message));
    if (!e) e = pack_message(&row, answer);
    msgpack_zone_free(zone);
    return e;
}

/* --- the table --- */

static const char *const prefixes[] = { "notification.",
                                        "intake.dossier.returned",
                                        "intake.plan.registered",
                                        "intake.report.",
                                        "scoring.product.rated",
                                        "certification.certificate.",
                                        "certification.recognition.refused",
                                        "clock.",
                                        "operator.",
                                        NULL };

static const char receipt_refused_type[] = "notification.receipt.refused";

static const struct route routes[] = {
    /* facts that make a message owed */
    { "intake.dossier.returned", decide_dossier_returned, NULL, NULL },
    { "scoring.product.rated", decide_product_rated, NULL, NULL },
    { "certification.recognition.refused", decide_recognition_refused, NULL, NULL },
    { "certification.certificate.issued", decide_certificate_issued, apply_certificate_issued, NULL },
    { "certification.certificate.superseded", decide_certificate_superseded, NULL, NULL },
    { "certification.certificate.revoked", decide_certificate_revoked, NULL, NULL },
    { "certification.certificate.expiring", decide_certificate_expiring, NULL, NULL },
    { "certification.certificate.expired", decide_certificate_expired, NULL, NULL },
    /* facts about reports */
    { "intake.plan.registered", NULL, apply_plan_registered, NULL },
    { "intake.report.filed", NULL, apply_report_filed, NULL },
    { "intake.report.registered", NULL, apply_report_registered, NULL },
    { "intake.report.refused", NULL, apply_report_refused, NULL },
    { "clock.day.started", decide_day_started, NULL, NULL },
    /* requests */
    { "notification.message.delivered", decide_message_delivered, NULL, receipt_refused_type },
    { "notification.message.failed", decide_message_failed, NULL, receipt_refused_type },
    { "notification.receipt.filed", decide_receipt_filed, NULL, receipt_refused_type },
    /* our outcomes */
    { "notification.message.queued", NULL, apply_message_queued, NULL },
    { "notification.deadline.missed", NULL, apply_deadline_missed, NULL },
    { "notification.receipt.accepted", NULL, apply_receipt_accepted, NULL },
    { NULL, NULL, NULL, NULL },
};

static const struct question questions[] = {
    { "summary", answer_summary },
    { "message", answer_message },
    { NULL, NULL },
};

const struct service notification_service = {
    .name = "notification",
    .prefixes = prefixes,
    .routes = routes,
    .questions = questions,
    .schema = notification_schema_sql,
    .program = 1,
    .store_bytes = sizeof(struct store),
    .store_open = store_open,
    .store_close = store_close,
};
