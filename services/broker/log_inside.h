/* log_inside.h - what log.c, log_marks.c and log_verify.c share; nobody else includes it. */
#ifndef SERVICES_BROKER_LOG_INSIDE_H
#define SERVICES_BROKER_LOG_INSIDE_H

#include "common/db.h"
#include "services/broker/log.h"
#include "services/broker/log_seal.h"
#include "services/broker/marks.h"

enum { LOG_PATH_BYTES = 512 };

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    INSERT,
    READ,
    PUBLISHER_GET,
    PUBLISHER_PUT,
    TOPIC_GET,
    TOPIC_PUT,
    FOLDED_PUT,
    NOTE_PUT,
    NOTE_DROP,
    NOTES,
    SEAL_PUT,
    STATEMENTS
};

struct commit {
    uint64_t seq;
};

struct log {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct log_head head, committed, durable; /* appended; behind COMMIT; flushed */
    bool open, writing;
    uint64_t folded; /* up to this record the marks are written down */
    struct pending *pending;
    struct marks publishers, topics;
    struct seal seal, sealing; /* as on disk; and as it is being written */
    struct commit token;
    struct checkpoint *checkpoint; /* NULL in memory */
    struct wal *wal;               /* likewise */
    struct worker *flusher;        /* of that WAL */
    bool flushing;                 /* it was told to, and log_commit_end has not been called since */
    int wal_pages, finish_pages, finish_from, flush_apart;
    char path[LOG_PATH_BYTES];
};

/* The columns of every statement that gives records, in the order row_record reads them. */
#define LOG_COLUMNS "seq, at_ms, chain, publisher, epoch, number, topic, envelope"

/* Read the current row into `out` and check that it is the next one behind `place`, with the link that
 * follows from the bytes. Slices live until the statement moves. ERR_CORRUPT. */
enum err log_row(sqlite3_stmt *row, const struct log_place *place, struct record *out, struct why *why);

/* The last LOG_TAIL links up to the record that is folded, and the rows of the publishers and topics that
 * appear there; *folded gets its place. */
enum err log_verify_tail(sqlite3 *db, uint64_t *folded, struct why *why);

/* Add SQLite's own sentence to an error of a statement. */
enum err log_told(struct log *log, enum err e, struct why *why);
enum err log_run(struct log *log, enum statement which, struct why *why);
/* The stored link of one row, not checked against anything. */
enum err log_stored_link(struct log *log, uint64_t seq, struct hash *out, struct why *why);

/* Records wait to be written by one statement, at the latest when the transaction is. */
enum err pending_open(sqlite3 *db, struct pending **out, struct why *why);
void pending_close(struct pending **p);
void pending_drop(struct pending *p);
/* A thread of its own computes the running hashes of many records. ERR_NOMEM. */
enum err pending_hash_apart(struct pending *p, struct why *why);
/* The running hash of every publisher takes in what was appended. */
void log_hash_pending(struct log *log);
/* Publisher and topic of the record are names of marks. On an error the transaction is rolled back. */
enum err log_pend(struct log *log, const struct record *r, struct mark *publisher, struct why *why);
enum err log_write_pending(struct log *log, struct why *why);

enum err log_find_publisher(struct log *log, struct slice publisher, uint64_t epoch, struct mark **out,
                            struct why *why);
enum err log_find_topic(struct log *log, struct slice topic, struct mark **out, struct why *why);
/* The record is the latest of its publisher and topic. */
void log_mark(struct log *log, const struct record *r, struct mark *publisher, struct mark *topic);
/* Fold what came after the folded record: every link of it is checked. */
enum err log_fold_tail(struct log *log, struct why *why);
/* Write the marks down, inside the transaction. */
enum err log_write_marks(struct log *log, struct why *why);
/* The transaction is on disk, and the marks with it when they were written. */
void log_marks_hold(struct log *log, bool written);

#endif
