/* bus.h - sockets that carry one-frame messages; the only place where the ZeroMQ library appears.
 *
 * No call here waits except bus_wait. A full peer is ERR_AGAIN, a peer that is not there ERR_GONE: what to do
 * about either is the caller's, and it never is "wait".
 */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include "common/err.h"
#include "common/slice.h"

enum {
    BUS_FRAME_MAX = 16 * 1024 * 1024, /* bytes; larger ones are cut off by the library with the connection */
    BUS_PEER_MAX = 255,
    BUS_QUEUE_MAX = 1000 /* high-water mark, messages each way: a safety net, not flow control */
};

struct bus_socket; /* owned by whoever made it, used by one thread */

/* The other end of a ROUTER: libzmq's routing id, copied. Not an identity: HELLO is. */
struct bus_peer {
    uint8_t size;
    char id[BUS_PEER_MAX];
};

/* A received frame. `bytes` borrows from it until bus_frame_fini or the next bus_recv into it.
 * Start with `struct bus_frame f = {0}`. */
struct bus_frame {
    struct slice bytes;
    bool held;
    _Alignas(8) unsigned char opaque[64];
};
void bus_frame_fini(struct bus_frame *f);

/* Endpoints: ipc://PATH always (its folder must exist; the path at most 107 bytes). tcp:// is refused with
 * ERR_CONFIG until keys exist. inproc:// within one process. bind creates the socket file with mode 0660. */
/* Is it of a kind that can be bound? For checking settings; nothing is touched. ERR_CONFIG. */
enum err bus_endpoint_check(const char *endpoint, struct why *why);
enum err bus_router_bind(const char *endpoint, struct bus_socket **out, struct why *why);
enum err bus_dealer_connect(const char *endpoint, struct bus_socket **out, struct why *why);
/* The same, and it tells about its connection: bus_wait also wakes when it is made or broken (there may be
 * nothing to read then), and bus_recv answers ERR_GONE once when it broke. What came over it and was not read
 * is lost. Make a new socket then: the library reconnects this one, but the other side would know nothing of
 * us, and what is sent meanwhile can be lost too. */
enum err bus_dealer_watch(const char *endpoint, struct bus_socket **out, struct why *why);
enum err bus_xpub_bind(const char *endpoint, struct bus_socket **out,
                       struct why *why); /* manual: see bus_admit */
enum err bus_sub_connect(const char *endpoint, struct bus_socket **out, struct why *why);
void bus_destroy(struct bus_socket **s); /* drops what is unsent after 1 s */

/* ROUTER gives `peer`; others want NULL. ERR_AGAIN: nothing there. A message of several frames is
 * read away whole and comes back as ERR_INVALID, with the peer filled in. */
enum err bus_recv(struct bus_socket *s, struct bus_peer *peer, struct bus_frame *out);
/* Copies `bytes`. ERR_AGAIN: queue full. ERR_GONE: no such peer (ROUTER). */
enum err bus_send(struct bus_socket *s, const struct bus_peer *peer, struct slice bytes);
/* XPUB: publish [topic][place][envelope], three frames. Monitors that are full lose it. */
enum err bus_publish(struct bus_socket *s, struct slice topic, struct slice place, struct slice envelope);
/* XPUB: one subscription message is waiting: *prefix borrowed from `frame`, *on whether it begins or ends.
 * ERR_AGAIN: none. Admit it with bus_admit to make it real (unsubscribing is done by the library). */
enum err bus_subscription(struct bus_socket *s, struct bus_frame *frame, struct slice *prefix, bool *on);
enum err bus_admit(struct bus_socket *s, struct slice prefix);
enum err bus_subscribe(struct bus_socket *s, struct slice prefix); /* SUB */
/* SUB: receive the three frames. */
enum err bus_recv_live(struct bus_socket *s, struct bus_frame frames[3]);

/* Wait until one of `count` sockets can be read, at most timeout_ms (-1: no end). `ready[i]` is set for each.
 * ERR_INTERRUPTED on a signal; ERR_NONE also when nothing came. */
enum err bus_wait(struct bus_socket *const *sockets, size_t count, int timeout_ms, bool *ready);

#endif
