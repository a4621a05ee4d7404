/* made.h - made-up events: each kind of events.def filled from its table, so that an event added there is
 * tested from its first day; and maps of them to be bent.
 */
#ifndef TESTS_PROTO_MADE_H
#define TESTS_PROTO_MADE_H

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

static inline int begin(void **state)
{
    (void)state;
    memset(letters, 'a', sizeof letters);
    zone = msgpack_zone_new(8192);
    return zone ? 0 : -1;
}

static inline int end(void **state)
{
    (void)state;
    msgpack_zone_free(zone);
    return 0;
}

/* --- made-up events --- */

static inline void fill(const struct event_kind *kind, enum filling how, char *out);

static inline void fill_list(const struct field *f, enum filling how, char *out)
{
    size_t i, count = how == SMALLEST ? (size_t)f->least : ELEMENTS;
    char *items = msgpack_zone_malloc(zone, (count + 1) * f->item->size);

    assert_non_null(items);
    for (i = 0; i < count; i++)
        fill(f->item, how, items + i * f->item->size);
    memcpy(out + f->offset, &items, sizeof items);
    memcpy(out + f->count_offset, &count, sizeof count);
}

static inline void fill_field(const struct field *f, enum filling how, char *out)
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
static inline void fill(const struct event_kind *kind, enum filling how, char *out)
{
    size_t i;

    memset(out, 0, kind->size);
    for (i = 0; i < kind->field_count; i++)
        if (kind->fields[i].required || how == LARGEST) fill_field(&kind->fields[i], how, out);
}

static inline void *made(const struct event_kind *kind, enum filling how)
{
    char *event = msgpack_zone_malloc(zone, kind->size);

    assert_non_null(event);
    fill(kind, how, event);
    return event;
}

static inline void encode(const struct event_kind *kind, const void *event, struct buf *out)
{
    struct why why = { 0 };

    assert_int_equal(codec_encode(kind, event, out, &why), ERR_NONE);
    assert_string_equal(why.sentence, "");
}

static inline void wrap(const char *type, struct slice data, struct buf *out)
{
    struct envelope e = { 0 };

    e.id = slice_text("5f0c");
    e.source = slice_text("province-06");
    e.type = slice_text(type);
    e.time_ms = 1544950000000;
    assert_int_equal(envelope_write(&e, data, out), ERR_NONE);
}

/* The data map of a made-up event, as msgpack objects to be bent by the tests. */
static inline msgpack_object data_of(const struct event_kind *kind, enum filling how)
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
static inline msgpack_object bent(const msgpack_object *map, const char *key, const msgpack_object *value)
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

static inline msgpack_object text_object(const char *text, size_t size)
{
    msgpack_object o = { .type = MSGPACK_OBJECT_STR };

    o.via.str.ptr = text;
    o.via.str.size = (uint32_t)size;
    return o;
}

#endif
