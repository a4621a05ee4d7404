/* Certificates in files, and the door they open: who comes in over TCP, as whom, and who does not. */
#include "common/guard.h"

#include "common/clock.h"
#include "common/logline.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 10000 };

static char folder[64], home[80], endpoint[64];
static struct party us; /* the keys of this process */

static void path_of(const char *name, const char *suffix, char out[160])
{
    snprintf(out, 160, "%s/%s%s", folder, name, suffix);
}

static void drop(const char *name)
{
    char path[160];

    path_of(name, ".key", path);
    unlink(path);
    path_of(name, ".key_secret", path);
    unlink(path);
}

static struct party make(const char *name, const char *role, const char *provinces)
{
    struct party p = { .name = "" };
    struct why why = { 0 };

    snprintf(p.name, sizeof p.name, "%s", name);
    snprintf(p.role, sizeof p.role, "%s", role);
    assert_int_equal(party_set_provinces(&p, provinces, &why), ERR_NONE);
    if (party_make(folder, &p, &why)) fail_msg("%s", why.sentence);
    return p;
}

/* A port that is free now. */
static int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return -1;
    close(fd);
    return ntohs(address.sin_port);
}

static int setup(void **state)
{
    struct bus_identity keys;
    char path[160];

    (void)state;
    snprintf(home, sizeof home, "/tmp/ocop-guard-XXXXXX");
    if (!mkdtemp(home)) return -1;
    snprintf(folder, sizeof folder, "%.40s/keys", home);
    if (mkdir(folder, 0700) != 0) return -1;
    us = make("province-06", "province", "06");
    path_of("province-06", ".key_secret", path);
    if (party_read_secret(path, &us, &keys, NULL)) return -1;
    bus_identify(&keys);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    drop("province-06");
    rmdir(folder);
    return rmdir(home);
}

/* --- certificates --- */

static void a_certificate_says_who_it_is(void **state)
{
    struct party made = make("authority-19", "authority", "19,06"), read;
    struct bus_identity keys;
    struct stat st;
    char path[160], provinces[PARTY_PROVINCES_TEXT + 1];

    (void)state;
    path_of("authority-19", ".key", path);
    assert_int_equal(party_read(path, &read, NULL), ERR_NONE);
    assert_true(party_same(&made, &read));
    party_provinces_text(&read, provinces);
    assert_string_equal(provinces, "19,06");
    path_of("authority-19", ".key_secret", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(party_read_secret(path, &read, &keys, NULL), ERR_NONE);
    assert_true(party_same(&made, &read));
    drop("authority-19");
}

static void a_name_is_given_once(void **state)
{
    struct party p = { .name = "province-06", .role = "province" };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(party_make(folder, &p, &why), ERR_CONFIG);
    assert_non_null(strstr(why.sentence, "there already"));
}

/* Files may not grow: as on a full disk. */
static void a_disk_that_takes_no_key_is_no_mistake_of_who_asks(void **state)
{
    struct party p = { .name = "province-22", .role = "province" };
    struct rlimit before, small;
    struct why why = { 0 };
    char path[160];
    enum err e;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    e = party_make(folder, &p, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(e, ERR_IO);
    path_of("province-22", ".key_secret", path);
    assert_non_null(strstr(why.sentence, path));
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_secret_that_others_may_read_is_refused(void **state)
{
    struct bus_identity keys;
    struct party p;
    char path[160];

    (void)state;
    make("x", "monitor", "");
    path_of("x", ".key_secret", path);
    for (mode_t bit = 1; bit <= 040; bit <<= 1) {
        struct why why = { 0 };

        assert_int_equal(chmod(path, 0600 | bit), 0);
        assert_int_equal(party_read_secret(path, &p, &keys, &why), ERR_CONFIG);
        assert_string_equal(why.code, "KEY_NOT_SECRET");
    }
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(party_read_secret(path, &p, &keys, NULL), ERR_NONE);
    drop("x");
}

static void put(const char *name, const char *text)
{
    char path[160];
    FILE *f;

    path_of(name, ".key", path);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

#define KEY "0123456789012345678901234567890123456789"

static const char *const no_certificates[] = {
    "",
    "metadata\n    name = \"y\"\n    role = \"monitor\"\n",
    "metadata\n    name = \"y\"\n    role = \"monitor\"\ncurve\n    public-key = \"short\"\n",
    "metadata\n    name = \"y\"\n    role = \"Monitor\"\ncurve\n    public-key = \"" KEY "\"\n",
    "metadata\n    name = \"z\"\n    role = \"monitor\"\ncurve\n    public-key = \"" KEY "\"\n",
    "metadata\n    name = \"y\"\n    role = \"province\"\n    province = \"6\"\ncurve\n    public-key = "
    "\"" KEY "\"\n",
    "metadata\n    name = \"y\"\n    role = \"province\"\n    province = \"06,\"\ncurve\n    public-key = "
    "\"" KEY "\"\n",
    "metadata\n    role = \"monitor\"\ncurve\n    public-key = \"" KEY "\"\n",
    "metadata\n    name = \"y\"\n    role = \"monitor\"\ncurve\n    public-key = \"" KEY "0\"\n",
};

static void what_is_no_certificate_is_not_admitted(void **state)
{
    const struct guard_settings settings = { .keys = folder, .policy = "", .connections = 8 };
    struct party p;
    char path[160];
    size_t count;

    (void)state;
    path_of("y", ".key", path);
    for (size_t i = 0; i < sizeof no_certificates / sizeof no_certificates[0]; i++) {
        struct guard *g = NULL;
        struct why why = { 0 };

        put("y", no_certificates[i]);
        if (party_read(path, &p, &why) != ERR_CONFIG) fail_msg("taken: %s", no_certificates[i]);
        assert_int_equal(guard_open(&settings, &g, NULL), ERR_NONE);
        (void)guard_parties(g, &count);
        assert_int_equal(count, 1); /* the others still are */
        guard_close(&g);
    }
    unlink(path);
}

static void one_key_under_two_names_is_nobodys(void **state)
{
    const struct guard_settings settings = { .keys = folder, .policy = "", .connections = 8 };
    struct guard *g = NULL;
    char text[256];
    size_t count;

    (void)state;
    snprintf(text, sizeof text,
             "metadata\n    name = \"twin\"\n    role = \"operator\"\ncurve\n    public-key = \"%s\"\n",
             us.key);
    put("twin", text);
    assert_int_equal(guard_open(&settings, &g, NULL), ERR_NONE);
    (void)guard_parties(g, &count);
    assert_int_equal(count, 0);
    drop("twin");
    assert_true(guard_look(g, clock_monotonic_ms(), true).added);
    (void)guard_parties(g, &count);
    assert_int_equal(count, 1);
    guard_close(&g);
}

/* --- keeping current --- */

static void keys_come_and_go_while_it_runs(void **state)
{
    const struct guard_settings settings = { .keys = folder, .policy = "", .connections = 8 };
    struct guard *g = NULL;
    struct party p;
    int64_t now = clock_monotonic_ms();

    (void)state;
    assert_int_equal(guard_open(&settings, &g, NULL), ERR_NONE);
    assert_false(guard_look(g, now, true).added);
    p = make("new", "monitor", "");
    assert_null(guard_who(g, slice_text(p.key)));
    assert_true(guard_look(g, now, true).added);
    assert_string_equal(guard_who(g, slice_text(p.key))->name, "new");
    assert_false(guard_look(g, now, true).added);
    drop("new");
    assert_false(guard_look(g, now, false).removed); /* not within the second */
    assert_true(guard_look(g, now + GUARD_LOOK_MS, false).removed);
    assert_null(guard_who(g, slice_text(p.key)));
    assert_string_equal(guard_who(g, slice_text(""))->role, PARTY_LOCAL);
    guard_close(&g);
}

static void write_policy(const char *file, const char *text)
{
    FILE *f = fopen(file, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_broken_policy_leaves_the_one_before(void **state)
{
    char file[100];
    const struct guard_settings settings = { .keys = "", .policy = file, .connections = 8 };
    struct guard *g = NULL;
    int64_t now = clock_monotonic_ms();

    (void)state;
    snprintf(file, sizeof file, "%s/policy.zpl", home);
    write_policy(file, "role\n    local\n        follow = \"clock.\"\n");
    assert_int_equal(guard_open(&settings, &g, NULL), ERR_NONE);
    write_policy(file, "role\n    local\n        follows = \"clock.\"\n");
    assert_false(guard_look(g, now, true).policy);
    assert_true(rights_cover(guard_rights(g, guard_who(g, slice_text(""))), VERB_FOLLOW,
                             guard_who(g, slice_text("")), slice_text("clock.")));
    write_policy(file, "role\n    local\n        follow = \"intake.\"\n");
    assert_true(guard_look(g, now, true).policy);
    assert_false(rights_cover(guard_rights(g, guard_who(g, slice_text(""))), VERB_FOLLOW,
                              guard_who(g, slice_text("")), slice_text("clock.")));
    guard_close(&g);
    write_policy(file, "role\n    local\n        follows = \"clock.\"\n");
    assert_int_equal(guard_open(&settings, &g, NULL), ERR_CONFIG);
    unlink(file);
}

/* --- the door --- */

struct scene {
    struct guard *guard;
    struct bus_socket *router, *dealer;
    char ipc[100];
    uint64_t crowd; /* at the door, beside those that are there */
};

static void open_scene_with(struct scene *s, const struct guard_settings *settings)
{
    struct why why = { 0 };
    char both[200];

    memset(s, 0, sizeof *s);
    /* A port of its own: whoever was turned away from the scene before may still be knocking there. */
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", free_port());
    assert_int_equal(bus_trust(endpoint, us.key, NULL), ERR_NONE);
    snprintf(s->ipc, sizeof s->ipc, "ipc://%s/x.sock", home);
    snprintf(both, sizeof both, "%s %s", endpoint, s->ipc);
    if (guard_open(settings, &s->guard, &why)) fail_msg("%s", why.sentence);
    for (int64_t until = clock_monotonic_ms() + WAIT_MS; clock_monotonic_ms() < until;) {
        why_clear(&why);
        if (!bus_router_bind(both, &s->router, &why)) break; /* the one before may still be closing */
    }
    if (!s->router) fail_msg("%s", why.sentence);
}

static void open_scene(struct scene *s, uint64_t connections)
{
    const struct guard_settings settings = {
        .keys = folder, .policy = "", .connections = connections, .tcp = true
    };

    open_scene_with(s, &settings);
}

static void close_scene(struct scene *s)
{
    bus_drop(&s->dealer);
    bus_drop(&s->router);
    guard_close(&s->guard);
}

/* Serve the door, and send `word`, until it arrives (true), or the door said no (false). */
static bool deliver(struct scene *s, struct bus_frame *frame, struct bus_peer *peer)
{
    int64_t until = clock_monotonic_ms() + WAIT_MS;
    bool sent = false;

    while (clock_monotonic_ms() < until) {
        struct bus_socket *const sockets[] = { s->router, s->dealer, guard_door(s->guard) };
        struct bus_frame answer = { 0 };
        struct bus_visits visits;
        bool ready[3];

        assert_int_equal(bus_wait(sockets, 3, 100, ready), ERR_NONE);
        bus_visits(s->router, &visits);
        assert_int_equal(guard_serve(s->guard, visits.open + s->crowd), ERR_NONE);
        if (!sent) sent = bus_send(s->dealer, NULL, slice_text("word")) == ERR_NONE;
        if (bus_recv(s->router, peer, frame) == ERR_NONE) return true;
        (void)bus_recv(s->dealer, NULL, &answer);
        bus_frame_fini(&answer);
        if (bus_denied(s->dealer) || visits.failed) return false;
    }
    fail_msg("neither came in nor was refused");
    return false;
}

static void a_known_key_comes_in_under_its_name(void **state)
{
    struct bus_frame frame = { 0 }, none = { 0 };
    struct bus_visits visits;
    struct bus_peer peer;
    struct scene s;

    (void)state;
    open_scene(&s, 8);
    assert_int_equal(bus_dealer_watch(endpoint, &s.dealer, NULL), ERR_NONE);
    assert_true(deliver(&s, &frame, &peer));
    assert_true(slice_is(bus_user(&frame), us.key));
    assert_string_equal(guard_who(s.guard, bus_user(&frame))->name, "province-06");
    assert_int_equal(bus_recv(s.dealer, NULL, &none), ERR_AGAIN); /* and take note of the connection */
    assert_string_equal(bus_trouble(s.dealer), "");
    bus_visits(s.router, &visits);
    assert_int_equal(visits.open, 1);
    assert_int_equal(visits.failed, 0);
    bus_frame_fini(&frame);
    close_scene(&s);
}

static void who_comes_over_ipc_has_no_key(void **state)
{
    struct bus_frame frame = { 0 };
    struct bus_peer peer;
    struct scene s;

    (void)state;
    open_scene(&s, 8);
    assert_int_equal(bus_dealer_watch(s.ipc, &s.dealer, NULL), ERR_NONE);
    assert_true(deliver(&s, &frame, &peer));
    assert_int_equal(bus_user(&frame).size, 0);
    bus_frame_fini(&frame);
    close_scene(&s);
}

static void a_removed_key_does_not_come_in(void **state)
{
    struct bus_frame frame = { 0 };
    struct bus_peer peer;
    struct scene s;
    char path[160], away[170];

    (void)state;
    open_scene(&s, 8);
    path_of("province-06", ".key", path);
    snprintf(away, sizeof away, "%s.away", path);
    assert_int_equal(rename(path, away), 0);
    assert_true(guard_look(s.guard, clock_monotonic_ms(), true).removed);
    assert_int_equal(bus_dealer_watch(endpoint, &s.dealer, NULL), ERR_NONE);
    assert_false(deliver(&s, &frame, &peer));
    close_scene(&s);
    assert_int_equal(rename(away, path), 0);
}

static void a_key_made_just_now_comes_in(void **state)
{
    struct bus_frame frame = { 0 };
    struct bus_peer peer;
    struct scene s;
    char path[160], away[170];
    int64_t now;

    (void)state;
    open_scene(&s, 8);
    path_of("province-06", ".key", path);
    snprintf(away, sizeof away, "%s.away", path);
    assert_int_equal(rename(path, away), 0);
    now = clock_monotonic_ms();
    assert_true(guard_look(s.guard, now, true).removed);
    assert_int_equal(rename(away, path), 0);
    assert_int_equal(bus_dealer_watch(endpoint, &s.dealer, NULL), ERR_NONE);
    assert_true(deliver(&s, &frame, &peer)); /* the second in which nobody looks is not over */
    bus_frame_fini(&frame);
    assert_true(guard_look(s.guard, now, false).added); /* and whoever has to know is told */
    assert_false(guard_look(s.guard, now, false).added);
    close_scene(&s);
}

static bool is_local(const struct party *party)
{
    return !strcmp(party->role, PARTY_LOCAL);
}

static bool is_anybody(const struct party *party)
{
    return party != NULL;
}

static void some_places_are_kept(void **state)
{
    struct guard_settings settings = {
        .keys = folder, .policy = "", .connections = 4, .tcp = true, .reserved = 100, .first = is_local
    };
    bool (*const first[])(const struct party *) = { is_local, is_anybody };
    const unsigned come_in[] = { 2, 4 }; /* at most half is kept */

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bus_socket *dealers[4] = { NULL };
        struct bus_frame frame = { 0 };
        struct bus_peer peer;
        struct scene s;
        unsigned in = 0;

        settings.first = first[i];
        open_scene_with(&s, &settings);
        for (int k = 0; k < 4; k++) {
            assert_int_equal(bus_dealer_watch(endpoint, &s.dealer, NULL), ERR_NONE);
            in += deliver(&s, &frame, &peer);
            bus_frame_fini(&frame);
            dealers[k] = s.dealer;
            s.dealer = NULL;
        }
        assert_int_equal(in, come_in[i]);
        for (int k = 0; k < 4; k++)
            bus_drop(&dealers[k]);
        close_scene(&s);
    }
}

static void too_many_are_told_to_come_later(void **state)
{
    struct bus_frame frame = { 0 };
    struct bus_peer peer;
    struct scene s;

    (void)state;
    open_scene(&s, 0);
    assert_int_equal(bus_dealer_watch(endpoint, &s.dealer, NULL), ERR_NONE);
    assert_false(deliver(&s, &frame, &peer));
    close_scene(&s);
}

static void who_is_told_to_come_again_says_so(void **state)
{
    int64_t until = clock_monotonic_ms() + WAIT_MS;
    struct bus_visits visits = { .open = 0 };
    struct scene s;

    (void)state;
    open_scene(&s, 0);
    assert_int_equal(bus_dealer_watch(endpoint, &s.dealer, NULL), ERR_NONE);
    while ((!visits.open || !bus_trouble(s.dealer)[0]) && clock_monotonic_ms() < until) {
        struct bus_socket *const sockets[] = { s.router, s.dealer, guard_door(s.guard) };
        struct bus_frame none = { 0 };
        bool ready[3];

        assert_int_equal(bus_wait(sockets, 3, 100, ready), ERR_NONE);
        bus_visits(s.router, &visits);
        assert_int_equal(guard_serve(s.guard, visits.open), ERR_NONE);
        assert_int_equal(bus_recv(s.dealer, NULL, &none), ERR_AGAIN);
    }
    assert_non_null(strstr(bus_trouble(s.dealer), "has not admitted this key yet"));
    assert_false(bus_denied(s.dealer));
    bus_drop(&s.dealer);
    do { /* until it is gone: it would knock at the next scene's door */
        bool ready;

        assert_int_equal(bus_wait(&s.router, 1, 10, &ready), ERR_NONE);
        bus_visits(s.router, &visits);
    } while (visits.open && clock_monotonic_ms() < until);
    close_scene(&s);
}

static void a_crowd_at_the_door_does_not_keep_itself_out(void **state)
{
    struct bus_frame frame = { 0 };
    struct bus_socket *first;
    struct bus_peer peer;
    struct scene s;

    (void)state;
    open_scene(&s, 1);
    s.crowd = 50;
    assert_int_equal(bus_dealer_watch(endpoint, &s.dealer, NULL), ERR_NONE);
    assert_true(deliver(&s, &frame, &peer)); /* there is a place, whoever else knocks */
    bus_frame_fini(&frame);
    first = s.dealer;
    s.dealer = NULL;
    assert_int_equal(bus_dealer_watch(endpoint, &s.dealer, NULL), ERR_NONE);
    assert_false(deliver(&s, &frame, &peer)); /* it is taken */
    bus_drop(&first);
    close_scene(&s);
}

static void without_a_trusted_key_or_a_door_there_is_no_tcp(void **state)
{
    struct bus_socket *s = NULL;
    struct why why = { 0 };

    (void)state;
    assert_int_equal(bus_dealer_watch("tcp://127.0.0.1:9", &s, &why), ERR_CONFIG);
    assert_non_null(strstr(why.sentence, "public key"));
    why_clear(&why);
    assert_int_equal(bus_endpoints_check("tcp://127.0.0.1:9 ipc:///tmp/a.sock", &why), ERR_NONE);
    assert_int_equal(bus_endpoints_check("ipc:///tmp/b.sock ipc:///tmp/a.sock", &why), ERR_CONFIG);
    why_clear(&why);
    assert_int_equal(bus_endpoints_check("", &why), ERR_CONFIG);
}

static void tcp_wants_a_folder_of_keys(void **state)
{
    struct guard_settings settings = { .keys = "", .policy = "", .tcp = true };
    struct guard *g = NULL;
    struct why why = { 0 };

    (void)state;
    assert_int_equal(guard_open(&settings, &g, &why), ERR_CONFIG);
    settings.keys = "/nowhere/keys";
    why_clear(&why);
    assert_int_equal(guard_open(&settings, &g, &why), ERR_CONFIG);
    assert_non_null(strstr(why.sentence, "does not exist"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_says_who_it_is),
        cmocka_unit_test(a_name_is_given_once),
        cmocka_unit_test(a_disk_that_takes_no_key_is_no_mistake_of_who_asks),
        cmocka_unit_test(a_secret_that_others_may_read_is_refused),
        cmocka_unit_test(what_is_no_certificate_is_not_admitted),
        cmocka_unit_test(one_key_under_two_names_is_nobodys),
        cmocka_unit_test(keys_come_and_go_while_it_runs),
        cmocka_unit_test(a_broken_policy_leaves_the_one_before),
        cmocka_unit_test(a_known_key_comes_in_under_its_name),
        cmocka_unit_test(who_comes_over_ipc_has_no_key),
        cmocka_unit_test(a_removed_key_does_not_come_in),
        cmocka_unit_test(a_key_made_just_now_comes_in),
        cmocka_unit_test(some_places_are_kept),
        cmocka_unit_test(too_many_are_told_to_come_later),
        cmocka_unit_test(who_is_told_to_come_again_says_so),
        cmocka_unit_test(a_crowd_at_the_door_does_not_keep_itself_out),
        cmocka_unit_test(without_a_trusted_key_or_a_door_there_is_no_tcp),
        cmocka_unit_test(tcp_wants_a_folder_of_keys),
    };

    if (hash_init()) return 1;
    log_setup("test", LOG_ERROR);
    return cmocka_run_group_tests(tests, setup, teardown);
}
