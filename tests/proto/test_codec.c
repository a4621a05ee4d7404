/* test_codec.c - every event of events.def goes through the codec and comes back, and nothing else gets in.
 *
 * Most tests walk the tables, so that an event added to events.def is tested from its first day.
 */
#include "common/clock.h"
#include "common/mp.h"
#include "proto/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ELEMENTS = 2, LONG_TEXT = 300000 };
enum filling { SMALLEST, LARGEST };

static char letters[LONG_TEXT]; /* 'a' all over; every made-up text borrows from it */
static msgpack_zone *zone;

static int begin(void **state)
{
    (void)state;
    memset(letters, 'a', sizeof letters);
    zone = msgpack_zone_new(8192);
    return zone ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    msgpack_zone_free(zone);
    return 0;
}

/* --- made-up events --- */

static void fill(const struct event_kind *kind, enum filling how, char *out);

static void fill_list(const struct field *f, enum filling how, char *out)
{
    size_t i, count = how == SMALLEST ? (size_t)f->least : ELEMENTS;
    char *items = msgpack_zone_malloc(zone, (count + 1) * f->item->size);

    assert_non_null(items);
    for (i = 0; i < count; i++)
        fill(f->item, how, items + i * f->item->size);
    memcpy(out + f->offset, &items, sizeof items);
    memcpy(out + f->count_offset, &count, sizeof count);
}

static void fill_field(const struct field *f, enum filling how, char *out)
{
    int64_t number = how == SMALLEST ? f->least : f->most;
    struct slice text = slice_of(letters, (size_t)(number < 700 ? number : 700));
    int32_t day = how == SMALLEST ? CLOCK_DAY_MIN : CLOCK_DAY_MAX;
    bool yes = how == LARGEST, has = true;
    int pick = 0;

    if (!f->required) memcpy(out + f->has_offset, &has, sizeof has);
    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_FACT:
    case FIELD_BYTES:
        memcpy(out + f->offset, &text, sizeof text);
        break;
    case FIELD_NUM:
        memcpy(out + f->offset, &number, sizeof number);
        break;
    case FIELD_DAY:
        memcpy(out + f->offset, &day, sizeof day);
        break;
    case FIELD_FLAG:
        memcpy(out + f->offset, &yes, sizeof yes);
        break;
    case FIELD_PICK:
        while (how == LARGEST && pick_word(f, pick + 1))
            pick++;
        memcpy(out + f->offset, &pick, sizeof pick);
        break;
    case FIELD_LIST:
        fill_list(f, how, out);
        break;
    }
}

/* SMALLEST: required fields only, each at its least; LARGEST: all fields, each at its most. */
static void fill(const struct event_kind *kind, enum filling how, char *out)
{
    size_t i;

    memset(out, 0, kind->size);
    for (i = 0; i < kind->field_count; i++)
        if (kind->fields[i].required || how == LARGEST) fill_field(&kind->fields[i], how, out);
}

static void *made(const struct event_kind *kind, enum filling how)
{
    char *event = msgpack_zone_malloc(zone, kind->size);

    assert_non_null(event);
    fill(kind, how, event);
    return event;
}

static void encode(const struct event_kind *kind, const void *event, struct buf *out)
{
    struct why why = { 0 };

    assert_int_equal(codec_encode(kind, event, out, &why), ERR_NONE);
    assert_string_equal(why.sentence, "");
}

static void wrap(const char *type, struct slice data, struct buf *out)
{
    struct envelope e = { 0 };

    e.id = slice_text("5f0c");
    e.source = slice_text("province-06");
    e.type = slice_text(type);
    e.time_ms = 1544950000000;
    assert_int_equal(envelope_write(&e, data, out), ERR_NONE);
}

/* The data map of a made-up event, as msgpack objects to be bent by the tests. */
static msgpack_object data_of(const struct event_kind *kind, enum filling how)
{
    struct buf data = { 0 };
    struct why why = { 0 };
    msgpack_object o;
    char *copy;

    encode(kind, made(kind, how), &data);
    copy = msgpack_zone_malloc(zone, data.size);
    assert_non_null(copy);
    memcpy(copy, data.data, data.size);
    assert_int_equal(mp_read(slice_of(copy, data.size), zone, &o, &why), ERR_NONE);
    buf_fini(&data);
    return o;
}

/* A copy of the map without `key`, or, when `value` is given, with that in its place. */
static msgpack_object bent(const msgpack_object *map, const char *key, const msgpack_object *value)
{
    msgpack_object out = *map;
    uint32_t i, n = 0;

    out.via.map.ptr = msgpack_zone_malloc(zone, (map->via.map.size + 1) * sizeof(msgpack_object_kv));
    assert_non_null(out.via.map.ptr);
    for (i = 0; i < map->via.map.size; i++) {
        msgpack_object_kv pair = map->via.map.ptr[i];
        bool here = slice_is(slice_of(pair.key.via.str.ptr, pair.key.via.str.size), key);

        if (here && value) pair.val = *value;
        if (!here || value) out.via.map.ptr[n++] = pair;
    }
    out.via.map.size = n;
    return out;
}

static msgpack_object text_object(const char *text, size_t size)
{
    msgpack_object o = { .type = MSGPACK_OBJECT_STR };

    o.via.str.ptr = text;
    o.via.str.size = (uint32_t)size;
    return o;
}

/* --- refusals --- */

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

/* --- what goes through --- */

static void assert_round_trip(const struct event_kind *kind, enum filling how)
{
    struct buf first = { 0 }, second = { 0 }, wire = { 0 };
    char *back = msgpack_zone_malloc(zone, kind->size);
    struct why why = { 0 };
    struct envelope e;

    assert_non_null(back);
    encode(kind, made(kind, how), &first);
    wrap(kind->type, buf_slice(&first), &wire);
    assert_int_equal(envelope_parse(buf_slice(&wire), zone, &e, &why), ERR_NONE);
    assert_int_equal(e.data.type, MSGPACK_OBJECT_MAP);
    if (how == LARGEST) assert_int_equal(e.data.via.map.size, kind->field_count);
    assert_int_equal(codec_decode(kind, &e.data, zone, back, &why), ERR_NONE);
    encode(kind, back, &second);
    assert_true(slice_equal(buf_slice(&first), buf_slice(&second)));
    buf_fini(&first);
    buf_fini(&second);
    buf_fini(&wire);
}

static void every_event_comes_back_as_it_went(void **state)
{
    const struct event_kind *const *k;

    (void)state;
    for (k = event_kinds; *k; k++) {
        assert_round_trip(*k, SMALLEST);
        assert_round_trip(*k, LARGEST);
    }
}

static void values_come_back_in_their_places(void **state)
{
    struct chosen options[] = { { slice_text("A.1.1"), 2 }, { slice_text("B.3"), 0 } };
    struct sheet_submitted sheet = { .council = slice_text("HD-06"),
                                     .member = slice_text("m1"),
                                     .dossier = slice_text("abc"),
                                     .has_options = true,
                                     .options = options,
                                     .options_count = 2 };
    struct buf data = { 0 }, wire = { 0 };
    struct sheet_submitted back;
    struct why why = { 0 };
    struct envelope e;

    (void)state;
    encode(&sheet_submitted_kind, &sheet, &data);
    wrap("scoring.sheet.submitted", buf_slice(&data), &wire);
    assert_int_equal(envelope_parse(buf_slice(&wire), zone, &e, &why), ERR_NONE);
    assert_int_equal(sheet_submitted_decode(&e, zone, &back, &why), ERR_NONE);
    assert_true(slice_is(back.council, "HD-06"));
    assert_true(slice_is(back.member, "m1"));
    assert_true(slice_is(back.dossier, "abc"));
    assert_true(back.has_options && !back.has_gates && !back.has_total_hundredths && !back.has_remark);
    assert_int_equal(back.options_count, 2);
    assert_true(slice_is(back.options[1].criterion, "B.3"));
    assert_int_equal(back.options[0].option, 2);
    assert_int_equal(back.gates_count, 0);
    assert_null(back.gates);
    buf_fini(&data);
    buf_fini(&wire);
}

static void assert_bytes(const struct event_kind *kind, const void *event, const char *hex)
{
    struct buf data = { 0 };
    char *got;
    size_t i;

    encode(kind, event, &data);
    got = malloc(2 * data.size + 1);
    assert_non_null(got);
    for (i = 0; i < data.size; i++)
        snprintf(got + 2 * i, 3, "%02x", (unsigned char)data.data[i]);
    assert_string_equal(got, hex);
    free(got);
    buf_fini(&data);
}

/* These bytes are in logs already: if this test fails, the wire has changed. */
static void bytes_on_the_wire_stay(void **state)
{
    struct report_registered report = { .province = slice_text("06"),
                                        .period_end = clock_day_from_civil(2025, 12, 31),
                                        .late = true };
    struct council_member chair = { slice_text("m1"), seat_CHAIR };
    struct council_formed council = { .council = slice_text("C1"),
                                      .level = level_CENTRE,
                                      .province = slice_text("00"),
                                      .round = slice_text("2018-2"),
                                      .rule_set = slice_text("QD148"),
                                      .members = &chair,
                                      .members_count = 1,
                                      .has_spread_hundredths = true,
                                      .spread_hundredths = 1500 };

    (void)state;
    assert_bytes(&report_registered_kind, &report,
                 "83"
                 "a870726f76696e6365"     /* province */
                 "a23036"                 /* 06 */
                 "aa706572696f645f656e64" /* period_end */
                 "aa323032352d31322d3331" /* 2025-12-31 */
                 "a46c617465"             /* late */
                 "c3");
    assert_bytes(&council_formed_kind, &council,
                 "87"
                 "a7636f756e63696ca24331"             /* council C1 */
                 "a56c6576656ca663656e747265"         /* level centre */
                 "a870726f76696e6365a23030"           /* province 00 */
                 "a5726f756e64a6323031382d32"         /* round 2018-2 */
                 "a872756c655f736574a55144313438"     /* rule_set QD148 */
                 "a76d656d62657273"                   /* members */
                 "9182a66d656d626572a26d31"           /* [{member m1, */
                 "a473656174a56368616972"             /* seat chair}] */
                 "b17370726561645f68756e647265647468" /* spread_hundredths */
                 "73cd05dc");                         /* 1500 */
}

static void unknown_fields_are_skipped(void **state)
{
    const struct event_kind *const *k;

    (void)state;
    for (k = event_kinds; *k; k++) {
        msgpack_object data = data_of(*k, LARGEST), more = bent(&data, "no such field", NULL);
        char *back = msgpack_zone_malloc(zone, (*k)->size);
        struct buf first = { 0 }, second = { 0 };
        struct why why = { 0 };

        assert_non_null(back);
        more.via.map.ptr[more.via.map.size].key = text_object("unheard_of", 10);
        more.via.map.ptr[more.via.map.size++].val = data;
        assert_int_equal(codec_decode(*k, &more, zone, back, &why), ERR_NONE);
        encode(*k, back, &first);
        encode(*k, made(*k, LARGEST), &second);
        assert_true(slice_equal(buf_slice(&first), buf_slice(&second)));
        buf_fini(&first);
        buf_fini(&second);
    }
}

static void letters_are_counted_not_bytes(void **state)
{
    static const char e_nfd[] = "e\xcc\x82\xcc\x81"; /* ế as e, circumflex, acute: five bytes, one letter */
    static char name[201 * 5];
    struct plan_filed plan;
    struct buf out = { 0 };
    struct why why = { 0 };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof name / 5; i++)
        memcpy(name + 5 * i, e_nfd, 5);
    fill(&plan_filed_kind, SMALLEST, (char *)&plan);
    plan.has_decision = true;
    plan.decision = slice_of(name, 64 * 5);
    assert_int_equal(codec_encode(&plan_filed_kind, &plan, &out, &why), ERR_NONE);
    plan.decision = slice_of(name, 65 * 5);
    assert_int_equal(codec_encode(&plan_filed_kind, &plan, &out, &why), ERR_INVALID);
    assert_string_equal(why.code, "FIELD_RANGE");
    assert_non_null(strstr(why.sentence, "a text of 65 letters"));
    buf_fini(&out);
}

/* --- what does not --- */

static void every_truncation_is_refused(void **state)
{
    const struct event_kind *const *k;
    size_t cut;

    (void)state;
    for (k = event_kinds; *k; k++) {
        struct buf data = { 0 }, wire = { 0 };

        encode(*k, made(*k, SMALLEST), &data);
        wrap((*k)->type, buf_slice(&data), &wire);
        for (cut = 0; cut < wire.size; cut++) {
            char *copy = malloc(cut + 1); /* of its own, so that a sanitizer sees a byte read too far */
            struct why why = { 0 };
            struct envelope e;

            assert_non_null(copy);
            memcpy(copy, wire.data, cut);
            assert_int_equal(envelope_parse(slice_of(copy, cut), zone, &e, &why), ERR_UNREADABLE);
            free(copy);
        }
        buf_fini(&data);
        buf_fini(&wire);
    }
}

static void doubled_key_is_refused(void **state)
{
    const struct event_kind *const *k;

    (void)state;
    for (k = event_kinds; *k; k++) {
        msgpack_object data = data_of(*k, SMALLEST), twice = bent(&data, "no such field", NULL);
        struct buf packed = { 0 }, wire = { 0 };
        struct why why = { 0 };
        msgpack_packer packer;
        struct envelope e;

        twice.via.map.ptr[twice.via.map.size++] = data.via.map.ptr[0];
        msgpack_packer_init(&packer, &packed, buf_pack_write);
        assert_int_equal(msgpack_pack_object(&packer, twice), 0);
        wrap((*k)->type, buf_slice(&packed), &wire);
        assert_int_equal(envelope_parse(buf_slice(&wire), zone, &e, &why), ERR_UNREADABLE);
        buf_fini(&packed);
        buf_fini(&wire);
    }
}

static void envelope_of_another_type_is_unreadable(void **state)
{
    struct envelope e = { .type = slice_text("intake.plan.filed") };
    struct plan_filed plan;
    struct plan_refused refused;
    struct why why = { 0 };

    (void)state;
    e.data = data_of(&plan_filed_kind, SMALLEST);
    assert_int_equal(plan_filed_decode(&e, zone, &plan, &why), ERR_NONE);
    assert_int_equal(plan_refused_decode(&e, zone, &refused, &why), ERR_UNREADABLE);
    e.data = text_object("no map", 6);
    assert_int_equal(plan_filed_decode(&e, zone, &plan, &why), ERR_UNREADABLE);
    assert_int_equal(plan.year_from, 0);
}

static void what_breaks_a_rule_is_not_announced(void **state)
{
    struct certificate_revoked event;
    struct buf out = { 0 };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(buf_add_text(&out, "before"), ERR_NONE);
    fill(&certificate_revoked_kind, LARGEST, (char *)&event);
    event.ground = ground_COUNT;
    assert_int_equal(codec_encode(&certificate_revoked_kind, &event, &out, &why), ERR_INVALID);
    assert_non_null(strstr(why.sentence, "the field ground is number 6; it must be one of untrue_dossier"));
    why_clear(&why);
    event.ground = ground_LAW_BROKEN;
    event.revoked_on = CLOCK_DAY_MAX + 1;
    assert_int_equal(codec_encode(&certificate_revoked_kind, &event, &out, &why), ERR_INVALID);
    assert_non_null(strstr(why.sentence, "the field revoked_on is number "));
    assert_true(slice_is(buf_slice(&out), "before"));
    buf_fini(&out);
}

static void full_buffer_is_told(void **state)
{
    struct buf out = { .limit = 20 };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(codec_encode(&plan_filed_kind, made(&plan_filed_kind, LARGEST), &out, &why), ERR_LIMIT);
    assert_int_equal(out.size, 0);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_event_comes_back_as_it_went, begin, end),
        cmocka_unit_test_setup_teardown(values_come_back_in_their_places, begin, end),
        cmocka_unit_test_setup_teardown(bytes_on_the_wire_stay, begin, end),
        cmocka_unit_test_setup_teardown(unknown_fields_are_skipped, begin, end),
        cmocka_unit_test_setup_teardown(letters_are_counted_not_bytes, begin, end),
        cmocka_unit_test_setup_teardown(missing_field_is_named, begin, end),
        cmocka_unit_test_setup_teardown(field_of_another_kind_is_named, begin, end),
        cmocka_unit_test_setup_teardown(field_outside_its_limits_is_named, begin, end),
        cmocka_unit_test_setup_teardown(element_that_is_no_map_is_named, begin, end),
        cmocka_unit_test_setup_teardown(sentence_says_what_came_and_the_rule, begin, end),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(doubled_key_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(envelope_of_another_type_is_unreadable, begin, end),
        cmocka_unit_test_setup_teardown(what_breaks_a_rule_is_not_announced, begin, end),
        cmocka_unit_test_setup_teardown(full_buffer_is_told, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
