/* buf.h - bytes that grow up to a limit; what msgpack_packer and the frames write into.
 *
 * After a failed write the buffer remembers it: write on, and look at `failed` once at the end.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include "common/err.h"
#include "common/slice.h"

#include <msgpack.h>

enum { BUF_LIMIT_DEFAULT = 16 * 1024 * 1024 };

struct buf {
    char *data;
    size_t size, capacity, limit; /* bytes; limit 0 means BUF_LIMIT_DEFAULT */
    enum err failed;              /* ERR_NONE, ERR_NOMEM or ERR_LIMIT */
};

/* Start with `struct buf b = {0}`; end with buf_fini. */
void buf_fini(struct buf *b);
void buf_clear(struct buf *b); /* empty, keep the memory, forget a failure */
enum err buf_add(struct buf *b, const void *data, size_t size);
enum err buf_add_text(struct buf *b, const char *text);
enum err buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct slice buf_slice(const struct buf *b);

/* msgpack_packer_init(&p, &buf, buf_pack_write) */
int buf_pack_write(void *buf, const char *data, size_t size);
/* Short forms for what we pack most. */
void buf_pack_str(msgpack_packer *p, struct slice text);
void buf_pack_text(msgpack_packer *p, const char *text);
void buf_pack_bin(msgpack_packer *p, struct slice bytes);

#endif
