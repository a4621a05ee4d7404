#include "common/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Written by another implementation (Python's hashlib) from the description in hash.h. */
static void hashes_follow_their_description(void **state)
{
    const struct slice parts[] = { { "ab", 2 }, { "c", 1 } };
    char hex[2 * HASH_BYTES + 1];
    struct hash h;

    (void)state;
    h = hash_parts(parts, 2);
    hash_hex(&h, hex);
    assert_string_equal(hex, "9b29c83bca563845c8445a09a80da00b8193336d231891003eb004de0b9b1b5e");
    h = hash_parts(NULL, 0);
    hash_hex(&h, hex);
    assert_string_equal(hex, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

static void chain_and_running_hash_follow_their_description(void **state)
{
    struct hash previous, zero = { { 0 } }, h;
    char hex[2 * HASH_BYTES + 1];

    (void)state;
    for (uint8_t i = 0; i < HASH_BYTES; i++)
        previous.bytes[i] = i;
    h = hash_chain(&previous, 7, 1544922000000, slice_text("intake"), 3, 9, slice_text("a.b.c.06"),
                   slice_text("\x80"));
    hash_hex(&h, hex);
    assert_string_equal(hex, "e4e8a1590ed199b7d3d028d0784fda4449114dee316b820f408f2cdc12807874");
    h = hash_running(&zero, 1, slice_text("a.b.c.06"), slice_text("\x80"));
    hash_hex(&h, hex);
    assert_string_equal(hex, "81c71adbd1844b036b67f5f913aa8b50527ab45141fdee59562abfdf30b4eb24");
}

static void the_border_between_parts_counts(void **state)
{
    const struct slice one[] = { { "ab", 2 }, { "c", 1 } }, other[] = { { "a", 1 }, { "bc", 2 } };
    struct hash h = hash_parts(one, 2), g = hash_parts(other, 2), again = hash_parts(one, 2);

    (void)state;
    assert_false(hash_equal(&h, &g));
    assert_true(hash_equal(&h, &again));
}

static void id_is_the_beginning_of_the_hash(void **state)
{
    const struct slice parts[] = { { "ab", 2 }, { "c", 1 } };
    char id[HASH_ID_TEXT + 1];

    (void)state;
    hash_id(parts, 2, id);
    assert_string_equal(id, "9b29c83bca563845c8445a09a80da00b");
}

static void hex_is_read_only_when_it_is_exactly_a_hash(void **state)
{
    static const char hex[] = "9b29c83bca563845c8445a09a80da00b8193336d231891003eb004de0b9b1b5e";
    struct hash h = { { 0 } };
    char again[2 * HASH_BYTES + 1], upper[sizeof hex];

    (void)state;
    assert_true(hash_from_hex(slice_text(hex), &h));
    hash_hex(&h, again);
    assert_string_equal(again, hex);
    assert_false(hash_from_hex(slice_of(hex, 63), &h));
    memcpy(upper, hex, sizeof hex);
    upper[1] = 'B';
    assert_false(hash_from_hex(slice_text(upper), &h));
    hash_hex(&h, again);
    assert_string_equal(again, hex);
}

static void epochs_are_drawn_from_their_range(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t epoch = hash_random_epoch();
        assert_true(epoch >= 1 && epoch <= UINT64_C(1) << 62);
    }
    assert_int_not_equal(hash_random_epoch(), hash_random_epoch());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_follow_their_description),
        cmocka_unit_test(chain_and_running_hash_follow_their_description),
        cmocka_unit_test(the_border_between_parts_counts),
        cmocka_unit_test(id_is_the_beginning_of_the_hash),
        cmocka_unit_test(hex_is_read_only_when_it_is_exactly_a_hash),
        cmocka_unit_test(epochs_are_drawn_from_their_range),
    };

    if (hash_init() != 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
