/* envelope.h - the CloudEvents 1.0 attributes around every event, as one MessagePack map.
 *
 *   specversion "1.0"   id 1..64 visible ASCII   source 1..64   type "context.thing.verb"   subject 0..128
 *   time  Unix milliseconds UTC, the sender's claim; decides nothing
 *   cause     an outcome only: the id of the event it answers
 *   causeseq  an outcome only: that event's place in the log. Ids of outsiders are not trusted to be
 *             unique, places are, so a rebuild pairs outcomes with causes by place.
 *   ordinal, count   an outcome only: its place among the outcomes of its cause, 0..count-1
 *   data      a map by field name (proto/events.def)
 *
 * Unknown attributes are skipped.
 */
#ifndef COMMON_ENVELOPE_H
#define COMMON_ENVELOPE_H

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

#include <msgpack.h>

enum {
    ENVELOPE_ID_MAX = 64,
    ENVELOPE_TYPE_MAX = 64,
    ENVELOPE_SUBJECT_MAX = 128,
    ENVELOPE_BYTES_MAX = 1024 * 1024
};

struct envelope {
    struct slice id, source, type, subject;
    int64_t time_ms;
    struct slice cause; /* empty when the event is no outcome */
    uint64_t cause_seq; /* 0 when the event is no outcome */
    uint32_t ordinal, count;
    msgpack_object data; /* a map, in the zone given to envelope_parse */
};

/* Read an envelope; slices borrow from `bytes`, objects live in `zone`.
 * ERR_UNREADABLE (why says which attribute) or ERR_NOMEM. */
enum err envelope_parse(struct slice bytes, msgpack_zone *zone, struct envelope *out, struct why *why);

/* Write an envelope whose data map is already packed in `data`. Attributes of an outcome are written when
 * cause_seq is not 0. `e->data` is not looked at. ERR_LIMIT (more than ENVELOPE_BYTES_MAX), ERR_NOMEM. */
enum err envelope_write(const struct envelope *e, struct slice data, struct buf *out);

/* The id of an outcome: a hash of (source, cause, type, ordinal). Anybody can compute it from the cause's id:
 * hash_id of these parts, the ordinal as 4 bytes big-endian. */
void envelope_outcome_id(struct slice source, struct slice cause, struct slice type, uint32_t ordinal,
                         char id[33]);

#endif
