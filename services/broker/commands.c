/* commands.c - what each command of the bus does, and every refusal of one. */
#include "common/clock.h"
#include "common/logline.h"
#include "proto/codec.h"
#include "services/broker/turn.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { AGAIN_MS = 60000 };

/* --- what every command needs --- */

struct slice turn_keep(struct broker *b, struct slice bytes)
{
    char *copy = msgpack_zone_malloc(b->said->zone, bytes.size ? bytes.size : 1);

    if (copy && bytes.size) memcpy(copy, bytes.data, bytes.size);
    return slice_of(copy, bytes.size);
}

static enum err say(struct broker *b, const struct bus_peer *peer, const struct buf *frame)
{
    struct answer *a = frame->failed ? NULL : answers_add(&b->said->answers, ANSWER_BYTES, peer);

    if (!a) return frame->failed ? frame->failed : ERR_NOMEM;
    a->bytes = turn_keep(b, buf_slice(frame));
    return a->bytes.data ? ERR_NONE : ERR_NOMEM;
}

static enum err refuse(struct broker *b, enum log_level level, const struct bus_peer *peer, uint64_t number,
                       const char *code, const char *sentence)
{
    struct session *session = sessions_find(&b->sessions, peer);
    struct slice publisher = session ? session_publisher(session) : slice_of(NULL, 0);
    char quoted[WHY_SENTENCE_MAX];

    if (session) session->stored_turn = 0;
    b->denied += strcmp(code, "NOT_PERMITTED") == 0;
    b->refusals_ever++;
    if (b->refusals++ < REFUSALS_LOGGED)
        log_line(level, "refused", "publisher=%.*s number=%" PRIu64 " code=%s why=%s", SLICE_ARG(publisher),
                 number, code, log_quote(sentence, quoted, sizeof quoted));
    buf_clear(&b->scratch);
    frame_refused(&b->scratch, number, code, sentence);
    return say(b, peer, &b->scratch);
}

enum err turn_refuse(struct broker *b, const struct bus_peer *peer, uint64_t number, const char *code,
                     const char *format, ...)
{
    char sentence[WHY_SENTENCE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return refuse(b, LOG_WARN, peer, number, code, sentence);
}

void broker_end_follow(struct broker *b, struct session *session)
{
    if (session->follower) followers_drop(&b->followers, session->follower);
    session->follower = NULL;
}

void broker_forget(struct broker *b, struct session *session)
{
    broker_end_follow(b, session);
    sessions_drop(&b->sessions, session);
}

/* --- HELLO --- */

static enum err tell_superseded(struct broker *b, enum log_level level, const struct session *s,
                                const struct bus_peer *peer, uint64_t number)
{
    char sentence[WHY_SENTENCE_MAX];

    snprintf(sentence, sizeof sentence,
             "Another process said HELLO as %.*s epoch %" PRIu64 "; this one must end.",
             SLICE_ARG(session_publisher(s)), s->epoch);
    return refuse(b, level, peer, number, "SUPERSEDED", sentence);
}

/* Whoever held the name before is told at once, so that an idle process ends too. A restart is no matter for
 * a person; two processes that take the name from each other are. */
static enum err supersede(struct broker *b, struct session *holder)
{
    const int64_t took_ms = holder->took_over_ms;
    const bool again = took_ms && b->now.monotonic_ms - took_ms < AGAIN_MS;

    holder->superseded = true;
    broker_end_follow(b, holder);
    return tell_superseded(b, again ? LOG_WARN : LOG_INFO, holder, &holder->peer, 0);
}

static enum err welcome(struct broker *b, const struct session *session, struct why *why)
{
    struct answer *a = answers_add(&b->said->answers, ANSWER_WELCOME, &session->peer);
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
    struct why inner = { 0 };
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
    if (rights_hello(b, f->publisher, &inner))
        return turn_refuse(b, peer, 0, inner.code, "%s", inner.sentence);
    if (f->epoch != 0 && event_publisher_is_house(f->publisher))
        return turn_refuse(
            b, peer, 0, "NOT_PERMITTED",
            "The name %.*s is a service's, and a service publishes in epoch 0; say HELLO with a "
            "name of your own.",
            SLICE_ARG(f->publisher));
    holder = sessions_holder(&b->sessions, f->publisher, f->epoch);
    if (holder && holder != session)
        e = supersede(b, holder); /* and its place is free, if there is no other */
    if (e) return e;
    if (!session) session = places_session(b, peer, &inner);
    if (!session) return turn_refuse(b, peer, 0, inner.code, "%s", inner.sentence);
    session->hello = true;
    session->took_over_ms = holder && holder != session ? b->now.monotonic_ms : 0;
    session->stored_turn = 0;
    session_allow_nothing(session);
    session->epoch = f->epoch;
    session->publisher_size = (uint8_t)f->publisher.size;
    memcpy(session->publisher, f->publisher.data, f->publisher.size);
    return welcome(b, session, why);
}

/* --- PUBLISH --- */

static void count_said(struct broker *b, struct session *session, size_t count)
{
    if (session->said_turn != b->turn) session->said = 0;
    session->said_turn = b->turn;
    session->said += (int64_t)count;
    b->published += (int64_t)count;
    if (session->said > b->most) b->most = session->said;
}

/* One that does not read what it is answered loses its session, and may flood on: what it may not say is
 * counted as that all the same. */
static enum err refuse_unknown(struct broker *b, const struct bus_peer *peer, const struct frame *f)
{
    for (size_t i = 0; i < f->list.via.array.size; i++) {
        struct slice topic, envelope;
        struct why inner = { 0 };

        if (frame_event(f, i, &topic, &envelope, &inner) || !topic_valid(topic)) continue;
        if (rights_publish(b, topic, &inner))
            return turn_refuse(b, peer, f->number + i, inner.code, "%s", inner.sentence);
    }
    return turn_refuse(b, peer, f->number, "NO_HELLO", "Say HELLO on this connection before PUBLISH.");
}

static enum err take_publish(struct broker *b, const struct bus_peer *peer, struct session *session,
                             const struct frame *f, struct why *why)
{
    if (!session || !session->hello) return refuse_unknown(b, peer, f);
    count_said(b, session, f->list.via.array.size);
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

static enum err take_follow(struct broker *b, const struct bus_peer *peer, struct session *session,
                            const struct frame *f, struct why *why)
{
    struct slice prefixes[FRAME_PREFIXES_MAX];
    struct log_place place = { 0 };
    struct why inner = { 0 };
    bool whole = false;
    enum err e;

    if (session) broker_end_follow(b, session);
    e = read_prefixes(b, f, prefixes, &inner);
    if (!e) e = rights_follow(b, b->from, prefixes, f->list.via.array.size, &whole, &inner);
    if (!e) e = check_past(b, f, &place, &inner);
    if (e == ERR_INVALID) return turn_refuse(b, peer, 0, inner.code, "%s", inner.sentence);
    if (e) return why_set(why, e, inner.code, "%s", inner.sentence);
    if (!session) session = places_session(b, peer, &inner);
    if (!session || !places_follow(b, session, &place, &inner))
        return turn_refuse(b, peer, 0, inner.code, "%s", inner.sentence);
    session->follower->credit = f->credit;
    session->follower->party = *b->from;
    session->follower->guard = b->guard;
    session->follower->whole = whole;
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
    struct answer *a = answers_add(&b->said->answers, ANSWER_PONG, peer);

    (void)session;
    (void)why;
    if (!a) return ERR_NOMEM;
    a->number = f->token;
    return ERR_NONE;
}

static enum err answer_clocked(struct broker *b, const struct bus_peer *peer, struct slice day)
{
    struct answer *a = answers_add(&b->said->answers, ANSWER_CLOCKED, peer);

    if (!a) return ERR_NOMEM;
    a->bytes = turn_keep(b, day);
    a->seq = log_head(b->log).seq;
    return a->bytes.data ? ERR_NONE : ERR_NOMEM;
}

/* CLOCK "confirm": said again it changes nothing. */
static enum err confirm_clock(struct broker *b, const struct bus_peer *peer, struct slice word,
                              struct why *why)
{
    enum err e;

    if (stamp_stopped(&b->stamp))
        log_line(LOG_WARN, "clock_confirmed", "gap_ms=%" PRId64 " now_ms=%" PRId64, b->stamp.gap_ms,
                 b->now.wall_ms);
    stamp_confirm(&b->stamp);
    b->stop_logged = false;
    e = publish_days(b, why);
    return e ? e : answer_clocked(b, peer, word);
}

static enum err take_clock(struct broker *b, const struct bus_peer *peer, struct session *session,
                           const struct frame *f, struct why *why)
{
    char text[CLOCK_DAY_TEXT + 1];
    struct why inner = { 0 };
    int32_t day;
    enum err e;

    (void)session;
    if (rights_question(b, slice_text("clock"), &inner))
        return turn_refuse(b, peer, 0, inner.code, "%s", inner.sentence);
    if (slice_is(f->day, "confirm")) return confirm_clock(b, peer, f->day, why);
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

/* A question gets a FAULT where a command gets a REFUSED; it counts and is logged alike. */
static enum err fault(struct broker *b, const struct bus_peer *peer, uint64_t token, const struct why *why)
{
    char quoted[WHY_SENTENCE_MAX + 2];

    b->denied++;
    b->refusals_ever++;
    if (b->refusals++ < REFUSALS_LOGGED)
        log_line(LOG_WARN, "refused", "code=%s why=%s", why->code,
                 log_quote(why->sentence, quoted, sizeof quoted));
    frame_fault(&b->scratch, token, why->code, why->sentence);
    return say(b, peer, &b->scratch);
}

static enum err take_ask(struct broker *b, const struct bus_peer *peer, struct session *session,
                         const struct frame *f, struct why *why)
{
    struct buf answer = { 0 };
    struct why inner = { 0 };
    enum err e = ERR_NONE;

    (void)session;
    (void)why;
    buf_clear(&b->scratch);
    if (rights_question(b, f->question, &inner)) return fault(b, peer, f->token, &inner);
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
    /* A peer may choose the id of its connection, so it could be one that somebody else has left. */
    if (session && strcmp(session->key, b->from->key) != 0) {
        broker_forget(b, session);
        session = NULL;
    }
    if (session) session->heard_ms = b->now.monotonic_ms;
    if (session && session->superseded && !command->for_superseded)
        return tell_superseded(b, LOG_INFO, session, peer, f->number);
    return command->take(b, peer, session, f, why);
}

enum err broker_take(struct broker *b, const struct bus_peer *peer, struct slice key, struct slice bytes,
                     struct why *why)
{
    struct why inner;
    bool known = false;
    struct frame f;
    enum err e;

    b->events++;
    b->bytes += (int64_t)bytes.size;
    e = rights_sender(b, peer, key, &known);
    if (e || !known) return e;
    why_clear(&inner);
    e = frame_read(bytes, b->said->zone, &f, &inner);
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
    int64_t others = b->published - b->most;

    if (others > 0 && b->most - others > b->settings.drain_ahead) return true;
    return b->events >= b->settings.drain_events || b->bytes >= b->settings.drain_bytes;
}
