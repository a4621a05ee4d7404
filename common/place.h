/* place.h - where sockets and stores lie. Settings may say {run} (sockets) and {state} (stores).
 *
 * {run} is --run DIR, else $OCOP_RUN, else /run/ocop; {state} is --state DIR, else $OCOP_STATE, else
 * /var/lib/ocop.
 */
#ifndef COMMON_PLACE_H
#define COMMON_PLACE_H

#include "common/config.h"

/* Standard settings of every program; the broker's ROUTER, its live XPUB, a service's questions, a service's
 * store. */
#define PLACE_BROKER    "ipc://{run}/broker.sock"
#define PLACE_LIVE      "ipc://{run}/live.sock"
#define PLACE_QUESTIONS "ipc://{run}/%s.sock" /* the service's name */
#define PLACE_KEYS      "{state}/keys"        /* folder of certificates */
#define PLACE_STORE     "{state}/%s.db"

void place_set(const char *run, const char *state); /* NULL: leave as it is */
/* ERR_CONFIG when the result is too long; for ipc:// that is 107 bytes of path. */
enum err place_expand(const char *pattern, char out[CONFIG_TEXT_MAX], struct why *why);
/* What it means that a path from the settings could not be opened, by the system's number. ERR_CONFIG: it was
 * named by mistake (nothing is there, something of another kind, or it may not be opened). ERR_IO: that may
 * pass, as trouble of the disk. */
enum err place_err(int system);

#endif
