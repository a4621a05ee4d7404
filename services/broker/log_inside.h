/* log_inside.h - what log.c and log_verify.c share; nobody else includes it. */
#ifndef SERVICES_BROKER_LOG_INSIDE_H
#define SERVICES_BROKER_LOG_INSIDE_H

#include "common/db.h"
#include "services/broker/log.h"

/* The columns of every statement that gives records, in the order row_record reads them. */
#define LOG_COLUMNS "seq, at_ms, chain, publisher, epoch, number, topic, envelope"

/* Read the current row into `out` and check that it is the next one behind `place`, with the link that
 * follows from the bytes. Slices live until the statement moves. ERR_CORRUPT. */
enum err log_row(sqlite3_stmt *row, const struct log_place *place, struct record *out, struct why *why);

/* The last LOG_TAIL links up to `head`, and the rows of the publishers and topics that appear there. */
enum err log_verify_tail(sqlite3 *db, uint64_t head, struct why *why);

#endif
