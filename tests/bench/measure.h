/* measure.h - what every publishing program of the benchmark shares: options, prepared events, windows,
 * figures.
 *
 * One process plays all publishers. Latency is from the moment an event is handed to the library until the
 * server has acknowledged it. The figures are one line of JSON on standard output. Any thread may call; one
 * lock guards all.
 */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include "common/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MEASURE_PUBLISHERS_MAX = 64,
    MEASURE_WINDOW_MAX = 8192,
    MEASURE_PACK_MAX = 1024,
    MEASURE_PREPARED = 4096
};

struct measure_options {
    const char *endpoint; /* of OCOP's broker */
    int port;             /* of a peer, on loopback */
    unsigned publishers;
    unsigned window;              /* events a publisher may have unacknowledged */
    unsigned pack;                /* events in one message */
    uint64_t events;              /* of each publisher */
    const char *key, *server_key; /* certificates for CURVE; NULL: none */
};

/* Events made before the clock starts. There are MEASURE_PACK_MAX more than MEASURE_PREPARED, the first ones
 * again, so that a message may begin anywhere. */
struct measure_events {
    struct slice topics[MEASURE_PREPARED + MEASURE_PACK_MAX], envelopes[MEASURE_PREPARED + MEASURE_PACK_MAX];
};

/* One publisher's events: counts, and when each left. */
struct measure_window {
    uint64_t sent, stored;
    int64_t sent_ns[MEASURE_WINDOW_MAX]; /* by number, modulo */
};

void measure_read_options(int argc, char **argv, struct measure_options *out); /* exits 2 on a bad one */
void measure_prepare(struct measure_events *out);
void measure_die(const char *what, const char *why) __attribute__((noreturn));

void measure_begin(const struct measure_options *o); /* the clock starts */
bool measure_may_send(const struct measure_window *w, const struct measure_options *o);
void measure_sent(struct measure_window *w, uint64_t count);
void measure_stored(struct measure_window *w, uint64_t number); /* all up to `number` */
bool measure_done(const struct measure_options *o);
void measure_print(void);

/* For client libraries that wait: one thread for each publisher, `run` with its number, until all have ended.
 */
void measure_run_threads(const struct measure_options *o, void (*run)(unsigned publisher));

#endif
