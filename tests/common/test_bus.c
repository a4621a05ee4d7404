/* Sockets over ipc in a folder of their own. Nothing sleeps: each step waits for the other side, at most
 * WAIT_MS. */
#include "common/bus.h"

#include "common/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 10000 };

static char folder[64], path[80], endpoint[100];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/ocop-bus-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/x.sock", folder);
    snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void wait_readable(struct bus_socket *s)
{
    bool ready = false;

    assert_int_equal(bus_wait(&s, 1, WAIT_MS, &ready), ERR_NONE);
    assert_true(ready);
}

static struct bus_socket *router(void)
{
    struct bus_socket *s = NULL;
    struct why why = { 0 };

    assert_int_equal(bus_router_bind(endpoint, &s, &why), ERR_NONE);
    return s;
}

static struct bus_socket *dealer(void)
{
    struct bus_socket *s = NULL;
    struct why why = { 0 };

    assert_int_equal(bus_dealer_watch(endpoint, &s, &why), ERR_NONE);
    return s;
}

/* Send as soon as there is a connection: the watch wakes us when it is made. */
static void send_connected(struct bus_socket *s, struct slice bytes)
{
    while (bus_send(s, NULL, bytes) == ERR_AGAIN)
        wait_readable(s);
}

static void receive(struct bus_socket *s, struct bus_peer *peer, struct bus_frame *f)
{
    enum err e;

    while ((e = bus_recv(s, peer, f)) == ERR_AGAIN)
        wait_readable(s);
    assert_int_equal(e, ERR_NONE);
}

static void refuses_to_bind(const char *at, const char *code, const char *says)
{
    struct bus_socket *s = NULL;
    struct why why = { 0 };

    assert_int_equal(bus_router_bind(at, &s, &why), ERR_CONFIG);
    assert_null(s);
    assert_string_equal(why.code, code);
    assert_non_null(strstr(why.sentence, says));
}

static void frames_travel_both_ways(void **state)
{
    struct bus_socket *r = router(), *d = dealer();
    struct bus_frame f = { 0 };
    struct bus_peer peer;

    (void)state;
    send_connected(d, slice_text("question"));
    receive(r, &peer, &f);
    assert_true(slice_is(f.bytes, "question"));
    assert_int_equal(bus_send(r, &peer, slice_text("answer")), ERR_NONE);
    receive(d, NULL, &f);
    assert_true(slice_is(f.bytes, "answer"));
    assert_int_equal(bus_recv(d, NULL, &f), ERR_AGAIN);
    assert_int_equal(bus_recv(r, &peer, &f), ERR_AGAIN);
    bus_frame_fini(&f);
    bus_destroy(&d);
    bus_destroy(&r);
    bus_destroy(&r);
}

static void a_message_of_several_frames_is_invalid(void **state)
{
    struct bus_socket *r = router(), *d = dealer();
    struct bus_frame f = { 0 };
    struct bus_peer peer = { 0 };

    (void)state;
    send_connected(d, slice_text("first"));
    assert_int_equal(bus_publish(d, slice_text("a"), slice_text("b"), slice_text("c")), ERR_NONE);
    assert_int_equal(bus_send(d, NULL, slice_text("last")), ERR_NONE);
    receive(r, &peer, &f);
    peer.size = 0;
    wait_readable(r);
    assert_int_equal(bus_recv(r, &peer, &f), ERR_INVALID);
    assert_true(peer.size > 0);
    receive(r, &peer, &f);
    assert_true(slice_is(f.bytes, "last"));
    bus_frame_fini(&f);
    bus_destroy(&d);
    bus_destroy(&r);
}

static void the_socket_file_is_for_owner_and_group(void **state)
{
    struct bus_socket *r = router();
    struct stat st;

    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0660);
    bus_destroy(&r);
    assert_int_equal(stat(path, &st), -1);
}

static void a_living_process_keeps_its_socket(void **state)
{
    struct bus_socket *r = router(), *d;
    struct bus_frame f = { 0 };
    struct bus_peer peer;

    (void)state;
    refuses_to_bind(endpoint, "BOUND", "Another process is bound there");
    d = dealer();
    send_connected(d, slice_text("still there"));
    receive(r, &peer, &f);
    bus_frame_fini(&f);
    bus_destroy(&d);
    bus_destroy(&r);
}

static void a_dead_process_hinders_nobody(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct bus_socket *r;

    (void)state;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address), 0);
    close(fd);
    r = router();
    bus_destroy(&r);
}

static void a_place_is_free_at_once_after_destroying(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct bus_socket *r = router(), *d = dealer();
        struct bus_frame f = { 0 };
        struct bus_peer peer;

        send_connected(d, slice_text("x"));
        receive(r, &peer, &f);
        bus_frame_fini(&f);
        bus_destroy(&r);
        r = router();
        bus_destroy(&r);
        bus_destroy(&d);
    }
}

static void wrong_endpoints_are_refused(void **state)
{
    char at[400];
    FILE *file = fopen(path, "w");

    (void)state;
    assert_non_null(file);
    fclose(file);
    refuses_to_bind(endpoint, "ENDPOINT", "is not a socket");
    assert_int_equal(access(path, F_OK), 0);
    refuses_to_bind("tcp://*:5555", "ENDPOINT", "TCP needs keys");
    refuses_to_bind("udp://x", "ENDPOINT", "no endpoint");
    refuses_to_bind("ipc://", "ENDPOINT", "no file");
    refuses_to_bind("ipc://*", "ENDPOINT", "no file");
    snprintf(at, sizeof at, "ipc://%s/none/x.sock", folder);
    refuses_to_bind(at, "ENDPOINT", "does not exist");
    snprintf(at, sizeof at, "ipc://%s/%0120d", folder, 1);
    refuses_to_bind(at, "ENDPOINT", "the system allows 107");
}

static void nobody_there_is_an_error_and_no_wait(void **state)
{
    struct bus_peer stranger = { 5, "12345" };
    struct bus_socket *r, *d = dealer();

    (void)state;
    assert_int_equal(bus_send(d, NULL, slice_text("x")), ERR_AGAIN);
    bus_destroy(&d);
    r = router();
    assert_int_equal(bus_send(r, &stranger, slice_text("x")), ERR_GONE);
    bus_destroy(&r);
}

static void a_peer_that_does_not_read_fills_only_its_own_queue(void **state)
{
    struct bus_socket *r = router(), *slow = dealer(), *quick = dealer();
    struct bus_peer slow_peer, quick_peer;
    struct bus_frame f = { 0 };
    char block[4096] = { 0 };
    enum err e = ERR_NONE;

    (void)state;
    send_connected(slow, slice_text("slow"));
    receive(r, &slow_peer, &f);
    send_connected(quick, slice_text("quick"));
    receive(r, &quick_peer, &f);
    for (int i = 0; i < 100 * BUS_QUEUE_MAX && !e; i++)
        e = bus_send(r, &slow_peer, slice_of(block, sizeof block));
    assert_int_equal(e, ERR_AGAIN);
    assert_int_equal(bus_send(r, &quick_peer, slice_text("hello")), ERR_NONE);
    receive(quick, NULL, &f);
    assert_true(slice_is(f.bytes, "hello"));
    bus_frame_fini(&f);
    bus_destroy(&slow);
    bus_destroy(&quick);
    bus_destroy(&r);
}

/* How many frames a peer can hand over that nobody takes. */
static int frames_that_wait(int queue_frames)
{
    static char block[16384];
    struct bus_socket *r, *d;
    struct bus_frame f = { 0 };
    struct bus_peer peer;
    int sent = 0;

    bus_queue_frames(queue_frames);
    r = router();
    bus_queue_frames(BUS_QUEUE_MAX);
    d = dealer();
    send_connected(d, slice_text("x"));
    receive(r, &peer, &f);
    for (int64_t until = clock_monotonic_ms() + 300; clock_monotonic_ms() < until;)
        if (bus_send(d, NULL, slice_of(block, sizeof block)) == ERR_NONE) {
            sent++;
            until = clock_monotonic_ms() + 300;
        }
    bus_frame_fini(&f);
    bus_drop(&d);
    bus_drop(&r);
    return sent;
}

static void so_many_frames_of_a_peer_wait_and_no_more(void **state)
{
    int few = frames_that_wait(16), many = frames_that_wait(BUS_QUEUE_MAX);

    (void)state;
    assert_true(few >= 16);
    assert_true(many - few > BUS_QUEUE_MAX / 2); /* the rest waits at the sender's and in the system */
}

static void too_large_a_frame_is_not_sent(void **state)
{
    struct bus_socket *d = dealer();

    (void)state;
    assert_int_equal(bus_send(d, NULL, slice_of(path, (size_t)BUS_FRAME_MAX + 1)), ERR_LIMIT);
    bus_destroy(&d);
}

static void a_watched_dealer_hears_that_the_other_side_left(void **state)
{
    struct bus_socket *r = router(), *d = dealer();
    struct bus_frame f = { 0 };
    struct bus_peer peer;
    enum err e;

    (void)state;
    send_connected(d, slice_text("x"));
    receive(r, &peer, &f);
    bus_destroy(&r);
    while ((e = bus_recv(d, NULL, &f)) == ERR_AGAIN)
        wait_readable(d);
    assert_int_equal(e, ERR_GONE);
    assert_int_equal(bus_recv(d, NULL, &f), ERR_AGAIN);
    bus_destroy(&d);
    r = router();
    d = dealer();
    send_connected(d, slice_text("again"));
    receive(r, &peer, &f);
    bus_frame_fini(&f);
    bus_destroy(&d);
    bus_destroy(&r);
}

static void subscription(struct bus_socket *x, const char *prefix, bool on)
{
    struct bus_frame f = { 0 };
    struct slice got;
    bool begins;
    enum err e;

    while ((e = bus_subscription(x, &f, &got, &begins)) == ERR_AGAIN)
        wait_readable(x);
    assert_int_equal(e, ERR_NONE);
    assert_true(slice_is(got, prefix));
    assert_int_equal(begins, on);
    if (on && prefix[0] == 'o') assert_int_equal(bus_admit(x, got), ERR_NONE);
    bus_frame_fini(&f);
}

static void only_admitted_subscriptions_hear(void **state)
{
    struct bus_socket *x = NULL, *s = NULL;
    struct bus_frame frames[3] = { { .held = false } };
    struct why why = { 0 };
    enum err e;

    (void)state;
    assert_int_equal(bus_xpub_bind(endpoint, &x, &why), ERR_NONE);
    assert_int_equal(bus_sub_connect(endpoint, &s, &why), ERR_NONE);
    assert_int_equal(bus_subscribe(s, slice_text("secret.")), ERR_NONE);
    assert_int_equal(bus_subscribe(s, slice_text("open.")), ERR_NONE);
    subscription(x, "secret.", true); /* not admitted */
    subscription(x, "open.", true);
    assert_int_equal(bus_publish(x, slice_text("secret.a"), slice_text("1"), slice_text("no")), ERR_NONE);
    assert_int_equal(bus_publish(x, slice_text("open.a"), slice_text("2"), slice_text("yes")), ERR_NONE);
    while ((e = bus_recv_live(s, frames)) == ERR_AGAIN)
        wait_readable(s);
    assert_int_equal(e, ERR_NONE);
    assert_true(slice_is(frames[0].bytes, "open.a"));
    assert_true(slice_is(frames[1].bytes, "2"));
    assert_true(slice_is(frames[2].bytes, "yes"));
    for (int i = 0; i < 3; i++)
        bus_frame_fini(&frames[i]);
    bus_destroy(&s);
    bus_destroy(&x);
}

static void a_monitor_that_leaves_is_forgotten(void **state)
{
    struct bus_socket *x = NULL, *s = NULL;
    struct why why = { 0 };

    (void)state;
    assert_int_equal(bus_xpub_bind(endpoint, &x, &why), ERR_NONE);
    assert_int_equal(bus_sub_connect(endpoint, &s, &why), ERR_NONE);
    assert_int_equal(bus_subscribe(s, slice_text("open.")), ERR_NONE);
    subscription(x, "open.", true);
    bus_destroy(&s);
    subscription(x, "open.", false);
    assert_int_equal(bus_publish(x, slice_text("open.a"), slice_text("1"), slice_text("x")), ERR_NONE);
    bus_destroy(&x);
}

static void waiting_ends_when_the_time_is_up(void **state)
{
    struct bus_socket *r = router();
    bool ready = true;

    (void)state;
    assert_int_equal(bus_wait(&r, 1, 0, &ready), ERR_NONE);
    assert_false(ready);
    bus_destroy(&r);
}

static void on_alarm(int signal)
{
    (void)signal;
}

static void a_signal_ends_the_wait(void **state)
{
    const struct sigaction action = { .sa_handler = on_alarm };
    const struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never = { { 0, 0 }, { 0, 0 } };
    struct bus_socket *r = router();
    bool ready;

    (void)state;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    assert_int_equal(bus_wait(&r, 1, WAIT_MS, &ready), ERR_INTERRUPTED);
    setitimer(ITIMER_REAL, &never, NULL);
    bus_destroy(&r);
}

/* In the child of a process that has used sockets before. */
static int child(void)
{
    struct bus_socket *s = NULL;
    struct bus_frame f = { 0 };
    struct why why = { 0 };
    bool ready;
    enum err e;

    e = bus_dealer_watch(endpoint, &s, &why);
    while (!e && (e = bus_send(s, NULL, slice_text("from the child"))) == ERR_AGAIN)
        e = bus_wait(&s, 1, WAIT_MS, &ready);
    while (!e && (e = bus_recv(s, NULL, &f)) == ERR_AGAIN)
        e = bus_wait(&s, 1, WAIT_MS, &ready);
    bus_frame_fini(&f);
    bus_destroy(&s);
    return (int)e;
}

static void a_forked_child_has_sockets_of_its_own(void **state)
{
    struct bus_socket *r = router();
    struct bus_frame f = { 0 };
    struct bus_peer peer;
    int status = -1;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) _exit(child());
    receive(r, &peer, &f);
    assert_true(slice_is(f.bytes, "from the child"));
    assert_int_equal(bus_send(r, &peer, slice_text("go")), ERR_NONE);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ERR_NONE);
    bus_frame_fini(&f);
    bus_destroy(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frames_travel_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_of_several_frames_is_invalid, setup, teardown),
        cmocka_unit_test_setup_teardown(the_socket_file_is_for_owner_and_group, setup, teardown),
        cmocka_unit_test_setup_teardown(a_living_process_keeps_its_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dead_process_hinders_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_place_is_free_at_once_after_destroying, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_endpoints_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_there_is_an_error_and_no_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_does_not_read_fills_only_its_own_queue, setup, teardown),
        cmocka_unit_test_setup_teardown(so_many_frames_of_a_peer_wait_and_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(too_large_a_frame_is_not_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(a_watched_dealer_hears_that_the_other_side_left, setup, teardown),
        cmocka_unit_test_setup_teardown(only_admitted_subscriptions_hear, setup, teardown),
        cmocka_unit_test_setup_teardown(a_monitor_that_leaves_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_ends_when_the_time_is_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signal_ends_the_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(a_forked_child_has_sockets_of_its_own, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
