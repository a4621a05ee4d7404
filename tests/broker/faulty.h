/* faulty.h - a disk that fails when told to, under SQLite: tests only.
 *
 * faulty_install() puts it in front of the real files; then faulty.fail_write = n makes the n-th write from
 * now fail with faulty.code, and every later one until it is set to 0 again; fail_sync likewise. `syncs`
 * counts flushes.
 */
#ifndef TESTS_BROKER_FAULTY_H
#define TESTS_BROKER_FAULTY_H

#include <assert.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct {
    atomic_int fail_write, fail_sync; /* 0: never; 1: the next one and all after it */
    atomic_int writes, syncs;
    int code;
} faulty;

/* Each kind of file has a table of methods; ours is a copy with two of them replaced. */
static struct faulty_table {
    const sqlite3_io_methods *real;
    sqlite3_io_methods mine;
} faulty_tables[8];
static sqlite3_vfs faulty_vfs, *faulty_real;

static const sqlite3_io_methods *faulty_find(const sqlite3_file *f)
{
    for (size_t i = 0; i < 8; i++)
        if (f->pMethods == &faulty_tables[i].mine) return faulty_tables[i].real;
    abort(); /* every file was opened through us */
}

static int faulty_strike(atomic_int *countdown)
{
    int left = atomic_load(countdown);

    if (left == 0) return SQLITE_OK;
    if (left == 1) return faulty.code;
    atomic_fetch_sub(countdown, 1);
    return SQLITE_OK;
}

static int faulty_write(sqlite3_file *f, const void *data, int size, sqlite3_int64 at)
{
    int rc = faulty_strike(&faulty.fail_write);

    atomic_fetch_add(&faulty.writes, 1);
    return rc ? rc : faulty_find(f)->xWrite(f, data, size, at);
}

static int faulty_sync(sqlite3_file *f, int flags)
{
    int rc = faulty_strike(&faulty.fail_sync);

    atomic_fetch_add(&faulty.syncs, 1);
    return rc ? rc : faulty_find(f)->xSync(f, flags);
}

static int faulty_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags, int *out)
{
    int rc = faulty_real->xOpen(faulty_real, name, f, flags, out);
    size_t i = 0;

    (void)vfs;
    if (rc || !f->pMethods) return rc;
    while (i < 8 && faulty_tables[i].real && faulty_tables[i].real != f->pMethods)
        i++;
    assert(i < 8);
    if (!faulty_tables[i].real) {
        faulty_tables[i].real = f->pMethods;
        faulty_tables[i].mine = *f->pMethods;
        faulty_tables[i].mine.xWrite = faulty_write;
        faulty_tables[i].mine.xSync = faulty_sync;
    }
    f->pMethods = &faulty_tables[i].mine;
    return rc;
}

static void faulty_install(void)
{
    if (faulty_real) return;
    faulty_real = sqlite3_vfs_find(NULL);
    faulty_vfs = *faulty_real;
    faulty_vfs.zName = "faulty";
    faulty_vfs.xOpen = faulty_open;
    sqlite3_vfs_register(&faulty_vfs, 1);
}

static void faulty_heal(void)
{
    atomic_store(&faulty.fail_write, 0);
    atomic_store(&faulty.fail_sync, 0);
}

#endif
