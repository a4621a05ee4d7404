/* yardstick.c - what the broker is measured against: the same socket, with less behind it.
 *
 * usage: bench_yardstick --endpoint ipc://PATH --mode null|flat [--path FILE]
 *   null     the conversation of publishers, and nothing is kept
 *   flat     the same, and each drained batch goes to FILE with one write and one fdatasync before it is
 *            answered; numbers, running hashes and the chain are those of the broker's log, and the chain is
 *            the checksum
 *
 * It reads a PUBLISH as the broker does, drains as much as the broker, and answers one STORED a publisher and
 * batch. It knows no rights, no rules and no second start. Ends on SIGTERM.
 */
#include "tests/bench/measure.h"

#include "common/bus.h"
#include "common/clock.h"
#include "common/frame.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAIN_EVENTS = 8192, DRAIN_BYTES = 4 * 1024 * 1024 }; /* the broker's */

struct session {
    struct bus_peer peer;
    char publisher[PUBLISHER_MAX + 1];
    uint64_t epoch, number, seq;
    struct hash running;
    bool waits; /* for its STORED */
};

static struct measure_options o;
static struct session sessions[MEASURE_PUBLISHERS_MAX];
static unsigned session_count;
static struct bus_socket *router;
static msgpack_zone *zone;
static struct buf batch, out;
static int file = -1;
static uint64_t head;
static struct hash chain;
static int64_t batch_ms;
static size_t batch_events, batch_bytes;
static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void send_out(const struct bus_peer *peer)
{
    if (out.failed || bus_send(router, peer, buf_slice(&out))) measure_die("yardstick", "a peer is full");
}

static struct session *find(const struct bus_peer *peer)
{
    for (unsigned i = 0; i < session_count; i++)
        if (sessions[i].peer.size == peer->size && !memcmp(sessions[i].peer.id, peer->id, peer->size))
            return &sessions[i];
    return NULL;
}

static void hello(const struct bus_peer *peer, const struct frame *f)
{
    struct session *s = find(peer);

    if (!s && session_count == MEASURE_PUBLISHERS_MAX) measure_die("yardstick", "too many publishers");
    if (!s) s = &sessions[session_count++];
    *s = (struct session){ .peer = *peer, .epoch = f->epoch };
    memcpy(s->publisher, f->publisher.data, f->publisher.size);
    buf_clear(&out);
    frame_welcome(&out, 0, &s->running, head);
    send_out(peer);
}

/* --- storing --- */

static void put_number(uint64_t n)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(n >> (8 * (7 - i)));
    buf_add(&batch, bytes, sizeof bytes);
}

static void put_slice(struct slice s)
{
    put_number(s.size);
    buf_add(&batch, s.data, s.size);
}

static void append(struct session *s, struct slice topic, struct slice envelope)
{
    const struct slice publisher = slice_text(s->publisher);

    chain = hash_chain(&chain, s->seq, batch_ms, publisher, s->epoch, s->number, topic, envelope);
    s->running = hash_running(&s->running, s->number, topic, envelope);
    put_number(s->seq);
    put_number((uint64_t)batch_ms);
    put_number(s->epoch);
    put_number(s->number);
    put_slice(publisher);
    put_slice(topic);
    put_slice(envelope);
    buf_add(&batch, chain.bytes, sizeof chain.bytes);
}

static void publish(const struct bus_peer *peer, const struct frame *f)
{
    struct session *s = find(peer);
    const size_t count = f->list.via.array.size;
    struct why why = { 0 };

    if (!s || f->number != s->number + 1) measure_die("yardstick", "a number is missing");
    for (size_t i = 0; i < count; i++) {
        struct slice topic, envelope;

        if (frame_event(f, i, &topic, &envelope, &why) || mp_check(envelope, &why))
            measure_die("yardstick", why.sentence);
        s->number++;
        s->seq = ++head;
        if (file >= 0) append(s, topic, envelope);
    }
    batch_events += count;
    s->waits = true;
}

static void settle(void)
{
    if (file >= 0 && batch.size > 0) {
        if (batch.failed || write(file, batch.data, batch.size) != (ssize_t)batch.size || fdatasync(file))
            measure_die("yardstick", "the file cannot be written");
    }
    for (unsigned i = 0; i < session_count; i++) {
        struct session *s = &sessions[i];

        if (!s->waits) continue;
        s->waits = false;
        buf_clear(&out);
        frame_stored(&out, s->number, s->seq);
        send_out(&s->peer);
    }
    buf_clear(&batch);
    batch_events = batch_bytes = 0;
}

static void converse(const struct bus_peer *peer, struct slice bytes)
{
    struct frame f;
    struct why why = { 0 };

    msgpack_zone_clear(zone);
    if (frame_read(bytes, zone, &f, &why)) measure_die("yardstick", why.sentence);
    batch_bytes += bytes.size;
    if (f.command == FRAME_HELLO)
        hello(peer, &f);
    else if (f.command == FRAME_PUBLISH)
        publish(peer, &f);
    else if (f.command == FRAME_PING) {
        buf_clear(&out);
        frame_pong(&out, f.token, head);
        send_out(peer);
    }
}

/* --- the loop --- */

static void drain(void)
{
    struct bus_peer peer;
    struct bus_frame frame = { 0 };

    batch_ms = clock_wall_ms();
    while (batch_events < DRAIN_EVENTS && batch_bytes < DRAIN_BYTES && !bus_recv(router, &peer, &frame))
        converse(&peer, frame.bytes);
    bus_frame_fini(&frame);
    settle();
}

static void open_file(const char *mode)
{
    if (!strcmp(mode, "null")) return;
    if (strcmp(mode, "flat")) measure_die("--mode", "null or flat");
    file = o.path ? open(o.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (file < 0) measure_die("--path", "the file cannot be made");
}

int main(int argc, char **argv)
{
    const struct sigaction action = { .sa_handler = ask_to_stop };
    struct why why = { 0 };
    bool ready;

    measure_read_options(argc, argv, &o);
    sigaction(SIGTERM, &action, NULL);
    if (!o.endpoint || !o.mode || hash_init()) measure_die("--endpoint and --mode", "are needed");
    open_file(o.mode);
    zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    if (!zone || bus_router_bind(o.endpoint, &router, &why)) measure_die("yardstick", why.sentence);
    while (!stop_asked) {
        drain();
        (void)bus_wait(&router, 1, 1000, &ready);
    }
    bus_drop(&router);
    msgpack_zone_free(zone);
    buf_fini(&batch);
    buf_fini(&out);
    return 0;
}
