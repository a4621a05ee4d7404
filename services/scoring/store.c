/* store.c - the SQL of scoring. */
#include "services/scoring/store_inside.h"

#include "proto/codec.h" /* the words of level and seat */

/* Has a council of the level ?LEVEL rated a dossier, with nobody sending it to that level since? */
#define DONE(dossier, level)                                                                                 \
    "ifnull((SELECT max(r.seq) FROM rating r JOIN council k ON k.council = r.council"                        \
    " WHERE r.dossier = " dossier " AND k.level = " level ") >= ifnull((SELECT max(r.seq) FROM rating r"     \
    " WHERE r.dossier = " dossier " AND " level " IN (r.forwarded_to, r.remanded_to)), 0), 0)"

static const char *const sql[STATEMENTS] = {
    [FIND_RULES_HASH] = "SELECT hash FROM rules WHERE name = ?1",
    [FIND_RULES] = "SELECT bytes FROM rules WHERE name = ?1",
    [ADD_RULES] =
        "INSERT INTO rules(name, hash, kind, first_day, bytes, last_day) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [FIND_NEWER_SET] = "SELECT name FROM rules WHERE kind = 'rule_set' AND first_day > ?1"
                       " AND first_day <= ?2 ORDER BY first_day DESC LIMIT 1", /* no two begin on one day */
    [FIND_SET_OF_DAY] = "SELECT name FROM rules WHERE kind = 'rule_set' AND first_day IS ?1",
    [FIND_SET_IN_FORCE] = "SELECT name FROM rules WHERE kind = 'rule_set' AND ifnull(first_day <= ?1, 1)"
                          " AND ifnull(last_day >= ?1, 1) ORDER BY first_day DESC LIMIT 1",
    [HAS_DOSSIERS] = "SELECT EXISTS(SELECT 1 FROM dossier)",
    [ADD_COUNCIL] = "INSERT INTO council(council, level, province, round, rule_set, members, quorum_percent,"
                    " spread_hundredths, formed_on) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [ADD_SEAT] = "INSERT INTO seat(council, member, seat) VALUES (?1, ?2, ?3)",
    [FIND_COUNCIL] = "SELECT level, province, round, rule_set, members, quorum_percent, spread_hundredths,"
                     " formed_on FROM council WHERE council = ?1",
    [ADD_DOSSIER] =
        "INSERT INTO dossier(dossier, reference, product, name, owner, province, round, rule_set, rubric,"
        " kind, code, received_on) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        " ON CONFLICT(dossier) DO NOTHING",
    [SUPPLEMENT_DOSSIER] = "UPDATE dossier SET name = ?2, owner = ?3, version = ?4 WHERE dossier = ?1",
    [WITHDRAW_DOSSIER] = "UPDATE dossier SET withdrawn = 1 WHERE dossier = ?1",
    /* Its own, or else one of a province that merged into it. */
    [REJECT_DOSSIER] = "UPDATE dossier SET withdrawn = 1 WHERE reference = ?2 AND province = (SELECT "
                       "d.province FROM dossier d"
                       " WHERE d.reference = ?2 AND (d.province = ?1 OR EXISTS(SELECT 1 FROM area a"
                       " WHERE a.old_code = d.province AND a.new_code = ?1 AND a.merged_on <= ?3))"
                       " ORDER BY d.province = ?1 DESC, d.province LIMIT 1)",
    [FIND_DOSSIER] =
        "SELECT dossier, reference, product, name, owner, province, round, rule_set, rubric, withdrawn,"
        " kind = ?2, received_on FROM dossier WHERE dossier = ?1",
    [FIND_STANDING] =
        "SELECT EXISTS(SELECT 1 FROM seat WHERE council = ?1 AND member = ?3),"
        " EXISTS(SELECT 1 FROM rating WHERE council = ?1 AND dossier = ?2),"
        " EXISTS(SELECT 1 FROM rating WHERE dossier = ?2"
        " AND ?4 IN (forwarded_to, remanded_to)), " DONE(
            "?2", "?4") ","
                        " EXISTS(SELECT 1 FROM rating WHERE dossier = ?2 AND remanded_to IS NOT NULL),"
                        " EXISTS(SELECT 1 FROM conflict WHERE council = ?1 AND dossier = ?2 AND member = ?3),"
                        " EXISTS(SELECT 1 FROM area a JOIN dossier d ON d.province = a.old_code"
                        " WHERE d.dossier = ?2 AND a.new_code = ?5 AND a.merged_on <= ?6)",
    [ADD_AREA] = "INSERT INTO area(old_code, new_code, merged_on) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    /* A code that is also one of the new period means the new province. max() gives one row always, and of
     * the latest merger the new code; sorting would need a temporary table for every sheet. */
    [FIND_PROVINCE] =
        "SELECT NOT EXISTS(SELECT 1 FROM area) OR EXISTS(SELECT 1 FROM area WHERE ?1 IN (old_code, "
        "new_code)),"
        " new_code, max(merged_on) FROM area a WHERE old_code = ?1 AND merged_on <= ?2 AND NOT EXISTS(SELECT "
        "1"
        " FROM area n WHERE n.new_code = ?1 AND n.merged_on BETWEEN a.merged_on AND ?2)",
    [ADD_CONFLICT] = "INSERT INTO conflict(council, dossier, member, event) VALUES (?1, ?2, ?3, ?4)",
    [FIND_CONFLICTS] = "SELECT count(*), ifnull(max(t.seat = ?3), 0) FROM conflict x"
                       " JOIN seat t ON t.council = x.council AND t.member = x.member"
                       " WHERE x.council = ?1 AND x.dossier = ?2",
    [COUNT_SHEETS] = "SELECT count(*), ifnull(max(event = ?4), 0) FROM sheet"
                     " WHERE council = ?1 AND dossier = ?2 AND member = ?3",
    [ADD_SHEET] =
        "INSERT INTO sheet(council, dossier, member, version, event, total_hundredths, a_hundredths,"
        " b_hundredths, c_hundredths, options, gates, remark, given_hundredths)"
        " VALUES (?1, ?2, ?3, ifnull((SELECT max(version) FROM sheet WHERE council = ?1 AND dossier = ?2"
        " AND member = ?3), 0) + 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [LIST_PENDING] = "SELECT d.dossier FROM dossier d WHERE d.withdrawn = 0"
                     " AND d.dossier IN (SELECT dossier FROM sheet WHERE council = ?1)"
                     " AND NOT EXISTS(SELECT 1 FROM rating r WHERE r.council = ?1 AND r.dossier = d.dossier)"
                     " AND NOT " DONE("d.dossier", "?2") " ORDER BY d.reference, d.dossier",
    [LIST_SHEETS] =
        "SELECT s.total_hundredths, s.options, s.gates, s.member, s.a_hundredths, s.b_hundredths,"
        " s.c_hundredths, s.given_hundredths, t.seat, EXISTS(SELECT 1 FROM far f WHERE f.council = s.council"
        " AND f.dossier = s.dossier AND f.member = s.member AND f.version >= s.version)"
        " FROM current_sheet s JOIN seat t ON t.council = s.council AND t.member = s.member"
        " WHERE s.council = ?1 AND s.dossier = ?2 AND NOT EXISTS(SELECT 1 FROM conflict x"
        " WHERE x.council = s.council AND x.dossier = s.dossier AND x.member = s.member) ORDER BY s.member",
    [CLEAR_FAR] = "DELETE FROM far WHERE council = ?1 AND dossier = ?2",
    [ADD_FAR] = "INSERT INTO far(council, dossier, member, version)"
                " SELECT council, dossier, member, version FROM current_sheet"
                " WHERE council = ?1 AND dossier = ?2 AND member = ?3",
    [ADD_RATING] =
        "INSERT INTO rating(council, dossier, id, product, rule_hash, sum_hundredths, members, star,"
        " star_by_points, seq, star_by_marks, rubric, rubric_hash)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [ADD_MISSED] = "INSERT INTO rating_missed(council, dossier, criterion, star, needed_hundredths,"
                   " reached_sum_hundredths) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [ADD_GATE] = "INSERT INTO rating_gate(council, dossier, code) VALUES (?1, ?2, ?3)",
    [FORWARD_RATING] = "UPDATE rating SET forwarded_to = ?3 WHERE council = ?1 AND dossier = ?2",
    [REMAND_RATING] = "UPDATE rating SET remanded_to = ?3 WHERE council = ?1 AND dossier = ?2",
    [HAS_CLOSING] = "SELECT EXISTS(SELECT 1 FROM closing WHERE event = ?1)",
    [ADD_CLOSING] = "INSERT INTO closing(event, council, closed_on, rated, held) VALUES (?1, ?2, ?3, ?4, ?5)",
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

/* --- helpers --- */

void store_bind_text_or_null(sqlite3_stmt *q, int at, bool has, struct slice text)
{
    if (has)
        db_bind_text(q, at, text);
    else
        sqlite3_bind_null(q, at);
}

void store_bind_number_or_null(sqlite3_stmt *q, int at, bool has, int64_t value)
{
    if (has)
        db_bind_i64(q, at, value);
    else
        sqlite3_bind_null(q, at);
}

enum err store_one_row(sqlite3_stmt *q)
{
    bool row = false;
    enum err e = db_step(q, &row);

    return e ? e : row ? ERR_NONE : ERR_NOT_FOUND;
}

enum err store_grow(msgpack_zone *zone, size_t size, size_t count, size_t *capacity, void **list)
{
    const size_t wanted = *capacity ? *capacity * 2 : 16;
    void *more = NULL;

    if (count < *capacity) return ERR_NONE;
    more = msgpack_zone_malloc(zone, wanted * size);
    if (!more) return ERR_NOMEM;
    if (count) memcpy(more, *list, count * size);
    *list = more;
    *capacity = wanted;
    return ERR_NONE;
}

/* --- councils --- */

enum err store_add_council(struct store *s, const struct council_formed *formed,
                           const struct council_admitted *admitted)
{
    sqlite3_stmt *q = s->statements[ADD_COUNCIL];
    enum err e = ERR_NONE;

    db_bind_text(q, 1, formed->council);
    db_bind_text(q, 2, slice_text(level_word(formed->level)));
    db_bind_text(q, 3, formed->province);
    db_bind_text(q, 4, formed->round);
    db_bind_text(q, 5, formed->rule_set);
    db_bind_i64(q, 6, admitted->members);
    db_bind_i64(q, 7, admitted->quorum_percent);
    db_bind_i64(q, 8, admitted->spread_hundredths);
    if (formed->has_formed_on) db_bind_i64(q, 9, formed->formed_on);
    e = db_run(q);
    q = s->statements[ADD_SEAT];
    for (size_t i = 0; !e && i < formed->members_count; i++) {
        db_bind_text(q, 1, formed->council);
        db_bind_text(q, 2, formed->members[i].member);
        db_bind_text(q, 3, slice_text(seat_word(formed->members[i].seat)));
        e = db_run(q);
    }
    return e;
}

static enum err level_of(struct slice word, enum level *out)
{
    for (int i = 0; i < level_COUNT; i++) {
        if (!slice_is(word, level_word((enum level)i))) continue;
        *out = (enum level)i;
        return ERR_NONE;
    }
    return ERR_CORRUPT;
}

enum err store_find_council(struct store *s, struct slice council, msgpack_zone *zone, struct council *out)
{
    sqlite3_stmt *q = s->statements[FIND_COUNCIL];
    struct council found = { .council = council };
    enum err e = ERR_NONE;

    db_bind_text(q, 1, council);
    e = store_one_row(q);
    if (e) return e;
    e = level_of(db_text(q, 0), &found.level);
    found.province = db_keep(q, 1, zone, &e);
    found.round = db_keep(q, 2, zone, &e);
    found.rule_set = db_keep(q, 3, zone, &e);
    found.members = db_i64(q, 4);
    found.quorum_percent = db_i64(q, 5);
    found.spread_hundredths = db_i64(q, 6);
    found.has_formed_on = sqlite3_column_type(q, 7) != SQLITE_NULL;
    found.formed_on = (int32_t)db_i64(q, 7);
    db_done(q);
    if (!e) *out = found;
    return e;
}

/* --- dossiers --- */

enum err store_add_dossier(struct store *s, struct slice id, const struct dossier_accepted *accepted,
                           int32_t day)
{
    sqlite3_stmt *q = s->statements[ADD_DOSSIER];

    db_bind_text(q, 1, id);
    db_bind_text(q, 2, accepted->reference);
    db_bind_text(q, 3, accepted->product);
    db_bind_text(q, 4, accepted->name);
    db_bind_text(q, 5, accepted->owner);
    db_bind_text(q, 6, accepted->province);
    db_bind_text(q, 7, accepted->round);
    db_bind_text(q, 8, accepted->rule_set);
    store_bind_text_or_null(q, 9, accepted->has_rubric, accepted->rubric);
    db_bind_text(q, 10, slice_text(dossier_kind_word(accepted->kind)));
    store_bind_text_or_null(q, 11, accepted->has_code, accepted->code);
    db_bind_i64(q, 12, accepted->has_received_on ? accepted->received_on : day);
    return db_run(q);
}

enum err store_has_dossiers(struct store *s, bool *out)
{
    sqlite3_stmt *q = s->statements[HAS_DOSSIERS];
    const enum err e = store_one_row(q);

    if (e) return e;
    *out = db_i64(q, 0) != 0;
    db_done(q);
    return ERR_NONE;
}

enum err store_supplement_dossier(struct store *s, const struct supplement_accepted *supplement)
{
    sqlite3_stmt *q = s->statements[SUPPLEMENT_DOSSIER];

    db_bind_text(q, 1, supplement->dossier);
    db_bind_text(q, 2, supplement->name);
    db_bind_text(q, 3, supplement->owner);
    db_bind_i64(q, 4, supplement->version);
    return db_run(q);
}

enum err store_withdraw_dossier(struct store *s, struct slice id)
{
    sqlite3_stmt *q = s->statements[WITHDRAW_DOSSIER];

    db_bind_text(q, 1, id);
    return db_run(q);
}

enum err store_reject_dossier(struct store *s, struct slice province, struct slice reference, int32_t day)
{
    sqlite3_stmt *q = s->statements[REJECT_DOSSIER];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    db_bind_i64(q, 3, day);
    return db_run(q);
}

enum err store_find_dossier(struct store *s, struct slice id, msgpack_zone *zone, struct dossier *out)
{
    sqlite3_stmt *q = s->statements[FIND_DOSSIER];
    struct dossier found = { .withdrawn = false };
    enum err e = ERR_NONE;

    db_bind_text(q, 1, id);
    db_bind_text(q, 2, slice_text(dossier_kind_word(dossier_kind_RE_RATING)));
    e = store_one_row(q);
    if (e) return e;
    found.id = db_keep(q, 0, zone, &e);
    found.reference = db_keep(q, 1, zone, &e);
    found.product = db_keep(q, 2, zone, &e);
    found.name = db_keep(q, 3, zone, &e);
    found.owner = db_keep(q, 4, zone, &e);
    found.province = db_keep(q, 5, zone, &e);
    found.round = db_keep(q, 6, zone, &e);
    found.rule_set = db_keep(q, 7, zone, &e);
    found.rubric = db_keep(q, 8, zone, &e);
    found.withdrawn = db_i64(q, 9) != 0;
    found.re_rating = db_i64(q, 10) != 0;
    found.received_on = (int32_t)db_i64(q, 11);
    db_done(q);
    if (!e) *out = found;
    return e;
}

/* --- provinces --- */

enum err store_add_areas(struct store *s, const struct rules_adopted *areas)
{
    sqlite3_stmt *q = s->statements[ADD_AREA];
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < areas->areas_count; i++) {
        db_bind_text(q, 1, areas->areas[i].old_code);
        db_bind_text(q, 2, areas->areas[i].new_code);
        db_bind_i64(q, 3, areas->first_day);
        e = db_run(q);
    }
    return e;
}

enum err store_find_province(struct store *s, struct slice code, int32_t day, msgpack_zone *zone,
                             struct province *out)
{
    sqlite3_stmt *q = s->statements[FIND_PROVINCE];
    struct province found = { .code = code };
    enum err e = ERR_NONE;

    db_bind_text(q, 1, code);
    db_bind_i64(q, 2, day);
    e = store_one_row(q);
    if (e) return e;
    found.known = db_i64(q, 0) != 0;
    found.merged = sqlite3_column_type(q, 1) != SQLITE_NULL;
    if (found.merged) {
        found.into = db_keep(q, 1, zone, &e);
        found.merged_on = (int32_t)db_i64(q, 2);
    }
    db_done(q);
    if (!e) *out = found;
    return e;
}
