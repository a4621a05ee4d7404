/* loop_decide.c - one record of the log being decided: what handlers may ask and say, and the form it gets.
 */
#include "common/loop_inside.h"

#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>

/* An outcome as decide announced it, before its place among its siblings is known. */
struct draft {
    char type[ENVELOPE_TYPE_MAX + 1];
    char province[3];
    char subject[ENVELOPE_SUBJECT_MAX + 1];
    size_t at, size; /* its data map in turn.data */
};

/* --- the turn, as handlers see it --- */

void *turn_store(struct turn *turn)
{
    return turn->fold->store;
}

const struct envelope *turn_envelope(struct turn *turn)
{
    return &turn->envelope;
}

const struct envelope *turn_cause_envelope(struct turn *turn)
{
    return turn->has_cause ? &turn->cause_envelope : NULL;
}

msgpack_zone *turn_zone(struct turn *turn)
{
    return turn->zone;
}

struct why *turn_why(struct turn *turn)
{
    return &turn->why;
}

int32_t turn_day(struct turn *turn)
{
    return clock_day_of(turn->rec->at_ms);
}

void turn_remember(struct turn *turn, const void *decoded)
{
    turn->kept = decoded;
}

const void *turn_remembered(const struct turn *turn)
{
    return turn->kept;
}

uint32_t turn_announced(const struct turn *turn)
{
    return (uint32_t)turn->draft_count;
}

/* The id every outcome of this turn names as its cause: the record in the log, also when a letter is retried.
 * Unreadable letters have no id; their place stands for it. */
static struct slice cause_id(struct turn *turn, char text[32])
{
    struct why ignored = { 0 };
    struct envelope envelope;
    enum err e = turn_parse(turn, turn->rec->envelope, &envelope, &ignored);

    if (!e) return envelope.id;
    if (e == ERR_NOMEM) turn->failed = e; /* not unreadable: this id must not get into the log */
    snprintf(text, 32, "seq-%llu", (unsigned long long)turn->rec->seq);
    return slice_text(text);
}

void turn_next_id(struct turn *turn, const char *type, char id[HASH_ID_TEXT + 1])
{
    char text[32];

    envelope_outcome_id(slice_text(turn->fold->service->name), cause_id(turn, text), slice_text(type),
                        (uint32_t)turn->draft_count, id);
}

enum err turn_announce(struct turn *turn, const char *type, struct slice province, struct slice subject,
                       struct slice data)
{
    struct draft *d;

    if (turn->draft_count == LOOP_OUTCOMES_MAX)
        return why_set(&turn->why, ERR_LIMIT, "TOO_MANY_OUTCOMES", "one event may have at most %d outcomes",
                       LOOP_OUTCOMES_MAX);
    if (turn->draft_count == turn->draft_capacity) {
        const size_t capacity = turn->draft_capacity ? turn->draft_capacity * 2 : 16;
        struct draft *more = realloc(turn->drafts, capacity * sizeof *more);

        if (!more) return ERR_NOMEM;
        turn->drafts = more;
        turn->draft_capacity = capacity;
    }
    d = &turn->drafts[turn->draft_count];
    if (strlen(type) > ENVELOPE_TYPE_MAX || province.size != 2) return ERR_PROMISE;
    if (subject.size > ENVELOPE_SUBJECT_MAX) subject.size = ENVELOPE_SUBJECT_MAX;
    snprintf(d->type, sizeof d->type, "%s", type);
    memcpy(d->province, province.data, 2);
    d->province[2] = 0;
    if (subject.size) memcpy(d->subject, subject.data, subject.size);
    d->subject[subject.size] = 0;
    d->at = turn->data.size;
    d->size = data.size;
    if (buf_add(&turn->data, data.data, data.size)) return turn->data.failed;
    turn->draft_count++;
    return ERR_NONE;
}

void turn_clear_drafts(struct turn *turn)
{
    turn->draft_count = 0;
    buf_clear(&turn->data);
}

void turn_begin(struct turn *turn, const struct record *rec)
{
    msgpack_zone_clear(turn->zone);
    turn_clear_drafts(turn);
    turn->outcome_count = 0;
    buf_clear(&turn->envelopes);
    why_clear(&turn->why);
    turn->rec = rec;
    turn->parsed = slice_of(NULL, 0);
    turn->kept = NULL;
    turn->has_cause = false;
    turn->dead = false;
    turn->failed = ERR_NONE;
}

enum err turn_parse(struct turn *turn, struct slice bytes, struct envelope *out, struct why *why)
{
    enum err e = ERR_NONE;

    if (!turn->parsed.data || turn->parsed.data != bytes.data || turn->parsed.size != bytes.size) {
        e = envelope_parse(bytes, turn->zone, &turn->parsed_envelope, why);
        turn->parsed = e ? slice_of(NULL, 0) : bytes;
    }
    if (!e) *out = turn->parsed_envelope;
    return e;
}

/* Give the drafts their place among each other, their ids and numbers. */
enum err turn_finish(struct turn *turn)
{
    const struct fold *f = turn->fold;
    const size_t count = turn->draft_count;
    char seq_text[32];
    const struct slice cause = cause_id(turn, seq_text);

    if (turn->failed) return turn->failed;
    if (count > turn->outcome_capacity) {
        struct outcome *more = realloc(turn->outcomes, count * sizeof *more);

        if (!more) return ERR_NOMEM;
        turn->outcomes = more;
        turn->outcome_capacity = count;
    }
    for (size_t i = 0; i < count; i++) {
        const struct draft *d = &turn->drafts[i];
        char id[HASH_ID_TEXT + 1], topic[TOPIC_MAX + 1];
        struct envelope e = { .source = slice_text(f->service->name),
                              .type = slice_text(d->type),
                              .subject = slice_text(d->subject),
                              .time_ms = turn->rec->at_ms,
                              .cause = cause,
                              .cause_seq = turn->rec->seq,
                              .ordinal = (uint32_t)i,
                              .count = (uint32_t)count };
        const size_t topic_at = turn->envelopes.size;
        size_t at;

        envelope_outcome_id(e.source, cause, e.type, e.ordinal, id);
        e.id = slice_text(id);
        snprintf(topic, sizeof topic, "%s.%s", d->type, d->province);
        buf_add_text(&turn->envelopes, topic);
        at = turn->envelopes.size;
        if (envelope_write(&e, slice_of(turn->data.data + d->at, d->size), &turn->envelopes)) break;
        /* offsets now, pointers below: the buffer may still move */
        turn->outcomes[i] = (struct outcome){ f->number + 1 + i,
                                              { NULL, at - topic_at },
                                              { NULL, turn->envelopes.size - at } };
    }
    if (turn->envelopes.failed) return turn->envelopes.failed;
    for (size_t i = 0, at = 0; i < count; i++) {
        struct outcome *o = &turn->outcomes[i];

        o->topic.data = turn->envelopes.data + at;
        at += o->topic.size;
        o->envelope.data = turn->envelopes.data + at;
        at += o->envelope.size;
    }
    turn->outcome_count = count;
    return ERR_NONE;
}

/* --- routes --- */

const struct route *route_find(const struct fold *f, struct slice type)
{
    for (size_t i = 0; i < f->type_count; i++)
        if (type.size == f->types[i].size && slice_equal(type, f->types[i])) return &f->service->routes[i];
    return NULL;
}

bool fold_owns(const struct fold *f, struct slice type, const char *rest)
{
    const size_t n = strlen(f->service->name);

    return type.size == n + strlen(rest) && memcmp(type.data, f->service->name, n) == 0 &&
           memcmp(type.data + n, rest, type.size - n) == 0;
}

bool type_is_retry(struct slice type)
{
    return slice_is(type, "operator.retry.requested");
}

static bool is_skip(struct slice type)
{
    return slice_is(type, "operator.skip.requested");
}

bool fold_hears(const struct fold *f, const struct record *r)
{
    const struct slice type = topic_type(r->topic);

    if (slice_is(r->publisher, f->service->name)) return false; /* mine: applied at its cause */
    return route_find(f, type) || type_is_retry(type) || is_skip(type);
}

/* --- deciding --- */

static enum err announce_reason(struct turn *turn, const char *type, const char *code, const char *sentence,
                                uint64_t seq)
{
    struct slice province = topic_province(turn->rec->topic);
    struct buf data = { 0 };
    msgpack_packer p;
    enum err e;

    msgpack_packer_init(&p, &data, buf_pack_write);
    msgpack_pack_map(&p, seq ? 3 : 2);
    buf_pack_text(&p, "code");
    buf_pack_text(&p, code);
    buf_pack_text(&p, "sentence");
    buf_pack_text(&p, sentence);
    if (seq) {
        buf_pack_text(&p, "seq");
        msgpack_pack_uint64(&p, seq);
    }
    if (province.size != 2) province = slice_text("00");
    e = data.failed;
    if (!e) e = turn_announce(turn, type, province, turn->envelope.subject, buf_slice(&data));
    buf_fini(&data);
    return e;
}

enum err turn_announce_dead(struct turn *turn, enum err because, uint64_t seq)
{
    char type[ENVELOPE_TYPE_MAX + 1];

    turn_clear_drafts(turn);
    (void)why_set(&turn->why, because, err_name(because), "%s", err_sentence(because));
    snprintf(type, sizeof type, "%s.event.deadlettered", turn->fold->service->name);
    return announce_reason(turn, type, turn->why.code, turn->why.sentence, seq);
}

/* Let the handler speak, and give an error of its the form it has in the log. */
static enum err decide_record(struct turn *turn, const struct record *rec, uint64_t letter_seq)
{
    const struct slice type = topic_type(rec->topic);
    const struct route *route = route_find(turn->fold, type);
    const size_t before = turn->draft_count, data_before = turn->data.size;
    enum err e = turn_parse(turn, rec->envelope, &turn->envelope, &turn->why);

    if (!route) return ERR_PROMISE;
    if (e == ERR_UNREADABLE) memset(&turn->envelope, 0, sizeof turn->envelope);
    if (!e && !slice_equal(turn->envelope.type, type))
        e = why_set(&turn->why, ERR_UNREADABLE, "TYPE_MISMATCH",
                    "the topic says %.*s, the envelope's type says %.*s", SLICE_ARG(type),
                    SLICE_ARG(turn->envelope.type));
    if (!e && route->decide) e = route->decide(turn, rec);
    if (!e || err_fate(e) == FATE_STOP) return e;
    if (err_fate(e) == FATE_REFUSED && route->refusal) {
        turn->draft_count = before;
        turn->data.size = data_before;
        turn->data.failed = ERR_NONE; /* also when it was the size that was refused */
        (void)why_set(&turn->why, e, err_name(e), "%s", err_sentence(e));
        return announce_reason(turn, route->refusal, turn->why.code, turn->why.sentence, 0);
    }
    return turn_announce_dead(turn, e, letter_seq);
}

/* A retry or skip: is it for us, and of which letter? */
enum err turn_letter(struct turn *turn, const struct record *r, bool *ours, uint64_t *seq, bool *there)
{
    sqlite3_stmt *s = turn->fold->statements[FOLD_DEAD_FIND];
    struct why ignored = { 0 };
    struct slice service = { NULL, 0 }, topic, envelope;
    bool row = false;
    char *copy;
    enum err e;

    *ours = *there = false;
    e = turn_parse(turn, r->envelope, &turn->envelope, &ignored);
    if (e) return e == ERR_NOMEM ? e : ERR_NONE; /* unreadable: for nobody */
    if (!mp_text(mp_find(&turn->envelope.data, "service"), &service) ||
        !slice_is(service, turn->fold->service->name))
        return ERR_NONE;
    *ours = true;
    if (!mp_u64(mp_find(&turn->envelope.data, "seq"), seq) || *seq == 0 || *seq > INT64_MAX) {
        *seq = 0;
        return ERR_NONE;
    }
    db_bind_u64(s, 1, *seq);
    e = db_step(s, &row);
    if (e || !row) return e;
    topic = db_text(s, 0);
    envelope = db_bytes(s, 1);
    copy = msgpack_zone_malloc(turn->zone, topic.size + envelope.size + 1);
    if (copy && db_i64(s, 2) == 0) {
        memcpy(copy, topic.data, topic.size);
        if (envelope.size) memcpy(copy + topic.size, envelope.data, envelope.size);
        turn->letter = *r;
        turn->letter.topic = slice_of(copy, topic.size);
        turn->letter.envelope = slice_of(copy + topic.size, envelope.size);
        *there = true;
    }
    db_done(s);
    return copy ? ERR_NONE : ERR_NOMEM;
}

static enum err decide_letter(struct turn *turn, const struct record *r, bool retry)
{
    const char *name = turn->fold->service->name, *what = retry ? "retry" : "skip";
    char type[ENVELOPE_TYPE_MAX + 1], sentence[160];
    struct buf data = { 0 };
    msgpack_packer p;
    bool ours, there;
    uint64_t seq = 0;
    enum err e = turn_letter(turn, r, &ours, &seq, &there);

    if (e || !ours) return e;
    if (!there) {
        snprintf(type, sizeof type, "%s.%s.refused", name, what);
        snprintf(sentence, sizeof sentence, "%s has no open dead letter at %llu; see: ocop dead list", name,
                 (unsigned long long)seq);
        return announce_reason(turn, type, "NO_DEAD_LETTER", sentence, 0);
    }
    snprintf(type, sizeof type, "%s.%s.accepted", name, what);
    msgpack_packer_init(&p, &data, buf_pack_write);
    msgpack_pack_map(&p, 1);
    buf_pack_text(&p, "seq");
    msgpack_pack_uint64(&p, seq);
    e = data.failed;
    if (!e) e = turn_announce(turn, type, slice_text("00"), turn->envelope.subject, buf_slice(&data));
    buf_fini(&data);
    if (!e && retry) e = decide_record(turn, &turn->letter, seq);
    return e;
}

enum err fold_decide(struct fold *f, const struct record *r)
{
    struct turn *turn = &f->turn;
    const struct slice type = topic_type(r->topic);
    enum err e;

    turn_begin(turn, r);
    if (type_is_retry(type) || is_skip(type))
        e = decide_letter(turn, r, type_is_retry(type));
    else
        e = decide_record(turn, r, r->seq);
    if (!e) e = turn_finish(turn);
    return e;
}
