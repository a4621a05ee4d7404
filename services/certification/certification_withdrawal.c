/* certification_withdrawal.c - who withdraws a certificate, and the findings that ask for it
 * (26/2026/QĐ-TTg Art. 8).
 *
 * Only a certificate in force on the day of the decision or finding can be withdrawn: nothing leaves
 * "expired", "withdrawn" or "replaced". A decision filed late counts from its own date.
 */
#include "services/certification/certification.h"

#include "common/clock.h"

static enum err unknown_certificate(struct slice number, struct why *why)
{
    return why_set(
        why, ERR_INVALID, "UNKNOWN_CERTIFICATE",
        "there is no certificate %.*s; correct its number, as OCOP-06-2018-0001 or GHI-06-2018-0001",
        SLICE_ARG(number));
}

static enum err check_in_force(const struct certificate *certificate, int32_t day, struct why *why)
{
    const enum status status =
        certificate->withdrawn ? STATUS_WITHDRAWN : status_on(&certificate->facts, day).status;
    char text[CLOCK_DAY_TEXT + 1];

    if (status_in_force(status)) return ERR_NONE;
    clock_day_text(day, text);
    return why_set(why, ERR_INVALID, "NOT_VALID",
                   "certificate %.*s is %s on %s; only one that is valid that day can be withdrawn",
                   SLICE_ARG(certificate->certificate), status_word(status), text);
}

static enum err check_issued_before(const struct certificate *certificate, int32_t day, const char *what,
                                    struct why *why)
{
    char first[CLOCK_DAY_TEXT + 1], text[CLOCK_DAY_TEXT + 1];

    if (day >= certificate->facts.issued_on) return ERR_NONE;
    clock_day_text(certificate->facts.issued_on, first);
    clock_day_text(day, text);
    return why_set(why, ERR_INVALID, "DECISION_DATE",
                   "certificate %.*s begins on %s, after the date %s of this %s; correct the date",
                   SLICE_ARG(certificate->certificate), first, text, what);
}

static enum err check_area(const struct certificate *certificate, struct slice said, bool in_area,
                           struct why *why)
{
    if (in_area) return ERR_NONE;
    return why_set(why, ERR_INVALID, "WRONG_PROVINCE",
                   "certificate %.*s is of province %.*s; province %.*s has no say in it",
                   SLICE_ARG(certificate->certificate), SLICE_ARG(certificate->province), SLICE_ARG(said));
}

enum err certification_check_revocation(const struct revocation_decided *decided, struct slice province,
                                        const struct area *area, int32_t day,
                                        const struct certificate *certificate, bool in_area,
                                        enum authority who, struct why *why)
{
    enum err e = certification_check_sender(decided->authority, decided->province, province, why);

    if (!e) e = certification_check_not_ahead(decided->signed_on, day, why);
    if (!e) e = certification_check_area(province, area, why);
    if (e) return e;
    if (!certificate) return unknown_certificate(decided->certificate, why);
    e = check_area(certificate, decided->province, in_area || decided->authority == authority_MINISTRY, why);
    if (!e) e = check_issued_before(certificate, decided->signed_on, "decision", why);
    if (!e) e = check_in_force(certificate, decided->signed_on, why);
    if (e) return e;
    if (who != decided->authority)
        return why_set(why, ERR_INVALID, "WRONG_AUTHORITY",
                       "certificate %.*s is withdrawn by the %s, this decision is the %s's",
                       SLICE_ARG(certificate->certificate), certification_authority_text(who),
                       certification_authority_text(decided->authority));
    return ERR_NONE;
}

enum err certification_check_finding(const struct finding_filed *filed, struct slice province,
                                     const struct area *area, int32_t day,
                                     const struct certificate *certificate, bool in_area, bool open,
                                     const struct rule_set *rules, struct why *why)
{
    const bool national = slice_is(filed->province, "00");
    char text[CLOCK_DAY_TEXT + 1];
    enum err e;

    clock_day_text(filed->found_on, text);
    if (!slice_equal(filed->province, province))
        return why_set(why, ERR_INVALID, "WRONG_PROVINCE",
                       "the finding is of province %.*s, but it was sent under the topic of province %.*s; "
                       "send it under its own",
                       SLICE_ARG(filed->province), SLICE_ARG(province));
    if (filed->found_on > day)
        return why_set(why, ERR_INVALID, "DATE_FUTURE",
                       "found_on %s is after today; file the finding on its day, or correct the date", text);
    e = certification_check_area(province, area, why);
    if (e) return e;
    if (!certificate) return unknown_certificate(filed->certificate, why);
    e = check_area(certificate, filed->province, in_area || national, why);
    if (!e) e = check_issued_before(certificate, filed->found_on, "finding", why);
    if (!e) e = check_in_force(certificate, filed->found_on, why);
    if (e) return e;
    if (open)
        return why_set(
            why, ERR_INVALID, "FINDING_DUPLICATE",
            "a finding on this ground waits for its decision on certificate %.*s already; withdraw "
            "the certificate, or dismiss that finding",
            SLICE_ARG(certificate->certificate));
    if (!rules)
        return why_set(
            why, ERR_INVALID, "RULE_SET_UNKNOWN",
            "no rule set that covers %s is adopted; the operator must propose it first (ocop rules "
            "propose --shipped)",
            text);
    if (rules->withdrawal_days < 0)
        return why_set(
            why, ERR_INVALID, "NO_TIME_LIMIT",
            "%.*s, in force on %s, names no days for a withdrawal, so a finding has nothing to run; "
            "the authority withdraws by revocation.decided alone",
            SLICE_ARG(rules->name), text);
    return ERR_NONE;
}

enum err certification_check_dismissal(const struct dismissal_decided *decided, struct slice province,
                                       const struct area *area, const struct finding *finding, bool in_area,
                                       enum authority who, struct why *why)
{
    enum err e = certification_check_sender(decided->authority, decided->province, province, why);

    if (!e) e = certification_check_area(province, area, why);
    if (e) return e;
    if (!finding)
        return why_set(why, ERR_INVALID, "NOT_YET",
                       "no finding.registered with id %.*s stands before this in the log; wait for it, or "
                       "correct the id",
                       SLICE_ARG(decided->finding));
    if (decided->authority != authority_MINISTRY && !in_area)
        return why_set(why, ERR_INVALID, "WRONG_PROVINCE",
                       "certificate %.*s, of which the finding is, is not of province %.*s",
                       SLICE_ARG(finding->certificate), SLICE_ARG(decided->province));
    if (finding->settled)
        return why_set(why, ERR_INVALID, "FINDING_SETTLED",
                       "this finding on certificate %.*s is settled already; nothing is left to dismiss",
                       SLICE_ARG(finding->certificate));
    if (who != decided->authority)
        return why_set(why, ERR_INVALID, "WRONG_AUTHORITY",
                       "a finding on certificate %.*s is the %s's to decide, this decision is the %s's",
                       SLICE_ARG(finding->certificate), certification_authority_text(who),
                       certification_authority_text(decided->authority));
    return ERR_NONE;
}
