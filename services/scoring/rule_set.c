/* rule_set.c - what holds for all rubrics of a decision, read from its JSON. */
#include "proto/codec.h" /* the words of level and authority */
#include "services/scoring/rubric_inside.h"

/* --- levels and authorities, each with its days --- */

const char *const rules_level_words[] = { "district", "province", "centre", NULL };
static const char *const authority_words[] = { "district", "province", "ministry", NULL };
_Static_assert(sizeof rules_level_words / sizeof *rules_level_words == level_COUNT + 1, "every level");
_Static_assert(sizeof authority_words / sizeof *authority_words == authority_COUNT + 1, "every authority");

static enum err read_days(struct reader *r, const json_t *o, bool *has_first, int32_t *first, bool *has_last,
                          int32_t *last)
{
    enum err e = reader_day(r, o, "first_day", INT32_MIN, first);

    if (!e) e = reader_day(r, o, "last_day", INT32_MAX, last);
    if (e) return e;
    if (*first > *last) return reader_bad(r, "last_day is before first_day");
    *has_first = *first != INT32_MIN;
    *has_last = *last != INT32_MAX;
    if (!*has_first) *first = 0;
    if (!*has_last) *last = 0;
    return ERR_NONE;
}

static bool holds_on(bool has_first, int32_t first, bool has_last, int32_t last, int32_t day)
{
    return (!has_first || first <= day) && (!has_last || day <= last);
}

static bool overlap(bool has_first, int32_t first, bool has_last, int32_t last, bool other_has_first,
                    int32_t other_first, bool other_has_last, int32_t other_last)
{
    return (!has_first || !other_has_last || first <= other_last) &&
           (!has_last || !other_has_first || other_first <= last);
}

static enum err check_level(struct reader *r, const struct rule_set *set, const struct level_in_force *l)
{
    if (l->has_forward_hundredths != l->has_forward_to)
        return reader_bad(r, "it has one of forward_hundredths and forward_to; it needs both or none");
    if (l->has_forward_to && l->forward_to <= l->level)
        return reader_bad(r, "forward_to is %s; it must be a higher level than %s", level_word(l->forward_to),
                          level_word(l->level));
    for (size_t i = 0; i < set->level_count; i++) {
        const struct level_in_force *o = &set->levels[i];

        if (o->level == l->level && overlap(l->has_first_day, l->first_day, l->has_last_day, l->last_day,
                                            o->has_first_day, o->first_day, o->has_last_day, o->last_day))
            return reader_bad(r, "the level %s stands twice for the same days", level_word(l->level));
    }
    return ERR_NONE;
}

static enum err read_level(struct reader *r, const json_t *o, struct rule_set *set)
{
    struct level_in_force l = { 0 };
    size_t level = 0, to = 0;
    int64_t from = 0;
    enum err e = reader_choice(r, o, "level", rules_level_words, &level);

    if (!e) e = read_days(r, o, &l.has_first_day, &l.first_day, &l.has_last_day, &l.last_day);
    if (!e) e = reader_mark(r, o);
    l.has_forward_hundredths = json_object_get(o, "forward_hundredths") != NULL;
    l.has_forward_to = json_object_get(o, "forward_to") != NULL;
    if (!e && l.has_forward_hundredths)
        e = reader_whole(r, o, "forward_hundredths", 0, set->bands.most_hundredths, &from);
    if (!e && l.has_forward_to) e = reader_choice(r, o, "forward_to", rules_level_words, &to);
    l.level = (enum level)level;
    l.forward_to = (enum level)to;
    l.forward_hundredths = from;
    if (!e) e = check_level(r, set, &l);
    if (!e) set->levels[set->level_count++] = l;
    return e;
}

/* Where products are sent there must be councils. */
static enum err check_forwards(struct reader *r, const struct rule_set *set)
{
    for (size_t i = 0; i < set->level_count; i++) {
        bool there = !set->levels[i].has_forward_to;

        for (size_t j = 0; j < set->level_count; j++)
            there = there || set->levels[j].level == set->levels[i].forward_to;
        if (!there) {
            reader_enter(r, "levels[%zu].forward_to", i);
            return reader_bad(r, "it is %s, which is not among the levels",
                              level_word(set->levels[i].forward_to));
        }
    }
    return ERR_NONE;
}

static enum err read_levels(struct reader *r, const json_t *top, struct rule_set *set)
{
    const json_t *list = NULL;
    enum err e = reader_list(r, top, "levels", 1, RULES_LEVELS_MAX, &list);

    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        const size_t before = reader_enter(r, "levels[%zu]", i);

        e = read_level(r, json_array_get(list, i), set);
        if (!e) reader_leave(r, before);
    }
    return e ? e : check_forwards(r, set);
}

static enum err read_authority(struct reader *r, const json_t *o, struct rule_set *set)
{
    struct star_authority a = { 0 };
    size_t who = 0;
    enum err e = reader_whole(r, o, "star", STAR_MARKS_FROM, STAR_MOST, &a.star);

    if (!e) e = reader_choice(r, o, "authority", authority_words, &who);
    if (!e) e = read_days(r, o, &a.has_first_day, &a.first_day, &a.has_last_day, &a.last_day);
    if (!e) e = reader_mark(r, o);
    if (e) return e;
    a.authority = (enum authority)who;
    for (size_t i = 0; i < set->authority_count; i++) {
        const struct star_authority *b = &set->authorities[i];

        if (a.star == b->star && overlap(a.has_first_day, a.first_day, a.has_last_day, a.last_day,
                                         b->has_first_day, b->first_day, b->has_last_day, b->last_day))
            return reader_bad(r, "star %lld has two authorities for the same days", (long long)a.star);
    }
    set->authorities[set->authority_count++] = a;
    return ERR_NONE;
}

static enum err read_authorities(struct reader *r, const json_t *top, struct rule_set *set)
{
    const json_t *list = NULL;
    enum err e = reader_list(r, top, "authorities", 1, RULES_AUTHORITIES_MAX, &list);

    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        const size_t before = reader_enter(r, "authorities[%zu]", i);

        e = read_authority(r, json_array_get(list, i), set);
        if (!e) reader_leave(r, before);
    }
    return e;
}

const struct level_in_force *rules_level_on(const struct rule_set *set, enum level level, int32_t day)
{
    for (size_t i = 0; i < set->level_count; i++) {
        const struct level_in_force *l = &set->levels[i];

        if (l->level == level && holds_on(l->has_first_day, l->first_day, l->has_last_day, l->last_day, day))
            return l;
    }
    return NULL;
}

bool rules_authority_on(const struct rule_set *set, int64_t star, int32_t day, enum authority *out)
{
    for (size_t i = 0; i < set->authority_count; i++) {
        const struct star_authority *a = &set->authorities[i];

        if (a->star != star || !holds_on(a->has_first_day, a->first_day, a->has_last_day, a->last_day, day))
            continue;
        *out = a->authority;
        return true;
    }
    return false;
}

/* --- sheets, councils and minima --- */

static enum err read_council(struct reader *r, const json_t *top, struct rule_set *out)
{
    const json_t *council = NULL;
    size_t before = 0;
    enum err e = reader_object(r, top, "council", &council);

    if (e) return e;
    before = reader_enter(r, "council");
    e = reader_whole_setting(r, council, "quorum_percent", 1, 100, &out->quorum_percent);
    if (!e)
        e = reader_whole_setting(r, council, "spread_hundredths", 0, 100 * POINT, &out->spread_hundredths);
    if (!e) e = reader_flag_setting(r, council, "conflict_in_quorum", &out->conflict_in_quorum);
    if (!e) reader_leave(r, before);
    return e;
}

static enum err read_remand(struct reader *r, const json_t *top, struct rule_set *out)
{
    const json_t *remand = NULL;
    size_t before = 0, to = 0;
    enum err e = ERR_NONE;

    if (!json_object_get(top, "remand")) return ERR_NONE;
    e = reader_object(r, top, "remand", &remand);
    if (e) return e;
    before = reader_enter(r, "remand");
    e = reader_choice(r, remand, "to", rules_level_words, &to);
    if (!e) e = reader_mark(r, remand);
    if (e) return e;
    reader_leave(r, before);
    out->has_remand = true;
    out->remand_to = (enum level)to;
    return ERR_NONE;
}

static enum err read_sectors(struct reader *r, const json_t *o, uint32_t *out)
{
    const json_t *list = json_object_get(o, "sectors");
    size_t before = 0, sector = 0;
    enum err e = ERR_NONE;

    *out = UINT32_MAX;
    if (!list || json_is_null(list)) return ERR_NONE;
    *out = 0;
    e = reader_list(r, o, "sectors", 1, SECTORS, &list);
    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        before = reader_enter(r, "sectors[%zu]", i);
        e = reader_one_of(r, json_array_get(list, i), rules_sector_words, &sector);
        *out |= 1u << (sector + 1);
        if (!e) reader_leave(r, before);
    }
    return e;
}

static enum err read_minimum(struct reader *r, const json_t *o, struct rule_set *set)
{
    struct star_minimum *m = &set->minima[set->minimum_count];
    int64_t star = 0;
    enum err e = reader_code(r, o, "code", GATE_CODE_MAX, m->code);

    if (!e) e = reader_whole(r, o, "star", 2, STAR_MOST, &star);
    if (!e) e = reader_day(r, o, "first_day", INT32_MIN, &m->first_day);
    if (!e) e = read_sectors(r, o, &m->sectors);
    if (!e) e = reader_mark(r, o);
    if (e) return e;
    m->star = (int32_t)star;
    for (size_t i = 0; i < set->minimum_count; i++)
        if (strcmp(set->minima[i].code, m->code) == 0) return reader_bad(r, "code %s stands twice", m->code);
    set->minimum_count++;
    return ERR_NONE;
}

static enum err read_minima(struct reader *r, const json_t *top, struct rule_set *set)
{
    const json_t *list = NULL;
    enum err e = ERR_NONE;

    if (!json_object_get(top, "minima")) return ERR_NONE;
    e = reader_list(r, top, "minima", 0, RULES_MINIMA_MAX, &list);
    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        const size_t before = reader_enter(r, "minima[%zu]", i);

        e = read_minimum(r, json_array_get(list, i), set);
        if (!e) reader_leave(r, before);
    }
    return e;
}

bool rules_asks(const struct star_minimum *m, const struct rubric *rubric, int32_t day)
{
    return day >= m->first_day && (m->sectors >> rubric->sector & 1u) != 0;
}

/* What only sheets with options need: how options, marks and the rubrics' names are understood. */
static enum err read_option_settings(struct reader *r, const json_t *top, struct rule_set *out)
{
    static const char *const nothing[] = { "refused", "zero_points", NULL };
    static const char *const reached[] = { "mean", "every_member", NULL };
    static const char *const missed[] = { "highest_star_with_all_marks", NULL };
    size_t at = 0;
    enum err e = reader_code(r, top, "rubric_prefix", RULES_NAME_MAX, out->rubric_prefix);

    if (!e) e = reader_choice_setting(r, top, "no_option", nothing, &at);
    if (!e) out->no_option_is_zero = at == 1;
    if (!e) e = reader_choice_setting(r, top, "marks_reached", reached, &at);
    if (!e) out->mark_every_member = at == 1;
    if (!e) e = reader_choice_setting(r, top, "mark_missed", missed, &at);
    if (!e) e = read_minima(r, top, out);
    return e;
}

/* "part_max": the most points of A, B and C, which add to the most there are. */
static enum err read_part_max(struct reader *r, const json_t *top, struct rule_set *out)
{
    const json_t *list = NULL;
    int64_t sum = 0;
    enum err e = reader_list(r, top, "part_max", RUBRIC_PARTS, RUBRIC_PARTS, &list);

    for (size_t i = 0; !e && i < RUBRIC_PARTS; i++) {
        const json_t *part = json_array_get(list, i);
        const int64_t most = json_integer_value(part);

        if (!json_is_integer(part) || most < 1 || most > 100) {
            reader_enter(r, "part_max[%zu]", i);
            return reader_bad(r, "it must be a whole number from 1 to 100");
        }
        out->part_most_hundredths[i] = (int32_t)most * POINT;
        sum += most;
    }
    if (!e && sum * POINT != out->bands.most_hundredths) {
        reader_enter(r, "part_max");
        return reader_bad(r, "it adds to %lld and max_points is %d; they must be equal", (long long)sum,
                          out->bands.most_hundredths / POINT);
    }
    return e;
}

static enum err read_sheet(struct reader *r, const json_t *top, struct rule_set *out)
{
    static const char *const sheets[] = { "options", "parts", "total", NULL };
    static const char *const gates[] = { "majority", "any", NULL };
    size_t sheet = 0, gate = 0;
    enum err e = reader_choice(r, top, "sheet", sheets, &sheet);

    if (!e) e = rules_read_bands(r, top, true, &out->bands);
    if (!e) e = reader_choice_setting(r, top, "gate_quorum", gates, &gate);
    out->sheet = (enum sheet_kind)sheet;
    out->gate_any = gate == 1;
    if (!e && out->sheet == SHEET_OPTIONS) e = read_option_settings(r, top, out);
    if (!e && out->sheet == SHEET_PARTS) e = read_part_max(r, top, out);
    return e;
}

enum err rules_read_span(struct reader *r, const json_t *top, int32_t *first, int32_t *last)
{
    enum err e = reader_day(r, top, "effective_from", INT32_MIN, first);

    if (!e) e = reader_day(r, top, "effective_to", INT32_MAX, last);
    if (!e && *first > *last) {
        reader_enter(r, "effective_to");
        e = reader_bad(r, "it is before effective_from");
    }
    return e;
}

enum err rules_read_set(struct reader *r, const json_t *top, struct rule_set *out)
{
    enum err e = reader_code(r, top, "id", RULES_NAME_MAX, out->name);

    if (!e) e = rules_read_span(r, top, &out->first_day, &out->last_day);
    if (!e) e = read_sheet(r, top, out);
    if (!e) e = read_levels(r, top, out);
    if (!e) e = read_authorities(r, top, out);
    if (!e) e = read_council(r, top, out);
    if (!e) e = read_remand(r, top, out);
    return e ? e : rules_read_terms(r, top, out);
}
