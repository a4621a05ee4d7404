/* publish.c - what is stored: a publisher's events, and the broker's own. */
#include "common/clock.h"
#include "common/envelope.h"
#include "common/logline.h"
#include "proto/codec.h"
#include "services/broker/turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* --- storing one --- */

static enum err remember_live(struct said *said, const struct log_event *event,
                              const struct log_stored *stored)
{
    if (said->live_count == said->live_capacity) {
        size_t capacity = said->live_capacity ? 2 * said->live_capacity : 256;
        struct live *more = realloc(said->live, capacity * sizeof *more);

        if (!more) return ERR_NOMEM;
        said->live = more;
        said->live_capacity = capacity;
    }
    said->live[said->live_count++] =
        (struct live){ event->topic, event->envelope, stored->seq, stored->previous, event->at_ms };
    return ERR_NONE;
}

/* The event's slices must stay until what the turn said is sent. */
static enum err store(struct broker *b, const struct log_event *event, struct log_stored *stored,
                      struct why *why)
{
    enum err e = log_append(b->log, event, stored, why);

    if (!e) e = remember_live(b->said, event, stored);
    if (!e) stamp_took(&b->stamp, true, event->at_ms);
    return e;
}

enum err publish_live(struct broker *b, struct said *said)
{
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < said->live_count; i++) {
        const struct live *l = &said->live[i];
        const uint64_t numbers[3] = { l->seq, (uint64_t)l->at_ms, l->previous };
        uint8_t place[24];

        for (size_t at = 0; at < sizeof place; at++)
            place[at] = (uint8_t)(numbers[at / 8] >> (8 * (7 - at % 8)));
        e = b->ports.publish(b->ports.context, l->topic, slice_of(place, sizeof place), l->envelope);
        if (e == ERR_GONE) break; /* nobody is there to hear any of it */
        if (e == ERR_AGAIN) e = ERR_NONE;
    }
    said->live_count = 0;
    return e == ERR_GONE ? ERR_NONE : e;
}

/* --- the broker's own events --- */

/* `unique` makes the id. */
static enum err store_own(struct broker *b, const struct event_kind *kind, const void *event,
                          const char *unique, const char *subject, int64_t at_ms, struct why *why)
{
    const struct slice id_parts[2] = { slice_text(BROKER_NAME), slice_text(unique) };
    char id[HASH_ID_TEXT + 1], topic[TOPIC_MAX + 1];
    struct buf data = { 0 }, bytes = { 0 };
    struct log_stored stored;
    enum err e;

    hash_id(id_parts, 2, id);
    snprintf(topic, sizeof topic, "%s.00", kind->type);
    const struct envelope envelope = { .id = slice_text(id),
                                       .source = slice_text(BROKER_NAME),
                                       .type = slice_text(kind->type),
                                       .subject = slice_text(subject),
                                       .time_ms = at_ms };
    e = codec_encode(kind, event, &data, why);
    if (!e) e = envelope_write(&envelope, buf_slice(&data), &bytes);
    if (!e) e = bytes.failed;
    if (!e) {
        const struct log_event own = { .publisher = slice_text(BROKER_NAME),
                                       .topic = turn_keep(b, slice_text(topic)),
                                       .envelope = turn_keep(b, buf_slice(&bytes)),
                                       .at_ms = at_ms };

        e = own.topic.data && own.envelope.data ? store(b, &own, &stored, why) : ERR_NOMEM;
    }
    buf_fini(&data);
    buf_fini(&bytes);
    return e;
}

enum err publish_days(struct broker *b, struct why *why)
{
    int32_t day;
    int64_t at_ms;

    while (!b->full && stamp_day_due(&b->stamp, &day, &at_ms)) {
        const struct day_started event = { .day = day };
        char text[CLOCK_DAY_TEXT + 1];
        enum err e;

        clock_day_text(day, text);
        e = store_own(b, &day_started_kind, &event, text, text, at_ms, why);
        if (e == ERR_FULL) return publish_undo(b, why);
        if (e) return e;
        log_line(LOG_INFO, "day_started", "day=%s", text);
    }
    return ERR_NONE;
}

enum err publish_space_warned(struct broker *b, struct why *why)
{
    const struct space_warned event = { .free_bytes = (int64_t)b->space.free_bytes,
                                        .limit_bytes = b->settings.warn_bytes };
    int64_t at_ms = stamp_now(&b->stamp);
    char subject[64];
    enum err e;

    if (b->full || stamp_stopped(&b->stamp)) return ERR_NONE;
    snprintf(subject, sizeof subject, "space-%" PRIu64, log_head(b->log).seq + 1);
    e = store_own(b, &space_warned_kind, &event, subject, subject, at_ms, why);
    if (e == ERR_FULL) return publish_undo(b, why);
    if (!e) b->space.warned = b->space.warned_now = true;
    return e;
}

enum err publish_own(struct broker *b, const struct event_kind *kind, const void *event, const char *subject,
                     struct why *why)
{
    char unique[HASH_ID_TEXT + 96];

    snprintf(unique, sizeof unique, "%s-%" PRIu64, subject, log_head(b->log).seq + 1);
    return store_own(b, kind, event, unique, subject, stamp_now(&b->stamp), why);
}

/* --- when the disk is full --- */

static enum err full_answer(struct broker *b, struct answer *a)
{
    struct buf out = { 0 };
    enum err e;

    frame_refused(
        &out, a->kind == ANSWER_STORED ? a->first : 0, "DISK_FULL",
        "The log's disk is full; nothing of this message is stored. Send it again when there is space.");
    a->kind = ANSWER_BYTES;
    a->bytes = turn_keep(b, buf_slice(&out));
    e = out.failed ? out.failed : a->bytes.data ? ERR_NONE : ERR_NOMEM;
    buf_fini(&out);
    return e;
}

/* A WELCOME of this turn may count on events that are not there any more. */
static enum err welcome_again(struct broker *b, struct answer *a, struct why *why)
{
    struct log_publisher now;
    enum err e = log_publisher(b->log, a->bytes, a->first, &now, why);

    if (e) return e;
    a->number = now.number;
    a->hash = now.hash;
    a->seq = log_head(b->log).seq;
    return ERR_NONE;
}

enum err publish_undo(struct broker *b, struct why *why)
{
    struct log_head head;
    enum err e = ERR_NONE;

    log_rollback(b->log);
    head = log_head(b->log);
    stamp_took(&b->stamp, head.seq > 0, head.at_ms);
    if (b->stamp.rehearsal) b->stamp.rehearsal_day = b->rehearsal_day_before;
    if (b->space.warned_now) b->space.warned = false;
    b->said->live_count = 0;
    b->full = b->space.refused = true;
    for (size_t i = 0; !e && i < b->said->answers.count; i++) {
        struct answer *a = &b->said->answers.each[i];

        if ((a->kind == ANSWER_STORED && a->new_events) || a->kind == ANSWER_CLOCKED)
            e = full_answer(b, a);
        else if (a->kind == ANSWER_WELCOME)
            e = welcome_again(b, a, why);
    }
    why_clear(why);
    b->rights_said = false;
    log_line(LOG_ERROR, "disk_full", "head=%" PRIu64 " what=nothing_of_this_turn_is_stored", head.seq);
    return e;
}

/* --- a publisher's events --- */

/* One PUBLISH while it is looked at. */
struct publish {
    struct broker *b;
    const struct bus_peer *peer;
    struct session *session;
    const struct frame *frame;
    size_t count, skip; /* of `count` events the first `skip` are in the log already */
};

static enum err check_topic(const struct publish *p, struct slice topic, struct why *why)
{
    const struct event_kind *kind;
    struct slice publisher = session_publisher(p->session);

    if (session_may_say(p->session, topic)) return ERR_NONE;
    kind = topic_valid(topic) ? event_kind_find(topic_type(topic)) : NULL;
    if (!kind)
        return why_set(why, ERR_INVALID, "UNKNOWN_TOPIC",
                       "There is no topic \"%.*s\"; a topic is a type of EVENTS.md, a dot, and two digits.",
                       (int)(topic.size < TOPIC_MAX ? topic.size : TOPIC_MAX), topic.data ? topic.data : "");
    if (!event_permitted(kind, publisher))
        return why_set(why, ERR_INVALID, "NOT_PERMITTED", "%s is said by %s; %.*s may not say it.",
                       kind->type, event_origin_name(kind->origin), SLICE_ARG(publisher));
    if (rights_publish(p->b, topic, why)) return ERR_INVALID;
    session_allow(p->session, topic);
    return ERR_NONE;
}

static enum err check_envelope(struct slice envelope, struct why *why)
{
    struct why inner;
    enum err e;

    if (envelope.size > ENVELOPE_BYTES_MAX)
        return why_set(why, ERR_INVALID, "TOO_LARGE", "The envelope has %zu bytes; at most %d are taken.",
                       envelope.size, ENVELOPE_BYTES_MAX);
    why_clear(&inner);
    e = mp_check(envelope, &inner);
    if (e == ERR_NOMEM) return e;
    if (e)
        return why_set(why, ERR_INVALID, "MALFORMED", "The envelope is not sound MessagePack: %s",
                       inner.sentence);
    if (((uint8_t)envelope.data[0] & 0xf0) != 0x80 && (uint8_t)envelope.data[0] != 0xde &&
        (uint8_t)envelope.data[0] != 0xdf)
        return why_set(why, ERR_INVALID, "MALFORMED", "The envelope must be one MessagePack map.");
    return ERR_NONE;
}

/* ERR_NONE: fine. ERR_INVALID: why has the code. ERR_NOMEM: nobody can say. */
static enum err check_event(const struct publish *p, size_t i, struct why *why)
{
    struct slice topic, envelope;
    enum err e = frame_event(p->frame, i, &topic, &envelope, why);

    if (e) return ERR_INVALID;
    e = check_topic(p, topic, why);
    return e ? e : check_envelope(envelope, why);
}

/* Is there room, and do we know what time it is? */
static enum err check_state(const struct broker *b, struct why *why)
{
    if (stamp_stopped(&b->stamp))
        return why_set(why, ERR_INVALID, "CLOCK_STOPPED",
                       "The broker's clock jumped; it stores nothing until an operator has looked at it and "
                       "says: ocop clock confirm.");
    if (b->full || b->space.stopped)
        return why_set(why, ERR_INVALID, "DISK_FULL",
                       "The log's disk has too little space left; send it again when there is more.");
    if (b->space.wal_full)
        return why_set(why, ERR_INVALID, "BUSY",
                       "The write-ahead log is too long because something keeps reading the log's file; send "
                       "it again later.");
    return ERR_NONE;
}

static enum err store_events(const struct publish *p, struct log_stored *stored, struct why *why)
{
    enum err e = ERR_NONE;

    for (size_t i = p->skip; !e && i < p->count; i++) {
        struct log_event event = { .publisher = session_publisher(p->session),
                                   .epoch = p->session->epoch,
                                   .at_ms = stamp_now(&p->b->stamp) };

        e = frame_event(p->frame, i, &event.topic, &event.envelope, why);
        if (!e) e = store(p->b, &event, stored, why);
    }
    /* The message itself was counted as one already. */
    p->b->events += (int64_t)(p->count - p->skip) - 1;
    return e;
}

/* STORED is cumulative: the last answer to this peer takes in the next one. */
static enum err answer_stored(const struct publish *p, uint64_t number, uint64_t seq, bool new_events)
{
    struct broker *b = p->b;
    struct session *s = p->session;
    struct answer *a = s->stored_turn == b->turn ? &b->said->answers.each[s->stored] : NULL;

    if (!a) {
        a = answers_add(&b->said->answers, ANSWER_STORED, p->peer);
        if (!a) return ERR_NOMEM;
        s->stored_turn = b->turn;
        s->stored = b->said->answers.count - 1;
    }
    if (new_events && !a->new_events) {
        a->new_events = true;
        a->first = p->frame->number + (p->skip < p->count ? p->skip : 0);
    }
    a->number = number;
    a->seq = seq;
    return ERR_NONE;
}

static enum err refuse_why(const struct publish *p, uint64_t number, const struct why *why)
{
    return turn_refuse(p->b, p->peer, number, why->code, "%s", why->sentence);
}

/* Everything that can be refused is looked at before anything is stored. */
static enum err check(struct publish *p, const struct log_publisher *known, uint64_t *number, struct why *why)
{
    uint64_t first = p->frame->number;
    enum err e;

    *number = first;
    if (first == 0)
        return why_set(why, ERR_INVALID, "MALFORMED", "In PUBLISH, first_number is 0; numbers begin with 1.");
    if (p->count > (size_t)p->b->settings.publish_events)
        return why_set(why, ERR_INVALID, "TOO_LARGE",
                       "PUBLISH came with %zu events; at most %" PRId64 " are taken.", p->count,
                       p->b->settings.publish_events);
    if (first > known->number + 1)
        return why_set(why, ERR_INVALID, "OUT_OF_SEQUENCE",
                       "The next number is %" PRIu64 ", not %" PRIu64 ".", known->number + 1, first);
    p->skip = (size_t)(known->number + 1 - first);
    if (p->skip >= p->count) {
        p->skip = p->count;
        return ERR_NONE;
    }
    for (size_t i = p->skip; i < p->count; i++) {
        *number = first + i;
        e = check_event(p, i, why);
        if (e) return e;
    }
    *number = first + p->skip;
    return check_state(p->b, why);
}

static enum err take_new(struct publish *p, uint64_t number, struct why *why)
{
    struct log_stored stored = { 0 };
    struct why inner;
    enum err e = publish_days(p->b, why);

    why_clear(&inner);
    if (!e && !p->b->full) e = store_events(p, &stored, &inner);
    if (e == ERR_FULL) e = publish_undo(p->b, &inner);
    if (e) return why_set(why, e, err_name(e), "%s", inner.sentence);
    if (!p->b->full) return answer_stored(p, stored.number, stored.seq, true);
    why_clear(&inner);
    (void)check_state(p->b, &inner);
    return refuse_why(p, number, &inner);
}

enum err publish_take(struct broker *b, const struct bus_peer *peer, struct session *session,
                      const struct frame *f, struct why *why)
{
    struct publish p = {
        .b = b, .peer = peer, .session = session, .frame = f, .count = f->list.via.array.size
    };
    struct log_publisher known;
    struct why inner;
    uint64_t number = f->number;
    enum err e = log_place_of(b->log, session_publisher(session), session->epoch, &known, why);

    if (e) return e;
    why_clear(&inner);
    e = check(&p, &known, &number, &inner);
    if (e == ERR_NOMEM) return e;
    if (e) return refuse_why(&p, number, &inner);
    if (p.skip < p.count) return take_new(&p, number, why);
    /* What is known only since this turn can still come to nothing. */
    return answer_stored(&p, known.number, known.seq, known.seq > log_committed(b->log).seq);
}
