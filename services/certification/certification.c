/* certification.c - the rules of certification. */
#include "services/certification/certification.h"

#include "common/clock.h"
#include "common/text.h"

#include <stdio.h>

const int32_t certification_notices[CERTIFICATION_NOTICES] = { 180, 150, 120, 30 };

enum { STAR_LEAST = 3 };

/* The words of the pick: what a rating carries as text. */
static const char *authority_text(enum authority a)
{
    static const char *const words[authority_COUNT] = { [authority_DISTRICT] = "district",
                                                        [authority_PROVINCE] = "province",
                                                        [authority_MINISTRY] = "ministry" };

    return (unsigned)a < authority_COUNT ? words[a] : "unknown";
}

int32_t certification_first_day(const struct decision_signed *decision)
{
    return decision->has_issued_on ? decision->issued_on : decision->signed_on;
}

/* The sender's topic and the decision must speak of the same province, and only the ministry of "00". */
static enum err check_sender(enum authority authority, struct slice said, struct slice province,
                             struct why *why)
{
    const bool national = slice_is(said, "00");

    if (!slice_equal(said, province))
        return why_set(
            why, ERR_INVALID, "WRONG_PROVINCE",
            "the decision is of province %.*s, but it was sent under the topic of province %.*s; send it "
            "under its own",
            SLICE_ARG(said), SLICE_ARG(province));
    if ((authority == authority_MINISTRY) != national)
        return why_set(why, ERR_INVALID, "WRONG_PROVINCE",
                       "a decision of the %s cannot be of province %.*s; 00 stands for the ministry, and for "
                       "nobody else",
                       authority_text(authority), SLICE_ARG(said));
    return ERR_NONE;
}

static enum err check_not_ahead(int32_t signed_on, int32_t day, struct why *why)
{
    char text[CLOCK_DAY_TEXT + 1], today[CLOCK_DAY_TEXT + 1];

    if (signed_on <= day) return ERR_NONE;
    clock_day_text(signed_on, text);
    clock_day_text(day, today);
    return why_set(why, ERR_INVALID, "DECISION_DATE",
                   "the decision is dated %s and today is %s; file it on its day, or correct the date", text,
                   today);
}

/* --- recognitions --- */

enum err certification_check_decision(const struct decision_signed *decision, struct slice province,
                                      int32_t day, bool known, struct why *why)
{
    char text[CLOCK_DAY_TEXT + 1], first[CLOCK_DAY_TEXT + 1];
    enum err e = check_sender(decision->authority, decision->province, province, why);

    if (!e) e = check_not_ahead(decision->signed_on, day, why);
    if (e) return e;
    if (certification_first_day(decision) < decision->signed_on) {
        clock_day_text(decision->signed_on, text);
        clock_day_text(certification_first_day(decision), first);
        return why_set(
            why, ERR_INVALID, "DECISION_DATE",
            "issued_on %s is before the decision's own date %s; a certificate cannot precede its decision",
            first, text);
    }
    if (known)
        return why_set(
            why, ERR_INVALID, "DECISION_DUPLICATE",
            "decision %.*s of this authority and year is recorded already; what it left out needs a decision "
            "of another number",
            SLICE_ARG(decision->number));
    return ERR_NONE;
}

/* What the rating itself forbids, whoever signs. */
static enum err check_rating(const struct decision_item *item, const struct rating *rating, struct why *why)
{
    char mean[CERTIFICATION_MEAN_BYTES];

    certification_mean(rating->sum_hundredths, rating->members, mean);
    if (rating->withdrawn)
        return why_set(why, ERR_INVALID, "WITHDRAWN",
                       "dossier %.*s of product %.*s was withdrawn by its applicant; leave the product out",
                       SLICE_ARG(rating->reference), SLICE_ARG(rating->product));
    if (rating->recognised)
        return why_set(why, ERR_INVALID, "DECIDED_TWICE",
                       "this rating of product %.*s is recognised already; one rating gives one certificate",
                       SLICE_ARG(rating->product));
    if (rating->star < STAR_LEAST)
        return why_set(
            why, ERR_INVALID, "STAR_TOO_LOW",
            "product %.*s was rated %lld, with a mean of %s; below three stars there is no decision and no "
            "certificate (26/2026/QĐ-TTg Art. 4)",
            SLICE_ARG(rating->product), (long long)rating->star, mean);
    if (rating->star != item->star)
        return why_set(
            why, ERR_INVALID, "WRONG_STAR",
            "the decision gives product %.*s %lld stars, its council rated it %lld, with a mean of %s; "
            "correct the decision, or have it rated again",
            SLICE_ARG(rating->product), (long long)item->star, (long long)rating->star, mean);
    return ERR_NONE;
}

enum err certification_check_line(const struct decision_signed *decision, const struct decision_item *item,
                                  const struct rating *rating, struct why *why)
{
    const char *signer = authority_text(decision->authority);
    enum err e;

    if (!rating)
        return why_set(
            why, ERR_INVALID, "NOT_YET",
            "no product.rated with id %.*s stands before this in the log; wait for it, or correct the id",
            SLICE_ARG(item->rated));
    if (!slice_equal(rating->product, item->product))
        return why_set(
            why, ERR_INVALID, "WRONG_PRODUCT",
            "the line names product %.*s, the rating it rests on is of product %.*s; name the rating of "
            "this product",
            SLICE_ARG(item->product), SLICE_ARG(rating->product));
    if (decision->authority != authority_MINISTRY && !slice_equal(rating->province, decision->province))
        return why_set(why, ERR_INVALID, "WRONG_PROVINCE",
                       "product %.*s is of province %.*s; an authority of province %.*s cannot recognise it",
                       SLICE_ARG(rating->product), SLICE_ARG(rating->province),
                       SLICE_ARG(decision->province));
    e = check_rating(item, rating, why);
    if (e) return e;
    if (!slice_is(rating->authority, signer))
        return why_set(why, ERR_INVALID, "WRONG_AUTHORITY",
                       "%lld stars of product %.*s are recognised by the %.*s, this decision is the %s's",
                       (long long)rating->star, SLICE_ARG(rating->product), SLICE_ARG(rating->authority),
                       signer);
    return ERR_NONE;
}

/* --- withdrawals --- */

/* Who withdraws is who issued; what a district issued is the province's since there are no districts. */
static const char *revoker(const struct certificate *certificate, int32_t signed_on)
{
    if (slice_is(certificate->authority, "ministry")) return "ministry";
    if (slice_is(certificate->authority, "district") && signed_on < clock_day_from_civil(2025, 7, 1))
        return "district";
    return "province";
}

enum err certification_check_revocation(const struct revocation_decided *decided, struct slice province,
                                        int32_t day, const struct certificate *certificate, struct why *why)
{
    const char *signer = authority_text(decided->authority), *who;
    char first[CLOCK_DAY_TEXT + 1];
    enum err e = check_sender(decided->authority, decided->province, province, why);

    if (!e) e = check_not_ahead(decided->signed_on, day, why);
    if (e) return e;
    if (!certificate)
        return why_set(why, ERR_INVALID, "UNKNOWN_CERTIFICATE",
                       "there is no certificate %.*s; correct its number, as OCOP-06-2018-0001",
                       SLICE_ARG(decided->certificate));
    if (decided->authority != authority_MINISTRY && !slice_equal(certificate->province, decided->province))
        return why_set(
            why, ERR_INVALID, "WRONG_PROVINCE",
            "certificate %.*s is of province %.*s; an authority of province %.*s cannot withdraw it",
            SLICE_ARG(certificate->certificate), SLICE_ARG(certificate->province),
            SLICE_ARG(decided->province));
    if (!slice_is(certificate->state, "valid"))
        return why_set(why, ERR_INVALID, "NOT_VALID",
                       "certificate %.*s is %.*s; only a valid one can be withdrawn",
                       SLICE_ARG(certificate->certificate), SLICE_ARG(certificate->state));
    who = revoker(certificate, decided->signed_on);
    if (strcmp(who, signer) != 0)
        return why_set(why, ERR_INVALID, "WRONG_AUTHORITY",
                       "certificate %.*s is withdrawn by the %s, this decision is the %s's",
                       SLICE_ARG(certificate->certificate), who, signer);
    if (decided->signed_on < certificate->issued_on) {
        clock_day_text(certificate->issued_on, first);
        return why_set(why, ERR_INVALID, "DECISION_DATE",
                       "certificate %.*s was issued on %s, after the date of this decision; correct the date",
                       SLICE_ARG(certificate->certificate), first);
    }
    return ERR_NONE;
}

/* --- ends, numbers, means --- */

bool certification_notice_due(int32_t ends_on, int32_t day, int32_t *days_left)
{
    for (size_t i = 0; i < CERTIFICATION_NOTICES; i++) {
        if (ends_on - day != certification_notices[i]) continue;
        *days_left = certification_notices[i];
        return true;
    }
    return false;
}

void certification_number(struct slice province, int64_t year, int64_t serial,
                          char number[CERTIFICATION_NUMBER_BYTES])
{
    snprintf(number, CERTIFICATION_NUMBER_BYTES, "OCOP-%.2s-%04lld-%04lld", province.data, (long long)year,
             (long long)serial);
}

static bool read_digits(struct slice text, int64_t *number)
{
    int64_t value = 0;

    if (text.size == 0 || text.size > 18) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        value = value * 10 + (text.data[i] - '0');
    }
    *number = value;
    return true;
}

bool certification_number_parts(struct slice number, int64_t *year, int64_t *serial)
{
    enum { YEAR_AT = 8, SERIAL_AT = 13 }; /* OCOP-PP-YYYY-NNNN */

    if (number.size <= SERIAL_AT || !slice_starts(number, slice_text("OCOP-"))) return false;
    if (number.data[YEAR_AT - 1] != '-' || number.data[SERIAL_AT - 1] != '-') return false;
    return read_digits(slice_of(number.data + YEAR_AT, 4), year) &&
           read_digits(slice_of(number.data + SERIAL_AT, number.size - SERIAL_AT), serial);
}

int64_t certification_year(int32_t day)
{
    int year = 0, month = 0, day_of_month = 0;

    clock_day_civil(day, &year, &month, &day_of_month);
    return year;
}

void certification_mean(int64_t sum_hundredths, int64_t members, char text[CERTIFICATION_MEAN_BYTES])
{
    const long long sum = sum_hundredths, n = members > 0 ? members : 1, mean = sum / n;

    if (sum % n == 0)
        snprintf(text, CERTIFICATION_MEAN_BYTES, "%lld.%02lld", mean / 100, mean % 100);
    else
        snprintf(text, CERTIFICATION_MEAN_BYTES, "%lld.%02lld (exactly %lld.%02lld / %lld)", mean / 100,
                 mean % 100, sum / 100, sum % 100, n);
}

enum err certification_key(struct slice number, char key[CERTIFICATION_KEY_BYTES])
{
    return text_key(number, key, CERTIFICATION_KEY_BYTES);
}
