/* handler_sheet.c - members score. */
#include "services/scoring/handler_inside.h"

enum err find_dossier(struct turn *turn, struct slice id, struct dossier *out)
{
    const enum err e = store_find_dossier(turn_store(turn), id, turn_zone(turn), out);

    if (e == ERR_NOT_FOUND)
        return why_set(turn_why(turn), ERR_INVALID, "NOT_YET",
                       "No accepted dossier has the id %.*s yet; push this again after it is accepted.",
                       SLICE_ARG(id));
    return e;
}

enum err find_law(struct turn *turn, const struct council *council, const struct dossier *dossier,
                  struct law *out)
{
    struct law law = { NULL, NULL, NULL, NULL };
    enum err e =
        store_find_rule_set(turn_store(turn), council->rule_set, &law.set, &law.set_hash, turn_why(turn));

    /* A council is admitted only under an adopted rule set, and rules do not go away. */
    if (e == ERR_NOT_FOUND) return ERR_PROMISE;
    if (!e && law.set->sheet == SHEET_OPTIONS) {
        if (dossier->rubric.size)
            e = store_find_rubric(turn_store(turn), dossier->rubric, &law.rubric, &law.rubric_hash,
                                  turn_why(turn));
        if (e && e != ERR_NOT_FOUND) return e;
        e = scoring_fit_rubric(law.set, dossier->rubric, law.rubric, turn_why(turn));
    }
    if (!e) *out = law;
    return e;
}

enum err check_in_time(struct turn *turn, const struct dossier *dossier)
{
    const struct rule_set *newest = NULL;
    const enum err e =
        store_find_newer_set(turn_store(turn), dossier->received_on, turn_day(turn), &newest, turn_why(turn));

    return e && e != ERR_NOT_FOUND ? e : scoring_in_time(dossier, newest, turn_day(turn), turn_why(turn));
}

/* The test's other program cannot read sheets with a remark, which makes dead letters at will. */
static enum err decode_sheet(struct turn *turn, struct sheet_submitted *out)
{
    const enum err e = sheet_submitted_decode(turn_envelope(turn), turn_zone(turn), out, turn_why(turn));

#ifdef OCOP_OTHER_PROGRAM
    if (!e && out->has_remark)
        return why_set(turn_why(turn), ERR_UNREADABLE, "OTHER_PROGRAM",
                       "This test program reads no remarks.");
#endif
    return e;
}

/* Everything about a sheet but its points. */
static enum err admit_sheet(struct turn *turn, const struct sheet_submitted *sheet,
                            const struct council *council, const struct dossier *dossier, bool *replaces)
{
    const struct rule_set *set = NULL;
    struct standing standing;
    bool same_event = false;
    int64_t versions = 0;
    enum err e =
        store_find_standing(turn_store(turn), council, dossier->id, sheet->member, turn_day(turn), &standing);

    if (!e) e = store_find_rule_set(turn_store(turn), council->rule_set, &set, NULL, turn_why(turn));
    if (e == ERR_NOT_FOUND) return ERR_PROMISE;
    if (!e)
        e = scoring_may_score(council, dossier, set, sheet->member, &standing, turn_day(turn),
                              turn_why(turn));
    if (!e) e = check_in_time(turn, dossier);
    if (!e)
        e = store_count_sheets(turn_store(turn), council->council, dossier->id, sheet->member,
                               turn_envelope(turn)->id, &versions, &same_event);
    if (e) return e;
    /* Pushing an old file again must not bring an old sheet back over a newer one. */
    if (same_event)
        return why_set(
            turn_why(turn), ERR_INVALID, "SHEET_DUPLICATE",
            "This very sheet of %.*s is on record; to submit the same points again, change its remark.",
            SLICE_ARG(sheet->member));
    *replaces = versions > 0;
    return ERR_NONE;
}

struct sheet_counted sheet_worth(const struct sheet_submitted *sheet, const struct dossier *dossier,
                                 const struct marked_sheet *marked, const struct rule_set *set, bool replaces)
{
    const bool by_parts = set->sheet != SHEET_TOTAL;

    return (struct sheet_counted){ .council = sheet->council,
                                   .member = sheet->member,
                                   .dossier = dossier->id,
                                   .product = dossier->product,
                                   .total_hundredths = marked->total_hundredths,
                                   .has_a_hundredths = by_parts,
                                   .a_hundredths = marked->part_hundredths[0],
                                   .has_b_hundredths = by_parts,
                                   .b_hundredths = marked->part_hundredths[1],
                                   .has_c_hundredths = by_parts,
                                   .c_hundredths = marked->part_hundredths[2],
                                   .replaces = replaces };
}

enum err decide_sheet_submitted(struct turn *turn, const struct record *rec)
{
    struct sheet_submitted *sheet = msgpack_zone_malloc(turn_zone(turn), sizeof *sheet);
    struct sheet_counted counted;
    struct council council;
    struct dossier dossier;
    struct marked_sheet marked;
    struct law law;
    bool replaces = false;
    enum err e = sheet ? decode_sheet(turn, sheet) : ERR_NOMEM;

    if (!e) e = find_council(turn, rec, sheet->council, &council);
    if (!e) e = find_dossier(turn, sheet->dossier, &dossier);
    if (!e) e = admit_sheet(turn, sheet, &council, &dossier, &replaces);
    if (!e) e = find_law(turn, &council, &dossier, &law);
    if (!e) e = scoring_mark_sheet(law.set, law.rubric, sheet, &marked, turn_why(turn));
    if (e) return e;
    turn_remember(turn, sheet);
    counted = sheet_worth(sheet, &dossier, &marked, law.set, replaces);
    return sheet_counted_announce(turn, topic_province(rec->topic), dossier.product, &counted);
}

enum err apply_sheet_counted(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    const struct envelope *submitted = turn_cause_envelope(turn);
    const struct sheet_submitted *sheet = turn_remembered(turn);
    struct sheet_submitted again;
    struct sheet_counted counted;
    enum err e = sheet_counted_decode(turn_envelope(turn), turn_zone(turn), &counted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e && !sheet) e = sheet_submitted_decode(submitted, turn_zone(turn), &again, turn_why(turn));
    if (!e) e = store_add_sheet(turn_store(turn), submitted->id, sheet ? sheet : &again, &counted);
    return e;
}
