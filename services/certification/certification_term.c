/* certification_term.c - certificates from elsewhere, and how long any of them lasts. */
#include "services/certification/certification.h"

#include "common/clock.h"

static enum err check_record_days(const struct record_filed *filed, int32_t day, struct why *why)
{
    char first[CLOCK_DAY_TEXT + 1], last[CLOCK_DAY_TEXT + 1];

    clock_day_text(filed->issued_on, first);
    if (filed->issued_on > day)
        return why_set(why, ERR_INVALID, "DATE_FUTURE",
                       "issued_on %s is after today; record the certificate when it is in force, or correct "
                       "the date",
                       first);
    if (!filed->has_ends_on || filed->ends_on >= filed->issued_on) return ERR_NONE;
    clock_day_text(filed->ends_on, last);
    return why_set(why, ERR_INVALID, "ENDS_BEFORE",
                   "ends_on %s is before issued_on %s; correct one, or leave ends_on out", last, first);
}

enum err certification_check_record(const struct record_filed *filed, struct slice province,
                                    const struct area *area, int32_t day, const struct rule_set *rules,
                                    const struct signer *signer, struct slice duplicate, struct why *why)
{
    char first[CLOCK_DAY_TEXT + 1];
    enum err e;

    if (!slice_equal(filed->province, province) || slice_is(province, "00"))
        return why_set(
            why, ERR_INVALID, "WRONG_PROVINCE",
            "the certificate is of province %.*s, but it was sent under the topic of province %.*s; "
            "send it under that of its product",
            SLICE_ARG(filed->province), SLICE_ARG(province));
    e = check_record_days(filed, day, why);
    if (!e) e = certification_check_area(province, area, why);
    if (e) return e;
    clock_day_text(filed->issued_on, first);
    if (!rules || rules->term_months < 0)
        return why_set(why, ERR_INVALID, "RULE_SET_UNKNOWN",
                       "no adopted rule set in force on issued_on %s says how long a certificate lasts; the "
                       "operator must propose it first (ocop rules propose)",
                       first);
    if (!signer->named)
        return why_set(
            why, ERR_INVALID, "AUTHORITY_UNKNOWN",
            "rule set %.*s names nobody who recognises %lld stars on issued_on %s; correct star or "
            "date",
            SLICE_ARG(rules->name), (long long)filed->star, first);
    if (duplicate.size)
        return why_set(why, ERR_INVALID, "RECORD_DUPLICATE",
                       "the same name, owner, province, issued_on, star and number are recorded already, as "
                       "%.*s; leave this row out",
                       SLICE_ARG(duplicate));
    return ERR_NONE;
}

static bool extends_again(const struct status_extension *latest, int32_t day, int32_t *to)
{
    if (day > latest->to) return false;
    for (const struct status_extension *x = latest; x; x = x->earlier)
        if (x->rated) return false;
    *to = latest->to;
    return true;
}

/* Art. 12.3: who could not meet the new re-rating window keeps the certificate until the result, at most so
 * many days past its end.
 * [inferred] "could not meet": the last day of the window lies before the first day of the rule set in force.
 * [inferred] "keeps": what had ended before that first day is not brought back.
 * [inferred] A dossier handed in after the end of the term gives the certificate back from that day on only;
 * between them it was expired. A dossier that does not say when it was handed in was on the day it was
 * accepted.
 * [inferred] While no dossier has a result, each that is accepted in time extends again, to the same day: the
 * first may have been withdrawn or turned away. What a council has rated too low extends no more. */
bool certification_extension(const struct rule_set *rules, const struct status_facts *facts, int32_t day,
                             int32_t *to)
{
    int64_t closed_on, last;

    if (facts->leaving != LEAVING_NONE || day < facts->issued_on) return false;
    if (facts->extension) return extends_again(facts->extension, day, to);
    if (rules->extension_days <= 0 || rules->window_closes_days < 0 || rules->first_day == INT32_MIN)
        return false;
    closed_on = facts->ends_on - rules->window_closes_days;
    if (closed_on >= rules->first_day || facts->ends_on < rules->first_day) return false;
    last = facts->ends_on + rules->extension_days;
    if (day > last) return false;
    *to = (int32_t)last;
    return true;
}

int32_t certification_extension_from(int32_t ends_on, int32_t received_on)
{
    return received_on > ends_on ? received_on : ends_on + 1;
}

bool certification_end_is_near(int32_t ends_on, int32_t day, int64_t longest_notice)
{
    return ends_on >= day && ends_on - day <= longest_notice;
}
