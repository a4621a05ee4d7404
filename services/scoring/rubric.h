/* rubric.h - law as data: read a rubric or a rule set from its JSON bytes into plain structs.
 *
 * A rubric (schema "ocop-rubric/1") is one set of criteria with options, points and star marks. A rule set
 * (schema "ocop-rules/1") is what holds for all rubrics of a decision: star bands, council, authorities,
 * term. Each value in a rule set carries a mark: certain, reported or inferred; here is checked that it
 * stands there, people read it.
 *
 * Reading checks everything that rating relies on later, so that an adopted file can be used without a second
 * look. No clock, no files, no SQL. All points are whole hundredths.
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
    struct star_bands bands;
    struct rubric_criterion criteria[RUBRIC_CRITERIA_MAX];
    size_t criterion_count;
    struct rubric_gate gates[RUBRIC_GATES_MAX];
    size_t gate_count;
};

struct rule_set {
    char name[RULES_NAME_MAX + 1];
    bool sheet_is_total; /* "sheet": "total": the rubric is not public, sheets carry only a total */
    char rubric_prefix[RULES_NAME_MAX + 1]; /* names of its rubrics begin so; empty with totals */
    struct star_bands bands;
    bool has_level[level_COUNT]; /* at which levels councils sit */
    int32_t quorum_percent;      /* members with a sheet, of all */
    int32_t spread_hundredths;   /* largest minus smallest total allowed */
    bool no_option_is_zero;      /* option 0 may be chosen and gives nothing */
    bool gate_any;               /* a gate is met when any sheet names it; else when more than half do */
    bool mark_every_member;      /* a star mark must be reached by every sheet; else by the mean */
    int32_t term_months;
    bool has_authority[STAR_MOST + 1];
    enum authority authority[STAR_MOST + 1];
    bool has_forward; /* a province's council sends products up */
    enum level forward_to;
    int32_t forward_from_hundredths;
};

struct rules {
    enum rules_kind kind;
    union {
        struct rubric rubric;
        struct rule_set set;
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

/* BLAKE2b-256 of the bytes as they are (as `b2sum -l 256` prints it). */
void rules_hash(struct slice bytes, char hex[2 * HASH_BYTES + 1]);

/* Position of a criterion or gate, or -1. */
long rubric_find_criterion(const struct rubric *r, struct slice key);
long rubric_find_gate(const struct rubric *r, struct slice code);

#endif
