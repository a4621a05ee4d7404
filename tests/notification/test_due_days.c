/* What one day finds: rounds, more than fits one day, and the list of what is due. */
#include "tests/notification/history.h"

#include <time.h>

static int open_with_law(void **state)
{
    if (open_bench(state)) return -1;
    adopt_rules("new", "2026-01-01", false);
    return 0;
}

static void forward(const char *reference, const char *on_day)
{
    char dossier[64];

    snprintf(dossier, sizeof dossier, "d-%s", reference);
    rated(reference, on_day, level_PROVINCE, 5);
    FEED("scoring", "66", on_day, product_forwarded, on_day,
         { s("66-24175-1-2026"), s(dossier), level_CENTRE });
}

/* --- rounds --- */

static void a_province_is_told_of_the_cut_off_while_slips_are_open(void **state)
{
    (void)state;
    quiet("2026-04-01", "2026-04-24"); /* nothing is open */
    slip("BM-1", "2026-04-20");
    slip("BM-2", "2026-04-20");
    accepted(&(struct handed){ .reference = "BM-2", .accepted_on = "2026-04-21" });
    day("2026-04-25");
    assert_outcomes(2);
    assert_announced(0, "neared", "66", "round_cutoff", "province:66", "2026-04-30");
    assert_number(0, "open", 1);
    assert_told(1, "province:66", "round_cutoff_near");
    assert_number(1, "open", 1);
    slip("BM-3", "2026-04-29");
    slip("BM-4", "2026-04-30"); /* too late for this round */
    quiet("2026-04-26", "2026-04-29");
    day("2026-04-30");
    assert_outcomes(2);
    assert_announced(0, "missed", "66", "round_cutoff", "province:66", "2026-04-30");
    assert_number(0, "open", 2);
    assert_told(1, "province:66", "round_cutoff_reached");
    quiet("2026-05-01", "2026-05-04"); /* the commune's own days are near on 05/05 */
}

static void nothing_open_at_a_cut_off_says_nothing(void **state)
{
    (void)state;
    slip("BM-1", "2026-04-20");
    day("2026-04-23");
    assert_announced(0, "neared", "66", "round_cutoff", "province:66", "2026-04-30");
    accepted(
        &(struct handed){ .reference = "BM-1", .accepted_on = "2026-04-29", .proposed_on = "2026-04-29" });
    quiet("2026-04-24", "2026-06-22");
}

static void a_round_ends_with_the_dossiers_that_have_no_result(void **state)
{
    (void)state;
    accepted(
        &(struct handed){ .reference = "BM-1", .accepted_on = "2026-05-05", .proposed_on = "2026-04-29" });
    accepted(
        &(struct handed){ .reference = "BM-2", .accepted_on = "2026-05-05", .proposed_on = "2026-04-30" });
    accepted(
        &(struct handed){ .reference = "BM-3", .accepted_on = "2026-05-05", .received_on = "2026-04-01" });
    quiet("2026-05-06", "2026-06-22");
    day("2026-06-23");
    assert_outcomes(2);
    assert_announced(0, "neared", "66", "round_end", "province:66", "2026-06-30");
    assert_number(0, "open", 2);
    assert_told(1, "province:66", "round_end_near");
    rated("BM-3", "2026-06-29", level_PROVINCE, 4);
    quiet("2026-06-24", "2026-06-29");
    day("2026-06-30");
    assert_outcomes(2);
    assert_announced(0, "missed", "66", "round_end", "province:66", "2026-06-30");
    assert_number(0, "open", 1);
    assert_told(1, "province:66", "round_end_missed");
    quiet("2026-07-01", "2026-12-31");
}

static void a_round_done_in_time_is_not_missed(void **state)
{
    (void)state;
    accepted(&(struct handed){ .reference = "BM-1", .accepted_on = "2026-04-05" });
    days("2026-06-01", "2026-06-29");
    rated("BM-1", "2026-06-29", level_PROVINCE, 0);
    quiet("2026-06-30", "2026-07-10");
}

static void the_ministry_has_its_own_rounds(void **state)
{
    (void)state;
    accepted(&(struct handed){ .reference = "BM-1", .accepted_on = "2026-04-05" });
    accepted(&(struct handed){ .reference = "BM-2", .accepted_on = "2026-04-05" });
    forward("BM-1", "2026-06-01");
    forward("BM-2", "2026-07-30"); /* after the cut-off */
    day("2026-07-30");
    assert_outcomes(2);
    assert_announced(0, "missed", "00", "round_cutoff", "ministry", "2026-07-30");
    assert_number(0, "open", 1);
    day("2026-09-23");
    assert_outcomes(2);
    assert_announced(0, "neared", "00", "round_end", "ministry", "2026-09-30");
    assert_number(0, "open", 1);
    day("2026-09-30");
    assert_announced(0, "missed", "00", "round_end", "ministry", "2026-09-30");
    rated("BM-1", "2026-10-01", level_CENTRE, 5);
    quiet("2026-10-01", "2026-10-07");
}

/* A round that a sleeping broker passed over is found while it is still news, and not long after. */
static void a_round_is_news_for_as_long_as_it_was_near(void **state)
{
    (void)state;
    accepted(&(struct handed){ .reference = "BM-1", .accepted_on = "2026-04-05" });
    day("2026-07-06");
    assert_announced(0, "missed", "66", "round_end", "province:66", "2026-06-30");

    bench_destroy(&b);
    open_with_law(state);
    accepted(&(struct handed){ .reference = "BM-1", .accepted_on = "2026-04-05" });
    quiet("2026-07-07", "2026-07-20");
}

static void without_rules_there_are_no_deadlines(void **state)
{
    bench_destroy(&b);
    open_bench(state);
    slip("BM-1", "2026-04-20");
    accepted(
        &(struct handed){ .reference = "BM-2", .accepted_on = "2026-04-05", .kind = dossier_kind_RE_RATING });
    quiet("2026-04-20", "2026-07-20");
}

/* --- many --- */

static void fill(int count, const char *due_before, const char *near_on)
{
    char sql[512];

    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
        " INSERT INTO deadline(what, about, province, who, due_before, near_on, state, owner, name)"
        " SELECT 'transition', 'BM-' || i, '66', 'province:66', %d, %d, 0, 'HTX Mẫu ' || i, 'Cà phê ' || i"
        " FROM n",
        count, (int)on(due_before), (int)on(near_on));
    assert_int_equal(db_exec(bench_db(b), sql, NULL), ERR_NONE);
}

static int64_t count_of(const char *sql)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    int64_t n;

    assert_int_equal(db_prepare(bench_db(b), sql, &q, NULL), ERR_NONE);
    assert_int_equal(db_step(q, &row), ERR_NONE);
    assert_true(row);
    n = db_i64(q, 0);
    sqlite3_finalize(q);
    return n;
}

/* Each is announced once, however many days it takes, and every message of it goes with it. */
static void what_does_not_fit_one_day_is_taken_on_the_next(void **state)
{
    size_t announced = 0, busy = 0;

    (void)state;
    fill(15000, "2026-07-21", "2026-07-14");
    for (int32_t d = on("2026-07-14"); d < on("2026-07-21"); d++) {
        char text[CLOCK_DAY_TEXT + 1];

        clock_day_text(d, text);
        day(text);
        assert_int_equal(bench_outcomes(b) % 3, 0);
        announced += bench_outcomes(b) / 3;
        busy += bench_outcomes(b) > 0;
    }
    assert_int_equal(announced, 15000);
    assert_in_range(busy, 2, 7);
    assert_int_equal(count_of("SELECT count(*) FROM deadline WHERE state = 1"), 15000);
    assert_int_equal(count_of("SELECT count(*) FROM message"), 30000);
}

/* The longest texts that events allow, of letters of three bytes: the day's outcomes still fit one PUBLISH.
 */
static void the_longest_texts_do_not_break_a_day(void **state)
{
    struct envelope e;

    (void)state;
    fill(5000, "2026-07-21", "2026-07-14");
    assert_int_equal(
        db_exec(bench_db(b),
                "UPDATE deadline SET about = substr(about || replace(hex(zeroblob(20)), '0', 'x'), 1, 40),"
                " owner = replace(hex(zeroblob(200)), '00', 'ế'),"
                " name = replace(hex(zeroblob(200)), '00', 'ế'),"
                " who = 'owner:' || replace(hex(zeroblob(200)), '00', 'ộ')",
                NULL),
        ERR_NONE);
    for (const char *const *d = (const char *const[]){ "2026-07-14", "2026-07-15", NULL }; *d; d++) {
        day(*d);
        assert_in_range(bench_outcomes(b), 500, 9000);
        assert_outcome(b, 0, "notification.deadline.neared.66", &e);
    }
}

static void what_is_missed_goes_before_what_is_near(void **state)
{
    (void)state;
    fill(15000, "2026-07-21", "2026-07-14");
    request("A", "2026-07-01", "2026-07-14", "HTX Mẫu");
    day("2026-07-14");
    assert_announced(0, "missed", "66", "supplement", "owner:HTX Mẫu", "2026-07-14");
    assert_announced(3, "neared", "66", "transition", "province:66", "2026-07-21");
}

/* A day on which nothing is due asks no row: with 15,000 open ones a year is a matter of moments.
 */
static void a_day_without_anything_due_is_cheap(void **state)
{
    const clock_t begin = clock();

    (void)state;
    fill(15000, "2036-01-01", "2035-12-01");
    quiet("2027-01-01", "2027-12-31");
    assert_true(clock() - begin < 10 * CLOCKS_PER_SEC); /* also under a sanitizer on a busy machine */
}

/* --- the question --- */

static enum err ask(const char *key, const char *value, struct buf *answer, struct why *why)
{
    struct buf map = { 0 };
    msgpack_packer p;
    enum err e;

    msgpack_packer_init(&p, &map, buf_pack_write);
    msgpack_pack_map(&p, key ? 1 : 0);
    if (key) {
        buf_pack_text(&p, key);
        buf_pack_text(&p, value);
    }
    e = bench_ask(b, "deadlines", buf_slice(&map), answer, why);
    buf_fini(&map);
    return e;
}

/* The answer as one line: "what about due_before state; ...". */
static void assert_list(const char *key, const char *value, const char *wanted)
{
    msgpack_zone *zone = msgpack_zone_new(1024);
    struct buf answer = { 0 }, line = { 0 };
    const msgpack_object *list;
    struct why why = { 0 };
    msgpack_object map;

    if (ask(key, value, &answer, &why)) fail_msg("%s", why.sentence);
    assert_int_equal(mp_read(buf_slice(&answer), zone, &map, NULL), ERR_NONE);
    list = mp_find(&map, "deadlines");
    assert_non_null(list);
    for (uint32_t i = 0; i < list->via.array.size; i++) {
        static const char *const keys[] = { "what", "about", "due_before", "state" };

        for (size_t k = 0; k < 4; k++) {
            struct slice text = s("-");

            (void)mp_text(mp_find(&list->via.array.ptr[i], keys[k]), &text);
            buf_printf(&line, "%.*s%s", SLICE_ARG(text), k < 3 ? " " : "; ");
        }
    }
    buf_add(&line, "", 1);
    assert_string_equal(line.data, wanted);
    buf_fini(&line);
    buf_fini(&answer);
    msgpack_zone_free(zone);
}

static void the_list_is_sorted_by_due_day(void **state)
{
    struct buf answer = { 0 };
    struct why why = { 0 };

    (void)state;
    slip("BM-1", "2026-06-01");
    request("BM-2", "2026-06-01", "2026-06-20", "HTX Mẫu");
    request("BM-3", "2026-06-01", "2026-06-10", "HTX Mẫu");
    accepted(&(struct handed){ .reference = "BM-3", .accepted_on = "2026-06-02" });
    days("2026-06-02", "2026-06-20");
    assert_list(NULL, NULL, "supplement BM-2 2026-06-20 missed; commune BM-1 2026-06-23 neared; ");
    assert_list("state", "done", "supplement BM-3 2026-06-10 done; ");
    assert_list("state", "missed", "supplement BM-2 2026-06-20 missed; ");
    assert_list("what", "commune", "commune BM-1 2026-06-23 neared; ");
    assert_list("who", "commune:66-24175", "commune BM-1 2026-06-23 neared; ");
    assert_list("who", "ministry", "");
    assert_int_equal(ask("what", "party", &answer, &why), ERR_INVALID);
    assert_string_equal(why.code, "BAD_ARGUMENT");
    assert_int_equal(ask("limit", "3", &answer, NULL), ERR_INVALID);
    buf_fini(&answer);
}

/* What comes late is done, and was missed all the same. */
static void what_comes_late_is_done(void **state)
{
    (void)state;
    slip("BM-1", "2026-06-01");
    day("2026-06-23");
    assert_list(NULL, NULL, "commune BM-1 2026-06-23 missed; ");
    accepted(&(struct handed){ .reference = "BM-1", .accepted_on = "2026-06-24" });
    assert_list(NULL, NULL, "");
    assert_int_equal(count_of("SELECT count(*) FROM deadline WHERE missed = 1"), 1);
}

static void rounds_leave_the_list_when_they_are_history(void **state)
{
    (void)state;
    accepted(&(struct handed){ .reference = "BM-1", .accepted_on = "2026-04-05" });
    day("2026-06-30");
    assert_list(NULL, NULL, "round_end - 2026-06-30 missed; ");
    days("2026-07-01", "2026-07-07");
    assert_list(NULL, NULL, "round_end - 2026-06-30 missed; ");
    day("2026-07-08");
    assert_list(NULL, NULL, "");
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup_teardown(test, open_with_law, close_bench)
    const struct CMUnitTest tests[] = {
        FRESH(a_province_is_told_of_the_cut_off_while_slips_are_open),
        FRESH(nothing_open_at_a_cut_off_says_nothing),
        FRESH(a_round_ends_with_the_dossiers_that_have_no_result),
        FRESH(a_round_done_in_time_is_not_missed),
        FRESH(the_ministry_has_its_own_rounds),
        FRESH(a_round_is_news_for_as_long_as_it_was_near),
        FRESH(without_rules_there_are_no_deadlines),
        FRESH(what_does_not_fit_one_day_is_taken_on_the_next),
        FRESH(the_longest_texts_do_not_break_a_day),
        FRESH(what_is_missed_goes_before_what_is_near),
        FRESH(a_day_without_anything_due_is_cheap),
        FRESH(the_list_is_sorted_by_due_day),
        FRESH(what_comes_late_is_done),
        FRESH(rounds_leave_the_list_when_they_are_history),
    };
#undef FRESH

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
