#include "services/broker/answers.h"

#include "common/frame.h"

#include <assert.h>
#include <stdlib.h>

void answers_fini(struct answers *a)
{
    free(a->each);
    buf_fini(&a->frame);
    *a = (struct answers){ 0 };
}

struct answer *answers_add(struct answers *a, enum answer_kind kind, const struct bus_peer *peer)
{
    struct answer *out;

    if (a->count == a->capacity) {
        size_t capacity = a->capacity ? 2 * a->capacity : 64;
        struct answer *more = realloc(a->each, capacity * sizeof *more);

        if (!more) return NULL;
        a->each = more;
        a->capacity = capacity;
    }
    out = &a->each[a->count++];
    *out = (struct answer){ .kind = kind, .peer = *peer };
    return out;
}

static void write_answer(struct buf *out, const struct answer *a, const struct commit *token)
{
    switch (a->kind) {
    case ANSWER_STORED:
        assert(a->seq <= commit_seq(token));
        frame_stored(out, a->number, a->seq);
        break;
    case ANSWER_WELCOME:
        assert(a->seq <= commit_seq(token));
        frame_welcome(out, a->number, &a->hash, a->seq);
        break;
    case ANSWER_CLOCKED:
        assert(a->seq <= commit_seq(token));
        frame_clocked(out, a->bytes, a->seq);
        break;
    case ANSWER_PONG:
        frame_pong(out, a->number, commit_seq(token));
        break;
    case ANSWER_BYTES:
        buf_add(out, a->bytes.data, a->bytes.size);
        break;
    }
}

enum err answers_send(struct answers *a, const struct commit *token, const struct ports *ports,
                      answers_lost lost, void *context)
{
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < a->count; i++) {
        buf_clear(&a->frame);
        write_answer(&a->frame, &a->each[i], token);
        e = a->frame.failed;
        if (!e) e = ports->send(ports->context, &a->each[i].peer, buf_slice(&a->frame));
        if (e == ERR_AGAIN || e == ERR_GONE) {
            lost(context, &a->each[i].peer);
            e = ERR_NONE;
        }
    }
    a->count = 0;
    return e;
}
