#include "common/client.h"
#include "common/clock.h"

#include <stdio.h>

/* One question under way. */
struct asking {
    const char *endpoint;
    struct bus_socket *socket;
    struct buf question;
    uint64_t token;
    bool sent;
    msgpack_zone *zone;
};

/* The frame moves into the caller's zone, so that the answer outlives the socket. */
static enum err copy_into(msgpack_zone *zone, struct slice bytes, struct slice *out)
{
    char *copy = msgpack_zone_malloc(zone, bytes.size ? bytes.size : 1);

    if (!copy) return ERR_NOMEM;
    if (bytes.size) memcpy(copy, bytes.data, bytes.size);
    *out = slice_of(copy, bytes.size);
    return ERR_NONE;
}

static enum err fault_err(const struct frame *f, struct why *why)
{
    enum err e = slice_is(f->code, "NOT_FOUND") ? ERR_NOT_FOUND : ERR_INVALID;
    char code[WHY_CODE_MAX];

    if (slice_is(f->code, "NOT_COMPLETE") || slice_is(f->code, "BUSY"))
        e = ERR_TIMEOUT; /* it may be answered later */
    snprintf(code, sizeof code, "%.*s", SLICE_ARG(f->code));
    return why_set(why, e, code, "%.*s", SLICE_ARG(f->sentence));
}

/* ERR_AGAIN: not an answer to this question; wait on. */
static enum err take_answer(struct asking *a, struct slice bytes, msgpack_object *answer, struct why *why)
{
    struct slice copy;
    struct frame f;
    enum err e;

    e = copy_into(a->zone, bytes, &copy);
    if (!e) e = frame_read(copy, a->zone, &f, why);
    if (e) return e;
    if (f.command == FRAME_FAULT && f.token == a->token) return fault_err(&f, why);
    if (f.command != FRAME_ANSWER || f.token != a->token) return ERR_AGAIN;
    *answer = f.map;
    return ERR_NONE;
}

static enum err ask_send(struct asking *a)
{
    enum err e;

    if (a->sent) return ERR_NONE;
    e = bus_send(a->socket, NULL, buf_slice(&a->question));
    a->sent = e == ERR_NONE;
    return e == ERR_AGAIN ? ERR_NONE : e;
}

/* Questions change nothing, so after a broken connection the same one is asked again on a new one. */
static enum err ask_anew(struct asking *a, struct why *why)
{
    enum err e;

    bus_destroy(&a->socket);
    a->sent = false;
    e = bus_dealer_watch(a->endpoint, &a->socket, why);
    return e ? e : ERR_AGAIN;
}

/* Read one frame. ERR_AGAIN: no answer yet. */
static enum err ask_recv(struct asking *a, msgpack_object *answer, struct why *why)
{
    struct bus_frame frame = { 0 };
    enum err e = bus_recv(a->socket, NULL, &frame);

    if (e == ERR_GONE) e = ask_anew(a, why);
    if (e == ERR_INVALID) e = ERR_AGAIN;
    if (!e) e = take_answer(a, frame.bytes, answer, why);
    bus_frame_fini(&frame);
    return e;
}

static enum err ask_until(struct asking *a, int64_t until, msgpack_object *answer, struct why *why)
{
    for (;;) {
        int64_t left;
        bool ready;
        enum err e;

        /* In this order: reading also takes note of a new connection, and whoever tries to send only before
         * that would miss it and wait for nothing. */
        e = ask_recv(a, answer, why);
        if (e != ERR_AGAIN) return e;
        if (bus_denied(a->socket))
            return why_set(why, ERR_CONFIG, "NOT_PERMITTED", "%s does not admit the key of this process.",
                           a->endpoint);
        e = ask_send(a);
        if (e) return e;
        left = until - clock_monotonic_ms();
        if (left <= 0) return ERR_TIMEOUT;
        e = bus_wait(&a->socket, 1, (int)left, &ready);
        if (e) return e;
    }
}

static enum err nobody_answered(const struct asking *a, const char *question, int timeout_ms, struct why *why)
{
    if (bus_nothing_there(a->endpoint))
        return why_set(why, ERR_TIMEOUT, "TIMEOUT",
                       "Nobody answered the question \"%s\" within %d ms: %s does not exist; is it running, "
                       "and is that the folder of its sockets?",
                       question, timeout_ms, a->endpoint);
    return why_set(why, ERR_TIMEOUT, "TIMEOUT",
                   "Nobody at %s answered the question \"%s\" within %d ms; is it running?%s", a->endpoint,
                   question, timeout_ms, bus_trouble(a->socket));
}

enum err client_ask(const char *endpoint, const char *question, struct slice packed_map, int timeout_ms,
                    msgpack_zone *zone, msgpack_object *answer, struct why *why)
{
    struct asking a = { .endpoint = endpoint, .token = hash_random_epoch(), .zone = zone };
    enum err e = bus_may_connect(endpoint, why);

    if (!e) e = bus_dealer_watch(endpoint, &a.socket, why);
    if (e) return e;
    frame_ask(&a.question, a.token, slice_text(question), packed_map);
    e = a.question.failed;
    if (!e) e = ask_until(&a, clock_monotonic_ms() + timeout_ms, answer, why);
    if (e == ERR_TIMEOUT) e = nobody_answered(&a, question, timeout_ms, why);
    bus_destroy(&a.socket);
    buf_fini(&a.question);
    return e;
}
