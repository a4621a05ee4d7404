#include "common/db_wal.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's own layer writes less than 128 KiB at once, whatever it is asked for. */
enum { GATHERED_BYTES = 120 * 1024 };

/* One open WAL; SQLite's file lies behind it in the same memory. */
struct file {
    sqlite3_file base; /* SQLite's part stands first */
    sqlite3_file *real;
    sqlite3_int64 at; /* where the gathered bytes begin */
    int size;
    char *bytes; /* GATHERED_BYTES, from the first write on */
};

static sqlite3_vfs layer, *under;

static struct file *file_of(sqlite3_file *base)
{
    return (struct file *)(void *)base;
}

/* What cannot be written is given up: it belongs to a transaction that nobody was told of. */
static int put_down(struct file *f)
{
    const int size = f->size;

    f->size = 0;
    return size ? f->real->pMethods->xWrite(f->real, f->bytes, size, f->at) : SQLITE_OK;
}

static int wal_close(sqlite3_file *base)
{
    struct file *f = file_of(base);
    int rc = put_down(f), closed = f->real->pMethods->xClose(f->real);

    free(f->bytes);
    f->bytes = NULL;
    return rc ? rc : closed;
}

static int wal_read(sqlite3_file *base, void *to, int size, sqlite3_int64 at)
{
    struct file *f = file_of(base);
    int rc = put_down(f);

    return rc ? rc : f->real->pMethods->xRead(f->real, to, size, at);
}

static int wal_write(sqlite3_file *base, const void *from, int size, sqlite3_int64 at)
{
    struct file *f = file_of(base);
    int rc = SQLITE_OK;

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
    struct file *f = file_of(base);
    int rc = put_down(f);

    return rc ? rc : f->real->pMethods->xTruncate(f->real, size);
}

static int wal_sync(sqlite3_file *base, int flags)
{
    struct file *f = file_of(base);
    int rc = put_down(f);

    return rc ? rc : f->real->pMethods->xSync(f->real, flags);
}

static int wal_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct file *f = file_of(base);
    int rc = put_down(f);

    return rc ? rc : f->real->pMethods->xFileSize(f->real, size);
}

static int wal_lock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xLock(file_of(base)->real, level);
}

static int wal_unlock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xUnlock(file_of(base)->real, level);
}

static int wal_check_lock(sqlite3_file *base, int *out)
{
    return file_of(base)->real->pMethods->xCheckReservedLock(file_of(base)->real, out);
}

static int wal_control(sqlite3_file *base, int what, void *argument)
{
    return file_of(base)->real->pMethods->xFileControl(file_of(base)->real, what, argument);
}

static int wal_sector(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xSectorSize(file_of(base)->real);
}

static int wal_device(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xDeviceCharacteristics(file_of(base)->real);
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
    struct file *f = file_of(base);
    int rc;

    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL)) return under->xOpen(under, name, base, flags, out);
    *f = (struct file){ .real = (sqlite3_file *)(void *)(f + 1) };
    rc = under->xOpen(under, name, f->real, flags, out);
    /* A file that has methods is closed by SQLite, also when it was not opened well. */
    if (f->real->pMethods) f->base.pMethods = &methods;
    return rc;
}

static void make_layer(void)
{
    under = sqlite3_vfs_find(NULL);
    if (!under) return;
    layer = *under;
    layer.zName = "gathered-wal";
    layer.szOsFile = (int)sizeof(struct file) + under->szOsFile;
    layer.xOpen = open_file;
    if (sqlite3_vfs_register(&layer, 0) != SQLITE_OK) under = NULL;
}

const char *db_wal_layer(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, make_layer);
    return under ? layer.zName : NULL;
}
