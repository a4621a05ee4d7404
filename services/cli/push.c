/* push.c - `ocop push`: check everything, look up, spool, send, wait, tell. */
#include "services/cli/push.h"

#include "services/cli/lookup.h"

#include <inttypes.h>
#include <string.h>

enum {
    KEY_TYPE = 0x200,
    KEY_PROVINCE,
    KEY_ENCODING,
    KEY_TEMPLATE,
    KEY_RESUME,
    KEY_AGAIN,
    KEY_VERBOSE,
    FILES_MAX = 1024
};

struct push {
    struct cli *cli;
    struct rows_settings settings;
    const char *template_type;
    bool resume, again, verbose;
    const char *files[FILES_MAX];
    size_t count;
};

static const char doc[] =
    "Check every row of every FILE, send them all, and wait for the verdicts.\v"
    "FILE is CSV with a header line (UTF-8, or UTF-16 from Excel; separated by ; or , or tab, or as a first "
    "line "
    "sep=; says), or JSON lines. Which event it holds is said by --type, or by the beginning of its name: "
    "dossier.filed-2018.csv, or, in JSON lines, by \"type\" beside \"data\".\n"
    "\n"
    "A list's column is called items.product; a row whose other cells are empty adds one more element to the "
    "row "
    "above. A column note, or beginning with #, is for people. @REF in a field that names a fact, a product "
    "or a "
    "certificate is looked up: REF is the filer's own reference of a dossier, a product code, or a "
    "certificate.\n"
    "\n"
    "Published lists of certified products become record.filed: they are known by their header, whatever the "
    "file's name, with the columns product_name, producer, producer_type (hợp tác xã, tổ hợp tác, doanh "
    "nghiệp, "
    "hộ kinh doanh, cơ sở sản xuất, trang trại, cá nhân, khác), sector, commune, district, province, "
    "province_code, stars, score (71.00), decision, recognised_on and source. Files of totals (columns "
    "as_of, "
    "total) hold no certificates and are left out with a line.\n"
    "\n"
    "If one row is wrong, nothing is sent. What is right goes into the spool first, so a lost line or power "
    "does "
    "no harm: the same command again, or `ocop push --resume`, goes on where it stopped. The same row twice "
    "is "
    "the same event: it is not sent again, its verdict is shown. A row that is right and was refused because "
    "something else was missing goes out once more with --again; so does a sheet that was replaced by "
    "another "
    "since, when the first is right after all. A member who is asked to score again and keeps the points "
    "says so "
    "in remark: that makes it a new sheet. A council that closes once more on the same day does the same, or "
    "is "
    "sent with --again; what a closing held, and why, stands below its line.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop push --template dossier.filed > dossier.filed-2018.csv\n"
    "  ocop --as province-06 push dossier.filed-2018.csv\n"
    "  ocop --as province-06 push --type sheet.submitted --province 06 sheets.csv\n"
    "  ocop --as province-06 push slip.filed.csv request.filed.csv finding.filed.csv\n"
    "  ocop --as archive push lists/*.csv\n"
    "  ocop --as province-06 push --resume\n"
    "\n"
    "Exit codes: 0 all accepted, 1 some refused or returned, 2 bad input and nothing sent, 3 rows still "
    "wait, "
    "to be sent or for their verdict: the broker was not reached in time, does not admit the key, or has no "
    "place for one more follower.\n";

static const struct argp_option options[] = {
    { "type", KEY_TYPE, "TYPE", 0, "The event: dossier.filed, or intake.dossier.filed", 1 },
    { "province", KEY_PROVINCE, "NN", 0, "Province of events that do not name one themselves (00)", 1 },
    { "encoding", KEY_ENCODING, "NAME", 0, "cp1258 for files of an old Vietnamese Windows; utf-8", 1 },
    { "template", KEY_TEMPLATE, "TYPE", 0, "Print the header line for an event, and end", 1 },
    { "resume", KEY_RESUME, 0, 0, "Send and hear what the spool still has open", 1 },
    { "again", KEY_AGAIN, 0, 0,
      "Rows that were refused, returned, or replaced since, and closings, are sent once more, as they are",
      1 },
    { "verbose", KEY_VERBOSE, 0, 0, "Print accepted rows one by one too", 1 },
    { 0 },
};

static error_t add_file(struct argp_state *state, struct push *push, char *arg)
{
    if (push->count == FILES_MAX) argp_error(state, "more than %d files in one call", FILES_MAX);
    push->files[push->count++] = arg;
    return 0;
}

static void check_encoding(struct argp_state *state, const char *arg)
{
    if (strcmp(arg, "cp1258") && strcmp(arg, "utf-8")) {
        argp_error(state, "--encoding is \"%s\"; it must be utf-8 or cp1258", arg);
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct push *push = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = push->cli;
        return 0;
    case KEY_TYPE:
        push->settings.type = arg;
        return 0;
    case KEY_PROVINCE:
        if (strlen(arg) != 2 || strspn(arg, "0123456789") != 2) {
            argp_error(state, "--province is \"%s\"; it must be two digits", arg);
        }
        push->settings.province = arg;
        return 0;
    case KEY_ENCODING:
        check_encoding(state, arg);
        push->settings.encoding = arg;
        return 0;
    case KEY_TEMPLATE:
        push->template_type = arg;
        return 0;
    case KEY_RESUME:
        push->resume = true;
        return 0;
    case KEY_AGAIN:
        push->again = true;
        return 0;
    case KEY_VERBOSE:
        push->verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        return add_file(state, push, arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { options, parse, "[FILE...]", doc, cli_children, NULL, NULL };

/* --- the way of a push --- */

static int tell_problems(const struct rows *rows)
{
    if (rows->problems > ROWS_PROBLEMS_SHOWN) {
        fprintf(stderr, "... and %zu more problems\n", rows->problems - ROWS_PROBLEMS_SHOWN);
    }
    return cli_fail(EXIT_USAGE, "%zu problem%s; nothing was sent", rows->problems,
                    rows->problems == 1 ? "" : "s");
}

static int read_files(struct push *push, struct rows *rows)
{
    struct why why = { 0 };
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < push->count; i++)
        e = rows_read(rows, push->files[i], &push->settings, &why);
    if (!e) e = rows_same(rows);
    if (e) return cli_fail_err(e, &why);
    if (!rows->problems && !rows->count && rows->left_out)
        return cli_fail(EXIT_USAGE, "there is nothing to push in %zu file%s; nothing was sent",
                        rows->left_out, rows->left_out == 1 ? "" : "s");
    return rows->problems ? tell_problems(rows) : EXIT_ALL_WELL;
}

/* Replace each @REF. What is not there is told for every row; a service that does not answer ends it at once.
 */
static int look_up(struct push *push, struct rows *rows)
{
    struct lookup *lookup = lookup_new(push->cli);
    enum err e = lookup ? ERR_NONE : ERR_NOMEM;
    struct why why = { 0 };

    for (size_t i = 0; !e && i < rows->count; i++) {
        struct row_event *row = &rows->list[i];

        if (!row->has_refs) continue;
        why_clear(&why);
        e = rows_resolve(row, push->settings.publisher, lookup_find, lookup, &why);
        if (e != ERR_NOT_FOUND && e != ERR_INVALID) continue;
        rows_problem(rows, row->file, row->line, NULL, "%s", why.sentence);
        e = ERR_NONE;
    }
    lookup_destroy(&lookup);
    if (e) return cli_fail_err(e, &why);
    return rows->problems ? tell_problems(rows) : EXIT_ALL_WELL;
}

static int send_rows(struct push *push, struct rows *rows)
{
    struct spool *sp = NULL;
    struct why why = { 0 };
    size_t known = 0;
    int code = EXIT_ALL_WELL;
    enum err e = push_spool(push->cli, NULL, &sp, &why);

    if (!e) e = push->resume ? spool_report_open(sp, &why) : ERR_NONE;
    if (!e) e = push_rows(sp, rows, push->again, &known, &why);
    if (!e && rows->problems) {
        spool_close(&sp);
        return tell_problems(rows);
    }
    if (!e && known) fprintf(stderr, "ocop: %zu of %zu rows were in the spool already\n", known, rows->count);
    code = e ? cli_fail_err(e, &why) : push_finish(sp, push->cli, push->verbose, push->resume);
    spool_close(&sp);
    return code;
}

static int print_template(const struct push *push)
{
    const char *name = push->settings.publisher ? push->settings.publisher : "province";
    const struct event_kind *kind = rows_kind(slice_text(push->template_type), name);

    if (!kind) {
        (void)cli_fail(EXIT_USAGE, "\"%s\" is no event to push; these are:", push->template_type);
        rows_list_kinds(stderr, name);
        return EXIT_USAGE;
    }
    rows_template(stdout, kind, ',');
    return EXIT_ALL_WELL;
}

int push_verb(struct cli *cli, int argc, char **argv)
{
    static struct push push;
    struct rows rows = { .out = stderr };
    struct why why = { 0 };
    int code;

    push.cli = cli;
    cli_parse(cli, &argp, argc, argv, &push);
    push.settings.publisher = cli->as;
    if (push.template_type) return print_template(&push);
    if (!push.count && !push.resume)
        return cli_fail(EXIT_USAGE, "name a file, or say --resume; see `ocop push --help`");
    push.settings.publisher = push_publisher(cli, NULL, &why);
    if (!push.settings.publisher) return cli_fail(EXIT_USAGE, "%s", why.sentence);
    code = read_files(&push, &rows);
    if (!code) code = look_up(&push, &rows);
    if (!code) code = send_rows(&push, &rows);
    rows_fini(&rows);
    return code;
}

/* --- the end of every verb that publishes --- */

static enum err tell_stranger(void *context, uint64_t seq, struct slice event, struct slice topic)
{
    size_t *told = context;

    if (!*told) {
        fputs("ocop: these rows of the log were sent under this name, but are not in this spool:\n", stderr);
    }
    ++*told;
    fprintf(stderr, "  seq %" PRIu64 "  %.*s  %.*s\n", seq, SLICE_ARG(topic), SLICE_ARG(event));
    return ERR_NONE;
}

/* Rows in the log and rows that are not need different things: the first only to be looked at again. */
static int left_over(struct spool *sp, enum err e, const struct why *why)
{
    const char *sentence = why->sentence[0] ? why->sentence : err_sentence(e);
    const bool kept = e == ERR_TIMEOUT || e == ERR_INTERRUPTED || e == ERR_INVALID || cli_denied(why);
    struct spool_counts c;
    struct why why_counts = { 0 };

    if (!kept) return cli_fail_err(e, why);
    e = spool_counts(sp, &c, &why_counts);
    if (e) return cli_fail_err(e, &why_counts);
    if (!c.waiting && c.stored)
        return cli_fail(EXIT_UNREACHED,
                        "%s. Nothing waits to be sent: %" PRIu64 " row%s in the log; `ocop --as %s results` "
                        "reads the verdicts later",
                        sentence, c.stored, c.stored == 1 ? " is" : "s are", spool_publisher(sp));
    return cli_fail(EXIT_UNREACHED,
                    "%s. What waits (%" PRIu64 " row%s) is safe in %s; the next `ocop push --resume`, or the "
                    "same command, goes on with it; %" PRIu64 " %s in the log without a verdict yet",
                    sentence, c.waiting, c.waiting == 1 ? "" : "s", spool_path(sp), c.stored,
                    c.stored == 1 ? "is" : "are");
}

enum err strangers_print(struct spool *sp, struct why *why)
{
    size_t told = 0;

    return spool_strangers(sp, tell_stranger, &told, why);
}

static int finish(struct spool *sp, const struct cli *cli, bool verbose, bool thorough, bool say_counts,
                  struct verdicts *v)
{
    struct why why = { 0 }, why_print = { 0 };
    uint64_t epoch = spool_epoch(sp);
    enum err e = session_run(sp, cli, thorough, &why);
    enum err ep = verdicts_print(sp, cli, verbose, v, &why_print);

    if (!ep && spool_epoch(sp) != epoch) ep = strangers_print(sp, &why_print);
    if (ep) return cli_fail_err(ep, &why_print);
    if (say_counts && !cli->json) {
        printf("%" PRIu64 " accepted, %" PRIu64 " returned or refused, %" PRIu64 " waiting\n", v->accepted,
               v->refused, v->waiting);
    }
    if (e) return left_over(sp, e, &why);
    return v->refused ? EXIT_SOME_REFUSED : EXIT_ALL_WELL;
}

int push_end(struct spool *sp, const struct cli *cli, bool verbose, struct verdicts *out)
{
    return finish(sp, cli, verbose, false, false, out);
}

int push_finish(struct spool *sp, const struct cli *cli, bool verbose, bool thorough)
{
    struct verdicts v = { 0 };

    return finish(sp, cli, verbose, thorough, true, &v);
}
