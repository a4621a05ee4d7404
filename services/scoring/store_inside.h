/* store_inside.h - what the files of the store share. */
#ifndef SERVICES_SCORING_STORE_INSIDE_H
#define SERVICES_SCORING_STORE_INSIDE_H

#include "services/scoring/store.h"

/* Places in store.statements; their SQL stands in store.c. */
enum statement {
    FIND_RULES_HASH,
    FIND_RULES,
    ADD_RULES,
    ADD_COUNCIL,
    ADD_SEAT,
    FIND_COUNCIL,
    ADD_DOSSIER,
    SUPPLEMENT_DOSSIER,
    WITHDRAW_DOSSIER,
    FIND_DOSSIER,
    FIND_STANDING,
    COUNT_SHEETS,
    ADD_SHEET,
    LIST_PENDING,
    LIST_SHEETS,
    LIST_OPTIONS,
    LIST_GATES,
    ADD_RATING,
    ADD_MISSED,
    ADD_GATE,
    FORWARD_RATING,
    HAS_CLOSING,
    ADD_CLOSING,
    STATEMENTS
};
_Static_assert((int)STATEMENTS <= (int)STORE_STATEMENTS_MAX, "room for every statement");

/* Step to the only row: ERR_NOT_FOUND when there is none. The caller ends it with db_done. */
enum err store_one_row(sqlite3_stmt *q);

#endif
