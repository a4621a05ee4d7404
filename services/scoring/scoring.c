#include "services/scoring/scoring.h"

#include "common/clock.h"
#include "proto/codec.h" /* the words of level */

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

static enum err check_level(const struct rule_set *set, enum level level, int32_t day, struct why *why)
{
    char text[CLOCK_DAY_TEXT + 1];

    if (rules_level_on(set, level, day)) return ERR_NONE;
    for (size_t i = 0; i < set->level_count; i++) {
        if (set->levels[i].level != level) continue;
        clock_day_text(day, text);
        return why_set(why, ERR_INVALID, "LEVEL_NOT_IN_FORCE",
                       "On %s rule set %s has no councils at the level %s any more or yet; the next level's "
                       "council scores then.",
                       text, set->name, level_word(level));
    }
    return why_set(why, ERR_INVALID, "UNKNOWN_LEVEL", "Rule set %s has no councils at the level %s.",
                   set->name, level_word(level));
}

static enum err check_formed_on(const struct council_formed *formed, int32_t day, struct why *why)
{
    char said[CLOCK_DAY_TEXT + 1], today[CLOCK_DAY_TEXT + 1];

    if (!formed->has_formed_on || formed->formed_on <= day) return ERR_NONE;
    clock_day_text(formed->formed_on, said);
    clock_day_text(day, today);
    return why_set(
        why, ERR_INVALID, "FORMED_ON_FUTURE",
        "formed_on is %s and today is %s; push council %.*s when it is formed, or correct the day.", said,
        today, SLICE_ARG(formed->council));
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
    e = check_level(set, formed->level, day, why);
    if (e) return e;
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
    e = check_formed_on(formed, day, why);
    if (!e) e = check_seats(formed, why);
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

enum err scoring_province_stands(const struct province *province, struct why *why)
{
    char day[CLOCK_DAY_TEXT + 1];

    if (!province->known)
        return why_set(why, ERR_INVALID, "PROVINCE_UNKNOWN",
                       "No adopted areas file knows a province %.*s; check its code.",
                       SLICE_ARG(province->code));
    if (!province->merged) return ERR_NONE;
    clock_day_text(province->merged_on, day);
    return why_set(why, ERR_INVALID, "PROVINCE_MERGED", "%.*s became part of %.*s on %s; file as %.*s.",
                   SLICE_ARG(province->code), SLICE_ARG(province->into), day, SLICE_ARG(province->into));
}

/* --- sheets --- */

/* Only a council that a level in force forwards to needs somebody to have forwarded: where there is no such
 * level (any more), it works directly. */
static bool needs_forwarding(const struct council *council, const struct rule_set *set, int32_t day)
{
    for (int i = 0; i < level_COUNT; i++) {
        const struct level_in_force *below = rules_level_on(set, (enum level)i, day);

        if (below && below->has_forward_to && below->forward_to == council->level) return true;
    }
    return false;
}

/* Of which both a sheet and a declaration must be. */
static enum err check_belongs(const struct council *council, const struct dossier *dossier,
                              struct slice member, const struct standing *standing, struct why *why)
{
    if (!standing->seated)
        return why_set(why, ERR_INVALID, "STRANGER",
                       "%.*s has no seat in council %.*s; only its members have a say there.",
                       SLICE_ARG(member), SLICE_ARG(council->council));
    if (council->level != level_CENTRE && !slice_equal(dossier->province, council->province) &&
        !standing->merged)
        return why_set(
            why, ERR_INVALID, "WRONG_PROVINCE",
            "Dossier %.*s is of province %.*s and council %.*s of province %.*s; it scores only its own.",
            SLICE_ARG(dossier->reference), SLICE_ARG(dossier->province), SLICE_ARG(council->council),
            SLICE_ARG(council->province));
    if (standing->rated)
        return why_set(why, ERR_INVALID, "ALREADY_RATED",
                       "Council %.*s has rated product %.*s; a result is not changed afterwards.",
                       SLICE_ARG(council->council), SLICE_ARG(dossier->product));
    return ERR_NONE;
}

enum err scoring_may_score(const struct council *council, const struct dossier *dossier,
                           const struct rule_set *set, struct slice member, const struct standing *standing,
                           int32_t day, struct why *why)
{
    enum err e = check_belongs(council, dossier, member, standing, why);

    if (e) return e;
    if (standing->conflict)
        return why_set(why, ERR_INVALID, "CONFLICT",
                       "%.*s has declared an interest in dossier %.*s; this member's sheet does not count.",
                       SLICE_ARG(member), SLICE_ARG(dossier->reference));
    if (dossier->withdrawn)
        return why_set(why, ERR_INVALID, "WITHDRAWN",
                       "Dossier %.*s was withdrawn or turned away and is scored no more.",
                       SLICE_ARG(dossier->reference));
    if (!standing->remanded && !slice_equal(dossier->round, council->round))
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
    if (standing->done)
        return why_set(
            why, ERR_INVALID, "ALREADY_RATED",
            "Another council of the level %s has rated dossier %.*s, and no higher council has sent "
            "it back; its result stands.",
            level_word(council->level), SLICE_ARG(dossier->reference));
    e = check_level(set, council->level, day, why);
    if (e) return e;
    if (needs_forwarding(council, set, day) && !standing->forwarded)
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

enum err scoring_in_time(const struct dossier *dossier, const struct rule_set *newest, int32_t day,
                         struct why *why)
{
    const int32_t days = !newest              ? -1
                         : dossier->re_rating ? newest->transition_re_rating_days
                                              : newest->transition_days;
    char last[CLOCK_DAY_TEXT + 1];

    if (days < 0 || slice_is(dossier->rule_set, newest->name)) return ERR_NONE;
    if (day < newest->first_day + days) return ERR_NONE;
    clock_day_text(newest->first_day + days - 1, last);
    return why_set(
        why, ERR_INVALID, "TRANSITION_OVER",
        "Dossier %.*s was handed in under %.*s, which could be finished until %s; file it again under "
        "%s.",
        SLICE_ARG(dossier->reference), SLICE_ARG(dossier->rule_set), last, newest->name);
}

enum err scoring_may_declare(const struct council *council, const struct dossier *dossier,
                             struct slice member, const struct standing *standing, struct why *why)
{
    const enum err e = check_belongs(council, dossier, member, standing, why);

    if (e) return e;
    if (standing->conflict)
        return why_set(why, ERR_INVALID, "CONFLICT_DUPLICATE",
                       "%.*s has declared an interest in dossier %.*s before; nothing is to be done.",
                       SLICE_ARG(member), SLICE_ARG(dossier->reference));
    return ERR_NONE;
}

/* --- closings --- */

static enum err check_closed_on(const struct council *council, int32_t closed_on, int32_t day,
                                struct why *why)
{
    char said[CLOCK_DAY_TEXT + 1], limit[CLOCK_DAY_TEXT + 1];

    clock_day_text(closed_on, said);
    clock_day_text(closed_on > day ? day : council->formed_on, limit);
    if (closed_on > day)
        return why_set(why, ERR_INVALID, "CLOSED_ON_FUTURE",
                       "closed_on is %s and today is %s; close after the meeting.", said, limit);
    if (council->has_formed_on && closed_on < council->formed_on)
        return why_set(why, ERR_INVALID, "CLOSED_ON_EARLY",
                       "closed_on is %s and council %.*s was formed on %s; it did not meet before.", said,
                       SLICE_ARG(council->council), limit);
    return ERR_NONE;
}

/* The level whose councils score instead of a lower one that has ended. */
static const char *level_above(const struct rule_set *set, enum level level, int32_t day)
{
    for (int i = (int)level + 1; i < level_COUNT; i++)
        if (rules_level_on(set, (enum level)i, day)) return level_word((enum level)i);
    return "next";
}

enum err scoring_may_close(const struct council *council, const struct rule_set *set, int32_t closed_on,
                           int32_t day, struct why *why)
{
    char text[CLOCK_DAY_TEXT + 1];
    const enum err e = check_closed_on(council, closed_on, day, why);

    if (e || rules_level_on(set, council->level, day)) return e;
    clock_day_text(day, text);
    return why_set(why, ERR_INVALID, "LEVEL_NOT_IN_FORCE",
                   "On %s rule set %s has no councils at the level %s any more; council %.*s rates nothing, "
                   "and the %s level's council scores its dossiers anew.",
                   text, set->name, level_word(council->level), SLICE_ARG(council->council),
                   level_above(set, council->level, day));
}
