/* certification.h - the rules of certification: which line of a decision stands, what a certificate is
 * called, when its end is told.
 *
 * Pure: no clock, no files, no SQL, no allocation. `day` is always the day of the record, `province` the one
 * of its topic: the rights of the sender are tied to the topic, so the data must agree with it.
 *
 * Rules return ERR_NONE, or ERR_INVALID with code and sentence in `why`. No star comes from here: the
 * council's rating says it, and a decision that says another does not stand.
 *
 * Sources: 26/2026/QĐ-TTg Art. 4 (three stars and more, 36 months), Art. 8 (withdrawal); notices at 180, 150
 * and 120 days bound its re-rating window, the one at 30 days is that of 148/QĐ-TTg.
 */
#ifndef SERVICES_CERTIFICATION_CERTIFICATION_H
#define SERVICES_CERTIFICATION_CERTIFICATION_H

#include "common/err.h"
#include "proto/events.h"

enum {
    CERTIFICATION_NUMBER_BYTES = 41,
    CERTIFICATION_MEAN_BYTES = 128,
    CERTIFICATION_KEY_BYTES = 1024, /* a decision's number: 64 letters, case folding may make three of one */
    CERTIFICATION_NOTICES = 4
};

/* Days before the end at which the holder is told. */
extern const int32_t certification_notices[CERTIFICATION_NOTICES];

/* A council's result, as the store remembers it. */
struct rating {
    struct slice rated, dossier, reference, product, name, owner, province;
    struct slice authority; /* word of the pick; empty below three stars */
    int64_t star, sum_hundredths, members, term_months;
    bool recognised, withdrawn; /* by a decision; its dossier by the applicant */
};

struct certificate {
    struct slice certificate, issued, province, product, name, owner, number, authority, rated, state,
        left_by, ground;
    int64_t star;
    int32_t issued_on, ends_on;
    bool has_left_on;
    int32_t left_on;
};

/* First day of the certificates of a decision. */
int32_t certification_first_day(const struct decision_signed *decision);

/* What is wrong with the decision as a whole, so that no line of it can stand: `known` says whether lines of
 * a decision of this number, authority, province and year stand already. WRONG_PROVINCE, DECISION_DATE,
 * DECISION_DUPLICATE */
enum err certification_check_decision(const struct decision_signed *decision, struct slice province,
                                      int32_t day, bool known, struct why *why);

/* One line; `rating` NULL: no such product.rated before this in the log.
 * NOT_YET, WRONG_PRODUCT, WRONG_PROVINCE, WITHDRAWN, DECIDED_TWICE, STAR_TOO_LOW, WRONG_STAR, WRONG_AUTHORITY
 */
enum err certification_check_line(const struct decision_signed *decision, const struct decision_item *item,
                                  const struct rating *rating, struct why *why);

/* A withdrawal; `certificate` NULL: there is none of that number.
 * WRONG_PROVINCE, UNKNOWN_CERTIFICATE, NOT_VALID, WRONG_AUTHORITY, DECISION_DATE */
enum err certification_check_revocation(const struct revocation_decided *decided, struct slice province,
                                        int32_t day, const struct certificate *certificate, struct why *why);

/* Does the end of this certificate have to be told today, and how many days are left? False also when it is
 * past. */
bool certification_notice_due(int32_t ends_on, int32_t day, int32_t *days_left);

/* OCOP-PP-YYYY-NNNN, and back; false when it is none. */
void certification_number(struct slice province, int64_t year, int64_t serial,
                          char number[CERTIFICATION_NUMBER_BYTES]);
bool certification_number_parts(struct slice number, int64_t *year, int64_t *serial);
int64_t certification_year(int32_t day);

/* The mean as people read it, two decimals, never rounded up: "49.50", or "69.99 (exactly 209.99 / 3)". */
void certification_mean(int64_t sum_hundredths, int64_t members, char text[CERTIFICATION_MEAN_BYTES]);

/* Key for comparing numbers of decisions. ERR_INVALID, ERR_LIMIT. */
enum err certification_key(struct slice number, char key[CERTIFICATION_KEY_BYTES]);

#endif
