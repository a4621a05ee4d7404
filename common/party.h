/* party.h - whoever has a key: its certificate, which says its name, role and province.
 *
 * A certificate is a file as czmq's zcert writes and reads it (ZPL): NAME.key has the public key and may be
 * read by everybody, NAME.key_secret has both and may be read by its owner alone.
 */
#ifndef COMMON_PARTY_H
#define COMMON_PARTY_H

#include "common/bus.h"
#include "common/record.h"

enum { PARTY_ROLE_MAX = 24, PARTY_PROVINCES_MAX = 8, PARTY_PROVINCES_TEXT = 3 * PARTY_PROVINCES_MAX };

#define PARTY_LOCAL "local" /* the role of whoever came without a key, over ipc */

struct party {
    char name[PUBLISHER_MAX + 1]; /* as it publishes; empty: local, it may take any */
    char role[PARTY_ROLE_MAX + 1];
    char provinces[PARTY_PROVINCES_MAX][3]; /* two digits each */
    size_t province_count;
    bool everywhere; /* a national party: all provinces, and 00 */
    char key[BUS_KEY_TEXT + 1];
};

bool party_role_valid(const char *role); /* 1 to PARTY_ROLE_MAX of a-z and '_' */
/* "06", "19,06" (a province and what was merged into it), "all", or "". ERR_INVALID. */
enum err party_set_provinces(struct party *p, const char *text, struct why *why);
void party_provinces_text(const struct party *p, char out[PARTY_PROVINCES_TEXT + 1]);
bool party_same(const struct party *a, const struct party *b);

/* Read NAME.key. The file must be called as the party is. ERR_CONFIG with why; ERR_IO. */
enum err party_read(const char *file, struct party *out, struct why *why);
/* Read NAME.key_secret. ERR_CONFIG also when others than its owner may read it. */
enum err party_read_secret(const char *file, struct party *out, struct bus_identity *keys, struct why *why);
/* Be this party, for all the bus does from here on (bus_identify). */
enum err party_identify(const char *secret_file, int handshake_ms, struct party *out, struct why *why);
/* Whoever answers at `endpoint` must be the party of this certificate (bus_trust). */
enum err party_trust(const char *endpoint, const char *file, struct why *why);
/* Make a pair of keys and both files in `folder`, which must exist. ERR_CONFIG: one of them is there. ERR_IO:
 * the folder or its disk does not take them, and neither is left there. */
enum err party_make(const char *folder, struct party *p, struct why *why);

#endif
