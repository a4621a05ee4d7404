/* handler_inside.h - what the files of the handler share. */
#ifndef SERVICES_SCORING_HANDLER_INSIDE_H
#define SERVICES_SCORING_HANDLER_INSIDE_H

#include "proto/codec.h"
#include "services/scoring/handler.h"
#include "services/scoring/scoring.h"
#include "services/scoring/store.h"

/* --- requests --- */
enum err decide_rules_proposed(struct turn *turn, const struct record *rec);
enum err decide_council_formed(struct turn *turn, const struct record *rec);
enum err decide_sheet_submitted(struct turn *turn, const struct record *rec);
enum err decide_round_closed(struct turn *turn, const struct record *rec);

/* --- our outcomes --- */
enum err apply_rules_adopted(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_council_admitted(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_sheet_counted(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_product_rated(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_product_forwarded(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_round_settled(struct turn *turn, const struct record *outcome, const struct record *cause);

/* The council an event names, which must have been pushed for the council's own province: a province's key
 * says nothing for another's council. */
enum err find_council(struct turn *turn, const struct record *rec, struct slice name, struct council *out);

/* The rules a council scores a dossier by; *rubric is NULL when sheets carry no criteria. `hash` is that of
 * the file which gives the points their star. */
enum err find_rules(struct turn *turn, const struct council *council, const struct dossier *dossier,
                    const struct rule_set **set, const struct rubric **rubric, const char **hash);

#endif
