/* broker.h - who may say what, what is stored in which order, and who is told; with the time passed in.
 *
 * A turn is one drain of the ROUTER: broker_take for each message, then broker_settle, which commits
 * everything the turn stored as one transaction and only then answers, publishes live, and forgets the turn.
 * broker_serve gives the followers their share. The commands, their rules and every refusal are written down
 * in proto/PROTOCOL.md.
 *
 * An error from any call here means the same: stop acknowledging and exit.
 */
#ifndef SERVICES_BROKER_BROKER_H
#define SERVICES_BROKER_BROKER_H

#include "common/buf.h"
#include "common/guard.h"
#include "services/broker/log.h"
#include "services/broker/ports.h"
#include "services/broker/stamp.h"

struct broker;

struct broker_settings {
    int64_t drain_events, drain_bytes; /* in one turn */
    int64_t drain_ahead; /* when others publish too, it ends with one so many events ahead of all of them */
    int64_t publish_events; /* in one PUBLISH */
    int64_t sessions, followers, prefixes;
    int64_t sessions_of_key, followers_of_key;     /* of one key; local peers have no such limit */
    int64_t sessions_reserved, followers_reserved; /* for services and local peers alone */
    int64_t silent_ms; /* a peer silent for longer may lose its session to a new one */
    int64_t follow_records, follow_bytes, follow_bites;
    int64_t head_ms;                /* between two bus.head */
    int64_t wal_most_bytes;         /* above: BUSY */
    int64_t warn_bytes, stop_bytes; /* free on the log's disk */
    struct stamp_settings time;
};

/* Log and guard are borrowed. ERR_NOMEM. */
enum err broker_new(const struct broker_settings *settings, struct log *log, const struct guard *guard,
                    const struct ports *ports, struct stamp_clocks now, struct broker **out, struct why *why);
void broker_destroy(struct broker **b);

/* What is due by the clock: the day, the disk, bus.head. `free_bytes` is what the log's disk has left. Call
 * it before each turn. */
enum err broker_tick(struct broker *b, struct stamp_clocks now, uint64_t free_bytes, struct why *why);
/* Is the second over in which free_bytes and the like are looked at? */
bool broker_tick_due(const struct broker *b, struct stamp_clocks now);

/* The guard has other keys or another policy now: cut off whoever lost its rights. What changed is said in
 * the log with the next turn. */
enum err broker_rights_changed(struct broker *b);
/* May whoever has this key listen live to what begins so? A no is logged and counted. */
bool broker_admits(struct broker *b, struct slice key, struct slice prefix);
/* May it have the places that are kept: a service, or a local peer. */
bool places_first(const struct party *party);
/* For status: what was seen at the sockets. */
void broker_visits(struct broker *b, const struct bus_visits *visits);

/* One message, from who has this key (bus_user); `bytes` must stay until the second
 * broker_settle from then. */
enum err broker_take(struct broker *b, const struct bus_peer *peer, struct slice key, struct slice bytes,
                     struct why *why);
/* A message that was not of one frame. */
enum err broker_take_broken(struct broker *b, const struct bus_peer *peer);
/* The turn is as large as a turn may be. Whoever publishes one event at a time waits for the end of each turn
 * that has it: so a turn is also full when one publisher is far ahead of all others in it together. Alone, or
 * with others that say as much, it may go on. */
bool broker_full(const struct broker *b);

/* The end of a turn: commit it. Of few events, whoever waits is told now. While the flush of many goes on the
 * next turn may begin; broker_send, or the next broker_settle, waits for its end and tells them. */
enum err broker_settle(struct broker *b, struct why *why);
bool broker_waits(const struct broker *b);                /* the turn before was committed, nobody was told */
bool broker_flushed(const struct broker *b);              /* and that turn is on disk */
bool broker_flushing(const struct broker *b, int64_t us); /* its flush goes on, also after so many us */
enum err broker_send(struct broker *b, struct why *why);
enum err broker_serve(struct broker *b, struct why *why);
/* How long nothing needs doing unless a message comes, at most a second. */
int broker_wait_ms(const struct broker *b, struct stamp_clocks now);
/* The map that answers the question `status`. */
enum err broker_status(struct broker *b, struct buf *out);

#endif
