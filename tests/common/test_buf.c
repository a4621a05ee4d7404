#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void what_is_added_is_there(void **state)
{
    struct buf b = { 0 };

    (void)state;
    assert_int_equal(buf_add(&b, "abc", 3), ERR_NONE);
    assert_int_equal(buf_add(&b, NULL, 0), ERR_NONE);
    assert_int_equal(buf_add_text(&b, "de"), ERR_NONE);
    assert_int_equal(buf_printf(&b, "%d-%s", 7, "f"), ERR_NONE);
    assert_true(slice_is(buf_slice(&b), "abcde7-f"));
    buf_fini(&b);
    assert_null(b.data);
    buf_fini(NULL);
}

static void buffer_grows_far_beyond_its_first_size(void **state)
{
    struct buf b = { 0 };

    (void)state;
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf_add(&b, "0123456789", 10), ERR_NONE);
    assert_int_equal(b.size, 100000);
    assert_memory_equal(b.data + 99990, "0123456789", 10);
    buf_fini(&b);
}

static void failure_is_remembered_until_cleared(void **state)
{
    struct buf b = { .limit = 8 };

    (void)state;
    assert_int_equal(buf_add(&b, "12345678", 8), ERR_NONE);
    assert_int_equal(buf_add(&b, "9", 1), ERR_LIMIT);
    assert_int_equal(buf_add(&b, "", 0), ERR_LIMIT);
    assert_int_equal(b.failed, ERR_LIMIT);
    assert_true(slice_is(buf_slice(&b), "12345678"));
    buf_clear(&b);
    assert_int_equal(b.failed, ERR_NONE);
    assert_int_equal(buf_add(&b, "x", 1), ERR_NONE);
    assert_true(slice_is(buf_slice(&b), "x"));
    buf_fini(&b);
}

static void huge_length_does_not_wrap(void **state)
{
    struct buf b = { .limit = 100 };

    (void)state;
    assert_int_equal(buf_add(&b, "ab", 2), ERR_NONE);
    assert_int_equal(buf_add(&b, "x", SIZE_MAX - 1), ERR_LIMIT);
    assert_int_equal(b.size, 2);
    buf_fini(&b);
}

static void packer_writes_into_it(void **state)
{
    static const char expected[] = "\x93\xa2hi\xc4\x01z\xa0";
    struct buf b = { 0 };
    msgpack_packer p;

    (void)state;
    msgpack_packer_init(&p, &b, buf_pack_write);
    msgpack_pack_array(&p, 3);
    buf_pack_text(&p, "hi");
    buf_pack_bin(&p, slice_text("z"));
    buf_pack_str(&p, slice_of(NULL, 0));
    assert_int_equal(b.failed, ERR_NONE);
    assert_int_equal(b.size, sizeof expected - 1);
    assert_memory_equal(b.data, expected, b.size);
    buf_fini(&b);
}

static void packer_over_the_limit_fails_once_at_the_end(void **state)
{
    struct buf b = { .limit = 4 };
    msgpack_packer p;

    (void)state;
    msgpack_packer_init(&p, &b, buf_pack_write);
    buf_pack_text(&p, "longer than four");
    buf_pack_text(&p, "");
    assert_int_equal(b.failed, ERR_LIMIT);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_there),
        cmocka_unit_test(buffer_grows_far_beyond_its_first_size),
        cmocka_unit_test(failure_is_remembered_until_cleared),
        cmocka_unit_test(huge_length_does_not_wrap),
        cmocka_unit_test(packer_writes_into_it),
        cmocka_unit_test(packer_over_the_limit_fails_once_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
