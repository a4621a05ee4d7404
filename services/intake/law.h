/* law.h - what intake reads from adopted law: the rule set of a day, its transition, the re-rating window,
 * areas.
 *
 * Pure. Every number here came with a rules.adopted; where a rule set says nothing, nothing is enforced.
 *
 * Sources: 26/2026/QĐ-TTg Art. 6 (window), Art. 12 (transition, late re-ratings); Resolution 202/2025/QH15.
 */
#ifndef SERVICES_INTAKE_LAW_H
#define SERVICES_INTAKE_LAW_H

#include "common/err.h"
#include "proto/events.h"

/* A rule set, as far as intake needs it. -1: the rule set does not say. */
struct intake_rules {
    struct slice name;
    int32_t first_day, last_day; /* INT32_MIN and INT32_MAX when open; the run-out is included */
    struct slice rubric_prefix;  /* empty: it scores without a rubric */
    int64_t samples;
    bool assessments;
    int64_t window_opens_days, window_closes_days, extension_days;
    bool late_is_first;
    int64_t transition_days, transition_re_rating_days;
    const struct intake_rules *next;
};

const struct intake_rules *intake_rules_named(const struct intake_rules *first, struct slice name);
/* In force on this day: of those that cover it, the one that began last. NULL: none that is adopted. */
const struct intake_rules *intake_rules_on(const struct intake_rules *first, int32_t day);
/* The newer rule set that does not let a dossier of this kind be finished under `rules` any more; NULL: it
 * may be. */
const struct intake_rules *intake_transition_over(const struct intake_rules *first,
                                                  const struct intake_rules *rules, enum dossier_kind kind,
                                                  int32_t day);
/* The last day on which `newer` lets dossiers of this kind be finished under an older one; it has a limit. */
int32_t intake_transition_last(const struct intake_rules *newer, enum dossier_kind kind);

/* Where a day stands to the window in which a certificate ending on `ends_on` may be rated again. OPEN too
 * when the rule set knows no window, and, until the longest extension ends, when the window had closed before
 * the rule set began (Art. 12.3). */
enum intake_window { INTAKE_WINDOW_EARLY, INTAKE_WINDOW_OPEN, INTAKE_WINDOW_LATE };
enum intake_window intake_window_on(const struct intake_rules *rules, int32_t ends_on, int32_t day);

/* A province whose code means something else since a day: it became part of another, or took others in. */
struct intake_merger {
    struct slice old_code, new_code;
    int32_t merged_on;
    const struct intake_merger *next;
};
/* What adopted areas say of a province's code on a day. */
struct intake_area {
    bool adopted, known;      /* are there any; do any name it, before or since */
    struct slice merged_into; /* the code it became part of; empty: it stands for itself */
    int32_t merged_on;
};
/* May this province file anything? PROVINCE_MERGED, PROVINCE_UNKNOWN */
enum err intake_check_area(struct slice province, const struct intake_area *area, struct why *why);
/* Was there such a desk on this day? `areas_day` is the first day without districts. DESK_ABOLISHED */
enum err intake_check_desk(enum desk desk, int32_t day, int32_t areas_day, struct why *why);
/* Did this pair's code or meaning change? */
bool intake_area_changed(const struct area_pair *pairs, size_t count, size_t at);

#endif
