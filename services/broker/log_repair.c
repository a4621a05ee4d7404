/* log_repair.c - restore a damaged log from a copy of the same past.
 *
 * A new file is written from the beginning: each record from the damaged log if its link follows, else from
 * the copy if its link follows. So nothing gets in that the chain does not vouch for, on either side.
 * Numbers, running hashes and topics are computed anew. The damaged file is kept.
 */
#include "services/broker/log_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 600, COMMIT_RECORDS = 1000, PAGE_BYTES_MAX = 65536, HEADER_BYTES = 100 };

static const char one_sql[] = "SELECT " LOG_COLUMNS " FROM log WHERE seq = ?";

/* One of the two logs; db NULL when it cannot be opened at all. */
struct source {
    sqlite3 *db;
    sqlite3_stmt *one;
};

static void source_close(struct source *s)
{
    sqlite3_finalize(s->one);
    s->one = NULL;
    db_close(&s->db);
}

static enum err source_open(struct source *s, const char *path, struct why *why)
{
    enum err e = db_open(path, DB_READ, &s->db, why);

    if (!e) e = db_prepare(s->db, one_sql, &s->one, why);
    if (e) source_close(s);
    return e;
}

/* The record behind `place`, if it is there and its link follows. *there: there is some row. The record lives
 * until the next call. Only want of memory is an error: everything else is damage. */
static enum err source_record(struct source *s, const struct log_place *place, struct record *out,
                              bool *there, bool *good)
{
    struct why ignored = { 0 };
    enum err e;

    *there = *good = false;
    if (!s->db) return ERR_NONE;
    db_done(s->one);
    db_bind_u64(s->one, 1, place->seq + 1);
    e = db_step(s->one, there);
    if (!e && *there) e = log_row(s->one, place, out, &ignored);
    *good = !e && *there;
    *there |= e == ERR_CORRUPT;
    return e == ERR_NOMEM ? e : ERR_NONE;
}

static int64_t source_number(struct source *s, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t value = 0;
    bool row = false;

    if (s->db && !db_prepare(s->db, sql, &q, NULL) && !db_step(q, &row) && row) value = db_i64(q, 0);
    sqlite3_finalize(q);
    return value;
}

/* How long was it? The records, as far as they can be read, and both notes beside them. One of them may be
 * damaged, so the second largest is believed. */
static uint64_t source_length(struct source *s)
{
    const int64_t n[3] = { source_number(s, "SELECT seq FROM log ORDER BY seq DESC LIMIT 1"),
                           source_number(s, "SELECT max(last_seq) FROM publisher"),
                           source_number(s, "SELECT max(last_seq) FROM topic") };
    const int64_t low = n[0] < n[1] ? n[0] : n[1], high = n[0] < n[1] ? n[1] : n[0];
    const int64_t second = n[2] > high ? high : n[2] < low ? low : n[2];

    return second > 0 ? (uint64_t)second : 0;
}

/* --- a first page that cannot be read --- */

static enum err copy_file(const char *from, const char *to, struct why *why)
{
    char bytes[64 * 1024];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    ssize_t n = -1;

    while (in >= 0 && out >= 0 && (n = read(in, bytes, sizeof bytes)) > 0)
        if (write(out, bytes, (size_t)n) != n) break;
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    if (n == 0) return ERR_NONE;
    return why_set(why, ERR_IO, "IO", "cannot copy %s to %s: %s", from, to, strerror(errno));
}

static size_t page_bytes(const unsigned char *header)
{
    size_t size = (size_t)header[16] << 8 | header[17];

    return size == 1 ? PAGE_BYTES_MAX : size;
}

/* All logs of one version begin with the same first page, but for counters: lend the copy's to `path`. What
 * is read through it must still follow its chain. */
static enum err lend_first_page(const char *path, const char *copy, struct why *why)
{
    unsigned char *page = malloc(PAGE_BYTES_MAX);
    int from = open(copy, O_RDONLY | O_CLOEXEC), to = open(path, O_RDWR | O_CLOEXEC);
    off_t size = to >= 0 ? lseek(to, 0, SEEK_END) : -1;
    enum err e = page ? ERR_NONE : ERR_NOMEM;
    ssize_t n = !e && from >= 0 ? pread(from, page, PAGE_BYTES_MAX, 0) : -1;

    if (!e && (n < HEADER_BYTES || page_bytes(page) < 512 || n < (ssize_t)page_bytes(page) || size < n / 2))
        e = why_set(why, ERR_CORRUPT, "COPY", "%s is no log", copy);
    if (!e) {
        const uint64_t pages = (uint64_t)size / page_bytes(page);

        for (int i = 0; i < 4; i++) {
            page[28 + i] = (unsigned char)(pages >> (24 - 8 * i));
            page[92 + i] = page[24 + i]; /* the size in the header counts for this change */
            page[32 + i] = page[36 + i] = 0;
        }
        if (pwrite(to, page, page_bytes(page), 0) != (ssize_t)page_bytes(page)) e = ERR_IO;
    }
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    free(page);
    return e;
}

static enum err open_damaged(struct source *s, const char *path, const char *copy, const char *scratch,
                             struct why *why)
{
    struct why ignored = { 0 };
    enum err e = source_open(s, path, &ignored);

    if (!e && source_number(s, "SELECT count(*) FROM sqlite_schema")) return ERR_NONE;
    source_close(s);
    if (e == ERR_NOMEM) return e;
    e = copy_file(path, scratch, why);
    if (!e) e = lend_first_page(scratch, copy, why);
    if (!e && source_open(s, scratch, &ignored) == ERR_NOMEM) e = ERR_NOMEM;
    return e; /* still not opened: everything comes from the copy */
}

/* --- record by record --- */

struct repair {
    struct source mine, copy;
    struct log *out;
    struct log_place place;
    struct log_repaired *done;
    uint64_t length; /* of the damaged log, as far as known */
    uint64_t in_transaction;
};

static enum err keep(struct repair *r, const struct record *rec, struct why *why)
{
    const struct log_event event = { rec->publisher, rec->topic, rec->envelope, rec->epoch, rec->at_ms };
    const struct commit *token = NULL;
    struct log_stored stored;
    struct log_head head;
    enum err e;

    if (rec->at_ms < log_head(r->out).at_ms)
        return why_set(why, ERR_CORRUPT, "CORRUPT", "at record %" PRIu64 " time goes back", rec->seq);
    e = log_append(r->out, &event, &stored, why);
    if (e) return e;
    head = log_head(r->out);
    if (!hash_equal(&rec->chain, &head.chain))
        return why_set(why, ERR_CORRUPT, "CORRUPT",
                       "record %" PRIu64 " does not have its publisher's next number", rec->seq);
    r->place = (struct log_place){ rec->seq, rec->chain };
    if (++r->in_transaction < COMMIT_RECORDS) return ERR_NONE;
    r->in_transaction = 0;
    return log_commit(r->out, &token, why);
}

static void note_restored(struct log_repaired *done, uint64_t seq)
{
    struct log_range *last = done->range_count ? &done->ranges[done->range_count - 1] : NULL;

    done->restored++;
    if (last && (last->last == seq - 1 || done->range_count == LOG_RANGES_MAX))
        last->last = seq;
    else
        done->ranges[done->range_count++] = (struct log_range){ seq, seq };
}

static enum err neither(const struct repair *r, bool copy_there, struct why *why)
{
    const uint64_t seq = r->place.seq + 1;

    if (copy_there && seq == 1)
        return why_set(why, ERR_DIVERGED, "OTHER_PAST",
                       "the copy has another past: its first record does not fit");
    if (copy_there)
        return why_set(why, ERR_DIVERGED, "OTHER_PAST",
                       "the copy has another past, or is damaged too: its record %" PRIu64
                       " does not follow from record %" PRIu64,
                       seq, seq - 1);
    return why_set(why, ERR_NOT_FOUND, "COPY_TOO_SHORT",
                   "record %" PRIu64 " is damaged, and the copy ends before it; the log had %" PRIu64
                   " records: find a longer copy",
                   seq, r->length);
}

/* *more: there was a record. */
static enum err next(struct repair *r, bool *more, struct why *why)
{
    bool mine_there, mine_good, copy_there, copy_good;
    struct record mine, copy;
    enum err e = source_record(&r->mine, &r->place, &mine, &mine_there, &mine_good);

    if (!e) e = source_record(&r->copy, &r->place, &copy, &copy_there, &copy_good);
    if (e) return e;
    *more = mine_good || copy_good;
    if (mine_good && copy_good && !hash_equal(&mine.chain, &copy.chain))
        return why_set(why, ERR_DIVERGED, "OTHER_PAST",
                       "the copy has another past from record %" PRIu64 " on", mine.seq);
    if (mine_good && copy_there && !copy_good)
        return why_set(why, ERR_DIVERGED, "OTHER_PAST",
                       "the copy has another past, or is damaged too, at record %" PRIu64, mine.seq);
    if (mine_good) return keep(r, &mine, why);
    if (!copy_good)
        return mine_there || copy_there || r->place.seq < r->length ? neither(r, copy_there, why) : ERR_NONE;
    note_restored(r->done, copy.seq);
    return keep(r, &copy, why);
}

static enum err write_all(struct repair *r, struct why *why)
{
    const struct commit *token = NULL;
    bool more = true;
    enum err e = ERR_NONE;

    while (!e && more)
        e = next(r, &more, why);
    if (!e) e = log_commit(r->out, &token, why);
    r->done->records = r->place.seq;
    return e;
}

/* --- files --- */

static void remove_beside(const char *path)
{
    static const char *const endings[] = { "-wal", "-shm" };
    char name[PATH_BYTES + 32];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

static void remove_log(const char *path)
{
    unlink(path);
    remove_beside(path);
}

static enum err flush_folder(const char *path, struct why *why)
{
    char folder[PATH_BYTES];
    int fd;
    bool flushed;

    snprintf(folder, sizeof folder, "%s", path);
    fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    flushed = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    return flushed ? ERR_NONE : why_set(why, ERR_IO, "IO", "cannot flush the folder of %s", path);
}

static enum err move(const char *path, const char *kept, const char *ending, struct why *why)
{
    char from[PATH_BYTES + 8], to[LOG_KEPT_BYTES + 8];

    snprintf(from, sizeof from, "%s%s", path, ending);
    snprintf(to, sizeof to, "%s%s", kept, ending);
    if (rename(from, to) == 0 || errno == ENOENT) return ERR_NONE;
    return why_set(why, ERR_IO, "IO", "cannot rename %s to %s: %s", from, to, strerror(errno));
}

/* A second name for the damaged file, PATH.damaged or the next with a number: what was kept before stays. */
static enum err keep_damaged(const char *path, char kept[LOG_KEPT_BYTES], struct why *why)
{
    snprintf(kept, LOG_KEPT_BYTES, "%s.damaged", path);
    for (int n = 2; link(path, kept) != 0; n++) {
        if (errno != EEXIST)
            return why_set(why, ERR_IO, "IO", "cannot keep %s as %s: %s", path, kept, strerror(errno));
        snprintf(kept, LOG_KEPT_BYTES, "%s.damaged-%d", path, n);
    }
    return ERR_NONE;
}

/* The damaged file is kept before the new one takes its place: there is always a log of that name, because a
 * broker that finds none begins an empty one. */
static enum err put_in_place(const char *path, const char *fresh, char kept[LOG_KEPT_BYTES], struct why *why)
{
    enum err e = keep_damaged(path, kept, why);

    if (!e) e = move(path, kept, "-wal", why);
    if (!e) e = move(path, kept, "-shm", why);
    if (!e && rename(fresh, path) != 0)
        e = why_set(why, ERR_IO, "IO", "cannot rename %s to %s: %s", fresh, path, strerror(errno));
    return e ? e : flush_folder(path, why);
}

enum err log_repair(const char *path, const char *copy, struct log_repaired *done, struct why *why)
{
    char fresh[PATH_BYTES], scratch[PATH_BYTES];
    const struct log_settings settings = { .path = fresh, .checkpoint_pages = 2000, .finish_pages = 8000 };
    struct repair r = { .done = done };
    uint64_t records = 0;
    enum err e;

    *done = (struct log_repaired){ 0 };
    if (strlen(path) > PATH_BYTES - 100)
        return why_set(why, ERR_CONFIG, "CONFIG", "the log's path is too long");
    if (access(path, F_OK) != 0) return why_set(why, ERR_NOT_FOUND, "NOT_FOUND", "there is no log %s", path);
    if (access(copy, F_OK) != 0) return why_set(why, ERR_NOT_FOUND, "NOT_FOUND", "there is no copy %s", copy);
    if (log_verify(path, &records, NULL) == ERR_NONE) {
        done->records = records;
        return ERR_NONE;
    }
    snprintf(fresh, sizeof fresh, "%s.repaired", path);
    snprintf(scratch, sizeof scratch, "%s.scratch", path);
    remove_log(fresh);
    e = source_open(&r.copy, copy, why);
    if (!e) e = open_damaged(&r.mine, path, copy, scratch, why);
    if (!e) r.length = source_length(&r.mine);
    if (!e) e = log_open(&settings, &r.out, why);
    if (!e) e = write_all(&r, why);
    log_close(&r.out);
    source_close(&r.mine);
    source_close(&r.copy);
    if (!e) e = log_verify(fresh, &records, why);
    remove_beside(fresh); /* reading leaves them, with nothing in them */
    if (!e) e = put_in_place(path, fresh, done->kept, why);
    remove_log(scratch);
    if (e) remove_log(fresh);
    return e;
}
