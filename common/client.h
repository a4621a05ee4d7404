/* client.h - one connection to the broker: publish with numbers, follow with credit, notice when it is lost.
 *
 * The client keeps the conversation; the caller keeps what must survive a crash (its outbox and its cursor)
 * and hands them in again after each WELCOME. After a lost connection (no PONG within three heartbeats) the
 * client makes a new socket, says HELLO again and reports CLIENT_WELCOME: whatever was not STORED by then
 * must be published again. While another publisher's process holds the name, SUPERSEDED ends this one.
 */
#ifndef COMMON_CLIENT_H
#define COMMON_CLIENT_H

#include "common/bus.h"
#include "common/frame.h"

enum { CLIENT_WINDOW_EVENTS = 4096, CLIENT_WINDOW_BYTES = 8 * 1024 * 1024, CLIENT_CREDIT = 4096 };

struct client;

struct client_settings {
    const char *endpoint;  /* the broker's ROUTER; copied */
    const char *publisher; /* NULL: only follow, say no HELLO */
    uint64_t epoch;        /* 0 for a service */
    int heartbeat_ms;      /* 0: 1000 */
};

enum client_news {
    CLIENT_NOTHING, /* the timeout passed */
    CLIENT_WELCOME, /* number, hash, head: publish what is behind `number` again; then FOLLOW (all are per
                       connection) */
    CLIENT_STORED,  /* everything up to `number` is on the broker's disk; seq is the place of that one */
    CLIENT_REFUSED, /* number (0: no event), code, sentence; DIVERGED answers a FOLLOW */
    CLIENT_EVENTS,  /* records, and the cursor behind them */
    CLIENT_LOST,    /* reconnecting; CLIENT_WELCOME (or CLIENT_READY for a follower without a name) follows */
    CLIENT_READY,   /* publisher NULL only: the broker answers, FOLLOW now */
    CLIENT_CLOCKED  /* seq */
};

struct client_event {
    enum client_news news;
    uint64_t number, seq, head;
    struct hash hash;             /* WELCOME: running hash at number; EVENTS: chain at seq */
    struct slice code, sentence;  /* REFUSED */
    const struct record *records; /* EVENTS; count may be 0: only the cursor moved */
    size_t count;
};

enum err client_new(const struct client_settings *settings, struct client **out, struct why *why);
void client_destroy(struct client **c);
struct bus_socket *
client_socket(struct client *c); /* changes after CLIENT_LOST: ask again before each bus_wait */

/* Next news, waiting at most timeout_ms (0: do not wait). What it borrows lives until the next call.
 * ERR_SUPERSEDED, ERR_CONFIG (the broker does not admit our key), ERR_INTERRUPTED, ERR_NOMEM, ERR_UNREADABLE
 * (the broker sent nonsense). */
enum err client_next(struct client *c, int timeout_ms, struct client_event *out, struct why *why);

/* Room left in the window, in events; publish no more than that. */
size_t client_room(const struct client *c);
/* One PUBLISH of `count` events, numbers first.. on. ERR_AGAIN: no room, or not connected; nothing was sent.
 */
enum err client_publish(struct client *c, uint64_t first, const struct slice *topics,
                        const struct slice *envelopes, size_t count);
/* Begin to follow behind (after, chain). Credit is given back by the client as the caller takes records. */
enum err client_follow(struct client *c, uint64_t after, const struct hash *chain,
                       const struct slice *prefixes, size_t count);
/* Has the broker answered anything said behind the last FOLLOW? Then it did not refuse that: it would have
 * said so before. */
bool client_followed(const struct client *c);
enum err client_clock(struct client *c, struct slice day);
enum err client_send(struct client *c, struct slice frame); /* raw, for tests and ASK */

/* Ask one question at `endpoint` and wait for the answer, at most timeout_ms. `*answer` is a map living in
 * `zone`. ERR_TIMEOUT (nobody answers; or, with code NOT_COMPLETE, the service is still reading the log),
 * ERR_NOT_FOUND or ERR_INVALID (the fault's code and sentence are in why), ERR_CONFIG (NOT_PERMITTED: our key
 * is not admitted; MAY_NOT_OPEN: nor is this user at that socket file). */
enum err client_ask(const char *endpoint, const char *question, struct slice packed_map, int timeout_ms,
                    msgpack_zone *zone, msgpack_object *answer, struct why *why);

#endif
