#include "common/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST_CAPACITY = 256 };

void buf_fini(struct buf *b)
{
    if (!b) return;
    free(b->data);
    *b = (struct buf){ .limit = b->limit };
}

void buf_clear(struct buf *b)
{
    b->size = 0;
    b->failed = ERR_NONE;
}

/* Make room for `more` bytes behind what is there. The lengths are compared before they are added. */
static enum err make_room(struct buf *b, size_t more)
{
    size_t limit = b->limit ? b->limit : BUF_LIMIT_DEFAULT;
    size_t capacity = b->capacity ? b->capacity : BUF_FIRST_CAPACITY;
    char *data;

    if (b->failed) return b->failed;
    if (b->size > limit || more > limit - b->size) return b->failed = ERR_LIMIT;
    if (b->data && more <= b->capacity - b->size) return ERR_NONE;
    while (capacity < b->size + more)
        capacity = capacity > limit / 2 ? limit : capacity * 2;
    data = realloc(b->data, capacity);
    if (!data) return b->failed = ERR_NOMEM;
    b->data = data;
    b->capacity = capacity;
    return ERR_NONE;
}

enum err buf_add(struct buf *b, const void *data, size_t size)
{
    enum err e;

    if (size == 0) return b->failed;
    e = make_room(b, size);
    if (e) return e;
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return ERR_NONE;
}

enum err buf_add_text(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

enum err buf_printf(struct buf *b, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int length;
    enum err e;

    va_start(args, format);
    length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) return b->failed = ERR_NOMEM;
    e = buf_add(b, text, (size_t)length);
    free(text);
    return e;
}

struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->data, b->size);
}

int buf_pack_write(void *buf, const char *data, size_t size)
{
    return buf_add(buf, data, size) == ERR_NONE ? 0 : -1;
}

void buf_pack_str(msgpack_packer *p, struct slice text)
{
    msgpack_pack_str(p, text.size);
    msgpack_pack_str_body(p, text.data, text.size);
}

void buf_pack_text(msgpack_packer *p, const char *text)
{
    buf_pack_str(p, slice_text(text));
}

void buf_pack_bin(msgpack_packer *p, struct slice bytes)
{
    msgpack_pack_bin(p, bytes.size);
    msgpack_pack_bin_body(p, bytes.data, bytes.size);
}
