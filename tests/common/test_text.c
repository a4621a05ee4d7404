#include "common/text.h"

#include <utf8proc.h>

#include "common/logline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <utf8proc.h>

/* "Đặng Thị Tuyết" in NFC and in NFD. */
#define NAME_NFC "\xc4\x90\xe1\xba\xb7ng Th\xe1\xbb\x8b Tuy\xe1\xba\xbft"
#define NAME_NFD "\xc4\x90\x61\xcc\xa3\xcc\x86ng Thi\xcc\xa3 Tuye\xcc\x82\xcc\x81t"

static void utf8_is_told_from_other_bytes(void **state)
{
    (void)state;
    assert_true(text_is_utf8(slice_of(NULL, 0)));
    assert_true(text_is_utf8(slice_text("plain")));
    assert_true(text_is_utf8(slice_text(NAME_NFC)));
    assert_true(text_is_utf8(slice_of("a\0b", 3)));
    assert_true(text_is_utf8(slice_text("\xf0\x9f\x8c\xbe")));
    assert_false(text_is_utf8(slice_text("\xc4")));
    assert_false(text_is_utf8(slice_text("\x80")));
    assert_false(text_is_utf8(slice_text("\xc0\xaf")));
    assert_false(text_is_utf8(slice_text("\xed\xa0\x80")));
    assert_false(text_is_utf8(slice_text("\xf5\x80\x80\x80")));
}

/* Letters of Vietnamese are judged without the library: it must agree about each beginning of three bytes. */
static void utf8_agrees_with_the_library(void **state)
{
    static const unsigned char thirds[] = { 'a', 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xff };
    unsigned char bytes[3];
    utf8proc_int32_t point;

    (void)state;
    for (unsigned i = 0; i < 256 * 256 * sizeof thirds; i++) {
        bool sound = true;

        bytes[0] = (unsigned char)(i >> 8);
        bytes[1] = (unsigned char)i;
        bytes[2] = thirds[i >> 16];
        for (size_t at = 0, taken; sound && at < sizeof bytes; at += taken) {
            const utf8proc_ssize_t n =
                utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(sizeof bytes - at), &point);

            sound = n > 0;
            taken = sound ? (size_t)n : 0;
        }
        assert_int_equal(text_is_utf8(slice_of(bytes, sizeof bytes)), sound);
    }
}

struct key_case {
    const char *text, *key;
};

static void names_written_differently_have_one_key(void **state)
{
    static const struct key_case cases[] = {
        { "  Mien   Dong ", "mien dong" },
        { "mien\tdong\n", "mien dong" },
        { "mien\xc2\xa0"
          "dong",
          "mien dong" },
        { "", "" },
        { "   ", "" },
    };
    char key[64], other[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(text_key(slice_text(cases[i].text), key, sizeof key), ERR_NONE);
        assert_string_equal(key, cases[i].key);
    }
    assert_int_equal(text_key(slice_text(NAME_NFC), key, sizeof key), ERR_NONE);
    assert_int_equal(text_key(slice_text(NAME_NFD), other, sizeof other), ERR_NONE);
    assert_string_equal(key, other);
    assert_string_equal(key, "\xc4\x91\xe1\xba\xb7ng th\xe1\xbb\x8b tuy\xe1\xba\xbft");
}

static void marks_make_different_names(void **state)
{
    char key[16], other[16];

    (void)state;
    assert_int_equal(text_key(slice_text("m\xc3\xa1"), key, sizeof key), ERR_NONE);
    assert_int_equal(text_key(slice_text("m\xc3\xa0"), other, sizeof other), ERR_NONE);
    assert_string_not_equal(key, other);
}

static void letters_nobody_sees_make_no_other_name(void **state)
{
    static const char *const names[] = {
        "\xc4\x90\xe1\xba\xb7ng d\xc3\xb2ng",                     /* plain */
        "\xe2\x80\x8b\xc4\x90\xe1\xba\xb7ng d\xc3\xb2ng",         /* a blank of no width before it */
        "\xef\xbb\xbf\xc4\x90\xe1\xba\xb7ng d\xc3\xb2ng",         /* a byte order mark */
        "\xc4\x90\xe1\xba\xb7\xc2\xadng d\xe2\x80\x8d\xc3\xb2ng", /* a soft hyphen, a joiner */
        "\xc4\x90\xe1\xba\xb7ng d\xc3\xb2ng\xef\xb8\x8f",         /* a variation selector */
        "\xc4\x90\xe1\xba\xb7ng \xe2\x80\x8b d\xc3\xb2ng",        /* between two blanks */
        "\xc3\x90\xe1\xba\xb7ng d\xc3\xb2ng",                     /* eth in capitals */
    };
    char key[64], other[64];

    (void)state;
    assert_int_equal(text_key(slice_text(names[0]), key, sizeof key), ERR_NONE);
    for (size_t i = 1; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(text_key(slice_text(names[i]), other, sizeof other), ERR_NONE);
        assert_string_equal(key, other);
    }
    assert_int_equal(text_key(slice_text("\xe2\x80\x8b"), key, sizeof key), ERR_NONE);
    assert_string_equal(key, "");
}

static void key_needs_utf8_and_room(void **state)
{
    char key[5];

    (void)state;
    assert_int_equal(text_key(slice_text("a\xff"), key, sizeof key), ERR_INVALID);
    assert_int_equal(text_key(slice_text("abcd"), key, sizeof key), ERR_NONE);
    assert_int_equal(text_key(slice_text(" abcd "), key, sizeof key), ERR_NONE);
    assert_int_equal(text_key(slice_text("abcde"), key, sizeof key), ERR_LIMIT);
    assert_int_equal(text_key(slice_text("ab cd"), key, sizeof key), ERR_LIMIT);
    assert_int_equal(text_key(slice_text(""), key, 1), ERR_NONE);
    assert_int_equal(text_key(slice_text(""), key, 0), ERR_LIMIT);
}

/* The library's own word on a text, without any short cut of ours. */
static size_t normalized(const utf8proc_uint8_t *text, utf8proc_ssize_t size, int options, char *out)
{
    utf8proc_uint8_t *mapped = NULL;
    const utf8proc_ssize_t n = utf8proc_map(text, size, &mapped, (utf8proc_option_t)options);

    assert_true(n >= 0 && n < 64);
    memcpy(out, mapped, (size_t)n);
    free(mapped);
    out[n] = '\0';
    return (size_t)n;
}

static size_t points(const char *text, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static void check_like_the_library(utf8proc_int32_t first, utf8proc_int32_t second)
{
    utf8proc_uint8_t bytes[16];
    utf8proc_ssize_t size = utf8proc_encode_char(first, bytes);
    char composed[64], folded[64], key[64], key_of_folded[64];
    struct slice text;

    size += utf8proc_encode_char(second, bytes + size);
    text = slice_of(bytes, (size_t)size);
    assert_int_equal(text_letters(text),
                     points(composed, normalized(bytes, size, UTF8PROC_STABLE | UTF8PROC_COMPOSE, composed)));
    (void)normalized(bytes, size, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
                     folded);
    assert_int_equal(text_key(text, key, sizeof key), ERR_NONE);
    /* A mark that cannot be folded apart sends the whole text to the library; what it gave stays what it is.
     */
    assert_int_equal(text_key(slice_text(folded), key_of_folded, sizeof key_of_folded), ERR_NONE);
    assert_string_equal(key, key_of_folded);
}

/* Each letter of the blocks that have a short cut, beside letters and marks of all kinds. */
static void short_cuts_count_and_fold_as_the_library(void **state)
{
    static const utf8proc_int32_t others[] = {
        0x20,  0x41,  0x61,  0xad,  0xd0,   0xdf,   0x130,  0x1b0,  0x300,  0x301,  0x306,  0x309,
        0x323, 0x31b, 0x345, 0x3a3, 0x1eb7, 0x1e9e, 0x2019, 0x200d, 0x212b, 0x1100, 0x1161, 0x1f33e
    };

    (void)state;
    for (utf8proc_int32_t point = 1; point < 0x2030; point += point == 0x36f ? 0x1e00 - 0x36f : 1)
        for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
            check_like_the_library(point, others[i]);
            check_like_the_library(others[i], point);
        }
}

static void width_and_letters_do_not_depend_on_the_form(void **state)
{
    (void)state;
    assert_int_equal(text_width(slice_text(NAME_NFC)), 14);
    assert_int_equal(text_width(slice_text(NAME_NFD)), 14);
    assert_int_equal(text_letters(slice_text(NAME_NFC)), 14);
    assert_int_equal(text_letters(slice_text(NAME_NFD)), 14);
    assert_int_equal(text_width(slice_text("\xe5\x92\x8c")), 2);
    assert_int_equal(text_width(slice_of(NULL, 0)), 0);
    assert_int_equal(text_letters(slice_of(NULL, 0)), 0);
}

static void fitting_never_parts_a_letter_from_its_marks(void **state)
{
    struct slice nfd = slice_text("e\xcc\x82\xcc\x81x"), wide = slice_text("a\xe5\x92\x8c");

    (void)state;
    assert_int_equal(text_fit(nfd, 0), 0);
    assert_int_equal(text_fit(nfd, 1), 5);
    assert_int_equal(text_fit(nfd, 2), 6);
    assert_int_equal(text_fit(nfd, 99), 6);
    assert_int_equal(text_fit(wide, 2), 1);
    assert_int_equal(text_fit(wide, 3), 4);
}

struct quote_case {
    const char *value, *quoted;
};

static void log_values_are_quoted_where_they_must_be(void **state)
{
    static const struct quote_case cases[] = {
        { "ipc://x.sock", "ipc://x.sock" },
        { "two words", "\"two words\"" },
        { "", "\"\"" },
        { "a=b", "\"a=b\"" },
        { "say \"hi\"", "\"say \\\"hi\\\"\"" },
        { "line\nbreak", "\"line?break\"" },
        { "esc\x1b[2J", "\"esc?[2J\"" },
        { "c1\xc2\x9b"
          "2J",
          "c1?2J" },
        { "bad\xff", "bad?" },
        { NAME_NFC, "\"" NAME_NFC "\"" },
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(log_quote(cases[i].value, out, sizeof out), cases[i].quoted);
}

static void long_log_value_is_cut_inside_its_quotes(void **state)
{
    char out[8];

    (void)state;
    assert_string_equal(log_quote("abc defghij", out, sizeof out), "\"abc d\"");
    assert_string_equal(log_quote("abcdefghij", out, sizeof out), "abcdefg");
    assert_string_equal(log_quote("abcde\xe1\xba\xbf", out, sizeof out), "abcde");
    assert_string_equal(log_quote("ab", out, 1), "");
}

static void log_levels_have_names(void **state)
{
    (void)state;
    assert_int_equal(log_level_parse("debug"), LOG_DEBUG);
    assert_int_equal(log_level_parse("error"), LOG_ERROR);
    assert_int_equal(log_level_parse("loud"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_told_from_other_bytes),
        cmocka_unit_test(utf8_agrees_with_the_library),
        cmocka_unit_test(names_written_differently_have_one_key),
        cmocka_unit_test(marks_make_different_names),
        cmocka_unit_test(letters_nobody_sees_make_no_other_name),
        cmocka_unit_test(key_needs_utf8_and_room),
        cmocka_unit_test(short_cuts_count_and_fold_as_the_library),
        cmocka_unit_test(width_and_letters_do_not_depend_on_the_form),
        cmocka_unit_test(fitting_never_parts_a_letter_from_its_marks),
        cmocka_unit_test(log_values_are_quoted_where_they_must_be),
        cmocka_unit_test(long_log_value_is_cut_inside_its_quotes),
        cmocka_unit_test(log_levels_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
