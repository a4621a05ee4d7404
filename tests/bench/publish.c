/* publish.c - how fast OCOP's broker stores what publishers say. Options: measure.h. */
#include "tests/bench/measure.h"

#include "common/client.h"
#include "common/party.h"

#include <stdio.h>

struct publisher {
    struct client *client;
    struct measure_window window;
    bool live;
};

static struct measure_options o;
static struct measure_events events;
static struct party us; /* with a key: its name is the publishers' */

static void send_some(struct publisher *p)
{
    while (p->live && measure_may_send(&p->window)) {
        const size_t at = p->window.sent % MEASURE_PREPARED;
        const uint64_t room = o.window - (p->window.sent - p->window.stored),
                       left = o.events - p->window.sent;
        uint64_t count = o.pack < room ? o.pack : room;

        if (count > left) count = left;
        if (client_publish(p->client, p->window.sent + 1, &events.topics[at], &events.envelopes[at], count))
            return;
        measure_sent(&p->window, count);
    }
}

static void hear(struct publisher *p, int timeout_ms)
{
    struct client_event news;
    struct why why = { 0 };

    for (;; timeout_ms = 0) {
        if (client_next(p->client, timeout_ms, &news, &why)) measure_die("broker", why.sentence);
        switch (news.news) {
        case CLIENT_NOTHING:
            return;
        case CLIENT_WELCOME:
            p->live = true;
            return;
        case CLIENT_STORED:
            measure_stored(&p->window, news.number);
            break;
        case CLIENT_REFUSED:
            fprintf(stderr, "bench: %.*s\n", SLICE_ARG(news.sentence));
            measure_die("broker", "refused");
        case CLIENT_LOST:
            measure_die("broker", "the connection was lost");
        case CLIENT_EVENTS:
        case CLIENT_READY:
        case CLIENT_CLOCKED:
            break;
        }
    }
}

static void identify(void)
{
    struct why why = { 0 };
    enum err e = party_identify(o.key, 0, &us, &why);

    if (!e) e = party_trust(o.endpoint, o.server_key, &why);
    if (e) measure_die("keys", why.sentence);
}

/* Each has an epoch of its own, so they may share the one name that a key has. */
static void begin(struct publisher *p, unsigned i)
{
    char name[32];
    struct why why = { 0 };
    struct client_settings settings = { .endpoint = o.endpoint,
                                        .publisher = o.key ? us.name : name,
                                        .heartbeat_ms = 30000 };

    snprintf(name, sizeof name, "bench-%u", i);
    settings.epoch = hash_random_epoch();
    if (client_new(&settings, &p->client, &why)) measure_die("client", why.sentence);
    while (!p->live)
        hear(p, 1000);
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
    struct bus_socket *sockets[MEASURE_PUBLISHERS_MAX];
    bool ready[MEASURE_PUBLISHERS_MAX];

    measure_read_options(argc, argv, &o);
    if (!o.endpoint || hash_init()) measure_die("--endpoint", "where is the broker?");
    measure_prepare(&events);
    if (o.key) identify();
    for (unsigned i = 0; i < o.publishers; i++) {
        begin(&all[i], i);
        sockets[i] = client_socket(all[i].client);
    }
    measure_begin(&o);
    while (!over(all)) {
        for (unsigned i = 0; i < o.publishers; i++) {
            hear(&all[i], 0);
            send_some(&all[i]);
        }
        if (!over(all)) (void)bus_wait(sockets, o.publishers, measure_wait_ms(), ready);
    }
    measure_print();
    for (unsigned i = 0; i < o.publishers; i++)
        client_destroy(&all[i].client);
    return 0;
}
