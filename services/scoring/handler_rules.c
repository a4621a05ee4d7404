/* handler_rules.c - scoring hears a proposed rules file, and says what all services need of it. */
#include "services/scoring/handler_rules.h"

#include "proto/codec.h"
#include "services/scoring/rubric.h"
#include "services/scoring/store.h"

enum err decide_rules_proposed(struct turn *turn, const struct record *rec)
{
    struct rules_proposed proposed;
    struct rules_adopted adopted;
    struct rules rules;
    char hash[RULES_HASH_TEXT + 1], known[RULES_HASH_TEXT + 1];
    enum err e = rules_proposed_decode(turn_envelope(turn), turn_zone(turn), &proposed, turn_why(turn));

    if (!e) e = rules_parse(proposed.bytes, &rules, turn_why(turn));
    if (e) return e;
    if (!slice_is(proposed.name, rules_name(&rules)))
        return why_set(turn_why(turn), ERR_INVALID, "RULES_NAME",
                       "The event names %.*s and the file's id is %s; they must be the same.",
                       SLICE_ARG(proposed.name), rules_name(&rules));
    rules_hash(proposed.bytes, hash);
    e = store_find_rules_hash(turn_store(turn), proposed.name, known);
    if (!e && memcmp(hash, known, RULES_HASH_TEXT) == 0)
        return why_set(turn_why(turn), ERR_INVALID, "RULES_DUPLICATE",
                       "%.*s is adopted already, with these very bytes; nothing is to be done.",
                       SLICE_ARG(proposed.name));
    if (!e)
        return why_set(turn_why(turn), ERR_INVALID, "RULES_CHANGED",
                       "%.*s is adopted already, with other bytes (hash %.16s...); what results rest on "
                       "never changes, so "
                       "propose the new text under a new id.",
                       SLICE_ARG(proposed.name), known);
    if (e != ERR_NOT_FOUND) return e;
    adopted = (struct rules_adopted){ .name = proposed.name, .hash = slice_text(hash) };
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
    return e;
}
