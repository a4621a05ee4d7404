#include "common/err.h"

#include <stdio.h>
#include <string.h>

struct err_row {
    enum fate fate;
    const char *name, *sentence;
};

static const struct err_row rows[] = {
#define X(name, fate, sentence) { fate, #name, sentence },
    ERR_TABLE(X)
#undef X
};

static const struct err_row unknown = { FATE_STOP, "UNKNOWN", "an error that has no name" };

static const struct err_row *row_of(enum err e)
{
    size_t at = (size_t)e;

    return at < sizeof rows / sizeof rows[0] ? &rows[at] : &unknown;
}

enum fate err_fate(enum err e)
{
    return row_of(e)->fate;
}

const char *err_name(enum err e)
{
    return row_of(e)->name;
}

const char *err_sentence(enum err e)
{
    return row_of(e)->sentence;
}

/* How many bytes a letter that begins with `first` has; 1 for what begins no letter. */
static size_t letter_bytes(unsigned char first)
{
    if (first >= 0xF0) return 4;
    if (first >= 0xE0) return 3;
    return first >= 0xC0 ? 2 : 1;
}

/* A sentence that was cut may end in the middle of a letter: take the rest of that letter away. */
static void drop_half_letter(char *text)
{
    size_t size = strlen(text), start = size;

    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0) return;
    start--;
    if (start + letter_bytes((unsigned char)text[start]) > size) text[start] = '\0';
}

enum err why_set(struct why *why, enum err e, const char *code, const char *format, ...)
{
    va_list args;
    int length;

    if (!why || e == ERR_NONE || why->code[0] || why->sentence[0]) return e;
    snprintf(why->code, sizeof why->code, "%s", code ? code : err_name(e));
    va_start(args, format);
    length = vsnprintf(why->sentence, sizeof why->sentence, format, args);
    va_end(args);
    if (length < 0) why->sentence[0] = '\0';
    if (length >= (int)sizeof why->sentence) drop_half_letter(why->sentence);
    return e;
}

void why_clear(struct why *why)
{
    if (why) why->code[0] = why->sentence[0] = '\0';
}
