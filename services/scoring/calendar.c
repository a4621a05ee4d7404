/* calendar.c - the calendar of days off and the areas that were merged, read from their JSON. */
#include "services/scoring/rubric_inside.h"

#include <ctype.h>

/* A day that must stand there. */
static enum err need_day(struct reader *r, const json_t *o, const char *name, int32_t *out)
{
    const char *word = NULL;
    enum err e = reader_word(r, o, name, &word);

    return e ? e : reader_day(r, o, name, 0, out);
}

static enum err read_day_off(struct reader *r, const json_t *o, struct calendar *out)
{
    struct day_off off = { 0 };
    const char *name = NULL;
    enum err e = need_day(r, o, "day", &off.day);

    if (!e) e = reader_word(r, o, "name_vi", &name);
    if (!e) e = reader_mark(r, o);
    if (e) return e;
    if (off.day < out->first_day || off.day > out->last_day)
        return reader_bad(r, "the day is outside first_day to last_day of the calendar");
    if (out->day_count && off.day <= out->days_off[out->day_count - 1].day)
        return reader_bad(r, "the day is not after the one before it; days stand once and in order");
    out->days_off[out->day_count++] = off;
    return ERR_NONE;
}

enum err rules_read_calendar(struct reader *r, const json_t *top, struct calendar *out)
{
    const json_t *list = NULL;
    enum err e = reader_code(r, top, "id", RULES_NAME_MAX, out->name);

    if (!e) e = need_day(r, top, "first_day", &out->first_day);
    if (!e) e = need_day(r, top, "last_day", &out->last_day);
    if (!e && out->first_day > out->last_day) {
        reader_enter(r, "last_day");
        e = reader_bad(r, "it is before first_day");
    }
    if (!e) e = reader_list(r, top, "days_off", 1, RULES_DAYS_OFF_MAX, &list);
    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        const size_t before = reader_enter(r, "days_off[%zu]", i);

        e = read_day_off(r, json_array_get(list, i), out);
        if (!e) reader_leave(r, before);
    }
    return e;
}

static enum err read_area_code(struct reader *r, const json_t *o, const char *name, char out[2 + 1])
{
    enum err e = reader_code(r, o, name, 2, out);

    if (!e && !(isdigit((unsigned char)out[0]) && isdigit((unsigned char)out[1]))) {
        reader_enter(r, "%s", name);
        e = reader_bad(r, "it is \"%s\"; it must be two digits", out);
    }
    return e;
}

static enum err read_pair(struct reader *r, const json_t *o, struct areas *out)
{
    const char *name = NULL;
    struct area_codes *pair = &out->pairs[out->pair_count];
    enum err e = read_area_code(r, o, "old", pair->old_code);

    if (!e) e = read_area_code(r, o, "new", pair->new_code);
    if (!e) e = reader_word(r, o, "name_vi", &name);
    if (!e) e = reader_mark(r, o);
    for (size_t i = 0; !e && i < out->pair_count; i++)
        if (strcmp(out->pairs[i].old_code, pair->old_code) == 0)
            e = reader_bad(r, "the old code %s stands twice", pair->old_code);
    if (!e) out->pair_count++;
    return e;
}

enum err rules_read_areas(struct reader *r, const json_t *top, struct areas *out)
{
    const json_t *list = NULL;
    enum err e = reader_code(r, top, "id", RULES_NAME_MAX, out->name);

    if (!e) e = need_day(r, top, "effective_from", &out->first_day);
    if (!e) e = reader_flag_setting(r, top, "recode", &out->recode);
    if (!e) e = reader_list(r, top, "pairs", 1, RULES_AREAS_MAX, &list);
    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        const size_t before = reader_enter(r, "pairs[%zu]", i);

        e = read_pair(r, json_array_get(list, i), out);
        if (!e) reader_leave(r, before);
    }
    return e;
}
