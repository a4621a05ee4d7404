/* main.c - `ocop`: the global options, the list of verbs, and the way to them. */
#include "proto/words.h"
#include "services/cli/cli.h"

#include "common/hash.h"
#include "common/logline.h"
#include "common/place.h"
#include "common/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

volatile sig_atomic_t cli_stopped;

const char *argp_program_version = "ocop 0.1.0";

struct verb {
    const char *name;
    int (*run)(struct cli *cli, int argc, char **argv);
};

static const struct verb verbs[] = {
    { "push", push_verb },     { "results", results_verb },     { "follow", follow_verb },
    { "show", show_verb },     { "summary", summary_verb },     { "status", status_verb },
    { "dead", dead_verb },     { "clock", clock_verb },         { "rules", rules_verb },
    { "audit", audit_verb },   { "recompute", recompute_verb }, { "keys", keys_verb },
    { "backup", backup_verb }, { "restore", restore_verb },     { NULL, NULL },
};

static const char doc[] =
    "Push events of the One Commune One Product programme, and see what became of them.\v"
    "VERBS\n"
    "  push FILE...          check CSV or JSON lines, send them, wait for the verdicts\n"
    "  results               every row of the spool with its verdict\n"
    "  follow PREFIX...      print the log, from any point into the live tail\n"
    "  show KIND CODE        a product, dossier, certificate, owner, council or message; deadlines\n"
    "  summary               certificates by star, and the provincial plans\n"
    "  status                the broker and the services: up, place, lag, counts\n"
    "  dead VERB             letters a service could not read: list, show, retry, skip\n"
    "  clock DAY             move the time of a broker in rehearsal\n"
    "  rules VERB            the law as data: propose FILE..., propose --shipped, list\n"
    "  audit SERVICE         decide everything again, on the side, and list what differs\n"
    "  recompute PRODUCT     compute a rating again from the log, or all of them\n"
    "  backup DIR            copy log, spools, keys, settings and contacts while everything runs\n"
    "  restore DIR           put them back, after checking them\n"
    "  keys VERB             certificates of those who come over TCP: new, revoke, list\n"
    "\n"
    "`ocop VERB --help` says more, with examples.\n"
    "\n"
    "EXIT CODES\n"
    "  0  all accepted, or all well\n"
    "  1  some refused or returned\n"
    "  2  usage or bad input; nothing was sent\n"
    "  3  broker or service not reached in time, or it does not admit this key or not to this, or\n"
    "     interrupted; rows stay in the spool\n"
    "  4  trouble of the system: disk, memory, another process on the same spool\n"
    "\n"
    "EXAMPLES\n"
    "  ocop --as province-06 push dossier.filed-2018-2.csv\n"
    "  ocop follow certification.certificate.issued.06\n"
    "  ocop show product 06-901-90005-1-2018\n"
    "  ocop show certificate OCOP-06-2018-0001 --on 2021-12-17\n";

static void on_signal(int number)
{
    (void)number;
    cli_stopped = 1;
}

static void catch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal; /* no SA_RESTART: whatever waits must wake */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_DFL); /* `ocop follow | head` ends quietly */
}

int cli_fail(int code, const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fputs("ocop: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

bool cli_denied(const struct why *why)
{
    return why && (!strcmp(why->code, "NOT_PERMITTED") || !strcmp(why->code, "MAY_NOT_OPEN"));
}

int cli_fail_err(enum err e, const struct why *why)
{
    int code = EXIT_SYSTEM;

    if (e == ERR_TIMEOUT || e == ERR_GONE || e == ERR_AGAIN || e == ERR_INTERRUPTED || cli_denied(why))
        code = EXIT_UNREACHED;
    else if (e == ERR_INVALID || e == ERR_CONFIG || e == ERR_LIMIT)
        code = EXIT_USAGE;
    else if (e == ERR_NOT_FOUND)
        code = EXIT_SOME_REFUSED;
    return cli_fail(code, "%s", why && why->sentence[0] ? why->sentence : err_sentence(e));
}

/* --- global options --- */

enum {
    KEY_RUN = 0x100,
    KEY_STATE,
    KEY_AS,
    KEY_SPOOL,
    KEY_JSON,
    KEY_WAIT,
    KEY_BROKER,
    KEY_SERVICES,
    KEY_KEY,
    KEY_SERVER_KEY
};

static const struct argp_option global_options[] = {
    { "run", KEY_RUN, "DIR", 0, "Where the sockets lie ($OCOP_RUN, else /run/ocop)", 10 },
    { "state", KEY_STATE, "DIR", 0, "Where stores and spools lie ($OCOP_STATE, else /var/lib/ocop)", 10 },
    { "as", KEY_AS, "NAME", 0, "Publish under this name ($OCOP_PUBLISHER)", 10 },
    { "spool", KEY_SPOOL, "FILE", 0, "The spool (STATE/spool-NAME.db)", 10 },
    { "json", KEY_JSON, 0, 0, "Print JSON, one object a line", 10 },
    { "broker", KEY_BROKER, "ENDPOINT", 0,
      "The broker, as tcp://HOST:PORT ($OCOP_BROKER, else RUN/broker.sock)", 10 },
    { "services", KEY_SERVICES, "LIST", 0,
      "NAME=ENDPOINT of services, parted by blanks ($OCOP_SERVICES, else RUN/NAME.sock)", 10 },
    { "key", KEY_KEY, "FILE", 0, "For TCP: your NAME.key_secret ($OCOP_KEY)", 10 },
    { "server-key", KEY_SERVER_KEY, "FILE", 0,
      "For TCP: the broker's NAME.key, those of services beside it ($OCOP_SERVER_KEY)", 10 },
    { "wait", KEY_WAIT, "SECONDS", 0, "Give up after so long without progress (60)", 10 },
    { 0 },
};

static error_t parse_wait(struct argp_state *state, struct cli *cli, const char *arg)
{
    char *end = NULL;
    long value;

    errno = 0;
    value = strtol(arg, &end, 10);
    if (errno || end == arg || *end || value < 0 || value > CLI_WAIT_MAX_S) {
        argp_error(state, "--wait is \"%s\"; it must be a whole number of seconds, 0 to %d", arg,
                   CLI_WAIT_MAX_S);
    }
    cli->wait_s = (int)value;
    return 0;
}

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
    struct cli *cli = state->input;

    switch (key) {
    case KEY_RUN:
        cli->run = arg;
        return 0;
    case KEY_STATE:
        cli->state = arg;
        return 0;
    case KEY_AS:
        cli->as = arg;
        return 0;
    case KEY_SPOOL:
        cli->spool = arg;
        return 0;
    case KEY_JSON:
        cli->json = true;
        return 0;
    case KEY_BROKER:
        cli->broker = arg;
        return 0;
    case KEY_SERVICES:
        cli->services = arg;
        return 0;
    case KEY_KEY:
        cli->key = arg;
        return 0;
    case KEY_SERVER_KEY:
        cli->server_key = arg;
        return 0;
    case KEY_WAIT:
        return parse_wait(state, cli, arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_argp = { global_options, parse_global, NULL, NULL, NULL, NULL, NULL };

const struct argp_child cli_children[] = {
    { &cli_argp, 0, "Options of every verb:", 10 },
    { 0 },
};

void cli_parse(struct cli *cli, const struct argp *argp, int argc, char **argv, void *input)
{
    argp_parse(argp, argc, argv, 0, NULL, input);
    place_set(cli->run, cli->state);
    reach_set(cli);
}

/* --- the first word that is no option is the verb; what is behind it is the verb's own business --- */

struct top {
    struct cli cli;
    int argc;
    char **argv;
};

static error_t parse_top(int key, char *arg, struct argp_state *state)
{
    struct top *top = state->input;

    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &top->cli;
        return 0;
    case ARGP_KEY_ARG:
        top->argc = state->argc - state->next + 1;
        top->argv = state->argv + state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "say a verb, for instance push or status");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp top_argp = { NULL, parse_top, "VERB [ARGUMENT...]", doc, cli_children, NULL, NULL };

static int run_verb(struct top *top)
{
    char name[64];
    const struct verb *v;

    for (v = verbs; v->name; v++) {
        if (strcmp(v->name, top->argv[0])) continue;
        snprintf(name, sizeof name, "ocop %s", v->name);
        top->argv[0] = name;
        return v->run(&top->cli, top->argc, top->argv);
    }
    return cli_fail(EXIT_USAGE, "there is no verb \"%s\"; `ocop --help` lists them", top->argv[0]);
}

int main(int argc, char **argv)
{
    struct top top = { .cli = { .wait_s = CLI_WAIT_STANDARD_S } };
    const char *as = getenv("OCOP_PUBLISHER");
    int code;

    argp_err_exit_status = EXIT_USAGE;
    umask(0077);
    event_words_for_policy();
    process_begin();
    if (as && *as) top.cli.as = as;
    if (hash_init()) return cli_fail(EXIT_SYSTEM, "the system gives no random numbers");
    log_setup("ocop", LOG_WARN);
    catch_signals();
    argp_parse(&top_argp, argc, argv, ARGP_IN_ORDER, NULL, &top);
    code = run_verb(&top);
    if (fflush(stdout) || ferror(stdout))
        return cli_fail(EXIT_SYSTEM, "what was to be printed could not be written: %s", strerror(errno));
    return code;
}
