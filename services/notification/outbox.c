#include "services/notification/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTBOX_PATH_MAX = 512 };

/* A full disk or a failing one may recover, so the process stops and tries again; anything else will not
 * change by trying, and is said of the message. */
static enum err failed(const char *path, struct why *why)
{
    int number = errno;
    enum err e = ERR_INVALID;

    if (number == ENOSPC || number == EDQUOT) e = ERR_FULL;
    if (number == EIO || number == ENOMEM || number == EMFILE || number == ENFILE) e = ERR_IO;
    return why_set(why, e, "OUTBOX", "%s: %s", path, strerror(number));
}

enum err outbox_make(const char *folder, struct why *why)
{
    enum err e;

    if (mkdir(folder, 0750) == 0 || errno == EEXIST) return ERR_NONE;
    e = failed(folder, why);
    return e == ERR_INVALID ? ERR_IO : e; /* without a folder no message at all can go out */
}

/* Letters, digits, '-', '_' and '.', and not hidden: nothing that leads out of the folder. */
static bool is_file_name(struct slice id)
{
    if (id.size == 0 || id.size > 64 || id.data[0] == '.') return false;
    for (size_t i = 0; i < id.size; i++) {
        char c = id.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.') return false;
    }
    return true;
}

static int write_all(int fd, struct slice bytes)
{
    while (bytes.size > 0) {
        ssize_t n = write(fd, bytes.data, bytes.size);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        bytes.data += n;
        bytes.size -= (size_t)n;
    }
    return 0;
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc, number;

    if (fd < 0) return -1;
    rc = fsync(fd);
    number = errno;
    close(fd);
    errno = number;
    return rc;
}

static int write_file(const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    int rc, number;

    if (fd < 0) return -1;
    rc = write_all(fd, bytes);
    if (rc == 0) rc = fsync(fd);
    number = errno;
    if (close(fd) < 0 && rc == 0) return -1;
    errno = number;
    return rc;
}

enum err outbox_write(const char *folder, struct slice message, struct slice bytes, struct why *why)
{
    char path[OUTBOX_PATH_MAX], draft[OUTBOX_PATH_MAX];

    if (!is_file_name(message))
        return why_set(
            why, ERR_INVALID, "OUTBOX",
            "the message id \"%.*s\" is no file name: it may have letters, digits, '-', '_' and '.' only",
            SLICE_ARG(message));
    if (snprintf(path, sizeof path, "%s/%.*s.txt", folder, SLICE_ARG(message)) >= (int)sizeof path ||
        snprintf(draft, sizeof draft, "%s/.%.*s.draft", folder, SLICE_ARG(message)) >= (int)sizeof draft)
        return why_set(why, ERR_INVALID, "OUTBOX", "the path of the outbox is longer than %d bytes",
                       OUTBOX_PATH_MAX);
    if (access(path, F_OK) != 0) {
        if (errno != ENOENT || write_file(draft, bytes) < 0) return failed(draft, why);
        if (rename(draft, path) < 0) return failed(path, why);
    }
    /* Also when the file was there: the one who wrote it may have crashed before this. */
    return sync_folder(folder) < 0 ? failed(folder, why) : ERR_NONE;
}
