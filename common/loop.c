/* loop.c - the conversation of a service: with the broker, and with those who ask it something. */
#include "common/loop_run.h"

#include "common/clock.h"
#include "common/logline.h"
#include "common/metrics.h"
#include "common/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LOOP_TICK_MS = 1000,
    LOOP_BATCH_RECORDS = 2048, /* in one commit, give or take one EVENTS */
    LOOP_BATCH_NEWS = 64,      /* from the broker, before somebody else's turn comes */
    LOOP_REBUILDS_MAX = 3,
    LOOP_PAUSE_MS = 1000
};

enum err loop_connect(struct loop *l)
{
    const struct client_settings settings = { .endpoint = l->settings->broker,
                                              .publisher = l->service->name,
                                              .epoch = 0,
                                              .heartbeat_ms = l->settings->heartbeat_ms };

    client_destroy(&l->client);
    l->following = false;
    return client_new(&settings, &l->client, &l->why);
}

/* What we remember is not what the log says: read the log again. */
static enum err rebuild(struct loop *l, const char *because)
{
    enum err e;

    log_line(LOG_WARN, "rebuild", "because=\"%s\" seq=%llu", because, (unsigned long long)l->fold.seq);
    if (l->recalling) recall_close(&l->recall);
    l->recalling = l->complete = l->open = false; /* its transaction goes with the store */
    l->batch = 0;
    l->welcome_head = 0;
    l->rebuilds++;
    loop_answer_waiting(l, true);
    e = fold_rebuild(&l->fold, l->settings->store, &l->why);
    if (!e) e = loop_connect(l);
    return e;
}

/* --- numbering --- */

static enum err begin_following(struct loop *l)
{
    struct slice prefixes[FRAME_PREFIXES_MAX];
    size_t n = 0;
    enum err e;

    while (l->service->prefixes[n] && n < FRAME_PREFIXES_MAX) {
        prefixes[n] = slice_text(l->service->prefixes[n]);
        n++;
    }
    e = client_follow(l->client, l->fold.seq, &l->fold.chain, prefixes, n);
    l->following = !e;
    return e == ERR_AGAIN ? ERR_NONE : e;
}

static enum err on_welcome(struct loop *l, const struct client_event *w)
{
    struct fold *f = &l->fold;
    struct hash known;
    enum err e = ERR_NONE;

    l->head = l->welcome_head = w->head;
    l->welcomed = w->hash;
    if (l->recalling) recall_close(&l->recall);
    l->recalling = false;
    if (w->number < f->published || w->head < f->seq)
        return rebuild(l, "the log is shorter than this store remembers");
    if (w->number <= f->number) {
        if (!fold_hash_at(f, w->number, &known) || !hash_equal(&known, &w->hash))
            return rebuild(l, "the log holds other outcomes than this store");
        e = fold_forget(f, w->number, &w->hash);
    } else {
        log_line(LOG_INFO, "recall", "from=%llu to=%llu", (unsigned long long)f->number + 1,
                 (unsigned long long)w->number);
        e = fold_forget(f, f->number, &f->hash);
        if (!e)
            e = recall_open(&l->recall, l->service, l->settings->broker, f->seq, &f->chain, f->number + 1,
                            w->number, UINT64_MAX, l->stop, &l->why);
        l->recalling = !e;
    }
    l->sent = f->published;
    if (!e) e = begin_following(l);
    l->complete |= !e && f->seq >= w->head;
    return e;
}

/* --- news from the broker --- */

static enum err on_refused(struct loop *l, const struct client_event *news)
{
    if (slice_is(news->code, "DIVERGED"))
        return rebuild(l, "the log's chain is not the one this store knows");
    if (slice_is(news->code, "DISK_FULL") || slice_is(news->code, "CLOCK_STOPPED") ||
        slice_is(news->code, "BUSY")) {
        log_line(LOG_ERROR, "refused", "code=%.*s number=%llu", SLICE_ARG(news->code),
                 (unsigned long long)news->number);
        l->paused_until_ms = clock_monotonic_ms() + LOOP_PAUSE_MS;
        l->unheard |= news->number == 0;
        return ERR_NONE;
    }
    if (l->paused_until_ms && slice_is(news->code, "OUT_OF_SEQUENCE"))
        return ERR_NONE; /* behind the refused one */
    return why_set(&l->why, ERR_PROMISE, "REFUSED", "the broker refused our number %llu: %.*s: %.*s",
                   (unsigned long long)news->number, SLICE_ARG(news->code), SLICE_ARG(news->sentence));
}

static enum err on_stored(struct loop *l, uint64_t number)
{
    struct hash hash;

    if (number > l->fold.number) return ERR_PROMISE;
    if (number <= l->fold.published || !fold_hash_at(&l->fold, number, &hash)) return ERR_NONE;
    return fold_forget(&l->fold, number, &hash);
}

static enum err on_news(struct loop *l, const struct client_event *news)
{
    /* Whatever is not a record or an answer to ours may begin something else: first commit what there is. */
    const bool apart = news->news != CLIENT_EVENTS && news->news != CLIENT_STORED;
    const enum err e = apart ? loop_settle(l) : ERR_NONE;

    if (e) return e;
    switch (news->news) {
    case CLIENT_WELCOME:
        return on_welcome(l, news);
    case CLIENT_EVENTS:
        return loop_take_events(l, news);
    case CLIENT_STORED:
        return on_stored(l, news->number);
    case CLIENT_REFUSED:
        return on_refused(l, news);
    case CLIENT_LOST:
        log_line(LOG_WARN, "broker_lost", "endpoint=%s", l->settings->broker);
        l->following = false;
        return ERR_NONE;
    case CLIENT_NOTHING:
    case CLIENT_READY:
    case CLIENT_CLOCKED:
        return ERR_NONE;
    }
    return ERR_NONE;
}

/* --- rights --- */

static enum err look_at_rights(struct loop *l)
{
    volatile sig_atomic_t *at_once = l->settings->look_at_once;
    struct bus_visits visits = { .open = 0 };

    if (!l->guard) return ERR_NONE;
    (void)guard_look(l->guard, clock_monotonic_ms(), at_once && *at_once);
    if (at_once) *at_once = 0;
    if (l->asked) {
        bus_visits(l->asked, &visits);
        guard_failures(l->guard, l->asked);
    }
    return guard_serve(l->guard, visits.open);
}

/* --- the loop --- */

static enum err tell_metrics(struct loop *l)
{
    const uint64_t lag = l->head > l->fold.seq ? l->head - l->fold.seq : 0;
    const struct metric more[] = {
        { "head", l->head }, { "lag", lag }, { "complete", l->complete }, { "rebuilds", l->rebuilds }
    };
    enum err e;

    if (!l->metrics) return ERR_NONE;
    buf_clear(&l->answer);
    e = fold_status(&l->fold, &l->answer);
    return e ? e : metrics_tell(l->metrics, buf_slice(&l->answer), more, sizeof more / sizeof more[0]);
}

/* Once a second: save a cursor that moved without effects, tell a worker that it has caught up. */
static enum err tick(struct loop *l)
{
    const int64_t now = clock_monotonic_ms();
    enum err e = ERR_NONE;

    if (now - l->ticked_ms < (l->settings->tick_ms ? l->settings->tick_ms : LOOP_TICK_MS)) return ERR_NONE;
    l->ticked_ms = now;
    if (l->fold.denied > l->denied)
        log_line(LOG_WARN, "questions_denied", "count=%llu",
                 (unsigned long long)(l->fold.denied - l->denied));
    l->denied = l->fold.denied;
    if (l->fold.dirty) {
        e = fold_begin(&l->fold);
        if (!e) e = fold_commit(&l->fold);
    }
    if (!e && l->following && !l->recalling && l->fold.seq >= l->head && l->service->caught_up)
        l->service->caught_up(l->fold.store);
    return e ? e : tell_metrics(l);
}

/* A FOLLOW that was refused is said again and again: only an answer behind one that was not, or a record,
 * tells that it stands. */
static void note_following(struct loop *l)
{
    if (l->following && !l->paused_until_ms && client_followed(l->client)) l->unheard = false;
    l->fold.following = l->following && !l->unheard;
}

static enum err turn_once(struct loop *l)
{
    struct bus_socket *sockets[3] = { client_socket(l->client) };
    struct client_event news;
    size_t count = 1;
    bool ready[3];
    enum err e;

    if (l->guard && guard_door(l->guard)) sockets[count++] = guard_door(l->guard);
    /* With no place left for an answer to wait, questions wait in their socket and must not wake us. */
    if (l->asked && l->waiting_count < LOOP_WAITING_MAX) sockets[count++] = l->asked;
    e = bus_wait(sockets, count, 250, ready);
    if (!e) e = look_at_rights(l);
    if (e) return e;
    for (int i = 0; i < LOOP_BATCH_NEWS && l->batch < LOOP_BATCH_RECORDS && !e; i++) {
        e = client_next(l->client, 0, &news, &l->why);
        if (e || news.news == CLIENT_NOTHING) break;
        e = on_news(l, &news);
    }
    if (!e) e = loop_settle(l);
    if (e) loop_unsettle(l);
    if (e == ERR_AGAIN) e = loop_take_again(l);
    if (!e) e = loop_publish(l);
    note_following(l);
    if (!e) e = loop_hear_questions(l);
    if (!e) loop_answer_waiting(l, false);
    if (!e) e = tick(l);
    if (!e) notify_turned(clock_monotonic_ms());
    return e;
}

static enum err start(struct loop *l)
{
    bool rebuilt = false;
    enum err e;

    l->topics = calloc(FRAME_EVENTS_MAX, sizeof *l->topics);
    l->envelopes = calloc(FRAME_EVENTS_MAX, sizeof *l->envelopes);
    l->waiting = calloc(LOOP_WAITING_MAX, sizeof *l->waiting);
    if (!l->topics || !l->envelopes || !l->waiting) return ERR_NOMEM;
    e = fold_open(&l->fold, l->service, l->settings->store, &rebuilt, &l->why);
    if (!e && rebuilt) log_line(LOG_WARN, "rebuild", "because=\"another program made this store\"");
    if (!e && l->settings->guard) e = guard_open(l->settings->guard, &l->guard, &l->why);
    if (!e && l->settings->questions) e = bus_router_bind(l->settings->questions, &l->asked, &l->why);
    if (!e && l->settings->metrics) e = metrics_open(l->settings->metrics, &l->metrics, &l->why);
    if (!e) e = loop_connect(l);
    if (!e) notify_ready("following the log");
    if (!e)
        log_line(LOG_INFO, "ready", "store=%s seq=%llu number=%llu", l->settings->store,
                 (unsigned long long)l->fold.seq, (unsigned long long)l->fold.number);
    return e;
}

static void finish(struct loop *l)
{
    notify_stopping();
    metrics_close(&l->metrics);
    if (l->recalling) recall_close(&l->recall);
    loop_answer_waiting(l, true);
    client_destroy(&l->client);
    bus_destroy(&l->asked);
    guard_close(&l->guard);
    if (l->fold.db && l->fold.dirty && fold_begin(&l->fold) == ERR_NONE) (void)fold_commit(&l->fold);
    fold_close(&l->fold);
    buf_fini(&l->answer);
    buf_fini(&l->bytes);
    free(l->topics);
    free(l->envelopes);
    free(l->waiting);
}

enum err loop_run(const struct service *service, const struct loop_settings *settings,
                  const volatile sig_atomic_t *stop)
{
    struct loop l;
    int rebuilds = 0;
    enum err e;

    memset(&l, 0, sizeof l);
    l.service = service;
    l.settings = settings;
    l.stop = stop;
    e = start(&l);
    while (!e && !*stop) {
        e = turn_once(&l);
        if (e == ERR_INTERRUPTED) e = ERR_NONE;
        if (e == ERR_DIVERGED && rebuilds++ < LOOP_REBUILDS_MAX) {
            const struct why because = l.why;

            why_clear(&l.why); /* the reason of what may fail later is another one */
            e = rebuild(&l, because.sentence);
        }
    }
    if (e) {
        char quoted[WHY_SENTENCE_MAX + 2];

        log_line(LOG_ERROR, "stop", "code=%s sentence=%s", l.why.code[0] ? l.why.code : err_name(e),
                 log_quote(l.why.sentence[0] ? l.why.sentence : err_sentence(e), quoted, sizeof quoted));
    }
    if (e) l.fold.dirty = false; /* after a failure nothing more is written */
    finish(&l);
    if (!e) log_line(LOG_INFO, "stopped", "reason=asked");
    return e;
}

int loop_exit_code(enum err e)
{
    switch (e) {
    case ERR_NONE:
    case ERR_INTERRUPTED:
        return 0;
    case ERR_CONFIG:
        return 2;
    case ERR_SUPERSEDED:
        return 3;
    case ERR_LIMIT:
        return 4;
    case ERR_DIVERGED:
    case ERR_CORRUPT:
        return 6;
    case ERR_INVALID:
    case ERR_NOT_FOUND:
    case ERR_UNREADABLE:
    case ERR_AGAIN:
    case ERR_GONE:
    case ERR_TIMEOUT:
    case ERR_IO:
    case ERR_FULL:
    case ERR_NOMEM:
    case ERR_PROMISE:
        return 1;
    }
    return 1;
}
