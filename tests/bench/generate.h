/* generate.h - events for measuring: the same seed gives the same bytes on every machine.
 *
 * Each is an intake.dossier.filed with Vietnamese names and fields as long as real ones; everything is
 * synthetic. The envelope is close to GENERATE_BYTES long, whatever the event says: its remark is filled up.
 */
#ifndef TESTS_BENCH_GENERATE_H
#define TESTS_BENCH_GENERATE_H

#include "common/buf.h"

enum { GENERATE_BYTES = 300 };

struct generator {
    uint64_t state;
    char source[32];
    struct buf data; /* scratch */
};

void generate_begin(struct generator *g, uint64_t seed, const char *source);
void generate_end(struct generator *g);

/* The n-th event of this source: its topic and envelope replace what is in the buffers. */
enum err generate_event(struct generator *g, uint64_t n, struct buf *topic, struct buf *envelope);

/* The code of one of the 63 provinces that events are about: that of `n` modulo 63. */
const char *generate_province(unsigned n);

#endif
