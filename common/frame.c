#include "common/frame.h"

#include <stdio.h>

/* Numbers, places and credit are at most this, so that adding a message's worth of them never overflows and
 * each fits into the log's signed columns. */
#define FRAME_NUMBER_MAX ((uint64_t)1 << 62)

enum { MEMBERS_MAX = 4, RECORD_MEMBERS = 8, EVENT_MEMBERS = 2 };

enum member_kind {
    MEMBER_END,
    MEMBER_NUMBER, /* 0..FRAME_NUMBER_MAX */
    MEMBER_TOKEN,  /* any 64 bits: the asker's own */
    MEMBER_NAME,   /* text of 1..limit bytes */
    MEMBER_TEXT,   /* any text */
    MEMBER_HASH,   /* 32 bytes */
    MEMBER_CHAIN,  /* 32 bytes or nil */
    MEMBER_LIST,   /* an array of least..limit elements */
    MEMBER_MAP
};

struct member {
    const char *name;
    enum member_kind kind;
    size_t offset; /* in struct frame */
    uint32_t least, limit;
};

struct shape {
    const char *name;
    struct member members[MEMBERS_MAX + 1];
};

#define AT(field) offsetof(struct frame, field)
#define NUMBER(name, field)                                                                                  \
    {                                                                                                        \
        name, MEMBER_NUMBER, AT(field), 0, 0                                                                 \
    }
#define NAME(name, field, limit)                                                                             \
    {                                                                                                        \
        name, MEMBER_NAME, AT(field), 1, limit                                                               \
    }
#define TEXT(name, field)                                                                                    \
    {                                                                                                        \
        name, MEMBER_TEXT, AT(field), 0, 0                                                                   \
    }
#define HASH(name)                                                                                           \
    {                                                                                                        \
        name, MEMBER_HASH, AT(hash), 0, 0                                                                    \
    }
#define CHAIN(name)                                                                                          \
    {                                                                                                        \
        name, MEMBER_CHAIN, AT(hash), 0, 0                                                                   \
    }
#define TOKEN                                                                                                \
    {                                                                                                        \
        "token", MEMBER_TOKEN, AT(token), 0, 0                                                               \
    }
#define LIST(name, least, limit)                                                                             \
    {                                                                                                        \
        name, MEMBER_LIST, AT(list), least, limit                                                            \
    }
#define MAP(name)                                                                                            \
    {                                                                                                        \
        name, MEMBER_MAP, AT(map), 0, 0                                                                      \
    }

enum { QUESTION_MAX = 64, DAY_TEXT_MAX = 10 };

/* The members of each command, in the order they have on the wire. */
static const struct shape shapes[] = {
    [FRAME_NONE] = { "", { { 0 } } },
    [FRAME_HELLO] = { "HELLO",
                      { NUMBER("version", version), NAME("publisher", publisher, PUBLISHER_MAX),
                        NUMBER("epoch", epoch) } },
    [FRAME_WELCOME] = { "WELCOME", { NUMBER("last_number", number), HASH("hash"), NUMBER("head_seq", seq) } },
    [FRAME_PUBLISH] = { "PUBLISH", { NUMBER("first_number", number), LIST("events", 1, FRAME_EVENTS_MAX) } },
    [FRAME_STORED] = { "STORED", { NUMBER("last_number", number), NUMBER("last_seq", seq) } },
    [FRAME_REFUSED] = { "REFUSED",
                        { NUMBER("number", number), TEXT("code", code), TEXT("sentence", sentence) } },
    [FRAME_FOLLOW] = { "FOLLOW",
                       { NUMBER("after_seq", seq), CHAIN("chain"), LIST("prefixes", 0, FRAME_PREFIXES_MAX),
                         NUMBER("credit", credit) } },
    [FRAME_EVENTS] = { "EVENTS",
                       { NUMBER("through_seq", seq), HASH("through_chain"),
                         LIST("records", 0, FRAME_EVENTS_MAX) } },
    [FRAME_CREDIT] = { "CREDIT", { NUMBER("n", credit) } },
    [FRAME_PING] = { "PING", { TOKEN } },
    [FRAME_PONG] = { "PONG", { TOKEN, NUMBER("head_seq", seq) } },
    [FRAME_CLOCK] = { "CLOCK", { NAME("day", day, DAY_TEXT_MAX) } },
    [FRAME_CLOCKED] = { "CLOCKED", { NAME("day", day, DAY_TEXT_MAX), NUMBER("last_seq", seq) } },
    [FRAME_ASK] = { "ASK", { TOKEN, NAME("question", question, QUESTION_MAX), MAP("arguments") } },
    [FRAME_ANSWER] = { "ANSWER", { TOKEN, MAP("answer") } },
    [FRAME_FAULT] = { "FAULT", { TOKEN, TEXT("code", code), TEXT("sentence", sentence) } },
};

enum { SHAPE_COUNT = sizeof shapes / sizeof shapes[0] };

/* One more command in FRAME_TABLE without a shape here does not compile. */
#define X(name) +1
_Static_assert(SHAPE_COUNT == 1 FRAME_TABLE(X), "each command has a shape");
#undef X

static const char *type_name(const msgpack_object *o)
{
    switch (o->type) {
    case MSGPACK_OBJECT_NIL:
        return "nil";
    case MSGPACK_OBJECT_BOOLEAN:
        return "a flag";
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return "a number";
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return "a number below zero";
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return "a float";
    case MSGPACK_OBJECT_STR:
        return "text";
    case MSGPACK_OBJECT_BIN:
        return "bytes";
    case MSGPACK_OBJECT_ARRAY:
        return "an array";
    case MSGPACK_OBJECT_MAP:
        return "a map";
    case MSGPACK_OBJECT_EXT:
        break;
    }
    return "an extension";
}

static enum err malformed(struct why *why, const char *command, const char *member, const msgpack_object *o,
                          const char *rule)
{
    return why_set(why, ERR_UNREADABLE, "MALFORMED", "In %s, %s is %s; it must be %s.", command, member,
                   type_name(o), rule);
}

static bool number_from(const msgpack_object *o, uint64_t *out)
{
    uint64_t value;

    if (!mp_u64(o, &value) || value > FRAME_NUMBER_MAX) return false;
    *out = value;
    return true;
}

static bool hash_from(const msgpack_object *o, struct hash *out)
{
    struct slice bytes;

    if (!mp_bytes(o, &bytes) || bytes.size != HASH_BYTES) return false;
    memcpy(out->bytes, bytes.data, HASH_BYTES);
    return true;
}

/* What a member must be, for the sentence that refuses another. */
static const char *member_rule(const struct member *m, char *out, size_t size)
{
    switch (m->kind) {
    case MEMBER_NUMBER:
        return "a number from 0 to 2^62";
    case MEMBER_TOKEN:
        return "a number of 64 bits";
    case MEMBER_NAME:
        snprintf(out, size, "text of 1 to %u bytes", m->limit);
        return out;
    case MEMBER_TEXT:
        return "text";
    case MEMBER_HASH:
        return "32 bytes";
    case MEMBER_CHAIN:
        return "32 bytes, or nil";
    case MEMBER_LIST:
        snprintf(out, size, "an array of %u to %u elements", m->least, m->limit);
        return out;
    case MEMBER_MAP:
        return "a map";
    case MEMBER_END:
        break;
    }
    return "nothing";
}

/* Where in `f` the member goes. */
static void *place_of(struct frame *f, const struct member *m)
{
    return (char *)f + m->offset;
}

static bool member_list(const struct member *m, const msgpack_object *o, struct frame *f)
{
    if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size < m->least || o->via.array.size > m->limit)
        return false;
    f->list = *o;
    return true;
}

static bool member_chain(const msgpack_object *o, struct frame *f)
{
    if (o->type == MSGPACK_OBJECT_NIL) return true;
    f->has_hash = hash_from(o, &f->hash);
    return f->has_hash;
}

static bool member_map(const msgpack_object *o, struct frame *f)
{
    if (o->type != MSGPACK_OBJECT_MAP) return false;
    f->map = *o;
    return true;
}

static bool member_text(const struct member *m, const msgpack_object *o, struct frame *f)
{
    struct slice text;

    if (!mp_text(o, &text) || text.size < m->least || (m->limit && text.size > m->limit)) return false;
    *(struct slice *)place_of(f, m) = text;
    return true;
}

static bool member_read(const struct member *m, const msgpack_object *o, struct frame *f)
{
    switch (m->kind) {
    case MEMBER_NUMBER:
        return number_from(o, place_of(f, m));
    case MEMBER_TOKEN:
        return mp_u64(o, place_of(f, m));
    case MEMBER_NAME:
    case MEMBER_TEXT:
        return member_text(m, o, f);
    case MEMBER_HASH:
        return hash_from(o, &f->hash);
    case MEMBER_CHAIN:
        return member_chain(o, f);
    case MEMBER_LIST:
        return member_list(m, o, f);
    case MEMBER_MAP:
        return member_map(o, f);
    case MEMBER_END:
        break;
    }
    return false;
}

static enum frame_command command_find(struct slice word)
{
    for (int i = FRAME_NONE + 1; i < SHAPE_COUNT; i++)
        if (slice_is(word, shapes[i].name)) return (enum frame_command)i;
    return FRAME_NONE;
}

static size_t member_count(const struct shape *shape)
{
    size_t n = 0;

    while (n < MEMBERS_MAX && shape->members[n].kind != MEMBER_END)
        n++;
    return n;
}

static enum err members_read(const struct shape *shape, const msgpack_object_array *array, struct frame *f,
                             struct why *why)
{
    size_t want = member_count(shape);
    char rule[64];

    if (array->size != want + 1)
        return why_set(why, ERR_UNREADABLE, "MALFORMED", "%s came with %u members; it has %zu.", shape->name,
                       array->size - 1, want);
    for (size_t i = 0; i < want; i++) {
        const struct member *m = &shape->members[i];

        if (!member_read(m, &array->ptr[i + 1], f))
            return malformed(why, shape->name, m->name, &array->ptr[i + 1],
                             member_rule(m, rule, sizeof rule));
    }
    return ERR_NONE;
}

enum err frame_read(struct slice bytes, msgpack_zone *zone, struct frame *out, struct why *why)
{
    struct frame f = { 0 };
    msgpack_object o;
    struct slice word;
    enum err e;

    e = mp_read(bytes, zone, &o, why);
    if (e) return e;
    if (o.type != MSGPACK_OBJECT_ARRAY || o.via.array.size == 0 || !mp_text(&o.via.array.ptr[0], &word))
        return why_set(why, ERR_UNREADABLE, "MALFORMED",
                       "A frame is an array that begins with a command word as text.");
    f.command = command_find(word);
    if (f.command == FRAME_NONE)
        return why_set(why, ERR_UNREADABLE, "UNKNOWN_COMMAND",
                       "There is no command %.*s in version %d of the protocol.",
                       (int)(word.size < 32 ? word.size : 32), word.data ? word.data : "", FRAME_VERSION);
    e = members_read(&shapes[f.command], &o.via.array, &f, why);
    if (e) return e;
    if (f.command == FRAME_FOLLOW && f.seq > 0 && !f.has_hash)
        return why_set(why, ERR_UNREADABLE, "MALFORMED",
                       "In FOLLOW, chain is nil although after_seq is not 0; give the chain at that place.");
    *out = f;
    return ERR_NONE;
}

/* The i-th element of the list, which must be an array of `members`. NULL with why when it is not. */
static const msgpack_object *element(const struct frame *f, size_t i, size_t members, struct why *why)
{
    const msgpack_object *o;

    if (f->list.type != MSGPACK_OBJECT_ARRAY || i >= f->list.via.array.size) {
        why_set(why, ERR_UNREADABLE, "MALFORMED", "%s has no element %zu.", shapes[f->command].name, i);
        return NULL;
    }
    o = &f->list.via.array.ptr[i];
    if (o->type == MSGPACK_OBJECT_ARRAY && o->via.array.size == members) return o->via.array.ptr;
    why_set(why, ERR_UNREADABLE, "MALFORMED", "In %s, element %zu is %s; it must be an array of %zu members.",
            shapes[f->command].name, i, type_name(o), members);
    return NULL;
}

enum err frame_event(const struct frame *f, size_t i, struct slice *topic, struct slice *envelope,
                     struct why *why)
{
    const msgpack_object *members = element(f, i, EVENT_MEMBERS, why);
    struct slice t, v;

    if (!members) return ERR_UNREADABLE;
    if (!mp_text(&members[0], &t)) return malformed(why, "PUBLISH", "a topic", &members[0], "text");
    if (!mp_bytes(&members[1], &v)) return malformed(why, "PUBLISH", "an envelope", &members[1], "bytes");
    *topic = t;
    *envelope = v;
    return ERR_NONE;
}

enum err frame_prefix(const struct frame *f, size_t i, struct slice *prefix, struct why *why)
{
    if (f->list.type != MSGPACK_OBJECT_ARRAY || i >= f->list.via.array.size)
        return why_set(why, ERR_UNREADABLE, "MALFORMED", "FOLLOW has no prefix %zu.", i);
    if (!mp_text(&f->list.via.array.ptr[i], prefix))
        return malformed(why, "FOLLOW", "a prefix", &f->list.via.array.ptr[i], "text");
    return ERR_NONE;
}

enum err frame_record(const struct frame *f, size_t i, struct record *out, struct why *why)
{
    const msgpack_object *m = element(f, i, RECORD_MEMBERS, why);
    struct record r = { 0 };

    if (!m) return ERR_UNREADABLE;
    if (!number_from(&m[0], &r.seq)) return malformed(why, "EVENTS", "seq", &m[0], "a number");
    if (!mp_i64(&m[1], &r.at_ms)) return malformed(why, "EVENTS", "at_ms", &m[1], "a number of milliseconds");
    if (!hash_from(&m[2], &r.chain)) return malformed(why, "EVENTS", "chain", &m[2], "32 bytes");
    if (!mp_text(&m[3], &r.publisher)) return malformed(why, "EVENTS", "publisher", &m[3], "text");
    if (!number_from(&m[4], &r.epoch)) return malformed(why, "EVENTS", "epoch", &m[4], "a number");
    if (!number_from(&m[5], &r.number)) return malformed(why, "EVENTS", "number", &m[5], "a number");
    if (!mp_text(&m[6], &r.topic)) return malformed(why, "EVENTS", "topic", &m[6], "text");
    if (!mp_bytes(&m[7], &r.envelope)) return malformed(why, "EVENTS", "envelope", &m[7], "bytes");
    *out = r;
    return ERR_NONE;
}

/* Open the array of a command and write its word. */
static msgpack_packer begin(struct buf *out, enum frame_command command)
{
    msgpack_packer p;

    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_array(&p, member_count(&shapes[command]) + 1);
    buf_pack_text(&p, shapes[command].name);
    return p;
}

static void pack_hash(msgpack_packer *p, const struct hash *h)
{
    buf_pack_bin(p, slice_of(h->bytes, HASH_BYTES));
}

/* `packed_map` is written as it is; none at all means a map without entries. */
static void pack_map(struct buf *out, msgpack_packer *p, struct slice packed_map)
{
    if (packed_map.size == 0)
        msgpack_pack_map(p, 0);
    else
        buf_add(out, packed_map.data, packed_map.size);
}

void frame_hello(struct buf *out, struct slice publisher, uint64_t epoch)
{
    msgpack_packer p = begin(out, FRAME_HELLO);

    msgpack_pack_uint64(&p, FRAME_VERSION);
    buf_pack_str(&p, publisher);
    msgpack_pack_uint64(&p, epoch);
}

void frame_welcome(struct buf *out, uint64_t last_number, const struct hash *hash, uint64_t head)
{
    msgpack_packer p = begin(out, FRAME_WELCOME);

    msgpack_pack_uint64(&p, last_number);
    pack_hash(&p, hash);
    msgpack_pack_uint64(&p, head);
}

void frame_publish_begin(struct buf *out, uint64_t first_number, size_t events)
{
    msgpack_packer p = begin(out, FRAME_PUBLISH);

    msgpack_pack_uint64(&p, first_number);
    msgpack_pack_array(&p, events);
}

void frame_publish_add(struct buf *out, struct slice topic, struct slice envelope)
{
    msgpack_packer p;

    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_array(&p, EVENT_MEMBERS);
    buf_pack_str(&p, topic);
    buf_pack_bin(&p, envelope);
}

void frame_stored(struct buf *out, uint64_t last_number, uint64_t last_seq)
{
    msgpack_packer p = begin(out, FRAME_STORED);

    msgpack_pack_uint64(&p, last_number);
    msgpack_pack_uint64(&p, last_seq);
}

void frame_refused(struct buf *out, uint64_t number, const char *code, const char *sentence)
{
    msgpack_packer p = begin(out, FRAME_REFUSED);

    msgpack_pack_uint64(&p, number);
    buf_pack_text(&p, code);
    buf_pack_text(&p, sentence);
}

void frame_follow(struct buf *out, uint64_t after, const struct hash *chain, const struct slice *prefixes,
                  size_t count, uint64_t credit)
{
    msgpack_packer p = begin(out, FRAME_FOLLOW);

    msgpack_pack_uint64(&p, after);
    if (chain && after > 0)
        pack_hash(&p, chain);
    else
        msgpack_pack_nil(&p);
    msgpack_pack_array(&p, count);
    for (size_t i = 0; i < count; i++)
        buf_pack_str(&p, prefixes[i]);
    msgpack_pack_uint64(&p, credit);
}

void frame_events_begin(struct buf *out, uint64_t through, const struct hash *chain, size_t records)
{
    msgpack_packer p = begin(out, FRAME_EVENTS);

    msgpack_pack_uint64(&p, through);
    pack_hash(&p, chain);
    msgpack_pack_array(&p, records);
}

void frame_events_add(struct buf *out, const struct record *r)
{
    msgpack_packer p;

    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_array(&p, RECORD_MEMBERS);
    msgpack_pack_uint64(&p, r->seq);
    msgpack_pack_int64(&p, r->at_ms);
    pack_hash(&p, &r->chain);
    buf_pack_str(&p, r->publisher);
    msgpack_pack_uint64(&p, r->epoch);
    msgpack_pack_uint64(&p, r->number);
    buf_pack_str(&p, r->topic);
    buf_pack_bin(&p, r->envelope);
}

void frame_credit(struct buf *out, uint64_t n)
{
    msgpack_packer p = begin(out, FRAME_CREDIT);

    msgpack_pack_uint64(&p, n);
}

void frame_ping(struct buf *out, uint64_t token)
{
    msgpack_packer p = begin(out, FRAME_PING);

    msgpack_pack_uint64(&p, token);
}

void frame_pong(struct buf *out, uint64_t token, uint64_t head)
{
    msgpack_packer p = begin(out, FRAME_PONG);

    msgpack_pack_uint64(&p, token);
    msgpack_pack_uint64(&p, head);
}

void frame_clock(struct buf *out, struct slice day)
{
    msgpack_packer p = begin(out, FRAME_CLOCK);

    buf_pack_str(&p, day);
}

void frame_clocked(struct buf *out, struct slice day, uint64_t last_seq)
{
    msgpack_packer p = begin(out, FRAME_CLOCKED);

    buf_pack_str(&p, day);
    msgpack_pack_uint64(&p, last_seq);
}

void frame_ask(struct buf *out, uint64_t token, struct slice question, struct slice packed_map)
{
    msgpack_packer p = begin(out, FRAME_ASK);

    msgpack_pack_uint64(&p, token);
    buf_pack_str(&p, question);
    pack_map(out, &p, packed_map);
}

void frame_answer(struct buf *out, uint64_t token, struct slice packed_map)
{
    msgpack_packer p = begin(out, FRAME_ANSWER);

    msgpack_pack_uint64(&p, token);
    pack_map(out, &p, packed_map);
}

void frame_fault(struct buf *out, uint64_t token, const char *code, const char *sentence)
{
    msgpack_packer p = begin(out, FRAME_FAULT);

    msgpack_pack_uint64(&p, token);
    buf_pack_text(&p, code);
    buf_pack_text(&p, sentence);
}
