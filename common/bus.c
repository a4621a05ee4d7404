#include "common/bus.h"

#include "common/bus_inside.h"

#include <assert.h>
#include <errno.h>

enum {
    BUS_WAIT_MAX = 16, /* sockets in one bus_wait */
    LIVE_FRAMES = 3
};

_Static_assert(sizeof(zmq_msg_t) <= sizeof((struct bus_frame *)0)->opaque, "a message fits into the frame");

enum err bus_err(int error)
{
    switch (error) {
    case EAGAIN:
        return ERR_AGAIN;
    case EHOSTUNREACH:
        return ERR_GONE;
    case EINTR:
        return ERR_INTERRUPTED;
    case ENOMEM:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

/* --- frames --- */

static zmq_msg_t *frame_msg(struct bus_frame *f)
{
    return (zmq_msg_t *)(void *)f->opaque;
}

void bus_frame_fini(struct bus_frame *f)
{
    if (f->held) zmq_msg_close(frame_msg(f));
    f->held = false;
    f->bytes = slice_of(NULL, 0);
}

/* Receive one part into `f`; *more says whether another belongs to it. A signal is no reason to miss what is
 * there. */
static enum err part_recv(void *zmq, struct bus_frame *f, bool *more)
{
    int rc;

    bus_frame_fini(f);
    zmq_msg_init(frame_msg(f));
    f->held = true;
    do
        rc = zmq_msg_recv(frame_msg(f), zmq, ZMQ_DONTWAIT);
    while (rc < 0 && errno == EINTR);
    if (rc < 0) {
        enum err e = bus_err(errno);

        bus_frame_fini(f);
        return e;
    }
    f->bytes = slice_of(zmq_msg_data(frame_msg(f)), zmq_msg_size(frame_msg(f)));
    *more = zmq_msg_more(frame_msg(f)) != 0;
    return ERR_NONE;
}

/* Read away the rest of a message. */
static void parts_drop(void *zmq, bool more)
{
    struct bus_frame f = { 0 };

    while (more && part_recv(zmq, &f, &more) == ERR_NONE)
        ;
    bus_frame_fini(&f);
}

struct slice bus_user(struct bus_frame *f)
{
    const char *user = f->held ? zmq_msg_gets(frame_msg(f), "User-Id") : NULL;

    return bus_door_key(user);
}

/* The first part of a ROUTER's message names the peer. */
static enum err peer_recv(struct bus_socket *s, struct bus_peer *peer, bool *more)
{
    struct bus_frame id = { 0 };
    enum err e = part_recv(s->zmq, &id, more);

    if (!e && id.bytes.size > BUS_PEER_MAX) e = ERR_INVALID;
    if (!e) {
        peer->size = (uint8_t)id.bytes.size;
        memcpy(peer->id, id.bytes.data, id.bytes.size);
    }
    bus_frame_fini(&id);
    return e;
}

/* Nothing to read: is it because the connection is gone? */
static enum err silence(struct bus_socket *s)
{
    if (!s->watch || s->bound) return ERR_AGAIN;
    bus_watch_read(s);
    if (!s->broken) return ERR_AGAIN;
    s->broken = false;
    return ERR_GONE;
}

enum err bus_recv(struct bus_socket *s, struct bus_peer *peer, struct bus_frame *out)
{
    bool more = true;
    enum err e = ERR_NONE;

    bus_frame_fini(out);
    if (peer) e = peer_recv(s, peer, &more);
    if (!e && !more) return ERR_INVALID;
    if (!e) e = part_recv(s->zmq, out, &more);
    if (e == ERR_AGAIN) return silence(s);
    if (e || !more) return e;
    parts_drop(s->zmq, more);
    bus_frame_fini(out);
    return ERR_INVALID;
}

static enum err part_send(void *zmq, struct slice bytes, int flags)
{
    zmq_msg_t msg;
    int rc;

    if (zmq_msg_init_size(&msg, bytes.size) != 0) return ERR_NOMEM;
    if (bytes.size) memcpy(zmq_msg_data(&msg), bytes.data, bytes.size);
    do
        rc = zmq_msg_send(&msg, zmq, ZMQ_DONTWAIT | flags);
    while (rc < 0 && errno == EINTR);
    if (rc >= 0) return ERR_NONE;
    rc = errno;
    zmq_msg_close(&msg);
    return bus_err(rc);
}

/* Let the library look at what its own thread told it: a send does that only now and then, and would
 * report a full queue that has been empty for a millisecond. */
static void catch_up(void *zmq)
{
    int events;
    size_t size = sizeof events;

    (void)zmq_getsockopt(zmq, ZMQ_EVENTS, &events, &size);
}

static enum err message_send(struct bus_socket *s, const struct bus_peer *peer, struct slice bytes)
{
    enum err e = ERR_NONE;

    if (peer) e = part_send(s->zmq, slice_of(peer->id, peer->size), ZMQ_SNDMORE);
    if (!e) e = part_send(s->zmq, bytes, 0);
    return e;
}

enum err bus_send(struct bus_socket *s, const struct bus_peer *peer, struct slice bytes)
{
    enum err e;

    if (bytes.size > BUS_FRAME_MAX) return ERR_LIMIT;
    e = message_send(s, peer, bytes);
    if (e != ERR_AGAIN && e != ERR_GONE) return e;
    catch_up(s->zmq);
    return message_send(s, peer, bytes);
}

/* --- live --- */

enum err bus_publish(struct bus_socket *s, struct slice topic, struct slice place, struct slice envelope)
{
    enum err e;

    e = part_send(s->zmq, topic, ZMQ_SNDMORE);
    if (!e) e = part_send(s->zmq, place, ZMQ_SNDMORE);
    if (!e) e = part_send(s->zmq, envelope, 0);
    return e;
}

/* A subscription is one part: 1 or 0, then the prefix. Whatever else subscribers send is none of ours. */
static bool is_subscription(const struct bus_frame *f)
{
    return f->bytes.size > 0 && (f->bytes.data[0] == 0 || f->bytes.data[0] == 1);
}

enum err bus_subscription(struct bus_socket *s, struct bus_frame *frame, struct slice *prefix, bool *on)
{
    bool more;
    enum err e;

    for (;;) {
        e = part_recv(s->zmq, frame, &more);
        if (e) return e;
        parts_drop(s->zmq, more);
        if (!more && is_subscription(frame)) break;
    }
    *on = frame->bytes.data[0] == 1;
    *prefix = slice_of(frame->bytes.data + 1, frame->bytes.size - 1);
    /* In manual mode the library only tells; ending needs nobody's leave. Fails harmlessly for a peer that
     * left. */
    if (!*on) (void)zmq_setsockopt(s->zmq, ZMQ_UNSUBSCRIBE, prefix->data, prefix->size);
    return ERR_NONE;
}

enum err bus_admit(struct bus_socket *s, struct slice prefix)
{
    return zmq_setsockopt(s->zmq, ZMQ_SUBSCRIBE, prefix.data, prefix.size) == 0 ? ERR_NONE : bus_err(errno);
}

enum err bus_subscribe(struct bus_socket *s, struct slice prefix)
{
    return zmq_setsockopt(s->zmq, ZMQ_SUBSCRIBE, prefix.data, prefix.size) == 0 ? ERR_NONE : bus_err(errno);
}

enum err bus_recv_live(struct bus_socket *s, struct bus_frame frames[LIVE_FRAMES])
{
    bool more = true;
    int count = 0;
    enum err e = ERR_NONE;

    for (int i = 0; i < LIVE_FRAMES; i++)
        bus_frame_fini(&frames[i]);
    while (count < LIVE_FRAMES && more && !e)
        e = part_recv(s->zmq, &frames[count++], &more);
    if (!e && count == LIVE_FRAMES && !more) return ERR_NONE;
    if (!e) parts_drop(s->zmq, more);
    for (int i = 0; i < LIVE_FRAMES; i++)
        bus_frame_fini(&frames[i]);
    return e ? e : ERR_INVALID;
}

/* --- waiting --- */

enum err bus_wait(struct bus_socket *const *sockets, size_t count, int timeout_ms, bool *ready)
{
    zmq_pollitem_t items[2 * BUS_WAIT_MAX] = { { 0 } };
    int used = 0;

    assert(count <= BUS_WAIT_MAX);
    for (size_t i = 0; i < count; i++) {
        items[used++] = (zmq_pollitem_t){ .socket = sockets[i]->zmq, .events = ZMQ_POLLIN };
        timeout_ms = bus_watch_rest_ms(sockets[i], timeout_ms);
        if (sockets[i]->watch)
            items[used++] = (zmq_pollitem_t){ .socket = sockets[i]->watch, .events = ZMQ_POLLIN };
    }
    if (zmq_poll(items, used, timeout_ms) < 0) return bus_err(errno);
    used = 0;
    for (size_t i = 0; i < count; i++) {
        ready[i] = items[used++].revents != 0;
        if (sockets[i]->watch) ready[i] = items[used++].revents != 0 || ready[i];
    }
    return ERR_NONE;
}
