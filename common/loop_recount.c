/* loop_recount.c - recorded outcomes computed again, each before it is applied. */
#include "common/loop_inside.h"

#include <stdio.h>

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
                      struct why *why)
{
    const uint64_t before = f->recount->differences;
    const enum err e = fold_apply(f, r, outcomes, count, true, why);

    if (e != ERR_PROMISE) return e;
    if (f->recount->differences == before) {
        f->recount->differences++;
        fprintf(f->recount->out_file, "%s\n", why->sentence);
    }
    why_clear(why);
    leave_out(f, r, outcomes, count);
    return ERR_NONE;
}
