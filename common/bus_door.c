/* bus_door.c - CURVE: our keys, whom we trust, and the door through which others come in (ZAP, RFC 27). */
#include "common/bus_inside.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#define DOOR_ENDPOINT "inproc://zeromq.zap.01"
#define DOOR_DOMAIN   "ocop"

enum {
    COOKIE_BYTES = 16,
    COOKIE_TEXT = 2 * COOKIE_BYTES,
    KNOCK_FRAMES = 7, /* version, request, domain, address, identity, mechanism, credentials */
    KNOCK_BYTES = 256,
    KEY_BYTES = 32
};

/* Set once, before there are threads. */
static struct bus_identity identity;
static bool identified, door_open;
static struct {
    char endpoint[BUS_ENDPOINT_MAX + 1], key[BUS_KEY_TEXT + 1];
} trusted[BUS_TRUST_MAX];
static size_t trusted_count;

/* Part of each User-Id. A peer may put a User-Id of its own into its handshake, and where no door is asked
 * (ipc) it would reach us; it cannot know this. */
static char cookie[COOKIE_TEXT + 1];

/* --- our keys, and whom we trust --- */

void bus_identify(const struct bus_identity *us)
{
    identity = *us;
    if (identity.handshake_ms <= 0) identity.handshake_ms = BUS_HANDSHAKE_MS;
    identified = true;
}

enum err bus_trust(const char *endpoint, const char *public_key, struct why *why)
{
    size_t i = 0;

    while (i < trusted_count && strcmp(trusted[i].endpoint, endpoint) != 0)
        i++;
    if (i == BUS_TRUST_MAX || strlen(endpoint) > BUS_ENDPOINT_MAX)
        return why_set(why, ERR_LIMIT, "ENDPOINT", "More than %d endpoints, or one of more than %d bytes.",
                       BUS_TRUST_MAX, BUS_ENDPOINT_MAX);
    snprintf(trusted[i].endpoint, sizeof trusted[i].endpoint, "%s", endpoint);
    snprintf(trusted[i].key, sizeof trusted[i].key, "%s", public_key);
    if (i == trusted_count) trusted_count++;
    return ERR_NONE;
}

enum err bus_keys_make(struct bus_identity *out, struct why *why)
{
    if (zmq_curve_keypair(out->public_key, out->secret_key) == 0) return ERR_NONE;
    return why_set(why, ERR_IO, "KEYS", "The ZeroMQ library makes no keys: %s.", zmq_strerror(errno));
}

bool bus_keys_pair(const struct bus_identity *keys)
{
    char public_key[BUS_KEY_TEXT + 1];

    return zmq_curve_public(public_key, keys->secret_key) == 0 && strcmp(public_key, keys->public_key) == 0;
}

void bus_keys_forget(struct bus_identity *keys)
{
    sodium_memzero(keys, sizeof *keys);
}

static const char *trusted_key(const char *endpoint)
{
    for (size_t i = 0; i < trusted_count; i++)
        if (strcmp(trusted[i].endpoint, endpoint) == 0) return trusted[i].key;
    return NULL;
}

static bool set_text(void *zmq, int option, const char *text)
{
    return zmq_setsockopt(zmq, option, text, strlen(text)) == 0;
}

/* Keys as text count their zero byte. */
static bool set_key(void *zmq, int option, const char *key)
{
    return zmq_setsockopt(zmq, option, key, BUS_KEY_TEXT + 1) == 0;
}

static bool lock_bound(void *zmq)
{
    static const int yes = 1;

    return zmq_setsockopt(zmq, ZMQ_CURVE_SERVER, &yes, sizeof yes) == 0 &&
           set_key(zmq, ZMQ_CURVE_SECRETKEY, identity.secret_key) &&
           set_text(zmq, ZMQ_ZAP_DOMAIN, DOOR_DOMAIN);
}

static bool lock_connected(void *zmq, const char *their_key)
{
    return set_key(zmq, ZMQ_CURVE_SERVERKEY, their_key) &&
           set_key(zmq, ZMQ_CURVE_PUBLICKEY, identity.public_key) &&
           set_key(zmq, ZMQ_CURVE_SECRETKEY, identity.secret_key);
}

enum err bus_lock(void *zmq, const char *endpoint, bool bound, struct why *why)
{
    const char *their_key = bound ? NULL : trusted_key(endpoint);
    bool locked;

    if (!identified)
        return why_set(
            why, ERR_CONFIG, "ENDPOINT",
            "%s: TCP needs keys: name the file of a secret key, as `ocop keys new` makes it, in the "
            "settings; or use ipc://PATH on this machine.",
            endpoint);
    if (!bound && !their_key)
        return why_set(why, ERR_CONFIG, "ENDPOINT",
                       "%s: TCP needs the public key of who answers there; name its file.", endpoint);
    if (!zmq) return ERR_NONE;
    if (bound && !door_open)
        return why_set(why, ERR_PROMISE, "ENDPOINT", "%s: TCP was to be bound without a door.", endpoint);
    locked =
        zmq_setsockopt(zmq, ZMQ_HANDSHAKE_IVL, &identity.handshake_ms, sizeof identity.handshake_ms) == 0 &&
        (bound ? lock_bound(zmq) : lock_connected(zmq, their_key));
    return locked ? ERR_NONE
                  : why_set(why, ERR_CONFIG, "KEYS", "The keys for %s are not taken: %s.", endpoint,
                            zmq_strerror(errno));
}

/* --- the door --- */

struct slice bus_door_key(const char *user)
{
    if (!user || !cookie[0] || strlen(user) != COOKIE_TEXT + BUS_KEY_TEXT ||
        memcmp(user, cookie, COOKIE_TEXT) != 0)
        return slice_of(NULL, 0);
    return slice_of(user + COOKIE_TEXT, BUS_KEY_TEXT);
}

enum err bus_door_open(struct bus_socket **out, struct why *why)
{
    unsigned char drawn[COOKIE_BYTES];
    struct bus_socket *s = NULL;
    enum err e = bus_socket_new(ZMQ_REP, DOOR_ENDPOINT, &s, why);

    if (!e && zmq_bind(s->zmq, DOOR_ENDPOINT) != 0) e = bus_failed(why, DOOR_ENDPOINT);
    if (e) {
        bus_destroy(&s);
        return e;
    }
    randombytes_buf(drawn, sizeof drawn);
    sodium_bin2hex(cookie, sizeof cookie, drawn, sizeof drawn);
    door_open = true;
    *out = s;
    return ERR_NONE;
}

/* Closing alone would leave the name taken until the library has come round to it. */
void bus_door_close(struct bus_socket **door)
{
    if (!*door) return;
    (void)zmq_unbind((*door)->zmq, DOOR_ENDPOINT);
    bus_destroy(door);
    door_open = false;
}

/* One request, its parts one behind the other. */
struct request {
    char bytes[KNOCK_FRAMES][KNOCK_BYTES];
    size_t sizes[KNOCK_FRAMES];
    size_t count;
};

static int request_read(void *zmq, struct request *r)
{
    int more = 1;
    size_t size = sizeof more;

    for (r->count = 0; more; r->count++) {
        char rest[KNOCK_BYTES];
        char *to = r->count < KNOCK_FRAMES ? r->bytes[r->count] : rest;
        int got = zmq_recv(zmq, to, KNOCK_BYTES, ZMQ_DONTWAIT);

        if (got < 0) return -1;
        if (r->count < KNOCK_FRAMES) r->sizes[r->count] = (size_t)got; /* beyond KNOCK_BYTES: it was cut */
        if (zmq_getsockopt(zmq, ZMQ_RCVMORE, &more, &size) != 0) return -1;
    }
    return 0;
}

static bool part_is(const struct request *r, size_t i, const char *text)
{
    return r->sizes[i] == strlen(text) && memcmp(r->bytes[i], text, r->sizes[i]) == 0;
}

enum err bus_door_next(struct bus_socket *door, struct bus_knock *out)
{
    struct request r;

    memset(out, 0, sizeof *out);
    if (request_read(door->zmq, &r) != 0) return bus_err(errno);
    if (r.count < 6) return ERR_NONE; /* no request of the library's; it gets its no */
    out->request_size = (unsigned char)(r.sizes[1] < sizeof out->request ? r.sizes[1] : sizeof out->request);
    memcpy(out->request, r.bytes[1], out->request_size);
    snprintf(out->address, sizeof out->address, "%.*s",
             (int)(r.sizes[3] < BUS_ADDRESS_MAX ? r.sizes[3] : BUS_ADDRESS_MAX - 1), r.bytes[3]);
    if (r.count == KNOCK_FRAMES && part_is(&r, 0, "1.0") && part_is(&r, 5, "CURVE") &&
        r.sizes[6] == KEY_BYTES)
        zmq_z85_encode(out->key, (const uint8_t *)r.bytes[6], KEY_BYTES);
    return ERR_NONE;
}

static bool say(void *zmq, const void *bytes, size_t size, bool more)
{
    return zmq_send(zmq, bytes, size, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0;
}

enum err bus_door_answer(struct bus_socket *door, const struct bus_knock *knock, enum bus_welcome how)
{
    static const char *const codes[] = { [BUS_COME_IN] = "200", [BUS_NOT_NOW] = "300", [BUS_NEVER] = "400" };
    static const char *const texts[] = { [BUS_COME_IN] = "come in",
                                         [BUS_NOT_NOW] = "too many are here",
                                         [BUS_NEVER] = "this key is not known here" };
    char user[COOKIE_TEXT + BUS_KEY_TEXT + 1] = "";

    if (how == BUS_COME_IN) snprintf(user, sizeof user, "%s%s", cookie, knock->key);
    if (say(door->zmq, "1.0", 3, true) && say(door->zmq, knock->request, knock->request_size, true) &&
        say(door->zmq, codes[how], 3, true) && say(door->zmq, texts[how], strlen(texts[how]), true) &&
        say(door->zmq, user, strlen(user), true) && say(door->zmq, "", 0, false))
        return ERR_NONE;
    return bus_err(errno);
}
