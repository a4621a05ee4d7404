#include "common/hash.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <unistd.h>

static_assert(HASH_ID_TEXT % 2 == 0 && HASH_ID_TEXT / 2 <= HASH_BYTES, "an id is the beginning of a hash");

/* Room for an event of the usual size, so that it is one call. */
enum { FEED_BYTES = 512 };

int hash_init(void)
{
    return sodium_init() < 0 ? -1 : 0;
}

/* What is hashed, small parts gathered: a call of the library for each length costs more than its bytes. */
struct feed {
    crypto_generichash_state state;
    size_t held;
    uint8_t bytes[FEED_BYTES];
};

static void start(struct feed *f)
{
    crypto_generichash_init(&f->state, NULL, 0, HASH_BYTES);
    f->held = 0;
}

static void pass_on(struct feed *f)
{
    if (f->held > 0) crypto_generichash_update(&f->state, f->bytes, f->held);
    f->held = 0;
}

static inline void add_bytes(struct feed *f, const void *data, size_t size)
{
    if (size > sizeof f->bytes - f->held) pass_on(f);
    if (size > sizeof f->bytes) {
        crypto_generichash_update(&f->state, data, size);
    } else if (size > 0) {
        memcpy(f->bytes + f->held, data, size);
        f->held += size;
    }
}

static void add_u64(struct feed *f, uint64_t value)
{
    const uint64_t big_endian = htobe64(value);

    add_bytes(f, &big_endian, sizeof big_endian);
}

/* A part with its length before it, so that no two lists of parts give the same bytes. */
static void add_part(struct feed *f, struct slice part)
{
    add_u64(f, part.size);
    add_bytes(f, part.data, part.size);
}

static struct hash finish(struct feed *f)
{
    struct hash h;

    pass_on(f);
    crypto_generichash_final(&f->state, h.bytes, sizeof h.bytes);
    return h;
}

struct hash hash_parts(const struct slice *parts, size_t count)
{
    struct feed f;

    start(&f);
    for (size_t i = 0; i < count; i++)
        add_part(&f, parts[i]);
    return finish(&f);
}

struct hash hash_chain(const struct hash *previous, uint64_t seq, int64_t at_ms, struct slice publisher,
                       uint64_t epoch, uint64_t number, struct slice topic, struct slice envelope)
{
    struct feed f;

    start(&f);
    add_bytes(&f, previous->bytes, sizeof previous->bytes);
    add_u64(&f, seq);
    add_u64(&f, (uint64_t)at_ms);
    add_u64(&f, epoch);
    add_u64(&f, number);
    add_part(&f, publisher);
    add_part(&f, topic);
    add_part(&f, envelope);
    return finish(&f);
}

struct hash hash_running(const struct hash *previous, uint64_t number, struct slice topic,
                         struct slice envelope)
{
    struct feed f;

    start(&f);
    add_bytes(&f, previous->bytes, sizeof previous->bytes);
    add_u64(&f, number);
    add_part(&f, topic);
    add_part(&f, envelope);
    return finish(&f);
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, HASH_BYTES) == 0;
}

void hash_id(const struct slice *parts, size_t count, char id[HASH_ID_TEXT + 1])
{
    struct hash h = hash_parts(parts, count);

    sodium_bin2hex(id, HASH_ID_TEXT + 1, h.bytes, HASH_ID_TEXT / 2);
}

void hash_hex(const struct hash *h, char hex[2 * HASH_BYTES + 1])
{
    sodium_bin2hex(hex, 2 * HASH_BYTES + 1, h->bytes, HASH_BYTES);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool hash_from_hex(struct slice hex, struct hash *h)
{
    struct hash read;

    if (hex.size != 2 * (size_t)HASH_BYTES) return false;
    for (size_t i = 0; i < HASH_BYTES; i++) {
        int high = digit(hex.data[2 * i]), low = digit(hex.data[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        read.bytes[i] = (uint8_t)(high * 16 + low);
    }
    *h = read;
    return true;
}

int hash_file(int fd, struct hash *out)
{
    struct feed f;
    uint8_t bytes[16 * 1024];
    ssize_t n;

    start(&f);
    while ((n = read(fd, bytes, sizeof bytes)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        add_bytes(&f, bytes, (size_t)n);
    }
    *out = finish(&f);
    return 0;
}

uint64_t hash_random_epoch(void)
{
    uint64_t drawn;

    randombytes_buf(&drawn, sizeof drawn);
    return (drawn & ((UINT64_C(1) << 62) - 1)) + 1;
}
