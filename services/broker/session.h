/* session.h - who is at the other end of the ROUTER: what each peer said it is, and what it follows.
 *
 * A peer has a session once it said HELLO or FOLLOW. ROUTER does not say when a peer leaves; a session ends
 * when a message to it cannot be sent, or when the table is full and its peer has been silent the longest.
 */
#ifndef SERVICES_BROKER_SESSION_H
#define SERVICES_BROKER_SESSION_H

#include "common/bus.h"
#include "common/record.h"

enum { SESSION_BUCKETS = 1024, SESSION_NONE = -1, SESSION_TOPICS = 64 };

/* A topic that was looked at and found to be one this publisher may say. */
struct allowed {
    uint8_t size;
    char topic[TOPIC_MAX];
};

struct follower;

struct session {
    bool used, hello, superseded;
    int32_t next; /* in its bucket, or in the free list */
    struct bus_peer peer;
    int64_t heard_ms;           /* monotonic */
    int64_t took_over_ms;       /* when it took its name from another; 0: it did not */
    char key[BUS_KEY_TEXT + 1]; /* that it came with; empty: local */
    uint64_t epoch;
    uint8_t publisher_size;
    char publisher[PUBLISHER_MAX];
    struct follower *follower; /* NULL: follows nothing; owned by the follower table */
    struct allowed allowed[SESSION_TOPICS];
    uint64_t stored_turn; /* the turn in which ... */
    size_t stored; /* ... its last answer so far is the STORED of this index: it may take in the next one */
    uint64_t said_turn; /* the turn in which ... */
    int64_t said;       /* ... it published so many events */
};

struct sessions {
    struct session *each;
    int32_t buckets[SESSION_BUCKETS];
    int32_t free;
    size_t most, count;
};

enum err sessions_init(struct sessions *s, size_t most);
void sessions_fini(struct sessions *s);
struct session *sessions_find(const struct sessions *s, const struct bus_peer *peer); /* NULL: none */
/* NULL: the table is full (places.c finds one to drop first). */
struct session *sessions_add(struct sessions *s, const struct bus_peer *peer, int64_t now_ms);
void sessions_drop(struct sessions *s, struct session *session); /* its follower must be gone */
/* Who holds this publisher's name now; NULL: nobody. */
struct session *sessions_holder(struct sessions *s, struct slice publisher, uint64_t epoch);
/* Was this very topic allowed before, since HELLO and the last change of rights? False may also mean that
 * another one took its place: look at the rights then, and allow it. */
bool session_may_say(const struct session *session, struct slice topic);
void session_allow(struct session *session, struct slice topic); /* a valid topic */
void session_allow_nothing(struct session *session);
struct slice session_publisher(const struct session *session);
/* How many were heard of at or after `since_ms`: who said HELLO and hold their name; who follow. One that
 * ended without a word is still in the table, until something is to be sent to it or its place is needed. */
size_t sessions_publishers(const struct sessions *s, int64_t since_ms);
size_t sessions_followers(const struct sessions *s, int64_t since_ms);

#endif
