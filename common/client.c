#include "common/client.h"

#include "common/clock.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CLIENT_HEARTBEAT_MS = 1000,
    CLIENT_SILENT_HEARTBEATS = 3, /* so long after an unanswered PING the broker counts as lost */
    CLIENT_ENDPOINT_MAX = 256
};

enum state {
    STATE_CONNECTING, /* nothing could be sent yet */
    STATE_GREETED,    /* HELLO, or the first PING of a client without a name, is on its way */
    STATE_LIVE        /* WELCOME or PONG came */
};

/* One PUBLISH that is not answered. A refused one stays in the queue with no events until its turn comes. */
struct pending {
    uint64_t first, last;
    size_t events, bytes;
};

struct client {
    char endpoint[CLIENT_ENDPOINT_MAX];
    char publisher[PUBLISHER_MAX + 1];
    bool named;
    uint64_t epoch;
    int64_t heartbeat_ms;

    struct bus_socket *socket;
    enum state state;
    int64_t next_ping_ms;
    int64_t asked_ms; /* when the oldest unanswered HELLO or PING left; 0: everything is answered */
    uint64_t token, head;
    uint64_t follow_token; /* of the last PING before the last FOLLOW */
    bool followed;         /* a later one was answered */

    struct pending pending[CLIENT_WINDOW_EVENTS]; /* a ring of `waiting` entries from `oldest` on */
    size_t oldest, waiting;
    size_t events_out, bytes_out;
    uint64_t stored;

    bool whole; /* following without prefixes: every record is seen and its chain checked */
    uint64_t seq;
    struct hash chain;
    size_t handed; /* records the caller has in hand */
    size_t used;   /* records done with, credit for them not yet given back */

    struct bus_frame frame; /* what the last news borrows from */
    msgpack_zone *zone;
    struct record *records;
    size_t records_room;
    struct buf out;
};

/* --- sending --- */

static enum err send_out(struct client *c)
{
    if (c->out.failed) return c->out.failed;
    return bus_send(c->socket, NULL, buf_slice(&c->out));
}

static struct buf *begin(struct client *c)
{
    buf_clear(&c->out);
    return &c->out;
}

static void asked(struct client *c, int64_t now)
{
    if (c->asked_ms == 0) c->asked_ms = now;
    c->next_ping_ms = now + c->heartbeat_ms;
}

/* First words on a new connection. ERR_AGAIN while there is none. */
static enum err greet(struct client *c, int64_t now)
{
    enum err e;

    if (c->named)
        frame_hello(begin(c), slice_text(c->publisher), c->epoch);
    else
        frame_ping(begin(c), ++c->token);
    e = send_out(c);
    if (e) return e;
    c->state = STATE_GREETED;
    asked(c, now);
    return ERR_NONE;
}

/* A PING that finds no room is no matter: the next one will, or the silence counts. */
static enum err ping(struct client *c, int64_t now)
{
    enum err e;

    frame_ping(begin(c), ++c->token);
    e = send_out(c);
    if (e && e != ERR_AGAIN) return e;
    asked(c, now);
    return ERR_NONE;
}

/* What the clock asks for: greet, or PING. */
static enum err keep_alive(struct client *c, int64_t now)
{
    enum err e = ERR_NONE;

    if (c->state == STATE_CONNECTING)
        e = greet(c, now);
    else if (now >= c->next_ping_ms)
        e = ping(c, now);
    return e == ERR_AGAIN ? ERR_NONE : e;
}

/* Credit for what the caller has finished with goes back once half of it is used. */
static enum err give_credit(struct client *c)
{
    enum err e;

    c->used += c->handed;
    c->handed = 0;
    if (c->state != STATE_LIVE || c->used < CLIENT_CREDIT / 2) return ERR_NONE;
    frame_credit(begin(c), c->used);
    e = send_out(c);
    if (!e) c->used = 0;
    return e == ERR_AGAIN ? ERR_NONE : e;
}

/* --- connections --- */

static enum err connect_new(struct client *c, struct why *why)
{
    c->state = STATE_CONNECTING;
    c->asked_ms = 0;
    c->next_ping_ms = 0;
    c->follow_token = UINT64_MAX;
    c->followed = false;
    c->oldest = c->waiting = c->events_out = c->bytes_out = 0;
    c->handed = c->used = 0;
    return bus_dealer_watch(c->endpoint, &c->socket, why);
}

/* What was said on a connection ends with it: a new socket has a new place at the broker. */
static enum err lose(struct client *c, struct client_event *out, struct why *why)
{
    enum err e;

    bus_destroy(&c->socket);
    e = connect_new(c, why);
    if (!e) out->news = CLIENT_LOST;
    return e;
}

static bool silent_too_long(const struct client *c, int64_t now)
{
    return c->asked_ms != 0 && now - c->asked_ms > CLIENT_SILENT_HEARTBEATS * c->heartbeat_ms;
}

enum err client_new(const struct client_settings *settings, struct client **out, struct why *why)
{
    const char *publisher = settings->publisher;
    struct client *c;
    enum err e;

    if (strlen(settings->endpoint) >= CLIENT_ENDPOINT_MAX)
        return why_set(why, ERR_CONFIG, "ENDPOINT", "The broker's endpoint is longer than %d bytes.",
                       CLIENT_ENDPOINT_MAX - 1);
    if (publisher && (!publisher[0] || strlen(publisher) > PUBLISHER_MAX))
        return why_set(why, ERR_CONFIG, "PUBLISHER",
                       "A publisher's name has 1 to %d bytes; this one has %zu.", PUBLISHER_MAX,
                       strlen(publisher));
    c = calloc(1, sizeof *c);
    if (!c) return ERR_NOMEM;
    snprintf(c->endpoint, sizeof c->endpoint, "%s", settings->endpoint);
    snprintf(c->publisher, sizeof c->publisher, "%s", publisher ? publisher : "");
    c->named = publisher != NULL;
    c->epoch = settings->epoch;
    c->heartbeat_ms = settings->heartbeat_ms > 0 ? settings->heartbeat_ms : CLIENT_HEARTBEAT_MS;
    c->zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    e = c->zone ? connect_new(c, why) : ERR_NOMEM;
    if (e)
        client_destroy(&c);
    else
        *out = c;
    return e;
}

void client_destroy(struct client **client)
{
    struct client *c = client ? *client : NULL;

    if (!c) return;
    bus_frame_fini(&c->frame);
    bus_destroy(&c->socket);
    msgpack_zone_free(c->zone);
    buf_fini(&c->out);
    free(c->records);
    free(c);
    *client = NULL;
}

struct bus_socket *client_socket(struct client *c)
{
    return c->socket;
}

/* --- the window --- */

static struct pending *pending_at(struct client *c, size_t i)
{
    return &c->pending[(c->oldest + i) % CLIENT_WINDOW_EVENTS];
}

static void pending_release(struct client *c, struct pending *p)
{
    c->events_out -= p->events;
    c->bytes_out -= p->bytes;
    p->events = p->bytes = 0;
}

/* Forget what is answered, oldest first. */
static void pending_settle(struct client *c)
{
    while (c->waiting > 0) {
        struct pending *p = pending_at(c, 0);

        if (p->events > 0 && p->last > c->stored) return;
        pending_release(c, p);
        c->oldest = (c->oldest + 1) % CLIENT_WINDOW_EVENTS;
        c->waiting--;
    }
}

/* Nothing of a refused message is stored: its room is free again. */
static void pending_refuse(struct client *c, uint64_t number)
{
    for (size_t i = 0; i < c->waiting; i++) {
        struct pending *p = pending_at(c, i);

        if (p->events == 0 || number < p->first || number > p->last) continue;
        pending_release(c, p);
        break;
    }
    pending_settle(c);
}

static void pending_add(struct client *c, uint64_t first, size_t count, size_t bytes)
{
    *pending_at(c, c->waiting) = (struct pending){ first, first + count - 1, count, bytes };
    c->waiting++;
    c->events_out += count;
    c->bytes_out += bytes;
}

size_t client_room(const struct client *c)
{
    if (c->state != STATE_LIVE || !c->named || c->waiting == CLIENT_WINDOW_EVENTS) return 0;
    if (c->events_out >= CLIENT_WINDOW_EVENTS || c->bytes_out >= CLIENT_WINDOW_BYTES) return 0;
    return CLIENT_WINDOW_EVENTS - c->events_out;
}

/* With nothing on its way any message may go, however large: the outcomes of one cause cannot be parted. */
static bool window_holds(const struct client *c, size_t count, size_t bytes)
{
    if (client_room(c) == 0) return false;
    if (c->events_out == 0) return true;
    return count <= client_room(c) && bytes <= CLIENT_WINDOW_BYTES - c->bytes_out;
}

enum err client_publish(struct client *c, uint64_t first, const struct slice *topics,
                        const struct slice *envelopes, size_t count)
{
    struct buf *out = begin(c);
    enum err e;

    assert(count > 0);
    if (client_room(c) == 0) return ERR_AGAIN;
    frame_publish_begin(out, first, count);
    for (size_t i = 0; i < count && !out->failed; i++)
        frame_publish_add(out, topics[i], envelopes[i]);
    if (out->failed) return out->failed;
    if (!window_holds(c, count, out->size)) return ERR_AGAIN;
    e = send_out(c);
    if (!e) pending_add(c, first, count, out->size);
    return e;
}

/* --- following and the rest --- */

enum err client_follow(struct client *c, uint64_t after, const struct hash *chain,
                       const struct slice *prefixes, size_t count)
{
    static const struct hash nothing = { { 0 } };
    enum err e;

    if (c->state != STATE_LIVE) return ERR_AGAIN;
    frame_follow(begin(c), after, chain, prefixes, count, CLIENT_CREDIT);
    e = send_out(c);
    if (e) return e;
    c->whole = count == 0;
    c->seq = after;
    c->chain = chain && after > 0 ? *chain : nothing;
    c->handed = c->used = 0;
    c->follow_token = c->token;
    c->followed = false;
    return ERR_NONE;
}

bool client_followed(const struct client *c)
{
    return c->followed;
}

enum err client_clock(struct client *c, struct slice day)
{
    frame_clock(begin(c), day);
    return send_out(c);
}

enum err client_send(struct client *c, struct slice frame)
{
    return bus_send(c->socket, NULL, frame);
}

/* --- what the broker says --- */

static enum err records_reserve(struct client *c, size_t count)
{
    struct record *more;

    if (count <= c->records_room) return ERR_NONE;
    more = realloc(c->records, count * sizeof *more);
    if (!more) return ERR_NOMEM;
    c->records = more;
    c->records_room = count;
    return ERR_NONE;
}

static enum err check_link(const struct client *c, const struct record *r, struct why *why)
{
    struct hash link;

    if (r->seq != c->seq + 1)
        return why_set(why, ERR_CORRUPT, "GAP",
                       "Record %llu came after record %llu; one of every place must come.",
                       (unsigned long long)r->seq, (unsigned long long)c->seq);
    link = hash_chain(&c->chain, r->seq, r->at_ms, r->publisher, r->epoch, r->number, r->topic, r->envelope);
    if (hash_equal(&link, &r->chain)) return ERR_NONE;
    return why_set(why, ERR_CORRUPT, "CHAIN", "Record %llu is not what its chain says was stored.",
                   (unsigned long long)r->seq);
}

/* With prefixes only the order can be checked: records between are not seen. */
static enum err check_record(const struct client *c, const struct record *r, struct why *why)
{
    if (c->whole) return check_link(c, r, why);
    if (r->seq > c->seq) return ERR_NONE;
    return why_set(why, ERR_UNREADABLE, "MALFORMED", "Record %llu came after record %llu.",
                   (unsigned long long)r->seq, (unsigned long long)c->seq);
}

static enum err check_through(const struct client *c, const struct frame *f, struct why *why)
{
    if (f->seq < c->seq)
        return why_set(why, ERR_UNREADABLE, "MALFORMED", "EVENTS goes through %llu, which is behind %llu.",
                       (unsigned long long)f->seq, (unsigned long long)c->seq);
    if (f->seq == c->seq && !hash_equal(&f->hash, &c->chain))
        return why_set(why, ERR_CORRUPT, "CHAIN", "EVENTS names another chain at %llu than its records do.",
                       (unsigned long long)c->seq);
    if (c->whole && f->seq != c->seq)
        return why_set(why, ERR_CORRUPT, "GAP", "EVENTS goes through %llu, but its records end at %llu.",
                       (unsigned long long)f->seq, (unsigned long long)c->seq);
    return ERR_NONE;
}

static enum err take_events(struct client *c, const struct frame *f, struct client_event *out,
                            struct why *why)
{
    size_t count = f->list.via.array.size;
    enum err e = records_reserve(c, count);

    for (size_t i = 0; !e && i < count; i++) {
        struct record *r = &c->records[i];

        e = frame_record(f, i, r, why);
        if (!e) e = check_record(c, r, why);
        if (e) break;
        c->seq = r->seq;
        c->chain = r->chain;
    }
    if (!e) e = check_through(c, f, why);
    if (e) return e;
    c->seq = f->seq;
    c->chain = f->hash;
    c->handed = count;
    out->news = CLIENT_EVENTS;
    out->seq = f->seq;
    out->hash = f->hash;
    out->records = c->records;
    out->count = count;
    return ERR_NONE;
}

static enum err take_welcome(struct client *c, const struct frame *f, struct client_event *out)
{
    c->state = STATE_LIVE;
    c->head = f->seq;
    c->stored = f->number;
    out->news = CLIENT_WELCOME;
    out->number = f->number;
    out->hash = f->hash;
    return ERR_NONE;
}

static enum err take_pong(struct client *c, const struct frame *f, struct client_event *out)
{
    c->head = f->seq;
    c->followed |= f->token > c->follow_token;
    if (c->state != STATE_GREETED || c->named) return ERR_NONE;
    c->state = STATE_LIVE;
    out->news = CLIENT_READY;
    return ERR_NONE;
}

static enum err take_stored(struct client *c, const struct frame *f, struct client_event *out)
{
    if (f->number > c->stored) c->stored = f->number;
    pending_settle(c);
    out->news = CLIENT_STORED;
    out->number = f->number;
    out->seq = f->seq;
    return ERR_NONE;
}

static enum err take_refused(struct client *c, const struct frame *f, struct client_event *out,
                             struct why *why)
{
    if (slice_is(f->code, "SUPERSEDED"))
        return why_set(why, ERR_SUPERSEDED, "SUPERSEDED", "%.*s", SLICE_ARG(f->sentence));
    /* A broker that was restarted unseen knows nothing of us: begin again. */
    if (slice_is(f->code, "NO_HELLO") && c->named && c->state == STATE_LIVE) return lose(c, out, why);
    if (f->number > 0) pending_refuse(c, f->number);
    out->news = CLIENT_REFUSED;
    out->number = f->number;
    out->code = f->code;
    out->sentence = f->sentence;
    return ERR_NONE;
}

static enum err take_clocked(const struct frame *f, struct client_event *out)
{
    out->news = CLIENT_CLOCKED;
    out->seq = f->seq;
    return ERR_NONE;
}

static enum err take(struct client *c, struct client_event *out, struct why *why)
{
    struct frame f;
    enum err e = frame_read(c->frame.bytes, c->zone, &f, why);

    if (e) return e;
    switch (f.command) {
    case FRAME_WELCOME:
        return take_welcome(c, &f, out);
    case FRAME_STORED:
        return take_stored(c, &f, out);
    case FRAME_REFUSED:
        return take_refused(c, &f, out, why);
    case FRAME_EVENTS:
        return take_events(c, &f, out, why);
    case FRAME_PONG:
        return take_pong(c, &f, out);
    case FRAME_CLOCKED:
        return take_clocked(&f, out);
    case FRAME_NONE:
    case FRAME_HELLO:
    case FRAME_PUBLISH:
    case FRAME_FOLLOW:
    case FRAME_CREDIT:
    case FRAME_PING:
    case FRAME_CLOCK:
    case FRAME_ASK:
    case FRAME_ANSWER:
    case FRAME_FAULT:
        break;
    }
    return why_set(why, ERR_UNREADABLE, "MALFORMED",
                   "The broker sent a command that is not for its clients.");
}

/* One frame, if there is one. ERR_AGAIN when there is nothing to read. */
static enum err take_next(struct client *c, struct client_event *out, struct why *why)
{
    enum err e;

    msgpack_zone_clear(c->zone);
    e = bus_recv(c->socket, NULL, &c->frame);
    if (e == ERR_GONE) return lose(c, out, why);
    if (e == ERR_INVALID)
        return why_set(why, ERR_UNREADABLE, "MALFORMED", "The broker sent a message of several frames.");
    if (e) return e;
    c->asked_ms = 0;
    return take(c, out, why);
}

/* How long to wait for the socket: until the caller's time is up, or our own next duty. While connecting, the
 * watch wakes us when there is a connection. */
static int wait_ms(const struct client *c, int64_t now, int64_t until)
{
    int64_t left = until - now;
    int64_t duty = c->next_ping_ms - now;

    if (c->state == STATE_CONNECTING) duty = c->heartbeat_ms;
    if (duty < left) left = duty;
    if (left < 0) return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* Nothing to read: judge the silence, do what is due, and wait. *over when the caller's time is up. */
static enum err idle(struct client *c, int64_t until, bool *over, struct client_event *out, struct why *why)
{
    int64_t now = clock_monotonic_ms();
    bool ready;
    enum err e;

    if (bus_denied(c->socket))
        return why_set(
            why, ERR_CONFIG, "NOT_PERMITTED",
            "%s does not admit the key of this process; its certificate must be in the folder of keys there.",
            c->endpoint);
    if (silent_too_long(c, now)) return lose(c, out, why);
    e = keep_alive(c, now);
    if (e) return e;
    *over = now >= until;
    return *over ? ERR_NONE : bus_wait(&c->socket, 1, wait_ms(c, now, until), &ready);
}

enum err client_next(struct client *c, int timeout_ms, struct client_event *out, struct why *why)
{
    struct client_event event = { .news = CLIENT_NOTHING };
    int64_t until = timeout_ms < 0 ? INT64_MAX : clock_monotonic_ms() + timeout_ms;
    bool over = false;
    enum err e;

    e = give_credit(c);
    while (!e && event.news == CLIENT_NOTHING && !over) {
        e = take_next(c, &event, why);
        if (e == ERR_AGAIN) e = idle(c, until, &over, &event, why);
    }
    if (e) return e;
    event.head = c->head;
    *out = event;
    return ERR_NONE;
}
