/* store.h - the questions notification asks its data; the only SQL text of this service in C (the courier has
 * a store of its own, courier.c).
 *
 * Every call may fail with ERR_IO, ERR_FULL, ERR_CORRUPT or ERR_NOMEM; only what else it may say is named
 * below.
 */
#ifndef SERVICES_NOTIFICATION_STORE_H
#define SERVICES_NOTIFICATION_STORE_H

#include "common/db.h"
#include "proto/events.h"
#include "services/notification/notification.h"

#include <msgpack.h>

enum store_query {
    STORE_ADD_MESSAGE,
    STORE_FIND_MESSAGE,
    STORE_NOTE_DELIVERY,
    STORE_NOTE_RECEIPT,
    STORE_COUNT_MESSAGES,
    STORE_ADD_CERTIFICATE,
    STORE_FIND_CERTIFICATE,
    STORE_ADD_PLAN,
    STORE_ADD_FILING,
    STORE_END_FILING,
    STORE_ADD_REPORT,
    STORE_OWING,
    STORE_ADD_MISSED,
    STORE_QUERIES
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *query[STORE_QUERIES];
};

/* For struct service: `store` is a zeroed struct store. */
enum err store_open(void *store, sqlite3 *db, struct why *why);
void store_close(void *store);

/* A message is owed. queued_seq is the place of the event that made it owed. ERR_INVALID: it is queued
 * already. */
enum err store_add_message(struct store *s, const struct message_queued *m, uint64_t queued_seq);

/* A message as the question "message" shows it; slices live in the zone. */
struct message_row {
    struct slice message, recipient, template_name, about;
    struct slice product, certificate; /* empty when the text names none */
    bool has_day, has_received_on;
    int32_t day, received_on;
    struct message_state state;
};
/* ERR_NOT_FOUND when there is none. */
enum err store_find_message(struct store *s, struct slice message, msgpack_zone *zone,
                            struct message_row *out);

enum err store_note_delivery(struct store *s, struct slice message, enum delivery delivery);
enum err store_note_receipt(struct store *s, struct slice message, int32_t received_on);

struct message_counts {
    int64_t messages;                            /* all of them */
    int64_t queued, failed, delivered, received; /* by what is last known: these four add up to messages */
    int64_t missed;                              /* deadlines */
};
enum err store_count_messages(struct store *s, struct message_counts *out);

struct holder {
    struct slice product, name, owner, province;
};
enum err store_add_certificate(struct store *s, struct slice certificate, const struct holder *h);
/* ERR_NOT_FOUND when there is none. Slices live in the zone. */
enum err store_find_certificate(struct store *s, struct slice certificate, msgpack_zone *zone,
                                struct holder *out);

enum err store_add_plan(struct store *s, const struct plan_registered *plan, int32_t filed_on);
enum err store_add_filing(struct store *s, struct slice province, int32_t period_end, uint64_t filed_seq);
/* Intake has answered the report at that place. No such filing is fine. */
enum err store_end_filing(struct store *s, uint64_t filed_seq);
enum err store_add_report(struct store *s, const struct report_registered *report);

enum { STORE_PROVINCES_MAX = 100 }; /* two digits */
/* Provinces with a plan for the year, filed before the due day, that have no report of the period, none
 * waiting for intake's answer, and were not found missing before. Sorted by code. */
enum err store_owing(struct store *s, const struct deadline *d, char provinces[STORE_PROVINCES_MAX][3],
                     size_t *count);
enum err store_add_missed(struct store *s, const struct deadline_missed *m);

#endif
