#include "common/hash.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <unistd.h>

static_assert(HASH_ID_TEXT % 2 == 0 && HASH_ID_TEXT / 2 <= HASH_BYTES, "an id is the beginning of a hash");

/* How numbers enter a hash. */
enum { BIG_ENDIAN_BYTES = 8 };

int hash_init(void)
{
    return sodium_init() < 0 ? -1 : 0;
}

static void start(crypto_generichash_state *state)
{
    crypto_generichash_init(state, NULL, 0, HASH_BYTES);
}

static void add_bytes(crypto_generichash_state *state, const void *data, size_t size)
{
    if (size > 0) crypto_generichash_update(state, data, size);
}

static void add_u64(crypto_generichash_state *state, uint64_t value)
{
    uint8_t bytes[BIG_ENDIAN_BYTES];

    for (size_t i = 0; i < BIG_ENDIAN_BYTES; i++)
        bytes[i] = (uint8_t)(value >> (8 * (BIG_ENDIAN_BYTES - 1 - i)));
    add_bytes(state, bytes, sizeof bytes);
}

/* A part with its length before it, so that no two lists of parts give the same bytes. */
static void add_part(crypto_generichash_state *state, struct slice part)
{
    add_u64(state, part.size);
    add_bytes(state, part.data, part.size);
}

static struct hash finish(crypto_generichash_state *state)
{
    struct hash h;

    crypto_generichash_final(state, h.bytes, sizeof h.bytes);
    return h;
}

struct hash hash_parts(const struct slice *parts, size_t count)
{
    crypto_generichash_state state;

    start(&state);
    for (size_t i = 0; i < count; i++)
        add_part(&state, parts[i]);
    return finish(&state);
}

struct hash hash_chain(const struct hash *previous, uint64_t seq, int64_t at_ms, struct slice publisher,
                       uint64_t epoch, uint64_t number, struct slice topic, struct slice envelope)
{
    crypto_generichash_state state;

    start(&state);
    add_bytes(&state, previous->bytes, sizeof previous->bytes);
    add_u64(&state, seq);
    add_u64(&state, (uint64_t)at_ms);
    add_u64(&state, epoch);
    add_u64(&state, number);
    add_part(&state, publisher);
    add_part(&state, topic);
    add_part(&state, envelope);
    return finish(&state);
}

struct hash hash_running(const struct hash *previous, uint64_t number, struct slice topic,
                         struct slice envelope)
{
    crypto_generichash_state state;

    start(&state);
    add_bytes(&state, previous->bytes, sizeof previous->bytes);
    add_u64(&state, number);
    add_part(&state, topic);
    add_part(&state, envelope);
    return finish(&state);
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
    crypto_generichash_state state;
    uint8_t bytes[16 * 1024];
    ssize_t n;

    start(&state);
    while ((n = read(fd, bytes, sizeof bytes)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        add_bytes(&state, bytes, (size_t)n);
    }
    *out = finish(&state);
    return 0;
}

uint64_t hash_random_epoch(void)
{
    uint64_t drawn;

    randombytes_buf(&drawn, sizeof drawn);
    return (drawn & ((UINT64_C(1) << 62) - 1)) + 1;
}
