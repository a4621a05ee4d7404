#include "common/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void table_gives_code_fate_and_sentence(void **state)
{
    (void)state;
    assert_int_equal(ERR_NONE, 0);
    assert_int_equal(err_fate(ERR_NONE), FATE_APPLIED);
    assert_int_equal(err_fate(ERR_NOT_FOUND), FATE_REFUSED);
    assert_int_equal(err_fate(ERR_UNREADABLE), FATE_DEAD);
    assert_int_equal(err_fate(ERR_FULL), FATE_STOP);
    assert_string_equal(err_name(ERR_NOT_FOUND), "NOT_FOUND");
    assert_string_equal(err_sentence(ERR_FULL), "the disk is full");
}

static void number_without_a_row_stops(void **state)
{
    (void)state;
    assert_int_equal(err_fate((enum err)4711), FATE_STOP);
    assert_string_equal(err_name((enum err)4711), "UNKNOWN");
}

static void first_reason_stays(void **state)
{
    struct why why = { .code = "" };

    (void)state;
    assert_int_equal(why_set(&why, ERR_INVALID, "INNER", "the star is %d", 6), ERR_INVALID);
    assert_int_equal(why_set(&why, ERR_LIMIT, "OUTER", "something failed"), ERR_LIMIT);
    assert_string_equal(why.code, "INNER");
    assert_string_equal(why.sentence, "the star is 6");
    why_clear(&why);
    assert_int_equal(why_set(&why, ERR_LIMIT, "OUTER", "something failed"), ERR_LIMIT);
    assert_string_equal(why.code, "OUTER");
}

static void success_has_no_reason(void **state)
{
    struct why why = { .code = "" };

    (void)state;
    assert_int_equal(why_set(&why, ERR_NONE, "CODE", "nothing"), ERR_NONE);
    assert_string_equal(why.code, "");
    assert_int_equal(why_set(NULL, ERR_IO, "CODE", "nobody asks"), ERR_IO);
    why_clear(NULL);
}

static void long_sentence_is_cut_at_a_whole_letter(void **state)
{
    /* The letter of three bytes begins one, two and three bytes before the cut. */
    static const size_t expected[] = { 638, 637, 639 };
    struct why why = { .code = "" };
    char pad[WHY_SENTENCE_MAX];

    (void)state;
    for (int i = 0; i < 3; i++) {
        int before = WHY_SENTENCE_MAX - 2 - i;
        memset(pad, 'a', sizeof pad);
        pad[before] = '\0';
        why_clear(&why);
        (void)why_set(&why, ERR_INVALID, "CODE", "%s\xe1\xba\xbf and more", pad);
        assert_int_equal(strlen(why.sentence), expected[i]);
    }
}

static void long_code_is_cut(void **state)
{
    struct why why = { .code = "" };

    (void)state;
    (void)why_set(&why, ERR_INVALID, "A_CODE_LONGER_THAN_ANY_CODE_THAT_WE_WOULD_EVER_CHOOSE", "x");
    assert_int_equal(strlen(why.code), WHY_CODE_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_gives_code_fate_and_sentence),
        cmocka_unit_test(number_without_a_row_stops),
        cmocka_unit_test(first_reason_stays),
        cmocka_unit_test(success_has_no_reason),
        cmocka_unit_test(long_sentence_is_cut_at_a_whole_letter),
        cmocka_unit_test(long_code_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
