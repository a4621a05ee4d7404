/* publish_nats.c - the same work for NATS JetStream: published with a reply subject, acknowledged by the
 * stream.
 *
 * A stream `BENCH` with subjects `bench.>` is made if there is none, with file storage. Whether its
 * acknowledgement waits for the disk is the server's business: by default it does not.
 */
#include "tests/bench/measure.h"

#include <nats/nats.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { ASAP_WINDOW = 64 /* up to this window the library is told to send at once; beyond, it gathers */ };

struct publisher {
    natsConnection *connection;
    natsSubscription *acks;
    natsInbox *inbox;
    char subject[32];
    struct measure_window window;
};

static struct measure_options o;
static struct measure_events events;
static struct publisher all[MEASURE_PUBLISHERS_MAX];

static void must(natsStatus s, const char *what)
{
    if (s != NATS_OK) measure_die(what, natsStatus_GetText(s));
}

static void take_ack(struct publisher *p, natsMsg *ack)
{
    if (strstr(natsMsg_GetData(ack), "\"error\"")) measure_die("jetstream", natsMsg_GetData(ack));
    measure_stored(&p->window, p->window.stored + 1);
    natsMsg_Destroy(ack);
}

static void run(unsigned i)
{
    struct publisher *p = &all[i];
    natsMsg *ack = NULL;

    while (!measure_over(&p->window)) {
        while (measure_may_send(&p->window)) {
            const struct slice e = events.envelopes[p->window.sent % MEASURE_PREPARED];

            must(natsConnection_PublishRequest(p->connection, p->subject, p->inbox, e.data, (int)e.size),
                 "publish");
            measure_sent(&p->window, 1);
        }
        must(natsSubscription_NextMsg(&ack, p->acks, 10000), "acknowledgement");
        take_ack(p, ack);
        while (natsSubscription_NextMsg(&ack, p->acks, 0) == NATS_OK)
            take_ack(p, ack);
    }
}

static void begin(struct publisher *p, unsigned i)
{
    natsOptions *options = NULL;
    char url[64];

    snprintf(url, sizeof url, "nats://127.0.0.1:%d", o.port);
    snprintf(p->subject, sizeof p->subject, "bench.%u", i);
    must(natsOptions_Create(&options), "options");
    must(natsOptions_SetURL(options, url), "options");
    must(natsOptions_SetSendAsap(options, o.window <= ASAP_WINDOW), "options");
    must(natsConnection_Connect(&p->connection, options), "connect");
    must(natsInbox_Create(&p->inbox), "inbox");
    must(natsConnection_SubscribeSync(&p->acks, p->connection, p->inbox), "subscribe");
    must(natsSubscription_SetPendingLimits(p->acks, -1, -1), "limits");
    natsOptions_Destroy(options);
}

static void make_stream(struct publisher *p)
{
    static const char *subjects[] = { "bench.>" };
    jsStreamConfig config;
    jsCtx *js = NULL;

    jsStreamConfig_Init(&config);
    config.Name = "BENCH";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    must(natsConnection_JetStream(&js, p->connection, NULL), "jetstream");
    (void)js_AddStream(NULL, js, &config, NULL, NULL); /* it may be there already; publishing tells */
    jsCtx_Destroy(js);
}

int main(int argc, char **argv)
{
    measure_read_options(argc, argv, &o);
    measure_prepare(&events);
    for (unsigned i = 0; i < o.publishers; i++)
        begin(&all[i], i);
    make_stream(&all[0]);
    measure_begin(&o);
    measure_run_threads(&o, run);
    measure_print();
    for (unsigned i = 0; i < o.publishers; i++)
        natsConnection_Destroy(all[i].connection);
    nats_Close();
    return 0;
}
