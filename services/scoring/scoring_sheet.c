/* scoring_sheet.c - what one sheet is worth. */
#include "services/scoring/scoring.h"

#include <assert.h>
#include <stdio.h>

/* A sheet carries points in one form, which its rule set names. */
static enum err check_form(const struct rule_set *set, const struct sheet_submitted *sheet, struct why *why)
{
    static const char *const instead[] = { [SHEET_OPTIONS] = "choose an option for each criterion",
                                           [SHEET_PARTS] = "give the points of the parts A, B and C",
                                           [SHEET_TOTAL] = "give only a total" };

    if (set->sheet != SHEET_OPTIONS && sheet->options_count)
        return why_set(why, ERR_INVALID, "OPTIONS_NOT_ALLOWED",
                       "The sheet chooses %zu options, but under %s criteria are not scored; %s.",
                       sheet->options_count, set->name, instead[set->sheet]);
    if (set->sheet != SHEET_TOTAL && sheet->has_total_hundredths)
        return why_set(why, ERR_INVALID, "TOTAL_NOT_ALLOWED",
                       "The sheet gives a total; under %s the total is counted, so leave it out and %s.",
                       set->name, instead[set->sheet]);
    if (set->sheet != SHEET_PARTS &&
        (sheet->has_a_hundredths || sheet->has_b_hundredths || sheet->has_c_hundredths))
        return why_set(why, ERR_INVALID, "PARTS_NOT_ALLOWED",
                       "The sheet gives points of parts; under %s leave them out and %s.", set->name,
                       instead[set->sheet]);
    return ERR_NONE;
}

static enum err mark_parts(const struct rule_set *set, const struct sheet_submitted *sheet,
                           struct marked_sheet *out, struct why *why)
{
    const int64_t parts[RUBRIC_PARTS] = { sheet->a_hundredths, sheet->b_hundredths, sheet->c_hundredths };

    if (!sheet->has_a_hundredths || !sheet->has_b_hundredths || !sheet->has_c_hundredths)
        return why_set(why, ERR_INVALID, "PARTS_MISSING",
                       "The sheet lacks%s%s%s; under %s it carries the points of all three parts.",
                       sheet->has_a_hundredths ? "" : " a_hundredths",
                       sheet->has_b_hundredths ? "" : " b_hundredths",
                       sheet->has_c_hundredths ? "" : " c_hundredths", set->name);
    for (size_t i = 0; i < RUBRIC_PARTS; i++) {
        if (parts[i] > set->part_most_hundredths[i])
            return why_set(why, ERR_INVALID, "PART_TOO_LARGE",
                           "%c_hundredths is %lld; under %s it is at most %d.", "abc"[i], (long long)parts[i],
                           set -> name, set -> part_most_hundredths[i]);
        out->part_hundredths[i] = parts[i];
        out->total_hundredths += parts[i];
    }
    return ERR_NONE;
}

static enum err mark_total(const struct rule_set *set, const struct sheet_submitted *sheet,
                           struct marked_sheet *out, struct why *why)
{
    if (!sheet->has_total_hundredths)
        return why_set(why, ERR_INVALID, "TOTAL_MISSING",
                       "The sheet has no total_hundredths; under %s a sheet carries the member's total.",
                       set->name);
    if (sheet->total_hundredths > set->bands.most_hundredths)
        return why_set(why, ERR_INVALID, "TOTAL_TOO_LARGE",
                       "The total is %lld hundredths; under %s it is at most %d.",
                       (long long)sheet->total_hundredths, set->name, set->bands.most_hundredths);
    out->total_hundredths = sheet->total_hundredths;
    return ERR_NONE;
}

/* The points of option `n`, or -1 when the criterion has no such option. */
static int32_t option_points(const struct rule_set *set, const struct rubric_criterion *c, int64_t n)
{
    if (n == 0 && set->no_option_is_zero) return 0;
    for (size_t i = 0; i < c->option_count; i++)
        if (c->options[i].n == n) return c->options[i].points_hundredths;
    return -1;
}

static enum err all_answered(const struct rubric *rubric, const bool *answered, struct why *why)
{
    char list[480] = "";
    size_t length = 0, missing = 0, left_out = 0;

    for (size_t i = 0; i < rubric->criterion_count; i++) {
        if (answered[i]) continue;
        missing++;
        if (length + 2 + strlen(rubric->criteria[i].key) >= sizeof list) {
            left_out++;
            continue;
        }
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", length ? ", " : "",
                                   rubric->criteria[i].key);
    }
    if (missing == 0) return ERR_NONE;
    return why_set(why, ERR_INVALID, "CRITERION_MISSING",
                   "Not answered: %s%s (%zu of %zu criteria); each needs an option.", list,
                   left_out ? " and more" : "", missing, rubric->criterion_count);
}

/* Sheets name criteria in the rubric's order, mostly: the `i`-th is looked at first. */
static long find_criterion(const struct rubric *rubric, size_t i, struct slice key)
{
    if (i < rubric->criterion_count && slice_is(key, rubric->criteria[i].key)) return (long)i;
    return rubric_find_criterion(rubric, key);
}

static enum err mark_options(const struct rule_set *set, const struct rubric *rubric,
                             const struct sheet_submitted *sheet, struct marked_sheet *out, struct why *why)
{
    bool answered[RUBRIC_CRITERIA_MAX] = { false };

    for (size_t i = 0; i < sheet->options_count; i++) {
        const struct chosen *chosen = &sheet->options[i];
        const long at = find_criterion(rubric, i, chosen->criterion);
        int32_t points = 0;

        if (at < 0)
            return why_set(why, ERR_INVALID, "CRITERION_UNKNOWN",
                           "Rubric %s has no criterion %.*s; write part and code, "
                           "as %s.",
                           rubric->name, SLICE_ARG(chosen->criterion), rubric->criteria[0].key);
        if (answered[at])
            return why_set(why, ERR_INVALID, "CRITERION_TWICE",
                           "Criterion %.*s is answered twice; choose one option.",
                           SLICE_ARG(chosen->criterion));
        points = option_points(set, &rubric->criteria[at], chosen->option);
        if (points < 0)
            return why_set(why, ERR_INVALID, "OPTION_UNKNOWN",
                           "Criterion %.*s has no option %lld; it has %zu options in rubric %s.",
                           SLICE_ARG(chosen->criterion), (long long)chosen->option,
                           rubric->criteria[at].option_count, rubric->name);
        answered[at] = true;
        out->criterion_hundredths[at] = points;
        out->part_hundredths[rubric->criteria[at].part] += points;
        out->total_hundredths += points;
    }
    return all_answered(rubric, answered, why);
}

/* The place of a gate's or minimum's code, or -1. A minimum may be named before its first day: whether it is
 * asked decides the day of the rating. */
static long find_gate(const struct rule_set *set, const struct rubric *rubric, struct slice code)
{
    const long at = rubric_find_gate(rubric, code);

    if (at >= 0) return at;
    for (size_t i = 0; i < set->minimum_count; i++)
        if (slice_is(code, set->minima[i].code) && rules_asks(&set->minima[i], rubric, INT32_MAX))
            return (long)(RUBRIC_GATES_MAX + i);
    return -1;
}

static enum err mark_gates(const struct rule_set *set, const struct rubric *rubric,
                           const struct sheet_submitted *sheet, struct marked_sheet *out, struct why *why)
{
    for (size_t i = 0; i < sheet->gates_count; i++) {
        const struct slice code = sheet->gates[i].code;
        const long at = rubric ? find_gate(set, rubric, code) : -1;

        if (at < 0)
            return why_set(why, ERR_INVALID, "GATE_UNKNOWN",
                           "%s has no gate or ground %.*s; name one that it has.",
                           rubric ? rubric->name : "A rule set without a public rubric", SLICE_ARG(code));
        if (out->gate[at])
            return why_set(why, ERR_INVALID, "GATE_TWICE", "Gate %.*s is named twice; name it once.",
                           SLICE_ARG(code));
        out->gate[at] = true;
    }
    return ERR_NONE;
}

enum err scoring_mark_sheet(const struct rule_set *set, const struct rubric *rubric,
                            const struct sheet_submitted *sheet, struct marked_sheet *out, struct why *why)
{
    struct marked_sheet marked = { 0 };
    enum err e = check_form(set, sheet, why);

    assert((set->sheet == SHEET_OPTIONS) == (rubric != NULL));
    if (!e && set->sheet == SHEET_TOTAL) e = mark_total(set, sheet, &marked, why);
    if (!e && set->sheet == SHEET_PARTS) e = mark_parts(set, sheet, &marked, why);
    if (!e && set->sheet == SHEET_OPTIONS) e = mark_options(set, rubric, sheet, &marked, why);
    if (!e) e = mark_gates(set, rubric, sheet, &marked, why);
    if (!e) *out = marked;
    return e;
}
