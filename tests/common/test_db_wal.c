#include "common/db.h"
#include "common/db_wal.h"
#include "tests/broker/faulty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 400, ROW_BYTES = 4000, PAGES = ROWS * ROW_BYTES / DB_PAGE_BYTES };

static char folder[] = "/tmp/ocop-db-wal-XXXXXX";
static char store[64];

static void no_error(enum err e, const struct why *why)
{
    if (e) fail_msg("%s: %s", err_name(e), why->sentence);
}

static sqlite3 *open_it(enum db_mode mode)
{
    struct why why = { .code = "" };
    sqlite3 *db = NULL;

    no_error(db_open(store, mode, &db, &why), &why);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    struct why why = { .code = "" };

    no_error(db_exec(db, sql, &why), &why);
}

static int64_t number(sqlite3 *db, const char *sql)
{
    struct why why = { .code = "" };
    sqlite3_stmt *s = NULL;
    bool row = false;
    int64_t n;

    no_error(db_prepare(db, sql, &s, &why), &why);
    assert_int_equal(db_step(s, &row), ERR_NONE);
    assert_true(row);
    n = db_i64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static void insert(sqlite3 *db)
{
    char *sql = sqlite3_mprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                                " INSERT INTO t(b) SELECT randomblob(%d) FROM n",
                                ROWS, ROW_BYTES);

    run(db, sql);
    sqlite3_free(sql);
}

/* Calls of this process that wrote something, to whatever file. */
static long writes(void)
{
    FILE *io = fopen("/proc/self/io", "r");
    char line[64];
    long n = -1;

    assert_non_null(io);
    while (fgets(line, sizeof line, io))
        if (sscanf(line, "syscw: %ld", &n) == 1) break;
    fclose(io);
    return n;
}

static int make_store(void **state)
{
    sqlite3 *db;

    if (!mkdtemp(folder)) return -1;
    faulty_install(); /* counts flushes */
    snprintf(store, sizeof store, "%s/x.db", folder);
    db = open_it(DB_WRITE);
    run(db, "CREATE TABLE t(n INTEGER PRIMARY KEY, b BLOB) STRICT");
    *state = db;
    return 0;
}

static int remove_store(void **state)
{
    sqlite3 *db = *state;

    faulty_heal();
    db_close(&db);
    unlink(store);
    return rmdir(folder);
}

static void pages_of_a_commit_are_written_together(void **state)
{
    long before, after;

    run(*state, "BEGIN IMMEDIATE");
    insert(*state);
    before = writes();
    run(*state, "COMMIT");
    after = writes();
    assert_true(after > before);
    assert_true(after - before < PAGES / 4);
}

static void other_connection_sees_all_of_a_commit(void **state)
{
    sqlite3 *reader = open_it(DB_READ);
    int64_t rows = number(reader, "SELECT count(*) FROM t");

    run(*state, "BEGIN IMMEDIATE");
    insert(*state);
    assert_int_equal(number(reader, "SELECT count(*) FROM t"), rows);
    run(*state, "COMMIT");
    assert_int_equal(number(reader, "SELECT count(*) FROM t"), rows + ROWS);
    assert_int_equal(
        number(reader, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    db_close(&reader);
}

/* With so small a cache SQLite writes pages before the commit, and reads them back. */
static void pages_written_early_are_read_back(void **state)
{
    int64_t rows = number(*state, "SELECT count(*) FROM t");

    run(*state, "PRAGMA cache_size=8");
    run(*state, "BEGIN IMMEDIATE");
    insert(*state);
    assert_int_equal(number(*state, "SELECT count(*) FROM t WHERE length(b) = 4000"), rows + ROWS);
    run(*state, "UPDATE t SET b = zeroblob(10)");
    run(*state, "ROLLBACK");
    assert_int_equal(number(*state, "SELECT count(*) FROM t WHERE length(b) = 4000"), rows);
    run(*state, "BEGIN IMMEDIATE");
    insert(*state);
    insert(*state);
    run(*state, "COMMIT");
    assert_int_equal(number(*state, "SELECT count(*) FROM t WHERE length(b) = 4000"), rows + 2 * ROWS);
    assert_int_equal(
        number(*state, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

static void checkpoint_moves_what_was_gathered(void **state)
{
    struct why why = { .code = "" };
    int64_t rows = number(*state, "SELECT count(*) FROM t");
    sqlite3 *again;

    insert(*state);
    no_error(db_checkpoint(*state, SQLITE_CHECKPOINT_TRUNCATE, &why), &why);
    insert(*state); /* from the beginning of the WAL */
    again = open_it(DB_READ);
    assert_int_equal(number(again, "SELECT count(*) FROM t WHERE length(b) = 4000"), rows + 2 * ROWS);
    db_close(&again);
}

/* One row, whose COMMIT leaves its flush owed. Returns the flushes it did all the same. */
static int insert_unflushed(sqlite3 *db)
{
    const int before = atomic_load(&faulty.syncs);

    wal_flush_later(db_wal(db), true);
    run(db, "INSERT INTO t(b) VALUES(x'00')");
    wal_flush_later(db_wal(db), false);
    return atomic_load(&faulty.syncs) - before;
}

static int flush_of(sqlite3 *db)
{
    const int before = atomic_load(&faulty.syncs);
    struct why why = { .code = "" };

    no_error(wal_flush(db_wal(db), &why), &why);
    return atomic_load(&faulty.syncs) - before;
}

static void flush_that_is_owed_is_done_once(void **state)
{
    sqlite3 *reader = open_it(DB_READ);
    const int64_t rows = number(reader, "SELECT count(*) FROM t");

    run(*state, "INSERT INTO t(b) VALUES(x'00')");
    assert_int_equal(flush_of(*state), 0);
    assert_int_equal(insert_unflushed(*state), 0);
    assert_int_equal(number(reader, "SELECT count(*) FROM t"), rows + 2);
    assert_int_equal(flush_of(*state), 1);
    assert_int_equal(flush_of(*state), 0);
    db_close(&reader);
}

static void checkpoint_does_what_is_owed_first(void **state)
{
    struct why why = { .code = "" };

    run(*state, "INSERT INTO t(b) VALUES(x'00')");
    assert_int_equal(insert_unflushed(*state), 0);
    no_error(db_checkpoint(*state, SQLITE_CHECKPOINT_PASSIVE, &why), &why);
    assert_int_equal(flush_of(*state), 0);
}

/* Under the old head, pages of before that were not overwritten yet would be believed. */
static void head_of_a_wal_that_starts_over_is_never_owed(void **state)
{
    struct why why = { .code = "" };

    run(*state, "INSERT INTO t(b) VALUES(x'00')");
    no_error(db_checkpoint(*state, SQLITE_CHECKPOINT_RESTART, &why), &why);
    assert_int_equal(insert_unflushed(*state), 1);
    assert_int_equal(flush_of(*state), 1);
    assert_int_equal(insert_unflushed(*state), 0);
    assert_int_equal(flush_of(*state), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_a_commit_are_written_together),
        cmocka_unit_test(other_connection_sees_all_of_a_commit),
        cmocka_unit_test(pages_written_early_are_read_back),
        cmocka_unit_test(checkpoint_moves_what_was_gathered),
        cmocka_unit_test(flush_that_is_owed_is_done_once),
        cmocka_unit_test(checkpoint_does_what_is_owed_first),
        cmocka_unit_test(head_of_a_wal_that_starts_over_is_never_owed),
    };

    return cmocka_run_group_tests(tests, make_store, remove_store);
}
