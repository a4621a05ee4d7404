/* intake.c - the rules of intake. */
#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/text.h"

#include <stdio.h>

bool intake_blank(struct slice text)
{
    char key[INTAKE_KEY_BYTES];

    return text.size == 0 || (text_key(text, key, sizeof key) == ERR_NONE && key[0] == '\0');
}

/* --- filings --- */

enum err intake_check_province(struct slice said, struct slice province, struct why *why)
{
    if (slice_is(said, "00"))
        return why_set(why, ERR_INVALID, "WRONG_PROVINCE",
                       "00 stands for the whole country; name the province that files this");
    if (slice_equal(said, province)) return ERR_NONE;
    return why_set(why, ERR_INVALID, "WRONG_PROVINCE",
                   "this belongs to province %.*s, but it was sent under the topic of province %.*s; send it "
                   "under its own",
                   SLICE_ARG(said), SLICE_ARG(province));
}

enum err intake_check_reference(const struct dossier_filed *filed, struct slice province, bool used,
                                struct why *why)
{
    enum err e = intake_check_province(filed->province, province, why);

    if (e || !used) return e;
    return why_set(why, ERR_INVALID, "REFERENCE_USED",
                   "reference %.*s was accepted before in province %.*s; a correction is a "
                   "dossier.supplemented, another "
                   "dossier needs a reference of its own",
                   SLICE_ARG(filed->reference), SLICE_ARG(province));
}

enum err intake_check_round(const struct dossier_filed *filed, struct slice product, struct slice earlier,
                            struct why *why)
{
    if (earlier.size == 0) return ERR_NONE;
    return why_set(why, ERR_INVALID, "DUPLICATE_IN_ROUND",
                   "this product of this applicant (%.*s) stands in round %.*s already, under reference "
                   "%.*s; supplement "
                   "or withdraw that one first",
                   SLICE_ARG(product), SLICE_ARG(filed->round), SLICE_ARG(earlier));
}

enum err intake_check_plan(const struct plan_filed *plan, struct slice province, bool registered,
                           struct why *why)
{
    enum err e = intake_check_province(plan->province, province, why);

    if (e) return e;
    if (plan->year_to < plan->year_from)
        return why_set(why, ERR_INVALID, "PLAN_YEARS",
                       "year_to %lld is before year_from %lld; the last year must not be before the first",
                       (long long)plan->year_to, (long long)plan->year_from);
    if (registered)
        return why_set(
            why, ERR_INVALID, "PLAN_DUPLICATE",
            "province %.*s has a plan for %lld to %lld already; a province has one for the same years",
            SLICE_ARG(province), (long long)plan->year_from, (long long)plan->year_to);
    return ERR_NONE;
}

enum err intake_check_report(const struct report_filed *report, struct slice province, int32_t day,
                             bool registered, struct why *why)
{
    char end[CLOCK_DAY_TEXT + 1], today[CLOCK_DAY_TEXT + 1];
    enum err e = intake_check_province(report->province, province, why);

    if (e) return e;
    clock_day_text(report->period_end, end);
    clock_day_text(day, today);
    if (report->period_end > day)
        return why_set(why, ERR_INVALID, "PERIOD_OPEN",
                       "the period ends on %s and today is %s; report when it has ended", end, today);
    if (registered)
        return why_set(why, ERR_INVALID, "REPORT_DUPLICATE",
                       "province %.*s has reported to %s already; a period is reported once",
                       SLICE_ARG(province), end);
    return ERR_NONE;
}

bool intake_report_late(const struct report_filed *report, int32_t day)
{
    return report->has_due_before && day >= report->due_before;
}

/* --- at a desk --- */

enum err intake_check_slip(const struct slip_filed *slip, struct slice province, int32_t day, bool twice,
                           bool lawful, struct why *why)
{
    char received[CLOCK_DAY_TEXT + 1], today[CLOCK_DAY_TEXT + 1];
    enum err e = intake_check_province(slip->province, province, why);

    if (e) return e;
    clock_day_text(slip->received_on, received);
    clock_day_text(day, today);
    if (slip->received_on > day)
        return why_set(why, ERR_INVALID, "SLIP_FUTURE",
                       "received_on is %s, and today is %s; a slip is given when the dossier is there",
                       received, today);
    if (slip->desk == desk_COMMUNE && !slip->has_commune_code)
        return why_set(why, ERR_INVALID, "COMMUNE_NEEDED",
                       "commune_code is missing; a slip of a commune names the commune, whose days begin");
    if (twice)
        return why_set(why, ERR_INVALID, "SLIP_TWICE",
                       "this desk has given a slip for reference %.*s already; a desk gives one",
                       SLICE_ARG(slip->reference));
    if (!lawful)
        return why_set(why, ERR_INVALID, "RULE_SET_UNKNOWN",
                       "no adopted rule set was in force on %s; the operator must propose it first",
                       received);
    return ERR_NONE;
}

enum err intake_check_standing(const struct intake_standing *standing, struct slice reference,
                               struct why *why)
{
    if (standing->rejected)
        return why_set(why, ERR_INVALID, "REJECTED",
                       "reference %.*s was turned away; it may be handed in again, as a new filing",
                       SLICE_ARG(reference));
    if (!standing->received && !standing->accepted)
        return why_set(why, ERR_INVALID, "UNKNOWN_REFERENCE",
                       "no slip and no accepted dossier has reference %.*s in this province; file its slip "
                       "first, or correct it",
                       SLICE_ARG(reference));
    if (standing->withdrawn)
        return why_set(why, ERR_INVALID, "WITHDRAWN", "dossier %.*s was withdrawn; nothing is open",
                       SLICE_ARG(reference));
    if (standing->rated)
        return why_set(why, ERR_INVALID, "RATED", "dossier %.*s is rated; a rated dossier stays as it is",
                       SLICE_ARG(reference));
    return ERR_NONE;
}

enum err intake_check_due(const struct request_filed *filed, int32_t day, struct why *why)
{
    char due[CLOCK_DAY_TEXT + 1], asked[CLOCK_DAY_TEXT + 1], today[CLOCK_DAY_TEXT + 1];

    if (!filed->has_asked_on) return ERR_NONE;
    clock_day_text(filed->due_before, due);
    clock_day_text(filed->asked_on, asked);
    clock_day_text(day, today);
    if (filed->asked_on > day)
        return why_set(
            why, ERR_INVALID, "ASKED_ON_FUTURE",
            "asked_on is %s, and today is %s; file the request when it is made, or correct the day", asked,
            today);
    if (filed->due_before > filed->asked_on) return ERR_NONE;
    return why_set(why, ERR_INVALID, "DUE_PAST",
                   "due_before is %s, and the request is of %s; the applicant needs a day that is later", due,
                   asked);
}

/* --- what follows an acceptance --- */

enum err intake_check_open(const struct intake_dossier *dossier, struct slice id, struct slice province,
                           struct why *why)
{
    enum err e;

    if (!dossier)
        return why_set(
            why, ERR_INVALID, "NOT_YET",
            "no dossier.accepted with id %.*s stands before this in the log; wait for it, or correct the id",
            SLICE_ARG(id));
    e = intake_check_province(dossier->province, province, why);
    if (e) return e;
    if (dossier->withdrawn)
        return why_set(why, ERR_INVALID, "WITHDRAWN", "dossier %.*s was withdrawn; hand in a new one",
                       SLICE_ARG(dossier->reference));
    if (dossier->rejected)
        return why_set(why, ERR_INVALID, "REJECTED", "dossier %.*s was turned away; hand in a new one",
                       SLICE_ARG(dossier->reference));
    if (dossier->rated)
        return why_set(why, ERR_INVALID, "RATED",
                       "dossier %.*s is rated; a rated dossier stays as it is, a change needs a new dossier",
                       SLICE_ARG(dossier->reference));
    return ERR_NONE;
}

enum err intake_check_supplement(const struct intake_dossier *dossier, struct slice name, struct slice owner,
                                 bool changed, struct slice other, struct why *why)
{
    if (intake_blank(name) || intake_blank(owner))
        return why_set(
            why, ERR_INVALID, "NAME_MISSING",
            "the corrected name of the product or applicant is blank; write it out, or leave the field away");
    if (!changed)
        return why_set(
            why, ERR_INVALID, "NOTHING_CHANGED",
            "name, applicant and papers are those dossier %.*s has already; send what is different",
            SLICE_ARG(dossier->reference));
    if (other.size)
        return why_set(
            why, ERR_INVALID, "PRODUCT_EXISTS",
            "the corrected name and applicant are those of product %.*s; two products cannot be one",
            SLICE_ARG(other));
    if (dossier->version >= INTAKE_VERSIONS_MAX)
        return why_set(why, ERR_LIMIT, "LIMIT", "dossier %.*s has %d versions, no more are taken",
                       SLICE_ARG(dossier->reference), INTAKE_VERSIONS_MAX);
    return ERR_NONE;
}

/* --- names and codes --- */

enum err intake_key(struct slice text, char key[INTAKE_KEY_BYTES])
{
    return text_key(text, key, INTAKE_KEY_BYTES);
}

int64_t intake_year(int32_t day)
{
    int year = 0, month = 0, day_of_month = 0;

    clock_day_civil(day, &year, &month, &day_of_month);
    return year;
}

void intake_product_code(int32_t day, struct slice province, struct slice district, struct slice commune,
                         int64_t serial, char code[INTAKE_CODE_BYTES])
{
    const long long n = serial, year = intake_year(day);

    if (district.size)
        snprintf(code, INTAKE_CODE_BYTES, "%.*s-%.*s-%.*s-%lld-%lld", SLICE_ARG(province),
                 SLICE_ARG(district), SLICE_ARG(commune), n, year);
    else
        snprintf(code, INTAKE_CODE_BYTES, "%.*s-%.*s-%lld-%lld", SLICE_ARG(province), SLICE_ARG(commune), n,
                 year);
}

/* What is behind the last '-' of `text`, or all of it; it is cut off. */
static struct slice cut_last(struct slice *text)
{
    const struct slice whole = *text;
    size_t start = whole.size;

    while (start > 0 && whole.data[start - 1] != '-')
        start--;
    text->size = start ? start - 1 : 0;
    return slice_of(whole.data + start, whole.size - start);
}

static bool read_number(struct slice text, int64_t *number)
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

bool intake_code_read(struct slice text, struct intake_code *code)
{
    struct intake_code c = { 0 };
    int64_t ignored;

    if (!read_number(cut_last(&text), &c.year) || !read_number(cut_last(&text), &c.serial)) return false;
    c.commune = cut_last(&text);
    c.province = cut_last(&text);
    if (c.province.size == 3) {
        c.district = c.province;
        c.province = cut_last(&text);
    }
    if (text.size || c.commune.size != 5 || c.province.size != 2 || !read_number(c.commune, &ignored) ||
        !read_number(c.province, &ignored) || (c.district.size && !read_number(c.district, &ignored)))
        return false;
    *code = c;
    return true;
}

bool intake_code_is_old(struct slice code, int32_t given_on, int32_t areas_day)
{
    struct intake_code c;

    return given_on < areas_day || (intake_code_read(code, &c) && c.district.size);
}

void intake_owner_code(struct slice province, int64_t serial, char code[INTAKE_CODE_BYTES])
{
    snprintf(code, INTAKE_CODE_BYTES, "CT-%.*s-%06lld", SLICE_ARG(province), (long long)serial);
}

int64_t intake_owner_serial(struct slice code)
{
    int64_t serial = 0;

    return read_number(cut_last(&code), &serial) ? serial : 0;
}
