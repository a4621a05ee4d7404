/* questions.c - the SQL of what scoring answers. Asked seldom, so statements are prepared when they are
 * needed. */
#include "services/scoring/questions.h"

#include "common/mp.h"
#include "services/scoring/store.h"

enum { QUESTION_BINDINGS_MAX = 2 };

/* A row as a map from column name to value; columns that are NULL are left out. The map has room for `more`
 * members, which the caller packs behind it. */
static void pack_row(sqlite3_stmt *q, msgpack_packer *p, uint32_t more)
{
    const int columns = sqlite3_column_count(q);
    uint32_t there = more;

    for (int i = 0; i < columns; i++)
        if (sqlite3_column_type(q, i) != SQLITE_NULL) there++;
    msgpack_pack_map(p, there);
    for (int i = 0; i < columns; i++) {
        if (sqlite3_column_type(q, i) == SQLITE_NULL) continue;
        buf_pack_text(p, sqlite3_column_name(q, i));
        if (sqlite3_column_type(q, i) == SQLITE_INTEGER)
            msgpack_pack_int64(p, db_i64(q, i));
        else
            buf_pack_str(p, db_text(q, i));
    }
}

/* Pack all rows of `text`, one map after the other, into `rows`. */
static enum err pack_rows(struct store *s, const char *text, const struct slice *bindings, size_t count,
                          struct buf *rows, size_t *row_count, struct why *why)
{
    sqlite3_stmt *q = NULL;
    msgpack_packer p;
    bool row = false;
    enum err e = db_prepare(s->db, text, &q, why);

    msgpack_packer_init(&p, rows, buf_pack_write);
    *row_count = 0;
    for (size_t i = 0; !e && i < count; i++)
        db_bind_text(q, (int)i + 1, bindings[i]);
    while (!e && !(e = db_step(q, &row)) && row) {
        pack_row(q, &p, 0);
        ++*row_count;
        e = rows->failed;
    }
    sqlite3_finalize(q);
    return e;
}

/* The first row of `text` as the whole answer. ERR_NOT_FOUND when there is none; the first binding is what
 * was asked for. */
static enum err answer_row(struct store *s, const char *text, const struct slice *bindings, size_t count,
                           struct buf *answer, struct why *why)
{
    struct buf rows = { 0 };
    size_t n = 0;
    enum err e = pack_rows(s, text, bindings, count, &rows, &n, why);

    if (!e && n == 0)
        e = why_set(why, ERR_NOT_FOUND, "NOT_FOUND", "Scoring knows nothing under \"%.*s\".",
                    SLICE_ARG(bindings[0]));
    if (!e) e = buf_add(answer, rows.data, rows.size);
    buf_fini(&rows);
    return e;
}

static enum err answer_list(struct store *s, msgpack_packer *p, const char *name, const char *text,
                            const struct slice *bindings, size_t count, struct buf *answer, struct why *why)
{
    struct buf rows = { 0 };
    size_t n = 0;
    enum err e = pack_rows(s, text, bindings, count, &rows, &n, why);

    if (!e) {
        buf_pack_text(p, name);
        msgpack_pack_array(p, n);
        e = buf_add(answer, rows.data, rows.size);
    }
    buf_fini(&rows);
    return e;
}

static enum err need_text(const msgpack_object *arguments, const char *name, struct slice *out,
                          struct why *why)
{
    if (mp_text(mp_find(arguments, name), out) && out->size > 0) return ERR_NONE;
    return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "The question needs %s, as text.", name);
}

/* No rating, and none to wait for: every dossier of that name was withdrawn. Else the answer stays NOT_FOUND.
 */
static enum err withdrawn_for_good(struct store *s, const struct slice bindings[2], struct why *why)
{
    sqlite3_stmt *q = NULL;
    bool row = false, gone = false;
    enum err e = db_prepare(s->db,
                            "SELECT min(withdrawn) FROM dossier"
                            " WHERE (product = ?1 OR code = ?1 OR reference = ?1 OR dossier = ?1)"
                            " AND (?2 = '' OR province = ?2) HAVING count(*) > 0",
                            &q, why);

    if (!e) {
        db_bind_text(q, 1, bindings[0]);
        db_bind_text(q, 2, bindings[1]);
        e = db_step(q, &row);
    }
    if (!e && row) gone = db_i64(q, 0) == 1;
    sqlite3_finalize(q);
    if (e || !gone) return e ? e : ERR_NOT_FOUND;
    why_clear(why);
    return why_set(why, ERR_INVALID, "BAD_ARGUMENT",
                   "the dossier %.*s was withdrawn and has no rating; take it out of the decision",
                   SLICE_ARG(bindings[0]));
}

static enum err answer_fact(void *store, const msgpack_object *arguments, struct buf *answer, struct why *why)
{
    static const char text[] = "SELECT r.id, r.product FROM rating r JOIN dossier d ON d.dossier = r.dossier"
                               " WHERE (r.product IN (SELECT product FROM dossier WHERE product = ?1"
                               " OR code = ?1) OR d.reference = ?1 OR d.dossier = ?1)"
                               " AND (?2 = '' OR d.province = ?2) ORDER BY r.seq DESC, r.dossier LIMIT 1";
    struct slice bindings[QUESTION_BINDINGS_MAX] = { { NULL, 0 } }, type = { NULL, 0 };
    enum err e = need_text(arguments, "key", &bindings[0], why);

    if (e) return e;
    if (mp_find(arguments, "type") &&
        (!mp_text(mp_find(arguments, "type"), &type) || !slice_is(type, "scoring.product.rated")))
        return why_set(why, ERR_INVALID, "BAD_ARGUMENT",
                       "The only fact scoring is asked for is scoring.product.rated.");
    if (mp_find(arguments, "province") && !mp_text(mp_find(arguments, "province"), &bindings[1]))
        return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "province must be text.");
    e = answer_row(store, text, bindings, 2, answer, why);
    return e == ERR_NOT_FOUND ? withdrawn_for_good(store, bindings, why) : e;
}

/* The ratings of a product, the latest last, each with the marks it missed and the gates it met. */
static enum err pack_ratings(struct store *s, struct slice product, struct buf *out, size_t *count,
                             struct why *why)
{
    sqlite3_stmt *q = NULL;
    msgpack_packer p;
    bool row = false;
    enum err e =
        db_prepare(s->db,
                   "SELECT r.council, r.dossier, r.id, c.level, c.round, c.rule_set, r.rule_hash, r.rubric,"
                   " r.rubric_hash, r.sum_hundredths, r.members, r.star, r.star_by_points, r.star_by_marks,"
                   " r.forwarded_to, r.remanded_to FROM rating r"
                   " JOIN council c ON c.council = r.council WHERE r.product = ?1 ORDER BY r.seq, r.dossier",
                   &q, why);

    msgpack_packer_init(&p, out, buf_pack_write);
    if (!e) db_bind_text(q, 1, product);
    while (!e && !(e = db_step(q, &row)) && row) {
        const struct slice of[] = { db_text(q, 0), db_text(q, 1) };

        ++*count;
        pack_row(q, &p, 2);
        e = answer_list(s, &p, "missed",
                        "SELECT star, criterion, needed_hundredths, reached_sum_hundredths FROM rating_missed"
                        " WHERE council = ?1 AND dossier = ?2 ORDER BY star, criterion",
                        of, 2, out, why);
        if (!e)
            e = answer_list(s, &p, "gates",
                            "SELECT code FROM rating_gate WHERE council = ?1 AND dossier = ?2 ORDER BY code",
                            of, 2, out, why);
    }
    sqlite3_finalize(q);
    return e ? e : out->failed;
}

static enum err answer_ratings(struct store *s, msgpack_packer *p, struct slice product, struct buf *answer,
                               struct why *why)
{
    struct buf rows = { 0 };
    size_t count = 0;
    enum err e = pack_ratings(s, product, &rows, &count, why);

    if (!e) {
        buf_pack_text(p, "ratings");
        msgpack_pack_array(p, count);
        e = buf_add(answer, rows.data, rows.size);
    }
    buf_fini(&rows);
    return e;
}

/* The first code of the product that has this code, kept in `text`. ERR_NOT_FOUND before anything is packed.
 */
static enum err find_product(struct store *s, struct slice code, struct buf *text, struct why *why)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum err e =
        db_prepare(s->db, "SELECT product FROM dossier WHERE product = ?1 OR code = ?1 LIMIT 1", &q, why);

    if (!e) {
        db_bind_text(q, 1, code);
        e = db_step(q, &row);
    }
    if (!e && row) e = buf_add(text, db_text(q, 0).data, db_text(q, 0).size);
    sqlite3_finalize(q);
    if (e || row) return e;
    return why_set(why, ERR_NOT_FOUND, "NOT_FOUND", "Scoring knows nothing under \"%.*s\".", SLICE_ARG(code));
}

static enum err pack_product(struct store *s, struct slice product, struct buf *answer, struct why *why)
{
    msgpack_packer p;
    enum err e = ERR_NONE;

    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 5);
    buf_pack_text(&p, "product");
    buf_pack_str(&p, product);
    e = answer_list(s, &p, "dossiers",
                    "SELECT dossier, reference, name, owner, province, round, rule_set, rubric, kind, code,"
                    " version, withdrawn FROM dossier WHERE product = ?1 ORDER BY reference, dossier",
                    &product, 1, answer, why);
    if (!e) e = answer_ratings(s, &p, product, answer, why);
    /* Every version; `current` counts, unless its member is out for a conflict of interest. */
    if (!e)
        e = answer_list(
            s, &p, "sheets",
            "SELECT s.council, s.dossier, s.member, s.version, s.total_hundredths, s.a_hundredths,"
            " s.b_hundredths, s.c_hundredths, s.version = (SELECT max(version) FROM sheet o WHERE"
            " o.council = s.council AND o.dossier = s.dossier AND o.member = s.member) AS current,"
            " EXISTS(SELECT 1 FROM conflict x WHERE x.council = s.council AND x.dossier = s.dossier"
            " AND x.member = s.member) AS out,"
            " EXISTS(SELECT 1 FROM far f WHERE f.council = s.council AND f.dossier = s.dossier"
            " AND f.member = s.member AND f.version = s.version) AS asked FROM sheet s JOIN dossier d ON "
            "d.dossier = s.dossier"
            " WHERE d.product = ?1 ORDER BY s.council, s.dossier, s.member, s.version",
            &product, 1, answer, why);
    if (!e)
        e = answer_list(s, &p, "conflicts",
                        "SELECT x.council, x.dossier, x.member FROM conflict x JOIN dossier d"
                        " ON d.dossier = x.dossier WHERE d.product = ?1"
                        " ORDER BY x.council, x.dossier, x.member",
                        &product, 1, answer, why);
    return e ? e : answer->failed;
}

static enum err answer_product(void *store, const msgpack_object *arguments, struct buf *answer,
                               struct why *why)
{
    struct slice code;
    struct buf product = { 0 };
    enum err e = need_text(arguments, "product", &code, why);

    if (!e) e = find_product(store, code, &product, why);
    if (!e) e = pack_product(store, buf_slice(&product), answer, why);
    buf_fini(&product);
    return e;
}

static enum err answer_council(void *store, const msgpack_object *arguments, struct buf *answer,
                               struct why *why)
{
    struct slice council;
    struct buf row = { 0 };
    msgpack_packer p;
    enum err e = need_text(arguments, "council", &council, why);

    if (!e)
        e = answer_row(
            store,
            "SELECT council, level, province, round, rule_set, members, quorum_percent, spread_hundredths,"
            " (SELECT count(*) FROM rating r WHERE r.council = c.council) AS rated,"
            " (SELECT count(DISTINCT s.dossier) FROM sheet s JOIN dossier d ON d.dossier = s.dossier"
            "  WHERE s.council = c.council AND d.withdrawn = 0 AND NOT EXISTS("
            "  SELECT 1 FROM rating r WHERE r.council = s.council AND r.dossier = s.dossier)) AS pending"
            " FROM council c WHERE council = ?1",
            &council, 1, &row, why);
    if (!e) {
        msgpack_packer_init(&p, answer, buf_pack_write);
        msgpack_pack_map(&p, 2);
        buf_pack_text(&p, "council");
        e = buf_add(answer, row.data, row.size);
    }
    if (!e)
        e = answer_list(
            store, &p, "seats",
            "SELECT member, seat, (SELECT count(*) FROM current_sheet s WHERE s.council = t.council"
            " AND s.member = t.member) AS sheets FROM seat t WHERE council = ?1 ORDER BY member",
            &council, 1, answer, why);
    buf_fini(&row);
    return e ? e : answer->failed;
}

static enum err answer_rules(void *store, const msgpack_object *arguments, struct buf *answer,
                             struct why *why)
{
    msgpack_packer p;
    enum err e = ERR_NONE;

    (void)arguments;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 1);
    e = answer_list(store, &p, "rules", "SELECT name, kind, hash FROM rules ORDER BY name", NULL, 0, answer,
                    why);
    return e ? e : answer->failed;
}

const struct question scoring_questions[] = {
    { "fact", answer_fact },
    { "product", answer_product },
    { "council", answer_council },
    { "rules", answer_rules },
    { NULL, NULL },
};
