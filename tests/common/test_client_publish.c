/* test_client_publish.c - what a client hands to its broker, and the window of what is not answered yet. */
#include "tests/common/stage.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(room_comes_back_when_events_are_stored), TEST(a_full_window_says_again),
        TEST(a_window_is_full_of_bytes_too),          TEST(the_outcomes_of_one_cause_may_exceed_the_window),
        TEST(refused_events_leave_the_window),        TEST(the_clock_is_answered),
    };

    if (hash_init() != 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
