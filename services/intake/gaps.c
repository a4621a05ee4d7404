/* gaps.c - what a filed dossier lacks. */
#include "services/intake/gaps.h"

#include "common/clock.h"
#include "proto/codec.h" /* the words of kinds and topics */

#include <stdio.h>

struct search {
    const struct dossier_filed *filed;
    const struct intake_case *known;
    struct intake_gaps *gaps;
};

__attribute__((format(printf, 4, 5))) static void add_gap(const struct search *s, const char *code,
                                                          struct slice field, const char *format, ...)
{
    struct intake_gaps *gaps = s->gaps;
    va_list arguments;
    char *text;

    if (gaps->count == INTAKE_GAPS_MAX) return;
    text = gaps->sentences[gaps->count];
    va_start(arguments, format);
    vsnprintf(text, INTAKE_GAP_SENTENCE, format, arguments);
    va_end(arguments);
    gaps->list[gaps->count++] = (struct gap){ slice_text(code), field, slice_text(text) };
}

static void need(const struct search *s, bool there, const char *field, const char *what)
{
    if (!there) add_gap(s, "FIELD_MISSING", slice_text(field), "%s is missing: %s", field, what);
}

static bool made_of(struct slice text, const char *letters)
{
    for (size_t i = 0; i < text.size; i++)
        if (!text.data[i] || !strchr(letters, text.data[i])) return false;
    return true;
}

static const char digits[] = "0123456789";

/* --- who, where, when --- */

static void find_area_gaps(const struct search *s)
{
    const struct dossier_filed *filed = s->filed;
    const struct slice district = slice_text("district_code");
    char day[CLOCK_DAY_TEXT + 1];

    need(s, filed->has_commune_code, "commune_code", "the five digits of the commune");
    if (filed->has_commune_code && !made_of(filed->commune_code, digits))
        add_gap(s, "FIELD_FORMAT", slice_text("commune_code"), "commune_code must be five digits");
    if (filed->has_district_code && !made_of(filed->district_code, digits))
        add_gap(s, "FIELD_FORMAT", district, "district_code must be three digits");
    if (!s->known->has_areas) return;
    if (s->known->day < s->known->areas_day) {
        need(s, filed->has_district_code, "district_code", "the three digits of the district");
    } else if (filed->has_district_code) {
        clock_day_text(s->known->areas_day, day);
        add_gap(s, "FIELD_ABOLISHED", district,
                "district_code is given, but there are no districts since %s: leave it out", day);
    }
}

static void find_day_gap(const struct search *s, bool has, int32_t day, const char *field)
{
    char today[CLOCK_DAY_TEXT + 1], said[CLOCK_DAY_TEXT + 1];

    if (!has || day <= s->known->day) return;
    clock_day_text(s->known->day, today);
    clock_day_text(day, said);
    add_gap(s, "DAY_FUTURE", slice_text(field), "%s is %s, and today is %s: it cannot lie ahead", field, said,
            today);
}

static void find_field_gaps(const struct search *s)
{
    const struct dossier_filed *filed = s->filed;

    need(s, filed->has_kind, "kind", "first, upgrade or re_rating");
    need(s, filed->has_product && !intake_blank(filed->product), "product", "its name");
    need(s, filed->has_owner && !intake_blank(filed->owner), "owner", "the name of the applicant");
    need(s, filed->has_owner_kind, "owner_kind", "what the applicant is, as cooperative");
    find_area_gaps(s);
    need(s, filed->has_round, "round", "the round it is meant for, as 2018-2");
    find_day_gap(s, filed->has_received_on, filed->received_on, "received_on");
    find_day_gap(s, filed->has_proposed_on, filed->proposed_on, "proposed_on");
}

/* --- the law it is rated by --- */

static void find_rule_set_gaps(const struct search *s)
{
    const struct intake_case *known = s->known;
    const struct slice field = slice_text("rule_set");
    char day[CLOCK_DAY_TEXT + 1], last[CLOCK_DAY_TEXT + 1];

    clock_day_text(known->received_on, day);
    if (!known->rules && s->filed->has_rule_set) {
        add_gap(s, "RULE_SET_UNKNOWN", field,
                "rule_set %.*s is not adopted here: the operator must propose it first, or name another",
                SLICE_ARG(s->filed->rule_set));
    } else if (!known->rules) {
        add_gap(s, "RULE_SET_UNKNOWN", field,
                "no adopted rule set was in force on %s, when the dossier was handed in: the operator must "
                "propose it first",
                day);
    } else if (known->rules != known->in_force) {
        add_gap(s, "RULE_SET_NOT_IN_FORCE", field,
                "rule_set %.*s was not in force on %s, when the dossier was handed in: %.*s was",
                SLICE_ARG(known->rules->name), day,
                SLICE_ARG(known->in_force ? known->in_force->name : slice_text("none that is adopted")));
    } else if (known->over) {
        clock_day_text(known->over->first_day, day);
        clock_day_text(intake_transition_last(known->over, s->filed->kind), last);
        add_gap(s, "TRANSITION_OVER", field,
                "%.*s is in force since %s and let dossiers be finished under %.*s to %s: hand it in anew, "
                "under %.*s",
                SLICE_ARG(known->over->name), day, SLICE_ARG(known->rules->name), last,
                SLICE_ARG(known->over->name));
    }
}

static void find_rubric_gaps(const struct search *s)
{
    const struct intake_rules *rules = s->known->rules;
    const struct dossier_filed *filed = s->filed;
    const struct slice field = slice_text("rubric");

    if (rules->rubric_prefix.size)
        need(s, filed->has_rubric, "rubric", "this rule set scores by the options of a rubric");
    if (!filed->has_rubric) return;
    if (!slice_starts(filed->rubric, rules->rubric_prefix))
        add_gap(s, "RUBRIC_OTHER", field, "rubric is of another rule set: those of %.*s begin with %.*s",
                SLICE_ARG(rules->name), SLICE_ARG(rules->rubric_prefix));
    else if (!s->known->rubric_known)
        add_gap(s, "RUBRIC_UNKNOWN", field,
                "rubric %.*s is not adopted here: the operator must propose it first, or name another",
                SLICE_ARG(filed->rubric));
}

/* --- papers --- */

static bool holds_item(const struct dossier_filed *filed, struct slice item)
{
    for (size_t i = 0; i < filed->items_count; i++)
        if (slice_equal(filed->items[i].item, item)) return true;
    return false;
}

static void find_evidence_gaps(const struct search *s)
{
    for (size_t i = 0; i < s->filed->items_count; i++) {
        const struct evidence *item = &s->filed->items[i];

        if (item->has_digest && !made_of(item->digest, "0123456789abcdef"))
            add_gap(s, "FIELD_FORMAT", slice_text("items.digest"),
                    "the digest of %.*s must be 64 digits of lower-case hex, as b2sum -l 256 prints it",
                    SLICE_ARG(item->item));
        if (!item->earlier) continue;
        if (!item->has_digest)
            add_gap(s, "FIELD_MISSING", slice_text("items.digest"),
                    "%.*s is cited from an earlier dossier: name the digest it had there",
                    SLICE_ARG(item->item));
        else if (!s->known->cited[i])
            add_gap(s, "ITEM_NOT_FOUND", item->item,
                    "%.*s is cited from an earlier dossier, but none of this product holds it with that "
                    "digest: hand it in anew",
                    SLICE_ARG(item->item));
    }
}

static void find_item_gaps(const struct search *s)
{
    const struct intake_case *known = s->known;

    for (size_t i = 0; i < known->items_count; i++) {
        const struct item_needed *needed = &known->items[i];

        if (holds_item(s->filed, needed->item) || (needed->goods_only && known->services)) continue;
        add_gap(s, "ITEM_MISSING", needed->item,
                "items has no %.*s, which %.*s demands of this kind of dossier", SLICE_ARG(needed->item),
                SLICE_ARG(known->rules->name));
    }
    if (known->rules->samples >= 0 && !known->services && s->filed->samples < known->rules->samples)
        add_gap(s, "SAMPLES_MISSING", slice_text("samples"),
                "samples is %lld: %.*s has %lld sample products handed over with a dossier of goods",
                (long long)s->filed->samples, SLICE_ARG(known->rules->name),
                (long long)known->rules->samples);
}

static const char *const topic_fields[topic_COUNT] = { [topic_MATERIAL] = "assessments.material",
                                                       [topic_LABOUR] = "assessments.labour",
                                                       [topic_IDEA] = "assessments.idea",
                                                       [topic_IDENTITY] = "assessments.identity" };

/* The commune's report on its four topics, and its letter. */
static void find_assessment_gaps(const struct search *s)
{
    const struct dossier_filed *filed = s->filed;

    for (int topic = 0; topic < topic_COUNT; topic++) {
        size_t count = 0;

        for (size_t i = 0; i < filed->assessments_count; i++)
            count += filed->assessments[i].topic == (enum topic)topic;
        if (count > 1)
            add_gap(s, "ASSESSMENT_TWICE", slice_text(topic_fields[topic]),
                    "assessments speaks of %s %zu times: each topic has one finding",
                    topic_word((enum topic)topic), count);
        if (count == 0 && s->known->rules->assessments)
            add_gap(s, "ASSESSMENT_MISSING", slice_text(topic_fields[topic]),
                    "assessments has no %s: the commune reports on material, labour, idea and identity",
                    topic_word((enum topic)topic));
    }
    if (!s->known->rules->assessments) return;
    need(s, filed->has_proposal, "proposal", "the number of the commune's letter");
    need(s, filed->has_proposed_on, "proposed_on", "the date of the commune's letter");
}

/* --- the product that is named: of an upgrade or re-rating, or of a first dossier that names one --- */

static void find_known_product_gaps(const struct search *s)
{
    const struct intake_case *known = s->known;
    const struct slice province = known->product ? known->product->province : known->certificate->province;

    if (s->filed->has_owner && !intake_blank(s->filed->owner) && !known->same_owner)
        add_gap(
            s, "WRONG_OWNER", slice_text("owner"),
            "owner is not the one of this product: the same applicant must hand it in, or a first dossier "
            "that names neither product_code nor certificate");
    if (!known->same_province)
        add_gap(s, "WRONG_PROVINCE", slice_text("province"),
                "the product belongs to province %.*s, which is not %.*s nor part of it", SLICE_ARG(province),
                SLICE_ARG(s->filed->province));
    if (known->other.size)
        add_gap(s, "OTHER_PRODUCT", slice_text("product"),
                "product is the name of %.*s of this owner, not of the one that is to be rated",
                SLICE_ARG(known->other));
}

static void find_certificate_gaps(const struct search *s)
{
    const struct intake_certificate *certificate = s->known->certificate;

    if (!certificate) {
        if (s->filed->kind == dossier_kind_RE_RATING)
            add_gap(s, "CERTIFICATE_NEEDED", slice_text("certificate"),
                    "the product has no certificate that could be rated again: file it as first");
        return;
    }
    if (certificate->over.size == 0) return;
    if (s->filed->kind != dossier_kind_FIRST)
        add_gap(s, "CERTIFICATE_OVER", slice_text("certificate"),
                "certificate %.*s was %.*s: name the one in force, or file the product as first",
                SLICE_ARG(certificate->certificate), SLICE_ARG(certificate->over));
    else if (s->filed->has_certificate)
        add_gap(s, "CERTIFICATE_OVER", slice_text("certificate"),
                "certificate %.*s was %.*s: leave it out of a first dossier, and name the product_code",
                SLICE_ARG(certificate->certificate), SLICE_ARG(certificate->over));
}

static void find_product_gaps(const struct search *s)
{
    const struct dossier_filed *filed = s->filed;
    const struct intake_case *known = s->known;
    const bool named = (filed->has_product_code && known->code_known) ||
                       (filed->has_certificate && known->certificate_known);

    if (filed->kind != dossier_kind_FIRST && !filed->has_product_code && !filed->has_certificate)
        add_gap(s, "PRODUCT_NEEDED", slice_text("product_code"),
                "product_code or certificate is missing: which product is to be rated again or higher");
    if (filed->has_product_code && !known->code_known)
        add_gap(
            s, "UNKNOWN_PRODUCT", slice_text("product_code"),
            "no product and no certificate has the code %.*s: correct it, or have the certificate recorded",
            SLICE_ARG(filed->product_code));
    if (filed->has_certificate && !known->certificate_known)
        add_gap(s, "UNKNOWN_PRODUCT", slice_text("certificate"),
                "certificate %.*s is not known here: correct its number, or have it recorded",
                SLICE_ARG(filed->certificate));
    if (known->codes_differ)
        add_gap(s, "CERTIFICATE_OTHER", slice_text("certificate"),
                "certificate %.*s is not of product %.*s: name those that belong together",
                SLICE_ARG(filed->certificate), SLICE_ARG(filed->product_code));
    if (!named) return;
    find_known_product_gaps(s);
    find_certificate_gaps(s);
}

void intake_find_gaps(const struct dossier_filed *filed, const struct intake_case *known,
                      struct intake_gaps *gaps)
{
    const struct search s = { filed, known, gaps };

    gaps->count = 0;
    find_field_gaps(&s);
    if (filed->has_kind) find_product_gaps(&s);
    find_rule_set_gaps(&s);
    if (known->rules) find_rubric_gaps(&s);
    find_evidence_gaps(&s);
    if (!known->rules) return;
    find_item_gaps(&s);
    find_assessment_gaps(&s);
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

/* --- the kind the law has for it --- */

static enum err check_first(const struct intake_case *known, enum intake_window window, struct why *why)
{
    const struct intake_certificate *c = known->certificate;
    char end[CLOCK_DAY_TEXT + 1];

    if (c->over.size || c->ends_on < known->received_on) return ERR_NONE;
    if (window == INTAKE_WINDOW_LATE && known->rules->late_is_first) return ERR_NONE;
    clock_day_text(c->ends_on, end);
    return why_set(why, ERR_INVALID, "FIRST_EXISTS",
                   "this product has certificate %.*s to %s: file an upgrade or a re-rating that names it",
                   SLICE_ARG(c->certificate), end);
}

static enum err check_re_rating(const struct intake_case *known, enum intake_window window, struct why *why)
{
    const struct intake_certificate *c = known->certificate;
    char end[CLOCK_DAY_TEXT + 1], said[CLOCK_DAY_TEXT + 1], opens[CLOCK_DAY_TEXT + 1],
        closes[CLOCK_DAY_TEXT + 1];

    if (window == INTAKE_WINDOW_OPEN || !known->rules->late_is_first) return ERR_NONE;
    clock_day_text(c->ends_on, end);
    clock_day_text(known->received_on, said);
    clock_day_text(c->ends_on - (int32_t)known->rules->window_opens_days, opens);
    clock_day_text(c->ends_on - (int32_t)known->rules->window_closes_days, closes);
    if (window == INTAKE_WINDOW_EARLY)
        return why_set(
            why, ERR_INVALID, "RE_RATING_EARLY",
            "certificate %.*s ends on %s and may be rated again when handed in from %s on, not on %s; "
            "wait for it, or file an upgrade",
            SLICE_ARG(c->certificate), end, opens, said);
    return why_set(
        why, ERR_INVALID, "RE_RATING_LATE",
        "certificate %.*s ends on %s and could be rated again when handed in to %s, not on %s; file "
        "the product as first, with the same product_code or certificate",
        SLICE_ARG(c->certificate), end, closes, said);
}

enum err intake_check_kind(const struct dossier_filed *filed, const struct intake_case *known,
                           struct why *why)
{
    enum intake_window window;

    if (!known->certificate || !known->rules) return ERR_NONE;
    window = intake_window_on(known->rules, known->certificate->ends_on, known->received_on);
    if (filed->kind == dossier_kind_FIRST) return check_first(known, window, why);
    return filed->kind == dossier_kind_RE_RATING ? check_re_rating(known, window, why) : ERR_NONE;
}
