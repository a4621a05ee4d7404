/* log_seal.h - a seal over the rows beside the log: how far each publisher is, and where each topic was last.
 *
 * The chain vouches for records and not for these rows, which are read alone: a publisher welcomed with a
 * wrong number would send again what is there, or leave a hole. The seal is the exclusive or of a hash of
 * each row, so a commit changes it without reading the others, and opening checks all rows at once.
 */
#ifndef SERVICES_BROKER_LOG_SEAL_H
#define SERVICES_BROKER_LOG_SEAL_H

#include "common/db.h"

struct seal {
    struct hash publishers, topics;
};

/* The hash of one row. */
struct hash seal_publisher(struct slice publisher, uint64_t epoch, uint64_t number, uint64_t seq,
                           const struct hash *running);
struct hash seal_topic(struct slice topic, uint64_t seq);
/* Put a row's hash into the seal, or take it out. */
void seal_turn(struct hash *seal, const struct hash *row);

/* What all rows give together. */
enum err seal_of_rows(sqlite3 *db, struct seal *out, struct why *why);
/* What the log has; ERR_CORRUPT when it is not what all rows give. */
enum err seal_check(sqlite3 *db, struct seal *out, struct why *why);
/* Is this table one that a log of version 1 does not have? */
bool seal_is_of_version_2(struct slice table);
/* A log of version 1 has none, and its rows are up to its head: make the tables of version 2 from its rows,
 * which have been verified. */
enum err seal_make(sqlite3 *db, struct why *why);

#endif
