/* certification.c - which line of a decision stands, and what a certificate is called. */
#include "services/certification/certification.h"

#include "common/clock.h"
#include "common/text.h"

#include <stdio.h>

const char *certification_authority_text(enum authority a)
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

enum err certification_check_sender(enum authority authority, struct slice said, struct slice province,
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
                       certification_authority_text(authority), SLICE_ARG(said));
    return ERR_NONE;
}

enum err certification_check_area(struct slice province, const struct area *area, struct why *why)
{
    char day[CLOCK_DAY_TEXT + 1];

    if (slice_is(province, "00")) return ERR_NONE;
    clock_day_text(area->merged_on, day);
    if (area->merged_into.size)
        return why_set(why, ERR_INVALID, "PROVINCE_MERGED", "%.*s became part of %.*s on %s; file as %.*s",
                       SLICE_ARG(province), SLICE_ARG(area->merged_into), day, SLICE_ARG(area->merged_into));
    if (area->adopted && !area->known)
        return why_set(why, ERR_INVALID, "PROVINCE_UNKNOWN",
                       "the adopted areas have no province %.*s; correct the code, or have the operator "
                       "propose areas that name it",
                       SLICE_ARG(province));
    return ERR_NONE;
}

enum err certification_check_not_ahead(int32_t signed_on, int32_t day, struct why *why)
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
                                      const struct area *area, int32_t day, bool known, struct why *why)
{
    char text[CLOCK_DAY_TEXT + 1], first[CLOCK_DAY_TEXT + 1];
    enum err e = certification_check_sender(decision->authority, decision->province, province, why);

    if (!e) e = certification_check_not_ahead(decision->signed_on, day, why);
    if (!e) e = certification_check_area(province, area, why);
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

/* [inferred] Any later rating of the same dossier, of a higher level or a later round, takes the place of the
 * earlier. On a central result that was given back (26/2026/QĐ-TTg Art. 7.4) the province certifies by naming
 * that result; once it has the product rated again, the newer result holds. */
static enum err check_latest(const struct rating *rating, struct why *why)
{
    if (rating->later.size == 0) return ERR_NONE;
    return why_set(why, ERR_INVALID, "RATING_SUPERSEDED",
                   "product %.*s was rated again with the same dossier; name that result, %.*s%s",
                   SLICE_ARG(rating->product), SLICE_ARG(rating->later),
                   rating->later_remanded ? ", on which the lower level may certify" : "");
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
    if (check_latest(rating, why)) return ERR_INVALID;
    if (rating->star < CERTIFICATION_STAR_LEAST)
        return why_set(
            why, ERR_INVALID, "STAR_TOO_LOW",
            "product %.*s was rated %lld, with a mean of %s%s%.*s; below three stars there is no decision "
            "and no certificate (26/2026/QĐ-TTg Art. 4)",
            SLICE_ARG(rating->product), (long long)rating->star, mean,
            rating->gates.size ? ", having met gate or ground " : "", SLICE_ARG(rating->gates));
    if (rating->star != item->star)
        return why_set(
            why, ERR_INVALID, "WRONG_STAR",
            "the decision gives product %.*s %lld stars, its council rated it %lld, with a mean of %s; "
            "correct the decision, or have it rated again",
            SLICE_ARG(rating->product), (long long)item->star, (long long)rating->star, mean);
    return ERR_NONE;
}

/* Papers are held against papers: the date of the decision against the day of the meeting, not against the
 * day on which the closing reached the log, which may be later than both. The certificates begin on the
 * decision's date or later, so that they cannot precede the meeting either. */
static enum err check_rated_before(const struct decision_signed *decision, const struct rating *rating,
                                   struct why *why)
{
    char rated[CLOCK_DAY_TEXT + 1], text[CLOCK_DAY_TEXT + 1];

    if (!rating->has_met_on || decision->signed_on >= rating->met_on) return ERR_NONE;
    clock_day_text(rating->met_on, rated);
    clock_day_text(decision->signed_on, text);
    return why_set(
        why, ERR_INVALID, "DECISION_DATE",
        "product %.*s was rated on %s, after the decision's date %s; a decision cannot precede the "
        "rating it rests on; correct the date",
        SLICE_ARG(rating->product), rated, text);
}

/* Who signs is who the rating's rule set names for this star on the day of the signature. */
static enum err check_signer(const struct decision_signed *decision, const struct rating *rating,
                             const struct signer *signer, struct why *why)
{
    char day[CLOCK_DAY_TEXT + 1];

    clock_day_text(decision->signed_on, day);
    if (!signer->known || signer->term_months < 0)
        return why_set(why, ERR_INVALID, "RULE_SET_UNKNOWN",
                       "product %.*s was rated under rule set %.*s, which %s; the operator must propose it "
                       "first (ocop rules propose)",
                       SLICE_ARG(rating->product), SLICE_ARG(rating->rule_set),
                       signer->known ? "gives no term of certificates" : "is not adopted");
    if (!signer->named)
        return why_set(why, ERR_INVALID, "WRONG_AUTHORITY",
                       "rule set %.*s names nobody who recognises %lld stars on %s; correct the decision's "
                       "date, or leave product %.*s out",
                       SLICE_ARG(rating->rule_set), (long long)rating->star, day, SLICE_ARG(rating->product));
    if (signer->authority != decision->authority)
        return why_set(why, ERR_INVALID, "WRONG_AUTHORITY",
                       "%lld stars of product %.*s are recognised by the %s on %s (rule set %.*s), this "
                       "decision is the %s's",
                       (long long)rating->star, SLICE_ARG(rating->product),
                       certification_authority_text(signer->authority), day, SLICE_ARG(rating->rule_set),
                       certification_authority_text(decision->authority));
    return ERR_NONE;
}

enum err certification_check_line(const struct decision_signed *decision, const struct decision_item *item,
                                  struct slice product, const struct rating *rating, bool in_area,
                                  const struct signer *signer, struct why *why)
{
    enum err e;

    if (!rating)
        return why_set(
            why, ERR_INVALID, "NOT_YET",
            "no product.rated with id %.*s stands before this in the log; wait for it, or correct the id",
            SLICE_ARG(item->rated));
    if (!slice_equal(rating->product, product))
        return why_set(
            why, ERR_INVALID, "WRONG_PRODUCT",
            "the line names product %.*s, the rating it rests on is of product %.*s; name the rating of "
            "this product",
            SLICE_ARG(item->product), SLICE_ARG(rating->product));
    if (decision->authority != authority_MINISTRY && !in_area)
        return why_set(why, ERR_INVALID, "WRONG_PROVINCE",
                       "product %.*s is of province %.*s; an authority of province %.*s cannot recognise it",
                       SLICE_ARG(rating->product), SLICE_ARG(rating->province),
                       SLICE_ARG(decision->province));
    e = check_rating(item, rating, why);
    if (!e) e = check_rated_before(decision, rating, why);
    return e ? e : check_signer(decision, rating, signer, why);
}

enum change certification_change(int64_t older_star, int64_t star)
{
    if (star == older_star) return change_RENEWED;
    return star > older_star ? change_UPGRADED : change_LOWERED;
}

/* --- numbers, means --- */

void certification_number(bool recorded, struct slice province, int64_t year, int64_t serial,
                          char number[CERTIFICATION_NUMBER_BYTES])
{
    snprintf(number, CERTIFICATION_NUMBER_BYTES, "%s-%.2s-%04lld-%04lld", recorded ? "GHI" : "OCOP",
             province.data, (long long)year, (long long)serial);
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
    enum { YEAR_AT = 3, SERIAL_AT = 8 }; /* PP-YYYY-NNNN, behind OCOP- or GHI- */
    const size_t head = slice_starts(number, slice_text("OCOP-"))  ? 5
                        : slice_starts(number, slice_text("GHI-")) ? 4
                                                                   : 0;
    const struct slice rest = slice_of(number.data + head, number.size - head);

    if (head == 0 || rest.size <= SERIAL_AT) return false;
    if (rest.data[YEAR_AT - 1] != '-' || rest.data[SERIAL_AT - 1] != '-') return false;
    return read_digits(slice_of(rest.data + YEAR_AT, 4), year) &&
           read_digits(slice_of(rest.data + SERIAL_AT, rest.size - SERIAL_AT), serial);
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

enum err certification_name_key(struct slice name, char key[CERTIFICATION_NAME_KEY_BYTES])
{
    return text_key(name, key, CERTIFICATION_NAME_KEY_BYTES);
}
