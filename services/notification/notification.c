#include "services/notification/notification.h"

#include "common/clock.h"

#include <stdio.h>

/* Marks: [C] written in the decision, [R] reported practice, [I] inferred. */
const struct owed notification_owed_table[] = {
    /* A dossier handed back goes to who filed it, with every gap: events.md B3 and C2, supplements [C]. */
    { "intake.dossier.returned", 0, 5, TOLD_PROVINCE, "dossier_returned" },

    /* The applicant is asked for more, or turned away, with the reasons: events.md B3 [R] and B5 [C]. */
    { "intake.request.registered", 0, 5, TOLD_OWNER, "supplement_requested" },
    { "intake.rejection.registered", 0, 5, TOLD_OWNER, "dossier_rejected" },

    /* Written notice of the result to the applicant, and to the place it came from: 26/2026 Art. 7, events.md
     * D10 [C]; one and two stars get a result without recognition: Art. 4, events.md D1 [C]; an evaluation
     * ended by a gate has no star: events.md C10 [C] grounds. The result of a central council goes to the
     * province: D6 [C]. */
    { "scoring.product.rated", 3, 5, TOLD_OWNER, "rated" },
    { "scoring.product.rated", 3, 5, TOLD_PROVINCE, "rated" },
    { "scoring.product.rated", 1, 2, TOLD_OWNER, "rated_low" },
    { "scoring.product.rated", 1, 2, TOLD_PROVINCE, "rated_low" },
    { "scoring.product.rated", 0, 0, TOLD_OWNER, "not_rated" },
    { "scoring.product.rated", 0, 0, TOLD_PROVINCE, "not_rated" },

    /* A closing that left products without result: whose council it is must see to it; that its
     * province is told [I]. */
    { "scoring.spread.exceeded", 0, 5, TOLD_PROVINCE, "spread_exceeded" },
    { "scoring.round.settled", 0, 5, TOLD_PROVINCE, "products_held" },

    /* The centre gave less than five stars; the province certifies on that or rates again: Art. 7.4 [C]. */
    { "scoring.product.remanded", 0, 5, TOLD_PROVINCE, "product_remanded" },

    /* A line of a decision that does not stand goes back to the authority that signed it [I]. */
    { "certification.recognition.refused", 0, 5, TOLD_PROVINCE, "recognition_refused" },

    /* The certificate to its holder, the news to the province: 26/2026 Art. 7, events.md D3 and D10 [C]. */
    { "certification.certificate.issued", 0, 5, TOLD_OWNER, "certificate_issued" },
    { "certification.certificate.issued", 0, 5, TOLD_PROVINCE, "certificate_issued" },

    /* The holder of a certificate that a newer one replaces: events.md E10 [I]. */
    { "certification.certificate.superseded", 0, 5, TOLD_OWNER, "certificate_superseded" },

    /* The decision of withdrawal to the holder and the bodies concerned: 26/2026 Art. 8, events.md E8 [C]. */
    { "certification.certificate.revoked", 0, 5, TOLD_OWNER, "certificate_revoked" },
    { "certification.certificate.revoked", 0, 5, TOLD_PROVINCE, "certificate_revoked" },

    /* The issuer tells the holder in writing before the end: OCOP.md 9, events.md E1 [I] and E2 [R]. */
    { "certification.certificate.expiring", 0, 5, TOLD_OWNER, "certificate_expiring" },
    { "certification.certificate.expired", 0, 5, TOLD_OWNER, "certificate_expired" },

    /* The holder of a certificate that stays valid while its re-rating is awaited: 26/2026 Art. 12.3 [C]. */
    { "certification.certificate.extended", 0, 5, TOLD_OWNER, "certificate_extended" },
    { "certification.extension.ended", 0, 5, TOLD_OWNER, "extension_ended" },
    { NULL, 0, 0, TOLD_OWNER, NULL },
};

/* Reports asked of every province with an approved plan. */
static const struct {
    int period_end[3], due_before[3];
    const char *source;
} reports[] = {
    /* Official letter 9654/BNN-VPĐP of 12/12/2018: results to 31/12/2018, before 10/01/2019 [C]. */
    { { 2018, 12, 31 }, { 2019, 1, 10 }, "9654/BNN-VPĐP" },
};

/* Days and limits come from the adopted rule sets; here stands only who is told. */
static const struct deadline_text deadline_texts[due_COUNT] = {
    [due_REPORT] = { NULL, "report_missed", false, false },
    /* The commune's 15 working days: 26/2026 Art. 7, events.md B [C]; the copy to the province [I]. */
    [due_COMMUNE] = { "commune_near", "commune_missed", false, true },
    /* The applicant answers a request; that the desk learns of a missed one [I]. */
    [due_SUPPLEMENT] = { "supplement_near", "supplement_missed", false, true },
    /* The rounds of 26/2026 Art. 5 [C]; who is told [I]. */
    [due_ROUND_CUTOFF] = { "round_cutoff_near", "round_cutoff_reached", false, false },
    [due_ROUND_END] = { "round_end_near", "round_end_missed", false, false },
    /* 45 days from the full dossier: 26/2026 Art. 7 [C]. */
    [due_RE_RATING] = { "re_rating_near", "re_rating_missed", false, false },
    /* 60 and 30 days: 26/2026 Art. 12.2 [C]; the applicant must know too, the dossier would be void [I]. */
    [due_TRANSITION] = { "transition_near", "transition_missed", true, false },
    /* 15 days from the finding: 26/2026 Art. 8 [C]. */
    [due_WITHDRAWAL] = { "withdrawal_near", "withdrawal_missed", false, false },
};

const struct owed *notification_owed(struct slice type, int64_t star, const struct owed *after)
{
    const struct owed *row = after ? after + 1 : notification_owed_table;

    for (; row->type; row++)
        if (slice_is(type, row->type) && star >= row->least_star && star <= row->most_star) return row;
    return NULL;
}

static enum err join(const char *prefix, struct slice rest, char *out, size_t size)
{
    size_t length = strlen(prefix);

    if (length + rest.size + 1 > size) return ERR_LIMIT;
    memcpy(out, prefix, length);
    if (rest.size > 0) memcpy(out + length, rest.data, rest.size);
    out[length + rest.size] = '\0';
    return ERR_NONE;
}

enum err notification_recipient(enum told who, struct slice owner, struct slice province, char *out,
                                size_t size)
{
    if (who == TOLD_OWNER && owner.size > 0) return join("owner:", owner, out, size);
    if (slice_is(province, "00")) return join("ministry", slice_text(""), out, size);
    return join("province:", province, out, size);
}

enum err notification_commune(struct slice province, struct slice commune_code, char *out, size_t size)
{
    char place[NOTIFICATION_RECIPIENT_EXTRA];

    if (commune_code.size == 0)
        return notification_recipient(TOLD_PROVINCE, slice_text(""), province, out, size);
    if (snprintf(place, sizeof place, "%.*s-%.*s", SLICE_ARG(province), SLICE_ARG(commune_code)) >=
        (int)sizeof place)
        return ERR_LIMIT;
    return join("commune:", slice_text(place), out, size);
}

const char *notification_province_in(struct slice recipient, struct slice province)
{
    static const char *const before[] = { "province:", "commune:" };

    for (size_t i = 0; province.size == 2 && i < 2; i++) {
        const size_t size = strlen(before[i]);

        if (recipient.size >= size + 2 && !memcmp(recipient.data, before[i], size) &&
            !memcmp(recipient.data + size, province.data, 2))
            return recipient.data + size;
    }
    return NULL;
}

void notification_message_id(struct slice about, struct slice recipient, char id[HASH_ID_TEXT + 1])
{
    const struct slice parts[] = { slice_text("message"), about, recipient };

    hash_id(parts, 3, id);
}

size_t notification_reports(void)
{
    return sizeof reports / sizeof reports[0];
}

struct report_due notification_report(size_t i)
{
    const int *end = reports[i].period_end, *due = reports[i].due_before;

    return (struct report_due){ .period_end = clock_day_from_civil(end[0], end[1], end[2]),
                                .due_before = clock_day_from_civil(due[0], due[1], due[2]),
                                .year = end[0],
                                .source = reports[i].source };
}

bool notification_is_past(const struct report_due *d, int32_t today)
{
    return today >= d->due_before;
}

const struct deadline_text *notification_deadline_text(enum due what)
{
    return &deadline_texts[what];
}

const char *message_state_word(const struct message_state *state)
{
    if (state->received) return "received";
    if (state->delivery == DELIVERY_DELIVERED) return "delivered";
    return state->delivery == DELIVERY_FAILED ? "failed" : "queued";
}

const char *notice_word(enum notice notice)
{
    static const char *const words[] = {
        [NOTICE_DELIVERED] = "delivered",
        [NOTICE_FAILED] = "failed",
        [NOTICE_RECEIVED] = "received",
    };
    return words[notice];
}

/* A message that failed may be delivered later; one that is out cannot fail any more. */
static bool noted_before(enum notice notice, const struct message_state *known)
{
    if (notice == NOTICE_RECEIVED) return known->received;
    if (notice == NOTICE_DELIVERED) return known->delivery == DELIVERY_DELIVERED;
    return known->delivery != DELIVERY_OPEN;
}

enum err notification_note(enum notice notice, struct slice message, const struct message_state *known,
                           int32_t day, int32_t today, struct why *why)
{
    char named[CLOCK_DAY_TEXT + 1], now[CLOCK_DAY_TEXT + 1];

    if (!known)
        return why_set(
            why, ERR_INVALID, "UNKNOWN_MESSAGE",
            "no message has the id %.*s: a receipt names a message that was queued before it; look the id "
            "up in the message itself",
            SLICE_ARG(message));
    if (noted_before(notice, known))
        return why_set(
            why, ERR_INVALID, "NOTED_BEFORE",
            "message %.*s is already %s, so %s is not noted again: each is noted once; nothing is to be done",
            SLICE_ARG(message), message_state_word(known), notice_word(notice));
    if (day > today) {
        clock_day_text(day, named);
        clock_day_text(today, now);
        return why_set(
            why, ERR_INVALID, "DAY_IN_FUTURE",
            "received_on is %s and today is %s: a receipt cannot be of a later day; correct the day", named,
            now);
    }
    return ERR_NONE;
}
