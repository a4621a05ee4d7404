/* store_inside.h - what the files of the store share; others include store.h only. */
#ifndef SERVICES_NOTIFICATION_STORE_INSIDE_H
#define SERVICES_NOTIFICATION_STORE_INSIDE_H

#include "services/notification/store.h"

extern const char *const store_law_sql[STORE_DEADLINE - STORE_LAW];
extern const char *const store_deadline_sql[STORE_QUERIES - STORE_DEADLINE];

/* Text that may be absent is NULL in its column, not empty. */
void store_bind_optional(sqlite3_stmt *q, int at, bool has, struct slice text);
/* What a row says is gone with its statement, so it is copied into the zone. */
enum err store_keep(msgpack_zone *zone, struct slice text, struct slice *out);

#endif
