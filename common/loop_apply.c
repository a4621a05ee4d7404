/* loop_apply.c - outcomes and facts take effect in the store, all of a record or nothing. */
#include "common/loop_inside.h"

/* Behind a fact that could not be applied there may be more of its kind. */
enum { GUARDED_RECORDS = 1000 };

enum { SAYS_ACCEPTED = 1, SAYS_REFUSED = 2, SAYS_DEAD = 4 };

/* "context.thing." of a type, or nothing. */
static struct slice thing_of(struct slice type)
{
    while (type.size > 0 && type.data[type.size - 1] != '.')
        type.size--;
    return type;
}

/* An outcome is a verdict when it speaks of the thing that some request's refusal speaks of:
 * intake.plan.registered is one because intake.plan.refused is; intake.product.registered is only a
 * consequence. */
static unsigned verdict_of(const struct fold *f, struct slice type)
{
    if (fold_owns(f, type, ".event.deadlettered")) return SAYS_DEAD;
    if (fold_owns(f, type, ".retry.accepted") || fold_owns(f, type, ".skip.accepted")) return SAYS_ACCEPTED;
    if (fold_owns(f, type, ".retry.refused") || fold_owns(f, type, ".skip.refused")) return SAYS_REFUSED;
    for (const struct route *r = f->service->routes; r->type; r++) {
        if (!r->refusal || !slice_equal(thing_of(type), thing_of(slice_text(r->refusal)))) continue;
        return slice_is(type, r->refusal) ? SAYS_REFUSED : SAYS_ACCEPTED;
    }
    return 0;
}

/* The loop's own outcomes: letters kept aside, retried, skipped. */
static enum err apply_letter(struct turn *turn, const struct record *subject, const struct envelope *outcome)
{
    struct fold *f = turn->fold;
    struct slice code = { NULL, 0 }, sentence = { NULL, 0 };
    uint64_t seq = 0;
    sqlite3_stmt *s;

    if (!mp_u64(mp_find(&outcome->data, "seq"), &seq)) return ERR_PROMISE;
    if (fold_owns(f, outcome->type, ".event.deadlettered")) {
        s = f->statements[FOLD_DEAD_ADD];
        if (!mp_text(mp_find(&outcome->data, "code"), &code) ||
            !mp_text(mp_find(&outcome->data, "sentence"), &sentence))
            return ERR_PROMISE;
        db_bind_u64(s, 1, seq);
        db_bind_text(s, 2, subject->topic);
        db_bind_bytes(s, 3, subject->envelope);
        db_bind_text(s, 4, code);
        db_bind_text(s, 5, sentence);
        turn->dead = true;
    } else {
        s = f->statements[FOLD_DEAD_MARK];
        db_bind_u64(s, 1, seq);
        db_bind_i64(s, 2, fold_owns(f, outcome->type, ".retry.accepted") ? 1 : 2);
    }
    return db_run(s);
}

static enum err apply_outcome(struct turn *turn, const struct outcome *o, const struct record *subject,
                              unsigned *says)
{
    const struct fold *f = turn->fold;
    const struct record rec = { .seq = turn->rec->seq,
                                .at_ms = turn->rec->at_ms,
                                .chain = turn->rec->chain,
                                .publisher = slice_text(f->service->name),
                                .topic = o->topic,
                                .envelope = o->envelope,
                                .number = o->number };
    const struct route *route;
    struct why why = { 0 };
    enum err e = envelope_parse(o->envelope, turn->zone, &turn->envelope, &why);

    if (e) return e == ERR_NOMEM ? e : ERR_PROMISE;
    *says |= verdict_of(f, turn->envelope.type);
    if (fold_owns(f, turn->envelope.type, ".event.deadlettered") ||
        fold_owns(f, turn->envelope.type, ".retry.accepted") ||
        fold_owns(f, turn->envelope.type, ".skip.accepted"))
        return apply_letter(turn, subject, &turn->envelope);
    route = route_find(f, turn->envelope.type);
    if (!route || !route->apply) return ERR_NONE;
    if (!turn->has_cause) return ERR_PROMISE; /* of what cannot be read there is only a dead letter */
    if (f->recount) e = f->service->recompute(turn, &rec, subject, f->recount);
    if (e) return e;
    why_clear(&turn->why);
    return route->apply(turn, &rec, subject);
}

static enum err keep_outcome(struct fold *f, const struct outcome *o, bool recalled)
{
    const struct hash hash = hash_running(&f->hash, o->number, o->topic, o->envelope);
    sqlite3_stmt *s = f->statements[FOLD_OUTBOX_ADD];

    if (o->number != f->number + 1) return ERR_PROMISE;
    f->number = o->number;
    f->hash = hash;
    if (recalled) return fold_forget(f, o->number, &hash);
    db_bind_u64(s, 1, o->number);
    db_bind_u64(s, 2, f->turn.rec->seq);
    db_bind_text(s, 3, o->topic);
    db_bind_bytes(s, 4, o->envelope);
    db_bind_hash(s, 5, &hash);
    return db_run(s);
}

static void count_verdict(struct fold *f, unsigned says)
{
    if (says) f->tally[says & SAYS_DEAD ? FOLD_DEAD : says & SAYS_REFUSED ? FOLD_REFUSED : FOLD_ACCEPTED]++;
}

/* The record the outcomes speak of: a retried letter, or the record itself; and where that stands in the log.
 */
static enum err subject_of(struct turn *turn, const struct record *r, const struct record **subject,
                           uint64_t *place)
{
    bool ours = false, there = false;
    uint64_t seq = 0;
    enum err e = ERR_NONE;

    *subject = r;
    *place = r->seq;
    if (type_is_retry(topic_type(r->topic))) {
        e = turn_letter(turn, r, &ours, &seq, &there);
        if (!e && there) {
            *subject = &turn->letter;
            *place = seq;
        }
    }
    return e;
}

static enum err apply_all(struct fold *f, const struct record *r, const struct outcome *outcomes,
                          size_t count, bool recalled, bool *fact_failed)
{
    struct turn *turn = &f->turn;
    const struct record *subject = r;
    const struct route *route;
    unsigned says = 0;
    struct why ignored = { 0 };
    uint64_t place;
    enum err e;

    turn->rec = r;
    turn->dead = false;
    e = subject_of(turn, r, &subject, &place);
    if (e) return e;
    e = turn_parse(turn, subject->envelope, &turn->cause_envelope, &ignored);
    if (e == ERR_NOMEM) return e;
    turn->has_cause = !e; /* a dead letter has none */
    e = ERR_NONE;
    for (size_t i = 0; !e && i < count; i++) {
        e = apply_outcome(turn, &outcomes[i], subject, &says);
        if (!e) e = keep_outcome(f, &outcomes[i], recalled);
    }
    turn->has_cause = false;
    route = route_find(f, topic_type(subject->topic));
    if (!e && route && route->apply && !turn->dead && (subject == r || count > 0)) {
        why_clear(&turn->why);
        e = turn_parse(turn, subject->envelope, &turn->envelope, &turn->why);
        if (!e) e = route->apply(turn, subject, NULL);
        *fact_failed = e != ERR_NONE;
    }
    if (!e) count_verdict(f, says);
    return e;
}

/* Take back what the record has done so far. After want of memory or room SQLite may have taken back the
 * whole transaction, and the savepoint with it. */
static enum err undo(struct fold *f)
{
    enum err e = fold_run(f, FOLD_ROLLBACK_TO);

    return e ? e : fold_run(f, FOLD_RELEASE);
}

/* What a record that could not be applied comes to, after nothing or half of it stands. */
static enum err failed(struct fold *f, const struct record *r, bool guarded, bool fact, enum err e,
                       struct why *why)
{
    const enum err undone = guarded ? undo(f) : ERR_NONE;

    if (err_fate(e) == FATE_STOP) return e;
    if (undone) return undone;
    if (fact && guarded) return e; /* fold_take makes a dead letter of it */
    if (fact) {
        f->guarded_to = r->seq + GUARDED_RECORDS;
        return ERR_AGAIN;
    }
    return why_set(why, ERR_PROMISE, "APPLY", "record %llu: what was decided cannot be applied: %s",
                   (unsigned long long)r->seq,
                   f->turn.why.sentence[0] ? f->turn.why.sentence : err_sentence(e));
}

enum err fold_apply(struct fold *f, const struct record *r, const struct outcome *outcomes, size_t count,
                    bool recalled, struct why *why)
{
    const uint64_t number = f->number;
    const struct hash hash = f->hash;
    const bool guarded = r->seq <= f->guarded_to || f->recount;
    bool fact_failed = false;
    enum err e = guarded ? fold_run(f, FOLD_SAVEPOINT) : ERR_NONE;

    if (e) return e;
    if (recalled) turn_begin(&f->turn, r);
    e = apply_all(f, r, outcomes, count, recalled, &fact_failed);
    if (!e && guarded) e = fold_run(f, FOLD_RELEASE);
    if (!e) {
        fold_pass(f, r->seq, &r->chain);
        return ERR_NONE;
    }
    f->number = number;
    f->hash = hash;
    return failed(f, r, guarded, fact_failed && !recalled, e, why);
}

enum err fold_take(struct fold *f, const struct record *r, struct why *why)
{
    enum err e = fold_decide(f, r), fact;
    const struct record *subject;
    uint64_t place;

    if (!e) e = fold_apply(f, r, f->turn.outcomes, f->turn.outcome_count, false, why);
    if (!e || e == ERR_AGAIN || err_fate(e) == FATE_STOP) {
        if (e && e != ERR_AGAIN)
            (void)why_set(why, e, err_name(e), "record %llu: %s", (unsigned long long)r->seq,
                          f->turn.why.sentence[0] ? f->turn.why.sentence : err_sentence(e));
        return e;
    }
    /* A fact that cannot be applied: nothing of it stands, and a dead letter says so. */
    fact = e;
    turn_clear_drafts(&f->turn);
    f->turn.outcome_count = 0;
    buf_clear(&f->turn.envelopes);
    e = subject_of(&f->turn, r, &subject, &place); /* a retried letter stays the one it was */
    if (!e) e = turn_announce_dead(&f->turn, fact, place);
    if (!e) e = turn_finish(&f->turn);
    if (!e) e = fold_apply(f, r, f->turn.outcomes, f->turn.outcome_count, false, why);
    return e;
}
