#include "common/mp.h"

#include "common/text.h"

#include <stdlib.h>

/* A map with more keys than this is refused; up to MP_PAIRWISE_MAX keys are compared each with each, more are
 * sorted. */
enum { MP_MAP_KEYS_MAX = 4096, MP_PAIRWISE_MAX = 16 };

/* Where the walk is. `at` only grows and never passes `size`. */
struct walk {
    const unsigned char *bytes;
    size_t size, at;
    unsigned depth;
    struct why *why;
};

enum kind {
    KIND_NIL,
    KIND_FLAG,
    KIND_UINT,
    KIND_SINT,
    KIND_FLOAT,
    KIND_TEXT,
    KIND_BIN,
    KIND_ARRAY,
    KIND_MAP,
    KIND_NEVER
};

/* What the first byte says. */
struct form {
    enum kind kind;
    unsigned width; /* bytes of the number behind it */
    uint64_t least; /* a smaller number (UINT, lengths, counts) has a shorter form */
};

/* The first bytes 0xc0..0xdf; all others carry their number themselves. */
static const struct form forms[] = {
    { KIND_NIL, 0, 0 },        { KIND_NEVER, 0, 0 },
    { KIND_FLAG, 0, 0 },       { KIND_FLAG, 0, 0 },
    { KIND_BIN, 1, 0 },        { KIND_BIN, 2, 0x100 },
    { KIND_BIN, 4, 0x10000 },  { KIND_NEVER, 0, 0 }, /* ext */
    { KIND_NEVER, 0, 0 },      { KIND_NEVER, 0, 0 },
    { KIND_FLOAT, 4, 0 },      { KIND_FLOAT, 8, 0 },
    { KIND_UINT, 1, 0x80 },    { KIND_UINT, 2, 0x100 },
    { KIND_UINT, 4, 0x10000 }, { KIND_UINT, 8, 0x100000000 },
    { KIND_SINT, 1, 0 },       { KIND_SINT, 2, 0 },
    { KIND_SINT, 4, 0 },       { KIND_SINT, 8, 0 },
    { KIND_NEVER, 0, 0 },      { KIND_NEVER, 0, 0 }, /* fixext */
    { KIND_NEVER, 0, 0 },      { KIND_NEVER, 0, 0 },
    { KIND_NEVER, 0, 0 },      { KIND_TEXT, 1, 32 },
    { KIND_TEXT, 2, 0x100 },   { KIND_TEXT, 4, 0x10000 },
    { KIND_ARRAY, 2, 16 },     { KIND_ARRAY, 4, 0x10000 },
    { KIND_MAP, 2, 16 },       { KIND_MAP, 4, 0x10000 },
};

static enum err malformed(const struct walk *w, size_t at, const char *what)
{
    return why_set(w->why, ERR_UNREADABLE, "MALFORMED", "byte %zu of %zu: %s", at, w->size, what);
}

static size_t left(const struct walk *w)
{
    return w->size - w->at;
}

static uint64_t take_big_endian(struct walk *w, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value = value << 8 | w->bytes[w->at++];
    return value;
}

/* Only numbers below zero that the next shorter signed form cannot hold; others have a shorter or an unsigned
 * form. */
static bool sint_is_shortest(uint64_t raw, unsigned width)
{
    switch (width) {
    case 1:
        return (int8_t)raw < -32;
    case 2:
        return (int16_t)raw < INT8_MIN;
    case 4:
        return (int32_t)raw < INT16_MIN;
    default:
        return (int64_t)raw < INT32_MIN;
    }
}

static bool float_is_nan(uint64_t raw, unsigned width)
{
    return width == 4 ? (raw & 0x7fffffff) > 0x7f800000 : (raw & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

/* Small integers, maps, arrays and texts carry their number in the first byte. */
static inline bool head_alone(unsigned head, enum kind *kind, uint64_t *number)
{
    /* By the three highest bits; a map and an array part by the fourth. */
    static const unsigned char kinds[] = { KIND_UINT,  KIND_UINT, KIND_UINT,  KIND_UINT,
                                           KIND_NEVER, KIND_TEXT, KIND_NEVER, KIND_SINT };
    const enum kind k = (enum kind)kinds[head >> 5];

    if (head >> 5 == 4) {
        *kind = head & 0x10 ? KIND_ARRAY : KIND_MAP;
        *number = head & 0x0f;
        return true;
    }
    *kind = k;
    *number = head & 0x1f;
    return k != KIND_NEVER;
}

/* The first byte said that the number is behind it. */
static enum err take_number(struct walk *w, unsigned head, enum kind *kind, uint64_t *number)
{
    const size_t start = w->at - 1;
    const struct form *form = &forms[head - 0xc0];

    if (form->kind == KIND_NEVER) return malformed(w, start, "ext types and the byte c1 are not allowed");
    if (form->width > left(w)) return malformed(w, start, "cut off inside a number");
    *kind = form->kind;
    *number = take_big_endian(w, form->width);
    if (*number < form->least) return malformed(w, start, "not the shortest form");
    if (form->kind == KIND_SINT && !sint_is_shortest(*number, form->width))
        return malformed(w, start, "not the shortest form");
    if (form->kind == KIND_FLOAT && float_is_nan(*number, form->width))
        return malformed(w, start, "a float that is no number");
    return ERR_NONE;
}

/* Read the first byte and the number behind it. */
static inline enum err take_head(struct walk *w, enum kind *kind, uint64_t *number)
{
    unsigned head;

    if (left(w) == 0) return malformed(w, w->at, "cut off where a value should begin");
    head = w->bytes[w->at++];
    return head_alone(head, kind, number) ? ERR_NONE : take_number(w, head, kind, number);
}

/* Take the `size` bytes of a text or bin that began at `start`. */
static inline enum err take_body(struct walk *w, size_t start, uint64_t size, bool text, struct slice *out)
{
    if (size > left(w)) return malformed(w, start, "longer than the bytes that are left");
    *out = slice_of(w->bytes + w->at, (size_t)size);
    if (text && !text_is_utf8(*out)) return malformed(w, start, "text that is not valid UTF-8");
    w->at += (size_t)size;
    return ERR_NONE;
}

static int compare_keys(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;

    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return x->size ? memcmp(x->data, y->data, x->size) : 0;
}

/* Whether a key stands twice; may reorder the keys. */
static bool has_twin(struct slice *keys, size_t count)
{
    if (count > MP_PAIRWISE_MAX) {
        qsort(keys, count, sizeof *keys, compare_keys);
        for (size_t i = 1; i < count; i++)
            if (slice_equal(keys[i - 1], keys[i])) return true;
        return false;
    }
    for (size_t i = 1; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (keys[i].size == keys[k].size && slice_equal(keys[i], keys[k])) return true;
    return false;
}

static enum err walk_value(struct walk *w);

static enum err walk_array(struct walk *w, size_t start, uint64_t count)
{
    enum err e = ERR_NONE;

    if (count > left(w)) return malformed(w, start, "an array of more elements than bytes are left");
    for (uint64_t i = 0; i < count && !e; i++)
        e = walk_value(w);
    return e;
}

/* The keys land in `keys`, which has room for all of them. */
static enum err walk_pairs(struct walk *w, size_t start, struct slice *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t key_start = w->at;
        uint64_t size = 0;
        enum kind kind = KIND_NEVER;
        enum err e = take_head(w, &kind, &size);

        if (!e && kind != KIND_TEXT) e = malformed(w, key_start, "a map key that is not text");
        if (!e) e = take_body(w, key_start, size, true, &keys[i]);
        if (!e) e = walk_value(w);
        if (e) return e;
    }
    return has_twin(keys, count) ? malformed(w, start, "a map in which a key stands twice") : ERR_NONE;
}

static enum err walk_map(struct walk *w, size_t start, uint64_t count)
{
    struct slice few[MP_PAIRWISE_MAX], *many;
    enum err e;

    if (count > left(w) / 2) return malformed(w, start, "a map of more pairs than bytes are left");
    if (count > MP_MAP_KEYS_MAX) return malformed(w, start, "a map of more than 4096 keys");
    if (count <= MP_PAIRWISE_MAX) return walk_pairs(w, start, few, (size_t)count);
    many = calloc((size_t)count, sizeof *many);
    if (!many) return ERR_NOMEM;
    e = walk_pairs(w, start, many, (size_t)count);
    free(many);
    return e;
}

/* Recursion is safe: it goes MP_DEPTH_MAX deep. */
static enum err walk_inside(struct walk *w, size_t start, enum kind kind, uint64_t count)
{
    enum err e;

    if (w->depth == MP_DEPTH_MAX) return malformed(w, start, "nested more than 16 deep");
    w->depth++;
    e = kind == KIND_MAP ? walk_map(w, start, count) : walk_array(w, start, count);
    w->depth--;
    return e;
}

static enum err walk_value(struct walk *w)
{
    size_t start = w->at;
    struct slice body;
    uint64_t number = 0;
    enum kind kind = KIND_NEVER;
    enum err e = take_head(w, &kind, &number);

    if (e) return e;
    if (kind == KIND_TEXT || kind == KIND_BIN) return take_body(w, start, number, kind == KIND_TEXT, &body);
    if (kind == KIND_ARRAY || kind == KIND_MAP) return walk_inside(w, start, kind, number);
    return ERR_NONE;
}

enum err mp_check(struct slice bytes, struct why *why)
{
    struct walk w = { .bytes = (const unsigned char *)bytes.data, .size = bytes.size, .why = why };
    enum err e = walk_value(&w);

    if (!e && left(&w) > 0) e = malformed(&w, w.at, "bytes behind the value");
    return e;
}

enum err mp_read(struct slice bytes, msgpack_zone *zone, msgpack_object *out, struct why *why)
{
    size_t offset = 0;
    msgpack_object read;
    enum err e = mp_check(bytes, why);

    if (e) return e;
    /* Checked bytes leave the library one reason to fail: memory. */
    if (msgpack_unpack(bytes.data, bytes.size, &offset, zone, &read) != MSGPACK_UNPACK_SUCCESS)
        return ERR_NOMEM;
    *out = read;
    return ERR_NONE;
}

const msgpack_object *mp_find(const msgpack_object *map, const char *key)
{
    const struct slice wanted = slice_text(key);

    if (!map || map->type != MSGPACK_OBJECT_MAP) return NULL;
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        struct slice name;
        if (mp_text(&pair->key, &name) && slice_equal(name, wanted)) return &pair->val;
    }
    return NULL;
}

bool mp_text(const msgpack_object *o, struct slice *out)
{
    if (!o || o->type != MSGPACK_OBJECT_STR) return false;
    *out = slice_of(o->via.str.ptr, o->via.str.size);
    return true;
}

bool mp_bytes(const msgpack_object *o, struct slice *out)
{
    if (!o || o->type != MSGPACK_OBJECT_BIN) return false;
    *out = slice_of(o->via.bin.ptr, o->via.bin.size);
    return true;
}

bool mp_u64(const msgpack_object *o, uint64_t *out)
{
    if (!o || o->type != MSGPACK_OBJECT_POSITIVE_INTEGER) return false;
    *out = o->via.u64;
    return true;
}

bool mp_i64(const msgpack_object *o, int64_t *out)
{
    if (o && o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
        *out = o->via.i64;
        return true;
    }
    if (!o || o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 > INT64_MAX) return false;
    *out = (int64_t)o->via.u64;
    return true;
}
