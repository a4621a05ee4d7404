/* events.h - the events of events.def as plain structs: all that rules need.
 *
 * Text and ids are slices that borrow from the message; lists live in the turn's memory. `has_x` stands
 * beside each optional field; when it is false the field is zero.
 */
#ifndef PROTO_EVENTS_H
#define PROTO_EVENTS_H

#include "common/slice.h"

/* enum owner_kind { OWNER_KIND_COOPERATIVE, ... } need the set's name in capitals, which the preprocessor
 * cannot make: so choices are named set_NAME: owner_kind_COOPERATIVE. */
#define PICKS(set)              enum set {
#define CHOICE(set, name, word) set##_##name,
#define END_PICKS(set)                                                                                       \
    set##_COUNT                                                                                              \
    }                                                                                                        \
    ;
#define STRUCT(name, doc)              struct name {
#define EVENT(name, type, origin, doc) struct name {
#define END(name)                                                                                            \
    }                                                                                                        \
    ;
#define EVENTS_HAS_REQUIRED(name)
#define EVENTS_HAS_OPTIONAL(name)                        bool has_##name;
#define EVENTS_C_TEXT                                    struct slice
#define EVENTS_C_ID                                      struct slice
#define EVENTS_C_BYTES                                   struct slice
#define EVENTS_C_NUM                                     int64_t
#define EVENTS_C_DAY                                     int32_t
#define EVENTS_C_FLAG                                    bool
#define FIELD(owner, need, kind, name, least, most, doc) EVENTS_HAS_##need(name) EVENTS_C_##kind name;
#define FACT(owner, need, name, type, doc)               EVENTS_HAS_##need(name) struct slice name;
#define PICK(owner, need, set, name, doc)                EVENTS_HAS_##need(name) enum set name;
#define LIST(owner, need, item, name, least, most, doc)                                                      \
    EVENTS_HAS_##need(name) const struct item *name;                                                         \
    size_t name##_count;
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

#endif
