/* bus_open.c - making sockets, and the one context they all live in. */
#include "common/bus_inside.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BUS_LINGER_MS = 1000,
    BUS_RECONNECT_MS = 20,
    BUS_RECONNECT_MAX_MS = 500,
    /* from the bound side: a half-open connection takes a place for 10 + 4 * 5 seconds */
    BUS_GUEST_IDLE_S = 10,
    BUS_GUEST_PROBE_S = 5,
    BUS_GUEST_PROBES = 4,
    BUS_GUEST_UNHEARD_MS = 30000
};

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
void *bus_context(void)
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
    { ZMQ_RECONNECT_IVL, BUS_RECONNECT_MS },
    { ZMQ_RECONNECT_IVL_MAX, BUS_RECONNECT_MAX_MS },
    { 0, 0 },
};
/* A full or missing peer must be an error and not a silent loss. Handing a routing id over to another
 * connection stays off: ids are the library's here. */
static const struct option router_options[] = { { ZMQ_ROUTER_MANDATORY, 1 },
                                                { ZMQ_ROUTER_HANDOVER, 0 },
                                                { 0, 0 } };
/* No heartbeats of the library's own, on either side: in libzmq 4.3.4 one that is due, or that was received
 * and not looked at yet, ends the whole process when the connection breaks while its queue of received
 * messages is full (stream_engine_base.cpp: out_event after an error). Our peers say PING, a word of the bus;
 * half-open guests are the system's to find. */
static const struct option dealer_options[] = { { ZMQ_IMMEDIATE, 1 }, { 0, 0 } };
static const struct option xpub_options[] = { { ZMQ_XPUB_MANUAL, 1 }, { 0, 0 } };
static const struct option guest_options[] = {
    { ZMQ_TCP_KEEPALIVE, 1 },
    { ZMQ_TCP_KEEPALIVE_IDLE, BUS_GUEST_IDLE_S },
    { ZMQ_TCP_KEEPALIVE_INTVL, BUS_GUEST_PROBE_S },
    { ZMQ_TCP_KEEPALIVE_CNT, BUS_GUEST_PROBES },
    { ZMQ_TCP_MAXRT, BUS_GUEST_UNHEARD_MS },
    { 0, 0 },
};
static const struct option sub_options[] = { { 0, 0 } };

enum err bus_failed(struct why *why, const char *endpoint)
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

bool bus_is_tcp(const char *endpoint)
{
    return strncmp(endpoint, "tcp://", 6) == 0;
}

enum err bus_endpoint_check(const char *endpoint, struct why *why)
{
    if (strncmp(endpoint, "ipc://", 6) == 0) return bus_ipc_check(endpoint + 6, why);
    if (strncmp(endpoint, "inproc://", 9) == 0 && endpoint[9]) return ERR_NONE;
    if (bus_is_tcp(endpoint) && endpoint[6]) return bus_lock(NULL, endpoint, true, why);
    return why_set(why, ERR_CONFIG, "ENDPOINT",
                   "%s is no endpoint; it must begin with ipc:// and a path, or tcp:// and HOST:PORT.",
                   endpoint);
}

enum err bus_connect_check(const char *endpoint, struct why *why)
{
    return bus_is_tcp(endpoint) ? bus_lock(NULL, endpoint, false, why) : bus_endpoint_check(endpoint, why);
}

/* The path of a socket file; NULL: the endpoint is of another kind. */
static const char *file_of(const char *endpoint)
{
    return strncmp(endpoint, "ipc://", 6) == 0 ? endpoint + 6 : NULL;
}

enum err bus_may_connect(const char *endpoint, struct why *why)
{
    const char *file = file_of(endpoint);

    if (!file || access(file, W_OK) == 0 || errno != EACCES) return ERR_NONE;
    return why_set(why, ERR_CONFIG, "MAY_NOT_OPEN",
                   "This user may not open %s: %s. Ask as a member of its group (sudo -u ocop ocop ...).",
                   file, strerror(EACCES));
}

bool bus_nothing_there(const char *endpoint)
{
    const char *file = file_of(endpoint);

    return file && access(file, F_OK) != 0 && errno == ENOENT;
}

/* The next of a list of endpoints parted by blanks; false at its end. */
static bool next_endpoint(const char **list, char out[BUS_ENDPOINT_MAX + 1])
{
    size_t size;

    *list += strspn(*list, " ");
    size = strcspn(*list, " ");
    if (size == 0) return false;
    if (size > BUS_ENDPOINT_MAX) size = BUS_ENDPOINT_MAX;
    memcpy(out, *list, size);
    out[size] = '\0';
    *list += size;
    return true;
}

enum err bus_endpoints_check(const char *list, struct why *why)
{
    char endpoint[BUS_ENDPOINT_MAX + 1];
    size_t count = 0, files = 0;
    enum err e = ERR_NONE;

    while (!e && next_endpoint(&list, endpoint)) {
        count++;
        files += strncmp(endpoint, "ipc://", 6) == 0;
        e = bus_endpoint_check(endpoint, why);
    }
    if (e) return e;
    if (count == 0) return why_set(why, ERR_CONFIG, "ENDPOINT", "There is no endpoint to bind.");
    if (files > 1)
        return why_set(why, ERR_CONFIG, "ENDPOINT",
                       "There are %zu ipc:// endpoints for one socket; one is enough for a machine.", files);
    return ERR_NONE;
}

enum err bus_socket_new(int type, const char *endpoint, struct bus_socket **out, struct why *why)
{
    static const int64_t frame_max = BUS_FRAME_MAX;
    struct bus_socket *s = calloc(1, sizeof *s);
    void *ctx = bus_context();

    if (!s || !ctx) {
        free(s);
        return ERR_NOMEM;
    }
    s->zmq = zmq_socket(ctx, type);
    if (!s->zmq) {
        bus_failed(why, endpoint);
        free(s);
        return ERR_IO;
    }
    atomic_fetch_add(&sockets_open, 1);
    if (!set_options(s->zmq, common_options) ||
        zmq_setsockopt(s->zmq, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max) != 0) {
        enum err e = bus_failed(why, endpoint);

        bus_destroy(&s);
        return e;
    }
    *out = s;
    return ERR_NONE;
}

/* Give the library a socket that listens already; from then on its descriptor is the library's. */
static enum err bind_ipc(struct bus_socket *s, const char *endpoint, struct why *why)
{
    static const int nobody = -1;
    enum err e;
    int fd;

    e = bus_ipc_listen(endpoint + 6, &fd, &s->ipc, why);
    if (e) return e;
    if (zmq_setsockopt(s->zmq, ZMQ_USE_FD, &fd, sizeof fd) == 0 && zmq_bind(s->zmq, endpoint) == 0) {
        (void)zmq_setsockopt(s->zmq, ZMQ_USE_FD, &nobody, sizeof nobody); /* the next endpoint's is its own */
        return ERR_NONE;
    }
    e = bus_failed(why, endpoint);
    close(fd);
    return e;
}

static enum err bind_other(struct bus_socket *s, const char *endpoint, struct why *why)
{
    if (zmq_bind(s->zmq, endpoint) == 0) return ERR_NONE;
    if (errno == EADDRINUSE)
        return why_set(why, ERR_CONFIG, "BOUND", "%s is bound already; stop who is there, or choose another.",
                       endpoint);
    if (errno == ENODEV || errno == EADDRNOTAVAIL || errno == EINVAL || errno == EACCES)
        return why_set(why, ERR_CONFIG, "ENDPOINT", "%s cannot be bound: %s.", endpoint, zmq_strerror(errno));
    return bus_failed(why, endpoint);
}

/* Options belong to the endpoint that is bound next: with keys for TCP, without for a file. */
static enum err bind_one(struct bus_socket *s, const char *endpoint, struct why *why)
{
    enum err e = ERR_NONE;

    if (strncmp(endpoint, "ipc://", 6) == 0) return bind_ipc(s, endpoint, why);
    if (!bus_is_tcp(endpoint)) return bind_other(s, endpoint, why);
    e = bus_lock(s->zmq, endpoint, true, why);
    if (!e && !set_options(s->zmq, guest_options)) e = bus_failed(why, endpoint);
    return e ? e : bind_other(s, endpoint, why);
}

/* The watch is in place before connecting, so that nothing is missed. Its queue has no limit, because the
 * library's own thread would wait on a full one; two events per connection is all that goes in. */
static enum err watch_begin(struct bus_socket *s, int events, struct why *why)
{
    static atomic_ulong counter;
    static const struct option options[] = { { ZMQ_LINGER, 0 }, { ZMQ_RCVHWM, 0 }, { 0, 0 } };
    char place[64];

    snprintf(place, sizeof place, "inproc://bus-watch-%lu", atomic_fetch_add(&counter, 1));
    if (zmq_socket_monitor(s->zmq, place, events) != 0) return bus_failed(why, place);
    s->watch = zmq_socket(bus_context(), ZMQ_PAIR);
    if (!s->watch || !set_options(s->watch, options) || zmq_connect(s->watch, place) != 0)
        return bus_failed(why, place);
    return ERR_NONE;
}

/* What needs no keys first: the lock stays on the socket. */
static enum err bind_all(struct bus_socket *s, const char *list, struct why *why)
{
    enum err e = ERR_NONE;

    for (int tcp = 0; tcp < 2; tcp++) {
        const char *rest = list;
        char endpoint[BUS_ENDPOINT_MAX + 1];

        while (!e && next_endpoint(&rest, endpoint))
            if (bus_is_tcp(endpoint) == (tcp == 1)) e = bind_one(s, endpoint, why);
    }
    return e;
}

static int queue_frames = BUS_QUEUE_MAX;

void bus_queue_frames(int frames)
{
    queue_frames = frames;
}

static enum err make_bound(int type, const struct option *options, const char *list, struct bus_socket **out,
                           struct why *why)
{
    struct bus_socket *s = NULL;
    enum err e = bus_endpoints_check(list, why);

    if (!e) e = bus_socket_new(type, list, &s, why);
    if (!e && (!set_options(s->zmq, options) ||
               zmq_setsockopt(s->zmq, ZMQ_RCVHWM, &queue_frames, sizeof queue_frames) != 0))
        e = bus_failed(why, list);
    if (!e) s->bound = true;
    if (!e && strstr(list, "tcp://")) e = bus_visitors_new(&s->visitors);
    if (!e && s->visitors)
        e = watch_begin(s, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | BUS_EVENTS_FAILED, why);
    if (!e) e = bind_all(s, list, why);
    if (e)
        bus_destroy(&s);
    else
        *out = s;
    return e;
}

static enum err make_connected(int type, const struct option *options, bool watched, const char *endpoint,
                               struct bus_socket **out, struct why *why)
{
    struct bus_socket *s = NULL;
    enum err e = bus_connect_check(endpoint, why);

    if (!e) e = bus_socket_new(type, endpoint, &s, why);
    if (!e && !set_options(s->zmq, options)) e = bus_failed(why, endpoint);
    if (!e && bus_is_tcp(endpoint)) e = bus_lock(s->zmq, endpoint, false, why);
    if (!e && watched)
        e = watch_begin(s,
                        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | BUS_EVENTS_FAILED |
                            (bus_is_tcp(endpoint) ? ZMQ_EVENT_CONNECTED : 0),
                        why);
    if (!e) snprintf(s->endpoint, sizeof s->endpoint, "%s", endpoint);
    if (!e && zmq_connect(s->zmq, endpoint) != 0)
        e = errno == EINVAL
                ? why_set(why, ERR_CONFIG, "ENDPOINT", "%s is no endpoint to connect to.", endpoint)
                : bus_failed(why, endpoint);
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

void bus_drop(struct bus_socket **s)
{
    static const int at_once = 0;

    if (s && *s) (void)zmq_setsockopt((*s)->zmq, ZMQ_LINGER, &at_once, sizeof at_once);
    bus_destroy(s);
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
    bus_visitors_destroy(&(*s)->visitors);
    free(*s);
    *s = NULL;
}
