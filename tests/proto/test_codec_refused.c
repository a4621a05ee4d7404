/* test_codec_refused.c - what breaks a rule of events.def is refused with a sentence that names the field.
 * Each field of each event is made wrong in every way it can be. */
#include "tests/proto/made.h"

static void assert_refused(const struct event_kind *kind, const msgpack_object *data, const char *code,
                           const char *path)
{
    char *out = msgpack_zone_malloc(zone, kind->size);
    struct why why = { 0 };
    char named[100];

    assert_non_null(out);
    snprintf(named, sizeof named, "the field %s is ", path);
    assert_int_equal(codec_decode(kind, data, zone, out, &why), ERR_INVALID);
    assert_string_equal(why.code, code);
    if (!strstr(why.sentence, named) || strncmp(why.sentence, kind->type, strlen(kind->type)) != 0)
        fail_msg("expected the field %s of %s in: %s", path, kind->type, why.sentence);
}

/* What to put in place of a field, and what is then said. False: this field cannot be wrong that way. */
typedef bool (*wrong_fn)(const struct field *f, msgpack_object *value, bool *drop);

static void try_field(const struct event_kind *kind, const msgpack_object *data, const struct field *f,
                      wrong_fn wrong, const char *code)
{
    msgpack_object value = { .type = MSGPACK_OBJECT_NIL }, bad;
    bool drop = false;

    if (!wrong(f, &value, &drop)) return;
    bad = bent(data, f->name, drop ? NULL : &value);
    assert_refused(kind, &bad, code, f->name);
}

/* The same for a field of the second element of a list. */
static void try_inner_field(const struct event_kind *kind, const msgpack_object *data,
                            const struct field *list, const struct field *f, wrong_fn wrong, const char *code)
{
    msgpack_object value = { .type = MSGPACK_OBJECT_NIL }, elements[ELEMENTS], bent_list, bad;
    char path[80];
    bool drop = false;

    if (!wrong(f, &value, &drop)) return;
    bent_list = *mp_find(data, list->name);
    elements[0] = bent_list.via.array.ptr[0];
    elements[1] = bent(&bent_list.via.array.ptr[1], f->name, drop ? NULL : &value);
    bent_list.via.array.ptr = elements;
    bad = bent(data, list->name, &bent_list);
    snprintf(path, sizeof path, "%s[1].%s", list->name, f->name);
    assert_refused(kind, &bad, code, path);
}

/* Make each field of each event wrong, one at a time, lists' elements too. */
static void try_each_field(wrong_fn wrong, const char *code)
{
    const struct event_kind *const *k;
    size_t i, j;

    for (k = event_kinds; *k; k++) {
        msgpack_object data = data_of(*k, LARGEST);

        for (i = 0; i < (*k)->field_count; i++) {
            const struct field *f = &(*k)->fields[i];

            try_field(*k, &data, f, wrong, code);
            for (j = 0; f->item && j < f->item->field_count; j++)
                try_inner_field(*k, &data, f, &f->item->fields[j], wrong, code);
        }
    }
}

static bool wrong_missing(const struct field *f, msgpack_object *value, bool *drop)
{
    (void)value;
    *drop = true;
    return f->required;
}

static bool wrong_kind(const struct field *f, msgpack_object *value, bool *drop)
{
    (void)f;
    (void)drop;
    value->type = MSGPACK_OBJECT_FLOAT64;
    value->via.f64 = 3.5;
    return true;
}

static bool wrong_nil(const struct field *f, msgpack_object *value, bool *drop)
{
    (void)f;
    (void)drop;
    value->type = MSGPACK_OBJECT_NIL;
    return true;
}

static bool wrong_most(const struct field *f, msgpack_object *value, bool *drop)
{
    (void)drop;
    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_FACT:
        *value = text_object(letters, (size_t)f->most + 1);
        return true;
    case FIELD_BYTES:
        value->type = MSGPACK_OBJECT_BIN;
        value->via.bin.ptr = letters;
        value->via.bin.size = (uint32_t)f->most + 1;
        return true;
    case FIELD_NUM:
        value->type = MSGPACK_OBJECT_POSITIVE_INTEGER;
        value->via.u64 = (uint64_t)f->most + 1;
        return true;
    case FIELD_DAY:
        *value = text_object("2025-02-29", 10);
        return true;
    case FIELD_PICK:
        *value = text_object("nonsense", 8);
        return true;
    case FIELD_LIST:
        value->type = MSGPACK_OBJECT_ARRAY;
        value->via.array.size = (uint32_t)f->most + 1;
        value->via.array.ptr = NULL; /* the count alone must refuse it */
        return true;
    case FIELD_FLAG:
        return false;
    }
    return false;
}

static bool wrong_least(const struct field *f, msgpack_object *value, bool *drop)
{
    (void)drop;
    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_FACT:
    case FIELD_PICK:
    case FIELD_DAY:
        *value = text_object("", 0);
        return true;
    case FIELD_BYTES:
        value->type = MSGPACK_OBJECT_BIN;
        value->via.bin.ptr = letters;
        value->via.bin.size = 0;
        return true;
    case FIELD_NUM:
        value->type = f->least > 0 ? MSGPACK_OBJECT_POSITIVE_INTEGER : MSGPACK_OBJECT_NEGATIVE_INTEGER;
        value->via.i64 = f->least - 1;
        return true;
    case FIELD_LIST:
        value->type = MSGPACK_OBJECT_ARRAY;
        value->via.array.size = 0;
        value->via.array.ptr = NULL;
        return f->least > 0;
    case FIELD_FLAG:
        return false;
    }
    return false;
}

static bool wrong_letter(const struct field *f, msgpack_object *value, bool *drop)
{
    (void)drop;
    /* A line break in a text; a blank in an id. Both are two bytes, as the shortest id there is. */
    *value = f->kind == FIELD_TEXT ? text_object("a\n", 2) : text_object("a ", 2);
    return f->kind == FIELD_TEXT || f->kind == FIELD_ID || f->kind == FIELD_FACT;
}

static bool wrong_huge_number(const struct field *f, msgpack_object *value, bool *drop)
{
    (void)drop;
    value->type = MSGPACK_OBJECT_POSITIVE_INTEGER;
    value->via.u64 = UINT64_MAX;
    return f->kind == FIELD_NUM;
}

static void missing_field_is_named(void **state)
{
    (void)state;
    try_each_field(wrong_missing, "FIELD_MISSING");
}

static void field_of_another_kind_is_named(void **state)
{
    (void)state;
    try_each_field(wrong_kind, "FIELD_KIND");
    try_each_field(wrong_nil, "FIELD_KIND");
}

static void field_outside_its_limits_is_named(void **state)
{
    (void)state;
    try_each_field(wrong_most, "FIELD_RANGE");
    try_each_field(wrong_least, "FIELD_RANGE");
    try_each_field(wrong_letter, "FIELD_RANGE");
    try_each_field(wrong_huge_number, "FIELD_RANGE");
}

static void element_that_is_no_map_is_named(void **state)
{
    const struct event_kind *kind = &sheet_submitted_kind;
    msgpack_object data = data_of(kind, LARGEST), list = *mp_find(&data, "options"), elements[ELEMENTS], bad;

    (void)state;
    elements[0] = list.via.array.ptr[0];
    elements[1] = text_object("A.1.1", 5);
    list.via.array.ptr = elements;
    bad = bent(&data, "options", &list);
    assert_refused(kind, &bad, "FIELD_KIND", "options[1]");
}

static void sentence_says_what_came_and_the_rule(void **state)
{
    msgpack_object data = data_of(&decision_signed_kind, SMALLEST), bad, value;
    struct decision_signed out;
    struct why why = { 0 };

    (void)state;
    value = text_object("commune", 7);
    bad = bent(&data, "authority", &value);
    assert_int_equal(codec_decode(&decision_signed_kind, &bad, zone, &out, &why), ERR_INVALID);
    assert_string_equal(why.sentence,
                        "certification.decision.signed: the field authority is the text \"commune\"; "
                        "it must be one of district, province, ministry");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(missing_field_is_named, begin, end),
        cmocka_unit_test_setup_teardown(field_of_another_kind_is_named, begin, end),
        cmocka_unit_test_setup_teardown(field_outside_its_limits_is_named, begin, end),
        cmocka_unit_test_setup_teardown(element_that_is_no_map_is_named, begin, end),
        cmocka_unit_test_setup_teardown(sentence_says_what_came_and_the_rule, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
