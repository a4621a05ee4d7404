/* rule_terms.c - what a rule set says of dossiers, rounds, terms and deadlines. A group that is absent says
 * nothing, and then nothing is enforced. */
#include "common/clock.h"
#include "proto/codec.h" /* the words of level */
#include "services/scoring/rubric_inside.h"

#include <stdio.h>

enum { DAYS_MOST = 1000, WORKING_DAYS_MOST = 250, SAMPLES_MOST = 100 /* as in events.def */ };

/* Step into the group `name`; *out is NULL when it is absent. */
static enum err enter_group(struct reader *r, const json_t *top, const char *name, const json_t **out,
                            size_t *before)
{
    enum err e = ERR_NONE;

    *out = NULL;
    *before = r->length;
    if (!json_object_get(top, name)) return ERR_NONE;
    e = reader_object(r, top, name, out);
    if (!e) *before = reader_enter(r, "%s", name);
    return e;
}

/* A setting that may be absent: then `*out` stays. */
static enum err may_whole(struct reader *r, const json_t *o, const char *name, int64_t least, int64_t most,
                          int32_t *out)
{
    return json_object_get(o, name) ? reader_whole_setting(r, o, name, least, most, out) : ERR_NONE;
}

static enum err may_flag(struct reader *r, const json_t *o, const char *name, bool *out)
{
    return json_object_get(o, name) ? reader_flag_setting(r, o, name, out) : ERR_NONE;
}

/* Each element of the list `name`, which may be absent. */
static enum err read_each(struct reader *r, const json_t *o, const char *name, size_t most,
                          enum err (*read)(struct reader *, const json_t *, struct rule_set *),
                          struct rule_set *out)
{
    const json_t *list = NULL;
    enum err e = ERR_NONE;

    if (!json_object_get(o, name)) return ERR_NONE;
    e = reader_list(r, o, name, 1, most, &list);
    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        const size_t before = reader_enter(r, "%s[%zu]", name, i);

        e = read(r, json_array_get(list, i), out);
        if (!e) reader_leave(r, before);
    }
    return e;
}

/* --- dossiers --- */

static enum err read_item(struct reader *r, const json_t *o, struct rule_set *out)
{
    static const char *const kinds[] = { "first", "upgrade", "re_rating", NULL };
    _Static_assert(sizeof kinds / sizeof *kinds == dossier_kind_COUNT + 1, "every kind");
    struct item_rule *item = &out->items[out->item_count];
    size_t kind = 0;
    enum err e = reader_choice(r, o, "kind", kinds, &kind);

    if (!e) e = reader_code(r, o, "item", ITEM_NAME_MAX, item->item);
    if (!e && json_object_get(o, "goods_only")) e = reader_flag(r, o, "goods_only", &item->goods_only);
    if (!e) e = reader_mark(r, o);
    if (e) return e;
    item->kind = (enum dossier_kind)kind;
    for (size_t i = 0; i < out->item_count; i++)
        if (out->items[i].kind == item->kind && strcmp(out->items[i].item, item->item) == 0)
            return reader_bad(r, "item %s stands twice for the kind %s", item->item, kinds[kind]);
    out->item_count++;
    return ERR_NONE;
}

static enum err read_dossier(struct reader *r, const json_t *top, struct rule_set *out)
{
    const json_t *dossier = NULL;
    size_t before = 0;
    enum err e = enter_group(r, top, "dossier", &dossier, &before);

    if (!e) e = read_each(r, dossier, "items", RULES_ITEMS_MAX, read_item, out);
    if (!e) e = may_whole(r, dossier, "samples", 0, SAMPLES_MOST, &out->samples);
    if (!e) e = may_flag(r, dossier, "assessments", &out->assessments);
    if (!e) reader_leave(r, before);
    return e;
}

static enum err read_commune(struct reader *r, const json_t *top, struct rule_set *out)
{
    const json_t *commune = NULL;
    size_t before = 0;
    enum err e = enter_group(r, top, "commune", &commune, &before);

    if (!e) e = may_whole(r, commune, "working_days", 1, WORKING_DAYS_MOST, &out->commune_working_days);
    if (!e) e = may_flag(r, commune, "supplement_stops_clock", &out->supplement_stops_clock);
    if (!e) reader_leave(r, before);
    return e;
}

/* --- rounds --- */

/* "MM-DD" of a day that every year has, as month * 100 + day. */
static enum err read_month_day(struct reader *r, const json_t *o, const char *name, int64_t *out)
{
    const char *word = NULL;
    char text[CLOCK_DAY_TEXT + 1];
    int32_t day = 0;
    enum err e = reader_word(r, o, name, &word);

    if (e) return e;
    snprintf(text, sizeof text, "2001-%.5s", word);
    if (strlen(word) != 5 || clock_day_parse(slice_text(text), &day)) {
        reader_enter(r, "%s", name);
        return reader_bad(r, "it is \"%.20s\"; it must be month and day of every year, as 06-30", word);
    }
    *out = (word[0] - '0') * 1000 + (word[1] - '0') * 100 + (word[3] - '0') * 10 + (word[4] - '0');
    return ERR_NONE;
}

static bool has_level(const struct rule_set *set, enum level level)
{
    for (size_t i = 0; i < set->level_count; i++)
        if (set->levels[i].level == level) return true;
    return false;
}

static enum err read_round(struct reader *r, const json_t *o, struct rule_set *out)
{
    struct round_dates *d = &out->rounds[out->round_count];
    size_t level = 0;
    enum err e = reader_choice(r, o, "level", rules_level_words, &level);

    if (!e) e = reader_whole(r, o, "number", 1, 12, &d->number);
    if (!e) e = read_month_day(r, o, "proposed_before", &d->proposed_before);
    if (!e) e = read_month_day(r, o, "done_before", &d->done_before);
    if (!e) e = reader_flag(r, o, "next_year", &d->next_year);
    if (!e) e = reader_mark(r, o);
    if (e) return e;
    d->level = (enum level)level;
    if (!has_level(out, d->level))
        return reader_bad(r, "the level %s is not among the levels", level_word(d->level));
    if (!d->next_year && d->done_before <= d->proposed_before)
        return reader_bad(r, "done_before is not after proposed_before; if it is a day of the next year, "
                             "next_year must be true");
    for (size_t i = 0; i < out->round_count; i++)
        if (out->rounds[i].level == d->level && out->rounds[i].number == d->number)
            return reader_bad(r, "round %lld of the level %s stands twice", (long long)d->number,
                              level_word(d->level));
    out->round_count++;
    return ERR_NONE;
}

/* --- certificates --- */

static enum err read_notice(struct reader *r, const json_t *o, struct rule_set *out)
{
    struct notice_days *n = &out->notices[out->notice_count];
    enum err e = reader_whole(r, o, "days_left", 0, DAYS_MOST, &n->days_left);

    if (!e) e = reader_mark(r, o);
    for (size_t i = 0; !e && i < out->notice_count; i++)
        if (out->notices[i].days_left == n->days_left)
            e = reader_bad(r, "the notice of %lld days stands twice", (long long)n->days_left);
    if (!e) out->notice_count++;
    return e;
}

static enum err read_re_rating(struct reader *r, const json_t *top, struct rule_set *out)
{
    const json_t *group = NULL;
    size_t before = 0;
    enum err e = enter_group(r, top, "re_rating", &group, &before);

    if (!e) e = may_whole(r, group, "window_opens_days", 1, DAYS_MOST, &out->window_opens_days);
    if (!e) e = may_whole(r, group, "window_closes_days", 0, DAYS_MOST, &out->window_closes_days);
    if (!e) e = may_flag(r, group, "late_is_first", &out->late_is_first);
    if (!e) e = may_whole(r, group, "days", 1, DAYS_MOST, &out->re_rating_days);
    if (!e && (out->window_opens_days < 0) != (out->window_closes_days < 0))
        e = reader_bad(r, "it has one end of the window; it needs window_opens_days and window_closes_days");
    if (!e && out->window_opens_days >= 0 && out->window_opens_days <= out->window_closes_days)
        e = reader_bad(r,
                       "the window opens %d days before the end and closes %d days before it; it must "
                       "open first",
                       out->window_opens_days, out->window_closes_days);
    if (!e) reader_leave(r, before);
    return e;
}

static enum err read_ground(struct reader *r, const json_t *o, struct rule_set *out)
{
    static const char *const grounds[] = {
        "untrue_dossier",     "criteria_lost", "law_broken", "mark_misused",
        "production_stopped", "other_finding", NULL
    };
    _Static_assert(sizeof grounds / sizeof *grounds == ground_COUNT + 1, "every ground");
    size_t ground = 0;
    enum err e = reader_choice(r, o, "ground", grounds, &ground);

    if (!e) e = reader_mark(r, o);
    if (!e && out->grounds[ground]) e = reader_bad(r, "the ground %s stands twice", grounds[ground]);
    if (!e) out->grounds[ground] = true;
    return e;
}

static enum err read_withdrawal(struct reader *r, const json_t *top, struct rule_set *out)
{
    const json_t *group = NULL;
    size_t before = 0;
    enum err e = enter_group(r, top, "withdrawal", &group, &before);

    if (!e) e = may_whole(r, group, "days", 1, DAYS_MOST, &out->withdrawal_days);
    if (!e) e = read_each(r, group, "grounds", ground_COUNT, read_ground, out);
    if (!e) reader_leave(r, before);
    return e;
}

static enum err read_transition(struct reader *r, const json_t *top, struct rule_set *out)
{
    const json_t *group = NULL;
    size_t before = 0;
    enum err e = enter_group(r, top, "transition", &group, &before);

    if (!e) e = may_whole(r, group, "days", 0, DAYS_MOST, &out->transition_days);
    if (!e) e = may_whole(r, group, "re_rating_days", 0, DAYS_MOST, &out->transition_re_rating_days);
    if (!e) e = may_whole(r, group, "extension_days", 0, DAYS_MOST, &out->extension_days);
    if (!e) reader_leave(r, before);
    return e;
}

enum err rules_read_terms(struct reader *r, const json_t *top, struct rule_set *out)
{
    enum err e = reader_whole_setting(r, top, "term_months", 1, 120, &out->term_months);

    out->samples = out->commune_working_days = out->withdrawal_days = out->near_days = -1;
    out->window_opens_days = out->window_closes_days = out->re_rating_days = -1;
    out->transition_days = out->transition_re_rating_days = out->extension_days = -1;
    if (!e) e = read_dossier(r, top, out);
    if (!e) e = read_commune(r, top, out);
    if (!e) e = read_each(r, top, "rounds", RULES_ROUNDS_MAX, read_round, out);
    if (!e) e = read_each(r, top, "notices", RULES_NOTICES_MAX, read_notice, out);
    if (!e) e = read_re_rating(r, top, out);
    if (!e) e = read_withdrawal(r, top, out);
    if (!e) e = read_transition(r, top, out);
    if (!e) e = may_whole(r, top, "near_days", 0, DAYS_MOST, &out->near_days);
    return e;
}
