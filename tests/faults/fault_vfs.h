/* fault_vfs.h - a layer under SQLite that writes down what reaches the disk, and lets it fail when told to.
 *
 * Used twice: linked into a check program, and (fault_shim.c) preloaded into the real programs.
 *
 * Recording. Each entry is a struct fault_entry in the machine's own byte order, and behind a WRITE or a SAID
 * its `size` bytes. What one file did comes in the order in which the disk saw it: a lock is held over the
 * real call.
 *
 * Failing. fault_arm(kind, n, code, number, many): from now on the n-th operation of that kind fails with
 * SQLite's `code` and the system's `number`, and so do `many` - 1 after it.
 */
#ifndef TESTS_FAULTS_FAULT_VFS_H
#define TESTS_FAULTS_FAULT_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
    FAULT_OPEN,
    FAULT_READ,
    FAULT_WRITE,
    FAULT_SYNC,
    FAULT_TRUNCATE,
    FAULT_DELETE,
    FAULT_SHM, /* a page more of the index of the WAL */
    FAULT_KINDS
};

enum fault_file { FAULT_MAIN, FAULT_WAL, FAULT_JOURNAL, FAULT_FILES };

enum fault_did { DID_OPEN = 1, DID_WRITE, DID_TRUNCATE, DID_SYNC, DID_DELETE, DID_SAY };

struct fault_entry {
    uint32_t did, file;
    int64_t at;   /* WRITE: offset; TRUNCATE: the new size; DELETE: is the folder flushed too? */
    int64_t size; /* bytes behind this entry */
};

/* Put the layer in front of SQLite's files. Once. */
void fault_vfs_install(void);
/* Append to `path` what becomes of the database `of` (its whole path) and the two files beside it. */
bool fault_record(const char *path, const char *of);
/* A message leaves the process: what it says must be on disk already. */
void fault_said(const void *bytes, size_t size);

void fault_arm(enum fault_kind kind, long n, int code, int number, long many);
void fault_heal(void);
long fault_count(enum fault_kind kind); /* operations since the last fault_arm or fault_heal */
long fault_struck(void);                /* how many of them failed */
long fault_struck_here(void);           /* in this thread */

#endif
