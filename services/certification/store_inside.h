/* store_inside.h - what the files of the store share: the list of statements, columns of a certificate. */
#ifndef SERVICES_CERTIFICATION_STORE_INSIDE_H
#define SERVICES_CERTIFICATION_STORE_INSIDE_H

#include "services/certification/store.h"

enum statement {
    /* store_law.c */
    ADD_RULES,
    DROP_AUTHORITIES,
    ADD_AUTHORITY,
    DROP_NOTICES,
    ADD_NOTICE,
    FIND_RULES,
    FIND_RULES_ON,
    FIND_AUTHORITY,
    LONGEST_NOTICE,
    ADD_AREA,
    STANDS_FOR,
    ADD_PROVINCE,
    FIND_AREA,
    ADD_ALIAS,
    RESOLVE,
    PRINTED_CODE,
    ADD_DAY,
    TODAY,
    /* store.c */
    ADD_RATING,
    FIND_RATING,
    REMAND,
    ADD_WITHDRAWN,
    HAS_DECISION,
    ADD_DECISION,
    LAST_SERIAL,
    FIND_CERTIFICATE,
    FIND_LATEST,
    LIST_BY_REFERENCE,
    LIST_BY_PRODUCT,
    LIST_NOTICED,
    LIST_ENDED,
    LIST_RUNNING,
    ADD_CERTIFICATE,
    RECOGNISE,
    SUPERSEDE,
    REVOKE,
    CLOSE,
    /* store_more.c */
    FIND_RECORD,
    ADD_RECORDED,
    ADD_RECORD,
    LINK,
    HAS_ISSUED,
    ADD_EXTENSION,
    REOPEN,
    END_EXTENSION,
    FIND_EXTENDED,
    FIND_PENDING,
    LIST_EXTENSIONS,
    ADD_FINDING,
    FIND_FINDING,
    FIND_FINDING_OF,
    HAS_OPEN_FINDING,
    DISMISS,
    CLOSE_FINDINGS,
    STATEMENTS
};
_Static_assert((int)STATEMENTS <= (int)STORE_STATEMENTS_MAX, "room for every statement");

/* The texts of each file, by statement; NULL: it stands in another. */
extern const char *const store_law_sql[STATEMENTS];
extern const char *const store_certificate_sql[STATEMENTS];
extern const char *const store_more_sql[STATEMENTS];

/* ?1 is always the place of the log as of which the certificate is read. */
#define CERTIFICATE_COLUMNS                                                                                  \
    "c.certificate, c.fact, c.province,"                                                                     \
    " CASE WHEN c.linked_seq <= ?1 THEN c.linked ELSE c.product END,"                                        \
    " c.code, c.name, c.owner, c.number, c.rule_set, c.rated, c.source, c.authority, ifnull(l.left_by, '')," \
    " ifnull(l.ground, ''), c.recorded, c.star, c.issued_on, c.ends_on, ifnull(l.how, ''),"                  \
    " ifnull(l.left_on, 0), EXISTS (SELECT 1 FROM extension x WHERE x.certificate = c.certificate"           \
    " AND x.extended_seq <= ?1), ?1,"                                                                        \
    " EXISTS (SELECT 1 FROM leaving w WHERE w.certificate = c.certificate AND w.how = 'withdrawn'"           \
    " AND w.left_seq <= ?1), ifnull(c.linked_seq <= ?1, 0)"
/* Beside each certificate its earliest leaving. */
#define CERTIFICATE_FACTS                                                                                    \
    " LEFT JOIN leaving l ON l.id = (SELECT k.id FROM leaving k WHERE k.certificate = c.certificate"         \
    " AND k.left_seq <= ?1 ORDER BY k.left_on, k.id LIMIT 1)"
#define IN_ORDER " ORDER BY c.recorded, c.province, c.year, c.serial"

/* Step to the only row: ERR_NOT_FOUND when there is none. The caller ends it with db_done. */
enum err store_one_row(sqlite3_stmt *q);
/* A bound query of CERTIFICATE_COLUMNS, its first row. */
enum err store_one_certificate(struct store *s, sqlite3_stmt *q, msgpack_zone *zone, struct certificate *out);
enum authority store_authority(struct slice word);

#endif
