/* loop.c - the conversation of a service: with the broker, and with those who ask it something. */
#include "common/loop_inside.h"

#include "common/clock.h"
#include "common/logline.h"
#include "common/metrics.h"
#include "common/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LOOP_TICK_MS = 1000,
    LOOP_WAITING_MAX = 256,
    LOOP_PUBLISH_EVENTS = 1024,
    LOOP_BATCH_RECORDS = 2048, /* in one commit, give or take one EVENTS */
    LOOP_BATCH_NEWS = 64,      /* from the broker, before somebody else's turn comes */
    LOOP_REBUILDS_MAX = 3,
    LOOP_PAUSE_MS = 1000,
    LOOP_SECOND_MS = 1000
};

/* An answer that waits until everything it may rest on is STORED: nobody may hear of a fact before the log
 * has it. */
struct waiting {
    struct bus_peer peer;
    char *bytes;
    size_t size;
    uint64_t number; /* of our last outcome when it was given */
};

struct loop {
    const struct service *service;
    const struct loop_settings *settings;
    const volatile sig_atomic_t *stop;
    struct fold fold;
    struct client *client;
    struct bus_socket *asked;
    struct metrics *metrics;
    struct guard *guard; /* NULL: whoever reaches us may ask */
    uint64_t denied;     /* logged so far */
    struct recall recall;
    bool recalling, following;
    bool unheard;  /* the broker has refused our FOLLOW, and not taken one since */
    bool open;     /* a transaction is, with records of this turn in it */
    size_t batch;  /* records in it that we hear */
    bool complete; /* everything there was at the last WELCOME is applied: questions may be answered */
    uint64_t welcome_head; /* of the log, at that WELCOME */
    uint64_t sent;         /* our outcomes up to here are on their way on this connection */
    uint64_t head;         /* of the log, as last heard */
    uint64_t rebuilds;
    struct hash welcomed; /* running hash at the number of the last WELCOME: a recall must end there */
    struct waiting *waiting;
    size_t waiting_count;
    int64_t ticked_ms;
    int64_t asked_since_ms, asked_count; /* a second's questions */
    int64_t paused_until_ms; /* the broker cannot store now: offer the same again then; 0: not paused */
    struct buf answer;
    struct slice *topics, *envelopes; /* of one PUBLISH */
    struct buf bytes;
    struct why why;
};

static void answer_waiting(struct loop *l, bool drop);

static enum err client_start(struct loop *l)
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
    answer_waiting(l, true);
    e = fold_rebuild(&l->fold, l->settings->store, &l->why);
    if (!e) e = client_start(l);
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

/* --- publishing --- */

static void point(struct loop *l, size_t n)
{
    for (size_t i = 0, at = 0; i < n; i++) {
        l->topics[i].data = l->bytes.data + at;
        at += l->topics[i].size;
        l->envelopes[i].data = l->bytes.data + at;
        at += l->envelopes[i].size;
    }
}

/* Read whole groups of one cause from the outbox, as many as fit; *n 0: nothing (more) to send. */
static enum err gather(struct loop *l, size_t room, size_t *n)
{
    sqlite3_stmt *s = l->fold.statements[FOLD_OUTBOX_READ];
    size_t whole = 0, whole_bytes = 0;
    uint64_t cause = 0;
    bool row = false;
    enum err e;

    *n = 0;
    buf_clear(&l->bytes);
    db_bind_u64(s, 1, l->sent);
    while (!(e = db_step(s, &row)) && row) {
        const struct slice topic = db_text(s, 2), envelope = db_bytes(s, 3);

        if (db_u64(s, 1) != cause) {
            whole = *n;
            whole_bytes = l->bytes.size;
            cause = db_u64(s, 1);
            if (whole >= LOOP_PUBLISH_EVENTS || whole >= room || whole_bytes > CLIENT_WINDOW_BYTES / 4) break;
        }
        if (whole > 0 && (*n >= room || l->bytes.size > CLIENT_WINDOW_BYTES / 2))
            break; /* the next group waits */
        /* Under another number the broker would take it for one it knows. */
        if (*n == FRAME_EVENTS_MAX || db_u64(s, 0) != l->sent + 1 + *n) {
            e = ERR_PROMISE;
            break;
        }
        l->topics[*n].size = topic.size;
        l->envelopes[*n].size = envelope.size;
        buf_add(&l->bytes, topic.data, topic.size);
        e = buf_add(&l->bytes, envelope.data, envelope.size);
        if (e) break;
        ++*n;
    }
    if (row) {
        db_done(s);
        if (!e && whole < *n) *n = whole; /* cut off in the middle of a group */
    }
    point(l, *n);
    return e;
}

static enum err publish(struct loop *l)
{
    size_t n, room;
    enum err e = ERR_NONE;

    if (l->paused_until_ms) {
        if (clock_monotonic_ms() < l->paused_until_ms) return ERR_NONE;
        l->paused_until_ms = 0;
        return client_start(l); /* its WELCOME says from where */
    }
    while (!e && l->following && l->sent < l->fold.number && (room = client_room(l->client)) > 0) {
        e = gather(l, room, &n);
        if (e || n == 0) break;
        e = client_publish(l->client, l->sent + 1, l->topics, l->envelopes, n);
        if (!e) l->sent += n;
    }
    return e == ERR_AGAIN ? ERR_NONE : e;
}

/* --- applying the log --- */

static enum err recalled(struct loop *l, const struct record *r, bool *done)
{
    const struct outcome *group = NULL;
    size_t count = 0;
    bool ended = false;
    enum err e = recall_group(&l->recall, r->seq, &group, &count, &ended, &l->why);

    *done = false;
    if (e) return e;
    if (ended) { /* the last recorded outcome was used: from here on we decide */
        recall_close(&l->recall);
        l->recalling = false;
        if (!hash_equal(&l->fold.hash, &l->welcomed))
            return why_set(&l->why, ERR_DIVERGED, "DIVERGED", "the log holds other outcomes than this store");
        l->sent = l->fold.number; /* they are in the log: what is decided now is sent behind them */
        log_line(LOG_INFO, "recalled", "seq=%llu number=%llu", (unsigned long long)l->fold.seq,
                 (unsigned long long)l->fold.number);
        return ERR_NONE;
    }
    *done = true;
    return fold_apply(&l->fold, r, group, count, true, &l->why);
}

static enum err take(struct loop *l, const struct record *r)
{
    bool done = false;
    enum err e = ERR_NONE;

    if (!fold_hears(&l->fold, r)) {
        fold_pass(&l->fold, r->seq, &r->chain);
        return ERR_NONE;
    }
    if (l->recalling) e = recalled(l, r, &done);
    if (!e && !done) e = fold_take(&l->fold, r, &l->why);
    return e;
}

/* One commit for whatever has arrived: many EVENTS may share it. */
static enum err on_events(struct loop *l, const struct client_event *news)
{
    struct fold *f = &l->fold;
    size_t heard = 0;
    enum err e = ERR_NONE;

    for (size_t i = 0; i < news->count; i++)
        heard += fold_hears(f, &news->records[i]);
    if (heard && !l->open) {
        e = fold_begin(f);
        l->open = !e;
    }
    l->batch += heard;
    for (size_t i = 0; !e && i < news->count; i++)
        e = take(l, &news->records[i]);
    if (!e && news->seq > f->seq) fold_pass(f, news->seq, &news->hash);
    if (f->seq > l->head) l->head = f->seq;
    l->unheard = false;
    l->complete |= !e && f->seq >= l->welcome_head;
    return e;
}

/* Commit what was taken; from then on it may be published and asked for. */
static enum err settle(struct loop *l)
{
    enum err e = l->open ? fold_commit(&l->fold) : ERR_NONE;

    if (e) return e;
    l->open = false;
    l->batch = 0;
    return ERR_NONE;
}

/* Nothing stands of what was not committed. */
static void unsettle(struct loop *l)
{
    if (l->open) fold_rollback(&l->fold);
    l->open = false;
    l->batch = 0;
}

/* A record wants to be taken with a savepoint: go back to the last commit, and have the records sent anew. */
static enum err take_again(struct loop *l)
{
    log_line(LOG_WARN, "again", "seq=%llu", (unsigned long long)l->fold.guarded_to);
    unsettle(l);
    if (l->recalling) recall_close(&l->recall);
    l->recalling = l->complete = false;
    return client_start(l);
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
    const enum err e = apart ? settle(l) : ERR_NONE;

    if (e) return e;
    switch (news->news) {
    case CLIENT_WELCOME:
        return on_welcome(l, news);
    case CLIENT_EVENTS:
        return on_events(l, news);
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

/* --- questions --- */

/* A register that is read only in part would say "there is no such certificate", and be believed. */
static void answer_not_complete(struct loop *l, uint64_t token)
{
    char sentence[WHY_SENTENCE_MAX];

    if (l->welcome_head)
        snprintf(
            sentence, sizeof sentence,
            "%s is still reading the log: %llu of %llu records; an answer now would not be complete, ask "
            "again later",
            l->service->name, (unsigned long long)l->fold.seq, (unsigned long long)l->welcome_head);
    else
        snprintf(
            sentence, sizeof sentence,
            "%s has not heard from the broker since it started and does not know whether its %llu records "
            "are all; start the broker",
            l->service->name, (unsigned long long)l->fold.seq);
    frame_fault(&l->answer, token, "NOT_COMPLETE", sentence);
}

/* Whoever asks without end would keep the service from its log. */
static bool asked_too_much(struct loop *l)
{
    const int64_t now = clock_monotonic_ms();

    if (now - l->asked_since_ms >= LOOP_SECOND_MS) {
        l->asked_since_ms = now;
        l->asked_count = 0;
    }
    return l->settings->questions_second && ++l->asked_count > l->settings->questions_second;
}

static void answer_busy(struct loop *l, uint64_t token)
{
    char sentence[WHY_SENTENCE_MAX];

    snprintf(sentence, sizeof sentence,
             "%s was asked %lld questions within this second, and answers no more in one "
             "(questions_second); ask again in the next",
             l->service->name, (long long)l->settings->questions_second);
    frame_fault(&l->answer, token, "BUSY", sentence);
}

static enum err answer_frame(struct loop *l, struct slice bytes, struct slice key, bool *at_once)
{
    const struct party *only = NULL;
    msgpack_zone *zone = msgpack_zone_new(4096);
    struct frame ask;
    struct why why = { 0 };
    enum err e = zone ? frame_read(bytes, zone, &ask, &why) : ERR_NOMEM;

    buf_clear(&l->answer);
    *at_once = l->fold.published == l->fold.number;
    if (!e && ask.command == FRAME_ASK && !fold_may_ask(&l->fold, l->guard, key, &ask, &only, &l->answer)) {
        *at_once = true;
    } else if (!e && ask.command == FRAME_ASK && !slice_is(ask.question, "status") && asked_too_much(l)) {
        *at_once = true;
        answer_busy(l, ask.token);
    } else if (!e && ask.command == FRAME_ASK && !l->complete && !slice_is(ask.question, "status")) {
        *at_once = true;
        answer_not_complete(l, ask.token);
    } else if (!e && ask.command == FRAME_ASK) {
        *at_once |= fold_answers_at_once(ask.question);
        fold_answer(&l->fold, &ask, only, &l->answer);
    } else if (!e && ask.command == FRAME_PING) {
        *at_once = true;
        frame_pong(&l->answer, ask.token, l->fold.seq);
    } else {
        *at_once = true;
        frame_fault(&l->answer, 0, why.code[0] ? why.code : "UNKNOWN_COMMAND",
                    why.sentence[0] ? why.sentence : "only ASK and PING are understood here");
    }
    if (zone) msgpack_zone_free(zone);
    return e == ERR_NOMEM ? e : l->answer.failed;
}

static enum err keep_waiting(struct loop *l, const struct bus_peer *peer)
{
    struct waiting *w = &l->waiting[l->waiting_count];

    w->bytes = malloc(l->answer.size);
    if (!w->bytes) return ERR_NOMEM;
    memcpy(w->bytes, l->answer.data, l->answer.size);
    w->size = l->answer.size;
    w->peer = *peer;
    w->number = l->fold.number;
    l->waiting_count++;
    return ERR_NONE;
}

static enum err hear_questions(struct loop *l)
{
    struct bus_peer peer;
    struct bus_frame frame = { 0 };
    bool at_once;
    enum err e = ERR_NONE;

    for (int i = 0; l->asked && !e && i < LOOP_WAITING_MAX && l->waiting_count < LOOP_WAITING_MAX; i++) {
        e = bus_recv(l->asked, &peer, &frame);
        if (e == ERR_INVALID) {
            e = ERR_NONE; /* several frames: nothing we said we would answer */
            continue;
        }
        if (!e) e = answer_frame(l, frame.bytes, bus_user(&frame), &at_once);
        if (!e && at_once)
            (void)bus_send(l->asked, &peer, buf_slice(&l->answer)); /* gone or full: no answer */
        else if (!e)
            e = keep_waiting(l, &peer);
    }
    bus_frame_fini(&frame);
    return e == ERR_AGAIN ? ERR_NONE : e;
}

/* Send what has waited long enough; after a rebuild nothing of it is known to be true, and the asker asks
 * again. */
static void answer_waiting(struct loop *l, bool drop)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->waiting_count; i++) {
        struct waiting *w = &l->waiting[i];

        if (!drop && w->number > l->fold.published) {
            l->waiting[kept++] = *w;
            continue;
        }
        if (!drop) (void)bus_send(l->asked, &w->peer, slice_of(w->bytes, w->size));
        free(w->bytes);
    }
    l->waiting_count = kept;
}

/* --- rights --- */

static enum err look_at_rights(struct loop *l)
{
    volatile sig_atomic_t *at_once = l->settings->look_at_once;
    struct bus_visits visits = { .open = 0 };

    if (!l->guard) return ERR_NONE;
    (void)guard_look(l->guard, clock_monotonic_ms(), at_once && *at_once);
    if (at_once) *at_once = 0;
    if (l->asked) bus_visits(l->asked, &visits);
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
    if (!e) e = settle(l);
    if (e) unsettle(l);
    if (e == ERR_AGAIN) e = take_again(l);
    if (!e) e = publish(l);
    note_following(l);
    if (!e) e = hear_questions(l);
    if (!e) answer_waiting(l, false);
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
    if (!e) e = client_start(l);
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
    answer_waiting(l, true);
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
