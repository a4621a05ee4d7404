/* disk_check.c - let the n-th read, write, flush... fail, for every n until the run passes.
 *
 * usage: disk_<kind> STEP SEED      every STEP-th n, beginning anywhere below it; 1: all
 *
 * Each time: nothing is acknowledged that is not there afterwards; whoever ends says a sentence; nothing new
 * is acknowledged after a flush failed; a broker does not end for want of room; and when the disk is well
 * again, the same work comes to its end with the same result. Prints a line for each kind of failure. Exit 1
 * when something was wrong.
 */
#include "tests/faults/disk_check.h"

#include "common/hash.h"
#include "common/logline.h"
#include "tests/faults/fault_vfs.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct failure {
    const char *name;
    enum fault_kind kind;
    int code, number;
    bool room; /* want of room, which passes */
};

static const struct failure failures[] = {
    { "open EIO", FAULT_OPEN, SQLITE_CANTOPEN, EIO, false },
    { "open EROFS", FAULT_OPEN, SQLITE_READONLY, EROFS, false },
    { "read EIO", FAULT_READ, SQLITE_IOERR_READ, EIO, false },
    { "write EIO", FAULT_WRITE, SQLITE_IOERR_WRITE, EIO, false },
    { "write ENOSPC", FAULT_WRITE, SQLITE_FULL, 0, true },
    { "write EDQUOT", FAULT_WRITE, SQLITE_IOERR_WRITE, EDQUOT, true },
    { "flush EIO", FAULT_SYNC, SQLITE_IOERR_FSYNC, EIO, false },
    { "flush ENOSPC", FAULT_SYNC, SQLITE_IOERR_FSYNC, ENOSPC, false },
    { "truncate EIO", FAULT_TRUNCATE, SQLITE_IOERR_TRUNCATE, EIO, false },
    { "delete EIO", FAULT_DELETE, SQLITE_IOERR_DELETE, EIO, false },
    { "index EIO", FAULT_SHM, SQLITE_IOERR_SHMMAP, EIO, false },
    { "index ENOSPC", FAULT_SHM, SQLITE_IOERR_SHMSIZE, ENOSPC, true },
};

struct counts {
    uint64_t injections, acked, refused, ended, wrong;
};

static char folder[64];

static void empty_folder(void)
{
    static const char *const names[] = { "x.db", "x.db-wal", "x.db-shm", "x.db-journal", "x.db.lock" };
    char path[100];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
}

static void complain(struct counts *c, const struct failure *f, long n, long many, const char *what)
{
    if (c->wrong++ < 3) printf("  %s, the %ldth and %ld more: %s\n", f->name, n, many - 1, what);
}

/* One process with a sick disk, and one with a well disk after it. */
static bool one(const struct failure *f, long n, long many, struct counts *c)
{
    struct ran sick = { 0 }, well = { 0 };
    char wrong[800] = "";
    long struck;

    empty_folder();
    fault_arm(f->kind, n, f->code, f->number, many);
    disk_run(folder, &sick);
    struck = fault_struck();
    fault_heal();
    c->injections += struck > 0;
    c->acked += sick.acked;
    c->refused += sick.refused;
    c->ended += sick.ended != ERR_NONE;
    if (sick.ended && !sick.why.sentence[0]) complain(c, f, n, many, err_name(sick.ended));
    if (sick.ended && !struck) complain(c, f, n, many, sick.why.sentence);
    if (sick.acked_behind && f->kind == FAULT_SYNC)
        complain(c, f, n, many, "acknowledged behind a failed flush");
    if (sick.ended && sick.ready && f->room && !disk_full_ends()) complain(c, f, n, many, sick.why.sentence);
    if (f->room && sick.ended && sick.ended != ERR_FULL)
        complain(c, f, n, many, "want of room has another name");
    disk_look(folder, &sick, false, wrong);
    if (wrong[0]) complain(c, f, n, many, wrong);
    wrong[0] = 0;
    disk_run(folder, &well);
    if (well.ended) complain(c, f, n, many, well.why.sentence);
    if (!well.ended) disk_look(folder, &well, true, wrong);
    if (wrong[0]) complain(c, f, n, many, wrong);
    return struck > 0;
}

int main(int argc, char **argv)
{
    struct counts all = { 0 };
    long step;

    if (argc != 3 || hash_init()) return 2;
    step = atol(argv[1]);
    srand((unsigned)atol(argv[2]));
    log_setup("test", LOG_ERROR);
    if (!freopen("/dev/null", "w", stderr)) return 2; /* what the programs log of it */
    fault_vfs_install();
    strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/ocop-disk-XXXXXX" : "/tmp/ocop-disk-XXXXXX");
    if (!mkdtemp(folder)) return 2;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        struct counts c = { 0 };

        for (long many = 1; many <= 1000000; many *= 1000000) {
            const enum fault_kind kind = failures[i].kind;
            /* Of some there are few: all of them. */
            const long every = kind == FAULT_WRITE || kind == FAULT_READ ? step
                               : kind == FAULT_SYNC                      ? 1 + step / 8
                                                                         : 1;

            for (long n = 1 + rand() % every; one(&failures[i], n, many, &c); n += every)
                ;
        }
        printf("%-13s injections=%" PRIu64 " acknowledged=%" PRIu64 " refused=%" PRIu64 " ended=%" PRIu64
               " wrong=%" PRIu64 "\n",
               failures[i].name, c.injections, c.acked, c.refused, c.ended, c.wrong);
        all.injections += c.injections;
        all.acked += c.acked;
        all.wrong += c.wrong;
    }
    printf("all: injections=%" PRIu64 " acknowledged=%" PRIu64 " wrong=%" PRIu64 "\n", all.injections,
           all.acked, all.wrong);
    empty_folder();
    rmdir(folder);
    return all.wrong ? 1 : 0;
}
