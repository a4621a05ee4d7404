/* publish_redis.c - the same work for Redis Streams: XADD with a sliding window of commands not yet answered.
 *
 * The reply to XADD comes after the flush when the server runs with appendfsync always.
 */
#include "tests/bench/measure.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

struct publisher {
    redisContext *redis;
    char stream[32];
    struct measure_window window;
};

static struct measure_options o;
static struct measure_events events;

static void send_some(struct publisher *p)
{
    int done = 0;

    while (measure_may_send(&p->window)) {
        const size_t i = p->window.sent % MEASURE_PREPARED;
        const char *words[] = {
            "XADD", p->stream, "*", "t", events.topics[i].data, "e", events.envelopes[i].data
        };
        const size_t sizes[] = { 4, strlen(p->stream),       1, 1, events.topics[i].size,
                                 1, events.envelopes[i].size };

        if (redisAppendCommandArgv(p->redis, 7, words, sizes) != REDIS_OK)
            measure_die("redis", p->redis->errstr);
        measure_sent(&p->window, 1);
    }
    while (!done)
        if (redisBufferWrite(p->redis, &done) != REDIS_OK) measure_die("redis", p->redis->errstr);
}

static void hear(struct publisher *p)
{
    void *reply = NULL;

    if (redisBufferRead(p->redis) != REDIS_OK) measure_die("redis", p->redis->errstr);
    while (redisReaderGetReply(p->redis->reader, &reply) == REDIS_OK && reply) {
        if (((redisReply *)reply)->type != REDIS_REPLY_STRING)
            measure_die("redis", ((redisReply *)reply)->str);
        freeReplyObject(reply);
        measure_stored(&p->window, p->window.stored + 1);
    }
}

static void begin(struct publisher *p, unsigned i)
{
    p->redis = o.path ? redisConnectUnix(o.path) : redisConnect("127.0.0.1", o.port);
    if (!p->redis || p->redis->err) measure_die("redis", "cannot connect");
    snprintf(p->stream, sizeof p->stream, "bench-%u", i);
}

static bool over(const struct publisher *all)
{
    for (unsigned i = 0; i < o.publishers; i++)
        if (!measure_over(&all[i].window)) return false;
    return true;
}

int main(int argc, char **argv)
{
    static struct publisher all[MEASURE_PUBLISHERS_MAX];
    struct pollfd fds[MEASURE_PUBLISHERS_MAX];

    measure_read_options(argc, argv, &o);
    measure_prepare(&events);
    for (unsigned i = 0; i < o.publishers; i++) {
        begin(&all[i], i);
        fds[i] = (struct pollfd){ .fd = all[i].redis->fd, .events = POLLIN };
    }
    measure_begin(&o);
    while (!over(all)) {
        for (unsigned i = 0; i < o.publishers; i++) {
            if (fds[i].revents) hear(&all[i]);
            send_some(&all[i]);
        }
        if (!over(all)) (void)poll(fds, o.publishers, measure_wait_ms());
    }
    measure_print();
    for (unsigned i = 0; i < o.publishers; i++)
        redisFree(all[i].redis);
    return 0;
}
