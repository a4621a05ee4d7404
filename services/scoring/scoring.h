/* scoring.h - who may score what, what a sheet is worth, and which star a council's sheets give.
 *
 * Pure: no clock, no files, no SQL, no allocation. Points are whole hundredths and a mean is never computed:
 * the sum over the members is compared with `threshold * members`, so nothing is rounded across a border.
 *
 * Source: 26/2026/QĐ-TTg Art. 3 (bands, mean), its Annex II (star marks, gates, grounds). What the decisions
 * leave open is a setting of the rule set, see rubric.h and rules/.
 */
#ifndef SERVICES_SCORING_SCORING_H
#define SERVICES_SCORING_SCORING_H

#include "common/err.h"
#include "proto/events.h"
#include "services/scoring/rubric.h"

enum { COUNCIL_MEMBERS_MAX = 64 /* as in events.def */ };

/* A council as admitted. */
struct council {
    struct slice council, province, round, rule_set;
    enum level level;
    int64_t members, quorum_percent, spread_hundredths;
};

/* A dossier as intake accepted it, with what supplements and withdrawals changed since. */
struct dossier {
    struct slice id, reference, product, name, owner, province, round, rule_set;
    struct slice rubric; /* empty: none named */
    bool withdrawn;
};

/* What else is known of one member, one dossier and one council. */
struct standing {
    bool seated;    /* the member has a seat */
    bool rated;     /* this council has rated the dossier */
    bool forwarded; /* another council sent it up to this council's level */
};

/* What the rules say of a council to be formed. `rule_set` NULL: not adopted. `topic_province` is under which
 * it was pushed. Writes the limits in force.
 *
 * ERR_INVALID  UNKNOWN_RULE_SET, UNKNOWN_LEVEL, WRONG_PROVINCE, NO_CHAIR, TWO_CHAIRS, MEMBER_TWICE
 */
enum err scoring_form_council(const struct council_formed *formed, struct slice topic_province,
                              const struct rule_set *set, int32_t day, struct council_admitted *out,
                              struct why *why);

/* May this council score this dossier by this member's sheet?
 *
 * ERR_INVALID  STRANGER, WITHDRAWN, WRONG_ROUND, WRONG_RULE_SET, WRONG_PROVINCE, ALREADY_RATED, NOT_FORWARDED
 */
enum err scoring_may_score(const struct council *council, const struct dossier *dossier,
                           const struct rule_set *set, struct slice member, const struct standing *standing,
                           struct why *why);

/* Is `rubric` (NULL: not adopted) one that a dossier under `set` may be scored with?
 *
 * ERR_INVALID  UNKNOWN_RUBRIC, WRONG_RUBRIC
 */
enum err scoring_fit_rubric(const struct rule_set *set, struct slice name, const struct rubric *rubric,
                            struct why *why);

/* A sheet in points. */
struct marked_sheet {
    int64_t total_hundredths;
    int64_t part_hundredths[RUBRIC_PARTS];
    int32_t criterion_hundredths[RUBRIC_CRITERIA_MAX]; /* in the rubric's order */
    bool gate[RUBRIC_GATES_MAX];
};

/* Mark one sheet. `rubric` is NULL exactly when set->sheet is not SHEET_OPTIONS.
 *
 * ERR_INVALID  TOTAL_MISSING, OPTIONS_NOT_ALLOWED, TOTAL_TOO_LARGE, TOTAL_NOT_ALLOWED, CRITERION_UNKNOWN,
 *              CRITERION_TWICE, OPTION_UNKNOWN, CRITERION_MISSING (names all), GATE_UNKNOWN, GATE_TWICE
 */
enum err scoring_mark_sheet(const struct rule_set *set, const struct rubric *rubric,
                            const struct sheet_submitted *sheet, struct marked_sheet *out, struct why *why);

/* All current sheets of one council for one product, added up. Start with zeros. */
struct tally {
    int64_t members; /* sheets */
    int64_t sum_hundredths, least_hundredths, most_hundredths;
    int64_t part_sum_hundredths[RUBRIC_PARTS];
    int64_t criterion_sum_hundredths[RUBRIC_CRITERIA_MAX];
    int64_t criterion_least_hundredths[RUBRIC_CRITERIA_MAX];
    int64_t gate_named[RUBRIC_GATES_MAX];
    bool chair; /* the chair has a sheet */
};
void scoring_add(struct tally *tally, const struct marked_sheet *sheet, bool of_chair);

/* What a closing does with a product. */
enum closing {
    CLOSING_RATES,
    CLOSING_HOLDS_QUORUM, /* too few sheets, or none of the chair */
    CLOSING_HOLDS_SPREAD  /* the members are too far apart */
};
/* A product whose evaluation a gate ended is rated whatever the spread: its points no longer matter. */
enum closing scoring_weigh(const struct rule_set *set, const struct rubric *rubric,
                           const struct council *council, const struct tally *tally);

struct rating {
    int32_t star;                                /* 0: a gate or ground ended the evaluation */
    int32_t star_by_points;                      /* 1..5 */
    struct missed_mark missed[RUBRIC_MARKS_MAX]; /* criteria borrow from the rubric */
    size_t missed_count;
    struct met gates[RUBRIC_GATES_MAX]; /* codes borrow from the rubric */
    size_t gate_count;
    bool has_authority, forwarded;
    enum authority authority;
    enum level forward_to; /* when forwarded */
};

/* The star of a tally of at least one sheet, given by a council at `level`. `rubric` is NULL with totals. */
void scoring_rate(const struct rule_set *set, const struct rubric *rubric, enum level level, int32_t day,
                  const struct tally *tally, struct rating *out);

#endif
