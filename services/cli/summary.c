/* summary.c - `ocop summary`: certificates valid on a day, and the plans of the provinces. */
#include "common/clock.h"
#include "services/cli/ask.h"
#include "services/cli/print.h"
#include "services/cli/show.h"

#include <string.h>
#include <unistd.h>

enum { KEY_ON = 0x200 };

struct summary {
    struct cli *cli;
    const char *day;
};

static const char summary_doc[] =
    "Certificates valid on a day, by star and one by one; and the plans of the provinces.\v"
    "The plans are those filed up to now, whatever the day; over TCP they are told to keys that may ask for\n"
    "them, as an operator's. Without --on the day is that of the log.\n"
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

/* Those issued here and those recorded from lists are never added up: nobody here vouches for the latter. */
static void print_register(const json_t *answer)
{
    const char *day = json_string_value(json_object_get(answer, "day"));

    printf("%lld certificates valid on %s: %lld of five stars, %lld of four, %lld of three\n",
           (long long)number(answer, "total"), day, (long long)number(answer, "five"),
           (long long)number(answer, "four"), (long long)number(answer, "three"));
    if (number(answer, "pending"))
        printf("%lld more while their re-rating is pending\n", (long long)number(answer, "pending"));
    if (number(answer, "recorded_total"))
        printf(
            "%lld recorded from decisions and lists and valid on %s: %lld of five stars, %lld of four, %lld "
            "of three\n",
            (long long)number(answer, "recorded_total"), day, (long long)number(answer, "recorded_five"),
            (long long)number(answer, "recorded_four"), (long long)number(answer, "recorded_three"));
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

/* A key that may not ask is told so, unless what it asks `may_lack`: then the rest is whole without it. */
static enum err summarise(const struct cli *cli, const char *service, const char *question, const char *name,
                          const char *value, bool may_lack, uint64_t head)
{
    json_t *answer = NULL;
    struct why why = { 0 };
    enum err e;

    ask_caught_up(service, head);
    e = ask(service, question, name, value, &answer, &why);
    if (e && may_lack && e == ERR_INVALID && cli_denied(&why))
        e = ERR_NONE;
    else if (e)
        (void)cli_fail(0, "%s: %s", service, why.sentence[0] ? why.sentence : err_sentence(e));
    else if (cli->json)
        show_answer(cli, service, answer);
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
    uint64_t head;
    enum err e, plans;

    cli_parse(cli, &summary_argp, argc, argv, &s);
    if (!s.day && find_day(day, &why))
        return cli_fail(EXIT_UNREACHED, "which day? %s; or say it with --on", why.sentence);
    head = ask_head_now();
    e = summarise(cli, "certification", "summary", "day", s.day ? s.day : day, false, head);
    plans = summarise(cli, "intake", "plans", NULL, NULL, true, head);
    return e || plans ? EXIT_UNREACHED : EXIT_ALL_WELL;
}
