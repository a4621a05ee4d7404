/* main.c - ocop-broker: settings, one broker per log, sockets, and the one thread that serves them. */
#include "common/bus.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/logline.h"
#include "common/loop.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "common/place.h"
#include "services/broker/broker.h"
#include "services/broker/mirror.h"
#include "services/broker/prefix.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { SETS_MAX = 64, PATH_BYTES = CONFIG_TEXT_MAX + 16, SUBSCRIPTIONS_A_TURN = 1000, EXIT_IN_USE = 4 };

struct settings {
    char endpoint[CONFIG_TEXT_MAX], live[CONFIG_TEXT_MAX], log[CONFIG_TEXT_MAX], level[CONFIG_TEXT_MAX];
    char metrics[CONFIG_TEXT_MAX];
    int64_t checkpoint_pages, finish_pages;
    struct broker_settings broker;
};

#define AT(member) offsetof(struct settings, member)
#define GIB        "1073741824"
#define MOST_BYTES INT64_C(1) << 62
#define NUMBER_OF(key, member, standard, least, most, meaning)                                               \
    {                                                                                                        \
        key, CONFIG_NUMBER, AT(member), standard, least, most, meaning                                       \
    }

static const struct config_key keys[] = {
    { "bus/endpoint", CONFIG_TEXT, AT(endpoint), PLACE_BROKER, 0, 0,
      "where publishers and followers connect" },
    { "bus/live", CONFIG_TEXT, AT(live), PLACE_LIVE, 0, 0, "where live monitors subscribe" },
    NUMBER_OF("bus/head_ms", broker.head_ms, "1000", 10, 60000, "milliseconds between two bus.head messages"),
    { "log/file", CONFIG_TEXT, AT(log), "{state}/log.db", 0, 0, "the log's SQLite file" },
    { "metrics/endpoint", CONFIG_TEXT, AT(metrics), "", 0, 0, METRICS_MEANING },
    { "log/level", CONFIG_TEXT, AT(level), "info", 0, 0, "debug, info, warn or error" },
    NUMBER_OF("log/checkpoint_pages", checkpoint_pages, "2000", 1, 1000000,
              "the checkpoint thread starts from so many pages of 8 KiB in the write-ahead log"),
    NUMBER_OF("log/finish_pages", finish_pages, "8000", 1, 1000000,
              "from so many pages the writer itself makes the write-ahead log start over"),
    NUMBER_OF("log/wal_most_bytes", broker.wal_most_bytes, GIB, 0, MOST_BYTES,
              "above so many bytes of write-ahead log, PUBLISH is refused BUSY"),
    NUMBER_OF("drain/events", broker.drain_events, "8192", 1, 65536, "events in one transaction, about"),
    NUMBER_OF("drain/bytes", broker.drain_bytes, "4194304", 1, 268435456, "bytes in one transaction, about"),
    NUMBER_OF("publish/events", broker.publish_events, "65536", 1, 65536, "events in one PUBLISH"),
    NUMBER_OF("peers/sessions", broker.sessions, "1024", 0, 65536,
              "peers that said HELLO or FOLLOW, at one time"),
    NUMBER_OF("peers/silent_ms", broker.silent_ms, "30000", 0, 86400000,
              "a peer silent for so many milliseconds may lose its place to a new one"),
    NUMBER_OF("follow/followers", broker.followers, "256", 0, 65536, "followers at one time"),
    NUMBER_OF("follow/prefixes", broker.prefixes, "64", 0, 64, "prefixes of one follower"),
    NUMBER_OF("follow/records", broker.follow_records, "1000", 1, 1000, "records in one EVENTS"),
    NUMBER_OF("follow/bytes", broker.follow_bytes, "524288", 1, 8388608,
              "bytes of envelopes in one EVENTS, unless one record alone is larger"),
    NUMBER_OF("follow/bites", broker.follow_bites, "8", 1, 1024, "EVENTS sent between two transactions"),
    NUMBER_OF("disk/warn_bytes", broker.warn_bytes, GIB, 0, MOST_BYTES,
              "below so many free bytes on the log's disk, warn with broker.space.warned"),
    NUMBER_OF("disk/stop_bytes", broker.stop_bytes, "268435456", 0, MOST_BYTES,
              "below so many free bytes on the log's disk, PUBLISH is refused DISK_FULL"),
    { 0 },
};

/* --- options --- */

enum mode { MODE_RUN, MODE_CHECK, MODE_SAMPLE, MODE_VERIFY };

struct options {
    const char *config, *sets[SETS_MAX], *start_day, *mirror;
    size_t set_count;
    enum mode mode;
    bool rehearsal, confirmed;
};

enum {
    OPTION_RUN = 256,
    OPTION_STATE,
    OPTION_SET,
    OPTION_CHECK,
    OPTION_SAMPLE,
    OPTION_VERIFY,
    OPTION_REHEARSAL,
    OPTION_START_DAY,
    OPTION_CONFIRM,
    OPTION_MIRROR
};

static const struct argp_option argp_options[] = {
    { "run", OPTION_RUN, "DIR", 0, "Folder of the sockets (default $OCOP_RUN, else /run/ocop)", 0 },
    { "state", OPTION_STATE, "DIR", 0, "Folder of the log (default $OCOP_STATE, else /var/lib/ocop)", 0 },
    { "config", 'c', "FILE", 0, "Settings in ZPL; --sample prints one with every key", 0 },
    { "set", OPTION_SET, "KEY=VALUE", 0, "One setting, stronger than the file; may be given often", 0 },
    { "check", OPTION_CHECK, NULL, 0, "Check the settings, touch nothing", 0 },
    { "sample", OPTION_SAMPLE, NULL, 0, "Print a sample settings file", 0 },
    { "verify", OPTION_VERIFY, NULL, 0, "Walk the whole log and check every link; exit 1 if one is wrong",
      0 },
    { "rehearsal", OPTION_REHEARSAL, NULL, 0, "Take the time from CLOCK (ocop clock DAY), not from the clock",
      0 },
    { "start-day", OPTION_START_DAY, "DAY", 0,
      "First day of a rehearsal with an empty log (default 2018-01-01)", 0 },
    { "confirm-clock", OPTION_CONFIRM, NULL, 0,
      "The clock is right, although it is far from the log's last record", 0 },
    { "mirror", OPTION_MIRROR, "ENDPOINT", 0,
      "Serve nobody: copy the log of the broker there into our own file, as it grows", 0 },
    { 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case OPTION_RUN:
        place_set(arg, NULL);
        return 0;
    case OPTION_STATE:
        place_set(NULL, arg);
        return 0;
    case 'c':
        o->config = arg;
        return 0;
    case OPTION_SET:
        if (o->set_count == SETS_MAX) argp_error(state, "at most %d --set", SETS_MAX);
        o->sets[o->set_count++] = arg;
        return 0;
    case OPTION_CHECK:
        o->mode = MODE_CHECK;
        return 0;
    case OPTION_SAMPLE:
        o->mode = MODE_SAMPLE;
        return 0;
    case OPTION_VERIFY:
        o->mode = MODE_VERIFY;
        return 0;
    case OPTION_REHEARSAL:
        o->rehearsal = true;
        return 0;
    case OPTION_START_DAY:
        o->start_day = arg;
        return 0;
    case OPTION_CONFIRM:
        o->confirmed = true;
        return 0;
    case OPTION_MIRROR:
        o->mirror = arg;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is not an option; nothing but options is taken", arg);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum err expand(char *text, struct why *why)
{
    char out[CONFIG_TEXT_MAX];
    enum err e = place_expand(text, out, why);

    if (!e) memcpy(text, out, sizeof out);
    return e;
}

static enum err load_time(const struct options *o, struct stamp_settings *time, struct why *why)
{
    const char *day = o->start_day ? o->start_day : "2018-01-01";

    time->rehearsal = o->rehearsal;
    time->confirmed = o->confirmed;
    if (clock_day_parse(slice_text(day), &time->start_day))
        return why_set(why, ERR_CONFIG, "CONFIG", "--start-day is '%s'; it is a real day as YYYY-MM-DD", day);
    if (o->start_day && !o->rehearsal)
        return why_set(why, ERR_CONFIG, "CONFIG", "--start-day is for a --rehearsal only");
    return ERR_NONE;
}

static enum err load(const struct options *o, struct settings *s, struct why *why)
{
    enum err e = config_load(keys, o->config, s, why);
    int level;

    for (size_t i = 0; !e && i < o->set_count; i++)
        e = config_set(keys, o->sets[i], s, why);
    if (!e) e = expand(s->endpoint, why);
    if (!e) e = expand(s->live, why);
    if (!e) e = expand(s->log, why);
    if (!e) e = expand(s->metrics, why);
    if (!e) e = metrics_check(s->metrics, why);
    if (!e) e = bus_endpoint_check(s->endpoint, why);
    if (!e) e = bus_endpoint_check(s->live, why);
    if (!e && o->mirror) e = bus_endpoint_check(o->mirror, why);
    if (!e) e = load_time(o, &s->broker.time, why);
    if (e) return e;
    level = log_level_parse(s->level);
    if (level < 0)
        return why_set(why, ERR_CONFIG, "CONFIG", "log/level is '%s'; it is one of debug, info, warn, error",
                       s->level);
    log_setup("broker", (enum log_level)level);
    return ERR_NONE;
}

/* --- what the broker stands on --- */

struct ground {
    const struct settings *settings;
    int lock;
    struct log *log;
    struct bus_socket *router, *live;
    struct broker *broker;
    struct metrics *metrics;
    struct buf status;
    struct bus_frame *frames; /* those of one turn: what is stored borrows from them until it is published */
    size_t frame_count;
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
    return bus_publish(((struct ground *)context)->live, topic, place, envelope);
}

/* Two brokers on one log would give the same places twice. *busy says that one is there. */
static enum err lock_log(const char *log, int *out, bool *busy, struct why *why)
{
    char path[PATH_BYTES];
    int fd;

    snprintf(path, sizeof path, "%s.lock", log);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) return why_set(why, ERR_IO, "IO", "%s cannot be opened: %s", path, strerror(errno));
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

static enum err open_log(struct ground *g, bool *busy, struct why *why)
{
    const struct settings *s = g->settings;
    const struct log_settings log = { s->log, (int)s->checkpoint_pages, (int)s->finish_pages };
    enum err e = lock_log(s->log, &g->lock, busy, why);

    return e ? e : log_open(&log, &g->log, why);
}

static enum err ground_open(struct ground *g, bool *busy, struct why *why)
{
    const struct settings *s = g->settings;
    const struct ports ports = { g, send_to, publish_to };
    char copy[PATH_BYTES];
    enum err e;

    snprintf(copy, sizeof copy, "%s", s->log);
    snprintf(g->folder, sizeof g->folder, "%s", dirname(copy));
    g->frame_count = (size_t)s->broker.drain_events;
    g->frames = calloc(g->frame_count, sizeof *g->frames);
    if (!g->frames) return ERR_NOMEM;
    e = open_log(g, busy, why);
    if (!e) e = broker_new(&s->broker, g->log, &ports, clocks(), &g->broker, why);
    if (!e) e = bus_router_bind(s->endpoint, &g->router, why);
    if (!e) e = bus_xpub_bind(s->live, &g->live, why);
    if (!e) e = metrics_open(s->metrics, &g->metrics, why);
    return e;
}

static void ground_close(struct ground *g)
{
    for (size_t i = 0; g->frames && i < g->frame_count; i++)
        bus_frame_fini(&g->frames[i]);
    free(g->frames);
    metrics_close(&g->metrics);
    buf_fini(&g->status);
    bus_destroy(&g->router);
    bus_destroy(&g->live);
    broker_destroy(&g->broker);
    log_close(&g->log);
    if (g->lock >= 0) close(g->lock);
}

/* --- the one thread --- */

/* Take what has arrived, without waiting, as long as it fits into one transaction. */
static enum err drain(struct ground *g, struct why *why)
{
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < g->frame_count && !broker_full(g->broker); i++) {
        struct bus_peer peer;

        e = bus_recv(g->router, &peer, &g->frames[i]);
        if (e == ERR_AGAIN) return ERR_NONE;
        if (e == ERR_INVALID)
            e = broker_take_broken(g->broker, &peer);
        else if (!e)
            e = broker_take(g->broker, &peer, g->frames[i].bytes, why);
    }
    return e;
}

static enum err admit_subscriptions(struct bus_socket *live)
{
    struct bus_frame frame = { 0 };
    enum err e = ERR_NONE;

    for (int i = 0; !e && i < SUBSCRIPTIONS_A_TURN; i++) {
        struct slice prefix;
        bool on;

        e = bus_subscription(live, &frame, &prefix, &on);
        if (e == ERR_INVALID)
            e = ERR_NONE; /* not a subscription: nothing to admit */
        else if (!e && on && prefix_valid(prefix))
            e = bus_admit(live, prefix);
    }
    bus_frame_fini(&frame);
    return e == ERR_AGAIN ? ERR_NONE : e;
}

static enum err tell_metrics(struct ground *g)
{
    enum err e;

    buf_clear(&g->status);
    e = broker_status(g->broker, &g->status);
    return e ? e : metrics_tell(g->metrics, buf_slice(&g->status), NULL, 0);
}

static enum err turn(struct ground *g, struct why *why)
{
    struct stamp_clocks now = clocks();
    const bool second = broker_tick_due(g->broker, now);
    uint64_t space = second ? free_bytes(g) : 0;
    enum err e = admit_subscriptions(g->live);

    if (!e) e = broker_tick(g->broker, now, space, why);
    if (!e) e = drain(g, why);
    if (!e) e = broker_settle(g->broker, why);
    if (!e) e = broker_serve(g->broker, why);
    if (!e && second && g->metrics) e = tell_metrics(g);
    if (!e) notify_turned(now.monotonic_ms);
    return e;
}

static enum err serve(struct ground *g, const volatile sig_atomic_t *stop, struct why *why)
{
    struct bus_socket *const sockets[] = { g->router, g->live };
    enum err e = ERR_NONE;

    while (!e && !*stop) {
        bool ready[2];

        e = bus_wait(sockets, 2, broker_wait_ms(g->broker, clocks()), ready);
        if (e == ERR_INTERRUPTED)
            e = ERR_NONE;
        else if (!e)
            e = turn(g, why);
    }
    return e;
}

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = ask_to_stop };

    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int complain(enum err e, const struct why *why)
{
    fprintf(stderr, "ocop-broker: %s\n", why->sentence[0] ? why->sentence : err_sentence(e));
    return loop_exit_code(e);
}

static enum err mirror(struct ground *g, const char *endpoint, bool *busy, struct why *why)
{
    struct mirror_settings settings = { .endpoint = endpoint };
    enum err e = open_log(g, busy, why);

    if (!e) e = metrics_open(g->settings->metrics, &g->metrics, why);
    if (e) return e;
    log_line(LOG_INFO, "mirror", "source=%s log=%s seq=%" PRIu64, endpoint, g->settings->log,
             log_durable(g->log).seq);
    notify_ready("mirroring another broker's log");
    settings.metrics = g->metrics;
    e = mirror_run(&settings, g->log, &stop_asked, why);
    notify_stopping();
    if (!e) log_line(LOG_INFO, "stopped", "seq=%" PRIu64, log_durable(g->log).seq);
    return e;
}

static int run(const struct settings *s, const char *source)
{
    struct ground g = { .settings = s, .lock = -1 };
    struct why why = { 0 };
    bool busy = false;
    enum err e;

    catch_signals();
    e = source ? mirror(&g, source, &busy, &why) : ground_open(&g, &busy, &why);
    if (!e && !source) {
        struct log_head head = log_head(g.log);

        log_line(LOG_INFO, "ready", "endpoint=%s live=%s log=%s head=%" PRIu64 " rehearsal=%d", s->endpoint,
                 s->live, s->log, head.seq, s->broker.time.rehearsal);
        notify_ready("serving the log");
        e = serve(&g, &stop_asked, &why);
        notify_stopping();
        if (!e) log_line(LOG_INFO, "stopped", "head=%" PRIu64, log_durable(g.log).seq);
    }
    if (e) {
        char quoted[WHY_SENTENCE_MAX];

        log_line(LOG_ERROR, "failed", "err=%s why=%s", err_name(e),
                 log_quote(why.sentence[0] ? why.sentence : err_sentence(e), quoted, sizeof quoted));
    }
    ground_close(&g);
    if (busy) return EXIT_IN_USE;
    return e ? loop_exit_code(e) : 0;
}

static int verify(const char *log)
{
    struct why why = { 0 };
    uint64_t records = 0;
    enum err e = log_verify(log, &records, &why);

    if (e) {
        (void)complain(e, &why);
        return 1;
    }
    printf("%" PRIu64 " records, chain verified\n", records);
    return 0;
}

static const char doc[] =
    "The broker of OCOP: one durable, ordered log of events, and everybody who "
    "publishes to it and follows it.\v"
    "Examples:\n"
    "  ocop-broker --run /run/ocop --state /var/lib/ocop\n"
    "  ocop-broker --config /etc/ocop/broker.zpl --check\n"
    "  ocop-broker --state /var/lib/ocop --verify\n"
    "  ocop-broker --state /var/lib/ocop-mirror --mirror ipc:///run/ocop/broker.sock\n"
    "  ocop-broker --run /tmp/r --state /tmp/r --rehearsal --start-day 2018-12-03\n\n"
    "Exit codes: 0 asked to stop, 1 stopped by an error (--verify: the log is damaged), "
    "2 settings, 4 another broker serves the log, 6 the log is damaged, or the source of "
    "a mirror has another past.";

int main(int argc, char **argv)
{
    const struct argp argp = { argp_options, parse_option, NULL, doc, NULL, NULL, NULL };
    struct options o = { 0 };
    struct settings s;
    struct why why = { 0 };
    enum err e;

    memset(&s, 0, sizeof s);
    if (hash_init()) {
        fprintf(stderr, "ocop-broker: the system gives no entropy\n");
        return 1;
    }
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    umask(0027);
    if (o.mode == MODE_SAMPLE) {
        config_sample(keys, "ocop-broker");
        return 0;
    }
    e = load(&o, &s, &why);
    if (e) return complain(e, &why);
    if (o.mode == MODE_VERIFY) return verify(s.log);
    if (o.mode == MODE_RUN) return run(&s, o.mirror);
    printf("the settings are fine\n");
    return 0;
}
