/* test_rules_files.c - which files of law are proposed, in which order, and which are not. */
#include "services/cli/rules_files.h"

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

enum { ROOM = 8 };

struct fixture {
    char folder[32];
    struct rules_file list[ROOM];
    size_t count;
    struct why why;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    strcpy(f->folder, "/tmp/ocop-rules-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", f->folder);
    assert_int_equal(system(command), 0);
    unsetenv("OCOP_RULES");
    free(f);
    return 0;
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
    char path[96];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void write_all(struct fixture *f)
{
    write_file(f, "a-rubric.json", "{\"schema\":\"ocop-rubric/1\",\"id\":\"a-rubric\"}");
    write_file(f, "areas.json", "{\"schema\":\"ocop-areas/1\",\"id\":\"areas\"}");
    write_file(f, "b.json", "{\"schema\":\"ocop-rules/1\",\"id\":\"QD26_2026\"}");
    write_file(f, "c.json", "{\"schema\":\"ocop-rules/1\",\"id\":\"QD1048\"}");
    write_file(f, "days.json", "{\"schema\":\"ocop-calendar/1\",\"id\":\"days\"}");
    write_file(f, "README.md", "not law");
    write_file(f, ".hidden.json", "nor this");
}

static enum err read_folder(struct fixture *f)
{
    return rules_list_folder(f->folder, f->list, ROOM, &f->count, &f->why);
}

static void names(const struct fixture *f, char *out, size_t size)
{
    out[0] = 0;
    for (size_t i = 0; i < f->count; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s ", f->list[i].name);
}

static void rule_sets_come_first_and_rubrics_last(void **state)
{
    struct fixture *f = *state;
    char all[256];

    write_all(f);
    assert_int_equal(read_folder(f), ERR_NONE);
    names(f, all, sizeof all);
    assert_string_equal(all, "QD1048 QD26_2026 areas days a-rubric ");
}

static void bytes_that_are_no_text_are_not_told_of_excel(void **state)
{
    struct fixture *f = *state;

    write_file(f, "a.json", "{\"schema\":\"ocop-rules/1\",\n\"id\":\"C\xe0 ph\xea\"}");
    assert_int_equal(read_folder(f), ERR_INVALID);
    assert_non_null(strstr(f->why.sentence, "a.json:2: the bytes are not UTF-8; save the file as UTF-8"));
    assert_null(strstr(f->why.sentence, "CSV"));
    assert_null(strstr(f->why.sentence, "--encoding"));
}

static void what_is_adopted_is_left_out(void **state)
{
    struct fixture *f = *state;
    char all[256];
    json_t *adopted = json_loads("{\"rules\":[{\"name\":\"QD1048\",\"hash\":\"x\"},{\"name\":\"days\"},"
                                 "{\"name\":\"pushed-by-somebody\"}]}",
                                 0, NULL);

    assert_non_null(adopted);
    write_all(f);
    assert_int_equal(read_folder(f), ERR_NONE);
    rules_leave_new(f->list, &f->count, adopted);
    names(f, all, sizeof all);
    assert_string_equal(all, "QD26_2026 areas a-rubric ");
    json_decref(adopted);
}

static void a_file_that_cannot_be_proposed_is_named(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "{\"schema\":", "bad.json:1: this is no JSON" },
        { "{\"schema\":\"ocop-rules/1\"}", "bad.json: id: there must be an \"id\"" },
        { "{\"id\":\"a\",\"id\":\"b\"}", "bad.json:1: this is no JSON" },
        { "", "bad.json: the file is empty" },
    };
    struct fixture *f = *state;

    write_all(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        why_clear(&f->why);
        write_file(f, "bad.json", cases[i].text);
        assert_int_equal(read_folder(f), ERR_INVALID);
        assert_non_null(strstr(f->why.sentence, cases[i].says));
    }
}

static void a_folder_without_rules_or_with_too_many_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(read_folder(f), ERR_INVALID);
    assert_non_null(strstr(f->why.sentence, "there is no rules file in it"));
    why_clear(&f->why);
    write_all(f);
    assert_int_equal(rules_list_folder(f->folder, f->list, 3, &f->count, &f->why), ERR_LIMIT);
}

static void the_environment_says_where_the_shipped_files_lie(void **state)
{
    struct fixture *f = *state;
    char folder[CONFIG_TEXT_MAX];

    setenv("OCOP_RULES", f->folder, 1);
    assert_int_equal(rules_folder(folder, &f->why), ERR_NONE);
    assert_string_equal(folder, f->folder);
    setenv("OCOP_RULES", "/nowhere/at/all", 1);
    assert_int_equal(rules_folder(folder, &f->why), ERR_CONFIG);
    assert_non_null(strstr(f->why.sentence, "/nowhere/at/all"));
    unsetenv("OCOP_RULES");
    assert_int_equal(rules_folder(folder, &f->why), ERR_NONE);
    assert_non_null(strstr(folder, "rules"));
}

static void the_bytes_of_a_file_go_out_as_they_are(void **state)
{
    static const char text[] = "{ \"schema\": \"ocop-rubric/1\",\n  \"id\": \"x-1\" }\n";
    struct fixture *f = *state;
    struct rules_file file = { .turn = RULES_TURN_OTHER };
    struct buf data = { 0 };
    msgpack_zone zone;
    msgpack_object map;
    struct slice name;
    const msgpack_object *bytes;

    write_file(f, "x.json", text);
    snprintf(file.path, sizeof file.path, "%s/x.json", f->folder);
    assert_int_equal(rules_file_read(&file, &data, &f->why), ERR_NONE);
    assert_int_equal(file.turn, RULES_TURN_RUBRIC);
    msgpack_zone_init(&zone, 1024);
    assert_int_equal(mp_read(buf_slice(&data), &zone, &map, &f->why), ERR_NONE);
    assert_true(mp_text(mp_find(&map, "name"), &name));
    assert_true(slice_is(name, "x-1"));
    bytes = mp_find(&map, "bytes");
    assert_int_equal(bytes->type, MSGPACK_OBJECT_BIN);
    assert_int_equal(bytes->via.bin.size, sizeof text - 1);
    assert_memory_equal(bytes->via.bin.ptr, text, sizeof text - 1);
    msgpack_zone_destroy(&zone);
    buf_fini(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rule_sets_come_first_and_rubrics_last, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_text_are_not_told_of_excel, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_adopted_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_proposed_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_without_rules_or_with_too_many_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_environment_says_where_the_shipped_files_lie, setup, teardown),
        cmocka_unit_test_setup_teardown(the_bytes_of_a_file_go_out_as_they_are, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
