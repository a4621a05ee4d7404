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

void scoring_add(struct tally *tally, const struct marked_sheet *sheet, enum seat seat)
{
    const bool first = tally->members == 0;

    assert(tally->members < COUNCIL_MEMBERS_MAX);
    tally->members++;
    tally->chair = tally->chair || seat == seat_CHAIR;
    tally->vice_chair = tally->vice_chair || seat == seat_VICE_CHAIR;
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
    for (size_t i = 0; i < SHEET_GATES_MAX; i++)
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

/* A chair with a conflict does not preside: a vice-chair does. Without one there is no quorum. (inferred: no
 * decision says who presides then.) */
static bool is_presided(const struct tally *tally)
{
    return tally->chair || (tally->chair_conflict && tally->vice_chair);
}

static enum closing hold_for_quorum(const struct council *council, const struct tally *tally, int64_t seats,
                                    struct why *why)
{
    why_set(why, ERR_INVALID, "QUORUM",
            "%lld of %lld members%s have a sheet, and %lld percent, which is %lld, must%s; submit more and "
            "close again.",
            (long long)tally->members, (long long)seats,
            seats < council->members ? " without an interest" : "", (long long)council->quorum_percent,
            (long long)((council->quorum_percent * seats + 99) / 100),
            is_presided(tally) ? "" : ", the chair among them");
    return CLOSING_HOLDS_QUORUM;
}

static enum closing hold_for_chair(const struct tally *tally, struct why *why)
{
    if (tally->chair_conflict)
        why_set(why, ERR_INVALID, "CHAIR",
                "The chair has declared an interest and no vice-chair has a sheet; submit a vice-chair's and "
                "close again.");
    else
        why_set(why, ERR_INVALID, "CHAIR", "The chair has no sheet; submit it and close again.");
    return CLOSING_HOLDS_CHAIR;
}

static enum closing hold_for_spread(const struct council *council, const struct tally *tally, struct why *why)
{
    const int64_t spread = tally->most_hundredths - tally->least_hundredths;

    if (tally->asked)
        why_set(why, ERR_INVALID, "SPREAD",
                "%lld of the members farthest apart were asked to score again and have not; submit their new "
                "sheets and close again.",
                (long long)tally->asked);
    else
        why_set(why, ERR_INVALID, "SPREAD",
                "The totals are %lld.%02lld points apart, and at most %lld.%02lld are allowed; the members "
                "farthest apart score again.",
                (long long)(spread / POINT), (long long)(spread % POINT),
                (long long)(council->spread_hundredths / POINT),
                (long long)(council->spread_hundredths % POINT));
    return CLOSING_HOLDS_SPREAD;
}

enum closing scoring_weigh(const struct rule_set *set, const struct rubric *rubric,
                           const struct council *council, const struct tally *tally, struct why *why)
{
    const int64_t seats = council->members - (set->conflict_in_quorum ? 0 : tally->conflicts);

    if (tally->members * 100 < council->quorum_percent * seats)
        return hold_for_quorum(council, tally, seats, why);
    if (!is_presided(tally)) return hold_for_chair(tally, why);
    if (evaluation_ended(set, rubric, tally)) return CLOSING_RATES;
    if (tally->asked || tally->most_hundredths - tally->least_hundredths > council->spread_hundredths)
        return hold_for_spread(council, tally, why);
    return CLOSING_RATES;
}

bool scoring_is_far(const struct tally *tally, int64_t total_hundredths, bool asked)
{
    if (tally->asked) return asked;
    return total_hundredths == tally->least_hundredths || total_hundredths == tally->most_hundredths;
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

/* A missed mark of star m bars m and every star above it, so the highest star whose marks are all met is just
 * below the lowest missed one. Those up to the star by points are listed, in the rubric's order. */
static void look_at_marks(const struct rule_set *set, const struct rubric *rubric, const struct tally *tally,
                          struct rating *out)
{
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct rubric_criterion *c = &rubric->criteria[i];

        for (size_t j = 0; j < c->option_count; j++) {
            const struct rubric_option *o = &c->options[j];

            if (o->min_star == 0 || mark_reached(set, tally, i, o->points_hundredths)) continue;
            if (o->min_star <= out->star_by_marks) out->star_by_marks = o->min_star - 1;
            if (o->min_star > out->star_by_points) continue;
            out->missed[out->missed_count++] =
                (struct missed_mark){ .star = o->min_star,
                                      .criterion = slice_text(c->key),
                                      .needed_hundredths = o->points_hundredths,
                                      .reached_sum_hundredths = tally->criterion_sum_hundredths[i] };
        }
    }
}

/* A minimum that is not met bars its star and every star above it. */
static void look_at_gates(const struct rule_set *set, const struct rubric *rubric, int32_t day,
                          const struct tally *tally, struct rating *out)
{
    for (size_t i = 0; i < rubric->gate_count; i++)
        if (gate_met(set, tally, i)) out->gates[out->gate_count++].code = slice_text(rubric->gates[i].code);
    for (size_t i = 0; i < set->minimum_count; i++) {
        const struct star_minimum *m = &set->minima[i];

        if (!rules_asks(m, rubric, day) || !gate_met(set, tally, RUBRIC_GATES_MAX + i)) continue;
        if (m->star <= out->star_by_marks) out->star_by_marks = m->star - 1;
        if (out->gate_count < RATING_GATES_MAX) out->gates[out->gate_count++].code = slice_text(m->code);
    }
}

/* Does the mean reach what `from`, in force on `day`, sends to the next level? */
static const struct level_in_force *sends_up(const struct rule_set *set, enum level from, int32_t day,
                                             const struct tally *tally)
{
    const struct level_in_force *l = rules_level_on(set, from, day);

    if (!l || !l->has_forward_hundredths || !l->has_forward_to) return NULL;
    return tally->sum_hundredths >= l->forward_hundredths * tally->members ? l : NULL;
}

/* A council to which a lower level sends what is worth so much sends back what is not. */
static bool sends_back(const struct rule_set *set, enum level level, int32_t day, const struct tally *tally)
{
    if (!set->has_remand || set->remand_to == level) return false;
    for (int i = 0; i < level_COUNT; i++) {
        const struct level_in_force *below = rules_level_on(set, (enum level)i, day);

        if (below && below->has_forward_to && below->forward_to == level)
            return !sends_up(set, (enum level)i, day, tally);
    }
    return false;
}

/* The council whose level has this authority decides on nothing a higher one has to look at. */
static bool is_of_level(enum authority authority, enum level level)
{
    static const enum level level_of[] = { [authority_DISTRICT] = level_DISTRICT,
                                           [authority_PROVINCE] = level_PROVINCE,
                                           [authority_MINISTRY] = level_CENTRE };

    return level_of[authority] == level;
}

void scoring_rate(const struct rule_set *set, const struct rubric *rubric, enum level level, int32_t day,
                  const struct tally *tally, struct rating *out)
{
    const struct level_in_force *up = sends_up(set, level, day, tally);

    assert(tally->members > 0);
    memset(out, 0, sizeof *out);
    out->star_by_points = star_by_points(rubric ? &rubric->bands : &set->bands, tally);
    out->star_by_marks = STAR_MOST;
    if (rubric) look_at_marks(set, rubric, tally, out);
    if (rubric) look_at_gates(set, rubric, day, tally, out);
    if (evaluation_ended(set, rubric, tally)) return; /* without a star, to go nowhere */
    out->star = out->star_by_marks < out->star_by_points ? out->star_by_marks : out->star_by_points;
    out->forwarded = up != NULL;
    out->remanded = sends_back(set, level, day, tally);
    out->to = up ? up->forward_to : set->remand_to;
    out->has_authority = rules_authority_on(set, out->star, day, &out->authority) &&
                         (!up || is_of_level(out->authority, level));
}
