/* rescue.c - save a log whose file has no name any more: it is read through what is still open. */
#include "common/clock.h"
#include "common/notify.h"
#include "services/broker/log_inside.h"
#include "services/broker/presence.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGES_A_STEP = 10000 };

static enum err said(sqlite3 *to, int rc, struct why *why)
{
    return why_set(why, (rc & 0xff) == SQLITE_FULL ? ERR_FULL : ERR_IO, "STORE", "%s",
                   to ? sqlite3_errmsg(to) : sqlite3_errstr(rc));
}

/* What SQLite has written must be on the disk before the last name of the old file is gone. */
static enum err flush(const char *path, struct why *why)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool flushed = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) close(fd);
    return flushed ? ERR_NONE : why_set(why, ERR_IO, "STORE", "the copy cannot be flushed");
}

enum err log_rescue(struct log *log, const char *path, struct why *why)
{
    sqlite3 *to = NULL;
    sqlite3_backup *copy = NULL;
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    enum err e = ERR_NONE;

    if (rc == SQLITE_OK) copy = sqlite3_backup_init(to, "main", log->db, "main");
    if (!copy) e = said(to, rc ? rc : SQLITE_ERROR, why);
    while (copy && (rc = sqlite3_backup_step(copy, PAGES_A_STEP)) == SQLITE_OK)
        notify_turned(clock_monotonic_ms()); /* it takes as long as it takes */
    sqlite3_backup_finish(copy);
    if (!e && rc != SQLITE_DONE) e = said(to, rc, why);
    sqlite3_close(to);
    return e ? e : flush(path, why);
}
