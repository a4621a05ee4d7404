/* handler_inside.h - the handlers of intake, by file; handler.c has the table that routes to them. */
#ifndef SERVICES_INTAKE_HANDLER_INSIDE_H
#define SERVICES_INTAKE_HANDLER_INSIDE_H

#include "common/loop.h"
#include "services/intake/gaps.h"
#include "services/intake/store.h"

/* handler_law.c: adopted law, areas that merge, certificates */
enum err decide_rules_adopted(struct turn *turn, const struct record *rec);
enum err apply_rules_adopted(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err decide_day_started(struct turn *turn, const struct record *rec);
enum err apply_area_merged(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_certificate_issued(struct turn *turn, const struct record *outcome,
                                  const struct record *cause);
enum err apply_certificate_recorded(struct turn *turn, const struct record *outcome,
                                    const struct record *cause);
enum err apply_certificate_superseded(struct turn *turn, const struct record *outcome,
                                      const struct record *cause);
enum err apply_certificate_revoked(struct turn *turn, const struct record *outcome,
                                   const struct record *cause);

/* May the province of this topic file anything today? PROVINCE_MERGED, PROVINCE_UNKNOWN */
enum err check_filer(struct turn *turn, struct slice province);
/* Was there such a desk on this day? DESK_ABOLISHED */
enum err check_desk(struct turn *turn, enum desk desk, int32_t day);

/* handler_dossier.c: dossiers, their owners and products */
enum err decide_dossier_filed(struct turn *turn, const struct record *rec);
enum err apply_dossier_accepted(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_owner_registered(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err apply_product_registered(struct turn *turn, const struct record *outcome,
                                  const struct record *cause);
enum err apply_product_recoded(struct turn *turn, const struct record *outcome, const struct record *cause);

/* A product is called what its dossiers that stand say. */
enum err apply_names(struct turn *turn, struct slice product);

/* handler_case.c: what is known of a filing */
struct filing {
    struct dossier_filed filed;
    struct intake_case known;
    struct intake_product product;                                /* known.product points here */
    struct intake_certificate certificate;                        /* known.certificate points here */
    char owner_key[INTAKE_KEY_BYTES], name_key[INTAKE_KEY_BYTES]; /* empty: blank or missing */
    bool recode;                                                  /* products get a code of the new period */
};
/* Gather it for a decoded filing. */
enum err filing_gather(struct turn *turn, struct filing *f);

/* handler_change.c: supplements, withdrawals, ratings */
enum err decide_dossier_supplemented(struct turn *turn, const struct record *rec);
enum err apply_supplement_accepted(struct turn *turn, const struct record *outcome,
                                   const struct record *cause);
enum err decide_dossier_withdrawn(struct turn *turn, const struct record *rec);
enum err apply_withdrawal_accepted(struct turn *turn, const struct record *outcome,
                                   const struct record *cause);
enum err apply_product_rated(struct turn *turn, const struct record *outcome, const struct record *cause);

/* handler_desk.c: slips, requests, rejections */
enum err decide_slip_filed(struct turn *turn, const struct record *rec);
enum err apply_slip_registered(struct turn *turn, const struct record *outcome, const struct record *cause);
enum err decide_request_filed(struct turn *turn, const struct record *rec);
enum err apply_request_registered(struct turn *turn, const struct record *outcome,
                                  const struct record *cause);
enum err decide_rejection_filed(struct turn *turn, const struct record *rec);
enum err apply_rejection_registered(struct turn *turn, const struct record *outcome,
                                    const struct record *cause);

/* Announce the owner of this name in this province, unless it is known. `code` becomes the one it has. */
enum err announce_owner(struct turn *turn, struct slice province, struct slice name, enum owner_kind kind,
                        char code[INTAKE_CODE_BYTES]);

#endif
