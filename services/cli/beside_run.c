#include "services/cli/beside.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BESIDE_WORDS = 16 };

int beside_run(const struct cli *cli, const char *service, const char *const *words)
{
    char program[64], path[PATH_MAX + 64];
    const char *all[BESIDE_WORDS] = { program };
    size_t count = 1;

    snprintf(program, sizeof program, "ocop-%s", service);
    for (; *words && count < BESIDE_WORDS - 5; words++)
        all[count++] = *words;
    if (cli->run) all[count++] = "--run", all[count++] = cli->run;
    if (cli->state) all[count++] = "--state", all[count++] = cli->state;
    beside(program, path, sizeof path);
    if (path[0]) execv(path, (char *const *)(uintptr_t)all);
    execvp(program, (char *const *)(uintptr_t)all);
    return cli_fail(EXIT_SYSTEM, "%s cannot be run: %s", program, strerror(errno));
}
