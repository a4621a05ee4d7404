/* test_list.c - published lists of certified products become records, exactly; and what the lists may not do.
 */
#include "services/cli/rows.h"

#include "common/mp.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define HEADER                                                                                               \
    "product_name,producer,producer_type,sector,commune,district,province,province_code,stars,score,"        \
    "decision,recognised_on,source\n"

struct fixture {
    struct rows rows;
    char *problems;
    size_t size;
    char path[64]; /* of a written file; else empty */
    msgpack_zone zone;
};

static void begin(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->rows.out = open_memstream(&f->problems, &f->size);
    msgpack_zone_init(&f->zone, 4096);
}

static void read_file(struct fixture *f, const char *path, const char *type)
{
    struct rows_settings settings = { .type = type, .publisher = "archive" };
    struct why why = { 0 };

    assert_int_equal(rows_read(&f->rows, path, &settings, &why), ERR_NONE);
    assert_int_equal(rows_same(&f->rows), ERR_NONE);
    fflush(f->rows.out);
}

static void read_text(struct fixture *f, const char *text, const char *type)
{
    FILE *out;
    int fd;

    strcpy(f->path, "/tmp/ocop-list-XXXXXX");
    fd = mkstemp(f->path);
    assert_true(fd >= 0);
    out = fdopen(fd, "w");
    fputs(text, out);
    fclose(out);
    read_file(f, f->path, type);
}

static void end(struct fixture *f)
{
    msgpack_zone_destroy(&f->zone);
    fclose(f->rows.out);
    free(f->problems);
    rows_fini(&f->rows);
    if (f->path[0]) unlink(f->path);
}

static msgpack_object row_of(struct fixture *f, size_t i)
{
    msgpack_object map;
    struct why why = { 0 };
    const struct row_event *row = &f->rows.list[i];

    assert_true(i < f->rows.count);
    assert_int_equal(mp_read(slice_of(row->data, row->size), &f->zone, &map, &why), ERR_NONE);
    return map;
}

static void assert_text(const msgpack_object *map, const char *field, const char *expected)
{
    struct slice text;

    if (!expected) {
        assert_null(mp_find(map, field));
        return;
    }
    assert_true(mp_text(mp_find(map, field), &text));
    assert_true(slice_is(text, expected));
}

/* -1: absent. */
static void assert_number(const msgpack_object *map, const char *field, int64_t expected)
{
    int64_t number = -1;

    if (expected < 0)
        assert_null(mp_find(map, field));
    else
        assert_true(mp_i64(mp_find(map, field), &number));
    assert_int_equal(number, expected);
}

static void rows_of_real_lists_become_records(void **state)
{
    static const struct {
        const char *name, *owner, *owner_kind, *commune, *province, *number, *issued_on;
        int64_t star, mean;
    } rows[] = {
        { "Trà Kim ngân hoa túi lọc", "Công ty TNHH MTV TM&DV Thái Minh Nguyên", "enterprise",
          "Thị trấn Chợ Mới", "89", "2497/QĐ-UBND", "2022-10-10", 4, 7100 },
        { "Lò mò Pđăm (Khô bò)", "Hộ kinh doanh ANAS", "household", "Xã Châu Phong", "89", "2497/QĐ-UBND",
          "2022-10-10", 3, 5630 },
        { "Trịnh Năng Curcumin", "Công ty TNHH Nhiệt Công nghiệp HTL", "enterprise", NULL, "06", NULL,
          "2018-12-16", 4, -1 },
        { "Gạo sạch Triệu Phong", "HTX Nông sản sạch Triệu Phong", "cooperative", NULL, "45", "136/QĐ-UBND",
          "2020-01-15", 4, -1 },
        { "Bột ngũ cốc", NULL, NULL, NULL, "45", "136/QĐ-UBND", "2020-01-15", 3, -1 },
    };
    struct fixture f;

    (void)state;
    begin(&f);
    read_file(&f, "tests/data/published-list.csv", NULL);
    assert_string_equal(f.problems, "");
    assert_int_equal(f.rows.count, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < f.rows.count; i++) {
        msgpack_object map = row_of(&f, i);
        struct slice source;

        assert_string_equal(f.rows.list[i].kind->type, "certification.record.filed");
        assert_string_equal(f.rows.list[i].province, rows[i].province);
        assert_text(&map, "province", rows[i].province);
        assert_text(&map, "name", rows[i].name);
        assert_text(&map, "owner", rows[i].owner);
        assert_text(&map, "owner_kind", rows[i].owner_kind);
        assert_text(&map, "commune", rows[i].commune);
        assert_text(&map, "number", rows[i].number);
        assert_text(&map, "issued_on", rows[i].issued_on);
        assert_number(&map, "star", rows[i].star);
        assert_number(&map, "mean_hundredths", rows[i].mean);
        assert_true(mp_text(mp_find(&map, "source"), &source));
        assert_true(slice_starts(source, slice_text("https://")));
    }
    end(&f);
}

static void a_score_is_read_to_the_hundredth_or_not_at_all(void **state)
{
    static const struct {
        const char *score;
        int64_t mean; /* -1: refused */
    } cases[] = {
        { "71", 7100 }, { "71.5", 7150 }, { "71.05", 7105 },   { "\"71,25\"", 7125 }, { " 9.99 ", 999 },
        { "0", 0 },     { "100", 10000 }, { "100.00", 10000 }, { "100.01", -1 },      { "71.005", -1 },
        { "71.", -1 },  { ".5", -1 },     { "7 1", -1 },       { "-1", -1 },          { "71.0.0", -1 },
        { "1e2", -1 },  { "71.00đ", -1 }, { "1000", -1 },      { "99999999999", -1 },
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        msgpack_object map;

        print_message("%s\n", cases[i].score);
        begin(&f);
        snprintf(text, sizeof text, HEADER "A,,,,,,,06,3,%s,,2018-12-16,s\n", cases[i].score);
        read_text(&f, text, NULL);
        assert_int_equal(f.rows.problems, cases[i].mean < 0);
        if (cases[i].mean < 0) {
            assert_non_null(strstr(f.problems, ":2: score: \""));
        } else {
            map = row_of(&f, 0);
            assert_number(&map, "mean_hundredths", cases[i].mean);
        }
        end(&f);
    }
}

static void kinds_of_producers_are_compared_as_names_are(void **state)
{
    static const struct {
        const char *said, *kind;
    } cases[] = {
        { "hợp tác xã", "cooperative" },
        { "  Hợp  tác   XÃ ", "cooperative" },
        { "ho\xcc\x9b\xcc\xa3p ta\xcc\x81"
          "c xa\xcc\x83",
          "cooperative" }, /* the same letters, their marks apart */
        { "tổ hợp tác", "cooperative_group" },
        { "doanh nghiệp", "enterprise" },
        { "hộ kinh doanh", "household" },
        { "cơ sở sản xuất", "facility" },
        { "trang trại", "farm" },
        { "cá nhân", "other" },
        { "khác", "other" },
        { "association", "association" },
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        msgpack_object map;

        print_message("%s\n", cases[i].said);
        begin(&f);
        snprintf(text, sizeof text, HEADER "A,B,%s,,,,,06,3,,,2018-12-16,s\n", cases[i].said);
        read_text(&f, text, NULL);
        assert_string_equal(f.problems, "");
        map = row_of(&f, 0);
        assert_text(&map, "owner_kind", cases[i].kind);
        end(&f);
    }
}

static void problems_of_a_list_name_its_own_columns(void **state)
{
    static const char *const says[] = {
        ":2: producer_type: \"công ty\" is no kind of producer; write hợp tác xã, ",
        ":2: province_code: ",
        ":2: stars: ",
        ":2: recognised_on: no day stands here",
        "find the date of the decision and write it as 2018-12-16, or take the row out",
        ":3: recognised_on: ",
        ":3: source: this cell is empty",
    };
    struct fixture f;

    (void)state;
    begin(&f);
    read_text(&f,
              HEADER "A,B,công ty,,,,,6,2,,,,s\n"
                     "A,B,,,,,,06,3,,,16/12/2018,\n",
              NULL);
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++)
        assert_non_null(strstr(f.problems, says[i]));
    assert_int_equal(f.rows.problems, 6);
    end(&f);
}

static void a_list_without_a_needed_column_is_refused_once(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    read_text(&f, "product_name,stars,province_code,source\nA,3,06,s\nB,3,06,s\n", "record.filed");
    assert_non_null(strstr(f.problems, ":1: recognised_on: this column is missing"));
    assert_int_equal(f.rows.problems, 1);
    end(&f);
}

static void totals_are_left_out_with_one_line(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    read_file(&f, "tests/data/totals-by-day.csv", NULL);
    assert_string_equal(f.problems,
                        "tests/data/totals-by-day.csv: left out: it holds totals by day, not certificates\n");
    assert_int_equal(f.rows.problems, 0);
    assert_int_equal(f.rows.count, 0);
    assert_int_equal(f.rows.left_out, 1);
    read_file(&f, "tests/data/published-list.csv", NULL);
    assert_int_equal(f.rows.count, 5);
    end(&f);
}

static void a_list_is_also_read_as_its_event_under_its_own_names(void **state)
{
    struct fixture f;
    msgpack_object map;

    (void)state;
    begin(&f);
    read_text(&f,
              "province,name,star,issued_on,source,mean_hundredths\n"
              "06,Miến dong,4,2018-12-16,s,7100\n",
              "record.filed");
    assert_string_equal(f.problems, "");
    map = row_of(&f, 0);
    assert_text(&map, "province", "06");
    assert_number(&map, "mean_hundredths", 7100);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_real_lists_become_records),
        cmocka_unit_test(a_score_is_read_to_the_hundredth_or_not_at_all),
        cmocka_unit_test(kinds_of_producers_are_compared_as_names_are),
        cmocka_unit_test(problems_of_a_list_name_its_own_columns),
        cmocka_unit_test(a_list_without_a_needed_column_is_refused_once),
        cmocka_unit_test(totals_are_left_out_with_one_line),
        cmocka_unit_test(a_list_is_also_read_as_its_event_under_its_own_names),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
