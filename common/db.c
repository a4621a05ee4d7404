#include "common/db.h"

#include "common/db_wal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { DB_BUSY_MS = 5000, DB_JOURNAL_BYTES = 64 * 1024 * 1024, DB_RESERVE_SHARE = 64 };

/* --- errors --- */

/* A full disk, a quota, or a file that may not grow, that SQLite calls an I/O error: the system's number
 * tells. SQLite keeps that number for some calls and not for COMMIT, so errno is looked at too, which our
 * calls clear before they begin. A failed flush is never want of room, whatever its number: the system may
 * have given up on the bytes, and trying again would only seem to help. */
static bool system_says_full(sqlite3 *db, int system)
{
    int code = db ? sqlite3_extended_errcode(db) : SQLITE_OK, kept = db ? sqlite3_system_errno(db) : 0;

    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) return false;
    return system == ENOSPC || system == EDQUOT || system == EFBIG || kept == ENOSPC || kept == EDQUOT ||
           kept == EFBIG;
}

static enum err meaning(sqlite3 *db, int rc)
{
    const int system = errno;

    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_NONE;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_CONSTRAINT:
        return ERR_INVALID;
    case SQLITE_IOERR:
        if ((rc & ~0xff ? rc : sqlite3_extended_errcode(db)) == SQLITE_IOERR_NOMEM) return ERR_NOMEM;
        return system_says_full(db, system) ? ERR_FULL : ERR_IO;
    default:
        return ERR_IO;
    }
}

enum err db_err(sqlite3 *db, int rc, struct why *why)
{
    enum err e = meaning(db, rc);

    return why_set(why, e, "STORE", "the store answers: %s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

/* --- opening --- */

/* Write each byte of an open file again. */
static bool write_again(int fd)
{
    char bytes[64 * 1024];
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, bytes, sizeof bytes, at)) > 0) {
        if (pwrite(fd, bytes, (size_t)n, at) != n) return false;
        at += n;
    }
    return n == 0 && fsync(fd) == 0;
}

enum err db_renew_wal(const char *path, struct why *why)
{
    char *name = sqlite3_mprintf("%s-wal", path);
    int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    enum err e = name ? ERR_NONE : ERR_NOMEM;

    /* What cannot be opened is SQLite's to complain of. */
    if (fd >= 0 && !write_again(fd))
        e = why_set(why, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO, "STORE",
                    "cannot write %s again: %s", name, strerror(errno));
    if (fd >= 0) close(fd);
    sqlite3_free(name);
    return e;
}

/* Whether the disk has so much space that nobody misses these bytes. */
static bool roomy(int fd, size_t bytes)
{
    struct statvfs fs;

    return fstatvfs(fd, &fs) == 0 &&
           (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize / DB_RESERVE_SHARE >= (uint64_t)bytes;
}

void db_reserve_wal(const char *path, size_t bytes)
{
    static const char zeros[64 * 1024];
    char *name = sqlite3_mprintf("%s-wal", path);
    int fd = name ? open(name, O_WRONLY | O_CLOEXEC) : -1;
    struct stat st;
    bool good = fd >= 0 && fstat(fd, &st) == 0 && roomy(fd, bytes);

    for (off_t at = good ? st.st_size : 0; good && at < (off_t)bytes; at += (off_t)sizeof zeros)
        good = pwrite(fd, zeros, sizeof zeros, at) == (ssize_t)sizeof zeros;
    if (good) (void)fdatasync(fd);
    if (fd >= 0) close(fd);
    sqlite3_free(name);
}

/* `pragma` gives one text or number; it must be one of the two. */
static enum err read_back(sqlite3 *db, const char *pragma, const char *one, const char *other,
                          struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(db, pragma, &s, why);

    if (!e) e = db_step(s, &row);
    if (!e && (!row || (!slice_is(db_text(s, 0), one) && !slice_is(db_text(s, 0), other))))
        e = why_set(why, ERR_IO, "STORE", "%s does not hold: it must be %s", pragma, one);
    /* To its end: what journal_mode changes in the file is committed behind its row, and that may fail. */
    while (!e && row)
        e = db_step(s, &row);
    if (e) (void)why_set(why, e, "STORE", "%s: %s", pragma, sqlite3_errmsg(db));
    sqlite3_finalize(s);
    return e;
}

static enum err set_pragmas(sqlite3 *db, enum db_mode mode, struct why *why)
{
    char *limit = NULL;
    enum err e =
        db_exec(db, "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL;", why);

    if (!e && mode == DB_WRITE) {
        limit = sqlite3_mprintf("PRAGMA page_size=%d; PRAGMA journal_size_limit=%d;", DB_PAGE_BYTES,
                                DB_JOURNAL_BYTES);
        e = limit ? db_exec(db, limit, why) : ERR_NOMEM;
        /* A store in memory has no journal file: it answers "memory". */
        if (!e) e = read_back(db, "PRAGMA journal_mode=WAL", "wal", "memory", why);
    }
    if (!e) e = read_back(db, "PRAGMA synchronous", "2", "2", why);
    if (!e) e = read_back(db, "PRAGMA foreign_keys", "1", "1", why);
    /* Reading the schema finds a file that is no store, also when nothing is written. */
    if (!e) e = db_exec(db, "SELECT count(*) FROM sqlite_schema", why);
    sqlite3_free(limit);
    return e;
}

static enum err open_as(const char *name, int flags, enum db_mode mode, sqlite3 **out, struct why *why)
{
    sqlite3 *db = NULL;
    enum err e;
    int rc;

    errno = 0;
    rc = sqlite3_open_v2(name, &db, flags | SQLITE_OPEN_NOMUTEX, mode == DB_WRITE ? db_wal_layer() : NULL);
    e = db_err(db, rc, why);
    if (!e) e = db_err(db, sqlite3_busy_timeout(db, DB_BUSY_MS), why);
    /* Plans do not hang on what is bound: else a statement that a partial index might serve is prepared anew
     * for each value. */
    if (!e) e = db_err(db, sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, (int *)NULL), why);
    if (!e) e = set_pragmas(db, mode, why);
    if (e)
        db_close(&db);
    else
        *out = db;
    return e;
}

/* Nobody can write there, so nobody does: SQLite then needs no files beside the database. But a WAL beside it
 * would not be read, and what is in it is a part of the database. */
static enum err open_unwritable(const char *path, sqlite3 **out, struct why *why)
{
    char *wal = sqlite3_mprintf("%s-wal", path), *name = NULL;
    struct stat st;
    enum err e = wal ? ERR_NONE : ERR_NOMEM;

    if (!e && strpbrk(path, "?#%"))
        e = why_set(why, ERR_CONFIG, "STORE", "its path has one of ? # %% in it; give it another name");
    if (!e && stat(wal, &st) == 0 && st.st_size > 0)
        e = why_set(why, ERR_IO, "STORE",
                    "the disk cannot be written, and %s is still to be moved into the database; copy both to "
                    "another disk and read them there",
                    wal);
    if (!e) name = sqlite3_mprintf("file:%s?immutable=1", path);
    if (!e && !name) e = ERR_NOMEM;
    if (!e) e = open_as(name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, DB_READ, out, why);
    sqlite3_free(wal);
    sqlite3_free(name);
    return e;
}

static bool disk_is_read_only(const char *path)
{
    struct statvfs fs;

    return statvfs(path, &fs) == 0 && (fs.f_flag & ST_RDONLY);
}

enum err db_open(const char *path, enum db_mode mode, sqlite3 **out, struct why *why)
{
    int flags = mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    struct why inner = { .code = "" };
    enum err e;

    if (mode == DB_READ && disk_is_read_only(path))
        e = open_unwritable(path, out, &inner);
    else
        e = open_as(path, flags, mode, out, &inner);
    if (!e) return ERR_NONE;
    return why_set(why, e, "STORE", "cannot open %s: %s", path,
                   inner.sentence[0] ? inner.sentence : err_sentence(e));
}

void db_close(sqlite3 **db)
{
    int rc = db && *db ? sqlite3_close(*db) : SQLITE_OK;

    assert(rc == SQLITE_OK && "a statement was not finalized");
    (void)rc;
    if (db) *db = NULL;
}

enum err db_exec(sqlite3 *db, const char *sql, struct why *why)
{
    errno = 0;
    return db_err(db, sqlite3_exec(db, sql, NULL, NULL, NULL), why);
}

enum err db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct why *why)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL);

    if (rc == SQLITE_OK) *out = s;
    return db_err(db, rc, why);
}

enum err db_prepare_all(sqlite3 *db, const char *const *sql, size_t count, sqlite3_stmt **out,
                        struct why *why)
{
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < count; i++)
        if (sql[i]) e = db_prepare(db, sql[i], &out[i], why);
    return e;
}

void db_finalize_all(sqlite3_stmt **statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sqlite3_finalize(statements[i]);
        statements[i] = NULL;
    }
}

enum err db_checkpoint(sqlite3 *db, int mode, struct why *why)
{
    int rc;

    errno = 0;
    rc = sqlite3_wal_checkpoint_v2(db, NULL, mode, NULL, NULL);
    if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
        return why_set(why, ERR_AGAIN, "STORE", "the store answers: %s", sqlite3_errmsg(db));
    return db_err(db, rc, why);
}

/* --- stepping --- */

enum err db_run(sqlite3_stmt *s)
{
    enum err e;
    int rc;

    errno = 0;
    rc = sqlite3_step(s);
    e = rc == SQLITE_ROW ? ERR_PROMISE : meaning(sqlite3_db_handle(s), rc);

    db_done(s);
    return e;
}

enum err db_step(sqlite3_stmt *s, bool *row)
{
    enum err e;
    int rc;

    errno = 0;
    rc = sqlite3_step(s);
    e = meaning(sqlite3_db_handle(s), rc);
    *row = rc == SQLITE_ROW;
    if (!*row) db_done(s);
    return e;
}

void db_done(sqlite3_stmt *s)
{
    if (!s) return;
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
}
