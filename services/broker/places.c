/* places.c - who gets a place among the sessions and the followers, and who gives one up for it.
 *
 * One key has so many places and no more, however many connections it makes, and the last places are kept for
 * services and for local peers: else one flooding party could lock a service out that only was restarted.
 */
#include "proto/codec.h"
#include "services/broker/turn.h"

/* Whoever has the socket file open is an operator: local peers are one another's business. */
static bool is_local(const struct party *party)
{
    return !party->name[0];
}

bool places_first(const struct party *party)
{
    return is_local(party) || event_publisher_is_house(slice_text(party->name));
}

/* What the sender may have of `most`. */
static size_t left_for(const struct party *party, int64_t most, int64_t reserved)
{
    if (places_first(party)) return (size_t)most;
    return (size_t)(most - (reserved < most / 2 ? reserved : most / 2));
}

static size_t count_of(const struct broker *b, const char *key, bool following)
{
    size_t count = 0;

    for (size_t i = 0; i < b->sessions.most; i++) {
        const struct session *s = &b->sessions.each[i];

        count += s->used && (!following || s->follower) && !strcmp(s->key, key);
    }
    return count;
}

/* Is it still there? Only something that is sent finds out. A PONG that nobody waits for says nothing new. */
static bool is_gone(struct broker *b, const struct session *s)
{
    buf_clear(&b->scratch);
    frame_pong(&b->scratch, 0, log_durable(b->log).seq);
    return !b->scratch.failed &&
           b->ports.send(b->ports.context, &s->peer, buf_slice(&b->scratch)) == ERR_GONE;
}

/* Who of this key (NULL: of all) gives its place up: who was told to end, who fell silent, and of one key,
 * who has left without a word. NULL: all of them are alive. */
static struct session *who_goes(struct broker *b, const char *key, bool following)
{
    const int64_t since = b->now.monotonic_ms - b->settings.silent_ms;
    struct session *silent = NULL;

    for (size_t i = 0; i < b->sessions.most; i++) {
        struct session *s = &b->sessions.each[i];

        if (!s->used || (following && !s->follower) || (key && strcmp(s->key, key) != 0)) continue;
        if (s->superseded) return s;
        if (s->heard_ms < since && (!silent || s->heard_ms < silent->heard_ms)) silent = s;
    }
    for (size_t i = 0; !silent && key && i < b->sessions.most; i++) {
        struct session *s = &b->sessions.each[i];

        if (s->used && (!following || s->follower) && !strcmp(s->key, key) && is_gone(b, s)) return s;
    }
    return silent;
}

/* Make room for one more; false with why when everybody there stays. */
static bool make_room(struct broker *b, bool following, struct why *why)
{
    const struct party *from = b->from;
    const struct broker_settings *s = &b->settings;
    const size_t own = (size_t)(following ? s->followers_of_key : s->sessions_of_key);
    const size_t most = following ? left_for(from, s->followers, s->followers_reserved)
                                  : left_for(from, s->sessions, s->sessions_reserved);
    const bool own_full = !is_local(from) && count_of(b, from->key, following) >= own;
    const bool full = (following ? b->followers.count : b->sessions.count) >= most;
    struct session *goes;

    if (!own_full && !full) return true;
    goes = who_goes(b, own_full ? from->key : NULL, following);
    if (goes) {
        broker_forget(b, goes);
        return true;
    }
    if (own_full)
        (void)why_set(why, ERR_LIMIT, "BUSY",
                      "%s has %zu %s here already, as many as one key may (%s); end one, or try again later.",
                      from->name, own, following ? "followers" : "peers",
                      following ? "follow/of_one_key" : "peers/of_one_key");
    else
        (void)why_set(why, ERR_LIMIT, "BUSY", "The broker has as many %s as it may (%s); try again later.",
                      following ? "followers" : "peers", following ? "follow/followers" : "peers/sessions");
    return false;
}

struct session *places_session(struct broker *b, const struct bus_peer *peer, struct why *why)
{
    struct session *session = sessions_find(&b->sessions, peer);

    if (session || !make_room(b, false, why)) return session;
    session = sessions_add(&b->sessions, peer, b->now.monotonic_ms);
    if (session) memcpy(session->key, b->from->key, sizeof session->key);
    return session;
}

bool places_follow(struct broker *b, struct session *session, const struct log_place *place, struct why *why)
{
    if (!make_room(b, true, why)) return false;
    session->follower = followers_add(&b->followers, &session->peer, place);
    return session->follower != NULL;
}
