/* The client against a broker that says what each test scripts, over ipc in a folder of its own.
 *
 * Both run in this thread by turns: hear() lets the client work until the broker has a frame, news() lets it
 * work until it has something to tell. Nothing sleeps.
 */
#include "common/client.h"
#include "common/clock.h"

#include <pthread.h>
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

static void broker_start(void)
{
    struct why why = { 0 };

    assert_int_equal(bus_router_bind(endpoint, &broker, &why), ERR_NONE);
}

static void client_start(const char *publisher, int heartbeat_ms)
{
    const struct client_settings settings = { endpoint, publisher, 7, heartbeat_ms };
    struct why why = { 0 };

    assert_int_equal(client_new(&settings, &client, &why), ERR_NONE);
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/ocop-client-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(endpoint, sizeof endpoint, "ipc://%s/broker.sock", folder);
    zone = msgpack_zone_new(4096);
    return zone ? 0 : -1;
}

static int teardown(void **state)
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
static struct frame hear_next(bool pings)
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

static struct frame hear(enum frame_command command)
{
    struct frame f = hear_next(command == FRAME_PING);

    assert_int_equal(f.command, command);
    return f;
}

/* Begin what the broker says, end it. */
static struct buf *saying(void)
{
    buf_clear(&said);
    return &said;
}

static void say(void)
{
    assert_int_equal(said.failed, ERR_NONE);
    assert_int_equal(bus_send(broker, &peer, buf_slice(&said)), ERR_NONE);
}

static struct client_event news(enum client_news what)
{
    struct client_event event = { 0 };
    struct why why = { 0 };

    assert_int_equal(client_next(client, WAIT_MS, &event, &why), ERR_NONE);
    assert_int_equal(event.news, what);
    return event;
}

static struct why fails(enum err e)
{
    struct client_event event;
    struct why why = { 0 };

    assert_int_equal(client_next(client, WAIT_MS, &event, &why), e);
    return why;
}

static void welcome(uint64_t number, uint64_t head)
{
    hear(FRAME_HELLO);
    frame_welcome(saying(), number, &zero, head);
    say();
    news(CLIENT_WELCOME);
}

static void start_welcomed(void)
{
    broker_start();
    client_start("intake", LONG_HEARTBEAT_MS);
    welcome(0, 0);
}

static enum err publish(uint64_t first, size_t count)
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
static struct record link_next(uint64_t seq, struct hash *chain)
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
static void say_events(uint64_t first, uint64_t last, struct hash *chain)
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

/* --- hello --- */

static void a_publisher_says_hello_and_is_welcomed(void **state)
{
    struct hash h = { { 1, 2, 3 } };
    struct client_event e;
    struct frame f;

    (void)state;
    broker_start();
    client_start("intake", LONG_HEARTBEAT_MS);
    f = hear(FRAME_HELLO);
    assert_true(slice_is(f.publisher, "intake"));
    assert_int_equal(f.epoch, 7);
    frame_welcome(saying(), 12, &h, 500);
    say();
    e = news(CLIENT_WELCOME);
    assert_int_equal(e.number, 12);
    assert_int_equal(e.head, 500);
    assert_true(hash_equal(&e.hash, &h));
}

static void a_client_may_start_before_its_broker(void **state)
{
    struct client_event e;
    struct why why = { 0 };

    (void)state;
    client_start("intake", SHORT_HEARTBEAT_MS);
    assert_int_equal(client_next(client, 50, &e, &why), ERR_NONE);
    assert_int_equal(e.news, CLIENT_NOTHING);
    assert_int_equal(publish(1, 1), ERR_AGAIN);
    broker_start();
    welcome(0, 0);
}

static void a_follower_without_name_is_ready_at_the_first_pong(void **state)
{
    struct frame f;

    (void)state;
    broker_start();
    client_start(NULL, LONG_HEARTBEAT_MS);
    f = hear(FRAME_PING);
    frame_pong(saying(), f.token, 77);
    say();
    assert_int_equal(news(CLIENT_READY).head, 77);
    assert_int_equal(client_room(client), 0);
    assert_int_equal(client_follow(client, 0, NULL, NULL, 0), ERR_NONE);
    assert_int_equal(hear(FRAME_FOLLOW).credit, CLIENT_CREDIT);
}

static void the_superseded_one_ends(void **state)
{
    (void)state;
    start_welcomed();
    frame_refused(saying(), 0, "SUPERSEDED", "Another took over.");
    say();
    assert_string_equal(fails(ERR_SUPERSEDED).sentence, "Another took over.");
}

/* --- publishing --- */

static void room_comes_back_when_events_are_stored(void **state)
{
    struct client_event e;
    struct slice topic, envelope;
    struct why why = { 0 };
    struct frame f;

    (void)state;
    start_welcomed();
    assert_int_equal(client_room(client), CLIENT_WINDOW_EVENTS);
    assert_int_equal(publish(1, 2), ERR_NONE);
    assert_int_equal(publish(3, 1), ERR_NONE);
    assert_int_equal(client_room(client), CLIENT_WINDOW_EVENTS - 3);
    f = hear(FRAME_PUBLISH);
    assert_int_equal(f.number, 1);
    assert_int_equal(frame_event(&f, 1, &topic, &envelope, &why), ERR_NONE);
    assert_true(slice_is(envelope, "envelope"));
    frame_stored(saying(), 2, 90);
    say();
    e = news(CLIENT_STORED);
    assert_int_equal(e.number, 2);
    assert_int_equal(e.seq, 90);
    assert_int_equal(client_room(client), CLIENT_WINDOW_EVENTS - 1);
    frame_stored(saying(), 3, 91);
    say();
    news(CLIENT_STORED);
    assert_int_equal(client_room(client), CLIENT_WINDOW_EVENTS);
}

static void a_full_window_says_again(void **state)
{
    (void)state;
    start_welcomed();
    assert_int_equal(publish(1, CLIENT_WINDOW_EVENTS - 1), ERR_NONE);
    assert_int_equal(publish(CLIENT_WINDOW_EVENTS, 2), ERR_AGAIN);
    assert_int_equal(publish(CLIENT_WINDOW_EVENTS, 1), ERR_NONE);
    assert_int_equal(client_room(client), 0);
    assert_int_equal(publish(CLIENT_WINDOW_EVENTS + 1, 1), ERR_AGAIN);
}

static void a_window_is_full_of_bytes_too(void **state)
{
    char *half = calloc(1, CLIENT_WINDOW_BYTES / 2 + 1);
    struct slice topic = slice_text("a.b.c.06"), envelope = slice_of(half, CLIENT_WINDOW_BYTES / 2 + 1);

    (void)state;
    assert_non_null(half);
    start_welcomed();
    assert_int_equal(client_publish(client, 1, &topic, &envelope, 1), ERR_NONE);
    assert_true(client_room(client) > 0);
    assert_int_equal(client_publish(client, 2, &topic, &envelope, 1), ERR_AGAIN);
    frame_stored(saying(), 1, 1);
    say();
    news(CLIENT_STORED);
    assert_int_equal(client_publish(client, 2, &topic, &envelope, 1), ERR_NONE);
    free(half);
}

static void the_outcomes_of_one_cause_may_exceed_the_window(void **state)
{
    (void)state;
    start_welcomed();
    assert_int_equal(publish(1, CLIENT_WINDOW_EVENTS + 1), ERR_NONE);
    assert_int_equal(client_room(client), 0);
    frame_stored(saying(), CLIENT_WINDOW_EVENTS + 1, 1);
    say();
    news(CLIENT_STORED);
    assert_int_equal(client_room(client), CLIENT_WINDOW_EVENTS);
}

static void refused_events_leave_the_window(void **state)
{
    struct client_event e;

    (void)state;
    start_welcomed();
    publish(1, 1);
    publish(2, 3);
    publish(5, 1);
    frame_refused(saying(), 3, "NOT_PERMITTED", "Not yours.");
    say();
    e = news(CLIENT_REFUSED);
    assert_int_equal(e.number, 3);
    assert_true(slice_is(e.code, "NOT_PERMITTED"));
    assert_true(slice_is(e.sentence, "Not yours."));
    assert_int_equal(client_room(client), CLIENT_WINDOW_EVENTS - 2);
    frame_stored(saying(), 1, 10);
    say();
    news(CLIENT_STORED);
    frame_refused(saying(), 5, "OUT_OF_SEQUENCE", "5 after 1.");
    say();
    news(CLIENT_REFUSED);
    assert_int_equal(client_room(client), CLIENT_WINDOW_EVENTS);
}

static void the_clock_is_answered(void **state)
{
    (void)state;
    start_welcomed();
    assert_int_equal(client_clock(client, slice_text("2018-12-16")), ERR_NONE);
    assert_true(slice_is(hear(FRAME_CLOCK).day, "2018-12-16"));
    frame_clocked(saying(), slice_text("2018-12-16"), 31);
    say();
    assert_int_equal(news(CLIENT_CLOCKED).seq, 31);
}

/* --- following --- */

static void follow_from(uint64_t after, const struct hash *chain, const struct slice *prefixes, size_t count)
{
    assert_int_equal(client_follow(client, after, chain, prefixes, count), ERR_NONE);
    assert_int_equal(hear(FRAME_FOLLOW).seq, after);
}

static void records_come_with_a_checked_chain(void **state)
{
    struct hash chain = zero;
    struct client_event e;

    (void)state;
    start_welcomed();
    follow_from(0, NULL, NULL, 0);
    say_events(1, 3, &chain);
    e = news(CLIENT_EVENTS);
    assert_int_equal(e.count, 3);
    assert_int_equal(e.records[2].seq, 3);
    assert_true(slice_is(e.records[2].envelope, "envelope"));
    assert_int_equal(e.seq, 3);
    assert_true(hash_equal(&e.hash, &chain));
    say_events(4, 4, &chain);
    assert_int_equal(news(CLIENT_EVENTS).count, 1);
}

static void a_changed_record_is_found(void **state)
{
    struct hash chain = zero;
    struct record r;

    (void)state;
    start_welcomed();
    follow_from(0, NULL, NULL, 0);
    r = link_next(1, &chain);
    r.envelope = slice_text("envelopE");
    frame_events_begin(saying(), 1, &chain, 1);
    frame_events_add(&said, &r);
    say();
    assert_string_equal(fails(ERR_CORRUPT).code, "CHAIN");
}

static void a_missing_record_is_found(void **state)
{
    struct hash chain = zero;

    (void)state;
    start_welcomed();
    follow_from(0, NULL, NULL, 0);
    say_events(2, 2, &chain);
    assert_string_equal(fails(ERR_CORRUPT).code, "GAP");
}

static void a_follower_with_prefixes_gets_marks(void **state)
{
    struct slice prefix = slice_text("a.");
    struct hash chain = { { 9 } }, mark = { { 10 } };
    struct client_event e;
    struct record r;

    (void)state;
    start_welcomed();
    follow_from(20, &chain, &prefix, 1);
    r = link_next(25, &chain);
    frame_events_begin(saying(), 30, &mark, 1);
    frame_events_add(&said, &r);
    say();
    e = news(CLIENT_EVENTS);
    assert_int_equal(e.count, 1);
    assert_int_equal(e.seq, 30);
    frame_events_begin(saying(), 40, &mark, 0);
    say();
    e = news(CLIENT_EVENTS);
    assert_int_equal(e.count, 0);
    assert_int_equal(e.seq, 40);
    frame_events_begin(saying(), 39, &mark, 0);
    say();
    fails(ERR_UNREADABLE);
}

static void credit_goes_back_when_half_is_used(void **state)
{
    struct hash chain = zero;

    (void)state;
    start_welcomed();
    follow_from(0, NULL, NULL, 0);
    say_events(1, CLIENT_CREDIT / 2 - 1, &chain);
    news(CLIENT_EVENTS);
    say_events(CLIENT_CREDIT / 2, CLIENT_CREDIT / 2, &chain);
    news(CLIENT_EVENTS); /* the last one is still in the caller's hands */
    assert_int_equal(bus_recv(broker, &peer, &heard), ERR_AGAIN);
    assert_int_equal(hear(FRAME_CREDIT).credit, CLIENT_CREDIT / 2);
}

static void another_past_is_reported(void **state)
{
    struct hash chain = { { 9 } };
    struct client_event e;

    (void)state;
    start_welcomed();
    follow_from(20, &chain, NULL, 0);
    frame_refused(saying(), 0, "DIVERGED", "Another chain is at 20.");
    say();
    e = news(CLIENT_REFUSED);
    assert_int_equal(e.number, 0);
    assert_true(slice_is(e.code, "DIVERGED"));
}

/* --- losing the broker --- */

static void pings_that_are_answered_keep_the_connection(void **state)
{
    (void)state;
    broker_start();
    client_start("intake", SHORT_HEARTBEAT_MS);
    welcome(0, 0);
    for (uint64_t i = 1; i <= 5; i++) {
        struct frame f = hear(FRAME_PING);

        frame_pong(saying(), f.token, i);
        say();
    }
    frame_stored(saying(), 1, 1);
    say();
    assert_int_equal(news(CLIENT_STORED).head, 5);
}

static void a_silent_broker_is_lost(void **state)
{
    struct bus_peer before;

    (void)state;
    broker_start();
    client_start("intake", SHORT_HEARTBEAT_MS);
    welcome(0, 0);
    publish(1, 1);
    before = peer;
    news(CLIENT_LOST);
    assert_int_equal(publish(2, 1), ERR_AGAIN);
    hear(FRAME_PUBLISH);
    hear(FRAME_HELLO);
    assert_true(peer.size != before.size || memcmp(peer.id, before.id, peer.size) != 0);
}

static void what_waits_unread_is_no_silence(void **state)
{
    struct client_event e;
    struct why why = { 0 };
    int64_t until;
    bool ready;

    (void)state;
    broker_start();
    client_start("intake", SHORT_HEARTBEAT_MS);
    welcome(0, 0);
    hear(FRAME_PING);
    frame_stored(saying(), 0, 0);
    say();
    /* The caller is busy for longer than the broker may be silent: only what it then finds counts. */
    until = clock_monotonic_ms() + 5 * SHORT_HEARTBEAT_MS;
    while (clock_monotonic_ms() < until)
        (void)bus_wait(&broker, 1, 1, &ready);
    assert_int_equal(client_next(client, 0, &e, &why), ERR_NONE);
    assert_int_equal(e.news, CLIENT_STORED);
    assert_int_equal(client_next(client, 0, &e, &why), ERR_NONE);
    assert_int_equal(e.news, CLIENT_NOTHING);
}

static void a_broker_that_went_away_is_lost_at_once(void **state)
{
    (void)state;
    start_welcomed();
    publish(1, 1);
    bus_destroy(&broker);
    news(CLIENT_LOST);
    broker_start();
    welcome(0, 0);
    assert_int_equal(client_room(client), CLIENT_WINDOW_EVENTS);
}

static void a_broker_that_forgot_us_hears_hello_again(void **state)
{
    (void)state;
    start_welcomed();
    frame_refused(saying(), 0, "NO_HELLO", "Who are you?");
    say();
    news(CLIENT_LOST);
    welcome(3, 4);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    start_welcomed();
    assert_int_equal(bus_send(broker, &peer, slice_text("nonsense")), ERR_NONE);
    assert_string_equal(fails(ERR_UNREADABLE).code, "MALFORMED");
    frame_hello(saying(), slice_text("intake"), 0);
    say();
    assert_string_equal(fails(ERR_UNREADABLE).code, "MALFORMED");
}

static void wrong_names_are_refused(void **state)
{
    struct client_settings settings = { "ipc:///tmp/x", "", 0, 0 };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(client_new(&settings, &client, &why), ERR_CONFIG);
    settings.publisher = NULL;
    settings.endpoint = "tcp://127.0.0.1:5555";
    assert_int_equal(client_new(&settings, &client, &why), ERR_CONFIG);
    assert_null(client);
}

/* --- questions --- */

/* Answers one question in a thread of its own: first for somebody else, then with what `said` holds, with the
 * question's token put in by `reply`. */
struct answerer {
    void (*reply)(uint64_t token);
    pthread_t thread;
};

static void *answer_one(void *argument)
{
    const struct answerer *a = argument;
    msgpack_zone *own = msgpack_zone_new(4096);
    struct why why = { 0 };
    struct frame f = { 0 };
    bool ready;

    while (bus_recv(broker, &peer, &heard) == ERR_AGAIN)
        if (bus_wait(&broker, 1, WAIT_MS, &ready) || !ready) break;
    if (own && frame_read(heard.bytes, own, &f, &why) == ERR_NONE && f.command == FRAME_ASK) {
        frame_answer(saying(), f.token + 1, slice_of(NULL, 0));
        (void)bus_send(broker, &peer, buf_slice(&said));
        a->reply(f.token);
        (void)bus_send(broker, &peer, buf_slice(&said));
    }
    msgpack_zone_free(own);
    return NULL;
}

static enum err ask(void (*reply)(uint64_t token), msgpack_object *answer, struct why *why)
{
    struct answerer a = { .reply = reply };
    enum err e;

    broker_start();
    assert_int_equal(pthread_create(&a.thread, NULL, answer_one, &a), 0);
    e = client_ask(endpoint, "certificate", slice_of(NULL, 0), WAIT_MS, zone, answer, why);
    pthread_join(a.thread, NULL);
    return e;
}

static void reply_map(uint64_t token)
{
    static const char map[] = "\x81\xa4star\xa5"
                              "three";

    frame_answer(saying(), token, slice_of(map, sizeof map - 1));
}

static void reply_not_found(uint64_t token)
{
    frame_fault(saying(), token, "NOT_FOUND", "There is no such certificate.");
}

static void reply_bad(uint64_t token)
{
    frame_fault(saying(), token, "BAD_ARGUMENT", "Give a certificate.");
}

static void an_answer_outlives_its_socket(void **state)
{
    struct why why = { 0 };
    msgpack_object answer;
    struct slice text;

    (void)state;
    assert_int_equal(ask(reply_map, &answer, &why), ERR_NONE);
    assert_true(mp_text(mp_find(&answer, "star"), &text));
    assert_true(slice_is(text, "three"));
}

static void a_fault_is_an_error_with_its_sentence(void **state)
{
    struct why why = { 0 };
    msgpack_object answer;

    (void)state;
    assert_int_equal(ask(reply_not_found, &answer, &why), ERR_NOT_FOUND);
    assert_string_equal(why.code, "NOT_FOUND");
    assert_string_equal(why.sentence, "There is no such certificate.");
    bus_destroy(&broker);
    why_clear(&why);
    assert_int_equal(ask(reply_bad, &answer, &why), ERR_INVALID);
    assert_string_equal(why.code, "BAD_ARGUMENT");
}

static void nobody_answers_in_time(void **state)
{
    struct why why = { 0 };
    msgpack_object answer;

    (void)state;
    assert_int_equal(client_ask(endpoint, "status", slice_of(NULL, 0), 30, zone, &answer, &why), ERR_TIMEOUT);
    assert_non_null(strstr(why.sentence, "status"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_publisher_says_hello_and_is_welcomed),
        TEST(a_client_may_start_before_its_broker),
        TEST(a_follower_without_name_is_ready_at_the_first_pong),
        TEST(the_superseded_one_ends),
        TEST(room_comes_back_when_events_are_stored),
        TEST(a_full_window_says_again),
        TEST(a_window_is_full_of_bytes_too),
        TEST(the_outcomes_of_one_cause_may_exceed_the_window),
        TEST(refused_events_leave_the_window),
        TEST(the_clock_is_answered),
        TEST(records_come_with_a_checked_chain),
        TEST(a_changed_record_is_found),
        TEST(a_missing_record_is_found),
        TEST(a_follower_with_prefixes_gets_marks),
        TEST(credit_goes_back_when_half_is_used),
        TEST(another_past_is_reported),
        TEST(pings_that_are_answered_keep_the_connection),
        TEST(a_silent_broker_is_lost),
        TEST(what_waits_unread_is_no_silence),
        TEST(a_broker_that_went_away_is_lost_at_once),
        TEST(a_broker_that_forgot_us_hears_hello_again),
        TEST(nonsense_is_refused),
        TEST(wrong_names_are_refused),
        TEST(an_answer_outlives_its_socket),
        TEST(a_fault_is_an_error_with_its_sentence),
        TEST(nobody_answers_in_time),
    };

    if (hash_init() != 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
