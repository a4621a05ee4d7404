/* spool.h - what a publisher has said and will say, on its own disk; survives crashes, bad links and old
 * copies.
 *
 * Rows get their numbers when they come in, and are sent in that order. What the broker has is known from
 * WELCOME: the last number and the running hash over everything before. When the two do not fit, one side was
 * restored from an older copy: the spool reads the log again from its beginning (spool_search_begin), finds
 * by their ids which of its rows are there, and numbers the rest anew under an epoch of its own
 * (spool_search_end). Nothing is sent twice, nothing lost.
 *
 * One process at a time: the lock is a file beside the database.
 */
#ifndef SERVICES_CLI_SPOOL_H
#define SERVICES_CLI_SPOOL_H

#include "common/db.h"
#include "common/record.h"

enum { SPOOL_VERSION = 1 /* of its tables, in the file as user_version */ };

struct spool;

/* ERR_INVALID  the spool belongs to another publisher
 * ERR_PROMISE  another process holds it
 * ERR_CONFIG   a later release made it
 * ERR_IO, ERR_FULL, ERR_CORRUPT, ERR_NOMEM; why always has the file */
enum err spool_open(const char *path, const char *publisher, struct spool **out, struct why *why);
void spool_close(struct spool **sp);
const char *spool_publisher(const struct spool *sp);
const char *spool_path(const struct spool *sp);
uint64_t spool_epoch(const struct spool *sp);

enum err spool_begin(struct spool *sp, struct why *why);
enum err spool_commit(struct spool *sp, struct why *why);
void spool_rollback(struct spool *sp);

struct spool_row {
    struct slice file, event, type, topic, subject, envelope;
    struct slice about; /* what it speaks of, when a later row about the same replaces it; else empty */
    int64_t line, time_ms;
    bool fact; /* nobody answers it: stored is all it will be */
};

/* Give the row its number. *added false: its event id is here already, and nothing changed. Either way it is
 * among those spool_report tells of. Inside a transaction. */
enum err spool_add(struct spool *sp, const struct spool_row *row, bool *added, struct why *why);
bool spool_has(struct spool *sp, struct slice event);
/* This event is among those this call was given. */
enum err spool_said(struct spool *sp, struct slice event, struct why *why);
/* Was this event followed by another one about the same, not refused and not of this call? Then where. */
enum err spool_replaced(struct spool *sp, struct slice event, struct slice about, bool *replaced, char *file,
                        size_t size, int64_t *line, struct why *why);
/* Is this event here, and was it refused or returned? */
enum err spool_spurned(struct spool *sp, struct slice event, bool *spurned, struct why *why);
/* What is known of a row that was said before. */
struct spool_past {
    char file[256], gone_file[256]; /* where it was said; where its dossier was withdrawn since, if at all */
    int64_t line, gone_line;
    bool open, spurned; /* no verdict yet; refused or returned */
    int64_t held;       /* of a closing: products it left without result */
};
/* ERR_NOT_FOUND: it was not said before. */
enum err spool_past(struct spool *sp, struct slice event, struct spool_past *out, struct why *why);
/* Does anything this call was given still wait for its verdict? Then an earlier call was cut short. */
enum err spool_cut_short(struct spool *sp, bool *yes, struct why *why);
/* Tell of everything without a verdict (--resume), or of everything since a moment. */
enum err spool_report_open(struct spool *sp, struct why *why);
enum err spool_report_since(struct spool *sp, int64_t since_ms, struct why *why);

struct spool_counts {
    uint64_t waiting, stored, answered, refused; /* rows reported: waiting counts lost ones too */
};
enum err spool_counts(struct spool *sp, struct spool_counts *out, struct why *why);

/* --- the conversation --- */

/* Does what the broker has fit what we have said? *fits false: search. True: rows up to `last` are stored,
 * those behind it will be sent (again). */
enum err spool_welcome(struct spool *sp, uint64_t last, const struct hash *hash, bool *fits, struct why *why);
/* The next rows behind `after`, in order, at most `most` and about `bytes`; *count 0: none. Borrowed until
 * the next call. */
enum err spool_next(struct spool *sp, uint64_t after, size_t most, size_t bytes, struct slice *topics,
                    struct slice *envelopes, size_t *count, struct why *why);
enum err spool_stored(struct spool *sp, uint64_t last, struct why *why);
/* The broker will not have this row; the rows behind it move up. ERR_NOT_FOUND: no row waits with that
 * number. */
enum err spool_refused(struct spool *sp, uint64_t number, struct slice code, struct slice sentence,
                       struct why *why);

/* --- reading the log --- */

uint64_t spool_seq(const struct spool *sp, struct hash *chain);
/* One record of the log: ours, an outcome of ours, or neither. *news says that something was learnt. In a
 * transaction. */
enum err spool_heard(struct spool *sp, const struct record *rec, bool *news, struct why *why);
enum err spool_read_to(struct spool *sp, uint64_t seq, const struct hash *chain,
                       struct why *why); /* move the cursor */

bool spool_searching(const struct spool *sp);
enum err spool_search_begin(struct spool *sp, struct why *why);
/* The log is read to its head: number what is not in it under `epoch`. */
enum err spool_search_end(struct spool *sp, uint64_t epoch, struct why *why);

/* --- telling --- */

struct spool_outcome {
    struct slice type, data; /* data as JSON text */
};
struct spool_told {
    struct slice file, event, type, subject, state, code, sentence;
    int64_t line, seq, wanted, seen, time_ms;
    const struct spool_outcome *outcomes;
    size_t count;
};
typedef enum err (*spool_tell_fn)(void *context, const struct spool_told *row);
/* Every reported row, by file and line as they came in. */
enum err spool_tell(struct spool *sp, spool_tell_fn tell, void *context, struct why *why);
typedef enum err (*spool_stranger_fn)(void *context, uint64_t seq, struct slice event, struct slice topic);
enum err spool_strangers(struct spool *sp, spool_stranger_fn tell, void *context, struct why *why);

#endif
