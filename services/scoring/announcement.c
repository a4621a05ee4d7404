/* announcement.c - what of an adopted file the other services need. */
#include "services/scoring/rubric.h"

/* -1 says nothing. */
static void say(int32_t value, bool *has, int64_t *out)
{
    *has = value >= 0;
    *out = value >= 0 ? value : 0;
}

static void say_deadlines(const struct rule_set *set, struct rules_adopted *out)
{
    say(set->samples, &out->has_samples, &out->samples);
    say(set->commune_working_days, &out->has_commune_working_days, &out->commune_working_days);
    say(set->window_opens_days, &out->has_window_opens_days, &out->window_opens_days);
    say(set->window_closes_days, &out->has_window_closes_days, &out->window_closes_days);
    say(set->re_rating_days, &out->has_re_rating_days, &out->re_rating_days);
    say(set->withdrawal_days, &out->has_withdrawal_days, &out->withdrawal_days);
    say(set->transition_days, &out->has_transition_days, &out->transition_days);
    say(set->transition_re_rating_days, &out->has_transition_re_rating_days, &out->transition_re_rating_days);
    say(set->extension_days, &out->has_extension_days, &out->extension_days);
    say(set->near_days, &out->has_near_days, &out->near_days);
}

static void say_set(const struct rule_set *set, struct rules_lists *lists, struct rules_adopted *out)
{
    out->has_rubric_prefix = set->sheet == SHEET_OPTIONS;
    if (out->has_rubric_prefix) out->rubric_prefix = slice_text(set->rubric_prefix);
    out->has_term_months = true;
    out->term_months = set->term_months;
    out->has_levels = true;
    out->levels = set->levels;
    out->levels_count = set->level_count;
    out->has_authorities = true;
    out->authorities = set->authorities;
    out->authorities_count = set->authority_count;
    out->has_items = set->item_count > 0;
    out->items = lists->items;
    out->items_count = set->item_count;
    for (size_t i = 0; i < set->item_count; i++)
        lists->items[i] = (struct item_needed){ .kind = set->items[i].kind,
                                                .item = slice_text(set->items[i].item),
                                                .has_goods_only = set->items[i].goods_only,
                                                .goods_only = set->items[i].goods_only };
    out->has_rounds = set->round_count > 0;
    out->rounds = set->rounds;
    out->rounds_count = set->round_count;
    out->has_notices = set->notice_count > 0;
    out->notices = set->notices;
    out->notices_count = set->notice_count;
    out->has_assessments = out->assessments = set->assessments;
    out->has_supplement_stops_clock = out->supplement_stops_clock = set->supplement_stops_clock;
    out->has_late_is_first = out->late_is_first = set->late_is_first;
    say_deadlines(set, out);
}

static void say_areas(const struct areas *areas, struct rules_lists *lists, struct rules_adopted *out)
{
    out->has_areas = true;
    out->areas = lists->areas;
    out->areas_count = areas->pair_count;
    for (size_t i = 0; i < areas->pair_count; i++)
        lists->areas[i] = (struct area_pair){ .old_code = slice_text(areas->pairs[i].old_code),
                                              .new_code = slice_text(areas->pairs[i].new_code) };
    out->has_recode = true;
    out->recode = areas->recode;
}

static void say_days(int32_t first, int32_t last, struct rules_adopted *out)
{
    out->has_first_day = first != INT32_MIN;
    out->first_day = out->has_first_day ? first : 0;
    out->has_last_day = last != INT32_MAX;
    out->last_day = out->has_last_day ? last : 0;
}

void rules_announcement(const struct rules *r, struct rules_lists *lists, struct rules_adopted *out)
{
    *out = (struct rules_adopted){ .name = slice_text(rules_name(r)), .kind = r->kind };
    switch (r->kind) {
    case rules_kind_RUBRIC:
        say_days(r->u.rubric.first_day, r->u.rubric.last_day, out);
        out->has_goods = true;
        out->goods = r->u.rubric.goods;
        break;
    case rules_kind_RULE_SET:
        say_days(r->u.set.first_day, r->u.set.last_day, out);
        say_set(&r->u.set, lists, out);
        break;
    case rules_kind_CALENDAR:
        say_days(r->u.calendar.first_day, r->u.calendar.last_day, out);
        out->has_days_off = true;
        out->days_off = r->u.calendar.days_off;
        out->days_off_count = r->u.calendar.day_count;
        break;
    case rules_kind_AREAS:
        say_days(r->u.areas.first_day, INT32_MAX, out);
        say_areas(&r->u.areas, lists, out);
        break;
    case rules_kind_COUNT:
        break;
    }
}
