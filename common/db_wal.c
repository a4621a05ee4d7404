#include "common/db_wal.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's own layer writes less than 128 KiB at once, whatever it is asked for. */
enum { GATHERED_BYTES = 120 * 1024 };

/* One open WAL; SQLite's file lies behind it in the same memory. */
struct wal {
    sqlite3_file base; /* SQLite's part stands first */
    sqlite3_file *real;
    sqlite3_int64 at; /* where the gathered bytes begin */
    int size;
    char *bytes;          /* GATHERED_BYTES, from the first write on */
    bool later;           /* a commit's flush is left owed */
    bool renewed;         /* since the last flush its head was written */
    pthread_mutex_t lock; /* over what follows */
    int owed;             /* the flags of a flush; 0: none is */
    int failed;           /* SQLite's code of a flush that failed; no later one makes it good */
};

static sqlite3_vfs layer, *under;

static struct wal *wal_of(sqlite3_file *base)
{
    return (struct wal *)(void *)base;
}

/* What cannot be written is given up: it belongs to a transaction that nobody was told of. */
static int put_down(struct wal *f)
{
    const int size = f->size;

    f->size = 0;
    return size ? f->real->pMethods->xWrite(f->real, f->bytes, size, f->at) : SQLITE_OK;
}

/* Under the lock. */
static int flush(struct wal *f, int flags)
{
    if (!f->failed) f->failed = f->real->pMethods->xSync(f->real, flags);
    f->owed = 0;
    return f->failed;
}

/* What is owed; when another thread is at it, this waits for its end. */
static int pay(struct wal *f)
{
    int rc;

    pthread_mutex_lock(&f->lock);
    rc = f->owed ? flush(f, f->owed) : f->failed;
    pthread_mutex_unlock(&f->lock);
    return rc;
}

static int wal_close(sqlite3_file *base)
{
    struct wal *f = wal_of(base);
    int rc = put_down(f), paid = pay(f), closed = f->real->pMethods->xClose(f->real);

    free(f->bytes);
    f->bytes = NULL;
    pthread_mutex_destroy(&f->lock);
    return rc ? rc : paid ? paid : closed;
}

static int wal_read(sqlite3_file *base, void *to, int size, sqlite3_int64 at)
{
    struct wal *f = wal_of(base);
    int rc = put_down(f);

    return rc ? rc : f->real->pMethods->xRead(f->real, to, size, at);
}

static int wal_write(sqlite3_file *base, const void *from, int size, sqlite3_int64 at)
{
    struct wal *f = wal_of(base);
    int rc = SQLITE_OK;

    f->renewed |= at == 0;
    if (!f->bytes) f->bytes = malloc(GATHERED_BYTES);
    if (f->size && (at != f->at + f->size || size > GATHERED_BYTES - f->size)) rc = put_down(f);
    if (rc) return rc;
    if (!f->bytes || size > GATHERED_BYTES) return f->real->pMethods->xWrite(f->real, from, size, at);
    if (f->size == 0) f->at = at;
    memcpy(f->bytes + f->size, from, (size_t)size);
    f->size += size;
    return SQLITE_OK;
}

static int wal_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct wal *f = wal_of(base);
    int rc = put_down(f);

    return rc ? rc : f->real->pMethods->xTruncate(f->real, size);
}

/* The head of a WAL that starts over must be on disk before any page overwrites an older one: under the old
 * head, what was left of those would be believed. SQLite flushes it by itself, so that flush is never left
 * owed. */
static int wal_sync(sqlite3_file *base, int flags)
{
    struct wal *f = wal_of(base);
    int rc = put_down(f);

    if (rc) return rc;
    pthread_mutex_lock(&f->lock);
    if (f->later && !f->renewed && !f->owed && !f->failed)
        f->owed = flags;
    else
        rc = flush(f, flags);
    pthread_mutex_unlock(&f->lock);
    f->renewed = false;
    return rc;
}

static int wal_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct wal *f = wal_of(base);
    int rc = put_down(f);

    return rc ? rc : f->real->pMethods->xFileSize(f->real, size);
}

static int wal_lock(sqlite3_file *base, int level)
{
    return wal_of(base)->real->pMethods->xLock(wal_of(base)->real, level);
}

static int wal_unlock(sqlite3_file *base, int level)
{
    return wal_of(base)->real->pMethods->xUnlock(wal_of(base)->real, level);
}

static int wal_check_lock(sqlite3_file *base, int *out)
{
    return wal_of(base)->real->pMethods->xCheckReservedLock(wal_of(base)->real, out);
}

static int wal_control(sqlite3_file *base, int what, void *argument)
{
    return wal_of(base)->real->pMethods->xFileControl(wal_of(base)->real, what, argument);
}

static int wal_sector(sqlite3_file *base)
{
    return wal_of(base)->real->pMethods->xSectorSize(wal_of(base)->real);
}

static int wal_device(sqlite3_file *base)
{
    return wal_of(base)->real->pMethods->xDeviceCharacteristics(wal_of(base)->real);
}

/* Version 1: the index of the WAL and reads from mapped memory belong to the store's own file. */
static const sqlite3_io_methods methods = { .iVersion = 1,
                                            .xClose = wal_close,
                                            .xRead = wal_read,
                                            .xWrite = wal_write,
                                            .xTruncate = wal_truncate,
                                            .xSync = wal_sync,
                                            .xFileSize = wal_size,
                                            .xLock = wal_lock,
                                            .xUnlock = wal_unlock,
                                            .xCheckReservedLock = wal_check_lock,
                                            .xFileControl = wal_control,
                                            .xSectorSize = wal_sector,
                                            .xDeviceCharacteristics = wal_device };

/* Every other file is the layer's below alone. */
static int open_file(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags, int *out)
{
    struct wal *f = wal_of(base);
    int rc;

    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL)) return under->xOpen(under, name, base, flags, out);
    *f = (struct wal){ .real = (sqlite3_file *)(void *)(f + 1) };
    rc = under->xOpen(under, name, f->real, flags, out);
    if (!f->real->pMethods) return rc;
    /* A file that has methods is closed by SQLite, also when it was not opened well. */
    pthread_mutex_init(&f->lock, NULL);
    f->base.pMethods = &methods;
    return rc;
}

static void make_layer(void)
{
    under = sqlite3_vfs_find(NULL);
    if (!under) return;
    layer = *under;
    layer.zName = "gathered-wal";
    layer.szOsFile = (int)sizeof(struct wal) + under->szOsFile;
    layer.xOpen = open_file;
    if (sqlite3_vfs_register(&layer, 0) != SQLITE_OK) under = NULL;
}

const char *db_wal_layer(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, make_layer);
    return under ? layer.zName : NULL;
}

struct wal *db_wal(sqlite3 *db)
{
    sqlite3_file *base = NULL;

    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &base) != SQLITE_OK || !base)
        return NULL;
    return base->pMethods == &methods ? wal_of(base) : NULL;
}

void wal_flush_later(struct wal *w, bool later)
{
    w->later = later;
}

enum err wal_flush(struct wal *w, struct why *why)
{
    if (pay(w) == SQLITE_OK) return ERR_NONE;
    return why_set(why, ERR_IO, "STORE", "the write-ahead log could not be flushed");
}
