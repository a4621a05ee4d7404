/* store.h - what certification asks its data; the only SQL in C.
 *
 * Rows come as slices copied into `zone`. What is not there is ERR_NOT_FOUND, and the result is untouched.
 * Lists are linked, in the order of the certificates' numbers. Other errors are those of common/db.h.
 */
#ifndef SERVICES_CERTIFICATION_STORE_H
#define SERVICES_CERTIFICATION_STORE_H

#include "common/db.h"
#include "common/loop.h"
#include "proto/events.h"
#include "services/certification/certification.h"

enum {
    STORE_STATEMENTS_MAX = 24,
    STORE_EXPIRIES_MAX = 20000 /* told on one day; more are told the day after */
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENTS_MAX];
};

enum err store_open(void *store, sqlite3 *db, struct why *why);
void store_close(void *store);

/* --- ratings --- */
enum err store_add_rating(struct store *s, struct slice id, const struct product_rated *rated);
enum err store_find_rating(struct store *s, struct slice id, msgpack_zone *zone, struct rating *out);
enum err store_add_withdrawn(struct store *s, struct slice dossier);

/* --- decisions; `key` is that of certification_key --- */
enum err store_has_decision(struct store *s, const struct decision_signed *decision, const char *key,
                            bool *there);
/* Adding it again, for a further line, changes nothing. */
enum err store_add_decision(struct store *s, const struct decision_signed *decision, const char *key);

/* --- certificates --- */
struct store_certificate {
    struct certificate row;
    struct store_certificate *next;
};

/* The largest serial given in this province and year; 0 when there is none. */
enum err store_last_serial(struct store *s, struct slice province, int64_t year, int64_t *serial);
enum err store_find_certificate(struct store *s, struct slice certificate, msgpack_zone *zone,
                                struct certificate *out);
/* The product's valid certificate. */
enum err store_find_valid(struct store *s, struct slice product, msgpack_zone *zone, struct certificate *out);
/* The latest certificate of this product; the one that rests on a rating of the dossier with this reference.
 */
enum err store_find_latest(struct store *s, struct slice product, msgpack_zone *zone,
                           struct certificate *out);
enum err store_list_by_reference(struct store *s, struct slice reference, msgpack_zone *zone,
                                 struct store_certificate **first, size_t *count);
enum err store_list_by_product(struct store *s, struct slice product, msgpack_zone *zone,
                               struct store_certificate **first, size_t *count);
/* Valid ones whose end must be told on this day, or is past. */
enum err store_list_ending(struct store *s, int32_t day, msgpack_zone *zone, struct store_certificate **first,
                           size_t *count);
/* Those valid on that day, whatever became of them later. */
enum err store_list_valid_on(struct store *s, int32_t day, msgpack_zone *zone,
                             struct store_certificate **first, size_t *count);

/* The certificate; its rating is recognised from here on. */
enum err store_add_certificate(struct store *s, struct slice id, const struct certificate_issued *issued,
                               int64_t year, int64_t serial);
enum err store_supersede(struct store *s, const struct certificate_superseded *superseded);
enum err store_revoke(struct store *s, const struct certificate_revoked *revoked);
enum err store_expire(struct store *s, struct slice certificate);

#endif
