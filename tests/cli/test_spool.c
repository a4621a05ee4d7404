/* test_spool.c - what survives: numbers, refusals, verdicts, and two sides that remember different pasts. */
#include "common/envelope.h"
#include "services/cli/spool.h"

#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

enum { ROWS = 5 };

struct fixture {
    char folder[32], path[64];
    struct spool *sp;
    struct why why;
};

static const char topic[] = "intake.plan.filed.06";

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    strcpy(f->folder, "/tmp/ocop-spool-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/s.db", f->folder);
    assert_int_equal(spool_open(f->path, "bk", &f->sp, &f->why), ERR_NONE);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const ends[] = { "", ".lock", "-wal", "-shm" };
    struct fixture *f = *state;
    char path[96];

    spool_close(&f->sp);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", f->path, ends[i]);
        unlink(path);
    }
    rmdir(f->folder);
    free(f);
    return 0;
}

/* An envelope of an own event, or of an outcome when cause_seq is set. */
static struct slice envelope_of(const char *id, const char *type, const char *cause, uint64_t cause_seq,
                                uint32_t ordinal, uint32_t count, struct buf *out)
{
    struct envelope e = { .id = slice_text(id),
                          .source = slice_text("x"),
                          .type = slice_text(type),
                          .cause = slice_text(cause),
                          .cause_seq = cause_seq,
                          .ordinal = ordinal,
                          .count = count };

    buf_clear(out);
    assert_int_equal(envelope_write(&e, slice_of("\x80", 1), out), ERR_NONE);
    return buf_slice(out);
}

static bool add(struct fixture *f, int i)
{
    char id[16];
    struct buf b = { 0 };
    struct spool_row row = { .file = slice_text("f.csv"),
                             .line = i + 1,
                             .type = slice_text("intake.plan.filed"),
                             .topic = slice_text(topic),
                             .about = slice_text(""),
                             .subject = slice_text("s"),
                             .time_ms = 1000 + i };
    bool added = false;

    snprintf(id, sizeof id, "row-%d", i);
    row.event = slice_text(id);
    row.envelope = envelope_of(id, "intake.plan.filed", "", 0, 0, 0, &b);
    assert_int_equal(spool_begin(f->sp, &f->why), ERR_NONE);
    assert_int_equal(spool_add(f->sp, &row, &added, &f->why), ERR_NONE);
    assert_int_equal(spool_commit(f->sp, &f->why), ERR_NONE);
    buf_fini(&b);
    return added;
}

/* What the broker's running hash is after `last` of what the spool sends. */
static struct hash running(struct fixture *f, uint64_t last)
{
    struct slice topics[ROWS], envelopes[ROWS];
    struct hash h;
    size_t count = 0;

    memset(&h, 0, sizeof h);
    assert_int_equal(spool_next(f->sp, 0, ROWS, 1 << 20, topics, envelopes, &count, &f->why), ERR_NONE);
    assert_true(count >= last);
    for (uint64_t n = 1; n <= last; n++)
        h = hash_running(&h, n, topics[n - 1], envelopes[n - 1]);
    return h;
}

static size_t to_send(struct fixture *f, uint64_t after)
{
    struct slice topics[ROWS], envelopes[ROWS];
    size_t count = 0;

    assert_int_equal(spool_next(f->sp, after, ROWS, 1 << 20, topics, envelopes, &count, &f->why), ERR_NONE);
    return count;
}

static struct spool_counts counts(struct fixture *f)
{
    struct spool_counts c;

    assert_int_equal(spool_counts(f->sp, &c, &f->why), ERR_NONE);
    return c;
}

static void hear(struct fixture *f, uint64_t seq, const char *publisher, uint64_t epoch, uint64_t number,
                 struct slice envelope)
{
    struct record rec = { .seq = seq,
                          .publisher = slice_text(publisher),
                          .topic = slice_text(topic),
                          .envelope = envelope,
                          .epoch = epoch,
                          .number = number };
    bool news = false;

    assert_int_equal(spool_heard(f->sp, &rec, &news, &f->why), ERR_NONE);
}

static void hear_own(struct fixture *f, uint64_t seq, int i, uint64_t epoch, uint64_t number)
{
    struct buf b = { 0 };
    char id[16];

    snprintf(id, sizeof id, "row-%d", i);
    hear(f, seq, "bk", epoch, number, envelope_of(id, "intake.plan.filed", "", 0, 0, 0, &b));
    buf_fini(&b);
}

/* A row of any type, said, stored at `seq` and answered by one outcome with this data. */
static void answered(struct fixture *f, const char *id, const char *type, uint64_t number, uint64_t seq,
                     const char *outcome, const char *key, const char *value)
{
    struct spool_row row = { .file = slice_text(type),
                             .line = (int64_t)number,
                             .event = slice_text(id),
                             .type = slice_text(type),
                             .topic = slice_text(topic),
                             .about = slice_text(""),
                             .subject = slice_text("s") };
    char context[16];
    struct buf b = { 0 }, data = { 0 }, said = { 0 };
    struct envelope e = { .id = slice_text("o"),
                          .source = slice_text("x"),
                          .type = slice_text(outcome),
                          .cause = slice_text(id),
                          .cause_seq = seq,
                          .count = 1 };
    msgpack_packer p;
    bool added = false;

    row.envelope = envelope_of(id, type, "", 0, 0, 0, &b);
    assert_int_equal(spool_add(f->sp, &row, &added, &f->why), ERR_NONE);
    hear(f, seq, "bk", spool_epoch(f->sp), number, row.envelope);
    msgpack_packer_init(&p, &data, buf_pack_write);
    msgpack_pack_map(&p, 1);
    buf_pack_text(&p, key);
    if (value)
        buf_pack_text(&p, value);
    else
        msgpack_pack_int64(&p, 2);
    assert_int_equal(envelope_write(&e, buf_slice(&data), &said), ERR_NONE);
    snprintf(context, sizeof context, "%.*s", (int)strcspn(type, "."), type);
    hear(f, seq + 1, context, 0, number, buf_slice(&said));
    buf_fini(&b);
    buf_fini(&data);
    buf_fini(&said);
}

static void what_became_of_a_row_that_was_said_before(void **state)
{
    struct fixture *f = *state;
    struct spool_past past;
    char dossier[HASH_ID_TEXT + 1];
    bool cut_short = true;

    envelope_outcome_id(slice_text("intake"), slice_text("d1"), slice_text("intake.dossier.accepted"), 0,
                        dossier);
    assert_int_equal(spool_past(f->sp, slice_text("d1"), &past, &f->why), ERR_NOT_FOUND);
    answered(f, "d1", "intake.dossier.filed", 1, 10, "intake.dossier.accepted", "reference", "A-1");
    answered(f, "d2", "intake.dossier.filed", 2, 12, "intake.dossier.accepted", "reference", "A-2");
    answered(f, "d3", "intake.dossier.filed", 3, 14, "intake.dossier.returned", "reference", "A-3");
    answered(f, "w1", "intake.dossier.withdrawn", 4, 16, "intake.withdrawal.accepted", "dossier", dossier);
    answered(f, "c1", "scoring.round.closed", 5, 18, "scoring.round.settled", "held", NULL);
    add(f, 6);
    assert_int_equal(spool_past(f->sp, slice_text("d1"), &past, &f->why), ERR_NONE);
    assert_string_equal(past.file, "intake.dossier.filed");
    assert_int_equal(past.line, 1);
    assert_false(past.open || past.spurned);
    assert_string_equal(past.gone_file, "intake.dossier.withdrawn");
    assert_int_equal(past.gone_line, 4);
    assert_int_equal(spool_past(f->sp, slice_text("d2"), &past, &f->why), ERR_NONE);
    assert_int_equal(past.gone_line, 0);
    assert_int_equal(spool_past(f->sp, slice_text("d3"), &past, &f->why), ERR_NONE);
    assert_true(past.spurned);
    assert_int_equal(spool_past(f->sp, slice_text("c1"), &past, &f->why), ERR_NONE);
    assert_int_equal(past.held, 2);
    assert_int_equal(spool_past(f->sp, slice_text("row-6"), &past, &f->why), ERR_NONE);
    assert_true(past.open);
    assert_int_equal(spool_said(f->sp, slice_text("d1"), &f->why), ERR_NONE);
    assert_int_equal(spool_cut_short(f->sp, &cut_short, &f->why), ERR_NONE);
    assert_false(cut_short);
    assert_int_equal(spool_said(f->sp, slice_text("row-6"), &f->why), ERR_NONE);
    assert_int_equal(spool_cut_short(f->sp, &cut_short, &f->why), ERR_NONE);
    assert_true(cut_short);
}

static void the_same_event_is_kept_once(void **state)
{
    struct fixture *f = *state;

    assert_true(add(f, 1));
    assert_false(add(f, 1));
    assert_true(add(f, 2));
    assert_int_equal(to_send(f, 0), 2);
    assert_int_equal(counts(f).waiting, 2);
}

static void what_the_broker_has_is_not_sent_again(void **state)
{
    struct fixture *f = *state;
    struct hash h;
    bool fits = false;

    for (int i = 1; i <= 4; i++)
        add(f, i);
    h = running(f, 2);
    assert_int_equal(spool_welcome(f->sp, 2, &h, &fits, &f->why), ERR_NONE);
    assert_true(fits);
    assert_int_equal(counts(f).stored, 2);
    assert_int_equal(to_send(f, 2), 2);
    h = running(f, 1); /* a broker restored from an older copy */
    assert_int_equal(spool_welcome(f->sp, 1, &h, &fits, &f->why), ERR_NONE);
    assert_true(fits);
    assert_int_equal(counts(f).stored, 1);
    assert_int_equal(counts(f).waiting, 3);
}

static void a_refused_row_lets_the_others_move_up(void **state)
{
    struct fixture *f = *state;
    struct hash h;
    bool fits = false;

    for (int i = 1; i <= 3; i++)
        add(f, i);
    assert_int_equal(spool_refused(f->sp, 2, slice_text("TOO_LARGE"), slice_text("no"), &f->why), ERR_NONE);
    assert_int_equal(to_send(f, 0), 2);
    assert_int_equal(counts(f).refused, 1);
    h = running(f, 2);
    assert_int_equal(spool_welcome(f->sp, 2, &h, &fits, &f->why), ERR_NONE);
    assert_true(fits);
    add(f, 4);
    assert_int_equal(to_send(f, 2), 1);
    assert_int_equal(spool_refused(f->sp, 9, slice_text("X"), slice_text("no"), &f->why), ERR_NOT_FOUND);
}

static void a_row_is_answered_by_all_outcomes_of_its_own_service(void **state)
{
    struct fixture *f = *state;
    struct buf b = { 0 };

    add(f, 1);
    hear_own(f, 10, 1, spool_epoch(f->sp), 1);
    assert_int_equal(counts(f).stored, 1);
    /* a stranger's, and one of another place in the log */
    hear(f, 11, "scoring", 0, 1, envelope_of("o1", "scoring.x.refused", "row-1", 10, 0, 1, &b));
    hear(f, 12, "intake", 0, 1, envelope_of("o2", "intake.plan.refused", "row-1", 9, 0, 1, &b));
    assert_int_equal(counts(f).answered, 0);
    hear(f, 13, "intake", 0, 2, envelope_of("o3", "intake.plan.registered", "row-1", 10, 0, 2, &b));
    hear(f, 13, "intake", 0, 2, envelope_of("o3", "intake.plan.registered", "row-1", 10, 0, 2, &b));
    assert_int_equal(counts(f).answered, 0);
    hear(f, 14, "intake", 0, 3, envelope_of("o4", "intake.x.y", "row-1", 10, 1, 2, &b));
    assert_int_equal(counts(f).answered, 1);
    buf_fini(&b);
}

static enum err count_stranger(void *context, uint64_t seq, struct slice event, struct slice t)
{
    (void)event, (void)t;
    *(uint64_t *)context = *(uint64_t *)context * 100 + seq;
    return ERR_NONE;
}

static void a_restored_spool_finds_its_rows_and_sends_only_the_others(void **state)
{
    struct fixture *f = *state;
    uint64_t old = spool_epoch(f->sp), strangers = 0;
    struct hash h, none;
    bool fits = true;

    memset(&none, 0, sizeof none);
    for (int i = 1; i <= 3; i++)
        add(f, i);
    h = running(f, 3);
    assert_int_equal(spool_welcome(f->sp, 5, &h, &fits, &f->why), ERR_NONE);
    assert_false(fits);
    assert_int_equal(spool_search_begin(f->sp, &f->why), ERR_NONE);
    spool_close(&f->sp); /* a crash in the middle: the search goes on */
    assert_int_equal(spool_open(f->path, "bk", &f->sp, &f->why), ERR_NONE);
    assert_true(spool_searching(f->sp));
    assert_int_equal(spool_report_since(f->sp, 0, &f->why), ERR_NONE);
    hear_own(f, 7, 1, old, 1);
    hear_own(f, 8, 9, old, 2); /* said by the lost spool */
    hear_own(f, 9, 2, old, 3);
    assert_int_equal(spool_search_end(f->sp, 4711, &f->why), ERR_NONE);
    assert_int_equal(spool_epoch(f->sp), 4711);
    assert_int_equal(counts(f).stored, 2);
    assert_int_equal(counts(f).waiting, 1);
    assert_int_equal(to_send(f, 0), 1);
    assert_int_equal(spool_welcome(f->sp, 0, &none, &fits, &f->why), ERR_NONE);
    assert_true(fits);
    assert_int_equal(counts(f).stored, 2);
    assert_int_equal(spool_strangers(f->sp, count_stranger, &strangers, &f->why), ERR_NONE);
    assert_int_equal(strangers, 8);
    assert_true(
        add(f, 9)); /* the row of the lost spool comes again: it is in the log, and is not said twice */
    assert_int_equal(to_send(f, 0), 1);
    assert_int_equal(counts(f).stored, 3);
    assert_int_equal(spool_seq(f->sp, &h), 0);
    add(f, 4);
    assert_int_equal(to_send(f, 0), 2);
}

static void a_spool_has_one_owner_and_one_process(void **state)
{
    struct fixture *f = *state;
    struct spool *other = NULL;
    struct why why = { 0 };

    assert_int_equal(spool_open(f->path, "bk", &other, &why), ERR_PROMISE);
    assert_non_null(strstr(why.sentence, "another ocop"));
    spool_close(&f->sp);
    why_clear(&why);
    assert_int_equal(spool_open(f->path, "ag", &other, &why), ERR_INVALID);
    assert_non_null(strstr(why.sentence, "spool of bk"));
    assert_null(other);
}

/* Files may not grow: as on a full disk. */
static void a_full_disk_is_named_with_what_to_do(void **state)
{
    struct fixture *f = *state;
    struct spool_row row = { .file = slice_text("f.csv"),
                             .event = slice_text("row"),
                             .type = slice_text("intake.plan.filed"),
                             .topic = slice_text(topic),
                             .about = slice_text(""),
                             .subject = slice_text("s"),
                             .envelope = slice_text("e") };
    struct rlimit before, small;
    struct spool_counts counts;
    bool added = false;
    enum err e;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    e = spool_begin(f->sp, &f->why);
    if (!e) e = spool_add(f->sp, &row, &added, &f->why);
    if (!e) e = spool_commit(f->sp, &f->why);
    spool_rollback(f->sp);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(e, ERR_FULL);
    assert_non_null(strstr(f->why.sentence, f->path));
    assert_non_null(strstr(f->why.sentence, "make room"));
    assert_int_equal(spool_counts(f->sp, &counts, NULL), ERR_NONE);
    assert_int_equal(counts.waiting, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_same_event_is_kept_once),
        TEST(what_became_of_a_row_that_was_said_before),
        TEST(what_the_broker_has_is_not_sent_again),
        TEST(a_refused_row_lets_the_others_move_up),
        TEST(a_row_is_answered_by_all_outcomes_of_its_own_service),
        TEST(a_restored_spool_finds_its_rows_and_sends_only_the_others),
        TEST(a_spool_has_one_owner_and_one_process),
        TEST(a_full_disk_is_named_with_what_to_do),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
