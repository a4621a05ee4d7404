/* handler_law.c - what other services say of law and certificates, and the areas that merge on their day. */
#include "services/intake/handler_inside.h"

#include "proto/codec.h"

/* --- adopted law --- */

static int32_t areas_first_day(struct turn *turn, const struct rules_adopted *adopted)
{
    return adopted->has_first_day ? adopted->first_day : turn_day(turn);
}

static enum err announce_merger(struct turn *turn, struct slice old_code, struct slice new_code,
                                int32_t merged_on)
{
    const struct area_merged merged = { .old_code = old_code, .new_code = new_code, .merged_on = merged_on };

    return area_merged_announce(turn, new_code, old_code, &merged);
}

/* Areas that began before they were adopted are announced at once; the others on their day. */
enum err decide_rules_adopted(struct turn *turn, const struct record *rec)
{
    struct rules_adopted adopted;
    enum err e = rules_adopted_decode(turn_envelope(turn), turn_zone(turn), &adopted, turn_why(turn));

    (void)rec;
    if (e || adopted.kind != rules_kind_AREAS || areas_first_day(turn, &adopted) > turn_day(turn)) return e;
    for (size_t i = 0; !e && i < adopted.areas_count; i++)
        if (intake_area_changed(adopted.areas, adopted.areas_count, i))
            e = announce_merger(turn, adopted.areas[i].old_code, adopted.areas[i].new_code,
                                areas_first_day(turn, &adopted));
    return e;
}

enum err apply_rules_adopted(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct rules_adopted adopted;
    enum err e = rules_adopted_decode(turn_envelope(turn), turn_zone(turn), &adopted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (e) return e;
    if (adopted.kind == rules_kind_RULE_SET) return store_add_rules(turn_store(turn), &adopted);
    if (adopted.kind == rules_kind_RUBRIC)
        return store_add_rubric(turn_store(turn), adopted.name, !adopted.has_goods || adopted.goods);
    if (adopted.kind == rules_kind_AREAS)
        return store_add_areas(turn_store(turn), &adopted, areas_first_day(turn, &adopted));
    return ERR_NONE;
}

enum err decide_day_started(struct turn *turn, const struct record *rec)
{
    const struct intake_merger *first = NULL;
    struct day_started started;
    enum err e = day_started_decode(turn_envelope(turn), turn_zone(turn), &started, turn_why(turn));

    (void)rec;
    if (!e) e = store_list_mergers(turn_store(turn), started.day, turn_zone(turn), &first);
    for (; !e && first; first = first->next)
        e = announce_merger(turn, first->old_code, first->new_code, first->merged_on);
    return e;
}

enum err apply_area_merged(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct area_merged merged;
    enum err e = area_merged_decode(turn_envelope(turn), turn_zone(turn), &merged, turn_why(turn));

    (void)outcome;
    (void)cause;
    return e ? e : store_add_merger(turn_store(turn), &merged);
}

enum err check_filer(struct turn *turn, struct slice province)
{
    struct intake_area area;
    const enum err e = store_find_area(turn_store(turn), province, turn_day(turn), turn_zone(turn), &area);

    return e ? e : intake_check_area(province, &area, turn_why(turn));
}

enum err check_desk(struct turn *turn, enum desk desk, int32_t day)
{
    int32_t areas_day = INT32_MAX;
    bool recode = false;
    const enum err e = store_find_areas(turn_store(turn), &areas_day, &recode);

    return e && e != ERR_NOT_FOUND ? e : intake_check_desk(desk, day, areas_day, turn_why(turn));
}

/* --- certificates --- */

static enum err add_certificate(struct turn *turn, struct intake_certificate *certificate, struct slice name,
                                struct slice owner)
{
    char owner_key[INTAKE_KEY_BYTES], name_key[INTAKE_KEY_BYTES];
    enum err e = intake_key(owner, owner_key);

    if (!e) e = intake_key(name, name_key);
    if (e) return e;
    certificate->owner_key = slice_text(owner_key);
    return store_add_certificate(turn_store(turn), certificate, name_key);
}

enum err apply_certificate_issued(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct certificate_issued issued;
    struct intake_certificate certificate;
    enum err e = certificate_issued_decode(turn_envelope(turn), turn_zone(turn), &issued, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (e) return e;
    certificate = (struct intake_certificate){ .certificate = issued.certificate,
                                               .product = issued.product,
                                               .province = issued.province,
                                               .star = issued.star,
                                               .ends_on = issued.ends_on };
    return add_certificate(turn, &certificate, issued.name, issued.owner);
}

enum err apply_certificate_recorded(struct turn *turn, const struct record *outcome,
                                    const struct record *cause)
{
    struct certificate_recorded recorded;
    struct intake_certificate certificate;
    enum err e = certificate_recorded_decode(turn_envelope(turn), turn_zone(turn), &recorded, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (e) return e;
    certificate = (struct intake_certificate){ .certificate = recorded.certificate,
                                               .product = recorded.product,
                                               .province = recorded.province,
                                               .star = recorded.star,
                                               .ends_on = recorded.ends_on };
    return add_certificate(turn, &certificate, recorded.name, recorded.owner);
}

enum err apply_certificate_superseded(struct turn *turn, const struct record *outcome,
                                      const struct record *cause)
{
    struct certificate_superseded superseded;
    enum err e =
        certificate_superseded_decode(turn_envelope(turn), turn_zone(turn), &superseded, turn_why(turn));

    (void)outcome;
    (void)cause;
    return e ? e : store_end_certificate(turn_store(turn), superseded.certificate, "replaced");
}

enum err apply_certificate_revoked(struct turn *turn, const struct record *outcome,
                                   const struct record *cause)
{
    struct certificate_revoked revoked;
    enum err e = certificate_revoked_decode(turn_envelope(turn), turn_zone(turn), &revoked, turn_why(turn));

    (void)outcome;
    (void)cause;
    return e ? e : store_end_certificate(turn_store(turn), revoked.certificate, "withdrawn");
}
