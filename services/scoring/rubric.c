#include "services/scoring/rubric.h"

#include "services/scoring/rubric_inside.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* --- what both schemas have --- */

/* Each of the five stars once, from zero to the most points, without a gap or an overlap, half-open but for
 * the top. */
static enum err check_bands(struct reader *r, const int64_t *least, const int64_t *below,
                            const bool *inclusive, int64_t most)
{
    if (least[1] != 0)
        return reader_bad(r, "one star starts at %lld; it must start at 0", (long long)least[1]);
    for (int star = 1; star < STAR_MOST; star++) {
        if (below[star] != least[star + 1])
            return reader_bad(
                r, "star %d ends at %lld and star %d starts at %lld; there must be no gap and no overlap",
                star, (long long)below[star], star + 1, (long long)least[star + 1]);
        if (least[star] >= below[star]) return reader_bad(r, "star %d is empty or upside down", star);
        if (inclusive[star])
            return reader_bad(r, "star %d includes its upper end; only the highest may, or two stars overlap",
                              star);
    }
    if (below[STAR_MOST] != most || !inclusive[STAR_MOST] || least[STAR_MOST] >= most)
        return reader_bad(r, "star %d must go up to and include max_points, %lld", STAR_MOST,
                          (long long)most);
    return ERR_NONE;
}

enum err rules_read_bands(struct reader *r, const json_t *top, bool marked, struct star_bands *out)
{
    int64_t least[STAR_MOST + 1] = { 0 }, below[STAR_MOST + 1] = { 0 }, star, most = 0;
    bool inclusive[STAR_MOST + 1] = { false }, seen[STAR_MOST + 1] = { false };
    const json_t *list = NULL;
    size_t before = 0;
    enum err e = reader_whole(r, top, "max_points", 1, 100, &most);

    if (!e) e = reader_list(r, top, "star_bands", STAR_MOST, STAR_MOST, &list);
    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        const json_t *band = json_array_get(list, i);

        before = reader_enter(r, "star_bands[%zu]", i);
        star = 0;
        e = reader_whole(r, band, "star", 1, STAR_MOST, &star);
        if (!e && seen[star]) e = reader_bad(r, "star %lld stands twice", (long long)star);
        if (!e) e = reader_whole(r, band, "min", 0, most, &least[star]);
        if (!e) e = reader_whole(r, band, "max", 0, most, &below[star]);
        if (!e) e = reader_flag(r, band, "max_inclusive", &inclusive[star]);
        if (!e && marked) e = reader_mark(r, band);
        if (e) return e;
        seen[star] = true;
        reader_leave(r, before);
    }
    if (e) return e;
    before = reader_enter(r, "star_bands");
    e = check_bands(r, least, below, inclusive, most);
    if (e) return e;
    reader_leave(r, before);
    for (int s = 0; s <= STAR_MOST; s++)
        out->from_hundredths[s] = (int32_t)least[s] * POINT;
    out->most_hundredths = (int32_t)most * POINT;
    return ERR_NONE;
}

/* --- a rubric --- */

const char *const rules_sector_words[SECTORS + 1] = { "I", "II", "III", "IV", "V", "VI", NULL };

/* What the products are. */
static enum err read_product(struct reader *r, const json_t *top, struct rubric *out)
{
    const json_t *product = NULL;
    size_t before = 0, sector = 0;
    enum err e = reader_object(r, top, "product", &product);

    if (e) return e;
    before = reader_enter(r, "product");
    e = reader_choice(r, product, "sector_code", rules_sector_words, &sector);
    if (!e) e = reader_flag(r, product, "sample_required", &out->goods);
    if (e) return e;
    reader_leave(r, before);
    out->sector = (int32_t)sector + 1;
    return ERR_NONE;
}

static enum err read_option(struct reader *r, const json_t *o, const json_t *cases, int64_t max,
                            struct rubric_option *out)
{
    int64_t n = 0, points = 0, star = 0;
    const json_t *mark = json_object_get(o, "min_star");
    const char *word = NULL;
    enum err e = reader_whole(r, o, "n", 1, 99, &n);

    if (!e) e = reader_whole(r, o, "points", 0, max, &points);
    if (!e && mark && !json_is_null(mark))
        e = reader_whole(r, o, "min_star", STAR_MARKS_FROM, STAR_MOST, &star);
    if (!e && cases) {
        e = reader_word(r, o, "case", &word);
        if (!e && !json_object_get(cases, word))
            e = reader_bad(r, "case \"%.20s\" is not among the criterion's cases", word);
        /* A mark asks every applicant for its points; one of a case would ask those whom it does not concern.
         */
        if (!e && star)
            e = reader_bad(r, "an option of a case carries min_star; marks must hold for every applicant");
    } else if (!e && json_object_get(o, "case")) {
        e = reader_bad(r, "it has a case, but the criterion has no cases");
    }
    if (e) return e;
    out->n = (int32_t)n;
    out->points_hundredths = (int32_t)points * POINT;
    out->min_star = (int32_t)star;
    return ERR_NONE;
}

static enum err check_option(struct reader *r, const struct rubric_criterion *c,
                             const struct rubric_option *o)
{
    for (size_t i = 0; i < c->option_count; i++) {
        const struct rubric_option *other = &c->options[i];
        const struct rubric_option *low = o->min_star < other->min_star ? o : other;
        const struct rubric_option *high = low == o ? other : o;

        if (other->n == o->n) return reader_bad(r, "option n %d stands twice", o->n);
        if (o->min_star && other->min_star == o->min_star)
            return reader_bad(r, "star %d is marked twice in one criterion; mark the least option only",
                              o->min_star);
        if (low->min_star && high->min_star > low->min_star &&
            high->points_hundredths < low->points_hundredths)
            return reader_bad(
                r, "star %d demands fewer points than star %d; a higher star must demand as many or more",
                high->min_star, low->min_star);
    }
    return ERR_NONE;
}

static enum err read_options(struct reader *r, const json_t *criterion, int64_t max,
                             struct rubric_criterion *out, size_t *marks)
{
    const json_t *list = NULL, *cases = json_object_get(criterion, "cases");
    int32_t best = 0;
    size_t before = 0;
    enum err e = reader_list(r, criterion, "options", 1, RUBRIC_OPTIONS_MAX, &list);

    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        struct rubric_option option;

        before = reader_enter(r, "options[%zu]", i);
        e = read_option(r, json_array_get(list, i), cases, max, &option);
        if (!e) e = check_option(r, out, &option);
        if (!e && option.min_star && ++*marks > RUBRIC_MARKS_MAX)
            e = reader_bad(r, "more than %d options carry min_star", RUBRIC_MARKS_MAX);
        if (e) return e;
        if (option.points_hundredths > best) best = option.points_hundredths;
        out->options[out->option_count++] = option;
        reader_leave(r, before);
    }
    if (!e && best != max * POINT)
        e = reader_bad(r, "max is %lld and the best option gives %d; they must be equal", (long long)max,
                       best / POINT);
    return e;
}

/* The same code in two places is the same thing asked twice: a condition of two criteria, or a gate that is
 * also a ground. */
static enum err add_gate(struct reader *r, struct rubric *out, const char *code, bool ends)
{
    const long at = rubric_find_gate(out, slice_text(code));

    if (at >= 0) {
        out->gates[at].ends = out->gates[at].ends || ends;
        return ERR_NONE;
    }
    if (out->gate_count == RUBRIC_GATES_MAX)
        return reader_bad(r, "more than %d gates and grounds", RUBRIC_GATES_MAX);
    snprintf(out->gates[out->gate_count].code, sizeof out->gates[0].code, "%s", code);
    out->gates[out->gate_count++].ends = ends;
    return ERR_NONE;
}

/* In one list a code stands once. */
static enum err read_code(struct reader *r, const json_t *list, size_t at, char code[GATE_CODE_MAX + 1])
{
    enum err e = reader_code(r, json_array_get(list, at), "code", GATE_CODE_MAX, code);

    for (size_t i = 0; !e && i < at; i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(list, i), "code")), code) == 0)
            e = reader_bad(r, "code %s stands twice", code);
    return e;
}

static enum err read_gates(struct reader *r, const json_t *criterion, struct rubric *out)
{
    static const char *const effects[] = {
        "reject", "stop", "require", "applies_if", "evidence", "note", NULL
    };
    const json_t *list = NULL;
    char code[GATE_CODE_MAX + 1];
    size_t before = 0, effect = 0;
    enum err e = ERR_NONE;

    if (!json_object_get(criterion, "gates")) return ERR_NONE;
    e = reader_list(r, criterion, "gates", 0, RUBRIC_GATES_MAX, &list);
    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        before = reader_enter(r, "gates[%zu]", i);
        e = reader_choice(r, json_array_get(list, i), "effect", effects, &effect);
        if (!e) e = read_code(r, list, i, code);
        if (!e) e = add_gate(r, out, code, effect <= 1);
        if (!e) reader_leave(r, before);
    }
    return e;
}

static enum err read_grounds(struct reader *r, const json_t *top, struct rubric *out)
{
    const json_t *list = NULL;
    char code[GATE_CODE_MAX + 1];
    size_t before = 0;
    enum err e = reader_list(r, top, "disqualifiers", 0, RUBRIC_GATES_MAX, &list);

    for (size_t i = 0; !e && i < json_array_size(list); i++) {
        before = reader_enter(r, "disqualifiers[%zu]", i);
        e = read_code(r, list, i, code);
        if (!e) e = add_gate(r, out, code, true);
        if (!e) reader_leave(r, before);
    }
    return e;
}

static enum err read_criterion(struct reader *r, const json_t *o, size_t part, struct rubric *out,
                               int64_t *max, size_t *marks)
{
    char code[CRITERION_KEY_MAX - 1];
    struct rubric_criterion *c = &out->criteria[out->criterion_count];
    enum err e = reader_code(r, o, "code", sizeof code - 1, code);

    if (e) return e;
    if (out->criterion_count == RUBRIC_CRITERIA_MAX)
        return reader_bad(r, "more than %d criteria", RUBRIC_CRITERIA_MAX);
    memset(c, 0, sizeof *c);
    snprintf(c->key, sizeof c->key, "%c.%s", "ABC"[part], code);
    c->part = part;
    if (rubric_find_criterion(out, slice_text(c->key)) >= 0)
        return reader_bad(r, "criterion %s stands twice", c->key);
    e = reader_whole(r, o, "max", 0, 100, max);
    if (!e) e = read_options(r, o, *max, c, marks);
    if (!e) e = read_gates(r, o, out);
    if (!e) out->criterion_count++;
    return e;
}

/* The sections of part `part`; `*sum` gets their maxima, each checked against its criteria. */
static enum err read_sections(struct reader *r, const json_t *o, size_t part, struct rubric *out,
                              int64_t *sum, size_t *marks)
{
    const json_t *sections = NULL, *criteria = NULL;
    size_t at_section = 0, at_criterion = 0;
    int64_t max = 0, got = 0, own = 0;
    enum err e = reader_list(r, o, "sections", 1, RUBRIC_SECTIONS_MAX, &sections);

    for (size_t i = 0; !e && i < json_array_size(sections); i++) {
        const json_t *section = json_array_get(sections, i);

        at_section = reader_enter(r, "sections[%zu]", i);
        e = reader_whole(r, section, "max", 0, 100, &max);
        if (!e) e = reader_list(r, section, "criteria", 1, RUBRIC_CRITERIA_MAX, &criteria);
        got = 0;
        for (size_t j = 0; !e && j < json_array_size(criteria); j++) {
            at_criterion = reader_enter(r, "criteria[%zu]", j);
            e = read_criterion(r, json_array_get(criteria, j), part, out, &own, marks);
            got += own;
            if (!e) reader_leave(r, at_criterion);
        }
        if (!e && got != max)
            e = reader_bad(r, "max is %lld and its criteria add to %lld; they must be equal", (long long)max,
                           (long long)got);
        if (!e) reader_leave(r, at_section);
        *sum += max;
    }
    return e;
}

static bool has_gap(const json_t *top)
{
    const json_t *level = json_object_get(json_object_get(top, "completeness"), "level");

    return json_is_string(level) && strcmp(json_string_value(level), "full with a gap") == 0;
}

/* Normally the best options add to max_points. A source with a misprint may add to less, when the file says
 * so twice: that it has a gap, and to how much it adds. */
static enum err check_sum(struct reader *r, const json_t *top, const struct rubric *out)
{
    const json_t *checks = json_object_get(top, "checks");
    const int64_t said = json_integer_value(json_object_get(checks, "sum_of_best_options"));

    if (out->most_hundredths == out->bands.most_hundredths) return ERR_NONE;
    if (out->most_hundredths < out->bands.most_hundredths && has_gap(top) &&
        said * POINT == out->most_hundredths)
        return ERR_NONE;
    reader_enter(r, "parts");
    return reader_bad(r,
                      "their best options add to %d and max_points is %d; they must be equal, or "
                      "completeness.level be \"full with a gap\" and checks.sum_of_best_options %d",
                      out->most_hundredths / POINT, out->bands.most_hundredths / POINT,
                      out->most_hundredths / POINT);
}

static enum err read_parts(struct reader *r, const json_t *top, struct rubric *out)
{
    static const char *const codes[] = { "A", "B", "C", NULL };
    const json_t *parts = NULL;
    size_t before = 0, code = 0, marks = 0;
    int64_t max = 0, sum = 0, all = 0;
    enum err e = reader_list(r, top, "parts", RUBRIC_PARTS, RUBRIC_PARTS, &parts);

    for (size_t i = 0; !e && i < RUBRIC_PARTS; i++) {
        const json_t *part = json_array_get(parts, i);

        before = reader_enter(r, "parts[%zu]", i);
        e = reader_choice(r, part, "code", codes, &code);
        if (!e && code != i) e = reader_bad(r, "code is %s; parts come in the order A, B, C", codes[code]);
        if (!e) e = reader_whole(r, part, "max", 0, 100, &max);
        sum = 0;
        if (!e) e = read_sections(r, part, i, out, &sum, &marks);
        if (!e && (sum > max || (sum < max && !has_gap(top))))
            e = reader_bad(r, "max is %lld and its sections add to %lld; they must be equal", (long long)max,
                           (long long)sum);
        if (!e) reader_leave(r, before);
        out->most_hundredths += (int32_t)sum * POINT;
        all += max;
    }
    if (!e && all * POINT != out->bands.most_hundredths) {
        reader_enter(r, "parts");
        e = reader_bad(r, "they add to %lld and max_points is %d; they must be equal", (long long)all,
                       out->bands.most_hundredths / POINT);
    }
    return e ? e : check_sum(r, top, out);
}

/* The demands for a star stand in one place: on the options, or in the rule set's minima. */
static enum err check_no_marks(struct reader *r, const struct rubric *rubric)
{
    for (size_t i = 0; i < rubric->criterion_count; i++)
        for (size_t j = 0; j < rubric->criteria[i].option_count; j++)
            if (rubric->criteria[i].options[j].min_star) {
                reader_enter(r, "star_requirements.kind");
                return reader_bad(r,
                                  "it is external_minimum_list, but criterion %s has an option with "
                                  "min_star; then it must be min_star_marks",
                                  rubric->criteria[i].key);
            }
    return ERR_NONE;
}

static enum err read_rubric(struct reader *r, const json_t *top, struct rubric *out)
{
    static const char *const kinds[] = { "min_star_marks", "external_minimum_list", NULL };
    const json_t *requirements = NULL;
    size_t kind = 0, before = 0;
    enum err e = reader_code(r, top, "id", RULES_NAME_MAX, out->name);

    if (!e) e = rules_read_span(r, top, &out->first_day, &out->last_day);
    if (!e) e = reader_object(r, top, "star_requirements", &requirements);
    if (e) return e;
    before = reader_enter(r, "star_requirements");
    e = reader_choice(r, requirements, "kind", kinds, &kind);
    if (e) return e;
    reader_leave(r, before);
    e = rules_read_bands(r, top, false, &out->bands);
    if (!e) e = read_product(r, top, out);
    if (!e) e = read_parts(r, top, out);
    if (!e && kind == 1) e = check_no_marks(r, out);
    if (!e) e = read_grounds(r, top, out);
    return e;
}

/* --- the doors --- */

static enum err read_kind(struct reader *r, const json_t *top, struct rules *out)
{
    switch (out->kind) {
    case rules_kind_RUBRIC:
        return read_rubric(r, top, &out->u.rubric);
    case rules_kind_RULE_SET:
        return rules_read_set(r, top, &out->u.set);
    case rules_kind_CALENDAR:
        return rules_read_calendar(r, top, &out->u.calendar);
    case rules_kind_AREAS:
        return rules_read_areas(r, top, &out->u.areas);
    case rules_kind_COUNT:
        break;
    }
    return ERR_PROMISE;
}

enum err rules_parse(struct slice bytes, struct rules *out, struct why *why)
{
    /* in the order of enum rules_kind */
    static const char *const schemas[] = { "ocop-rubric/1", "ocop-rules/1", "ocop-calendar/1", "ocop-areas/1",
                                           NULL };
    struct reader r = { .why = why };
    json_t *top = NULL;
    size_t schema = 0;
    enum err e = reader_open(&r, bytes, &top);

    if (!e) e = reader_choice(&r, top, "schema", schemas, &schema);
    if (!e) {
        memset(out, 0, sizeof *out);
        out->kind = (enum rules_kind)schema;
        e = read_kind(&r, top, out);
    }
    json_decref(top);
    return e;
}

enum err rules_check_text(struct slice bytes, struct why *why)
{
    struct reader r = { .why = why };
    json_t *top = NULL;
    enum err e = reader_open(&r, bytes, &top);

    if (!e) e = reader_plain(&r, top);
    json_decref(top);
    return e;
}

const char *rules_name(const struct rules *r)
{
    switch (r->kind) {
    case rules_kind_RUBRIC:
        return r->u.rubric.name;
    case rules_kind_RULE_SET:
        return r->u.set.name;
    case rules_kind_CALENDAR:
        return r->u.calendar.name;
    case rules_kind_AREAS:
    case rules_kind_COUNT:
        break;
    }
    return r->u.areas.name;
}

enum err rules_hash(struct slice bytes, char hex[2 * HASH_BYTES + 1], struct why *why)
{
    struct reader r = { .why = why };
    struct hash h;
    json_t *top = NULL;
    char *text = NULL;
    enum err e = reader_open(&r, bytes, &top);

    if (e) return e;
    text = json_dumps(top, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(top);
    if (!text) return ERR_NOMEM;
    e = crypto_generichash(h.bytes, sizeof h.bytes, (const unsigned char *)text, strlen(text), NULL, 0)
            ? ERR_PROMISE
            : ERR_NONE;
    free(text);
    if (!e) hash_hex(&h, hex);
    return e;
}

long rubric_find_criterion(const struct rubric *r, struct slice key)
{
    for (size_t i = 0; i < r->criterion_count; i++)
        if (slice_is(key, r->criteria[i].key)) return (long)i;
    return -1;
}

long rubric_find_gate(const struct rubric *r, struct slice code)
{
    for (size_t i = 0; i < r->gate_count; i++)
        if (slice_is(code, r->gates[i].code)) return (long)i;
    return -1;
}
