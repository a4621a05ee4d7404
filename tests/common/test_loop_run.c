/* The whole loop against a broker played by hand: what it publishes after a recall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus.h"
#include "common/clock.h"
#include "common/frame.h"
#include "common/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The toy accepts each coin. */
static enum err decide_tossed(struct turn *turn, const struct record *rec)
{
    (void)rec;
    return turn_announce(turn, "toy.coin.accepted", slice_text("06"), turn_envelope(turn)->subject,
                         slice_of("\x80", 1));
}

/* And can make nothing of a fact. */
static enum err apply_stated(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    (void)outcome, (void)cause;
    return why_set(turn_why(turn), ERR_INVALID, "STATED", "a toy applies no facts");
}

static enum err toy_open(void *store, sqlite3 *db, struct why *why)
{
    (void)store, (void)db, (void)why;
    return ERR_NONE;
}

static void toy_close(void *store)
{
    (void)store;
}

static const struct route toy_routes[] = {
    { "toy.coin.tossed", decide_tossed, NULL, "toy.coin.refused" },
    { "other.fact.stated", NULL, apply_stated, NULL },
    { NULL, NULL, NULL, NULL },
};
static const char *const toy_prefixes[] = { "toy.", "other.", NULL };
static const struct service toy = { .name = "toy",
                                    .prefixes = toy_prefixes,
                                    .routes = toy_routes,
                                    .schema = "CREATE TABLE coin(a INTEGER PRIMARY KEY) STRICT;",
                                    .program = 1,
                                    .store_bytes = 1,
                                    .store_open = toy_open,
                                    .store_close = toy_close };

/* --- the log that the played broker has --- */

enum { RECORDS_MAX = 32 };

struct said {
    struct buf envelope;
    struct record record;
};
static struct said log_of[RECORDS_MAX];
static size_t log_count;
static uint64_t own_number;
static struct hash own_hash;

static void say(const char *publisher, const char *type, const char *topic, uint64_t number,
                uint64_t cause_seq)
{
    struct said *s = &log_of[log_count];
    char id[16];

    snprintf(id, sizeof id, "id-%zu", log_count + 1);
    const struct envelope e = { .id = slice_text(id),
                                .source = slice_text(publisher),
                                .type = slice_text(type),
                                .subject = slice_text("s"),
                                .time_ms = 1,
                                .cause = slice_text("x"),
                                .cause_seq = cause_seq,
                                .count = 1 };

    assert_int_equal(envelope_write(&e, slice_of("\x80", 1), &s->envelope), ERR_NONE);
    s->record = (struct record){ .seq = ++log_count,
                                 .at_ms = 1000,
                                 .publisher = slice_text(publisher),
                                 .topic = slice_text(topic),
                                 .envelope = buf_slice(&s->envelope),
                                 .epoch = cause_seq ? 0 : 1,
                                 .number = number };
    if (!cause_seq) return;
    own_number = number;
    own_hash = hash_running(&own_hash, number, s->record.topic, s->record.envelope);
}

static void toss(void)
{
    say("tester", "toy.coin.tossed", "toy.coin.tossed.06", log_count + 1, 0);
}

static void answer_by(uint64_t number, uint64_t cause_seq)
{
    say("toy", "toy.coin.accepted", "toy.coin.accepted.06", number, cause_seq);
}

static void forget_log(void)
{
    for (size_t i = 0; i < log_count; i++)
        buf_fini(&log_of[i].envelope);
    memset(log_of, 0, sizeof log_of);
    log_count = own_number = 0;
    memset(&own_hash, 0, sizeof own_hash);
}

/* --- the service in a thread of its own --- */

static volatile sig_atomic_t stop; /* written and read in the service's thread only */
static char folder[] = "/tmp/loop-run-XXXXXX", endpoint[64], store[64];
static enum err ended_with;

static void ask_to_stop(int signal)
{
    (void)signal;
    stop = 1;
}

static void *run(void *unused)
{
    const struct loop_settings settings = { .broker = endpoint, .store = store, .heartbeat_ms = 20000 };

    (void)unused;
    ended_with = loop_run(&toy, &settings, &stop);
    return NULL;
}

static void events(struct bus_socket *router, const struct bus_peer *peer, uint64_t after)
{
    struct buf out = { 0 };
    const struct hash none = { { 0 } };

    frame_events_begin(&out, log_count, &none, log_count - after);
    for (size_t i = after; i < log_count; i++)
        frame_events_add(&out, &log_of[i].record);
    assert_int_equal(bus_send(router, peer, buf_slice(&out)), ERR_NONE);
    buf_fini(&out);
}

static int hellos;

/* Play the broker until the first PUBLISH: its first number and how many events it has. */
static void play_until_publish(struct bus_socket *router, uint64_t *first, size_t *count)
{
    const int64_t until = clock_monotonic_ms() + 20000;
    msgpack_zone *zone = msgpack_zone_new(8192);
    struct bus_frame frame = { 0 };
    struct buf out = { 0 };

    *first = *count = 0;
    hellos = 0;
    while (!*count && clock_monotonic_ms() < until) {
        struct bus_peer peer;
        struct why why = { 0 };
        struct frame f;
        bool ready;

        (void)bus_wait(&router, 1, 100, &ready);
        if (bus_recv(router, &peer, &frame)) continue;
        assert_int_equal(frame_read(frame.bytes, zone, &f, &why), ERR_NONE);
        buf_clear(&out);
        hellos += f.command == FRAME_HELLO;
        if (f.command == FRAME_HELLO) frame_welcome(&out, own_number, &own_hash, log_count);
        if (f.command == FRAME_PING) frame_pong(&out, f.token, log_count);
        if (out.size) assert_int_equal(bus_send(router, &peer, buf_slice(&out)), ERR_NONE);
        if (f.command == FRAME_FOLLOW) events(router, &peer, f.seq);
        if (f.command == FRAME_PUBLISH) {
            *first = f.number;
            *count = f.list.via.array.size;
        }
    }
    buf_fini(&out);
    bus_frame_fini(&frame);
    msgpack_zone_free(zone);
}

static int setup(void **state)
{
    (void)state;
    if (hash_init() || !mkdtemp(folder) || signal(SIGUSR1, ask_to_stop) == SIG_ERR) return 1;
    snprintf(endpoint, sizeof endpoint, "ipc://%s/b.sock", folder);
    snprintf(store, sizeof store, "%s/toy.db", folder);
    return 0;
}

static int lose_store(void **state)
{
    static const char *const endings[] = { "toy.db", "toy.db-wal", "toy.db-shm", "toy.db.lock", "b.sock" };
    char name[96];

    (void)state;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(name, sizeof name, "%s/%s", folder, endings[i]);
        unlink(name);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)lose_store(state);
    return rmdir(folder);
}

/* One life of the service, until its first PUBLISH. */
static void live(uint64_t *first, size_t *count)
{
    struct bus_socket *router = NULL;
    struct why why = { 0 };
    pthread_t thread;

    stop = 0;
    assert_int_equal(bus_router_bind(endpoint, &router, &why), ERR_NONE);
    assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
    play_until_publish(router, first, count);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    bus_destroy(&router);
    forget_log();
    assert_int_equal(ended_with, ERR_NONE);
}

/* The store is lost; two answers are in the log and three newer coins wait. What is decided now continues our
 * numbers: with any other first number the broker takes new outcomes for ones it knows, and drops them. */
static void after_a_recall_numbers_go_on(void **state)
{
    uint64_t first;
    size_t count;

    (void)state;
    toss();
    answer_by(1, 1);
    toss();
    answer_by(2, 3);
    for (int i = 0; i < 3; i++)
        toss();
    live(&first, &count);
    assert_int_equal(count, 3);
    assert_int_equal(first, 3);
}

/* An older copy has an answer that was never sent; the log has another one under that number, and more. */
static void a_recall_onto_another_past_begins_anew(void **state)
{
    uint64_t first;
    size_t count;

    (void)state;
    toss();
    live(&first, &count); /* answered, and not STORED */
    assert_int_equal(first, 1);
    toss();
    answer_by(1, 1); /* not those bytes */
    toss();
    answer_by(2, 3);
    toss();
    live(&first, &count);
    assert_int_equal(hellos, 2); /* the second one with an empty store */
    assert_int_equal(count, 1);
    assert_int_equal(first, 3);
}

/* Records are applied without a savepoint; one that cannot be is taken again with one, and those that shared
 * its commit with it. Each is decided as before, once, and the fact is a dead letter. */
static void a_fact_that_cannot_be_applied_is_taken_again(void **state)
{
    uint64_t first;
    size_t count;

    (void)state;
    toss();
    say("tester", "other.fact.stated", "other.fact.stated.06", 2, 0);
    toss();
    say("tester", "other.fact.stated", "other.fact.stated.06", 4, 0);
    toss();
    live(&first, &count);
    assert_int_equal(hellos, 2); /* the second had its savepoint at once */
    assert_int_equal(first, 1);
    assert_int_equal(count, 5); /* three accepted, two dead */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(after_a_recall_numbers_go_on, lose_store),
        cmocka_unit_test_teardown(a_recall_onto_another_past_begins_anew, lose_store),
        cmocka_unit_test_teardown(a_fact_that_cannot_be_applied_is_taken_again, lose_store),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
