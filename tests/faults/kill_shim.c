/* kill_shim.c - preloaded into a program: dies by SIGKILL at the n-th commit, send or receive.
 *
 * OCOP_KILL=commit:17 (also commit+, send, send+, receive, receive+; with + after the call, else before it).
 * A commit is an fdatasync or fsync; sends and receives are those of libzmq.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
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

int zmq_msg_send(zmq_msg_t *msg, void *socket, int flags)
{
    int rc;

    point("send");
    rc = REAL(zmq_msg_send)(msg, socket, flags);
    point("send+");
    return rc;
}

int zmq_send(void *socket, const void *bytes, size_t size, int flags)
{
    int rc;

    point("send");
    rc = REAL(zmq_send)(socket, bytes, size, flags);
    point("send+");
    return rc;
}

int zmq_msg_recv(zmq_msg_t *msg, void *socket, int flags)
{
    const int rc = REAL(zmq_msg_recv)(msg, socket, flags);

    if (rc >= 0) {
        point("receive");
        point("receive+");
    }
    return rc;
}
