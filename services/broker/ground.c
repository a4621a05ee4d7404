#include "services/broker/ground.h"

#include "common/bus.h"
#include "common/clock.h"
#include "common/guard.h"
#include "common/logline.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "common/place.h"
#include "services/broker/mirror.h"
#include "services/broker/presence.h"
#include "services/broker/taking.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum {
    PATH_BYTES = CONFIG_TEXT_MAX + 16,
    SUBSCRIPTIONS_A_TURN = 1000,
    LIVE_BIND_MS = 5000, /* so long the library may take to let go of the endpoint */
    LIVE_RETRY_MS = 10
};

struct ground {
    const struct settings *settings;
    int lock;
    struct log *log;
    struct presence presence;
    struct guard *guard;
    struct bus_socket *router, *live; /* `live` is NULL while it is bound again */
    int64_t live_since_ms;            /* when that began */
    bool heard;                       /* somebody may be subscribed to `live` */
    int64_t subscriptions;            /* made since it was bound; ends are not counted, not all are told */
    uint64_t failed_before;           /* strangers at live sockets that are closed */
    struct broker *broker;
    struct metrics *metrics;
    struct buf status;
    struct taking *taking;
    char folder[PATH_BYTES];
};

static struct stamp_clocks clocks(void)
{
    return (struct stamp_clocks){ clock_wall_ms(), clock_monotonic_ms() };
}

static enum err send_to(void *context, const struct bus_peer *peer, struct slice bytes)
{
    return bus_send(((struct ground *)context)->router, peer, bytes);
}

static enum err publish_to(void *context, struct slice topic, struct slice place, struct slice envelope)
{
    struct ground *g = context;

    return g->live && g->heard ? bus_publish(g->live, topic, place, envelope) : ERR_GONE;
}

enum err ground_lock(const char *log, int *out, bool *busy, struct why *why)
{
    char path[PATH_BYTES];
    int fd;

    snprintf(path, sizeof path, "%s.lock", log);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return why_set(why, place_err(errno), NULL,
                       "%s cannot be opened: %s; does the folder exist, and may I write there?", path,
                       strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *out = fd;
        return ERR_NONE;
    }
    *busy = errno == EWOULDBLOCK;
    close(fd);
    return why_set(why, ERR_CONFIG, "IN_USE", "another broker serves the log %s; one log has one broker",
                   log);
}

static uint64_t free_bytes(const struct ground *g)
{
    struct statvfs fs;

    if (statvfs(g->folder, &fs) != 0) return UINT64_MAX;
    return (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
}

/* The lock is held. What may be refused for want of a place comes first: then no new log is begun. */
static enum err open_log(struct ground *g, struct why *why)
{
    const struct settings *s = g->settings;
    const struct log_settings log = { s->log, (int)s->checkpoint_pages, (int)s->finish_pages,
                                      (int)s->flush_apart };
    enum err e = metrics_open(s->metrics, &g->metrics, why);

    if (!e) e = presence_before(&g->presence, s->log, g->lock, why);
    if (!e) e = log_open(&log, &g->log, why);
    if (!e) presence_opened(&g->presence);
    return e;
}

static enum err bind_both(struct ground *g, struct why *why)
{
    enum err e = bus_router_bind(g->settings->endpoint, &g->router, why);

    return e ? e : bus_xpub_bind(g->settings->live, &g->live, why);
}

static enum err open_parts(struct ground *g, bool *busy, struct why *why)
{
    const struct settings *s = g->settings;
    const struct guard_settings guard = { .keys = s->folder,
                                          .policy = s->policy,
                                          .connections = (uint64_t)s->connections,
                                          .tcp = strstr(s->endpoint, "tcp://") || strstr(s->live, "tcp://"),
                                          .reserved = (uint64_t)s->connections_reserved,
                                          .first = places_first };
    const struct ports ports = { g, send_to, publish_to };
    char copy[PATH_BYTES];
    enum err e;

    snprintf(copy, sizeof copy, "%s", s->log);
    snprintf(g->folder, sizeof g->folder, "%s", dirname(copy));
    e = ground_lock(s->log, &g->lock, busy, why);
    if (!e) e = guard_open(&guard, &g->guard, why);
    /* A log that is there may take long to open: nobody should come in meanwhile and wait for an answer. A
     * new one is open at once, and is not begun where another broker has the sockets. */
    if (!e && access(s->log, F_OK) != 0) e = bind_both(g, why);
    if (!e) e = open_log(g, why);
    if (!e) e = broker_new(&s->broker, g->log, g->guard, &ports, clocks(), &g->broker, why);
    if (!e && !g->router) e = bind_both(g, why);
    if (!e) e = taking_new(g->router, g->broker, g->log, (size_t)s->broker.drain_events, &g->taking);
    return e;
}

void ground_close(struct ground **out)
{
    struct ground *g = *out;

    if (!g) return;
    taking_destroy(&g->taking);
    metrics_close(&g->metrics);
    buf_fini(&g->status);
    bus_destroy(&g->router);
    bus_destroy(&g->live);
    broker_destroy(&g->broker);
    guard_close(&g->guard);
    log_close(&g->log);
    if (g->lock >= 0) close(g->lock);
    free(g);
    *out = NULL;
}

enum err ground_open(const struct settings *settings, struct ground **out, bool *busy, struct why *why)
{
    struct ground *g = calloc(1, sizeof *g);
    enum err e;

    if (!g) return ERR_NOMEM;
    g->settings = settings;
    g->lock = -1;
    e = open_parts(g, busy, why);
    if (e)
        ground_close(&g);
    else
        *out = g;
    return e;
}

uint64_t ground_head(const struct ground *g)
{
    return log_durable(g->log).seq;
}

/* --- the one thread --- */

/* The library cannot take one subscriber off, and unsubscribing reaches only who spoke last. So everybody is
 * sent away, and comes back through the door; what they missed they FOLLOW. */
static void close_live(struct ground *g)
{
    struct bus_visits visits = { .open = 0 };

    if (!g->live) return;
    bus_visits(g->live, &visits);
    g->failed_before += visits.failed;
    bus_drop(&g->live);
    g->subscriptions = 0;
    g->live_since_ms = clock_monotonic_ms();
}

/* The library keeps each subscription of each peer, without an end: so all are taken away, and whoever needs
 * some comes back and makes them. */
static void too_many_subscriptions(struct ground *g, struct slice key)
{
    const struct party *party = guard_who(g->guard, key);

    log_line(LOG_WARN, "subscriptions", "count=%" PRId64 " last=%s what=the_live_endpoint_is_bound_again",
             g->subscriptions, party ? party->name : "nobody");
    close_live(g);
}

static enum err admit_subscriptions(struct ground *g)
{
    struct bus_frame frame = { 0 };
    enum err e = ERR_NONE;

    for (int i = 0; g->live && !e && i < SUBSCRIPTIONS_A_TURN; i++) {
        struct slice prefix;
        bool on;

        e = bus_subscription(g->live, &frame, &prefix, &on);
        if (e == ERR_INVALID) {
            e = ERR_NONE; /* not a subscription: nothing to admit */
        } else if (!e && on && broker_admits(g->broker, bus_user(&frame), prefix)) {
            e = bus_admit(g->live, prefix);
            g->heard = true;
            if (++g->subscriptions > g->settings->subscriptions) too_many_subscriptions(g, bus_user(&frame));
        }
    }
    bus_frame_fini(&frame);
    return e == ERR_AGAIN ? ERR_NONE : e;
}

/* --- rights --- */

/* Connections and strangers at both sockets; and whoever is at the door. */
static enum err look_at_door(struct ground *g)
{
    struct bus_visits router, live = { .open = 0 };

    bus_visits(g->router, &router);
    guard_failures(g->guard, g->router);
    if (g->live) {
        bus_visits(g->live, &live);
        guard_failures(g->guard, g->live);
    }
    /* Not every end of a subscription is told; over TCP, where connections are counted, that nobody is
     * connected is. */
    if (live.open == 0 && strstr(g->settings->live, "tcp://")) g->heard = false;
    router.open += live.open;
    router.failed += live.failed + g->failed_before;
    broker_visits(g->broker, &router);
    return guard_serve(g->guard, router.open);
}

/* The library closes in a thread of its own: until it has, the place is still taken. */
static enum err open_live(struct ground *g, struct why *why)
{
    struct why inner = { 0 };
    enum err e = g->live ? ERR_NONE : bus_xpub_bind(g->settings->live, &g->live, &inner);

    if (!e) return e;
    if (!strcmp(inner.code, "BOUND") && clock_monotonic_ms() - g->live_since_ms < LIVE_BIND_MS)
        return ERR_NONE;
    return why_set(why, e, inner.code, "%s", inner.sentence);
}

static enum err look_at_rights(struct ground *g, volatile sig_atomic_t *look, struct why *why)
{
    bool at_once = *look;
    struct guard_news news;
    enum err e = ERR_NONE;

    *look = 0;
    news = guard_look(g->guard, clock_monotonic_ms(), at_once);
    if (news.added || news.removed || news.policy) e = broker_rights_changed(g->broker);
    if (news.removed || news.policy) close_live(g);
    if (!e) e = open_live(g, why);
    return e ? e : look_at_door(g);
}

static enum err tell_metrics(struct ground *g)
{
    enum err e;

    buf_clear(&g->status);
    e = broker_status(g->broker, &g->status);
    return e ? e : metrics_tell(g->metrics, buf_slice(&g->status), NULL, 0);
}

static enum err turn(struct ground *g, volatile sig_atomic_t *look, struct why *why)
{
    struct stamp_clocks now = clocks();
    const bool second = broker_tick_due(g->broker, now);
    uint64_t space = second ? free_bytes(g) : 0;
    enum err e = second ? presence_look(&g->presence, g->log, ground_head(g), why) : ERR_NONE;

    if (!e) e = look_at_rights(g, look, why);
    if (!e) e = admit_subscriptions(g);
    if (!e) e = broker_tick(g->broker, now, space, why);
    if (!e) e = take_turn(g->taking, why);
    if (!e) e = take_settle(g->taking, why);
    if (!e) e = broker_serve(g->broker, why);
    if (!e && second && g->metrics) e = tell_metrics(g);
    if (!e) notify_turned(now.monotonic_ms);
    return e;
}

enum err ground_serve(struct ground *g, const volatile sig_atomic_t *stop, volatile sig_atomic_t *look,
                      struct why *why)
{
    enum err e = ERR_NONE;

    notify_ready("serving the log");
    while (!e && !*stop) {
        struct bus_socket *sockets[3] = { g->router };
        size_t count = 1;
        bool ready[3];
        int wait_ms = broker_wait_ms(g->broker, clocks());

        if (g->live) sockets[count++] = g->live;
        if (guard_door(g->guard)) sockets[count++] = guard_door(g->guard);
        if (!g->live && wait_ms > LIVE_RETRY_MS) wait_ms = LIVE_RETRY_MS;
        e = bus_wait(sockets, count, wait_ms, ready);
        if (e == ERR_INTERRUPTED) e = ERR_NONE;
        if (!e) e = turn(g, look, why);
    }
    notify_stopping();
    return e;
}

/* --- a mirror --- */

enum err ground_mirror(const struct settings *settings, const char *source, const volatile sig_atomic_t *stop,
                       bool *busy, struct why *why)
{
    struct ground *g = calloc(1, sizeof *g);
    struct mirror_settings mirror = { .endpoint = source };
    enum err e;

    if (!g) return ERR_NOMEM;
    g->settings = settings;
    g->lock = -1;
    e = ground_lock(settings->log, &g->lock, busy, why);
    if (!e) e = open_log(g, why);
    if (!e) {
        log_line(LOG_INFO, "mirror", "source=%s log=%s seq=%" PRIu64, source, settings->log, ground_head(g));
        notify_ready("mirroring another broker's log");
        mirror.metrics = g->metrics;
        e = mirror_run(&mirror, g->log, stop, why);
        notify_stopping();
    }
    if (!e) log_line(LOG_INFO, "stopped", "seq=%" PRIu64, ground_head(g));
    ground_close(&g);
    return e;
}
