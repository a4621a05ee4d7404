/* bus_inside.h - what the files of the bus share: bus.c (messages), bus_open.c (sockets), bus_door.c (keys),
 * bus_watch.c (connections).
 * Nobody else includes it, and nobody else includes the ZeroMQ library.
 */
#ifndef COMMON_BUS_INSIDE_H
#define COMMON_BUS_INSIDE_H

#include "common/bus.h"
#include "common/bus_ipc.h"

#include <zmq.h>

/* A peer that did not come in: no key, a wrong one, or one that the door does not know. */
enum {
    BUS_EVENTS_FAILED = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
};

enum { BUS_DESCRIPTORS_MAX = 1048576 };

struct bus_visitors;

struct bus_socket {
    void *zmq;
    void *watch; /* PAIR that hears about connections, or NULL */
    bool bound;
    bool up;                  /* connected, watched: a connection was made */
    bool broken;              /* connected, watched: and broke, not told yet */
    bool denied;              /* connected, watched: the other side does not admit our key */
    bool knocking;            /* connected to TCP, watched: the handshake is under way */
    unsigned turned_away;     /* connected, watched: handshakes that failed since the last that did not */
    int64_t rest_until_ms;    /* ... and when to try again; 0: it is trying */
    struct bus_visits visits; /* bound, watched */
    struct bus_visitors *visitors;       /* bound, watched */
    char endpoint[BUS_ENDPOINT_MAX + 1]; /* connected */
    struct bus_ipc ipc;
};

enum err bus_err(int error); /* from the library's errno */
enum err bus_failed(struct why *why, const char *endpoint);
void *bus_context(void); /* NULL: no memory */
bool bus_is_tcp(const char *endpoint);
/* A socket of `type` with nothing but the options every one of ours has. */
enum err bus_socket_new(int type, const char *endpoint, struct bus_socket **out, struct why *why);

/* Our keys, onto a socket that will bind or connect to `endpoint`, which is of TCP. ERR_CONFIG: there are
 * none. */
enum err bus_lock(void *zmq, const char *endpoint, bool bound, struct why *why);
/* The key a message's User-Id stands for; empty when the door did not give it. */
struct slice bus_door_key(const char *user);

/* Take note of what became of the connection, and connect again after a rest. */
void bus_watch_read(struct bus_socket *s);
int bus_watch_rest_ms(const struct bus_socket *s, int timeout_ms); /* or less, when the rest ends before */
enum err bus_visitors_new(struct bus_visitors **out);
void bus_visitors_destroy(struct bus_visitors **visitors);

#endif
