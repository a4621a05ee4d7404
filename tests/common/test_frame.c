/* Every command reads back as it was written; whatever is not in the grammar is refused with a sentence. */
#include "common/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static msgpack_zone *zone;
static struct buf out;

static int setup(void **state)
{
    (void)state;
    zone = msgpack_zone_new(4096);
    out = (struct buf){ 0 };
    return zone ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    msgpack_zone_free(zone);
    buf_fini(&out);
    return 0;
}

static struct frame read_back(enum frame_command command)
{
    struct why why = { 0 };
    struct frame f = { 0 };

    assert_int_equal(out.failed, ERR_NONE);
    assert_int_equal(frame_read(buf_slice(&out), zone, &f, &why), ERR_NONE);
    assert_int_equal(f.command, command);
    return f;
}

static void refused(const char *code, const char *names)
{
    struct why why = { 0 };
    struct frame f;

    assert_int_equal(frame_read(buf_slice(&out), zone, &f, &why), ERR_UNREADABLE);
    assert_string_equal(why.code, code);
    assert_non_null(strstr(why.sentence, names));
}

static struct hash hash_of_byte(uint8_t byte)
{
    struct hash h;

    memset(h.bytes, byte, sizeof h.bytes);
    return h;
}

static struct record record_numbered(uint64_t seq)
{
    return (struct record){ .seq = seq,
                            .at_ms = 1544922000000,
                            .chain = hash_of_byte(7),
                            .publisher = slice_text("province-06"),
                            .topic = slice_text("intake.dossier.filed.06"),
                            .envelope = slice_text("envelope"),
                            .epoch = 99,
                            .number = 5 };
}

static void hello_has_these_bytes(void **state)
{
    static const char golden[] = "\x94\xa5HELLO\x01\xa6intake\x07";

    (void)state;
    frame_hello(&out, slice_text("intake"), 7);
    assert_true(slice_equal(buf_slice(&out), slice_of(golden, sizeof golden - 1)));
}

static void publisher_commands_read_back(void **state)
{
    struct why why = { 0 };
    struct slice topic, envelope;
    struct frame f;

    (void)state;
    frame_hello(&out, slice_text("province-06"), (uint64_t)1 << 62);
    f = read_back(FRAME_HELLO);
    assert_int_equal(f.version, FRAME_VERSION);
    assert_true(slice_is(f.publisher, "province-06"));
    assert_true(f.epoch == (uint64_t)1 << 62);

    buf_clear(&out);
    frame_publish_begin(&out, 12, 2);
    frame_publish_add(&out, slice_text("a.b.c.06"), slice_text("one"));
    frame_publish_add(&out, slice_text("a.b.d.06"), slice_text("two"));
    f = read_back(FRAME_PUBLISH);
    assert_int_equal(f.number, 12);
    assert_int_equal(f.list.via.array.size, 2);
    assert_int_equal(frame_event(&f, 1, &topic, &envelope, &why), ERR_NONE);
    assert_true(slice_is(topic, "a.b.d.06"));
    assert_true(slice_is(envelope, "two"));
    assert_int_equal(frame_event(&f, 2, &topic, &envelope, &why), ERR_UNREADABLE);
}

static void broker_commands_read_back(void **state)
{
    const struct hash h = hash_of_byte(3);
    struct frame f;

    (void)state;
    frame_welcome(&out, 4, &h, 1000);
    f = read_back(FRAME_WELCOME);
    assert_int_equal(f.number, 4);
    assert_true(hash_equal(&f.hash, &h));
    assert_int_equal(f.seq, 1000);

    buf_clear(&out);
    frame_stored(&out, 6, 1002);
    f = read_back(FRAME_STORED);
    assert_int_equal(f.number, 6);
    assert_int_equal(f.seq, 1002);

    buf_clear(&out);
    frame_refused(&out, 7, "NOT_PERMITTED", "No.");
    f = read_back(FRAME_REFUSED);
    assert_int_equal(f.number, 7);
    assert_true(slice_is(f.code, "NOT_PERMITTED"));
    assert_true(slice_is(f.sentence, "No."));
}

static void follow_commands_read_back(void **state)
{
    const struct slice prefixes[] = { slice_text("intake."), slice_text("clock.") };
    const struct hash h = hash_of_byte(9);
    struct why why = { 0 };
    struct slice prefix;
    struct frame f;

    (void)state;
    frame_follow(&out, 17, &h, prefixes, 2, 100);
    f = read_back(FRAME_FOLLOW);
    assert_int_equal(f.seq, 17);
    assert_true(f.has_hash);
    assert_true(hash_equal(&f.hash, &h));
    assert_int_equal(f.credit, 100);
    assert_int_equal(frame_prefix(&f, 1, &prefix, &why), ERR_NONE);
    assert_true(slice_is(prefix, "clock."));
    assert_int_equal(frame_prefix(&f, 2, &prefix, &why), ERR_UNREADABLE);

    buf_clear(&out);
    frame_follow(&out, 0, &h, NULL, 0, 1);
    f = read_back(FRAME_FOLLOW);
    assert_false(f.has_hash);
    assert_int_equal(f.list.via.array.size, 0);

    buf_clear(&out);
    frame_credit(&out, 50);
    assert_int_equal(read_back(FRAME_CREDIT).credit, 50);
}

static void records_read_back(void **state)
{
    const struct hash h = hash_of_byte(7);
    struct record r = record_numbered(18), got;
    struct why why = { 0 };
    struct frame f;

    (void)state;
    frame_events_begin(&out, 18, &h, 1);
    frame_events_add(&out, &r);
    f = read_back(FRAME_EVENTS);
    assert_int_equal(f.seq, 18);
    assert_true(hash_equal(&f.hash, &h));
    assert_int_equal(frame_record(&f, 0, &got, &why), ERR_NONE);
    assert_int_equal(got.seq, 18);
    assert_true(got.at_ms == r.at_ms);
    assert_true(hash_equal(&got.chain, &r.chain));
    assert_true(slice_equal(got.publisher, r.publisher));
    assert_true(slice_equal(got.topic, r.topic));
    assert_true(slice_equal(got.envelope, r.envelope));
    assert_int_equal(got.epoch, 99);
    assert_int_equal(got.number, 5);
    assert_int_equal(frame_record(&f, 1, &got, &why), ERR_UNREADABLE);
}

static void small_commands_read_back(void **state)
{
    struct frame f;

    (void)state;
    frame_ping(&out, UINT64_MAX);
    assert_true(read_back(FRAME_PING).token == UINT64_MAX);
    buf_clear(&out);
    frame_pong(&out, 3, 8);
    f = read_back(FRAME_PONG);
    assert_int_equal(f.token, 3);
    assert_int_equal(f.seq, 8);
    buf_clear(&out);
    frame_clock(&out, slice_text("2018-12-16"));
    assert_true(slice_is(read_back(FRAME_CLOCK).day, "2018-12-16"));
    buf_clear(&out);
    frame_clocked(&out, slice_text("2018-12-16"), 44);
    f = read_back(FRAME_CLOCKED);
    assert_true(slice_is(f.day, "2018-12-16"));
    assert_int_equal(f.seq, 44);
}

static void questions_read_back(void **state)
{
    static const char map[] = "\x81\xa3"
                              "day\x05";
    struct frame f;

    (void)state;
    frame_ask(&out, 1, slice_text("certificate"), slice_of(map, sizeof map - 1));
    f = read_back(FRAME_ASK);
    assert_int_equal(f.token, 1);
    assert_true(slice_is(f.question, "certificate"));
    assert_non_null(mp_find(&f.map, "day"));
    buf_clear(&out);
    frame_answer(&out, 2, slice_of(NULL, 0));
    f = read_back(FRAME_ANSWER);
    assert_int_equal(f.map.type, MSGPACK_OBJECT_MAP);
    assert_int_equal(f.map.via.map.size, 0);
    buf_clear(&out);
    frame_fault(&out, 3, "NOT_FOUND", "There is none.");
    f = read_back(FRAME_FAULT);
    assert_int_equal(f.token, 3);
    assert_true(slice_is(f.code, "NOT_FOUND"));
}

static void every_truncation_is_refused(void **state)
{
    const struct hash h = hash_of_byte(7);
    struct record r = record_numbered(2);

    (void)state;
    frame_events_begin(&out, 2, &h, 1);
    frame_events_add(&out, &r);
    for (size_t size = 0; size < out.size; size++) {
        struct why why = { 0 };
        struct frame f;

        assert_int_equal(frame_read(slice_of(out.data, size), zone, &f, &why), ERR_UNREADABLE);
        assert_string_equal(why.code, "MALFORMED");
    }
}

/* A frame of `word` and whatever `pack` adds, `members` in all. */
static msgpack_packer raw(const char *word, size_t members)
{
    msgpack_packer p;

    buf_clear(&out);
    msgpack_packer_init(&p, &out, buf_pack_write);
    msgpack_pack_array(&p, members + 1);
    buf_pack_text(&p, word);
    return p;
}

static void wrong_shapes_are_refused_by_name(void **state)
{
    msgpack_packer p;

    (void)state;
    raw("SING", 0);
    refused("UNKNOWN_COMMAND", "SING");
    raw("", 0);
    refused("UNKNOWN_COMMAND", "no command");
    raw("PING", 0);
    refused("MALFORMED", "PING came with 0 members");

    p = raw("PING", 1);
    msgpack_pack_int(&p, -1);
    refused("MALFORMED", "token is a number below zero");

    p = raw("CREDIT", 1);
    msgpack_pack_uint64(&p, ((uint64_t)1 << 62) + 1);
    refused("MALFORMED", "2^62");

    p = raw("HELLO", 3);
    msgpack_pack_int(&p, 1);
    buf_pack_text(&p, "");
    msgpack_pack_int(&p, 1);
    refused("MALFORMED", "publisher is text; it must be text of 1 to 48 bytes");

    p = raw("WELCOME", 3);
    msgpack_pack_int(&p, 1);
    buf_pack_bin(&p, slice_text("short"));
    msgpack_pack_int(&p, 1);
    refused("MALFORMED", "hash is bytes; it must be 32 bytes");

    p = raw("PUBLISH", 2);
    msgpack_pack_int(&p, 1);
    msgpack_pack_array(&p, 0);
    refused("MALFORMED", "an array of 1 to 65536 elements");

    p = raw("ANSWER", 2);
    msgpack_pack_int(&p, 1);
    msgpack_pack_nil(&p);
    refused("MALFORMED", "answer is nil; it must be a map");
}

static void a_frame_is_an_array_with_a_word(void **state)
{
    msgpack_packer p;

    (void)state;
    msgpack_packer_init(&p, &out, buf_pack_write);
    msgpack_pack_int(&p, 5);
    refused("MALFORMED", "command word");
    buf_clear(&out);
    msgpack_pack_array(&p, 0);
    refused("MALFORMED", "command word");
    buf_clear(&out);
    msgpack_pack_array(&p, 1);
    msgpack_pack_int(&p, 5);
    refused("MALFORMED", "command word");
}

static void follow_from_a_place_needs_its_chain(void **state)
{
    (void)state;
    frame_follow(&out, 3, NULL, NULL, 0, 1);
    refused("MALFORMED", "chain is nil");
}

static void too_many_prefixes_are_refused(void **state)
{
    struct slice prefixes[FRAME_PREFIXES_MAX + 1];

    (void)state;
    for (size_t i = 0; i <= FRAME_PREFIXES_MAX; i++)
        prefixes[i] = slice_text("intake.");
    frame_follow(&out, 0, NULL, prefixes, FRAME_PREFIXES_MAX + 1, 1);
    refused("MALFORMED", "0 to 64 elements");
}

static void wrong_elements_are_refused(void **state)
{
    struct slice topic, envelope;
    struct why why = { 0 };
    struct record r;
    struct frame f;
    msgpack_packer p = raw("PUBLISH", 2);

    (void)state;
    msgpack_pack_int(&p, 1);
    msgpack_pack_array(&p, 2);
    msgpack_pack_int(&p, 9);
    msgpack_pack_array(&p, 2);
    buf_pack_text(&p, "a.b.c.06");
    buf_pack_text(&p, "text, not bytes");
    f = read_back(FRAME_PUBLISH);
    assert_int_equal(frame_event(&f, 0, &topic, &envelope, &why), ERR_UNREADABLE);
    assert_non_null(strstr(why.sentence, "element 0 is a number"));
    why_clear(&why);
    assert_int_equal(frame_event(&f, 1, &topic, &envelope, &why), ERR_UNREADABLE);
    assert_non_null(strstr(why.sentence, "an envelope is text"));
    why_clear(&why);
    assert_int_equal(frame_record(&f, 1, &r, &why), ERR_UNREADABLE);
    assert_non_null(strstr(why.sentence, "8 members"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hello_has_these_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(publisher_commands_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(broker_commands_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(follow_commands_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(records_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(small_commands_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(questions_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_shapes_are_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frame_is_an_array_with_a_word, setup, teardown),
        cmocka_unit_test_setup_teardown(follow_from_a_place_needs_its_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_prefixes_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_elements_are_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
