/* frame.h - the commands of the bus, each one MessagePack array in one frame; proto/PROTOCOL.md is their
 * grammar.
 *
 * Writing never fails but for memory or size (buf.failed). Reading checks the raw bytes first and says what
 * is wrong.
 */
#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H

#include "common/buf.h"
#include "common/mp.h"
#include "common/record.h"

enum {
    FRAME_VERSION = 1,
    FRAME_EVENTS_MAX = 65536, /* events in one PUBLISH or EVENTS */
    FRAME_PREFIXES_MAX = 64,
    FRAME_CREDIT_MAX = 65536
};

/*   name     who sends it, shape */
#define FRAME_TABLE(X)                                                                                       \
    X(HELLO)   /* > version, publisher, epoch */                                                             \
    X(WELCOME) /* < last_number, hash, head_seq */                                                           \
    X(PUBLISH) /* > first_number, [[topic, envelope], ...] */                                                \
    X(STORED)  /* < last_number, last_seq */                                                                 \
    X(REFUSED) /* < number, code, sentence */                                                                \
    X(FOLLOW)  /* > after_seq, chain (32 bytes, or none when after_seq is 0), [prefix, ...], credit */       \
    X(EVENTS)  /* < through_seq, through_chain, [[seq, at_ms, chain, publisher, epoch, number, topic,        \
                  envelope], ...] */                                                                         \
    X(CREDIT)  /* > n */                                                                                     \
    X(PING)    /* > token */                                                                                 \
    X(PONG)    /* < token, head_seq */                                                                       \
    X(CLOCK)   /* > day */                                                                                   \
    X(CLOCKED) /* < day, last_seq */                                                                         \
    X(ASK)     /* > token, question, {arguments} */                                                          \
    X(ANSWER)  /* < token, {answer} */                                                                       \
    X(FAULT)   /* < token, code, sentence */

enum frame_command {
    FRAME_NONE,
#define X(name) FRAME_##name,
    FRAME_TABLE(X)
#undef X
};

/* What a frame said. Only the members of its command are set; all borrow from the bytes and the zone. */
struct frame {
    enum frame_command command;
    uint64_t version, epoch, number, seq, credit,
        token; /* number: first, last or refused number, as the command says */
    struct slice publisher, code, sentence, day, question;
    struct hash hash;    /* WELCOME hash; FOLLOW or EVENTS chain */
    bool has_hash;       /* FOLLOW only */
    msgpack_object list; /* PUBLISH events, FOLLOW prefixes, EVENTS records: an array */
    msgpack_object map;  /* ASK arguments, ANSWER answer: a map */
};

/* ERR_UNREADABLE: why has MALFORMED, or UNKNOWN_COMMAND when the bytes are fine and the command is not.
 * ERR_NOMEM. */
enum err frame_read(struct slice bytes, msgpack_zone *zone, struct frame *out, struct why *why);
/* The i-th of list, as the command has them. ERR_UNREADABLE with why when its shape is wrong. */
enum err frame_event(const struct frame *f, size_t i, struct slice *topic, struct slice *envelope,
                     struct why *why);
enum err frame_prefix(const struct frame *f, size_t i, struct slice *prefix, struct why *why);
enum err frame_record(const struct frame *f, size_t i, struct record *out, struct why *why);

void frame_hello(struct buf *out, struct slice publisher, uint64_t epoch);
void frame_welcome(struct buf *out, uint64_t last_number, const struct hash *hash, uint64_t head);
void frame_publish_begin(struct buf *out, uint64_t first_number,
                         size_t events); /* then frame_publish_add for each */
void frame_publish_add(struct buf *out, struct slice topic, struct slice envelope);
void frame_stored(struct buf *out, uint64_t last_number, uint64_t last_seq);
void frame_refused(struct buf *out, uint64_t number, const char *code, const char *sentence);
void frame_follow(struct buf *out, uint64_t after, const struct hash *chain, const struct slice *prefixes,
                  size_t count, uint64_t credit);
void frame_events_begin(struct buf *out, uint64_t through, const struct hash *chain, size_t records);
void frame_events_add(struct buf *out, const struct record *r);
void frame_credit(struct buf *out, uint64_t n);
void frame_ping(struct buf *out, uint64_t token);
void frame_pong(struct buf *out, uint64_t token, uint64_t head);
void frame_clock(struct buf *out, struct slice day);
void frame_clocked(struct buf *out, struct slice day, uint64_t last_seq);
void frame_ask(struct buf *out, uint64_t token, struct slice question, struct slice packed_map);
void frame_answer(struct buf *out, uint64_t token, struct slice packed_map);
void frame_fault(struct buf *out, uint64_t token, const char *code, const char *sentence);

#endif
