/* bus_watch.c - what the library tells of connections: at a bound socket how many there are, and whose
 * handshake came to nothing; at a connected one whether it is there, and when to try again.
 */
#include "common/bus_inside.h"
#include "common/clock.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    WATCH_EVENT_BYTES = 6, /* number of the event, 2 bytes, and its value, 4 */
    FRESH_MAX = 64,        /* connections made since the last look whose address is still to be asked for */
    REST_FIRST_MS = 100,
    REST_MOST_MS = 5000
};

/* The library names a connection by its descriptor, and not by its peer. */
struct bus_visitors {
    char (*address)[BUS_ADDRESS_MAX]; /* by descriptor; "" unknown */
    size_t room;
    int fresh[FRESH_MAX];
    size_t fresh_count;
    const char *failing; /* a handshake that failed just now: the next end is its connection's */
    struct bus_failure failed[BUS_FAILURES_MAX];
    size_t failed_count;
};

/* One event of the watch; false when there is none. */
static bool watch_event(void *watch, uint16_t *event, uint32_t *value)
{
    unsigned char data[WATCH_EVENT_BYTES];
    char place[8];
    int size = zmq_recv(watch, data, sizeof data, ZMQ_DONTWAIT), more = 0;
    size_t more_size = sizeof more;

    if (size < 0) return false;
    *event = 0;
    *value = 0;
    if (size == WATCH_EVENT_BYTES) {
        memcpy(event, data, sizeof *event);
        memcpy(value, data + sizeof *event, sizeof *value);
    }
    while (zmq_getsockopt(watch, ZMQ_RCVMORE, &more, &more_size) == 0 && more)
        if (zmq_recv(watch, place, sizeof place, ZMQ_DONTWAIT) < 0) break;
    return true;
}

/* --- a bound socket --- */

/* Room for this descriptor; false without memory: then its address stays unknown. */
static bool visitors_reach(struct bus_visitors *v, uint32_t fd)
{
    size_t room = v->room ? v->room : 64;
    void *more;

    if (fd < v->room) return true;
    if (fd >= BUS_DESCRIPTORS_MAX) return false;
    while (room <= fd)
        room *= 2;
    more = realloc(v->address, room * sizeof *v->address);
    if (!more) return false;
    v->address = more;
    memset(v->address + v->room, 0, (room - v->room) * sizeof *v->address);
    v->room = room;
    return true;
}

static void came(struct bus_visitors *v, uint32_t fd)
{
    if (!visitors_reach(v, fd)) return;
    v->address[fd][0] = '\0';
    if (v->fresh_count < FRESH_MAX) v->fresh[v->fresh_count++] = (int)fd;
}

static void went(struct bus_visitors *v, uint32_t fd)
{
    for (size_t i = 0; i < v->fresh_count; i++)
        if (v->fresh[i] == (int)fd) v->fresh[i--] = v->fresh[--v->fresh_count];
    if (v->failing && v->failed_count < BUS_FAILURES_MAX) {
        struct bus_failure *f = &v->failed[v->failed_count++];

        f->because = v->failing;
        snprintf(f->address, sizeof f->address, "%s", fd < v->room ? v->address[fd] : "");
    }
    v->failing = NULL;
    if (fd < v->room) v->address[fd][0] = '\0';
}

/* Whoever is still connected now is who came: those that have left were taken off the list. */
static void ask_addresses(struct bus_visitors *v)
{
    for (size_t i = 0; i < v->fresh_count; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        char *to = v->address[v->fresh[i]];

        if (getpeername(v->fresh[i], (struct sockaddr *)&peer, &size) != 0 || peer.ss_family == AF_UNIX ||
            getnameinfo((struct sockaddr *)&peer, size, to, BUS_ADDRESS_MAX, NULL, 0, NI_NUMERICHOST) != 0)
            to[0] = '\0';
    }
    v->fresh_count = 0;
}

static const char *why_failed(uint16_t event, uint32_t value)
{
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return NULL; /* the door knows who that was */
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) return "hung_up_or_slow";
    if (value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC) return "another_brokers_key";
    if (value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH) return "without_a_key";
    return "no_handshake";
}

void bus_visits(struct bus_socket *s, struct bus_visits *out)
{
    struct bus_visitors *v = s->visitors;
    uint16_t event;
    uint32_t value;

    while (s->watch && watch_event(s->watch, &event, &value)) {
        if (event == ZMQ_EVENT_ACCEPTED) {
            s->visits.open++;
            came(v, value);
        } else if (event == ZMQ_EVENT_DISCONNECTED) {
            if (s->visits.open) s->visits.open--;
            went(v, value);
        } else if (event & BUS_EVENTS_FAILED) {
            s->visits.failed++;
            v->failing = why_failed(event, value);
        }
    }
    if (v) ask_addresses(v);
    *out = s->visits;
}

bool bus_failure_next(struct bus_socket *s, struct bus_failure *out)
{
    struct bus_visitors *v = s->visitors;

    if (!v || !v->failed_count) return false;
    *out = v->failed[--v->failed_count];
    return true;
}

enum err bus_visitors_new(struct bus_visitors **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? ERR_NONE : ERR_NOMEM;
}

void bus_visitors_destroy(struct bus_visitors **visitors)
{
    if (!*visitors) return;
    free((*visitors)->address);
    free(*visitors);
    *visitors = NULL;
}

/* --- a connected socket --- */

/* The library would knock again after 20 ms, for ever, as each connection as such succeeded. */
static void rest(struct bus_socket *s)
{
    int64_t ms = REST_FIRST_MS;

    for (unsigned i = 0; i < s->turned_away && ms < REST_MOST_MS; i++)
        ms *= 2;
    s->turned_away++;
    if (zmq_disconnect(s->zmq, s->endpoint) == 0)
        s->rest_until_ms = clock_monotonic_ms() + (ms < REST_MOST_MS ? ms : REST_MOST_MS);
}

void bus_watch_read(struct bus_socket *s)
{
    uint16_t event;
    uint32_t value;

    while (watch_event(s->watch, &event, &value)) {
        s->knocking = event == ZMQ_EVENT_CONNECTED;
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
            s->up = true;
            s->turned_away = 0;
        }
        if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) s->denied = true;
        if ((event & BUS_EVENTS_FAILED) && !s->rest_until_ms) rest(s);
        if (event == ZMQ_EVENT_DISCONNECTED && s->up) {
            s->up = false;
            s->broken = true;
        }
    }
    if (s->rest_until_ms && clock_monotonic_ms() >= s->rest_until_ms && zmq_connect(s->zmq, s->endpoint) == 0)
        s->rest_until_ms = 0;
}

int bus_watch_rest_ms(const struct bus_socket *s, int timeout_ms)
{
    int64_t left;

    if (!s->rest_until_ms) return timeout_ms;
    left = s->rest_until_ms - clock_monotonic_ms();
    if (left < 0) left = 0;
    return timeout_ms < 0 || left < timeout_ms ? (int)left : timeout_ms;
}

bool bus_denied(const struct bus_socket *s)
{
    return s->denied;
}

const char *bus_trouble(const struct bus_socket *s)
{
    /* Told to come again, the library waits in its handshake, and nothing more is heard. */
    if (s->knocking)
        return " (somebody is there, and has not admitted this key yet: try again, or ask there "
               "whether it is still in the folder of keys)";
    if (!s->turned_away) return "";
    return " (somebody is there, but the handshake comes to nothing: this key may not be in the folder of "
           "keys there any more, or its own key is another than the one in --server-key, which is the "
           "setting server_key of a service)";
}
