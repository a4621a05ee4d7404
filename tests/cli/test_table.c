/* test_table.c - files as people's programs write them. */
#include "services/cli/table.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

/* Rows as text: cells joined by '|', rows by '/'. */
static enum err read_table(const char *bytes, size_t size, const char *encoding, char *out, size_t out_size,
                           struct why *why)
{
    char path[] = "/tmp/ocop-table-XXXXXX";
    int fd = mkstemp(path);
    struct text_file file = { 0 };
    struct table t = { 0 };
    struct slice cells[TABLE_COLUMNS_MAX];
    size_t count = 0, used = 0;
    uint32_t line;
    enum err e;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    close(fd);
    out[0] = 0;
    e = text_file_read(path, encoding, &file, why);
    if (!e) e = table_init(&t, &file, "t.csv", why);
    while (!e && !(e = table_row(&t, cells, &count, &line, why)) && count) {
        for (size_t i = 0; i < count; i++) {
            used += (size_t)snprintf(out + used, out_size - used, "%.*s%s", SLICE_ARG(cells[i]),
                                     i + 1 < count ? "|" : "/");
        }
    }
    table_fini(&t);
    text_file_fini(&file);
    unlink(path);
    return e;
}

#define BYTES(text) text, sizeof(text) - 1

static void tables_of_all_kinds_are_read_alike(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t size;
        const char *encoding, *rows;
    } cases[] = {
        { "commas", BYTES("a,b\n1,2\n"), NULL, "a|b/1|2/" },
        { "semicolons, CRLF, no last line end", BYTES("a;b\r\n1;2,5"), NULL, "a|b/1|2,5/" },
        { "tabs", BYTES("a\tb\n1\t2\n"), NULL, "a|b/1|2/" },
        { "BOM",
          BYTES("\xef\xbb\xbf"
                "a,b\n1,2\n"),
          NULL, "a|b/1|2/" },
        { "quotes", BYTES("a,b\n\"x \"\"y\"\"\",\"1,2\n3\"\n"), NULL, "a|b/x \"y\"|1,2\n3/" },
        { "empty cells", BYTES("a,b,c\n,,\n"), NULL, "a|b|c/||/" },
        { "UTF-16 little",
          BYTES("\xff\xfe"
                "a\0,\0b\0\n\0\xc0\x1e,\0x\0"),
          NULL, "a|b/Ề|x/" },
        { "UTF-16 big",
          BYTES("\xfe\xff"
                "\0a\0,\0b\0\n\x1e\xc0\0,\0x"),
          NULL, "a|b/Ề|x/" },
        { "Windows-1258, composed", BYTES("a,b\nC\xe0 ph\xea,Vi\xea\xf2t\n"), "cp1258", "a|b/Cà phê|Việt/" },
        { "UTF-8 stays what it is", BYTES("a,b\nCà phê,x\n"), "cp1258", "a|b/Cà phê|x/" },
        { "Excel's sep=", BYTES("sep=;\r\na;b,c\r\n1;2\r\n"), NULL, "a|b,c/1|2/" },
        { "Excel's sep= in quotes, a tab", BYTES("\"sep=\t\"\na,b\tc\n"), NULL, "a,b|c/" },
        { "a column that is called sep", BYTES("sep,b\n1,2\n"), NULL, "sep|b/1|2/" },
        { "a semicolon inside a quoted header", BYTES("\"a;;;\",b\n1,2\n"), NULL, "a;;;|b/1|2/" },
    };
    char rows[512];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct why why = { 0 };

        print_message("%s\n", cases[i].what);
        assert_int_equal(
            read_table(cases[i].bytes, cases[i].size, cases[i].encoding, rows, sizeof rows, &why), ERR_NONE);
        assert_string_equal(rows, cases[i].rows);
    }
}

static void what_is_no_table_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t size;
        const char *says;
    } cases[] = {
        { "empty", BYTES(""), "empty" },
        { "another encoding", BYTES("a,b\nok,1\nC\xe0 ph\xea,2\n"), ":3: the bytes are not UTF-8" },
        { "a quote that never ends", BYTES("a,b\n1,2\n\"x,3\n4,5\n"), ":3: a quote opened" },
        { "text behind a quote", BYTES("a,b\n\"x\"y,3\n"), ":2: text follows" },
        { "sep= and nothing below", BYTES("sep=;\n"), ":1: there is no header line below" },
        { "below sep= lines are counted on", BYTES("sep=;\na;b\n\"x\"y;3\n"), ":3: text follows" },
        { "a zero byte", BYTES("a,b\n1,\0\n"), ":2: there is a zero byte" },
    };
    char rows[512];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct why why = { 0 };

        print_message("%s\n", cases[i].what);
        assert_int_equal(read_table(cases[i].bytes, cases[i].size, NULL, rows, sizeof rows, &why),
                         ERR_INVALID);
        assert_non_null(strstr(why.sentence, cases[i].says));
    }
}

static void lines_that_end_in_cr_alone_are_refused_in_one_sentence(void **state)
{
    static const struct {
        const char *bytes;
        enum err e;
    } cases[] = {
        { "a,b\r1,2\r", ERR_INVALID },     { "a,b\r1,2\n", ERR_INVALID }, { "a,b\r\n1,2\r\n", ERR_NONE },
        { "a,b\n\"1\r2\",2\n", ERR_NONE }, { "a,b\r", ERR_NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct text_file file = { (char *)(uintptr_t)cases[i].bytes, strlen(cases[i].bytes) };
        struct why why = { 0 };

        assert_int_equal(text_file_check_lines(&file, "f.csv", &why), cases[i].e);
        if (cases[i].e) assert_non_null(strstr(why.sentence, "f.csv:1: the lines end in CR alone"));
    }
}

static void a_line_beyond_the_limit_is_named(void **state)
{
    size_t size = TABLE_LINE_MAX + 100;
    char *bytes = malloc(size), rows[64];
    struct why why = { 0 };

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'a', size);
    memcpy(bytes, "a,b\n1,2\n", 8);
    assert_int_equal(read_table(bytes, size, NULL, rows, sizeof rows, &why), ERR_INVALID);
    assert_non_null(strstr(why.sentence, "line 3 is longer than 1 MiB"));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_of_all_kinds_are_read_alike),
        cmocka_unit_test(what_is_no_table_is_refused_with_its_line),
        cmocka_unit_test(lines_that_end_in_cr_alone_are_refused_in_one_sentence),
        cmocka_unit_test(a_line_beyond_the_limit_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
