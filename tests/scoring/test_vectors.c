/* test_vectors.c - the public test vectors of tests/data/vectors hold for the service's own rules.
 *
 * Windows, extensions and working days are other services' rules: their vectors are read there. */
#include "common/clock.h"
#include "proto/codec.h"
#include "services/scoring/scoring.h"
#include "tests/scoring/small_rules.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <jansson.h>

#define VECTORS_FOLDER "tests/data/vectors"

enum { FILES_MAX = 80 };

/* Every rules file, read once. */
static struct rules *law[FILES_MAX];
static size_t law_count;
static char where[200]; /* the case at work */

static const struct rules *find_law(const char *name)
{
    for (size_t i = 0; i < law_count; i++)
        if (strcmp(rules_name(law[i]), name) == 0) return law[i];
    fail_msg("there is no rules file %s", name);
    return NULL;
}

static int read_law(void **state)
{
    DIR *folder = opendir(RULES_FOLDER);

    (void)state;
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        struct slice bytes;

        if (!strstr(entry->d_name, ".json")) continue;
        bytes = read_rules(entry->d_name);
        assert_true(law_count < FILES_MAX);
        law[law_count] = calloc(1, sizeof *law[0]);
        assert_int_equal(rules_parse(bytes, law[law_count++], NULL), ERR_NONE);
        free((void *)(uintptr_t)bytes.data);
    }
    closedir(folder);
    return 0;
}

static int forget_law(void **state)
{
    (void)state;
    if (*where) print_error("it was %s\n", where);
    while (law_count)
        free(law[--law_count]);
    return 0;
}

/* --- what stands in a case --- */

static const char *word(const json_t *o, const char *name)
{
    const char *said = json_string_value(json_object_get(o, name));

    if (!said) fail_msg("%s is not text", name);
    return said;
}

static int32_t day(const json_t *o, const char *name)
{
    int32_t out = 0;

    assert_int_equal(clock_day_parse(slice_text(word(o, name)), &out), ERR_NONE);
    return out;
}

static int64_t number(const json_t *o, const char *name)
{
    const json_t *value = json_object_get(o, name);

    if (!json_is_integer(value)) fail_msg("%s is not a whole number", name);
    return json_integer_value(value);
}

static const struct rule_set *set_of(const json_t *o, const char *name)
{
    const struct rules *r = find_law(word(o, name));

    assert_int_equal(r->kind, rules_kind_RULE_SET);
    return &r->u.set;
}

static enum level level_of(const json_t *o, const char *name)
{
    for (int i = 0; i < level_COUNT; i++)
        if (strcmp(level_word((enum level)i), word(o, name)) == 0) return (enum level)i;
    fail_msg("%s is no level", word(o, name));
    return level_COUNT;
}

/* A word, or NULL for null. */
static void same_word(const json_t *o, const char *name, const char *got)
{
    const json_t *wanted = json_object_get(o, name);

    if (!wanted) return;
    if (!got && json_is_null(wanted)) return;
    if (!got || !json_is_string(wanted) || strcmp(got, json_string_value(wanted)) != 0)
        fail_msg("%s: wanted %s, got %s", name, json_is_null(wanted) ? "none" : json_string_value(wanted),
                 got ? got : "none");
}

static void same_number(const json_t *o, const char *name, int64_t got)
{
    if (json_object_get(o, name) && number(o, name) != got)
        fail_msg("%s: wanted %lld, got %lld", name, (long long)number(o, name), (long long)got);
}

/* --- ratings --- */

static void add_sheet(const struct rule_set *set, const struct rubric *rubric, const json_t *o,
                      struct tally *tally)
{
    static struct chosen options[RUBRIC_CRITERIA_MAX];
    static struct met gates[RUBRIC_GATES_MAX];
    const json_t *chosen = json_object_get(o, "options"), *parts = json_object_get(o, "parts"),
                 *named = json_object_get(o, "gates"), *total = json_object_get(o, "total_hundredths");
    struct sheet_submitted sheet = { .has_options = chosen != NULL,
                                     .options = options,
                                     .options_count = json_array_size(chosen),
                                     .has_gates = named != NULL,
                                     .gates = gates,
                                     .gates_count = json_array_size(named),
                                     .has_total_hundredths = total != NULL,
                                     .total_hundredths = json_integer_value(total) };
    struct marked_sheet marked;
    struct why why = { { 0 }, { 0 } };

    for (size_t i = 0; i < json_array_size(chosen); i++)
        options[i] = (struct chosen){ slice_text(rubric->criteria[i].key),
                                      json_integer_value(json_array_get(chosen, i)) };
    for (size_t i = 0; i < json_array_size(named); i++)
        gates[i].code = slice_text(json_string_value(json_array_get(named, i)));
    if (parts) {
        sheet.has_a_hundredths = sheet.has_b_hundredths = sheet.has_c_hundredths = true;
        sheet.a_hundredths = json_integer_value(json_array_get(parts, 0));
        sheet.b_hundredths = json_integer_value(json_array_get(parts, 1));
        sheet.c_hundredths = json_integer_value(json_array_get(parts, 2));
    }
    if (scoring_mark_sheet(set, rubric, &sheet, &marked, &why)) fail_msg("%s", why.sentence);
    scoring_add(tally, &marked, tally->members ? seat_MEMBER : seat_CHAIR);
}

static void same_lists(const json_t *expect, const struct tally *tally, const struct rating *r)
{
    const json_t *missed = json_object_get(expect, "missed"), *gates = json_object_get(expect, "gates"),
                 *parts = json_object_get(expect, "part_sums");

    for (size_t i = 0; i < json_array_size(parts); i++)
        assert_int_equal(tally->part_sum_hundredths[i], json_integer_value(json_array_get(parts, i)));
    if (missed) assert_int_equal(r->missed_count, json_array_size(missed));
    for (size_t i = 0; i < json_array_size(missed); i++) {
        const json_t *m = json_array_get(missed, i);

        assert_int_equal(r->missed[i].star, json_integer_value(json_array_get(m, 0)));
        assert_true(slice_is(r->missed[i].criterion, json_string_value(json_array_get(m, 1))));
        assert_int_equal(r->missed[i].needed_hundredths, json_integer_value(json_array_get(m, 2)));
        assert_int_equal(r->missed[i].reached_sum_hundredths, json_integer_value(json_array_get(m, 3)));
    }
    if (gates) assert_int_equal(r->gate_count, json_array_size(gates));
    for (size_t i = 0; i < json_array_size(gates); i++)
        assert_true(slice_is(r->gates[i].code, json_string_value(json_array_get(gates, i))));
}

static void check_rating(const json_t *c)
{
    static struct rating r;
    const struct rule_set *set = set_of(c, "rule_set");
    const json_t *sheets = json_object_get(c, "sheets"), *expect = json_object_get(c, "expect");
    const struct rubric *rubric = set->sheet == SHEET_OPTIONS ? &find_law(word(c, "rubric"))->u.rubric : NULL;
    struct tally tally = { 0 };

    assert_true(json_array_size(sheets) > 0 && json_object_size(expect) > 0);
    for (size_t i = 0; i < json_array_size(sheets); i++)
        add_sheet(set, rubric, json_array_get(sheets, i), &tally);
    scoring_rate(set, rubric, level_of(c, "level"), day(c, "day"), &tally, &r);
    same_number(expect, "members", tally.members);
    same_number(expect, "sum_hundredths", tally.sum_hundredths);
    same_number(expect, "star_by_points", r.star_by_points);
    same_number(expect, "star_by_marks", r.star_by_marks);
    same_number(expect, "star", r.star);
    same_word(expect, "authority", r.has_authority ? authority_word(r.authority) : NULL);
    same_word(expect, "forwarded_to", r.forwarded ? level_word(r.to) : NULL);
    same_lists(expect, &tally, &r);
}

/* --- days --- */

static void check_authority(const json_t *c)
{
    enum authority who;
    const bool there = rules_authority_on(set_of(c, "rule_set"), number(c, "star"), day(c, "day"), &who);

    same_word(c, "authority", there ? authority_word(who) : NULL);
}

static void check_level(const json_t *c)
{
    const struct level_in_force *l =
        rules_level_on(set_of(c, "rule_set"), level_of(c, "level"), day(c, "day"));

    assert_int_equal(l != NULL, json_is_true(json_object_get(c, "sits")));
    if (!l) return;
    assert_int_equal(l->has_forward_hundredths, !json_is_null(json_object_get(c, "forward_hundredths")));
    if (l->has_forward_hundredths) same_number(c, "forward_hundredths", l->forward_hundredths);
    same_word(c, "forward_to", l->has_forward_to ? level_word(l->forward_to) : NULL);
}

/* Of the rule sets whose days include `on`, the one that began last. */
static const struct rule_set *in_force(int32_t on)
{
    const struct rule_set *newest = NULL;

    for (size_t i = 0; i < law_count; i++) {
        const struct rule_set *set = &law[i]->u.set;

        if (law[i]->kind != rules_kind_RULE_SET || on < set->first_day || on > set->last_day) continue;
        if (!newest || set->first_day > newest->first_day) newest = set;
    }
    return newest;
}

static void check_in_force(const json_t *c)
{
    const struct rule_set *set = in_force(day(c, "day"));

    same_word(c, "rule_set", set ? set->name : NULL);
}

static void check_transition(const json_t *c)
{
    const struct rule_set *newer = set_of(c, "newer");
    const struct dossier dossier = { .rule_set = slice_text(word(c, "rule_set")),
                                     .received_on = day(c, "received_on"),
                                     .re_rating = strcmp(word(c, "kind"), "re_rating") == 0 };
    const int32_t on = day(c, "day");
    const bool begun = dossier.received_on < newer->first_day && newer->first_day <= on;

    assert_int_equal(scoring_in_time(&dossier, begun ? newer : NULL, on, NULL) == ERR_NONE,
                     json_is_true(json_object_get(c, "allowed")));
}

static void check_term(const json_t *c)
{
    const int32_t ends_on = clock_day_add_months(day(c, "issued_on"), (int)number(c, "months"));

    assert_int_equal(ends_on, day(c, "ends_on"));
    if (!json_is_null(json_object_get(c, "rule_set")))
        assert_int_equal(set_of(c, "rule_set")->term_months, number(c, "months"));
}

static void check_area(const json_t *c)
{
    const struct areas *areas = &find_law(word(c, "areas"))->u.areas;
    const json_t *wanted = json_object_get(c, "stands_for");
    const bool merged = day(c, "day") >= areas->first_day;
    size_t found = 0;

    for (size_t i = 0; i < areas->pair_count; i++) {
        const struct area_codes *p = &areas->pairs[i];

        if (strcmp(merged ? p->new_code : p->old_code, word(c, "code")) != 0) continue;
        assert_string_equal(p->old_code, json_string_value(json_array_get(wanted, found)));
        found++;
    }
    assert_int_equal(found, json_array_size(wanted));
}

/* --- files --- */

static const struct {
    const char *kind;
    void (*check)(const json_t *c); /* NULL: another service's */
} kinds[] = {
    { "rating", check_rating },
    { "authority", check_authority },
    { "level", check_level },
    { "in_force", check_in_force },
    { "transition", check_transition },
    { "term", check_term },
    { "area", check_area },
    { "window", NULL },
    { "extension", NULL },
    { "working_days", NULL },
};

static size_t check_file(const char *name)
{
    char path[512];
    const json_t *cases = NULL;
    json_t *top = NULL;
    size_t kind = 0, count = 0;

    snprintf(path, sizeof path, "%s/%s", VECTORS_FOLDER, name);
    top = json_load_file(path, 0, NULL);
    if (!top) fail_msg("%s cannot be read", path);
    while (kind < sizeof kinds / sizeof *kinds && strcmp(kinds[kind].kind, word(top, "kind")) != 0)
        kind++;
    if (kind == sizeof kinds / sizeof *kinds) fail_msg("%s: nobody checks %s", name, word(top, "kind"));
    cases = json_object_get(top, "cases");
    for (size_t i = 0; kinds[kind].check && i < json_array_size(cases); i++, count++) {
        const json_t *c = json_array_get(cases, i);

        snprintf(where, sizeof where, "%s, case %zu", name, i);
        kinds[kind].check(c);
    }
    *where = 0;
    json_decref(top);
    return count;
}

static void every_vector_holds(void **state)
{
    DIR *folder = opendir(VECTORS_FOLDER);
    size_t count = 0;

    (void)state;
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        if (strstr(entry->d_name, ".json")) count += check_file(entry->d_name);
    closedir(folder);
    assert_true(count > 450);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_vector_holds, read_law, forget_law),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
