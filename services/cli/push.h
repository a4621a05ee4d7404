/* push.h - one conversation of a spool with the broker: send what waits, listen for verdicts.
 *
 * Used by every verb that publishes: push, dead retry and skip, rules propose; and, only listening, by
 * results.
 */
#ifndef SERVICES_CLI_PUSH_H
#define SERVICES_CLI_PUSH_H

#include "services/cli/cli.h"
#include "services/cli/rows.h"
#include "services/cli/spool.h"

#include <stdio.h>

/* Open {state}/spool-NAME.db, or what --spool says. `standard` is the publisher when nobody says one; NULL:
 * an error. */
enum err push_spool(const struct cli *cli, const char *standard, struct spool **out, struct why *why);
/* ERR_CONFIG: there is no such spool yet, and a reading verb must not make one. */
enum err push_spool_there(const struct cli *cli, struct why *why);
/* The publisher's name; NULL with why when nobody says one. */
const char *push_publisher(const struct cli *cli, const char *standard, struct why *why);

/* Send and listen until each reported row has its verdict.
 *
 * With `thorough` also until the broker's log is known to be the one the spool has read: rows that are
 * answered here and not in a log that was restored from an older copy are sent again, and are reported then.
 *
 * ERR_NONE         all have
 * ERR_TIMEOUT      nothing happened for --wait seconds: why says whether the broker answered at all
 * ERR_INTERRUPTED  Ctrl-C
 * ERR_SUPERSEDED, ERR_IO, ... why says what */
enum err session_run(struct spool *sp, const struct cli *cli, bool thorough, struct why *why);
/* Only read the log to its head, when the broker answers within CLI_ASK_MS. ERR_TIMEOUT when it does not;
 * ERR_DIVERGED: the log is another one than the spool has read. */
enum err session_listen(struct spool *sp, const struct cli *cli, struct why *why);

/* One more event for the spool, in a transaction of its own; `unique` makes each request an event of its own.
 */
enum err push_event(struct spool *sp, const char *type, const char *file, struct slice data, bool unique,
                    struct why *why);

/* All rows, in one transaction, or none: then rows->problems says so. Rows that were refused, returned or
 * replaced before are said anew with `again`. *known counts those the spool has already. */
enum err push_rows(struct spool *sp, struct rows *rows, bool again, size_t *known, struct why *why);

struct verdicts {
    uint64_t accepted, refused, waiting;
};
/* Run the session, print the verdicts, and say what is left; the exit code. push_finish says the counts too.
 */
int push_end(struct spool *sp, const struct cli *cli, bool verbose, struct verdicts *out);
int push_finish(struct spool *sp, const struct cli *cli, bool verbose, bool thorough);
/* Tell of rows of the log that were sent under this name and are not in the spool. */
enum err strangers_print(struct spool *sp, struct why *why);
/* Print the verdict of each reported row; counts them up. */
enum err verdicts_print(struct spool *sp, const struct cli *cli, bool verbose, struct verdicts *out,
                        struct why *why);

#endif
