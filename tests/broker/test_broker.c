/* The broker's rules, with the time passed in and nobody at the other end but the test. */
#include "tests/broker/bed.h"

/* --- publishing --- */

static void stored_is_said_after_the_flush(void **state)
{
    struct bed *bed = *state;
    int syncs;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 3);
    syncs = atomic_load(&faulty.syncs);
    hears_nothing(bed, 'a');
    assert_int_equal(bed_turn(bed), ERR_NONE);
    assert_true(bed->said[bed->said_count - 1].syncs > syncs);
    hears_stored(bed, 'a', 3);
    hears_nothing(bed, 'a');
}

static void resend_is_answered_and_not_stored(void **state)
{
    struct bed *bed = *state;
    uint64_t head;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 3);
    bed_turn(bed);
    hears_stored(bed, 'a', 3);
    head = log_head(bed->log).seq;
    say_publish(bed, 'a', 1, 3);
    bed_turn(bed);
    hears_stored(bed, 'a', 3);
    assert_int_equal(log_head(bed->log).seq, head);
    say_publish(bed, 'a', 2, 4); /* two old, two new */
    bed_turn(bed);
    hears_stored(bed, 'a', 5);
    assert_int_equal(log_head(bed->log).seq, head + 2);
}

static void stored_of_one_turn_is_cumulative(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "province-06");
    bed_join(bed, 'b', "province-07");
    for (uint64_t n = 1; n <= 20; n++) {
        say_publish(bed, 'a', n, 1);
        say_publish(bed, 'b', n, 1);
    }
    bed_turn(bed);
    hears_stored(bed, 'a', 20);
    hears_stored(bed, 'b', 20);
    hears_nothing(bed, 'a');
    hears_nothing(bed, 'b');
}

static void refused_message_stores_nothing(void **state)
{
    struct bed *bed = *state;
    struct buf frame = { 0 };
    uint64_t head;

    bed_join(bed, 'a', "province-06");
    head = log_head(bed->log).seq;
    frame_publish_begin(&frame, 1, 3);
    frame_publish_add(&frame, slice_text("intake.dossier.filed.06"),
                      slice_of(bed->envelope, bed->envelope_size));
    frame_publish_add(&frame, slice_text("intake.dossier.accepted.06"),
                      slice_of(bed->envelope, bed->envelope_size));
    frame_publish_add(&frame, slice_text("no.such.thing.06"), slice_of(bed->envelope, bed->envelope_size));
    bed_say(bed, 'a', &frame);
    say_publish(bed, 'a', 4, 1);
    say_publish(bed, 'a', 1, 2);
    bed_turn(bed);
    hears_refused(bed, 'a', 2, "NOT_PERMITTED");
    hears_refused(bed, 'a', 4, "OUT_OF_SEQUENCE");
    hears_stored(bed, 'a', 2);
    assert_int_equal(log_head(bed->log).seq, head + 2);
}

static void names_are_reserved(void **state)
{
    struct bed *bed = *state;

    say_hello(bed, 'a', "broker", 0);
    say_hello(bed, 'a', "not a name", 0);
    bed_turn(bed);
    hears_refused(bed, 'a', 0, "NOT_PERMITTED");
    hears_refused(bed, 'a', 0, "MALFORMED");
    bed_join(bed, 'a', "scoring");
    say_publish_topic(bed, 'a', 1, 1, "intake.dossier.accepted.06");
    say_publish_topic(bed, 'a', 1, 1, "clock.day.started.00");
    bed_turn(bed);
    hears_refused(bed, 'a', 1, "NOT_PERMITTED");
    hears_refused(bed, 'a', 1, "NOT_PERMITTED");
}

static void too_many_events_are_refused(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 1001);
    bed_turn(bed);
    hears_refused(bed, 'a', 1, "TOO_LARGE");
}

static void flood_leaves_the_turn_to_others(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "province-06");
    bed_join(bed, 'b', "province-07");
    say_publish(bed, 'a', 1, 1000);
    assert_false(broker_full(bed->broker)); /* nobody waits for its end */
    say_publish(bed, 'b', 1, 1);
    assert_true(broker_full(bed->broker));
    bed_turn(bed);
    hears_stored(bed, 'a', 1000);
    hears_stored(bed, 'b', 1);
    assert_false(broker_full(bed->broker));
    say_publish(bed, 'b', 2, 1);
    say_publish(bed, 'a', 1001, 101);
    assert_false(broker_full(bed->broker)); /* 100 ahead */
    say_publish(bed, 'a', 1102, 1);
    assert_true(broker_full(bed->broker));
    bed_turn(bed);
}

static void those_who_say_as_much_share_a_long_turn(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "province-06");
    bed_join(bed, 'b', "province-07");
    for (uint64_t n = 0; n < 10; n++) {
        say_publish(bed, 'a', 1 + 100 * n, 100);
        say_publish(bed, 'b', 1 + 100 * n, 100);
        assert_false(broker_full(bed->broker));
    }
    bed_turn(bed);
}

/* --- status --- */

static uint64_t status_number(struct bed *bed, const char *name)
{
    struct buf out = { 0 };
    msgpack_unpacked map;
    uint64_t found = UINT64_MAX;

    assert_int_equal(broker_status(bed->broker, &out), ERR_NONE);
    msgpack_unpacked_init(&map);
    assert_int_equal(msgpack_unpack_next(&map, (const char *)out.data, out.size, NULL),
                     MSGPACK_UNPACK_SUCCESS);
    for (uint32_t i = 0; i < map.data.via.map.size; i++) {
        const msgpack_object_kv *pair = &map.data.via.map.ptr[i];

        if (slice_is(slice_of(pair->key.via.str.ptr, pair->key.via.str.size), name))
            found = pair->val.via.u64;
    }
    msgpack_unpacked_destroy(&map);
    buf_fini(&out);
    return found;
}

static void who_fell_silent_is_not_counted(void **state)
{
    struct bed *bed = *state;
    struct buf frame = { 0 };

    bed_join(bed, 'a', "province-06");
    bed_join(bed, 'b', "province-07");
    say_follow(bed, 'a', 0, NULL, "certification.", 10);
    say_follow(bed, 'c', 0, NULL, "certification.", 10);
    bed_turn(bed);
    assert_int_equal(status_number(bed, "publishers"), 2);
    assert_int_equal(status_number(bed, "followers"), 2);
    bed->now.wall_ms += 31000;
    bed->now.monotonic_ms += 31000;
    bed_turn(bed);
    assert_int_equal(status_number(bed, "publishers"), 0);
    assert_int_equal(status_number(bed, "followers"), 0);
    frame_ping(&frame, 1);
    bed_say(bed, 'a', &frame);
    bed_turn(bed);
    assert_int_equal(status_number(bed, "publishers"), 1);
    assert_int_equal(status_number(bed, "followers"), 1);
}

/* --- HELLO --- */

static void hello_sees_what_waits_before_it(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 5);
    say_hello(bed, 'b', "province-06", 0);
    say_publish(bed, 'a', 6, 1);
    say_publish(bed, 'b', 6, 2);
    bed_turn(bed);
    hears_stored(bed, 'a', 5);
    hears_refused(bed, 'a', 0, "SUPERSEDED");
    hears_refused(bed, 'a', 6, "SUPERSEDED");
    hears_welcome(bed, 'b', 5);
    hears_stored(bed, 'b', 7);
}

/* How loud the log was of a peer that was superseded; the last line's level. */
static void join_and_hear(struct bed *bed, char peer, const char *level)
{
    int away[2], kept = dup(STDERR_FILENO);
    char said[4096];
    ssize_t got;

    assert_int_equal(pipe(away), 0);
    assert_true(dup2(away[1], STDERR_FILENO) >= 0);
    close(away[1]);
    log_setup("test", LOG_INFO);
    bed_join(bed, peer, "intake");
    log_setup("test", LOG_ERROR);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    got = read(away[0], said, sizeof said - 1);
    close(away[0]);
    said[got > 0 ? got : 0] = '\0';
    if (!strstr(said, level) || !strstr(said, "code=SUPERSEDED")) fail_msg("%s: %s", level, said);
}

static void a_restart_is_no_warning_and_a_fight_is_one(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "intake");
    join_and_hear(bed, 'b', "level=info");
    bed->now.monotonic_ms += 59000;
    bed->now.wall_ms += 59000;
    bed_turn(bed);
    join_and_hear(bed, 'c', "level=warn");
    bed->now.monotonic_ms += 61000;
    bed->now.wall_ms += 61000;
    bed_turn(bed);
    join_and_hear(bed, 'd', "level=info");
}

static void superseded_peer_cannot_come_back(void **state)
{
    struct bed *bed = *state;
    struct buf ping = { 0 };

    bed_join(bed, 'a', "intake");
    bed_join(bed, 'b', "intake");
    hears_refused(bed, 'a', 0, "SUPERSEDED");
    say_hello(bed, 'a', "intake", 0);
    say_follow(bed, 'a', 0, NULL, NULL, 10);
    frame_ping(&ping, 5);
    bed_say(bed, 'a', &ping);
    bed_turn(bed);
    hears_refused(bed, 'a', 0, "SUPERSEDED");
    hears_refused(bed, 'a', 0, "SUPERSEDED");
    assert_int_equal(hear(bed, 'a').command, FRAME_PONG);
    bed_join(bed, 'c', "scoring"); /* another name disturbs nobody */
    hears_nothing(bed, 'b');
}

static void epochs_are_numbered_apart(void **state)
{
    struct bed *bed = *state;

    say_hello(bed, 'a', "province-06", 11);
    say_publish(bed, 'a', 1, 2);
    say_hello(bed, 'b', "province-06", 12);
    say_publish(bed, 'b', 1, 1);
    bed_turn(bed);
    hears_welcome(bed, 'a', 0);
    hears_stored(bed, 'a', 2);
    hears_welcome(bed, 'b', 0);
    hears_stored(bed, 'b', 1);
}

static void full_table_drops_only_the_silent(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "one");
    bed->now.monotonic_ms += 20000;
    bed->now.wall_ms += 20000;
    bed_turn(bed);
    bed_join(bed, 'b', "two");
    bed_join(bed, 'c', "three");
    bed_join(bed, 'd', "four");
    say_hello(bed, 'e', "five", 0);
    bed_turn(bed);
    hears_refused(bed, 'e', 0, "BUSY");
    bed->now.monotonic_ms += 15000;
    bed->now.wall_ms += 15000;
    bed_turn(bed);
    say_hello(bed, 'e', "five", 0);
    say_publish(bed, 'a', 1, 1);
    bed_turn(bed);
    hears_welcome(bed, 'e', 0);
    hears_refused(bed, 'a', 1, "NO_HELLO");
}

/* --- following --- */

static void follower_is_served_within_its_credit(void **state)
{
    struct bed *bed = *state;
    struct record last;
    struct frame f;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 10);
    say_follow(bed, 'b', 0, NULL, NULL, 4);
    bed_turn(bed);
    assert_int_equal(hears_events(bed, 'b', &f, &last), 4);
    assert_int_equal(f.seq, 4);
    assert_true(hash_equal(&f.hash, &last.chain));
    bed_turn(bed);
    hears_nothing(bed, 'b');
    say_credit(bed, 'b', 100);
    bed_turn(bed);
    assert_int_equal(hears_events(bed, 'b', &f, &last), 7); /* ten and the day */
    say_publish(bed, 'a', 11, 1);
    bed_turn(bed);
    assert_int_equal(hears_events(bed, 'b', &f, &last), 1);
    assert_int_equal(last.number, 11);
    assert_int_equal(last.seq, 12);
}

static void skipped_records_move_the_cursor(void **state)
{
    struct bed *bed = *state;
    struct record last;
    struct frame f;

    bed_join(bed, 'a', "province-06");
    for (uint64_t n = 1; n <= 2001; n += 500)
        say_publish(bed, 'a', n, 500);
    bed_turn(bed);
    say_follow(bed, 'b', 0, NULL, "scoring.", 4);
    bed_turn(bed);
    bed_turn(bed);
    assert_int_equal(hears_events(bed, 'b', &f, &last), 0);
    assert_int_equal(f.seq, 1000);
    assert_int_equal(hears_events(bed, 'b', &f, &last), 0);
    assert_int_equal(f.seq, 2000);
    hears_nothing(bed, 'b'); /* the rest is less than a thousand: it waits a moment */
    bed->now.monotonic_ms += 60;
    bed_turn(bed);
    bed_turn(bed);
    assert_int_equal(hears_events(bed, 'b', &f, &last), 0);
    assert_int_equal(f.seq, log_head(bed->log).seq);
    bed->now.monotonic_ms += 60;
    bed_turn(bed);
    hears_nothing(bed, 'b');
}

static void another_past_is_refused(void **state)
{
    struct bed *bed = *state;
    struct hash wrong = { { 1 } }, right;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 5);
    bed_turn(bed);
    log_chain_at(bed->log, 3, &right, NULL);
    say_follow(bed, 'b', 3, &wrong, NULL, 4);
    say_follow(bed, 'b', 99, &right, NULL, 4);
    say_follow(bed, 'b', 3, &right, "UPPER", 4);
    say_follow(bed, 'b', 3, &right, NULL, FRAME_CREDIT_MAX + 1);
    say_credit(bed, 'b', 1);
    bed_turn(bed);
    hears_refused(bed, 'b', 0, "DIVERGED");
    hears_refused(bed, 'b', 0, "DIVERGED");
    hears_refused(bed, 'b', 0, "BAD_PREFIX");
    hears_refused(bed, 'b', 0, "BAD_CREDIT");
    hears_refused(bed, 'b', 0, "BAD_CREDIT");
    hears_nothing(bed, 'b');
}

static void new_follow_replaces_the_old(void **state)
{
    struct bed *bed = *state;
    struct record last;
    struct frame f;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 5);
    bed_turn(bed);
    for (int i = 0; i < 10; i++) /* more than the table holds */
        say_follow(bed, 'b', 0, NULL, NULL, 2);
    bed_turn(bed);
    assert_int_equal(hears_events(bed, 'b', &f, &last), 2);
    hears_nothing(bed, 'b');
}

static void full_follower_waits_for_its_own_turn(void **state)
{
    struct bed *bed = *state;
    struct record last;
    struct frame f;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 5);
    say_follow(bed, 'b', 0, NULL, NULL, 100);
    broker_settle(bed->broker, NULL);
    bed->send_result = ERR_AGAIN;
    broker_serve(bed->broker, NULL);
    bed->send_result = ERR_NONE;
    broker_serve(bed->broker, NULL);
    hears_nothing(bed, 'b'); /* not at once again */
    bed->now.monotonic_ms += 30;
    bed_turn(bed);
    assert_int_equal(hears_events(bed, 'b', &f, &last), 6);
    assert_int_equal(f.seq, 6);
}

static void gone_peer_is_forgotten(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 5);
    bed->send_result = ERR_GONE;
    assert_int_equal(bed_turn(bed), ERR_NONE);
    bed->send_result = ERR_NONE;
    say_publish(bed, 'a', 6, 1);
    bed_turn(bed);
    hears_refused(bed, 'a', 6, "NO_HELLO");
    say_hello(bed, 'b', "province-06", 0);
    bed_turn(bed);
    hears_welcome(bed, 'b', 5); /* the answer was lost, the events were not */
}

static void live_messages_name_the_place_before(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "province-06");
    bed->live_count = 0;
    say_publish_topic(bed, 'a', 1, 1, "intake.plan.filed.06");
    say_publish_topic(bed, 'a', 2, 1, "intake.plan.filed.07");
    say_publish_topic(bed, 'a', 3, 1, "intake.plan.filed.06");
    assert_int_equal(bed->live_count, 0);
    bed_turn(bed);
    assert_int_equal(bed->live_count, 3);
    assert_int_equal(bed->live[0].previous, 0);
    assert_int_equal(bed->live[1].previous, 0);
    assert_int_equal(bed->live[2].previous, bed->live[0].seq);
    assert_int_equal(bed->live[2].at_ms, bed->now.wall_ms);
}

/* --- the disk --- */

static void full_disk_refuses_the_whole_turn(void **state)
{
    struct bed *bed = *state;
    uint64_t head;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 2);
    bed_turn(bed);
    hears_stored(bed, 'a', 2);
    head = log_head(bed->log).seq;
    bed->live_count = 0;
    faulty.code = SQLITE_FULL;
    atomic_store(&faulty.fail_write, 1);
    say_publish(bed, 'a', 1, 2); /* a resend keeps its answer */
    say_publish(bed, 'a', 3, 2);
    say_hello(bed, 'b', "province-06", 0);
    say_publish(bed, 'b', 5, 1);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_refused(bed, 'a', 3, "DISK_FULL");
    hears_refused(bed, 'a', 0, "SUPERSEDED");
    hears_welcome(bed, 'b', 2); /* not 4 */
    hears_refused(bed, 'b', 5, "DISK_FULL");
    assert_int_equal(log_head(bed->log).seq, head);
    assert_int_equal(bed->live_count, 0);
    faulty_heal();
    say_publish(bed, 'b', 3, 1);
    bed_turn(bed);
    hears_stored(bed, 'b', 3);
}

/* What is stored in this turn only is not known yet: a resend of it is not acknowledged when the disk is
 * full. */
static void full_disk_takes_back_a_resend_of_this_turn(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "province-06");
    faulty.code = SQLITE_FULL;
    atomic_store(&faulty.fail_sync, 1);
    say_publish(bed, 'a', 1, 2);
    say_publish(bed, 'a', 9, 1); /* refused: what follows gets an answer of its own */
    say_publish(bed, 'a', 1, 2);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_refused(bed, 'a', 1, "DISK_FULL");
    hears_refused(bed, 'a', 9, "OUT_OF_SEQUENCE");
    hears_refused(bed, 'a', 1, "DISK_FULL");
    faulty_heal();
}

static void failed_flush_ends_acknowledging(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "province-06");
    faulty.code = SQLITE_IOERR_FSYNC;
    atomic_store(&faulty.fail_sync, 1);
    say_publish(bed, 'a', 1, 2);
    assert_int_equal(bed_turn(bed), ERR_IO);
    hears_nothing(bed, 'a');
}

static void little_space_warns_once_and_stops(void **state)
{
    struct bed *bed = *state;
    uint64_t head = 0;

    bed_join(bed, 'a', "province-06");
    for (int second = 0; second < 3; second++) {
        bed->now.monotonic_ms += 1000;
        bed->free_bytes = 1 << 19;
        bed_turn(bed);
        if (second == 0) head = log_head(bed->log).seq;
    }
    assert_string_equal(bed->live[bed->live_count - 1].topic, "broker.space.warned.00");
    assert_int_equal(log_head(bed->log).seq, head);
    say_publish(bed, 'a', 1, 1);
    bed_turn(bed);
    hears_stored(bed, 'a', 1);
    bed->now.monotonic_ms += 1000;
    bed->free_bytes = 100;
    bed_turn(bed);
    say_publish(bed, 'a', 1, 1);
    say_publish(bed, 'a', 2, 1);
    bed_turn(bed);
    hears_stored(bed, 'a', 1); /* a resend needs no space */
    hears_refused(bed, 'a', 2, "DISK_FULL");
}

/* --- time --- */

static void move(struct bed *bed, int64_t wall_ms, int64_t monotonic_ms)
{
    bed->now.wall_ms += wall_ms;
    bed->now.monotonic_ms += monotonic_ms;
    assert_int_equal(bed_turn(bed), ERR_NONE);
}

static void each_day_is_started(void **state)
{
    struct bed *bed = *state;
    int64_t midnight = clock_day_start_ms(clock_day_of(bed->now.wall_ms) + 1);

    bed_turn(bed);
    assert_int_equal(bed->live_count, 1); /* today, at once */
    assert_string_equal(bed->live[0].topic, "clock.day.started.00");
    assert_int_equal(bed->live[0].seq, 1);
    assert_true(broker_wait_ms(bed->broker, bed->now) <= 1000);
    move(bed, midnight - bed->now.wall_ms - 1, midnight - bed->now.wall_ms - 1);
    assert_int_equal(bed->live_count, 1);
    assert_int_equal(broker_wait_ms(bed->broker, bed->now), 1);
    move(bed, 1, 1);
    assert_int_equal(bed->live_count, 2);
    assert_int_equal(bed->live[1].at_ms, midnight);
}

static void slept_through_days_are_started(void **state)
{
    struct bed *bed = *state;
    int32_t today = clock_day_of(bed->now.wall_ms);

    bed_turn(bed);
    bed_shut(bed);
    bed->now.wall_ms += 3 * 24 * STAMP_HOUR_MS;
    bed_open(bed);
    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 1);
    bed_turn(bed);
    assert_int_equal(bed->live_count, 5);
    assert_int_equal(bed->live[1].at_ms, clock_day_start_ms(today + 1));
    assert_int_equal(bed->live[2].at_ms, clock_day_start_ms(today + 2));
    assert_int_equal(bed->live[3].at_ms, bed->now.wall_ms); /* today begins when we wake */
    assert_string_equal(bed->live[4].topic, "intake.dossier.filed.06");
}

static void time_never_goes_back(void **state)
{
    struct bed *bed = *state;
    int64_t before;

    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 1);
    bed_turn(bed);
    before = log_head(bed->log).at_ms;
    move(bed, -STAMP_HOUR_MS, 1);
    say_publish(bed, 'a', 2, 1);
    bed_turn(bed);
    hears_stored(bed, 'a', 1);
    hears_stored(bed, 'a', 2);
    assert_int_equal(log_head(bed->log).at_ms, before);
}

static void jumping_clock_stops_the_stamping(void **state)
{
    struct bed *bed = *state;
    uint64_t head;

    bed_join(bed, 'a', "province-06");
    move(bed, 30 * STAMP_HOUR_MS, 1000); /* less than 36 hours is believed */
    say_publish(bed, 'a', 1, 1);
    bed_turn(bed);
    hears_stored(bed, 'a', 1);
    head = log_head(bed->log).seq;
    move(bed, 40 * STAMP_HOUR_MS, 1000);
    say_publish(bed, 'a', 1, 1);
    say_publish(bed, 'a', 2, 1);
    bed_turn(bed);
    hears_stored(bed, 'a', 1);
    hears_refused(bed, 'a', 2, "CLOCK_STOPPED");
    move(bed, -40 * STAMP_HOUR_MS, 1000); /* it stays so until somebody looked */
    say_publish(bed, 'a', 2, 1);
    bed_turn(bed);
    hears_refused(bed, 'a', 2, "CLOCK_STOPPED");
    assert_int_equal(log_head(bed->log).seq, head);
    for (int again = 0; again < 2; again++) { /* the answer may be lost, and it is said again */
        say_clock(bed, 'a', "confirm");
        bed_turn(bed);
        assert_int_equal(hear(bed, 'a').command, FRAME_CLOCKED);
    }
    say_publish(bed, 'a', 2, 1);
    bed_turn(bed);
    hears_stored(bed, 'a', 2);
}

static void month_of_sleep_needs_a_word(void **state)
{
    struct bed *bed = *state;

    bed_turn(bed);
    bed_shut(bed);
    bed->now.wall_ms += 32 * 24 * STAMP_HOUR_MS;
    bed_open(bed);
    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 1);
    bed_turn(bed);
    hears_refused(bed, 'a', 1, "CLOCK_STOPPED");
    bed_shut(bed);
    bed->settings.time.confirmed = true;
    bed_open(bed);
    bed_join(bed, 'a', "province-06");
    say_publish(bed, 'a', 1, 1);
    bed_turn(bed);
    hears_stored(bed, 'a', 1);
    assert_int_equal(bed->live_count, 1 + 32 + 1);
}

static void rehearsal_is_told_the_day(void **state)
{
    struct bed *bed = *state;
    int32_t day = clock_day_from_civil(2018, 12, 3);
    struct frame f;

    say_clock(bed, 'a', "2018-12-05");
    bed_turn(bed);
    hears_refused(bed, 'a', 0, "NOT_REHEARSAL");
    bed_shut(bed);
    unlink(bed->path);
    bed->settings.time = (struct stamp_settings){ .rehearsal = true, .start_day = day };
    bed->live_count = 0;
    bed_open(bed);
    bed_turn(bed);
    assert_int_equal(bed->live_count, 1);
    assert_int_equal(bed->live[0].at_ms, clock_day_start_ms(day) + 8 * STAMP_HOUR_MS);
    say_clock(bed, 'a', "2018-12-05");
    say_clock(bed, 'a', "2018-12-04");
    say_clock(bed, 'a', "2018-02-30");
    bed_turn(bed);
    f = hear(bed, 'a');
    assert_int_equal(f.command, FRAME_CLOCKED);
    assert_true(slice_is(f.day, "2018-12-05"));
    assert_int_equal(f.seq, 3);
    hears_refused(bed, 'a', 0, "CLOCK_BACK");
    hears_refused(bed, 'a', 0, "MALFORMED");
    assert_int_equal(bed->live[1].at_ms, clock_day_start_ms(day + 1));
    assert_int_equal(bed->live[2].at_ms, clock_day_start_ms(day + 2) + 8 * STAMP_HOUR_MS);
    bed_shut(bed);
    bed_open(bed); /* goes on where it was */
    say_clock(bed, 'a', "2018-12-04");
    bed_turn(bed);
    hears_refused(bed, 'a', 0, "CLOCK_BACK");
}

/* --- nonsense --- */

static void nonsense_is_answered(void **state)
{
    static const struct {
        const char *what;
        struct slice bytes;
        const char *code;
    } cases[] = {
        { "nothing", { "", 0 }, "MALFORMED" },
        { "a number", { "\x01", 1 }, "MALFORMED" },
        { "a claim of 2 GB", { "\xdd\x04\x00\x00\x00", 5 }, "MALFORMED" },
        { "an unknown word", { "\x91\xa4NOPE", 6 }, "UNKNOWN_COMMAND" },
        { "the broker's word", { "\x93\xa6STORED\x01\x01", 10 }, "UNKNOWN_COMMAND" },
        { "PING without a token", { "\x91\xa4PING", 6 }, "MALFORMED" },
    };
    struct bed *bed = *state;
    const struct bus_peer peer = bed_peer('a');

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("  %s\n", cases[i].what);
        assert_int_equal(broker_take(bed->broker, &peer, bed->as, cases[i].bytes, NULL), ERR_NONE);
        bed_turn(bed);
        hears_refused(bed, 'a', 0, cases[i].code);
    }
    assert_int_equal(broker_take_broken(bed->broker, &peer), ERR_NONE);
    bed_turn(bed);
    hears_refused(bed, 'a', 0, "MALFORMED");
}

static void turn_has_a_size(void **state)
{
    struct bed *bed = *state;

    bed_join(bed, 'a', "province-06");
    assert_false(broker_full(bed->broker));
    for (uint64_t n = 1; n < 8192; n += 1000)
        say_publish(bed, 'a', n, 1000);
    assert_true(broker_full(bed->broker));
    bed_turn(bed);
    assert_false(broker_full(bed->broker));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        T(stored_is_said_after_the_flush),
        T(resend_is_answered_and_not_stored),
        T(stored_of_one_turn_is_cumulative),
        T(refused_message_stores_nothing),
        T(names_are_reserved),
        T(too_many_events_are_refused),
        T(flood_leaves_the_turn_to_others),
        T(those_who_say_as_much_share_a_long_turn),
        T(a_restart_is_no_warning_and_a_fight_is_one),
        T(who_fell_silent_is_not_counted),
        T(hello_sees_what_waits_before_it),
        T(superseded_peer_cannot_come_back),
        T(epochs_are_numbered_apart),
        T(full_table_drops_only_the_silent),
        T(follower_is_served_within_its_credit),
        T(skipped_records_move_the_cursor),
        T(another_past_is_refused),
        T(new_follow_replaces_the_old),
        T(full_follower_waits_for_its_own_turn),
        T(gone_peer_is_forgotten),
        T(live_messages_name_the_place_before),
        T(full_disk_refuses_the_whole_turn),
        T(full_disk_takes_back_a_resend_of_this_turn),
        T(failed_flush_ends_acknowledging),
        T(little_space_warns_once_and_stops),
        T(each_day_is_started),
        T(slept_through_days_are_started),
        T(time_never_goes_back),
        T(jumping_clock_stops_the_stamping),
        T(month_of_sleep_needs_a_word),
        T(rehearsal_is_told_the_day),
        T(nonsense_is_answered),
        T(turn_has_a_size),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
