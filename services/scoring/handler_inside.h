/* handler_inside.h - what the files of the handler share. */
#ifndef SERVICES_SCORING_HANDLER_INSIDE_H
#define SERVICES_SCORING_HANDLER_INSIDE_H

#include "proto/codec.h"
#include "services/scoring/handler.h"
#include "services/scoring/scoring.h"
#include "services/scoring/store.h"

/* --- requests --- */
enum err decide_conflict_declared(struct turn *turn, const struct record *rec);
enum err decide_council_formed(struct turn *turn, const struct record *rec);
enum err decide_sheet_submitted(struct turn *turn, const struct record *rec);
enum err decide_round_closed(struct turn *turn, const struct record *rec);

/* --- our outcomes --- */
enum err apply_conflict_noted(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_spread_exceeded(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_product_remanded(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_council_admitted(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_sheet_counted(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_product_rated(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_product_forwarded(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_round_settled(struct turn *turn, const struct record *outcome, const struct record *cause);

/* The council an event names, which must have been pushed for the council's own province: a province's key
 * says nothing for another's council. The council of a province that merged is the new one's since. */
enum err find_council(struct turn *turn, const struct record *rec, struct slice name, struct council *out);

/* The accepted dossier an event rests on. */
enum err find_dossier(struct turn *turn, struct slice id, struct dossier *out);

/* The rules a council scores a dossier by; `rubric` is NULL when sheets carry no criteria. */
struct law {
    const struct rule_set *set;
    const struct rubric *rubric;
    const char *set_hash, *rubric_hash;
};
enum err find_law(struct turn *turn, const struct council *council, const struct dossier *dossier,
                  struct law *out);

/* What a council's current sheets give for one dossier. */
struct result {
    struct dossier dossier;
    struct law law;
    struct stored_sheet *sheets;
    size_t sheet_count;
    struct tally tally;
    struct rating rating;
};
/* Everything but the rating; text lies in `zone`. `again`: not to rate, but to compute a recorded rating
 * again; totals are then not held against those counted. */
enum err result_add_up(struct turn *turn, const struct council *council, struct slice dossier, bool again,
                       msgpack_zone *zone, struct result *out);
/* The rating on `day`, by a meeting on `closed_on`, and what is said of it; `out` borrows from `r`. */
void result_rate(const struct council *council, int32_t day, int32_t closed_on, struct result *r,
                 struct product_rated *out);

/* What is said of a marked sheet. */
struct sheet_counted sheet_worth(const struct sheet_submitted *sheet, const struct dossier *dossier,
                                 const struct marked_sheet *marked, const struct rule_set *set,
                                 bool replaces);

/* May the dossier still be finished, or is a newer rule set's transition over? */
enum err check_in_time(struct turn *turn, const struct dossier *dossier);

/* --- recompute.c --- */
enum err scoring_recompute(struct turn *turn, const struct record *outcome, const struct record *cause,
                           struct recount *recount);

#endif
