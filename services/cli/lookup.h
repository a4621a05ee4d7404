/* lookup.h - what an @REF stands for: asked of the service that owns the fact, until it is known. */
#ifndef SERVICES_CLI_LOOKUP_H
#define SERVICES_CLI_LOOKUP_H

#include "services/cli/cli.h"

#include "common/envelope.h"

struct lookup;

struct lookup *lookup_new(const struct cli *cli); /* NULL: no memory */
void lookup_destroy(struct lookup **l);

/* A rows_lookup_fn; `context` is the lookup. One answer serves all rows that name the same thing.
 *
 * ERR_NOT_FOUND    nothing of that name until --wait ran out
 * ERR_INVALID      the service cannot answer this
 * ERR_TIMEOUT      the service is not reached
 * ERR_INTERRUPTED  Ctrl-C */
enum err lookup_find(void *context, const char *type, struct slice ref, const char *want,
                     char out[ENVELOPE_ID_MAX + 1], struct why *why);

#endif
