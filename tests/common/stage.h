/* stage.h - a client against a broker that says what each test scripts, over ipc in a folder of its own.
 *
 * Both run in this thread by turns: hear() lets the client work until the broker has a frame, news() lets it
 * work until it has something to tell. Nothing sleeps.
 */
#ifndef TESTS_COMMON_STAGE_H
#define TESTS_COMMON_STAGE_H

#include "common/client.h"
#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 10000, LONG_HEARTBEAT_MS = 60000, SHORT_HEARTBEAT_MS = 200 };

static char folder[64], endpoint[100];
static struct bus_socket *broker;
static struct bus_peer peer; /* whom the broker heard last */
static struct bus_frame heard;
static struct buf said;
static msgpack_zone *zone;
static struct client *client;
static const struct hash zero;

static inline void broker_start(void)
{
    struct why why = { 0 };

    assert_int_equal(bus_router_bind(endpoint, &broker, &why), ERR_NONE);
}

static inline void client_start(const char *publisher, int heartbeat_ms)
{
    const struct client_settings settings = { endpoint, publisher, 7, heartbeat_ms };
    struct why why = { 0 };

    assert_int_equal(client_new(&settings, &client, &why), ERR_NONE);
}

static inline int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/ocop-client-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(endpoint, sizeof endpoint, "ipc://%s/broker.sock", folder);
    zone = msgpack_zone_new(4096);
    return zone ? 0 : -1;
}

static inline int teardown(void **state)
{
    (void)state;
    client_destroy(&client);
    bus_frame_fini(&heard);
    bus_destroy(&broker);
    buf_fini(&said);
    msgpack_zone_free(zone);
    return rmdir(folder);
}

/* The next frame the broker gets, PINGs left out unless they are wanted; the client may not have news
 * meanwhile. */
static inline struct frame hear_next(bool pings)
{
    int64_t until = clock_monotonic_ms() + WAIT_MS;
    struct frame f = { 0 };

    while (clock_monotonic_ms() < until && f.command == FRAME_NONE) {
        struct bus_socket *both[] = { broker, client_socket(client) };
        struct client_event event;
        struct why why = { 0 };
        bool ready[2];

        if (bus_recv(broker, &peer, &heard) == ERR_NONE) {
            assert_int_equal(frame_read(heard.bytes, zone, &f, &why), ERR_NONE);
            if (f.command == FRAME_PING && !pings) f.command = FRAME_NONE;
            continue;
        }
        assert_int_equal(client_next(client, 0, &event, &why), ERR_NONE);
        assert_int_equal(event.news, CLIENT_NOTHING);
        assert_int_equal(bus_wait(both, 2, SHORT_HEARTBEAT_MS / 2, ready), ERR_NONE);
    }
    return f;
}

static inline struct frame hear(enum frame_command command)
{
    struct frame f = hear_next(command == FRAME_PING);

    assert_int_equal(f.command, command);
    return f;
}

/* Begin what the broker says, end it. */
static inline struct buf *saying(void)
{
    buf_clear(&said);
    return &said;
}

static inline void say(void)
{
    assert_int_equal(said.failed, ERR_NONE);
    assert_int_equal(bus_send(broker, &peer, buf_slice(&said)), ERR_NONE);
}

static inline struct client_event news(enum client_news what)
{
    struct client_event event = { 0 };
    struct why why = { 0 };

    assert_int_equal(client_next(client, WAIT_MS, &event, &why), ERR_NONE);
    assert_int_equal(event.news, what);
    return event;
}

static inline struct why fails(enum err e)
{
    struct client_event event;
    struct why why = { 0 };

    assert_int_equal(client_next(client, WAIT_MS, &event, &why), e);
    return why;
}

static inline void welcome(uint64_t number, uint64_t head)
{
    hear(FRAME_HELLO);
    frame_welcome(saying(), number, &zero, head);
    say();
    news(CLIENT_WELCOME);
}

static inline void start_welcomed(void)
{
    broker_start();
    client_start("intake", LONG_HEARTBEAT_MS);
    welcome(0, 0);
}

static inline enum err publish(uint64_t first, size_t count)
{
    struct slice topics[CLIENT_WINDOW_EVENTS + 1], envelopes[CLIENT_WINDOW_EVENTS + 1];

    assert_true(count <= CLIENT_WINDOW_EVENTS + 1);
    for (size_t i = 0; i < count; i++) {
        topics[i] = slice_text("a.b.c.06");
        envelopes[i] = slice_text("envelope");
    }
    return client_publish(client, first, topics, envelopes, count);
}

/* A log made up as we go: record `seq` behind the link `*chain`, which moves on. */
static inline struct record link_next(uint64_t seq, struct hash *chain)
{
    struct record r = { .seq = seq,
                        .at_ms = 1544922000000,
                        .publisher = slice_text("province-06"),
                        .topic = slice_text("a.b.c.06"),
                        .envelope = slice_text("envelope"),
                        .epoch = 5,
                        .number = seq };

    r.chain = hash_chain(chain, r.seq, r.at_ms, r.publisher, r.epoch, r.number, r.topic, r.envelope);
    *chain = r.chain;
    return r;
}

/* Say EVENTS with records first..last, behind *chain. */
static inline void say_events(uint64_t first, uint64_t last, struct hash *chain)
{
    struct hash end = *chain;

    for (uint64_t seq = first; seq <= last; seq++)
        link_next(seq, &end);
    frame_events_begin(saying(), last, &end, last - first + 1);
    for (uint64_t seq = first; seq <= last; seq++) {
        struct record r = link_next(seq, chain);

        frame_events_add(&said, &r);
    }
    say();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
