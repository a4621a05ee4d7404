/* mp.h - walk raw MessagePack bytes before the library sees them.
 *
 * msgpack-c 4.0.0 reserves memory for whatever count an array claims: the five bytes dd 04 00 00 00
 * reserve 2.1 GB. So everything from outside goes through here first, and only then through
 * msgpack_unpack_next.
 */
#ifndef COMMON_MP_H
#define COMMON_MP_H

#include "common/err.h"
#include "common/slice.h"

#include <msgpack.h>

enum { MP_DEPTH_MAX = 16 };

/* Check that `bytes` is exactly one MessagePack value that is safe to unpack:
 * nothing cut off and nothing behind it; depth at most MP_DEPTH_MAX; no count larger than the bytes left;
 * only shortest forms; map keys are text and none stands twice in one map; text is valid UTF-8; no float that
 * is NaN; no ext types.
 *
 * ERR_NONE        safe
 * ERR_UNREADABLE  `why` says what is wrong and at which byte (code MALFORMED)
 * ERR_NOMEM       a map of many keys could not be compared
 */
enum err mp_check(struct slice bytes, struct why *why);

/* mp_check, then unpack into `zone`: text and bin of the result borrow from `bytes`.
 * ERR_UNREADABLE or ERR_NOMEM. */
enum err mp_read(struct slice bytes, msgpack_zone *zone, msgpack_object *out, struct why *why);

/* Look a key up in a map object: NULL if it is not a map or has no such key. */
const msgpack_object *mp_find(const msgpack_object *map, const char *key);
/* Typed looks; false when it is of another type or out of range. */
bool mp_text(const msgpack_object *o, struct slice *out);
bool mp_bytes(const msgpack_object *o, struct slice *out);
bool mp_u64(const msgpack_object *o, uint64_t *out);
bool mp_i64(const msgpack_object *o, int64_t *out);

#endif
