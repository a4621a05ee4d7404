/* follow_nats.c - the same for NATS JetStream: a pull consumer that acknowledges nothing, 1000 messages a
 * fetch.
 */
#include "tests/bench/measure.h"

#include <nats/nats.h>
#include <stdio.h>

enum { COUNT_EACH = 1000, WAIT_MS = 5000 };

static struct measure_options o;

static void must(natsStatus s, const char *what)
{
    if (s != NATS_OK) measure_die(what, natsStatus_GetText(s));
}

static natsSubscription *subscribe(jsCtx *js)
{
    natsSubscription *subscription = NULL;
    jsSubOptions options;

    jsSubOptions_Init(&options);
    options.Stream = "BENCH";
    options.Config.AckPolicy = js_AckNone;
    options.Config.DeliverPolicy = js_DeliverAll;
    must(js_PullSubscribe(&subscription, js, "bench.>", "reader", NULL, &options, NULL), "subscribe");
    return subscription;
}

static uint64_t fetch(natsSubscription *subscription, uint64_t left)
{
    natsMsgList list = { 0 };
    const int wanted = left < COUNT_EACH ? (int)left : COUNT_EACH;
    uint64_t count;

    must(natsSubscription_Fetch(&list, subscription, wanted, WAIT_MS, NULL), "fetch");
    count = (uint64_t)list.Count;
    natsMsgList_Destroy(&list);
    return count;
}

int main(int argc, char **argv)
{
    natsConnection *connection = NULL;
    natsSubscription *subscription;
    jsCtx *js = NULL;
    char url[64];

    measure_read_options(argc, argv, &o);
    snprintf(url, sizeof url, "nats://127.0.0.1:%d", o.port);
    must(natsConnection_ConnectTo(&connection, url), "connect");
    must(natsConnection_JetStream(&js, connection, NULL), "jetstream");
    (void)js_DeleteConsumer(js, "BENCH", "reader", NULL, NULL); /* of an earlier round */
    subscription = subscribe(js);
    measure_begin(&o);
    for (uint64_t read = 0, count; read < o.events && !measure_read_over(); read += count) {
        count = fetch(subscription, o.events - read);
        measure_read(count);
    }
    measure_print_read();
    natsSubscription_Destroy(subscription);
    jsCtx_Destroy(js);
    natsConnection_Destroy(connection);
    nats_Close();
    return 0;
}
