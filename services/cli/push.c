/* push.c - `ocop push`: check everything, look up, spool, send, wait, tell. */
#include "services/cli/push.h"

#include "common/clock.h"
#include "common/place.h"
#include "services/cli/lookup.h"
#include "services/cli/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_TYPE = 0x200,
    KEY_PROVINCE,
    KEY_ENCODING,
    KEY_TEMPLATE,
    KEY_RESUME,
    KEY_AGAIN,
    KEY_VERBOSE,
    FILES_MAX = 1024,
    AGAIN_MAX = 1000
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
    "FILE is CSV with a header line (UTF-8, or UTF-16 from Excel; separated by ; or , or tab), or JSON "
    "lines. Which "
    "event it holds is said by --type, or by the beginning of its name: dossier.filed-2018.csv, or, in JSON "
    "lines, by \"type\" beside \"data\".\n"
    "\n"
    "A list's column is called items.product; a row whose other cells are empty adds one more element to the "
    "row "
    "above. A column note, or beginning with #, is for people. @REF in a field that names a fact, a product "
    "or a "
    "certificate is looked up: REF is the filer's own reference of a dossier, a product code, or a "
    "certificate.\n"
    "\n"
    "If one row is wrong, nothing is sent. What is right goes into the spool first, so a lost line or power "
    "does no "
    "harm: the same command again, or `ocop push --resume`, goes on where it stopped. The same row twice is "
    "the same event: it is not sent again, its verdict is shown. A row that is right and was refused because "
    "something else was missing goes out once more with --again; so does a sheet that was replaced by "
    "another since, when "
    "the first is right after all.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop push --template dossier.filed > dossier.filed-2018.csv\n"
    "  ocop --as province-06 push dossier.filed-2018.csv\n"
    "  ocop --as province-06 push --type sheet.submitted --province 06 sheets.csv\n"
    "  ocop --as province-06 push --resume\n"
    "\n"
    "Exit codes: 0 all accepted, 1 some refused or returned, 2 bad input and nothing sent, 3 rows still "
    "wait.\n";

static const struct argp_option options[] = {
    { "type", KEY_TYPE, "TYPE", 0, "The event: dossier.filed, or intake.dossier.filed", 1 },
    { "province", KEY_PROVINCE, "NN", 0, "Province of events that do not name one themselves (00)", 1 },
    { "encoding", KEY_ENCODING, "NAME", 0, "cp1258 for files of an old Vietnamese Windows; utf-8", 1 },
    { "template", KEY_TEMPLATE, "TYPE", 0, "Print the header line for an event, and end", 1 },
    { "resume", KEY_RESUME, 0, 0, "Send and hear what the spool still has open", 1 },
    { "again", KEY_AGAIN, 0, 0,
      "Rows that were refused, returned, or replaced since are sent once more, as they are", 1 },
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

/* --- the spool --- */

static bool is_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    return size > 0 && !name[size] && size <= PUBLISHER_MAX && name[0] != '.';
}

const char *push_publisher(const struct cli *cli, const char *standard, struct why *why)
{
    const char *name = cli->as ? cli->as : standard;

    if (!name) {
        (void)why_set(why, ERR_CONFIG, "PUBLISHER",
                      "say who publishes: --as NAME, or OCOP_PUBLISHER in the environment");
        return NULL;
    }
    if (event_publisher_is_house(slice_text(name))) {
        (void)why_set(why, ERR_CONFIG, "PUBLISHER",
                      "\"%s\" is the name of a service, which speaks for itself; say your own name with --as",
                      name);
        return NULL;
    }
    if (is_name(name)) return name;
    (void)why_set(why, ERR_CONFIG, "PUBLISHER",
                  "\"%s\" is no publisher's name; it has 1 to %d letters a-z, A-Z, digits, '-', '_' and '.'",
                  name, PUBLISHER_MAX);
    return NULL;
}

static enum err spool_file(const char *name, char path[CONFIG_TEXT_MAX], struct why *why)
{
    char pattern[CONFIG_TEXT_MAX];

    snprintf(pattern, sizeof pattern, "{state}/spool-%s.db", name);
    return place_expand(pattern, path, why);
}

enum err push_spool(const struct cli *cli, const char *standard, struct spool **out, struct why *why)
{
    char path[CONFIG_TEXT_MAX];
    const char *name = push_publisher(cli, standard, why);
    enum err e;

    if (!name) return ERR_CONFIG;
    if (cli->spool) return spool_open(cli->spool, name, out, why);
    e = spool_file(name, path, why);
    return e ? e : spool_open(path, name, out, why);
}

enum err push_spool_there(const struct cli *cli, struct why *why)
{
    char path[CONFIG_TEXT_MAX];
    const char *name = push_publisher(cli, NULL, why), *file = cli->spool ? cli->spool : path;
    enum err e = name ? ERR_NONE : ERR_CONFIG;

    if (!e && !cli->spool) e = spool_file(name, path, why);
    if (!e && access(file, F_OK))
        e = why_set(why, ERR_CONFIG, "SPOOL", "%s has pushed nothing from here: there is no %s", name, file);
    return e;
}

/* --- rows into the spool --- */

/* Events of which a later one replaces the earlier about the same: the fields that say what it is about. For
 * these the same row may be meant anew: 79 points, corrected to 74, and back to 79. */
static const struct {
    const char *type, *fields[3];
} replacing[] = {
    { "scoring.sheet.submitted", { "council", "member", "dossier" } },
    { "intake.dossier.supplemented", { "dossier", NULL, NULL } },
};

static void find_about(const char *type, const msgpack_object *map, char about[HASH_ID_TEXT + 1])
{
    struct slice parts[4] = { slice_text(type), { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

    about[0] = 0;
    for (size_t i = 0; i < sizeof replacing / sizeof *replacing; i++) {
        size_t n = 1;

        if (strcmp(replacing[i].type, type)) continue;
        for (size_t f = 0; f < 3 && replacing[i].fields[f]; f++)
            (void)mp_text(mp_find(map, replacing[i].fields[f]), &parts[n++]);
        hash_id(parts, n, about);
    }
}

/* What the row's data says: the subject of its envelope, and what it is about. The subject borrows from
 * `data`. */
static enum err look_into(const char *type, struct slice data, struct slice *subject,
                          char about[HASH_ID_TEXT + 1])
{
    struct why why = { 0 };
    msgpack_object map;
    msgpack_zone zone;
    enum err e;

    if (!msgpack_zone_init(&zone, 4096)) return ERR_NOMEM;
    e = mp_read(data, &zone, &map, &why);
    if (!e) *subject = rows_subject(&map);
    if (!e) find_about(type, &map, about);
    msgpack_zone_destroy(&zone);
    return e;
}

static enum err add_event(struct spool *sp, const char *type, const char *province, const char *file,
                          uint32_t line, const char *id, struct slice data, bool *added, struct why *why)
{
    char topic[TOPIC_MAX + 1], about[HASH_ID_TEXT + 1];
    struct buf envelope = { 0 };
    struct spool_row row = { .file = slice_text(file), .line = line, .time_ms = clock_wall_ms() };
    struct envelope env = { .id = slice_text(id),
                            .source = slice_text(spool_publisher(sp)),
                            .type = slice_text(type),
                            .time_ms = row.time_ms };
    enum err e = look_into(type, data, &row.subject, about);

    if (e) return e;
    snprintf(topic, sizeof topic, "%s.%s", type, province);
    env.subject = row.subject;
    e = envelope_write(&env, data, &envelope);
    if (!e) {
        row.event = slice_text(id);
        row.type = slice_text(type);
        row.about = slice_text(about);
        row.topic = slice_text(topic);
        row.envelope = buf_slice(&envelope);
        e = spool_add(sp, &row, added, why);
    }
    buf_fini(&envelope);
    return e;
}

/* The id of the n-th time the same row is said: 0 is the row's own. */
static void again_id(const struct spool *sp, const struct row_event *row, unsigned n,
                     char id[HASH_ID_TEXT + 1])
{
    char time[16];
    struct slice parts[4] = { slice_text(spool_publisher(sp)),
                              slice_text(row->kind->type),
                              slice_of(row->data, row->size),
                              { NULL, 0 } };

    snprintf(time, sizeof time, "%u", n);
    parts[3] = slice_text(time);
    hash_id(parts, n ? 4 : 3, id);
}

/* Where a row stands that was said before. */
struct before {
    bool spurned, replaced; /* refused or returned; followed by another about the same */
    char file[256];
    int64_t line;
};

static enum err look_before(struct spool *sp, const char *about, const char *id, struct before *b,
                            struct why *why)
{
    enum err e;

    memset(b, 0, sizeof *b);
    e = spool_spurned(sp, slice_text(id), &b->spurned, why);
    if (!e)
        e = spool_replaced(sp, slice_text(id), slice_text(about), &b->replaced, b->file, sizeof b->file,
                           &b->line, why);
    return e;
}

/* The first time that is not over: said now, or waiting, or standing. So --again twice does no harm either.
 * Without --again a row that was replaced since is the caller's to judge: *b says by what. */
static enum err choose_id(struct spool *sp, const struct row_event *row, bool again,
                          char id[HASH_ID_TEXT + 1], struct before *b, struct why *why)
{
    char about[HASH_ID_TEXT + 1];
    struct slice subject;
    enum err e = look_into(row->kind->type, slice_of(row->data, row->size), &subject, about);
    struct before last = { 0 };

    for (unsigned n = 0; !e && n < AGAIN_MAX; n++) {
        again_id(sp, row, n, id);
        e = look_before(sp, about, id, b, why);
        if (e || (!b->spurned && !b->replaced)) return e;
        if (again) continue;
        /* Perhaps it was said again since: then that is where it stands. */
        last = *b;
        again_id(sp, row, n + 1, id);
        if (!spool_has(sp, slice_text(id))) {
            again_id(sp, row, n, id);
            *b = last;
            return ERR_NONE;
        }
    }
    if (e) return e;
    return why_set(why, ERR_LIMIT, "AGAIN", "%s:%u: this row was said %d times", row->file, row->line,
                   AGAIN_MAX);
}

static enum err add_row(struct spool *sp, struct rows *rows, const struct row_event *r, bool again,
                        size_t *known, struct why *why)
{
    char id[HASH_ID_TEXT + 1];
    struct before b;
    bool added = false;
    enum err e = choose_id(sp, r, again, id, &b, why);

    if (e) return e;
    if (b.replaced && !again) {
        rows_problem(rows, r->file, r->line, NULL,
                     "this was said before, and replaced since by %s:%lld; to say it anew, push with --again",
                     b.file, (long long)b.line);
        return ERR_NONE;
    }
    e = add_event(sp, r->kind->type, r->province, r->file, r->line, id, slice_of(r->data, r->size), &added,
                  why);
    *known += !added;
    return e;
}

static enum err add_rows(struct spool *sp, struct rows *rows, bool again, size_t *known, struct why *why)
{
    enum err e = spool_begin(sp, why);

    *known = 0;
    /* What replaces a row within the same call does not count: the whole file is said again, in its order. */
    for (size_t i = 0; !e && i < rows->count; i++)
        e = spool_said(sp, slice_text(rows->list[i].id), why);
    for (size_t i = 0; !e && i < rows->count; i++)
        e = add_row(sp, rows, &rows->list[i], again, known, why);
    if (!e && !rows->problems) return spool_commit(sp, why);
    spool_rollback(sp);
    return e;
}

enum err push_event(struct spool *sp, const char *type, const char *file, struct slice data, bool unique,
                    struct why *why)
{
    char id[HASH_ID_TEXT + 1], salt[32];
    struct slice parts[4] = { slice_text(spool_publisher(sp)), slice_text(type), data, { NULL, 0 } };
    bool added = false;
    enum err e;

    snprintf(salt, sizeof salt, "%lld", (long long)clock_wall_ms());
    parts[3] = slice_text(salt);
    hash_id(parts, unique ? 4 : 3, id);
    e = spool_begin(sp, why);
    if (!e) e = add_event(sp, type, "00", file, 1, id, data, &added, why);
    if (!e) e = spool_commit(sp, why);
    if (e) spool_rollback(sp);
    return e;
}

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
    if (!e) e = add_rows(sp, rows, push->again, &known, &why);
    if (!e && rows->problems) {
        spool_close(&sp);
        return tell_problems(rows);
    }
    if (!e && known) fprintf(stderr, "ocop: %zu of %zu rows were in the spool already\n", known, rows->count);
    code = e ? cli_fail_err(e, &why) : push_finish(sp, push->cli, push->verbose);
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

static int left_over(struct spool *sp, enum err e, const struct why *why, uint64_t waiting)
{
    if (e == ERR_TIMEOUT || e == ERR_INTERRUPTED) {
        return cli_fail(EXIT_UNREACHED,
                        "%s. What waits (%" PRIu64
                        " row%s) is safe in %s; the next `ocop push --resume`, or the same "
                        "command, goes on with it",
                        why->sentence[0] ? why->sentence : err_sentence(e), waiting, waiting == 1 ? "" : "s",
                        spool_path(sp));
    }
    return e == ERR_INVALID ? cli_fail(EXIT_SOME_REFUSED, "%s", why->sentence) : cli_fail_err(e, why);
}

enum err strangers_print(struct spool *sp, struct why *why)
{
    size_t told = 0;

    return spool_strangers(sp, tell_stranger, &told, why);
}

int push_finish(struct spool *sp, const struct cli *cli, bool verbose)
{
    struct verdicts v = { 0 };
    struct why why = { 0 }, why_print = { 0 };
    uint64_t epoch = spool_epoch(sp);
    enum err e = session_run(sp, cli, &why);
    enum err ep = verdicts_print(sp, cli, verbose, &v, &why_print);

    if (!ep && spool_epoch(sp) != epoch) ep = strangers_print(sp, &why_print);
    if (ep) return cli_fail_err(ep, &why_print);
    if (!cli->json) {
        printf("%" PRIu64 " accepted, %" PRIu64 " returned or refused, %" PRIu64 " waiting\n", v.accepted,
               v.refused, v.waiting);
    }
    if (e) return left_over(sp, e, &why, v.waiting);
    return v.refused ? EXIT_SOME_REFUSED : EXIT_ALL_WELL;
}
