/* show.c - `ocop show`: what the services know, side by side. */
#include "services/cli/show.h"

#include "common/clock.h"
#include "services/cli/ask.h"
#include "services/cli/print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
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
    { "owner", "intake", "owner", "key" },
    { "council", "scoring", "council", "council" },
    { "message", "notification", "message", "message" },
};

enum { VIEWS = sizeof views / sizeof views[0], CODE_MAX = 64 };
enum { KEY_ON = 0x200, KEY_AS_OF, KEY_PROVINCE, KEY_WHO, KEY_ONLY };

struct show {
    struct cli *cli;
    const char *kind, *code, *province, *day, *who, *state;
    int64_t as_of; /* 0: the head */
    uint64_t head; /* of this moment, which the answers are waited for; 0: not known */
};

static const char show_doc[] =
    "Ask the services what they know of one thing.\v"
    "  product CODE       a product, by a code of any period\n"
    "  dossier KEY        a dossier, by the filer's reference or the id of its acceptance\n"
    "  certificate CODE   is it valid? By its number, or by the code of its product\n"
    "  owner NAME         an applicant and its products, by name or code\n"
    "  council ID         a council and its members\n"
    "  message ID         a letter and what became of it\n"
    "  deadlines          what is due, near or missed\n"
    "\n"
    "A certificate's status comes first: valid until a day; valid while its re-rating is pending; expired; "
    "withdrawn; replaced; or unknown on that day. It is worked out for the day asked for (--on; else the day "
    "of the log), from what the log held up to a place (--as-of; else all of it), and rests on no job that "
    "may not have run. A certificate recorded from a published list, GHI-..., says so.\n"
    "\n"
    "Each service is waited for until it has come to the end of the log of this moment, at most 5 seconds; "
    "else a line on stderr says by how many records it is behind.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop show product 06-901-90005-1-2018\n"
    "  ocop show certificate OCOP-06-2018-0001 --json\n"
    "  ocop show certificate 06-901-90005-1-2018 --on 2021-12-17\n"
    "  ocop show certificate GHI-89-2022-0001 --on 2025-10-10 --as-of 4711\n"
    "  ocop show owner \"HTX Tài Hoan\" --province 06\n"
    "  ocop show deadlines --who province:06 --only open\n"
    "\n"
    "Exit codes: 0 found, 1 nobody knows it, 3 a service does not answer.\n";

static const struct argp_option show_options[] = {
    { "on", KEY_ON, "DAY", 0, "certificate: its status on this day, YYYY-MM-DD", 1 },
    { "as-of", KEY_AS_OF, "SEQ", 0, "certificate: from what the log held up to this place", 1 },
    { "province", KEY_PROVINCE, "NN", 0, "dossier, owner: where several provinces have one of that name", 1 },
    { "who", KEY_WHO, "KEY", 0, "deadlines: of this one, as province:06, commune:06-01234, owner:NAME", 1 },
    { "only", KEY_ONLY, "STATE", 0, "deadlines: in this state alone: open, neared, missed or done", 1 },
    { 0 },
};

static int64_t parse_seq(struct argp_state *state, const char *arg)
{
    char *end = NULL;
    long long seq;

    errno = 0;
    seq = strtoll(arg, &end, 10);
    if (errno || *end || end == arg || seq <= 0)
        argp_error(state, "--as-of is \"%s\"; it must be a place in the log, a whole number from 1", arg);
    return seq;
}

static void check_words(struct argp_state *state, const struct show *s)
{
    const bool deadlines = s->kind && !strcmp(s->kind, "deadlines");

    if (deadlines && s->code) argp_error(state, "deadlines has no CODE; say whose with --who");
    if (!deadlines && !s->code) argp_error(state, "say KIND and CODE");
    if (!deadlines && (s->who || s->state)) argp_error(state, "--who and --only go with deadlines");
    if (strcmp(s->kind, "certificate") && (s->day || s->as_of))
        argp_error(state, "--on and --as-of go with certificate");
}

static error_t add_word(struct argp_state *state, struct show *s, char *arg)
{
    if (state->arg_num > 1) argp_error(state, "too many words; say KIND and CODE");
    if (state->arg_num == 0)
        s->kind = arg;
    else
        s->code = arg;
    return 0;
}

static error_t parse_show(int key, char *arg, struct argp_state *state)
{
    struct show *s = state->input;
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
    case KEY_AS_OF:
        s->as_of = parse_seq(state, arg);
        return 0;
    case KEY_PROVINCE:
        s->province = arg;
        return 0;
    case KEY_WHO:
        s->who = arg;
        return 0;
    case KEY_ONLY:
        s->state = arg;
        return 0;
    case ARGP_KEY_ARG:
        return add_word(state, s, arg);
    case ARGP_KEY_END:
        check_words(state, s);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp show_argp = { show_options, parse_show, "KIND [CODE]", show_doc,
                                       cli_children, NULL,       NULL };

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

void show_answer(const struct cli *cli, const char *service, const json_t *answer)
{
    json_t *o;

    if (!cli->json) {
        o = show_points(answer);
        printf("%s\n", service);
        print_fields(stdout, o, 2, isatty(STDOUT_FILENO));
        print_missed(json_object_get(answer, "ratings"));
    } else {
        o = json_object();
        json_object_set_new(o, service, json_incref((json_t *)(uintptr_t)answer));
        print_json(stdout, o);
    }
    json_decref(o);
}

/* What certification says of certificates: for people with the status in words. */
static void show_standing(const struct cli *cli, const json_t *answer, const char *day)
{
    json_t *words = cli->json ? NULL : show_certificate(answer, day);

    show_answer(cli, "certification", words ? words : answer);
    json_decref(words);
}

static enum err say_silent(const char *service, enum err e, const struct why *why)
{
    (void)cli_fail(0, "%s: %s", service, why->sentence[0] ? why->sentence : err_sentence(e));
    return e;
}

static void keep_product(const json_t *answer, char product[CODE_MAX])
{
    const char *code = json_string_value(json_object_get(answer, "product"));

    if (code) snprintf(product, CODE_MAX, "%s", code);
}

static json_t *with_text(json_t *arguments, const char *name, const char *value)
{
    if (value) json_object_set_new(arguments, name, json_string(value));
    return arguments;
}

/* One service's view. *found and *silent count up; the sentence of a service that does not know it stays in
 * why. */
static void show_view(const struct show *s, const struct view *v, char product[CODE_MAX], size_t *found,
                      size_t *silent, struct why *why)
{
    json_t *arguments, *answer = NULL;
    struct why own = { 0 };
    enum err e;

    if (!v->argument && !product[0]) return;
    ask_caught_up(v->service, s->head);
    arguments =
        with_text(json_object(), v->argument ? v->argument : "product", v->argument ? s->code : product);
    e = ask_with(v->service, v->question, with_text(arguments, "province", s->province), &answer, &own);
    json_decref(arguments);
    if (!e) {
        ++*found;
        if (!strcmp(v->service, "certification"))
            show_standing(s->cli, answer, NULL);
        else
            show_answer(s->cli, v->service, answer);
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
    (void)say_silent(v->service, e, &own);
}

/* By its number; when no certificate has it, it may be the code of a product. */
static enum err ask_certificate(const struct show *s, json_t **answer, struct why *why)
{
    static const char *const questions[] = { "certificate", "product" }; /* the argument is called so too */
    enum err e = ERR_NOT_FOUND;

    for (size_t i = 0; e == ERR_NOT_FOUND && i < 2; i++) {
        json_t *arguments = with_text(with_text(json_object(), questions[i], s->code), "day", s->day);

        if (s->as_of) json_object_set_new(arguments, "as_of", json_integer(s->as_of));
        why_clear(why);
        e = ask_with("certification", questions[i], arguments, answer, why);
        json_decref(arguments);
    }
    return e;
}

static int show_one_certificate(const struct show *s)
{
    json_t *answer = NULL;
    struct why why = { 0 };
    enum err e;

    if (s->head && (uint64_t)s->as_of > s->head)
        (void)cli_fail(0,
                       "the log ends at %" PRIu64 ": place %" PRId64 " is not there yet, and this is what "
                       "it holds to its end",
                       s->head, s->as_of);
    ask_caught_up("certification", s->head);
    e = ask_certificate(s, &answer, &why);
    if (e == ERR_NOT_FOUND)
        return cli_fail(EXIT_SOME_REFUSED,
                        "no certificate has the number %s, and none is of a product of that code%s", s->code,
                        s->as_of ? ", as of that place in the log" : "");
    if (e == ERR_INVALID) return cli_fail(EXIT_SOME_REFUSED, "certification: %s", why.sentence);
    if (e) return say_silent("certification", e, &why), EXIT_UNREACHED;
    show_standing(s->cli, answer, s->day);
    json_decref(answer);
    return EXIT_ALL_WELL;
}

static int show_deadlines(const struct show *s)
{
    json_t *arguments = with_text(with_text(json_object(), "who", s->who), "state", s->state);
    json_t *answer = NULL, *rows;
    struct why why = { 0 };
    enum err e;

    ask_caught_up("notification", s->head);
    e = ask_with("notification", "deadlines", arguments, &answer, &why);
    json_decref(arguments);
    if (e == ERR_INVALID) return cli_fail(EXIT_SOME_REFUSED, "notification: %s", why.sentence);
    if (e) return say_silent("notification", e, &why), EXIT_UNREACHED;
    rows = json_object_get(answer, "deadlines");
    if (s->cli->json)
        show_answer(s->cli, "notification", answer);
    else if (json_array_size(rows) == 0)
        puts("there is no such deadline");
    else
        print_table(stdout, rows, isatty(STDOUT_FILENO));
    json_decref(answer);
    return EXIT_ALL_WELL;
}

int show_verb(struct cli *cli, int argc, char **argv)
{
    struct show s = { .cli = cli };
    struct why why = { 0 };
    char product[CODE_MAX] = "";
    size_t asked = 0, found = 0, silent = 0;

    cli_parse(cli, &show_argp, argc, argv, &s);
    s.head = ask_head_now();
    if (!strcmp(s.kind, "certificate")) return show_one_certificate(&s);
    if (!strcmp(s.kind, "deadlines")) return show_deadlines(&s);
    for (size_t i = 0; i < VIEWS; i++) {
        if (strcmp(views[i].kind, s.kind)) continue;
        asked++;
        show_view(&s, &views[i], product, &found, &silent, &why);
    }
    if (!asked) {
        return cli_fail(EXIT_USAGE,
                        "\"%s\" is no kind of thing; say product, dossier, certificate, owner, council, "
                        "message or deadlines",
                        s.kind);
    }
    if (silent) return EXIT_UNREACHED;
    if (!found) return cli_fail(EXIT_SOME_REFUSED, "%s", why.sentence);
    return EXIT_ALL_WELL;
}
