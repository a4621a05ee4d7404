/* rubric.h - law as data: read a rules file from its JSON bytes into plain structs.
 *
 * A rubric (schema "ocop-rubric/1") is one set of criteria with options, points and star marks. A rule set
 * (schema "ocop-rules/1") is what holds for all rubrics of a decision: its days, star bands, levels, council,
 * authorities, papers, rounds, terms. A calendar ("ocop-calendar/1") has the days on which offices are
 * closed, areas ("ocop-areas/1") which province became part of which. Each value carries a mark: certain,
 * reported or inferred; here is checked that it stands there, people read it.
 *
 * Reading checks everything that is relied on later, so that an adopted file can be used without a second
 * look. No clock, no files, no SQL. All points are whole hundredths, all days are days since 1970.
 */
#ifndef SERVICES_SCORING_RUBRIC_H
#define SERVICES_SCORING_RUBRIC_H

#include "common/err.h"
#include "common/hash.h"
#include "common/slice.h"
#include "proto/events.h"

enum {
    RULES_NAME_MAX = 80,      /* as in events.def */
    RUBRIC_PARTS = 3,         /* A, B, C: what sheet.counted can carry */
    RUBRIC_SECTIONS_MAX = 32, /* in one part */
    RUBRIC_CRITERIA_MAX = 99, /* in all; as many as a sheet can carry */
    RUBRIC_OPTIONS_MAX = 16,  /* of one criterion */
    RUBRIC_MARKS_MAX = 99,    /* in all; as many as product.rated can carry */
    RUBRIC_GATES_MAX = 40,    /* gates and grounds in all; as many as a sheet can carry */
    CRITERION_KEY_MAX = 16,   /* "A.1.1" */
    GATE_CODE_MAX = 80,
    RULES_LEVELS_MAX = 12, /* the lists of rules.adopted */
    RULES_AUTHORITIES_MAX = 24,
    RULES_ITEMS_MAX = 80,
    RULES_ROUNDS_MAX = 24,
    RULES_NOTICES_MAX = 12,
    RULES_DAYS_OFF_MAX = 400,
    RULES_AREAS_MAX = 100,
    RULES_MINIMA_MAX = 40, /* of one rule set */
    ITEM_NAME_MAX = 40,
    SECTORS = 6,
    STAR_MOST = 5,
    STAR_MARKS_FROM = 3, /* star marks are demanded from three stars up */
    POINT = 100          /* hundredths */
};

/* band_from[s]: the mean, in hundredths, from which `s` stars are open; band_from[1] is 0. Half-open below.
 */
struct star_bands {
    int32_t from_hundredths[STAR_MOST + 1];
    int32_t most_hundredths; /* the largest total there is */
};

struct rubric_option {
    int32_t n; /* as printed, 1.. */
    int32_t points_hundredths;
    int32_t min_star; /* this option is the least that many stars demand; 0: no mark */
};

struct rubric_criterion {
    char key[CRITERION_KEY_MAX + 1]; /* part '.' code */
    size_t part;                     /* 0 A, 1 B, 2 C */
    struct rubric_option options[RUBRIC_OPTIONS_MAX];
    size_t option_count;
};

/* A gate of a criterion, or a ground to turn the dossier away. */
struct rubric_gate {
    char code[GATE_CODE_MAX + 1];
    bool ends; /* when met, the evaluation ends without a star: effect reject or stop, or a ground */
};

struct rubric {
    char name[RULES_NAME_MAX + 1];
    int32_t first_day, last_day; /* INT32_MIN and INT32_MAX when open */
    int32_t sector;              /* 1 to 6, as I to VI of product.sector_code */
    bool goods;                  /* of goods, of which samples are handed in; not of services */
    int32_t most_hundredths; /* sum of the best options; three files of 1048/QĐ-TTg add to 98 in the source */
    struct star_bands bands;
    struct rubric_criterion criteria[RUBRIC_CRITERIA_MAX];
    size_t criterion_count;
    struct rubric_gate gates[RUBRIC_GATES_MAX];
    size_t gate_count;
};

/* What a member's sheet holds. */
enum sheet_kind {
    SHEET_OPTIONS, /* an option for each criterion of a rubric */
    SHEET_PARTS,   /* the points of A, B and C: the criteria are not public */
    SHEET_TOTAL    /* one total: not even the parts are */
};

/* A demand for a star that no option carries, as 781/QĐ-TTg lists them. A sheet that names `code` among its
 * gates says that it is not met; then fewer than `star` stars are open. */
struct star_minimum {
    char code[GATE_CODE_MAX + 1];
    int32_t star;
    int32_t first_day; /* INT32_MIN: as long as the rule set */
    uint32_t sectors;  /* bit n: of sector n, see rubric.sector */
};

struct item_rule {
    enum dossier_kind kind;
    char item[ITEM_NAME_MAX + 1];
    bool goods_only;
};

struct rule_set {
    char name[RULES_NAME_MAX + 1];
    int32_t first_day, last_day; /* run-out included; INT32_MIN and INT32_MAX when open */
    enum sheet_kind sheet;
    char rubric_prefix[RULES_NAME_MAX + 1];     /* with options: names of its rubrics begin so */
    int32_t part_most_hundredths[RUBRIC_PARTS]; /* with parts */
    struct star_bands bands;
    struct level_in_force levels[RULES_LEVELS_MAX];
    size_t level_count;
    struct star_authority authorities[RULES_AUTHORITIES_MAX];
    size_t authority_count;
    int32_t quorum_percent;    /* members with a sheet, of all */
    int32_t spread_hundredths; /* largest minus smallest total allowed */
    bool conflict_in_quorum;   /* a member with a conflict is among those a quorum is counted from */
    bool no_option_is_zero;    /* option 0 may be chosen and gives nothing */
    bool gate_any;             /* a gate is met when any sheet names it; else when more than half do */
    bool mark_every_member;    /* a star mark must be reached by every sheet; else by the mean */
    bool has_remand;           /* what the higher council does not give its star goes back */
    enum level remand_to;
    struct star_minimum minima[RULES_MINIMA_MAX];
    size_t minimum_count;
    struct item_rule items[RULES_ITEMS_MAX];
    size_t item_count;
    struct round_dates rounds[RULES_ROUNDS_MAX];
    size_t round_count;
    struct notice_days notices[RULES_NOTICES_MAX];
    size_t notice_count;
    int32_t term_months;
    /* -1: the rule set says nothing of it, and nothing is enforced. */
    int32_t samples;
    int32_t commune_working_days;
    int32_t window_opens_days, window_closes_days, re_rating_days;
    int32_t withdrawal_days;
    int32_t transition_days, transition_re_rating_days, extension_days;
    int32_t near_days;
    bool assessments, supplement_stops_clock, late_is_first;
    bool grounds[ground_COUNT]; /* for which a certificate is withdrawn */
};

struct calendar {
    char name[RULES_NAME_MAX + 1];
    int32_t first_day, last_day;
    struct day_off days_off[RULES_DAYS_OFF_MAX]; /* in order */
    size_t day_count;
};

struct area_codes {
    char old_code[2 + 1], new_code[2 + 1];
};

struct areas {
    char name[RULES_NAME_MAX + 1];
    int32_t first_day; /* of the new codes */
    bool recode;       /* a product gets a code of the new period with its next dossier */
    struct area_codes pairs[RULES_AREAS_MAX];
    size_t pair_count;
};

struct rules {
    enum rules_kind kind;
    union {
        struct rubric rubric;
        struct rule_set set;
        struct calendar calendar;
        struct areas areas;
    } u;
};

/* Read `bytes`; the schema in them says which kind it is.
 *
 * ERR_NONE
 * ERR_INVALID  code RULES_MALFORMED; the sentence names the path in the JSON, what stands there and the rule
 * ERR_NOMEM
 */
enum err rules_parse(struct slice bytes, struct rules *out, struct why *why);
const char *rules_name(const struct rules *r);

/* Is a file that rules_parse can read plain enough that every tool hashes it alike? Asked of what is
 * proposed: text without control characters and byte order marks, whole numbers only.
 *
 * ERR_NONE
 * ERR_INVALID  code RULES_MALFORMED, as from rules_parse
 * ERR_NOMEM
 */
enum err rules_check_text(struct slice bytes, struct why *why);

/* BLAKE2b-256 of the canonical form, so that spaces, line ends and the order of members do not make another
 * text: compact, members in the order of their names' bytes, UTF-8 as it is, a doubled member refused. It is
 * what `jq -cSj . FILE | b2sum -l 256` prints.
 *
 * ERR_NONE
 * ERR_INVALID  not JSON, as from rules_parse
 * ERR_NOMEM
 */
enum err rules_hash(struct slice bytes, char hex[2 * HASH_BYTES + 1], struct why *why);

/* Say what all services need of `r`. Lists borrow from it. */
struct rules_lists {
    struct item_needed items[RULES_ITEMS_MAX];
    struct area_pair areas[RULES_AREAS_MAX];
};
void rules_announcement(const struct rules *r, struct rules_lists *lists, struct rules_adopted *out);

/* The council level and the authority in force on `day`: NULL or false when there is none then. Whether `day`
 * is one of the rule set's own is not asked: what began under a rule set is finished under it. */
const struct level_in_force *rules_level_on(const struct rule_set *set, enum level level, int32_t day);
bool rules_authority_on(const struct rule_set *set, int64_t star, int32_t day, enum authority *out);

/* Does `m` ask anything of a dossier with this rubric that is rated on `day`? */
bool rules_asks(const struct star_minimum *m, const struct rubric *rubric, int32_t day);

/* Position of a criterion or gate, or -1. */
long rubric_find_criterion(const struct rubric *r, struct slice key);
long rubric_find_gate(const struct rubric *r, struct slice code);

#endif
