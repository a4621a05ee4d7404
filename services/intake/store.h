/* store.h - what intake asks its data; the only SQL in C.
 *
 * Rows come as slices copied into `zone`. What is not there is ERR_NOT_FOUND, and the result is untouched.
 * Lists are linked, in the order their query names. Other errors are those of common/db.h.
 *
 * Where a `province` is asked for, those that were merged into it count as it (see store_add_merger); the
 * province itself comes first.
 */
#ifndef SERVICES_INTAKE_STORE_H
#define SERVICES_INTAKE_STORE_H

#include "common/db.h"
#include "common/loop.h"
#include "proto/events.h"
#include "services/intake/intake.h"
#include "services/intake/law.h"

enum { STORE_STATEMENTS_MAX = 80 };

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENTS_MAX];
};

enum err store_open(void *store, sqlite3 *db, struct why *why);
void store_close(void *store);

/* --- plans and reports --- */
struct store_plan {
    struct slice province, title, decision;
    int64_t year_from, year_to, products, budget_vnd;
    struct store_plan *next;
};

enum err store_has_plan(struct store *s, const struct plan_filed *plan, bool *there);
enum err store_add_plan(struct store *s, const struct plan_filed *plan);
/* All plans, by province and years. */
enum err store_list_plans(struct store *s, msgpack_zone *zone, struct store_plan **first, size_t *count);
enum err store_has_report(struct store *s, const struct report_filed *report, bool *there);
enum err store_add_report(struct store *s, const struct report_filed *report, bool late);

/* --- adopted law --- */
enum err store_add_rules(struct store *s, const struct rules_adopted *adopted);
/* All rule sets, by name. */
enum err store_list_rules(struct store *s, msgpack_zone *zone, const struct intake_rules **first);
/* What a dossier of this kind must hold, as an array. */
enum err store_list_needed(struct store *s, struct slice rule_set, enum dossier_kind kind, msgpack_zone *zone,
                           struct item_needed **items, size_t *count);
enum err store_add_rubric(struct store *s, struct slice name, bool goods);
enum err store_find_rubric(struct store *s, struct slice name, bool *goods);
enum err store_add_areas(struct store *s, const struct rules_adopted *adopted, int32_t first_day);
/* What adopted areas say of a province's code on this day; never ERR_NOT_FOUND. */
enum err store_find_area(struct store *s, struct slice province, int32_t day, msgpack_zone *zone,
                         struct intake_area *out);
/* The earliest adopted areas: since when there are no districts, and whether products are recoded. */
enum err store_find_areas(struct store *s, int32_t *first_day, bool *recode);
/* Mergers of adopted areas that begin up to this day and were not announced, by new and old code. */
enum err store_list_mergers(struct store *s, int32_t day, msgpack_zone *zone,
                            const struct intake_merger **first);
enum err store_add_merger(struct store *s, const struct area_merged *merged);
/* Is `owned` this province, or was it merged into it? */
enum err store_stands_for(struct store *s, struct slice province, struct slice owned, bool *yes);

/* --- owners; keys are those of intake_key --- */
struct store_owner {
    struct slice owner_code, name, kind, province;
    struct store_owner *next;
};

enum err store_find_owner(struct store *s, struct slice owner_code, msgpack_zone *zone,
                          struct store_owner *out);
enum err store_find_owner_named(struct store *s, struct slice province, const char *key, msgpack_zone *zone,
                                struct store_owner *out);
/* Owners of this name everywhere, by province. */
enum err store_list_owners_named(struct store *s, const char *key, msgpack_zone *zone,
                                 struct store_owner **first, size_t *count);
/* One more than the largest serial of this province. */
enum err store_next_owner(struct store *s, struct slice province, int64_t *serial);
enum err store_add_owner(struct store *s, const struct owner_registered *owner, const char *key);

/* --- products --- */
struct store_product {
    struct intake_product product;
    struct store_product *next;
};
struct store_code {
    struct slice code;
    int32_t given_on;
    struct store_code *next;
};

enum err store_find_product_named(struct store *s, struct slice province, const char *owner_key,
                                  const char *name_key, msgpack_zone *zone, struct intake_product *out);
/* By any code it has or had. */
enum err store_find_product(struct store *s, struct slice code, msgpack_zone *zone,
                            struct intake_product *out);
/* By their first codes. */
enum err store_list_products_of(struct store *s, struct slice owner_code, msgpack_zone *zone,
                                struct store_product **first, size_t *count);
/* In the order they were given; the last is printed. */
enum err store_list_codes(struct store *s, struct slice product, msgpack_zone *zone,
                          struct store_code **first, size_t *count);
/* One more than the largest serial of this commune and year. */
enum err store_next_serial(struct store *s, struct slice province, struct slice commune_code, int64_t year,
                           int64_t *serial);
/* With its first code. */
enum err store_add_product(struct store *s, struct slice id, const struct product_registered *product,
                           const char *owner_key, const char *name_key, int32_t day);
enum err store_add_code(struct store *s, struct slice product, struct slice code, int32_t day);
/* Names of a product, and the province in which they were filed. */
struct store_names {
    struct slice name, owner, province;
};
/* What a product is called by its dossiers: see the schema. */
enum err store_find_names(struct store *s, struct slice product, msgpack_zone *zone, struct store_names *out);
/* The names it has from now on; its owner becomes the one of that name in `province`. Nothing changes when
 * another product has these names by now. */
enum err store_rename_product(struct store *s, struct slice product, struct slice province, struct slice name,
                              struct slice owner, const char *owner_key, const char *name_key);

/* --- certificates --- */
enum err store_add_certificate(struct store *s, const struct intake_certificate *certificate,
                               const char *name_key);
enum err store_find_certificate(struct store *s, struct slice certificate, msgpack_zone *zone,
                                struct intake_certificate *out);
/* The one that bears this very code, the last to end. */
enum err store_find_printed(struct store *s, struct slice code, msgpack_zone *zone,
                            struct intake_certificate *out);
/* The one not withdrawn nor replaced that ends last, of the product with this first code (may be empty) or of
 * these names. */
enum err store_find_current(struct store *s, struct slice product, struct slice province,
                            const char *owner_key, const char *name_key, msgpack_zone *zone,
                            struct intake_certificate *out);
enum err store_end_certificate(struct store *s, struct slice certificate, const char *over);
/* A dossier says which product a certificate without a code is of. */
enum err store_name_certificate(struct store *s, struct slice certificate, struct slice product);

/* --- dossiers --- */
struct store_dossier {
    struct intake_dossier dossier;
    struct store_dossier *next;
};
struct store_version {
    int64_t version;
    struct slice name, owner, reason;
    struct store_version *next;
};
struct store_item {
    int64_t version, bytes; /* bytes -1: not given */
    struct slice item, name, digest, criterion;
    bool earlier;
    struct store_item *next;
};
struct store_assessment {
    struct slice topic, finding;
    struct store_assessment *next;
};

enum err store_find_dossier(struct store *s, struct slice id, msgpack_zone *zone, struct intake_dossier *out);
/* In this very province, by a dossier that was not turned away. */
enum err store_has_reference(struct store *s, struct slice province, struct slice reference, bool *there);
/* Reference of the product's dossier of this round that was not taken back or turned away; empty when there
 * is none. */
enum err store_find_in_round(struct store *s, struct slice product, struct slice round, msgpack_zone *zone,
                             struct slice *reference);
/* Is this very paper among those of the dossier? */
enum err store_has_item(struct store *s, struct slice dossier, const struct evidence *item, bool *there);
/* Is a paper with this digest among those of the product's dossiers? */
enum err store_has_cited(struct store *s, struct slice product, const struct evidence *item, bool *there);
/* Dossiers with this reference, by province, the latest first; those of this product, the latest first. */
enum err store_list_by_reference(struct store *s, struct slice reference, msgpack_zone *zone,
                                 struct store_dossier **first, size_t *count);
enum err store_list_by_product(struct store *s, struct slice product, msgpack_zone *zone,
                               struct store_dossier **first, size_t *count);
enum err store_list_versions(struct store *s, struct slice dossier, msgpack_zone *zone,
                             struct store_version **first, size_t *count);
enum err store_list_items(struct store *s, struct slice dossier, msgpack_zone *zone,
                          struct store_item **first, size_t *count);
enum err store_list_assessments(struct store *s, struct slice dossier, msgpack_zone *zone,
                                struct store_assessment **first, size_t *count);

/* The dossier and its version 1, with the papers of `filed`; `seq` of the filing, `accepted_seq` of the
 * outcome. */
enum err store_add_dossier(struct store *s, struct slice id, const struct dossier_accepted *accepted,
                           const struct dossier_filed *filed, uint64_t seq, uint64_t accepted_seq);
/* A further version, with the papers that came with it. */
enum err store_add_version(struct store *s, const struct supplement_accepted *accepted,
                           const struct dossier_supplemented *filed, uint64_t accepted_seq);
enum err store_mark_withdrawn(struct store *s, struct slice dossier);
enum err store_mark_rated(struct store *s, struct slice dossier);

/* --- desks: slips, requests, rejections --- */
struct store_slip {
    struct slice desk, number, commune_code, rule_set;
    int32_t received_on;
    struct store_slip *next;
};
struct store_request {
    struct slice request, desk, reason;
    int32_t due_before;
    bool open; /* something it asks for has not come */
    struct store_request *next;
};
struct store_asked {
    struct slice request, item;
    bool came;
    struct store_asked *next;
};

/* `province` here and below is that of what stands under the reference already. */
enum err store_add_slip(struct store *s, struct slice id, struct slice province,
                        const struct slip_filed *filed, struct slice rule_set);
enum err store_has_slip(struct store *s, const struct slip_filed *slip, bool *there);
/* The first day on which a desk received this reference. */
enum err store_find_receipt(struct store *s, struct slice province, struct slice reference,
                            int32_t *received_on);
/* What has become of a reference; never ERR_NOT_FOUND. */
enum err store_find_standing(struct store *s, struct slice province, struct slice reference,
                             msgpack_zone *zone, struct intake_standing *out);
enum err store_add_request(struct store *s, struct slice id, struct slice province,
                           const struct request_filed *filed);
/* What came with a dossier or supplement is not waited for any more. */
enum err store_mark_came(struct store *s, struct slice dossier, const struct evidence *items, size_t count);
/* Everything under this reference is turned away; it is free for a new filing. `province` is the dossier's.
 */
enum err store_add_rejection(struct store *s, struct slice id, struct slice province,
                             const struct rejection_filed *filed);
/* Those under the dossier's reference, of its time: by day; by due day; by request and item. */
enum err store_list_slips(struct store *s, const struct intake_dossier *dossier, msgpack_zone *zone,
                          struct store_slip **first, size_t *count);
enum err store_list_requests(struct store *s, const struct intake_dossier *dossier, msgpack_zone *zone,
                             struct store_request **first, size_t *count);
enum err store_list_asked(struct store *s, const struct intake_dossier *dossier, msgpack_zone *zone,
                          struct store_asked **first, size_t *count);

#endif
