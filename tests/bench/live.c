/* live.c - live monitors: SUB sockets with the prefix of one province each, all in one process. They are what
 * a stranger would write: the ZeroMQ library alone.
 *
 * usage: bench_live --endpoint ipc://PATH [--publishers MONITORS]
 *
 * Says "ready" on a line of its own when every subscription is known to be made, then counts until SIGTERM,
 * and prints how many messages came to how many monitors, and how many they wanted for each event.
 */
#include "tests/bench/generate.h"
#include "tests/bench/measure.h"

#include "common/record.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum {
    READY_MS = 10000,
    LOOK_MS =
        1 /* a poll of all sockets for each message would take more of the machine than the broker does */
};

struct monitor {
    uint64_t heard;
    bool ready;
};

static struct measure_options o;
static void *sockets[MEASURE_PUBLISHERS_MAX];
static struct monitor monitors[MEASURE_PUBLISHERS_MAX];
static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

/* bus.head is asked for last, so whoever hears it has the rest too. */
static void begin(void *context, unsigned i)
{
    void *sub = zmq_socket(context, ZMQ_SUB);
    char prefix[64];

    snprintf(prefix, sizeof prefix, "intake.dossier.filed.%s", generate_province(i));
    if (!sub || zmq_setsockopt(sub, ZMQ_SUBSCRIBE, prefix, strlen(prefix)) ||
        zmq_setsockopt(sub, ZMQ_SUBSCRIBE, "bus.head", 8) || zmq_connect(sub, o.endpoint))
        measure_die("monitor", zmq_strerror(zmq_errno()));
    sockets[i] = sub;
}

static bool hear_part(void *sub, zmq_msg_t *part)
{
    return zmq_msg_recv(part, sub, ZMQ_DONTWAIT) >= 0;
}

static void hear(unsigned i)
{
    zmq_msg_t part;

    zmq_msg_init(&part);
    while (hear_part(sockets[i], &part)) {
        const bool head = zmq_msg_size(&part) == 8 && !memcmp(zmq_msg_data(&part), "bus.head", 8);

        monitors[i].ready |= head;
        monitors[i].heard += !head;
        while (zmq_msg_more(&part) && hear_part(sockets[i], &part)) {
        }
    }
    zmq_msg_close(&part);
}

static bool hear_all(void)
{
    const struct timespec look = { .tv_nsec = LOOK_MS * 1000000 };
    bool all = true;

    nanosleep(&look, NULL);
    for (unsigned i = 0; i < o.publishers; i++) {
        hear(i);
        all &= monitors[i].ready;
    }
    return all;
}

/* How many messages one event is worth to all monitors together. */
static double wanted(void)
{
    static struct measure_events events;
    uint64_t messages = 0;

    measure_prepare(&events);
    for (size_t n = 0; n < MEASURE_PREPARED; n++)
        for (unsigned i = 0; i < o.publishers; i++)
            messages += slice_is(topic_province(events.topics[n]), generate_province(i));
    return (double)messages / MEASURE_PREPARED;
}

static void print(void)
{
    uint64_t messages = 0;
    unsigned reached = 0;

    for (unsigned i = 0; i < o.publishers; i++) {
        messages += monitors[i].heard;
        reached += monitors[i].heard > 0;
    }
    printf("{\"monitors\": %u, \"reached\": %u, \"messages\": %" PRIu64 ", \"wanted\": %.6f}\n", o.publishers,
           reached, messages, wanted());
}

int main(int argc, char **argv)
{
    const struct sigaction action = { .sa_handler = ask_to_stop };
    void *context = zmq_ctx_new();
    const int64_t until = measure_now_ns() + (int64_t)READY_MS * 1000000;

    measure_read_options(argc, argv, &o);
    sigaction(SIGTERM, &action, NULL);
    if (!o.endpoint) measure_die("--endpoint", "where is the live socket?");
    for (unsigned i = 0; i < o.publishers; i++)
        begin(context, i);
    while (!hear_all())
        if (measure_now_ns() > until) measure_die("monitor", "bus.head did not come");
    printf("ready\n");
    fflush(stdout);
    while (!stop_asked)
        (void)hear_all();
    print();
    for (unsigned i = 0; i < o.publishers; i++)
        zmq_close(sockets[i]);
    zmq_ctx_term(context);
    return 0;
}
