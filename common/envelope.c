#include "common/envelope.h"

#include "common/hash.h"
#include "common/mp.h"
#include "common/record.h"

enum { ATTRIBUTES = 7, OUTCOME_ATTRIBUTES = 4, SOURCE_MAX = 64 };

static enum err wrong(struct why *why, const char *attribute, const char *rule)
{
    return why_set(why, ERR_UNREADABLE, "MALFORMED",
                   "the envelope's attribute \"%s\" is missing or wrong: it is %s", attribute, rule);
}

static bool visible_ascii(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '!' || text.data[i] > '~') return false;
    return true;
}

static bool read_id(const msgpack_object *map, const char *key, struct slice *out)
{
    return mp_text(mp_find(map, key), out) && out->size >= 1 && out->size <= ENVELOPE_ID_MAX &&
           visible_ascii(*out);
}

static bool read_specversion(const msgpack_object *map)
{
    struct slice version;

    return mp_text(mp_find(map, "specversion"), &version) && slice_is(version, "1.0");
}

static bool read_source(const msgpack_object *map, struct slice *out)
{
    return mp_text(mp_find(map, "source"), out) && out->size >= 1 && out->size <= SOURCE_MAX;
}

static bool read_type(const msgpack_object *map, struct slice *out)
{
    return mp_text(mp_find(map, "type"), out) && out->size <= ENVELOPE_TYPE_MAX && topic_type_valid(*out);
}

/* CloudEvents calls the subject optional: without one it is empty. */
static bool read_subject(const msgpack_object *map, struct slice *out)
{
    const msgpack_object *subject = mp_find(map, "subject");

    *out = slice_of(NULL, 0);
    return !subject || (mp_text(subject, out) && out->size <= ENVELOPE_SUBJECT_MAX);
}

static bool read_u32(const msgpack_object *map, const char *key, uint32_t *out)
{
    uint64_t value;

    if (!mp_u64(mp_find(map, key), &value) || value > UINT32_MAX) return false;
    *out = (uint32_t)value;
    return true;
}

/* An outcome has all four of its attributes, any other event none. */
static enum err read_outcome(const msgpack_object *map, struct envelope *e, struct why *why)
{
    if (!mp_find(map, "cause") && !mp_find(map, "causeseq") && !mp_find(map, "ordinal") &&
        !mp_find(map, "count"))
        return ERR_NONE;
    if (!read_id(map, "cause", &e->cause))
        return wrong(why, "cause", "1..64 visible ASCII letters in an outcome");
    if (!mp_u64(mp_find(map, "causeseq"), &e->cause_seq) || e->cause_seq == 0 || e->cause_seq > INT64_MAX)
        return wrong(why, "causeseq", "the cause's place in the log, 1 or more, in an outcome");
    if (!read_u32(map, "count", &e->count) || e->count == 0)
        return wrong(why, "count", "the number of the cause's outcomes, 1 or more, in an outcome");
    if (!read_u32(map, "ordinal", &e->ordinal) || e->ordinal >= e->count)
        return wrong(why, "ordinal", "0..count-1 in an outcome");
    return ERR_NONE;
}

static enum err read_attributes(const msgpack_object *map, struct envelope *e, struct why *why)
{
    const msgpack_object *data = mp_find(map, "data");

    if (!read_specversion(map)) return wrong(why, "specversion", "the text 1.0");
    if (!read_id(map, "id", &e->id)) return wrong(why, "id", "1..64 visible ASCII letters");
    if (!read_source(map, &e->source)) return wrong(why, "source", "a text of 1..64 bytes");
    if (!read_type(map, &e->type))
        return wrong(why, "type", "context.thing.verb of a-z and _, at most 64 bytes");
    if (!read_subject(map, &e->subject)) return wrong(why, "subject", "a text of at most 128 bytes");
    if (!mp_i64(mp_find(map, "time"), &e->time_ms))
        return wrong(why, "time", "an integer, Unix milliseconds UTC");
    if (!data || data->type != MSGPACK_OBJECT_MAP) return wrong(why, "data", "a map by field name");
    e->data = *data;
    return read_outcome(map, e, why);
}

enum err envelope_parse(struct slice bytes, msgpack_zone *zone, struct envelope *out, struct why *why)
{
    struct envelope read = { .time_ms = 0 };
    msgpack_object map;
    enum err e;

    if (bytes.size > ENVELOPE_BYTES_MAX)
        return why_set(why, ERR_UNREADABLE, "MALFORMED", "the envelope has %zu bytes; it may have %d",
                       bytes.size, ENVELOPE_BYTES_MAX);
    e = mp_read(bytes, zone, &map, why);
    if (!e && map.type != MSGPACK_OBJECT_MAP)
        e = why_set(why, ERR_UNREADABLE, "MALFORMED", "the envelope is not a map");
    if (!e) e = read_attributes(&map, &read, why);
    if (!e) *out = read;
    return e;
}

static void pack_attribute(msgpack_packer *p, const char *key, struct slice value)
{
    buf_pack_text(p, key);
    buf_pack_str(p, value);
}

static void pack_outcome(msgpack_packer *p, const struct envelope *e)
{
    pack_attribute(p, "cause", e->cause);
    buf_pack_text(p, "causeseq");
    msgpack_pack_uint64(p, e->cause_seq);
    buf_pack_text(p, "ordinal");
    msgpack_pack_uint32(p, e->ordinal);
    buf_pack_text(p, "count");
    msgpack_pack_uint32(p, e->count);
}

enum err envelope_write(const struct envelope *e, struct slice data, struct buf *out)
{
    size_t start = out->size;
    msgpack_packer p;

    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_map(&p, e->cause_seq ? ATTRIBUTES + OUTCOME_ATTRIBUTES : ATTRIBUTES);
    pack_attribute(&p, "specversion", slice_text("1.0"));
    pack_attribute(&p, "id", e->id);
    pack_attribute(&p, "source", e->source);
    pack_attribute(&p, "type", e->type);
    pack_attribute(&p, "subject", e->subject);
    buf_pack_text(&p, "time");
    msgpack_pack_int64(&p, e->time_ms);
    if (e->cause_seq) pack_outcome(&p, e);
    buf_pack_text(&p, "data");
    buf_add(out, data.data, data.size);
    if (!out->failed && out->size - start > ENVELOPE_BYTES_MAX) out->failed = ERR_LIMIT;
    return out->failed;
}

void envelope_outcome_id(struct slice source, struct slice cause, struct slice type, uint32_t ordinal,
                         char id[33])
{
    const uint8_t place[] = { (uint8_t)(ordinal >> 24), (uint8_t)(ordinal >> 16), (uint8_t)(ordinal >> 8),
                              (uint8_t)ordinal };
    const struct slice parts[] = { source, cause, type, slice_of(place, sizeof place) };

    hash_id(parts, sizeof parts / sizeof parts[0], id);
}
