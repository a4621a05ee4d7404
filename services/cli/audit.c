/* audit.c - `ocop audit`: becomes `ocop-SERVICE --audit`, which alone knows the rules. */
#include "services/cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AUDIT_WORDS = 8 };

struct audit {
    struct cli *cli;
    const char *service;
};

static const char doc[] = "Decide everything of the log again, on the side, and print each outcome that "
                          "today's program and rules would "
                          "decide otherwise.\v"
                          "SERVICE is intake, scoring, certification or notification.\n"
                          "\n"
                          "EXAMPLES\n"
                          "  ocop audit scoring\n";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const services[] = { "intake", "scoring", "certification", "notification" };
    struct audit *a = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = a->cli;
        return 0;
    case ARGP_KEY_ARG:
        for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
            if (!strcmp(services[i], arg)) a->service = services[i];
        }
        if (!a->service) argp_error(state, "there is no service \"%s\" to audit", arg);
        return 0;
    case ARGP_KEY_END:
        if (!a->service) argp_error(state, "say a SERVICE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { NULL, parse, "SERVICE", doc, cli_children, NULL, NULL };

/* Beside our own binary; an empty text when that cannot be found out. */
static void beside(const char *program, char *out, size_t size)
{
    char self[PATH_MAX];
    ssize_t got = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    out[0] = 0;
    if (got <= 0) return;
    self[got] = 0;
    slash = strrchr(self, '/');
    if (!slash) return;
    slash[1] = 0;
    if (snprintf(out, size, "%s%s", self, program) >= (int)size) out[0] = 0;
}

int audit_verb(struct cli *cli, int argc, char **argv)
{
    struct audit a = { .cli = cli };
    char program[64], path[PATH_MAX + 64];
    const char *words[AUDIT_WORDS];
    char *copies[AUDIT_WORDS] = { NULL };
    size_t count = 0;

    cli_parse(cli, &argp, argc, argv, &a);
    if (cli->json) return cli_fail(EXIT_USAGE, "audit prints lines for people; it has no --json");
    snprintf(program, sizeof program, "ocop-%s", a.service);
    words[count++] = program;
    words[count++] = "--audit";
    if (cli->run) words[count++] = "--run", words[count++] = cli->run;
    if (cli->state) words[count++] = "--state", words[count++] = cli->state;
    for (size_t i = 0; i < count; i++)
        copies[i] = strdup(words[i]);
    beside(program, path, sizeof path);
    if (path[0]) execv(path, copies);
    execvp(program, copies);
    return cli_fail(EXIT_SYSTEM, "%s cannot be run: %s", program, strerror(errno));
}
