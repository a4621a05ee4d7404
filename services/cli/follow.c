/* follow.c - `ocop follow`: the log as lines, from any point into the live tail. */
#include "common/record.h"
#include "common/text.h"
#include "services/cli/ask.h"
#include "services/cli/print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_FROM = 0x200,
    KEY_UNTIL_HEAD,
    FOLLOW_PREFIXES_MAX = 64,
    FOLLOW_COLUMNS = 640 /* of one value: a sentence is never cut */
};

struct follow {
    struct cli *cli;
    struct slice prefixes[FOLLOW_PREFIXES_MAX];
    size_t count;
    uint64_t from;
    bool until_head;
};

static const char doc[] =
    "Print the records of the log whose topic begins with one of the PREFIXes; none means all. Goes on with "
    "what "
    "comes until Ctrl-C.\v"
    "A topic is context.thing.verb.NN, NN the province; so a prefix chooses a context, a type, or a type in "
    "one "
    "province. Each line has the place, the time in Viet Nam, the topic, the subject, then the fields.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop follow certification.\n"
    "  ocop follow certification.certificate.issued.06 certification.certificate.revoked.06 --json\n"
    "  ocop follow --from 1200 --until-head\n"
    "\n"
    "Exit codes: 0 ended by Ctrl-C or at the head, 1 the broker refused, 3 no broker, or it does not admit "
    "the "
    "key.\n";

static const struct argp_option options[] = {
    { "from", KEY_FROM, "SEQ", 0, "Print from this place on (1)", 1 },
    { "until-head", KEY_UNTIL_HEAD, 0, 0, "End at what is the last record now", 1 },
    { 0 },
};

static error_t parse_from(struct argp_state *state, struct follow *f, const char *arg)
{
    char *end = NULL;

    errno = 0;
    f->from = strtoull(arg, &end, 10);
    if (errno || *end || end == arg || arg[0] == '-')
        argp_error(state, "--from is \"%s\"; it must be a whole number", arg);
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct follow *f = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = f->cli;
        return 0;
    case KEY_FROM:
        return parse_from(state, f, arg);
    case KEY_UNTIL_HEAD:
        f->until_head = true;
        return 0;
    case ARGP_KEY_ARG:
        if (f->count == FOLLOW_PREFIXES_MAX) argp_error(state, "more than %d prefixes", FOLLOW_PREFIXES_MAX);
        f->prefixes[f->count++] = slice_text(arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { options, parse, "[PREFIX...]", doc, cli_children, NULL, NULL };

static const char *member(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text ? text : "";
}

/* A rubric's bytes or a decision's lines would fill the screen: --json has them whole. */
static void print_short(const char *name, const char *text)
{
    const struct slice whole = slice_text(text);
    const size_t fits = text_fit(whole, FOLLOW_COLUMNS);

    if (fits == whole.size)
        printf("  %s=%s", name, text);
    else
        printf("  %s=%.*s... (%zu bytes)", name, (int)fits, text, whole.size);
}

static void print_line(const json_t *o)
{
    const char *name;
    json_t *v;

    printf("%lld  %s  %s  %s", (long long)json_integer_value(json_object_get(o, "seq")), member(o, "at"),
           member(o, "topic"), member(o, "subject"));
    if (*member(o, "unreadable")) printf("  unreadable: %s", member(o, "unreadable"));
    json_object_foreach(json_object_get(o, "data"), name, v)
    {
        char *text = print_value(v);

        print_short(name, text ? text : "");
        free(text);
    }
    putchar('\n');
}

static enum err print_record(void *context, const struct record *rec)
{
    const struct follow *f = context;
    json_t *o;

    if (rec->seq < f->from) return ERR_NONE;
    o = json_of_record(rec);
    if (!o) return ERR_NOMEM;
    if (f->cli->json)
        print_json(stdout, o);
    else
        print_line(o);
    json_decref(o);
    fflush(stdout);
    return ferror(stdout) ? ERR_IO : ERR_NONE;
}

int follow_verb(struct cli *cli, int argc, char **argv)
{
    static struct follow f;
    struct why why = { 0 };
    uint64_t head = 0;
    enum err e = ERR_NONE;

    f.cli = cli;
    cli_parse(cli, &argp, argc, argv, &f);
    if (f.until_head) e = ask_head(&head, &why);
    if (!e && f.until_head && head == 0) return EXIT_ALL_WELL;
    if (!e) e = ask_log(cli, f.prefixes, f.count, head, print_record, &f, &why);
    if (e == ERR_INTERRUPTED) e = ERR_NONE;
    if (e == ERR_INVALID) return cli_fail(EXIT_SOME_REFUSED, "%s", why.sentence);
    return e ? cli_fail_err(e, &why) : EXIT_ALL_WELL;
}
