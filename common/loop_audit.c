/* loop_audit.c - the log replayed on the side, in a throw-away store in memory, as in a rebuild: each
 * decision rests on what was recorded before it.
 *
 *   audit      decide runs beside it, and its outcomes are compared with the recorded ones, byte for byte
 *   recompute  the service computes again what was recorded, and says what differs (loop_recount.c)
 */
#include "common/loop_inside.h"

#include <stdio.h>
#include <stdlib.h>

struct audit {
    const struct service *service;
    const struct loop_settings *settings;
    struct fold fold;
    struct recall recall;
    struct client *client;
    bool ready, done;
    uint64_t until, differences;
    FILE *out;
};

static struct slice data_type(struct slice topic)
{
    return topic_type(topic);
}

static void differ(struct audit *a, const struct record *r, size_t i, const struct outcome *was,
                   const struct outcome *now)
{
    const struct slice none = slice_text("nothing");
    const struct slice old = was ? data_type(was->topic) : none, new = now ? data_type(now->topic) : none;

    a->differences++;
    fprintf(a->out, "record %llu %.*s: outcome %zu was %.*s, would be %.*s%s\n", (unsigned long long)r->seq,
            SLICE_ARG(r->topic), i, SLICE_ARG(old), SLICE_ARG(new),
            was && now && slice_equal(old, new) ? " with other data" : "");
}

static enum err compare(struct audit *a, const struct record *r, const struct outcome *was, size_t count)
{
    const struct outcome *now;
    size_t decided;
    enum err e = fold_decide(&a->fold, r);

    if (e) return e;
    now = a->fold.turn.outcomes;
    decided = a->fold.turn.outcome_count;
    for (size_t i = 0; i < count || i < decided; i++) {
        const struct outcome *old = i < count ? &was[i] : NULL, *new = i < decided ? &now[i] : NULL;

        if (!old || !new || !slice_equal(old->topic, new->topic) ||
            !slice_equal(old->envelope, new->envelope))
            differ(a, r, i, old, new);
    }
    return ERR_NONE;
}

static enum err audit_record(struct audit *a, const struct record *r, struct why *why)
{
    const struct outcome *group = NULL;
    size_t count = 0;
    bool ended = false;
    enum err e;

    if (r->seq > a->until) {
        a->done = true;
        return ERR_NONE;
    }
    if (!fold_hears(&a->fold, r)) {
        fold_pass(&a->fold, r->seq, &r->chain);
        return ERR_NONE;
    }
    e = recall_group(&a->recall, r->seq, &group, &count, &ended, why);
    if (!e && ended) { /* the service itself has not come further */
        a->done = true;
        return ERR_NONE;
    }
    if (!e && a->fold.recount) return fold_recount(&a->fold, r, group, count, why);
    if (!e) e = compare(a, r, group, count);
    if (!e) e = fold_apply(&a->fold, r, group, count, true, why);
    return e;
}

static enum err begin(struct audit *a, uint64_t head, struct why *why)
{
    const struct hash zero = { { 0 } };
    struct slice prefixes[FRAME_PREFIXES_MAX];
    size_t n = 0;
    enum err e;

    a->until = head;
    a->done = head == 0;
    while (a->service->prefixes[n] && n < FRAME_PREFIXES_MAX) {
        prefixes[n] = slice_text(a->service->prefixes[n]);
        n++;
    }
    if (!a->ready)
        e = recall_open(&a->recall, a->service, a->settings->broker, 0, &zero, 1, UINT64_MAX, head, NULL,
                        why);
    else
        e = ERR_NONE;
    a->ready = true;
    if (!e) e = client_follow(a->client, a->fold.seq, &a->fold.chain, prefixes, n);
    return e;
}

static enum err hear(struct audit *a, const struct client_event *news, struct why *why)
{
    enum err e = ERR_NONE;

    if (news->news == CLIENT_READY) return begin(a, a->ready ? a->until : news->head, why);
    if (news->news == CLIENT_REFUSED)
        return why_set(why, ERR_PROMISE, "AUDIT", "%.*s: %.*s", SLICE_ARG(news->code),
                       SLICE_ARG(news->sentence));
    if (news->news != CLIENT_EVENTS) return ERR_NONE;
    for (size_t i = 0; !e && !a->done && i < news->count; i++)
        e = audit_record(a, &news->records[i], why);
    if (news->seq > a->fold.seq) fold_pass(&a->fold, news->seq, &news->hash);
    if (a->fold.seq >= a->until) a->done = true;
    return e;
}

static enum err replay(struct audit *a, struct recount *recount, struct why *why)
{
    const struct client_settings cs = { .endpoint = a->settings->broker };
    struct client_event news;
    bool rebuilt = false;
    int silent = 0;
    enum err e = fold_open(&a->fold, a->service, ":memory:", &rebuilt, why);

    a->fold.recount = recount;
    if (!e) e = fold_begin(&a->fold);
    if (!e) e = client_new(&cs, &a->client, why);
    while (!e && !a->done) {
        e = client_next(a->client, 1000, &news, why);
        if (!e && news.news == CLIENT_NOTHING && !a->ready && ++silent > 5)
            e = why_set(why, ERR_TIMEOUT, "BROKER", "no broker answers at %s; is it running?",
                        a->settings->broker);
        if (!e) e = hear(a, &news, why);
    }
    if (a->recall.zone) recall_close(&a->recall);
    client_destroy(&a->client);
    fold_close(&a->fold);
    return e;
}

enum err loop_audit(const struct service *service, const struct loop_settings *settings, void *out_file,
                    uint64_t *differences, struct why *why)
{
    struct audit a;
    enum err e;

    memset(&a, 0, sizeof a);
    a.service = service;
    a.settings = settings;
    a.out = out_file;
    e = replay(&a, NULL, why);
    *differences = a.differences;
    return e;
}

enum err loop_recompute(const struct service *service, const struct loop_settings *settings,
                        struct recount *recount, struct why *why)
{
    struct audit a;
    enum err e;

    memset(&a, 0, sizeof a);
    a.service = service;
    a.settings = settings;
    e = replay(&a, recount, why);
    if (!e && recount->key && !recount->known)
        e = why_set(why, ERR_NOT_FOUND, "UNKNOWN", "there are no %s of \"%s\" in the log; check its code",
                    service->recomputes, recount->key);
    return e;
}
