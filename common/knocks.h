/* knocks.h - who knocked and was not let in, for the log: one line when an address begins, then at most one a
 * minute with how often it came, until it leaves off.
 *
 * Keeps KNOCKS_MAX pairs of address and reason; from more at one time only their number is told, once a
 * minute. No allocation; the time is passed in (monotonic, ms).
 */
#ifndef COMMON_KNOCKS_H
#define COMMON_KNOCKS_H

#include <stdint.h>

enum { KNOCKS_MAX = 64, KNOCKS_ADDRESS_MAX = 64, KNOCKS_AGAIN_MS = 60000 };

struct knocks {
    struct knock_place {
        char address[KNOCKS_ADDRESS_MAX];
        const char *because; /* NULL: free */
        int64_t told_ms;
        uint64_t count; /* since then */
    } each[KNOCKS_MAX];
    uint64_t others; /* since others_ms, from addresses that found no place */
    int64_t others_ms;
};

/* `because` must stay: a literal. `address` may be "": the line says unknown. `more` stands behind, as
 * "key=..."; "" for nothing. */
void knocks_add(struct knocks *k, const char *address, const char *because, const char *more, int64_t now_ms);
/* Tell what is due; often enough, as once a second. */
void knocks_tell(struct knocks *k, int64_t now_ms);

#endif
