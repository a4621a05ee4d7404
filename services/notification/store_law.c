/* store_law.c - rule sets and calendars as adopted, and the dossiers whose days they count. */
#include "proto/codec.h"
#include "services/notification/store_inside.h"

#define RULE_SET_COLUMNS                                                                                     \
    "name, first_day, last_day, supplement_stops_clock, commune_working_days, re_rating_days,"               \
    " transition_days, transition_re_rating_days, near_days"

#define AT(query) [STORE_##query - STORE_LAW]
const char *const store_law_sql[STORE_DEADLINE - STORE_LAW] = {
    AT(ADD_RULE_SET) = "INSERT OR REPLACE INTO rule_set(" RULE_SET_COLUMNS ", begun)"
                       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)",
    AT(FIND_RULE_SET) = "SELECT " RULE_SET_COLUMNS " FROM rule_set WHERE name = ?1",
    /* An absent first day is NULL, the smallest. */
    AT(RULE_SET_ON) = "SELECT " RULE_SET_COLUMNS " FROM rule_set"
                      " WHERE (first_day IS NULL OR first_day <= ?1) AND (last_day IS NULL OR last_day >= ?1)"
                      " ORDER BY first_day DESC, name LIMIT 1",
    AT(RULE_SET_BEGINS) = "SELECT " RULE_SET_COLUMNS " FROM rule_set"
                          " WHERE begun = 0 AND transition_days IS NOT NULL AND first_day <= ?1"
                          " ORDER BY first_day, name LIMIT 1",
    AT(RULE_SET_BEGUN) = "UPDATE rule_set SET begun = 1 WHERE name = ?1",
    AT(TRANSITION_OF) = "SELECT " RULE_SET_COLUMNS " FROM rule_set"
                        " WHERE begun = 1 AND transition_days IS NOT NULL AND first_day > ?1 AND name <> ?2"
                        " ORDER BY first_day, name LIMIT 1",
    AT(DROP_ROUNDS) = "DELETE FROM round WHERE rule_set = ?1",
    AT(ADD_ROUND) = "INSERT OR REPLACE INTO round(rule_set, level, number, proposed_before, done_before,"
                    " next_year) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    AT(LIST_ROUNDS) = "SELECT level, number, proposed_before, done_before, next_year FROM round"
                      " WHERE rule_set = ?1 ORDER BY level, number",
    AT(DROP_DAYS_OFF) = "DELETE FROM day_off WHERE calendar = ?1",
    AT(ADD_DAY_OFF) = "INSERT INTO day_off(day, calendar) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
    AT(LIST_DAYS_OFF) = "SELECT DISTINCT day FROM day_off WHERE day >= ?1 ORDER BY day LIMIT ?2",
    AT(ADD_AREA) = "INSERT INTO area(old_code, new_code, merged_on, moved) VALUES(?1, ?2, ?3, 0)"
                   " ON CONFLICT DO NOTHING",
    AT(AREA_ON) = "SELECT new_code FROM area WHERE old_code = ?1 AND (moved = 1 OR merged_on <= ?2)",
    AT(AREA_BEGINS) = "SELECT old_code, new_code FROM area WHERE moved = 0 AND merged_on <= ?1"
                      " ORDER BY old_code LIMIT 1",
    AT(AREA_MOVED) = "UPDATE area SET moved = 1 WHERE old_code = ?1",
    /* Where both provinces gave one reference, what follows cannot tell them apart either. */
    AT(MOVE_SLIPS) = "UPDATE OR REPLACE slip SET province = ?2 WHERE province = ?1",
    AT(MOVE_DOSSIERS) = "UPDATE dossier SET province = ?2 WHERE province = ?1",
    AT(MOVE_CERTIFICATES) = "UPDATE certificate SET province = ?2 WHERE province = ?1",
    AT(MOVE_DEADLINES) =
        "UPDATE OR REPLACE deadline SET province = ?2,"
        " who = CASE WHEN who = 'province:' || ?1 THEN 'province:' || ?2"
        " WHEN substr(who, 1, 11) = 'commune:' || ?1 || '-' THEN 'commune:' || ?2 || substr(who, 11)"
        " ELSE who END"
        " WHERE province = ?1 AND state < 3 AND what NOT IN ('report', 'round_cutoff', 'round_end')",
    /* A second desk's receipt changes nothing: the dossier was there. */
    AT(ADD_SLIP) = "INSERT INTO slip(province, reference, received_on) VALUES(?1, ?2, ?3)"
                   " ON CONFLICT DO NOTHING",
    AT(END_SLIP) = "DELETE FROM slip WHERE province = ?1 AND reference = ?2",
    AT(ADD_DOSSIER) =
        "INSERT INTO dossier(dossier, province, reference, kind, product, name, owner, rule_set,"
        " received_on, waits, waits_since) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?10)",
    AT(FIND_DOSSIER) = "SELECT dossier, province, reference, product, name, owner, rule_set FROM dossier"
                       " WHERE dossier = ?1",
    AT(HAS_DOSSIER) = "SELECT 1 FROM dossier WHERE reference = ?2 AND province = ?1 LIMIT 1",
    AT(DOSSIER_WAITS) = "UPDATE dossier SET waits = ?2, waits_since = coalesce(?3, waits_since)"
                        " WHERE dossier = ?1",
    AT(DOSSIER_ENDS) = "UPDATE dossier SET waits = 0 WHERE reference = ?2 AND province = ?1",
    AT(CORRECT_DOSSIER) = "UPDATE dossier SET name = ?2, owner = ?3 WHERE dossier = ?1",
    AT(ADD_COUNCIL) = "INSERT INTO council(council, province) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
    AT(FIND_COUNCIL) = "SELECT province FROM council WHERE council = ?1",
    AT(ADD_HANDED_IN) = "INSERT INTO handed_in(filed_seq, about) VALUES(?1, ?2)",
    AT(END_HANDED_IN) = "DELETE FROM handed_in WHERE filed_seq = ?1",
};
#undef AT

/* --- rule sets --- */

static void bind_said(sqlite3_stmt *q, int at, bool said, int64_t value)
{
    if (said)
        db_bind_i64(q, at, value);
    else
        sqlite3_bind_null(q, at);
}

static enum err add_round(struct store *s, struct slice rule_set, const struct round_dates *r)
{
    sqlite3_stmt *q = s->query[STORE_ADD_ROUND];

    db_bind_text(q, 1, rule_set);
    db_bind_text(q, 2, slice_text(level_word(r->level)));
    db_bind_i64(q, 3, r->number);
    db_bind_i64(q, 4, r->proposed_before);
    db_bind_i64(q, 5, r->done_before);
    db_bind_i64(q, 6, r->next_year);
    return db_run(q);
}

enum err store_add_rule_set(struct store *s, const struct rule_set *r, const struct round_dates *rounds,
                            size_t count)
{
    const int32_t numbers[] = { r->commune_working_days, r->re_rating_days, r->transition_days,
                                r->transition_re_rating_days, r->near_days };
    sqlite3_stmt *q = s->query[STORE_ADD_RULE_SET];
    enum err e;

    db_bind_text(q, 1, r->name);
    bind_said(q, 2, r->has_first_day, r->first_day);
    bind_said(q, 3, r->has_last_day, r->last_day);
    db_bind_i64(q, 4, r->supplement_stops_clock);
    for (int i = 0; i < 5; i++)
        bind_said(q, 5 + i, numbers[i] != NOT_SAID, numbers[i]);
    e = db_run(q);
    db_bind_text(s->query[STORE_DROP_ROUNDS], 1, r->name);
    if (!e) e = db_run(s->query[STORE_DROP_ROUNDS]);
    for (size_t i = 0; !e && i < count; i++)
        e = add_round(s, r->name, &rounds[i]);
    return e;
}

static int32_t said(sqlite3_stmt *q, int column)
{
    return sqlite3_column_type(q, column) == SQLITE_NULL ? NOT_SAID : (int32_t)db_i64(q, column);
}

/* Step a bound query of RULE_SET_COLUMNS. */
static enum err read_rule_set(sqlite3_stmt *q, msgpack_zone *zone, struct rule_set *out)
{
    struct rule_set r = { 0 };
    bool found = false;
    enum err e = db_step(q, &found);

    if (e) return e;
    if (!found) return ERR_NOT_FOUND;
    e = store_keep(zone, db_text(q, 0), &r.name);
    r.has_first_day = sqlite3_column_type(q, 1) != SQLITE_NULL;
    r.first_day = (int32_t)db_i64(q, 1);
    r.has_last_day = sqlite3_column_type(q, 2) != SQLITE_NULL;
    r.last_day = (int32_t)db_i64(q, 2);
    r.supplement_stops_clock = db_i64(q, 3) != 0;
    r.commune_working_days = said(q, 4);
    r.re_rating_days = said(q, 5);
    r.transition_days = said(q, 6);
    r.transition_re_rating_days = said(q, 7);
    r.near_days = said(q, 8);
    db_done(q);
    if (!e) *out = r;
    return e;
}

enum err store_find_rule_set(struct store *s, struct slice name, msgpack_zone *zone, struct rule_set *out)
{
    db_bind_text(s->query[STORE_FIND_RULE_SET], 1, name);
    return read_rule_set(s->query[STORE_FIND_RULE_SET], zone, out);
}

enum err store_rule_set_on(struct store *s, int32_t day, msgpack_zone *zone, struct rule_set *out)
{
    db_bind_i64(s->query[STORE_RULE_SET_ON], 1, day);
    return read_rule_set(s->query[STORE_RULE_SET_ON], zone, out);
}

enum err store_rule_set_begins(struct store *s, int32_t day, msgpack_zone *zone, struct rule_set *out)
{
    db_bind_i64(s->query[STORE_RULE_SET_BEGINS], 1, day);
    return read_rule_set(s->query[STORE_RULE_SET_BEGINS], zone, out);
}

enum err store_note_begun(struct store *s, struct slice name)
{
    db_bind_text(s->query[STORE_RULE_SET_BEGUN], 1, name);
    return db_run(s->query[STORE_RULE_SET_BEGUN]);
}

enum err store_transition_of(struct store *s, int32_t received_on, struct slice rule_set, msgpack_zone *zone,
                             struct rule_set *out)
{
    sqlite3_stmt *q = s->query[STORE_TRANSITION_OF];

    db_bind_i64(q, 1, received_on);
    db_bind_text(q, 2, rule_set);
    return read_rule_set(q, zone, out);
}

static enum err level_of(struct slice word, enum level *out)
{
    for (int i = 0; i < level_COUNT; i++)
        if (slice_is(word, level_word((enum level)i))) {
            *out = (enum level)i;
            return ERR_NONE;
        }
    return ERR_CORRUPT;
}

enum err store_rounds(struct store *s, struct slice rule_set, struct round_dates rounds[STORE_ROUNDS_MAX],
                      size_t *count)
{
    sqlite3_stmt *q = s->query[STORE_LIST_ROUNDS];
    bool more = false;
    size_t n = 0;
    enum err e;

    db_bind_text(q, 1, rule_set);
    e = db_step(q, &more);
    while (!e && more && n < STORE_ROUNDS_MAX) {
        struct round_dates *r = &rounds[n++];

        *r = (struct round_dates){ .number = db_i64(q, 1),
                                   .proposed_before = db_i64(q, 2),
                                   .done_before = db_i64(q, 3),
                                   .next_year = db_i64(q, 4) != 0 };
        e = level_of(db_text(q, 0), &r->level);
        if (!e) e = db_step(q, &more);
    }
    db_done(q);
    if (!e) *count = n;
    return e;
}

/* --- calendars --- */

enum err store_add_calendar(struct store *s, struct slice name, const struct day_off *days, size_t count)
{
    sqlite3_stmt *q = s->query[STORE_ADD_DAY_OFF];
    enum err e;

    db_bind_text(s->query[STORE_DROP_DAYS_OFF], 1, name);
    e = db_run(s->query[STORE_DROP_DAYS_OFF]);
    for (size_t i = 0; !e && i < count; i++) {
        db_bind_i64(q, 1, days[i].day);
        db_bind_text(q, 2, name);
        e = db_run(q);
    }
    return e;
}

enum err store_days_off(struct store *s, int32_t day, int32_t days[STORE_DAYS_OFF_MAX], size_t *count)
{
    sqlite3_stmt *q = s->query[STORE_LIST_DAYS_OFF];
    bool more = false;
    size_t n = 0;
    enum err e;

    db_bind_i64(q, 1, day);
    db_bind_i64(q, 2, STORE_DAYS_OFF_MAX);
    for (e = db_step(q, &more); !e && more; e = db_step(q, &more))
        days[n++] = (int32_t)db_i64(q, 0);
    if (!e) *count = n;
    return e;
}

/* --- provinces that merged --- */

enum err store_add_area(struct store *s, const struct area_pair *pair, int32_t merged_on)
{
    sqlite3_stmt *q = s->query[STORE_ADD_AREA];

    db_bind_text(q, 1, pair->old_code);
    db_bind_text(q, 2, pair->new_code);
    db_bind_i64(q, 3, merged_on);
    return db_run(q);
}

enum err store_area_on(struct store *s, struct slice province, int32_t day, msgpack_zone *zone,
                       struct slice *out)
{
    sqlite3_stmt *q = s->query[STORE_AREA_ON];
    bool found = false;
    enum err e;

    db_bind_text(q, 1, province);
    db_bind_i64(q, 2, day);
    e = db_step(q, &found);
    if (e) return e;
    *out = province;
    if (!found) return ERR_NONE;
    e = store_keep(zone, db_text(q, 0), out);
    db_done(q);
    return e;
}

static enum err area_begins(struct store *s, int32_t day, msgpack_zone *zone, struct slice *old_code,
                            struct slice *new_code)
{
    sqlite3_stmt *q = s->query[STORE_AREA_BEGINS];
    bool found = false;
    enum err e;

    db_bind_i64(q, 1, day);
    e = db_step(q, &found);
    if (e) return e;
    if (!found) return ERR_NOT_FOUND;
    e = store_keep(zone, db_text(q, 0), old_code);
    if (!e) e = store_keep(zone, db_text(q, 1), new_code);
    db_done(q);
    return e;
}

enum err store_move_areas(struct store *s, int32_t day, msgpack_zone *zone)
{
    struct slice old_code, new_code;
    enum err e;

    while ((e = area_begins(s, day, zone, &old_code, &new_code)) == ERR_NONE) {
        for (int move = STORE_AREA_MOVED; !e && move <= STORE_MOVE_DEADLINES; move++) {
            db_bind_text(s->query[move], 1, old_code);
            if (move != STORE_AREA_MOVED) db_bind_text(s->query[move], 2, new_code);
            e = db_run(s->query[move]);
        }
        if (e) return e;
    }
    return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

/* --- dossiers on their way --- */

enum err store_add_slip(struct store *s, struct slice province, struct slice reference, int32_t received_on)
{
    sqlite3_stmt *q = s->query[STORE_ADD_SLIP];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    db_bind_i64(q, 3, received_on);
    return db_run(q);
}

enum err store_end_slip(struct store *s, struct slice province, struct slice reference)
{
    sqlite3_stmt *q = s->query[STORE_END_SLIP];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    return db_run(q);
}

enum err store_add_dossier(struct store *s, const struct dossier *d)
{
    sqlite3_stmt *q = s->query[STORE_ADD_DOSSIER];

    db_bind_text(q, 1, d->dossier);
    db_bind_text(q, 2, d->province);
    db_bind_text(q, 3, d->reference);
    db_bind_text(q, 4, slice_text(dossier_kind_word(d->kind)));
    db_bind_text(q, 5, d->product);
    db_bind_text(q, 6, d->name);
    db_bind_text(q, 7, d->owner);
    db_bind_text(q, 8, d->rule_set);
    db_bind_i64(q, 9, d->received_on);
    db_bind_i64(q, 10, d->proposed_on);
    return db_run(q);
}

enum err store_find_dossier(struct store *s, struct slice dossier, msgpack_zone *zone, struct dossier *out)
{
    sqlite3_stmt *q = s->query[STORE_FIND_DOSSIER];
    struct dossier d = { 0 };
    struct slice *const texts[] = { &d.dossier, &d.province, &d.reference, &d.product,
                                    &d.name,    &d.owner,    &d.rule_set };
    bool found = false;
    enum err e;

    db_bind_text(q, 1, dossier);
    e = db_step(q, &found);
    if (e) return e;
    if (!found) return ERR_NOT_FOUND;
    for (int i = 0; !e && i < 7; i++)
        e = store_keep(zone, db_text(q, i), texts[i]);
    db_done(q);
    if (!e) *out = d;
    return e;
}

enum err store_has_dossier(struct store *s, struct slice province, struct slice reference, bool *has)
{
    sqlite3_stmt *q = s->query[STORE_HAS_DOSSIER];
    bool found = false;
    enum err e;

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    e = db_step(q, &found);
    if (!e && found) db_done(q);
    if (!e) *has = found;
    return e;
}

enum err store_note_waits(struct store *s, struct slice dossier, enum waits waits, int32_t since)
{
    sqlite3_stmt *q = s->query[STORE_DOSSIER_WAITS];

    db_bind_text(q, 1, dossier);
    db_bind_i64(q, 2, (int64_t)waits);
    bind_said(q, 3, since != NOT_SAID, since);
    return db_run(q);
}

enum err store_note_ended(struct store *s, struct slice province, struct slice reference)
{
    sqlite3_stmt *q = s->query[STORE_DOSSIER_ENDS];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    return db_run(q);
}

enum err store_correct_dossier(struct store *s, struct slice dossier, struct slice name, struct slice owner)
{
    sqlite3_stmt *q = s->query[STORE_CORRECT_DOSSIER];

    db_bind_text(q, 1, dossier);
    db_bind_text(q, 2, name);
    db_bind_text(q, 3, owner);
    return db_run(q);
}

enum err store_add_council(struct store *s, struct slice council, struct slice province)
{
    sqlite3_stmt *q = s->query[STORE_ADD_COUNCIL];

    db_bind_text(q, 1, council);
    db_bind_text(q, 2, province);
    return db_run(q);
}

enum err store_find_council(struct store *s, struct slice council, msgpack_zone *zone, struct slice *province)
{
    sqlite3_stmt *q = s->query[STORE_FIND_COUNCIL];
    bool found = false;
    enum err e;

    db_bind_text(q, 1, council);
    e = db_step(q, &found);
    if (e) return e;
    if (!found) return ERR_NOT_FOUND;
    e = store_keep(zone, db_text(q, 0), province);
    db_done(q);
    return e;
}

enum err store_add_handed_in(struct store *s, struct slice about, uint64_t filed_seq)
{
    sqlite3_stmt *q = s->query[STORE_ADD_HANDED_IN];

    db_bind_u64(q, 1, filed_seq);
    db_bind_text(q, 2, about);
    return db_run(q);
}

enum err store_end_handed_in(struct store *s, uint64_t filed_seq)
{
    db_bind_u64(s->query[STORE_END_HANDED_IN], 1, filed_seq);
    return db_run(s->query[STORE_END_HANDED_IN]);
}
