/* field_rule.c - the rules of fields and the sentences about them. */
#include "proto/field_rule.h"

#include "common/clock.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdio.h>

enum { PATH_MAX_BYTES = 160, RULE_MAX_BYTES = 240, QUOTE_MAX_BYTES = 40 };

/* --- sentences --- */

static void path_of_list(const struct field_place *p, char *out, size_t size)
{
    size_t used;

    if (!p->up) return;
    path_of_list(p->up, out, size);
    used = strlen(out);
    snprintf(out + used, size - used, "%s[%zu].", p->list->name, p->index);
}

/* "items[3].star" */
static void path_text(const struct field_place *p, const struct field *f, char out[PATH_MAX_BYTES])
{
    size_t used;

    out[0] = '\0';
    path_of_list(p, out, PATH_MAX_BYTES);
    used = strlen(out);
    snprintf(out + used, PATH_MAX_BYTES - used, "%s", f->name);
}

/* An element decoded on its own has no type; its name must do. */
const char *field_event(const struct field_place *p)
{
    while (p->up)
        p = p->up;
    return p->kind->type ? p->kind->type : p->kind->name;
}

static void range_text(const struct field *f, const char *what, char out[RULE_MAX_BYTES])
{
    if (f->least == f->most)
        snprintf(out, RULE_MAX_BYTES, "exactly %" PRId64 " %s", f->least, what);
    else
        snprintf(out, RULE_MAX_BYTES, "%" PRId64 " to %" PRId64 " %s", f->least, f->most, what);
}

static void words_text(const struct field *f, char out[RULE_MAX_BYTES])
{
    size_t i, used;

    snprintf(out, RULE_MAX_BYTES, "one of");
    for (i = 0; f->words[i]; i++) {
        used = strlen(out);
        snprintf(out + used, RULE_MAX_BYTES - used, "%s %s", i ? "," : "", f->words[i]);
    }
}

/* What a field must be, behind "it must be". */
static void rule_text(const struct field *f, char out[RULE_MAX_BYTES])
{
    char range[RULE_MAX_BYTES] = "";

    switch (f->kind) {
    case FIELD_TEXT:
        range_text(f, "letters", range);
        snprintf(out, RULE_MAX_BYTES, "a text of %.80s without control characters", range);
        break;
    case FIELD_ID:
        range_text(f, "visible ASCII characters", range);
        snprintf(out, RULE_MAX_BYTES, "a text of %.80s, without blanks", range);
        break;
    case FIELD_FACT:
        snprintf(out, RULE_MAX_BYTES, "the id of a %s, 1 to %d visible ASCII characters", f->fact,
                 (int)ENVELOPE_ID_MAX);
        break;
    case FIELD_NUM:
        snprintf(out, RULE_MAX_BYTES, "a whole number from %" PRId64 " to %" PRId64, f->least, f->most);
        break;
    case FIELD_DAY:
        snprintf(out, RULE_MAX_BYTES, "a text that is a day of the calendar, YYYY-MM-DD, from 1900 to 2199");
        break;
    case FIELD_FLAG:
        snprintf(out, RULE_MAX_BYTES, "true or false");
        break;
    case FIELD_BYTES:
        range_text(f, "bytes", range);
        snprintf(out, RULE_MAX_BYTES, "binary data of %.80s", range);
        break;
    case FIELD_PICK:
        words_text(f, out);
        break;
    case FIELD_LIST:
        range_text(f, "elements", range);
        snprintf(out, RULE_MAX_BYTES, "a list of %.80s, each a map", range);
        break;
    }
}

const char *field_wire_kind(const msgpack_object *o)
{
    switch (o->type) {
    case MSGPACK_OBJECT_NIL:
        return "nil";
    case MSGPACK_OBJECT_BOOLEAN:
        return "true or false";
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return "a whole number";
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return "a floating-point number";
    case MSGPACK_OBJECT_STR:
        return "a text";
    case MSGPACK_OBJECT_BIN:
        return "binary data";
    case MSGPACK_OBJECT_ARRAY:
        return "a list";
    case MSGPACK_OBJECT_MAP:
        return "a map";
    case MSGPACK_OBJECT_EXT:
        return "an extension";
    }
    return "something unknown";
}

static bool visible_ascii(struct slice s)
{
    size_t i;

    for (i = 0; i < s.size; i++)
        if (s.data[i] < 0x21 || s.data[i] > 0x7e) return false;
    return true;
}

/* What came, for a value of the right kind that breaks its rule. Names are not repeated; short codes are. */
static void came_text(const struct field *f, const struct field_value *v, char out[FIELD_CAME_MAX])
{
    switch (f->kind) {
    case FIELD_TEXT:
        snprintf(out, FIELD_CAME_MAX, "a text of %zu letters", text_letters(v->slice));
        break;
    case FIELD_ID:
    case FIELD_FACT:
    case FIELD_DAY:
    case FIELD_PICK:
        if (v->slice.size <= QUOTE_MAX_BYTES && visible_ascii(v->slice))
            snprintf(out, FIELD_CAME_MAX, "the text \"%.*s\"", SLICE_ARG(v->slice));
        else
            snprintf(out, FIELD_CAME_MAX, "a text of %zu bytes", v->slice.size);
        break;
    case FIELD_NUM:
    case FIELD_FLAG:
        snprintf(out, FIELD_CAME_MAX, "%" PRId64 "%s", v->number, v->number == INT64_MAX ? " or more" : "");
        break;
    case FIELD_BYTES:
        snprintf(out, FIELD_CAME_MAX, "%zu bytes", v->slice.size);
        break;
    case FIELD_LIST:
        snprintf(out, FIELD_CAME_MAX, "a list of %zu elements", v->count);
        break;
    }
}

enum err field_refuse(const struct field_place *p, const struct field *f, const char *code, const char *came,
                      struct why *why)
{
    char path[PATH_MAX_BYTES], rule[RULE_MAX_BYTES];

    path_text(p, f, path);
    rule_text(f, rule);
    return why_set(why, ERR_INVALID, code, "%s: the field %s is %s; it must be %s", field_event(p), path,
                   came, rule);
}

/* An element of a list that is no map. */
enum err field_refuse_element(const struct field_place *p, const struct field *f, size_t index,
                              const msgpack_object *came, struct why *why)
{
    char path[PATH_MAX_BYTES];

    path_text(p, f, path);
    return why_set(why, ERR_INVALID, "FIELD_KIND", "%s: the field %s[%zu] is %s; it must be a map (%s)",
                   field_event(p), path, index, field_wire_kind(came), f->item->doc);
}

/* --- rules --- */

static bool in_range(const struct field *f, size_t n)
{
    return n <= INT64_MAX && (int64_t)n >= f->least && (int64_t)n <= f->most;
}

static bool has_control(struct slice s)
{
    size_t i;

    for (i = 0; i < s.size; i++)
        if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f) return true;
    return false;
}

static bool text_ok(const struct field *f, struct slice s)
{
    return text_is_utf8(s) && !has_control(s) && in_range(f, text_letters(s));
}

/* Does a value of the right kind keep its field's rule? */
bool field_value_ok(const struct field *f, const struct field_value *v)
{
    switch (f->kind) {
    case FIELD_TEXT:
        return text_ok(f, v->slice);
    case FIELD_ID:
    case FIELD_FACT:
        return in_range(f, v->slice.size) && visible_ascii(v->slice);
    case FIELD_NUM:
        return v->number >= f->least && v->number <= f->most;
    case FIELD_DAY:
        return v->number >= CLOCK_DAY_MIN && v->number <= CLOCK_DAY_MAX;
    case FIELD_FLAG:
        return true;
    case FIELD_BYTES:
        return in_range(f, v->slice.size);
    case FIELD_PICK:
        return v->number >= 0 && v->number <= INT32_MAX && pick_word(f, (int)v->number);
    case FIELD_LIST:
        return in_range(f, v->count);
    }
    return false;
}

enum err field_check(const struct field_place *p, const struct field *f, const struct field_value *v,
                     struct why *why)
{
    char came[FIELD_CAME_MAX] = "";

    if (field_value_ok(f, v)) return ERR_NONE;
    came_text(f, v, came);
    /* The letters alone would not say what is wrong with a text. */
    if (f->kind == FIELD_TEXT && has_control(v->slice))
        snprintf(came, sizeof came, "a text with a control character in it");
    else if (f->kind == FIELD_TEXT && !text_is_utf8(v->slice))
        snprintf(came, sizeof came, "a text that is not UTF-8");
    return field_refuse(p, f, "FIELD_RANGE", came, why);
}
