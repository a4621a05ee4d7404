#include "common/guard.h"

#include "common/clock.h"
#include "common/knocks.h"
#include "common/logline.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum {
    GUARD_PATH_MAX = 1024,
    GUARD_YOUNG_S = 2,
    GUARD_STRANGER_MS = 250 /* for the sake of a key that is not known the folder is looked at so often */
};

/* What a file or folder looked like. Something that changed just now may change again within the same tick of
 * the file system's clock, so it counts as new once more. */
struct look {
    struct hash hash;
    bool young;
};

struct ring {
    struct party *each; /* by key */
    size_t count, room;
    bool retry; /* something could not be read for a reason that may pass */
};

struct guard {
    char keys[GUARD_PATH_MAX], policy_file[GUARD_PATH_MAX];
    uint64_t connections, reserved;
    bool (*first)(const struct party *party);
    uint64_t inside; /* who was let in and may still be there: never fewer than there are */
    struct bus_socket *door;
    struct ring ring;
    struct policy *policy;
    struct look keys_look, policy_look;
    struct party local;
    int64_t looked_ms, stranger_ms;
    struct guard_news pending; /* what was found for a stranger's sake, and is still to be told */
    struct knocks knocks;
};

/* --- looking --- */

static void look_add(struct look *l, const char *name, const struct stat *st)
{
    const int64_t numbers[] = { st->st_mtim.tv_sec,  st->st_mtim.tv_nsec, st->st_ctim.tv_sec,
                                st->st_ctim.tv_nsec, st->st_size,         (int64_t)st->st_ino,
                                (int64_t)st->st_mode };
    const struct slice parts[] = { slice_of(l->hash.bytes, HASH_BYTES), slice_text(name),
                                   slice_of(numbers, sizeof numbers) };

    l->hash = hash_parts(parts, sizeof parts / sizeof parts[0]);
    l->young |= st->st_ctim.tv_sec + GUARD_YOUNG_S >= time(NULL);
}

static bool look_new(const struct look *before, const struct look *now)
{
    return before->young || !hash_equal(&before->hash, &now->hash);
}

static void look_file(const char *path, struct look *out)
{
    struct stat st;

    *out = (struct look){ .young = false };
    if (stat(path, &st) == 0) look_add(out, path, &st);
}

static bool is_certificate(const char *name)
{
    size_t size = strlen(name);

    return size > 4 && strcmp(name + size - 4, ".key") == 0;
}

/* Call `each` for every NAME.key of the folder. A folder that is not there has none. */
static enum err walk_keys(const char *folder, void (*each)(void *context, const char *path), void *context,
                          struct why *why)
{
    DIR *d = opendir(folder);
    const struct dirent *entry;

    if (!d && errno == ENOENT) return ERR_NOT_FOUND;
    if (!d)
        return why_set(why, ERR_CONFIG, "KEYS", "The folder of keys %s cannot be read: %s.", folder,
                       strerror(errno));
    while ((entry = readdir(d))) {
        char path[GUARD_PATH_MAX + 256];

        if (!is_certificate(entry->d_name)) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        each(context, path);
    }
    closedir(d);
    return ERR_NONE;
}

/* The order in which a folder is read is no promise: the files' hashes are added up. */
static void look_each(void *context, const char *path)
{
    struct look *sum = context, one;

    look_file(path, &one);
    for (size_t i = 0; i < HASH_BYTES; i++)
        sum->hash.bytes[i] = (uint8_t)(sum->hash.bytes[i] + one.hash.bytes[i]);
    sum->young |= one.young;
}

/* --- the ring --- */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct party *)a)->key, ((const struct party *)b)->key);
}

static struct party *ring_room(struct ring *r)
{
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : 64;
        struct party *more = r->count < GUARD_PARTIES_MAX ? realloc(r->each, room * sizeof *more) : NULL;

        if (!more) return NULL;
        r->each = more;
        r->room = room;
    }
    return &r->each[r->count];
}

static void read_each(void *context, const char *path)
{
    struct ring *r = context;
    struct party *room = ring_room(r);
    struct why why = { 0 };
    char quoted[WHY_SENTENCE_MAX + 2];
    enum err e = room ? party_read(path, room, &why) : ERR_NOMEM;

    if (!e) {
        r->count++;
        return;
    }
    r->retry |= e != ERR_CONFIG;
    log_line(LOG_ERROR, "key_not_read", "err=%s why=%s", err_name(e),
             log_quote(why.sentence[0] ? why.sentence : err_sentence(e), quoted, sizeof quoted));
}

/* One key in two files would be one person under two names: neither is admitted. */
static void drop_doubles(struct ring *r)
{
    size_t kept = 0;

    for (size_t i = 0, next; i < r->count; i = next) {
        for (next = i + 1; next < r->count && !by_key(&r->each[i], &r->each[next]);)
            next++;
        if (next == i + 1)
            r->each[kept++] = r->each[i];
        else
            log_line(LOG_ERROR, "key_doubled", "names=%s,%s", r->each[i].name, r->each[i + 1].name);
    }
    r->count = kept;
}

static enum err ring_read(const char *folder, struct ring *out, struct why *why)
{
    struct ring r = { .count = 0 };
    enum err e = walk_keys(folder, read_each, &r, why);

    if (e) {
        free(r.each);
        return e;
    }
    if (r.count) qsort(r.each, r.count, sizeof *r.each, by_key);
    drop_doubles(&r);
    *out = r;
    return ERR_NONE;
}

/* Is somebody in `a` who is not in `b`, or not the same there? */
static bool ring_has_more(const struct ring *a, const struct ring *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct party *there =
            b->count ? bsearch(&a->each[i], b->each, b->count, sizeof *b->each, by_key) : NULL;

        if (!there || !party_same(&a->each[i], there)) return true;
    }
    return false;
}

/* --- keeping current --- */

static void complain(const char *what, enum err e, const struct why *why)
{
    char quoted[WHY_SENTENCE_MAX + 2];

    log_line(LOG_ERROR, what, "err=%s why=%s", err_name(e),
             log_quote(why->sentence[0] ? why->sentence : err_sentence(e), quoted, sizeof quoted));
}

static void look_at_keys(struct guard *g, struct guard_news *news)
{
    struct look now = { .young = false };
    struct ring ring = { .count = 0 };
    struct why why = { 0 };
    enum err e;

    if (!g->keys[0]) return;
    e = walk_keys(g->keys, look_each, &now, &why);
    if (!e && !g->ring.retry && !look_new(&g->keys_look, &now)) return;
    if (!e) e = ring_read(g->keys, &ring, &why);
    if (e && e != ERR_NOT_FOUND) { /* no folder: nobody has a key */
        complain("keys_not_read", e, &why);
        return;
    }
    news->added |= ring_has_more(&ring, &g->ring);
    news->removed |= ring_has_more(&g->ring, &ring);
    free(g->ring.each);
    g->ring = ring;
    g->keys_look = now;
}

static void look_at_policy(struct guard *g, struct guard_news *news)
{
    struct policy *policy = NULL;
    struct hash before = policy_hash(g->policy), after;
    struct why why = { 0 };
    struct look now;
    enum err e;

    if (!g->policy_file[0]) return;
    look_file(g->policy_file, &now);
    if (!look_new(&g->policy_look, &now)) return;
    g->policy_look = now;
    e = policy_read(g->policy_file, &policy, &why);
    if (e) {
        complain("policy_not_read", e, &why);
        return;
    }
    policy_destroy(&g->policy);
    g->policy = policy;
    after = policy_hash(policy);
    news->policy = !hash_equal(&before, &after);
}

struct guard_news guard_look(struct guard *g, int64_t now_ms, bool at_once)
{
    struct guard_news news = g->pending;
    bool due = at_once || now_ms - g->looked_ms >= GUARD_LOOK_MS;

    g->pending = (struct guard_news){ .policy = false };
    if (due) {
        knocks_tell(&g->knocks, now_ms);
        g->looked_ms = now_ms;
        look_at_keys(g, &news);
        look_at_policy(g, &news);
    }
    if (news.added || news.removed || news.policy)
        log_line(LOG_INFO, "rights_changed", "keys=%zu added=%d removed=%d policy=%d", g->ring.count,
                 news.added, news.removed, news.policy);
    return news;
}

/* --- the door --- */

static void turn_away(struct guard *g, const struct bus_knock *knock, const char *because)
{
    char key[BUS_KEY_TEXT + sizeof "key="];

    snprintf(key, sizeof key, "key=%s", knock->key[0] ? knock->key : "none");
    knocks_add(&g->knocks, knock->address, because, key, clock_monotonic_ms());
}

/* A key that nobody has may have been made just now: look, but not for each of a crowd of strangers. Then who
 * knocks is told to come again, and is not turned away for good before the folder was looked at. */
static enum bus_welcome judge_stranger(struct guard *g, const struct bus_knock *knock,
                                       const struct party **who)
{
    const int64_t now_ms = clock_monotonic_ms();

    if (knock->key[0]) {
        if (now_ms - g->stranger_ms < GUARD_STRANGER_MS) return BUS_NOT_NOW;
        g->stranger_ms = now_ms;
        look_at_keys(g, &g->pending);
        *who = guard_who(g, slice_text(knock->key));
        if (*who) return BUS_COME_IN;
    }
    turn_away(g, knock, "unknown_key");
    return BUS_NEVER;
}

static enum bus_welcome judge(struct guard *g, const struct bus_knock *knock)
{
    const struct party *who = knock->key[0] ? guard_who(g, slice_text(knock->key)) : NULL;
    enum bus_welcome how = who ? BUS_COME_IN : judge_stranger(g, knock, &who);
    uint64_t places = g->connections;

    if (how != BUS_COME_IN) return how;
    if (!g->first || !g->first(who)) places -= g->reserved < places / 2 ? g->reserved : places / 2;
    if (g->inside < places) return BUS_COME_IN;
    turn_away(g, knock, "connections");
    return BUS_NOT_NOW;
}

void guard_failures(struct guard *g, struct bus_socket *s)
{
    struct bus_failure failure;

    while (bus_failure_next(s, &failure))
        knocks_add(&g->knocks, failure.address, failure.because, "", clock_monotonic_ms());
}

/* Who left is not told apart from who was turned away. But those inside are among the open connections; and
 * those at the door must not count as if they were inside, else a crowd keeps itself out. */
enum err guard_serve(struct guard *g, uint64_t open)
{
    struct bus_knock knock;
    enum err e = ERR_NONE;

    if (g->inside > open) g->inside = open;
    while (g->door && !(e = bus_door_next(g->door, &knock))) {
        enum bus_welcome how = judge(g, &knock);

        e = bus_door_answer(g->door, &knock, how);
        if (e) break;
        if (how == BUS_COME_IN) g->inside++;
    }
    return e == ERR_AGAIN ? ERR_NONE : e;
}

struct bus_socket *guard_door(const struct guard *g)
{
    return g->door;
}

/* --- who --- */

const struct party *guard_who(const struct guard *g, struct slice key)
{
    struct party wanted = { .name = "" };

    if (key.size == 0) return &g->local;
    if (key.size != BUS_KEY_TEXT || g->ring.count == 0) return NULL;
    memcpy(wanted.key, key.data, BUS_KEY_TEXT);
    return bsearch(&wanted, g->ring.each, g->ring.count, sizeof wanted, by_key);
}

const struct rights *guard_rights(const struct guard *g, const struct party *party)
{
    return policy_rights(g->policy, party->role);
}

const struct policy *guard_policy(const struct guard *g)
{
    return g->policy;
}

const struct party *guard_parties(const struct guard *g, size_t *count)
{
    *count = g->ring.count;
    return g->ring.each;
}

/* --- life --- */

enum err guard_check(const char *keys, bool tcp, struct why *why)
{
    struct look look = { .young = false };
    enum err e = ERR_NONE;

    if (tcp && !keys[0])
        return why_set(why, ERR_CONFIG, "KEYS", "TCP needs a folder of keys: those who may come in.");
    if (keys[0]) e = walk_keys(keys, look_each, &look, why);
    if (e != ERR_NOT_FOUND) return e;
    return tcp ? why_set(why, ERR_CONFIG, "KEYS",
                         "The folder of keys %s does not exist; `ocop keys new` makes it.", keys)
               : ERR_NONE;
}

static enum err read_first(struct guard *g, const struct guard_settings *s, struct why *why)
{
    enum err e = policy_read(g->policy_file[0] ? g->policy_file : NULL, &g->policy, why);

    if (e == ERR_IO) e = ERR_CONFIG;
    if (!e) e = guard_check(g->keys, s->tcp, why);
    if (e || !g->keys[0]) return e;
    e = walk_keys(g->keys, look_each, &g->keys_look, why);
    if (!e) e = ring_read(g->keys, &g->ring, why);
    return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

enum err guard_open(const struct guard_settings *s, struct guard **out, struct why *why)
{
    struct guard *g;
    enum err e = ERR_NONE;

    if (strlen(s->keys) >= GUARD_PATH_MAX || strlen(s->policy) >= GUARD_PATH_MAX)
        return why_set(why, ERR_CONFIG, "KEYS", "The path of the keys or the policy is too long.");
    g = calloc(1, sizeof *g);
    if (!g) return ERR_NOMEM;
    snprintf(g->keys, sizeof g->keys, "%s", s->keys);
    snprintf(g->policy_file, sizeof g->policy_file, "%s", s->policy);
    snprintf(g->local.role, sizeof g->local.role, "%s", PARTY_LOCAL);
    g->local.everywhere = true;
    g->connections = s->connections;
    g->reserved = s->reserved;
    g->first = s->first;
    g->stranger_ms = -GUARD_STRANGER_MS;
    look_file(g->policy_file, &g->policy_look);
    e = read_first(g, s, why);
    if (!e && s->tcp) e = bus_door_open(&g->door, why);
    if (e)
        guard_close(&g);
    else
        *out = g;
    return e;
}

void guard_close(struct guard **guard)
{
    struct guard *g = *guard;

    if (!g) return;
    bus_door_close(&g->door);
    policy_destroy(&g->policy);
    free(g->ring.each);
    free(g);
    *guard = NULL;
}
