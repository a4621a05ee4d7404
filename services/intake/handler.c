/* handler.c - intake's decide and apply, and the table that routes to them. */
#include "services/intake/handler.h"

#include "proto/codec.h"
#include "services/intake/intake.h"
#include "services/intake/questions.h"
#include "services/intake/store.h"

#include <stdio.h>

extern const char intake_schema_sql[];

/* --- plans and reports --- */

/* A province files its plan: register it once for its years. */
static enum err decide_plan_filed(struct turn *turn, const struct record *rec)
{
    const struct slice province = topic_province(rec->topic);
    struct plan_filed plan;
    bool registered = false;
    enum err e = plan_filed_decode(turn_envelope(turn), turn_zone(turn), &plan, turn_why(turn));

    if (!e) e = store_has_plan(turn_store(turn), &plan, &registered);
    if (!e) e = intake_check_plan(&plan, province, registered, turn_why(turn));
    if (e) return e;
    return plan_registered_announce(turn, province, province,
                                    &(struct plan_registered){ .province = plan.province,
                                                               .year_from = plan.year_from,
                                                               .year_to = plan.year_to,
                                                               .products = plan.products,
                                                               .budget_vnd = plan.budget_vnd });
}

static enum err apply_plan_registered(struct turn *turn, const struct record *outcome,
                                      const struct record *cause)
{
    struct plan_filed plan;
    enum err e = plan_filed_decode(turn_cause_envelope(turn), turn_zone(turn), &plan, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_add_plan(turn_store(turn), &plan);
    return e;
}

/* A province reports its results: register them, and say whether they came late. */
static enum err decide_report_filed(struct turn *turn, const struct record *rec)
{
    const struct slice province = topic_province(rec->topic);
    const int32_t day = turn_day(turn);
    struct report_filed report;
    bool registered = false;
    enum err e = report_filed_decode(turn_envelope(turn), turn_zone(turn), &report, turn_why(turn));

    if (!e) e = store_has_report(turn_store(turn), &report, &registered);
    if (!e) e = intake_check_report(&report, province, day, registered, turn_why(turn));
    if (e) return e;
    return report_registered_announce(
        turn, province, province,
        &(struct report_registered){ .province = report.province,
                                     .period_end = report.period_end,
                                     .late = intake_report_late(&report, day) });
}

static enum err apply_report_registered(struct turn *turn, const struct record *outcome,
                                        const struct record *cause)
{
    struct report_registered registered;
    struct report_filed report;
    enum err e = report_registered_decode(turn_envelope(turn), turn_zone(turn), &registered, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = report_filed_decode(turn_cause_envelope(turn), turn_zone(turn), &report, turn_why(turn));
    if (!e) e = store_add_report(turn_store(turn), &report, registered.late);
    return e;
}

/* --- dossiers --- */

/* Hand the dossier back under its reference, so that the filer finds it. */
static enum err return_dossier(struct turn *turn, const struct dossier_filed *filed, struct slice province,
                               const struct why *why, const struct intake_gaps *gaps)
{
    const struct dossier_returned returned = { .code = slice_text(why->code),
                                               .sentence = slice_text(why->sentence),
                                               .has_reference = true,
                                               .reference = filed->reference,
                                               .has_province = true,
                                               .province = filed->province,
                                               .has_gaps = gaps != NULL,
                                               .gaps = gaps ? gaps->list : NULL,
                                               .gaps_count = gaps ? gaps->count : 0 };

    return dossier_returned_announce(turn, province, filed->reference, &returned);
}

/* The product's code, old or new. *fresh: it must be registered. */
static enum err product_code(struct turn *turn, const struct dossier_filed *filed,
                             char code[INTAKE_CODE_BYTES], bool *fresh)
{
    struct store *store = turn_store(turn);
    char owner_key[INTAKE_KEY_BYTES], name_key[INTAKE_KEY_BYTES];
    struct store_product product;
    int64_t serial = 0;
    enum err e = intake_key(filed->owner, owner_key);

    *fresh = false;
    if (!e) e = intake_key(filed->product, name_key);
    if (e) return e;
    e = store_find_product_named(store, filed->province, owner_key, name_key, turn_zone(turn), &product);
    if (!e) snprintf(code, INTAKE_CODE_BYTES, "%.*s", SLICE_ARG(product.product));
    if (e != ERR_NOT_FOUND) return e;
    *fresh = true;
    e = store_next_serial(store, filed->province, filed->commune_code, intake_year(turn_day(turn)), &serial);
    if (!e)
        intake_product_code(turn_day(turn), filed->province, filed->district_code, filed->commune_code,
                            serial, code);
    return e;
}

static enum err announce_accepted(struct turn *turn, const struct dossier_filed *filed, struct slice code,
                                  bool fresh)
{
    const struct dossier_accepted accepted = { .reference = filed->reference,
                                               .product = code,
                                               .kind = filed->kind,
                                               .name = filed->product,
                                               .owner = filed->owner,
                                               .owner_kind = filed->owner_kind,
                                               .province = filed->province,
                                               .round = filed->round,
                                               .rule_set = filed->rule_set,
                                               .has_rubric = filed->has_rubric,
                                               .rubric = filed->rubric,
                                               .has_remark = filed->has_remark,
                                               .remark = filed->remark };
    const struct product_registered registered = { .product = code,
                                                   .name = filed->product,
                                                   .owner = filed->owner,
                                                   .owner_kind = filed->owner_kind,
                                                   .province = filed->province,
                                                   .commune_code = filed->commune_code,
                                                   .has_commune = filed->has_commune,
                                                   .commune = filed->commune };
    enum err e = dossier_accepted_announce(turn, filed->province, code, &accepted);

    if (!e && fresh) e = product_registered_announce(turn, filed->province, code, &registered);
    return e;
}

/* A dossier is complete: find its product, and accept it once in its round. */
static enum err decide_complete(struct turn *turn, const struct dossier_filed *filed)
{
    char code[INTAKE_CODE_BYTES];
    struct slice earlier = { NULL, 0 };
    struct why why = { 0 };
    bool fresh = false;
    enum err e = product_code(turn, filed, code, &fresh);

    if (!e && !fresh)
        e = store_find_in_round(turn_store(turn), slice_text(code), filed->round, turn_zone(turn), &earlier);
    if (e) return e;
    if (intake_check_round(filed, slice_text(code), earlier, &why))
        return return_dossier(turn, filed, filed->province, &why, NULL);
    return announce_accepted(turn, filed, slice_text(code), fresh);
}

/* A dossier came in: accept it, or hand it back with every gap. */
static enum err decide_dossier_filed(struct turn *turn, const struct record *rec)
{
    const struct slice province = topic_province(rec->topic);
    struct dossier_filed filed;
    struct intake_gaps gaps;
    struct why why = { 0 };
    bool used = false;
    enum err e = dossier_filed_decode(turn_envelope(turn), turn_zone(turn), &filed, turn_why(turn));

    if (!e) e = store_has_reference(turn_store(turn), filed.province, filed.reference, &used);
    if (e) return e;
    if (intake_check_reference(&filed, province, used, &why))
        return return_dossier(turn, &filed, province, &why, NULL);
    intake_find_gaps(&filed, turn_day(turn), &gaps);
    if (intake_check_gaps(&gaps, &why)) return return_dossier(turn, &filed, province, &why, &gaps);
    return decide_complete(turn, &filed);
}

/* What was filed is kept beside what was accepted: both stand in the log, the fold needs both. */
static enum err apply_dossier_accepted(struct turn *turn, const struct record *outcome,
                                       const struct record *cause)
{
    struct dossier_accepted accepted;
    struct dossier_filed filed;
    enum err e = dossier_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)outcome;
    if (!e) e = dossier_filed_decode(turn_cause_envelope(turn), turn_zone(turn), &filed, turn_why(turn));
    if (!e) e = store_add_dossier(turn_store(turn), turn_envelope(turn)->id, &accepted, &filed, cause->seq);
    return e;
}

static enum err apply_product_registered(struct turn *turn, const struct record *outcome,
                                         const struct record *cause)
{
    char owner_key[INTAKE_KEY_BYTES], name_key[INTAKE_KEY_BYTES];
    struct product_registered product;
    int64_t serial = 0, year = 0;
    enum err e = product_registered_decode(turn_envelope(turn), turn_zone(turn), &product, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = intake_key(product.owner, owner_key);
    if (!e) e = intake_key(product.name, name_key);
    if (!e && !intake_code_parts(product.product, &serial, &year)) e = ERR_PROMISE;
    if (!e)
        e = store_add_product(turn_store(turn), turn_envelope(turn)->id, &product, owner_key, name_key, year,
                              serial);
    return e;
}

/* --- supplements --- */

/* The dossier a request names; *out stays NULL when it is not accepted yet. */
static enum err find_named(struct turn *turn, struct slice id, struct intake_dossier *row,
                           const struct intake_dossier **out)
{
    enum err e = store_find_dossier(turn_store(turn), id, turn_zone(turn), row);

    *out = e ? NULL : row;
    return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

/* Is there a name, applicant or paper that the dossier does not have? */
static enum err find_change(struct turn *turn, const struct intake_dossier *dossier,
                            const struct dossier_supplemented *filed, bool *changed)
{
    bool held = true;
    enum err e = ERR_NONE;

    *changed = (filed->has_product && !slice_equal(filed->product, dossier->name)) ||
               (filed->has_owner && !slice_equal(filed->owner, dossier->owner));
    for (size_t i = 0; !e && held && i < filed->items_count; i++)
        e = store_has_item(turn_store(turn), dossier->dossier, &filed->items[i], &held);
    if (!held) *changed = true;
    return e;
}

/* Code of another product that has this name and applicant already; empty when there is none. */
static enum err find_other(struct turn *turn, const struct intake_dossier *dossier, struct slice name,
                           struct slice owner, struct slice *other)
{
    char owner_key[INTAKE_KEY_BYTES], name_key[INTAKE_KEY_BYTES];
    struct store_product product;
    enum err e = intake_key(owner, owner_key);

    *other = slice_of(NULL, 0);
    if (!e) e = intake_key(name, name_key);
    if (e) return e;
    e = store_find_product_named(turn_store(turn), dossier->province, owner_key, name_key, turn_zone(turn),
                                 &product);
    if (e == ERR_NOT_FOUND) return ERR_NONE;
    if (!e && !slice_equal(product.product, dossier->product)) *other = product.product;
    return e;
}

/* An accepted dossier is corrected: it gets a new version, the old ones stay. */
static enum err decide_dossier_supplemented(struct turn *turn, const struct record *rec)
{
    const struct slice province = topic_province(rec->topic);
    const struct intake_dossier *dossier = NULL;
    struct dossier_supplemented filed;
    struct intake_dossier row;
    struct slice name, owner, other;
    bool changed = false;
    enum err e = dossier_supplemented_decode(turn_envelope(turn), turn_zone(turn), &filed, turn_why(turn));

    if (!e) e = find_named(turn, filed.dossier, &row, &dossier);
    if (!e) e = intake_check_open(dossier, filed.dossier, province, turn_why(turn));
    if (!e && !dossier) e = ERR_PROMISE;
    if (e) return e;
    name = filed.has_product ? filed.product : dossier->name;
    owner = filed.has_owner ? filed.owner : dossier->owner;
    e = find_change(turn, dossier, &filed, &changed);
    if (!e) e = find_other(turn, dossier, name, owner, &other);
    if (!e) e = intake_check_supplement(dossier, name, owner, changed, other, turn_why(turn));
    if (e) return e;
    return supplement_accepted_announce(turn, province, dossier->product,
                                        &(struct supplement_accepted){ .dossier = dossier->dossier,
                                                                       .product = dossier->product,
                                                                       .name = name,
                                                                       .owner = owner,
                                                                       .version = dossier->version + 1 });
}

static enum err apply_supplement_accepted(struct turn *turn, const struct record *outcome,
                                          const struct record *cause)
{
    char owner_key[INTAKE_KEY_BYTES], name_key[INTAKE_KEY_BYTES];
    struct supplement_accepted accepted;
    struct dossier_supplemented filed;
    enum err e = supplement_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e)
        e = dossier_supplemented_decode(turn_cause_envelope(turn), turn_zone(turn), &filed, turn_why(turn));
    if (!e) e = intake_key(accepted.owner, owner_key);
    if (!e) e = intake_key(accepted.name, name_key);
    if (!e) e = store_add_version(turn_store(turn), &accepted, &filed);
    if (!e)
        e = store_rename_product(turn_store(turn), accepted.product, accepted.name, accepted.owner, owner_key,
                                 name_key);
    return e;
}

/* --- withdrawals and ratings --- */

/* The applicant takes a dossier back: possible until it is rated. */
static enum err decide_dossier_withdrawn(struct turn *turn, const struct record *rec)
{
    const struct slice province = topic_province(rec->topic);
    const struct intake_dossier *dossier = NULL;
    struct dossier_withdrawn filed;
    struct intake_dossier row;
    enum err e = dossier_withdrawn_decode(turn_envelope(turn), turn_zone(turn), &filed, turn_why(turn));

    if (!e) e = find_named(turn, filed.dossier, &row, &dossier);
    if (!e) e = intake_check_open(dossier, filed.dossier, province, turn_why(turn));
    if (!e && !dossier) e = ERR_PROMISE;
    if (e) return e;
    return withdrawal_accepted_announce(
        turn, province, dossier->product,
        &(struct withdrawal_accepted){ .dossier = dossier->dossier, .product = dossier->product });
}

static enum err apply_withdrawal_accepted(struct turn *turn, const struct record *outcome,
                                          const struct record *cause)
{
    struct withdrawal_accepted accepted;
    enum err e = withdrawal_accepted_decode(turn_envelope(turn), turn_zone(turn), &accepted, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_mark_withdrawn(turn_store(turn), accepted.dossier);
    return e;
}

/* The council has spoken: from here on the dossier stays as it is. */
static enum err apply_product_rated(struct turn *turn, const struct record *outcome,
                                    const struct record *cause)
{
    struct product_rated rated;
    enum err e = product_rated_decode(turn_envelope(turn), turn_zone(turn), &rated, turn_why(turn));

    (void)outcome;
    (void)cause;
    if (!e) e = store_mark_rated(turn_store(turn), rated.dossier);
    return e;
}

/* --- wiring --- */

static const char *const prefixes[] = { "intake.", "scoring.product.rated", "clock.", "operator.", NULL };

static const struct route routes[] = {
    /* heard, decide, apply, refusal */
    { "intake.plan.filed", decide_plan_filed, NULL, "intake.plan.refused" },
    { "intake.plan.registered", NULL, apply_plan_registered, NULL },
    { "intake.report.filed", decide_report_filed, NULL, "intake.report.refused" },
    { "intake.report.registered", NULL, apply_report_registered, NULL },
    { "intake.dossier.filed", decide_dossier_filed, NULL, "intake.dossier.returned" },
    { "intake.dossier.accepted", NULL, apply_dossier_accepted, NULL },
    { "intake.product.registered", NULL, apply_product_registered, NULL },
    { "intake.dossier.supplemented", decide_dossier_supplemented, NULL, "intake.supplement.returned" },
    { "intake.supplement.accepted", NULL, apply_supplement_accepted, NULL },
    { "intake.dossier.withdrawn", decide_dossier_withdrawn, NULL, "intake.withdrawal.refused" },
    { "intake.withdrawal.accepted", NULL, apply_withdrawal_accepted, NULL },
    { "scoring.product.rated", NULL, apply_product_rated, NULL },
    { NULL, NULL, NULL, NULL },
};

const struct service intake_service = {
    .name = "intake",
    .prefixes = prefixes,
    .routes = routes,
    .questions = intake_questions,
    .schema = intake_schema_sql,
    .program = 1,
    .store_bytes = sizeof(struct store),
    .store_open = store_open,
    .store_close = store_close,
};
