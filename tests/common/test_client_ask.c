/* test_client_ask.c - one question and its answer, by client_ask. */
#include "tests/common/stage.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { NOBODY = 65534 };

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
    assert_non_null(strstr(why.sentence, "does not exist"));
    broker_start();
    why_clear(&why);
    assert_int_equal(client_ask(endpoint, "status", slice_of(NULL, 0), 30, zone, &answer, &why), ERR_TIMEOUT);
    assert_non_null(strstr(why.sentence, "Nobody at"));
}

/* Root may open everything, so somebody else asks. */
static void ask_as_a_stranger(void)
{
    struct why why = { 0 };
    msgpack_object answer;
    enum err e;

    if (geteuid() == 0 && setuid(NOBODY) != 0) _exit(2);
    e = client_ask(endpoint, "status", slice_of(NULL, 0), WAIT_MS, zone, &answer, &why);
    _exit(e == ERR_CONFIG && !strcmp(why.code, "MAY_NOT_OPEN") && strstr(why.sentence, "Permission denied")
              ? 0
              : 1);
}

static void who_may_not_open_the_socket_is_told_at_once(void **state)
{
    pid_t child;
    int status = 0;

    (void)state;
    broker_start();
    assert_int_equal(chmod(endpoint + strlen("ipc://"), 0), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) ask_as_a_stranger();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_outlives_its_socket),
        TEST(a_fault_is_an_error_with_its_sentence),
        TEST(nobody_answers_in_time),
        TEST(who_may_not_open_the_socket_is_told_at_once),
    };

    if (hash_init() != 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
