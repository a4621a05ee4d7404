/* store_law.c - the SQL of adopted rules, areas, codes and days. */
#include "services/certification/store_inside.h"

#include "proto/codec.h"

#define RULE_SET_COLUMNS                                                                                     \
    "SELECT name, first_day, last_day, term_months, window_closes_days, withdrawal_days, extension_days"     \
    " FROM rule_set"

const char *const store_law_sql[STATEMENTS] = {
    [ADD_RULES] =
        "INSERT INTO rule_set(name, first_day, last_day, term_months, window_closes_days, withdrawal_days,"
        " extension_days) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET"
        " first_day = excluded.first_day, last_day = excluded.last_day, term_months = excluded.term_months,"
        " window_closes_days = excluded.window_closes_days, withdrawal_days = excluded.withdrawal_days,"
        " extension_days = excluded.extension_days",
    [DROP_AUTHORITIES] = "DELETE FROM star_authority WHERE rule_set = ?1",
    [ADD_AUTHORITY] = "INSERT INTO star_authority(rule_set, star, authority, first_day, last_day)"
                      " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    [DROP_NOTICES] = "DELETE FROM notice WHERE rule_set = ?1",
    [ADD_NOTICE] = "INSERT INTO notice(rule_set, days_left) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [FIND_RULES] = RULE_SET_COLUMNS " WHERE name = ?1",
    [FIND_RULES_ON] = RULE_SET_COLUMNS " WHERE first_day <= ?1 AND last_day >= ?1"
                                       " ORDER BY first_day DESC, name DESC LIMIT 1",
    [FIND_AUTHORITY] =
        "SELECT authority FROM star_authority WHERE rule_set = ?1 AND star = ?2 AND first_day <= ?3"
        " AND last_day >= ?3 ORDER BY first_day DESC LIMIT 1",
    [LONGEST_NOTICE] = "SELECT ifnull(max(days_left), -1) FROM notice WHERE rule_set = ?1",
    [ADD_AREA] = "INSERT INTO area(old_code, new_code, merged_on) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    [STANDS_FOR] = "SELECT 1 FROM area WHERE old_code = ?1 AND new_code = ?2 AND merged_on <= ?3",
    [ADD_PROVINCE] = "INSERT INTO province(code) VALUES (?1) ON CONFLICT DO NOTHING",
    [FIND_AREA] = "SELECT EXISTS (SELECT 1 FROM province), EXISTS (SELECT 1 FROM province WHERE code = ?1),"
                  " ifnull(a.new_code, ''), ifnull(a.merged_on, 0) FROM (SELECT 1) LEFT JOIN area a"
                  " ON a.old_code = ?1 AND a.new_code <> ?1 AND a.merged_on <= ?2 AND NOT EXISTS"
                  " (SELECT 1 FROM area n WHERE n.new_code = ?1 AND n.merged_on BETWEEN a.merged_on AND ?2)"
                  " ORDER BY a.merged_on DESC LIMIT 1",
    [ADD_ALIAS] = "INSERT INTO alias(code, product, printed, alias_seq) VALUES (?1, ?2, ?3, ?4)"
                  " ON CONFLICT DO NOTHING",
    [RESOLVE] = "SELECT product FROM alias WHERE code = ?1 AND alias_seq <= ?2",
    [PRINTED_CODE] = "SELECT code FROM alias WHERE product = ?1 AND printed = 1"
                     " ORDER BY alias_seq DESC LIMIT 1",
    [ADD_DAY] = "INSERT INTO day_started(day, started_seq) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [TODAY] = "SELECT day FROM day_started WHERE started_seq <= ?1 ORDER BY day DESC LIMIT 1",
};

/* --- rules --- */

static int64_t or_silent(bool has, int64_t value)
{
    return has ? value : -1;
}

static enum err add_authority(struct store *s, struct slice rule_set, const struct star_authority *a)
{
    sqlite3_stmt *q = s->statements[ADD_AUTHORITY];

    db_bind_text(q, 1, rule_set);
    db_bind_i64(q, 2, a->star);
    db_bind_text(q, 3, slice_text(authority_word(a->authority)));
    db_bind_i64(q, 4, a->has_first_day ? a->first_day : INT32_MIN);
    db_bind_i64(q, 5, a->has_last_day ? a->last_day : INT32_MAX);
    return db_run(q);
}

static enum err add_notice(struct store *s, struct slice rule_set, int64_t days_left)
{
    db_bind_text(s->statements[ADD_NOTICE], 1, rule_set);
    db_bind_i64(s->statements[ADD_NOTICE], 2, days_left);
    return db_run(s->statements[ADD_NOTICE]);
}

enum err store_add_rules(struct store *s, const struct rules_adopted *adopted)
{
    sqlite3_stmt *q = s->statements[ADD_RULES];
    enum err e;

    db_bind_text(q, 1, adopted->name);
    db_bind_i64(q, 2, adopted->has_first_day ? adopted->first_day : INT32_MIN);
    db_bind_i64(q, 3, adopted->has_last_day ? adopted->last_day : INT32_MAX);
    db_bind_i64(q, 4, or_silent(adopted->has_term_months, adopted->term_months));
    db_bind_i64(q, 5, or_silent(adopted->has_window_closes_days, adopted->window_closes_days));
    db_bind_i64(q, 6, or_silent(adopted->has_withdrawal_days, adopted->withdrawal_days));
    db_bind_i64(q, 7, or_silent(adopted->has_extension_days, adopted->extension_days));
    e = db_run(q);
    if (e) return e;
    db_bind_text(s->statements[DROP_AUTHORITIES], 1, adopted->name);
    e = db_run(s->statements[DROP_AUTHORITIES]);
    for (size_t i = 0; !e && i < adopted->authorities_count; i++)
        e = add_authority(s, adopted->name, &adopted->authorities[i]);
    if (e) return e;
    db_bind_text(s->statements[DROP_NOTICES], 1, adopted->name);
    e = db_run(s->statements[DROP_NOTICES]);
    for (size_t i = 0; !e && i < adopted->notices_count; i++)
        e = add_notice(s, adopted->name, adopted->notices[i].days_left);
    return e;
}

static enum err one_rule_set(sqlite3_stmt *q, msgpack_zone *zone, struct rule_set *out)
{
    struct rule_set r;
    enum err e = store_one_row(q);

    if (e) return e;
    r.name = db_keep(q, 0, zone, &e);
    r.first_day = (int32_t)db_i64(q, 1);
    r.last_day = (int32_t)db_i64(q, 2);
    r.term_months = db_i64(q, 3);
    r.window_closes_days = db_i64(q, 4);
    r.withdrawal_days = db_i64(q, 5);
    r.extension_days = db_i64(q, 6);
    db_done(q);
    if (!e) *out = r;
    return e;
}

enum err store_find_rules(struct store *s, struct slice name, msgpack_zone *zone, struct rule_set *out)
{
    db_bind_text(s->statements[FIND_RULES], 1, name);
    return one_rule_set(s->statements[FIND_RULES], zone, out);
}

enum err store_find_rules_on(struct store *s, int32_t day, msgpack_zone *zone, struct rule_set *out)
{
    db_bind_i64(s->statements[FIND_RULES_ON], 1, day);
    return one_rule_set(s->statements[FIND_RULES_ON], zone, out);
}

enum err store_find_authority(struct store *s, struct slice rule_set, int64_t star, int32_t day,
                              enum authority *out)
{
    sqlite3_stmt *q = s->statements[FIND_AUTHORITY];
    enum err e;

    db_bind_text(q, 1, rule_set);
    db_bind_i64(q, 2, star);
    db_bind_i64(q, 3, day);
    e = store_one_row(q);
    if (e) return e;
    *out = store_authority(db_text(q, 0));
    db_done(q);
    return ERR_NONE;
}

enum err store_longest_notice(struct store *s, struct slice rule_set, int64_t *days)
{
    sqlite3_stmt *q = s->statements[LONGEST_NOTICE];
    enum err e;

    db_bind_text(q, 1, rule_set);
    e = store_one_row(q);
    if (e) return e;
    *days = db_i64(q, 0);
    db_done(q);
    return ERR_NONE;
}

/* --- areas --- */

enum err store_add_area(struct store *s, const struct area_merged *merged)
{
    sqlite3_stmt *q = s->statements[ADD_AREA];

    db_bind_text(q, 1, merged->old_code);
    db_bind_text(q, 2, merged->new_code);
    db_bind_i64(q, 3, merged->merged_on);
    return db_run(q);
}

enum err store_add_provinces(struct store *s, const struct rules_adopted *adopted)
{
    sqlite3_stmt *q = s->statements[ADD_PROVINCE];
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < adopted->areas_count; i++) {
        db_bind_text(q, 1, adopted->areas[i].old_code);
        e = db_run(q);
        db_bind_text(q, 1, adopted->areas[i].new_code);
        if (!e) e = db_run(q);
    }
    return e;
}

enum err store_find_area(struct store *s, struct slice province, int32_t day, msgpack_zone *zone,
                         struct area *out)
{
    sqlite3_stmt *q = s->statements[FIND_AREA];
    enum err e;

    db_bind_text(q, 1, province);
    db_bind_i64(q, 2, day);
    e = store_one_row(q);
    if (e) return e;
    out->adopted = db_i64(q, 0) != 0;
    out->known = db_i64(q, 1) != 0;
    out->merged_into = db_keep(q, 2, zone, &e);
    out->merged_on = (int32_t)db_i64(q, 3);
    db_done(q);
    return e;
}

enum err store_stands_for(struct store *s, struct slice registered, struct slice province, int32_t day,
                          bool *stands)
{
    sqlite3_stmt *q = s->statements[STANDS_FOR];
    enum err e;

    *stands = slice_equal(registered, province);
    if (*stands) return ERR_NONE;
    db_bind_text(q, 1, registered);
    db_bind_text(q, 2, province);
    db_bind_i64(q, 3, day);
    e = store_one_row(q);
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    db_done(q);
    *stands = true;
    return ERR_NONE;
}

/* --- codes --- */

enum err store_add_alias(struct store *s, struct slice code, struct slice product, bool printed, uint64_t seq)
{
    sqlite3_stmt *q = s->statements[ADD_ALIAS];

    if (slice_equal(code, product)) return ERR_NONE;
    db_bind_text(q, 1, code);
    db_bind_text(q, 2, product);
    db_bind_i64(q, 3, printed);
    db_bind_u64(q, 4, seq);
    return db_run(q);
}

enum err store_resolve(struct store *s, struct slice code, int64_t as_of, msgpack_zone *zone,
                       struct slice *product)
{
    sqlite3_stmt *q = s->statements[RESOLVE];
    enum err e;

    db_bind_text(q, 1, code);
    db_bind_i64(q, 2, as_of);
    e = store_one_row(q);
    if (e == ERR_NOT_FOUND) {
        *product = code;
        return ERR_NONE;
    }
    if (e) return e;
    *product = db_keep(q, 0, zone, &e);
    db_done(q);
    return e;
}

enum err store_printed_code(struct store *s, struct slice product, msgpack_zone *zone, struct slice *code)
{
    sqlite3_stmt *q = s->statements[PRINTED_CODE];
    enum err e;

    *code = slice_of(NULL, 0);
    db_bind_text(q, 1, product);
    e = store_one_row(q);
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    *code = db_keep(q, 0, zone, &e);
    db_done(q);
    return e;
}

/* --- days --- */

enum err store_add_day(struct store *s, int32_t day, uint64_t seq)
{
    db_bind_i64(s->statements[ADD_DAY], 1, day);
    db_bind_u64(s->statements[ADD_DAY], 2, seq);
    return db_run(s->statements[ADD_DAY]);
}

enum err store_today(struct store *s, int64_t as_of, int32_t *day)
{
    sqlite3_stmt *q = s->statements[TODAY];
    enum err e;

    db_bind_i64(q, 1, as_of);
    e = store_one_row(q);
    if (e) return e;
    *day = (int32_t)db_i64(q, 0);
    db_done(q);
    return ERR_NONE;
}
