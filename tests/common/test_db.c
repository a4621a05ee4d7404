#include "common/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/ocop-db-XXXXXX";
static char store[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(store, sizeof store, "%s/x.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(store);
    return rmdir(folder);
}

static sqlite3 *open_memory(const char *schema)
{
    struct why why = { .code = "" };
    sqlite3 *db = NULL;

    if (db_open(":memory:", DB_WRITE, &db, &why) || db_exec(db, schema, &why)) fail_msg("%s", why.sentence);
    return db;
}

/* The first column of the first row as text, in a buffer of the function's. */
static const char *ask(sqlite3 *db, const char *sql)
{
    static char answer[64];
    sqlite3_stmt *s = NULL;
    bool row = false;

    assert_int_equal(db_prepare(db, sql, &s, NULL), ERR_NONE);
    assert_int_equal(db_step(s, &row), ERR_NONE);
    assert_true(row);
    snprintf(answer, sizeof answer, "%.*s", SLICE_ARG(db_text(s, 0)));
    sqlite3_finalize(s);
    return answer;
}

static void store_is_opened_the_one_way(void **state)
{
    sqlite3 *db = NULL;

    (void)state;
    assert_int_equal(db_open(store, DB_WRITE, &db, NULL), ERR_NONE);
    assert_string_equal(ask(db, "PRAGMA journal_mode"), "wal");
    assert_string_equal(ask(db, "PRAGMA synchronous"), "2");
    assert_string_equal(ask(db, "PRAGMA foreign_keys"), "1");
    assert_string_equal(ask(db, "PRAGMA trusted_schema"), "0");
    assert_string_equal(ask(db, "PRAGMA page_size"), "8192");
    assert_string_equal(ask(db, "PRAGMA busy_timeout"), "5000");
    assert_string_equal(ask(db, "PRAGMA journal_size_limit"), "67108864");
    assert_string_equal(ask(db, "PRAGMA wal_autocheckpoint"), "1000");
    db_close(&db);
    assert_null(db);
    db_close(&db);
    db_close(NULL);
}

static void reader_cannot_write(void **state)
{
    struct why why = { .code = "" };
    sqlite3 *db = NULL, *reader = NULL;

    (void)state;
    assert_int_equal(db_open(store, DB_WRITE, &db, NULL), ERR_NONE);
    assert_int_equal(db_exec(db, "CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY) STRICT", NULL),
                     ERR_NONE);
    assert_int_equal(db_open(store, DB_READ, &reader, NULL), ERR_NONE);
    assert_string_equal(ask(reader, "SELECT count(*) FROM t"), "0");
    assert_int_equal(db_exec(reader, "INSERT INTO t VALUES(1)", &why), ERR_IO);
    db_close(&reader);
    db_close(&db);
}

static void what_cannot_be_opened_is_named(void **state)
{
    struct why why = { .code = "" };
    sqlite3 *db = NULL;

    (void)state;
    assert_int_equal(db_open("/no/such/folder/x.db", DB_WRITE, &db, &why), ERR_IO);
    assert_non_null(strstr(why.sentence, "/no/such/folder/x.db"));
    assert_int_equal(db_open("/no/such/x.db", DB_READ, &db, NULL), ERR_IO);
    assert_null(db);
}

static void file_that_is_no_store_is_corrupt(void **state)
{
    static const enum db_mode modes[] = { DB_WRITE, DB_READ };
    char name[80];
    FILE *f;

    (void)state;
    snprintf(name, sizeof name, "%s/garbage", folder);
    f = fopen(name, "w");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        fputs("no database at all. ", f);
    fclose(f);
    for (size_t i = 0; i < 2; i++) {
        struct why why = { .code = "" };
        sqlite3 *db = NULL;
        assert_int_equal(db_open(name, modes[i], &db, &why), ERR_CORRUPT);
        assert_non_null(strstr(why.sentence, name));
        assert_null(db);
    }
    unlink(name);
}

static void values_come_back(void **state)
{
    sqlite3 *db =
        open_memory("CREATE TABLE t(a TEXT NOT NULL, b BLOB NOT NULL, c INTEGER, d INTEGER, h BLOB) STRICT");
    struct hash h, read;
    sqlite3_stmt *add = NULL, *get = NULL;
    bool row = false;

    (void)state;
    memset(h.bytes, 7, sizeof h.bytes);
    assert_int_equal(db_prepare(db, "INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5)", &add, NULL), ERR_NONE);
    assert_int_equal(db_prepare(db, "SELECT * FROM t ORDER BY a DESC", &get, NULL), ERR_NONE);
    db_bind_text(add, 1, slice_text("\xe1\xba\xbf"));
    db_bind_bytes(add, 2, slice_of("\0\xff", 2));
    db_bind_i64(add, 3, INT64_MIN);
    db_bind_u64(add, 4, INT64_MAX);
    db_bind_hash(add, 5, &h);
    assert_int_equal(db_run(add), ERR_NONE);
    db_bind_text(add, 1, slice_of(NULL, 0));
    db_bind_bytes(add, 2, slice_of(NULL, 0));
    assert_int_equal(db_run(add), ERR_NONE);

    assert_int_equal(db_step(get, &row), ERR_NONE);
    assert_true(row);
    assert_true(slice_is(db_text(get, 0), "\xe1\xba\xbf"));
    assert_true(slice_equal(db_bytes(get, 1), slice_of("\0\xff", 2)));
    assert_true(db_i64(get, 2) == INT64_MIN && db_u64(get, 3) == INT64_MAX);
    assert_true(db_hash(get, 4, &read) && hash_equal(&read, &h));
    /* Empty is empty, not NULL; what was not bound the second time is NULL, not what the first row had. */
    assert_int_equal(db_step(get, &row), ERR_NONE);
    assert_true(row);
    assert_int_equal(sqlite3_column_type(get, 0), SQLITE_TEXT);
    assert_int_equal(sqlite3_column_type(get, 1), SQLITE_BLOB);
    assert_int_equal(db_text(get, 0).size, 0);
    assert_int_equal(db_bytes(get, 1).size, 0);
    assert_int_equal(sqlite3_column_type(get, 2), SQLITE_NULL);
    assert_false(db_hash(get, 4, &read));
    assert_int_equal(db_step(get, &row), ERR_NONE);
    assert_false(row);
    sqlite3_finalize(add);
    sqlite3_finalize(get);
    db_close(&db);
}

static void broken_constraint_is_invalid_and_leaves_the_statement_usable(void **state)
{
    sqlite3 *db = open_memory("CREATE TABLE t(a INTEGER PRIMARY KEY CHECK(a < 9)) STRICT");
    sqlite3_stmt *add = NULL;

    (void)state;
    assert_int_equal(db_prepare(db, "INSERT INTO t VALUES(?1)", &add, NULL), ERR_NONE);
    db_bind_i64(add, 1, 1);
    assert_int_equal(db_run(add), ERR_NONE);
    db_bind_i64(add, 1, 1);
    assert_int_equal(db_run(add), ERR_INVALID);
    db_bind_i64(add, 1, 9);
    assert_int_equal(db_run(add), ERR_INVALID);
    db_bind_i64(add, 1, 2);
    assert_int_equal(db_run(add), ERR_NONE);
    sqlite3_finalize(add);
    db_close(&db);
}

static void statement_that_gives_rows_breaks_the_promise_of_run(void **state)
{
    sqlite3 *db = open_memory("");
    sqlite3_stmt *s = NULL;

    (void)state;
    assert_int_equal(db_prepare(db, "SELECT 1", &s, NULL), ERR_NONE);
    assert_int_equal(db_run(s), ERR_PROMISE);
    sqlite3_finalize(s);
    db_close(&db);
}

static void results_have_their_meaning(void **state)
{
    (void)state;
    assert_int_equal(db_err(NULL, SQLITE_OK, NULL), ERR_NONE);
    assert_int_equal(db_err(NULL, SQLITE_ROW, NULL), ERR_NONE);
    assert_int_equal(db_err(NULL, SQLITE_DONE, NULL), ERR_NONE);
    assert_int_equal(db_err(NULL, SQLITE_FULL, NULL), ERR_FULL);
    assert_int_equal(db_err(NULL, SQLITE_NOMEM, NULL), ERR_NOMEM);
    assert_int_equal(db_err(NULL, SQLITE_IOERR_NOMEM, NULL), ERR_NOMEM);
    assert_int_equal(db_err(NULL, SQLITE_CORRUPT_VTAB, NULL), ERR_CORRUPT);
    assert_int_equal(db_err(NULL, SQLITE_NOTADB, NULL), ERR_CORRUPT);
    assert_int_equal(db_err(NULL, SQLITE_CONSTRAINT_UNIQUE, NULL), ERR_INVALID);
    assert_int_equal(db_err(NULL, SQLITE_BUSY, NULL), ERR_IO);
}

static void full_store_is_full(void **state)
{
    struct why why = { .code = "" };
    sqlite3 *db = open_memory("CREATE TABLE t(b BLOB) STRICT; PRAGMA max_page_count=4;");

    (void)state;
    assert_int_equal(db_exec(db, "INSERT INTO t VALUES(zeroblob(100000))", &why), ERR_FULL);
    assert_string_equal(why.code, "STORE");
    db_close(&db);
}

static void wrong_sql_says_why(void **state)
{
    struct why why = { .code = "" };
    sqlite3 *db = open_memory("");
    sqlite3_stmt *s = NULL;

    (void)state;
    assert_int_equal(db_prepare(db, "SELECT no_column", &s, &why), ERR_IO);
    assert_non_null(strstr(why.sentence, "no such column"));
    assert_null(s);
    db_close(&db);
}

static const char dumped[] =
    "CREATE TABLE zebra(seq INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
    "CREATE TABLE cursor(one INTEGER PRIMARY KEY) STRICT;"
    "CREATE TABLE only(filed_seq INTEGER) STRICT;"
    "CREATE TABLE \"odd \"\"name\"(\"a b\" TEXT, n INTEGER, r REAL, b BLOB, x_seq INTEGER,"
    " k TEXT, PRIMARY KEY(k, n)) STRICT;"
    "INSERT INTO zebra VALUES(1, 'z'), (2, 'a');"
    "INSERT INTO cursor VALUES(1);"
    "INSERT INTO only VALUES(5);"
    "INSERT INTO \"odd \"\"name\" VALUES('it''s', 10, 0.5, x'00ff', 7, 'b'),"
    " (NULL, 9, NULL, NULL, 8, 'b'), ('', 11, 1, x'', 9, 'a');";

static void assert_dump(sqlite3 *db, bool places, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(db_dump(db, places, out, NULL), ERR_NONE);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void dump_is_in_the_order_of_keys(void **state)
{
    sqlite3 *db = open_memory(dumped);

    (void)state;
    assert_dump(db, true,
                "cursor|one=1\n"
                "odd \"name|k='a'|n=11|a b=''|r=1.0|b=X''|x_seq=9\n"
                "odd \"name|k='b'|n=9|a b=NULL|r=NULL|b=NULL|x_seq=8\n"
                "odd \"name|k='b'|n=10|a b='it''s'|r=0.5|b=X'00FF'|x_seq=7\n"
                "only|filed_seq=5\n"
                "zebra|seq=1|name='z'\n"
                "zebra|seq=2|name='a'\n");
    db_close(&db);
}

static void dump_without_places_does_not_show_them_in_its_order_either(void **state)
{
    sqlite3 *db = open_memory(dumped);

    (void)state;
    assert_dump(db, false,
                "odd \"name|k='a'|n=11|a b=''|r=1.0|b=X''\n"
                "odd \"name|k='b'|n=9|a b=NULL|r=NULL|b=NULL\n"
                "odd \"name|k='b'|n=10|a b='it''s'|r=0.5|b=X'00FF'\n"
                "zebra|name='a'\n"
                "zebra|name='z'\n");
    db_close(&db);
}

static void dump_onto_a_full_disk_says_so(void **state)
{
    sqlite3 *db = open_memory(dumped);
    struct why why = { .code = "" };
    FILE *out = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(out);
    assert_int_equal(db_dump(db, true, out, &why), ERR_IO);
    assert_string_equal(why.code, "OUTPUT");
    fclose(out);
    db_close(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(store_is_opened_the_one_way),
        cmocka_unit_test(reader_cannot_write),
        cmocka_unit_test(what_cannot_be_opened_is_named),
        cmocka_unit_test(file_that_is_no_store_is_corrupt),
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(broken_constraint_is_invalid_and_leaves_the_statement_usable),
        cmocka_unit_test(statement_that_gives_rows_breaks_the_promise_of_run),
        cmocka_unit_test(results_have_their_meaning),
        cmocka_unit_test(full_store_is_full),
        cmocka_unit_test(wrong_sql_says_why),
        cmocka_unit_test(dump_is_in_the_order_of_keys),
        cmocka_unit_test(dump_without_places_does_not_show_them_in_its_order_either),
        cmocka_unit_test(dump_onto_a_full_disk_says_so),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
