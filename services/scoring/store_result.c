/* store_result.c - what closings brought. */
#include "services/scoring/store_inside.h"

#include "proto/codec.h" /* the words of level */

/* Why the rating is what it is: marks missed and gates met. */
static enum err add_reasons(struct store *s, const struct product_rated *rated)
{
    sqlite3_stmt *q = s->statements[ADD_MISSED];
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < rated->missed_count; i++) {
        db_bind_text(q, 1, rated->council);
        db_bind_text(q, 2, rated->dossier);
        db_bind_text(q, 3, rated->missed[i].criterion);
        db_bind_i64(q, 4, rated->missed[i].star);
        db_bind_i64(q, 5, rated->missed[i].needed_hundredths);
        db_bind_i64(q, 6, rated->missed[i].reached_sum_hundredths);
        e = db_run(q);
    }
    q = s->statements[ADD_GATE];
    for (size_t i = 0; !e && i < rated->gates_count; i++) {
        db_bind_text(q, 1, rated->council);
        db_bind_text(q, 2, rated->dossier);
        db_bind_text(q, 3, rated->gates[i].code);
        e = db_run(q);
    }
    return e;
}

enum err store_add_rating(struct store *s, struct slice id, const struct product_rated *rated, uint64_t seq)
{
    sqlite3_stmt *q = s->statements[ADD_RATING];
    enum err e = ERR_NONE;

    db_bind_text(q, 1, rated->council);
    db_bind_text(q, 2, rated->dossier);
    db_bind_text(q, 3, id);
    db_bind_text(q, 4, rated->product);
    db_bind_text(q, 5, rated->rule_hash);
    db_bind_i64(q, 6, rated->sum_hundredths);
    db_bind_i64(q, 7, rated->members);
    db_bind_i64(q, 8, rated->star);
    db_bind_i64(q, 9, rated->star_by_points);
    db_bind_u64(q, 10, seq);
    db_bind_i64(q, 11, rated->star_by_marks);
    store_bind_text_or_null(q, 12, rated->has_rubric, rated->rubric);
    store_bind_text_or_null(q, 13, rated->has_rubric_hash, rated->rubric_hash);
    e = db_run(q);
    return e ? e : add_reasons(s, rated);
}

enum err store_forward_rating(struct store *s, struct slice council,
                              const struct product_forwarded *forwarded)
{
    sqlite3_stmt *q = s->statements[FORWARD_RATING];

    db_bind_text(q, 1, council);
    db_bind_text(q, 2, forwarded->dossier);
    db_bind_text(q, 3, slice_text(level_word(forwarded->to)));
    return db_run(q);
}

enum err store_remand_rating(struct store *s, struct slice council, const struct product_remanded *remanded)
{
    sqlite3_stmt *q = s->statements[REMAND_RATING];

    db_bind_text(q, 1, council);
    db_bind_text(q, 2, remanded->dossier);
    db_bind_text(q, 3, slice_text(level_word(remanded->level)));
    return db_run(q);
}

enum err store_has_closing(struct store *s, struct slice event, bool *out)
{
    sqlite3_stmt *q = s->statements[HAS_CLOSING];
    enum err e = ERR_NONE;

    db_bind_text(q, 1, event);
    e = store_one_row(q);
    if (e) return e;
    *out = db_i64(q, 0) != 0;
    db_done(q);
    return ERR_NONE;
}

enum err store_add_closing(struct store *s, struct slice event, const struct round_closed *closed,
                           const struct round_settled *settled)
{
    sqlite3_stmt *q = s->statements[ADD_CLOSING];

    db_bind_text(q, 1, event);
    db_bind_text(q, 2, closed->council);
    db_bind_i64(q, 3, closed->closed_on);
    db_bind_i64(q, 4, settled->rated);
    db_bind_i64(q, 5, settled->held);
    return db_run(q);
}
