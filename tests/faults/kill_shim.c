/* kill_shim.c - preloaded into a program: dies by SIGKILL at the n-th commit, send or receive.
 *
 * OCOP_KILL=commit:17 (also commit+, send, send+, publish, publish+, receive; with + after the call, else
 * before it). A commit is an fdatasync or fsync; sends and receives are those of libzmq, and a publish is a
 * send of a PUBLISH.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

static atomic_long left = -1; /* -1: not armed */
static char kind[16];

__attribute__((constructor)) static void arm(void)
{
    const char *spec = getenv("OCOP_KILL"), *colon = spec ? strchr(spec, ':') : NULL;

    if (!colon || (size_t)(colon - spec) >= sizeof kind) return;
    memcpy(kind, spec, (size_t)(colon - spec));
    left = atol(colon + 1);
}

static void point(const char *here)
{
    if (left > 0 && strcmp(kind, here) == 0 && atomic_fetch_sub(&left, 1) == 1) kill(getpid(), SIGKILL);
}

/* ISO C has no cast from an object's address to a function's; POSIX promises that the bytes are the same. */
#define REAL(name)                                                                                           \
    __extension__({                                                                                          \
        void *symbol = dlsym(RTLD_NEXT, #name);                                                              \
        __typeof__(&name) real;                                                                              \
        memcpy(&real, &symbol, sizeof real);                                                                 \
        real;                                                                                                \
    })

int fdatasync(int fd)
{
    int rc;

    point("commit");
    rc = REAL(fdatasync)(fd);
    point("commit+");
    return rc;
}

int fsync(int fd)
{
    int rc;

    point("commit");
    rc = REAL(fsync)(fd);
    point("commit+");
    return rc;
}

/* Is it outcomes on their way? The command stands behind one or two bytes of MessagePack headers. */
static bool is_publish(const void *bytes, size_t size)
{
    return size > 10 && memmem(bytes, 10, "PUBLISH", 7) != NULL;
}

static void sending(bool publish, bool done)
{
    point(done ? "send+" : "send");
    if (publish) point(done ? "publish+" : "publish");
}

int zmq_msg_send(zmq_msg_t *msg, void *socket, int flags)
{
    const bool publish = is_publish(zmq_msg_data(msg), zmq_msg_size(msg));
    int rc;

    sending(publish, false);
    rc = REAL(zmq_msg_send)(msg, socket, flags);
    sending(publish, true);
    return rc;
}

int zmq_send(void *socket, const void *bytes, size_t size, int flags)
{
    const bool publish = is_publish(bytes, size);
    int rc;

    sending(publish, false);
    rc = REAL(zmq_send)(socket, bytes, size, flags);
    sending(publish, true);
    return rc;
}

int zmq_msg_recv(zmq_msg_t *msg, void *socket, int flags)
{
    const int rc = REAL(zmq_msg_recv)(msg, socket, flags);

    if (rc >= 0) point("receive");
    return rc;
}
