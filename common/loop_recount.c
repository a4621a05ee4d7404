/* loop_recount.c - recorded outcomes computed again, each before it is applied. */
#include "common/loop_inside.h"

#include <stdio.h>

static enum err recompute(struct fold *f, const struct record *r, const struct outcome *outcomes,
                          size_t count, struct recount *recount)
{
    struct turn *turn = &f->turn;
    const struct record *subject = r;
    struct why ignored = { 0 };
    struct record rec;
    uint64_t place;
    enum err e;

    turn_begin(turn, r);
    e = turn_subject(turn, r, &subject, &place);
    if (!e)
        turn->has_cause =
            envelope_parse(subject->envelope, turn->zone, &turn->cause_envelope, &ignored) == ERR_NONE;
    for (size_t i = 0; !e && i < count; i++) {
        e = turn_enter(turn, &outcomes[i], &rec);
        if (!e) e = f->service->recompute(turn, &rec, subject, recount);
        why_clear(&turn->why);
    }
    turn->has_cause = false;
    return e;
}

/* What was recorded for this record has no effect; the numbers go on behind it. */
static void leave_out(struct fold *f, const struct record *r, const struct outcome *outcomes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        f->hash = hash_running(&f->hash, outcomes[i].number, outcomes[i].topic, outcomes[i].envelope);
        f->number = outcomes[i].number;
    }
    fold_pass(f, r->seq, &r->chain);
}

enum err fold_recount(struct fold *f, const struct record *r, const struct outcome *outcomes, size_t count,
                      struct recount *recount, struct why *why)
{
    const uint64_t before = recount->differences;
    enum err e = recompute(f, r, outcomes, count, recount);

    if (!e) e = fold_apply(f, r, outcomes, count, true, why);
    if (e != ERR_PROMISE) return e;
    if (recount->differences == before) {
        recount->differences++;
        fprintf(recount->out_file, "%s\n", why->sentence);
    }
    why_clear(why);
    leave_out(f, r, outcomes, count);
    return ERR_NONE;
}
