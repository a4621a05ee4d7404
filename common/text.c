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

/* The code point of a letter of one to three bytes, valid UTF-8. */
static uint32_t short_point(const unsigned char *at, size_t size)
{
    if (size == 1) return at[0];
    if (size == 2) return (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
    return (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
}

/* Letters that stand for themselves in NFC, whatever stands beside them: those of Vietnamese, ready composed,
 * and what else the Latin blocks and the common quotes and dashes hold. Combining marks are none. */
static bool composed(uint32_t point)
{
    return point < 0x300 || (point >= 0x1e00 && point <= 0x1eff) || (point >= 0x2010 && point <= 0x2027);
}

/* The point at `at`, when it is a letter as above. `text` is valid UTF-8. */
static bool next_composed(struct slice text, size_t at, uint32_t *point, size_t *size)
{
    const unsigned char *bytes = (const unsigned char *)text.data + at;

    *size = *bytes < 0x80 ? 1 : *bytes < 0xe0 ? 2 : *bytes < 0xf0 ? 3 : 4;
    if (*size == 4) return false;
    *point = short_point(bytes, *size);
    return composed(*point);
}

enum {
    KEY_OPTIONS = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
    KEY_QUICK_BYTES = 1024
};

/* What the library makes of one letter, asked for once. */
struct folded {
    bool known, apart; /* apart: it may be folded without looking at its neighbours */
    unsigned char size;
    char bytes[6];
};

static void ask_folded(struct slice letter, struct folded *f)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)letter.data, (utf8proc_ssize_t)letter.size,
                                         &mapped, (utf8proc_option_t)KEY_OPTIONS);
    uint32_t point;
    size_t taken;

    f->known = true;
    f->apart = size >= 0 && (size_t)size <= sizeof f->bytes;
    for (size_t at = 0; f->apart && at < (size_t)size; at += taken)
        f->apart = next_composed(slice_of(mapped, (size_t)size), at, &point, &taken);
    if (f->apart) {
        f->size = (unsigned char)size;
        memcpy(f->bytes, mapped, (size_t)size);
    }
    free(mapped);
}

/* Fold a text letter by letter; false when the whole of it must be looked at, or there is no room. */
static bool fold_apart(struct slice text, char *out, size_t room, size_t *size)
{
    static _Thread_local struct folded low[0x300], high[0x100];
    uint32_t point;
    size_t taken;

    *size = 0;
    for (size_t at = 0; at < text.size; at += taken) {
        struct folded *f;

        if (!next_composed(text, at, &point, &taken) || point > 0x1eff) return false;
        f = point < 0x300 ? &low[point] : &high[point - 0x1e00];
        if (!f->known) ask_folded(slice_of(text.data + at, taken), f);
        if (!f->apart || f->size > room - *size) return false;
        memcpy(out + *size, f->bytes, f->size);
        *size += f->size;
    }
    return true;
}

enum err text_key(struct slice text, char *out, size_t size)
{
    utf8proc_uint8_t *folded = NULL;
    size_t folded_size = 0;
    char quick[KEY_QUICK_BYTES];
    enum err e;

    if (text_is_utf8(text) && fold_apart(text, quick, sizeof quick, &folded_size))
        return collapse(slice_of(quick, folded_size), out, size);
    e = normalize(text, KEY_OPTIONS, &folded, &folded_size);
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

/* Count code points, if all are such that NFC leaves them alone; else false. */
static bool count_composed(struct slice text, size_t *count)
{
    uint32_t point;
    size_t taken;

    *count = 0;
    for (size_t at = 0; at < text.size; at += taken, ++*count)
        if (!next_composed(text, at, &point, &taken)) return false;
    return true;
}

size_t text_letters(struct slice text)
{
    utf8proc_uint8_t *mapped = NULL;
    size_t size = 0, count;
    enum err e;

    if (text_is_utf8(text) && count_composed(text, &count)) return count;
    e = normalize(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &mapped, &size);
    /* A wrong count would be a wrong ruling, recorded for ever: better no process than that. */
    if (e == ERR_NOMEM) abort();
    count = count_points(e ? text : slice_of(mapped, size));
    free(mapped);
    return count;
}

/* --- slips of the pen --- */

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t text_distance(struct slice a, struct slice b)
{
    size_t row[TEXT_DISTANCE_MAX + 1];

    if (b.size > TEXT_DISTANCE_MAX) return SIZE_MAX;
    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t change = corner + (a.data[i - 1] != b.data[j - 1]);

            corner = row[j];
            row[j] = least_of(change, least_of(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.size];
}
