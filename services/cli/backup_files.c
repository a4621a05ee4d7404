/* backup_files.c - the files of a backup: where they belong, and how they are copied and checked. */
#include "common/db.h"
#include "common/place.h"
#include "services/cli/backup.h"
#include "services/cli/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COPY_BYTES = 64 * 1024, BUSY_TRIES = 100, BUSY_PAUSE_MS = 50 };

static enum err failed(const char *path, struct why *why)
{
    const enum err e = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;

    return why_set(why, e, "FILE", "%s: %s", path, strerror(errno));
}

/* --- parts --- */

enum err backup_parts(const char *config, const char *keys, struct backup_part parts[BACKUP_PARTS],
                      struct why *why)
{
    static const char *const names[BACKUP_PARTS][2] = {
        { BACKUP_LOG, "{state}/log.db" },      { "spool-*.db", "{state}" },
        { "keys/", "{state}/keys" },           { "contacts.csv", "{state}/contacts.csv" },
        { "templates/", "{state}/templates" }, { "config/", BACKUP_CONFIG },
    };
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < BACKUP_PARTS; i++) {
        const char *place = names[i][1];

        parts[i].name = names[i][0];
        if (keys && !strcmp(parts[i].name, "keys/")) place = keys;
        if (config && !strcmp(parts[i].name, "config/")) place = config;
        e = place_expand(place, parts[i].place, why);
    }
    return e;
}

static bool is_spool(const char *name)
{
    const size_t size = strlen(name);

    return size > strlen("spool-.db") && !strncmp(name, "spool-", 6) && !strcmp(name + size - 3, ".db");
}

bool backup_is_store(const char *name)
{
    return !strcmp(name, BACKUP_LOG) || is_spool(name);
}

bool backup_name_valid(const char *name)
{
    const size_t size = strlen(name);

    if (size == 0 || size > BACKUP_NAME_MAX || name[size - 1] == '/') return false;
    for (size_t i = 0; i < size; i++) {
        const bool begins = i == 0 || name[i - 1] == '/'; /* a component of the path */

        if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f) return false;
        if (begins && (name[i] == '.' || name[i] == '/')) return false;
    }
    return true;
}

enum err backup_place(const struct backup_part parts[BACKUP_PARTS], const char *name, char out[PATH_MAX],
                      struct why *why)
{
    for (size_t i = 0; backup_name_valid(name) && i < BACKUP_PARTS; i++) {
        const struct backup_part *p = &parts[i];
        const size_t size = strlen(p->name);
        int length = -1;

        if (p->name[size - 1] == '/' && !strncmp(name, p->name, size))
            length = snprintf(out, PATH_MAX, "%s/%s", p->place, name + size);
        else if (!strcmp(p->name, name))
            length = snprintf(out, PATH_MAX, "%s", p->place);
        else if (!strcmp(p->name, "spool-*.db") && is_spool(name) && !strchr(name, '/'))
            length = snprintf(out, PATH_MAX, "%s/%s", p->place, name);
        if (length > 0 && length < PATH_MAX) return ERR_NONE;
    }
    return why_set(why, ERR_INVALID, "BACKUP", "\"%.200s\" is no file of a backup", name);
}

/* --- bytes --- */

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, bytes, size);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

static enum err copy_bytes(int in, int out, const char *from, const char *to, struct why *why)
{
    static char bytes[COPY_BYTES];
    ssize_t n;

    while ((n = read(in, bytes, sizeof bytes)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(from, why);
        if (write_all(out, bytes, (size_t)n) != 0) return failed(to, why);
    }
    return fsync(out) == 0 ? ERR_NONE : failed(to, why);
}

enum err backup_copy_file(const char *from, const char *to, struct why *why)
{
    const int in = open(from, O_RDONLY | O_CLOEXEC);
    const int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum err e;

    if (in < 0)
        e = failed(from, why);
    else
        e = out < 0 ? failed(to, why) : copy_bytes(in, out, from, to, why);
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    return e;
}

enum err backup_hash(const char *path, uint64_t *size, struct hash *hash, struct why *why)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    enum err e = ERR_NONE;

    if (fd < 0 || fstat(fd, &st) != 0 || hash_file(fd, hash) != 0)
        e = failed(path, why);
    else
        *size = (uint64_t)st.st_size;
    if (fd >= 0) close(fd);
    return e;
}

/* --- stores --- */

/* One step reads as of one moment; the writers go on meanwhile, and only their write-ahead log waits. */
static enum err copy_pages(sqlite3 *from, sqlite3 *to, struct why *why)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    int rc = SQLITE_BUSY, finished;

    if (!b) return db_err(to, sqlite3_errcode(to), why);
    for (int i = 0; i < BUSY_TRIES && (rc == SQLITE_BUSY || rc == SQLITE_LOCKED); i++) {
        if (i) sqlite3_sleep(BUSY_PAUSE_MS);
        rc = sqlite3_backup_step(b, -1);
    }
    finished = sqlite3_backup_finish(b);
    if (rc == SQLITE_DONE) rc = finished;
    return rc == SQLITE_OK ? ERR_NONE : db_err(to, rc, why);
}

enum err backup_copy_store(const char *from, const char *to, struct why *why)
{
    struct why inner = { 0 };
    sqlite3 *source = NULL, *copy = NULL;
    enum err e = db_open(from, DB_READ, &source, &inner);

    if (!e)
        e = db_err(NULL, sqlite3_open_v2(to, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
                   &inner);
    if (!e) e = copy_pages(source, copy, &inner);
    if (!e) e = db_exec(copy, "PRAGMA journal_mode=DELETE", &inner);
    db_close(&source);
    db_close(&copy);
    if (!e && chmod(to, 0600) != 0) return failed(to, why);
    if (e) return why_set(why, e, "COPY", "%s cannot be copied to %s: %s", from, to, inner.sentence);
    return ERR_NONE;
}

enum err backup_check_store(const char *path, struct why *why)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_open(path, DB_READ, &db, why);

    if (!e) e = db_prepare(db, "PRAGMA quick_check(1)", &s, why);
    if (!e) e = db_step(s, &row);
    if (!e && row && !slice_is(db_text(s, 0), "ok"))
        e = why_set(why, ERR_CORRUPT, "STORE", "%s is damaged: %.*s", path, SLICE_ARG(db_text(s, 0)));
    sqlite3_finalize(s);
    db_close(&db);
    return e;
}

enum err backup_log_head(const char *log, uint64_t *head, struct hash *chain, struct why *why)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_open(log, DB_READ, &db, why);

    *head = 0;
    memset(chain, 0, sizeof *chain);
    if (!e) e = db_prepare(db, "SELECT seq, chain FROM log ORDER BY seq DESC LIMIT 1", &s, why);
    if (!e) e = db_step(s, &row);
    if (!e && row) {
        *head = db_u64(s, 0);
        if (!db_hash(s, 1, chain)) e = why_set(why, ERR_CORRUPT, "LOG", "%s: its last link is none", log);
    }
    sqlite3_finalize(s);
    db_close(&db);
    return e;
}

enum err backup_verify_log(const struct cli *cli, const char *log, struct why *why)
{
    char setting[PATH_MAX + 16];
    const char *const words[] = { "--verify", "--set", setting, NULL };
    int status = 0;
    pid_t child;

    snprintf(setting, sizeof setting, "log/file=%s", log);
    fflush(NULL);
    child = fork();
    if (child < 0) return failed("fork", why);
    if (child == 0) {
        if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) _exit(EXIT_SYSTEM);
        _exit(beside_run(cli, "broker", words));
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return failed("ocop-broker --verify", why);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return ERR_NONE;
    return why_set(why, ERR_CORRUPT, "LOG", "%s is not a sound log, as ocop-broker --verify said above", log);
}
