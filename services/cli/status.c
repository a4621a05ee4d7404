/* status.c - `ocop status`: who is up, how far each has come, and whether the counts add up.
 *
 * For each service, from the log alone: received = accepted + refused + dead + not yet reached. The last is
 * counted here, by reading the log behind the service's place; the first three are the service's own word.
 */
#include "common/record.h"
#include "proto/codec.h"
#include "services/cli/ask.h"
#include "services/cli/print.h"

#include <string.h>
#include <unistd.h>

static const char *const processes[] = { "intake", "scoring", "certification", "notification", "courier" };

enum { PROCESSES = sizeof processes / sizeof processes[0], STATUS_WAIT_S = 3 };

struct process {
    const char *name;
    json_t *status; /* NULL: no answer, for the reason in `why` */
    struct why why;
    uint64_t seq;
    uint64_t waiting; /* requests of its context behind its place */
};

struct status {
    struct cli *cli;
    json_t *broker;
    struct why why; /* of the broker's silence */
    uint64_t head;
    struct process each[PROCESSES];
};

static const char doc[] =
    "The broker and the five processes: state, place in the log, lag, and counts of requests.\v"
    "up: it answers and follows the log. not following: it answers, and hears nothing from the broker, so "
    "its "
    "place stands still. not permitted: you may not open its socket, or it does not admit your key, or not "
    "to "
    "this question; how it is you cannot tell. down: nobody answers. Below the table stands what to do.\n"
    "\n"
    "received = accepted + refused + dead + not yet reached; the last is counted from the log.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop status\n"
    "  ocop status --json | jq .\n"
    "\n"
    "Exit codes: 0 all up, 3 something is not.\n";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    (void)arg;
    if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = ((struct status *)state->input)->cli;
    return 0;
}

static const struct argp argp = { NULL, parse, NULL, doc, cli_children, NULL, NULL };

static uint64_t number(const json_t *o, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(o, name));

    return value > 0 ? (uint64_t)value : 0;
}

static enum err count_waiting(void *context, const struct record *rec)
{
    struct status *s = context;
    struct slice type = topic_type(rec->topic);
    const struct event_kind *kind = event_kind_find(type);

    if (!kind || !event_is_request(kind)) return ERR_NONE;
    for (size_t i = 0; i < PROCESSES; i++) {
        struct process *p = &s->each[i];
        size_t size = strlen(p->name);

        if (!p->status || rec->seq <= p->seq) continue;
        if (type.size > size && !memcmp(type.data, p->name, size) && type.data[size] == '.') p->waiting++;
    }
    return ERR_NONE;
}

/* Only when somebody is behind is there anything to count. */
static void count_log(struct status *s)
{
    static char texts[PROCESSES][32];
    struct slice prefixes[PROCESSES];
    struct cli brief = *s->cli; /* whoever asks how things stand wants to know it now */
    struct why why = { 0 };
    size_t count = 0;

    if (brief.wait_s > STATUS_WAIT_S) brief.wait_s = STATUS_WAIT_S;
    for (size_t i = 0; i < PROCESSES; i++) {
        if (!s->each[i].status || s->each[i].seq >= s->head) continue;
        snprintf(texts[i], sizeof texts[i], "%s.", s->each[i].name);
        prefixes[count++] = slice_text(texts[i]);
    }
    if (count && ask_log(&brief, prefixes, count, s->head, count_waiting, s, &why)) {
        (void)cli_fail(0, "the log could not be read to its head: %s", why.sentence);
    }
}

static void gather(struct status *s)
{
    if (ask("broker", "status", NULL, NULL, &s->broker, &s->why)) s->broker = NULL;
    s->head = number(s->broker, "head");
    for (size_t i = 0; i < PROCESSES; i++) {
        struct process *p = &s->each[i];

        p->name = processes[i];
        if (ask(p->name, "status", NULL, NULL, &p->status, &p->why)) p->status = NULL;
        p->seq = number(p->status, "seq");
    }
    if (s->broker) count_log(s);
}

static void set(json_t *o, const char *name, uint64_t value)
{
    json_object_set_new(o, name, json_integer((json_int_t)value));
}

static const char down[] = "down", not_permitted[] = "not permitted", not_following[] = "not following",
                  up[] = "up";

static const char *state_of(const json_t *status, const struct why *why)
{
    if (!status) return cli_denied(why) ? not_permitted : down;
    /* A program of before this was told does not say. */
    return json_is_false(json_object_get(status, "following")) ? not_following : up;
}

static json_t *row_of(const struct status *s, const struct process *p)
{
    json_t *row = json_object();
    uint64_t accepted = number(p->status, "accepted"), refused = number(p->status, "refused");
    uint64_t dead = number(p->status, "dead");

    json_object_set_new(row, "process", json_string(p->name));
    json_object_set_new(row, "state", json_string(state_of(p->status, &p->why)));
    if (!p->status) return row;
    set(row, "place", p->seq);
    if (s->broker) set(row, "lag", s->head > p->seq ? s->head - p->seq : 0);
    set(row, "outbox", number(p->status, "outbox"));
    set(row, "accepted", accepted);
    set(row, "refused", refused);
    set(row, "dead", dead);
    set(row, "open_letters", number(p->status, "letters"));
    set(row, "denied", number(p->status, "denied"));
    if (!s->broker) return row;
    set(row, "not_yet_reached", p->waiting);
    set(row, "received", accepted + refused + dead + p->waiting);
    return row;
}

/* What to do about one that is not up. */
static void print_advice(const char *name, const char *state, const struct why *why)
{
    if (!strcmp(why->code, "MAY_NOT_OPEN"))
        printf("%s: %s\n", name, why->sentence);
    else if (state == not_permitted)
        printf("%s: %s Say --key FILE of somebody who may (ocop keys list; deploy/SECURITY.md).\n", name,
               why->sentence);
    else if (state == not_following)
        printf("%s: it answers and the broker sends it nothing: the broker is down, or has no place for one "
               "more "
               "follower (follow/followers). The last lines of its log say which.\n",
               name);
    else if (state == down)
        printf("%s: %s Its last log line says why it ended (journalctl -u ocop-%s).\n", name, why->sentence,
               name);
}

static void print_broker(const struct status *s)
{
    if (!s->broker) {
        printf("broker is %s\n", state_of(NULL, &s->why));
        return;
    }
    puts("broker is up");
    print_fields(stdout, s->broker, 2, false);
}

int status_verb(struct cli *cli, int argc, char **argv)
{
    static struct status s;
    json_t *rows = json_array();
    bool all_up;

    s.cli = cli;
    cli_parse(cli, &argp, argc, argv, &s);
    gather(&s);
    all_up = s.broker != NULL;
    for (size_t i = 0; i < PROCESSES; i++) {
        json_array_append_new(rows, row_of(&s, &s.each[i]));
        all_up = all_up && state_of(s.each[i].status, &s.each[i].why) == up;
    }
    if (cli->json) {
        json_t *o = json_object();

        json_object_set(o, "broker", s.broker ? s.broker : json_null());
        json_object_set_new(o, "broker_state", json_string(s.broker ? up : state_of(NULL, &s.why)));
        json_object_set(o, "processes", rows);
        print_json(stdout, o);
        json_decref(o);
    } else {
        print_broker(&s);
        print_table(stdout, rows, isatty(STDOUT_FILENO));
        print_advice("broker", s.broker ? up : state_of(NULL, &s.why), &s.why);
        for (size_t i = 0; i < PROCESSES; i++)
            print_advice(s.each[i].name, state_of(s.each[i].status, &s.each[i].why), &s.each[i].why);
    }
    json_decref(rows);
    json_decref(s.broker);
    for (size_t i = 0; i < PROCESSES; i++)
        json_decref(s.each[i].status);
    return all_up ? EXIT_ALL_WELL : EXIT_UNREACHED;
}
