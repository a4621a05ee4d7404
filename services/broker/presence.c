#include "services/broker/presence.h"

#include "common/logline.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CLAIM_BYTES = 64 };

/* The lock's file is there as soon as a broker was: it says whether its log had a record. */
static bool claims_records(int lock)
{
    char text[CLAIM_BYTES] = "";

    return pread(lock, text, sizeof text - 1, 0) > 0 && !strncmp(text, "records", 7);
}

/* What cannot be written is said with the next record that is looked at. */
static void claim(struct presence *p)
{
    static const char text[] = "records\n";

    p->claimed = pwrite(p->lock, text, sizeof text - 1, 0) == (ssize_t)sizeof text - 1 && fsync(p->lock) == 0;
}

enum err presence_before(struct presence *p, const char *path, int lock, struct why *why)
{
    struct stat st;
    bool there = stat(path, &st) == 0 && st.st_size > 0;

    *p = (struct presence){ .lock = lock, .claimed = claims_records(lock) };
    snprintf(p->path, sizeof p->path, "%s", path);
    if (!there && p->claimed)
        return why_set(
            why, ERR_CORRUPT, "LOG_GONE",
            "There was a log with records at %s, and it is gone. Put it back or restore a backup of it "
            "(ocop restore); services that found an empty one would throw away what they know. If a new "
            "one is to begin, remove %s.lock.",
            path, path);
    if (!there) log_line(LOG_WARN, "new_log", "log=%s what=there_was_none_and_a_new_one_is_begun", path);
    return ERR_NONE;
}

void presence_opened(struct presence *p)
{
    char wal[PRESENCE_PATH_MAX + 8];
    struct stat st;

    snprintf(wal, sizeof wal, "%s-wal", p->path);
    if ((p->log.there = stat(p->path, &st) == 0)) {
        p->log.device = st.st_dev;
        p->log.file = st.st_ino;
    }
    if ((p->wal.there = stat(wal, &st) == 0)) {
        p->wal.device = st.st_dev;
        p->wal.file = st.st_ino;
    }
}

/* "" while both are where they were. */
static const char *missing(const struct presence *p)
{
    struct presence now = { .lock = -1 };

    memcpy(now.path, p->path, sizeof now.path);
    presence_opened(&now);
    if (!p->log.there) return "";
    if (!now.log.there || now.log.device != p->log.device || now.log.file != p->log.file) return p->path;
    if (p->wal.there && (!now.wal.there || now.wal.device != p->wal.device || now.wal.file != p->wal.file))
        return "its write-ahead log";
    return "";
}

enum err presence_look(struct presence *p, struct log *log, uint64_t head, struct why *why)
{
    const char *gone = missing(p);
    char saved[PRESENCE_PATH_MAX + 32];
    struct why inner = { 0 };

    if (head && !p->claimed) claim(p);
    if (!p->wal.there) presence_opened(p);
    if (!gone[0]) return ERR_NONE;
    snprintf(saved, sizeof saved, "%s.saved-%lld", p->path, (long long)time(NULL));
    if (log_rescue(log, saved, &inner))
        return why_set(why, ERR_CORRUPT, "LOG_GONE",
                       "%s was removed or replaced while the broker served it, and what it held, %" PRIu64
                       " records, could not be saved: %s",
                       gone, head, inner.sentence);
    return why_set(why, ERR_CORRUPT, "LOG_GONE",
                   "%s was removed or replaced while the broker served it. What it held, %" PRIu64
                   " records, is saved as %s: check it with --verify, and put it in its place.",
                   gone, head, saved);
}
