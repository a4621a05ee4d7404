/* log.h - the durable, totally ordered log: the truth, and the only thing the broker must not lose.
 *
 * This is the interface behind which another engine could stand; today it is SQLite (schema.sql). One thread
 * uses it. Readers see what is on disk and nothing else, also while something is appended.
 *
 * Each record ends a hash chain; a link is checked each time a record is read, so that a flipped bit or an
 * edited row is found, named, and never handed out.
 */
#ifndef SERVICES_BROKER_LOG_H
#define SERVICES_BROKER_LOG_H

#include "common/record.h"

enum {
    LOG_TAIL = 1000,             /* records whose links are checked at open, and all that are not folded */
    LOG_FOLD_EVERY = 4096,       /* records between two notes of how far each publisher and topic is */
    LOG_READ_RECORDS = 1000,     /* one read looks at no more records than this */
    LOG_READ_BYTES = 512 * 1024, /* nor at more bytes, but for a first record that is larger alone */
    LOG_VERSION = 2              /* 1 had no seal, and gets it when it is opened for writing */
};

struct log;

struct log_settings {
    const char *path;     /* the file; ":memory:" for tests */
    int checkpoint_pages; /* the checkpoint thread starts from so many pages in the WAL */
    int finish_pages;     /* the writer makes the WAL start over from so many */
    int flush_apart;      /* a commit of so many records is flushed by a thread of its own; 0: none is */
};

/* A place to go on from: behind record `seq`, whose link is `chain`. {0} is the beginning. */
struct log_place {
    uint64_t seq;
    struct hash chain;
};

struct log_head {
    uint64_t seq;  /* 0: empty */
    int64_t at_ms; /* of the last record; 0 when empty */
    struct hash chain;
};

/* How far a publisher is; all zero when it never stored anything. */
struct log_publisher {
    uint64_t number, seq;
    struct hash hash; /* running hash at `number` */
};

struct log_event {
    struct slice publisher, topic, envelope;
    uint64_t epoch;
    int64_t at_ms; /* not before the head's */
};

struct log_stored {
    uint64_t seq, number;
    uint64_t previous; /* the record before it with this very topic; 0: none */
};

/* Open or create for writing, and make sure that whatever is in it is on disk.
 *
 * ERR_CORRUPT  one of the last LOG_TAIL links is wrong, or a publisher's row does not fit the log: why names
 * the place ERR_CONFIG   made by another version ERR_IO, ERR_FULL, ERR_NOMEM
 */
enum err log_open(const struct log_settings *settings, struct log **out, struct why *why);
void log_close(struct log **log);

struct log_head log_head(const struct log *log);      /* with what is appended and not yet committed */
struct log_head log_committed(const struct log *log); /* the log keeps it unless the machine fails now */
struct log_head log_durable(const struct log *log);   /* on disk */
uint64_t log_uncommitted(const struct log *log);      /* so many records are appended, and not committed */
/* With what is appended and not yet committed. */
enum err log_publisher(struct log *log, struct slice publisher, uint64_t epoch, struct log_publisher *out,
                       struct why *why);
/* The same without its hash, which may have to be waited for. */
enum err log_place_of(struct log *log, struct slice publisher, uint64_t epoch, struct log_publisher *out,
                      struct why *why);
uint64_t log_bytes(const struct log *log); /* the file and what is used of its WAL */
uint64_t
log_wal_bytes(const struct log *log); /* grows without end only when somebody holds a read transaction */

/* Append one event; its number is the publisher's last plus one. Begins a transaction if there is none.
 * On any error the caller must log_rollback. ERR_FULL, ERR_IO, ERR_NOMEM. */
enum err log_append(struct log *log, const struct log_event *event, struct log_stored *out, struct why *why);
void log_rollback(struct log *log);

/* A note changes in the transaction of the events that say the same; an empty value takes it out. On any
 * error the caller must log_rollback. */
enum err log_note(struct log *log, struct slice name, struct slice value, struct why *why);
/* With what is not yet committed; slices live until `each` returns, which must not touch the log. */
typedef enum err (*log_note_each)(void *context, struct slice name, struct slice value);
enum err log_notes(struct log *log, log_note_each each, void *context, struct why *why);

/* Proof that everything up to commit_seq is on disk. Only log_commit makes one, and an acknowledgement is
 * only made from one. It is good until the next log_append. */
struct commit;
uint64_t commit_seq(const struct commit *token);

/* ERR_FULL: nothing of it is stored, and it may be tried again later. Any other error: nobody knows what is
 * on disk; stop acknowledging and exit. Without a transaction it proves what was there before. */
enum err log_commit(struct log *log, const struct commit **token, struct why *why);
/* The same in two halves, so that the next events can be taken while the disk works: after `begin` they may
 * be appended, and `end` must come before the next `begin`. Few events are on disk when `begin` returns; of
 * many, the flush goes on in a thread. On ERR_FULL nothing of what was to be committed is stored, and `end`
 * is still due for what was before. */
enum err log_commit_begin(struct log *log, struct why *why);
bool log_flushes_apart(const struct log *log);
bool log_flushing(const struct log *log, int64_t us); /* after so many us `end` would still have to wait */
enum err log_commit_end(struct log *log, const struct commit **token, struct why *why);

/* Housekeeping of the WAL between two commits. An error here means the same as one of log_commit. */
enum err log_tend(struct log *log, struct why *why);

/* What of the log somebody wants: topics that start with one of these; none means all. And what it may see:
 * `allows` NULL means everything. */
struct log_filter {
    const struct slice *prefixes;
    size_t count;
    bool (*allows)(const void *context, struct slice topic);
    const void *context;
};

/* One record; its slices live until this returns. Any error ends the read and is returned. */
typedef enum err (*log_take)(void *context, const struct record *record);

struct log_read_limit {
    size_t taken;   /* records handed to `take`, at most */
    size_t records; /* looked at, at most */
    size_t bytes;
};
struct log_read_done {
    size_t taken, looked_at;
};

/* Read on behind *place and move it over everything looked at. No read transaction outlives the call.
 * ERR_CORRUPT: a link is wrong, a record is missing or unreadable; why names it. *place then stands before
 * it. */
enum err log_read(struct log *log, struct log_place *place, const struct log_filter *filter,
                  const struct log_read_limit *limit, log_take take, void *context,
                  struct log_read_done *done, struct why *why);

/* The link at `seq` (0: zeros), itself checked. ERR_NOT_FOUND: behind the head. ERR_CORRUPT. */
enum err log_chain_at(struct log *log, uint64_t seq, struct hash *out, struct why *why);

/* Walk the whole log of `path`, which another process may be writing: every link, and every publisher's and
 * topic's row against what the log says. *records counts what was found good. ERR_CORRUPT (why names the
 * first bad place), ERR_NOT_FOUND (no such file), ERR_IO, ERR_NOMEM. */
enum err log_verify(const char *path, uint64_t *records, struct why *why);

enum { LOG_RANGES_MAX = 64, LOG_KEPT_BYTES = 640 };
struct log_range {
    uint64_t first, last;
};
struct log_repaired {
    uint64_t records, restored; /* in the log now; of them from the copy */
    struct log_range
        ranges[LOG_RANGES_MAX]; /* of what was restored; the last one takes in what has no room */
    size_t range_count;
    char kept[LOG_KEPT_BYTES]; /* where the damaged file is; "": nothing was damaged, nothing was touched */
};

/* Restore the log of `path`, which nobody may have open, from `copy`, a backup or a follower's log of the
 * same past. Each record is kept if its link follows, else taken from the copy if its link follows; the
 * damaged file stays beside it as PATH.damaged, or PATH.damaged-2 and so on where one was kept before. On an
 * error nothing has changed.
 *
 * ERR_DIVERGED   the copy has another past, or is damaged in the same place
 * ERR_NOT_FOUND  there is no such file, or the copy ends before the damage
 * ERR_CORRUPT, ERR_IO, ERR_FULL, ERR_NOMEM */
enum err log_repair(const char *path, const char *copy, struct log_repaired *done, struct why *why);

#endif
