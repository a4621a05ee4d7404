#include "tests/faults/fault_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

struct file {
    sqlite3_file base;
    int which; /* an enum fault_file, or -1: not recorded */
    sqlite3_file *real;
};

static struct {
    sqlite3_vfs vfs, *real;
    pthread_mutex_t lock; /* over each recorded operation */
    int out;              /* the record, or -1 */
    char *of;
    atomic_int armed; /* an enum fault_kind, or -1 */
    atomic_long left, many, counts[FAULT_KINDS], struck;
    int code, number;
} fault = { .lock = PTHREAD_MUTEX_INITIALIZER, .out = -1, .armed = -1 };

/* --- failing --- */

static _Thread_local long struck_here;

static int strike(enum fault_kind kind)
{
    long left;

    atomic_fetch_add(&fault.counts[kind], 1);
    if (atomic_load(&fault.armed) != (int)kind) return SQLITE_OK;
    left = atomic_fetch_sub(&fault.left, 1);
    if (left > 1 || left <= 1 - atomic_load(&fault.many)) return SQLITE_OK;
    atomic_fetch_add(&fault.struck, 1);
    struck_here++;
    errno = fault.number; /* where SQLite looks for it */
    return fault.code;
}

void fault_heal(void)
{
    atomic_store(&fault.armed, -1);
    atomic_store(&fault.struck, 0);
    struck_here = 0;
    for (size_t i = 0; i < FAULT_KINDS; i++)
        atomic_store(&fault.counts[i], 0);
}

void fault_arm(enum fault_kind kind, long n, int code, int number, long many)
{
    fault_heal();
    fault.code = code;
    fault.number = number;
    atomic_store(&fault.many, many);
    atomic_store(&fault.left, n);
    atomic_store(&fault.armed, (int)kind);
}

long fault_count(enum fault_kind kind)
{
    return atomic_load(&fault.counts[kind]);
}

long fault_struck(void)
{
    return atomic_load(&fault.struck);
}

long fault_struck_here(void)
{
    return struck_here;
}

/* --- recording --- */

static void put(enum fault_did did, int file, int64_t at, const void *data, size_t size)
{
    struct fault_entry entry = { (uint32_t)did, (uint32_t)file, at, (int64_t)size };
    union {
        const void *from;
        void *to;
    } bytes = { .from = data }; /* writev only reads */
    struct iovec parts[2] = { { &entry, sizeof entry }, { bytes.to, size } };

    if (writev(fault.out, parts, size ? 2 : 1) < 0) abort(); /* a record with a hole would prove nothing */
}

bool fault_record(const char *path, const char *of)
{
    fault.of = strdup(of);
    fault.out = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    return fault.out >= 0 && fault.of;
}

void fault_said(const void *bytes, size_t size)
{
    if (fault.out < 0) return;
    pthread_mutex_lock(&fault.lock);
    put(DID_SAY, 0, 0, bytes, size < 96 ? size : 96);
    pthread_mutex_unlock(&fault.lock);
}

static int which_file(const char *name)
{
    static const char *const endings[FAULT_FILES] = { "", "-wal", "-journal" };
    size_t size;

    if (fault.out < 0 || !name) return -1;
    size = strlen(fault.of);
    if (strncmp(name, fault.of, size) != 0) return -1;
    for (int i = 0; i < FAULT_FILES; i++)
        if (strcmp(name + size, endings[i]) == 0) return i;
    return -1;
}

/* Run `call`, and write down that it was done. */
#define RECORDED(f, call, did, at, data, size)                                                               \
    do {                                                                                                     \
        int rc_;                                                                                             \
        if ((f)->which < 0) return call;                                                                     \
        pthread_mutex_lock(&fault.lock);                                                                     \
        rc_ = call;                                                                                          \
        if (rc_ == SQLITE_OK) put(did, (f)->which, at, data, size);                                          \
        pthread_mutex_unlock(&fault.lock);                                                                   \
        return rc_;                                                                                          \
    } while (0)

/* --- one file --- */

static struct file *file_of(sqlite3_file *base)
{
    return (struct file *)(void *)base;
}

static int file_close(sqlite3_file *base)
{
    struct file *f = file_of(base);
    int rc = f->real->pMethods ? f->real->pMethods->xClose(f->real) : SQLITE_OK;

    free(f->real);
    f->real = NULL;
    return rc;
}

static int file_read(sqlite3_file *base, void *to, int size, sqlite3_int64 at)
{
    int rc = strike(FAULT_READ);

    return rc ? rc : file_of(base)->real->pMethods->xRead(file_of(base)->real, to, size, at);
}

static int file_write(sqlite3_file *base, const void *from, int size, sqlite3_int64 at)
{
    struct file *f = file_of(base);
    int rc = strike(FAULT_WRITE);

    if (rc) return rc;
    RECORDED(f, f->real->pMethods->xWrite(f->real, from, size, at), DID_WRITE, at, from, (size_t)size);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *f = file_of(base);
    int rc = strike(FAULT_TRUNCATE);

    if (rc) return rc;
    RECORDED(f, f->real->pMethods->xTruncate(f->real, size), DID_TRUNCATE, size, NULL, 0);
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct file *f = file_of(base);
    int rc = strike(FAULT_SYNC);

    if (rc) return rc;
    RECORDED(f, f->real->pMethods->xSync(f->real, flags), DID_SYNC, 0, NULL, 0);
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    return file_of(base)->real->pMethods->xFileSize(file_of(base)->real, size);
}

static int file_lock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xLock(file_of(base)->real, level);
}

static int file_unlock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xUnlock(file_of(base)->real, level);
}

static int file_check_lock(sqlite3_file *base, int *out)
{
    return file_of(base)->real->pMethods->xCheckReservedLock(file_of(base)->real, out);
}

static int file_control(sqlite3_file *base, int what, void *argument)
{
    return file_of(base)->real->pMethods->xFileControl(file_of(base)->real, what, argument);
}

static int file_sector(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xSectorSize(file_of(base)->real);
}

static int file_device(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xDeviceCharacteristics(file_of(base)->real);
}

static int file_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **out)
{
    int rc = extend ? strike(FAULT_SHM) : SQLITE_OK;

    return rc ? rc : file_of(base)->real->pMethods->xShmMap(file_of(base)->real, page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *base, int at, int n, int flags)
{
    return file_of(base)->real->pMethods->xShmLock(file_of(base)->real, at, n, flags);
}

static void file_shm_barrier(sqlite3_file *base)
{
    file_of(base)->real->pMethods->xShmBarrier(file_of(base)->real);
}

static int file_shm_unmap(sqlite3_file *base, int remove)
{
    return file_of(base)->real->pMethods->xShmUnmap(file_of(base)->real, remove);
}

/* Version 2: no memory-mapped reads, so that every read passes here. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* --- the files' names --- */

static int open_file(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags, int *out)
{
    struct file *f = file_of(base);
    int rc = strike(FAULT_OPEN);

    (void)vfs;
    f->base.pMethods = NULL;
    if (rc) return rc;
    f->real = calloc(1, (size_t)fault.real->szOsFile);
    if (!f->real) return SQLITE_NOMEM;
    f->which = which_file(name);
    rc = fault.real->xOpen(fault.real, name, f->real, flags, out);
    if (rc && !f->real->pMethods) {
        free(f->real);
        return rc;
    }
    f->base.pMethods = &methods;
    if (f->which >= 0) {
        pthread_mutex_lock(&fault.lock);
        put(DID_OPEN, f->which, 0, NULL, 0);
        pthread_mutex_unlock(&fault.lock);
    }
    return rc;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int folder_too)
{
    int which = which_file(name), rc = strike(FAULT_DELETE);

    (void)vfs;
    if (rc) return rc;
    if (which < 0) return fault.real->xDelete(fault.real, name, folder_too);
    pthread_mutex_lock(&fault.lock);
    rc = fault.real->xDelete(fault.real, name, folder_too);
    if (rc == SQLITE_OK) put(DID_DELETE, which, folder_too, NULL, 0);
    pthread_mutex_unlock(&fault.lock);
    return rc;
}

void fault_vfs_install(void)
{
    if (fault.real) return;
    fault.real = sqlite3_vfs_find(NULL);
    fault.vfs = *fault.real;
    fault.vfs.zName = "fault";
    fault.vfs.szOsFile = (int)sizeof(struct file);
    fault.vfs.xOpen = open_file;
    fault.vfs.xDelete = delete_file;
    if (sqlite3_vfs_register(&fault.vfs, 1) != SQLITE_OK) abort();
}
