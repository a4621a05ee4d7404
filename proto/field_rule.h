/* field_rule.h - what a field must be: the check, and the sentence when it is not. Inside proto only.
 *
 * Decoding and encoding share these, so that whatever we announce can be read by those who follow.
 */
#ifndef PROTO_FIELD_RULE_H
#define PROTO_FIELD_RULE_H

#include "proto/codec.h"

enum { FIELD_CAME_MAX = 120 /* bytes of what came, in a sentence */ };

/* Where we are: the event, or an element of a list in it. */
struct field_place {
    const struct field_place *up;  /* NULL at the event itself */
    const struct event_kind *kind; /* the event, or the element's kind */
    const struct field *list;      /* the list this is an element of */
    size_t index;                  /* its place in it */
};

/* A value between wire and struct; the members its kind uses. */
struct field_value {
    struct slice slice; /* TEXT, ID, FACT, BYTES; PICK and DAY as they came, when decoding */
    int64_t number;     /* NUM, FLAG; DAY days; PICK its place among the words, -1: none of them */
    const msgpack_object *elements; /* LIST, when decoding */
    const void *items;              /* LIST, in the struct */
    size_t count;                   /* LIST */
};

/* Does a value of the right kind keep its field's rule? Elements of lists are not looked into. */
bool field_value_ok(const struct field *f, const struct field_value *v);
/* The same; ERR_INVALID with code FIELD_RANGE and a sentence when not. */
enum err field_check(const struct field_place *p, const struct field *f, const struct field_value *v,
                     struct why *why);

/* ERR_INVALID, and the sentence "<event>: the field <path> is <came>; it must be <rule>". */
enum err field_refuse(const struct field_place *p, const struct field *f, const char *code, const char *came,
                      struct why *why);
/* ERR_INVALID, FIELD_KIND: an element of a list is no map. */
enum err field_refuse_element(const struct field_place *p, const struct field *f, size_t index,
                              const msgpack_object *came, struct why *why);

/* The event's type, or the element's name when it is looked at on its own. */
const char *field_event(const struct field_place *p);
const char *field_wire_kind(const msgpack_object *o); /* "a text", "a list", ... */

#endif
