#include "services/scoring/scoring.h"

#include "proto/codec.h" /* the words of level */

#include <assert.h>
#include <stdio.h>

/* The test's other program: it demands five points more for each star, so that a rebuild which decides again
 * instead of reading what was decided shows. */
#ifdef OCOP_OTHER_PROGRAM
enum { BAND_SHIFT_HUNDREDTHS = 500 };
#else
enum { BAND_SHIFT_HUNDREDTHS = 0 };
#endif

/* --- councils --- */

static enum err check_seats(const struct council_formed *formed, struct why *why)
{
    size_t chairs = 0;

    for (size_t i = 0; i < formed->members_count; i++) {
        const struct slice member = formed->members[i].member;

        if (formed->members[i].seat == seat_CHAIR) chairs++;
        for (size_t j = 0; j < i; j++)
            if (slice_equal(formed->members[j].member, member))
                return why_set(why, ERR_INVALID, "MEMBER_TWICE",
                               "Member %.*s stands twice in council %.*s; give each member one seat.",
                               SLICE_ARG(member), SLICE_ARG(formed->council));
    }
    if (chairs == 0)
        return why_set(why, ERR_INVALID, "NO_CHAIR",
                       "Council %.*s has no chair; exactly one member must be the chair.",
                       SLICE_ARG(formed->council));
    if (chairs > 1)
        return why_set(why, ERR_INVALID, "TWO_CHAIRS",
                       "Council %.*s has %zu chairs; exactly one member must be the chair.",
                       SLICE_ARG(formed->council), chairs);
    return ERR_NONE;
}

enum err scoring_form_council(const struct council_formed *formed, struct slice topic_province,
                              const struct rule_set *set, int32_t day, struct council_admitted *out,
                              struct why *why)
{
    enum err e = ERR_NONE;

    if (!set)
        return why_set(why, ERR_INVALID, "UNKNOWN_RULE_SET",
                       "Rule set %.*s is not adopted; propose its file first, or name one that is.",
                       SLICE_ARG(formed->rule_set));
    if (!rules_level_on(set, formed->level, day))
        return why_set(why, ERR_INVALID, "UNKNOWN_LEVEL",
                       "Rule set %s has no councils at the level %s on that day.", set->name,
                       level_word(formed->level));
    if ((formed->level == level_CENTRE) != slice_is(formed->province, "00"))
        return why_set(why, ERR_INVALID, "WRONG_PROVINCE",
                       "Council %.*s is of the level %s and names province %.*s; the centre's province is "
                       "00, and only the "
                       "centre's.",
                       SLICE_ARG(formed->council), level_word(formed->level), SLICE_ARG(formed->province));
    if (!slice_equal(formed->province, topic_province))
        return why_set(
            why, ERR_INVALID, "WRONG_PROVINCE",
            "Council %.*s names province %.*s and was pushed for province %.*s; they must be the same.",
            SLICE_ARG(formed->council), SLICE_ARG(formed->province), SLICE_ARG(topic_province));
    e = check_seats(formed, why);
    if (e) return e;
    *out = (struct council_admitted){ .council = formed->council,
                                      .members = (int64_t)formed->members_count,
                                      .quorum_percent = formed->has_quorum_percent ? formed->quorum_percent
                                                                                   : set->quorum_percent,
                                      .spread_hundredths = formed->has_spread_hundredths
                                                               ? formed->spread_hundredths
                                                               : set->spread_hundredths };
    return ERR_NONE;
}

/* --- sheets --- */

/* Only a council that the rule set forwards to needs somebody to have forwarded. */
static bool needs_forwarding(const struct council *council, const struct rule_set *set)
{
    for (size_t i = 0; i < set->level_count; i++)
        if (set->levels[i].has_forward_to && set->levels[i].forward_to == council->level) return true;
    return false;
}

enum err scoring_may_score(const struct council *council, const struct dossier *dossier,
                           const struct rule_set *set, struct slice member, const struct standing *standing,
                           struct why *why)
{
    if (!standing->seated)
        return why_set(why, ERR_INVALID, "STRANGER",
                       "%.*s has no seat in council %.*s; only its members submit sheets.", SLICE_ARG(member),
                       SLICE_ARG(council->council));
    if (dossier->withdrawn)
        return why_set(why, ERR_INVALID, "WITHDRAWN",
                       "Dossier %.*s was withdrawn by its applicant and is scored no more.",
                       SLICE_ARG(dossier->reference));
    if (!slice_equal(dossier->round, council->round))
        return why_set(
            why, ERR_INVALID, "WRONG_ROUND",
            "Dossier %.*s is of round %.*s and council %.*s sits for round %.*s; they must be the same.",
            SLICE_ARG(dossier->reference), SLICE_ARG(dossier->round), SLICE_ARG(council->council),
            SLICE_ARG(council->round));
    if (!slice_equal(dossier->rule_set, council->rule_set))
        return why_set(why, ERR_INVALID, "WRONG_RULE_SET",
                       "Dossier %.*s was accepted under %.*s and council %.*s rates under %.*s; a dossier "
                       "keeps its rule "
                       "set.",
                       SLICE_ARG(dossier->reference), SLICE_ARG(dossier->rule_set),
                       SLICE_ARG(council->council), SLICE_ARG(council->rule_set));
    if (council->level != level_CENTRE && !slice_equal(dossier->province, council->province))
        return why_set(
            why, ERR_INVALID, "WRONG_PROVINCE",
            "Dossier %.*s is of province %.*s and council %.*s of province %.*s; it scores only its own.",
            SLICE_ARG(dossier->reference), SLICE_ARG(dossier->province), SLICE_ARG(council->council),
            SLICE_ARG(council->province));
    if (standing->rated)
        return why_set(why, ERR_INVALID, "ALREADY_RATED",
                       "Council %.*s has rated product %.*s; a result is not changed by later sheets.",
                       SLICE_ARG(council->council), SLICE_ARG(dossier->product));
    if (needs_forwarding(council, set) && !standing->forwarded)
        return why_set(
            why, ERR_INVALID, "NOT_FORWARDED",
            "Dossier %.*s was not forwarded to the level %s; a lower council must give it the points first.",
            SLICE_ARG(dossier->reference), level_word(council->level));
    return ERR_NONE;
}

enum err scoring_fit_rubric(const struct rule_set *set, struct slice name, const struct rubric *rubric,
                            struct why *why)
{
    if (name.size == 0)
        return why_set(
            why, ERR_INVALID, "UNKNOWN_RUBRIC",
            "The dossier names no rubric and rule set %s scores by criteria; file it with its rubric.",
            set->name);
    if (!slice_starts(name, slice_text(set->rubric_prefix)))
        return why_set(why, ERR_INVALID, "WRONG_RUBRIC",
                       "Rubric %.*s is not one of rule set %s, whose rubrics' names begin with %s.",
                       SLICE_ARG(name), set->name, set->rubric_prefix);
    if (!rubric)
        return why_set(why, ERR_INVALID, "UNKNOWN_RUBRIC",
                       "Rubric %.*s is not adopted; propose its file first.", SLICE_ARG(name));
    if (memcmp(&rubric->bands, &set->bands, sizeof set->bands) != 0)
        return why_set(why, ERR_INVALID, "WRONG_RUBRIC",
                       "Rubric %.*s has other star bands than its rule set %s; they must say the same.",
                       SLICE_ARG(name), set->name);
    return ERR_NONE;
}

static enum err mark_total(const struct rule_set *set, const struct sheet_submitted *sheet,
                           struct marked_sheet *out, struct why *why)
{
    if (sheet->options_count)
        return why_set(
            why, ERR_INVALID, "OPTIONS_NOT_ALLOWED",
            "The sheet chooses %zu options, but the rubric of %s is not public; give only a total.",
            sheet->options_count, set->name);
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

static enum err mark_options(const struct rule_set *set, const struct rubric *rubric,
                             const struct sheet_submitted *sheet, struct marked_sheet *out, struct why *why)
{
    bool answered[RUBRIC_CRITERIA_MAX] = { false };

    for (size_t i = 0; i < sheet->options_count; i++) {
        const struct chosen *chosen = &sheet->options[i];
        const long at = rubric_find_criterion(rubric, chosen->criterion);
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

static enum err mark_gates(const struct rubric *rubric, const struct sheet_submitted *sheet,
                           struct marked_sheet *out, struct why *why)
{
    for (size_t i = 0; i < sheet->gates_count; i++) {
        const struct slice code = sheet->gates[i].code;
        const long at = rubric ? rubric_find_gate(rubric, code) : -1;

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
    enum err e = ERR_NONE;

    assert((set->sheet == SHEET_OPTIONS) == (rubric != NULL));
    if (!rubric) {
        e = mark_total(set, sheet, &marked, why);
    } else if (sheet->has_total_hundredths) {
        e = why_set(
            why, ERR_INVALID, "TOTAL_NOT_ALLOWED",
            "The sheet gives a total; under %s the total is counted from the options, so leave it out.",
            set->name);
    } else {
        e = mark_options(set, rubric, sheet, &marked, why);
    }
    if (!e) e = mark_gates(rubric, sheet, &marked, why);
    if (!e) *out = marked;
    return e;
}

/* --- the result --- */

void scoring_add(struct tally *tally, const struct marked_sheet *sheet, bool of_chair)
{
    const bool first = tally->members == 0;

    assert(tally->members < COUNCIL_MEMBERS_MAX);
    tally->members++;
    tally->chair = tally->chair || of_chair;
    tally->sum_hundredths += sheet->total_hundredths;
    if (first || sheet->total_hundredths < tally->least_hundredths)
        tally->least_hundredths = sheet->total_hundredths;
    if (first || sheet->total_hundredths > tally->most_hundredths)
        tally->most_hundredths = sheet->total_hundredths;
    for (size_t i = 0; i < RUBRIC_PARTS; i++)
        tally->part_sum_hundredths[i] += sheet->part_hundredths[i];
    for (size_t i = 0; i < RUBRIC_CRITERIA_MAX; i++) {
        tally->criterion_sum_hundredths[i] += sheet->criterion_hundredths[i];
        if (first || sheet->criterion_hundredths[i] < tally->criterion_least_hundredths[i])
            tally->criterion_least_hundredths[i] = sheet->criterion_hundredths[i];
    }
    for (size_t i = 0; i < RUBRIC_GATES_MAX; i++)
        tally->gate_named[i] += sheet->gate[i] ? 1 : 0;
}

static bool gate_met(const struct rule_set *set, const struct tally *tally, size_t gate)
{
    return set->gate_any ? tally->gate_named[gate] > 0 : tally->gate_named[gate] * 2 > tally->members;
}

static bool evaluation_ended(const struct rule_set *set, const struct rubric *rubric,
                             const struct tally *tally)
{
    for (size_t i = 0; rubric && i < rubric->gate_count; i++)
        if (rubric->gates[i].ends && gate_met(set, tally, i)) return true;
    return false;
}

enum closing scoring_weigh(const struct rule_set *set, const struct rubric *rubric,
                           const struct council *council, const struct tally *tally)
{
    if (!tally->chair || tally->members * 100 < council->quorum_percent * council->members)
        return CLOSING_HOLDS_QUORUM;
    if (evaluation_ended(set, rubric, tally)) return CLOSING_RATES;
    if (tally->most_hundredths - tally->least_hundredths > council->spread_hundredths)
        return CLOSING_HOLDS_SPREAD;
    return CLOSING_RATES;
}

static int32_t star_by_points(const struct star_bands *bands, const struct tally *tally)
{
    for (int32_t star = STAR_MOST; star > 1; star--) {
        const int64_t from = (int64_t)bands->from_hundredths[star] + BAND_SHIFT_HUNDREDTHS;

        if (tally->sum_hundredths >= from * tally->members) return star;
    }
    return 1;
}

static bool mark_reached(const struct rule_set *set, const struct tally *tally, size_t criterion,
                         int32_t points)
{
    if (set->mark_every_member) return tally->criterion_least_hundredths[criterion] >= points;
    return tally->criterion_sum_hundredths[criterion] >= points * tally->members;
}

/* All marks up to the star by points that are not reached, in the rubric's order. A missed mark of star m
 * bars m and every star above it, so the highest star whose marks are all met is just below the lowest missed
 * one. */
static void look_at_marks(const struct rule_set *set, const struct rubric *rubric, const struct tally *tally,
                          struct rating *out)
{
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct rubric_criterion *c = &rubric->criteria[i];

        for (size_t j = 0; j < c->option_count; j++) {
            const struct rubric_option *o = &c->options[j];

            if (o->min_star == 0 || o->min_star > out->star_by_points) continue;
            if (mark_reached(set, tally, i, o->points_hundredths)) continue;
            out->missed[out->missed_count++] =
                (struct missed_mark){ .star = o->min_star,
                                      .criterion = slice_text(c->key),
                                      .needed_hundredths = o->points_hundredths,
                                      .reached_sum_hundredths = tally->criterion_sum_hundredths[i] };
            if (o->min_star <= out->star) out->star = o->min_star - 1;
        }
    }
}

void scoring_rate(const struct rule_set *set, const struct rubric *rubric, enum level level, int32_t day,
                  const struct tally *tally, struct rating *out)
{
    const struct level_in_force *here = rules_level_on(set, level, day);

    assert(tally->members > 0);
    memset(out, 0, sizeof *out);
    out->star_by_points = star_by_points(rubric ? &rubric->bands : &set->bands, tally);
    out->star = out->star_by_points;
    if (rubric) look_at_marks(set, rubric, tally, out);
    for (size_t i = 0; rubric && i < rubric->gate_count; i++)
        if (gate_met(set, tally, i)) out->gates[out->gate_count++].code = slice_text(rubric->gates[i].code);
    if (evaluation_ended(set, rubric, tally)) {
        out->star = 0;
        return;
    }
    out->has_authority = rules_authority_on(set, out->star, day, &out->authority);
    out->forwarded =
        here && here->has_forward_to && tally->sum_hundredths >= here->forward_hundredths * tally->members;
    if (out->forwarded) out->forward_to = here->forward_to;
}
