#include "tests/bench/nation_party.h"

#include <stdio.h>
#include <stdlib.h>

void party_open(struct party *p, const char *endpoint, const char *name)
{
    const struct client_settings settings = {
        .endpoint = endpoint, .publisher = name, .epoch = hash_random_epoch(), .heartbeat_ms = 30000
    };
    struct client_event news;
    struct why why = { 0 };

    *p = (struct party){ .endpoint = endpoint };
    if (client_new(&settings, &p->client, &why)) nation_die(name, why.sentence);
    while (!p->live) {
        if (client_next(p->client, 5000, &news, &why)) nation_die(name, why.sentence);
        if (news.news == CLIENT_WELCOME) p->live = true;
        if (news.news == CLIENT_NOTHING) nation_die(name, "the broker does not answer");
    }
}

void party_close(struct party *p)
{
    client_destroy(&p->client);
    free(p->topics);
    free(p->envelopes);
}

void party_queue(struct party *p, struct nation_event e)
{
    if (p->queued == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 1024;
        p->topics = realloc(p->topics, p->capacity * sizeof *p->topics);
        p->envelopes = realloc(p->envelopes, p->capacity * sizeof *p->envelopes);
        if (!p->topics || !p->envelopes) nation_die("memory", "there is none");
    }
    p->topics[p->queued] = e.topic;
    p->envelopes[p->queued++] = e.envelope;
}

void party_send(struct party *p)
{
    while (p->live && p->sent < p->queued) {
        const size_t room = client_room(p->client), left = p->queued - p->sent;
        size_t count = left < PARTY_PACK ? left : PARTY_PACK;

        if (count > room) count = room;
        if (count == 0 ||
            client_publish(p->client, p->sent + 1, p->topics + p->sent, p->envelopes + p->sent, count))
            return;
        p->sent += count;
    }
}

static void refused(const struct client_event *news)
{
    char text[400];

    snprintf(text, sizeof text, "%.*s: %.*s", SLICE_ARG(news->code), SLICE_ARG(news->sentence));
    nation_die("broker refused", text);
}

enum client_news party_hear(struct party *p, struct client_event *news)
{
    struct why why = { 0 };

    for (;;) {
        if (client_next(p->client, 0, news, &why)) nation_die("broker", why.sentence);
        if (news->news == CLIENT_STORED)
            p->stored = news->number;
        else if (news->news == CLIENT_LOST)
            nation_die("broker", "the connection was lost");
        else if (news->news == CLIENT_REFUSED)
            refused(news);
        else if (news->news != CLIENT_WELCOME)
            return news->news;
    }
}
