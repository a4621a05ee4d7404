/* recompute.c - `ocop recompute`: becomes `ocop-scoring --recompute`, which alone knows the rules. */
#include "services/cli/ask.h"
#include "services/cli/beside.h"

#include <stdio.h>
#include <string.h>

enum { KEY_ALL = 0x200, CODE_MAX = 40 };

struct recompute {
    struct cli *cli;
    const char *product;
    bool all;
};

static const char doc[] =
    "Compute a product's ratings again, from the sheets and the adopted bytes of its rule set and rubric in "
    "the "
    "log.\v"
    "Prints the same star with the sum, criterion by criterion, or the first difference. It needs the "
    "broker, "
    "for "
    "the log, and no running service.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop recompute 66-24175-1-2026\n"
    "  ocop recompute --all\n"
    "\n"
    "Exit codes are those of ocop-scoring: 0 no difference, 1 a difference; anything else: it could not be "
    "computed, and a sentence says why.\n";

static const struct argp_option options[] = {
    { "all", KEY_ALL, 0, 0, "Every rating of the log", 1 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct recompute *r = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = r->cli;
        return 0;
    case KEY_ALL:
        r->all = true;
        return 0;
    case ARGP_KEY_ARG:
        if (r->product) argp_error(state, "too many words; say one PRODUCT, or --all");
        if (!*arg || strlen(arg) > CODE_MAX || !strcmp(arg, "all"))
            argp_error(state, "\"%.*s\" is no code of a product; for everything say --all", CODE_MAX, arg);
        r->product = arg;
        return 0;
    case ARGP_KEY_END:
        if (!r->product == !r->all) argp_error(state, "say a PRODUCT, or --all");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { options, parse, "PRODUCT | --all", doc, cli_children, NULL, NULL };

/* A product is rated under its first code. A newer one is looked up while scoring runs; else it is tried as
 * it is. */
static void first_code(const char *code, char out[CODE_MAX + 1])
{
    json_t *answer = NULL;
    const char *first = NULL;

    if (!ask("scoring", "product", "product", code, &answer, NULL))
        first = json_string_value(json_object_get(answer, "product"));
    snprintf(out, CODE_MAX + 1, "%s", first ? first : code);
    json_decref(answer);
}

int recompute_verb(struct cli *cli, int argc, char **argv)
{
    struct recompute r = { .cli = cli };
    char word[sizeof "--recompute=" + CODE_MAX], code[CODE_MAX + 1] = "all";
    const char *const words[] = { word, NULL };

    cli_parse(cli, &argp, argc, argv, &r);
    if (cli->json) return cli_fail(EXIT_USAGE, "recompute prints lines for people; it has no --json");
    if (!r.all) first_code(r.product, code);
    snprintf(word, sizeof word, "--recompute=%s", code);
    return beside_run(cli, "scoring", words);
}
