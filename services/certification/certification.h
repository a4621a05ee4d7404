/* certification.h - the rules of certification: which line of a decision stands, who withdraws, which
 * certificates from elsewhere are recorded, when a term is extended.
 *
 * Pure: no clock, no files, no SQL, no allocation. `day` is always the day of the record, `province` the one
 * of its topic: the rights of the sender are tied to the topic, so the data must agree with it.
 *
 * Rules return ERR_NONE, or ERR_INVALID with code and sentence in `why`. No star comes from here: the
 * council's rating says it, and a decision that says another does not stand. Who recognises a star, how long
 * a certificate lasts and every number of days come from adopted rule sets.
 *
 * (certification.c: decisions and numbers; certification_withdrawal.c: withdrawals and findings;
 * certification_term.c: recorded certificates, extensions, notices)
 */
#ifndef SERVICES_CERTIFICATION_CERTIFICATION_H
#define SERVICES_CERTIFICATION_CERTIFICATION_H

#include "common/err.h"
#include "proto/events.h"
#include "services/certification/status.h"

enum {
    CERTIFICATION_STAR_LEAST = 3, /* of a certificate, in every event that carries one */
    CERTIFICATION_NUMBER_BYTES = 41,
    CERTIFICATION_MEAN_BYTES = 128,
    CERTIFICATION_GATES_BYTES = 256, /* of gates that were met, in a sentence */
    /* Keys: a decision's number has 64 letters, a name 200; case folding may make three of one. */
    CERTIFICATION_KEY_BYTES = 1024,
    CERTIFICATION_NAME_KEY_BYTES = 4096
};

/* A rule set, as far as certification needs it; -1: it says nothing of that. */
struct rule_set {
    struct slice name;
    int32_t first_day, last_day;
    int64_t term_months, window_closes_days, withdrawal_days, extension_days;
};

/* Who may sign, by an adopted rule set. */
struct signer {
    bool known; /* the rule set is adopted */
    bool named; /* it names somebody for this star on this day */
    enum authority authority;
    int64_t term_months; /* -1: it says none */
};

/* What adopted areas say of a province's code on a day. */
struct area {
    bool adopted, known;      /* are there any; does one name the code, of before or since */
    struct slice merged_into; /* the code it became part of; empty: it stands for itself */
    int32_t merged_on;
};

/* A council's result, as the store remembers it. */
struct rating {
    struct slice rated, dossier, reference, product, name, owner, province, rule_set;
    struct slice gates; /* those met, as text */
    bool has_met_on;
    int32_t met_on; /* day of the council's meeting */
    enum level level;
    int64_t star, sum_hundredths, members;
    bool recognised, withdrawn; /* by a decision; its dossier by the applicant */
    struct slice later;         /* id of the latest later rating of this dossier; empty: there is none */
    bool later_remanded;        /* that one was given back, so the lower level may certify on it */
};

struct certificate {
    struct slice certificate, fact, province, product, code, name, owner, number, rule_set, rated, source;
    bool recorded;
    enum authority authority;
    int64_t star;
    struct status_facts facts;
    struct slice left_by, ground; /* of the earliest leaving */
    bool withdrawn;               /* whenever, also when it was replaced before */
    bool linked;                  /* a recorded one that a dossier has named */
};

struct finding {
    struct slice finding, certificate;
    enum ground ground;
    int32_t found_on, decide_by;
    bool settled;
};

/* --- decisions --- */

/* First day of the certificates of a decision. */
int32_t certification_first_day(const struct decision_signed *decision);

/* The sender's topic and the decision must speak of the same province, and only the ministry of "00".
 * WRONG_PROVINCE */
enum err certification_check_sender(enum authority authority, struct slice said, struct slice province,
                                    struct why *why);
/* Is there still, or at all, a province of this code on the day that `area` is of?
 * PROVINCE_MERGED, PROVINCE_UNKNOWN */
enum err certification_check_area(struct slice province, const struct area *area, struct why *why);
/* DECISION_DATE: signed after today */
enum err certification_check_not_ahead(int32_t signed_on, int32_t day, struct why *why);

/* What is wrong with the decision as a whole, so that no line of it can stand: `known` says whether lines of
 * a decision of this number, authority, province and year stand already; `area` is of its date.
 * WRONG_PROVINCE, DECISION_DATE, PROVINCE_MERGED, PROVINCE_UNKNOWN, DECISION_DUPLICATE */
enum err certification_check_decision(const struct decision_signed *decision, struct slice province,
                                      const struct area *area, int32_t day, bool known, struct why *why);

/* One line. Its date is held against the day of the council's meeting, paper against paper: days of records
 * say when something became known here, not when it was. `rating` NULL: no such product.rated before this in
 * the log. `product`: the first code of the one the line names. `in_area`: the decision's province is the
 * rating's, or the one it was merged into by then. `signer` by the rating's rule set on the decision's date.
 * NOT_YET, WRONG_PRODUCT, WRONG_PROVINCE, WITHDRAWN, DECIDED_TWICE, RATING_SUPERSEDED, STAR_TOO_LOW,
 * WRONG_STAR, DECISION_DATE, RULE_SET_UNKNOWN, WRONG_AUTHORITY */
enum err certification_check_line(const struct decision_signed *decision, const struct decision_item *item,
                                  struct slice product, const struct rating *rating, bool in_area,
                                  const struct signer *signer, struct why *why);

/* What a certificate of `star` is to the one it replaces. */
enum change certification_change(int64_t older_star, int64_t star);

/* --- withdrawals --- */

/* `certificate` NULL: there is none of that number. `who`: the authority that withdraws it. `area` is of the
 * decision's date.
 * WRONG_PROVINCE, DECISION_DATE, PROVINCE_MERGED, PROVINCE_UNKNOWN, UNKNOWN_CERTIFICATE, NOT_VALID,
 * WRONG_AUTHORITY */
enum err certification_check_revocation(const struct revocation_decided *decided, struct slice province,
                                        const struct area *area, int32_t day,
                                        const struct certificate *certificate, bool in_area,
                                        enum authority who, struct why *why);

/* `rules` is in force on the day of the finding, NULL: none is; `area` is of that day. `open`: one on this
 * ground waits already.
 * WRONG_PROVINCE, DATE_FUTURE, PROVINCE_MERGED, PROVINCE_UNKNOWN, UNKNOWN_CERTIFICATE, DECISION_DATE,
 * NOT_VALID, FINDING_DUPLICATE, RULE_SET_UNKNOWN, NO_TIME_LIMIT */
enum err certification_check_finding(const struct finding_filed *filed, struct slice province,
                                     const struct area *area, int32_t day,
                                     const struct certificate *certificate, bool in_area, bool open,
                                     const struct rule_set *rules, struct why *why);

/* `finding` NULL: none of that id stands before this in the log. `area` is of today.
 * WRONG_PROVINCE, PROVINCE_MERGED, PROVINCE_UNKNOWN, NOT_YET, FINDING_SETTLED, WRONG_AUTHORITY */
enum err certification_check_dismissal(const struct dismissal_decided *decided, struct slice province,
                                       const struct area *area, const struct finding *finding, bool in_area,
                                       enum authority who, struct why *why);

/* --- terms --- */

/* A certificate from elsewhere. `rules` is in force on its first day, NULL: none is; `signer` by it on that
 * day, as is `area`; `duplicate` the number under which it is recorded already, or empty.
 * WRONG_PROVINCE, DATE_FUTURE, ENDS_BEFORE, PROVINCE_MERGED, PROVINCE_UNKNOWN, RULE_SET_UNKNOWN,
 * AUTHORITY_UNKNOWN, RECORD_DUPLICATE */
enum err certification_check_record(const struct record_filed *filed, struct slice province,
                                    const struct area *area, int32_t day, const struct rule_set *rules,
                                    const struct signer *signer, struct slice duplicate, struct why *why);

/* Does the re-rating dossier that was accepted on `day` extend the certificate (26/2026/QĐ-TTg Art. 12.3),
 * and to which day? `rules` is in force on that day. */
bool certification_extension(const struct rule_set *rules, const struct status_facts *facts, int32_t day,
                             int32_t *to);
/* Its first day: the day behind the term, or the one on which the dossier was handed in when that is later.
 */
int32_t certification_extension_from(int32_t ends_on, int32_t received_on);

/* Is the end of a certificate that became known today nearer than the longest notice, so that the holder is
 * told at once? `longest_notice` -1: there are none. */
bool certification_end_is_near(int32_t ends_on, int32_t day, int64_t longest_notice);

/* --- numbers, means, words --- */

/* OCOP-PP-YYYY-NNNN, or GHI-PP-YYYY-NNNN of a recorded one, and back; false when it is neither. */
void certification_number(bool recorded, struct slice province, int64_t year, int64_t serial,
                          char number[CERTIFICATION_NUMBER_BYTES]);
bool certification_number_parts(struct slice number, int64_t *year, int64_t *serial);
int64_t certification_year(int32_t day);

/* The mean as people read it, two decimals, never rounded up: "49.50", or "69.99 (exactly 209.99 / 3)". */
void certification_mean(int64_t sum_hundredths, int64_t members, char text[CERTIFICATION_MEAN_BYTES]);

/* Key for comparing numbers and names. ERR_INVALID, ERR_LIMIT. */
enum err certification_key(struct slice number, char key[CERTIFICATION_KEY_BYTES]);
enum err certification_name_key(struct slice name, char key[CERTIFICATION_NAME_KEY_BYTES]);

const char *certification_authority_text(enum authority a); /* "province" */

#endif
