/* scoring_result.c - which star the sheets of a council give. */
#include "services/scoring/scoring.h"

#include <assert.h>

/* The test's other program: it demands five points more for each star, so that a rebuild which decides again
 * instead of reading what was decided shows. */
#ifdef OCOP_OTHER_PROGRAM
enum { BAND_SHIFT_HUNDREDTHS = 500 };
#else
enum { BAND_SHIFT_HUNDREDTHS = 0 };
#endif

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

void scoring_rate(const struct rule_set *set, const struct rubric *rubric, enum level level,
                  const struct tally *tally, struct rating *out)
{
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
    out->has_authority = set->has_authority[out->star];
    out->authority = set->authority[out->star];
    out->forwarded = set->has_forward && level == level_PROVINCE && set->forward_to != level &&
                     tally->sum_hundredths >= set->forward_from_hundredths * tally->members;
}
