#include "tests/bench/measure.h"

#include "tests/bench/generate.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint32_t *latencies_us;
static uint64_t stored_in_all;
static int64_t began_ns, ended_ns;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what is counted over all publishers */

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void measure_die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why ? why : "failed");
    exit(1);
}

static uint64_t number(const char *name, const char *text, uint64_t most)
{
    const unsigned long long n = strtoull(text, NULL, 10);

    if (n == 0 || n > most) {
        fprintf(stderr, "bench: %s is %s; it must be from 1 to %llu\n", name, text, (unsigned long long)most);
        exit(2);
    }
    return n;
}

static void read_option(const char *name, const char *value, struct measure_options *o)
{
    if (!strcmp(name, "--endpoint"))
        o->endpoint = value;
    else if (!strcmp(name, "--port"))
        o->port = (int)number(name, value, 65535);
    else if (!strcmp(name, "--publishers"))
        o->publishers = (unsigned)number(name, value, MEASURE_PUBLISHERS_MAX);
    else if (!strcmp(name, "--window"))
        o->window = (unsigned)number(name, value, MEASURE_WINDOW_MAX);
    else if (!strcmp(name, "--pack"))
        o->pack = (unsigned)number(name, value, MEASURE_PACK_MAX);
    else if (!strcmp(name, "--events"))
        o->events = number(name, value, 1000000000);
    else if (!strcmp(name, "--key"))
        o->key = value;
    else if (!strcmp(name, "--server-key"))
        o->server_key = value;
    else {
        fprintf(stderr, "bench: there is no option %s\n", name);
        exit(2);
    }
}

void measure_read_options(int argc, char **argv, struct measure_options *out)
{
    *out = (struct measure_options){ .publishers = 1, .window = 1024, .pack = 1, .events = 100000 };
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) measure_die(argv[i], "needs a value");
        read_option(argv[i], argv[i + 1], out);
    }
}

void measure_prepare(struct measure_events *out)
{
    static struct buf topics[MEASURE_PREPARED], envelopes[MEASURE_PREPARED];
    struct generator g;

    generate_begin(&g, 2026, "bench");
    for (size_t i = 0; i < MEASURE_PREPARED; i++)
        if (generate_event(&g, i, &topics[i], &envelopes[i])) measure_die("generate", NULL);
    generate_end(&g);
    for (size_t i = 0; i < MEASURE_PREPARED + MEASURE_PACK_MAX; i++) {
        out->topics[i] = buf_slice(&topics[i % MEASURE_PREPARED]);
        out->envelopes[i] = buf_slice(&envelopes[i % MEASURE_PREPARED]);
    }
}

void measure_begin(const struct measure_options *o)
{
    latencies_us = calloc(o->events * o->publishers, sizeof *latencies_us);
    if (!latencies_us) measure_die("memory", NULL);
    stored_in_all = 0;
    began_ns = now_ns();
}

bool measure_may_send(const struct measure_window *w, const struct measure_options *o)
{
    return w->sent < o->events && w->sent - w->stored < o->window;
}

void measure_sent(struct measure_window *w, uint64_t count)
{
    const int64_t at = now_ns();

    for (; count; count--)
        w->sent_ns[w->sent++ % MEASURE_WINDOW_MAX] = at;
}

void measure_stored(struct measure_window *w, uint64_t number_stored)
{
    pthread_mutex_lock(&lock);
    ended_ns = now_ns();
    for (; w->stored < number_stored; w->stored++)
        latencies_us[stored_in_all++] =
            (uint32_t)((ended_ns - w->sent_ns[w->stored % MEASURE_WINDOW_MAX]) / 1000);
    pthread_mutex_unlock(&lock);
}

bool measure_done(const struct measure_options *o)
{
    return stored_in_all == o->events * o->publishers;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t percentile(uint64_t percent)
{
    return latencies_us[(stored_in_all - 1) * percent / 100];
}

void measure_print(void)
{
    const double seconds = (double)(ended_ns - began_ns) / 1e9;

    qsort(latencies_us, stored_in_all, sizeof *latencies_us, by_size);
    printf("{\"events\": %llu, \"seconds\": %.4f, \"rate\": %.0f, \"p50_us\": %u, \"p99_us\": %u, "
           "\"max_us\": %u}\n",
           (unsigned long long)stored_in_all, seconds, (double)stored_in_all / seconds, percentile(50),
           percentile(99), percentile(100));
    free(latencies_us);
}

static void (*thread_run)(unsigned publisher);

static void *thread_main(void *number_as_pointer)
{
    thread_run((unsigned)(uintptr_t)number_as_pointer);
    return NULL;
}

void measure_run_threads(const struct measure_options *o, void (*run)(unsigned publisher))
{
    pthread_t threads[MEASURE_PUBLISHERS_MAX];

    thread_run = run;
    for (unsigned i = 0; i < o->publishers; i++)
        if (pthread_create(&threads[i], NULL, thread_main, (void *)(uintptr_t)i)) measure_die("thread", NULL);
    for (unsigned i = 0; i < o->publishers; i++)
        pthread_join(threads[i], NULL);
}
