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
    BUS_ENDPOINT_MAX = 255,
    BUS_KEY_TEXT = 40, /* a CURVE key as text (Z85) */
    BUS_TRUST_MAX = 16,
    BUS_HANDSHAKE_MS = 5000,
    BUS_ADDRESS_MAX = 64,
    BUS_FAILURES_MAX = 64, /* told one by one between two bus_visits; more are only counted */
    BUS_QUEUE_MAX = 1000   /* high-water mark, messages each way: a safety net, not flow control */
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
/* The public key its sender proved at the door, as text, borrowed from the frame; empty: it came without,
 * over ipc or inproc. Nobody can claim another's. */
struct slice bus_user(struct bus_frame *f);

/* --- keys ---
 *
 * A process has one pair of CURVE keys, for what it binds and for what it connects to; without, it has no
 * TCP. All of it is set before the first socket and before any thread. */
struct bus_identity {
    char public_key[BUS_KEY_TEXT + 1], secret_key[BUS_KEY_TEXT + 1];
    int handshake_ms; /* whoever has not said who it is by then is cut off; 0: BUS_HANDSHAKE_MS */
};
void bus_identify(const struct bus_identity *us);
/* Whoever answers at `endpoint` must hold this public key. ERR_LIMIT. */
enum err bus_trust(const char *endpoint, const char *public_key, struct why *why);
/* A new pair. ERR_IO: the library was built without. */
enum err bus_keys_make(struct bus_identity *out, struct why *why);
bool bus_keys_pair(const struct bus_identity *keys); /* does the public key belong to the secret one? */
void bus_keys_forget(struct bus_identity *keys);     /* overwrite them */

/* The door: whoever wants to come in over TCP is asked for here, before anything else is heard of it (ZAP).
 * One for the process, bound before the sockets it guards, looked after by one thread. Until it answers,
 * nobody comes in; without a door, TCP cannot be bound. */
struct bus_knock {
    char key[BUS_KEY_TEXT + 1]; /* empty: it came without a CURVE key */
    char address[BUS_ADDRESS_MAX];
    unsigned char request_size;
    char request[64]; /* the library's, to be given back */
};
enum err bus_door_open(struct bus_socket **out, struct why *why);
void bus_door_close(struct bus_socket **door);
/* ERR_AGAIN: nobody. Each knock must be answered before the next. */
enum err bus_door_next(struct bus_socket *door, struct bus_knock *out);
enum bus_welcome { BUS_COME_IN, BUS_NOT_NOW, BUS_NEVER };
enum err bus_door_answer(struct bus_socket *door, const struct bus_knock *knock, enum bus_welcome how);

/* What was seen of connections at a bound socket with TCP; all zero without. */
struct bus_visits {
    uint64_t open, failed; /* connections now, handshakes that came to nothing so far */
};
void bus_visits(struct bus_socket *s, struct bus_visits *out);
/* One of those that failed before they came to the door, seen by the last bus_visits: why, a word for the log
 * (another_brokers_key, without_a_key, no_handshake, hung_up_or_slow), and from where; "" when it had left
 * before it was looked at. False: no more. */
struct bus_failure {
    const char *because;
    char address[BUS_ADDRESS_MAX];
};
bool bus_failure_next(struct bus_socket *s, struct bus_failure *out);
/* May this user connect there? A socket file is opened by its owner and its group. ERR_CONFIG, with the code
 * MAY_NOT_OPEN. One that is not there may come: ERR_NONE, as for TCP. */
enum err bus_may_connect(const char *endpoint, struct why *why);
/* A socket file that is not there now. */
bool bus_nothing_there(const char *endpoint);
/* Connected with bus_dealer_watch: the other side answered that it does not admit our key. */
bool bus_denied(const struct bus_socket *s);
/* Connected with bus_dealer_watch: who knocks in vain rests between two knocks, 100 ms at first and at most
 * 5 s; who is told to come again waits in its handshake. This is what a person should hear then, to be put
 * behind a sentence; "" when there is no such trouble. */
const char *bus_trouble(const struct bus_socket *s);

/* --- sockets ---
 *
 * Endpoints: ipc://PATH (its folder must exist; the path at most 107 bytes), the socket file with mode 0660
 * and no keys. tcp://HOST:PORT with CURVE always: ERR_CONFIG without an identity, or without a door (to bind)
 * or a trusted key (to connect). inproc:// within one process. To bind, there may be several, parted by
 * blanks. */
/* Is it of a kind that can be bound? For checking settings; nothing is touched. ERR_CONFIG. */
enum err bus_endpoint_check(const char *endpoint, struct why *why);
enum err bus_endpoints_check(const char *list, struct why *why);
/* Can it be connected to, with the keys there are? ERR_CONFIG. */
enum err bus_connect_check(const char *endpoint, struct why *why);
/* So many frames of one peer may wait to be received at what is bound from now on, and no more are taken from
 * it meanwhile; BUS_QUEUE_MAX unless it is said otherwise. Of large frames that is a lot of memory. Set it
 * before there are threads. */
void bus_queue_frames(int frames);
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
void bus_drop(struct bus_socket **s);    /* drops what is unsent at once */

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
