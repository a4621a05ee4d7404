#include "common/process.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

void process_begin(void)
{
    signal(SIGXFSZ, SIG_IGN);
}

enum err process_files(uint64_t need, const char *settings, struct why *why)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return why_set(why, ERR_IO, "FILES", "How many files may be open is not told: %s.", strerror(errno));
    if (limit.rlim_cur >= need) return ERR_NONE;
    if (limit.rlim_max < need)
        return why_set(why, ERR_CONFIG, "FILES",
                       "With %s as they are, %" PRIu64 " files and sockets may be open at one time, and the "
                       "system allows this process %" PRIu64 ". Set them lower, or allow more (ulimit -Hn, "
                       "LimitNOFILE= of the unit).",
                       settings, need, (uint64_t)limit.rlim_max);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return ERR_NONE;
    return why_set(why, ERR_IO, "FILES", "The limit of open files cannot be raised to %" PRIu64 ": %s.",
                   (uint64_t)limit.rlim_max, strerror(errno));
}
