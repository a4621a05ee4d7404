/* loop_ask.c - read-only questions about what is STORED: those every service answers, and its own. */
#include "common/loop_inside.h"

#include <stdio.h>

enum { ANSWER_BYTES_MAX = 8 * 1024 * 1024 };

bool fold_answers_at_once(struct slice question)
{
    return slice_is(question, "status") || slice_is(question, "dead");
}

static void pack_number(msgpack_packer *p, const char *key, uint64_t value)
{
    buf_pack_text(p, key);
    msgpack_pack_uint64(p, value);
}

static uint64_t tally(struct fold *f, const char *what)
{
    sqlite3_stmt *s = f->statements[FOLD_TALLY_READ];
    uint64_t n = 0;
    bool row = false;

    db_bind_text(s, 1, slice_text(what));
    if (db_step(s, &row) == ERR_NONE && row) {
        n = db_u64(s, 0);
        db_done(s);
    }
    return n;
}

/* Letters that wait for somebody. */
static uint64_t open_letters(struct fold *f)
{
    sqlite3_stmt *s = f->statements[FOLD_DEAD_OPEN];
    uint64_t n = 0;
    bool row = false;

    if (db_step(s, &row) == ERR_NONE && row) {
        n = db_u64(s, 0);
        db_done(s);
    }
    return n;
}

enum err fold_status(struct fold *f, struct buf *out)
{
    msgpack_packer p;

    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_map(&p, 11);
    buf_pack_text(&p, "service");
    buf_pack_text(&p, f->service->name);
    pack_number(&p, "seq", f->seq);
    pack_number(&p, "number", f->number);
    pack_number(&p, "published", f->published);
    pack_number(&p, "outbox", f->number - f->published);
    pack_number(&p, "accepted", tally(f, "accepted"));
    pack_number(&p, "refused", tally(f, "refused"));
    pack_number(&p, "dead", tally(f, "dead"));
    pack_number(&p, "letters", open_letters(f));
    pack_number(&p, "denied", f->denied);
    buf_pack_text(&p, "following");
    if (f->following)
        msgpack_pack_true(&p);
    else
        msgpack_pack_false(&p);
    return out->failed;
}

static enum err answer_dead(struct fold *f, struct buf *out)
{
    sqlite3_stmt *s = f->statements[FOLD_DEAD_LIST];
    struct buf rows = { 0 };
    msgpack_packer p;
    size_t n = 0;
    bool row = false;
    enum err e;

    msgpack_packer_init(&p, &rows, buf_pack_write);
    while (!(e = db_step(s, &row)) && row) {
        msgpack_pack_map(&p, 5);
        pack_number(&p, "seq", db_u64(s, 0));
        buf_pack_text(&p, "topic");
        buf_pack_str(&p, db_text(s, 1));
        buf_pack_text(&p, "code");
        buf_pack_str(&p, db_text(s, 2));
        buf_pack_text(&p, "reason");
        buf_pack_str(&p, db_text(s, 3));
        pack_number(&p, "retried", db_u64(s, 4));
        n++;
    }
    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_map(&p, 1);
    buf_pack_text(&p, "letters");
    msgpack_pack_array(&p, n);
    buf_add(out, rows.data, rows.size);
    if (!e) e = rows.failed ? rows.failed : out->failed;
    buf_fini(&rows);
    return e;
}

static enum err answer(struct fold *f, const struct frame *ask, struct buf *out, struct why *why)
{
    if (slice_is(ask->question, "status")) return fold_status(f, out);
    if (slice_is(ask->question, "dead")) return answer_dead(f, out);
    for (const struct question *q = f->service->questions; q && q->name; q++) {
        if (slice_is(ask->question, q->name)) return q->answer(f->store, &ask->map, out, why);
    }
    return why_set(why, ERR_INVALID, "UNKNOWN_QUESTION", "%s does not know the question %.*s",
                   f->service->name, SLICE_ARG(ask->question));
}

/* --- who may ask --- */

static bool is_of(const struct party *party, struct slice province)
{
    if (party->everywhere) return true;
    for (size_t i = 0; i < party->province_count; i++)
        if (slice_is(province, party->provinces[i])) return true;
    return false;
}

/* The province an answer is of: it says so, or a map in it does (a council), or the product's code begins
 * with it. */
static bool province_of(const msgpack_object *map, struct slice *out)
{
    if (mp_text(mp_find(map, "province"), out)) return true;
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object *inner = &map->via.map.ptr[i].val;

        if (inner->type == MSGPACK_OBJECT_MAP && mp_text(mp_find(inner, "province"), out)) return true;
    }
    if (!mp_text(mp_find(map, "product"), out) || out->size < 3 || out->data[2] != '-') return false;
    out->size = 2;
    return true;
}

/* An answer that does not say its province is of nobody's. */
static enum err check_province(const struct party *only, struct slice packed, struct why *why)
{
    msgpack_zone *zone = msgpack_zone_new(8192);
    struct slice province;
    msgpack_object map;
    size_t at = 0;
    enum err e = zone ? ERR_NONE : ERR_NOMEM;

    if (!e && (msgpack_unpack(packed.data, packed.size, &at, zone, &map) < 0 ||
               map.type != MSGPACK_OBJECT_MAP || !province_of(&map, &province) || !is_of(only, province)))
        e = why_set(why, ERR_INVALID, "NOT_PERMITTED",
                    "%s may only ask about its own province; the policy allows no other answer to this.",
                    only->name);
    if (zone) msgpack_zone_free(zone);
    return e;
}

bool fold_may_ask(struct fold *f, const struct guard *guard, struct slice key, const struct frame *ask,
                  const struct party **only, struct buf *out)
{
    const struct party *party = guard ? guard_who(guard, key) : NULL;
    char asked[TOPIC_MAX + 1];
    struct why why = { 0 };
    bool limited = false;

    *only = NULL;
    if (!guard) return true;
    if (party && rights_ask(guard_rights(guard, party), f->service->name, ask->question, &limited)) {
        if (limited) *only = party;
        return true;
    }
    snprintf(asked, sizeof asked, "%s.%.*s", f->service->name, SLICE_ARG(ask->question));
    if (party)
        (void)rights_refuse(guard_rights(guard, party), VERB_ASK, party, slice_text(asked), &why);
    else
        (void)why_set(&why, ERR_INVALID, "NOT_PERMITTED",
                      "The key of this connection is not among the keys any more.");
    f->denied++;
    frame_fault(out, ask->token, why.code, why.sentence);
    return false;
}

/* --- answering --- */

void fold_answer(struct fold *f, const struct frame *ask, const struct party *only, struct buf *out)
{
    struct buf map = { .limit = ANSWER_BYTES_MAX };
    struct why why = { 0 };
    enum err e = answer(f, ask, &map, &why);

    buf_clear(out);
    if (!e && map.failed) e = map.failed;
    if (!e && only) {
        e = check_province(only, buf_slice(&map), &why);
        f->denied += e == ERR_INVALID;
    }
    if (!e) {
        frame_answer(out, ask->token, buf_slice(&map));
    } else {
        const char *code = e == ERR_NOT_FOUND ? "NOT_FOUND" : e == ERR_INVALID ? "BAD_ARGUMENT" : err_name(e);

        frame_fault(out, ask->token, e != ERR_NOT_FOUND && why.code[0] ? why.code : code,
                    why.sentence[0] ? why.sentence : err_sentence(e));
    }
    buf_fini(&map);
}
