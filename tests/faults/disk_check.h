/* disk_check.h - one way to use a database, run again and again while its disk fails at every place.
 *
 *   disk_check.c   which operation fails how, and the counts
 *   disk_log.c, disk_store.c, disk_spool.c   the ways: one of them in each program
 */
#ifndef TESTS_FAULTS_DISK_CHECK_H
#define TESTS_FAULTS_DISK_CHECK_H

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What one process did until it ended. */
struct ran {
    uint64_t acked;    /* somebody was told that this much is on disk */
    uint64_t refused;  /* messages refused, and sent again */
    enum err ended;    /* ERR_NONE: it came to its end */
    bool ready;        /* it had started when the disk failed */
    bool acked_behind; /* something new was acknowledged after a flush had failed */
    struct why why;
};

/* Begin, or go on where the last one ended, as a process does that is started again. */
void disk_run(const char *folder, struct ran *out);
/* Is everything there that was acknowledged, and does it hold together? `wrong` gets a sentence. */
void disk_look(const char *folder, const struct ran *ran, bool complete, char wrong[800]);
/* Is being full a reason to end for a process of this kind that runs already? */
bool disk_full_ends(void);

#endif
