/* store.h - the questions notification asks its data; the only SQL text of this service in C
 * (store.c, store_law.c, store_deadline.c; the courier has a store of its own, courier.c).
 *
 * Every call may fail with ERR_IO, ERR_FULL, ERR_CORRUPT or ERR_NOMEM; only what else it may say is named
 * below.
 */
#ifndef SERVICES_NOTIFICATION_STORE_H
#define SERVICES_NOTIFICATION_STORE_H

#include "common/db.h"
#include "proto/events.h"
#include "services/notification/deadline.h"
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
    STORE_LAW, /* from here on those of store_law.c */
    STORE_ADD_RULE_SET = STORE_LAW,
    STORE_FIND_RULE_SET,
    STORE_RULE_SET_ON,
    STORE_RULE_SET_BEGINS,
    STORE_RULE_SET_BEGUN,
    STORE_TRANSITION_OF,
    STORE_DROP_ROUNDS,
    STORE_ADD_ROUND,
    STORE_LIST_ROUNDS,
    STORE_DROP_DAYS_OFF,
    STORE_ADD_DAY_OFF,
    STORE_LIST_DAYS_OFF,
    STORE_ADD_SLIP,
    STORE_END_SLIP,
    STORE_ADD_DOSSIER,
    STORE_FIND_DOSSIER,
    STORE_HAS_DOSSIER,
    STORE_DOSSIER_WAITS,
    STORE_DOSSIER_ENDS,
    STORE_CORRECT_DOSSIER,
    STORE_ADD_HANDED_IN,
    STORE_END_HANDED_IN,
    STORE_DEADLINE, /* from here on those of store_deadline.c */
    STORE_ADD_DEADLINE = STORE_DEADLINE,
    STORE_ADD_TRANSITIONS,
    STORE_NOTE_DEADLINE,
    STORE_FIND_STANDING,
    STORE_MOVE_DEADLINE,
    STORE_END_DEADLINE,
    STORE_END_DOSSIER_DEADLINES,
    STORE_END_RE_RATING,
    STORE_END_CERTIFIED,
    STORE_END_FINDING,
    STORE_END_ROUNDS,
    STORE_FIND_FINDING,
    STORE_MISSED_ON,
    STORE_NEAR_ON,
    STORE_ROUND_SLIPS,
    STORE_ROUND_DOSSIERS,
    STORE_LIST_OWED,
    STORE_LIST_DONE,
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
enum err store_add_message(struct store *s, const struct message_queued *m, struct slice province,
                           uint64_t queued_seq);

/* A message as the question "message" shows it; slices live in the zone. */
struct message_row {
    struct slice message, recipient, template_name, about, province;
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
    struct slice product, name, owner, province; /* product and owner may be empty */
    int64_t star;
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
enum err store_owing(struct store *s, const struct report_due *d, char provinces[STORE_PROVINCES_MAX][3],
                     size_t *count);

/* --- law --- */

enum { NOT_SAID = -1 }; /* a rule set says nothing of it */

struct rule_set {
    struct slice name;
    bool has_first_day, has_last_day, supplement_stops_clock;
    int32_t first_day, last_day;
    int32_t commune_working_days, re_rating_days, transition_days, transition_re_rating_days, near_days;
};
/* Adopted, or adopted anew in another form: then it takes the place of the earlier one. */
enum err store_add_rule_set(struct store *s, const struct rule_set *r, const struct round_dates *rounds,
                            size_t count);
/* ERR_NOT_FOUND. */
enum err store_find_rule_set(struct store *s, struct slice name, msgpack_zone *zone, struct rule_set *out);
/* The one in force on a day: among those that cover it, the one that began last. ERR_NOT_FOUND. */
enum err store_rule_set_on(struct store *s, int32_t day, msgpack_zone *zone, struct rule_set *out);
/* One that has begun by `day` and whose transition was not made yet. ERR_NOT_FOUND: there is no more. */
enum err store_rule_set_begins(struct store *s, int32_t day, msgpack_zone *zone, struct rule_set *out);
enum err store_note_begun(struct store *s, struct slice name);
/* The one whose transition, already made, a dossier received on that day falls under. ERR_NOT_FOUND. */
enum err store_transition_of(struct store *s, int32_t received_on, struct slice rule_set, msgpack_zone *zone,
                             struct rule_set *out);

enum { STORE_ROUNDS_MAX = 24 };
enum err store_rounds(struct store *s, struct slice rule_set, struct round_dates rounds[STORE_ROUNDS_MAX],
                      size_t *count);

enum err store_add_calendar(struct store *s, struct slice name, const struct day_off *days, size_t count);
enum { STORE_DAYS_OFF_MAX = 1024 };
/* Days off from `day` on, rising, the first STORE_DAYS_OFF_MAX of them. */
enum err store_days_off(struct store *s, int32_t day, int32_t days[STORE_DAYS_OFF_MAX], size_t *count);

/* --- dossiers on their way --- */

enum err store_add_slip(struct store *s, struct slice province, struct slice reference, int32_t received_on);
enum err store_end_slip(struct store *s, struct slice province, struct slice reference);

enum waits { WAITS_FOR_NOTHING, WAITS_FOR_PROVINCE, WAITS_FOR_CENTRE };
struct dossier {
    struct slice dossier, province, reference, product, name, owner, rule_set;
    enum dossier_kind kind;
    int32_t received_on, proposed_on;
};
enum err store_add_dossier(struct store *s, const struct dossier *d);
/* ERR_NOT_FOUND. Days and kind are left out. */
enum err store_find_dossier(struct store *s, struct slice dossier, msgpack_zone *zone, struct dossier *out);
/* Was a dossier of that reference accepted? */
enum err store_has_dossier(struct store *s, struct slice province, struct slice reference, bool *has);
/* since: NOT_SAID leaves the day as it is. No such dossier is fine. */
enum err store_note_waits(struct store *s, struct slice dossier, enum waits waits, int32_t since);
/* No council will rate the dossiers of that reference any more. */
enum err store_note_ended(struct store *s, struct slice province, struct slice reference);
enum err store_correct_dossier(struct store *s, struct slice dossier, struct slice name, struct slice owner);

/* Something that would meet the deadlines about that reference or certificate was handed in at that place ...
 */
enum err store_add_handed_in(struct store *s, struct slice about, uint64_t filed_seq);
/* ... and is answered. No such filing is fine. */
enum err store_end_handed_in(struct store *s, uint64_t filed_seq);

/* --- deadlines --- */

/* Texts that may be absent are empty, days and counts NOT_SAID. */
struct deadline {
    enum due what;
    struct slice about, province, who, fact, owner, name;
    int32_t due_before, near_on, stands_until;
    int64_t open;
    enum deadline_state state;
};
/* A deadline that is done and asked for again is open again; otherwise each stands once. */
enum err store_add_deadline(struct store *s, const struct deadline *d);
/* Every dossier received before `first_day` that waits for its province's council, re-ratings or the others,
 * owes its result before `due_before`. */
enum err store_add_transitions(struct store *s, const struct rule_set *newer, bool re_ratings,
                               int32_t due_before, int32_t near_on);
/* It was announced as near or missed; of rounds and reports this is the first that is known. */
enum err store_note_deadline(struct store *s, const struct deadline *d);
/* The commune's deadline that a request may stop. ERR_NOT_FOUND. */
enum err store_find_standing(struct store *s, struct slice province, struct slice reference,
                             msgpack_zone *zone, struct deadline *out);
/* It is due at another time, and open again: who was told of the earlier day is told again. */
enum err store_move_deadline(struct store *s, const struct deadline *d, int32_t due_before, int32_t near_on,
                             int32_t stands_until);

/* What was owed is done; no such deadline is fine. province empty: of any. */
enum err store_end_deadline(struct store *s, enum due what, struct slice about, struct slice province);
enum err store_end_dossier_deadlines(struct store *s, struct slice province, struct slice reference);
/* ministry_too: the ministry has what it waited for as well. */
enum err store_end_re_rating(struct store *s, struct slice province, struct slice reference,
                             bool ministry_too);
enum err store_end_certified(struct store *s, struct slice product); /* re-ratings of that product */
enum err store_end_finding(struct store *s, struct slice finding);
/* Rounds due before that day are history. */
enum err store_end_rounds(struct store *s, int32_t before);
/* The certificate a finding is about. ERR_NOT_FOUND. */
enum err store_find_finding(struct store *s, struct slice finding, msgpack_zone *zone,
                            struct slice *certificate);

/* Walk the rows that are missed on a day, or near on it, in a fixed order:
 *     e = store_due_begin(...); while (!e && (e = store_due_next(s, which, &row, &more)) == ERR_NONE && more)
 * ... store_due_end(s, which); A row's texts are gone with the next step. */
enum store_due { STORE_DUE_MISSED, STORE_DUE_NEAR };
void store_due_begin(struct store *s, enum store_due which, int32_t day);
enum err store_due_next(struct store *s, enum store_due which, struct deadline *row, bool *more);
void store_due_end(struct store *s, enum store_due which);

struct round_open {
    char province[3]; /* 00: the centre */
    int64_t open;
};
struct round_asked {
    enum due what;
    bool centre;
    int32_t cutoff, due_before;
    enum deadline_state state; /* those announced as this or further are left out */
};
/* How many are open of a round, by province: slips for the cut-off of a province's round, dossiers that wait
 * for the council otherwise. Sorted by code. */
enum err store_round_open(struct store *s, const struct round_asked *asked,
                          struct round_open open[STORE_PROVINCES_MAX], size_t *count);

enum { STORE_LIST_MAX = 10000 };
struct deadline_filter {
    bool has_what, has_state;
    enum due what;
    enum deadline_state state;
    struct slice who; /* empty: of all */
    int64_t limit;
};
/* The rows, by due day, with memory of the zone; of all states but done unless the filter names one. */
enum err store_list_deadlines(struct store *s, const struct deadline_filter *filter, msgpack_zone *zone,
                              struct deadline **rows, size_t *count);

#endif
