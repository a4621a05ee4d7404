/* test_rows.c - rows of text become events, or are refused with file, line and field. */
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

struct fixture {
    struct rows rows;
    char *problems;
    size_t size;
    char folder[32], path[96];
};

static void begin(struct fixture *f, const char *name, const char *text)
{
    FILE *out;

    memset(f, 0, sizeof *f);
    strcpy(f->folder, "/tmp/ocop-rows-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/%s", f->folder, name);
    out = fopen(f->path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    f->rows.out = open_memstream(&f->problems, &f->size);
}

static void read_it(struct fixture *f, const char *type, const char *province)
{
    struct rows_settings settings = { .type = type, .province = province, .publisher = "tinh-bac-kan" };
    struct why why = { 0 };

    assert_int_equal(rows_read(&f->rows, f->path, &settings, &why), ERR_NONE);
    assert_int_equal(rows_same(&f->rows), ERR_NONE);
    fflush(f->rows.out);
}

static void end(struct fixture *f)
{
    fclose(f->rows.out);
    free(f->problems);
    rows_fini(&f->rows);
    unlink(f->path);
    rmdir(f->folder);
}

static msgpack_object unpack(const struct row_event *row, msgpack_zone *zone)
{
    msgpack_object map;
    struct why why = { 0 };

    assert_int_equal(mp_read(slice_of(row->data, row->size), zone, &map, &why), ERR_NONE);
    return map;
}

static void a_row_becomes_an_event_by_its_field_table(void **state)
{
    struct fixture f;
    msgpack_zone zone;
    msgpack_object map;
    int64_t number;
    struct slice text;

    (void)state;
    begin(&f, "plan.filed-2018.csv",
          "province;title;year_from;year_to;products;budget_vnd;note\n"
          "06;\"Đề án \"\"OCOP\"\"\";2018;2020;89;93000000000;for people\n");
    read_it(&f, NULL, NULL);
    assert_string_equal(f.problems, "");
    assert_int_equal(f.rows.count, 1);
    assert_string_equal(f.rows.list[0].kind->type, "intake.plan.filed");
    assert_string_equal(f.rows.list[0].province, "06");
    assert_int_equal(f.rows.list[0].line, 2);
    msgpack_zone_init(&zone, 1024);
    map = unpack(&f.rows.list[0], &zone);
    assert_true(mp_i64(mp_find(&map, "budget_vnd"), &number));
    assert_int_equal(number, 93000000000);
    assert_true(mp_text(mp_find(&map, "title"), &text));
    assert_true(slice_is(text, "Đề án \"OCOP\""));
    assert_null(mp_find(&map, "note"));
    assert_null(mp_find(&map, "remark"));
    msgpack_zone_destroy(&zone);
    end(&f);
}

static void rows_below_continue_their_lists(void **state)
{
    struct fixture f;
    msgpack_zone zone;
    msgpack_object map;

    (void)state;
    begin(&f, "council.formed.csv",
          "council,level,province,round,rule_set,members.member,members.seat\n"
          "BK-1,province,06,2018-2,provisional-2018,m1,chair\n"
          ",,,,,m2,member\n"
          ",,,,,m3,secretary\n"
          "BK-2,province,06,2018-2,provisional-2018,m1,chair\n");
    read_it(&f, NULL, NULL);
    assert_string_equal(f.problems, "");
    assert_int_equal(f.rows.count, 2);
    msgpack_zone_init(&zone, 1024);
    map = unpack(&f.rows.list[0], &zone);
    assert_int_equal(mp_find(&map, "members")->via.array.size, 3);
    map = unpack(&f.rows.list[1], &zone);
    assert_int_equal(mp_find(&map, "members")->via.array.size, 1);
    assert_int_equal(f.rows.list[1].line, 5);
    msgpack_zone_destroy(&zone);
    end(&f);
}

static void json_lines_and_csv_of_the_same_row_are_the_same_event(void **state)
{
    struct fixture a, b;

    (void)state;
    begin(&a, "plan.filed.csv",
          "province,title,year_from,year_to,products,budget_vnd\n06,Đề án,2018,2020,89,93\n");
    read_it(&a, NULL, NULL);
    begin(
        &b, "any.jsonl",
        "{\"type\":\"intake.plan.filed\",\"data\":{\"budget_vnd\":93,\"title\":\"Đề án\",\"province\":\"06\","
        "\"year_from\":2018,\"year_to\":2020,\"products\":89}}\n");
    read_it(&b, NULL, NULL);
    assert_string_equal(b.problems, "");
    assert_int_equal(b.rows.count, 1);
    assert_string_equal(a.rows.list[0].id, b.rows.list[0].id);
    end(&a);
    end(&b);
}

static void the_province_of_the_topic_may_stand_in_a_column(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "round.closed.csv", "council,closed_on,province\nBK-1,2018-12-16,06\nBK-2,2018-12-16,\n");
    read_it(&f, NULL, "08");
    assert_string_equal(f.problems, "");
    assert_string_equal(f.rows.list[0].province, "06");
    assert_string_equal(f.rows.list[1].province, "08");
    end(&f);
}

static void every_problem_is_told_with_line_and_field(void **state)
{
    static const char *const says[] = {
        "plan.filed.csv:2: province: ",   "plan.filed.csv:2: title: ",
        "plan.filed.csv:3: year_from: ",  "plan.filed.csv:4: the row has 2 cells",
        "plan.filed.csv:5: budget_vnd: ", NULL,
    };
    struct fixture f;

    (void)state;
    begin(&f, "plan.filed.csv",
          "province,title,year_from,year_to,products,budget_vnd\n"
          "6,,2018,2020,89,93\n"
          "06,T,1918,2020,89,93\n"
          "06,T\n"
          "06,T,2018,2020,89,4.146 tỷ\n");
    read_it(&f, NULL, NULL);
    for (size_t i = 0; says[i]; i++)
        assert_non_null(strstr(f.problems, says[i]));
    assert_int_equal(f.rows.problems, 5);
    end(&f);
}

static void a_number_that_is_none_is_quoted(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "rows.csv",
          "reference,province,samples,items.item,items.bytes\n"
          "A,06,1.000,form,\n"
          ",,,report,4 MB\n");
    read_it(&f, "dossier.filed", NULL);
    assert_non_null(
        strstr(f.problems, ":2: samples: \"1.000\" stands here; it must be a whole number from 0 to 100"));
    assert_non_null(strstr(f.problems, ":2: items[1].bytes: \"4 MB\" stands here"));
    assert_int_equal(f.rows.problems, 2);
    end(&f);
}

static void lines_below_sep_are_counted_on(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "round.closed.csv", "sep=;\ncouncil;closed_on;provnce\nA;2018-12-16;06\n");
    read_it(&f, NULL, NULL);
    assert_non_null(strstr(f.problems, "round.closed.csv:2: provnce: "));
    assert_int_equal(f.rows.problems, 1);
    end(&f);
}

/* Fill every column of a template with something of its shape: whatever can be pushed can be pushed as CSV.
 */
static void cell_of(const struct field *f, char *out, size_t size)
{
    switch (f->kind) {
    case FIELD_TEXT:
        snprintf(out, size, "chữ");
        return;
    case FIELD_ID:
        snprintf(out, size, "%.*s", (int)(f->least > 2 ? f->least : 2),
                 "0123456789012345678901234567890123456789012345678901234567890123");
        return;
    case FIELD_FACT:
        snprintf(out, size, "@A-1");
        return;
    case FIELD_NUM:
        snprintf(out, size, "%lld", (long long)f->least);
        return;
    case FIELD_DAY:
        snprintf(out, size, "2026-05-22");
        return;
    case FIELD_FLAG:
        snprintf(out, size, "có");
        return;
    case FIELD_PICK:
        snprintf(out, size, "%s", f->words[0]);
        return;
    case FIELD_BYTES:
    case FIELD_LIST:
        snprintf(out, size, "{}");
        return;
    }
}

static void write_template(FILE *out, const struct event_kind *kind)
{
    char cell[128];
    const char *between = "";

    rows_template(out, kind, ';');
    for (size_t i = 0; i < kind->field_count; i++) {
        const struct field *f = &kind->fields[i];
        const size_t cells = f->kind == FIELD_LIST ? f->item->field_count : 1;

        for (size_t j = 0; j < cells; j++) {
            cell_of(f->kind == FIELD_LIST ? &f->item->fields[j] : f, cell, sizeof cell);
            fprintf(out, "%s%s", between, cell);
            between = ";";
        }
    }
}

static bool names_province(const struct event_kind *kind)
{
    for (size_t i = 0; i < kind->field_count; i++)
        if (!strcmp(kind->fields[i].name, "province")) return true;
    return false;
}

static void every_event_that_can_be_pushed_can_be_pushed_from_its_template(void **state)
{
    size_t kinds = 0;

    (void)state;
    for (const struct event_kind *const *k = event_kinds; *k; k++) {
        struct fixture f;
        char *text = NULL;
        size_t size = 0;
        FILE *out;

        if (!event_permitted(*k, slice_text("tinh-bac-kan"))) continue;
        print_message("%s\n", (*k)->type);
        out = open_memstream(&text, &size);
        write_template(out, *k);
        fprintf(out, "%s\n", names_province(*k) ? "" : ";06");
        fclose(out);
        begin(&f, "rows.csv", text);
        read_it(&f, (*k)->type, NULL);
        assert_string_equal(f.problems, "");
        assert_int_equal(f.rows.count, 1);
        end(&f);
        free(text);
        kinds++;
    }
    assert_true(kinds >= 19);
}

static void a_mistyped_column_is_told_its_nearest_name(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "decision.signed.csv",
          "number,signed_on,authority,province,items.product,items.ratd,items.star\n");
    read_it(&f, NULL, NULL);
    assert_non_null(strstr(f.problems, ":1: items.ratd: "));
    assert_non_null(strstr(f.problems, "did you mean items.rated?"));
    end(&f);
}

static void the_same_row_twice_names_both_lines(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "round.closed.csv", "council,closed_on\nA,2018-12-16\nB,2018-12-16\nA,2018-12-16\n");
    read_it(&f, NULL, NULL);
    assert_non_null(strstr(f.problems, "round.closed.csv:4: this row says the same as "));
    assert_non_null(strstr(f.problems, "round.closed.csv:2, in every field"));
    end(&f);
}

static void an_unknown_event_lists_those_that_can_be_pushed(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "rows.csv", "a,b\n1,2\n");
    read_it(&f, NULL, NULL);
    assert_non_null(strstr(f.problems, "sheet.submitted"));
    assert_null(strstr(f.problems, "dossier.accepted"));
    end(&f);
}

/* --- references --- */

static enum err find_ref(void *context, const char *type, struct slice ref, const char *want,
                         char out[ENVELOPE_ID_MAX + 1], struct why *why)
{
    char *seen = context;

    (void)why;
    snprintf(seen + strlen(seen), 512 - strlen(seen), "%s %.*s %s\n", type, SLICE_ARG(ref), want);
    snprintf(out, ENVELOPE_ID_MAX + 1, "found-%s", want);
    return ERR_NONE;
}

static void references_are_asked_of_the_fact_they_stand_beside(void **state)
{
    struct fixture f;
    char seen[512] = "", before[HASH_ID_TEXT + 1];
    msgpack_zone zone;
    msgpack_object map;
    struct slice text;
    struct why why = { 0 };

    (void)state;
    begin(&f, "decision.signed.csv",
          "number,signed_on,authority,province,items.product,items.rated,items.star\n"
          "136/QĐ-UBND,2018-12-28,province,06,@BK-1,@BK-1,4\n"
          ",,,,06-058-01858-2-2018,0123,3\n");
    read_it(&f, NULL, NULL);
    assert_string_equal(f.problems, "");
    assert_true(f.rows.list[0].has_refs);
    memcpy(before, f.rows.list[0].id, sizeof before);
    assert_int_equal(rows_resolve(&f.rows.list[0], "tinh-bac-kan", find_ref, seen, &why), ERR_NONE);
    assert_string_equal(seen, "scoring.product.rated BK-1 product\nscoring.product.rated BK-1 id\n");
    assert_string_not_equal(before, f.rows.list[0].id);
    msgpack_zone_init(&zone, 1024);
    map = unpack(&f.rows.list[0], &zone);
    map = mp_find(&map, "items")->via.array.ptr[0];
    assert_true(mp_text(mp_find(&map, "rated"), &text));
    assert_true(slice_is(text, "found-id"));
    msgpack_zone_destroy(&zone);
    end(&f);
}

static void what_is_pushed_after_a_result_is_asked_of_whom_it_stands_with(void **state)
{
    static const struct {
        const char *name, *text, *asked;
    } cases[] = {
        { "conflict.declared.csv", "council,member,dossier\nBK-1,m1,@BK18-01\n",
          "intake.dossier.accepted BK18-01 id\n" },
        { "dossier.filed.csv",
          "reference,province,kind,product_code,certificate\nBK-2,06,upgrade,@BK-1,@BK-1\n",
          "intake.dossier.accepted BK-1 product\ncertification.certificate.issued BK-1 certificate\n" },
        { "finding.filed.csv", "province,certificate,ground,found_on\n06,@BK-1,criteria_lost,2019-05-01\n",
          "certification.certificate.issued BK-1 certificate\n" },
        { "dismissal.decided.csv", "finding,authority,province,reason\n@OCOP-06-2018-0001,province,06,x\n",
          "certification.finding.registered OCOP-06-2018-0001 id\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        char seen[512] = "";
        struct why why = { 0 };

        print_message("%s\n", cases[i].name);
        begin(&f, cases[i].name, cases[i].text);
        read_it(&f, NULL, NULL);
        assert_string_equal(f.problems, "");
        assert_true(f.rows.list[0].has_refs);
        assert_int_equal(rows_resolve(&f.rows.list[0], "tinh-bac-kan", find_ref, seen, &why), ERR_NONE);
        assert_string_equal(seen, cases[i].asked);
        end(&f);
    }
}

static void what_is_told_of_a_file_is_text_for_a_terminal(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "plan.filed.jsonl", "{\"title\": \"1/Q\\u\xc3\x96\xc3\x8e\"}\n");
    read_it(&f, NULL, NULL);
    assert_int_equal(f.rows.problems, 1);
    assert_non_null(strstr(f.problems, "'\"1/Q\\u?'\n"));
    end(&f);
    begin(&f, "plan.filed.csv", "pro\x1b[2Jvince;title\n06;x\n");
    read_it(&f, NULL, NULL);
    assert_true(f.rows.problems > 0);
    assert_non_null(strstr(f.problems, "pro?[2Jvince"));
    assert_null(strchr(f.problems, '\x1b'));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_becomes_an_event_by_its_field_table),
        cmocka_unit_test(rows_below_continue_their_lists),
        cmocka_unit_test(json_lines_and_csv_of_the_same_row_are_the_same_event),
        cmocka_unit_test(the_province_of_the_topic_may_stand_in_a_column),
        cmocka_unit_test(every_problem_is_told_with_line_and_field),
        cmocka_unit_test(a_number_that_is_none_is_quoted),
        cmocka_unit_test(lines_below_sep_are_counted_on),
        cmocka_unit_test(every_event_that_can_be_pushed_can_be_pushed_from_its_template),
        cmocka_unit_test(a_mistyped_column_is_told_its_nearest_name),
        cmocka_unit_test(the_same_row_twice_names_both_lines),
        cmocka_unit_test(an_unknown_event_lists_those_that_can_be_pushed),
        cmocka_unit_test(references_are_asked_of_the_fact_they_stand_beside),
        cmocka_unit_test(what_is_pushed_after_a_result_is_asked_of_whom_it_stands_with),
        cmocka_unit_test(what_is_told_of_a_file_is_text_for_a_terminal),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
