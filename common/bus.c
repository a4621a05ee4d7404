#include "common/bus.h"

#include "common/bus_ipc.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

enum {
    BUS_LINGER_MS = 1000,
    BUS_RECONNECT_MS = 20,
    BUS_RECONNECT_MAX_MS = 500,
    BUS_HEARTBEAT_MS = 1000,
    BUS_HEARTBEAT_TIMEOUT_MS = 5000,
    BUS_HANDSHAKE_MS = 5000,
    BUS_WAIT_MAX = 16, /* sockets in one bus_wait */
    LIVE_FRAMES = 3,
    WATCH_EVENT_BYTES = 6 /* number of the event, 2 bytes, and its value, 4 */
};

struct bus_socket {
    void *zmq;
    void *watch; /* PAIR that hears about the connection, or NULL */
    bool up;     /* watched: a connection was made */
    bool broken; /* watched: and broke, not told yet */
    struct bus_ipc ipc;
};

_Static_assert(sizeof(zmq_msg_t) <= sizeof((struct bus_frame *)0)->opaque, "a message fits into the frame");

/* --- one context for the process --- */

static pthread_mutex_t context_lock = PTHREAD_MUTEX_INITIALIZER;
static void *context;
static pid_t context_pid; /* a forked child has none of the parent's threads, so it makes its own context */
static atomic_int sockets_open;

/* Ends the library's threads when everything was closed. If something was not, waiting for it could take for
 * ever, and the system cleans up better. */
static void context_end(void)
{
    if (context && context_pid == getpid() && atomic_load(&sockets_open) == 0) {
        zmq_ctx_term(context);
        context = NULL;
    }
}

/* pthread_once would leave a forked child with a dead context; hence a lock and the process's number. */
static void *context_get(void)
{
    static bool registered;
    void *found;

    pthread_mutex_lock(&context_lock);
    if (!context || context_pid != getpid()) {
        context = zmq_ctx_new();
        context_pid = getpid();
        atomic_store(&sockets_open, 0);
        if (context && !registered) registered = atexit(context_end) == 0;
    }
    found = context;
    pthread_mutex_unlock(&context_lock);
    return found;
}

/* --- making sockets --- */

struct option {
    int name, value;
};

static const struct option common_options[] = {
    { ZMQ_LINGER, BUS_LINGER_MS },
    { ZMQ_SNDHWM, BUS_QUEUE_MAX },
    { ZMQ_RCVHWM, BUS_QUEUE_MAX },
    { ZMQ_HANDSHAKE_IVL, BUS_HANDSHAKE_MS },
    { ZMQ_RECONNECT_IVL, BUS_RECONNECT_MS },
    { ZMQ_RECONNECT_IVL_MAX, BUS_RECONNECT_MAX_MS },
    { 0, 0 },
};
/* A full or missing peer must be an error and not a silent loss. Handing a routing id over to another
 * connection stays off: ids are the library's here. */
static const struct option router_options[] = { { ZMQ_ROUTER_MANDATORY, 1 },
                                                { ZMQ_ROUTER_HANDOVER, 0 },
                                                { 0, 0 } };
static const struct option dealer_options[] = {
    { ZMQ_IMMEDIATE, 1 },
    { ZMQ_HEARTBEAT_IVL, BUS_HEARTBEAT_MS },
    { ZMQ_HEARTBEAT_TIMEOUT, BUS_HEARTBEAT_TIMEOUT_MS },
    { 0, 0 },
};
static const struct option xpub_options[] = { { ZMQ_XPUB_MANUAL, 1 }, { 0, 0 } };
static const struct option sub_options[] = {
    { ZMQ_HEARTBEAT_IVL, BUS_HEARTBEAT_MS },
    { ZMQ_HEARTBEAT_TIMEOUT, BUS_HEARTBEAT_TIMEOUT_MS },
    { 0, 0 },
};

static enum err err_from(int error)
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

static enum err library_failed(struct why *why, const char *endpoint)
{
    int error = errno;

    return why_set(why, error == ENOMEM ? ERR_NOMEM : ERR_IO, "BUS",
                   "The socket for %s could not be made: %s.", endpoint, zmq_strerror(error));
}

static bool set_options(void *zmq, const struct option *options)
{
    for (; options->name; options++)
        if (zmq_setsockopt(zmq, options->name, &options->value, sizeof options->value) != 0) return false;
    return true;
}

enum err bus_endpoint_check(const char *endpoint, struct why *why)
{
    if (strncmp(endpoint, "ipc://", 6) == 0) return ERR_NONE;
    if (strncmp(endpoint, "inproc://", 9) == 0 && endpoint[9]) return ERR_NONE;
    if (strncmp(endpoint, "tcp://", 6) == 0)
        return why_set(why, ERR_CONFIG, "ENDPOINT",
                       "%s: TCP needs keys, which do not exist yet; use ipc://PATH on this machine.",
                       endpoint);
    return why_set(why, ERR_CONFIG, "ENDPOINT", "%s is no endpoint; it must begin with ipc:// and a path.",
                   endpoint);
}

/* `*path` is the file of an ipc endpoint, NULL for inproc. */
static enum err endpoint_check(const char *endpoint, const char **path, struct why *why)
{
    enum err e = bus_endpoint_check(endpoint, why);

    *path = NULL;
    if (e || strncmp(endpoint, "ipc://", 6) != 0) return e;
    *path = endpoint + 6;
    return bus_ipc_check(*path, why);
}

static enum err socket_new(int type, const struct option *options, const char *endpoint,
                           struct bus_socket **out, struct why *why)
{
    static const int64_t frame_max = BUS_FRAME_MAX;
    struct bus_socket *s = calloc(1, sizeof *s);
    void *ctx = context_get();

    if (!s || !ctx) {
        free(s);
        return ERR_NOMEM;
    }
    s->zmq = zmq_socket(ctx, type);
    if (!s->zmq) {
        library_failed(why, endpoint);
        free(s);
        return ERR_IO;
    }
    atomic_fetch_add(&sockets_open, 1);
    if (!set_options(s->zmq, common_options) || !set_options(s->zmq, options) ||
        zmq_setsockopt(s->zmq, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max) != 0) {
        enum err e = library_failed(why, endpoint);

        bus_destroy(&s);
        return e;
    }
    *out = s;
    return ERR_NONE;
}

/* Give the library a socket that listens already; from then on its descriptor is the library's. */
static enum err bind_ipc(struct bus_socket *s, const char *endpoint, const char *path, struct why *why)
{
    enum err e;
    int fd;

    e = bus_ipc_listen(path, &fd, &s->ipc, why);
    if (e) return e;
    if (zmq_setsockopt(s->zmq, ZMQ_USE_FD, &fd, sizeof fd) == 0 && zmq_bind(s->zmq, endpoint) == 0)
        return ERR_NONE;
    e = library_failed(why, endpoint);
    close(fd);
    return e;
}

static enum err bind_inproc(struct bus_socket *s, const char *endpoint, struct why *why)
{
    if (zmq_bind(s->zmq, endpoint) == 0) return ERR_NONE;
    if (errno == EADDRINUSE)
        return why_set(why, ERR_CONFIG, "BOUND", "%s is bound already in this process.", endpoint);
    return library_failed(why, endpoint);
}

static enum err make_bound(int type, const struct option *options, const char *endpoint,
                           struct bus_socket **out, struct why *why)
{
    struct bus_socket *s = NULL;
    const char *path;
    enum err e;

    e = endpoint_check(endpoint, &path, why);
    if (!e) e = socket_new(type, options, endpoint, &s, why);
    if (!e) e = path ? bind_ipc(s, endpoint, path, why) : bind_inproc(s, endpoint, why);
    if (e)
        bus_destroy(&s);
    else
        *out = s;
    return e;
}

/* The watch is in place before connecting, so that nothing is missed. Its queue has no limit, because the
 * library's own thread would wait on a full one; two events per connection is all that goes in. */
static enum err watch_begin(struct bus_socket *s, struct why *why)
{
    static atomic_ulong counter;
    static const struct option options[] = { { ZMQ_LINGER, 0 }, { ZMQ_RCVHWM, 0 }, { 0, 0 } };
    char place[64];

    snprintf(place, sizeof place, "inproc://bus-watch-%lu", atomic_fetch_add(&counter, 1));
    if (zmq_socket_monitor(s->zmq, place, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) != 0)
        return library_failed(why, place);
    s->watch = zmq_socket(context_get(), ZMQ_PAIR);
    if (!s->watch || !set_options(s->watch, options) || zmq_connect(s->watch, place) != 0)
        return library_failed(why, place);
    return ERR_NONE;
}

static enum err make_connected(int type, const struct option *options, bool watched, const char *endpoint,
                               struct bus_socket **out, struct why *why)
{
    struct bus_socket *s = NULL;
    const char *path;
    enum err e;

    e = endpoint_check(endpoint, &path, why);
    if (!e) e = socket_new(type, options, endpoint, &s, why);
    if (!e && watched) e = watch_begin(s, why);
    if (!e && zmq_connect(s->zmq, endpoint) != 0) e = library_failed(why, endpoint);
    if (e)
        bus_destroy(&s);
    else
        *out = s;
    return e;
}

enum err bus_router_bind(const char *endpoint, struct bus_socket **out, struct why *why)
{
    return make_bound(ZMQ_ROUTER, router_options, endpoint, out, why);
}

enum err bus_xpub_bind(const char *endpoint, struct bus_socket **out, struct why *why)
{
    return make_bound(ZMQ_XPUB, xpub_options, endpoint, out, why);
}

enum err bus_dealer_connect(const char *endpoint, struct bus_socket **out, struct why *why)
{
    return make_connected(ZMQ_DEALER, dealer_options, false, endpoint, out, why);
}

enum err bus_dealer_watch(const char *endpoint, struct bus_socket **out, struct why *why)
{
    return make_connected(ZMQ_DEALER, dealer_options, true, endpoint, out, why);
}

enum err bus_sub_connect(const char *endpoint, struct bus_socket **out, struct why *why)
{
    return make_connected(ZMQ_SUB, sub_options, false, endpoint, out, why);
}

void bus_destroy(struct bus_socket **s)
{
    if (!s || !*s) return;
    bus_ipc_remove(&(*s)->ipc);
    if ((*s)->watch) {
        zmq_socket_monitor((*s)->zmq, NULL, 0);
        zmq_close((*s)->watch);
    }
    zmq_close((*s)->zmq);
    atomic_fetch_sub(&sockets_open, 1);
    free(*s);
    *s = NULL;
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
        enum err e = err_from(errno);

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

/* One event of the watch; false when there is none. */
static bool watch_event(void *watch, uint16_t *event)
{
    unsigned char data[WATCH_EVENT_BYTES];
    int size = zmq_recv(watch, data, sizeof data, ZMQ_DONTWAIT);

    if (size < 0) return false;
    *event = 0;
    if (size == WATCH_EVENT_BYTES) memcpy(event, data, sizeof *event);
    parts_drop(watch, true);
    return true;
}

static void watch_read(struct bus_socket *s)
{
    uint16_t event;

    while (watch_event(s->watch, &event)) {
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) s->up = true;
        if (event == ZMQ_EVENT_DISCONNECTED && s->up) {
            s->up = false;
            s->broken = true;
        }
    }
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
    if (!s->watch) return ERR_AGAIN;
    watch_read(s);
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
    return err_from(rc);
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
    return zmq_setsockopt(s->zmq, ZMQ_SUBSCRIBE, prefix.data, prefix.size) == 0 ? ERR_NONE : err_from(errno);
}

enum err bus_subscribe(struct bus_socket *s, struct slice prefix)
{
    return zmq_setsockopt(s->zmq, ZMQ_SUBSCRIBE, prefix.data, prefix.size) == 0 ? ERR_NONE : err_from(errno);
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
        if (sockets[i]->watch)
            items[used++] = (zmq_pollitem_t){ .socket = sockets[i]->watch, .events = ZMQ_POLLIN };
    }
    if (zmq_poll(items, used, timeout_ms) < 0) return err_from(errno);
    used = 0;
    for (size_t i = 0; i < count; i++) {
        ready[i] = items[used++].revents != 0;
        if (sockets[i]->watch) ready[i] = items[used++].revents != 0 || ready[i];
    }
    return ERR_NONE;
}
