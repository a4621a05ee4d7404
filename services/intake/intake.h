/* intake.h - the rules of intake: what may be filed, changed, received and turned away, and what a product is
 * called. What a dossier lacks is gaps.h, which law it stands under law.h.
 *
 * Pure: no clock, no files, no SQL, no allocation. `day` is always the day of the record, `province` the one
 * of its topic: the rights of the sender are tied to the topic, so the data must agree with it.
 *
 * Rules that answer yes or no return ERR_NONE, or ERR_INVALID with code and sentence in `why`.
 *
 * Sources: 26/2026/QĐ-TTg Art. 6 and 7, Annex II; 1048/QĐ-TTg as practised.
 */
#ifndef SERVICES_INTAKE_INTAKE_H
#define SERVICES_INTAKE_INTAKE_H

#include "common/err.h"
#include "proto/events.h"

enum {
    INTAKE_KEY_BYTES = 2560, /* 200 letters, case folding may make three of one */
    INTAKE_CODE_BYTES = 41,
    INTAKE_VERSIONS_MAX = 10000
};

/* A product, as the store remembers it. */
struct intake_product {
    struct slice product, registered, province, commune_code, commune, name, owner, owner_kind, owner_code;
    struct slice owner_key;
    struct slice code; /* to print: the latest it was given */
    int32_t code_day;  /* when it was given */
};

/* A certificate, issued or recorded. */
struct intake_certificate {
    struct slice certificate;
    struct slice product; /* a code of it as printed; empty: none was */
    struct slice province, owner_key;
    struct slice over; /* "withdrawn" or "replaced"; empty: neither */
    int64_t star;
    int32_t ends_on;
};

/* An accepted dossier in its latest version, as the store remembers it. */
struct intake_dossier {
    struct slice dossier, reference, province, product, name, owner;
    struct slice kind, owner_kind, district_code, commune_code, round, rule_set, rubric, remark;
    struct slice code, certificate, slip, proposal; /* empty: none */
    int64_t version, samples;                       /* samples 0: none were handed over */
    int32_t received_on, proposed_on;               /* proposed_on INT32_MIN: not named */
    bool withdrawn, rated, rejected;
};

/* What has become of a reference in its province, the latest filing under it. */
struct intake_standing {
    struct slice province, owner;
    bool received, accepted, withdrawn, rated, rejected;
};

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

/* SLIP_FUTURE, SLIP_TWICE, COMMUNE_NEEDED, WRONG_PROVINCE, and RULE_SET_UNKNOWN when `lawful` is false: no
 * adopted rule set was in force on the day of receipt. `twice`: this desk gave a slip for this reference. */
enum err intake_check_slip(const struct slip_filed *slip, struct slice province, int32_t day, bool twice,
                           bool lawful, struct why *why);
/* Is this reference at a desk, so that more may be asked or it may be turned away?
 * UNKNOWN_REFERENCE, WITHDRAWN, RATED, REJECTED */
enum err intake_check_standing(const struct intake_standing *standing, struct slice reference,
                               struct why *why);
/* Is what is asked for due after it was asked? The request's own date counts, where it says one: a request
 * may reach this system after what it asks for was due.
 * ASKED_ON_FUTURE, DUE_PAST */
enum err intake_check_due(const struct request_filed *filed, int32_t day, struct why *why);

/* May this dossier still be changed or taken back? `dossier` NULL: not accepted yet.
 * NOT_YET, WRONG_PROVINCE, WITHDRAWN, RATED, REJECTED */
enum err intake_check_open(const struct intake_dossier *dossier, struct slice id, struct slice province,
                           struct why *why);
/* `name` and `owner` are what they will be; `other` is the code of another product that has them, or empty.
 * NOTHING_CHANGED, NAME_MISSING, PRODUCT_EXISTS; ERR_LIMIT with code LIMIT. */
enum err intake_check_supplement(const struct intake_dossier *dossier, struct slice name, struct slice owner,
                                 bool changed, struct slice other, struct why *why);

/* Nothing but blanks. */
bool intake_blank(struct slice text);
/* Key for comparing names of products and owners. ERR_INVALID, ERR_LIMIT. */
enum err intake_key(struct slice text, char key[INTAKE_KEY_BYTES]);

/* The product's code: PP-DDD-CCCCC-N-YYYY with a district, PP-CCCCC-N-YYYY since there are none. */
void intake_product_code(int32_t day, struct slice province, struct slice district, struct slice commune,
                         int64_t serial, char code[INTAKE_CODE_BYTES]);
/* What a code of either form says; false when it has neither. */
struct intake_code {
    struct slice province, district, commune; /* district empty in the new form */
    int64_t serial, year;
};
bool intake_code_read(struct slice text, struct intake_code *code);
/* Is a code given on this day one of before the areas changed, on `areas_day`? */
bool intake_code_is_old(struct slice code, int32_t given_on, int32_t areas_day);
int64_t intake_year(int32_t day);

/* CT-PP-NNNNNN: this system's own. */
void intake_owner_code(struct slice province, int64_t serial, char code[INTAKE_CODE_BYTES]);
/* 0 when it is of another form. */
int64_t intake_owner_serial(struct slice code);

#endif
