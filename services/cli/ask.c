#include "services/cli/ask.h"

#include "common/client.h"
#include "common/clock.h"
#include "services/cli/print.h"

#include <poll.h>
#include <string.h>

enum { ASK_TURN_MS = 500, ASK_PAUSE_MS = 100, ASK_BEHIND_MS = 5000, ASK_SHORT_MS = 20 };

static void pack_arguments(struct buf *out, const json_t *arguments)
{
    msgpack_packer p;
    const char *name;
    json_t *value;

    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_map(&p, json_object_size(arguments));
    json_object_foreach((json_t *)(uintptr_t)arguments, name, value)
    {
        buf_pack_text(&p, name);
        if (json_is_integer(value))
            msgpack_pack_int64(&p, json_integer_value(value));
        else
            buf_pack_text(&p, json_string_value(value));
    }
}

enum err ask_with(const char *service, const char *question, const json_t *arguments, json_t **out,
                  struct why *why)
{
    char endpoint[CONFIG_TEXT_MAX];
    struct buf packed = { 0 };
    msgpack_zone zone;
    msgpack_object answer;
    enum err e =
        strcmp(service, "broker") ? cli_questions(service, endpoint, why) : cli_broker(endpoint, why);

    if (e) return e;
    if (!msgpack_zone_init(&zone, 4096)) return ERR_NOMEM;
    pack_arguments(&packed, arguments);
    e = packed.failed;
    if (!e) e = client_ask(endpoint, question, buf_slice(&packed), CLI_ASK_MS, &zone, &answer, why);
    if (!e && !(*out = json_of(&answer))) e = ERR_NOMEM;
    msgpack_zone_destroy(&zone);
    buf_fini(&packed);
    return e;
}

enum err ask(const char *service, const char *question, const char *name, const char *value, json_t **out,
             struct why *why)
{
    json_t *arguments = json_object();
    enum err e = arguments ? ERR_NONE : ERR_NOMEM;

    if (!e && name && json_object_set_new(arguments, name, json_string(value)))
        e = why_set(why, ERR_INVALID, "BAD_ARGUMENT", "%s is not UTF-8", name);
    if (!e) e = ask_with(service, question, arguments, out, why);
    json_decref(arguments);
    return e;
}

enum err ask_long(const struct cli *cli, const char *service, const char *question, json_t **out,
                  struct why *why)
{
    const int64_t until = clock_monotonic_ms() + (int64_t)cli->wait_s * 1000;
    enum err e;

    for (;;) {
        struct why last = { 0 };

        e = ask(service, question, NULL, NULL, out, &last);
        if (cli_stopped && e) return why_set(why, ERR_INTERRUPTED, "STOPPED", "stopped; nothing was sent");
        if ((e != ERR_TIMEOUT && e != ERR_INTERRUPTED) || clock_monotonic_ms() >= until)
            return e ? why_set(why, e, last.code, "%s", last.sentence) : ERR_NONE;
        (void)poll(NULL, 0, ASK_PAUSE_MS);
    }
}

enum err ask_head(uint64_t *head, struct why *why)
{
    json_t *status = NULL, *o;
    enum err e = ask("broker", "status", NULL, NULL, &status, why);

    if (e) return e;
    o = json_object_get(status, "head");
    if (json_is_integer(o))
        *head = (uint64_t)json_integer_value(o);
    else
        e = why_set(why, ERR_UNREADABLE, "BROKER", "the broker does not say its head");
    json_decref(status);
    return e;
}

uint64_t ask_head_now(void)
{
    uint64_t head = 0;
    struct why why = { 0 };

    if (ask_head(&head, &why)) (void)cli_fail(0, "what follows may not be up to date: %s", why.sentence);
    return head;
}

static bool ask_place(const char *service, uint64_t *seq)
{
    json_t *status = NULL;
    struct why why = { 0 };

    if (ask(service, "status", NULL, NULL, &status, &why)) return false;
    *seq = (uint64_t)json_integer_value(json_object_get(status, "seq"));
    json_decref(status);
    return true;
}

void ask_caught_up(const char *service, uint64_t head)
{
    const int64_t until = clock_monotonic_ms() + ASK_BEHIND_MS;
    uint64_t seq = 0;

    if (!head) return;
    while (ask_place(service, &seq) && seq < head) {
        if (cli_stopped || clock_monotonic_ms() >= until) {
            (void)cli_fail(0, "%s is behind by %llu record%s: what follows is not up to date", service,
                           (unsigned long long)(head - seq), head - seq == 1 ? "" : "s");
            return;
        }
        (void)poll(NULL, 0, ASK_SHORT_MS);
    }
}

/* --- the log --- */

struct reading {
    struct client *client;
    const struct slice *prefixes;
    size_t count;
    uint64_t seq, head;
    struct hash chain;
    ask_record_fn each;
    void *context;
    int64_t progress_ms;
    int64_t follow_ms; /* when to ask again for a place among the followers; 0: there is one */
    bool told;         /* that there was none */
};

static enum err follow(struct reading *r)
{
    const enum err e = client_follow(r->client, r->seq, &r->chain, r->prefixes, r->count);

    r->follow_ms = 0;
    return e == ERR_AGAIN ? ERR_NONE : e;
}

/* The broker has as many followers as its settings allow: places come free. */
static enum err refused(struct reading *r, const struct client_event *ev, struct why *why)
{
    if (!slice_is(ev->code, "BUSY"))
        return why_set(why, ERR_INVALID, "BROKER", "the broker refused: %.*s (%.*s)", SLICE_ARG(ev->sentence),
                       SLICE_ARG(ev->code));
    if (!r->told)
        (void)cli_fail(0,
                       "the broker has no place for one more follower now (BUSY); asking again until it has");
    r->told = true;
    r->follow_ms = clock_monotonic_ms() + ASK_TURN_MS;
    return ERR_NONE;
}

static enum err take(struct reading *r, const struct client_event *ev, struct why *why)
{
    enum err e = ERR_NONE;

    if (ev->news == CLIENT_READY) return follow(r);
    if (ev->news == CLIENT_REFUSED) return refused(r, ev, why);
    if (ev->news != CLIENT_EVENTS) return ERR_NONE;
    for (size_t i = 0; !e && i < ev->count; i++) {
        if (r->head && ev->records[i].seq > r->head) break;
        e = r->each(r->context, &ev->records[i]);
    }
    r->seq = ev->seq;
    r->chain = ev->hash;
    r->progress_ms = clock_monotonic_ms();
    return e;
}

static enum err read_log(struct reading *r, const struct cli *cli, struct why *why)
{
    struct client_event ev;
    enum err e = ERR_NONE;

    while (!e && (!r->head || r->seq < r->head)) {
        if (cli_stopped) return ERR_INTERRUPTED;
        if (r->head && clock_monotonic_ms() - r->progress_ms > (int64_t)cli->wait_s * 1000) {
            return why_set(why, ERR_TIMEOUT, "TIMEOUT",
                           "the broker sends nothing more; its head is %llu, read to %llu",
                           (unsigned long long)r->head, (unsigned long long)r->seq);
        }
        e = client_next(r->client, ASK_TURN_MS, &ev, why);
        if (!e) e = take(r, &ev, why);
        if (!e && r->follow_ms && clock_monotonic_ms() >= r->follow_ms) e = follow(r);
        if (e == ERR_INTERRUPTED && !cli_stopped) e = ERR_NONE;
    }
    return e;
}

enum err ask_log(const struct cli *cli, const struct slice *prefixes, size_t count, uint64_t head,
                 ask_record_fn each, void *context, struct why *why)
{
    char endpoint[CONFIG_TEXT_MAX];
    struct client_settings settings = { .endpoint = endpoint };
    struct reading r = {
        .prefixes = prefixes, .count = count, .head = head, .each = each, .context = context
    };
    enum err e = cli_broker(endpoint, why);

    r.progress_ms = clock_monotonic_ms();
    if (!e) e = client_new(&settings, &r.client, why);
    if (!e) e = read_log(&r, cli, why);
    client_destroy(&r.client);
    return e;
}
