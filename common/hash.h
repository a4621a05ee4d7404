/* hash.h - BLAKE2b for chains, running hashes, ids and digests (libsodium).
 *
 * Every list of parts is hashed with each part's length before it, so that no two different lists give
 * the same bytes.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include "common/slice.h"

enum { HASH_BYTES = 32, HASH_ID_TEXT = 32 /* an id is 16 bytes as 32 hex digits */ };

struct hash {
    uint8_t bytes[HASH_BYTES];
};

/* Make libsodium ready; call once in main before any thread. 0, or -1 when the system gives no entropy. */
int hash_init(void);

/* hash of (parts...), each as 8 bytes big-endian length, then its bytes. */
struct hash hash_parts(const struct slice *parts, size_t count);

/* The log's link: BLAKE2b-256 over previous(32) seq(8) at_ms(8) epoch(8) number(8), then publisher, topic and
 * envelope, each with its 8-byte length. Integers big-endian. */
struct hash hash_chain(const struct hash *previous, uint64_t seq, int64_t at_ms, struct slice publisher,
                       uint64_t epoch, uint64_t number, struct slice topic, struct slice envelope);

/* A publisher's running hash: BLAKE2b-256 over previous(32) number(8), then topic and envelope with lengths.
 * Before the first event it is 32 zero bytes. */
struct hash hash_running(const struct hash *previous, uint64_t number, struct slice topic,
                         struct slice envelope);

bool hash_equal(const struct hash *a, const struct hash *b);

/* 16 bytes of hash_parts as 32 lower-case hex digits and a zero byte. */
void hash_id(const struct slice *parts, size_t count, char id[HASH_ID_TEXT + 1]);
void hash_hex(const struct hash *h, char hex[2 * HASH_BYTES + 1]);
bool hash_from_hex(struct slice hex, struct hash *h); /* exactly 64 lower-case digits */
/* BLAKE2b-256 of what can be read from `fd`, as `b2sum -l 256` gives it. 0, or -1 with errno. */
int hash_file(int fd, struct hash *out);
uint64_t hash_random_epoch(void); /* 1 .. 2^62 */

#endif
