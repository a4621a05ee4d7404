#include "services/broker/mirror.h"

#include "common/client.h"
#include "common/clock.h"
#include "common/logline.h"
#include "common/notify.h"

#include <inttypes.h>

enum { MIRROR_TURN_MS = 250, MIRROR_TELL_MS = 1000, MIRROR_LOG_MS = 60000 };

struct mirror {
    const struct mirror_settings *settings;
    struct log *log;
    struct client *client;
    struct why *why;
    struct buf status;
    uint64_t source_head; /* as last heard */
    int64_t told_ms, logged_ms;
    bool following, was_behind;
};

static uint64_t behind(const struct mirror *m)
{
    const uint64_t seq = log_durable(m->log).seq;

    return m->source_head > seq ? m->source_head - seq : 0;
}

static enum err follow(struct mirror *m)
{
    const struct log_head head = log_durable(m->log);
    const enum err e = client_follow(m->client, head.seq, &head.chain, NULL, 0);

    m->following = !e;
    return e == ERR_AGAIN ? ERR_NONE : e;
}

/* The log gives places, numbers and links by itself: they must come out as the other's are. */
static enum err take(struct mirror *m, const struct record *r)
{
    const struct log_event event = { .publisher = r->publisher,
                                     .topic = r->topic,
                                     .envelope = r->envelope,
                                     .epoch = r->epoch,
                                     .at_ms = r->at_ms };
    struct log_stored stored = { 0 };
    struct log_head head = log_head(m->log);
    enum err e = ERR_NONE;

    if (r->at_ms >= head.at_ms) e = log_append(m->log, &event, &stored, m->why);
    if (e) return e;
    head = log_head(m->log);
    if (head.seq == r->seq && stored.number == r->number && hash_equal(&head.chain, &r->chain))
        return ERR_NONE;
    return why_set(m->why, ERR_CORRUPT, "CORRUPT",
                   "record %" PRIu64 " of %s does not follow from the records before it", r->seq,
                   m->settings->endpoint);
}

static enum err on_events(struct mirror *m, const struct client_event *news)
{
    const struct commit *token;
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < news->count; i++)
        e = take(m, &news->records[i]);
    if (!e) e = log_commit(m->log, &token, m->why);
    if (e)
        log_rollback(m->log);
    else
        e = log_tend(m->log, m->why);
    return e;
}

static enum err on_refused(struct mirror *m, const struct client_event *news)
{
    const uint64_t seq = log_durable(m->log).seq;
    enum err e = ERR_CONFIG;

    if (slice_is(news->code, "BUSY")) {
        m->following = false; /* asked again at the next quiet moment */
        return ERR_NONE;
    }
    if (slice_is(news->code, "DIVERGED"))
        return why_set(m->why, ERR_DIVERGED, "DIVERGED",
                       "the log at %s is not the one of which this file has %" PRIu64
                       " records: %.*s Find out "
                       "which of them is right; to begin this one anew, move its file away",
                       m->settings->endpoint, seq, SLICE_ARG(news->sentence));
    if (slice_is(news->code, "CORRUPT")) e = ERR_CORRUPT;
    return why_set(m->why, e, "REFUSED", "%s does not go on behind record %" PRIu64 ": %.*s (%.*s)",
                   m->settings->endpoint, seq, SLICE_ARG(news->sentence), SLICE_ARG(news->code));
}

static enum err on_news(struct mirror *m, const struct client_event *news)
{
    if (news->head > m->source_head || news->news == CLIENT_READY) m->source_head = news->head;
    switch (news->news) {
    case CLIENT_READY:
        return follow(m);
    case CLIENT_EVENTS:
        return on_events(m, news);
    case CLIENT_REFUSED:
        return on_refused(m, news);
    case CLIENT_LOST:
        log_line(LOG_WARN, "source_lost", "endpoint=%s seq=%" PRIu64, m->settings->endpoint,
                 log_durable(m->log).seq);
        m->following = false;
        return ERR_NONE;
    case CLIENT_NOTHING:
        return m->following ? ERR_NONE : follow(m);
    case CLIENT_WELCOME:
    case CLIENT_STORED:
    case CLIENT_CLOCKED:
        break;
    }
    return ERR_NONE;
}

/* --- what is told --- */

static enum err tell_metrics(struct mirror *m)
{
    const struct metric more[] = { { "seq", log_durable(m->log).seq },
                                   { "head", m->source_head },
                                   { "lag", behind(m) },
                                   { "following", m->following },
                                   { "log_bytes", log_bytes(m->log) },
                                   { "wal_bytes", log_wal_bytes(m->log) } };
    msgpack_packer p;

    buf_clear(&m->status);
    msgpack_packer_init(&p, &m->status, buf_pack_write);
    msgpack_pack_map(&p, 1);
    buf_pack_text(&p, "service");
    buf_pack_text(&p, "mirror");
    return metrics_tell(m->settings->metrics, buf_slice(&m->status), more, sizeof more / sizeof more[0]);
}

/* A line when it falls behind, when it has caught up, and each minute. */
static enum err tell(struct mirror *m)
{
    const int64_t now = clock_monotonic_ms();
    const bool is_behind = behind(m) > 0;

    notify_turned(now);
    if (now - m->told_ms < MIRROR_TELL_MS) return ERR_NONE;
    m->told_ms = now;
    if (is_behind != m->was_behind || now - m->logged_ms >= MIRROR_LOG_MS) {
        log_line(LOG_INFO, "mirroring", "seq=%" PRIu64 " source_head=%" PRIu64 " behind=%" PRIu64,
                 log_durable(m->log).seq, m->source_head, behind(m));
        m->was_behind = is_behind;
        m->logged_ms = now;
    }
    return tell_metrics(m);
}

enum err mirror_run(const struct mirror_settings *settings, struct log *log,
                    const volatile sig_atomic_t *stop, struct why *why)
{
    const struct client_settings source = { .endpoint = settings->endpoint };
    struct mirror m = { .settings = settings, .log = log, .why = why };
    enum err e = client_new(&source, &m.client, why);

    while (!e && !*stop) {
        struct client_event news;

        e = client_next(m.client, MIRROR_TURN_MS, &news, why);
        if (!e) e = on_news(&m, &news);
        if (e == ERR_INTERRUPTED) e = ERR_NONE;
        if (!e) e = tell(&m);
    }
    client_destroy(&m.client);
    buf_fini(&m.status);
    return e;
}
