/* Who may do what, asked of the broker itself: each message comes with the key it would have come with. */
#include "tests/broker/bed.h"

#include "common/envelope.h"

#include <sys/stat.h>

#include <cmocka.h>

static struct party made[8]; /* in the order they were made */
static size_t made_count;

static void make(struct bed *bed, const char *role, const char *name, const char *provinces)
{
    struct party *p = &made[made_count++];
    struct why why = { 0 };

    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "%s", name);
    snprintf(p->role, sizeof p->role, "%s", role);
    assert_int_equal(party_set_provinces(p, provinces, &why), ERR_NONE);
    if (party_make(bed->keys, p, &why)) fail_msg("%s", why.sentence);
}

static void file_of(const struct bed *bed, const char *name, const char *suffix, char out[200])
{
    snprintf(out, 200, "%s/%s%s", bed->keys, name, suffix);
}

static void drop(const struct bed *bed, const char *name)
{
    char path[200];

    file_of(bed, name, ".key", path);
    unlink(path);
    file_of(bed, name, ".key_secret", path);
    unlink(path);
}

/* What an operator did is there for the broker. */
static void look(struct bed *bed)
{
    (void)guard_look(bed->guard, bed->now.monotonic_ms, true);
    assert_int_equal(broker_rights_changed(bed->broker), ERR_NONE);
    assert_int_equal(bed_turn(bed), ERR_NONE);
}

static void speak_as(struct bed *bed, const char *name)
{
    bed->as = slice_of(NULL, 0);
    for (size_t i = 0; name && i < made_count; i++)
        if (!strcmp(made[i].name, name)) bed->as = slice_text(made[i].key);
}

static int setup(void **state)
{
    struct bed *bed;

    if (bed_setup(state)) return -1;
    bed = *state;
    bed_shut(bed);
    made_count = 0;
    snprintf(bed->keys, sizeof bed->keys, "%s/keys", bed->folder);
    if (mkdir(bed->keys, 0700) != 0) return -1;
    make(bed, "province", "province-06", "06");
    make(bed, "monitor", "reporter", "");
    make(bed, "intake", "intake", "");
    bed_open(bed);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    return 0;
}

static int teardown(void **state)
{
    struct bed *bed = *state;

    for (size_t i = 0; i < made_count; i++)
        drop(bed, made[i].name);
    rmdir(bed->keys);
    if (bed->policy[0]) unlink(bed->policy);
    return bed_teardown(state);
}

/* The types of all records, one behind the other, as "clock.day.started operator.key.added ...". */
static enum err add_type(void *context, const struct record *record)
{
    struct buf *types = context;
    const struct slice type = topic_type(record->topic);

    if (types->size) buf_add_text(types, " ");
    return buf_add(types, type.data, type.size);
}

static void assert_records(struct bed *bed, const char *types)
{
    const struct log_read_limit limit = { LOG_READ_RECORDS, LOG_READ_RECORDS, LOG_READ_BYTES };
    struct log_place place = { 0 };
    struct log_read_done done = { 0 };
    struct buf found = { 0 };

    assert_int_equal(log_read(bed->log, &place, NULL, &limit, add_type, &found, &done, NULL), ERR_NONE);
    buf_add(&found, "", 1);
    assert_string_equal(found.data, types);
    buf_fini(&found);
}

/* --- who --- */

static void hello_is_said_under_the_name_in_the_key(void **state)
{
    struct bed *bed = *state;

    speak_as(bed, "province-06");
    say_hello(bed, 'a', "province-22", 1);
    say_hello(bed, 'b', "intake", 0);
    say_hello(bed, 'c', "province-06", 1);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_refused(bed, 'a', 0, "NOT_PERMITTED");
    hears_refused(bed, 'b', 0, "NOT_PERMITTED");
    hears_welcome(bed, 'c', 0);
}

static void who_has_no_key_takes_any_name(void **state)
{
    struct bed *bed = *state;

    speak_as(bed, NULL);
    say_hello(bed, 'a', "province-22", 1);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_welcome(bed, 'a', 0);
}

static void an_unknown_key_is_refused_whatever_it_says(void **state)
{
    struct bed *bed = *state;
    struct buf frame = { 0 };

    bed->as = slice_text("0123456789012345678901234567890123456789");
    say_hello(bed, 'a', "province-06", 1);
    frame_ping(&frame, 1);
    bed_say(bed, 'a', &frame);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_refused(bed, 'a', 0, "NOT_PERMITTED");
    hears_refused(bed, 'a', 0, "NOT_PERMITTED");
}

static void the_place_another_left_is_not_taken_over(void **state)
{
    struct bed *bed = *state;

    speak_as(bed, "province-06");
    say_hello(bed, 'a', "province-06", 1);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_welcome(bed, 'a', 0);
    speak_as(bed, NULL); /* another connection, under the same id */
    say_publish(bed, 'a', 1, 1);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_refused(bed, 'a', 1, "NO_HELLO");
}

/* --- publish --- */

static void a_province_publishes_for_itself_alone(void **state)
{
    struct bed *bed = *state;
    struct buf frame = { 0 };

    speak_as(bed, "province-06");
    say_hello(bed, 'a', "province-06", 1);
    say_publish_topic(bed, 'a', 1, 1, "intake.dossier.filed.22");
    say_publish_topic(bed, 'a', 1, 1, "certification.decision.signed.06");
    frame_publish_begin(&frame, 1, 2);
    frame_publish_add(&frame, slice_text("intake.dossier.filed.06"),
                      slice_of(bed->envelope, bed->envelope_size));
    frame_publish_add(&frame, slice_text("intake.dossier.filed.22"),
                      slice_of(bed->envelope, bed->envelope_size));
    bed_say(bed, 'a', &frame);
    say_publish_topic(bed, 'a', 1, 1, "intake.dossier.filed.06");
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_welcome(bed, 'a', 0);
    hears_refused(bed, 'a', 1, "NOT_PERMITTED");
    hears_refused(bed, 'a', 1, "NOT_PERMITTED");
    hears_refused(bed, 'a', 2, "NOT_PERMITTED"); /* and its first event is not stored */
    hears_stored(bed, 'a', 1);
}

/* --- follow --- */

static void say_both(struct bed *bed)
{
    speak_as(bed, NULL);
    bed_join(bed, 'z', "tester");
    say_publish_topic(bed, 'z', 1, 2, "intake.dossier.filed.06");
    say_publish_topic(bed, 'z', 3, 3, "intake.dossier.filed.22");
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_stored(bed, 'z', 5);
}

static void a_province_sees_its_own_of_what_it_asks_for(void **state)
{
    struct bed *bed = *state;
    struct record last;
    struct frame f;

    say_both(bed);
    speak_as(bed, "province-06");
    say_follow(bed, 'a', 0, NULL, "intake.", 100);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    assert_int_equal(hears_events(bed, 'a', &f, &last), 2);
    assert_true(slice_is(last.topic, "intake.dossier.filed.06"));
    assert_int_equal(f.seq, log_durable(bed->log).seq); /* and its cursor has passed the rest */
}

static void what_nobody_may_see_of_is_refused(void **state)
{
    struct bed *bed = *state;

    speak_as(bed, "province-06");
    say_follow(bed, 'a', 0, NULL, "intake.dossier.filed.22", 100);
    say_follow(bed, 'b', 0, NULL, "operator.", 100);
    say_follow(bed, 'c', 0, NULL, NULL, 100); /* everything */
    speak_as(bed, "reporter");
    say_follow(bed, 'd', 0, NULL, "intake.", 100);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    for (char peer = 'a'; peer <= 'd'; peer++)
        hears_refused(bed, peer, 0, "NOT_PERMITTED");
}

static void a_service_is_given_no_part(void **state)
{
    struct bed *bed = *state;
    struct record last;
    struct frame f;

    speak_as(bed, "intake");
    say_follow(bed, 'a', 0, NULL, "notification.", 100);
    say_follow(bed, 'b', 0, NULL, "", 100);
    say_follow(bed, 'c', 0, NULL, "intake.", 100);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_refused(bed, 'a', 0, "NOT_PERMITTED");
    hears_refused(bed, 'b', 0, "NOT_PERMITTED");
    assert_int_equal(hears_events(bed, 'c', &f, &last), 0); /* a progress mark */
}

static void subscriptions_must_be_allowed_whole(void **state)
{
    struct bed *bed = *state;
    const struct slice province = slice_text(made[0].key), monitor = slice_text(made[1].key);

    assert_true(broker_admits(bed->broker, monitor, slice_text("certification.")));
    assert_true(broker_admits(bed->broker, monitor, slice_text("bus.head")));
    assert_false(broker_admits(bed->broker, monitor, slice_text("")));
    assert_false(broker_admits(bed->broker, monitor, slice_text("certification")));
    assert_false(broker_admits(bed->broker, province, slice_text("intake.")));
    assert_true(broker_admits(bed->broker, province, slice_text("intake.dossier.filed.06")));
    assert_false(broker_admits(bed->broker, province, slice_text("Intake")));
    assert_true(broker_admits(bed->broker, slice_text(""), slice_text("")));
    assert_false(broker_admits(bed->broker, slice_text("nobody"), slice_text("certification.")));
}

/* --- questions --- */

static void hears_denied(struct bed *bed, char peer, uint64_t denied)
{
    struct frame f;
    struct buf frame = { 0 }, map = { 0 };
    uint64_t found = 0;

    speak_as(bed, NULL);
    buf_add(&map, "\x80", 1);
    frame_ask(&frame, 1, slice_text("status"), buf_slice(&map));
    buf_fini(&map);
    bed_say(bed, peer, &frame);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    f = hear(bed, peer);
    assert_int_equal(f.command, FRAME_ANSWER);
    assert_true(mp_u64(mp_find(&f.map, "denied"), &found));
    assert_int_equal(found, denied);
}

static void refusals_are_counted(void **state)
{
    struct bed *bed = *state;
    struct buf frame = { 0 }, map = { 0 };
    struct frame f;

    speak_as(bed, "reporter");
    say_hello(bed, 'a', "somebody", 1);
    say_clock(bed, 'a', "2026-03-03");
    buf_add(&map, "\x80", 1);
    frame_ask(&frame, 7, slice_text("other"), buf_slice(&map));
    buf_fini(&map);
    bed_say(bed, 'a', &frame);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_refused(bed, 'a', 0, "NOT_PERMITTED");
    hears_refused(bed, 'a', 0, "NOT_PERMITTED");
    f = hear(bed, 'a');
    assert_int_equal(f.command, FRAME_FAULT);
    assert_true(slice_is(f.code, "NOT_PERMITTED"));
    assert_false(broker_admits(bed->broker, slice_text(made[1].key), slice_text("intake.")));
    hears_denied(bed, 'z', 4);
}

static void who_does_not_read_is_counted_all_the_same(void **state)
{
    struct bed *bed = *state;

    speak_as(bed, "province-06");
    say_hello(bed, 'a', "province-06", 1);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_welcome(bed, 'a', 0);
    bed->send_result = ERR_AGAIN; /* its queue is full */
    for (int i = 0; i < 5; i++) {
        speak_as(bed, "province-06");
        say_publish_topic(bed, 'a', 1, 1, "intake.dossier.filed.22");
        assert_int_equal(bed_turn(bed), ERR_NONE);
    }
    bed->send_result = ERR_NONE;
    hears_denied(bed, 'z', 5);
    speak_as(bed, "province-06");
    say_publish_topic(bed, 'a', 1, 1, "intake.dossier.filed.06");
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_refused(bed, 'a', 1, "NO_HELLO");
}

/* --- change --- */

static void a_removed_key_is_forgotten_at_once(void **state)
{
    struct bed *bed = *state;
    struct record last;
    struct frame f;

    say_both(bed);
    speak_as(bed, "province-06");
    say_hello(bed, 'a', "province-06", 1);
    say_follow(bed, 'a', 0, NULL, "intake.", 100);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_welcome(bed, 'a', 0);
    assert_int_equal(hears_events(bed, 'a', &f, &last), 2);
    drop(bed, "province-06");
    look(bed);
    hears_refused(bed, 'a', 0, "NOT_PERMITTED"); /* it is told */
    speak_as(bed, NULL);
    say_publish_topic(bed, 'z', 6, 1, "intake.dossier.filed.06");
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_stored(bed, 'z', 6);
    hears_nothing(bed, 'a'); /* and hears no more */
    speak_as(bed, "province-06");
    say_publish(bed, 'a', 1, 1);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_refused(bed, 'a', 0, "NOT_PERMITTED");
}

static void a_policy_that_changes_holds_for_who_is_there(void **state)
{
    struct bed *bed = *state;
    struct record last;
    struct frame f;
    FILE *file;

    say_both(bed);
    bed_shut(bed);
    snprintf(bed->policy, sizeof bed->policy, "%s/policy.zpl", bed->folder);
    file = fopen(bed->policy, "w");
    assert_non_null(file);
    fputs("role\n    operator\n        publish = *\n        follow = *\n    monitor\n        follow = "
          "\"intake.\"\n",
          file);
    fclose(file);
    bed_open(bed);
    speak_as(bed, "reporter");
    say_follow(bed, 'a', 0, NULL, "intake.", 100);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    assert_int_equal(hears_events(bed, 'a', &f, &last), 5);
    file = fopen(bed->policy, "a");
    assert_non_null(file);
    fputs("    province\n        follow = \"intake.\"\n", file);
    fclose(file);
    look(bed);
    hears_nothing(bed, 'a'); /* that was not about it */
    file = fopen(bed->policy, "w");
    assert_non_null(file);
    fputs("role\n    monitor\n        follow = \"clock.\"\n", file);
    fclose(file);
    look(bed);
    hears_refused(bed, 'a', 0, "NOT_PERMITTED");
}

/* --- places --- */

static void with_few_places(struct bed *bed)
{
    bed_shut(bed);
    bed->settings.sessions = 8;
    bed->settings.sessions_of_key = 4;
    bed->settings.followers = 5;
    bed->settings.followers_of_key = 2;
    bed->settings.followers_reserved = 2;
    bed_open(bed);
    assert_int_equal(bed_turn(bed), ERR_NONE);
}

static void follow_as(struct bed *bed, const char *name, char peer)
{
    speak_as(bed, name);
    say_follow(bed, peer, 0, NULL, "certification.", 100);
    assert_int_equal(bed_turn(bed), ERR_NONE);
}

/* A progress mark says that it follows. */
static void follows(struct bed *bed, const char *name, char peer)
{
    struct record last;
    struct frame f;

    follow_as(bed, name, peer);
    assert_int_equal(hears_events(bed, peer, &f, &last), 0);
}

static void one_key_has_so_many_followers(void **state)
{
    struct bed *bed = *state;

    with_few_places(bed);
    follows(bed, "reporter", 'a');
    follows(bed, "reporter", 'b');
    follow_as(bed, "reporter", 'c');
    assert_int_equal(hear(bed, 'a').command, FRAME_PONG); /* are they there? */
    assert_int_equal(hear(bed, 'b').command, FRAME_PONG);
    hears_refused(bed, 'c', 0, "BUSY");
    follows(bed, "reporter", 'b'); /* who has a place may begin anew */
    follows(bed, "province-06", 'd');
}

static void the_last_places_are_for_services_and_local_peers(void **state)
{
    struct bed *bed = *state;

    with_few_places(bed);
    follows(bed, "reporter", 'a');
    follows(bed, "reporter", 'b');
    follows(bed, "province-06", 'c');
    follow_as(bed, "province-06", 'd');
    hears_refused(bed, 'd', 0, "BUSY");
    follows(bed, "intake", 'e');
    follows(bed, NULL, 'f');
}

static void the_gone_and_the_silent_make_room_for_their_own_key(void **state)
{
    struct bed *bed = *state;

    with_few_places(bed);
    follows(bed, "reporter", 'a');
    follows(bed, "reporter", 'b');
    bed->send_result = ERR_GONE; /* a and b have left without a word */
    speak_as(bed, "reporter");
    say_follow(bed, 'c', 0, NULL, "certification.", 100);
    bed->send_result = ERR_NONE;
    assert_int_equal(bed_turn(bed), ERR_NONE);
    assert_int_equal(hear(bed, 'c').command, FRAME_EVENTS);
    bed->now.monotonic_ms += 31000;
    bed->now.wall_ms += 31000;
    assert_int_equal(bed_turn(bed), ERR_NONE);
    follows(bed, "reporter", 'd'); /* for the one of both that was there last, 31 s ago */
    hears_nothing(bed, 'c');
}

static void one_key_has_so_many_sessions(void **state)
{
    struct bed *bed = *state;

    with_few_places(bed);
    speak_as(bed, "province-06");
    for (char peer = 'a'; peer <= 'e'; peer++)
        say_hello(bed, peer, "province-06", (uint64_t)peer);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_refused(bed, 'e', 0, "BUSY");
    say_hello(bed, 'f', "province-06", 'a'); /* takes the place over */
    assert_int_equal(bed_turn(bed), ERR_NONE);
    hears_welcome(bed, 'f', 0);
}

/* --- the log knows --- */

#define THREE_KEYS "operator.key.added operator.key.added operator.key.added"

static void each_change_is_said_once(void **state)
{
    struct bed *bed = *state;

    assert_records(bed, "clock.day.started " THREE_KEYS);
    bed_shut(bed);
    bed_open(bed);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    assert_records(bed, "clock.day.started " THREE_KEYS);
    make(bed, "authority", "authority-06", "06");
    look(bed);
    assert_records(bed, "clock.day.started " THREE_KEYS " operator.key.added");
    bed_shut(bed);
    drop(bed, "authority-06"); /* while nobody was there */
    bed_open(bed);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    assert_records(bed, "clock.day.started " THREE_KEYS " operator.key.added operator.key.revoked");
}

static void a_key_that_says_something_else_is_revoked_and_added(void **state)
{
    struct bed *bed = *state;

    drop(bed, "reporter");
    make(bed, "province", "reporter", "22"); /* another key, the same name */
    look(bed);
    assert_records(bed, "clock.day.started " THREE_KEYS " operator.key.revoked operator.key.added");
    drop(bed, "reporter");
}

static void what_the_full_disk_did_not_take_is_said_later(void **state)
{
    struct bed *bed = *state;

    make(bed, "authority", "authority-06", "06");
    (void)guard_look(bed->guard, bed->now.monotonic_ms, true);
    assert_int_equal(broker_rights_changed(bed->broker), ERR_NONE);
    faulty.code = SQLITE_FULL;
    atomic_store(&faulty.fail_write, 1);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    assert_records(bed, "clock.day.started " THREE_KEYS);
    faulty_heal();
    assert_int_equal(bed_turn(bed), ERR_NONE);
    assert_records(bed, "clock.day.started " THREE_KEYS " operator.key.added");
    bed_shut(bed);
    bed_open(bed);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    assert_records(bed, "clock.day.started " THREE_KEYS " operator.key.added");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(hello_is_said_under_the_name_in_the_key),
        TEST(who_has_no_key_takes_any_name),
        TEST(an_unknown_key_is_refused_whatever_it_says),
        TEST(the_place_another_left_is_not_taken_over),
        TEST(a_province_publishes_for_itself_alone),
        TEST(a_province_sees_its_own_of_what_it_asks_for),
        TEST(what_nobody_may_see_of_is_refused),
        TEST(a_service_is_given_no_part),
        TEST(subscriptions_must_be_allowed_whole),
        TEST(refusals_are_counted),
        TEST(who_does_not_read_is_counted_all_the_same),
        TEST(a_removed_key_is_forgotten_at_once),
        TEST(a_policy_that_changes_holds_for_who_is_there),
        TEST(one_key_has_so_many_followers),
        TEST(the_last_places_are_for_services_and_local_peers),
        TEST(the_gone_and_the_silent_make_room_for_their_own_key),
        TEST(one_key_has_so_many_sessions),
        TEST(each_change_is_said_once),
        TEST(a_key_that_says_something_else_is_revoked_and_added),
        TEST(what_the_full_disk_did_not_take_is_said_later),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
