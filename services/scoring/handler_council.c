/* handler_council.c - councils are formed, and their members declare conflicts of interest. */
#include "services/scoring/handler_inside.h"

/* A province as it stands today. */
static enum err find_province(struct turn *turn, struct slice code, struct province *out)
{
    return store_find_province(turn_store(turn), code, turn_day(turn), turn_zone(turn), out);
}

static enum err check_province(struct turn *turn, const struct council_formed *formed)
{
    struct province province;
    enum err e = ERR_NONE;

    if (formed->level == level_CENTRE) return ERR_NONE;
    e = find_province(turn, formed->province, &province);
    return e ? e : scoring_province_stands(&province, turn_why(turn));
}

enum err decide_council_formed(struct turn *turn, const struct record *rec)
{
    struct store *store = turn_store(turn);
    struct council_formed formed;
    struct council_admitted admitted;
    struct council known;
    const struct rule_set *set = NULL;
    enum err e = council_formed_decode(turn_envelope(turn), turn_zone(turn), &formed, turn_why(turn));

    if (!e) e = store_find_council(store, formed.council, turn_zone(turn), &known);
    if (!e)
        return why_set(turn_why(turn), ERR_INVALID, "COUNCIL_EXISTS",
                       "Council %.*s is admitted already; give a new council an id of its own.",
                       SLICE_ARG(formed.council));
    if (e != ERR_NOT_FOUND) return e;
    e = check_province(turn, &formed);
    if (e) return e;
    e = store_find_rule_set(store, formed.rule_set, &set, NULL, turn_why(turn));
    if (e && e != ERR_NOT_FOUND) return e;
    e = scoring_form_council(&formed, topic_province(rec->topic), set, turn_day(turn), &admitted,
                             turn_why(turn));
    if (!e) e = council_admitted_announce(turn, topic_province(rec->topic), formed.council, &admitted);
    return e;
}

enum err apply_council_admitted(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct council_formed formed;
    struct council_admitted admitted;
    enum err e = council_admitted_decode(turn_envelope(turn), turn_zone(turn), &admitted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = council_formed_decode(turn_cause_envelope(turn), turn_zone(turn), &formed, turn_why(turn));
    if (!e) e = store_add_council(turn_store(turn), &formed, &admitted);
    return e;
}

enum err find_council(struct turn *turn, const struct record *rec, struct slice name, struct council *out)
{
    struct province province;
    const struct slice pushed_for = topic_province(rec->topic);
    enum err e = store_find_council(turn_store(turn), name, turn_zone(turn), out);

    if (e == ERR_NOT_FOUND)
        return why_set(turn_why(turn), ERR_INVALID, "UNKNOWN_COUNCIL",
                       "There is no council %.*s; form it first, or check its id.", SLICE_ARG(name));
    if (!e) e = find_province(turn, out->province, &province);
    if (e) return e;
    if (province.merged) {
        if (slice_equal(pushed_for, province.code)) return scoring_province_stands(&province, turn_why(turn));
        out->province = province.into;
    }
    if (!slice_equal(pushed_for, out->province))
        return why_set(
            turn_why(turn), ERR_INVALID, "WRONG_PROVINCE",
            "Council %.*s is of province %.*s and this was pushed for province %.*s; push it for the "
            "council's.",
            SLICE_ARG(name), SLICE_ARG(out->province), SLICE_ARG(pushed_for));
    return ERR_NONE;
}

/* --- conflicts of interest --- */

enum err decide_conflict_declared(struct turn *turn, const struct record *rec)
{
    struct conflict_declared declared;
    struct conflict_noted noted;
    struct council council;
    struct dossier dossier;
    struct standing standing;
    int64_t versions = 0;
    bool same_event = false;
    enum err e = conflict_declared_decode(turn_envelope(turn), turn_zone(turn), &declared, turn_why(turn));

    if (!e) e = find_council(turn, rec, declared.council, &council);
    if (!e) e = find_dossier(turn, declared.dossier, &dossier);
    if (!e)
        e = store_find_standing(turn_store(turn), &council, dossier.id, declared.member, turn_day(turn),
                                &standing);
    if (!e) e = scoring_may_declare(&council, &dossier, declared.member, &standing, turn_why(turn));
    if (!e)
        e = store_count_sheets(turn_store(turn), council.council, dossier.id, declared.member,
                               turn_envelope(turn)->id, &versions, &same_event);
    if (e) return e;
    noted = (struct conflict_noted){ .council = council.council,
                                     .member = declared.member,
                                     .dossier = dossier.id,
                                     .sheet_out = versions > 0 };
    return conflict_noted_announce(turn, topic_province(rec->topic), dossier.product, &noted);
}

enum err apply_conflict_noted(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct conflict_noted noted;
    const enum err e = conflict_noted_decode(turn_envelope(turn), turn_zone(turn), &noted, turn_why(turn));

    (void)outcome;
    (void)cause;
    return e ? e : store_add_conflict(turn_store(turn), turn_cause_envelope(turn)->id, &noted);
}
