#include "common/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void topic_is_taken_apart(void **state)
{
    struct slice topic = slice_text("intake.dossier.filed.06");

    (void)state;
    assert_true(slice_is(topic_type(topic), "intake.dossier.filed"));
    assert_true(slice_is(topic_province(topic), "06"));
}

static void topic_of_other_than_four_parts_has_no_type(void **state)
{
    static const char *const topics[] = { "", "a", "a.b.c", "a.b.c.d.06" };

    (void)state;
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        assert_int_equal(topic_type(slice_text(topics[i])).size, 0);
        assert_int_equal(topic_province(slice_text(topics[i])).size, 0);
    }
}

static void valid_topics(void **state)
{
    static const char *const topics[] = { "intake.dossier.filed.06", "clock.day.started.00", "a_b.c.d_e.99" };

    (void)state;
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        assert_true(topic_valid(slice_text(topics[i])));
}

static void invalid_topics(void **state)
{
    static const char *const topics[] = {
        "",
        "intake.dossier.filed",
        "intake.dossier.filed.6",
        "intake.dossier.filed.006",
        "intake.dossier.filed.0a",
        "a..c.06",
        ".b.c.06",
        "a.b..06",
        "A.b.c.06",
        "a.b1.c.06",
        "a.b.c d.06",
        "a.b.c.d.06",
        "...06",
    };
    char long_topic[TOPIC_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        assert_false(topic_valid(slice_text(topics[i])));
    memset(long_topic, 'a', sizeof long_topic);
    memcpy(long_topic + TOPIC_MAX + 1 - 7, ".b.c.06", 7);
    assert_false(topic_valid(slice_of(long_topic, TOPIC_MAX + 1)));
    assert_true(topic_valid(slice_of(long_topic + 1, TOPIC_MAX)));
}

static void types(void **state)
{
    (void)state;
    assert_true(topic_type_valid(slice_text("intake.dossier.filed")));
    assert_false(topic_type_valid(slice_text("intake.dossier")));
    assert_false(topic_type_valid(slice_text("intake.dossier.")));
    assert_false(topic_type_valid(slice_text("intake.dossier.filed.06")));
    assert_false(topic_type_valid(slice_text("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topic_is_taken_apart),
        cmocka_unit_test(topic_of_other_than_four_parts_has_no_type),
        cmocka_unit_test(valid_topics),
        cmocka_unit_test(invalid_topics),
        cmocka_unit_test(types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
