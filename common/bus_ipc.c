#include "common/bus_ipc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { IPC_MODE = 0660, IPC_BACKLOG = 128 };

static void address_of(const char *path, struct sockaddr_un *out)
{
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    snprintf(out->sun_path, sizeof out->sun_path, "%s", path);
}

/* The kernel's calls want a general address. */
static const struct sockaddr *general(const struct sockaddr_un *address)
{
    return (const struct sockaddr *)(const void *)address;
}

static int unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

enum err bus_ipc_check(const char *path, struct why *why)
{
    if (path[0] == '\0' || path[0] == '@' || path[0] == '*')
        return why_set(why, ERR_CONFIG, "ENDPOINT",
                       "ipc://%s names no file; give the path of a socket in a folder that exists.", path);
    if (strlen(path) > BUS_IPC_PATH_MAX)
        return why_set(why, ERR_CONFIG, "ENDPOINT",
                       "The socket path %s has %zu bytes; the system allows %d. Choose a shorter folder.",
                       path, strlen(path), BUS_IPC_PATH_MAX);
    return ERR_NONE;
}

static enum err check_folder(const char *path, struct why *why)
{
    char folder[BUS_IPC_PATH_MAX + 1];
    const char *slash = strrchr(path, '/');
    struct stat st;

    if (!slash) return ERR_NONE;
    snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode)) return ERR_NONE;
    return why_set(why, ERR_CONFIG, "ENDPOINT",
                   "The folder %s of the socket %s does not exist; make it first.", folder, path);
}

/* Does somebody accept connections at the path? A full queue means yes. */
static enum err check_nobody(const char *path, struct why *why)
{
    struct sockaddr_un address;
    int fd = unix_socket();
    int rc, error;

    if (fd < 0) return why_set(why, ERR_IO, "SOCKET", "No socket could be made: %s.", strerror(errno));
    address_of(path, &address);
    rc = connect(fd, general(&address), sizeof address);
    error = errno;
    close(fd);
    if (rc == 0 || error == EAGAIN || error == EINPROGRESS)
        return why_set(why, ERR_CONFIG, "BOUND",
                       "Another process is bound there: %s answers. Stop it, or choose another place.", path);
    if (error == ECONNREFUSED) return ERR_NONE;
    return why_set(why, ERR_CONFIG, "BOUND", "The socket %s cannot be looked at: %s.", path, strerror(error));
}

/* Clear the place of a dead process's socket; nothing else is ever removed. */
static enum err clear_place(const char *path, struct why *why)
{
    struct stat st;
    enum err e;

    if (lstat(path, &st) != 0) {
        if (errno == ENOENT) return ERR_NONE;
        return why_set(why, ERR_CONFIG, "ENDPOINT", "The socket %s cannot be looked at: %s.", path,
                       strerror(errno));
    }
    if (!S_ISSOCK(st.st_mode))
        return why_set(why, ERR_CONFIG, "ENDPOINT", "%s exists and is not a socket; it is left alone.", path);
    e = check_nobody(path, why);
    if (e) return e;
    if (unlink(path) != 0 && errno != ENOENT)
        return why_set(why, ERR_CONFIG, "ENDPOINT", "The leftover socket %s cannot be removed: %s.", path,
                       strerror(errno));
    return ERR_NONE;
}

/* The mode is set before listening begins, so nobody slips in earlier. */
static int bind_and_listen(int fd, const char *path)
{
    struct sockaddr_un address;

    address_of(path, &address);
    if (fchmod(fd, IPC_MODE) != 0) return -1;
    if (bind(fd, general(&address), sizeof address) != 0) return -1;
    if (chmod(path, IPC_MODE) != 0) return -1;
    return listen(fd, IPC_BACKLOG);
}

enum err bus_ipc_listen(const char *path, int *fd, struct bus_ipc *out, struct why *why)
{
    struct bus_ipc ipc = { 0 };
    struct stat st;
    enum err e;
    int s;

    e = bus_ipc_check(path, why);
    if (!e) e = check_folder(path, why);
    if (!e) e = clear_place(path, why);
    if (e) return e;
    s = unix_socket();
    if (s < 0) return why_set(why, ERR_IO, "SOCKET", "No socket could be made: %s.", strerror(errno));
    if (bind_and_listen(s, path) != 0 || stat(path, &st) != 0) {
        e = errno == EADDRINUSE || errno == EACCES || errno == EROFS ? ERR_CONFIG : ERR_IO;
        why_set(why, e, "ENDPOINT", "The socket %s cannot be made: %s.", path, strerror(errno));
        close(s);
        return e;
    }
    snprintf(ipc.path, sizeof ipc.path, "%s", path);
    ipc.device = st.st_dev;
    ipc.inode = st.st_ino;
    *out = ipc;
    *fd = s;
    return ERR_NONE;
}

void bus_ipc_remove(struct bus_ipc *ipc)
{
    struct stat st;

    if (ipc->path[0] == '\0') return;
    if (lstat(ipc->path, &st) == 0 && st.st_dev == ipc->device && st.st_ino == ipc->inode) unlink(ipc->path);
    ipc->path[0] = '\0';
}
