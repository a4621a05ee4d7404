/* clock.c - `ocop clock`: the time of a broker in rehearsal, and the word of an operator that a clock is
 * right. */
#include "common/clock.h"

#include "common/client.h"
#include "services/cli/push.h"

#include <string.h>

struct clock_words {
    struct cli *cli;
    const char *day;
};

static const char doc[] =
    "Move the time of a broker that was started with --rehearsal to DAY, never back. Or, with "
    "confirm: the machine's clock is right although it jumped, the broker may go on.\v"
    "EXAMPLES\n"
    "  ocop clock 2018-12-16\n"
    "  ocop clock confirm\n"
    "\n"
    "Exit codes: 0 done, 1 the broker refused, 3 no broker.\n";

static const char CONFIRM[] = "confirm";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct clock_words *w = state->input;
    int32_t day;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = w->cli;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0) argp_error(state, "too many words; say one DAY");
        if (strcmp(arg, CONFIRM) != 0 && clock_day_parse(slice_text(arg), &day))
            argp_error(state, "DAY is \"%s\"; write it as 2018-12-16, or say confirm", arg);
        w->day = arg;
        return 0;
    case ARGP_KEY_END:
        if (!w->day) argp_error(state, "say a DAY, as 2018-12-16, or confirm");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { NULL, parse, "DAY|confirm", doc, cli_children, NULL, NULL };

/* Say the day after each WELCOME: moving to the same day twice changes nothing. */
static enum err move(struct client *c, const struct cli *cli, const char *day, uint64_t *seq, struct why *why)
{
    int64_t until = clock_monotonic_ms() + (int64_t)cli->wait_s * 1000;

    while (clock_monotonic_ms() < until && !cli_stopped) {
        struct client_event ev;
        enum err e = client_next(c, 200, &ev, why);

        if (e == ERR_INTERRUPTED && !cli_stopped) continue;
        if (e) return e;
        if (ev.news == CLIENT_WELCOME) e = client_clock(c, slice_text(day));
        if (e && e != ERR_AGAIN) return e;
        if (ev.news == CLIENT_REFUSED) {
            return why_set(why, ERR_NOT_FOUND, "BROKER", "the broker refused: %.*s (%.*s)",
                           SLICE_ARG(ev.sentence), SLICE_ARG(ev.code));
        }
        if (ev.news == CLIENT_CLOCKED) {
            *seq = ev.seq;
            return ERR_NONE;
        }
    }
    if (cli_stopped) return why_set(why, ERR_INTERRUPTED, "STOPPED", "stopped");
    return why_set(why, ERR_TIMEOUT, "TIMEOUT", "the broker does not answer; is it running?%s",
                   bus_trouble(client_socket(c)));
}

int clock_verb(struct cli *cli, int argc, char **argv)
{
    struct clock_words words = { .cli = cli };
    char endpoint[CONFIG_TEXT_MAX];
    struct client_settings settings = { .endpoint = endpoint };
    struct client *c = NULL;
    struct spool *sp = NULL;
    struct why why = { 0 };
    uint64_t seq = 0;
    enum err e;

    cli_parse(cli, &argp, argc, argv, &words);
    /* The spool's lock and epoch: so this HELLO takes nobody's place. */
    e = push_spool(cli, "operator", &sp, &why);
    if (!e) e = cli_broker(endpoint, &why);
    if (!e) {
        settings.publisher = spool_publisher(sp);
        settings.epoch = spool_epoch(sp);
        e = client_new(&settings, &c, &why);
    }
    if (!e) e = move(c, cli, words.day, &seq, &why);
    client_destroy(&c);
    spool_close(&sp);
    if (e) return cli_fail_err(e, &why);
    if (strcmp(words.day, CONFIRM) == 0)
        printf(cli->json ? "{\"confirmed\":true,\"seq\":%llu}\n"
                         : "the broker's clock is confirmed; it stores again (seq %llu)\n",
               (unsigned long long)seq);
    else if (cli->json)
        printf("{\"day\":\"%s\",\"seq\":%llu}\n", words.day, (unsigned long long)seq);
    else
        printf("the log's day is %s (seq %llu)\n", words.day, (unsigned long long)seq);
    return EXIT_ALL_WELL;
}
