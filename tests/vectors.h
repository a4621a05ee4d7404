/* vectors.h - read the public vectors of tests/data/vectors, and the numbers of the shipped law they speak
 * of. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

static json_t *vectors_json(const char *path)
{
    json_error_t fault;
    json_t *read = json_load_file(path, 0, &fault);

    if (!read) fail_msg("%s:%d: %s", path, fault.line, fault.text);
    return read;
}

/* The rules file `file` of the shipped law. */
static inline json_t *vectors_law(const char *file)
{
    char path[200];

    snprintf(path, sizeof path, "services/scoring/rules/%s", file);
    return vectors_json(path);
}

/* A day of an object; `open` when it is null or absent. */
static inline int32_t vectors_day(const json_t *o, const char *name, int32_t open)
{
    const char *text = json_string_value(json_object_get(o, name));
    int32_t day = open;

    if (text) assert_int_equal(clock_day_parse(slice_text(text), &day), ERR_NONE);
    return day;
}

/* The value of a setting in a group of a rule set; -1 when the rule set does not say. */
static inline int64_t vectors_setting(const json_t *rules, const char *group, const char *name)
{
    const json_t *value = json_object_get(json_object_get(json_object_get(rules, group), name), "value");

    if (json_is_boolean(value)) return json_is_true(value);
    return value ? json_integer_value(value) : -1;
}

/* Call `check` with each case of a file of vectors. */
static inline void vectors_each(const char *file, void (*check)(const json_t *one))
{
    char path[200];
    json_t *all;
    size_t i;
    json_t *one;

    snprintf(path, sizeof path, "tests/data/vectors/%s", file);
    all = vectors_json(path);
    assert_true(json_array_size(json_object_get(all, "cases")) > 0);
    json_array_foreach(json_object_get(all, "cases"), i, one)
    {
        char *text = json_dumps(one, JSON_COMPACT);

        print_message("  %s\n", text);
        free(text);
        check(one);
    }
    json_decref(all);
}

#endif
