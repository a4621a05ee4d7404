#include "services/scoring/json_reader.h"

#include "common/clock.h"

#include <stdio.h>

enum { READER_SENTENCE_MAX = 400 };

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

size_t reader_enter(struct reader *r, const char *format, ...)
{
    const size_t before = r->length;
    va_list args;
    int n;

    if (r->length && *format != '[' && r->length + 1 < sizeof r->path) r->path[r->length++] = '.';
    va_start(args, format);
    n = vsnprintf(r->path + r->length, sizeof r->path - r->length, format, args);
    va_end(args);
    if (n > 0) r->length += (size_t)n;
    if (r->length >= sizeof r->path) r->length = sizeof r->path - 1;
    return before;
}

void reader_leave(struct reader *r, size_t before)
{
    r->length = before;
    r->path[before] = 0;
}

enum err reader_bad(struct reader *r, const char *format, ...)
{
    char sentence[READER_SENTENCE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    /* What the file says may be cut inside a letter; our own words are ASCII, so nothing else needs saving.
     */
    for (char *c = sentence; *c; c++)
        if (*c < ' ' || *c > '~') *c = '?';
    return why_set(r->why, ERR_INVALID, "RULES_MALFORMED", "%s: %s.", r->length ? r->path : "the file",
                   sentence);
}

static const char *kind_name(const json_t *value)
{
    if (!value) return "missing";
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
        return "a whole number";
    case JSON_REAL:
        return "a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "unknown";
}

static enum err bad_kind(struct reader *r, const char *name, const json_t *value, const char *rule)
{
    reader_enter(r, "%.60s", name);
    return reader_bad(r, "it is %s; it must be %s", kind_name(value), rule);
}

enum err reader_open(struct reader *r, struct slice bytes, json_t **top)
{
    json_error_t fault;
    json_t *read = NULL;

    if (slice_starts(bytes, slice_text(BYTE_ORDER_MARK)))
        return reader_bad(r, "it begins with a byte order mark; save it as UTF-8 without one");
    read = json_loadb(bytes.data ? bytes.data : "", bytes.size, JSON_REJECT_DUPLICATES, &fault);

    if (!read)
        return reader_bad(r, "it is not JSON: line %d, column %d: %s", fault.line, fault.column, fault.text);
    if (!json_is_object(read)) {
        enum err e = reader_bad(r, "it is %s; it must be an object", kind_name(read));

        json_decref(read);
        return e;
    }
    *top = read;
    return ERR_NONE;
}

enum err reader_whole(struct reader *r, const json_t *o, const char *name, int64_t least, int64_t most,
                      int64_t *out)
{
    const json_t *value = json_object_get(o, name);

    if (!json_is_integer(value)) return bad_kind(r, name, value, "a whole number");
    if (json_integer_value(value) < least || json_integer_value(value) > most) {
        reader_enter(r, "%s", name);
        return reader_bad(r, "it is %lld; it must be from %lld to %lld", (long long)json_integer_value(value),
                          (long long)least, (long long)most);
    }
    *out = json_integer_value(value);
    return ERR_NONE;
}

enum err reader_flag(struct reader *r, const json_t *o, const char *name, bool *out)
{
    const json_t *value = json_object_get(o, name);

    if (!json_is_boolean(value)) return bad_kind(r, name, value, "true or false");
    *out = json_is_true(value);
    return ERR_NONE;
}

enum err reader_word(struct reader *r, const json_t *o, const char *name, const char **out)
{
    const json_t *value = json_object_get(o, name);

    if (!json_is_string(value)) return bad_kind(r, name, value, "text");
    *out = json_string_value(value);
    return ERR_NONE;
}

enum err reader_code(struct reader *r, const json_t *o, const char *name, size_t most, char *out)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    const char *word = NULL;
    size_t size = 0;
    enum err e = reader_word(r, o, name, &word);

    if (e) return e;
    size = json_string_length(json_object_get(o, name));
    if (size == 0 || size > most || strspn(word, allowed) != size) {
        reader_enter(r, "%s", name);
        return reader_bad(r, "it is \"%.80s\"; it must be 1 to %zu letters a-z, digits, '.', '-' or '_'",
                          word, most);
    }
    memcpy(out, word, size + 1);
    return ERR_NONE;
}

enum err reader_day(struct reader *r, const json_t *o, const char *name, int32_t open, int32_t *out)
{
    const json_t *value = json_object_get(o, name);

    *out = open;
    if (!value || json_is_null(value)) return ERR_NONE;
    if (!json_is_string(value)) return bad_kind(r, name, value, "a day as text, or null");
    if (clock_day_parse(slice_of(json_string_value(value), json_string_length(value)), out)) {
        reader_enter(r, "%s", name);
        return reader_bad(r, "it is \"%.20s\"; it must be a day of the calendar, as 2026-05-22",
                          json_string_value(value));
    }
    return ERR_NONE;
}

enum err reader_one_of(struct reader *r, const json_t *value, const char *const *words, size_t *out)
{
    char list[READER_SENTENCE_MAX / 2] = "";
    size_t length = 0;

    if (!json_is_string(value)) return reader_bad(r, "it is %s; it must be text", kind_name(value));
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(words[i], json_string_value(value)) == 0) {
            *out = i;
            return ERR_NONE;
        }
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i ? ", " : "", words[i]);
        if (length >= sizeof list) length = sizeof list - 1;
    }
    return reader_bad(r, "it is \"%.80s\"; it must be one of: %s", json_string_value(value), list);
}

enum err reader_choice(struct reader *r, const json_t *o, const char *name, const char *const *words,
                       size_t *out)
{
    const size_t before = reader_enter(r, "%s", name);
    enum err e = reader_one_of(r, json_object_get(o, name), words, out);

    if (!e) reader_leave(r, before);
    return e;
}

enum err reader_list(struct reader *r, const json_t *o, const char *name, size_t least, size_t most,
                     const json_t **out)
{
    const json_t *value = json_object_get(o, name);

    if (!json_is_array(value)) return bad_kind(r, name, value, "a list");
    if (json_array_size(value) < least || json_array_size(value) > most) {
        reader_enter(r, "%s", name);
        return reader_bad(r, "it has %zu elements; it must have from %zu to %zu", json_array_size(value),
                          least, most);
    }
    *out = value;
    return ERR_NONE;
}

enum err reader_object(struct reader *r, const json_t *o, const char *name, const json_t **out)
{
    const json_t *value = json_object_get(o, name);

    if (!json_is_object(value)) return bad_kind(r, name, value, "an object");
    *out = value;
    return ERR_NONE;
}

enum err reader_mark(struct reader *r, const json_t *o)
{
    static const char *const marks[] = { "certain", "reported", "inferred", NULL };
    size_t at = 0;

    return reader_choice(r, o, "mark", marks, &at);
}

/* A member {"value": ..., "mark": ...}: checks the mark and steps into it; leave with reader_leave(*before).
 */
static enum err enter_setting(struct reader *r, const json_t *o, const char *name, const json_t **out,
                              size_t *before)
{
    enum err e = reader_object(r, o, name, out);

    if (e) return e;
    *before = reader_enter(r, "%s", name);
    return reader_mark(r, *out);
}

enum err reader_whole_setting(struct reader *r, const json_t *o, const char *name, int64_t least,
                              int64_t most, int32_t *out)
{
    const json_t *setting = NULL;
    size_t before = 0;
    int64_t value = 0;
    enum err e = enter_setting(r, o, name, &setting, &before);

    if (!e) e = reader_whole(r, setting, "value", least, most, &value);
    if (e) return e;
    reader_leave(r, before);
    *out = (int32_t)value;
    return ERR_NONE;
}

enum err reader_flag_setting(struct reader *r, const json_t *o, const char *name, bool *out)
{
    const json_t *setting = NULL;
    size_t before = 0;
    enum err e = enter_setting(r, o, name, &setting, &before);

    if (!e) e = reader_flag(r, setting, "value", out);
    if (!e) reader_leave(r, before);
    return e;
}

enum err reader_choice_setting(struct reader *r, const json_t *o, const char *name, const char *const *words,
                               size_t *out)
{
    const json_t *setting = NULL;
    size_t before = 0;
    enum err e = enter_setting(r, o, name, &setting, &before);

    if (!e) e = reader_choice(r, setting, "value", words, out);
    if (!e) reader_leave(r, before);
    return e;
}

/* --- plain text and whole numbers --- */

/* What is not plain in valid UTF-8, or NULL. U+0000 does not get through json_loadb. */
static const char *odd_letter(const char *text)
{
    if (strstr(text, BYTE_ORDER_MARK)) return "a byte order mark (U+FEFF)";
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)) return "a control character";
    return NULL;
}

/* Step into a member whose name may be anything. */
static size_t enter_member(struct reader *r, const char *name)
{
    char shown[60 + 1];
    size_t n = 0;

    for (; name[n] && n < sizeof shown - 1; n++)
        shown[n] = '!' <= name[n] && name[n] <= '~' ? name[n] : '?';
    shown[n] = 0;
    return reader_enter(r, "%s", shown);
}

static enum err plain_members(struct reader *r, const json_t *object)
{
    const char *name = NULL;
    json_t *value = NULL;
    enum err e = ERR_NONE;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const size_t before = enter_member(r, name);
        const char *odd = odd_letter(name);

        e = odd ? reader_bad(r, "its name has %s", odd) : reader_plain(r, value);
        if (e) return e;
        reader_leave(r, before);
    }
    return ERR_NONE;
}

static enum err plain_number(struct reader *r, const json_t *value)
{
    const json_int_t most = (json_int_t)1 << 53;

    if (json_is_real(value)) return reader_bad(r, "it is a fraction; numbers are whole");
    if (json_integer_value(value) < -most || json_integer_value(value) > most)
        return reader_bad(r, "it is a number beyond 2^53; not every tool writes it exactly");
    return ERR_NONE;
}

enum err reader_plain(struct reader *r, const json_t *value)
{
    const char *odd = json_is_string(value) ? odd_letter(json_string_value(value)) : NULL;

    if (odd) return reader_bad(r, "it has %s; leave it out", odd);
    if (json_is_number(value)) return plain_number(r, value);
    if (json_is_object(value)) return plain_members(r, value);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const size_t before = reader_enter(r, "[%zu]", i);
        const enum err e = reader_plain(r, json_array_get(value, i));

        if (e) return e;
        reader_leave(r, before);
    }
    return ERR_NONE;
}
