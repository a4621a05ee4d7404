/* test_rules_days.c - which proposed rule sets change the law backwards, and files that are not plain. */
#include "tests/scoring/room.h"

#include <jansson.h>

/* SMALL under another id, with these days (NULL: open). */
static void propose_days(struct room *r, const char *id, const char *first, const char *last)
{
    json_t *top = json_loads(small_set, 0, NULL);
    char *bytes = NULL;

    json_object_set_new(top, "id", json_string(id));
    json_object_set_new(top, "effective_from", first ? json_string(first) : json_null());
    json_object_set_new(top, "effective_to", last ? json_string(last) : json_null());
    bytes = json_dumps(top, 0);
    propose(r, id, text(bytes));
    free(bytes);
    json_decref(top);
}

static void adopted(struct room *r)
{
    struct rules_adopted a;

    heard(r, 0, &rules_adopted_kind, &a);
}

static void adopt_days(struct room *r, const char *id, const char *first, const char *last)
{
    propose_days(r, id, first, last);
    adopted(r);
}

static void backdated(struct room *r, const char *id, const char *first, const char *last)
{
    propose_days(r, id, first, last);
    refused(r, "scoring.rules.refused", "RULES_BACKDATED");
}

static void two_rule_sets_do_not_begin_on_one_day(void **state)
{
    struct room *r = *state;

    adopt_days(r, "A", "2020-01-01", NULL);
    adopt_days(r, "OPEN", NULL, "2019-12-31");
    propose_days(r, "B", "2020-01-01", NULL);
    refused(r, "scoring.rules.refused", "RULES_SAME_DAY");
    propose_days(r, "C", NULL, NULL);
    refused(r, "scoring.rules.refused", "RULES_SAME_DAY");
    propose_days(r, "A", "2020-01-01", NULL); /* a very same file is said to be so */
    refused(r, "scoring.rules.refused", "RULES_DUPLICATE");
}

static void before_the_first_dossier_any_order_will_do(void **state)
{
    struct room *r = *state;

    on_day(r, "2026-06-01");
    adopt_days(r, "A", NULL, "2019-08-20");
    adopt_days(r, "D", "2026-05-22", NULL);
    adopt_days(r, "C", "2023-02-24", "2026-07-20");
    adopt_days(r, "B", "2019-08-21", "2023-02-23");
    adopt_days(r, "E", "2026-06-01", NULL);
}

static void no_day_that_has_begun_is_taken_from_a_rule_set(void **state)
{
    struct room *r = *state;

    on_day(r, "2024-03-01");
    adopt_days(r, "C", "2023-02-24", "2026-07-20");
    accept_dossier(r, "d1", "P1", "C", NULL);
    backdated(r, "TODAY", "2024-03-01", NULL);
    backdated(r, "PAST", "2024-01-01", NULL);
    backdated(r, "SHORT", "2024-01-01", "2024-01-31");
    adopt_days(r, "TOMORROW", "2024-03-02", NULL);
    adopt_days(r, "B", "2019-08-21", "2023-02-23"); /* the past that nobody had */
    adopt_days(r, "A", NULL, "2019-08-20");
    backdated(r, "B2", "2019-09-01", "2019-09-01");
    backdated(r, "B3", "2023-02-23", "2026-12-31"); /* B's last day */
}

static void what_nobody_had_may_be_filled(void **state)
{
    struct room *r = *state;

    on_day(r, "2024-03-01");
    adopt_days(r, "B", "2020-01-01", "2023-12-31");
    accept_dossier(r, "d1", "P1", "B", NULL);
    backdated(r, "N", "2023-12-31", NULL);
    adopt_days(r, "C", "2024-01-01", NULL);
    adopt_days(r, "A", "2019-12-31", NULL); /* older than B and C, it gives way to both */
    backdated(r, "N", "2024-02-01", "2024-02-01");
    on_day(r, "2024-03-02");
    backdated(r, "N", "2024-03-02", NULL);
    adopt_days(r, "N", "2024-03-03", NULL);
}

static void adopted_later_what_takes_nothing_is_law(void **state)
{
    static const char *const files[][2] = { { "QD26_2026", "qd-26-2026.json" },
                                            { "QD1048", "qd-1048-2019.json" },
                                            { "provisional-2018", "provisional-2018.json" } };
    struct room *r = *state;
    struct slice bytes = read_rules("qd-148-2023.json");

    on_day(r, "2024-03-01");
    adopt(r, "QD148", bytes);
    free((void *)(uintptr_t)bytes.data);
    accept_dossier(r, "d1", "P1", "QD148", NULL);
    for (size_t i = 0; i < 3; i++) {
        bytes = read_rules(files[i][1]);
        adopt(r, files[i][0], bytes);
        free((void *)(uintptr_t)bytes.data);
    }
}

/* --- plain text --- */

static void not_plain(struct room *r, const char *from, const char *to, const char *words)
{
    struct rules_refused said;
    char sentence[WHY_SENTENCE_MAX];
    char *bytes = with(small_set, from, to);

    propose(r, "SMALL", text(bytes));
    free(bytes);
    heard(r, 0, &rules_refused_kind, &said);
    assert_true(slice_is(said.code, "RULES_MALFORMED"));
    snprintf(sentence, sizeof sentence, "%.*s", SLICE_ARG(said.sentence));
    if (!strstr(sentence, words)) fail_msg("no \"%s\" in: %s", words, sentence);
}

static void what_tools_write_differently_is_refused(void **state)
{
    struct room *r = *state;

    not_plain(r, "{\"schema\"", "\xef\xbb\xbf{\"schema\"", "the file: it begins with a byte order mark");
    not_plain(r, "\"id\"", "\"title\":\"a\\u0007\",\"id\"", "title: it has a control character");
    not_plain(r, "\"id\"", "\"title\":\"a\\n\",\"id\"", "title: it has a control character");
    not_plain(r, "\"id\"", "\"title\":\"a\x7f\",\"id\"", "title: it has a control character");
    not_plain(r, "\"id\"", "\"title\":\"a\\u0085\",\"id\"", "title: it has a control character");
    not_plain(r, "\"id\"", "\"title\":\"a\\ufeff\",\"id\"", "title: it has a byte order mark");
    not_plain(r, "\"id\"", "\"notes\":[1,{\"n\":\"\\t\"}],\"id\"", "notes[1].n: it has a control");
    not_plain(r, "\"id\"", "\"a\\u0001\":1,\"id\"", "a?: its name has a control character");
    not_plain(r, "\"id\"", "\"notes\":1.5,\"id\"", "notes: it is a fraction");
    not_plain(r, "\"id\"", "\"notes\":9007199254740993,\"id\"", "notes: it is a number beyond 2^53");
    adopt(r, "SMALL", text(small_set));
}

static void vietnamese_letters_are_plain(void **state)
{
    struct room *r = *state;
    char *bytes = with(small_set, "\"id\"", "\"title\":\"Quy\xe1\xba\xbft \xc4\x91\xe1\xbb\x8bnh\",\"id\"");

    adopt(r, "SMALL", text(bytes));
    free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_rule_sets_do_not_begin_on_one_day),
        TEST(before_the_first_dossier_any_order_will_do),
        TEST(no_day_that_has_begun_is_taken_from_a_rule_set),
        TEST(what_nobody_had_may_be_filled),
        TEST(adopted_later_what_takes_nothing_is_law),
        TEST(what_tools_write_differently_is_refused),
        TEST(vietnamese_letters_are_plain),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
