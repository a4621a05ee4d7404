/* cli.h - what every verb of `ocop` is given, and what it may answer to the shell.
 *
 * The command line knows no rule: it checks the shape of what it sends, and asks the services for all else.
 */
#ifndef SERVICES_CLI_CLI_H
#define SERVICES_CLI_CLI_H

#include "common/config.h"
#include "common/err.h"
#include "common/slice.h"

#include <argp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit codes, the same for every verb. */
enum {
    EXIT_ALL_WELL = 0,
    EXIT_SOME_REFUSED = 1, /* refused, returned or dead-lettered */
    EXIT_USAGE = 2,        /* usage or bad input: nothing was sent */
    EXIT_UNREACHED = 3, /* broker or service not reached in time, or closed to this key, or interrupted: rows
                           stay in the spool */
    EXIT_SYSTEM = 4     /* disk, memory, another process on the same spool */
};

enum { CLI_WAIT_STANDARD_S = 60, CLI_WAIT_MAX_S = 86400, CLI_ASK_MS = 2000 };

/* The options before or behind the verb. */
struct cli {
    const char *as;    /* publisher; NULL when neither --as nor $OCOP_PUBLISHER says one */
    const char *spool; /* NULL: {state}/spool-NAME.db */
    const char *run, *state;
    const char *broker;           /* endpoint; NULL: the socket in {run} */
    const char *services;         /* NAME=ENDPOINT, parted by blanks; NULL: the sockets in {run} */
    const char *key, *server_key; /* files, for endpoints of TCP */
    bool json;
    int wait_s; /* longest time without any progress */
};

/* Set by SIGINT and SIGTERM; verbs look at it where they wait. */
extern volatile sig_atomic_t cli_stopped;

/* The global options as a child parser; its input is the struct cli. */
extern const struct argp cli_argp;

/* "ocop: " and a sentence on stderr; returns `code`. */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for an error of the house. The code is chosen by the error. */
int cli_fail_err(enum err e, const struct why *why);
/* Does it say that the other side does not admit our key or our user, or not to what we wanted? */
bool cli_denied(const struct why *why);
/* Read the options of one verb, globals among them. argp exits with EXIT_USAGE on a wrong one. */
void cli_parse(struct cli *cli, const struct argp *argp, int argc, char **argv, void *input);
/* The children array for a verb's argp: the global options. */
extern const struct argp_child cli_children[];

/* Where the broker and a service answer. ERR_CONFIG with why, also when this user may not open the broker's
 * socket; client_ask says so of a service's. */
void reach_set(const struct cli *cli);
enum err cli_broker(char endpoint[CONFIG_TEXT_MAX], struct why *why);
enum err cli_questions(const char *service, char endpoint[CONFIG_TEXT_MAX], struct why *why);

/* The verbs. argv[0] is the verb, as in "ocop push". */
int push_verb(struct cli *cli, int argc, char **argv);
int results_verb(struct cli *cli, int argc, char **argv);
int follow_verb(struct cli *cli, int argc, char **argv);
int show_verb(struct cli *cli, int argc, char **argv);
int summary_verb(struct cli *cli, int argc, char **argv);
int status_verb(struct cli *cli, int argc, char **argv);
int dead_verb(struct cli *cli, int argc, char **argv);
int clock_verb(struct cli *cli, int argc, char **argv);
int rules_verb(struct cli *cli, int argc, char **argv);
int keys_verb(struct cli *cli, int argc, char **argv);
int audit_verb(struct cli *cli, int argc, char **argv);
int recompute_verb(struct cli *cli, int argc, char **argv);
int backup_verb(struct cli *cli, int argc, char **argv);
int restore_verb(struct cli *cli, int argc, char **argv);

#endif
