/* follow.c - how fast followers read the broker's log, through the client library.
 *
 * usage: bench_follow --endpoint ipc://PATH [--mode whole|prefix] [--publishers FOLLOWERS] [--events EACH]
 *                     [--ms N] [--after SEQ --chain HEX]
 *   whole    everything; every link is computed and compared (the default)
 *   prefix   what begins with "intake.", as services follow: the order alone can be checked
 */
#include "tests/bench/measure.h"

#include "common/client.h"

#include <string.h>

struct follower {
    struct client *client;
    uint64_t read;
};

static struct measure_options o;
static struct follower all[MEASURE_PUBLISHERS_MAX];

static bool hear(struct follower *f, int timeout_ms, enum client_news wanted)
{
    struct client_event news;
    struct why why = { 0 };

    if (client_next(f->client, timeout_ms, &news, &why)) measure_die("follower", why.sentence);
    if (news.news == CLIENT_REFUSED || news.news == CLIENT_LOST)
        measure_die("follower", "refused, or the connection was lost");
    if (news.news == CLIENT_EVENTS) {
        f->read += news.count;
        measure_read(news.count);
    }
    return news.news == wanted;
}

static void begin(struct follower *f)
{
    struct why why = { 0 };
    const struct client_settings settings = { .endpoint = o.endpoint, .heartbeat_ms = 30000 };

    if (client_new(&settings, &f->client, &why)) measure_die("follower", why.sentence);
    while (!hear(f, 1000, CLIENT_READY)) {
    }
}

static void follow(struct follower *f)
{
    const struct slice prefix = slice_text("intake.");
    const size_t prefixes = o.mode && !strcmp(o.mode, "prefix");

    if (client_follow(f->client, o.after, o.after ? &o.chain : NULL, &prefix, prefixes))
        measure_die("follow", "cannot be said");
}

static bool over(void)
{
    for (unsigned i = 0; i < o.publishers; i++)
        if (all[i].read < o.events) return measure_read_over();
    return true;
}

int main(int argc, char **argv)
{
    struct bus_socket *sockets[MEASURE_PUBLISHERS_MAX];
    bool ready[MEASURE_PUBLISHERS_MAX];

    measure_read_options(argc, argv, &o);
    if (!o.endpoint || hash_init()) measure_die("--endpoint", "where is the broker?");
    for (unsigned i = 0; i < o.publishers; i++) {
        begin(&all[i]);
        sockets[i] = client_socket(all[i].client);
    }
    measure_begin(&o);
    for (unsigned i = 0; i < o.publishers; i++)
        follow(&all[i]);
    while (!over()) {
        for (unsigned i = 0; i < o.publishers; i++)
            while (all[i].read < o.events && hear(&all[i], 0, CLIENT_EVENTS)) {
            }
        if (!over()) (void)bus_wait(sockets, o.publishers, 100, ready);
    }
    measure_print_read();
    for (unsigned i = 0; i < o.publishers; i++)
        client_destroy(&all[i].client);
    return 0;
}
