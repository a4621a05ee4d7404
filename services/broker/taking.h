/* taking.h - how what has arrived becomes a turn, and when the turn is committed.
 *
 * A turn is what one transaction stores. While the flush of the turn before goes on in its thread, this one
 * stays open and takes what comes; then whoever waits for the one before is told, and this one is committed.
 * On a slow disk it waits a little for those who were just told (linger.h).
 */
#ifndef SERVICES_BROKER_TAKING_H
#define SERVICES_BROKER_TAKING_H

#include "common/bus.h"
#include "services/broker/broker.h"
#include "services/broker/log.h"

struct taking;

/* At most `messages` a turn. All three must outlive it. ERR_NOMEM. */
enum err taking_new(struct bus_socket *router, struct broker *broker, struct log *log, size_t messages,
                    struct taking **out);
void taking_destroy(struct taking **t);

/* Take what is there, without waiting for a message; a flush that goes on is waited for. Any error means that
 * the broker has to end. */
enum err take_turn(struct taking *t, struct why *why);
/* Commit it: broker_settle. */
enum err take_settle(struct taking *t, struct why *why);

#endif
