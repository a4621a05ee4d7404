/* record.h - one event in its place in the log. */
#ifndef COMMON_RECORD_H
#define COMMON_RECORD_H

#include "common/envelope.h"
#include "common/hash.h"

enum { TOPIC_MAX = 96, PUBLISHER_MAX = 48 };

struct record {
    uint64_t seq;                            /* 1, 2, 3... without a gap */
    int64_t at_ms;                           /* the broker's time, Unix ms UTC; never going back along seq */
    struct hash chain;                       /* the link that ends with this record */
    struct slice publisher, topic, envelope; /* borrowed */
    uint64_t epoch, number;                  /* the publisher's own numbering */
};

/* "intake.dossier.filed.06" -> "intake.dossier.filed"; empty when the topic is not of four parts. */
struct slice topic_type(struct slice topic);
struct slice topic_province(struct slice topic); /* "06" */
/* context.thing.verb: three parts of a-z and '_'. */
bool topic_type_valid(struct slice type);
/* context.thing.verb.PP: three parts of a-z and '_', then two digits. */
bool topic_valid(struct slice topic);
/* The beginning of topics: at most TOPIC_MAX bytes of a-z, 0-9, '_' and '.'. The empty one means everything.
 */
bool prefix_valid(struct slice prefix);
/* 1 to PUBLISHER_MAX bytes of letters, digits, '_', '-' and '.'. */
bool publisher_valid(struct slice name);

#endif
