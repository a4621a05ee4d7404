/* fault_shim.c - preloaded into a real program: records its disk, lets it fail, or breaks a promise on
 * purpose.
 *
 *   OCOP_FAULT_RECORD=FILE  OCOP_FAULT_OF=DATABASE   write down what becomes of this database (fault_vfs.h),
 * with what the process says to others in between OCOP_FAULT_FAIL=KIND:N:CODE:ERRNO:MANY           let it
 * fail; KIND is the number of an enum fault_kind OCOP_FAULT_PAGES=N                               move the
 * WAL into the file from so many pages
 *
 * and the deliberate mistakes, by which a test proves that it would see them:
 *
 *   OCOP_FAULT_WEAK=normal | off | early             synchronous=NORMAL or OFF; or commit only after the
 * answer OCOP_FAULT_SKIP=N:TEXT                           the N-th step of a statement that begins with TEXT
 * does nothing
 */
#include "tests/faults/fault_vfs.h"

#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static enum { WEAK_NOT, WEAK_NORMAL, WEAK_OFF, WEAK_EARLY } weak;
static const char *skip_text;
static long skip_left;
static int pages;
static sqlite3_stmt *owed;     /* a COMMIT that was answered and not done */
static sqlite3 *owed_db;       /* the same, of sqlite3_exec */
static _Thread_local int ours; /* calls that SQLite makes for itself */

__attribute__((constructor)) static void arm(void)
{
    const char *record = getenv("OCOP_FAULT_RECORD"), *of = getenv("OCOP_FAULT_OF");
    const char *fail = getenv("OCOP_FAULT_FAIL"), *how = getenv("OCOP_FAULT_WEAK"),
               *skip = getenv("OCOP_FAULT_SKIP");
    int kind, code, number;
    long n, many;

    if (record || fail) fault_vfs_install();
    if (record && of && !fault_record(record, of)) abort();
    if (fail) {
        if (sscanf(fail, "%d:%ld:%d:%d:%ld", &kind, &n, &code, &number, &many) != 5) abort();
        fault_arm((enum fault_kind)kind, n, code, number, many);
    }
    if (getenv("OCOP_FAULT_PAGES")) pages = atoi(getenv("OCOP_FAULT_PAGES"));
    if (how && strcmp(how, "normal") == 0) weak = WEAK_NORMAL;
    if (how && strcmp(how, "off") == 0) weak = WEAK_OFF;
    if (how && strcmp(how, "early") == 0) weak = WEAK_EARLY;
    if (skip && strchr(skip, ':')) {
        skip_left = atol(skip);
        skip_text = strchr(skip, ':') + 1;
    }
}

/* ISO C has no cast from an object's address to a function's; POSIX promises that the bytes are the same. */
#define REAL(name)                                                                                           \
    __extension__({                                                                                          \
        void *symbol = dlsym(RTLD_NEXT, #name);                                                              \
        __typeof__(&name) real;                                                                              \
        memcpy(&real, &symbol, sizeof real);                                                                 \
        real;                                                                                                \
    })

static bool begins(const char *text, const char *with)
{
    return text && strncmp(text, with, strlen(with)) == 0;
}

/* --- SQLite --- */

int sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *vfs)
{
    /* Gathering the WAL is for flushed commits alone: without a flush nothing would be written in time. */
    const char *layer = weak == WEAK_NORMAL || weak == WEAK_OFF ? NULL : vfs;
    int rc = REAL(sqlite3_open_v2)(path, db, flags, layer);

    if (rc == SQLITE_OK && pages) sqlite3_wal_autocheckpoint(*db, pages);
    return rc;
}

/* SQLite's own exec steps through us too. */
static void run(sqlite3 *db, const char *sql)
{
    ours++;
    REAL(sqlite3_exec)(db, sql, NULL, NULL, NULL);
    ours--;
}

static void before_begin(sqlite3 *db)
{
    if (owed && sqlite3_db_handle(owed) == db) {
        REAL(sqlite3_step)(owed);
        sqlite3_reset(owed);
        owed = NULL;
    }
    if (owed_db == db) {
        run(db, "COMMIT");
        owed_db = NULL;
    }
    if (weak == WEAK_NORMAL) run(db, "PRAGMA synchronous=NORMAL");
    if (weak == WEAK_OFF) run(db, "PRAGMA synchronous=OFF");
}

int sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *context,
                 char **error)
{
    int rc;

    if (weak && begins(sql, "BEGIN")) before_begin(db);
    if (weak == WEAK_EARLY && strcmp(sql, "COMMIT") == 0) {
        owed_db = db;
        return SQLITE_OK;
    }
    ours += weak == WEAK_EARLY;
    rc = REAL(sqlite3_exec)(db, sql, each, context, error);
    ours -= weak == WEAK_EARLY;
    return rc;
}

int sqlite3_step(sqlite3_stmt *s)
{
    const char *sql = weak || skip_text ? sqlite3_sql(s) : NULL;

    if (skip_text && begins(sql, skip_text) && skip_left > 0 && --skip_left == 0) return SQLITE_DONE;
    if (ours) return REAL(sqlite3_step)(s);
    if (weak && begins(sql, "BEGIN")) before_begin(sqlite3_db_handle(s));
    if (weak == WEAK_EARLY && begins(sql, "COMMIT")) {
        owed = s;
        return SQLITE_DONE;
    }
    return REAL(sqlite3_step)(s);
}

int sqlite3_finalize(sqlite3_stmt *s)
{
    if (s && s == owed) {
        REAL(sqlite3_step)(owed);
        owed = NULL;
    }
    return REAL(sqlite3_finalize)(s);
}

int sqlite3_close(sqlite3 *db)
{
    if (db && db == owed_db) before_begin(db);
    return REAL(sqlite3_close)(db);
}

int sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *log, int *done)
{
    if (weak == WEAK_EARLY) before_begin(db);
    return REAL(sqlite3_wal_checkpoint_v2)(db, name, mode, log, done);
}

/* --- what is said --- */

int zmq_msg_send(zmq_msg_t *msg, void *socket, int flags)
{
    const unsigned char *bytes = zmq_msg_data(msg);
    size_t size = zmq_msg_size(msg);

    /* Only bodies: an array that begins with a word. */
    if (size > 4 && (bytes[0] & 0xf0) == 0x90 && (bytes[1] & 0xe0) == 0xa0) fault_said(bytes, size);
    return REAL(zmq_msg_send)(msg, socket, flags);
}
