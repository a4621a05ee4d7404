#include "common/envelope.h"

#include "common/hash.h"
#include "common/mp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char data_map[] = "\x81\xa5stars\x04";

static struct slice packed_data(void)
{
    return slice_of(data_map, sizeof data_map - 1);
}

static struct envelope example(void)
{
    return (struct envelope){ .id = slice_text("d-1"),
                              .source = slice_text("province-06"),
                              .type = slice_text("intake.dossier.filed"),
                              .subject = slice_text("Mi\xe1\xba\xbfn dong"),
                              .time_ms = 1544922000000 };
}

static struct envelope example_outcome(void)
{
    struct envelope e = example();

    e.type = slice_text("intake.dossier.accepted");
    e.cause = slice_text("d-1");
    e.cause_seq = 42;
    e.ordinal = 1;
    e.count = 2;
    return e;
}

/* Write, read again, and give the error. */
static enum err round_trip(const struct envelope *e, struct buf *b, msgpack_zone *zone, struct envelope *read,
                           struct why *why)
{
    buf_clear(b);
    assert_int_equal(envelope_write(e, packed_data(), b), ERR_NONE);
    return envelope_parse(buf_slice(b), zone, read, why);
}

static void assert_same(const struct envelope *a, const struct envelope *b)
{
    assert_true(slice_equal(a->id, b->id));
    assert_true(slice_equal(a->source, b->source));
    assert_true(slice_equal(a->type, b->type));
    assert_true(slice_equal(a->subject, b->subject));
    assert_true(slice_equal(a->cause, b->cause));
    assert_true(a->time_ms == b->time_ms && a->cause_seq == b->cause_seq);
    assert_true(a->ordinal == b->ordinal && a->count == b->count);
}

static void what_is_written_is_read(void **state)
{
    const struct envelope examples[] = { example(), example_outcome() };
    struct buf b = { 0 };
    msgpack_zone zone;

    (void)state;
    assert_true(msgpack_zone_init(&zone, 1024));
    for (size_t i = 0; i < 2; i++) {
        struct envelope read;
        uint64_t stars = 0;
        assert_int_equal(round_trip(&examples[i], &b, &zone, &read, NULL), ERR_NONE);
        assert_same(&examples[i], &read);
        assert_true(mp_u64(mp_find(&read.data, "stars"), &stars));
        assert_int_equal(stars, 4);
    }
    buf_fini(&b);
    msgpack_zone_destroy(&zone);
}

struct fault {
    const char *attribute;
    void (*break_it)(struct envelope *e);
};

static void no_id(struct envelope *e)
{
    e->id = slice_text("");
}

static void blank_id(struct envelope *e)
{
    e->id = slice_text("two words");
}

static void long_id(struct envelope *e)
{
    e->id = slice_text("01234567890123456789012345678901234567890123456789012345678901234");
}

static void no_source(struct envelope *e)
{
    e->source = slice_text("");
}

static void two_part_type(struct envelope *e)
{
    e->type = slice_text("intake.dossier");
}

static void capital_type(struct envelope *e)
{
    e->type = slice_text("intake.dossier.Filed");
}

static void no_cause(struct envelope *e)
{
    e->cause = slice_text("");
}

static void late_ordinal(struct envelope *e)
{
    e->ordinal = e->count;
}

static void no_count(struct envelope *e)
{
    e->count = 0;
}

static void long_subject(struct envelope *e)
{
    static char long_text[ENVELOPE_SUBJECT_MAX + 1];

    memset(long_text, 'x', sizeof long_text);
    e->subject = slice_of(long_text, sizeof long_text);
}

static void wrong_attribute_is_named(void **state)
{
    static const struct fault faults[] = {
        { "\"id\"", no_id },           { "\"id\"", blank_id },
        { "\"id\"", long_id },         { "\"source\"", no_source },
        { "\"type\"", two_part_type }, { "\"type\"", capital_type },
        { "\"cause\"", no_cause },     { "\"ordinal\"", late_ordinal },
        { "\"count\"", no_count },     { "\"subject\"", long_subject },
    };
    struct buf b = { 0 };
    msgpack_zone zone;

    (void)state;
    assert_true(msgpack_zone_init(&zone, 1024));
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct envelope e = example_outcome(), read;
        struct why why = { .code = "" };
        faults[i].break_it(&e);
        assert_int_equal(round_trip(&e, &b, &zone, &read, &why), ERR_UNREADABLE);
        assert_string_equal(why.code, "MALFORMED");
        assert_non_null(strstr(why.sentence, faults[i].attribute));
    }
    buf_fini(&b);
    msgpack_zone_destroy(&zone);
}

/* An envelope with one attribute left out (or none), and one that nobody knows. */
static void write_without(struct buf *b, const char *left_out)
{
    static const char *const attributes[] = { "specversion", "id", "source", "type", "subject" };
    static const char *const values[] = { "1.0", "d-1", "x", "a.b.c", "" };
    msgpack_packer p;

    buf_clear(b);
    msgpack_packer_init(&p, b, buf_pack_write);
    msgpack_pack_map(&p, left_out ? 7 : 8);
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (left_out && strcmp(left_out, attributes[i]) == 0) continue;
        buf_pack_text(&p, attributes[i]);
        buf_pack_text(&p, values[i]);
    }
    buf_pack_text(&p, "unheard");
    msgpack_pack_nil(&p);
    if (!left_out || strcmp(left_out, "time") != 0) {
        buf_pack_text(&p, "time");
        msgpack_pack_int64(&p, -5);
    }
    if (!left_out || strcmp(left_out, "data") != 0) {
        buf_pack_text(&p, "data");
        msgpack_pack_map(&p, 0);
    }
}

static void missing_attribute_is_refused_but_for_the_subject(void **state)
{
    static const char *const needed[] = { "specversion", "id", "source", "type", "time", "data" };
    struct envelope read;
    struct buf b = { 0 };
    msgpack_zone zone;

    (void)state;
    assert_true(msgpack_zone_init(&zone, 1024));
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        struct why why = { .code = "" };
        write_without(&b, needed[i]);
        assert_int_equal(envelope_parse(buf_slice(&b), &zone, &read, &why), ERR_UNREADABLE);
        assert_non_null(strstr(why.sentence, needed[i]));
    }
    write_without(&b, "subject");
    assert_int_equal(envelope_parse(buf_slice(&b), &zone, &read, NULL), ERR_NONE);
    assert_int_equal(read.subject.size, 0);
    buf_fini(&b);
    msgpack_zone_destroy(&zone);
}

static void unknown_attribute_is_skipped(void **state)
{
    struct envelope read;
    struct buf b = { 0 };
    msgpack_zone zone;

    (void)state;
    assert_true(msgpack_zone_init(&zone, 1024));
    write_without(&b, NULL);
    assert_int_equal(envelope_parse(buf_slice(&b), &zone, &read, NULL), ERR_NONE);
    assert_int_equal(read.time_ms, -5);
    assert_int_equal(read.cause_seq, 0);
    buf_fini(&b);
    msgpack_zone_destroy(&zone);
}

static void every_truncation_is_refused(void **state)
{
    struct envelope e = example_outcome(), read;
    struct buf b = { 0 };
    msgpack_zone zone;

    (void)state;
    assert_true(msgpack_zone_init(&zone, 1024));
    assert_int_equal(envelope_write(&e, packed_data(), &b), ERR_NONE);
    for (size_t cut = 0; cut < b.size; cut++)
        assert_int_equal(envelope_parse(slice_of(b.data, cut), &zone, &read, NULL), ERR_UNREADABLE);
    buf_fini(&b);
    msgpack_zone_destroy(&zone);
}

static void what_is_no_map_is_refused(void **state)
{
    struct why why = { .code = "" };
    struct envelope read;
    msgpack_zone zone;

    (void)state;
    assert_true(msgpack_zone_init(&zone, 1024));
    assert_int_equal(envelope_parse(slice_text("\x91\x01"), &zone, &read, &why), ERR_UNREADABLE);
    assert_string_equal(why.sentence, "the envelope is not a map");
    msgpack_zone_destroy(&zone);
}

static void too_large_an_envelope_is_not_written(void **state)
{
    static char large[ENVELOPE_BYTES_MAX];
    struct envelope e = example();
    struct buf b = { 0 };

    (void)state;
    assert_int_equal(envelope_write(&e, slice_of(large, sizeof large), &b), ERR_LIMIT);
    buf_fini(&b);
}

/* Written by another implementation (Python's hashlib) from the description in envelope.h. */
static void outcome_id_follows_its_description(void **state)
{
    char id[HASH_ID_TEXT + 1];

    (void)state;
    envelope_outcome_id(slice_text("scoring"), slice_text("c1"), slice_text("scoring.sheet.counted"), 258,
                        id);
    assert_string_equal(id, "185a551cbf8b4620a01938d354392562");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(wrong_attribute_is_named),
        cmocka_unit_test(missing_attribute_is_refused_but_for_the_subject),
        cmocka_unit_test(unknown_attribute_is_skipped),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(what_is_no_map_is_refused),
        cmocka_unit_test(too_large_an_envelope_is_not_written),
        cmocka_unit_test(outcome_id_follows_its_description),
    };

    if (hash_init() != 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
