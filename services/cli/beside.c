#include "services/cli/beside.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void beside(const char *rest, char *out, size_t size)
{
    char self[PATH_MAX];
    ssize_t got = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    out[0] = 0;
    if (got <= 0) return;
    self[got] = 0;
    slash = strrchr(self, '/');
    if (!slash) return;
    slash[1] = 0;
    if (snprintf(out, size, "%s%s", self, rest) >= (int)size) out[0] = 0;
}
