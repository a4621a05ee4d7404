/* test_describe.c - EVENTS.md and events.json in the tree say what events.def says. Run from the source root.
 */
#include "common/text.h"
#include "proto/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

static char *described(void (*describe)(void *out_file), size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);

    assert_non_null(out);
    describe(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_current(const char *path, void (*describe)(void *out_file), const char *option)
{
    size_t size, got;
    char *want = described(describe, &size), *have = malloc(size + 1);
    FILE *in = fopen(path, "rb");

    assert_non_null(have);
    if (!in) fail_msg("%s is not there; make it: ocop-describe %s > %s", path, option, path);
    got = fread(have, 1, size + 1, in);
    fclose(in);
    if (!slice_equal(slice_of(want, size), slice_of(have, got)))
        fail_msg("%s is not current; make it anew: ocop-describe %s > %s", path, option, path);
    free(want);
    free(have);
}

static void page_is_current(void **state)
{
    (void)state;
    assert_current("proto/EVENTS.md", describe_markdown, "--markdown");
}

static void json_is_current(void **state)
{
    (void)state;
    assert_current("proto/events.json", describe_json, "--json");
}

static void assert_fields(const json_t *fields, const struct event_kind *kind)
{
    size_t i;

    assert_int_equal(json_array_size(fields), kind->field_count);
    for (i = 0; i < kind->field_count; i++) {
        const json_t *o = json_array_get(fields, i);
        const struct field *f = &kind->fields[i];

        assert_string_equal(json_string_value(json_object_get(o, "name")), f->name);
        assert_string_equal(json_string_value(json_object_get(o, "kind")), field_kind_names[f->kind]);
        assert_int_equal(json_is_true(json_object_get(o, "required")), f->required);
        assert_int_equal(json_integer_value(json_object_get(o, "least")), f->least);
        assert_int_equal(json_integer_value(json_object_get(o, "most")), f->most);
        assert_string_equal(json_string_value(json_object_get(o, "doc")), f->doc);
        assert_int_equal(json_is_array(json_object_get(o, "words")), f->words != NULL);
        assert_int_equal(json_is_string(json_object_get(o, "fact")), f->fact != NULL);
        if (f->item) assert_fields(json_object_get(o, "fields"), f->item);
    }
}

static void json_holds_every_event(void **state)
{
    size_t size, i;
    char *text = described(describe_json, &size);
    json_error_t error;
    json_t *all;

    (void)state;
    assert_true(text_is_utf8(slice_of(text, size)));
    all = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(all);
    for (i = 0; event_kinds[i]; i++) {
        const json_t *o = json_array_get(all, i);

        assert_string_equal(json_string_value(json_object_get(o, "name")), event_kinds[i]->name);
        assert_string_equal(json_string_value(json_object_get(o, "type")), event_kinds[i]->type);
        assert_string_equal(json_string_value(json_object_get(o, "origin")),
                            event_origin_name(event_kinds[i]->origin));
        assert_fields(json_object_get(o, "fields"), event_kinds[i]);
    }
    assert_int_equal(json_array_size(all), i);
    json_decref(all);
    free(text);
}

static void page_is_utf8(void **state)
{
    size_t size;
    char *text = described(describe_markdown, &size);

    (void)state;
    assert_true(text_is_utf8(slice_of(text, size)));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_is_current),
        cmocka_unit_test(json_is_current),
        cmocka_unit_test(json_holds_every_event),
        cmocka_unit_test(page_is_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
