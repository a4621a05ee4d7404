/* guard.h - who comes in, and as whom: the folder of keys, the policy, and the door, kept current.
 *
 * The broker and each service with TCP have one. Folder and file are looked at each second, and on SIGHUP at
 * once; what changed holds from then on, for connections that are there too: a message of a key that was
 * removed is nobody's. It logs what it finds wrong, and goes on with what is right: a certificate that cannot
 * be read is not admitted, a policy that cannot be read leaves the one before. Whoever comes with a key that
 * is not known makes it look at once: a key holds as soon as its file is there.
 */
#ifndef COMMON_GUARD_H
#define COMMON_GUARD_H

#include "common/policy.h"

enum { GUARD_PARTIES_MAX = 65536, GUARD_LOOK_MS = 1000 };

struct guard;

struct guard_settings {
    const char *keys;     /* folder of certificates; empty: without TCP there need not be one */
    const char *policy;   /* file; empty: the built-in one */
    uint64_t connections; /* at one time; above, new ones are told to come later */
    bool tcp;             /* something is bound to TCP: there must be a door and keys */
    uint64_t reserved; /* of these, at most half, for those alone to whom `first` says yes; NULL: to nobody */
    bool (*first)(const struct party *party);
};

/* ERR_CONFIG: the folder or the policy cannot be read. */
enum err guard_open(const struct guard_settings *settings, struct guard **out, struct why *why);
void guard_close(struct guard **g);
/* Is the folder of keys as guard_open wants it? Nothing is opened. ERR_CONFIG. */
enum err guard_check(const char *keys, bool tcp, struct why *why);

/* To be waited for; NULL without TCP. */
struct bus_socket *guard_door(const struct guard *g);
/* Answer whoever knocks. `open`: connections there are, those that knock among them. As many as the settings
 * say come in, however many knock; when some leave while a crowd knocks, their places are free again as soon
 * as fewer connections are open. */
enum err guard_serve(struct guard *g, uint64_t open);
/* Take note, for the log, of whose handshake at this socket failed before it came to the door; after
 * bus_visits. */
void guard_failures(struct guard *g, struct bus_socket *s);
/* Look whether keys or policy have changed; `at_once`: do not wait for the second. */
struct guard_news {
    bool added, removed; /* keys; one that says something else now was removed and added */
    bool policy;
};
struct guard_news guard_look(struct guard *g, int64_t now_ms, bool at_once);

/* Whose key this is (bus_user); for an empty one the local party. NULL: nobody's any more. Good until the
 * next guard_look or guard_serve. */
const struct party *guard_who(const struct guard *g, struct slice key);
const struct rights *guard_rights(const struct guard *g, const struct party *party);
const struct policy *guard_policy(const struct guard *g);
/* All with a key, by key. */
const struct party *guard_parties(const struct guard *g, size_t *count);

#endif
