/* store.c - the SQL of intake; plans and reports. */
#include "services/intake/store_inside.h"

#include <stddef.h>

/* Is a column the province of a parameter, or one merged into it? A list of these would be a temporary table
 * for every row that is asked for. */
#define IN_PROVINCE(column, n)                                                                               \
    " (" column " = ?" #n " OR EXISTS(SELECT 1 FROM merged WHERE new_code = ?" #n " AND old_code = " column  \
    ")) "

#define OWNER_COLUMNS "SELECT owner_code, name, kind, province FROM owner "
#define PRODUCT_COLUMNS                                                                                      \
    "SELECT p.product, p.registered, p.province, p.commune_code, p.commune, p.name, p.owner, p.owner_kind,"  \
    " p.owner_code, p.owner_key, c.code, c.given_on FROM product p JOIN code c ON c.product = p.product"     \
    " AND c.place = (SELECT max(place) FROM code WHERE product = p.product) "
#define CERTIFICATE_COLUMNS                                                                                  \
    "SELECT certificate, product, province, owner_key, over, star, ends_on FROM certificate "
#define DOSSIER_COLUMNS                                                                                      \
    "SELECT d.dossier, d.reference, d.province, d.product, v.name, v.owner, d.kind, d.owner_kind,"           \
    " d.district_code, d.commune_code, d.round, d.rule_set, d.rubric, d.remark, d.code, d.certificate,"      \
    " d.slip, d.proposal, d.version, d.samples, d.received_on, d.proposed_on, d.withdrawn, d.rated,"         \
    " d.rejected FROM dossier d JOIN dossier_version v ON v.dossier = d.dossier AND v.version = d.version "

static const char *const sql[STATEMENTS] = {
    [HAS_PLAN] = "SELECT 1 FROM plan WHERE province = ?1 AND year_from = ?2 AND year_to = ?3",
    [ADD_PLAN] =
        "INSERT INTO plan(province, year_from, year_to, title, decision, products, budget_vnd, remark)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [LIST_PLANS] = "SELECT province, title, decision, year_from, year_to, products, budget_vnd FROM plan"
                   " ORDER BY province, year_from, year_to",
    [HAS_REPORT] = "SELECT 1 FROM report WHERE province = ?1 AND period_end = ?2",
    [ADD_REPORT] =
        "INSERT INTO report(province, period_end, due_before, three_star, four_star, five_star, late,"
        " remark) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",

    [ADD_RULES] = "INSERT INTO rule_set(name, first_day, last_day, rubric_prefix, samples, assessments,"
                  " window_opens_days, window_closes_days, extension_days, late_is_first, transition_days,"
                  " transition_re_rating_days) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [LIST_RULES] = "SELECT name, ifnull(first_day, -2147483648), ifnull(last_day, 2147483647), rubric_prefix,"
                   " ifnull(samples, -1), assessments, ifnull(window_opens_days, -1),"
                   " ifnull(window_closes_days, -1), ifnull(extension_days, -1), late_is_first,"
                   " ifnull(transition_days, -1), ifnull(transition_re_rating_days, -1)"
                   " FROM rule_set ORDER BY name",
    [ADD_NEEDED] =
        "INSERT INTO item_needed(rule_set, place, kind, item, goods_only) VALUES (?1, ?2, ?3, ?4, ?5)",
    [LIST_NEEDED] =
        "SELECT item, goods_only FROM item_needed WHERE rule_set = ?1 AND kind = ?2 ORDER BY place",
    [ADD_RUBRIC] = "INSERT INTO rubric(name, goods) VALUES (?1, ?2)",
    [FIND_RUBRIC] = "SELECT goods FROM rubric WHERE name = ?1",
    [ADD_AREAS] = "INSERT INTO areas(name, first_day, recode) VALUES (?1, ?2, ?3)",
    [ADD_AREA] = "INSERT INTO area(areas, old_code, new_code, changed) VALUES (?1, ?2, ?3, ?4)",
    /* max() gives one row always, and of the latest merger the new code. */
    [FIND_AREA] =
        "SELECT EXISTS(SELECT 1 FROM area), EXISTS(SELECT 1 FROM area WHERE old_code = ?1 OR new_code = ?1),"
        " a.new_code, max(s.first_day) FROM area a"
        " JOIN areas s ON s.name = a.areas WHERE a.old_code = ?1 AND a.new_code <> ?1 AND s.first_day <= ?2"
        " AND NOT EXISTS(SELECT 1 FROM area b JOIN areas t ON t.name = b.areas WHERE b.new_code = ?1"
        " AND t.first_day BETWEEN s.first_day AND ?2)",
    [FIND_AREAS] = "SELECT first_day, recode FROM areas ORDER BY first_day, name LIMIT 1",
    [LIST_MERGERS] = "SELECT a.old_code, a.new_code, s.first_day FROM area a JOIN areas s ON s.name = a.areas"
                     " WHERE a.changed AND s.first_day <= ?1 AND NOT EXISTS(SELECT 1 FROM merged m WHERE "
                     "m.new_code = a.new_code"
                     " AND m.old_code = a.old_code) ORDER BY a.new_code, a.old_code",
    [ADD_MERGER] = "INSERT INTO merged(new_code, old_code, merged_on) VALUES (?1, ?2, ?3)"
                   " ON CONFLICT DO NOTHING",
    [STANDS_FOR] = "SELECT 1 WHERE" IN_PROVINCE("?2", 1),

    [FIND_OWNER] = OWNER_COLUMNS "WHERE owner_code = ?1",
    [FIND_OWNER_NAMED] = OWNER_COLUMNS
    "WHERE key = ?2 AND" IN_PROVINCE("province", 1) "ORDER BY province <> ?1, owner_code LIMIT 1",
    [LIST_OWNERS_NAMED] = OWNER_COLUMNS "WHERE key = ?1 ORDER BY province",
    [NEXT_OWNER] = "SELECT ifnull(max(serial), 0) + 1 FROM owner WHERE province = ?1",
    [ADD_OWNER] = "INSERT INTO owner(owner_code, province, serial, name, key, kind)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [FIND_PRODUCT_NAMED] = PRODUCT_COLUMNS "WHERE p.owner_key = ?2 AND p.name_key = ?3 AND" IN_PROVINCE(
        "p.province", 1) "ORDER BY p.province <> ?1, p.product LIMIT 1",
    [FIND_PRODUCT] = PRODUCT_COLUMNS "WHERE p.product = (SELECT product FROM code WHERE code = ?1)",
    [LIST_PRODUCTS_OF] = PRODUCT_COLUMNS "WHERE p.owner_code = ?1 ORDER BY p.product",
    [LIST_CODES] = "SELECT code, given_on FROM code WHERE product = ?1 ORDER BY place",
    [NEXT_SERIAL] = "SELECT ifnull(max(serial), 0) + 1 FROM code"
                    " WHERE province = ?1 AND commune_code = ?2 AND year = ?3",
    [ADD_PRODUCT] =
        "INSERT INTO product(product, registered, province, commune_code, commune, name, owner, owner_kind,"
        " owner_code, name_key, owner_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [ADD_CODE] = "INSERT INTO code(code, product, place, given_on, province, commune_code, year, serial)"
                 " VALUES (?1, ?2, ifnull((SELECT max(place) FROM code WHERE product = ?2), 0) + 1, ?3, ?4, "
                 "?5, ?6, ?7)",
    [FIND_NAMES] =
        "SELECT v.name, v.owner, d.province FROM dossier d JOIN dossier_version v ON v.dossier = d.dossier"
        " WHERE d.product = ?1 ORDER BY d.withdrawn OR d.rejected, CASE WHEN d.withdrawn OR d.rejected"
        " THEN v.seq ELSE -v.seq END LIMIT 1",
    [RENAME_PRODUCT] =
        "UPDATE product SET name = ?2, owner = ?3, owner_key = ?4, name_key = ?5, owner_code = coalesce("
        "(SELECT o.owner_code FROM owner o WHERE o.owner_code = product.owner_code AND o.key = ?4),"
        " (SELECT o.owner_code FROM owner o WHERE o.key = ?4 AND" IN_PROVINCE(
            "o.province",
            6) "ORDER BY o.province <> ?6, o.owner_code LIMIT 1), owner_code)"
               " WHERE product = ?1 AND NOT EXISTS(SELECT 1 FROM product q"
               " WHERE q.owner_key = ?4 AND q.name_key = ?5 AND q.province = product.province AND q.product "
               "<> ?1)",

    [ADD_CERTIFICATE] =
        "INSERT INTO certificate(certificate, product, province, name_key, owner_key, star, ends_on, over)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '')",
    [FIND_CERTIFICATE] = CERTIFICATE_COLUMNS "WHERE certificate = ?1",
    [FIND_PRINTED] =
        CERTIFICATE_COLUMNS "WHERE product = ?1 ORDER BY over <> '', ends_on DESC, certificate LIMIT 1",
    [FIND_CURRENT] =
        CERTIFICATE_COLUMNS "WHERE over = '' AND (product IN (SELECT code FROM code WHERE product = ?2)"
                            " OR (owner_key = ?3 AND name_key = ?4 AND name_key <> '' AND" IN_PROVINCE(
                                "province", 1) ")) ORDER BY ends_on DESC, certificate LIMIT 1",
    [END_CERTIFICATE] = "UPDATE certificate SET over = ?2 WHERE certificate = ?1",
    [NAME_CERTIFICATE] = "UPDATE certificate SET product = ?2 WHERE certificate = ?1 AND product = ''",

    [FIND_DOSSIER] = DOSSIER_COLUMNS "WHERE d.dossier = ?1",
    [HAS_REFERENCE] = "SELECT 1 FROM dossier WHERE province = ?1 AND reference = ?2 AND rejected = 0",
    [FIND_IN_ROUND] = "SELECT reference FROM dossier WHERE product = ?1 AND round = ?2 AND withdrawn = 0"
                      " AND rejected = 0 ORDER BY seq LIMIT 1",
    [HAS_ITEM] = "SELECT 1 FROM dossier_item WHERE dossier = ?1 AND item = ?2 AND name = ?3 AND bytes IS ?4"
                 " AND digest = ?5 AND criterion = ?6 LIMIT 1",
    [HAS_CITED] = "SELECT 1 FROM dossier d JOIN dossier_item i ON i.dossier = d.dossier"
                  " WHERE d.product = ?1 AND i.item = ?2 AND i.digest = ?3 LIMIT 1",
    [LIST_BY_REFERENCE] = DOSSIER_COLUMNS "WHERE d.reference = ?1 ORDER BY d.province, d.seq DESC",
    [LIST_BY_PRODUCT] = DOSSIER_COLUMNS "WHERE d.product = ?1 ORDER BY d.seq DESC",
    [LIST_VERSIONS] =
        "SELECT version, name, owner, reason FROM dossier_version WHERE dossier = ?1 ORDER BY version",
    [LIST_ITEMS] = "SELECT version, ifnull(bytes, -1), item, name, digest, criterion, earlier"
                   " FROM dossier_item WHERE dossier = ?1 ORDER BY version, place",
    [LIST_ASSESSMENTS] = "SELECT topic, finding FROM assessment WHERE dossier = ?1 ORDER BY place",
    [ADD_DOSSIER] =
        "INSERT INTO dossier(dossier, seq, reference, province, product, kind, owner_kind, district_code,"
        " commune_code, round, rule_set, rubric, remark, code, certificate, received_on, slip, proposal,"
        " proposed_on, samples, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
        " ?14, ?15, ?16, ?17, ?18, ?19, ?20, 1)",
    [ADD_VERSION] = "INSERT INTO dossier_version(dossier, version, seq, name, owner, reason)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [ADD_ITEM] = "INSERT INTO dossier_item(dossier, version, place, item, name, bytes, digest, criterion,"
                 " earlier) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [ADD_ASSESSMENT] = "INSERT INTO assessment(dossier, place, topic, finding) VALUES (?1, ?2, ?3, ?4)",
    [SET_VERSION] = "UPDATE dossier SET version = ?2 WHERE dossier = ?1",
    [MARK_WITHDRAWN] = "UPDATE dossier SET withdrawn = 1 WHERE dossier = ?1",
    [MARK_RATED] = "UPDATE dossier SET rated = 1 WHERE dossier = ?1",

    [ADD_SLIP] = "INSERT INTO slip(slip, province, reference, desk, number, received_on, commune_code, owner,"
                 " rule_set) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [HAS_SLIP] = "SELECT 1 FROM slip WHERE reference = ?2 AND desk = ?3 AND rejected = 0 AND" IN_PROVINCE(
        "province", 1),
    [FIND_RECEIPT] = "SELECT received_on FROM slip WHERE reference = ?2 AND rejected = 0 AND" IN_PROVINCE(
        "province", 1) "ORDER BY received_on LIMIT 1",
    [FIND_LIVE_DOSSIER] =
        "SELECT d.province, v.owner, d.withdrawn, d.rated FROM dossier d JOIN dossier_version v"
        " ON v.dossier = d.dossier AND v.version = d.version WHERE d.reference = ?2 AND d.rejected = 0"
        " AND" IN_PROVINCE("d.province", 1) "ORDER BY d.province <> ?1, d.province LIMIT 1",
    [FIND_LIVE_SLIP] =
        "SELECT province, owner FROM slip WHERE reference = ?2 AND rejected = 0 AND" IN_PROVINCE(
            "province", 1) "ORDER BY province <> ?1, owner = '', received_on, desk LIMIT 1",
    [FIND_REJECTION] =
        "SELECT 1 FROM rejection WHERE reference = ?2 AND" IN_PROVINCE("province", 1) "LIMIT 1",
    [ADD_REQUEST] = "INSERT INTO request(request, province, reference, desk, reason, due_before)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [ADD_ASKED] = "INSERT INTO request_item(request, item) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [MARK_CAME] =
        "UPDATE request_item SET came = 1 WHERE item = ?2 AND request IN (SELECT r.request FROM dossier d"
        " JOIN request r ON r.reference = d.reference AND r.rejected = 0 WHERE d.dossier = ?1 AND"
        " (r.province = d.province OR r.province IN (SELECT old_code FROM merged"
        " WHERE new_code = d.province)))",
    [ADD_REJECTION] = "INSERT INTO rejection(rejection, province, reference, desk, ground, reason)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [REJECT_DOSSIER] =
        "UPDATE dossier SET rejected = 1 WHERE reference = ?2 AND rejected = 0 AND" IN_PROVINCE("province",
                                                                                                1),
    [REJECT_SLIPS] =
        "UPDATE slip SET rejected = 1 WHERE reference = ?2 AND rejected = 0 AND" IN_PROVINCE("province", 1),
    [REJECT_REQUESTS] =
        "UPDATE request SET rejected = 1 WHERE reference = ?2 AND rejected = 0 AND" IN_PROVINCE("province",
                                                                                                1),
    [LIST_SLIPS] = "SELECT desk, number, commune_code, rule_set, received_on FROM slip WHERE reference = ?2"
                   " AND rejected = ?3 AND" IN_PROVINCE("province", 1) "ORDER BY received_on, desk, slip",
    [LIST_REQUESTS] = "SELECT r.request, r.desk, r.reason, r.due_before, r.rejected = 0 AND EXISTS(SELECT 1"
                      " FROM request_item i WHERE i.request = r.request AND i.came = 0) FROM request r"
                      " WHERE r.reference = ?2 AND r.rejected = ?3 AND" IN_PROVINCE(
                          "r.province", 1) "ORDER BY r.due_before, r.request",
    [LIST_ASKED] = "SELECT i.request, i.item, i.came FROM request r JOIN request_item i"
                   " ON i.request = r.request WHERE r.reference = ?2 AND r.rejected = ?3 AND" IN_PROVINCE(
                       "r.province", 1) "ORDER BY i.request, i.item",
};

enum err store_open(void *store, sqlite3 *db, struct why *why)
{
    struct store *s = store;

    s->db = db;
    return db_prepare_all(db, sql, STATEMENTS, s->statements, why);
}

void store_close(void *store)
{
    struct store *s = store;

    db_finalize_all(s->statements, STATEMENTS);
}

/* --- binding and reading --- */

void store_bind_optional(sqlite3_stmt *q, int at, bool has, int64_t value)
{
    if (has)
        db_bind_i64(q, at, value);
    else
        sqlite3_bind_null(q, at);
}

enum err store_is_there(sqlite3_stmt *q, bool *there)
{
    bool row = false;
    enum err e = db_step(q, &row);

    if (e) return e;
    if (row) db_done(q);
    *there = row;
    return ERR_NONE;
}

enum err store_one_row(sqlite3_stmt *q)
{
    bool row = false;
    enum err e = db_step(q, &row);

    if (!e && !row) e = ERR_NOT_FOUND;
    return e;
}

enum err store_run_text(sqlite3_stmt *q, struct slice text)
{
    db_bind_text(q, 1, text);
    return db_run(q);
}

enum err store_read_rows(sqlite3_stmt *q, msgpack_zone *zone, const struct store_row_kind *kind,
                         struct store_rows *out)
{
    struct store_rows rows = { NULL, 0 };
    char *element, *last = NULL;
    bool row = false;
    enum err e;

    while ((e = db_step(q, &row)) == ERR_NONE && row) {
        element = msgpack_zone_malloc(zone, kind->bytes);
        if (!element) e = ERR_NOMEM;
        if (!e) {
            memset(element, 0, kind->bytes);
            e = kind->read(q, zone, element);
        }
        if (e) break;
        if (last)
            memcpy(last + kind->next, &element, sizeof element);
        else
            rows.first = element;
        last = element;
        rows.count++;
    }
    db_done(q);
    if (!e) *out = rows;
    return e;
}

/* --- plans and reports --- */

enum err store_has_plan(struct store *s, const struct plan_filed *plan, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_PLAN];

    db_bind_text(q, 1, plan->province);
    db_bind_i64(q, 2, plan->year_from);
    db_bind_i64(q, 3, plan->year_to);
    return store_is_there(q, there);
}

enum err store_add_plan(struct store *s, const struct plan_filed *plan)
{
    sqlite3_stmt *q = s->statements[ADD_PLAN];

    db_bind_text(q, 1, plan->province);
    db_bind_i64(q, 2, plan->year_from);
    db_bind_i64(q, 3, plan->year_to);
    db_bind_text(q, 4, plan->title);
    db_bind_text(q, 5, plan->decision);
    db_bind_i64(q, 6, plan->products);
    db_bind_i64(q, 7, plan->budget_vnd);
    db_bind_text(q, 8, plan->remark);
    return db_run(q);
}

static enum err read_plan(sqlite3_stmt *row, msgpack_zone *zone, void *element)
{
    struct store_plan *p = element;
    enum err e = ERR_NONE;

    p->province = db_keep(row, 0, zone, &e);
    p->title = db_keep(row, 1, zone, &e);
    p->decision = db_keep(row, 2, zone, &e);
    p->year_from = db_i64(row, 3);
    p->year_to = db_i64(row, 4);
    p->products = db_i64(row, 5);
    p->budget_vnd = db_i64(row, 6);
    return e;
}

enum err store_list_plans(struct store *s, msgpack_zone *zone, struct store_plan **first, size_t *count)
{
    static const struct store_row_kind kind = { sizeof(struct store_plan), offsetof(struct store_plan, next),
                                                read_plan };
    struct store_rows rows = { NULL, 0 };
    const enum err e = store_read_rows(s->statements[LIST_PLANS], zone, &kind, &rows);

    *first = rows.first;
    *count = rows.count;
    return e;
}

enum err store_has_report(struct store *s, const struct report_filed *report, bool *there)
{
    sqlite3_stmt *q = s->statements[HAS_REPORT];

    db_bind_text(q, 1, report->province);
    db_bind_i64(q, 2, report->period_end);
    return store_is_there(q, there);
}

enum err store_add_report(struct store *s, const struct report_filed *report, bool late)
{
    sqlite3_stmt *q = s->statements[ADD_REPORT];

    db_bind_text(q, 1, report->province);
    db_bind_i64(q, 2, report->period_end);
    store_bind_optional(q, 3, report->has_due_before, report->due_before);
    db_bind_i64(q, 4, report->three_star);
    db_bind_i64(q, 5, report->four_star);
    db_bind_i64(q, 6, report->five_star);
    db_bind_i64(q, 7, late);
    db_bind_text(q, 8, report->remark);
    return db_run(q);
}
