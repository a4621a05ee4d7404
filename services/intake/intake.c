/* intake.c - the rules of intake. */
#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/text.h"

#include <stdio.h>

enum { ITEMS_MAX = 8 };

/* What one rule set demands beside the fields that all demand. */
struct demands {
    const char *rule_set;
    const char
        *rubric_start;    /* its rubrics begin so; NULL: it does not score by options, no rubric is needed */
    const char *services; /* rubrics of services begin so: nobody can hand in a sample of a tour */
    const char *items[ITEMS_MAX]; /* papers, ended by NULL */
};

static const struct demands all_demands[] = {
    /* The mandatory papers of 1048/QĐ-TTg, as provinces list them; the provisional provincial rules of 2018
     * were not published, and 1048 grew out of them. 5 samples, but not of services. */
    { "provisional-2018",
      NULL,
      NULL,
      { "registration_form", "business_plan", "organisation", "business_registration", "samples", NULL } },
    { "QD1048",
      "qd-1048-2019-",
      "qd-1048-2019-26-",
      { "registration_form", "business_plan", "organisation", "business_registration", "samples", NULL } },
    /* 148/QĐ-TTg: its criteria are not public, so no rubric; the commune assesses as it does under 26/2026.
     */
    { "QD148",
      NULL,
      NULL,
      { "registration_form", "self_assessment", "commune_report", "commune_proposal", NULL } },
    /* 26/2026/QĐ-TTg Art. 6 and Annex III: Mẫu 01, Mẫu 02, Mẫu 03 and the commune's letter. Samples come with
     * the commune's file and are no paper. */
    { "QD26_2026",
      "qd-26-2026-",
      NULL,
      { "registration_form", "self_assessment", "commune_report", "commune_proposal", NULL } },
};

/* Districts were abolished on this day (Resolution 202/2025/QH15); product codes lost their part. */
static int32_t districts_end(void)
{
    return clock_day_from_civil(2025, 7, 1);
}

/* --- gaps --- */

static void add_gap(struct intake_gaps *gaps, const char *code, const char *field, const char *sentence)
{
    char *text;

    if (gaps->count == INTAKE_GAPS_MAX) return;
    text = gaps->sentences[gaps->count];
    snprintf(text, INTAKE_GAP_SENTENCE, "%s", sentence);
    gaps->list[gaps->count] = (struct gap){ slice_text(code), slice_text(field), slice_text(text) };
    gaps->count++;
}

static bool is_blank(struct slice text)
{
    char key[INTAKE_KEY_BYTES];

    return text.size == 0 || (text_key(text, key, sizeof key) == ERR_NONE && key[0] == '\0');
}

static bool all_digits(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9') return false;
    return true;
}

static void need(struct intake_gaps *gaps, bool there, const char *field, const char *sentence)
{
    if (!there) add_gap(gaps, "FIELD_MISSING", field, sentence);
}

static void find_area_gaps(const struct dossier_filed *filed, int32_t day, struct intake_gaps *gaps)
{
    need(gaps, filed->has_commune_code, "commune_code",
         "commune_code is missing: the five digits of the commune");
    if (filed->has_commune_code && !all_digits(filed->commune_code))
        add_gap(gaps, "FIELD_FORMAT", "commune_code", "commune_code must be five digits");
    if (day >= districts_end()) {
        if (filed->has_district_code)
            add_gap(gaps, "FIELD_ABOLISHED", "district_code",
                    "district_code is given, but there are no districts since 2025-07-01: leave it out");
        return;
    }
    need(gaps, filed->has_district_code, "district_code",
         "district_code is missing: the three digits of the district");
    if (filed->has_district_code && !all_digits(filed->district_code))
        add_gap(gaps, "FIELD_FORMAT", "district_code", "district_code must be three digits");
}

static bool holds_item(const struct dossier_filed *filed, const char *item)
{
    for (size_t i = 0; i < filed->items_count; i++)
        if (slice_is(filed->items[i].item, item)) return true;
    return false;
}

static bool is_service(const struct dossier_filed *filed, const struct demands *demands)
{
    return demands->services && filed->has_rubric &&
           slice_starts(filed->rubric, slice_text(demands->services));
}

static void find_rule_set_gaps(const struct dossier_filed *filed, const struct demands *demands,
                               struct intake_gaps *gaps)
{
    char sentence[INTAKE_GAP_SENTENCE];

    if (demands->rubric_start) {
        need(gaps, filed->has_rubric, "rubric",
             "rubric is missing: this rule set scores by the options of a rubric");
        if (filed->has_rubric && !slice_starts(filed->rubric, slice_text(demands->rubric_start))) {
            snprintf(sentence, sizeof sentence, "rubric is of another rule set: those of %s begin with %s",
                     demands->rule_set, demands->rubric_start);
            add_gap(gaps, "RUBRIC_OTHER", "rubric", sentence);
        }
    }
    for (const char *const *item = demands->items; *item; item++) {
        if (holds_item(filed, *item)) continue;
        if (strcmp(*item, "samples") == 0 && is_service(filed, demands)) continue;
        snprintf(sentence, sizeof sentence, "items has no %s, which %s demands", *item, demands->rule_set);
        add_gap(gaps, "ITEM_MISSING", *item, sentence);
    }
}

static const struct demands *find_demands(struct slice rule_set)
{
    for (size_t i = 0; i < sizeof all_demands / sizeof *all_demands; i++)
        if (slice_is(rule_set, all_demands[i].rule_set)) return &all_demands[i];
    return NULL;
}

void intake_find_gaps(const struct dossier_filed *filed, int32_t day, struct intake_gaps *gaps)
{
    const struct demands *demands = filed->has_rule_set ? find_demands(filed->rule_set) : NULL;

    gaps->count = 0;
    need(gaps, filed->has_kind, "kind", "kind is missing: first, upgrade or re_rating");
    need(gaps, filed->has_product && !is_blank(filed->product), "product", "product is missing: its name");
    need(gaps, filed->has_owner && !is_blank(filed->owner), "owner",
         "owner is missing: the name of the applicant");
    need(gaps, filed->has_owner_kind, "owner_kind",
         "owner_kind is missing: what the applicant is, as cooperative");
    find_area_gaps(filed, day, gaps);
    need(gaps, filed->has_round, "round", "round is missing: the round it is meant for, as 2018-2");
    need(gaps, filed->has_rule_set, "rule_set",
         "rule_set is missing: the rules it asks to be rated by, as QD26_2026");
    if (demands)
        find_rule_set_gaps(filed, demands, gaps);
    else if (filed->has_rule_set)
        add_gap(gaps, "RULE_SET_UNKNOWN", "rule_set",
                "rule_set is none of provisional-2018, QD1048, QD148, QD26_2026");
}

enum err intake_check_gaps(const struct intake_gaps *gaps, struct why *why)
{
    char names[420] = "";
    size_t used = 0;

    if (gaps->count == 0) return ERR_NONE;
    for (size_t i = 0; i < gaps->count && used + 64 < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", i ? ", " : "",
                                 SLICE_ARG(gaps->list[i].field));
    return why_set(why, ERR_INVALID, "GAPS",
                   "the dossier has %zu gap%s: %s; complete it and hand it in again under the same reference",
                   gaps->count, gaps->count == 1 ? "" : "s", names);
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
    if (dossier->rated)
        return why_set(why, ERR_INVALID, "RATED",
                       "dossier %.*s is rated; a rated dossier stays as it is, a change needs a new dossier",
                       SLICE_ARG(dossier->reference));
    return ERR_NONE;
}

enum err intake_check_supplement(const struct intake_dossier *dossier, struct slice name, struct slice owner,
                                 bool changed, struct slice other, struct why *why)
{
    if (is_blank(name) || is_blank(owner))
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

    if (day < districts_end())
        snprintf(code, INTAKE_CODE_BYTES, "%.2s-%.3s-%.5s-%lld-%lld", province.data, district.data,
                 commune.data, n, year);
    else
        snprintf(code, INTAKE_CODE_BYTES, "%.2s-%.5s-%lld-%lld", province.data, commune.data, n, year);
}

/* The number behind the last '-' of `text`, which is cut off from it. */
static bool cut_number(struct slice *text, int64_t *number)
{
    size_t start = text->size;
    int64_t value = 0;

    while (start > 0 && text->data[start - 1] != '-')
        start--;
    if (start == 0 || start == text->size || text->size - start > 18) return false;
    for (size_t i = start; i < text->size; i++) {
        if (text->data[i] < '0' || text->data[i] > '9') return false;
        value = value * 10 + (text->data[i] - '0');
    }
    *number = value;
    text->size = start - 1;
    return true;
}

bool intake_code_parts(struct slice code, int64_t *serial, int64_t *year)
{
    return cut_number(&code, year) && cut_number(&code, serial);
}
