/* raw.c - the bare library: one ROUTER, one DEALER, nothing stored.
 *
 * usage: bench_raw --endpoint ipc://PATH --mode MODE [--pack N] [--events N] [--ms N]
 *   serve-echo     every message comes back as it is, until SIGTERM
 *   serve-stream   a message is answered with N events, as EVENTS of `pack` records with all that real ones
 *                  have
 *   echo           one event there and back, again and again: latencies
 *   stream         ask for N events, and take them: events a second
 *   check          the same, and read each record and compute its link, as a follower must: what one thread
 *                  can take
 */
#include "tests/bench/measure.h"

#include "common/clock.h"
#include "common/frame.h"

#include <signal.h>
#include <string.h>
#include <zmq.h>

enum { LIMIT_MS = 10000, LOOK_EVERY = 32 };

static struct measure_options o;
static struct measure_events events;
static void *context, *zmq;
static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void must(bool good, const char *what)
{
    if (!good) measure_die(what, zmq_strerror(zmq_errno()));
}

static void open_socket(int type)
{
    static const int mandatory = 1, limit_ms = LIMIT_MS;

    context = zmq_ctx_new();
    zmq = zmq_socket(context, type);
    must(zmq != NULL, "socket");
    if (type == ZMQ_ROUTER) {
        must(!zmq_setsockopt(zmq, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof mandatory), "option");
        must(!zmq_bind(zmq, o.endpoint), "bind");
        return;
    }
    must(!zmq_setsockopt(zmq, ZMQ_RCVTIMEO, &limit_ms, sizeof limit_ms), "option");
    must(!zmq_connect(zmq, o.endpoint), "connect");
}

/* --- the ROUTER --- */

static void answer(zmq_msg_t *peer, struct slice bytes)
{
    zmq_msg_t to;

    zmq_msg_init(&to);
    zmq_msg_copy(&to, peer);
    if (zmq_msg_send(&to, zmq, ZMQ_SNDMORE) < 0 || zmq_send(zmq, bytes.data, bytes.size, 0) < 0)
        zmq_msg_close(&to); /* it left, with what it wanted */
}

static void make_frame(struct buf *frame)
{
    const struct hash link = { { 1 } };

    frame_events_begin(frame, 1000000, &link, o.pack);
    for (size_t i = 0; i < o.pack; i++) {
        const struct record r = { .seq = 1000000 + i,
                                  .at_ms = clock_wall_ms(),
                                  .chain = link,
                                  .publisher = slice_text("bench-0"),
                                  .epoch = 1,
                                  .number = 1000000 + i,
                                  .topic = events.topics[i],
                                  .envelope = events.envelopes[i] };
        frame_events_add(frame, &r);
    }
}

static void serve(bool stream)
{
    struct buf frame = { 0 };
    zmq_msg_t peer, said;

    make_frame(&frame);
    zmq_msg_init(&peer);
    zmq_msg_init(&said);
    while (!stop_asked && zmq_msg_recv(&peer, zmq, 0) >= 0 && zmq_msg_recv(&said, zmq, 0) >= 0) {
        if (!stream) answer(&peer, slice_of(zmq_msg_data(&said), zmq_msg_size(&said)));
        for (uint64_t sent = 0; stream && sent < o.events && !stop_asked; sent += o.pack)
            answer(&peer, buf_slice(&frame));
    }
    zmq_msg_close(&peer);
    zmq_msg_close(&said);
    buf_fini(&frame);
}

/* --- the DEALER --- */

static void say(struct slice bytes)
{
    must(zmq_send(zmq, bytes.data, bytes.size, 0) >= 0, "send");
}

static void hear(zmq_msg_t *message)
{
    must(zmq_msg_recv(message, zmq, 0) >= 0, "no answer");
}

static void echo(zmq_msg_t *message)
{
    static struct measure_window w;

    say(events.envelopes[0]);
    hear(message); /* connected, and warm */
    measure_begin(&o);
    while (!measure_over(&w)) {
        measure_sent(&w, 1);
        say(events.envelopes[w.sent % MEASURE_PREPARED]);
        hear(message);
        measure_stored(&w, w.sent);
    }
    measure_print();
}

/* Each link is computed from the one before; that it fits cannot be, for all messages are the same. */
static void check(zmq_msg_t *message)
{
    static struct hash link;
    static msgpack_zone *zone;
    struct frame f;
    struct why why = { 0 };

    if (!zone) zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    msgpack_zone_clear(zone);
    if (frame_read(slice_of(zmq_msg_data(message), zmq_msg_size(message)), zone, &f, &why))
        measure_die("frame", why.sentence);
    for (size_t i = 0; i < f.list.via.array.size; i++) {
        struct record r;

        if (frame_record(&f, i, &r, &why)) measure_die("record", why.sentence);
        link = hash_chain(&link, r.seq, r.at_ms, r.publisher, r.epoch, r.number, r.topic, r.envelope);
    }
}

/* The clock is looked at now and then only: this is to be the limit. */
static void stream(zmq_msg_t *message)
{
    const uint64_t messages = o.events / o.pack;
    const bool checks = !strcmp(o.mode, "check");

    say(slice_text("go"));
    hear(message);
    measure_begin(&o);
    for (uint64_t read = 1; read + LOOK_EVERY <= messages && !measure_read_over(); read += LOOK_EVERY) {
        for (int i = 0; i < LOOK_EVERY; i++) {
            hear(message);
            if (checks) check(message);
        }
        measure_read((uint64_t)LOOK_EVERY * o.pack);
    }
    measure_print_read();
}

static void ask(void (*run)(zmq_msg_t *))
{
    zmq_msg_t message;

    zmq_msg_init(&message);
    run(&message);
    zmq_msg_close(&message);
}

static void run(const char *mode)
{
    const bool serves = !strncmp(mode, "serve-", 6);

    open_socket(serves ? ZMQ_ROUTER : ZMQ_DEALER);
    if (!strcmp(mode, "serve-echo") || !strcmp(mode, "serve-stream"))
        serve(!strcmp(mode, "serve-stream"));
    else if (!strcmp(mode, "echo"))
        ask(echo);
    else if (!strcmp(mode, "stream") || !strcmp(mode, "check"))
        ask(stream);
    else
        measure_die("--mode", "serve-echo, serve-stream, echo, stream or check");
}

int main(int argc, char **argv)
{
    static const int at_once = 0;
    const struct sigaction action = { .sa_handler = ask_to_stop };

    measure_read_options(argc, argv, &o);
    sigaction(SIGTERM, &action, NULL);
    if (!o.endpoint || !o.mode) measure_die("--endpoint and --mode", "are needed");
    if (hash_init()) measure_die("entropy", NULL);
    measure_prepare(&events);
    run(o.mode);
    (void)zmq_setsockopt(zmq, ZMQ_LINGER, &at_once, sizeof at_once);
    zmq_close(zmq);
    zmq_ctx_term(context);
    return 0;
}
