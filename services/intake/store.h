/* store.h - what intake asks its data; the only SQL in C.
 *
 * Rows come as slices copied into `zone`. What is not there is ERR_NOT_FOUND, and the result is untouched.
 * Lists are linked, in the order their query names. Other errors are those of common/db.h.
 */
#ifndef SERVICES_INTAKE_STORE_H
#define SERVICES_INTAKE_STORE_H

#include "common/db.h"
#include "common/loop.h"
#include "proto/events.h"
#include "services/intake/intake.h"

enum { STORE_STATEMENTS_MAX = 32 };

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

/* --- products --- */
struct store_product {
    struct slice product, registered, province, commune_code, commune, name, owner, owner_kind;
};

/* Keys are those of intake_key. */
enum err store_find_product_named(struct store *s, struct slice province, const char *owner_key,
                                  const char *name_key, msgpack_zone *zone, struct store_product *out);
enum err store_find_product(struct store *s, struct slice product, msgpack_zone *zone,
                            struct store_product *out);
/* One more than the largest serial of this commune and year. */
enum err store_next_serial(struct store *s, struct slice province, struct slice commune_code, int64_t year,
                           int64_t *serial);
enum err store_add_product(struct store *s, struct slice id, const struct product_registered *product,
                           const char *owner_key, const char *name_key, int64_t year, int64_t serial);
enum err store_rename_product(struct store *s, struct slice product, struct slice name, struct slice owner,
                              const char *owner_key, const char *name_key);

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
    struct slice item, name, digest;
    struct store_item *next;
};

enum err store_find_dossier(struct store *s, struct slice id, msgpack_zone *zone, struct intake_dossier *out);
enum err store_has_reference(struct store *s, struct slice province, struct slice reference, bool *there);
/* Reference of the product's dossier of this round that was not withdrawn; empty when there is none. */
enum err store_find_in_round(struct store *s, struct slice product, struct slice round, msgpack_zone *zone,
                             struct slice *reference);
/* Is this very paper among those of the dossier? */
enum err store_has_item(struct store *s, struct slice dossier, const struct evidence *item, bool *there);
/* Dossiers with this reference, by province; those of this product, the latest first. */
enum err store_list_by_reference(struct store *s, struct slice reference, msgpack_zone *zone,
                                 struct store_dossier **first, size_t *count);
enum err store_list_by_product(struct store *s, struct slice product, msgpack_zone *zone,
                               struct store_dossier **first, size_t *count);
enum err store_list_versions(struct store *s, struct slice dossier, msgpack_zone *zone,
                             struct store_version **first, size_t *count);
enum err store_list_items(struct store *s, struct slice dossier, msgpack_zone *zone,
                          struct store_item **first, size_t *count);

/* The dossier and its version 1, with the papers of `filed`. */
enum err store_add_dossier(struct store *s, struct slice id, const struct dossier_accepted *accepted,
                           const struct dossier_filed *filed, uint64_t seq);
/* A further version, with the papers that came with it. */
enum err store_add_version(struct store *s, const struct supplement_accepted *accepted,
                           const struct dossier_supplemented *filed);
enum err store_mark_withdrawn(struct store *s, struct slice dossier);
enum err store_mark_rated(struct store *s, struct slice dossier);

#endif
