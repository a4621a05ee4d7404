/* store.h - the questions scoring asks its data.
 *
 * All text that comes back lies in the zone given; a rule set or rubric stays in the store's cache until the
 * next of its kind is asked for. ERR_NOT_FOUND means there is no such row; ERR_CORRUPT that a row is not what
 * was written.
 */
#ifndef SERVICES_SCORING_STORE_H
#define SERVICES_SCORING_STORE_H

#include "common/db.h"
#include "common/err.h"
#include "proto/events.h"
#include "services/scoring/rubric.h"
#include "services/scoring/scoring.h"

#include <msgpack.h>

enum { STORE_STATEMENTS_MAX = 40, STORE_SETS_MAX = 8, STORE_RUBRICS_MAX = 64 };

enum { RULES_HASH_TEXT = 2 * HASH_BYTES };

/* Rules parsed once from their stored bytes. */
struct cached_rules {
    bool used;
    char hash[RULES_HASH_TEXT + 1];
    struct rules rules;
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENTS_MAX];
    struct cached_rules sets[STORE_SETS_MAX], rubrics[STORE_RUBRICS_MAX];
    size_t next_set, next_rubric; /* the place to be used next */
};

enum err store_open(void *store, sqlite3 *db, struct why *why); /* memory comes zeroed */
void store_close(void *store);

/* --- rules --- */
enum err store_find_rules_hash(struct store *s, struct slice name, char hash[RULES_HASH_TEXT + 1]);
enum err store_add_rules(struct store *s, const struct rules_adopted *adopted, struct slice bytes);
/* ERR_INVALID (RULES_MALFORMED) when today's program cannot read what was adopted. `hash` may be NULL. */
enum err store_find_rule_set(struct store *s, struct slice name, const struct rule_set **out,
                             const char **hash, struct why *why);
/* The newest rule set that began after `received_on` and has begun by `day`. */
enum err store_find_newer_set(struct store *s, int32_t received_on, int32_t day, const struct rule_set **out,
                              struct why *why);
/* The rule set whose first day is this one (INT32_MIN: open). `out` lies in the zone. */
enum err store_find_set_of_day(struct store *s, int32_t first_day, msgpack_zone *zone, struct slice *out);
/* The rule set in force on `day`: of those whose days it is among, the one that began last. */
enum err store_find_set_in_force(struct store *s, int32_t day, msgpack_zone *zone, struct slice *out);
enum err store_find_rubric(struct store *s, struct slice name, const struct rubric **out, const char **hash,
                           struct why *why);

/* --- councils --- */
enum err store_add_council(struct store *s, const struct council_formed *formed,
                           const struct council_admitted *admitted);
enum err store_find_council(struct store *s, struct slice council, msgpack_zone *zone, struct council *out);

/* --- dossiers --- */
/* An id that is there already stays as it is. `day` is that of its record: it was handed in then unless it
 * says otherwise. */
enum err store_add_dossier(struct store *s, struct slice id, const struct dossier_accepted *accepted,
                           int32_t day);
enum err store_has_dossiers(struct store *s, bool *out); /* was any ever accepted? */
enum err store_supplement_dossier(struct store *s, const struct supplement_accepted *supplement);
enum err store_withdraw_dossier(struct store *s, struct slice id);
/* Whatever was accepted under this reference so far, also for a province that has merged into it by `day`. */
enum err store_reject_dossier(struct store *s, struct slice province, struct slice reference, int32_t day);
enum err store_find_dossier(struct store *s, struct slice id, msgpack_zone *zone, struct dossier *out);

/* --- provinces --- */
enum err store_add_areas(struct store *s, const struct rules_adopted *areas);
/* As it stands on `day`; its text lies in the zone. */
enum err store_find_province(struct store *s, struct slice code, int32_t day, msgpack_zone *zone,
                             struct province *out);

/* --- sheets --- */
enum err store_find_standing(struct store *s, const struct council *council, struct slice dossier,
                             struct slice member, int32_t day, struct standing *out);
/* How many sheets of this member are on record, and whether the event `event` brought one of them. */
enum err store_count_sheets(struct store *s, struct slice council, struct slice dossier, struct slice member,
                            struct slice event, int64_t *versions, bool *same_event);
/* As the next version. */
enum err store_add_sheet(struct store *s, struct slice event, const struct sheet_submitted *sheet,
                         const struct sheet_counted *counted);

/* A current sheet as it was submitted, with the total it was counted with. */
struct stored_sheet {
    struct sheet_submitted sheet; /* member, options, gates, parts and total only */
    int64_t total_hundredths;
    enum seat seat;
    bool asked; /* the member was asked to score again and this is still the sheet before */
};
/* Ids of the dossiers this council has sheets for, not withdrawn and not rated by it or by another of its
 * level that had the last word, by reference. */
enum err store_list_pending(struct store *s, const struct council *council, msgpack_zone *zone,
                            struct slice **out, size_t *count);
/* The current sheets of a council for a dossier, without those of members with a conflict, by member; at most
 * COUNCIL_MEMBERS_MAX. */
enum err store_list_sheets(struct store *s, struct slice council, struct slice dossier, msgpack_zone *zone,
                           struct stored_sheet **out, size_t *count);

enum err store_add_conflict(struct store *s, struct slice event, const struct conflict_noted *noted);
/* How many members have a conflict, and whether the chair is one of them. */
enum err store_find_conflicts(struct store *s, struct slice council, struct slice dossier, int64_t *count,
                              bool *of_chair);
/* These members, and no others, are asked to score the dossier again. */
enum err store_ask_again(struct store *s, const struct spread_exceeded *exceeded);

/* --- results --- */
enum err store_add_rating(struct store *s, struct slice id, const struct product_rated *rated, uint64_t seq);
enum err store_forward_rating(struct store *s, struct slice council,
                              const struct product_forwarded *forwarded);
enum err store_remand_rating(struct store *s, struct slice council, const struct product_remanded *remanded);
enum err store_has_closing(struct store *s, struct slice event, bool *out);
enum err store_add_closing(struct store *s, struct slice event, const struct round_closed *closed,
                           const struct round_settled *settled);

#endif
