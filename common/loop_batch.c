/* loop_batch.c - records of the log in batches: many share one commit, and what fails is taken again. */
#include "common/loop_run.h"

#include "common/logline.h"

static enum err recalled(struct loop *l, const struct record *r, bool *done)
{
    const struct outcome *group = NULL;
    size_t count = 0;
    bool ended = false;
    enum err e = recall_group(&l->recall, r->seq, &group, &count, &ended, &l->why);

    *done = false;
    if (e) return e;
    if (ended) { /* the last recorded outcome was used: from here on we decide */
        recall_close(&l->recall);
        l->recalling = false;
        if (!hash_equal(&l->fold.hash, &l->welcomed))
            return why_set(&l->why, ERR_DIVERGED, "DIVERGED", "the log holds other outcomes than this store");
        l->sent = l->fold.number; /* they are in the log: what is decided now is sent behind them */
        log_line(LOG_INFO, "recalled", "seq=%llu number=%llu", (unsigned long long)l->fold.seq,
                 (unsigned long long)l->fold.number);
        return ERR_NONE;
    }
    *done = true;
    return fold_apply(&l->fold, r, group, count, true, &l->why);
}

static enum err take(struct loop *l, const struct record *r)
{
    bool done = false;
    enum err e = ERR_NONE;

    if (!fold_hears(&l->fold, r)) {
        fold_pass(&l->fold, r->seq, &r->chain);
        return ERR_NONE;
    }
    if (l->recalling) e = recalled(l, r, &done);
    if (!e && !done) e = fold_take(&l->fold, r, &l->why);
    return e;
}

/* One commit for whatever has arrived: many EVENTS may share it. */
enum err loop_take_events(struct loop *l, const struct client_event *news)
{
    struct fold *f = &l->fold;
    size_t heard = 0;
    enum err e = ERR_NONE;

    for (size_t i = 0; i < news->count; i++)
        heard += fold_hears(f, &news->records[i]);
    if (heard && !l->open) {
        e = fold_begin(f);
        l->open = !e;
    }
    l->batch += heard;
    for (size_t i = 0; !e && i < news->count; i++)
        e = take(l, &news->records[i]);
    if (!e && news->seq > f->seq) fold_pass(f, news->seq, &news->hash);
    if (f->seq > l->head) l->head = f->seq;
    l->unheard = false;
    l->complete |= !e && f->seq >= l->welcome_head;
    return e;
}

/* Commit what was taken; from then on it may be published and asked for. */
enum err loop_settle(struct loop *l)
{
    enum err e = l->open ? fold_commit(&l->fold) : ERR_NONE;

    if (e) return e;
    l->open = false;
    l->batch = 0;
    return ERR_NONE;
}

/* Nothing stands of what was not committed. */
void loop_unsettle(struct loop *l)
{
    if (l->open) fold_rollback(&l->fold);
    l->open = false;
    l->batch = 0;
}

/* A record wants to be taken with a savepoint: go back to the last commit, and have the records sent anew. */
enum err loop_take_again(struct loop *l)
{
    log_line(LOG_WARN, "again", "seq=%llu", (unsigned long long)l->fold.guarded_to);
    loop_unsettle(l);
    if (l->recalling) recall_close(&l->recall);
    l->recalling = l->complete = false;
    return loop_connect(l);
}
