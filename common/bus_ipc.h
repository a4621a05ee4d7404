/* bus_ipc.h - the socket file behind an ipc:// endpoint: made by us, so that nobody else's is taken over.
 *
 * The library would unlink whatever file is at the path, also the socket of a living process. Here the file
 * is made before the library sees it: refused when somebody answers there, removed when its owner is dead,
 * readable by owner and group only before the first connection is possible, and taken away in bus_destroy at
 * once.
 */
#ifndef COMMON_BUS_IPC_H
#define COMMON_BUS_IPC_H

#include "common/err.h"

#include <sys/types.h>

enum { BUS_IPC_PATH_MAX = 107 /* sockaddr_un's path without its zero byte */ };

struct bus_ipc {
    char path[BUS_IPC_PATH_MAX + 1]; /* empty: no file */
    dev_t device;                    /* which file is ours */
    ino_t inode;
};

/* Check the path alone: ERR_CONFIG when it is empty, too long, or one of the library's special names. */
enum err bus_ipc_check(const char *path, struct why *why);
/* Make the socket file, mode 0660, and listen. `*fd` is the caller's. ERR_CONFIG (no folder, another process
 * is bound there, something else lies there, no permission), ERR_IO. */
enum err bus_ipc_listen(const char *path, int *fd, struct bus_ipc *out, struct why *why);
/* Remove the file if it is still ours. */
void bus_ipc_remove(struct bus_ipc *ipc);

#endif
