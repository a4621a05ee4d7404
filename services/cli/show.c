/* show.c - `ocop show` and `ocop summary`: what the services know, side by side. */
#include "common/clock.h"
#include "services/cli/ask.h"
#include "services/cli/print.h"

#include <string.h>
#include <unistd.h>

/* Whom to ask what about a kind of thing; one kind may be known to several. An `argument` of NULL: ask by the
 * product code that came before. */
struct view {
    const char *kind, *service, *question, *argument;
};

static const struct view views[] = {
    { "product", "intake", "product", "product" },
    { "product", "scoring", "product", "product" },
    { "product", "certification", "product", "product" },
    { "dossier", "intake", "dossier", "key" },
    { "dossier", "scoring", "product", NULL }, /* of the product that intake named */
    { "dossier", "certification", "product", NULL },
    { "certificate", "certification", "certificate", "certificate" },
    { "council", "scoring", "council", "council" },
    { "message", "notification", "message", "message" },
};

enum { VIEWS = sizeof views / sizeof views[0], CODE_MAX = 64 };

struct show {
    struct cli *cli;
    const char *kind, *code;
};

static const char show_doc[] = "Ask the services what they know of one thing.\v"
                               "KIND is product, dossier, certificate, council or message. A dossier is "
                               "named by the filer's reference or by "
                               "the id of its acceptance.\n"
                               "\n"
                               "EXAMPLES\n"
                               "  ocop show product 06-901-90005-1-2018\n"
                               "  ocop show certificate OCOP-06-2018-0001 --json\n"
                               "\n"
                               "Exit codes: 0 found, 1 nobody knows it, 3 a service does not answer.\n";

static error_t parse_show(int key, char *arg, struct argp_state *state)
{
    struct show *s = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = s->cli;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1) argp_error(state, "too many words; say KIND and CODE");
        if (state->arg_num == 0)
            s->kind = arg;
        else
            s->code = arg;
        return 0;
    case ARGP_KEY_END:
        if (!s->code) argp_error(state, "say KIND and CODE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp show_argp = { NULL, parse_show, "KIND CODE", show_doc, cli_children, NULL, NULL };

/* Why a rating is not the star its points allow: the reader's first question. */
static void print_missed(const json_t *ratings)
{
    size_t i, j;
    json_t *rating, *missed;

    json_array_foreach(ratings, i, rating)
    {
        const json_int_t members = json_integer_value(json_object_get(rating, "members"));

        json_array_foreach(json_object_get(rating, "missed"), j, missed)
        {
            const json_int_t needed = json_integer_value(json_object_get(missed, "needed_hundredths"));
            const json_int_t sum = json_integer_value(json_object_get(missed, "reached_sum_hundredths"));

            printf("  not %d stars: %s demands %d.%02d points of the mean; the %d members reached a sum of "
                   "%d.%02d\n",
                   (int)json_integer_value(json_object_get(missed, "star")),
                   json_string_value(json_object_get(missed, "criterion")), (int)(needed / 100),
                   (int)(needed % 100), (int)members, (int)(sum / 100), (int)(sum % 100));
        }
    }
}

static void print_answer(const struct cli *cli, const char *service, const json_t *answer)
{
    json_t *o;

    if (!cli->json) {
        printf("%s\n", service);
        print_fields(stdout, answer, 2, isatty(STDOUT_FILENO));
        print_missed(json_object_get(answer, "ratings"));
        return;
    }
    o = json_object();
    json_object_set_new(o, service, json_incref((json_t *)(uintptr_t)answer));
    print_json(stdout, o);
    json_decref(o);
}

static void keep_product(const json_t *answer, char product[CODE_MAX])
{
    const char *code = json_string_value(json_object_get(answer, "product"));

    if (code) snprintf(product, CODE_MAX, "%s", code);
}

/* One service's view. *found and *silent count up; the sentence of a service that does not know it stays in
 * why. */
static void show_view(const struct cli *cli, const struct view *v, const char *code, char product[CODE_MAX],
                      size_t *found, size_t *silent, struct why *why)
{
    json_t *answer = NULL;
    struct why own = { 0 };
    enum err e;

    if (!v->argument && !product[0]) return;
    e = ask(v->service, v->question, v->argument ? v->argument : "product", v->argument ? code : product,
            &answer, &own);
    if (!e) {
        ++*found;
        print_answer(cli, v->service, answer);
        keep_product(answer, product);
        json_decref(answer);
        return;
    }
    if (!v->argument && e == ERR_NOT_FOUND) return; /* not rated or certified yet */
    if (e == ERR_NOT_FOUND || e == ERR_INVALID) {
        (void)why_set(why, e, own.code, "%s: %s", v->service, own.sentence);
        return;
    }
    ++*silent;
    (void)cli_fail(0, "%s: %s", v->service, own.sentence[0] ? own.sentence : err_sentence(e));
}

int show_verb(struct cli *cli, int argc, char **argv)
{
    struct show s = { .cli = cli };
    struct why why = { 0 };
    char product[CODE_MAX] = "";
    size_t asked = 0, found = 0, silent = 0;

    cli_parse(cli, &show_argp, argc, argv, &s);
    for (size_t i = 0; i < VIEWS; i++) {
        if (strcmp(views[i].kind, s.kind)) continue;
        asked++;
        show_view(cli, &views[i], s.code, product, &found, &silent, &why);
    }
    if (!asked) {
        return cli_fail(EXIT_USAGE,
                        "\"%s\" is no kind of thing; say product, dossier, certificate, council or message",
                        s.kind);
    }
    if (silent) return EXIT_UNREACHED;
    if (!found) return cli_fail(EXIT_SOME_REFUSED, "%s", why.sentence);
    return EXIT_ALL_WELL;
}

/* --- summary --- */

enum { KEY_ON = 0x200 };

struct summary {
    struct cli *cli;
    const char *day;
};

static const char summary_doc[] =
    "Certificates valid on a day, by star and one by one; and the plans of the provinces.\v"
    "The plans are those filed up to now, whatever the day. Without --on the day is that of the log.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop summary\n"
    "  ocop summary --on 2019-12-31 --json\n"
    "\n"
    "Exit codes: 0 told, 3 a service does not answer.\n";

static const struct argp_option summary_options[] = {
    { "on", KEY_ON, "DAY", 0, "The day, YYYY-MM-DD", 1 },
    { 0 },
};

static error_t parse_summary(int key, char *arg, struct argp_state *state)
{
    struct summary *s = state->input;
    int32_t day;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = s->cli;
        return 0;
    case KEY_ON:
        if (clock_day_parse(slice_text(arg), &day))
            argp_error(state, "--on is \"%s\"; write a day as 2018-12-16", arg);
        s->day = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp summary_argp = { summary_options, parse_summary, NULL, summary_doc,
                                          cli_children,    NULL,          NULL };

/* The day of the log. Not that of this host: in a rehearsal, or on a machine set wrong, it is another one. */
static enum err find_day(char text[CLOCK_DAY_TEXT + 1], struct why *why)
{
    json_t *status = NULL;
    const char *day = NULL;
    int32_t parsed;
    enum err e = ask("broker", "status", NULL, NULL, &status, why);

    if (!e) day = json_string_value(json_object_get(status, "day"));
    if (day && !clock_day_parse(slice_text(day), &parsed))
        memcpy(text, day, CLOCK_DAY_TEXT + 1);
    else if (!e)
        e = why_set(why, ERR_UNREADABLE, "BROKER", "the broker does not say its day");
    json_decref(status);
    return e;
}

static json_int_t number(const json_t *answer, const char *name)
{
    return json_integer_value(json_object_get(answer, name));
}

/* "4,146": thousands parted, as figures are printed in reports. */
static const char *grouped(json_int_t value, char text[32])
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)value), at = 0;

    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-') text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

static void print_register(const json_t *answer)
{
    printf("%lld certificates valid on %s: %lld of five stars, %lld of four, %lld of three\n",
           (long long)number(answer, "total"), json_string_value(json_object_get(answer, "day")),
           (long long)number(answer, "five"), (long long)number(answer, "four"),
           (long long)number(answer, "three"));
    print_table(stdout, json_object_get(answer, "certificates"), isatty(STDOUT_FILENO));
}

static void print_plans(const json_t *answer)
{
    const json_int_t budget = number(answer, "budget_vnd"), billion = 1000000000;
    char plans[32], products[32], money[32];

    printf("plans filed up to now: %s; products to be standardised: %s; money: %s %s\n",
           grouped(number(answer, "plans"), plans), grouped(number(answer, "products"), products),
           grouped(budget % billion ? budget : budget / billion, money),
           budget % billion ? "VND" : "billion VND");
}

static enum err summarise(const struct cli *cli, const char *service, const char *question, const char *name,
                          const char *value)
{
    json_t *answer = NULL;
    struct why why = { 0 };
    enum err e = ask(service, question, name, value, &answer, &why);

    if (e)
        (void)cli_fail(0, "%s: %s", service, why.sentence[0] ? why.sentence : err_sentence(e));
    else if (cli->json)
        print_answer(cli, service, answer);
    else if (name)
        print_register(answer);
    else
        print_plans(answer);
    json_decref(answer);
    return e;
}

int summary_verb(struct cli *cli, int argc, char **argv)
{
    struct summary s = { .cli = cli };
    char day[CLOCK_DAY_TEXT + 1];
    struct why why = { 0 };
    enum err e, plans;

    cli_parse(cli, &summary_argp, argc, argv, &s);
    if (!s.day && find_day(day, &why))
        return cli_fail(EXIT_UNREACHED, "which day? %s; or say it with --on", why.sentence);
    e = summarise(cli, "certification", "summary", "day", s.day ? s.day : day);
    plans = summarise(cli, "intake", "plans", NULL, NULL);
    return e || plans ? EXIT_UNREACHED : EXIT_ALL_WELL;
}
