/* results.c - `ocop results`, and how the verdict of a row is told. */
#include "common/clock.h"
#include "proto/codec.h"
#include "services/cli/print.h"
#include "services/cli/push.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- one verdict --- */

enum verdict { VERDICT_WAITING, VERDICT_ACCEPTED, VERDICT_RETURNED, VERDICT_REFUSED, VERDICT_DEAD };

static const char *const verdict_words[] = { "waiting", "accepted", "returned", "refused", "dead" };

/* VERDICT_WAITING: it says nothing, it is a consequence. */
static enum verdict outcome_verdict(struct slice type)
{
    switch (event_verdict(type)) {
    case EVENT_ACCEPTED:
        return VERDICT_ACCEPTED;
    case EVENT_RETURNED:
        return VERDICT_RETURNED;
    case EVENT_REFUSED:
        return VERDICT_REFUSED;
    case EVENT_DEAD:
        return VERDICT_DEAD;
    case EVENT_CONSEQUENCE:
        break;
    }
    return VERDICT_WAITING;
}

static enum verdict row_verdict(const struct spool_told *row)
{
    enum verdict worst = VERDICT_ACCEPTED;

    if (slice_is(row->state, "refused")) return VERDICT_REFUSED;
    if (!slice_is(row->state, "answered")) return VERDICT_WAITING;
    for (size_t i = 0; i < row->count; i++) {
        enum verdict v = outcome_verdict(row->outcomes[i].type);

        if (v > worst) worst = v;
    }
    return worst;
}

/* --- for people --- */

static const char *member(const json_t *data, const char *name)
{
    const char *text = json_string_value(json_object_get(data, name));

    return text ? text : "";
}

/* The name of what an outcome speaks of: its own, else the row's subject. */
static void print_name(const json_t *data, struct slice subject)
{
    static const char *const names[] = { "reference", "certificate", "product" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = member(data, names[i]);

        if (*text) {
            printf("%s", text);
            return;
        }
    }
    printf("%.*s", SLICE_ARG(subject));
}

static void print_gaps(const json_t *data)
{
    const json_t *gaps = json_object_get(data, "gaps");
    size_t i;
    json_t *gap;

    json_array_foreach(gaps, i, gap)
    {
        printf("    %s: %s: %s\n", member(gap, "field"), member(gap, "code"), member(gap, "sentence"));
    }
}

/* A closing is accepted, and may still leave products without result: each with its reason. */
static void print_held(const json_t *data)
{
    const json_t *products = json_object_get(data, "held_products");
    const json_int_t held = json_integer_value(json_object_get(data, "held"));
    const size_t named = json_array_size(products);
    size_t i;
    json_t *one;

    json_array_foreach(products, i, one)
    {
        printf("    held: %s (%s): %s: %s\n", member(one, "reference"), member(one, "product"),
               member(one, "code"), member(one, "sentence"));
    }
    if (held > (json_int_t)named)
        printf("    held: %s%" JSON_INTEGER_FORMAT "\n", named ? "and others, in all " : "", held);
}

static void print_place(const struct spool_told *row, enum verdict v)
{
    printf("%.*s:%" PRId64 "  %-8s  ", SLICE_ARG(row->file), row->line, verdict_words[v]);
}

static void print_outcome(const struct spool_told *row, const struct spool_outcome *o, bool verbose)
{
    const bool settled = slice_is(o->type, "scoring.round.settled");
    enum verdict v = outcome_verdict(o->type);
    json_t *data;

    if (v <= VERDICT_ACCEPTED && !verbose && !settled) return;
    data = json_loadb(o->data.data, o->data.size, 0, NULL);
    if (settled && !verbose && json_integer_value(json_object_get(data, "held")) == 0) {
        json_decref(data);
        return;
    }
    print_place(row, v == VERDICT_WAITING ? VERDICT_ACCEPTED : v);
    print_name(data, row->subject);
    if (v <= VERDICT_ACCEPTED)
        printf("  %.*s", SLICE_ARG(o->type));
    else
        printf("  %s: %s", member(data, "code"), member(data, "sentence"));
    putchar('\n');
    if (v == VERDICT_RETURNED) print_gaps(data);
    if (settled) print_held(data);
    json_decref(data);
}

static void print_row(const struct spool_told *row, bool verbose)
{
    if (slice_is(row->state, "refused")) {
        print_place(row, VERDICT_REFUSED);
        printf("%.*s  %.*s: %.*s\n", SLICE_ARG(row->subject), SLICE_ARG(row->code), SLICE_ARG(row->sentence));
    } else if (row_verdict(row) == VERDICT_WAITING && verbose) {
        print_place(row, VERDICT_WAITING);
        printf("%.*s  %s\n", SLICE_ARG(row->subject),
               slice_is(row->state, "stored") ? "stored, no verdict yet" : "not sent yet");
    }
    for (size_t i = 0; i < row->count; i++)
        print_outcome(row, &row->outcomes[i], verbose);
}

/* --- for programs --- */

static json_t *outcome_json(const struct spool_outcome *o)
{
    json_t *one = json_object();

    json_object_set_new(one, "type", json_of_slice(o->type));
    json_object_set_new(one, "data", json_loadb(o->data.data, o->data.size, 0, NULL));
    return one;
}

static void print_row_json(const struct spool_told *row)
{
    json_t *o = json_object(), *outcomes = json_array();

    for (size_t i = 0; i < row->count; i++)
        json_array_append_new(outcomes, outcome_json(&row->outcomes[i]));
    json_object_set_new(o, "file", json_of_slice(row->file));
    json_object_set_new(o, "line", json_integer(row->line));
    json_object_set_new(o, "id", json_of_slice(row->event));
    json_object_set_new(o, "type", json_of_slice(row->type));
    json_object_set_new(o, "subject", json_of_slice(row->subject));
    json_object_set_new(o, "verdict", json_string(verdict_words[row_verdict(row)]));
    json_object_set_new(o, "state", json_of_slice(row->state));
    if (row->seq) json_object_set_new(o, "seq", json_integer(row->seq));
    if (row->code.size) {
        json_object_set_new(o, "code", json_of_slice(row->code));
        json_object_set_new(o, "sentence", json_of_slice(row->sentence));
    }
    json_object_set_new(o, "outcomes", outcomes);
    print_json(stdout, o);
    json_decref(o);
}

struct telling {
    const struct cli *cli;
    bool verbose;
    struct verdicts *verdicts;
};

static void count_one(struct verdicts *out, enum verdict v)
{
    if (v == VERDICT_WAITING)
        out->waiting++;
    else if (v == VERDICT_ACCEPTED)
        out->accepted++;
    else
        out->refused++;
}

/* A decision of forty products has forty verdicts; a row without any counts as itself. */
static void count_verdicts(struct verdicts *out, const struct spool_told *row)
{
    bool some = false;

    for (size_t i = 0; slice_is(row->state, "answered") && i < row->count; i++) {
        enum verdict v = outcome_verdict(row->outcomes[i].type);

        if (v == VERDICT_WAITING) continue;
        count_one(out, v);
        some = true;
    }
    if (!some) count_one(out, row_verdict(row));
}

static enum err tell(void *context, const struct spool_told *row)
{
    struct telling *t = context;

    count_verdicts(t->verdicts, row);
    if (t->cli->json)
        print_row_json(row);
    else
        print_row(row, t->verbose);
    return ERR_NONE;
}

enum err verdicts_print(struct spool *sp, const struct cli *cli, bool verbose, struct verdicts *out,
                        struct why *why)
{
    struct telling t = { cli, verbose, out };

    memset(out, 0, sizeof *out);
    return spool_tell(sp, tell, &t, why);
}

/* --- the verb --- */

enum { KEY_SINCE = 0x200 };

struct results {
    struct cli *cli;
    int64_t since_ms;
};

static const char doc[] =
    "Every row of the spool with its verdict. Hears from the log first, when the broker answers within two "
    "seconds.\v"
    "EXAMPLES\n"
    "  ocop --as province-06 results\n"
    "  ocop --as province-06 results --since 2026-11-01 --json\n"
    "\n"
    "Exit codes: 0 all accepted, 1 some refused or returned, 3 rows still wait.\n";

static const struct argp_option options[] = {
    { "since", KEY_SINCE, "DAY", 0,
      "Only rows that came into the spool on this day of this machine (YYYY-MM-DD) or later", 1 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct results *r = state->input;
    int32_t day;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = r->cli;
        return 0;
    case KEY_SINCE:
        if (clock_day_parse(slice_text(arg), &day))
            argp_error(state, "--since is \"%s\"; write a day as 2018-12-16", arg);
        r->since_ms = clock_day_start_ms(day);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { options, parse, NULL, doc, cli_children, NULL, NULL };

static int print_results(struct spool *sp, const struct results *r)
{
    struct verdicts v = { 0 };
    struct why why = { 0 };
    enum err e = session_listen(sp, r->cli, &why);

    if (e == ERR_TIMEOUT || e == ERR_DIVERGED) {
        (void)cli_fail(0, "%s", why.sentence);
        why_clear(&why);
        e = ERR_NONE;
    }
    if (!e) e = spool_report_since(sp, r->since_ms, &why);
    if (!e) e = verdicts_print(sp, r->cli, true, &v, &why);
    if (!e) e = strangers_print(sp, &why);
    if (e) return cli_fail_err(e, &why);
    if (!r->cli->json) {
        printf("%" PRIu64 " accepted, %" PRIu64 " returned or refused, %" PRIu64 " waiting\n", v.accepted,
               v.refused, v.waiting);
    }
    if (v.waiting) return EXIT_UNREACHED;
    return v.refused ? EXIT_SOME_REFUSED : EXIT_ALL_WELL;
}

int results_verb(struct cli *cli, int argc, char **argv)
{
    struct results r = { .cli = cli };
    struct spool *sp = NULL;
    struct why why = { 0 };
    int code;
    enum err e;

    cli_parse(cli, &argp, argc, argv, &r);
    e = push_spool_there(cli, &why);
    if (!e) e = push_spool(cli, NULL, &sp, &why);
    code = e ? cli_fail_err(e, &why) : print_results(sp, &r);
    spool_close(&sp);
    return code;
}
