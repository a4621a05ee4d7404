/* store.h - what certification asks its data; the only SQL in C (store.c: ratings, decisions, certificates;
 * store_law.c: adopted rules, areas, codes, days; store_more.c: records, extensions, findings).
 *
 * Rows come as slices copied into `zone`. What is not there is ERR_NOT_FOUND, and the result is untouched.
 * Lists are linked, in the order of the certificates' numbers. Other errors are those of common/db.h.
 *
 * `as_of` is a place of the log: facts of later places do not exist. STORE_NOW: everything known.
 */
#ifndef SERVICES_CERTIFICATION_STORE_H
#define SERVICES_CERTIFICATION_STORE_H

#include "common/db.h"
#include "common/loop.h"
#include "proto/events.h"
#include "services/certification/certification.h"

#define STORE_NOW INT64_MAX

enum {
    STORE_STATEMENTS_MAX = 64,
    STORE_EXPIRIES_MAX = 20000 /* told on one day; more are told the day after */
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENTS_MAX];
};

enum err store_open(void *store, sqlite3 *db, struct why *why);
void store_close(void *store);

/* --- the law --- */
/* A rule set; of the same name takes the place of the earlier. */
enum err store_add_rules(struct store *s, const struct rules_adopted *adopted);
enum err store_find_rules(struct store *s, struct slice name, msgpack_zone *zone, struct rule_set *out);
/* The one in force on that day: of those that cover it the newest. */
enum err store_find_rules_on(struct store *s, int32_t day, msgpack_zone *zone, struct rule_set *out);
enum err store_find_authority(struct store *s, struct slice rule_set, int64_t star, int32_t day,
                              enum authority *out);
/* The longest notice of a rule set, in days before the end; -1: it has none. */
enum err store_longest_notice(struct store *s, struct slice rule_set, int64_t *days);

enum err store_add_area(struct store *s, const struct area_merged *merged);
/* Every code that adopted areas name. */
enum err store_add_provinces(struct store *s, const struct rules_adopted *adopted);
/* What areas say of a code on a day. */
enum err store_find_area(struct store *s, struct slice province, int32_t day, msgpack_zone *zone,
                         struct area *out);
/* Does `province` stand on that day for what was registered in `registered`? */
enum err store_stands_for(struct store *s, struct slice registered, struct slice province, int32_t day,
                          bool *stands);

/* `printed`: to be printed from now on. A code that is known stays what it is. */
enum err store_add_alias(struct store *s, struct slice code, struct slice product, bool printed,
                         uint64_t seq);
/* The product's first code; the code itself when it is no further one. */
enum err store_resolve(struct store *s, struct slice code, int64_t as_of, msgpack_zone *zone,
                       struct slice *product);
/* The latest code to print; empty: the product's first. */
enum err store_printed_code(struct store *s, struct slice product, msgpack_zone *zone, struct slice *code);

enum err store_add_day(struct store *s, int32_t day, uint64_t seq);
enum err store_today(struct store *s, int64_t as_of, int32_t *day);

/* --- ratings --- */
enum err store_add_rating(struct store *s, struct slice id, const struct product_rated *rated, uint64_t seq);
enum err store_find_rating(struct store *s, struct slice id, msgpack_zone *zone, struct rating *out);
enum err store_remand(struct store *s, struct slice rated);
enum err store_add_withdrawn(struct store *s, struct slice dossier);

/* --- decisions; `key` is that of certification_key --- */
enum err store_has_decision(struct store *s, const struct decision_signed *decision, const char *key,
                            bool *there);
/* Adding it again, for a further line, changes nothing. */
enum err store_add_decision(struct store *s, const struct decision_signed *decision, const char *key);

/* --- certificates: reading --- */
struct store_certificate {
    struct certificate row;
    struct store_certificate *next;
};

/* The largest serial given in this province and year; 0 when there is none. */
enum err store_last_serial(struct store *s, bool recorded, struct slice province, int64_t year,
                           int64_t *serial);
enum err store_find_certificate(struct store *s, struct slice certificate, int64_t as_of, msgpack_zone *zone,
                                struct certificate *out);
/* The certificate of this product with the latest first day. */
enum err store_find_latest(struct store *s, struct slice product, msgpack_zone *zone,
                           struct certificate *out);
/* Those that rest on a rating of a dossier with this reference. */
enum err store_list_by_reference(struct store *s, struct slice reference, msgpack_zone *zone,
                                 struct store_certificate **first, size_t *count);
enum err store_list_by_product(struct store *s, struct slice product, int64_t as_of, msgpack_zone *zone,
                               struct store_certificate **first, size_t *count);
/* Those whose holder gets a notice on this day: by the notices of `rule_set`, or when it is empty by those of
 * each certificate's own. */
enum err store_list_noticed(struct store *s, int32_t day, struct slice rule_set, msgpack_zone *zone,
                            struct store_certificate **first, size_t *count);
/* Those past the end of their term of which that was not told. */
enum err store_list_ended(struct store *s, int32_t day, msgpack_zone *zone, struct store_certificate **first,
                          size_t *count);
/* Those that have begun and whose term or extension is not over: ask status_on which are in force. */
enum err store_list_running(struct store *s, int32_t day, int64_t as_of, msgpack_zone *zone,
                            struct store_certificate **first, size_t *count);

/* --- certificates: writing --- */
/* Where a certificate stands among others: read from its number, and from its place in the log. */
struct store_place {
    struct slice fact; /* id of the certificate.issued or .recorded */
    int64_t year, serial;
    uint64_t seq;
    bool open; /* its end is still to be told */
};

/* The certificate; its rating is recognised from here on. */
enum err store_add_certificate(struct store *s, const struct store_place *place,
                               const struct certificate_issued *issued);
enum err store_supersede(struct store *s, const struct certificate_superseded *superseded, uint64_t seq);
enum err store_revoke(struct store *s, const struct certificate_revoked *revoked, uint64_t seq);
enum err store_told_expired(struct store *s, struct slice certificate);

/* --- recorded certificates --- */
struct record_keys {
    char name[CERTIFICATION_NAME_KEY_BYTES], owner[CERTIFICATION_NAME_KEY_BYTES];
    char number[CERTIFICATION_KEY_BYTES];
    struct slice province;
    int32_t issued_on;
    int64_t star;
};

/* The number under which it is recorded already. */
enum err store_find_record(struct store *s, const struct record_keys *keys, msgpack_zone *zone,
                           struct slice *certificate);
enum err store_add_record(struct store *s, const struct store_place *place, const struct record_keys *keys,
                          struct slice product, const struct certificate_recorded *recorded);
/* A dossier of `product` has named a recorded certificate: all recorded of that one's product are of
 * `product` from here on. */
enum err store_link(struct store *s, const struct certificate *recorded, struct slice product, uint64_t seq);
/* Was a certificate of this product issued here? */
enum err store_has_issued(struct store *s, struct slice product, bool *there);

/* --- extensions --- */
struct extension {
    struct slice certificate, dossier, reference, province;
    int32_t from, to;
};

enum err store_add_extension(struct store *s, const struct extension *extension, uint64_t seq);
/* Nothing more is awaited of the dossier. */
enum err store_end_extension(struct store *s, struct slice dossier, int32_t day, uint64_t seq);
/* The certificate whose extension waits for this dossier alone and is not over on that day. */
enum err store_find_extended(struct store *s, struct slice dossier, int32_t day, msgpack_zone *zone,
                             struct certificate *out);
/* The dossier of this reference for which an extension waits, of the province or of one that was merged into
 * it. */
enum err store_find_pending(struct store *s, struct slice reference, struct slice province, int32_t day,
                            msgpack_zone *zone, struct slice *dossier);
/* All of a certificate as of a place of the log, the latest first; NULL: none. */
enum err store_list_extensions(struct store *s, struct slice certificate, int64_t as_of, msgpack_zone *zone,
                               const struct status_extension **latest);

/* --- findings --- */
enum err store_add_finding(struct store *s, struct slice id, const struct finding_registered *registered,
                           uint64_t seq);
enum err store_find_finding(struct store *s, struct slice id, msgpack_zone *zone, struct finding *out);
/* The latest of a certificate, an open one first. */
enum err store_find_finding_of(struct store *s, struct slice certificate, msgpack_zone *zone,
                               struct finding *out);
enum err store_has_open_finding(struct store *s, struct slice certificate, enum ground ground, bool *there);
enum err store_dismiss(struct store *s, struct slice finding);

#endif
