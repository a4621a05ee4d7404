/* loop_main.c - the main of every service: options, settings, signals. */
#include "common/clock.h"
#include "common/guard.h"
#include "common/logline.h"
#include "common/loop_inside.h"
#include "common/metrics.h"
#include "common/place.h"
#include "common/process.h"

#include <argp.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>

struct settings {
    char broker[CONFIG_TEXT_MAX], questions[CONFIG_TEXT_MAX], store[CONFIG_TEXT_MAX], level[CONFIG_TEXT_MAX];
    char secret[CONFIG_TEXT_MAX], broker_key[CONFIG_TEXT_MAX], folder[CONFIG_TEXT_MAX],
        policy[CONFIG_TEXT_MAX], metrics[CONFIG_TEXT_MAX];
    int64_t heartbeat_ms, connections, handshake_ms, questions_second;
};

enum mode { MODE_RUN, MODE_CHECK, MODE_SAMPLE, MODE_DUMP, MODE_DUMP_PLACES, MODE_AUDIT, MODE_RECOMPUTE };
enum { SETS_MAX = 64, KEPT_BYTES = 16 * 1024 * 1024 };
enum { EXIT_USAGE = 2, EXIT_UNKNOWN = 5 };

struct options {
    const struct service *service;
    const char *config, *sets[SETS_MAX], *key;
    size_t set_count;
    enum mode mode;
};

static volatile sig_atomic_t stop_asked, look_asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void ask_to_look(int signal_number)
{
    (void)signal_number;
    look_asked = 1;
}

enum {
    OPTION_RUN = 256,
    OPTION_STATE,
    OPTION_SET,
    OPTION_CHECK,
    OPTION_SAMPLE,
    OPTION_DUMP,
    OPTION_AUDIT,
    OPTION_RECOMPUTE
};

static const struct argp_option argp_options[] = {
    { "run", OPTION_RUN, "DIR", 0, "Folder of the sockets (default $OCOP_RUN, else /run/ocop)", 0 },
    { "state", OPTION_STATE, "DIR", 0, "Folder of the stores (default $OCOP_STATE, else /var/lib/ocop)", 0 },
    { "config", 'c', "FILE", 0, "Settings in ZPL; --sample prints one with every key", 0 },
    { "set", OPTION_SET, "KEY=VALUE", 0, "One setting, stronger than the file; may be given often", 0 },
    { "check", OPTION_CHECK, NULL, 0, "Check the settings, touch nothing", 0 },
    { "sample", OPTION_SAMPLE, NULL, 0, "Print a sample settings file", 0 },
    { "dump", OPTION_DUMP, "places", OPTION_ARG_OPTIONAL,
      "Print the store as text; with =places also log positions and the loop's own tables", 0 },
    { "audit", OPTION_AUDIT, NULL, 0,
      "Decide everything again and list what would differ; exit 1 if anything does", 0 },
    { "recompute", OPTION_RECOMPUTE, "KEY", 0,
      "Compute again what is recorded of KEY, or of all; exit 1 if anything differs, 5 if KEY is unknown",
      0 },
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
    case OPTION_DUMP:
        if (arg && strcmp(arg, "places") != 0) argp_error(state, "--dump takes nothing or =places");
        o->mode = arg ? MODE_DUMP_PLACES : MODE_DUMP;
        return 0;
    case OPTION_AUDIT:
        o->mode = MODE_AUDIT;
        return 0;
    case OPTION_RECOMPUTE:
        if (!o->service->recompute) argp_error(state, "%s computes nothing", o->service->name);
        if (!*arg) argp_error(state, "--recompute needs what to compute again, or all");
        o->mode = MODE_RECOMPUTE;
        o->key = arg;
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

static bool uses_tcp(const char *endpoints)
{
    return strstr(endpoints, "tcp://") != NULL;
}

/* A service's key has its name: the broker will let it publish under no other. */
static enum err load_own_key(const struct service *service, const struct settings *s, struct why *why)
{
    struct party us;
    enum err e = party_identify(s->secret, (int)s->handshake_ms, &us, why);

    if (e || strcmp(us.name, service->name) == 0) return e;
    return why_set(why, ERR_CONFIG, "KEY", "%s is the key of %s; that of %s is needed here", s->secret,
                   us.name, service->name);
}

/* The keys first: without them no endpoint of TCP is a good one. */
static enum err load_rights(const struct service *service, struct settings *s, struct why *why)
{
    struct policy *policy = NULL;
    enum err e = expand(s->secret, why);

    if (!e) e = expand(s->broker_key, why);
    if (!e) e = expand(s->folder, why);
    if (!e) e = expand(s->policy, why);
    if (!e && s->secret[0]) e = load_own_key(service, s, why);
    if (!e && s->broker_key[0] && uses_tcp(s->broker)) e = party_trust(s->broker, s->broker_key, why);
    if (!e) e = bus_connect_check(s->broker, why);
    if (!e) e = bus_endpoints_check(s->questions, why);
    if (!e) e = policy_read(s->policy[0] ? s->policy : NULL, &policy, why);
    policy_destroy(&policy);
    return e == ERR_IO ? ERR_CONFIG : e;
}

static enum err load(const struct options *o, const struct config_key *keys, struct settings *s,
                     struct why *why)
{
    enum err e = config_load(keys, o->config, s, why);
    int level;

    for (size_t i = 0; !e && i < o->set_count; i++)
        e = config_set(keys, o->sets[i], s, why);
    if (!e) e = expand(s->broker, why);
    if (!e) e = expand(s->questions, why);
    if (!e) e = expand(s->store, why);
    if (!e) e = load_rights(o->service, s, why);
    if (!e) e = expand(s->metrics, why);
    if (!e) e = metrics_check(s->metrics, why);
    level = log_level_parse(s->level);
    if (!e && level < 0)
        e = why_set(why, ERR_CONFIG, "CONFIG", "log/level is '%s'; it is one of debug, info, warn, error",
                    s->level);
    if (!e) log_setup(o->service->name, (enum log_level)level);
    return e;
}

static enum err dump(const struct settings *s, bool places, struct why *why)
{
    sqlite3 *db = NULL;
    enum err e = db_open(s->store, DB_READ, &db, why);

    if (!e) e = db_dump(db, places, stdout, why);
    db_close(&db);
    return e;
}

static int audit(const struct service *service, const struct loop_settings *ls, struct why *why)
{
    uint64_t differences = 0;
    enum err e = loop_audit(service, ls, stdout, &differences, why);

    if (e) {
        fprintf(stderr, "ocop-%s: %s\n", service->name, why->sentence[0] ? why->sentence : err_sentence(e));
        return loop_exit_code(e);
    }
    printf("%llu outcomes would be decided otherwise\n", (unsigned long long)differences);
    return differences ? 1 : 0;
}

static int recompute(const struct service *service, const struct loop_settings *ls, const char *key,
                     struct why *why)
{
    struct recount recount = { .key = strcmp(key, "all") == 0 ? NULL : key, .out_file = stdout };
    const enum err e = loop_recompute(service, ls, &recount, why);

    if (e) {
        fprintf(stderr, "ocop-%s: %s\n", service->name, why->sentence[0] ? why->sentence : err_sentence(e));
        return e == ERR_NOT_FOUND ? EXIT_UNKNOWN : loop_exit_code(e);
    }
    printf("%llu %s recomputed, %llu differences\n", (unsigned long long)recount.computed,
           service->recomputes, (unsigned long long)recount.differences);
    return recount.differences ? 1 : 0;
}

static enum err run(const struct service *service, const struct loop_settings *ls)
{
    struct sigaction action = { .sa_handler = ask_to_stop }, look = { .sa_handler = ask_to_look };

    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigemptyset(&look.sa_mask);
    sigaction(SIGHUP, &look, NULL);
    signal(SIGPIPE, SIG_IGN);
    return loop_run(service, ls, &stop_asked);
}

static int act(const struct options *o, const struct config_key *keys, const struct settings *s,
               struct why *why)
{
    const struct guard_settings guard = { .keys = uses_tcp(s->questions) ? s->folder : "",
                                          .policy = s->policy,
                                          .connections = (uint64_t)s->connections,
                                          .tcp = uses_tcp(s->questions) };
    const struct loop_settings ls = { .broker = s->broker,
                                      .questions = s->questions,
                                      .store = s->store,
                                      .heartbeat_ms = (int)s->heartbeat_ms,
                                      .questions_second = s->questions_second,
                                      .metrics = s->metrics,
                                      .guard = &guard,
                                      .look_at_once = &look_asked };
    enum err e = ERR_NONE;

    switch (o->mode) {
    case MODE_RUN:
        e = process_files(PROCESS_FILES_OWN + 2 * (uint64_t)s->connections, "connections", why);
        if (e) break;
        return loop_exit_code(run(o->service, &ls));
    case MODE_CHECK:
        e = guard_check(guard.keys, guard.tcp, why);
        if (e) break;
        printf("the settings are fine\n");
        return 0;
    case MODE_SAMPLE: {
        char program[64];

        snprintf(program, sizeof program, "ocop-%s", o->service->name);
        config_sample(keys, program);
        return 0;
    }
    case MODE_DUMP:
    case MODE_DUMP_PLACES:
        e = dump(s, o->mode == MODE_DUMP_PLACES, why);
        break;
    case MODE_AUDIT:
        return audit(o->service, &ls, why);
    case MODE_RECOMPUTE:
        return recompute(o->service, &ls, o->key, why);
    }
    if (e)
        fprintf(stderr, "ocop-%s: %s\n", o->service->name,
                why->sentence[0] ? why->sentence : err_sentence(e));
    return loop_exit_code(e);
}

/* SQLite and the library ask for the same memory again and again; given back to the system each time, it
 * would be mapped and cleared each time. */
static void keep_memory(void)
{
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_TOP_PAD, KEPT_BYTES / 16);
}

/* One thread of a service uses SQLite: it need not lock, nor count its memory. */
static void use_alone(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int loop_main(const struct service *service, int argc, char **argv)
{
    char questions[CONFIG_TEXT_MAX], store[CONFIG_TEXT_MAX], doc[512];
    struct options o = { .service = service };
    struct settings s;
    struct why why = { 0 };
    const struct argp argp = { argp_options, parse_option, NULL, doc, NULL, NULL, NULL };
    enum err e;

    process_begin();
    snprintf(questions, sizeof questions, "ipc://{run}/%s.sock", service->name);
    snprintf(store, sizeof store, "{state}/%s.db", service->name);
    snprintf(doc, sizeof doc,
             "The %s service of OCOP.\v"
             "Examples:\n"
             "  ocop-%s --run /run/ocop --state /var/lib/ocop\n"
             "  ocop-%s --config /etc/ocop/%s.zpl --check\n"
             "  ocop-%s --state /var/lib/ocop --dump\n\n"
             "Exit codes: 0 asked to stop, 1 stopped by an error, 2 options or settings, 3 superseded by "
             "another process, 4 "
             "store in use, 6 the log and the store cannot be brought together.",
             service->name, service->name, service->name, service->name, service->name);
    const struct config_key keys[] = {
        { "broker", CONFIG_TEXT, offsetof(struct settings, broker), PLACE_BROKER, 0, 0,
          "the broker's ROUTER endpoint: ipc://PATH or tcp://HOST:PORT" },
        { "questions", CONFIG_TEXT, offsetof(struct settings, questions), questions, 0, 0,
          "where this service answers questions; several, as one ipc:// and one tcp://HOST:PORT, parted by a "
          "blank" },
        { "store", CONFIG_TEXT, offsetof(struct settings, store), store, 0, 0, "its SQLite file" },
        { "key", CONFIG_TEXT, offsetof(struct settings, secret), "", 0, 0,
          "this service's NAME.key_secret, readable by its owner alone; without there is no TCP" },
        { "server_key", CONFIG_TEXT, offsetof(struct settings, broker_key), "", 0, 0,
          "the broker's certificate, NAME.key, when it is reached over TCP" },
        { "keys", CONFIG_TEXT, offsetof(struct settings, folder), PLACE_KEYS, 0, 0,
          "certificates of those who may ask over TCP, NAME.key each; read again when it changes" },
        { "policy", CONFIG_TEXT, offsetof(struct settings, policy), "", 0, 0,
          "who may ask what, as deploy/policy.zpl, which is built in and stands when this is empty; read "
          "again when "
          "it changes" },
        { "questions_second", CONFIG_NUMBER, offsetof(struct settings, questions_second), "5000", 0, 1000000,
          "questions answered within a second, `status` not counted; more are told BUSY; 0: no limit" },
        { "connections", CONFIG_NUMBER, offsetof(struct settings, connections), "256", 1, 65536,
          "connections that ask questions, at one time" },
        { "handshake_ms", CONFIG_NUMBER, offsetof(struct settings, handshake_ms), "5000", 10, 60000,
          "who has not proved its key after so many milliseconds is cut off" },
        { "heartbeat_ms", CONFIG_NUMBER, offsetof(struct settings, heartbeat_ms), "1000", 10, 60000,
          "milliseconds between PINGs; three without an answer and it connects again" },
        { "metrics/endpoint", CONFIG_TEXT, offsetof(struct settings, metrics), "", 0, 0, METRICS_MEANING },
        { "log/level", CONFIG_TEXT, offsetof(struct settings, level), "info", 0, 0,
          "debug, info, warn or error" },
        { 0 },
    };
    memset(&s, 0, sizeof s);
    keep_memory();
    use_alone();
    if (hash_init()) {
        fprintf(stderr, "ocop-%s: the system gives no entropy\n", service->name);
        return 1;
    }
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    umask(0077);
    e = load(&o, keys, &s, &why);
    if (e) {
        fprintf(stderr, "ocop-%s: %s\n", service->name, why.sentence[0] ? why.sentence : err_sentence(e));
        return 2;
    }
    return act(&o, keys, &s, &why);
}
