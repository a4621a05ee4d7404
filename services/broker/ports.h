/* ports.h - how the broker speaks, so that tests can listen without sockets. None of these waits. */
#ifndef SERVICES_BROKER_PORTS_H
#define SERVICES_BROKER_PORTS_H

#include "common/bus.h"

struct ports {
    void *context;
    /* To one peer. ERR_AGAIN: it is full. ERR_GONE: it is not there. Any other: a broken socket. */
    enum err (*send)(void *context, const struct bus_peer *peer, struct slice bytes);
    /* To whoever listens live; losing it is allowed. ERR_GONE: nobody listens. */
    enum err (*publish)(void *context, struct slice topic, struct slice place, struct slice envelope);
};

#endif
