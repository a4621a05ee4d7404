/* gaps.h - what a filed dossier lacks: every gap at once, each with a code, a field and a sentence.
 *
 * Pure. What the store and the adopted law know of a filing is gathered first (struct intake_case); these
 * rules hold the filing against it.
 *
 * Sources: 26/2026/QĐ-TTg Art. 6, Annexes II and III; 1048/QĐ-TTg as practised.
 */
#ifndef SERVICES_INTAKE_GAPS_H
#define SERVICES_INTAKE_GAPS_H

#include "services/intake/intake.h"
#include "services/intake/law.h"

enum { INTAKE_GAPS_MAX = 80, INTAKE_GAP_SENTENCE = 300, INTAKE_ITEMS_MAX = 64 };

/* Everything a dossier lacks. The slices of `list` point into `sentences`, the filing, the adopted items and
 * static text: do not copy the struct. */
struct intake_gaps {
    size_t count;
    struct gap list[INTAKE_GAPS_MAX];
    char sentences[INTAKE_GAPS_MAX][INTAKE_GAP_SENTENCE];
};

/* What is known of a filing beside what it says. */
struct intake_case {
    int32_t day;                         /* of the record */
    int32_t received_on;                 /* day it was handed in */
    const struct intake_rules *in_force; /* on received_on; NULL: none that is adopted */
    const struct intake_rules *rules;    /* the one it names, else in_force; NULL: not adopted */
    const struct intake_rules *over;     /* a newer one that does not let it be finished under `rules` */
    const struct item_needed *items;     /* of `rules`, for its kind */
    size_t items_count;
    bool rubric_known, services;                  /* of the rubric it names */
    bool has_areas;                               /* areas are adopted: */
    int32_t areas_day;                            /* since then there are no districts */
    const struct intake_product *product;         /* that it names or that has its names; NULL: none */
    const struct intake_certificate *certificate; /* that it names, else that of the product; NULL: none */
    bool code_known, certificate_known;           /* the product_code, the certificate it names */
    bool codes_differ; /* the certificate it names is of another product than the product_code */
    bool same_owner, same_province;
    struct slice other;           /* code of another product that has its names; empty: none */
    bool cited[INTAKE_ITEMS_MAX]; /* its i-th item, if earlier, is among those of the product's dossiers */
};

/* Codes: FIELD_MISSING, FIELD_FORMAT, FIELD_ABOLISHED, DAY_FUTURE, RULE_SET_UNKNOWN, RULE_SET_NOT_IN_FORCE,
 * TRANSITION_OVER, RUBRIC_UNKNOWN, RUBRIC_OTHER, ITEM_MISSING, ITEM_NOT_FOUND, SAMPLES_MISSING,
 * ASSESSMENT_MISSING, ASSESSMENT_TWICE; of an upgrade or re-rating PRODUCT_NEEDED, CERTIFICATE_NEEDED; of
 * these, and of a first dossier that names a product or certificate, UNKNOWN_PRODUCT, CERTIFICATE_OTHER,
 * CERTIFICATE_OVER, OTHER_PRODUCT, WRONG_OWNER, WRONG_PROVINCE. A field that is blank is missing. */
void intake_find_gaps(const struct dossier_filed *filed, const struct intake_case *known,
                      struct intake_gaps *gaps);
/* One sentence that names them all, for `why` (code GAPS). Returns ERR_INVALID when there are any. */
enum err intake_check_gaps(const struct intake_gaps *gaps, struct why *why);

/* Of a dossier without gaps, whether its kind is the one the law has for it that day. FIRST_EXISTS: the
 * product's certificate is in force and can still be rated again. RE_RATING_EARLY, RE_RATING_LATE: outside
 * the window, where the rule set has such a dossier filed as a first one. */
enum err intake_check_kind(const struct dossier_filed *filed, const struct intake_case *known,
                           struct why *why);

#endif
