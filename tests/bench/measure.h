/* measure.h - what the measuring programs share: options, prepared events, windows, figures.
 *
 * One process plays all publishers. Latency is from the moment an event is handed to the library until the
 * server has acknowledged it; with a rate it is from the moment the event was due, whether or not it could
 * leave then. The figures are one line of JSON on standard output. Any thread may call; one lock guards all.
 */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include "common/buf.h"
#include "common/hash.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MEASURE_PUBLISHERS_MAX = 128, /* or followers, or monitors */
    MEASURE_WINDOW_MAX = 8192,
    MEASURE_PACK_MAX = 1024,
    MEASURE_PREPARED = 4096
};

struct measure_options {
    const char *endpoint;         /* of OCOP's broker, or of a yardstick */
    int port;                     /* of a peer, on loopback */
    const char *path;             /* a socket file of a peer; or where a yardstick keeps its file */
    const char *mode;             /* what a yardstick does */
    unsigned publishers;          /* or followers, or monitors */
    unsigned window;              /* events a publisher may have unacknowledged */
    unsigned pack;                /* events in one message */
    uint64_t events;              /* of each publisher, at most */
    int64_t ms;                   /* send for so long; 0: until all events are sent */
    uint64_t rate;                /* events a second of all publishers together; 0: as fast as it goes */
    uint64_t after;               /* followers begin behind this record ... */
    struct hash chain;            /* ... whose link is this */
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
    int64_t last_ns;                     /* when the last one left */
    int64_t sent_ns[MEASURE_WINDOW_MAX]; /* by number, modulo */
};

void measure_read_options(int argc, char **argv, struct measure_options *out); /* exits 2 on a bad one */
void measure_prepare(struct measure_events *out);
void measure_die(const char *what, const char *why) __attribute__((noreturn));
int64_t measure_now_ns(void); /* monotonic */

void measure_begin(const struct measure_options *o); /* the clock starts; `o` is borrowed until the end */
bool measure_may_send(const struct measure_window *w);
void measure_sent(struct measure_window *w, uint64_t count);
void measure_stored(struct measure_window *w, uint64_t number); /* all up to `number` */
bool measure_over(const struct measure_window *w);              /* nothing more to send, all is answered */
int measure_wait_ms(void); /* how long may be waited for an answer before looking again what is due */
/* One time that was measured, for programs without a window. */
void measure_add(int64_t ns);
void measure_print(void);

/* For client libraries that wait: one thread for each publisher, `run` with its number, until all have ended.
 */
void measure_run_threads(const struct measure_options *o, void (*run)(unsigned publisher));

/* --- reading back --- */

void measure_read(uint64_t count); /* so many records were read just now */
bool measure_read_over(void);      /* the time is up */
void measure_print_read(void);

#endif
