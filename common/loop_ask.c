/* loop_ask.c - read-only questions about what is STORED: those every service answers, and its own. */
#include "common/loop_inside.h"

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
    msgpack_pack_map(&p, 9);
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

void fold_answer(struct fold *f, const struct frame *ask, struct buf *out)
{
    struct buf map = { .limit = ANSWER_BYTES_MAX };
    struct why why = { 0 };
    enum err e = answer(f, ask, &map, &why);

    buf_clear(out);
    if (!e && map.failed) e = map.failed;
    if (!e) {
        frame_answer(out, ask->token, buf_slice(&map));
    } else {
        const char *code = e == ERR_NOT_FOUND ? "NOT_FOUND" : e == ERR_INVALID ? "BAD_ARGUMENT" : err_name(e);

        frame_fault(out, ask->token, e != ERR_NOT_FOUND && why.code[0] ? why.code : code,
                    why.sentence[0] ? why.sentence : err_sentence(e));
    }
    buf_fini(&map);
}
