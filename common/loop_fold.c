/* loop_fold.c - a store, and how one record of the log changes it. No socket, no clock. */
#include "common/loop_inside.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

extern const char loop_schema_sql[];

/* An outcome as decide announced it, before its place among its siblings is known. */
struct draft {
    char type[ENVELOPE_TYPE_MAX + 1];
    char province[3];
    char subject[ENVELOPE_SUBJECT_MAX + 1];
    size_t at, size; /* its data map in turn.data */
};

static const char *const statement_text[FOLD_STATEMENTS] = {
    [FOLD_BEGIN] = "BEGIN IMMEDIATE",
    [FOLD_COMMIT] = "COMMIT",
    [FOLD_ROLLBACK] = "ROLLBACK",
    [FOLD_SAVEPOINT] = "SAVEPOINT record",
    [FOLD_RELEASE] = "RELEASE record",
    [FOLD_ROLLBACK_TO] = "ROLLBACK TO record",
    [FOLD_CURSOR] = "UPDATE cursor SET seq = ?1, chain = ?2, number = ?3, hash = ?4",
    [FOLD_PUBLISHED] = "UPDATE published SET number = ?1, hash = ?2",
    [FOLD_OUTBOX_ADD] = "INSERT INTO outbox(number, cause_seq, topic, envelope, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
    [FOLD_OUTBOX_FORGET] = "DELETE FROM outbox WHERE number <= ?1",
    [FOLD_OUTBOX_READ] = "SELECT number, cause_seq, topic, envelope FROM outbox WHERE number > ?1 ORDER BY number",
    [FOLD_OUTBOX_HASH] = "SELECT hash FROM outbox WHERE number = ?1",
    [FOLD_DEAD_ADD] = ("INSERT INTO dead_letter(seq, topic, envelope, code, reason) VALUES (?1, ?2, ?3, ?4, ?5)"
                       " ON CONFLICT(seq) DO UPDATE SET code = excluded.code, reason = excluded.reason, retried = 0"),
    [FOLD_DEAD_FIND] = "SELECT topic, envelope, retried FROM dead_letter WHERE seq = ?1",
    [FOLD_DEAD_MARK] = "UPDATE dead_letter SET retried = ?2 WHERE seq = ?1",
    [FOLD_DEAD_LIST] = "SELECT seq, topic, code, reason, retried FROM dead_letter ORDER BY seq LIMIT 1000",
    [FOLD_TALLY_ADD] = "INSERT INTO tally(what, events) VALUES (?1, 1) ON CONFLICT(what) DO UPDATE SET events = events + 1",
    [FOLD_TALLY_READ] = "SELECT ifnull(sum(events), 0) FROM tally WHERE what = ?1",
};

/* --- opening --- */

static struct hash program_hash(const struct service *s)
{
    struct slice parts[256];
    char number[24];
    size_t n = 0;

    snprintf(number, sizeof number, "%d", s->program);
    parts[n++] = slice_text(s->name);
    parts[n++] = slice_text(number);
    parts[n++] = slice_text(loop_schema_sql);
    parts[n++] = slice_text(s->schema);
    for (size_t i = 0; s->prefixes[i] && n < 120; i++) parts[n++] = slice_text(s->prefixes[i]);
    parts[n++] = slice_text("routes");
    for (size_t i = 0; s->routes[i].type && n < 254; i++) {
        parts[n++] = slice_text(s->routes[i].type);
        parts[n++] = slice_text(s->routes[i].apply ? "decided and applied" : "decided");
    }
    return hash_parts(parts, n);
}

static enum err create(struct fold *f, const struct hash *program, struct why *why)
{
    const struct hash zero = { { 0 } };
    sqlite3_stmt *s = NULL;
    enum err e = db_exec(f->db, "BEGIN IMMEDIATE", why);

    if (!e) e = db_exec(f->db, loop_schema_sql, why);
    if (!e) e = db_exec(f->db, f->service->schema, why);
    if (!e) e = db_prepare(f->db, "INSERT INTO meta(one, program) VALUES (1, ?1)", &s, why);
    if (!e) {
        db_bind_hash(s, 1, program);
        e = db_run(s);
    }
    sqlite3_finalize(s);
    s = NULL;
    if (!e) e = db_prepare(f->db, "INSERT INTO cursor(one, seq, chain, number, hash) VALUES (1, 0, ?1, 0, ?1)", &s, why);
    if (!e) {
        db_bind_hash(s, 1, &zero);
        e = db_run(s);
    }
    sqlite3_finalize(s);
    s = NULL;
    if (!e) e = db_prepare(f->db, "INSERT INTO published(one, number, hash) VALUES (1, 0, ?1)", &s, why);
    if (!e) {
        db_bind_hash(s, 1, &zero);
        e = db_run(s);
    }
    sqlite3_finalize(s);
    if (!e) e = db_exec(f->db, "COMMIT", why);
    return e;
}

/* Is the store there, and made by this very program? */
static enum err made_by(struct fold *f, const struct hash *program, bool *there, bool *same, struct why *why)
{
    struct hash stored;
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(f->db, "SELECT 1 FROM sqlite_schema WHERE name = 'meta'", &s, why);

    *there = *same = false;
    if (!e) e = db_step(s, there);
    sqlite3_finalize(s);
    s = NULL;
    if (e || !*there) return e;
    e = db_prepare(f->db, "SELECT program FROM meta", &s, why);
    if (!e) e = db_step(s, &row);
    if (!e && row && db_hash(s, 0, &stored)) *same = hash_equal(&stored, program);
    sqlite3_finalize(s);
    return e;
}

static enum err read_place(struct fold *f, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(f->db,
                            "SELECT c.seq, c.chain, c.number, c.hash, p.number, p.hash FROM cursor c, published p", &s,
                            why);

    if (!e) e = db_step(s, &row);
    if (!e && (!row || !db_hash(s, 1, &f->chain) || !db_hash(s, 3, &f->hash) || !db_hash(s, 5, &f->published_hash)))
        e = why_set(why, ERR_CORRUPT, "STORE", "the store has no cursor");
    if (!e) {
        f->seq = db_u64(s, 0);
        f->number = db_u64(s, 2);
        f->published = db_u64(s, 4);
    }
    sqlite3_finalize(s);
    f->dirty = false;
    return e;
}

static enum err take_lock(struct fold *f, const char *path, struct why *why)
{
    char name[CONFIG_PATH_MAX];

    f->lock = -1;
    if (strcmp(path, ":memory:") == 0) return ERR_NONE;
    if (snprintf(name, sizeof name, "%s.lock", path) >= (int)sizeof name)
        return why_set(why, ERR_CONFIG, "STORE", "the store's path is too long: %s", path);
    f->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (f->lock < 0)
        return why_set(why, ERR_IO, "STORE", "cannot open %s: %s; does the folder exist, and may I write there?",
                       name, strerror(errno));
    if (flock(f->lock, LOCK_EX | LOCK_NB))
        return why_set(why, ERR_LIMIT, "STORE_IN_USE", "another process holds the store %s; stop it first", path);
    return ERR_NONE;
}

static void remove_files(const char *path)
{
    static const char *const endings[] = { "", "-wal", "-shm" };
    char name[CONFIG_PATH_MAX];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (snprintf(name, sizeof name, "%s%s", path, endings[i]) < (int)sizeof name) unlink(name);
    }
}

static void close_store(struct fold *f)
{
    if (f->store && f->store_opened) f->service->store_close(f->store);
    free(f->store);
    f->store = NULL;
    f->store_opened = false;
    for (size_t i = 0; i < FOLD_STATEMENTS; i++) {
        sqlite3_finalize(f->statements[i]);
        f->statements[i] = NULL;
    }
    db_close(&f->db);
}

static enum err open_store(struct fold *f, const char *path, bool *rebuilt, struct why *why)
{
    const struct hash program = program_hash(f->service);
    bool there = false, same = false;
    enum err e = db_open(path, DB_WRITE, &f->db, why);

    if (!e) e = made_by(f, &program, &there, &same, why);
    if (!e && there && !same) {
        db_close(&f->db);
        remove_files(path);
        *rebuilt = true;
        e = db_open(path, DB_WRITE, &f->db, why);
        there = false;
    }
    if (!e && !there) e = create(f, &program, why);
    if (!e) e = read_place(f, why);
    for (size_t i = 0; !e && i < FOLD_STATEMENTS; i++) e = db_prepare(f->db, statement_text[i], &f->statements[i], why);
    if (!e) {
        f->store = calloc(1, f->service->store_bytes ? f->service->store_bytes : 1);
        if (!f->store) e = ERR_NOMEM;
    }
    if (!e) {
        f->store_opened = true;
        e = f->service->store_open(f->store, f->db, why);
    }
    return e;
}

enum err fold_open(struct fold *f, const struct service *service, const char *path, bool *rebuilt, struct why *why)
{
    enum err e;

    memset(f, 0, sizeof *f);
    f->service = service;
    f->turn.fold = f;
    f->turn.data.limit = LOOP_OUTCOMES_BYTES;
    f->turn.envelopes.limit = BUF_LIMIT_DEFAULT;
    f->turn.zone = msgpack_zone_new(16 * 1024);
    if (!f->turn.zone) return ERR_NOMEM;
    e = take_lock(f, path, why);
    if (!e) e = open_store(f, path, rebuilt, why);
    if (e) fold_close(f);
    return e;
}

void fold_close(struct fold *f)
{
    close_store(f);
    if (f->turn.zone) msgpack_zone_free(f->turn.zone);
    f->turn.zone = NULL;
    free(f->turn.drafts);
    free(f->turn.outcomes);
    f->turn.drafts = NULL;
    f->turn.outcomes = NULL;
    buf_fini(&f->turn.data);
    buf_fini(&f->turn.envelopes);
    if (f->lock > 0) close(f->lock);
    f->lock = -1;
}

enum err fold_rebuild(struct fold *f, const char *path, struct why *why)
{
    bool rebuilt = false;

    close_store(f);
    remove_files(path);
    return open_store(f, path, &rebuilt, why);
}

/* --- transactions and the cursor --- */

static enum err run(struct fold *f, enum fold_statement which)
{
    return db_run(f->statements[which]);
}

enum err fold_begin(struct fold *f)
{
    return run(f, FOLD_BEGIN);
}

enum err fold_commit(struct fold *f)
{
    sqlite3_stmt *cursor = f->statements[FOLD_CURSOR], *published = f->statements[FOLD_PUBLISHED];
    enum err e;

    db_bind_u64(cursor, 1, f->seq);
    db_bind_hash(cursor, 2, &f->chain);
    db_bind_u64(cursor, 3, f->number);
    db_bind_hash(cursor, 4, &f->hash);
    e = db_run(cursor);
    if (!e) {
        db_bind_u64(published, 1, f->published);
        db_bind_hash(published, 2, &f->published_hash);
        e = db_run(published);
    }
    if (!e) {
        db_bind_u64(f->statements[FOLD_OUTBOX_FORGET], 1, f->published);
        e = db_run(f->statements[FOLD_OUTBOX_FORGET]);
    }
    if (!e) e = run(f, FOLD_COMMIT);
    if (!e) f->dirty = false;
    return e;
}

void fold_rollback(struct fold *f)
{
    const uint64_t published = f->published;
    const struct hash hash = f->published_hash;

    (void)run(f, FOLD_ROLLBACK);
    (void)read_place(f, NULL);
    if (published > f->published) { /* what the broker told us stays true */
        f->published = published;
        f->published_hash = hash;
        f->dirty = true;
    }
}

void fold_pass(struct fold *f, uint64_t seq, const struct hash *chain)
{
    f->seq = seq;
    f->chain = *chain;
    f->dirty = true;
}

enum err fold_forget(struct fold *f, uint64_t number, const struct hash *hash)
{
    if (number > f->published) {
        f->published = number;
        f->published_hash = *hash;
        f->dirty = true;
    }
    return ERR_NONE;
}

bool fold_hash_at(struct fold *f, uint64_t number, struct hash *out)
{
    sqlite3_stmt *s = f->statements[FOLD_OUTBOX_HASH];
    bool row = false, found = false;

    if (number == f->number) {
        *out = f->hash;
        return true;
    }
    if (number == f->published) {
        *out = f->published_hash;
        return true;
    }
    db_bind_u64(s, 1, number);
    if (db_step(s, &row) == ERR_NONE && row) {
        found = db_hash(s, 0, out);
        db_done(s);
    }
    return found;
}

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

uint32_t turn_announced(const struct turn *turn)
{
    return (uint32_t)turn->draft_count;
}

/* The id every outcome of this turn names as its cause: the record in the log, also when a letter is retried.
 * Unreadable letters have no id; their place stands for it. */
static struct slice cause_id(const struct turn *turn, char text[32])
{
    struct why ignored = { 0 };
    struct envelope e;

    if (envelope_parse(turn->rec->envelope, turn->zone, &e, &ignored) == ERR_NONE) return e.id;
    snprintf(text, 32, "seq-%llu", (unsigned long long)turn->rec->seq);
    return slice_text(text);
}

void turn_next_id(struct turn *turn, const char *type, char id[HASH_ID_TEXT + 1])
{
    char text[32];

    envelope_outcome_id(slice_text(turn->fold->service->name), cause_id(turn, text), slice_text(type),
                        (uint32_t)turn->draft_count, id);
}

enum err turn_announce(struct turn *turn, const char *type, struct slice province, struct slice subject, struct slice data)
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

static void turn_clear_drafts(struct turn *turn)
{
    turn->draft_count = 0;
    buf_clear(&turn->data);
}

static void turn_begin(struct turn *turn, const struct record *rec)
{
    msgpack_zone_clear(turn->zone);
    turn_clear_drafts(turn);
    turn->outcome_count = 0;
    buf_clear(&turn->envelopes);
    why_clear(&turn->why);
    turn->rec = rec;
    turn->has_cause = false;
    turn->dead = false;
}

/* Give the drafts their place among each other, their ids and numbers. */
static enum err turn_finish(struct turn *turn)
{
    const struct fold *f = turn->fold;
    const size_t count = turn->draft_count;
    char seq_text[32];
    const struct slice cause = cause_id(turn, seq_text);

    if (count > turn->outcome_capacity) {
        struct outcome *more = realloc(turn->outcomes, count * sizeof *more);

        if (!more) return ERR_NOMEM;
        turn->outcomes = more;
        turn->outcome_capacity = count;
    }
    for (size_t i = 0; i < count; i++) {
        const struct draft *d = &turn->drafts[i];
        char id[HASH_ID_TEXT + 1], topic[TOPIC_MAX + 1];
        struct envelope e = { .source = slice_text(f->service->name), .type = slice_text(d->type),
                              .subject = slice_text(d->subject), .time_ms = turn->rec->at_ms, .cause = cause,
                              .cause_seq = turn->rec->seq, .ordinal = (uint32_t)i, .count = (uint32_t)count };
        const size_t topic_at = turn->envelopes.size;
        size_t at;

        envelope_outcome_id(e.source, cause, e.type, e.ordinal, id);
        e.id = slice_text(id);
        snprintf(topic, sizeof topic, "%s.%s", d->type, d->province);
        buf_add_text(&turn->envelopes, topic);
        at = turn->envelopes.size;
        if (envelope_write(&e, slice_of(turn->data.data + d->at, d->size), &turn->envelopes)) break;
        /* offsets now, pointers below: the buffer may still move */
        turn->outcomes[i] = (struct outcome){ f->number + 1 + i, { NULL, at - topic_at },
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

static const struct route *route_find(const struct service *s, struct slice type)
{
    for (const struct route *r = s->routes; r->type; r++) {
        if (slice_is(type, r->type)) return r;
    }
    return NULL;
}

static bool is_own(const struct fold *f, struct slice type, const char *rest)
{
    const size_t n = strlen(f->service->name);

    return type.size == n + strlen(rest) && memcmp(type.data, f->service->name, n) == 0 &&
           memcmp(type.data + n, rest, type.size - n) == 0;
}

static bool is_retry(struct slice type)
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
    return route_find(f->service, type) || is_retry(type) || is_skip(type);
}

/* --- deciding --- */

static enum err announce_reason(struct turn *turn, const char *type, const char *code, const char *sentence, uint64_t seq)
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

static enum err announce_dead(struct turn *turn, enum err because, uint64_t seq)
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
    const struct route *route = route_find(turn->fold->service, type);
    const size_t before = turn->draft_count, data_before = turn->data.size;
    enum err e = envelope_parse(rec->envelope, turn->zone, &turn->envelope, &turn->why);

    if (!route) return ERR_PROMISE;
    if (e == ERR_UNREADABLE) memset(&turn->envelope, 0, sizeof turn->envelope);
    if (!e && !slice_equal(turn->envelope.type, type))
        e = why_set(&turn->why, ERR_UNREADABLE, "TYPE_MISMATCH", "the topic says %.*s, the envelope's type says %.*s",
                    SLICE_ARG(type), SLICE_ARG(turn->envelope.type));
    if (!e && route->decide) e = route->decide(turn, rec);
    if (!e || err_fate(e) == FATE_STOP) return e;
    if (err_fate(e) == FATE_REFUSED && route->refusal) {
        turn->draft_count = before;
        turn->data.size = data_before;
        (void)why_set(&turn->why, e, err_name(e), "%s", err_sentence(e));
        return announce_reason(turn, route->refusal, turn->why.code, turn->why.sentence, 0);
    }
    return announce_dead(turn, e, letter_seq);
}

/* A retry or skip: is it for us, and of which letter? */
static enum err letter_of(struct turn *turn, const struct record *r, bool *ours, uint64_t *seq, bool *there)
{
    sqlite3_stmt *s = turn->fold->statements[FOLD_DEAD_FIND];
    struct why ignored = { 0 };
    struct slice service = { NULL, 0 }, topic, envelope;
    bool row = false;
    char *copy;
    enum err e;

    *ours = *there = false;
    if (envelope_parse(r->envelope, turn->zone, &turn->envelope, &ignored)) return ERR_NONE; /* for nobody */
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
    enum err e = letter_of(turn, r, &ours, &seq, &there);

    if (e || !ours) return e;
    if (!there) {
        snprintf(type, sizeof type, "%s.%s.refused", name, what);
        snprintf(sentence, sizeof sentence, "%s has no open dead letter at %llu; see: ocop dead list", name, (unsigned long long)seq);
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
    if (is_retry(type) || is_skip(type)) e = decide_letter(turn, r, is_retry(type));
    else e = decide_record(turn, r, r->seq);
    if (!e) e = turn_finish(turn);
    return e;
}

/* --- applying --- */

static bool has_verb(struct slice type, const char *const *verbs)
{
    size_t dot = type.size;

    while (dot > 0 && type.data[dot - 1] != '.') dot--;
    for (; *verbs; verbs++) {
        if (slice_is(slice_of(type.data + dot, type.size - dot), *verbs)) return true;
    }
    return false;
}

enum { SAYS_ACCEPTED = 1, SAYS_REFUSED = 2, SAYS_DEAD = 4 };

static unsigned verdict_of(struct slice type)
{
    static const char *const accepted[] = { "accepted", "adopted", "admitted", "counted", "settled", NULL };
    static const char *const refused[] = { "refused", "returned", NULL };
    static const char *const dead[] = { "deadlettered", NULL };

    if (slice_is(type, "intake.plan.registered") || slice_is(type, "intake.report.registered")) return SAYS_ACCEPTED;
    if (has_verb(type, accepted)) return SAYS_ACCEPTED;
    if (has_verb(type, refused)) return SAYS_REFUSED;
    return has_verb(type, dead) ? SAYS_DEAD : 0;
}

/* The loop's own outcomes: letters kept aside, retried, skipped. */
static enum err apply_letter(struct turn *turn, const struct record *subject, const struct envelope *outcome)
{
    struct fold *f = turn->fold;
    struct slice code = { NULL, 0 }, sentence = { NULL, 0 };
    uint64_t seq = 0;
    sqlite3_stmt *s;

    if (!mp_u64(mp_find(&outcome->data, "seq"), &seq)) return ERR_PROMISE;
    if (is_own(f, outcome->type, ".event.deadlettered")) {
        s = f->statements[FOLD_DEAD_ADD];
        if (!mp_text(mp_find(&outcome->data, "code"), &code) || !mp_text(mp_find(&outcome->data, "sentence"), &sentence))
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
        db_bind_i64(s, 2, is_own(f, outcome->type, ".retry.accepted") ? 1 : 2);
    }
    return db_run(s);
}

static enum err apply_outcome(struct turn *turn, const struct outcome *o, const struct record *subject, unsigned *says)
{
    const struct fold *f = turn->fold;
    const struct record rec = { .seq = turn->rec->seq, .at_ms = turn->rec->at_ms, .chain = turn->rec->chain,
                                .publisher = slice_text(f->service->name), .topic = o->topic,
                                .envelope = o->envelope, .number = o->number };
    const struct route *route;
    struct why why = { 0 };
    enum err e = envelope_parse(o->envelope, turn->zone, &turn->envelope, &why);

    if (e) return e == ERR_NOMEM ? e : ERR_PROMISE;
    *says |= verdict_of(turn->envelope.type);
    if (is_own(f, turn->envelope.type, ".event.deadlettered") || is_own(f, turn->envelope.type, ".retry.accepted") ||
        is_own(f, turn->envelope.type, ".skip.accepted"))
        return apply_letter(turn, subject, &turn->envelope);
    route = route_find(f->service, turn->envelope.type);
    if (!route || !route->apply) return ERR_NONE;
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

static enum err count_verdict(struct fold *f, unsigned says)
{
    sqlite3_stmt *s = f->statements[FOLD_TALLY_ADD];
    const char *what = says & SAYS_DEAD ? "dead" : says & SAYS_REFUSED ? "refused" : says ? "accepted" : NULL;

    if (!what) return ERR_NONE;
    db_bind_text(s, 1, slice_text(what));
    return db_run(s);
}

/* The record the outcomes speak of: a retried letter, or the record itself. */
static enum err subject_of(struct turn *turn, const struct record *r, const struct record **subject)
{
    bool ours = false, there = false;
    uint64_t seq = 0;
    enum err e = ERR_NONE;

    *subject = r;
    if (is_retry(topic_type(r->topic))) {
        e = letter_of(turn, r, &ours, &seq, &there);
        if (!e && there) *subject = &turn->letter;
    }
    return e;
}

static enum err apply_all(struct fold *f, const struct record *r, const struct outcome *outcomes, size_t count,
                          bool recalled, bool *fact_failed)
{
    struct turn *turn = &f->turn;
    const struct record *subject = r;
    const struct route *route;
    unsigned says = 0;
    struct why ignored = { 0 };
    enum err e;

    turn->rec = r;
    turn->dead = false;
    e = subject_of(turn, r, &subject);
    if (e) return e;
    turn->has_cause = envelope_parse(subject->envelope, turn->zone, &turn->cause_envelope, &ignored) == ERR_NONE;
    for (size_t i = 0; !e && i < count; i++) {
        e = apply_outcome(turn, &outcomes[i], subject, &says);
        if (!e) e = keep_outcome(f, &outcomes[i], recalled);
    }
    if (!e) e = count_verdict(f, says);
    turn->has_cause = false;
    route = route_find(f->service, topic_type(subject->topic));
    if (!e && route && route->apply && !turn->dead && (subject == r || count > 0)) {
        why_clear(&turn->why);
        e = envelope_parse(subject->envelope, turn->zone, &turn->envelope, &turn->why);
        if (!e) e = route->apply(turn, subject, NULL);
        *fact_failed = e != ERR_NONE;
    }
    return e;
}

enum err fold_apply(struct fold *f, const struct record *r, const struct outcome *outcomes, size_t count, bool recalled,
                    struct why *why)
{
    const uint64_t number = f->number;
    const struct hash hash = f->hash;
    bool fact_failed = false;
    enum err e = run(f, FOLD_SAVEPOINT), e2;

    if (e) return e;
    if (recalled) turn_begin(&f->turn, r);
    e = apply_all(f, r, outcomes, count, recalled, &fact_failed);
    if (!e) {
        e = run(f, FOLD_RELEASE);
        if (!e) fold_pass(f, r->seq, &r->chain);
        return e;
    }
    e2 = run(f, FOLD_ROLLBACK_TO);
    if (!e2) e2 = run(f, FOLD_RELEASE);
    f->number = number;
    f->hash = hash;
    if (e2) return e2;
    if (err_fate(e) == FATE_STOP) return e;
    if (fact_failed && !recalled) return e; /* fold_take makes a dead letter of it */
    return why_set(why, ERR_PROMISE, "APPLY", "record %llu: what was decided cannot be applied: %s",
                   (unsigned long long)r->seq, f->turn.why.sentence[0] ? f->turn.why.sentence : err_sentence(e));
}

enum err fold_take(struct fold *f, const struct record *r, struct why *why)
{
    enum err e = fold_decide(f, r), fact;

    if (!e) e = fold_apply(f, r, f->turn.outcomes, f->turn.outcome_count, false, why);
    if (!e || err_fate(e) == FATE_STOP) {
        if (e) (void)why_set(why, e, err_name(e), "record %llu: %s", (unsigned long long)r->seq,
                             f->turn.why.sentence[0] ? f->turn.why.sentence : err_sentence(e));
        return e;
    }
    /* A fact that cannot be applied: nothing of it stands, and a dead letter says so. */
    fact = e;
    turn_clear_drafts(&f->turn);
    f->turn.outcome_count = 0;
    buf_clear(&f->turn.envelopes);
    e = announce_dead(&f->turn, fact, r->seq);
    if (!e) e = turn_finish(&f->turn);
    if (!e) e = fold_apply(f, r, f->turn.outcomes, f->turn.outcome_count, false, why);
    return e;
}
