/* rubric_inside.h - what the files that read rules share. */
#ifndef SERVICES_SCORING_RUBRIC_INSIDE_H
#define SERVICES_SCORING_RUBRIC_INSIDE_H

#include "services/scoring/json_reader.h"
#include "services/scoring/rubric.h"

/* Each of the five stars once, from zero to max_points; `marked`: each band carries a mark. */
enum err rules_read_bands(struct reader *r, const json_t *top, bool marked, struct star_bands *out);

/* effective_from and effective_to; null is open. */
enum err rules_read_span(struct reader *r, const json_t *top, int32_t *first, int32_t *last);

extern const char *const rules_sector_words[SECTORS + 1]; /* "I" to "VI", ended by NULL */

extern const char *const rules_level_words[level_COUNT + 1];

/* What a rule set says of dossiers, rounds, terms and deadlines: rule_terms.c. */
enum err rules_read_terms(struct reader *r, const json_t *top, struct rule_set *out);

/* One file of each schema; `out` comes zeroed. */
enum err rules_read_set(struct reader *r, const json_t *top, struct rule_set *out);
enum err rules_read_calendar(struct reader *r, const json_t *top, struct calendar *out);
enum err rules_read_areas(struct reader *r, const json_t *top, struct areas *out);

#endif
