/* rules.c - `ocop rules`: a file of law goes into the log as its bytes; and what is adopted. */
#include "services/cli/ask.h"
#include "services/cli/print.h"
#include "services/cli/push.h"
#include "services/cli/rules_files.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { KEY_SHIPPED = 0x200, HASH_SHOWN = 12 };

struct rules_words {
    struct cli *cli;
    const char *what;
    bool shipped;
    struct rules_file files[RULES_FILES_MAX];
    size_t count;
};

static const char doc[] =
    "The law as data: rule sets, rubrics, calendars and areas. A proposed file's bytes go into the log, so "
    "that "
    "the log alone can compute a result again; scoring checks them and adopts or refuses them.\v"
    "  propose FILE...     JSON of schema ocop-rules/1, ocop-rubric/1, ocop-calendar/1 or ocop-areas/1\n"
    "  propose --shipped   every file that came with this program and is not adopted yet: rule sets first, "
    "then "
    "calendars and areas, then rubrics\n"
    "  list                what is adopted, with the beginning of its hash; --json has the whole\n"
    "\n"
    "The shipped files lie in $OCOP_RULES, else in ../share/ocop/rules beside the program's folder, else in "
    "the "
    "tree it was built from.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop --as operator rules propose --shipped\n"
    "  ocop --as operator rules propose my-rubric.json\n"
    "  ocop rules list\n"
    "\n"
    "Exit codes: 0 all adopted, 1 some refused, 2 a file is not JSON with an \"id\", 3 no verdict yet.\n";

static const struct argp_option options[] = {
    { "shipped", KEY_SHIPPED, 0, 0, "propose: all that came with this program and is not adopted yet", 1 },
    { 0 },
};

static error_t add_word(struct argp_state *state, struct rules_words *w, const char *arg)
{
    if (!w->what) {
        w->what = arg;
        if (strcmp(arg, "propose") && strcmp(arg, "list"))
            argp_error(state, "there is no `rules %s`; say rules propose FILE..., propose --shipped, or list",
                       arg);
        return 0;
    }
    if (w->count == RULES_FILES_MAX) argp_error(state, "more than %d files in one call", RULES_FILES_MAX);
    if (snprintf(w->files[w->count].path, sizeof w->files->path, "%s", arg) >= (int)sizeof w->files->path)
        argp_error(state, "the path %.40s... is too long", arg);
    w->count++;
    return 0;
}

static void check_words(struct argp_state *state, const struct rules_words *w)
{
    if (!w->what) argp_error(state, "say rules propose FILE..., propose --shipped, or list");
    if (!strcmp(w->what, "list") && (w->count || w->shipped)) argp_error(state, "list takes no FILE");
    if (!strcmp(w->what, "propose") && w->shipped == (w->count > 0))
        argp_error(state, "say rules propose FILE..., or rules propose --shipped");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct rules_words *w = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = w->cli;
        return 0;
    case KEY_SHIPPED:
        w->shipped = true;
        return 0;
    case ARGP_KEY_ARG:
        return add_word(state, w, arg);
    case ARGP_KEY_END:
        check_words(state, w);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { options, parse,        "propose FILE... | propose --shipped | list",
                                  doc,     cli_children, NULL,
                                  NULL };

/* --- propose --- */

/* All files are checked before the first goes into the spool. */
static enum err spool_files(struct rules_words *w, struct spool **sp, struct why *why)
{
    struct buf data = { 0 };
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < w->count; i++)
        e = rules_file_read(&w->files[i], NULL, why);
    if (!e) e = push_spool(w->cli, NULL, sp, why);
    for (size_t i = 0; !e && i < w->count; i++) {
        e = rules_file_read(&w->files[i], &data, why);
        if (!e) e = push_event(*sp, "scoring.rules.proposed", w->files[i].path, buf_slice(&data), false, why);
    }
    buf_fini(&data);
    return e;
}

static int propose(struct rules_words *w)
{
    struct spool *sp = NULL;
    struct why why = { 0 };
    enum err e = spool_files(w, &sp, &why);
    int code = e ? cli_fail_err(e, &why) : push_finish(sp, w->cli, false, false);

    spool_close(&sp);
    return code;
}

/* What is adopted already need not be sent: scoring is asked until it has read the log. */
static enum err find_new(struct rules_words *w, size_t *shipped, struct why *why)
{
    char folder[CONFIG_TEXT_MAX];
    json_t *adopted = NULL;
    enum err e = rules_folder(folder, why);

    if (!e) e = rules_list_folder(folder, w->files, RULES_FILES_MAX, &w->count, why);
    *shipped = w->count;
    if (!e) e = ask_long(w->cli, "scoring", "rules", &adopted, why);
    if (!e) rules_leave_new(w->files, &w->count, adopted);
    json_decref(adopted);
    return e;
}

static int propose_shipped(struct rules_words *w)
{
    struct verdicts v = { 0 };
    struct spool *sp = NULL;
    struct why why = { 0 };
    size_t shipped = 0;
    int code = EXIT_ALL_WELL;
    enum err e = find_new(w, &shipped, &why);

    if (!e && w->count) e = spool_files(w, &sp, &why);
    if (e)
        code = cli_fail_err(e, &why);
    else if (w->count)
        code = push_end(sp, w->cli, false, &v);
    spool_close(&sp);
    if (!e && !w->cli->json)
        printf("%zu rules files shipped: %zu adopted before, %" PRIu64 " now, %" PRIu64 " refused, %" PRIu64
               " waiting\n",
               shipped, shipped - w->count, v.accepted, v.refused, v.waiting);
    return code;
}

/* --- list --- */

static json_t *short_hash(json_t *row)
{
    const char *hash = json_string_value(json_object_get(row, "hash"));

    if (hash && strlen(hash) > HASH_SHOWN) json_object_set_new(row, "hash", json_stringn(hash, HASH_SHOWN));
    return row;
}

static int list(const struct cli *cli)
{
    json_t *answer = NULL, *rows, *row;
    struct why why = { 0 };
    size_t i;
    enum err e = ask("scoring", "rules", NULL, NULL, &answer, &why);

    if (e) return cli_fail_err(e, &why);
    rows = json_object_get(answer, "rules");
    json_array_foreach(rows, i, row)
    {
        if (cli->json)
            print_json(stdout, row);
        else
            (void)short_hash(row);
    }
    if (!cli->json) print_table(stdout, rows, isatty(STDOUT_FILENO));
    json_decref(answer);
    return EXIT_ALL_WELL;
}

int rules_verb(struct cli *cli, int argc, char **argv)
{
    static struct rules_words w;

    w.cli = cli;
    cli_parse(cli, &argp, argc, argv, &w);
    if (!strcmp(w.what, "list")) return list(cli);
    return w.shipped ? propose_shipped(&w) : propose(&w);
}
