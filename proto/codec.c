/* codec.c - one loop that decodes, one that encodes, and one set of rules for both.
 *
 * Decoding takes a value off the wire (wrong kind: FIELD_KIND), checks it against its field (FIELD_RANGE),
 * then stores it. Encoding loads it from the struct, checks it the same way, then packs it. `struct
 * field_value` stands between.
 */
#include "proto/codec.h"

#include "common/clock.h"
#include "common/mp.h"
#include "proto/field_rule.h"

#include <inttypes.h>
#include <stdio.h>

/* --- decoding --- */

static int64_t day_number(struct slice text)
{
    int32_t day;

    return clock_day_parse(text, &day) ? INT64_MIN : day;
}

static int64_t pick_number(const struct field *f, struct slice word)
{
    int64_t i;

    for (i = 0; f->words[i]; i++)
        if (slice_is(word, f->words[i])) return i;
    return -1;
}

/* A number too large for int64_t is the largest there is: no field allows that much. */
static bool take_number(const msgpack_object *o, int64_t *number)
{
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER && o->type != MSGPACK_OBJECT_NEGATIVE_INTEGER)
        return false;
    if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        *number = o->via.u64 > INT64_MAX ? INT64_MAX : (int64_t)o->via.u64;
    else
        *number = o->via.i64;
    return true;
}

static bool take_list(const msgpack_object *o, struct field_value *v)
{
    if (o->type != MSGPACK_OBJECT_ARRAY) return false;
    v->elements = o->via.array.ptr;
    v->count = o->via.array.size;
    return true;
}

/* False when it is of the wrong kind. */
static bool take(const struct field *f, const msgpack_object *o, struct field_value *v)
{
    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_FACT:
        return mp_text(o, &v->slice);
    case FIELD_DAY:
        if (!mp_text(o, &v->slice)) return false;
        v->number = day_number(v->slice);
        return true;
    case FIELD_PICK:
        if (!mp_text(o, &v->slice)) return false;
        v->number = pick_number(f, v->slice);
        return true;
    case FIELD_NUM:
        return take_number(o, &v->number);
    case FIELD_FLAG:
        v->number = o->type == MSGPACK_OBJECT_BOOLEAN && o->via.boolean;
        return o->type == MSGPACK_OBJECT_BOOLEAN;
    case FIELD_BYTES:
        return mp_bytes(o, &v->slice);
    case FIELD_LIST:
        return take_list(o, v);
    }
    return false;
}

static void store(const struct field *f, const struct field_value *v, char *out)
{
    int32_t day = (int32_t)(f->kind == FIELD_DAY ? v->number : 0);
    int pick = (int)(f->kind == FIELD_PICK ? v->number : 0);
    bool yes = v->number != 0, has = true;

    if (!f->required) memcpy(out + f->has_offset, &has, sizeof has);
    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_FACT:
    case FIELD_BYTES:
        memcpy(out + f->offset, &v->slice, sizeof v->slice);
        break;
    case FIELD_NUM:
        memcpy(out + f->offset, &v->number, sizeof v->number);
        break;
    case FIELD_DAY:
        memcpy(out + f->offset, &day, sizeof day);
        break;
    case FIELD_PICK:
        memcpy(out + f->offset, &pick, sizeof pick);
        break;
    case FIELD_FLAG:
        memcpy(out + f->offset, &yes, sizeof yes);
        break;
    case FIELD_LIST:
        memcpy(out + f->offset, &v->items, sizeof v->items);
        memcpy(out + f->count_offset, &v->count, sizeof v->count);
        break;
    }
}

static enum err decode_map(const struct field_place *p, const msgpack_object *map, msgpack_zone *zone,
                           char *out, struct why *why);

/* The count is known to be in range, so what we ask of the zone is bounded by events.def. */
static enum err decode_list(const struct field_place *p, const struct field *f, struct field_value *v,
                            msgpack_zone *zone, struct why *why)
{
    const struct event_kind *item = f->item;
    enum err e = ERR_NONE;
    char *items;
    size_t i;

    if (v->count == 0) return ERR_NONE;
    items = msgpack_zone_malloc(zone, v->count * item->size);
    if (!items) return ERR_NOMEM;
    for (i = 0; !e && i < v->count; i++) {
        struct field_place element = { p, item, f, i };

        if (v->elements[i].type != MSGPACK_OBJECT_MAP)
            return field_refuse_element(p, f, i, &v->elements[i], why);
        e = decode_map(&element, &v->elements[i], zone, items + i * item->size, why);
    }
    v->items = items;
    return e;
}

static enum err decode_field(const struct field_place *p, const struct field *f, const msgpack_object *o,
                             msgpack_zone *zone, char *out, struct why *why)
{
    struct field_value v = { 0 };
    enum err e;

    if (!take(f, o, &v)) return field_refuse(p, f, "FIELD_KIND", field_wire_kind(o), why);
    e = field_check(p, f, &v, why);
    if (!e && f->kind == FIELD_LIST) e = decode_list(p, f, &v, zone, why);
    if (!e) store(f, &v, out);
    return e;
}

static bool is_named(const msgpack_object_kv *pair, const struct field *f)
{
    struct slice key;

    return mp_text(&pair->key, &key) && key.size == f->name_size && memcmp(key.data, f->name, key.size) == 0;
}

/* The field's value in `map`, NULL without. What we wrote ourselves has the order of events.def, so the pair
 * at
 * `*next` is looked at first, and after a hit the one behind it. */
static const msgpack_object *find_field(const msgpack_object_map *map, const struct field *f, uint32_t *next)
{
    if (*next < map->size && is_named(&map->ptr[*next], f)) return &map->ptr[(*next)++].val;
    for (uint32_t i = 0; i < map->size; i++) {
        if (!is_named(&map->ptr[i], f)) continue;
        *next = i + 1;
        return &map->ptr[i].val;
    }
    return NULL;
}

static enum err decode_map(const struct field_place *p, const msgpack_object *map, msgpack_zone *zone,
                           char *out, struct why *why)
{
    uint32_t next = 0;
    enum err e = ERR_NONE;
    size_t i;

    memset(out, 0, p->kind->size);
    for (i = 0; !e && i < p->kind->field_count; i++) {
        const struct field *f = &p->kind->fields[i];
        const msgpack_object *o = find_field(&map->via.map, f, &next);

        if (o)
            e = decode_field(p, f, o, zone, out, why);
        else if (f->required)
            e = field_refuse(p, f, "FIELD_MISSING", "missing", why);
    }
    return e;
}

enum err codec_decode(const struct event_kind *kind, const msgpack_object *data, msgpack_zone *zone,
                      void *out, struct why *why)
{
    struct field_place event = { NULL, kind, NULL, 0 };

    if (data->type != MSGPACK_OBJECT_MAP) {
        memset(out, 0, kind->size);
        return why_set(why, ERR_UNREADABLE, "MALFORMED", "%s: the data is %s; it must be a map by field name",
                       field_event(&event), field_wire_kind(data));
    }
    return decode_map(&event, data, zone, out, why);
}

static enum err decode_envelope(const struct event_kind *kind, const struct envelope *e, msgpack_zone *zone,
                                void *out, struct why *why)
{
    if (!slice_is(e->type, kind->type)) {
        memset(out, 0, kind->size);
        return why_set(why, ERR_UNREADABLE, "MALFORMED", "the envelope is of type %.*s; it must be %s",
                       SLICE_ARG(e->type), kind->type);
    }
    return codec_decode(kind, &e->data, zone, out, why);
}

/* --- encoding --- */

static bool present(const struct field *f, const char *event)
{
    bool has = true;

    if (!f->required) memcpy(&has, event + f->has_offset, sizeof has);
    return has;
}

static void load(const struct field *f, const char *event, struct field_value *v)
{
    const char *at = event + f->offset;
    int32_t day = 0;
    int pick = 0;
    bool yes = false;

    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_FACT:
    case FIELD_BYTES:
        memcpy(&v->slice, at, sizeof v->slice);
        break;
    case FIELD_NUM:
        memcpy(&v->number, at, sizeof v->number);
        break;
    case FIELD_DAY:
        memcpy(&day, at, sizeof day);
        v->number = day;
        break;
    case FIELD_PICK:
        memcpy(&pick, at, sizeof pick);
        v->number = pick;
        break;
    case FIELD_FLAG:
        memcpy(&yes, at, sizeof yes);
        v->number = yes;
        break;
    case FIELD_LIST:
        memcpy(&v->items, at, sizeof v->items);
        memcpy(&v->count, event + f->count_offset, sizeof v->count);
        break;
    }
}

static enum err encode_map(const struct field_place *p, const char *event, msgpack_packer *packer,
                           struct why *why);

static enum err encode_list(const struct field_place *p, const struct field *f, const struct field_value *v,
                            msgpack_packer *packer, struct why *why)
{
    const char *items = v->items;
    enum err e = ERR_NONE;
    size_t i;

    msgpack_pack_array(packer, v->count);
    for (i = 0; !e && i < v->count; i++) {
        struct field_place element = { p, f->item, f, i };

        e = encode_map(&element, items + i * f->item->size, packer, why);
    }
    return e;
}

static void pack_flag(msgpack_packer *packer, bool yes)
{
    if (yes)
        msgpack_pack_true(packer);
    else
        msgpack_pack_false(packer);
}

/* Pack a value that keeps its rule. Lists are encode_list's. */
static void pack_value(const struct field *f, const struct field_value *v, msgpack_packer *packer)
{
    char day[CLOCK_DAY_TEXT + 1];

    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_FACT:
        buf_pack_str(packer, v->slice);
        break;
    case FIELD_NUM:
        msgpack_pack_int64(packer, v->number);
        break;
    case FIELD_DAY:
        clock_day_text((int32_t)v->number, day);
        buf_pack_text(packer, day);
        break;
    case FIELD_FLAG:
        pack_flag(packer, v->number != 0);
        break;
    case FIELD_BYTES:
        buf_pack_bin(packer, v->slice);
        break;
    case FIELD_PICK:
        buf_pack_text(packer, pick_word(f, (int)v->number));
        break;
    case FIELD_LIST:
        break;
    }
}

static enum err encode_field(const struct field_place *p, const struct field *f, const char *event,
                             msgpack_packer *packer, struct why *why)
{
    char came[FIELD_CAME_MAX];
    struct field_value v = { 0 };
    enum err e;

    load(f, event, &v);
    /* A day or pick in a struct is a number, and has no text that came. */
    if ((f->kind == FIELD_DAY || f->kind == FIELD_PICK) && !field_value_ok(f, &v)) {
        snprintf(came, sizeof came, "number %" PRId64, v.number);
        return field_refuse(p, f, "FIELD_RANGE", came, why);
    }
    e = field_check(p, f, &v, why);
    if (e) return e;
    buf_pack_str(packer, slice_of(f->name, f->name_size));
    if (f->kind == FIELD_LIST) return encode_list(p, f, &v, packer, why);
    pack_value(f, &v, packer);
    return ERR_NONE;
}

static enum err encode_map(const struct field_place *p, const char *event, msgpack_packer *packer,
                           struct why *why)
{
    const struct event_kind *kind = p->kind;
    enum err e = ERR_NONE;
    size_t i, count = 0;

    for (i = 0; i < kind->field_count; i++)
        if (present(&kind->fields[i], event)) count++;
    msgpack_pack_map(packer, count);
    for (i = 0; !e && i < kind->field_count; i++)
        if (present(&kind->fields[i], event)) e = encode_field(p, &kind->fields[i], event, packer, why);
    return e;
}

enum err codec_encode(const struct event_kind *kind, const void *event, struct buf *out, struct why *why)
{
    struct field_place place = { NULL, kind, NULL, 0 };
    size_t before = out->size;
    msgpack_packer packer;
    enum err e;

    msgpack_packer_init(&packer, out, buf_pack_write);
    e = encode_map(&place, event, &packer, why);
    if (!e) e = out->failed;
    if (e) out->size = before; /* nothing half-written */
    return e;
}

enum err codec_announce(struct turn *turn, const struct event_kind *kind, struct slice province,
                        struct slice subject, const void *event)
{
    struct buf data = { 0 };
    enum err e = codec_encode(kind, event, &data, turn_why(turn));

    if (!e) e = turn_announce(turn, kind->type, province, subject, buf_slice(&data));
    buf_fini(&data);
    return e;
}

/* --- the typed forms --- */
#define PICKS(set)
#define CHOICE(set, name, word)
#define END_PICKS(set)
#define STRUCT(name, doc)
#define EVENT(name, type, origin, doc)                                                                       \
    enum err name##_decode(const struct envelope *e, msgpack_zone *zone, struct name *out, struct why *why)  \
    {                                                                                                        \
        return decode_envelope(&name##_kind, e, zone, out, why);                                             \
    }                                                                                                        \
    enum err name##_announce(struct turn *turn, struct slice province, struct slice subject,                 \
                             const struct name *event)                                                       \
    {                                                                                                        \
        return codec_announce(turn, &name##_kind, province, subject, event);                                 \
    }
#define END(name)
#define FIELD(owner, need, kind, name, least, most, doc)
#define FACT(owner, need, name, type, doc)
#define PICK(owner, need, set, name, doc)
#define LIST(owner, need, item, name, least, most, doc)
#include "proto/events.def"
