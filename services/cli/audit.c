/* audit.c - `ocop audit`: becomes `ocop-SERVICE --audit`, which alone knows the rules. */
#include "services/cli/beside.h"

#include <string.h>

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

int audit_verb(struct cli *cli, int argc, char **argv)
{
    static const char *const words[] = { "--audit", NULL };
    struct audit a = { .cli = cli };

    cli_parse(cli, &argp, argc, argv, &a);
    if (cli->json) return cli_fail(EXIT_USAGE, "audit prints lines for people; it has no --json");
    return beside_run(cli, a.service, words);
}
