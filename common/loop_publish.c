/* loop_publish.c - the outbox: what was decided goes to the broker, the outcomes of one cause together. */
#include "common/loop_run.h"

#include "common/clock.h"

enum { LOOP_PUBLISH_EVENTS = 1024 };

static void point(struct loop *l, size_t n)
{
    for (size_t i = 0, at = 0; i < n; i++) {
        l->topics[i].data = l->bytes.data + at;
        at += l->topics[i].size;
        l->envelopes[i].data = l->bytes.data + at;
        at += l->envelopes[i].size;
    }
}

/* Read whole groups of one cause from the outbox, as many as fit; *n 0: nothing (more) to send. */
static enum err gather(struct loop *l, size_t room, size_t *n)
{
    sqlite3_stmt *s = l->fold.statements[FOLD_OUTBOX_READ];
    size_t whole = 0, whole_bytes = 0;
    uint64_t cause = 0;
    bool row = false;
    enum err e;

    *n = 0;
    buf_clear(&l->bytes);
    db_bind_u64(s, 1, l->sent);
    while (!(e = db_step(s, &row)) && row) {
        const struct slice topic = db_text(s, 2), envelope = db_bytes(s, 3);

        if (db_u64(s, 1) != cause) {
            whole = *n;
            whole_bytes = l->bytes.size;
            cause = db_u64(s, 1);
            if (whole >= LOOP_PUBLISH_EVENTS || whole >= room || whole_bytes > CLIENT_WINDOW_BYTES / 4) break;
        }
        if (whole > 0 && (*n >= room || l->bytes.size > CLIENT_WINDOW_BYTES / 2))
            break; /* the next group waits */
        /* Under another number the broker would take it for one it knows. */
        if (*n == FRAME_EVENTS_MAX || db_u64(s, 0) != l->sent + 1 + *n) {
            e = ERR_PROMISE;
            break;
        }
        l->topics[*n].size = topic.size;
        l->envelopes[*n].size = envelope.size;
        buf_add(&l->bytes, topic.data, topic.size);
        e = buf_add(&l->bytes, envelope.data, envelope.size);
        if (e) break;
        ++*n;
    }
    if (row) {
        db_done(s);
        if (!e && whole < *n) *n = whole; /* cut off in the middle of a group */
    }
    point(l, *n);
    return e;
}

enum err loop_publish(struct loop *l)
{
    size_t n, room;
    enum err e = ERR_NONE;

    if (l->paused_until_ms) {
        if (clock_monotonic_ms() < l->paused_until_ms) return ERR_NONE;
        l->paused_until_ms = 0;
        return loop_connect(l); /* its WELCOME says from where */
    }
    while (!e && l->following && l->sent < l->fold.number && (room = client_room(l->client)) > 0) {
        e = gather(l, room, &n);
        if (e || n == 0) break;
        e = client_publish(l->client, l->sent + 1, l->topics, l->envelopes, n);
        if (!e) l->sent += n;
    }
    return e == ERR_AGAIN ? ERR_NONE : e;
}
