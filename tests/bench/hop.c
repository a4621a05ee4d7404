/* hop.c - how long until the world knows: from a push until a monitor on the live endpoint holds what
 * follows.
 *
 *   bench_hop --endpoint BROKER --live LIVE --profiles FILE [--seed N]
 *
 * In a quiet house: a product in each province is brought as far as its nine sheets. Then, one province after
 * the other, its council closes (until the monitor holds the rating) and its authority signs (until it holds
 * the certificate); before each, one event that nobody follows is published and its STORED awaited. Latencies
 * in microseconds as one line of JSON. */
#include "common/clock.h"
#include "tests/bench/nation_party.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { QUIET_MS = 15, LIMIT_MS = 10000, MONTH = 0 };
enum what { PROBE, CLOSING, DECISION, WHATS };
static const char *const what_names[WHATS] = { "publish", "closing", "decision" };

static struct nation_plan plan;
static struct party office; /* says everything there is to say, */
static struct party prober; /* but for what nobody answers, which is the operator's */
static struct bus_socket *monitor;
static msgpack_zone *zone;
static double took_us[WHATS][NATION_PROVINCES * 2];
static size_t count[WHATS];

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* --- bringing products as far as their sheets --- */

/* Send what is queued, and wait until `wanted` records of the followed type have come. */
static void follow_until(const char *type, size_t wanted)
{
    const struct slice prefix = slice_text(type);
    struct party follower;
    struct client_event news;
    size_t seen = 0;
    double until = now_us() + LIMIT_MS * 1e3;
    char name[64];

    snprintf(name, sizeof name, "hop-%zu-%s", office.sent, type);
    party_open(&follower, office.endpoint, name);
    if (client_follow(follower.client, 0, NULL, &prefix, 1)) nation_die(type, "cannot be followed");
    while (seen < wanted) {
        struct bus_socket *sockets[] = { client_socket(office.client), client_socket(follower.client) };
        bool ready[2];

        (void)party_hear(&office, &news);
        party_send(&office);
        while (party_hear(&follower, &news) != CLIENT_NOTHING)
            seen += news.news == CLIENT_EVENTS ? news.count : 0;
        if (now_us() > until) nation_die(type, "did not come");
        if (seen < wanted) (void)bus_wait(sockets, 2, 100, ready);
    }
    party_close(&follower);
}

static void bring_to_sheets(void)
{
    for (unsigned i = 0; i < NATION_PROVINCES; i++) {
        party_queue(&office, plan.provinces[i].council);
        party_queue(&office, plan.products[i].dossier);
    }
    follow_until("intake.dossier.accepted", NATION_PROVINCES);
    for (unsigned i = 0; i < NATION_PROVINCES; i++)
        for (size_t m = 0; m < NATION_MEMBERS; m++)
            party_queue(&office, plan.products[i].sheets[m]);
    follow_until("scoring.sheet.counted", (size_t)NATION_PROVINCES * NATION_MEMBERS);
}

/* --- one hop --- */

/* What the last hop set going comes to rest: nothing is to be measured of it. */
static void rest(void)
{
    const struct timespec t = { 0, QUIET_MS * 1000000L };
    struct client_event news;

    (void)nanosleep(&t, NULL);
    (void)party_hear(&office, &news);
    (void)party_hear(&prober, &news);
}

static double send_now(struct party *p, struct nation_event e)
{
    const double at = now_us();

    party_queue(p, e);
    party_send(p);
    return at;
}

static void publish_one(void)
{
    struct client_event news;
    const uint64_t number = prober.sent + 1;
    struct bus_socket *socket = client_socket(prober.client);
    double begun;
    bool ready;

    rest();
    begun = send_now(&prober, nation_probe(&plan, prober.queued));
    while (prober.stored < number) {
        (void)bus_wait(&socket, 1, LIMIT_MS, &ready);
        (void)party_hear(&prober, &news);
    }
    took_us[PROBE][count[PROBE]++] = now_us() - begun;
}

/* Until the monitor holds an event of this type; its envelope, in the frames. */
static void await_live(enum what what, double begun, const char *type, struct bus_frame frames[3])
{
    bool ready;

    for (;;) {
        const enum err e = bus_recv_live(monitor, frames);

        if (!e && slice_is(topic_type(frames[0].bytes), type)) break;
        if (e && e != ERR_AGAIN) nation_die("monitor", err_sentence(e));
        if (e && now_us() > begun + LIMIT_MS * 1e3) nation_die(type, "did not come");
        if (e) (void)bus_wait(&monitor, 1, 1000, &ready);
    }
    took_us[what][count[what]++] = now_us() - begun;
}

/* The council of a province closes; then its authority signs, when there is a star to recognise. */
static void hop(unsigned province)
{
    const int star = plan.profiles[plan.products[province].profile].star;
    const int32_t day = nation_day_of_month(&plan, MONTH);
    struct bus_frame frames[3] = { { .held = false } };
    struct product_rated rated;
    struct envelope e;
    struct why why = { 0 };

    publish_one();
    rest();
    await_live(CLOSING, send_now(&office, nation_closing(&plan, province, day)), product_rated_kind.type,
               frames);
    msgpack_zone_clear(zone);
    if (envelope_parse(frames[2].bytes, zone, &e, &why) || product_rated_decode(&e, zone, &rated, &why))
        nation_die("rated", why.sentence);
    if (star >= 3) {
        const struct decision_item item = { rated.product, e.id, star };
        const struct nation_event decision = nation_decision(&plan, province, 0, day, &item, 1);

        publish_one();
        rest();
        await_live(DECISION, send_now(&office, decision), certificate_issued_kind.type, frames);
    }
    for (int i = 0; i < 3; i++)
        bus_frame_fini(&frames[i]);
}

/* --- figures --- */

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void print(void)
{
    printf("{");
    for (int i = 0; i < WHATS; i++) {
        qsort(took_us[i], count[i], sizeof(double), compare);
        printf("%s\"%s\": {\"count\": %zu, \"p50_us\": %.1f, \"p90_us\": %.1f}", i ? ", " : "", what_names[i],
               count[i], took_us[i][count[i] / 2], took_us[i][count[i] * 9 / 10]);
    }
    printf("}\n");
}

int main(int argc, char **argv)
{
    struct why why = { 0 };
    int32_t day;

    if (hash_init() || !(zone = msgpack_zone_new(16 * 1024))) nation_die("start", "no entropy or no memory");
    if (clock_day_parse(slice_text(nation_option(argc, argv, "--first-day", "2026-06-01")), &day))
        nation_die("--first-day", "is no day");
    nation_plan_make(&plan, nation_option(argc, argv, "--profiles", NULL),
                     strtoull(nation_option(argc, argv, "--seed", "2026"), NULL, 10), NATION_PROVINCES, 1,
                     day);
    nation_make_events(&plan, 0, plan.product_count);
    party_open(&office, nation_option(argc, argv, "--endpoint", NULL), "hop-office");
    party_open(&prober, office.endpoint, "operator");
    bring_to_sheets();
    if (bus_sub_connect(nation_option(argc, argv, "--live", NULL), &monitor, &why))
        nation_die("live", why.sentence);
    if (bus_subscribe(monitor, slice_text("scoring.product.rated")) ||
        bus_subscribe(monitor, slice_text("certification.certificate.issued")))
        nation_die("live", "cannot subscribe");
    for (int i = 0; i < 10; i++)
        rest();
    for (unsigned i = 0; i < NATION_PROVINCES; i++)
        hop(i);
    bus_destroy(&monitor);
    party_close(&office);
    party_close(&prober);
    print();
    return 0;
}
