/* loop_recall.c - the service's own recorded outcomes, read from the log a step ahead of the loop.
 *
 * Outcomes stand in the log in the order of their causes, so one forward pass pairs each record with what was
 * once decided for it, in the memory of one batch, however long the log is.
 */
#include "common/clock.h"
#include "common/loop_inside.h"
#include "common/notify.h"

#include "common/logline.h"

#include <stdlib.h>

enum { RECALL_WAIT_MS = 200 };

static enum err follow(struct recall *r)
{
    char prefix[PUBLISHER_MAX + 2];
    struct slice prefixes[3];
    size_t n = 0;

    snprintf(prefix, sizeof prefix, "%s.", r->service->name);
    prefixes[n++] = slice_text(prefix);
    /* The courier speaks on its owner's topic. */
    prefixes[n++] = slice_text("notification.message.");
    return client_follow(r->client, r->through, &r->after_chain, prefixes,
                         slice_is(prefixes[0], "courier.") ? 2 : 1);
}

enum err recall_open(struct recall *r, const struct service *service, const char *broker, uint64_t after,
                     const struct hash *chain, uint64_t next_number, uint64_t until_number,
                     uint64_t until_seq, const volatile sig_atomic_t *stop, struct why *why)
{
    const struct client_settings settings = { .endpoint = broker };

    memset(r, 0, sizeof *r);
    r->service = service;
    r->after_seq = r->through = after;
    r->after_chain = *chain;
    r->next_number = next_number;
    r->until_number = until_number;
    r->until_seq = until_seq;
    r->ended = next_number > until_number || after >= until_seq;
    r->stop = stop;
    r->zone = msgpack_zone_new(8192);
    if (!r->zone) return ERR_NOMEM;
    return client_new(&settings, &r->client, why);
}

void recall_close(struct recall *r)
{
    client_destroy(&r->client);
    if (r->zone) msgpack_zone_free(r->zone);
    r->zone = NULL;
    buf_fini(&r->bytes);
    free(r->group);
    r->group = NULL;
}

/* Bring a batch in. The caller has used up the last one. */
static enum err next_batch(struct recall *r, struct why *why)
{
    struct client_event news;
    enum err e = client_next(r->client, RECALL_WAIT_MS, &news, why);

    if (e) return e;
    notify_turned(clock_monotonic_ms()); /* reading, or waiting for the broker, is going on */
    if (r->stop && *r->stop) return ERR_INTERRUPTED;
    switch (news.news) {
    case CLIENT_READY:
        return follow(r);
    case CLIENT_EVENTS:
        r->records = news.records;
        r->count = news.count;
        r->at = 0;
        r->through = news.seq;
        r->after_chain = news.hash;
        return ERR_NONE;
    case CLIENT_REFUSED:
        if (slice_is(news.code,
                     "BUSY")) { /* no place for one more follower now: ask again when it is quiet */
            r->busy = true;
            return ERR_NONE;
        }
        return why_set(why, slice_is(news.code, "DIVERGED") ? ERR_DIVERGED : ERR_PROMISE, "RECALL",
                       "%.*s: %.*s", SLICE_ARG(news.code), SLICE_ARG(news.sentence));
    case CLIENT_NOTHING:
        if (!r->busy) return ERR_NONE;
        r->busy = false;
        return follow(r);
    case CLIENT_WELCOME:
    case CLIENT_STORED:
    case CLIENT_LOST:
    case CLIENT_CLOCKED:
        return ERR_NONE;
    }
    return ERR_NONE;
}

/* Make records[at] the next own outcome we do not have yet, or set ended. */
static enum err peek(struct recall *r, struct why *why)
{
    enum err e = ERR_NONE;

    while (!e && !r->parsed && !r->ended) {
        while (r->at < r->count &&
               (!slice_is(r->records[r->at].publisher, r->service->name) || r->records[r->at].epoch != 0 ||
                r->records[r->at].number < r->next_number))
            r->at++;
        if (r->at < r->count) {
            msgpack_zone_clear(r->zone);
            e = envelope_parse(r->records[r->at].envelope, r->zone, &r->envelope, why);
            if (e && e != ERR_NOMEM) e = ERR_PROMISE;
            r->parsed = !e;
        } else if (r->through >= r->until_seq) {
            r->ended = true;
        } else {
            r->count = r->at = 0;
            e = next_batch(r, why);
        }
    }
    return e;
}

static enum err keep(struct recall *r, size_t n)
{
    const struct record *rec = &r->records[r->at];

    if (n == r->group_capacity) {
        const size_t capacity = n ? n * 2 : 16;
        struct outcome *more = realloc(r->group, capacity * sizeof *more);

        if (!more) return ERR_NOMEM;
        r->group = more;
        r->group_capacity = capacity;
    }
    r->group[n] = (struct outcome){ rec->number, { NULL, rec->topic.size }, { NULL, rec->envelope.size } };
    buf_add(&r->bytes, rec->topic.data, rec->topic.size);
    return buf_add(&r->bytes, rec->envelope.data, rec->envelope.size);
}

enum err recall_group(struct recall *r, uint64_t cause_seq, const struct outcome **group, size_t *count,
                      bool *ended, struct why *why)
{
    uint32_t expected = 0;
    size_t n = 0;
    enum err e;

    *count = 0;
    *ended = false;
    buf_clear(&r->bytes);
    while (!(e = peek(r, why)) && r->parsed && r->envelope.cause_seq == cause_seq) {
        if (r->records[r->at].number != r->next_number || r->envelope.ordinal != n)
            return why_set(why, ERR_PROMISE, "RECALL", "record %llu is out of the order of its causes",
                           (unsigned long long)r->records[r->at].seq);
        expected = r->envelope.count;
        e = keep(r, n++);
        if (e) return e;
        r->ended = r->next_number == r->until_number;
        r->next_number++;
        r->at++;
        r->parsed = false;
    }
    if (e) return e;
    if (n != expected)
        return why_set(why, ERR_PROMISE, "RECALL", "record %llu has %zu of its %u outcomes",
                       (unsigned long long)cause_seq, n, expected);
    if (r->parsed && r->envelope.cause_seq < cause_seq)
        return why_set(why, ERR_PROMISE, "RECALL", "the cause of record %llu was passed by",
                       (unsigned long long)r->records[r->at].seq);
    for (size_t i = 0, at = 0; i < n; i++) {
        r->group[i].topic.data = r->bytes.data + at;
        at += r->group[i].topic.size;
        r->group[i].envelope.data = r->bytes.data + at;
        at += r->group[i].envelope.size;
    }
    *group = r->group;
    *count = n;
    *ended = n == 0 && r->ended;
    return ERR_NONE;
}
