#include "services/broker/taking.h"

#include "common/clock.h"
#include "services/broker/linger.h"

#include <stdlib.h>
#include <time.h>

enum {
    LOOK_BYTES = 64 * 1024,
    SHARE_EVENTS = 512, /* so many are worth a flush of their own */
    FLUSH_LOOK_US = 100 /* during a flush the socket is looked at so often */
};

struct taking {
    struct bus_socket *router;
    struct broker *broker;
    struct log *log;
    /* Of this turn and of the one before: what is stored borrows from them until it is published. */
    struct bus_frame *each[2], *frames;
    size_t most, used;
    struct lingering linger;
    uint64_t committed_events; /* of the turn before */
    int64_t commit_began_us, began_us;
};

enum err taking_new(struct bus_socket *router, struct broker *broker, struct log *log, size_t messages,
                    struct taking **out)
{
    struct taking *t = calloc(1, sizeof *t);

    if (!t) return ERR_NOMEM;
    *t = (struct taking){ .router = router, .broker = broker, .log = log, .most = messages };
    for (size_t i = 0; i < 2; i++)
        t->each[i] = calloc(messages, sizeof *t->each[i]);
    if (t->each[0] && t->each[1])
        *out = t;
    else
        taking_destroy(&t);
    return t ? ERR_NONE : ERR_NOMEM;
}

void taking_destroy(struct taking **out)
{
    struct taking *t = *out;

    if (!t) return;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; t->each[k] && i < t->most; i++)
            bus_frame_fini(&t->each[k][i]);
        free(t->each[k]);
    }
    free(t);
    *out = NULL;
}

/* Of this turn: what the next commit stores. */
static uint64_t new_events(const struct taking *t)
{
    return log_uncommitted(t->log);
}

/* While the disk has nothing to do and publishers wait for it, what is there goes to it, and is flushed while
 * the next is taken; but not before taking it was as long as a flush is, or a slow disk would be asked twice
 * for what it could have had at once. */
static bool worth_a_flush(const struct taking *t)
{
    return log_flushes_apart(t->log) && !broker_waits(t->broker) && new_events(t) >= SHARE_EVENTS &&
           clock_monotonic_us() - t->began_us >= t->linger.commit_us;
}

static bool full(const struct taking *t)
{
    return t->used == t->most || broker_full(t->broker) || worth_a_flush(t);
}

/* The turn before is on disk, or will be when this returns. */
static enum err tell(struct taking *t, struct why *why)
{
    enum err e = broker_send(t->broker, why);
    const int64_t now_us = clock_monotonic_us();

    linger_committed(&t->linger, t->committed_events, now_us - t->commit_began_us, now_us);
    linger_begin(&t->linger, new_events(t), now_us);
    return e;
}

/* The library takes from one peer after the other, but notices who has begun to speak only every hundredth
 * time. Large messages are too few for that: without a look, who speaks while they are taken waits for the
 * end of the turn. */
static enum err look_who_speaks(struct taking *t, size_t *taken)
{
    bool ready;
    enum err e;

    if (*taken < LOOK_BYTES) return ERR_NONE;
    *taken = 0;
    e = bus_wait(&t->router, 1, 0, &ready);
    return e == ERR_INTERRUPTED ? ERR_NONE : e;
}

static enum err take_one(struct taking *t, size_t *taken, struct why *why)
{
    struct bus_frame *frame = &t->frames[t->used];
    struct bus_peer peer;
    enum err e = bus_recv(t->router, &peer, frame);

    if (e == ERR_AGAIN) return e;
    t->used++;
    *taken += frame->bytes.size;
    if (e == ERR_INVALID) return broker_take_broken(t->broker, &peer);
    return e ? e : broker_take(t->broker, &peer, bus_user(frame), frame->bytes, why);
}

/* Take what has arrived, without waiting, as long as it fits into one transaction. */
static enum err drain(struct taking *t, struct why *why)
{
    size_t taken = 0;
    enum err e = ERR_NONE;

    while (!e && !full(t)) {
        if (broker_flushed(t->broker)) e = tell(t, why);
        if (!e) e = look_who_speaks(t, &taken);
        if (!e) e = take_one(t, &taken, why);
    }
    return e == ERR_AGAIN ? ERR_NONE : e;
}

enum err take_turn(struct taking *t, struct why *why)
{
    const bool apart = broker_waits(t->broker);
    int64_t sleep_us;
    enum err e;

    t->frames = t->frames == t->each[0] ? t->each[1] : t->each[0];
    t->used = 0;
    t->began_us = clock_monotonic_us();
    e = drain(t, why);
    while (!e && broker_waits(t->broker))
        e = !full(t) && broker_flushing(t->broker, FLUSH_LOOK_US) ? drain(t, why) : tell(t, why);
    if (!apart) linger_begin(&t->linger, new_events(t), t->began_us);
    while (!e && (sleep_us = linger_sleep_us(&t->linger, new_events(t))) > 0) {
        const struct timespec pause = { .tv_nsec = sleep_us * 1000 };

        nanosleep(&pause, NULL);
        e = drain(t, why);
    }
    return e;
}

enum err take_settle(struct taking *t, struct why *why)
{
    int64_t now_us;
    enum err e;

    t->committed_events = new_events(t);
    t->commit_began_us = clock_monotonic_us();
    e = broker_settle(t->broker, why);
    now_us = clock_monotonic_us();
    if (t->committed_events && !broker_waits(t->broker))
        linger_committed(&t->linger, t->committed_events, now_us - t->commit_began_us, now_us);
    return e;
}
