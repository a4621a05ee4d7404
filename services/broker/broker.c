#include "services/broker/broker.h"

#include "common/clock.h"
#include "common/logline.h"
#include "proto/codec.h"
#include "services/broker/prefix.h"
#include "services/broker/turn.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char HEAD_TOPIC[] = "bus.head";
enum { TICK_MS = 1000 };

/* --- what every command needs --- */

struct slice turn_keep(struct broker *b, struct slice bytes)
{
    char *copy = msgpack_zone_malloc(b->zone, bytes.size ? bytes.size : 1);

    if (copy && bytes.size) memcpy(copy, bytes.data, bytes.size);
    return slice_of(copy, bytes.size);
}

static enum err say(struct broker *b, const struct bus_peer *peer, const struct buf *frame)
{
    struct answer *a = frame->failed ? NULL : answers_add(&b->answers, ANSWER_BYTES, peer);

    if (!a) return frame->failed ? frame->failed : ERR_NOMEM;
    a->bytes = turn_keep(b, buf_slice(frame));
    return a->bytes.data ? ERR_NONE : ERR_NOMEM;
}

enum err turn_refuse(struct broker *b, const struct bus_peer *peer, uint64_t number, const char *code,
                     const char *format, ...)
{
    struct session *session = sessions_find(&b->sessions, peer);
    struct slice publisher = session ? session_publisher(session) : slice_of(NULL, 0);
    char sentence[WHY_SENTENCE_MAX], quoted[WHY_SENTENCE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (session) session->stored_turn = 0;
    b->refusals_ever++;
    if (b->refusals++ < REFUSALS_LOGGED)
        log_line(LOG_WARN, "refused", "publisher=%.*s number=%" PRIu64 " code=%s why=%s",
                 SLICE_ARG(publisher), number, code, log_quote(sentence, quoted, sizeof quoted));
    buf_clear(&b->scratch);
    frame_refused(&b->scratch, number, code, sentence);
    return say(b, peer, &b->scratch);
}

static void end_follow(struct broker *b, struct session *session)
{
    if (session->follower) followers_drop(&b->followers, session->follower);
    session->follower = NULL;
}

void broker_forget(struct broker *b, struct session *session)
{
    end_follow(b, session);
    sessions_drop(&b->sessions, session);
}

static void lost(void *context, const struct bus_peer *peer)
{
    struct broker *b = context;
    struct session *session = sessions_find(&b->sessions, peer);

    if (session) broker_forget(b, session);
}

/* The peer's session, a new one if need be; NULL when the table is full of peers that are alive. */
static struct session *session_for(struct broker *b, const struct bus_peer *peer)
{
    struct session *session = sessions_find(&b->sessions, peer), *silent;

    if (session) return session;
    session = sessions_add(&b->sessions, peer, b->now.monotonic_ms);
    if (session) return session;
    silent = sessions_most_silent(&b->sessions, b->now.monotonic_ms - b->settings.silent_ms);
    if (!silent) return NULL;
    broker_forget(b, silent);
    return sessions_add(&b->sessions, peer, b->now.monotonic_ms);
}

static enum err refuse_busy(struct broker *b, const struct bus_peer *peer)
{
    return turn_refuse(b, peer, 0, "BUSY", "The broker talks to as many peers as it may; try again later.");
}

/* --- HELLO --- */

/* Whoever held the name before is told at once, so that an idle process ends too. */
static enum err supersede(struct broker *b, struct session *holder)
{
    holder->superseded = true;
    end_follow(b, holder);
    return turn_refuse(b, &holder->peer, 0, "SUPERSEDED",
                       "Another process said HELLO as %.*s epoch %" PRIu64 "; this one must end.",
                       SLICE_ARG(session_publisher(holder)), holder->epoch);
}

static enum err welcome(struct broker *b, const struct session *session, struct why *why)
{
    struct answer *a = answers_add(&b->answers, ANSWER_WELCOME, &session->peer);
    struct log_publisher known;
    enum err e = log_publisher(b->log, session_publisher(session), session->epoch, &known, why);

    if (e) return e;
    if (!a) return ERR_NOMEM;
    a->number = known.number;
    a->hash = known.hash;
    a->seq = log_head(b->log).seq;
    a->first = session->epoch;
    a->bytes = turn_keep(b, session_publisher(session));
    return a->bytes.data ? ERR_NONE : ERR_NOMEM;
}

static enum err take_hello(struct broker *b, const struct bus_peer *peer, struct session *session,
                           const struct frame *f, struct why *why)
{
    struct session *holder;
    enum err e = ERR_NONE;

    if (f->version != FRAME_VERSION)
        return turn_refuse(b, peer, 0, "VERSION", "This broker speaks version %d, not %" PRIu64 ".",
                           FRAME_VERSION, f->version);
    if (!publisher_valid(f->publisher))
        return turn_refuse(b, peer, 0, "MALFORMED",
                           "In HELLO, publisher must be 1 to %d letters, digits, '_', '-' and '.'.",
                           PUBLISHER_MAX);
    if (slice_is(f->publisher, "broker"))
        return turn_refuse(b, peer, 0, "NOT_PERMITTED", "The name broker is the broker's own.");
    if (f->epoch != 0 && event_publisher_is_house(f->publisher))
        return turn_refuse(
            b, peer, 0, "NOT_PERMITTED",
            "The name %.*s is a service's, and a service publishes in epoch 0; say HELLO with a "
            "name of your own.",
            SLICE_ARG(f->publisher));
    if (!session) session = session_for(b, peer);
    if (!session) return refuse_busy(b, peer);
    holder = sessions_holder(&b->sessions, f->publisher, f->epoch);
    if (holder && holder != session) e = supersede(b, holder);
    if (e) return e;
    session->hello = true;
    session->stored_turn = 0;
    session->epoch = f->epoch;
    session->publisher_size = (uint8_t)f->publisher.size;
    memcpy(session->publisher, f->publisher.data, f->publisher.size);
    return welcome(b, session, why);
}

/* --- PUBLISH --- */

static enum err take_publish(struct broker *b, const struct bus_peer *peer, struct session *session,
                             const struct frame *f, struct why *why)
{
    if (!session || !session->hello)
        return turn_refuse(b, peer, f->number, "NO_HELLO", "Say HELLO on this connection before PUBLISH.");
    return publish_take(b, peer, session, f, why);
}

/* --- FOLLOW and CREDIT --- */

/* The prefixes, checked, into `out`. ERR_INVALID with why. */
static enum err read_prefixes(const struct broker *b, const struct frame *f, struct slice *out,
                              struct why *why)
{
    size_t count = f->list.via.array.size;

    if (count > (size_t)b->settings.prefixes)
        return why_set(why, ERR_INVALID, "BAD_PREFIX",
                       "FOLLOW came with %zu prefixes; at most %" PRId64 " are taken.", count,
                       b->settings.prefixes);
    for (size_t i = 0; i < count; i++) {
        if (frame_prefix(f, i, &out[i], why)) return ERR_INVALID;
        if (!prefix_valid(out[i]))
            return why_set(why, ERR_INVALID, "BAD_PREFIX",
                           "Prefix %zu must be at most %d bytes of a-z, 0-9, '_' and '.'.", i, TOPIC_MAX);
    }
    if (f->credit > FRAME_CREDIT_MAX)
        return why_set(why, ERR_INVALID, "BAD_CREDIT", "Credit may be at most %d records.", FRAME_CREDIT_MAX);
    return ERR_NONE;
}

/* Do both sides remember the same past? ERR_INVALID with why when not. */
static enum err check_past(struct broker *b, const struct frame *f, struct log_place *place, struct why *why)
{
    struct why inner = { 0 };
    enum err e = log_chain_at(b->log, f->seq, &place->chain, &inner);

    place->seq = f->seq;
    if (e == ERR_NOT_FOUND)
        return why_set(why, ERR_INVALID, "DIVERGED",
                       "The log ends with record %" PRIu64 ", before %" PRIu64 ".", log_durable(b->log).seq,
                       f->seq);
    if (e == ERR_CORRUPT) {
        log_line(LOG_ERROR, "corrupt", "seq=%" PRIu64 " what=a_follower_begins_here", f->seq);
        return why_set(why, ERR_INVALID, "CORRUPT",
                       "The log is damaged there: %s. Nothing is served from it.", inner.sentence);
    }
    if (e) return why_set(why, e, err_name(e), "%s", inner.sentence);
    if (f->has_hash && !hash_equal(&f->hash, &place->chain))
        return why_set(why, ERR_INVALID, "DIVERGED",
                       "The chain at record %" PRIu64 " is another one in this log.", f->seq);
    return ERR_NONE;
}

static struct follower *follower_for(struct broker *b, const struct bus_peer *peer,
                                     const struct log_place *place)
{
    struct follower *follower = followers_add(&b->followers, peer, place);
    int64_t since = b->now.monotonic_ms - b->settings.silent_ms;

    /* A peer that died while nothing was sent to it still has its place. */
    for (size_t i = 0; !follower && i < b->sessions.most; i++) {
        struct session *s = &b->sessions.each[i];

        if (!s->used || !s->follower || s->heard_ms >= since) continue;
        broker_forget(b, s);
        follower = followers_add(&b->followers, peer, place);
    }
    return follower;
}

static enum err take_follow(struct broker *b, const struct bus_peer *peer, struct session *session,
                            const struct frame *f, struct why *why)
{
    struct slice prefixes[FRAME_PREFIXES_MAX];
    struct log_place place = { 0 };
    struct why inner = { 0 };
    enum err e;

    if (session) end_follow(b, session);
    e = read_prefixes(b, f, prefixes, &inner);
    if (!e) e = check_past(b, f, &place, &inner);
    if (e == ERR_INVALID) return turn_refuse(b, peer, 0, inner.code, "%s", inner.sentence);
    if (e) return why_set(why, e, inner.code, "%s", inner.sentence);
    if (!session) session = session_for(b, peer);
    if (session) session->follower = follower_for(b, peer, &place);
    if (!session || !session->follower) return refuse_busy(b, peer);
    session->follower->credit = f->credit;
    for (size_t i = 0; i < f->list.via.array.size; i++)
        follower_prefix(session->follower, prefixes[i]);
    return ERR_NONE;
}

static enum err take_credit(struct broker *b, const struct bus_peer *peer, struct session *session,
                            const struct frame *f, struct why *why)
{
    (void)why;
    if (!session || !session->follower)
        return turn_refuse(b, peer, 0, "BAD_CREDIT",
                           "There is no FOLLOW on this connection to give credit to.");
    if (f->credit == 0 || f->credit > FRAME_CREDIT_MAX ||
        f->credit + session->follower->credit > FRAME_CREDIT_MAX)
        return turn_refuse(b, peer, 0, "BAD_CREDIT",
                           "Credit is 1 or more, and with the %" PRIu64 " there are at most %d records.",
                           session->follower->credit, FRAME_CREDIT_MAX);
    session->follower->credit += f->credit;
    return ERR_NONE;
}

/* --- PING, CLOCK, ASK --- */

static enum err take_ping(struct broker *b, const struct bus_peer *peer, struct session *session,
                          const struct frame *f, struct why *why)
{
    struct answer *a = answers_add(&b->answers, ANSWER_PONG, peer);

    (void)session;
    (void)why;
    if (!a) return ERR_NOMEM;
    a->number = f->token;
    return ERR_NONE;
}

static enum err answer_clocked(struct broker *b, const struct bus_peer *peer, struct slice day)
{
    struct answer *a = answers_add(&b->answers, ANSWER_CLOCKED, peer);

    if (!a) return ERR_NOMEM;
    a->bytes = turn_keep(b, day);
    a->seq = log_head(b->log).seq;
    return a->bytes.data ? ERR_NONE : ERR_NOMEM;
}

static enum err take_clock(struct broker *b, const struct bus_peer *peer, struct session *session,
                           const struct frame *f, struct why *why)
{
    char text[CLOCK_DAY_TEXT + 1];
    int32_t day;
    enum err e;

    (void)session;
    if (!b->stamp.rehearsal)
        return turn_refuse(b, peer, 0, "NOT_REHEARSAL", "This broker takes its time from its own clock.");
    if (clock_day_parse(f->day, &day))
        return turn_refuse(b, peer, 0, "MALFORMED", "In CLOCK, day must be a real day as YYYY-MM-DD.");
    if (day < b->stamp.rehearsal_day) {
        clock_day_text(b->stamp.rehearsal_day, text);
        return turn_refuse(b, peer, 0, "CLOCK_BACK", "It is %s; time does not go back.", text);
    }
    if (!b->full && !b->space.stopped) {
        b->stamp.rehearsal_day = day;
        e = publish_days(b, why);
        if (e) return e;
    }
    if (!b->full && !b->space.stopped) return answer_clocked(b, peer, f->day);
    return turn_refuse(b, peer, 0, "DISK_FULL", "The log's disk has too little space left to begin a day.");
}

static enum err take_ask(struct broker *b, const struct bus_peer *peer, struct session *session,
                         const struct frame *f, struct why *why)
{
    struct buf answer = { 0 };
    enum err e = ERR_NONE;

    (void)session;
    (void)why;
    buf_clear(&b->scratch);
    if (slice_is(f->question, "status")) e = status_answer(b, &answer);
    if (answer.size)
        frame_answer(&b->scratch, f->token, buf_slice(&answer));
    else
        frame_fault(&b->scratch, f->token, "UNKNOWN_QUESTION", "The broker answers one question: status.");
    buf_fini(&answer);
    return e ? e : say(b, peer, &b->scratch);
}

/* --- one message --- */

typedef enum err (*command_fn)(struct broker *b, const struct bus_peer *peer, struct session *session,
                               const struct frame *f, struct why *why);

struct command {
    enum frame_command command;
    command_fn take;
    bool for_superseded; /* may a peer still say it that lost its name? */
};

static const struct command commands[] = {
    { FRAME_HELLO, take_hello, false },   { FRAME_PUBLISH, take_publish, false },
    { FRAME_FOLLOW, take_follow, false }, { FRAME_CREDIT, take_credit, false },
    { FRAME_PING, take_ping, true },      { FRAME_CLOCK, take_clock, false },
    { FRAME_ASK, take_ask, true },
};

static const struct command *command_find(enum frame_command which)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].command == which) return &commands[i];
    return NULL;
}

static enum err take_frame(struct broker *b, const struct bus_peer *peer, const struct frame *f,
                           struct why *why)
{
    struct session *session = sessions_find(&b->sessions, peer);
    const struct command *command = command_find(f->command);

    if (!command)
        return turn_refuse(b, peer, 0, "UNKNOWN_COMMAND",
                           "That command is the broker's to say, not a peer's.");
    if (session) session->heard_ms = b->now.monotonic_ms;
    if (session && session->superseded && !command->for_superseded)
        return turn_refuse(b, peer, f->number, "SUPERSEDED",
                           "Another process said HELLO as %.*s epoch %" PRIu64 "; this one must end.",
                           SLICE_ARG(session_publisher(session)), session->epoch);
    return command->take(b, peer, session, f, why);
}

enum err broker_take(struct broker *b, const struct bus_peer *peer, struct slice bytes, struct why *why)
{
    struct why inner = { 0 };
    struct frame f;
    enum err e;

    b->events++;
    b->bytes += (int64_t)bytes.size;
    e = frame_read(bytes, b->zone, &f, &inner);
    if (e == ERR_UNREADABLE) return turn_refuse(b, peer, 0, inner.code, "%s", inner.sentence);
    return e ? e : take_frame(b, peer, &f, why);
}

enum err broker_take_broken(struct broker *b, const struct bus_peer *peer)
{
    b->events++;
    return turn_refuse(b, peer, 0, "MALFORMED",
                       "A message came in several frames; each message is one frame.");
}

bool broker_full(const struct broker *b)
{
    return b->events >= b->settings.drain_events || b->bytes >= b->settings.drain_bytes;
}

/* --- the end of a turn --- */

static void turn_begin(struct broker *b)
{
    msgpack_zone_clear(b->zone);
    b->turn++;
    b->events = b->bytes = 0;
    b->live_count = 0;
    b->full = false;
    b->rehearsal_day_before = b->stamp.rehearsal_day;
}

enum err broker_settle(struct broker *b, struct why *why)
{
    const struct commit *token = NULL;
    struct why inner = { 0 };
    enum err e = log_commit(b->log, &token, &inner);

    if (e == ERR_FULL) {
        e = publish_undo(b, &inner);
        if (!e) e = log_commit(b->log, &token, &inner);
    }
    if (!e) e = answers_send(&b->answers, token, &b->ports, lost, b);
    if (!e) e = publish_live(b);
    if (!e) e = log_tend(b->log, &inner);
    if (e) return why_set(why, e, err_name(e), "%s", inner.sentence[0] ? inner.sentence : err_sentence(e));
    turn_begin(b);
    return ERR_NONE;
}

static void follow_ends(void *context, struct follower *follower, enum err e, const struct why *why)
{
    struct broker *b = context;
    struct bus_peer peer = follower->peer;
    struct session *session = sessions_find(&b->sessions, &peer);

    if (e == ERR_CORRUPT) {
        char quoted[WHY_SENTENCE_MAX];

        log_line(LOG_ERROR, "corrupt", "seq=%" PRIu64 " why=%s", follower->at.seq + 1,
                 log_quote(why->sentence, quoted, sizeof quoted));
        if (session) end_follow(b, session);
        /* Said with the next turn's answers; without memory for it the peer's heartbeat finds out nothing is
         * coming. */
        (void)turn_refuse(b, &peer, 0, "CORRUPT", "The log is damaged: %s. Nothing is served from there on.",
                          why->sentence);
    } else if (session) {
        broker_forget(b, session);
    }
}

enum err broker_serve(struct broker *b, struct why *why)
{
    const struct follow_limits limits = { (size_t)b->settings.follow_records,
                                          (size_t)b->settings.follow_bytes,
                                          (size_t)b->settings.follow_bites };

    return followers_serve(&b->followers, b->log, &limits, &b->ports, b->now.monotonic_ms, follow_ends, b,
                           why);
}

/* --- time --- */

static enum err publish_head(struct broker *b)
{
    const uint64_t numbers[3] = { log_durable(b->log).seq, (uint64_t)stamp_now(&b->stamp), 0 };
    uint8_t place[24];
    enum err e;

    for (size_t at = 0; at < sizeof place; at++)
        place[at] = (uint8_t)(numbers[at / 8] >> (8 * (7 - at % 8)));
    e = b->ports.publish(b->ports.context, slice_text(HEAD_TOPIC), slice_of(place, sizeof place),
                         slice_text(""));
    return e == ERR_AGAIN || e == ERR_GONE ? ERR_NONE : e;
}

/* Warn once, and again only after there was clearly more space in between. */
static enum err look_at_space(struct broker *b, uint64_t free_bytes, struct why *why)
{
    uint64_t warn = (uint64_t)b->settings.warn_bytes, stop = (uint64_t)b->settings.stop_bytes;
    bool wal_full = log_wal_bytes(b->log) > (uint64_t)b->settings.wal_most_bytes;

    b->space.free_bytes = free_bytes;
    if ((free_bytes < stop) != b->space.stopped) {
        b->space.stopped = free_bytes < stop;
        log_line(b->space.stopped ? LOG_ERROR : LOG_INFO, b->space.stopped ? "disk_full" : "disk_has_space",
                 "free_bytes=%" PRIu64 " stop_bytes=%" PRIu64, free_bytes, stop);
    }
    if (wal_full != b->space.wal_full) {
        b->space.wal_full = wal_full;
        log_line(wal_full ? LOG_ERROR : LOG_INFO, wal_full ? "wal_too_long" : "wal_is_short_again",
                 "wal_bytes=%" PRIu64, log_wal_bytes(b->log));
    }
    if (free_bytes > warn + warn / 10) b->space.warned = false;
    if (free_bytes >= warn || b->space.warned) return ERR_NONE;
    b->space.warned = true;
    log_line(LOG_WARN, "disk_low", "free_bytes=%" PRIu64 " warn_bytes=%" PRIu64, free_bytes, warn);
    return publish_space_warned(b, why);
}

static void log_once_a_second(struct broker *b)
{
    if (b->refusals > REFUSALS_LOGGED)
        log_line(LOG_WARN, "refused_more", "count=%" PRIu64, b->refusals - REFUSALS_LOGGED);
    b->refusals = 0;
    if (!stamp_stopped(&b->stamp) || b->stop_logged) return;
    b->stop_logged = true;
    log_line(LOG_ERROR, "clock_stopped",
             "gap_ms=%" PRId64 " since=%s what=check_the_clock_then_restart_with_--confirm-clock",
             b->stamp.gap_ms, b->stamp.stop == STAMP_JUMPED ? "it_jumped" : "last_record");
}

bool broker_tick_due(const struct broker *b, struct stamp_clocks now)
{
    return now.monotonic_ms >= b->tick_ms;
}

enum err broker_tick(struct broker *b, struct stamp_clocks now, uint64_t free_bytes, struct why *why)
{
    bool second = broker_tick_due(b, now);
    enum err e;

    b->now = now;
    stamp_look(&b->stamp, now);
    e = publish_days(b, why);
    if (e || !second) return e;
    b->tick_ms = now.monotonic_ms + b->settings.head_ms;
    log_once_a_second(b);
    e = look_at_space(b, free_bytes, why);
    return e ? e : publish_head(b);
}

enum err broker_status(struct broker *b, struct buf *out)
{
    return status_answer(b, out);
}

int broker_wait_ms(const struct broker *b, struct stamp_clocks now)
{
    int64_t wait = b->tick_ms - now.monotonic_ms, other;

    if (b->answers.count) return 0;
    other = followers_wait_ms(&b->followers, log_durable(b->log).seq, now.monotonic_ms);
    if (other >= 0 && other < wait) wait = other;
    other = stamp_until_midnight(&b->stamp);
    if (!b->stamp.rehearsal && other < wait) wait = other;
    if (wait > TICK_MS) wait = TICK_MS;
    return wait > 0 ? (int)wait : 0;
}

/* --- life --- */

void broker_destroy(struct broker **out)
{
    struct broker *b = *out;

    if (!b) return;
    followers_fini(&b->followers);
    sessions_fini(&b->sessions);
    answers_fini(&b->answers);
    buf_fini(&b->scratch);
    if (b->zone) msgpack_zone_free(b->zone);
    free(b->live);
    free(b);
    *out = NULL;
}

enum err broker_new(const struct broker_settings *settings, struct log *log, const struct ports *ports,
                    struct stamp_clocks now, struct broker **out, struct why *why)
{
    struct broker *b = calloc(1, sizeof *b);
    struct log_head head = log_head(log);
    enum err e;

    if (!b) return why_set(why, ERR_NOMEM, "NOMEM", "no memory for the broker");
    b->settings = *settings;
    b->log = log;
    b->ports = *ports;
    b->now = now;
    b->tick_ms = now.monotonic_ms;
    stamp_start(&b->stamp, &settings->time, head.seq > 0, head.at_ms, now);
    b->zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    e = b->zone ? ERR_NONE : ERR_NOMEM;
    if (!e) e = sessions_init(&b->sessions, (size_t)settings->sessions);
    if (!e) e = followers_init(&b->followers, (size_t)settings->followers);
    if (e) {
        broker_destroy(&b);
        return why_set(why, e, "NOMEM", "no memory for the broker");
    }
    turn_begin(b);
    *out = b;
    return ERR_NONE;
}
