/* loop_hear.c - questions come in, and answers go out: no earlier than what they rest on is STORED. */
#include "common/loop_run.h"

#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOP_SECOND_MS = 1000 };

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

enum err loop_hear_questions(struct loop *l)
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
void loop_answer_waiting(struct loop *l, bool drop)
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
