/* The log on real files, with its rows edited behind its back and its disk failing under it. */
#include "common/db.h"
#include "services/broker/log.h"
#include "tests/broker/faulty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct bed {
    char folder[64], path[96];
    struct log *log;
};

static struct log *open_log_flushed(const char *path, int flush_apart)
{
    const struct log_settings settings = { path, 2000, 8000, flush_apart };
    struct why why = { 0 };
    struct log *log = NULL;
    enum err e = log_open(&settings, &log, &why);

    if (e) fail_msg("%s: %s", err_name(e), why.sentence);
    return log;
}

static struct log *open_log(const char *path)
{
    return open_log_flushed(path, 0);
}

static int setup(void **state)
{
    struct bed *bed = calloc(1, sizeof *bed);

    faulty_install();
    strcpy(bed->folder, "/tmp/ocop-log-XXXXXX");
    assert_non_null(mkdtemp(bed->folder));
    snprintf(bed->path, sizeof bed->path, "%s/log.db", bed->folder);
    bed->log = open_log(bed->path);
    *state = bed;
    return 0;
}

static int teardown(void **state)
{
    struct bed *bed = *state;
    const char *const suffixes[] = { "", "-wal", "-shm" };

    faulty_heal();
    log_close(&bed->log);
    for (size_t i = 0; i < 3; i++) {
        char name[128];

        snprintf(name, sizeof name, "%s%s", bed->path, suffixes[i]);
        unlink(name);
    }
    rmdir(bed->folder);
    free(bed);
    return 0;
}

static enum err append(struct log *log, const char *publisher, const char *topic, const char *bytes,
                       struct log_stored *out)
{
    const struct log_event event = { .publisher = slice_text(publisher),
                                     .topic = slice_text(topic),
                                     .envelope = slice_text(bytes),
                                     .epoch = 7,
                                     .at_ms = 1000 + (int64_t)log_head(log).seq };
    struct log_stored ignored;

    return log_append(log, &event, out ? out : &ignored, NULL);
}

static void commit(struct log *log)
{
    const struct commit *token = NULL;
    struct why why = { 0 };
    enum err e = log_commit(log, &token, &why);

    if (e) fail_msg("%s", why.sentence);
    assert_int_equal(commit_seq(token), log_head(log).seq);
}

/* `count` records of two publishers and two topics, in commits of ten. */
static void fill(struct log *log, int count)
{
    for (int i = 1; i <= count; i++) {
        char bytes[32];

        snprintf(bytes, sizeof bytes, "event %d", i);
        assert_int_equal(append(log, i % 3 ? "one" : "two", i % 2 ? "a.b.c.01" : "a.b.d.01", bytes, NULL),
                         ERR_NONE);
        if (i % 10 == 0) commit(log);
    }
    commit(log);
}

static void edit(struct bed *bed, const char *sql)
{
    char *message = NULL;
    sqlite3 *db = NULL;

    log_close(&bed->log);
    assert_int_equal(sqlite3_open(bed->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
    sqlite3_close(db);
}

static void refuses_to_open(struct bed *bed, const char *words)
{
    const struct log_settings settings = { .path = bed->path,
                                           .checkpoint_pages = 2000,
                                           .finish_pages = 8000 };
    struct why why = { 0 };

    assert_int_equal(log_open(&settings, &bed->log, &why), ERR_CORRUPT);
    if (!strstr(why.sentence, words)) fail_msg("\"%s\" does not say \"%s\"", why.sentence, words);
    assert_null(bed->log);
}

struct reading {
    size_t count;
    uint64_t last;
};

static enum err count_record(void *context, const struct record *r)
{
    struct reading *reading = context;

    reading->count++;
    reading->last = r->seq;
    return ERR_NONE;
}

static const struct log_read_limit everything = { 1000, 1000, LOG_READ_BYTES };

static enum err read_on(struct log *log, struct log_place *place, const struct log_read_limit *limit,
                        struct reading *reading, struct why *why)
{
    struct log_read_done done;

    *reading = (struct reading){ 0 };
    return log_read(log, place, NULL, limit, count_record, reading, &done, why);
}

static void empty_log_has_no_head(void **state)
{
    struct bed *bed = *state;
    struct log_publisher publisher;
    uint64_t records = 99;

    assert_int_equal(log_head(bed->log).seq, 0);
    assert_int_equal(log_publisher(bed->log, slice_text("one"), 7, &publisher, NULL), ERR_NONE);
    assert_int_equal(publisher.number, 0);
    assert_int_equal(log_verify(bed->path, &records, NULL), ERR_NONE);
    assert_int_equal(records, 0);
}

static void what_is_not_committed_is_not_read(void **state)
{
    struct bed *bed = *state;
    struct log_place place = { 0 };
    struct reading reading;
    struct hash chain;

    fill(bed->log, 3);
    assert_int_equal(append(bed->log, "one", "a.b.c.01", "later", NULL), ERR_NONE);
    assert_int_equal(log_head(bed->log).seq, 4);
    assert_int_equal(log_durable(bed->log).seq, 3);
    assert_int_equal(read_on(bed->log, &place, &everything, &reading, NULL), ERR_NONE);
    assert_int_equal(reading.count, 3);
    assert_int_equal(log_chain_at(bed->log, 4, &chain, NULL), ERR_NOT_FOUND);
    commit(bed->log);
    assert_int_equal(read_on(bed->log, &place, &everything, &reading, NULL), ERR_NONE);
    assert_int_equal(reading.last, 4);
}

static void rollback_leaves_nothing(void **state)
{
    struct bed *bed = *state;
    struct log_publisher before, after;
    struct log_stored stored;

    fill(bed->log, 5);
    log_publisher(bed->log, slice_text("one"), 7, &before, NULL);
    append(bed->log, "one", "a.b.c.01", "lost", NULL);
    append(bed->log, "new", "a.b.e.01", "lost", NULL);
    log_rollback(bed->log);
    log_publisher(bed->log, slice_text("one"), 7, &after, NULL);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(append(bed->log, "new", "a.b.e.01", "kept", &stored), ERR_NONE);
    assert_int_equal(stored.seq, 6);
    assert_int_equal(stored.number, 1);
    assert_int_equal(stored.previous, 0);
    commit(bed->log);
}

static void hashes_are_what_anybody_computes(void **state)
{
    struct bed *bed = *state;
    struct log_publisher publisher;
    struct hash chain = { { 0 } }, running = { { 0 } }, stored;

    append(bed->log, "one", "a.b.c.01", "first", NULL);
    append(bed->log, "one", "a.b.c.02", "second", NULL);
    commit(bed->log);
    chain = hash_chain(&chain, 1, 1000, slice_text("one"), 7, 1, slice_text("a.b.c.01"), slice_text("first"));
    chain =
        hash_chain(&chain, 2, 1001, slice_text("one"), 7, 2, slice_text("a.b.c.02"), slice_text("second"));
    running = hash_running(&running, 1, slice_text("a.b.c.01"), slice_text("first"));
    running = hash_running(&running, 2, slice_text("a.b.c.02"), slice_text("second"));
    assert_int_equal(log_chain_at(bed->log, 2, &stored, NULL), ERR_NONE);
    assert_true(hash_equal(&chain, &stored));
    log_publisher(bed->log, slice_text("one"), 7, &publisher, NULL);
    assert_true(hash_equal(&running, &publisher.hash));
    assert_int_equal(publisher.number, 2);
    assert_int_equal(publisher.seq, 2);
}

static void everything_survives_a_restart(void **state)
{
    struct bed *bed = *state;
    struct log_head head, reopened;
    struct log_publisher before, after;
    struct log_stored stored;

    fill(bed->log, 25);
    head = log_head(bed->log);
    log_publisher(bed->log, slice_text("two"), 7, &before, NULL);
    log_close(&bed->log);
    bed->log = open_log(bed->path);
    assert_int_equal(log_head(bed->log).seq, 25);
    reopened = log_head(bed->log);
    assert_true(hash_equal(&head.chain, &reopened.chain));
    assert_int_equal(head.at_ms, reopened.at_ms);
    log_publisher(bed->log, slice_text("two"), 7, &after, NULL);
    assert_memory_equal(&before, &after, sizeof before);
    append(bed->log, "one", "a.b.d.01", "x", &stored);
    assert_int_equal(stored.previous, 24);
    commit(bed->log);
}

static void reads_keep_their_limits(void **state)
{
    struct bed *bed = *state;
    const struct slice prefixes[] = { { "a.b.d", 5 }, { "z", 1 } };
    const struct log_filter filter = { .prefixes = prefixes, .count = 2 };
    const struct log_read_limit three_taken = { 3, 1000, LOG_READ_BYTES }, four = { 1000, 4, LOG_READ_BYTES },
                                few_bytes = { 1000, 1000, 15 };
    struct log_place place = { 0 };
    struct log_read_done done;
    struct reading reading = { 0 };

    fill(bed->log, 20);
    assert_int_equal(log_read(bed->log, &place, &filter, &three_taken, count_record, &reading, &done, NULL),
                     ERR_NONE);
    assert_int_equal(done.taken, 3);
    assert_int_equal(reading.last, 6);
    assert_int_equal(place.seq, 7); /* the next one that is wanted is 8 */
    place = (struct log_place){ 0 };
    assert_int_equal(read_on(bed->log, &place, &four, &reading, NULL), ERR_NONE);
    assert_int_equal(place.seq, 4);
    place = (struct log_place){ 0 };
    assert_int_equal(read_on(bed->log, &place, &few_bytes, &reading, NULL), ERR_NONE);
    assert_int_equal(reading.count, 2); /* 7 bytes each */
    place = (struct log_place){ 0 };
    assert_int_equal(read_on(bed->log, &place, &(struct log_read_limit){ 9, 9, 1 }, &reading, NULL),
                     ERR_NONE);
    assert_int_equal(reading.count, 1); /* one that is too large alone */
}

static void damage_is_named_and_not_handed_out(void **state)
{
    static const struct {
        const char *what, *sql, *words;
    } cases[] = {
        { "a byte of an envelope", "UPDATE log SET envelope = x'00' WHERE seq = 50", "record 50 " },
        { "the time", "UPDATE log SET at_ms = at_ms + 1 WHERE seq = 50", "record 50 " },
        { "the publisher", "UPDATE log SET publisher = 'eve' WHERE seq = 50", "record 50 " },
        { "a link of 31 bytes", "UPDATE log SET chain = substr(chain, 1, 31) WHERE seq = 50", "record 50 " },
        { "a row taken out", "DELETE FROM log WHERE seq = 50", "record 50 " },
    };
    struct bed *bed = *state;
    uint64_t records = 0;

    fill(bed->log, 1100); /* so that 50 is not in the tail */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct log_place place = { 0 };
        struct reading reading;
        struct hash chain;
        struct why why = { 0 }, verify_why = { 0 };

        print_message("  %s\n", cases[i].what);
        edit(bed, "CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM log WHERE seq = 50");
        edit(bed, cases[i].sql);
        assert_int_equal(log_verify(bed->path, &records, &verify_why), ERR_CORRUPT);
        assert_non_null(strstr(verify_why.sentence, cases[i].words));
        assert_int_equal(records, 49);
        bed->log = open_log(bed->path);
        assert_int_equal(read_on(bed->log, &place, &everything, &reading, &why), ERR_CORRUPT);
        assert_non_null(strstr(why.sentence, cases[i].words));
        assert_int_equal(reading.last, 49);
        assert_int_equal(place.seq, 49);
        assert_int_equal(log_chain_at(bed->log, 50, &chain, NULL), ERR_CORRUPT);
        edit(bed, "DELETE FROM log WHERE seq = 50; INSERT INTO log SELECT * FROM kept");
        assert_int_equal(log_verify(bed->path, &records, NULL), ERR_NONE);
        assert_int_equal(records, 1100);
    }
    bed->log = open_log(bed->path);
}

static void damaged_tail_is_not_opened(void **state)
{
    struct bed *bed = *state;

    fill(bed->log, 30);
    edit(bed, "UPDATE log SET topic = 'a.b.x.01' WHERE seq = 29");
    refuses_to_open(bed, "record 29 ");
}

static void lost_last_record_is_found(void **state)
{
    struct bed *bed = *state;
    uint64_t records = 0;

    fill(bed->log, 30);
    edit(bed, "DELETE FROM log WHERE seq = 30");
    refuses_to_open(bed, "record 30 is missing");
    assert_int_equal(log_verify(bed->path, &records, NULL), ERR_CORRUPT);
}

static void a_log_that_cannot_be_opened_is_named_with_the_reason(void **state)
{
    struct bed *bed = *state;
    char below[128];
    struct why why = { 0 };
    uint64_t records = 0;

    snprintf(below, sizeof below, "%.100s/log.db", bed->path);
    assert_int_equal(log_verify(below, &records, &why), ERR_IO);
    assert_non_null(strstr(why.sentence, below));
    assert_non_null(strstr(why.sentence, "Not a directory"));
}

static void publisher_row_that_does_not_fit_is_found(void **state)
{
    struct bed *bed = *state;
    struct why why = { 0 };
    uint64_t records = 0;

    fill(bed->log, 1100);
    edit(bed, "UPDATE publisher SET hash = zeroblob(32) WHERE publisher = 'one'");
    assert_int_equal(log_verify(bed->path, &records, &why), ERR_CORRUPT);
    assert_non_null(strstr(why.sentence, "publisher one"));
    edit(bed, "UPDATE publisher SET last_number = last_number - 1 WHERE publisher = 'two'");
    refuses_to_open(bed, "publisher two");
}

static void missing_publisher_row_is_found(void **state)
{
    struct bed *bed = *state;

    fill(bed->log, 30);
    edit(bed, "DELETE FROM publisher WHERE publisher = 'two'");
    refuses_to_open(bed, "1 publishers");
}

static void copy_file(const char *from, const char *to)
{
    char bytes[8192];
    size_t n;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");

    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    fclose(out);
}

/* The files as a crash leaves them: in the copy nothing says that it was closed well. */
static void crash(struct bed *bed)
{
    char wal[128], copy[128], copy_wal[128];

    snprintf(wal, sizeof wal, "%s-wal", bed->path);
    snprintf(copy, sizeof copy, "%s.copy", bed->path);
    snprintf(copy_wal, sizeof copy_wal, "%s.copy-wal", bed->path);
    copy_file(bed->path, copy);
    copy_file(wal, copy_wal);
    log_close(&bed->log);
    assert_int_equal(rename(copy, bed->path), 0);
    assert_int_equal(rename(copy_wal, wal), 0);
    bed->log = open_log(bed->path);
}

/* Rows beside the log are written seldom; after a crash a start folds the rest, whatever was noted. */
static void how_far_everybody_is_survives_a_crash(void **state)
{
    static const int counts[] = { 30, LOG_FOLD_EVERY, 77 };
    struct bed *bed = *state;
    struct log_publisher before, after;
    struct log_stored stored;
    uint64_t records = 0, all = 0;

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        fill(bed->log, counts[i]);
        all += (uint64_t)counts[i];
        assert_int_equal(log_publisher(bed->log, slice_text("two"), 7, &before, NULL), ERR_NONE);
        crash(bed);
        assert_int_equal(log_publisher(bed->log, slice_text("two"), 7, &after, NULL), ERR_NONE);
        assert_int_equal(after.number, before.number);
        assert_int_equal(after.seq, before.seq);
        assert_true(hash_equal(&after.hash, &before.hash));
        assert_int_equal(log_verify(bed->path, &records, NULL), ERR_NONE);
        assert_int_equal(records, all);
    }
    /* The last record of the second topic is the last odd one of the last filling: one before the end. */
    assert_int_equal(append(bed->log, "two", "a.b.d.01", "x", &stored), ERR_NONE);
    assert_int_equal(stored.previous, all - 1);
    log_rollback(bed->log);
    assert_int_equal(append(bed->log, "two", "a.b.d.01", "x", &stored), ERR_NONE);
    assert_int_equal(stored.number, after.number + 1);
    commit(bed->log);
}

static void full_disk_stores_nothing_and_heals(void **state)
{
    struct bed *bed = *state;
    const struct commit *token = NULL;
    struct log_publisher publisher;
    uint64_t records = 0;

    fill(bed->log, 5);
    faulty.code = SQLITE_FULL;
    atomic_store(&faulty.fail_write, 1);
    assert_int_equal(append(bed->log, "one", "a.b.c.01", "x", NULL), ERR_NONE);
    assert_int_equal(log_commit(bed->log, &token, NULL), ERR_FULL);
    assert_null(token);
    assert_int_equal(log_head(bed->log).seq, 5);
    faulty_heal();
    log_publisher(bed->log, slice_text("one"), 7, &publisher, NULL);
    assert_int_equal(publisher.number, 4);
    assert_int_equal(append(bed->log, "one", "a.b.c.01", "x", NULL), ERR_NONE);
    commit(bed->log);
    assert_int_equal(log_verify(bed->path, &records, NULL), ERR_NONE);
    assert_int_equal(records, 6);
}

static void failed_flush_gives_no_token(void **state)
{
    struct bed *bed = *state;
    const struct commit *token = NULL;

    fill(bed->log, 5);
    faulty.code = SQLITE_IOERR_FSYNC;
    atomic_store(&faulty.fail_sync, 1);
    append(bed->log, "one", "a.b.c.01", "x", NULL);
    assert_int_equal(log_commit(bed->log, &token, NULL), ERR_IO);
    assert_null(token);
}

/* The same log, flushed by a thread from one record on. */
static void reopen_apart(struct bed *bed)
{
    log_close(&bed->log);
    bed->log = open_log_flushed(bed->path, 1);
}

static void next_events_are_taken_during_a_flush(void **state)
{
    struct bed *bed = *state;
    const struct commit *token = NULL;
    struct log_stored stored;
    int syncs;

    reopen_apart(bed);
    append(bed->log, "one", "a.b.c.01", "x", NULL);
    syncs = atomic_load(&faulty.syncs);
    assert_int_equal(log_commit_begin(bed->log, NULL), ERR_NONE);
    assert_int_equal(log_committed(bed->log).seq, 1);
    assert_int_equal(log_durable(bed->log).seq, 0);
    append(bed->log, "one", "a.b.c.01", "y", &stored);
    assert_int_equal(stored.number, 2);
    log_rollback(bed->log); /* takes back the second, and nothing of what is being flushed */
    assert_int_equal(log_head(bed->log).seq, 1);
    append(bed->log, "one", "a.b.c.01", "z", &stored);
    assert_int_equal(stored.number, 2);
    assert_int_equal(log_commit_end(bed->log, &token, NULL), ERR_NONE);
    assert_int_equal(commit_seq(token), 1);
    assert_true(atomic_load(&faulty.syncs) > syncs);
    assert_int_equal(log_durable(bed->log).seq, 1);
    commit(bed->log);
    log_close(&bed->log);
    bed->log = open_log(bed->path);
    assert_int_equal(log_head(bed->log).seq, 2);
}

/* Appended and not committed. */
static void begin_many(struct log *log, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(append(log, i % 7 < 3 ? "one" : "two", "a.b.c.01", "x", NULL), ERR_NONE);
}

/* So many that a thread computes them; what is asked for in between, taken back and written down is the same
 * as without it. */
static void running_hashes_come_from_a_thread(void **state)
{
    struct bed *bed = *state;
    struct log_publisher before, now;
    uint64_t records = 0;

    reopen_apart(bed);
    begin_many(bed->log, 700);
    commit(bed->log);
    assert_int_equal(log_publisher(bed->log, slice_text("one"), 7, &before, NULL), ERR_NONE);
    begin_many(bed->log, 1300); /* two batches were given away, and the third was not */
    log_rollback(bed->log);
    assert_int_equal(log_publisher(bed->log, slice_text("one"), 7, &now, NULL), ERR_NONE);
    assert_memory_equal(&now, &before, sizeof now);
    begin_many(bed->log, 600);
    assert_int_equal(log_publisher(bed->log, slice_text("one"), 7, &before, NULL), ERR_NONE);
    begin_many(bed->log, 5);
    log_rollback(bed->log);
    for (int i = 0; i < LOG_FOLD_EVERY / 1000 + 1; i++) {
        begin_many(bed->log, 1000);
        commit(bed->log);
    }
    assert_int_equal(log_publisher(bed->log, slice_text("one"), 7, &before, NULL), ERR_NONE);
    assert_int_equal(log_verify(bed->path, &records, NULL),
                     ERR_NONE); /* with the rows that were written down */
    log_close(&bed->log);
    bed->log = open_log(bed->path);
    assert_int_equal(log_publisher(bed->log, slice_text("one"), 7, &now, NULL), ERR_NONE);
    assert_memory_equal(&now, &before, sizeof now);
    assert_int_equal(log_verify(bed->path, &records, NULL), ERR_NONE);
    assert_int_equal(records, 700 + 1000 * (LOG_FOLD_EVERY / 1000 + 1));
}

static void flush_that_fails_apart_gives_no_token(void **state)
{
    struct bed *bed = *state;
    const struct commit *token = NULL;

    reopen_apart(bed);
    append(bed->log, "one", "a.b.c.01", "w", NULL); /* the head of a new WAL is flushed at once */
    commit(bed->log);
    append(bed->log, "one", "a.b.c.01", "x", NULL);
    faulty.code = SQLITE_IOERR_FSYNC;
    atomic_store(&faulty.fail_sync, 1);
    assert_int_equal(log_commit_begin(bed->log, NULL), ERR_NONE);
    assert_int_equal(log_commit_end(bed->log, &token, NULL), ERR_IO);
    assert_null(token);
    assert_int_equal(log_durable(bed->log).seq, 1);
    faulty_heal();
    /* A flush that failed stays failed: the bytes may be gone although a new one succeeds. */
    append(bed->log, "one", "a.b.c.01", "y", NULL);
    assert_int_equal(log_commit_end(bed->log, &token, NULL), ERR_IO);
    assert_null(token);
}

/* Fail the n-th write or flush, for each n until a run passes: a token means that it is there after
 * reopening. */
static void each_failing_write_is_survived(void **state)
{
    struct bed *bed = *state;
    bool clean = false;
    int n;

    for (n = 1; !clean && n < 200; n++) {
        const struct commit *token = NULL;
        uint64_t records, before = log_durable(bed->log).seq;
        enum err e = ERR_NONE;

        faulty.code = SQLITE_IOERR_WRITE;
        atomic_store(&faulty.fail_write, n);
        for (int i = 0; !e && i < 40; i++)
            e = append(bed->log, "one", "a.b.c.01", "0123456789012345678901234567890123456789", NULL);
        if (!e) e = log_commit(bed->log, &token, NULL);
        clean = atomic_load(&faulty.fail_write) > 1;
        faulty_heal();
        log_close(&bed->log);
        bed->log = open_log(bed->path);
        assert_int_equal(log_head(bed->log).seq, token ? before + 40 : before);
        assert_int_equal(log_verify(bed->path, &records, NULL), ERR_NONE);
    }
    assert_true(clean);
    assert_true(n > 3);
}

static void each_commit_is_flushed(void **state)
{
    struct bed *bed = *state;

    fill(bed->log, 1);
    for (int i = 0; i < 20; i++) {
        int before = atomic_load(&faulty.syncs);

        append(bed->log, "one", "a.b.c.01", "x", NULL);
        commit(bed->log);
        assert_true(atomic_load(&faulty.syncs) > before);
    }
}

static void wal_starts_over(void **state)
{
    struct bed *bed = *state;
    const struct log_settings small = { .path = bed->path, .checkpoint_pages = 20, .finish_pages = 60 };
    char bytes[4001];

    memset(bytes, 'x', 4000);
    bytes[4000] = '\0';
    log_close(&bed->log);
    assert_int_equal(log_open(&small, &bed->log, NULL), ERR_NONE);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(append(bed->log, "one", "a.b.c.01", bytes, NULL), ERR_NONE);
        commit(bed->log);
        assert_int_equal(log_tend(bed->log, NULL), ERR_NONE);
    }
    /* 1000 commits write some 1000 pages; without starting over they would all still lie there. */
    assert_true(log_wal_bytes(bed->log) < 200 * 8192);
}

static void wal_counts_what_is_used(void **state)
{
    struct bed *bed = *state;
    char wal[300];
    struct stat st;

    append(bed->log, "one", "a.b.c.01", "x", NULL);
    commit(bed->log);
    snprintf(wal, sizeof wal, "%s-wal", bed->path);
    assert_int_equal(stat(wal, &st), 0);
    assert_true(log_wal_bytes(bed->log) > 0);
    assert_true(log_wal_bytes(bed->log) < 20 * 8192);
    assert_true((uint64_t)st.st_size > log_wal_bytes(bed->log)); /* reserved */
}

static void log_of_the_version_before_is_sealed(void **state)
{
    struct bed *bed = *state;
    struct why why = { 0 };
    uint64_t records = 0;

    fill(bed->log, 25);
    edit(bed, "DROP TABLE seal; DROP TABLE folded; DROP TABLE note; PRAGMA user_version = 1");
    assert_int_equal(log_verify(bed->path, &records, &why), ERR_NONE);
    bed->log = open_log(bed->path);
    fill(bed->log, 5);
    assert_int_equal(log_verify(bed->path, &records, &why), ERR_NONE);
    assert_int_equal(records, 30);
    edit(bed, "UPDATE topic SET last_seq = last_seq - 2");
    refuses_to_open(bed, "topic");
}

/* A copy of the log as it is, in `name`. */
static void copy_log(struct bed *bed, char name[128])
{
    char sql[200];

    snprintf(name, 128, "%s/copy.db", bed->folder);
    snprintf(sql, sizeof sql, "VACUUM INTO '%s'", name);
    unlink(name);
    edit(bed, sql);
}

static void repair_takes_from_a_copy_what_its_chain_vouches_for(void **state)
{
    struct bed *bed = *state;
    struct log_repaired done;
    struct why why = { 0 };
    char copy[128], damaged[128];
    uint64_t records = 0;

    fill(bed->log, 25);
    copy_log(bed, copy);
    bed->log = open_log(bed->path);
    fill(bed->log, 5); /* the copy ends before these */
    edit(bed,
         "UPDATE log SET envelope = x'78' WHERE seq IN (7, 8, 20); UPDATE publisher SET last_number = 3");
    assert_int_equal(log_repair(bed->path, copy, &done, &why), ERR_NONE);
    assert_int_equal(done.records, 30);
    assert_int_equal(done.restored, 3);
    assert_int_equal(done.range_count, 2);
    assert_int_equal(done.ranges[0].first, 7);
    assert_int_equal(done.ranges[0].last, 8);
    assert_int_equal(log_verify(bed->path, &records, &why), ERR_NONE);
    assert_int_equal(records, 30);
    snprintf(damaged, sizeof damaged, "%s.damaged", bed->path);
    assert_string_equal(done.kept, damaged);
    /* what is whole is left alone, and what was kept is not overwritten */
    assert_int_equal(log_repair(bed->path, copy, &done, &why), ERR_NONE);
    assert_string_equal(done.kept, "");
    assert_int_equal(done.records, 30);
    edit(bed, "UPDATE log SET envelope = x'78' WHERE seq = 9");
    assert_int_equal(log_repair(bed->path, copy, &done, &why), ERR_NONE);
    assert_int_equal(done.restored, 1);
    assert_ptr_equal(strstr(done.kept, ".damaged-2"), done.kept + strlen(bed->path));
    assert_int_equal(access(damaged, F_OK), 0);
    unlink(done.kept);
    edit(bed, "UPDATE log SET envelope = x'78' WHERE seq = 28");
    assert_int_equal(log_repair(bed->path, copy, &done, &why), ERR_NOT_FOUND);
    if (!strstr(why.sentence, "record 28")) fail_msg("%s", why.sentence);
    unlink(damaged);
    unlink(copy);
}

static void repair_refuses_a_copy_of_another_past(void **state)
{
    struct bed *bed = *state;
    struct log_repaired done;
    struct why why = { 0 };
    char copy[128];

    append(bed->log, "other", "a.b.c.01", "another beginning", NULL);
    fill(bed->log, 10);
    copy_log(bed, copy);
    unlink(bed->path);
    bed->log = open_log(bed->path);
    fill(bed->log, 10);
    edit(bed, "UPDATE log SET envelope = x'78' WHERE seq = 5");
    assert_int_equal(log_repair(bed->path, copy, &done, &why), ERR_DIVERGED);
    if (!strstr(why.sentence, "another past")) fail_msg("%s", why.sentence);
    unlink(copy);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(empty_log_has_no_head),
        T(what_is_not_committed_is_not_read),
        T(rollback_leaves_nothing),
        T(hashes_are_what_anybody_computes),
        T(everything_survives_a_restart),
        T(reads_keep_their_limits),
        T(damage_is_named_and_not_handed_out),
        T(damaged_tail_is_not_opened),
        T(lost_last_record_is_found),
        T(a_log_that_cannot_be_opened_is_named_with_the_reason),
        T(publisher_row_that_does_not_fit_is_found),
        T(missing_publisher_row_is_found),
        T(how_far_everybody_is_survives_a_crash),
        T(full_disk_stores_nothing_and_heals),
        T(failed_flush_gives_no_token),
        T(next_events_are_taken_during_a_flush),
        T(running_hashes_come_from_a_thread),
        T(flush_that_fails_apart_gives_no_token),
        T(each_failing_write_is_survived),
        T(each_commit_is_flushed),
        T(wal_starts_over),
        T(wal_counts_what_is_used),
        T(log_of_the_version_before_is_sealed),
        T(repair_takes_from_a_copy_what_its_chain_vouches_for),
        T(repair_refuses_a_copy_of_another_past),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
