/* ready.c - when does the broker answer? Started before it; prints the monotonic clock at its first PONG.
 *
 * usage: bench_ready --endpoint ipc://PATH
 */
#include "tests/bench/measure.h"

#include "common/client.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct measure_options o;
    struct client *client = NULL;
    struct client_event news = { 0 };
    struct why why = { 0 };

    measure_read_options(argc, argv, &o);
    if (!o.endpoint || hash_init()) measure_die("--endpoint", "where will the broker be?");
    const struct client_settings settings = { .endpoint = o.endpoint };

    if (client_new(&settings, &client, &why)) measure_die("client", why.sentence);
    while (news.news != CLIENT_READY)
        if (client_next(client, 1000, &news, &why)) measure_die("broker", why.sentence);
    printf("{\"ready_s\": %.6f}\n", (double)measure_now_ns() / 1e9);
    client_destroy(&client);
    return 0;
}
