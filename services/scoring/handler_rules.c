/* handler_rules.c - scoring hears a proposed rules file, and says what all services need of it. */
#include "services/scoring/handler_rules.h"

#include "common/clock.h"
#include "proto/codec.h"
#include "services/scoring/rubric.h"
#include "services/scoring/store.h"

/* Is a file of this name on record? ERR_NONE: no. */
static enum err check_known(struct turn *turn, struct slice name, const char *hash)
{
    char known[RULES_HASH_TEXT + 1];
    const enum err e = store_find_rules_hash(turn_store(turn), name, known);

    if (e == ERR_NOT_FOUND) return ERR_NONE;
    if (e) return e;
    if (memcmp(hash, known, RULES_HASH_TEXT) == 0)
        return why_set(turn_why(turn), ERR_INVALID, "RULES_DUPLICATE",
                       "%.*s is adopted already, with this very text; nothing is to be done.",
                       SLICE_ARG(name));
    return why_set(turn_why(turn), ERR_INVALID, "RULES_CHANGED",
                   "%.*s is adopted already, with another text (hash %.16s...); what results rest on never "
                   "changes, so propose the new text under a new id.",
                   SLICE_ARG(name), known);
}

static enum err same_day(const struct rule_set *set, struct slice other, struct why *why)
{
    char first[CLOCK_DAY_TEXT + 1] = "always";

    if (set->first_day != INT32_MIN) clock_day_text(set->first_day, first);
    return why_set(
        why, ERR_INVALID, "RULES_SAME_DAY",
        "effective_from of %s is %s, as that of %.*s, which is adopted; only one of them could ever "
        "be in force, so give the new one another first day.",
        set->name, first, SLICE_ARG(other));
}

static enum err backdated(const struct rule_set *set, struct slice other, int32_t today, struct why *why)
{
    char first[CLOCK_DAY_TEXT + 1], now[CLOCK_DAY_TEXT + 1];

    clock_day_text(set->first_day, first);
    clock_day_text(today, now);
    return why_set(why, ERR_INVALID, "RULES_BACKDATED",
                   "effective_from of %s is %s: it would take days that have begun from %.*s, under which "
                   "dossiers may have been handed in; give it a first day after today, %s.",
                   set->name, first, SLICE_ARG(other), now);
}

/* The law does not change backwards: once dossiers may have been handed in under a rule set, no other takes a
 * day from it that has begun. Whatever the days, it would take its own first day before any other. */
static enum err check_days(struct turn *turn, const struct rule_set *set)
{
    const int32_t today = turn_day(turn);
    struct store *store = turn_store(turn);
    struct slice other;
    bool dossiers = false;
    enum err e = store_find_set_of_day(store, set->first_day, turn_zone(turn), &other);

    if (!e) return same_day(set, other, turn_why(turn));
    if (e != ERR_NOT_FOUND) return e;
    if (set->first_day > today) return ERR_NONE;
    e = store_has_dossiers(store, &dossiers);
    if (e || !dossiers) return e;
    e = store_find_set_in_force(store, set->first_day, turn_zone(turn), &other);
    if (e == ERR_NOT_FOUND) return ERR_NONE;
    return e ? e : backdated(set, other, today, turn_why(turn));
}

enum err decide_rules_proposed(struct turn *turn, const struct record *rec)
{
    struct rules_proposed proposed;
    struct rules_adopted adopted;
    struct rules_lists lists;
    struct rules rules;
    char hash[RULES_HASH_TEXT + 1];
    enum err e = rules_proposed_decode(turn_envelope(turn), turn_zone(turn), &proposed, turn_why(turn));

    if (!e) e = rules_parse(proposed.bytes, &rules, turn_why(turn));
    if (e) return e;
    if (!slice_is(proposed.name, rules_name(&rules)))
        return why_set(turn_why(turn), ERR_INVALID, "RULES_NAME",
                       "The event names %.*s and the file's id is %s; they must be the same.",
                       SLICE_ARG(proposed.name), rules_name(&rules));
    e = rules_hash(proposed.bytes, hash, turn_why(turn));
    if (!e) e = check_known(turn, proposed.name, hash);
    if (!e) e = rules_check_text(proposed.bytes, turn_why(turn));
    if (!e && rules.kind == rules_kind_RULE_SET) e = check_days(turn, &rules.u.set);
    if (e) return e;
    rules_announcement(&rules, &lists, &adopted);
    adopted.hash = slice_text(hash);
    return rules_adopted_announce(turn, topic_province(rec->topic), adopted.name, &adopted);
}

enum err apply_rules_adopted(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct rules_proposed proposed;
    struct rules_adopted adopted;
    enum err e = rules_adopted_decode(turn_envelope(turn), turn_zone(turn), &adopted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = rules_proposed_decode(turn_cause_envelope(turn), turn_zone(turn), &proposed, turn_why(turn));
    if (!e) e = store_add_rules(turn_store(turn), &adopted, proposed.bytes);
    if (!e && adopted.kind == rules_kind_AREAS) e = store_add_areas(turn_store(turn), &adopted);
    return e;
}
