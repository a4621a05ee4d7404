/* store_inside.h - what the files of the store share. */
#ifndef SERVICES_SCORING_STORE_INSIDE_H
#define SERVICES_SCORING_STORE_INSIDE_H

#include "services/scoring/store.h"

/* Places in store.statements; their SQL stands in store.c. */
enum statement {
    FIND_RULES_HASH,
    FIND_RULES,
    ADD_RULES,
    FIND_NEWER_SET,
    FIND_SET_OF_DAY,
    FIND_SET_IN_FORCE,
    HAS_DOSSIERS,
    ADD_COUNCIL,
    ADD_SEAT,
    FIND_COUNCIL,
    ADD_DOSSIER,
    SUPPLEMENT_DOSSIER,
    WITHDRAW_DOSSIER,
    REJECT_DOSSIER,
    FIND_DOSSIER,
    FIND_STANDING,
    ADD_AREA,
    FIND_PROVINCE,
    ADD_CONFLICT,
    FIND_CONFLICTS,
    COUNT_SHEETS,
    ADD_SHEET,
    LIST_PENDING,
    LIST_SHEETS,
    CLEAR_FAR,
    ADD_FAR,
    ADD_RATING,
    ADD_MISSED,
    ADD_GATE,
    FORWARD_RATING,
    REMAND_RATING,
    HAS_CLOSING,
    ADD_CLOSING,
    STATEMENTS
};
_Static_assert((int)STATEMENTS <= (int)STORE_STATEMENTS_MAX, "room for every statement");

/* Step to the only row: ERR_NOT_FOUND when there is none. The caller ends it with db_done. */
enum err store_one_row(sqlite3_stmt *q);
/* Room for one more element in a list in the zone: grows by doubling, the old place is left to the zone. */
enum err store_grow(msgpack_zone *zone, size_t size, size_t count, size_t *capacity, void **list);
void store_bind_text_or_null(sqlite3_stmt *q, int at, bool has, struct slice text);
void store_bind_number_or_null(sqlite3_stmt *q, int at, bool has, int64_t value);

#endif
