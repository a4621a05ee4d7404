/* intake.h - the rules of intake: what a dossier must hold, what a product is called, when a plan or report
 * stands.
 *
 * Pure: no clock, no files, no SQL, no allocation. `day` is always the day of the record, `province` the one
 * of its topic: the rights of the sender are tied to the topic, so the data must agree with it.
 *
 * Rules that answer yes or no return ERR_NONE, or ERR_INVALID with code and sentence in `why`.
 *
 * Sources: 26/2026/QĐ-TTg Art. 6, Annexes II and III; 1048/QĐ-TTg as practised.
 */
#ifndef SERVICES_INTAKE_INTAKE_H
#define SERVICES_INTAKE_INTAKE_H

#include "common/err.h"
#include "proto/events.h"

enum {
    INTAKE_KEY_BYTES = 2560, /* 200 letters, case folding may make three of one */
    INTAKE_CODE_BYTES = 41,
    INTAKE_GAPS_MAX = 32,
    INTAKE_GAP_SENTENCE = 200,
    INTAKE_VERSIONS_MAX = 10000
};

/* Everything a dossier lacks. The slices of `list` point into `sentences`, into static text: do not copy the
 * struct. */
struct intake_gaps {
    size_t count;
    struct gap list[INTAKE_GAPS_MAX];
    char sentences[INTAKE_GAPS_MAX][INTAKE_GAP_SENTENCE];
};

/* An accepted dossier in its latest version, as the store remembers it. */
struct intake_dossier {
    struct slice dossier, reference, province, product, name, owner;
    struct slice kind, owner_kind, district_code, commune_code, round, rule_set, rubric, remark;
    int64_t version;
    bool withdrawn, rated;
};

/* Find every gap of `filed`, not the first: codes FIELD_MISSING, FIELD_FORMAT, FIELD_ABOLISHED, ITEM_MISSING,
 * RULE_SET_UNKNOWN, RUBRIC_OTHER. A field that is blank is missing. */
void intake_find_gaps(const struct dossier_filed *filed, int32_t day, struct intake_gaps *gaps);
/* One sentence that names them all, for `why` (code GAPS). Returns ERR_INVALID when there are any. */
enum err intake_check_gaps(const struct intake_gaps *gaps, struct why *why);

/* WRONG_PROVINCE */
enum err intake_check_province(struct slice said, struct slice province, struct why *why);
/* WRONG_PROVINCE, REFERENCE_USED: what can be said before the product is known. */
enum err intake_check_reference(const struct dossier_filed *filed, struct slice province, bool used,
                                struct why *why);
/* DUPLICATE_IN_ROUND: `earlier` is the reference of the product's dossier in this round, empty when there is
 * none. */
enum err intake_check_round(const struct dossier_filed *filed, struct slice product, struct slice earlier,
                            struct why *why);

/* PLAN_YEARS, PLAN_DUPLICATE, WRONG_PROVINCE */
enum err intake_check_plan(const struct plan_filed *plan, struct slice province, bool registered,
                           struct why *why);
/* REPORT_DUPLICATE, PERIOD_OPEN, WRONG_PROVINCE */
enum err intake_check_report(const struct report_filed *report, struct slice province, int32_t day,
                             bool registered, struct why *why);
/* Handed in on or after the day before which it was due. */
bool intake_report_late(const struct report_filed *report, int32_t day);

/* May this dossier still be changed or taken back? `dossier` NULL: not accepted yet.
 * NOT_YET, WRONG_PROVINCE, WITHDRAWN, RATED */
enum err intake_check_open(const struct intake_dossier *dossier, struct slice id, struct slice province,
                           struct why *why);
/* `name` and `owner` are what they will be; `other` is the code of another product that has them, or empty.
 * NOTHING_CHANGED, NAME_MISSING, PRODUCT_EXISTS; ERR_LIMIT with code LIMIT. */
enum err intake_check_supplement(const struct intake_dossier *dossier, struct slice name, struct slice owner,
                                 bool changed, struct slice other, struct why *why);

/* Key for comparing names of products and owners. ERR_INVALID, ERR_LIMIT. */
enum err intake_key(struct slice text, char key[INTAKE_KEY_BYTES]);

/* The product's code, in the form of its day: PP-DDD-CCCCC-N-YYYY to 30/06/2025, PP-CCCCC-N-YYYY since. */
void intake_product_code(int32_t day, struct slice province, struct slice district, struct slice commune,
                         int64_t serial, char code[INTAKE_CODE_BYTES]);
/* Serial and year of a code of either form; false when it has neither. */
bool intake_code_parts(struct slice code, int64_t *serial, int64_t *year);
int64_t intake_year(int32_t day);

#endif
