/* process.h - what the system allows this process, looked at before it matters.
 */
#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

#include "common/err.h"

#include <stdint.h>

enum { PROCESS_FILES_OWN = 64 }; /* descriptors a service has open without any peer, and some to spare */

/* A file that may not grow is a write that fails, which every store knows how to take, and not the end of the
 * process (SIGXFSZ). For main, first. */
void process_begin(void);
/* May it have `need` descriptors open at one time? Raises the soft limit to the hard one when that helps: out
 * of descriptors libzmq 4.3.4 ends the process. ERR_CONFIG: not so many; the sentence has the numbers, and
 * `settings`, which decide how many are needed. */
enum err process_files(uint64_t need, const char *settings, struct why *why);

#endif
