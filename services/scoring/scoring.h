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
    bool has_formed_on;
    int32_t formed_on; /* date of the paper that formed it */
};

/* A province's code as it stands on a day, by the adopted areas. */
struct province {
    struct slice code;
    bool known;        /* some areas file names it, or none is adopted */
    bool merged;       /* it became part of another, and no other has its code now */
    struct slice into; /* when merged */
    int32_t merged_on;
};
/* May anything be done in this province's name? What began in an old one's is carried on in the new one's.
 *
 * ERR_INVALID  PROVINCE_MERGED, PROVINCE_UNKNOWN
 */
enum err scoring_province_stands(const struct province *province, struct why *why);

/* A dossier as intake accepted it, with what supplements and withdrawals changed since. */
struct dossier {
    struct slice id, reference, product, name, owner, province, round, rule_set;
    struct slice rubric; /* empty: none named */
    int32_t received_on; /* day it was handed in */
    bool re_rating;      /* else a first rating or an upgrade */
    bool withdrawn;
};

/* What else is known of one member, one dossier and one council. */
struct standing {
    bool seated;    /* the member has a seat */
    bool conflict;  /* the member has an interest in the dossier */
    bool rated;     /* this council has rated the dossier */
    bool done;      /* a council of this level has, and nobody sent it to this level since */
    bool forwarded; /* a council of another level sent it to this one, up or back */
    bool merged;    /* the dossier's province has become part of the council's */
    bool remanded;  /* a higher council sent it back: the round it was handed in for is over */
};

/* What the rules say of a council to be formed on `day`. `set` NULL: not adopted. `topic_province` is under
 * which it was pushed. Writes the limits in force.
 *
 * ERR_INVALID  UNKNOWN_RULE_SET, UNKNOWN_LEVEL, LEVEL_NOT_IN_FORCE, WRONG_PROVINCE, FORMED_ON_FUTURE,
 *              NO_CHAIR, TWO_CHAIRS, MEMBER_TWICE
 */
enum err scoring_form_council(const struct council_formed *formed, struct slice topic_province,
                              const struct rule_set *set, int32_t day, struct council_admitted *out,
                              struct why *why);

/* May this council score this dossier by this member's sheet on `day`?
 *
 * ERR_INVALID  STRANGER, CONFLICT, WITHDRAWN, WRONG_ROUND, WRONG_RULE_SET, WRONG_PROVINCE, ALREADY_RATED,
 *              LEVEL_NOT_IN_FORCE, NOT_FORWARDED
 */
enum err scoring_may_score(const struct council *council, const struct dossier *dossier,
                           const struct rule_set *set, struct slice member, const struct standing *standing,
                           int32_t day, struct why *why);

/* May this council close on `day`, by a meeting on `closed_on`? The meeting is held against the date of the
 * paper that formed the council, never against the day on which that paper came: it may have come late.
 *
 * ERR_INVALID  CLOSED_ON_FUTURE, CLOSED_ON_EARLY, LEVEL_NOT_IN_FORCE
 */
enum err scoring_may_close(const struct council *council, const struct rule_set *set, int32_t closed_on,
                           int32_t day, struct why *why);

/* May a dossier still be scored and rated on `day`? `newest` is the newest adopted rule set in force then
 * that the dossier was handed in before; NULL: there is none. (26/2026/QĐ-TTg Art. 12.2: sixty days, thirty
 * for a re-rating.)
 *
 * ERR_INVALID  TRANSITION_OVER
 */
enum err scoring_in_time(const struct dossier *dossier, const struct rule_set *newest, int32_t day,
                         struct why *why);

/* May this member declare a conflict of interest in this dossier?
 *
 * ERR_INVALID  STRANGER, WRONG_PROVINCE, ALREADY_RATED, CONFLICT_DUPLICATE
 */
enum err scoring_may_declare(const struct council *council, const struct dossier *dossier,
                             struct slice member, const struct standing *standing, struct why *why);

/* Is `rubric` (NULL: not adopted) one that a dossier under `set` may be scored with?
 *
 * ERR_INVALID  UNKNOWN_RUBRIC, WRONG_RUBRIC
 */
enum err scoring_fit_rubric(const struct rule_set *set, struct slice name, const struct rubric *rubric,
                            struct why *why);

/* What a sheet may name as met: the rubric's gates and grounds, then the rule set's minima. */
enum { SHEET_GATES_MAX = RUBRIC_GATES_MAX + RULES_MINIMA_MAX };

/* A sheet in points. */
struct marked_sheet {
    int64_t total_hundredths;
    int64_t part_hundredths[RUBRIC_PARTS];
    int32_t criterion_hundredths[RUBRIC_CRITERIA_MAX]; /* in the rubric's order */
    bool gate[SHEET_GATES_MAX];
};

/* Mark one sheet. `rubric` is NULL exactly when set->sheet is not SHEET_OPTIONS.
 *
 * ERR_INVALID  TOTAL_MISSING, TOTAL_TOO_LARGE, PARTS_MISSING, PART_TOO_LARGE, OPTIONS_NOT_ALLOWED,
 *              TOTAL_NOT_ALLOWED, PARTS_NOT_ALLOWED, CRITERION_UNKNOWN, CRITERION_TWICE, OPTION_UNKNOWN,
 *              CRITERION_MISSING (names all), GATE_UNKNOWN, GATE_TWICE
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
    int64_t gate_named[SHEET_GATES_MAX];
    bool chair, vice_chair; /* has a sheet */
    /* Known beside the sheets: */
    int64_t asked;       /* of the sheets, those whose members were asked to score again and have not */
    int64_t conflicts;   /* members with a conflict of interest, whose sheets are not here */
    bool chair_conflict; /* the chair is one of them */
};
void scoring_add(struct tally *tally, const struct marked_sheet *sheet, enum seat seat);

/* What a closing does with a product. */
enum closing {
    CLOSING_RATES,
    CLOSING_HOLDS_QUORUM, /* too few sheets */
    CLOSING_HOLDS_CHAIR,  /* enough, but nobody presides */
    CLOSING_HOLDS_SPREAD  /* the members are too far apart, or those who were have not scored again */
};
/* A product whose evaluation a gate ended is rated whatever the spread: its points no longer matter.
 * `why` says why one is held: QUORUM, CHAIR or SPREAD. */
enum closing scoring_weigh(const struct rule_set *set, const struct rubric *rubric,
                           const struct council *council, const struct tally *tally, struct why *why);

/* Is a sheet that a held product waits for: one still asked for, else the lowest and the highest? */
bool scoring_is_far(const struct tally *tally, int64_t total_hundredths, bool asked);

enum { RATING_GATES_MAX = 40 /* as in events.def */ };
_Static_assert((int)RATING_GATES_MAX >= (int)RUBRIC_GATES_MAX, "all gates of a rubric can be met");

struct rating {
    int32_t star;                                /* 0: a gate or ground ended the evaluation */
    int32_t star_by_points;                      /* 1..5 */
    int32_t star_by_marks;                       /* whatever the points */
    struct missed_mark missed[RUBRIC_MARKS_MAX]; /* criteria borrow from the rubric */
    size_t missed_count;
    struct met gates[RATING_GATES_MAX]; /* codes borrow from the rubric and the rule set */
    size_t gate_count;
    bool has_authority, forwarded, remanded;
    enum authority authority;
    enum level to; /* where it is forwarded or remanded to */
};

/* The star of a tally of at least one sheet, given by a council at `level` on `day`. `rubric` is NULL without
 * options. */
void scoring_rate(const struct rule_set *set, const struct rubric *rubric, enum level level, int32_t day,
                  const struct tally *tally, struct rating *out);

#endif
