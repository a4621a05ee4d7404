/* slice.h - borrowed bytes: text or a frame that somebody else owns. Never zero-ended. */
#ifndef COMMON_SLICE_H
#define COMMON_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *data; /* may be NULL when size is 0 */
    size_t size;      /* bytes */
};

static inline struct slice slice_of(const void *data, size_t size)
{
    return (struct slice){ (const char *)data, size };
}

static inline struct slice slice_text(const char *text)
{
    return (struct slice){ text, text ? strlen(text) : 0 };
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_text(text));
}

static inline bool slice_starts(struct slice a, struct slice prefix)
{
    return a.size >= prefix.size && (prefix.size == 0 || memcmp(a.data, prefix.data, prefix.size) == 0);
}

/* For printf: "%.*s", SLICE_ARG(s). Never longer than INT_MAX here: messages are bounded. */
#define SLICE_ARG(s) (int)(s).size, (s).data ? (s).data : ""

#endif
