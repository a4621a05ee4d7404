/* The fold of a toy service, fed by hand: verdicts, refusals, dead letters, retries, numbering. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/loop_inside.h"
#include "common/mp.h"

/* The toy: "toy.coin.tossed" {value} is accepted when even, refused when odd, and 13 cannot be read;
 * "other.fact.stated" {value} is a fact that cannot be applied when it is negative. */
struct toy {
    sqlite3_stmt *add, *fact;
    int strict;
};

static int program_strict = 1; /* a test lets a newer program read what the older could not */

static enum err toy_open(void *store, sqlite3 *db, struct why *why)
{
    struct toy *t = store;
    enum err e = db_prepare(db, "INSERT INTO coin(id, value) VALUES (?1, ?2)", &t->add, why);

    if (!e) e = db_prepare(db, "INSERT INTO fact(value) VALUES (?1)", &t->fact, why);
    t->strict = program_strict;
    return e;
}

static void toy_close(void *store)
{
    struct toy *t = store;

    sqlite3_finalize(t->add);
    sqlite3_finalize(t->fact);
}

static int64_t value_of(const struct envelope *e)
{
    int64_t v = 0;

    mp_i64(mp_find(&e->data, "value"), &v);
    return v;
}

static enum err decide_tossed(struct turn *turn, const struct record *rec)
{
    const struct toy *t = turn_store(turn);
    const int64_t v = value_of(turn_envelope(turn));
    const struct envelope *e = turn_envelope(turn);
    int64_t many;

    (void)rec;
    if (mp_i64(mp_find(&e->data, "many"), &many)) {
        while (many-- > 0) {
            enum err failed = turn_announce(turn, "toy.coin.accepted", slice_text("06"), e->subject,
                                            slice_of("\x81\xa1v\x01", 4));

            if (failed) return failed;
        }
        return ERR_NONE;
    }
    if (v == 13 && t->strict) return why_set(turn_why(turn), ERR_UNREADABLE, "THIRTEEN", "13 cannot be read");
    if (v % 2) return why_set(turn_why(turn), ERR_INVALID, "ODD", "%lld is odd", (long long)v);
    return turn_announce(turn, "toy.coin.accepted", slice_text("06"), e->subject,
                         slice_of("\x81\xa1v\x01", 4));
}

static enum err apply_accepted(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct toy *t = turn_store(turn);

    assert_non_null(cause);
    (void)outcome;
    db_bind_text(t->add, 1, turn_envelope(turn)->id);
    db_bind_i64(t->add, 2, value_of(turn_cause_envelope(turn)));
    return db_run(t->add);
}

static enum err apply_fact(struct turn *turn, const struct record *rec, const struct record *cause)
{
    struct toy *t = turn_store(turn);
    const int64_t v = value_of(turn_envelope(turn));

    assert_null(cause);
    (void)rec;
    db_bind_i64(t->fact, 1, v);
    if (db_run(t->fact)) return ERR_IO;
    if (v < 0) return why_set(turn_why(turn), ERR_INVALID, "NEGATIVE", "%lld is negative", (long long)v);
    return ERR_NONE;
}

static const struct route toy_routes[] = {
    { "toy.coin.tossed", decide_tossed, NULL, "toy.coin.refused" },
    { "toy.coin.accepted", NULL, apply_accepted, NULL },
    { "other.fact.stated", NULL, apply_fact, NULL },
    { NULL, NULL, NULL, NULL },
};
static const char *const toy_prefixes[] = { "toy.", "other.", NULL };
static const struct service toy_service = {
    .name = "toy",
    .prefixes = toy_prefixes,
    .routes = toy_routes,
    .schema = "CREATE TABLE coin(id TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
              "CREATE TABLE fact(value INTEGER PRIMARY KEY) STRICT;",
    .program = 1,
    .store_bytes = sizeof(struct toy),
    .store_open = toy_open,
    .store_close = toy_close,
};

static struct bench *bench;

static int setup(void **state)
{
    struct why why = { 0 };

    (void)state;
    program_strict = 1;
    return hash_init() || bench_new(&toy_service, ":memory:", &bench, &why);
}

static int teardown(void **state)
{
    (void)state;
    bench_destroy(&bench);
    return 0;
}

static enum err feed(const char *type, const char *key, int64_t value, const char *text_value)
{
    struct buf data = { 0 }, envelope = { 0 };
    const struct envelope e = { .id = slice_text("id-1"),
                                .source = slice_text("tester"),
                                .type = slice_text(type),
                                .subject = slice_text("s"),
                                .time_ms = 1 };
    char topic[TOPIC_MAX];
    msgpack_packer p;
    enum err result;

    msgpack_packer_init(&p, &data, buf_pack_write);
    msgpack_pack_map(&p, text_value ? 2 : 1);
    buf_pack_text(&p, key);
    msgpack_pack_int64(&p, value);
    if (text_value) {
        buf_pack_text(&p, "service");
        buf_pack_text(&p, text_value);
    }
    assert_int_equal(envelope_write(&e, buf_slice(&data), &envelope), ERR_NONE);
    snprintf(topic, sizeof topic, "%s.06", type);
    result = bench_feed(bench, "tester", topic, buf_slice(&envelope), 1000);
    buf_fini(&data);
    buf_fini(&envelope);
    return result;
}

static void assert_outcome(size_t i, const char *type, const char *code)
{
    struct slice topic, said;
    struct envelope e;

    assert_int_equal(bench_outcome(bench, i, &topic, &e), ERR_NONE);
    assert_true(slice_is(e.type, type));
    assert_int_equal(e.ordinal, i);
    assert_int_equal(e.count, bench_outcomes(bench));
    if (!code) return;
    assert_true(mp_text(mp_find(&e.data, "code"), &said));
    assert_true(slice_is(said, code));
}

static int64_t count(const char *sql)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    int64_t n = -1;

    assert_int_equal(db_prepare(bench_db(bench), sql, &s, NULL), ERR_NONE);
    assert_int_equal(db_step(s, &row), ERR_NONE);
    if (row) n = db_i64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static void a_request_gets_one_verdict_and_is_applied(void **state)
{
    struct slice topic;
    struct envelope e;
    char id[HASH_ID_TEXT + 1];

    (void)state;
    assert_int_equal(feed("toy.coin.tossed", "value", 4, NULL), ERR_NONE);
    assert_int_equal(bench_outcomes(bench), 1);
    assert_outcome(0, "toy.coin.accepted", NULL);
    assert_int_equal(bench_outcome(bench, 0, &topic, &e), ERR_NONE);
    assert_true(slice_is(topic, "toy.coin.accepted.06"));
    assert_true(slice_is(e.cause, "id-1"));
    assert_int_equal(e.cause_seq, 1);
    assert_int_equal(e.time_ms, 1000);
    envelope_outcome_id(slice_text("toy"), slice_text("id-1"), slice_text("toy.coin.accepted"), 0, id);
    assert_true(slice_is(e.id, id));
    assert_int_equal(count("SELECT value FROM coin"), 4);
    assert_int_equal(count("SELECT events FROM tally WHERE what = 'accepted'"), 1);
}

static void an_error_of_the_rules_becomes_the_refusal_of_the_route(void **state)
{
    (void)state;
    assert_int_equal(feed("toy.coin.tossed", "value", 5, NULL), ERR_NONE);
    assert_outcome(0, "toy.coin.refused", "ODD");
    assert_int_equal(count("SELECT count(*) FROM coin"), 0);
    assert_int_equal(count("SELECT events FROM tally WHERE what = 'refused'"), 1);
}

static void what_cannot_be_read_is_kept_aside_and_said(void **state)
{
    (void)state;
    assert_int_equal(bench_feed(bench, "tester", "toy.coin.tossed.06", slice_of("\x80", 1), 5), ERR_NONE);
    assert_int_equal(bench_outcomes(bench), 1);
    assert_outcome(0, "toy.event.deadlettered", NULL);
    assert_int_equal(count("SELECT count(*) FROM dead_letter"), 1);
    assert_int_equal(count("SELECT events FROM tally WHERE what = 'dead'"), 1);
    /* and an envelope of another type than its topic says */
    assert_int_equal(feed("toy.coin.tossed", "value", 2, NULL), ERR_NONE);
    assert_outcome(0, "toy.coin.accepted", NULL);
}

static void a_fact_that_cannot_be_applied_leaves_nothing_but_a_dead_letter(void **state)
{
    (void)state;
    assert_int_equal(feed("other.fact.stated", "value", 3, NULL), ERR_NONE);
    assert_int_equal(bench_outcomes(bench), 0);
    assert_int_equal(feed("other.fact.stated", "value", -3, NULL), ERR_NONE);
    assert_outcome(0, "toy.event.deadlettered", "NEGATIVE");
    assert_int_equal(count("SELECT count(*) FROM fact"), 1);
}

static void a_retry_lets_a_newer_program_read_the_letter(void **state)
{
    struct toy *t = bench_store(bench);

    (void)state;
    assert_int_equal(feed("toy.coin.tossed", "value", 13, NULL), ERR_NONE);
    assert_outcome(0, "toy.event.deadlettered", "THIRTEEN");
    /* still unreadable: dead again, and open again */
    assert_int_equal(feed("operator.retry.requested", "seq", 1, "toy"), ERR_NONE);
    assert_int_equal(bench_outcomes(bench), 1);
    assert_outcome(0, "toy.event.deadlettered", "THIRTEEN");
    assert_int_equal(count("SELECT retried FROM dead_letter WHERE seq = 1"), 0);
    t->strict = 0;
    assert_int_equal(feed("operator.retry.requested", "seq", 1, "toy"), ERR_NONE);
    assert_int_equal(bench_outcomes(bench), 2);
    assert_outcome(0, "toy.retry.accepted", NULL);
    assert_outcome(1, "toy.coin.refused", "ODD");
    assert_int_equal(count("SELECT retried FROM dead_letter WHERE seq = 1"), 1);
    /* once is enough */
    assert_int_equal(feed("operator.retry.requested", "seq", 1, "toy"), ERR_NONE);
    assert_outcome(0, "toy.retry.refused", "NO_DEAD_LETTER");
    assert_int_equal(feed("operator.skip.requested", "seq", 77, "toy"), ERR_NONE);
    assert_outcome(0, "toy.skip.refused", "NO_DEAD_LETTER");
    assert_int_equal(feed("operator.skip.requested", "seq", 77, "another"), ERR_NONE);
    assert_int_equal(bench_outcomes(bench), 0);
}

/* The letter stays the one it was: a second one of the same fact could take effect twice. */
static void a_retried_fact_that_fails_again_is_the_same_letter(void **state)
{
    (void)state;
    assert_int_equal(feed("other.fact.stated", "value", -3, NULL), ERR_NONE); /* 1, its letter's word is 2 */
    assert_int_equal(feed("operator.retry.requested", "seq", 1, "toy"), ERR_NONE);
    assert_int_equal(bench_outcomes(bench), 1);
    assert_outcome(0, "toy.event.deadlettered", "NEGATIVE");
    assert_int_equal(count("SELECT count(*) FROM dead_letter"), 1);
    assert_int_equal(count("SELECT seq FROM dead_letter WHERE retried = 0"), 1);
}

/* All outcomes of a cause travel in one PUBLISH: what is kept in the store must fit into that frame. */
static void what_is_decided_fits_into_one_frame(void **state)
{
    size_t decided = 0;

    (void)state;
    for (int64_t many = 50000; many <= 65000; many += 2500) {
        struct buf frame = { 0 };
        struct fold f;
        bool rebuilt = false;
        struct why why = { 0 };
        struct buf data = { 0 }, envelope = { 0 };
        const struct envelope e = { .id = slice_text("id-1"),
                                    .source = slice_text("tester"),
                                    .type = slice_text("toy.coin.tossed"),
                                    .subject =
                                        slice_text("a subject of some length, as products have: a name, the "
                                                   "commune it comes from, its owner, and the year"),
                                    .time_ms = 1 };
        struct record r = { .seq = 1,
                            .publisher = slice_text("tester"),
                            .topic = slice_text("toy.coin.tossed.06") };
        msgpack_packer p;

        msgpack_packer_init(&p, &data, buf_pack_write);
        msgpack_pack_map(&p, 1);
        buf_pack_text(&p, "many");
        msgpack_pack_int64(&p, many);
        assert_int_equal(envelope_write(&e, buf_slice(&data), &envelope), ERR_NONE);
        r.envelope = buf_slice(&envelope);
        assert_int_equal(fold_open(&f, &toy_service, ":memory:", &rebuilt, &why), ERR_NONE);
        if (fold_decide(&f, &r) == ERR_NONE) {
            decided++;
            frame_publish_begin(&frame, (uint64_t)1 << 61, f.turn.outcome_count);
            for (size_t i = 0; i < f.turn.outcome_count; i++)
                frame_publish_add(&frame, f.turn.outcomes[i].topic, f.turn.outcomes[i].envelope);
            assert_int_equal(frame.failed, ERR_NONE);
        }
        fold_close(&f);
        buf_fini(&frame);
        buf_fini(&data);
        buf_fini(&envelope);
    }
    assert_true(decided > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_gets_one_verdict_and_is_applied, setup, teardown),
        cmocka_unit_test_setup_teardown(an_error_of_the_rules_becomes_the_refusal_of_the_route, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_kept_aside_and_said, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fact_that_cannot_be_applied_leaves_nothing_but_a_dead_letter, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_retry_lets_a_newer_program_read_the_letter, setup, teardown),
        cmocka_unit_test_setup_teardown(a_retried_fact_that_fails_again_is_the_same_letter, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_decided_fits_into_one_frame, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
