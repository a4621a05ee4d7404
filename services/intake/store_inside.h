/* store_inside.h - what the files of the store share. */
#ifndef SERVICES_INTAKE_STORE_INSIDE_H
#define SERVICES_INTAKE_STORE_INSIDE_H

#include "services/intake/store.h"

/* Places in store.statements; their SQL stands in store.c. */
enum statement {
    HAS_PLAN,
    ADD_PLAN,
    LIST_PLANS,
    HAS_REPORT,
    ADD_REPORT,
    ADD_RULES,
    LIST_RULES,
    ADD_NEEDED,
    LIST_NEEDED,
    ADD_RUBRIC,
    FIND_RUBRIC,
    ADD_AREAS,
    ADD_AREA,
    FIND_AREA,
    FIND_AREAS,
    LIST_MERGERS,
    ADD_MERGER,
    STANDS_FOR,
    FIND_OWNER,
    FIND_OWNER_NAMED,
    LIST_OWNERS_NAMED,
    NEXT_OWNER,
    ADD_OWNER,
    FIND_PRODUCT_NAMED,
    FIND_PRODUCT,
    LIST_PRODUCTS_OF,
    LIST_CODES,
    NEXT_SERIAL,
    ADD_PRODUCT,
    ADD_CODE,
    FIND_NAMES,
    RENAME_PRODUCT,
    ADD_CERTIFICATE,
    FIND_CERTIFICATE,
    FIND_PRINTED,
    FIND_CURRENT,
    END_CERTIFICATE,
    NAME_CERTIFICATE,
    FIND_DOSSIER,
    HAS_REFERENCE,
    FIND_IN_ROUND,
    HAS_ITEM,
    HAS_CITED,
    LIST_BY_REFERENCE,
    LIST_BY_PRODUCT,
    LIST_VERSIONS,
    LIST_ITEMS,
    LIST_ASSESSMENTS,
    ADD_DOSSIER,
    ADD_VERSION,
    ADD_ITEM,
    ADD_ASSESSMENT,
    SET_VERSION,
    MARK_WITHDRAWN,
    MARK_RATED,
    ADD_SLIP,
    HAS_SLIP,
    FIND_RECEIPT,
    FIND_LIVE_DOSSIER,
    FIND_LIVE_SLIP,
    FIND_REJECTION,
    ADD_REQUEST,
    ADD_ASKED,
    MARK_CAME,
    ADD_REJECTION,
    REJECT_DOSSIER,
    REJECT_SLIPS,
    REJECT_REQUESTS,
    LIST_SLIPS,
    LIST_REQUESTS,
    LIST_ASKED,
    STATEMENTS
};
_Static_assert((int)STATEMENTS <= (int)STORE_STATEMENTS_MAX, "room for every statement");

/* NULL when it is not there. */
void store_bind_optional(sqlite3_stmt *q, int at, bool has, int64_t value);
/* Is there a row? Ends the statement. */
enum err store_is_there(sqlite3_stmt *q, bool *there);
/* Step to the only row: ERR_NOT_FOUND when there is none. The caller ends it with db_done. */
enum err store_one_row(sqlite3_stmt *q);
/* Run a statement of one text parameter. */
enum err store_run_text(sqlite3_stmt *q, struct slice text);

/* Every row of a bound query, as a linked list of elements in the zone. */
struct store_rows {
    void *first;
    size_t count;
};
struct store_row_kind {
    size_t bytes, next; /* of an element; where its pointer to the next stands */
    enum err (*read)(sqlite3_stmt *row, msgpack_zone *zone, void *element);
};
enum err store_read_rows(sqlite3_stmt *q, msgpack_zone *zone, const struct store_row_kind *kind,
                         struct store_rows *out);

#endif
