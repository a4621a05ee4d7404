/* store_deadline.c - what is due when, and what became of it. */
#include "proto/codec.h"
#include "services/notification/store_inside.h"

/* A row as it is announced: name and applicant are those the dossier has now. */
#define DUE_ROW                                                                                              \
    "SELECT d.what, d.about, d.province, d.who, d.due_before, coalesce(x.owner, d.owner, ''),"               \
    " coalesce(x.name, d.name, '') FROM deadline d LEFT JOIN dossier x ON x.dossier = d.fact"
#define DUE_ORDER " ORDER BY d.due_before, d.what, d.about, d.province, d.who"

#define LIST_ROW                                                                                             \
    "SELECT d.what, d.about, d.province, d.who, d.due_before, coalesce(x.owner, d.owner, ''),"               \
    " coalesce(x.name, d.name, ''), d.state, coalesce(d.near_on, -1), coalesce(d.open, -1)"                  \
    " FROM deadline d LEFT JOIN dossier x ON x.dossier = d.fact"
#define LIST_FILTER " AND (?1 = '' OR d.what = ?1) AND (?2 = '' OR d.who = ?2)"

#define ROUND_NOT_ANNOUNCED                                                                                  \
    " WHERE NOT EXISTS (SELECT 1 FROM deadline d WHERE d.what = ?2 AND d.about = ''"                         \
    "                   AND d.province = g.province AND d.due_before = ?3 AND d.state >= ?4)"                \
    " ORDER BY g.province"

#define AT(query) [STORE_##query - STORE_DEADLINE]
const char *const store_deadline_sql[STORE_QUERIES - STORE_DEADLINE] = {
    AT(ADD_DEADLINE) =
        "INSERT INTO deadline(what, about, province, who, due_before, near_on, state, fact, owner, name,"
        " stands_until) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10)"
        " ON CONFLICT DO UPDATE SET state = 0, near_on = excluded.near_on, fact = excluded.fact WHERE state "
        "= 3",
    AT(ADD_TRANSITIONS) =
        "INSERT INTO deadline(what, about, province, who, due_before, near_on, state, fact)"
        " SELECT 'transition', reference, province, 'province:' || province, ?4, ?5, 0, dossier FROM dossier"
        " WHERE waits = 1 AND received_on < ?1 AND rule_set <> ?2 AND (kind = 're_rating') = ?3"
        " ON CONFLICT DO NOTHING",
    /* What is done stays done, also when a rebuild with newer reckoning finds it announced later. */
    AT(NOTE_DEADLINE) = "INSERT INTO deadline(what, about, province, who, due_before, state, missed, open)"
                        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                        " ON CONFLICT DO UPDATE SET state = max(state, excluded.state), missed = max(missed, "
                        "excluded.missed),"
                        " open = coalesce(excluded.open, open)",
    AT(FIND_STANDING) =
        "SELECT what, about, province, who, due_before, coalesce(near_on, -1), stands_until FROM deadline"
        " WHERE what = 'commune' AND about = ?2 AND province = ?1 AND state < 2 AND stands_until IS NOT NULL"
        " ORDER BY due_before LIMIT 1",
    AT(MOVE_DEADLINE) = "UPDATE OR REPLACE deadline SET due_before = ?6, near_on = ?7, stands_until = ?8,"
                        " state = 0 WHERE what = ?1 AND about = ?2 AND province = ?3 AND who = ?4"
                        " AND due_before = ?5",
    AT(END_DEADLINE) = "UPDATE deadline SET state = 3 WHERE what = ?1 AND about = ?2"
                       " AND (?3 = '' OR province = ?3) AND state < 3",
    AT(END_DOSSIER_DEADLINES) =
        "UPDATE deadline SET state = 3 WHERE what IN ('commune', 'supplement', 're_rating', 'transition')"
        " AND about = ?2 AND province = ?1 AND state < 3",
    AT(END_RE_RATING) = "UPDATE deadline SET state = 3 WHERE what = 're_rating' AND about = ?2"
                        " AND province = ?1 AND state < 3 AND (?3 OR who <> 'ministry')",
    AT(END_CERTIFIED) = "UPDATE deadline SET state = 3 WHERE what = 're_rating' AND state < 3 AND"
                        " (about, province) IN (SELECT reference, province FROM dossier WHERE product = ?1)",
    AT(END_FINDING) = "UPDATE deadline SET state = 3 WHERE what = 'withdrawal' AND fact = ?1 AND state < 3",
    AT(END_ROUNDS) = "UPDATE deadline SET state = 3 WHERE state < 3 AND due_before < ?1"
                     " AND what IN ('round_cutoff', 'round_end')",
    AT(FIND_FINDING) = "SELECT about FROM deadline WHERE what = 'withdrawal' AND fact = ?1 LIMIT 1",
    AT(MISSED_ON) = DUE_ROW " WHERE d.state < 2 AND d.due_before <= ?1"
                            " AND d.what NOT IN ('round_cutoff', 'round_end')"
                            " AND NOT EXISTS (SELECT 1 FROM handed_in h WHERE h.about = d.about)" DUE_ORDER,
    AT(NEAR_ON) = DUE_ROW " WHERE d.state = 0 AND d.near_on <= ?1 AND d.due_before > ?1" DUE_ORDER,
    AT(ROUND_SLIPS) =
        "WITH g AS (SELECT province, count(*) AS open FROM slip WHERE received_on < ?1"
        " AND NOT EXISTS (SELECT 1 FROM handed_in h WHERE h.about = slip.reference) GROUP BY province)"
        " SELECT g.province, g.open FROM g" ROUND_NOT_ANNOUNCED,
    AT(ROUND_DOSSIERS) = "WITH g AS (SELECT iif(?5 = 2, '00', province) AS province, count(*) AS open"
                         " FROM dossier WHERE waits > 0 AND waits = ?5 AND waits_since < ?1 GROUP BY 1)"
                         " SELECT g.province, g.open FROM g" ROUND_NOT_ANNOUNCED,
    AT(LIST_OWED) =
        LIST_ROW " WHERE d.state < 3 AND (?3 < 0 OR d.state = ?3)" LIST_FILTER DUE_ORDER " LIMIT ?4",
    AT(LIST_DONE) = LIST_ROW " WHERE d.state = ?3" LIST_FILTER DUE_ORDER " LIMIT ?4",
};
#undef AT

/* --- writing --- */

/* The five columns of the key. */
static void bind_key(sqlite3_stmt *q, const struct deadline *d)
{
    db_bind_text(q, 1, slice_text(due_word(d->what)));
    db_bind_text(q, 2, d->about);
    db_bind_text(q, 3, d->province);
    db_bind_text(q, 4, d->who);
    db_bind_i64(q, 5, d->due_before);
}

static void bind_said(sqlite3_stmt *q, int at, int64_t value)
{
    if (value == NOT_SAID)
        sqlite3_bind_null(q, at);
    else
        db_bind_i64(q, at, value);
}

enum err store_add_deadline(struct store *s, const struct deadline *d)
{
    sqlite3_stmt *q = s->query[STORE_ADD_DEADLINE];

    bind_key(q, d);
    bind_said(q, 6, d->near_on);
    store_bind_optional(q, 7, d->fact.size > 0, d->fact);
    store_bind_optional(q, 8, d->owner.size > 0, d->owner);
    store_bind_optional(q, 9, d->name.size > 0, d->name);
    bind_said(q, 10, d->stands_until);
    return db_run(q);
}

enum err store_add_transitions(struct store *s, const struct rule_set *newer, bool re_ratings,
                               int32_t due_before, int32_t near_on)
{
    sqlite3_stmt *q = s->query[STORE_ADD_TRANSITIONS];

    db_bind_i64(q, 1, newer->first_day);
    db_bind_text(q, 2, newer->name);
    db_bind_i64(q, 3, re_ratings);
    db_bind_i64(q, 4, due_before);
    bind_said(q, 5, near_on);
    return db_run(q);
}

enum err store_note_deadline(struct store *s, const struct deadline *d)
{
    sqlite3_stmt *q = s->query[STORE_NOTE_DEADLINE];

    bind_key(q, d);
    db_bind_i64(q, 6, (int64_t)d->state);
    db_bind_i64(q, 7, d->state == DEADLINE_MISSED);
    bind_said(q, 8, d->open);
    return db_run(q);
}

static enum err due_of(struct slice word, enum due *out)
{
    return deadline_due_find(word, out) ? ERR_NONE : ERR_CORRUPT;
}

enum err store_find_standing(struct store *s, struct slice province, struct slice reference,
                             msgpack_zone *zone, struct deadline *out)
{
    sqlite3_stmt *q = s->query[STORE_FIND_STANDING];
    struct deadline d = { .what = due_COMMUNE, .open = NOT_SAID };
    bool found = false;
    enum err e;

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    e = db_step(q, &found);
    if (e) return e;
    if (!found) return ERR_NOT_FOUND;
    e = store_keep(zone, db_text(q, 1), &d.about);
    if (!e) e = store_keep(zone, db_text(q, 2), &d.province);
    if (!e) e = store_keep(zone, db_text(q, 3), &d.who);
    d.due_before = (int32_t)db_i64(q, 4);
    d.near_on = (int32_t)db_i64(q, 5);
    d.stands_until = (int32_t)db_i64(q, 6);
    db_done(q);
    if (!e) *out = d;
    return e;
}

enum err store_move_deadline(struct store *s, const struct deadline *d, int32_t due_before, int32_t near_on,
                             int32_t stands_until)
{
    sqlite3_stmt *q = s->query[STORE_MOVE_DEADLINE];

    bind_key(q, d);
    db_bind_i64(q, 6, due_before);
    bind_said(q, 7, near_on);
    db_bind_i64(q, 8, stands_until);
    return db_run(q);
}

/* --- ending --- */

enum err store_end_deadline(struct store *s, enum due what, struct slice about, struct slice province)
{
    sqlite3_stmt *q = s->query[STORE_END_DEADLINE];

    db_bind_text(q, 1, slice_text(due_word(what)));
    db_bind_text(q, 2, about);
    db_bind_text(q, 3, province);
    return db_run(q);
}

enum err store_end_dossier_deadlines(struct store *s, struct slice province, struct slice reference)
{
    sqlite3_stmt *q = s->query[STORE_END_DOSSIER_DEADLINES];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    return db_run(q);
}

enum err store_end_re_rating(struct store *s, struct slice province, struct slice reference,
                             bool ministry_too)
{
    sqlite3_stmt *q = s->query[STORE_END_RE_RATING];

    db_bind_text(q, 1, province);
    db_bind_text(q, 2, reference);
    db_bind_i64(q, 3, ministry_too);
    return db_run(q);
}

enum err store_end_certified(struct store *s, struct slice product)
{
    db_bind_text(s->query[STORE_END_CERTIFIED], 1, product);
    return db_run(s->query[STORE_END_CERTIFIED]);
}

enum err store_end_finding(struct store *s, struct slice finding)
{
    db_bind_text(s->query[STORE_END_FINDING], 1, finding);
    return db_run(s->query[STORE_END_FINDING]);
}

enum err store_end_rounds(struct store *s, int32_t before)
{
    db_bind_i64(s->query[STORE_END_ROUNDS], 1, before);
    return db_run(s->query[STORE_END_ROUNDS]);
}

enum err store_find_finding(struct store *s, struct slice finding, msgpack_zone *zone,
                            struct slice *certificate)
{
    sqlite3_stmt *q = s->query[STORE_FIND_FINDING];
    bool found = false;
    enum err e;

    db_bind_text(q, 1, finding);
    e = db_step(q, &found);
    if (e) return e;
    if (!found) return ERR_NOT_FOUND;
    e = store_keep(zone, db_text(q, 0), certificate);
    db_done(q);
    return e;
}

/* --- what a day finds --- */

static sqlite3_stmt *due_query(struct store *s, enum store_due which)
{
    return s->query[which == STORE_DUE_MISSED ? STORE_MISSED_ON : STORE_NEAR_ON];
}

/* The first seven columns, borrowed from the row. */
static enum err read_due(sqlite3_stmt *q, struct deadline *row)
{
    *row = (struct deadline){ .about = db_text(q, 1),
                              .province = db_text(q, 2),
                              .who = db_text(q, 3),
                              .due_before = (int32_t)db_i64(q, 4),
                              .owner = db_text(q, 5),
                              .name = db_text(q, 6),
                              .near_on = NOT_SAID,
                              .stands_until = NOT_SAID,
                              .open = NOT_SAID };
    return due_of(db_text(q, 0), &row->what);
}

void store_due_begin(struct store *s, enum store_due which, int32_t day)
{
    db_bind_i64(due_query(s, which), 1, day);
}

enum err store_due_next(struct store *s, enum store_due which, struct deadline *row, bool *more)
{
    sqlite3_stmt *q = due_query(s, which);
    enum err e = db_step(q, more);

    if (!e && *more) e = read_due(q, row);
    return e;
}

void store_due_end(struct store *s, enum store_due which)
{
    db_done(due_query(s, which));
}

enum err store_round_open(struct store *s, const struct round_asked *asked,
                          struct round_open open[STORE_PROVINCES_MAX], size_t *count)
{
    const bool slips = asked->what == due_ROUND_CUTOFF && !asked->centre;
    sqlite3_stmt *q = s->query[slips ? STORE_ROUND_SLIPS : STORE_ROUND_DOSSIERS];
    bool more = false;
    size_t n = 0;
    enum err e;

    db_bind_i64(q, 1, asked->cutoff);
    db_bind_text(q, 2, slice_text(due_word(asked->what)));
    db_bind_i64(q, 3, asked->due_before);
    db_bind_i64(q, 4, (int64_t)asked->state);
    if (!slips) db_bind_i64(q, 5, asked->centre ? WAITS_FOR_CENTRE : WAITS_FOR_PROVINCE);
    e = db_step(q, &more);
    while (!e && more && n < STORE_PROVINCES_MAX) {
        const struct slice province = db_text(q, 0);

        if (province.size != 2) e = ERR_CORRUPT;
        if (e) break;
        memcpy(open[n].province, province.data, 2);
        open[n].province[2] = '\0';
        open[n++].open = db_i64(q, 1);
        e = db_step(q, &more);
    }
    db_done(q);
    if (!e) *count = n;
    return e;
}

/* --- the list --- */

static enum err keep_row(sqlite3_stmt *q, msgpack_zone *zone, struct deadline *row)
{
    struct slice *const texts[] = { &row->about, &row->province, &row->who, &row->owner, &row->name };
    enum err e = read_due(q, row);

    for (size_t i = 0; !e && i < sizeof texts / sizeof texts[0]; i++)
        e = store_keep(zone, *texts[i], texts[i]);
    row->state = (enum deadline_state)db_i64(q, 7);
    row->near_on = (int32_t)db_i64(q, 8);
    row->open = db_i64(q, 9);
    return e;
}

enum err store_list_deadlines(struct store *s, const struct deadline_filter *filter, msgpack_zone *zone,
                              struct deadline **rows, size_t *count)
{
    const bool done = filter->has_state && filter->state == DEADLINE_DONE;
    sqlite3_stmt *q = s->query[done ? STORE_LIST_DONE : STORE_LIST_OWED];
    const int64_t limit = filter->limit < STORE_LIST_MAX ? filter->limit : STORE_LIST_MAX;
    struct deadline *list = msgpack_zone_malloc(zone, ((size_t)limit + 1) * sizeof *list);
    bool more = false;
    size_t n = 0;
    enum err e;

    if (!list) return ERR_NOMEM;
    db_bind_text(q, 1, slice_text(filter->has_what ? due_word(filter->what) : ""));
    db_bind_text(q, 2, filter->who);
    db_bind_i64(q, 3, filter->has_state ? (int64_t)filter->state : -1);
    db_bind_i64(q, 4, limit);
    e = db_step(q, &more);
    while (!e && more) {
        e = keep_row(q, zone, &list[n++]);
        if (!e) e = db_step(q, &more);
    }
    db_done(q);
    if (e) return e;
    *rows = list;
    *count = n;
    return ERR_NONE;
}
