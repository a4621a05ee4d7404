/* session.c - HELLO, what is behind WELCOME, PUBLISH, and the log's answers. */
#include "common/client.h"
#include "common/clock.h"
#include "services/cli/ask.h"
#include "services/cli/push.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SESSION_BATCH_EVENTS = 256,
    SESSION_BATCH_BYTES = 128 * 1024, /* in one PUBLISH, on a line that has not failed */
    SESSION_BATCH_LEAST_BYTES = 8 * 1024,
    SESSION_TURN_MS = 200,
    SESSION_PAUSE_MS = 300,  /* before the broker is tried again after it could not take more */
    SESSION_DETOURS_MAX = 8, /* refusals in a row without any progress that say nothing of a row */
    SESSION_PREFIXES = 5
};

/* Whatever may answer, and what we ourselves have said. */
static const char *const session_prefixes[SESSION_PREFIXES] = { "intake.", "scoring.", "certification.",
                                                                "notification.", "operator." };

struct session {
    struct spool *sp;
    struct client *client;
    char endpoint[CONFIG_TEXT_MAX];
    struct why *why;
    int64_t wait_ms, progress_ms; /* when something last happened */
    int64_t pause_until_ms;
    uint64_t sent, head; /* last number handed to the client; head at WELCOME */
    size_t detours;
    size_t batch_bytes; /* in one PUBLISH: on a narrow line a large one takes longer than silence may last */
    bool welcome;       /* this connection may publish */
    bool heard;         /* the broker has ever answered */
    bool again;         /* the connection must be made anew */
    bool following;     /* FOLLOW was said on this connection */
    bool deaf;          /* the broker had no place for it: it takes our rows, and we hear no verdicts */
    int64_t follow_ms;  /* when a deaf one asks again */
    bool thorough;      /* until the broker is known to remember what we do */
    bool tty;
};

static void progress(struct session *s)
{
    s->progress_ms = clock_monotonic_ms();
    s->detours = 0;
    why_clear(s->why); /* what was in the way is not any more */
}

static enum err connect_session(struct session *s)
{
    struct client_settings settings = { .endpoint = s->endpoint, .publisher = spool_publisher(s->sp) };

    client_destroy(&s->client);
    settings.epoch = spool_epoch(s->sp);
    s->welcome = s->again = s->following = s->deaf = false;
    return client_new(&settings, &s->client, s->why);
}

static enum err follow(struct session *s)
{
    struct slice prefixes[SESSION_PREFIXES];
    struct hash chain;
    uint64_t seq = spool_seq(s->sp, &chain);
    enum err e;

    for (size_t i = 0; i < SESSION_PREFIXES; i++)
        prefixes[i] = slice_text(session_prefixes[i]);
    e = client_follow(s->client, seq, &chain, prefixes, SESSION_PREFIXES);
    if (e == ERR_AGAIN) {
        s->again = true; /* the connection went in between */
        return ERR_NONE;
    }
    s->following = e == ERR_NONE;
    s->deaf = false;
    return e;
}

/* Nothing but a FOLLOW is refused BUSY with no number behind a WELCOME: the broker has as many followers as
 * its settings allow. Places come free; meanwhile rows go out as before. */
static bool no_place(const struct session *s, const struct client_event *ev)
{
    return s->following && ev->number == 0 && slice_is(ev->code, "BUSY");
}

static enum err follow_later(struct session *s)
{
    s->deaf = true;
    s->follow_ms = clock_monotonic_ms() + SESSION_PAUSE_MS;
    return ERR_NONE;
}

/* Read the log from its beginning: one side was restored, and numbers say nothing any more. */
static enum err search(struct session *s)
{
    enum err e;

    fprintf(
        stderr,
        "ocop: the broker and %s remember different pasts; reading the log to find which rows are in it\n",
        spool_path(s->sp));
    e = spool_search_begin(s->sp, s->why);
    if (!e) s->again = true;
    progress(s);
    return e;
}

static enum err search_done(struct session *s)
{
    struct hash chain;
    enum err e;

    if (spool_seq(s->sp, &chain) < s->head) return ERR_NONE;
    e = spool_search_end(s->sp, hash_random_epoch(), s->why);
    if (!e) s->again = true; /* HELLO with the new epoch */
    progress(s);
    return e;
}

static enum err on_welcome(struct session *s, const struct client_event *ev)
{
    bool fits = false;
    enum err e = ERR_NONE;

    s->heard = true;
    s->head = ev->head;
    s->sent = ev->number;
    if (spool_searching(s->sp)) {
        e = follow(s);
        return e ? e : search_done(s);
    }
    e = spool_welcome(s->sp, ev->number, &ev->hash, &fits, s->why);
    if (e) return e;
    if (!fits) return search(s);
    s->welcome = true;
    if (s->thorough) e = spool_report_open(s->sp, s->why);
    return e ? e : follow(s);
}

/* The broker remembers what we do: HELLO found the same numbers, FOLLOW the same chain. */
static bool same_past(const struct session *s)
{
    return s->welcome && !s->again && !s->deaf && client_followed(s->client);
}

static bool is_one_of(struct slice code, const char *const *words)
{
    for (; *words; words++) {
        if (slice_is(code, *words)) return true;
    }
    return false;
}

/* Of a row: it can never be taken. Of the moment: try again. Anything else: stop and tell. */
static enum err on_refused(struct session *s, const struct client_event *ev)
{
    static const char *const of_the_row[] = { "MALFORMED", "TOO_LARGE", "UNKNOWN_TOPIC", "NOT_PERMITTED",
                                              NULL };
    static const char *const of_the_moment[] = { "OUT_OF_SEQUENCE", "NO_HELLO",      "BUSY",
                                                 "DISK_FULL",       "CLOCK_STOPPED", NULL };

    if (slice_is(ev->code, "DIVERGED")) return search(s);
    if (no_place(s, ev)) return follow_later(s);
    if (ev->number && is_one_of(ev->code, of_the_row)) {
        s->again = true; /* WELCOME tells what of the rest is stored */
        progress(s);
        return spool_refused(s->sp, ev->number, ev->code, ev->sentence, s->why);
    }
    if (is_one_of(ev->code, of_the_moment) && s->detours++ < SESSION_DETOURS_MAX) {
        s->again = true;
        s->pause_until_ms = clock_monotonic_ms() + SESSION_PAUSE_MS;
        return ERR_NONE;
    }
    if (is_one_of(ev->code, of_the_moment)) {
        s->detours = 0;
        s->again = true;
        s->pause_until_ms = clock_monotonic_ms() + 10 * SESSION_PAUSE_MS;
        why_clear(s->why);
        (void)why_set(s->why, ERR_TIMEOUT, "BROKER", "the broker takes nothing now: %.*s (%.*s)",
                      SLICE_ARG(ev->sentence), SLICE_ARG(ev->code));
        return ERR_NONE;
    }
    return why_set(s->why, ERR_INVALID, "BROKER", "the broker refused: %.*s (%.*s)", SLICE_ARG(ev->sentence),
                   SLICE_ARG(ev->code));
}

static enum err read_records(struct session *s, const struct client_event *ev, bool *news)
{
    enum err e = spool_begin(s->sp, s->why);

    for (size_t i = 0; !e && i < ev->count; i++)
        e = spool_heard(s->sp, &ev->records[i], news, s->why);
    if (!e) e = spool_read_to(s->sp, ev->seq, &ev->hash, s->why);
    if (!e) e = spool_commit(s->sp, s->why);
    if (e) spool_rollback(s->sp);
    return e;
}

static enum err on_events(struct session *s, const struct client_event *ev)
{
    bool news = false;
    enum err e = read_records(s, ev, &news);

    if (!e && (news || spool_searching(s->sp))) progress(s);
    if (!e && spool_searching(s->sp)) e = search_done(s);
    return e;
}

static enum err on_news(struct session *s, const struct client_event *ev)
{
    switch (ev->news) {
    case CLIENT_WELCOME:
        return on_welcome(s, ev);
    case CLIENT_STORED:
        progress(s);
        return spool_stored(s->sp, ev->number, s->why);
    case CLIENT_REFUSED:
        return on_refused(s, ev);
    case CLIENT_EVENTS:
        return on_events(s, ev);
    case CLIENT_LOST:
        s->welcome = false;
        if (s->batch_bytes > SESSION_BATCH_LEAST_BYTES) s->batch_bytes /= 2;
        return ERR_NONE;
    case CLIENT_READY:
    case CLIENT_CLOCKED:
    case CLIENT_NOTHING:
        break;
    }
    return ERR_NONE;
}

/* Hand the client as many rows as it has room for. */
static enum err send_rows(struct session *s)
{
    struct slice topics[SESSION_BATCH_EVENTS], envelopes[SESSION_BATCH_EVENTS];
    enum err e = ERR_NONE;

    while (s->welcome && !s->again && client_room(s->client) > 0) {
        size_t most = client_room(s->client), count = 0;

        if (most > SESSION_BATCH_EVENTS) most = SESSION_BATCH_EVENTS;
        e = spool_next(s->sp, s->sent, most, s->batch_bytes, topics, envelopes, &count, s->why);
        if (e || count == 0) return e;
        e = client_publish(s->client, s->sent + 1, topics, envelopes, count);
        if (e == ERR_AGAIN) return ERR_NONE;
        if (e) return e;
        s->sent += count;
    }
    return e;
}

static void show_progress(const struct session *s, const struct spool_counts *c)
{
    if (!s->tty) return;
    fprintf(stderr, "\r%" PRIu64 " to send, %" PRIu64 " stored, %" PRIu64 " answered ", c->waiting, c->stored,
            c->answered + c->refused);
}

static enum err give_up(struct session *s, const struct spool_counts *c)
{
    if (!s->heard) {
        return why_set(s->why, ERR_TIMEOUT, "TIMEOUT",
                       "the broker at %s does not answer; it may not be running%s", s->endpoint,
                       bus_trouble(client_socket(s->client)));
    }
    if (s->deaf && c->stored && !c->waiting) {
        return why_set(s->why, ERR_TIMEOUT, "BUSY",
                       "%" PRIu64
                       " rows are stored, and the broker has no place for one more follower (BUSY), "
                       "so their verdicts are not known here yet",
                       c->stored);
    }
    if (c->waiting) {
        return why_set(s->why, ERR_TIMEOUT, "TIMEOUT",
                       "%" PRIu64 " of the rows are not stored by the broker in the time allowed",
                       c->waiting);
    }
    return why_set(s->why, ERR_TIMEOUT, "TIMEOUT",
                   "the verdicts of %" PRIu64 " stored rows have not come in the time allowed", c->stored);
}

static enum err turn(struct session *s)
{
    struct client_event ev;
    int64_t pause = s->pause_until_ms - clock_monotonic_ms();
    enum err e = ERR_NONE;

    if (s->again && pause > 0) {
        (void)poll(NULL, 0, pause < SESSION_TURN_MS ? (int)pause : SESSION_TURN_MS);
        return ERR_NONE;
    }
    if (s->again) e = connect_session(s);
    if (!e && s->deaf && clock_monotonic_ms() >= s->follow_ms) e = follow(s);
    if (!e) e = send_rows(s);
    if (!e) e = client_next(s->client, SESSION_TURN_MS, &ev, s->why);
    if (!e) e = on_news(s, &ev);
    return e == ERR_INTERRUPTED && !cli_stopped ? ERR_NONE : e; /* a window changed its size, for instance */
}

static enum err run(struct session *s)
{
    struct spool_counts c;
    enum err e = connect_session(s);

    progress(s);
    while (!e) {
        e = spool_counts(s->sp, &c, s->why);
        if (e) break;
        show_progress(s, &c);
        if (c.waiting + c.stored == 0 && !spool_searching(s->sp) && (!s->thorough || same_past(s))) break;
        if (cli_stopped)
            e = why_set(s->why, ERR_INTERRUPTED, "STOPPED", "stopped");
        else if (clock_monotonic_ms() - s->progress_ms > s->wait_ms)
            e = give_up(s, &c);
        else
            e = turn(s);
    }
    if (s->tty) fprintf(stderr, "\r\033[K");
    return e;
}

enum err session_run(struct spool *sp, const struct cli *cli, bool thorough, struct why *why)
{
    struct session s = { .sp = sp,
                         .why = why,
                         .wait_ms = (int64_t)cli->wait_s * 1000,
                         .thorough = thorough,
                         .batch_bytes = SESSION_BATCH_BYTES,
                         .tty = isatty(STDERR_FILENO) };
    enum err e = cli_broker(s.endpoint, why);

    if (!e) e = run(&s);
    client_destroy(&s.client);
    return e;
}

/* --- only listening --- */

/* ERR_NONE: it is asked again, or there is nothing to ask for. */
static enum err listening_refused(struct session *s, const struct client_event *ev)
{
    if (slice_is(ev->code, "DIVERGED")) return ERR_DIVERGED;
    if (no_place(s, ev)) return follow_later(s);
    return why_set(s->why, ERR_INVALID, "BROKER", "the broker refused: %.*s (%.*s)", SLICE_ARG(ev->sentence),
                   SLICE_ARG(ev->code));
}

static enum err listen_to(struct session *s, uint64_t head)
{
    struct client_event ev;
    struct hash chain;
    bool news = false;
    int64_t until = clock_monotonic_ms() + s->wait_ms;
    enum err e = ERR_NONE;

    while (!e && spool_seq(s->sp, &chain) < head && !cli_stopped && clock_monotonic_ms() < until) {
        e = client_next(s->client, SESSION_TURN_MS, &ev, s->why);
        if (e) break;
        if (ev.news == CLIENT_READY) e = follow(s);
        if (ev.news == CLIENT_EVENTS) e = read_records(s, &ev, &news);
        if (ev.news == CLIENT_REFUSED) e = listening_refused(s, &ev);
        if (!e && s->deaf && clock_monotonic_ms() >= s->follow_ms) e = follow(s);
    }
    if (!e && s->deaf)
        e = why_set(s->why, ERR_TIMEOUT, "BUSY",
                    "the broker has no place for one more follower now (BUSY); what follows may not be up to "
                    "date");
    return e == ERR_INTERRUPTED ? ERR_NONE : e;
}

enum err session_listen(struct spool *sp, const struct cli *cli, struct why *why)
{
    struct session s = { .sp = sp, .why = why, .wait_ms = (int64_t)cli->wait_s * 1000 };
    struct client_settings settings = { .endpoint = s.endpoint };
    struct hash chain;
    uint64_t head = 0, seq = spool_seq(sp, &chain);
    enum err e = cli_broker(s.endpoint, why);

    if (!e) e = ask_head(&head, why);
    if (!e && head < seq) e = ERR_DIVERGED;
    if (!e && !spool_searching(sp) && head > seq) {
        e = client_new(&settings, &s.client, why);
        if (!e) e = listen_to(&s, head);
        client_destroy(&s.client);
    }
    if (e == ERR_DIVERGED) {
        return why_set(
            why, e, "DIVERGED",
            "the log is not the one this spool has read; `ocop push --resume` finds out what is in it");
    }
    return e;
}
