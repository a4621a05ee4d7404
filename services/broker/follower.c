#include "services/broker/follower.h"

#include <stdlib.h>

enum err followers_init(struct followers *f, size_t most)
{
    *f = (struct followers){ .most = most };
    f->each = calloc(most ? most : 1, sizeof *f->each);
    return f->each ? ERR_NONE : ERR_NOMEM;
}

void followers_fini(struct followers *f)
{
    free(f->each);
    buf_fini(&f->body);
    buf_fini(&f->frame);
    *f = (struct followers){ 0 };
}

struct follower *followers_add(struct followers *f, const struct bus_peer *peer, const struct log_place *at)
{
    for (size_t i = 0; i < f->most; i++) {
        struct follower *free_one = &f->each[i];

        if (free_one->used) continue;
        memset(free_one, 0, sizeof *free_one);
        free_one->used = true;
        free_one->peer = *peer;
        free_one->at = *at;
        free_one->told = at->seq;
        f->count++;
        return free_one;
    }
    return NULL;
}

void follower_prefix(struct follower *f, struct slice prefix)
{
    char *text = f->text + f->prefix_count * TOPIC_MAX;

    if (prefix.size) memcpy(text, prefix.data, prefix.size);
    f->prefixes[f->prefix_count++] = slice_of(text, prefix.size);
}

void followers_drop(struct followers *f, struct follower *follower)
{
    follower->used = false;
    f->count--;
}

/* --- when --- */

static bool can_read(const struct follower *f, uint64_t head)
{
    return f->credit > 0 && f->at.seq < head;
}

/* A place was passed that the peer has not heard of; when to tell it. */
static bool mark_waits(const struct follower *f, uint64_t head)
{
    return f->at.seq > f->told && (f->at.seq == head || f->skipped >= FOLLOWER_MARK_RECORDS);
}

static int64_t mark_due_ms(const struct follower *f)
{
    return f->skipped >= FOLLOWER_MARK_RECORDS ? 0 : f->sent_ms + FOLLOWER_MARK_MS;
}

static int64_t due_ms(const struct follower *f, uint64_t head)
{
    int64_t due = INT64_MAX;

    if (can_read(f, head))
        due = 0;
    else if (mark_waits(f, head))
        due = mark_due_ms(f);
    else
        return INT64_MAX;
    return due > f->retry_ms ? due : f->retry_ms;
}

int64_t followers_wait_ms(const struct followers *f, uint64_t head, int64_t now_ms)
{
    int64_t least = INT64_MAX;

    for (size_t i = 0, seen = 0; i < f->most && seen < f->count; i++) {
        int64_t due;

        if (!f->each[i].used) continue;
        seen++;
        due = due_ms(&f->each[i], head);
        if (due < least) least = due;
    }
    if (least == INT64_MAX) return -1;
    return least > now_ms ? least - now_ms : 0;
}

/* --- a bite --- */

static enum err take(void *context, const struct record *record)
{
    struct buf *body = context;

    frame_events_add(body, record);
    return body->failed;
}

static enum err tell(struct followers *f, struct follower *to, size_t records, const struct ports *ports,
                     int64_t now_ms)
{
    enum err e;

    buf_clear(&f->frame);
    frame_events_begin(&f->frame, to->at.seq, &to->at.chain, records);
    buf_add(&f->frame, f->body.data, f->body.size);
    e = f->frame.failed;
    if (!e) e = ports->send(ports->context, &to->peer, buf_slice(&f->frame));
    if (e) return e;
    to->told = to->at.seq;
    to->skipped = 0;
    to->sent_ms = now_ms;
    to->credit -= records;
    return ERR_NONE;
}

/* Read a bite and send it. Whatever cannot be sent is not passed: the place goes back. */
static enum err bite(struct followers *f, struct follower *to, struct log *log,
                     const struct follow_limits *limits, const struct ports *ports, int64_t now_ms,
                     struct why *why)
{
    const struct log_filter filter = { to->prefixes, to->prefix_count, to->whole ? NULL : rights_see, to };
    struct log_read_limit limit = { limits->records, limits->records, limits->bytes };
    struct log_place before = to->at;
    struct log_read_done done = { 0 };
    enum err e = ERR_NONE;

    if (limit.taken > to->credit) limit.taken = (size_t)to->credit;
    buf_clear(&f->body);
    if (can_read(to, log_durable(log).seq))
        e = log_read(log, &to->at, &filter, &limit, take, &f->body, &done, why);
    /* What stands before a damaged record is good; the next turn says what is wrong. */
    if (e == ERR_CORRUPT && done.taken) {
        why_clear(why);
        e = ERR_NONE;
    }
    if (e) return e;
    to->skipped += done.looked_at - done.taken;
    if (done.taken == 0 && !(mark_waits(to, log_durable(log).seq) && mark_due_ms(to) <= now_ms))
        return ERR_NONE;
    e = tell(f, to, done.taken, ports, now_ms);
    if (e && done.taken) to->at = before;
    if (e == ERR_AGAIN) {
        to->retry_ms = now_ms + FOLLOWER_RETRY_MS;
        e = ERR_NONE;
    }
    return e;
}

enum err followers_serve(struct followers *f, struct log *log, const struct follow_limits *limits,
                         const struct ports *ports, int64_t now_ms, follower_ends ends, void *context,
                         struct why *why)
{
    uint64_t head = log_durable(log).seq;
    size_t bites = 0, first = f->turn;

    for (size_t i = 0; f->count && i < f->most && bites < limits->bites; i++) {
        struct follower *to = &f->each[(first + i) % f->most];
        struct why mine = { 0 };
        enum err e;

        if (!to->used || due_ms(to, head) > now_ms) continue;
        bites++;
        f->turn = (first + i + 1) % f->most;
        e = bite(f, to, log, limits, ports, now_ms, &mine);
        if (e == ERR_GONE || e == ERR_CORRUPT)
            ends(context, to, e, &mine);
        else if (e)
            return why_set(why, e, err_name(e), "a follower cannot be served: %s", mine.sentence);
    }
    return ERR_NONE;
}
