/* codec.h - the one codec: an event's data map <-> its struct, by the field tables of events.def.
 *
 * For each EVENT(name, ...) there are
 *     enum err name_decode(const struct envelope *e, msgpack_zone *zone, struct name *out, struct why *why);
 *     enum err name_announce(struct turn *turn, struct slice province, struct slice subject, const struct
 * name *event); extern const struct event_kind name_kind;
 *
 * Decoding skips unknown fields and refuses missing and out-of-range ones with a sentence that names the
 * field, what came and the rule: ERR_NONE ERR_INVALID      code FIELD_MISSING, FIELD_KIND or FIELD_RANGE
 *     ERR_UNREADABLE   the envelope is of another type, or has no data map
 *     ERR_NOMEM
 * Slices borrow from the message, lists live in `zone`.
 */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

#include "common/loop.h"
#include "proto/events.h"

enum event_origin {
    ORIGIN_OUTSIDE, /* any publisher that is none of the names below */
    ORIGIN_INTAKE,
    ORIGIN_SCORING,
    ORIGIN_CERTIFICATION,
    ORIGIN_NOTIFICATION,
    ORIGIN_COURIER,
    ORIGIN_BROKER,
    ORIGIN_OPERATOR
};
const char *event_origin_name(enum event_origin o); /* "outside", "intake", ... */

enum field_kind {
    FIELD_TEXT,
    FIELD_ID,
    FIELD_NUM,
    FIELD_DAY,
    FIELD_FLAG,
    FIELD_BYTES,
    FIELD_FACT,
    FIELD_PICK,
    FIELD_LIST
};
extern const char *const field_kind_names[]; /* "text", "id", ... */

struct event_kind;

struct field {
    const char *name;
    size_t name_size; /* bytes */
    enum field_kind kind;
    bool required;
    int64_t least, most;           /* letters, bytes, value, or elements, as the kind says */
    size_t offset;                 /* of the value */
    size_t has_offset;             /* of has_NAME; used when not required */
    size_t count_offset;           /* LIST: of NAME_count */
    const char *const *words;      /* PICK: ended by NULL */
    const struct event_kind *item; /* LIST: the element */
    const char *fact;              /* FACT: the type it names */
    const char *doc;
};

/* An event, or (type NULL) the element of a list. */
struct event_kind {
    const char *name; /* of the struct */
    const char *type; /* "intake.dossier.filed" */
    enum event_origin origin;
    const char *doc;
    const struct field *fields;
    size_t field_count, size;
};

extern const struct event_kind
    *const event_kinds[]; /* all events, in the order of events.def, ended by NULL */
const struct event_kind *event_kind_find(struct slice type); /* NULL: unknown */
/* May this publisher say this type? Service names are reserved; "operator" and "courier" too. */
bool event_permitted(const struct event_kind *kind, struct slice publisher);
/* Is this the name of a service, the courier or the broker? They publish in epoch 0 only, and nobody else
 * may. */
bool event_publisher_is_house(struct slice publisher);
/* A pushed event that gets a verdict: of origin OUTSIDE, OPERATOR or COURIER and heard by a service. Without,
 * it is a fact. */
bool event_is_request(const struct event_kind *kind);

/* What an outcome says of the request it answers. A consequence (product.rated, certificate.issued) says
 * nothing: a verdict is one whose context and thing also have a `refused` or `returned`. */
enum event_verdict { EVENT_CONSEQUENCE, EVENT_ACCEPTED, EVENT_RETURNED, EVENT_REFUSED, EVENT_DEAD };
enum event_verdict event_verdict(struct slice type);

enum err codec_decode(const struct event_kind *kind, const msgpack_object *data, msgpack_zone *zone,
                      void *out, struct why *why);
/* Pack the struct as a map; absent optional fields are left out. Checks the same rules: what we announce can
 * be read. */
enum err codec_encode(const struct event_kind *kind, const void *event, struct buf *out, struct why *why);
enum err codec_announce(struct turn *turn, const struct event_kind *kind, struct slice province,
                        struct slice subject, const void *event);

const char *pick_word(const struct field *field, int value);

#define PICKS(set) const char *set##_word(enum set value);
#define CHOICE(set, name, word)
#define END_PICKS(set)
#define STRUCT(name, doc) extern const struct event_kind name##_kind;
#define EVENT(name, type, origin, doc)                                                                       \
    extern const struct event_kind name##_kind;                                                              \
    enum err name##_decode(const struct envelope *e, msgpack_zone *zone, struct name *out, struct why *why); \
    enum err name##_announce(struct turn *turn, struct slice province, struct slice subject,                 \
                             const struct name *event);
#define END(name)
#define FIELD(owner, need, kind, name, least, most, doc)
#define FACT(owner, need, name, type, doc)
#define PICK(owner, need, set, name, doc)
#define LIST(owner, need, item, name, least, most, doc)
#include "proto/events.def"
#undef PICKS
#undef CHOICE
#undef END_PICKS
#undef STRUCT
#undef EVENT
#undef END
#undef FIELD
#undef FACT
#undef PICK
#undef LIST

/* Write events.json or EVENTS.md to a FILE. */
void describe_json(void *out_file);
void describe_markdown(void *out_file);

#endif
