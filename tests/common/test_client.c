/* test_client.c - a client says hello, follows, and loses its broker. */
#include "tests/common/stage.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_publisher_says_hello_and_is_welcomed),
        TEST(a_client_may_start_before_its_broker),
        TEST(a_follower_without_name_is_ready_at_the_first_pong),
        TEST(the_superseded_one_ends),
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
    };

    if (hash_init() != 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
