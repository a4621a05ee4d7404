/* nation_party.h - one who pushes: numbers of its own, a queue, and as much on its way as the window holds.
 */
#ifndef TESTS_BENCH_NATION_PARTY_H
#define TESTS_BENCH_NATION_PARTY_H

#include "common/client.h"
#include "tests/bench/nation.h"

enum { PARTY_PACK = 256 /* events in one PUBLISH */ };

struct party {
    const char *endpoint; /* as it was given */
    struct client *client;
    struct slice *topics,
        *envelopes; /* everything it ever queued: an event's number is its place, plus one */
    size_t queued, capacity;
    uint64_t sent, stored;
    bool live;
};

void party_open(struct party *p, const char *endpoint, const char *name);
void party_close(struct party *p);
void party_queue(struct party *p, struct nation_event e);
void party_send(struct party *p);
/* The next news that is not the party's own; STORED and WELCOME are taken here, REFUSED and LOST end the run.
 */
enum client_news party_hear(struct party *p, struct client_event *news);

#endif
