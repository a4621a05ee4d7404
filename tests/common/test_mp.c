#include "common/mp.h"

#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    const char *what;
    const char *bytes;
    size_t size;
};

#define SAMPLE(what, bytes)                                                                                  \
    {                                                                                                        \
        what, bytes, sizeof bytes - 1                                                                        \
    }

static const struct sample safe[] = {
    SAMPLE("nil", "\xc0"),
    SAMPLE("true", "\xc3"),
    SAMPLE("largest fixint", "\x7f"),
    SAMPLE("smallest negative fixint", "\xe0"),
    SAMPLE("128 as uint 8", "\xcc\x80"),
    SAMPLE("256 as uint 16", "\xcd\x01\x00"),
    SAMPLE("65536 as uint 32", "\xce\x00\x01\x00\x00"),
    SAMPLE("2^32 as uint 64", "\xcf\x00\x00\x00\x01\x00\x00\x00\x00"),
    SAMPLE("-33 as int 8", "\xd0\xdf"),
    SAMPLE("-129 as int 16", "\xd1\xff\x7f"),
    SAMPLE("-32769 as int 32", "\xd2\xff\xff\x7f\xff"),
    SAMPLE("-2^31-1 as int 64", "\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"),
    SAMPLE("float 32", "\xca\x3f\x80\x00\x00"),
    SAMPLE("float 64 infinity", "\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"),
    SAMPLE("empty text", "\xa0"),
    SAMPLE("Vietnamese text", "\xa3\xe1\xba\xbf"),
    SAMPLE("bin", "\xc4\x02\xff\xfe"),
    SAMPLE("empty array", "\x90"),
    SAMPLE("map", "\x82\xa1"
                  "a\x01\xa1"
                  "b\x91\xc0"),
    SAMPLE("same key in two maps", "\x81\xa1"
                                   "a\x81\xa1"
                                   "a\x01"),
};

static const struct sample unsafe[] = {
    SAMPLE("nothing", ""),
    SAMPLE("bytes behind", "\xc0\xc0"),
    SAMPLE("the byte c1", "\xc1"),
    SAMPLE("127 as uint 8", "\xcc\x7f"),
    SAMPLE("255 as uint 16", "\xcd\x00\xff"),
    SAMPLE("65535 as uint 32", "\xce\x00\x00\xff\xff"),
    SAMPLE("2^32-1 as uint 64", "\xcf\x00\x00\x00\x00\xff\xff\xff\xff"),
    SAMPLE("-32 as int 8", "\xd0\xe0"),
    SAMPLE("1 as int 8", "\xd0\x01"),
    SAMPLE("200 as int 16", "\xd1\x00\xc8"),
    SAMPLE("-128 as int 16", "\xd1\xff\x80"),
    SAMPLE("-32768 as int 32", "\xd2\xff\xff\x80\x00"),
    SAMPLE("-2^31 as int 64", "\xd3\xff\xff\xff\xff\x80\x00\x00\x00"),
    SAMPLE("float 32 NaN", "\xca\x7f\xc0\x00\x00"),
    SAMPLE("float 64 NaN", "\xcb\xff\xf8\x00\x00\x00\x00\x00\x01"),
    SAMPLE("cut number", "\xcd\x01"),
    SAMPLE("cut text", "\xa3"
                       "ab"),
    SAMPLE("short text as str 8", "\xd9\x01"
                                  "a"),
    SAMPLE("short bin as bin 16", "\xc5\x00\x01"
                                  "a"),
    SAMPLE("short array as array 16", "\xdc\x00\x01\xc0"),
    SAMPLE("short map as map 16", "\xde\x00\x01\xa1"
                                  "a\xc0"),
    SAMPLE("invalid UTF-8", "\xa2\xc3\x28"),
    SAMPLE("overlong UTF-8", "\xa2\xc0\x80"),
    SAMPLE("surrogate", "\xa3\xed\xa0\x80"),
    SAMPLE("key that is a number", "\x81\x01\x01"),
    SAMPLE("doubled key", "\x82\xa1"
                          "a\x01\xa1"
                          "a\x02"),
    SAMPLE("map without its last value", "\x81\xa1"
                                         "a"),
    SAMPLE("array that reserves 2.1 GB", "\xdd\x04\x00\x00\x00"),
    SAMPLE("map of 4 thousand million pairs", "\xdf\xff\xff\xff\xff"),
    SAMPLE("text of 4 thousand million bytes", "\xdb\xff\xff\xff\xff"),
    SAMPLE("fixext", "\xd4\x01\x00"),
    SAMPLE("ext 8", "\xc7\x01\x01\x00"),
};

static void safe_values_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++) {
        struct why why = { .code = "" };
        if (mp_check(slice_of(safe[i].bytes, safe[i].size), &why))
            fail_msg("%s: %s", safe[i].what, why.sentence);
    }
}

static void unsafe_values_are_refused_with_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++) {
        struct why why = { .code = "" };
        if (mp_check(slice_of(unsafe[i].bytes, unsafe[i].size), &why) != ERR_UNREADABLE)
            fail_msg("%s was let through", unsafe[i].what);
        assert_string_equal(why.code, "MALFORMED");
        assert_memory_equal(why.sentence, "byte ", 5);
    }
}

static void every_truncation_is_refused(void **state)
{
    static const char bytes[] = "\x83\xa1"
                                "a\x93\xcd\x01\x00\xd0\xdf\xc4\x02xy\xa1"
                                "b\xa3\xe1\xba\xbf\xa1"
                                "c\x81\xa1"
                                "d\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00";
    size_t size = sizeof bytes - 1;

    (void)state;
    assert_int_equal(mp_check(slice_of(bytes, size), NULL), ERR_NONE);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(mp_check(slice_of(bytes, cut), NULL), ERR_UNREADABLE);
}

static void depth_is_limited(void **state)
{
    char bytes[MP_DEPTH_MAX + 2];

    (void)state;
    memset(bytes, '\x91', sizeof bytes);
    bytes[MP_DEPTH_MAX] = '\xc0';
    assert_int_equal(mp_check(slice_of(bytes, MP_DEPTH_MAX + 1), NULL), ERR_NONE);
    bytes[MP_DEPTH_MAX] = '\x91';
    bytes[MP_DEPTH_MAX + 1] = '\xc0';
    assert_int_equal(mp_check(slice_of(bytes, MP_DEPTH_MAX + 2), NULL), ERR_UNREADABLE);
}

/* A map of `count` keys "k0".. in which key `twin` is called like the first. */
static void write_map(struct buf *b, uint32_t count, uint32_t twin)
{
    msgpack_packer p;

    buf_clear(b);
    msgpack_packer_init(&p, b, buf_pack_write);
    msgpack_pack_map(&p, count);
    for (uint32_t i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i == twin ? 0 : i);
        buf_pack_text(&p, key);
        msgpack_pack_nil(&p);
    }
}

static void doubled_keys_are_found_in_maps_of_any_size(void **state)
{
    static const uint32_t counts[] = { 2, 15, 16, 17, 100, 4096 };
    struct buf b = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        write_map(&b, counts[i], 0);
        assert_int_equal(mp_check(buf_slice(&b), NULL), ERR_NONE);
        write_map(&b, counts[i], counts[i] - 1);
        assert_int_equal(mp_check(buf_slice(&b), NULL), ERR_UNREADABLE);
    }
    write_map(&b, 4097, 0);
    assert_int_equal(mp_check(buf_slice(&b), NULL), ERR_UNREADABLE);
    buf_fini(&b);
}

static void what_the_packer_writes_is_the_shortest_form(void **state)
{
    static const int64_t numbers[] = {
        0,      31,        127,       128,       255,       256,        65535,
        65536,  -1,        -32,       -33,       -128,      -129,       -32768,
        -32769, INT32_MIN, INT32_MAX, INT64_MIN, INT64_MAX, UINT32_MAX, INT64_C(-2147483649)
    };
    struct buf b = { 0 };
    msgpack_packer p;

    (void)state;
    msgpack_packer_init(&p, &b, buf_pack_write);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        buf_clear(&b);
        msgpack_pack_int64(&p, numbers[i]);
        assert_int_equal(mp_check(buf_slice(&b), NULL), ERR_NONE);
    }
    buf_fini(&b);
}

static void reading_borrows_from_the_bytes(void **state)
{
    static const char bytes[] =
        "\x84\xa1t\xa2hi\xa1z\xc4\x01!\xa1n\xd0\x80\xa1p\xcf\xff\xff\xff\xff\xff\xff\xff\xff";
    msgpack_zone zone;
    msgpack_object map;
    struct slice text, bin;
    uint64_t u;
    int64_t i;

    (void)state;
    assert_true(msgpack_zone_init(&zone, 1024));
    assert_int_equal(mp_read(slice_of(bytes, sizeof bytes - 1), &zone, &map, NULL), ERR_NONE);
    assert_true(mp_text(mp_find(&map, "t"), &text));
    assert_true(slice_is(text, "hi"));
    assert_ptr_equal(text.data, bytes + 4);
    assert_true(mp_bytes(mp_find(&map, "z"), &bin));
    assert_true(slice_is(bin, "!"));
    assert_true(mp_i64(mp_find(&map, "n"), &i));
    assert_int_equal(i, -128);
    assert_false(mp_u64(mp_find(&map, "n"), &u));
    assert_true(mp_u64(mp_find(&map, "p"), &u));
    assert_true(u == UINT64_MAX);
    assert_false(mp_i64(mp_find(&map, "p"), &i));
    msgpack_zone_destroy(&zone);
}

static void looking_for_what_is_not_there_gives_nothing(void **state)
{
    static const char bytes[] = "\x81\xa1t\xa2hi";
    msgpack_zone zone;
    msgpack_object map, untouched = { .type = MSGPACK_OBJECT_NIL };
    struct slice s;
    int64_t i;

    (void)state;
    assert_true(msgpack_zone_init(&zone, 1024));
    assert_int_equal(mp_read(slice_of(bytes, sizeof bytes - 1), &zone, &map, NULL), ERR_NONE);
    assert_null(mp_find(&map, "u"));
    assert_null(mp_find(NULL, "t"));
    assert_null(mp_find(mp_find(&map, "t"), "t"));
    assert_false(mp_text(NULL, &s));
    assert_false(mp_bytes(mp_find(&map, "t"), &s));
    assert_false(mp_i64(mp_find(&map, "t"), &i));
    assert_int_equal(mp_read(slice_of(bytes, 3), &zone, &untouched, NULL), ERR_UNREADABLE);
    assert_int_equal(untouched.type, MSGPACK_OBJECT_NIL);
    msgpack_zone_destroy(&zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safe_values_pass),
        cmocka_unit_test(unsafe_values_are_refused_with_their_place),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(doubled_keys_are_found_in_maps_of_any_size),
        cmocka_unit_test(what_the_packer_writes_is_the_shortest_form),
        cmocka_unit_test(reading_borrows_from_the_bytes),
        cmocka_unit_test(looking_for_what_is_not_there_gives_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
