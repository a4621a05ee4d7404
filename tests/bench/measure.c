/* measure.c - windows, latencies and rates. */
#include "tests/bench/measure.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SECOND_NS = 1000000000, MILLISECOND_NS = 1000000 };

static const struct measure_options *options;
static uint32_t *latencies_us;
static uint64_t latency_count, latency_room, read_in_all;
static int64_t began_ns, ended_ns;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what is counted over all publishers */

int64_t measure_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

void measure_die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why ? why : "failed");
    exit(1);
}

void measure_begin(const struct measure_options *o)
{
    options = o;
    latency_room = 1 << 20;
    latencies_us = malloc(latency_room * sizeof *latencies_us);
    if (!latencies_us) measure_die("memory", NULL);
    latency_count = read_in_all = 0;
    began_ns = ended_ns = measure_now_ns();
}

/* --- windows --- */

static bool time_is_up(int64_t now)
{
    return options->ms > 0 && now - began_ns >= options->ms * MILLISECOND_NS;
}

/* When event `n` (0, 1, ...) of one publisher is due. */
static int64_t due_ns(uint64_t n)
{
    return began_ns + (int64_t)((double)(n * options->publishers) * SECOND_NS / (double)options->rate);
}

static bool more_to_send(const struct measure_window *w)
{
    return w->sent < options->events && !time_is_up(w->last_ns);
}

bool measure_may_send(const struct measure_window *w)
{
    if (!more_to_send(w) || w->sent - w->stored >= options->window) return false;
    return options->rate == 0 || due_ns(w->sent) <= measure_now_ns();
}

void measure_sent(struct measure_window *w, uint64_t count)
{
    w->last_ns = measure_now_ns();
    for (; count; count--) {
        const int64_t at = options->rate ? due_ns(w->sent) : w->last_ns;

        w->sent_ns[w->sent++ % MEASURE_WINDOW_MAX] = at;
    }
}

static void add(int64_t ns)
{
    if (latency_count == latency_room) {
        latency_room *= 2;
        latencies_us = realloc(latencies_us, latency_room * sizeof *latencies_us);
        if (!latencies_us) measure_die("memory", NULL);
    }
    latencies_us[latency_count++] = (uint32_t)(ns / 1000);
}

void measure_add(int64_t ns)
{
    add(ns);
    ended_ns = measure_now_ns();
}

void measure_stored(struct measure_window *w, uint64_t number_stored)
{
    pthread_mutex_lock(&lock);
    ended_ns = measure_now_ns();
    for (; w->stored < number_stored; w->stored++)
        add(ended_ns - w->sent_ns[w->stored % MEASURE_WINDOW_MAX]);
    pthread_mutex_unlock(&lock);
}

bool measure_over(const struct measure_window *w)
{
    return w->stored == w->sent && !more_to_send(w);
}

int measure_wait_ms(void)
{
    return options->rate ? 1 : 1000;
}

/* --- figures --- */

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t percentile(double percent)
{
    return latencies_us[(uint64_t)((double)(latency_count - 1) * percent / 100)];
}

void measure_print(void)
{
    const double seconds = (double)(ended_ns - began_ns) / SECOND_NS;

    if (latency_count == 0) measure_die("nothing was measured", "no answer came");
    qsort(latencies_us, latency_count, sizeof *latencies_us, by_size);
    printf("{\"events\": %" PRIu64 ", \"seconds\": %.4f, \"rate\": %.0f, \"p50_us\": %u, \"p90_us\": %u, "
           "\"p99_us\": %u, \"p999_us\": %u, \"max_us\": %u}\n",
           latency_count, seconds, (double)latency_count / seconds, percentile(50), percentile(90),
           percentile(99), percentile(99.9), percentile(100));
    free(latencies_us);
}

/* --- threads --- */

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

/* --- reading back --- */

void measure_read(uint64_t count)
{
    read_in_all += count;
    ended_ns = measure_now_ns();
}

bool measure_read_over(void)
{
    return time_is_up(measure_now_ns());
}

void measure_print_read(void)
{
    const double seconds = (double)(ended_ns - began_ns) / SECOND_NS;

    if (read_in_all == 0) measure_die("nothing was read", NULL);
    printf("{\"records\": %" PRIu64 ", \"seconds\": %.4f, \"rate\": %.0f}\n", read_in_all, seconds,
           (double)read_in_all / seconds);
    free(latencies_us);
}
