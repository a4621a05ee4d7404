/* slow_shim.c - preloaded: every flush of the program takes so much longer, as on a slower disk.
 *
 * BENCH_FLUSH_US=N: microseconds added before each fsync and fdatasync.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct timespec more;

__attribute__((constructor)) static void arm(void)
{
    const char *text = getenv("BENCH_FLUSH_US");
    const long us = text ? strtol(text, NULL, 10) : 0;

    more = (struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
}

static int slowly(const char *name, int file)
{
    int (*real)(int) = NULL;
    void *symbol = dlsym(RTLD_NEXT, name);
    struct timespec left = more;

    memcpy(&real, &symbol, sizeof real);
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
    return real(file);
}

int fsync(int file)
{
    return slowly("fsync", file);
}

int fdatasync(int file)
{
    return slowly("fdatasync", file);
}
