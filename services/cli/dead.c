/* dead.c - `ocop dead`: letters a service could not read; look at them, try them again, leave them. */
#include "common/mp.h"
#include "proto/codec.h"
#include "services/cli/ask.h"
#include "services/cli/print.h"
#include "services/cli/push.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const services[] = {
    "intake", "scoring", "certification", "notification", "courier", NULL
};

struct dead {
    struct cli *cli;
    const char *what, *service;
    uint64_t seq;
};

static const char doc[] =
    "Letters a service could not read. A retry or a skip is an event too, so that a rebuild knows of it.\v"
    "  list [SERVICE]      all letters, with what became of each: open (nobody has decided), retried, "
    "skipped\n"
    "  show SERVICE SEQ    one letter\n"
    "  retry SERVICE SEQ   try it again with the program as it is now\n"
    "  skip SERVICE SEQ    leave it for good\n"
    "\n"
    "EXAMPLES\n"
    "  ocop dead list\n"
    "  ocop dead retry intake 1204\n"
    "\n"
    "Exit codes: 0 done, 1 refused or no such letter, 3 a service or the broker does not answer.\n";

static uint64_t parse_seq(struct argp_state *state, const char *arg)
{
    char *end = NULL;
    unsigned long long seq;

    errno = 0;
    seq = strtoull(arg, &end, 10);
    if (errno || *end || end == arg || arg[0] == '-' || seq == 0) {
        argp_error(state, "SEQ is \"%s\"; it must be a place in the log", arg);
    }
    return seq;
}

static void check_service(struct argp_state *state, const char *arg)
{
    for (const char *const *s = services; *s; s++) {
        if (!strcmp(*s, arg)) return;
    }
    argp_error(state, "there is no service \"%s\"", arg);
}

static void check_words(struct argp_state *state, const struct dead *d)
{
    if (!d->what) argp_error(state, "say list, show, retry or skip");
    if (!strcmp(d->what, "list")) return;
    if (strcmp(d->what, "show") && strcmp(d->what, "retry") && strcmp(d->what, "skip")) {
        argp_error(state, "there is no `dead %s`; say list, show, retry or skip", d->what);
    }
    if (!d->service || !d->seq) argp_error(state, "`dead %s` needs SERVICE and SEQ", d->what);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct dead *d = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = d->cli;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            d->what = arg;
        else if (state->arg_num == 1)
            check_service(state, d->service = arg);
        else if (state->arg_num == 2)
            d->seq = parse_seq(state, arg);
        else
            argp_error(state, "too many words");
        return 0;
    case ARGP_KEY_END:
        check_words(state, d);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { NULL, parse, "list|show|retry|skip [SERVICE [SEQ]]", doc, cli_children,
                                  NULL, NULL };

/* What became of it: a word for people. */
static void name_state(json_t *letter)
{
    static const char *const words[] = { "open", "retried", "skipped" };
    json_int_t state = json_integer_value(json_object_get(letter, "retried"));

    if (state >= 0 && state <= 2) json_object_set_new(letter, "state", json_string(words[state]));
    json_object_del(letter, "retried");
}

/* Append the letters of one service to `all`; seq 0 means each. */
static enum err letters_of(const char *service, uint64_t seq, json_t *all, struct why *why)
{
    json_t *answer = NULL, *letter;
    size_t i;
    enum err e = ask(service, "dead", NULL, NULL, &answer, why);

    if (e) return e;
    json_array_foreach(json_object_get(answer, "letters"), i, letter)
    {
        json_t *row;

        if (seq && json_integer_value(json_object_get(letter, "seq")) != (json_int_t)seq) continue;
        row = json_object();
        json_object_set_new(row, "service", json_string(service));
        json_object_update(row, letter);
        name_state(row);
        json_array_append_new(all, row);
    }
    json_decref(answer);
    return ERR_NONE;
}

static size_t count_open(const json_t *all)
{
    size_t i, open = 0;
    json_t *letter;

    json_array_foreach(all, i, letter)
    {
        const char *state = json_string_value(json_object_get(letter, "state"));

        open += state && !strcmp(state, "open");
    }
    return open;
}

static void print_letters(const struct cli *cli, const json_t *all)
{
    size_t i;
    json_t *letter;

    if (!cli->json) {
        print_table(stdout, all, isatty(STDOUT_FILENO));
        printf("%zu letter%s", json_array_size(all), json_array_size(all) == 1 ? "" : "s");
        if (count_open(all))
            printf(", %zu open: look with `ocop dead show SERVICE SEQ`, then `dead retry` or `dead skip`",
                   count_open(all));
        putchar('\n');
        return;
    }
    json_array_foreach(all, i, letter) print_json(stdout, letter);
}

static int list(const struct dead *d)
{
    json_t *all = json_array();
    int code = EXIT_ALL_WELL;

    for (const char *const *s = services; *s; s++) {
        struct why why = { 0 };

        if (d->service && strcmp(d->service, *s)) continue;
        if (letters_of(*s, 0, all, &why)) code = cli_fail(EXIT_UNREACHED, "%s: %s", *s, why.sentence);
    }
    print_letters(d->cli, all);
    json_decref(all);
    return code;
}

/* The letter itself, as the log has it: who sent it, when, and what stands in it. */
static enum err add_content(void *context, const struct record *rec)
{
    json_t *letter = context;
    struct why why = { 0 };
    msgpack_zone zone;
    msgpack_object map;
    char at[24];

    if (rec->seq != (uint64_t)json_integer_value(json_object_get(letter, "seq"))) return ERR_NONE;
    print_moment(rec->at_ms, at);
    json_object_set_new(letter, "publisher", json_of_slice(rec->publisher));
    json_object_set_new(letter, "number", json_integer((json_int_t)rec->number));
    json_object_set_new(letter, "at", json_string(at));
    json_object_set_new(letter, "bytes", json_integer((json_int_t)rec->envelope.size));
    if (!msgpack_zone_init(&zone, 4096)) return ERR_NOMEM;
    if (!mp_read(rec->envelope, &zone, &map, &why)) json_object_set_new(letter, "envelope", json_of(&map));
    msgpack_zone_destroy(&zone);
    return ERR_NONE;
}

static enum err read_letter(const struct dead *d, json_t *letter, struct why *why)
{
    const struct slice topic = slice_text(json_string_value(json_object_get(letter, "topic")));

    return ask_log(d->cli, &topic, 1, d->seq, add_content, letter, why);
}

static int show(const struct dead *d)
{
    json_t *all = json_array();
    struct why why = { 0 };
    enum err e = letters_of(d->service, d->seq, all, &why);
    int code = EXIT_ALL_WELL;

    if (!e && json_array_size(all)) e = read_letter(d, json_array_get(all, 0), &why);
    if (e) {
        code = cli_fail_err(e, &why);
    } else if (json_array_size(all) == 0) {
        code = cli_fail(EXIT_SOME_REFUSED, "%s has no dead letter at %llu", d->service,
                        (unsigned long long)d->seq);
    } else if (d->cli->json) {
        print_json(stdout, json_array_get(all, 0));
    } else {
        print_fields(stdout, json_array_get(all, 0), 0, false);
    }
    json_decref(all);
    return code;
}

static enum err pack_request(const struct dead *d, struct buf *out)
{
    msgpack_packer p;

    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_map(&p, 2);
    buf_pack_text(&p, "service");
    buf_pack_text(&p, d->service);
    buf_pack_text(&p, "seq");
    msgpack_pack_uint64(&p, d->seq);
    return out->failed;
}

static int request(const struct dead *d)
{
    struct spool *sp = NULL;
    struct buf data = { 0 };
    struct why why = { 0 };
    char type[64], name[64];
    int code;
    enum err e = pack_request(d, &data);

    snprintf(type, sizeof type, "operator.%s.requested", d->what);
    snprintf(name, sizeof name, "dead-%s-%s-%llu", d->what, d->service, (unsigned long long)d->seq);
    if (!e) e = push_spool(d->cli, "operator", &sp, &why);
    /* A letter may be tried a second time after the program has changed again: each request is an event of
     * its own. */
    if (!e) e = push_event(sp, type, name, buf_slice(&data), true, &why);
    code = e ? cli_fail_err(e, &why) : push_finish(sp, d->cli, true, false);
    spool_close(&sp);
    buf_fini(&data);
    return code;
}

int dead_verb(struct cli *cli, int argc, char **argv)
{
    struct dead d = { .cli = cli };

    cli_parse(cli, &argp, argc, argv, &d);
    if (!strcmp(d.what, "list")) return list(&d);
    if (!strcmp(d.what, "show")) return show(&d);
    return request(&d);
}
