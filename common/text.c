#include "common/text.h"

#include <stdlib.h>
#include <utf8proc.h>

/* The code point at `at` and how many bytes it takes. An invalid byte counts as one letter by itself. */
static size_t next_point(struct slice text, size_t at, utf8proc_int32_t *point)
{
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text.data + at;
    utf8proc_ssize_t taken = utf8proc_iterate(bytes, (utf8proc_ssize_t)(text.size - at), point);

    if (taken > 0) return (size_t)taken;
    *point = 0xFFFD;
    return 1;
}

static bool follows(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the letter there, which is not ASCII; 0 when it is none. The letters of Vietnamese are known by
 * their first byte; all others, and whatever is wrong, are the library's to judge. */
static size_t letter_bytes(const unsigned char *bytes, size_t left)
{
    utf8proc_int32_t point;
    utf8proc_ssize_t taken;

    if (bytes[0] >= 0xc2 && bytes[0] <= 0xdf && left > 1 && follows(bytes[1])) return 2;
    if (bytes[0] >= 0xe1 && bytes[0] <= 0xec && left > 2 && follows(bytes[1]) && follows(bytes[2])) return 3;
    taken = utf8proc_iterate(bytes, (utf8proc_ssize_t)left, &point);
    return taken > 0 ? (size_t)taken : 0;
}

/* Many bytes at a time; the last ones are looked at together with some before them. */
static bool all_ascii(struct slice text)
{
    const char *const last = text.data + text.size;
    uint64_t seen = 0, eight;
    uint32_t four[2];

    if (text.size >= sizeof eight) {
        for (const char *at = text.data; at < last - sizeof eight; at += sizeof eight) {
            memcpy(&eight, at, sizeof eight);
            seen |= eight;
        }
        memcpy(&eight, last - sizeof eight, sizeof eight);
        return ((seen | eight) & UINT64_C(0x8080808080808080)) == 0;
    }
    if (text.size >= sizeof *four) {
        memcpy(&four[0], text.data, sizeof *four);
        memcpy(&four[1], last - sizeof *four, sizeof *four);
        return ((four[0] | four[1]) & UINT32_C(0x80808080)) == 0;
    }
    for (size_t i = 0; i < text.size; i++)
        seen |= (unsigned char)text.data[i];
    return seen < 0x80;
}

bool text_is_utf8(struct slice text)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    size_t at = 0;

    if (all_ascii(text)) return true;
    while (at < text.size) {
        const size_t taken = bytes[at] < 0x80 ? 1 : letter_bytes(bytes + at, text.size - at);

        if (taken == 0) return false;
        at += taken;
    }
    return true;
}

/* Normalized text on the heap; the caller frees it. */
static enum err normalize(struct slice text, unsigned options, utf8proc_uint8_t **out, size_t *out_size)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t size;

    if (!text_is_utf8(text)) return ERR_INVALID;
    size = utf8proc_map((const utf8proc_uint8_t *)(text.data ? text.data : ""), (utf8proc_ssize_t)text.size,
                        &mapped, (utf8proc_option_t)options);
    if (size < 0) return size == UTF8PROC_ERROR_NOMEM ? ERR_NOMEM : ERR_INVALID;
    *out = mapped;
    *out_size = (size_t)size;
    return ERR_NONE;
}

static bool is_blank(utf8proc_int32_t point)
{
    return (point >= '\t' && point <= '\r') || utf8proc_category(point) == UTF8PROC_CATEGORY_ZS;
}

/* Copy with runs of blanks as one and none at the ends; eth, whose capital looks as that of đ, is taken for
 * it. */
static enum err collapse(struct slice text, char *out, size_t size)
{
    utf8proc_int32_t point;
    size_t length = 0, taken;
    bool blank = false;

    for (size_t at = 0; at < text.size; at += taken) {
        taken = next_point(text, at, &point);
        if (is_blank(point)) {
            blank = length > 0;
            continue;
        }
        if (length + blank + taken >= size) return ERR_LIMIT;
        if (blank) out[length++] = ' ';
        blank = false;
        memcpy(out + length, point == 0x00F0 ? "\xc4\x91" : text.data + at, taken);
        length += taken;
    }
    if (length >= size) return ERR_LIMIT;
    out[length] = '\0';
    return ERR_NONE;
}

enum err text_key(struct slice text, char *out, size_t size)
{
    utf8proc_uint8_t *folded = NULL;
    size_t folded_size = 0;
    enum err e = normalize(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
                           &folded, &folded_size);

    if (!e) e = collapse(slice_of(folded, folded_size), out, size);
    free(folded);
    return e;
}

static size_t columns_of(utf8proc_int32_t point)
{
    int width = utf8proc_charwidth(point);

    return width > 0 ? (size_t)width : 0;
}

size_t text_width(struct slice text)
{
    utf8proc_int32_t point;
    size_t width = 0;

    for (size_t at = 0; at < text.size;) {
        at += next_point(text, at, &point);
        width += columns_of(point);
    }
    return width;
}

size_t text_fit(struct slice text, size_t columns)
{
    utf8proc_int32_t point, before = 0, state = 0;
    size_t letter_start = 0, width = 0, taken;

    for (size_t at = 0; at < text.size; at += taken) {
        taken = next_point(text, at, &point);
        if (at == 0 || utf8proc_grapheme_break_stateful(before, point, &state)) letter_start = at;
        width += columns_of(point);
        if (width > columns) return letter_start;
        before = point;
    }
    return text.size;
}

static size_t count_points(struct slice text)
{
    utf8proc_int32_t point;
    size_t count = 0;

    for (size_t at = 0; at < text.size; count++)
        at += next_point(text, at, &point);
    return count;
}

static bool is_ascii(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] >= 0x80) return false;
    return true;
}

size_t text_letters(struct slice text)
{
    utf8proc_uint8_t *composed = NULL;
    size_t size = 0, count;
    enum err e;

    if (is_ascii(text)) return text.size;
    e = normalize(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &composed, &size);
    /* A wrong count would be a wrong ruling, recorded for ever: better no process than that. */
    if (e == ERR_NOMEM) abort();
    count = count_points(e ? text : slice_of(composed, size));
    free(composed);
    return count;
}
