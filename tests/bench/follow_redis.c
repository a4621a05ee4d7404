/* follow_redis.c - the same for Redis Streams: XREAD COUNT 1000 from the beginning of `bench-0`, one after
 * the other.
 */
#include "tests/bench/measure.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

enum { COUNT_EACH = 1000 };

static struct measure_options o;

/* The entries of the one stream asked for, and the id of the last; 0: none is there. */
static size_t entries(const redisReply *reply, char last[64])
{
    const redisReply *list;

    if (reply->type == REDIS_REPLY_NIL || reply->elements == 0) return 0;
    if (reply->type != REDIS_REPLY_ARRAY) measure_die("redis", reply->str);
    list = reply->element[0]->element[1];
    if (list->elements > 0) snprintf(last, 64, "%s", list->element[list->elements - 1]->element[0]->str);
    return list->elements;
}

int main(int argc, char **argv)
{
    redisContext *redis;
    char last[64] = "0";
    uint64_t read = 0;
    size_t count = 1;

    measure_read_options(argc, argv, &o);
    redis = o.path ? redisConnectUnix(o.path) : redisConnect("127.0.0.1", o.port);
    if (!redis || redis->err) measure_die("redis", "cannot connect");
    measure_begin(&o);
    while (count > 0 && read < o.events && !measure_read_over()) {
        redisReply *reply = redisCommand(redis, "XREAD COUNT %d STREAMS bench-0 %s", COUNT_EACH, last);

        if (!reply) measure_die("redis", redis->errstr);
        count = entries(reply, last);
        freeReplyObject(reply);
        read += count;
        measure_read(count);
    }
    measure_print_read();
    redisFree(redis);
    return 0;
}
