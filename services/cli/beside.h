/* beside.h - what lies beside our own program: the services, and the files that were installed with them. */
#ifndef SERVICES_CLI_BESIDE_H
#define SERVICES_CLI_BESIDE_H

#include "services/cli/cli.h"

#include <stddef.h>

/* `rest` behind the folder our program is in; an empty text when that cannot be found out. */
void beside(const char *rest, char *out, size_t size);
/* Become `ocop-SERVICE WORD...` (ended by NULL), the one beside us or the one in the PATH, with our --run and
 * --state. Comes back only when it cannot be run: with the exit code, told. */
int beside_run(const struct cli *cli, const char *service, const char *const *words);

#endif
