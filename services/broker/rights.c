/* rights.c - who says it, and may they: each message's party, followers kept to what they may see, and what
 * an operator changed, said once in the log.
 */
#include "common/logline.h"
#include "proto/codec.h"
#include "services/broker/turn.h"

#include <inttypes.h>
#include <stdio.h>

static const char POLICY_NOTE[] = "policy";
static const char KEY_NOTE[] = "key:";

enum { NOTE_NAME_BYTES = sizeof KEY_NOTE - 1 + BUS_KEY_TEXT };

/* --- who --- */

enum err rights_sender(struct broker *b, const struct bus_peer *peer, struct slice key, bool *known)
{
    const struct party *party = guard_who(b->guard, key);

    *known = party != NULL;
    if (!party)
        return turn_refuse(b, peer, 0, "NOT_PERMITTED",
                           "The key of this connection is not among the keys any more.");
    b->from = party;
    return ERR_NONE;
}

enum err rights_hello(const struct broker *b, struct slice publisher, struct why *why)
{
    const struct party *party = b->from;

    if (!party->name[0] || slice_is(publisher, party->name)) return ERR_NONE;
    return why_set(
        why, ERR_INVALID, "NOT_PERMITTED",
        "The key is that of %s, who may not say HELLO as %.*s: a party publishes under the name in its "
        "key.",
        party->name, SLICE_ARG(publisher));
}

enum err rights_publish(const struct broker *b, struct slice topic, struct why *why)
{
    const struct rights *rights = guard_rights(b->guard, b->from);

    if (rights_cover(rights, VERB_PUBLISH, b->from, topic)) return ERR_NONE;
    return rights_refuse(rights, VERB_PUBLISH, b->from, topic, why);
}

enum err rights_question(const struct broker *b, struct slice question, struct why *why)
{
    const struct rights *rights = guard_rights(b->guard, b->from);
    char asked[TOPIC_MAX + 1];
    bool limited;

    if (rights_ask(rights, BROKER_NAME, question, &limited) && !limited) return ERR_NONE;
    snprintf(asked, sizeof asked, "%s.%.*s", BROKER_NAME, (int)(question.size < 64 ? question.size : 64),
             question.data);
    return rights_refuse(rights, VERB_ASK, b->from, slice_text(asked), why);
}

bool broker_admits(struct broker *b, struct slice key, struct slice prefix)
{
    const struct party *party = guard_who(b->guard, key);
    char quoted[WHY_SENTENCE_MAX + 2];
    struct why why = { 0 };

    if (!prefix_valid(prefix)) return false;
    if (party && rights_cover(guard_rights(b->guard, party), VERB_SUBSCRIBE, party, prefix)) return true;
    if (party)
        (void)rights_refuse(guard_rights(b->guard, party), VERB_SUBSCRIBE, party, prefix, &why);
    else
        (void)why_set(&why, ERR_INVALID, "NOT_PERMITTED", "This key is not among the keys.");
    b->denied++;
    if (b->refusals++ < REFUSALS_LOGGED)
        log_line(LOG_WARN, "not_subscribed", "code=%s why=%s", why.code,
                 log_quote(why.sentence, quoted, sizeof quoted));
    return false;
}

/* --- followers --- */

static enum err refuse_follow(const struct rights *r, const struct party *party, struct slice prefix,
                              struct why *why)
{
    return rights_refuse(r, VERB_FOLLOW, party, prefix, why);
}

/* A service would take a part for the whole and decide from it. Who comes without a key may be one. */
static bool takes_no_part(const struct party *party)
{
    return !party->name[0] || event_publisher_is_house(slice_text(party->name));
}

/* Everything, when all of it may be seen; else what the policy has in common with what was asked for. */
enum err rights_follow(const struct broker *b, const struct party *party, const struct slice *prefixes,
                       size_t count, bool *whole, struct why *why)
{
    const struct rights *r = guard_rights(b->guard, party);
    const struct slice everything = slice_of(NULL, 0);
    size_t touched = 0;

    *whole = true;
    if (count == 0 && !rights_cover(r, VERB_FOLLOW, party, everything))
        return refuse_follow(r, party, everything, why);
    for (size_t i = 0; i < count; i++) {
        bool all = rights_cover(r, VERB_FOLLOW, party, prefixes[i]);

        if (!all && takes_no_part(party)) return refuse_follow(r, party, prefixes[i], why);
        touched += all || rights_touch(r, VERB_FOLLOW, party, prefixes[i]);
        *whole = *whole && all;
    }
    return count == 0 || touched ? ERR_NONE : refuse_follow(r, party, prefixes[0], why);
}

bool rights_see(const void *context, struct slice topic)
{
    const struct follower *f = context;

    return rights_cover(guard_rights(f->guard, &f->party), VERB_FOLLOW, &f->party, topic);
}

/* --- when keys or policy have changed --- */

static enum err tell_cut_off(struct broker *b, struct session *session, const char *sentence)
{
    struct bus_peer peer = session->peer;

    broker_forget(b, session);
    return turn_refuse(b, &peer, 0, "NOT_PERMITTED", "%s", sentence);
}

static enum err revise(struct broker *b, struct session *session)
{
    const struct party *party = guard_who(b->guard, slice_text(session->key));
    struct follower *f = session->follower;
    struct why why = { 0 };
    enum err e;

    session_allow_nothing(session);
    if (!party) return tell_cut_off(b, session, "The key of this connection is not among the keys any more.");
    if (session->hello && party->name[0] && !slice_is(session_publisher(session), party->name))
        return tell_cut_off(b, session, "The key of this connection has another name now.");
    if (!f) return ERR_NONE;
    f->party = *party;
    e = rights_follow(b, party, f->prefixes, f->prefix_count, &f->whole, &why);
    if (!e) return ERR_NONE;
    broker_end_follow(b, session);
    return turn_refuse(b, &session->peer, 0, why.code, "%s", why.sentence);
}

enum err broker_rights_changed(struct broker *b)
{
    enum err e = ERR_NONE;

    b->rights_due = true;
    for (size_t i = 0; !e && i < b->sessions.most; i++)
        if (b->sessions.each[i].used) e = revise(b, &b->sessions.each[i]);
    return e;
}

/* --- what is said of it in the log --- */

/* What the log knows of one key. */
struct noted {
    struct party party;
    struct noted *next;
};

struct notes {
    struct broker *b;
    struct noted *first;
    char policy[2 * HASH_BYTES + 1];
};

/* A key's note: NAME ROLE PROVINCES, the last may be missing. */
static bool note_read(struct slice name, struct slice value, struct party *out)
{
    char text[PUBLISHER_MAX + PARTY_ROLE_MAX + PARTY_PROVINCES_TEXT + 8],
        provinces[PARTY_PROVINCES_TEXT + 1] = "";

    memset(out, 0, sizeof *out);
    if (name.size != NOTE_NAME_BYTES || value.size >= sizeof text) return false;
    memcpy(out->key, name.data + sizeof KEY_NOTE - 1, BUS_KEY_TEXT);
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(value));
    if (sscanf(text, "%48s %24s %24s", out->name, out->role, provinces) < 2) return false;
    return party_set_provinces(out, provinces, NULL) == ERR_NONE;
}

static enum err take_note(void *context, struct slice name, struct slice value)
{
    struct notes *notes = context;
    struct noted *n;

    if (slice_is(name, POLICY_NOTE)) {
        snprintf(notes->policy, sizeof notes->policy, "%.*s", SLICE_ARG(value));
        return ERR_NONE;
    }
    n = msgpack_zone_malloc(notes->b->said->zone, sizeof *n);
    if (!n) return ERR_NOMEM;
    if (!note_read(name, value, &n->party)) return ERR_CORRUPT;
    n->next = notes->first;
    notes->first = n;
    return ERR_NONE;
}

static enum err note_party(struct broker *b, const struct party *p, bool there, struct why *why)
{
    char name[NOTE_NAME_BYTES + 1], value[160], provinces[PARTY_PROVINCES_TEXT + 1];

    party_provinces_text(p, provinces);
    snprintf(name, sizeof name, "%s%s", KEY_NOTE, p->key);
    snprintf(value, sizeof value, "%s %s %s", p->name, p->role, provinces);
    return log_note(b->log, slice_text(name), slice_text(there ? value : ""), why);
}

/* Both events have the same fields; `added` chooses. */
static enum err say_key(struct broker *b, const struct party *p, bool added, struct why *why)
{
    char provinces[PARTY_PROVINCES_TEXT + 1];
    enum err e;

    party_provinces_text(p, provinces);
    if (added) {
        const struct key_added event = { .name = slice_text(p->name),
                                         .role = slice_text(p->role),
                                         .has_provinces = provinces[0] != '\0',
                                         .provinces = slice_text(provinces),
                                         .key = slice_text(p->key) };

        e = publish_own(b, &key_added_kind, &event, p->name, why);
    } else {
        const struct key_revoked event = { .name = slice_text(p->name),
                                           .role = slice_text(p->role),
                                           .has_provinces = provinces[0] != '\0',
                                           .provinces = slice_text(provinces),
                                           .key = slice_text(p->key) };

        e = publish_own(b, &key_revoked_kind, &event, p->name, why);
    }
    if (!e) e = note_party(b, p, added, why);
    if (!e)
        log_line(LOG_INFO, added ? "key_added" : "key_revoked", "name=%s role=%s key=%s", p->name, p->role,
                 p->key);
    return e;
}

static const struct party *noted_find(const struct notes *notes, const char *key)
{
    for (const struct noted *n = notes->first; n; n = n->next)
        if (!strcmp(n->party.key, key)) return &n->party;
    return NULL;
}

/* What was revoked first: its name may have been given anew. */
static enum err say_keys(struct broker *b, const struct notes *notes, struct why *why)
{
    size_t count;
    const struct party *parties = guard_parties(b->guard, &count);
    enum err e = ERR_NONE;

    for (const struct noted *n = notes->first; !e && n; n = n->next) {
        const struct party *now = guard_who(b->guard, slice_text(n->party.key));

        if (!now || !party_same(now, &n->party)) e = say_key(b, &n->party, false, why);
    }
    for (size_t i = 0; !e && i < count; i++) {
        const struct party *before = noted_find(notes, parties[i].key);

        if (!before || !party_same(before, &parties[i])) e = say_key(b, &parties[i], true, why);
    }
    return e;
}

/* The first policy a log ever had is noted and no change. */
static enum err say_policy(struct broker *b, const struct notes *notes, struct why *why)
{
    const struct policy *policy = guard_policy(b->guard);
    const struct hash hash = policy_hash(policy);
    char hex[2 * HASH_BYTES + 1];
    enum err e = ERR_NONE;

    hash_hex(&hash, hex);
    if (!strcmp(hex, notes->policy)) return ERR_NONE;
    if (notes->policy[0]) {
        const struct policy_changed event = { .hash = slice_text(hex),
                                              .rules = (int64_t)policy_rules(policy) };

        e = publish_own(b, &policy_changed_kind, &event, hex, why);
        if (!e) log_line(LOG_INFO, "policy_changed", "hash=%s", hex);
    }
    return e ? e : log_note(b->log, slice_text(POLICY_NOTE), slice_text(hex), why);
}

enum err publish_rights(struct broker *b, struct why *why)
{
    struct notes notes = { .b = b };
    enum err e;

    if (!b->rights_due || b->rights_said || b->full || b->space.stopped || stamp_stopped(&b->stamp))
        return ERR_NONE;
    e = log_notes(b->log, take_note, &notes, why);
    if (!e) e = say_keys(b, &notes, why);
    if (!e) e = say_policy(b, &notes, why);
    if (e == ERR_FULL) return publish_undo(b, why);
    b->rights_said = !e;
    return e;
}
