/* law.c - adopted law, as intake reads it. */
#include "services/intake/law.h"

#include "common/clock.h"

const struct intake_rules *intake_rules_named(const struct intake_rules *first, struct slice name)
{
    while (first && !slice_equal(first->name, name))
        first = first->next;
    return first;
}

const struct intake_rules *intake_rules_on(const struct intake_rules *first, int32_t day)
{
    const struct intake_rules *found = NULL;

    for (; first; first = first->next) {
        if (day < first->first_day || day > first->last_day) continue;
        if (!found || first->first_day > found->first_day) found = first;
    }
    return found;
}

static int64_t transition_days(const struct intake_rules *newer, enum dossier_kind kind)
{
    return kind == dossier_kind_RE_RATING ? newer->transition_re_rating_days : newer->transition_days;
}

int32_t intake_transition_last(const struct intake_rules *newer, enum dossier_kind kind)
{
    return newer->first_day + (int32_t)transition_days(newer, kind) - 1;
}

const struct intake_rules *intake_transition_over(const struct intake_rules *first,
                                                  const struct intake_rules *rules, enum dossier_kind kind,
                                                  int32_t day)
{
    const struct intake_rules *over = NULL;

    for (; first; first = first->next) {
        if (first->first_day <= rules->first_day || first->first_day > day) continue;
        if (transition_days(first, kind) < 0 || day <= intake_transition_last(first, kind)) continue;
        if (!over || first->first_day < over->first_day) over = first;
    }
    return over;
}

enum intake_window intake_window_on(const struct intake_rules *rules, int32_t ends_on, int32_t day)
{
    const int64_t left = (int64_t)ends_on - day, closes = rules->window_closes_days;

    if (rules->window_opens_days >= 0 && left > rules->window_opens_days) return INTAKE_WINDOW_EARLY;
    if (closes < 0 || left >= closes) return INTAKE_WINDOW_OPEN;
    if (rules->extension_days >= 0 && ends_on - closes < rules->first_day && -left <= rules->extension_days)
        return INTAKE_WINDOW_OPEN;
    return INTAKE_WINDOW_LATE;
}

enum err intake_check_area(struct slice province, const struct intake_area *area, struct why *why)
{
    char day[CLOCK_DAY_TEXT + 1];

    if (slice_is(province, "00") || !area->adopted) return ERR_NONE;
    clock_day_text(area->merged_on, day);
    if (area->merged_into.size)
        return why_set(why, ERR_INVALID, "PROVINCE_MERGED", "%.*s became part of %.*s on %s; file as %.*s",
                       SLICE_ARG(province), SLICE_ARG(area->merged_into), day, SLICE_ARG(area->merged_into));
    if (!area->known)
        return why_set(why, ERR_INVALID, "PROVINCE_UNKNOWN",
                       "the adopted areas have no province %.*s; correct the code, or have the operator "
                       "propose areas that name it",
                       SLICE_ARG(province));
    return ERR_NONE;
}

enum err intake_check_desk(enum desk desk, int32_t day, int32_t areas_day, struct why *why)
{
    char ended[CLOCK_DAY_TEXT + 1];

    if (desk != desk_DISTRICT || day < areas_day) return ERR_NONE;
    clock_day_text(areas_day, ended);
    return why_set(why, ERR_INVALID, "DESK_ABOLISHED",
                   "desk is district, but there are no districts since %s; file it for the desk of the "
                   "commune or of the province",
                   ended);
}

bool intake_area_changed(const struct area_pair *pairs, size_t count, size_t at)
{
    if (!slice_equal(pairs[at].old_code, pairs[at].new_code)) return true;
    for (size_t i = 0; i < count; i++)
        if (i != at && slice_equal(pairs[i].new_code, pairs[at].new_code)) return true;
    return false;
}
