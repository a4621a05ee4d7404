#include "services/broker/session.h"

#include <stdlib.h>

static size_t bucket_of(const struct bus_peer *peer)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < peer->size; i++)
        h = (h ^ (uint8_t)peer->id[i]) * 16777619u;
    return (h ^ (h >> 16)) % SESSION_BUCKETS;
}

static bool same_peer(const struct bus_peer *a, const struct bus_peer *b)
{
    return a->size == b->size && memcmp(a->id, b->id, a->size) == 0;
}

enum err sessions_init(struct sessions *s, size_t most)
{
    *s = (struct sessions){ .most = most, .free = SESSION_NONE };
    for (size_t i = 0; i < SESSION_BUCKETS; i++)
        s->buckets[i] = SESSION_NONE;
    s->each = calloc(most ? most : 1, sizeof *s->each);
    if (!s->each) return ERR_NOMEM;
    for (size_t i = most; i-- > 0;) {
        s->each[i].next = s->free;
        s->free = (int32_t)i;
    }
    return ERR_NONE;
}

void sessions_fini(struct sessions *s)
{
    free(s->each);
    s->each = NULL;
}

struct session *sessions_find(const struct sessions *s, const struct bus_peer *peer)
{
    int32_t at = s->buckets[bucket_of(peer)];

    while (at != SESSION_NONE && !same_peer(&s->each[at].peer, peer))
        at = s->each[at].next;
    return at == SESSION_NONE ? NULL : &s->each[at];
}

struct session *sessions_add(struct sessions *s, const struct bus_peer *peer, int64_t now_ms)
{
    size_t bucket = bucket_of(peer);
    int32_t at = s->free;
    struct session *session;

    if (at == SESSION_NONE) return NULL;
    session = &s->each[at];
    s->free = session->next;
    *session =
        (struct session){ .used = true, .next = s->buckets[bucket], .peer = *peer, .heard_ms = now_ms };
    s->buckets[bucket] = at;
    s->count++;
    return session;
}

void sessions_drop(struct sessions *s, struct session *session)
{
    int32_t self = (int32_t)(session - s->each);
    int32_t *link = &s->buckets[bucket_of(&session->peer)];

    while (*link != self)
        link = &s->each[*link].next;
    *link = session->next;
    *session = (struct session){ .next = s->free };
    s->free = self;
    s->count--;
}

struct slice session_publisher(const struct session *session)
{
    return slice_of(session->publisher, session->publisher_size);
}

/* Topics of one type differ in their last two bytes, the province. */
static size_t place_of(struct slice topic)
{
    const unsigned char *last = (const unsigned char *)topic.data + topic.size - 2;

    return (topic.size + 10u * last[0] + last[1]) % SESSION_TOPICS;
}

bool session_may_say(const struct session *session, struct slice topic)
{
    const struct allowed *a;

    if (topic.size < 2) return false;
    a = &session->allowed[place_of(topic)];
    return a->size == topic.size && memcmp(a->topic, topic.data, topic.size) == 0;
}

void session_allow(struct session *session, struct slice topic)
{
    struct allowed *a = &session->allowed[place_of(topic)];

    a->size = (uint8_t)topic.size;
    memcpy(a->topic, topic.data, topic.size);
}

void session_allow_nothing(struct session *session)
{
    for (size_t i = 0; i < SESSION_TOPICS; i++)
        session->allowed[i].size = 0;
}

struct session *sessions_holder(struct sessions *s, struct slice publisher, uint64_t epoch)
{
    for (size_t i = 0; i < s->most; i++) {
        struct session *at = &s->each[i];

        if (at->used && at->hello && !at->superseded && at->epoch == epoch &&
            slice_equal(session_publisher(at), publisher))
            return at;
    }
    return NULL;
}

static bool heard(const struct session *session, int64_t since_ms)
{
    return session->used && session->heard_ms >= since_ms;
}

size_t sessions_publishers(const struct sessions *s, int64_t since_ms)
{
    size_t count = 0;

    for (size_t i = 0; i < s->most; i++)
        count += heard(&s->each[i], since_ms) && s->each[i].hello && !s->each[i].superseded;
    return count;
}

size_t sessions_followers(const struct sessions *s, int64_t since_ms)
{
    size_t count = 0;

    for (size_t i = 0; i < s->most; i++)
        count += heard(&s->each[i], since_ms) && s->each[i].follower;
    return count;
}
