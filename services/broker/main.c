/* main.c - ocop-broker: settings, options, signals, exit code. */
#include "common/clock.h"
#include "common/config.h"
#include "common/guard.h"
#include "common/logline.h"
#include "common/loop.h"
#include "common/metrics.h"
#include "common/place.h"
#include "common/policy.h"
#include "common/process.h"
#include "proto/words.h"
#include "services/broker/ground.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

enum { SETS_MAX = 64, EXIT_USAGE = 2, EXIT_IN_USE = 4 };

#define AT(member) offsetof(struct settings, member)
#define GIB        "1073741824"
#define MOST_BYTES INT64_C(1) << 62
#define NUMBER_OF(key, member, standard, least, most, meaning)                                               \
    {                                                                                                        \
        key, CONFIG_NUMBER, AT(member), standard, least, most, meaning                                       \
    }

static const struct config_key keys[] = {
    { "bus/endpoint", CONFIG_TEXT, AT(endpoint), PLACE_BROKER, 0, 0,
      "where publishers and followers connect; several, as one ipc:// and some tcp://HOST:PORT, parted by a "
      "blank" },
    { "bus/live", CONFIG_TEXT, AT(live), PLACE_LIVE, 0, 0,
      "where live monitors subscribe; several as above" },
    NUMBER_OF("bus/subscriptions", subscriptions, "65536", 1, 16777216,
              "after so many subscriptions the live endpoint is bound again and monitors make theirs anew"),
    NUMBER_OF(
        "bus/queue_frames", queue_frames, "1000", 16, 65536,
        "messages of one peer that wait to be taken, of at most 16 MiB each; then no more are read from it"),
    NUMBER_OF("bus/head_ms", broker.head_ms, "1000", 10, 60000, "milliseconds between two bus.head messages"),
    { "keys/secret", CONFIG_TEXT, AT(secret), "", 0, 0,
      "the broker's own NAME.key_secret, readable by its owner alone; without there is no TCP" },
    { "keys/folder", CONFIG_TEXT, AT(folder), PLACE_KEYS, 0, 0,
      "certificates of those who may come in over TCP, NAME.key each; read again when it changes" },
    { "keys/policy", CONFIG_TEXT, AT(policy), "", 0, 0,
      "who may do what, as deploy/policy.zpl, which is built in and stands when this is empty; read again "
      "when it "
      "changes" },
    NUMBER_OF("tcp/connections", connections, "1024", 1, 65536,
              "connections at one time, both endpoints together"),
    NUMBER_OF("tcp/reserved", connections_reserved, "64", 0, 65536,
              "of these, but at most half, for services alone"),
    NUMBER_OF("tcp/handshake_ms", handshake_ms, "5000", 10, 60000,
              "who has not proved its key after so many milliseconds is cut off"),
    { "mirror/server_key", CONFIG_TEXT, AT(source_key), "", 0, 0,
      "for --mirror over TCP: the certificate of the broker that is copied, NAME.key" },
    { "log/file", CONFIG_TEXT, AT(log), "{state}/log.db", 0, 0, "the log's SQLite file" },
    { "metrics/endpoint", CONFIG_TEXT, AT(metrics), "", 0, 0, METRICS_MEANING },
    { "log/level", CONFIG_TEXT, AT(level), "info", 0, 0, "debug, info, warn or error" },
    NUMBER_OF("log/checkpoint_pages", checkpoint_pages, "500", 1, 1000000,
              "the checkpoint thread starts from so many pages of 8 KiB in the write-ahead log"),
    NUMBER_OF("log/finish_pages", finish_pages, "8000", 1, 1000000,
              "from so many pages the writer itself makes the write-ahead log start over"),
    NUMBER_OF(
        "log/flush_apart", flush_apart, "32", 0, 65536,
        "a transaction of so many events is flushed by a thread of its own, while the next ones are taken; "
        "0: none is"),
    NUMBER_OF("log/wal_most_bytes", broker.wal_most_bytes, GIB, 0, MOST_BYTES,
              "above so many bytes of write-ahead log, PUBLISH is refused BUSY"),
    NUMBER_OF("drain/events", broker.drain_events, "8192", 1, 65536, "events in one transaction, about"),
    NUMBER_OF(
        "drain/ahead", broker.drain_ahead, "256", 0, 65536,
        "a transaction ends when one of several publishers is so many events ahead of the others together"),
    NUMBER_OF("drain/bytes", broker.drain_bytes, "4194304", 1, 268435456, "bytes in one transaction, about"),
    NUMBER_OF("publish/events", broker.publish_events, "65536", 1, 65536, "events in one PUBLISH"),
    NUMBER_OF("peers/sessions", broker.sessions, "960", 0, 65536,
              "peers that said HELLO or FOLLOW, at one time"),
    NUMBER_OF("peers/of_one_key", broker.sessions_of_key, "64", 1, 65536,
              "of these with one key; who comes over ipc has none and is not counted so"),
    NUMBER_OF("peers/reserved", broker.sessions_reserved, "64", 0, 65536,
              "of these, but at most half, for services and who comes over ipc alone"),
    NUMBER_OF("peers/silent_ms", broker.silent_ms, "30000", 0, 86400000,
              "a peer silent for so many milliseconds may lose its place to a new one"),
    NUMBER_OF("follow/followers", broker.followers, "256", 0, 65536, "followers at one time"),
    NUMBER_OF("follow/of_one_key", broker.followers_of_key, "16", 1, 65536,
              "of these with one key, as above"),
    NUMBER_OF("follow/reserved", broker.followers_reserved, "32", 0, 65536,
              "of these, but at most half, for services and who comes over ipc alone"),
    NUMBER_OF("follow/prefixes", broker.prefixes, "64", 0, 64, "prefixes of one follower"),
    NUMBER_OF("follow/records", broker.follow_records, "1000", 1, 1000, "records in one EVENTS"),
    NUMBER_OF("follow/bytes", broker.follow_bytes, "65536", 1, 8388608,
              "bytes of envelopes in one EVENTS, unless one record alone is larger"),
    NUMBER_OF("follow/bites", broker.follow_bites, "8", 1, 1024, "EVENTS sent between two transactions"),
    NUMBER_OF("disk/warn_bytes", broker.warn_bytes, GIB, 0, MOST_BYTES,
              "below so many free bytes on the log's disk, warn with broker.space.warned"),
    NUMBER_OF("disk/stop_bytes", broker.stop_bytes, "268435456", 0, MOST_BYTES,
              "below so many free bytes on the log's disk, PUBLISH is refused DISK_FULL"),
    { 0 },
};

/* --- options --- */

enum mode { MODE_RUN, MODE_CHECK, MODE_SAMPLE, MODE_VERIFY, MODE_REPAIR };

struct options {
    const char *config, *sets[SETS_MAX], *start_day, *copy, *mirror;
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
    OPTION_REPAIR,
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
    { "repair-from", OPTION_REPAIR, "COPY", 0,
      "Restore what is damaged in the log from a backup or a follower's log of the same past", 0 },
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
    case OPTION_REPAIR:
        o->mode = MODE_REPAIR;
        o->copy = arg;
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

/* The keys first: without them no endpoint of TCP is a good one. */
static enum err load_rights(struct settings *s, struct why *why)
{
    struct policy *policy = NULL;
    struct party us;
    enum err e = expand(s->secret, why);

    if (!e) e = expand(s->folder, why);
    if (!e) e = expand(s->policy, why);
    if (!e && s->secret[0]) e = party_identify(s->secret, (int)s->handshake_ms, &us, why);
    if (!e) e = bus_endpoints_check(s->endpoint, why);
    if (!e) e = bus_endpoints_check(s->live, why);
    if (!e) e = policy_read(s->policy[0] ? s->policy : NULL, &policy, why);
    policy_destroy(&policy);
    return e == ERR_IO ? ERR_CONFIG : e;
}

/* Whom to copy, and how it proves that it is the one. */
static enum err load_mirror(const char *source, struct settings *s, struct why *why)
{
    enum err e = source ? expand(s->source_key, why) : ERR_NONE;

    if (e || !source) return e;
    if (s->source_key[0] && strncmp(source, "tcp://", 6) == 0) e = party_trust(source, s->source_key, why);
    return e ? e : bus_connect_check(source, why);
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
    if (!e) e = load_rights(s, why);
    if (!e) e = load_mirror(o->mirror, s, why);
    if (!e) e = load_time(o, &s->broker.time, why);
    if (e) return e;
    level = log_level_parse(s->level);
    if (level < 0)
        return why_set(why, ERR_CONFIG, "CONFIG", "log/level is '%s'; it is one of debug, info, warn, error",
                       s->level);
    log_setup("broker", (enum log_level)level);
    return ERR_NONE;
}

static volatile sig_atomic_t stop_asked, hangup_asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void ask_to_look(int signal_number)
{
    (void)signal_number;
    hangup_asked = 1;
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = ask_to_stop }, look = { .sa_handler = ask_to_look };

    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigemptyset(&look.sa_mask);
    sigaction(SIGHUP, &look, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int complain(enum err e, const struct why *why)
{
    fprintf(stderr, "ocop-broker: %s\n", why->sentence[0] ? why->sentence : err_sentence(e));
    return loop_exit_code(e);
}

static bool uses_tcp(const struct settings *s)
{
    return strstr(s->endpoint, "tcp://") || strstr(s->live, "tcp://");
}

/* What would be found at the start, and what a running broker bears, but nobody means. */
static enum err check(const struct settings *s, struct why *why)
{
    if (s->broker.warn_bytes && s->broker.warn_bytes < s->broker.stop_bytes)
        return why_set(why, ERR_CONFIG, "CONFIG",
                       "disk/warn_bytes is %" PRId64 " and disk/stop_bytes %" PRId64
                       ": PUBLISH would be refused before anybody was warned; warn_bytes is the larger one, "
                       "or 0 for no warning",
                       s->broker.warn_bytes, s->broker.stop_bytes);
    return guard_check(s->folder, uses_tcp(s), why);
}

/* Those at the door are no connections yet: as many again. Who comes over ipc has a session, or soon will. */
static enum err look_at_files(const struct settings *s, struct why *why)
{
    const bool tcp = uses_tcp(s);
    const uint64_t need =
        PROCESS_FILES_OWN + (uint64_t)s->broker.sessions + (tcp ? 2 * (uint64_t)s->connections : 0);

    return process_files(need, tcp ? "tcp/connections and peers/sessions" : "peers/sessions", why);
}

static int run(const struct settings *s, const char *source)
{
    struct ground *g = NULL;
    struct why why = { 0 };
    bool busy = false;
    enum err e;

    catch_signals();
    bus_queue_frames((int)s->queue_frames);
    e = source ? ERR_NONE : look_at_files(s, &why);
    if (!e) e = source ? ground_mirror(s, source, &stop_asked, &busy, &why) : ground_open(s, &g, &busy, &why);
    if (!e && !source) {
        log_line(LOG_INFO, "ready", "endpoint=\"%s\" live=\"%s\" log=%s head=%" PRIu64 " rehearsal=%d",
                 s->endpoint, s->live, s->log, ground_head(g), s->broker.time.rehearsal);
        e = ground_serve(g, &stop_asked, &hangup_asked, &why);
        if (!e) log_line(LOG_INFO, "stopped", "head=%" PRIu64, ground_head(g));
    }
    if (e) {
        char quoted[WHY_SENTENCE_MAX];

        log_line(LOG_ERROR, "stop", "code=%s sentence=%s", why.code[0] ? why.code : err_name(e),
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

static int repair(const char *log, const char *copy)
{
    struct log_repaired done;
    struct why why = { 0 };
    bool busy = false;
    int lock = -1;
    enum err e = ground_lock(log, &lock, &busy, &why);

    if (!e) e = log_repair(log, copy, &done, &why);
    if (lock >= 0) close(lock);
    if (e) {
        fprintf(stderr, "ocop-broker: %s (%s)\n", why.sentence[0] ? why.sentence : err_sentence(e),
                why.code[0] ? why.code : err_name(e));
        return busy ? EXIT_IN_USE : e == ERR_CONFIG ? EXIT_USAGE : 1;
    }
    if (!done.kept[0]) {
        printf("%" PRIu64 " records, chain verified: nothing is damaged, and nothing was changed\n",
               done.records);
        return 0;
    }
    for (size_t i = 0; i < done.range_count; i++)
        printf("records %" PRIu64 " to %" PRIu64 ": %s restored from %s\n", done.ranges[i].first,
               done.ranges[i].last, i + 1 == LOG_RANGES_MAX ? "some" : "all", copy);
    printf("%" PRIu64 " records, %" PRIu64
           " of them restored, publishers and topics computed anew, chain verified; the "
           "damaged file is %s\n",
           done.records, done.restored, done.kept);
    return 0;
}

static const char doc[] =
    "The broker of OCOP: one durable, ordered log of events, and everybody who "
    "publishes to it and follows it.\v"
    "Examples:\n"
    "  ocop-broker --run /run/ocop --state /var/lib/ocop\n"
    "  ocop-broker --config /etc/ocop/broker.zpl --check\n"
    "  ocop-broker --state /var/lib/ocop --verify\n"
    "  ocop-broker --state /var/lib/ocop --repair-from /backup/log.db\n"
    "  ocop-broker --state /var/lib/ocop-mirror --mirror ipc:///run/ocop/broker.sock\n"
    "  ocop-broker --run /tmp/r --state /tmp/r --rehearsal --start-day 2018-12-03\n\n"
    "Exit codes: 0 asked to stop, 1 stopped by an error (--verify: the log is damaged), "
    "2 options or settings, 4 another broker serves the log, 6 the log is damaged or was taken away, or the "
    "source of "
    "a mirror has another past.";

int main(int argc, char **argv)
{
    const struct argp argp = { argp_options, parse_option, NULL, doc, NULL, NULL, NULL };
    struct options o = { 0 };
    struct settings s;
    struct why why = { 0 };
    enum err e;

    memset(&s, 0, sizeof s);
    event_words_for_policy();
    process_begin();
    if (hash_init()) {
        fprintf(stderr, "ocop-broker: the system gives no entropy\n");
        return 1;
    }
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    umask(0077);
    if (o.mode == MODE_SAMPLE) {
        config_sample(keys, "ocop-broker");
        return 0;
    }
    e = load(&o, &s, &why);
    if (e) return complain(e, &why);
    if (o.mode == MODE_VERIFY) return verify(s.log);
    if (o.mode == MODE_REPAIR) return repair(s.log, o.copy);
    if (o.mode == MODE_RUN) return run(&s, o.mirror);
    e = check(&s, &why);
    if (e) return complain(e, &why);
    printf("the settings are fine\n");
    return 0;
}
