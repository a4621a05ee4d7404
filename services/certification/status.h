/* status.h - is a certificate valid on a day, as far as was known at a place of the log?
 *
 * One pure function of the facts about the certificate. It does not matter whether the day has begun, whether
 * a notice was sent or an end was told: those are news. "As of a place of the log" is the same function of
 * fewer facts: the store hands over those whose place is not behind it.
 *
 * Sources: 26/2026/QĐ-TTg Art. 4.3 (term), Art. 8 (withdrawal), Art. 12.3 (extension).
 * [inferred] The last day of the term is a day of validity. A certificate that is replaced or withdrawn is so
 * from the very day on; what happens first stays: nothing leaves "withdrawn" or "replaced".
 */
#ifndef SERVICES_CERTIFICATION_STATUS_H
#define SERVICES_CERTIFICATION_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum status {
    STATUS_UNKNOWN,       /* before its first day, or there is no such certificate */
    STATUS_VALID,         /* within its term */
    STATUS_VALID_PENDING, /* past its term, extended until its re-rating has a result */
    STATUS_EXPIRED,
    STATUS_WITHDRAWN,
    STATUS_REPLACED,
    STATUS_COUNT
};

enum leaving { LEAVING_NONE, LEAVING_SUPERSEDED, LEAVING_WITHDRAWN };

/* While one dossier was pending. */
struct status_extension {
    int32_t from, to; /* first and last day */
    bool ended, rated;
    int32_t ended_on;                       /* its last day, the dossier being out, or rated too low */
    const struct status_extension *earlier; /* NULL: it was the first */
};

struct status_facts {
    int32_t issued_on, ends_on;               /* first and last day of the term */
    enum leaving leaving;                     /* the earliest, when there are several */
    int32_t left_on;                          /* from this day on; 0 when it did not leave */
    const struct status_extension *extension; /* the latest; NULL: there is none */
};

struct standing {
    enum status status;
    bool has_until;
    int32_t
        until; /* last day, as far as is known, of STATUS_VALID and _VALID_PENDING; before STATUS_EXPIRED */
};

struct standing status_on(const struct status_facts *facts, int32_t day);
/* "valid", "valid_pending", "expired", "withdrawn", "replaced", "unknown" */
const char *status_word(enum status status);
/* May the holder use it? Valid, also while pending. */
bool status_in_force(enum status status);
/* The last day of term and extensions, whatever else became of it. */
int32_t status_last_day(const struct status_facts *facts);
/* Of several certificates of a product the one with the smallest rank speaks for it, of equals the later one:
 * valid, pending, ended in either way, replaced, unknown. */
unsigned status_rank(enum status status);

#endif
