/* prefix.h - beginnings of topics that may be followed or subscribed to. */
#ifndef SERVICES_BROKER_PREFIX_H
#define SERVICES_BROKER_PREFIX_H

#include "common/record.h"

/* At most TOPIC_MAX bytes of a-z, 0-9, '_' and '.'. The empty one is valid and means everything. */
bool prefix_valid(struct slice prefix);
/* 1 to PUBLISHER_MAX bytes of letters, digits, '_', '-' and '.'. */
bool publisher_valid(struct slice name);

#endif
