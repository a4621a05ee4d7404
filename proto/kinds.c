/* kinds.c - the tables of events.def: words, fields and kinds, made by the preprocessor, and looks into them.
 *
 * events.def is read once for each of four purposes: words of picks, field tables, kinds, the list of events.
 * A purpose defines the macros it needs and leaves the others empty.
 */
#include "proto/codec.h"

#include "common/policy.h"
#include "proto/words.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

/* A pick lies in its struct as its enum; the codec reads and writes it as an int. */
static_assert(sizeof(enum owner_kind) == sizeof(int), "a pick is as large as an int");

/* --- words --- */
#define PICKS(set)              static const char *const set##_words[] = {
#define CHOICE(set, name, word) word,
#define END_PICKS(set)                                                                                       \
    NULL                                                                                                     \
    }                                                                                                        \
    ;                                                                                                        \
    const char *set##_word(enum set value)                                                                   \
    {                                                                                                        \
        return (unsigned)value < (unsigned)set##_COUNT ? set##_words[value] : NULL;                          \
    }
#define STRUCT(name, doc)
#define EVENT(name, type, origin, doc)
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

/* --- fields --- */
#define IS_REQUIRED                  true
#define IS_OPTIONAL                  false
#define HAS_AT_REQUIRED(owner, name) 0
#define HAS_AT_OPTIONAL(owner, name) offsetof(struct owner, has_##name)
#define COMMON_PART(owner, need, label)                                                                      \
    .name = #label, .name_size = sizeof #label - 1, .required = IS_##need,                                   \
    .offset = offsetof(struct owner, label), .has_offset = HAS_AT_##need(owner, label)

#define PICKS(set)
#define CHOICE(set, name, word)
#define END_PICKS(set)
#define STRUCT(name, doc)              static const struct field name##_fields[] = {
#define EVENT(name, type, origin, doc) static const struct field name##_fields[] = {
#define END(name)                                                                                            \
    }                                                                                                        \
    ;
#define FIELD(owner, need, sort, label, low, high, text)                                                     \
    { COMMON_PART(owner, need, label), .kind = FIELD_##sort, .least = low, .most = high, .doc = text },
#define FACT(owner, need, label, type, text)                                                                 \
    { COMMON_PART(owner, need, label), .kind = FIELD_FACT, .least = 1,                                       \
      .most = ENVELOPE_ID_MAX,         .fact = type,       .doc = text },
#define PICK(owner, need, set, label, text)                                                                  \
    { COMMON_PART(owner, need, label), .kind = FIELD_PICK, .words = set##_words, .doc = text },
#define LIST(owner, need, element, label, low, high, text)                                                   \
    { COMMON_PART(owner, need, label),                                                                       \
      .kind = FIELD_LIST,                                                                                    \
      .least = low,                                                                                          \
      .most = high,                                                                                          \
      .count_offset = offsetof(struct owner, label##_count),                                                 \
      .item = &element##_kind,                                                                               \
      .doc = text },
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

/* --- kinds --- */
#define KIND(label, name_on_wire, said_by, text)                                                             \
    const struct event_kind label##_kind = { .name = #label,                                                 \
                                             .type = name_on_wire,                                           \
                                             .origin = said_by,                                              \
                                             .doc = text,                                                    \
                                             .fields = label##_fields,                                       \
                                             .field_count =                                                  \
                                                 sizeof label##_fields / sizeof label##_fields[0],           \
                                             .size = sizeof(struct label) };
#define PICKS(set)
#define CHOICE(set, name, word)
#define END_PICKS(set)
#define STRUCT(name, doc)              KIND(name, NULL, ORIGIN_OUTSIDE, doc)
#define EVENT(name, type, origin, doc) KIND(name, type, ORIGIN_##origin, doc)
#define END(name)
#define FIELD(owner, need, kind, name, least, most, doc)
#define FACT(owner, need, name, type, doc)
#define PICK(owner, need, set, name, doc)
#define LIST(owner, need, item, name, least, most, doc)
#include "proto/events.def"
#undef STRUCT
#undef EVENT

/* --- the list of events --- */
#define STRUCT(name, doc)
#define EVENT(name, type, origin, doc) &name##_kind,
const struct event_kind *const event_kinds[] = {
#include "proto/events.def"
    NULL
};
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

const char *const field_kind_names[] = {
    [FIELD_TEXT] = "text", [FIELD_ID] = "id",     [FIELD_NUM] = "num",
    [FIELD_DAY] = "day",   [FIELD_FLAG] = "flag", [FIELD_BYTES] = "bytes",
    [FIELD_FACT] = "fact", [FIELD_PICK] = "pick", [FIELD_LIST] = "list"
};

/* Publishers of these names say the events of their origin and no others. */
static const char *const origin_names[] = { [ORIGIN_OUTSIDE] = "outside",
                                            [ORIGIN_INTAKE] = "intake",
                                            [ORIGIN_SCORING] = "scoring",
                                            [ORIGIN_CERTIFICATION] = "certification",
                                            [ORIGIN_NOTIFICATION] = "notification",
                                            [ORIGIN_COURIER] = "courier",
                                            [ORIGIN_BROKER] = "broker",
                                            [ORIGIN_OPERATOR] = "operator" };

enum { ORIGINS = sizeof origin_names / sizeof origin_names[0] };

const char *event_origin_name(enum event_origin o)
{
    return origin_names[o];
}

enum { KINDS = sizeof event_kinds / sizeof *event_kinds - 1 };

/* All kinds by their type, in the order of the bytes; made once. */
static const struct event_kind *by_type[KINDS];
static pthread_once_t sorted = PTHREAD_ONCE_INIT;

static int compare_kinds(const void *a, const void *b)
{
    const struct event_kind *const *x = a, *const *y = b;

    return strcmp((*x)->type, (*y)->type);
}

static void sort_kinds(void)
{
    memcpy(by_type, event_kinds, sizeof by_type);
    qsort(by_type, KINDS, sizeof *by_type, compare_kinds);
}

static int compare_type(const void *key, const void *element)
{
    const struct slice *type = key;
    const struct event_kind *const *k = element;
    const int order = strncmp(type->data, (*k)->type, type->size);

    return order ? order : (*k)->type[type->size] ? -1 : 0;
}

const struct event_kind *event_kind_find(struct slice type)
{
    const struct event_kind *const *found;

    if (type.size == 0 || memchr(type.data, 0, type.size)) return NULL;
    (void)pthread_once(&sorted, sort_kinds);
    found = bsearch(&type, by_type, KINDS, sizeof *by_type, compare_type);
    return found ? *found : NULL;
}

/* Whoever has no reserved name is outside, also one that calls itself "outside". */
static enum event_origin origin_of(struct slice publisher)
{
    enum event_origin o;

    for (o = ORIGIN_INTAKE; (unsigned)o < ORIGINS; o++)
        if (slice_is(publisher, origin_names[o])) return o;
    return ORIGIN_OUTSIDE;
}

bool event_permitted(const struct event_kind *kind, struct slice publisher)
{
    enum event_origin o = origin_of(publisher);

    if (kind->origin == o) return true;
    /* An operator may push on behalf of a province. */
    return kind->origin == ORIGIN_OUTSIDE && o == ORIGIN_OPERATOR;
}

bool event_is_request(const struct event_kind *kind)
{
    if (kind->origin == ORIGIN_OUTSIDE) return true;
    if (kind->origin == ORIGIN_OPERATOR)
        return kind != &backup_made_kind; /* all others are asked of a service */
    /* What the courier says of its own dead letters is an outcome already and nobody answers it. */
    return kind->origin == ORIGIN_COURIER && !slice_starts(slice_text(kind->type), slice_text("courier."));
}

const char *pick_word(const struct field *field, int value)
{
    int i;

    if (!field->words || value < 0) return NULL;
    for (i = 0; field->words[i]; i++)
        if (i == value) return field->words[i];
    return NULL;
}

/* --- verdicts --- */

static struct slice type_thing(struct slice type)
{
    while (type.size > 0 && type.data[type.size - 1] != '.')
        type.size--;
    return type;
}

static bool type_ends(struct slice type, const char *verb)
{
    struct slice thing = type_thing(type);

    return slice_is(slice_of(type.data + thing.size, type.size - thing.size), verb);
}

enum event_verdict event_verdict(struct slice type)
{
    if (type_ends(type, "deadlettered")) return EVENT_DEAD;
    if (type_ends(type, "refused")) return EVENT_REFUSED;
    if (type_ends(type, "returned")) return EVENT_RETURNED;
    for (size_t i = 0; event_kinds[i]; i++) {
        struct slice other = slice_text(event_kinds[i]->type);

        if (!slice_equal(type_thing(type), type_thing(other))) continue;
        if (type_ends(other, "refused") || type_ends(other, "returned")) return EVENT_ACCEPTED;
    }
    return EVENT_CONSEQUENCE;
}

bool event_publisher_is_house(struct slice publisher)
{
    static const enum event_origin house[] = { ORIGIN_INTAKE,       ORIGIN_SCORING, ORIGIN_CERTIFICATION,
                                               ORIGIN_NOTIFICATION, ORIGIN_COURIER, ORIGIN_BROKER };

    for (size_t i = 0; i < sizeof house / sizeof *house; i++) {
        if (slice_is(publisher, event_origin_name(house[i]))) return true;
    }
    return false;
}

void event_words_for_policy(void)
{
    static const char *types[KINDS + 1], *services[sizeof origin_names / sizeof *origin_names];
    size_t count = 0;

    for (size_t i = 0; i < KINDS; i++)
        types[i] = event_kinds[i]->type;
    for (size_t i = 0; i < sizeof origin_names / sizeof *origin_names; i++)
        if (event_publisher_is_house(slice_text(origin_names[i]))) services[count++] = origin_names[i];
    policy_know(types, services);
}
