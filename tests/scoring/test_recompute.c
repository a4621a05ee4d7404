/* test_recompute.c - what was rated is computed again from the log: nothing differs, and whatever was altered
 * is named. */
#include "tests/scoring/room.h"

static FILE *said;
static char *text_said;
static size_t said_size;

/* From now on a second store follows and computes again; `key` NULL: everything. */
static void recompute(struct room *r, const char *key)
{
    struct why why = { { 0 }, { 0 } };

    said = open_memstream(&text_said, &said_size);
    assert_non_null(said);
    r->recount = (struct recount){ .key = key, .out_file = said };
    if (bench_new(&scoring_service, ":memory:", &r->again, &why)) fail_msg("%s", why.sentence);
}

static void done(struct room *r, uint64_t computed, uint64_t differences)
{
    fclose(said);
    if (r->recount.computed != computed || r->recount.differences != differences)
        fail_msg("%d computed, %d differences: %s", (int)r->recount.computed, (int)r->recount.differences,
                 text_said);
}

static void end_said(const char *with_this, const char *without_this)
{
    if (with_this && !strstr(text_said, with_this)) fail_msg("no \"%s\" in: %s", with_this, text_said);
    if (without_this && strstr(text_said, without_this)) fail_msg("\"%s\" in: %s", without_this, text_said);
    free(text_said);
}

static struct sheet_submitted total_of(const char *member, const char *dossier, int64_t total)
{
    return (struct sheet_submitted){ .council = { "c-06", 4 },
                                     .member = text(member),
                                     .dossier = text(dossier),
                                     .has_total_hundredths = true,
                                     .total_hundredths = total };
}

/* P1 and P2 under the provisional rules, three sheets each. In the log that is read again, the sheet of chi
 * for P2 says `altered`. */
static void two_products(struct room *r, int64_t altered)
{
    const struct sheet_submitted last = total_of("chi", "d2", altered);

    adopt_provisional(r);
    form(r, "c-06", level_PROVINCE, "06", "provisional-2018");
    accept_dossier(r, "d1", "P1", "provisional-2018", NULL);
    accept_dossier(r, "d2", "P2", "provisional-2018", NULL);
    submit_total(r, "an", "d1", 7000);
    submit_total(r, "binh", "d1", 7001);
    submit_total(r, "chi", "d1", 7000);
    submit_total(r, "an", "d2", 6999);
    submit_total(r, "binh", "d2", 7000);
    r->altered = &last;
    submit_total(r, "chi", "d2", 7001);
    close_council(r, "c-06", "06");
}

static void what_was_rated_comes_out_the_same(void **state)
{
    struct room *r = *state;

    recompute(r, NULL);
    two_products(r, 7001);
    done(r, 2, 0);
    assert_int_equal(said_size, 0);
    end_said(NULL, NULL);
}

static void an_altered_sheet_names_its_product_and_no_other(void **state)
{
    struct room *r = *state;

    recompute(r, NULL);
    two_products(r, 7000);
    done(r, 2, 2); /* the sheet, and the rating that rests on it */
    end_said("a sheet of product P2 in council c-06: total_hundredths: recorded 7001, computed 7000", "P1");
}

static void an_altered_sheet_changes_the_rating(void **state)
{
    struct room *r = *state;

    recompute(r, "P2");
    two_products(r, 7000);
    done(r, 1, 2);
    end_said("sum_hundredths: recorded 21000, computed 20999 (and 2 more)", "same");
}

static void one_product_is_shown_in_full(void **state)
{
    struct room *r = *state;

    recompute(r, "P1");
    two_products(r, 7000); /* P2 is nobody's concern here */
    done(r, 1, 0);
    assert_true(r->recount.known);
    assert_non_null(strstr(text_said, "total                210.01        3    70.00\n"));
    end_said("same\n", "P2");
}

static void a_product_that_is_not_there_is_not_known(void **state)
{
    struct room *r = *state;

    recompute(r, "P3");
    two_products(r, 7001);
    assert_false(r->recount.known);
    done(r, 0, 0);
    end_said(NULL, NULL);
}

/* --- with criteria --- */

static void say_options(struct room *r, const char *member, int64_t a, int64_t altered_a, bool stops)
{
    static const struct met gates[] = { { { "STOPS", 5 } } };
    const struct chosen options[] = { { { "A.1.1", 5 }, a }, { { "B.2", 3 }, 3 }, { { "C.3", 3 }, 2 } };
    const struct chosen others[] = { { { "A.1.1", 5 }, altered_a },
                                     { { "B.2", 3 }, 3 },
                                     { { "C.3", 3 }, 2 } };
    const struct sheet_submitted e = { .council = { "c-06", 4 },
                                       .member = text(member),
                                       .dossier = { "d1", 2 },
                                       .has_options = true,
                                       .options = options,
                                       .options_count = 3,
                                       .has_gates = stops,
                                       .gates = gates,
                                       .gates_count = stops ? 1 : 0 };
    struct sheet_submitted other = e;

    other.options = others;
    if (a != altered_a) r->altered = &other;
    say(r, &sheet_submitted_kind, "06", &e);
}

static void open_small(struct room *r)
{
    adopt_small(r);
    form(r, "c-06", level_PROVINCE, "06", "SMALL");
    accept_dossier(r, "d1", "P1", "SMALL", "small-1");
}

static void the_table_goes_criterion_by_criterion(void **state)
{
    struct room *r = *state;

    recompute(r, "P1");
    open_small(r);
    say_options(r, "an", 2, 2, true);
    say_options(r, "binh", 2, 2, false);
    say_options(r, "chi", 3, 3, false);
    close_council(r, "c-06", "06");
    done(r, 1, 0);
    assert_non_null(strstr(text_said, "  A.1.1                100.00        3    33.33\n"));
    assert_non_null(strstr(text_said, "  part C               105.00        3    35.00\n"));
    assert_non_null(strstr(text_said, "not 5 stars      A.1.1 demands 40.00, its mean is 33.33\n"));
    assert_non_null(strstr(text_said, "stars            4 (5 by points, 4 by marks)\n"));
    end_said("same", "met ");
}

static void a_sheet_that_has_no_worth_any_more_is_a_difference(void **state)
{
    struct room *r = *state;

    recompute(r, NULL);
    open_small(r);
    say_options(r, "an", 2, 9, false); /* there is no option 9 */
    say_options(r, "binh", 2, 2, false);
    say_options(r, "chi", 2, 2, false);
    close_council(r, "c-06", "06");
    done(r, 1, 2);
    assert_non_null(strstr(text_said, "a sheet of product P1"));
    end_said("Criterion A.1.1 has no option 9", NULL);
}

static void a_sheet_that_cannot_be_read_any_more_is_left_out(void **state)
{
    struct room *r = *state;
    const struct round_closed nonsense = { .council = { "c-06", 4 }, .closed_on = 1 };

    recompute(r, NULL);
    adopt_provisional(r);
    form(r, "c-06", level_PROVINCE, "06", "provisional-2018");
    accept_dossier(r, "d1", "P1", "provisional-2018", NULL);
    submit_total(r, "an", "d1", 7000);
    submit_total(r, "binh", "d1", 7000);
    r->altered = &nonsense;
    r->altered_kind = &round_closed_kind;
    submit_total(r, "chi", "d1", 7000);
    close_council(r, "c-06", "06");
    accept_dossier(r, "d2", "P2", "provisional-2018", NULL); /* and it goes on behind it */
    submit_total(r, "an", "d2", 7000);
    submit_total(r, "binh", "d2", 7000);
    submit_total(r, "chi", "d2", 7000);
    close_council(r, "c-06", "06");
    done(r, 2, 2);
    assert_non_null(
        strstr(text_said, "a sheet of product P1 in council c-06: recorded, but cannot be computed: "));
    end_said("sum_hundredths: recorded 21000, computed 14000 (and 1 more)", "P2");
}

static void rules_altered_after_their_adoption_are_found(void **state)
{
    struct room *r = *state;
    char *other = with(small_rubric, "\"points\":40,\"min_star\":5", "\"points\":40,\"min_star\":4");
    const struct rules_proposed e = { .name = { "small-1", 7 }, .bytes = text(small_rubric) };
    const struct rules_proposed altered = { .name = { "small-1", 7 }, .bytes = text(other) };

    recompute(r, NULL);
    adopt(r, "SMALL", text(small_set));
    r->altered = &altered;
    say(r, &rules_proposed_kind, "00", &e);
    form(r, "c-06", level_PROVINCE, "06", "SMALL");
    accept_dossier(r, "d1", "P1", "SMALL", "small-1");
    say_options(r, "an", 2, 2, false);
    say_options(r, "binh", 2, 2, false);
    say_options(r, "chi", 2, 2, false);
    close_council(r, "c-06", "06");
    done(r, 1, 1);
    free(other);
    assert_non_null(strstr(text_said, "the rating of product P1 in council c-06: rubric_hash: recorded "));
    end_said("(and 3 more)", NULL); /* the star, what marks allow, and which were missed */
}

/* --- every rubric there is --- */

static uint32_t seed = 20260522;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % sides;
}

/* A gate or minimum that sheets may name; sometimes. */
static const char *gate_by_chance(const struct rubric *rubric, const struct rule_set *set)
{
    const uint32_t at = dice(4 * (uint32_t)(rubric->gate_count + set->minimum_count) + 1);

    if (at < rubric->gate_count) return rubric->gates[at].code;
    if (at >= rubric->gate_count + set->minimum_count) return NULL;
    return rules_asks(&set->minima[at - rubric->gate_count], rubric, INT32_MAX)
               ? set->minima[at - rubric->gate_count].code
               : NULL;
}

/* A whole sheet of chance, near the best so that the members are seldom too far apart. */
static void say_by_chance(struct room *r, const struct rubric *rubric, const char *gate_code,
                          const char *member, const char *dossier)
{
    struct chosen options[RUBRIC_CRITERIA_MAX];
    struct met gate = { { NULL, 0 } };
    struct sheet_submitted e = { .council = { "c-06", 4 },
                                 .member = text(member),
                                 .dossier = text(dossier),
                                 .has_options = true,
                                 .options = options,
                                 .options_count = rubric->criterion_count };

    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct rubric_criterion *c = &rubric->criteria[i];
        const size_t at = dice(12) == 0 ? dice((uint32_t)c->option_count) : c->option_count - 1;

        options[i] = (struct chosen){ text(c->key), c->options[at].n };
    }
    if (gate_code) {
        gate.code = text(gate_code);
        e.has_gates = true;
        e.gates = &gate;
        e.gates_count = 1;
    }
    say(r, &sheet_submitted_kind, "06", &e);
    counted(r);
}

/* A rule set, the rubrics that belong to it, and a day and level at which they are scored. */
struct epoch {
    const char *prefix, *file, *name, *day;
    enum level level;
    size_t rubrics;
};

static size_t rate_by_chance(struct room *r, const struct rubric *rubric, const struct rule_set *set)
{
    static const char *const members[] = { "an", "binh", "chi" };
    size_t rated = 0;

    for (int i = 0; i < 8; i++) {
        const char *code = gate_by_chance(rubric, set);
        char id[32];

        snprintf(id, sizeof id, "d%d", i);
        accept_dossier(r, id, id, set->name, rubric->name);
        for (size_t m = 0; m < 3; m++)
            say_by_chance(r, rubric, code, members[m], id);
    }
    close_council(r, "c-06", "06");
    for (size_t i = 0; i < bench_outcomes(r->bench); i++) {
        struct slice topic;
        struct envelope e;

        assert_int_equal(bench_outcome(r->bench, i, &topic, &e), ERR_NONE);
        if (slice_is(e.type, "scoring.product.rated")) rated++;
    }
    return rated;
}

static size_t try_rubric(void **state, const char *file, const struct epoch *epoch)
{
    static struct rules rules, sets;
    const struct slice bytes = read_rules(file), set = read_rules(epoch->file);
    struct room *r = NULL;
    size_t rated = 0;

    begin(state);
    r = *state;
    on_day(r, epoch->day);
    recompute(r, NULL);
    if (rules_parse(bytes, &rules, NULL) || rules_parse(set, &sets, NULL)) fail_msg("%s", file);
    adopt(r, epoch->name, set);
    adopt(r, rules.u.rubric.name, bytes);
    form(r, "c-06", epoch->level, "06", epoch->name);
    rated = rate_by_chance(r, &rules.u.rubric, &sets.u.set);
    done(r, rated, 0);
    end_said(NULL, NULL);
    end(state);
    free((void *)(uintptr_t)bytes.data);
    free((void *)(uintptr_t)set.data);
    return rated;
}

static void every_shipped_rubric_rates_and_recomputes(void **state)
{
    static const struct epoch epochs[] = {
        { "qd-26-2026-", "qd-26-2026.json", "QD26_2026", "2026-06-01", level_PROVINCE, 26 },
        { "qd-1048-2019-", "qd-1048-2019.json", "QD1048", "2021-06-01", level_DISTRICT, 25 },
    };

    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
        size_t files = 0, rated = 0;
        FILE *list = popen("ls " RULES_FOLDER, "r");
        char name[300];

        assert_non_null(list);
        while (fscanf(list, "%299s", name) == 1) {
            if (strncmp(name, epochs[i].prefix, strlen(epochs[i].prefix)) != 0) continue;
            files++;
            rated += try_rubric(state, name, &epochs[i]);
        }
        pclose(list);
        assert_int_equal(files, epochs[i].rubrics);
        assert_true(rated > 2 * files);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_rated_comes_out_the_same),
        TEST(an_altered_sheet_names_its_product_and_no_other),
        TEST(an_altered_sheet_changes_the_rating),
        TEST(one_product_is_shown_in_full),
        TEST(a_product_that_is_not_there_is_not_known),
        TEST(the_table_goes_criterion_by_criterion),
        TEST(a_sheet_that_has_no_worth_any_more_is_a_difference),
        TEST(a_sheet_that_cannot_be_read_any_more_is_left_out),
        TEST(rules_altered_after_their_adoption_are_found),
        cmocka_unit_test(every_shipped_rubric_rates_and_recomputes),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
