/* recompute.c - what was counted and rated, computed again from the sheets and the law in the log.
 *
 * The store is the fold of everything before: sheets as they were submitted, rules as they were adopted. So
 * nothing here rests on a number that scoring itself once announced.
 */
#include "common/mp.h"
#include "services/scoring/handler_inside.h"

#include <stdio.h>

enum { RECOMPUTE_ZONE_BYTES = 16 * 1024 };

/* One outcome under comparison. */
struct comparison {
    struct turn *turn;
    const struct record *outcome;
    struct recount *recount;
    const struct event_kind *kind;
    msgpack_zone *zone;
    const char *what;
    struct slice product, council;
};

static void name_it(const struct comparison *c)
{
    fprintf(c->recount->out_file,
            "record %llu: %s of product %.*s in council %.*s: ", (unsigned long long)c->outcome->seq, c->what,
            SLICE_ARG(c->product), SLICE_ARG(c->council));
}

static void print_value(FILE *out, const msgpack_object *o)
{
    if (o)
        msgpack_object_print(out, *o);
    else
        fprintf(out, "nothing");
}

static bool same_value(const msgpack_object *a, const msgpack_object *b)
{
    return a && b ? msgpack_object_equal(*a, *b) : a == b;
}

/* Say the first field that differs, and how many more do. */
static bool differs(const struct comparison *c, const msgpack_object *recorded,
                    const msgpack_object *computed)
{
    FILE *out = c->recount->out_file;
    size_t found = 0;

    for (size_t i = 0; i < c->kind->field_count; i++) {
        const char *name = c->kind->fields[i].name;
        const msgpack_object *was = mp_find(recorded, name), *is = mp_find(computed, name);

        if (same_value(was, is) || found++ > 0) continue;
        name_it(c);
        fprintf(out, "%s: recorded ", name);
        print_value(out, was);
        fprintf(out, ", computed ");
        print_value(out, is);
    }
    if (found > 1) fprintf(out, " (and %zu more)", found - 1);
    if (found) fprintf(out, "\n");
    return found > 0;
}

/* Hold the recorded outcome against `computed`; `failed` is why there is none. */
static enum err compare(const struct comparison *c, const void *computed, enum err failed)
{
    const struct why *why = turn_why(c->turn);
    struct buf bytes = { 0 };
    msgpack_object object;
    enum err e = failed;

    if (!e) e = codec_encode(c->kind, computed, &bytes, turn_why(c->turn));
    if (!e) e = mp_read(buf_slice(&bytes), c->zone, &object, turn_why(c->turn));
    if (!e && differs(c, &turn_envelope(c->turn)->data, &object)) {
        c->recount->differences++;
    } else if (e && err_fate(e) != FATE_STOP) {
        c->recount->differences++;
        name_it(c);
        fprintf(c->recount->out_file, "recorded, but cannot be computed: %s\n",
                why->sentence[0] ? why->sentence : err_sentence(e));
        e = ERR_NONE;
    } else if (!e && c->recount->key && c->kind == &product_rated_kind) {
        fprintf(c->recount->out_file, "same\n");
    }
    buf_fini(&bytes);
    return e;
}

/* --- a sheet --- */

static enum err count_again(struct turn *turn, bool replaces, struct sheet_counted *out)
{
    struct sheet_submitted sheet;
    struct council council;
    struct dossier dossier;
    struct marked_sheet marked;
    struct law law;
    enum err e = turn_cause_envelope(turn) ? ERR_NONE : ERR_UNREADABLE;

    if (!e) e = sheet_submitted_decode(turn_cause_envelope(turn), turn_zone(turn), &sheet, turn_why(turn));
    if (!e) e = store_find_council(turn_store(turn), sheet.council, turn_zone(turn), &council);
    if (!e) e = find_dossier(turn, sheet.dossier, &dossier);
    if (!e) e = find_law(turn, &council, &dossier, &law);
    if (!e) e = scoring_mark_sheet(law.set, law.rubric, &sheet, &marked, turn_why(turn));
    if (!e) *out = sheet_worth(&sheet, &dossier, &marked, law.set, replaces);
    return e;
}

static bool same_sheet(const struct sheet_counted *a, const struct sheet_counted *b)
{
    return slice_equal(a->council, b->council) && slice_equal(a->member, b->member) &&
           slice_equal(a->dossier, b->dossier) && slice_equal(a->product, b->product) &&
           a->total_hundredths == b->total_hundredths && a->has_a_hundredths == b->has_a_hundredths &&
           a->has_b_hundredths == b->has_b_hundredths && a->has_c_hundredths == b->has_c_hundredths &&
           (!a->has_a_hundredths || a->a_hundredths == b->a_hundredths) &&
           (!a->has_b_hundredths || a->b_hundredths == b->b_hundredths) &&
           (!a->has_c_hundredths || a->c_hundredths == b->c_hundredths);
}

static enum err recompute_sheet(struct comparison *c)
{
    struct turn *turn = c->turn;
    struct sheet_counted recorded, computed;
    enum err e = sheet_counted_decode(turn_envelope(turn), turn_zone(turn), &recorded, turn_why(turn));

    if (e) return e == ERR_NOMEM ? e : ERR_NONE; /* applying it will fail and say so */
    if (c->recount->key && !slice_is(recorded.product, c->recount->key)) return ERR_NONE;
    c->recount->known = true;
    c->kind = &sheet_counted_kind;
    c->what = "a sheet";
    c->product = recorded.product;
    c->council = recorded.council;
    c->zone = turn_zone(turn);
    e = count_again(turn, recorded.replaces, &computed);
    return !e && same_sheet(&recorded, &computed) ? ERR_NONE : compare(c, &computed, e);
}

/* --- a rating --- */

static void print_line(FILE *out, const char *name, int64_t sum, int64_t members)
{
    const int64_t mean = sum / members; /* cut off, so that no border is crossed by showing it */

    fprintf(out, "  %-16s %7lld.%02lld %8lld %5lld.%02lld\n", name, (long long)(sum / POINT),
            (long long)(sum % POINT), (long long)members, (long long)(mean / POINT),
            (long long)(mean % POINT));
}

static void print_sums(FILE *out, const struct result *r)
{
    const int64_t members = r->tally.members;
    const struct rubric *rubric = r->law.rubric;

    fprintf(out, "  %-16s %10s %8s %8s\n", "criterion", "sum", "members", "mean");
    for (size_t i = 0; rubric && i < rubric->criterion_count; i++)
        print_line(out, rubric->criteria[i].key, r->tally.criterion_sum_hundredths[i], members);
    for (size_t i = 0; r->law.set->sheet != SHEET_TOTAL && i < RUBRIC_PARTS; i++) {
        const char part[] = { 'p', 'a', 'r', 't', ' ', "ABC"[i], 0 };

        print_line(out, part, r->tally.part_sum_hundredths[i], members);
    }
    print_line(out, "total", r->tally.sum_hundredths, members);
}

static void print_star(FILE *out, const struct result *r)
{
    const struct rating *rating = &r->rating;

    fprintf(out, "  stars            %d (%d by points", rating->star, rating->star_by_points);
    if (r->law.rubric) fprintf(out, ", %d by marks", rating->star_by_marks);
    fputs(")\n", out);
    for (size_t i = 0; i < rating->missed_count; i++) {
        const struct missed_mark *m = &rating->missed[i];
        const int64_t mean = m->reached_sum_hundredths / r->tally.members;

        fprintf(out, "  not %lld stars      %.*s demands %lld.%02lld, its mean is %lld.%02lld\n",
                (long long)m->star, SLICE_ARG(m->criterion), (long long)(m->needed_hundredths / POINT),
                (long long)(m->needed_hundredths % POINT), (long long)(mean / POINT),
                (long long)(mean % POINT));
    }
    for (size_t i = 0; i < rating->gate_count; i++)
        fprintf(out, "  met              %.*s\n", SLICE_ARG(rating->gates[i].code));
}

static void print_rating(const struct comparison *c, const struct product_rated *computed,
                         const struct result *r)
{
    FILE *out = c->recount->out_file;

    fprintf(out, "product %.*s, dossier %.*s, council %.*s (%s), record %llu\n", SLICE_ARG(computed->product),
            SLICE_ARG(computed->reference), SLICE_ARG(computed->council), level_word(computed->level),
            (unsigned long long)c->outcome->seq);
    fprintf(out, "  rule set         %.*s  %s\n", SLICE_ARG(computed->rule_set), r->law.set_hash);
    if (r->law.rubric)
        fprintf(out, "  rubric           %.*s  %s\n", SLICE_ARG(computed->rubric), r->law.rubric_hash);
    print_sums(out, r);
    print_star(out, r);
}

/* Ratings of before the day of the meeting was said in them lack it for good. */
static enum err rate_again(const struct comparison *c, const struct product_rated *recorded, struct result *r,
                           struct product_rated *out)
{
    struct round_closed closed;
    struct council council;
    enum err e = turn_cause_envelope(c->turn) ? ERR_NONE : ERR_UNREADABLE;

    if (!e) e = round_closed_decode(turn_cause_envelope(c->turn), c->zone, &closed, turn_why(c->turn));
    if (!e) e = store_find_council(turn_store(c->turn), c->council, c->zone, &council);
    if (!e) e = result_add_up(c->turn, &council, recorded->dossier, true, c->zone, r);
    if (!e && r->tally.members == 0)
        e = why_set(turn_why(c->turn), ERR_NOT_FOUND, "NO_SHEETS", "no sheet is on record");
    if (e) return e;
    result_rate(&council, turn_day(c->turn), closed.closed_on, r, out);
    out->has_closed_on = recorded->has_closed_on;
    if (c->recount->key) print_rating(c, out, r);
    return ERR_NONE;
}

static enum err recompute_rating(struct comparison *c)
{
    struct product_rated recorded, computed;
    struct result r;
    enum err e =
        product_rated_decode(turn_envelope(c->turn), turn_zone(c->turn), &recorded, turn_why(c->turn));

    if (e) return e == ERR_NOMEM ? e : ERR_NONE; /* applying it will fail and say so */
    if (c->recount->key && !slice_is(recorded.product, c->recount->key)) return ERR_NONE;
    c->recount->known = true;
    c->recount->computed++;
    c->kind = &product_rated_kind;
    c->what = "the rating";
    c->product = recorded.product;
    c->council = recorded.council;
    c->zone = msgpack_zone_new(RECOMPUTE_ZONE_BYTES);
    if (!c->zone) return ERR_NOMEM;
    e = rate_again(c, &recorded, &r, &computed);
    e = compare(c, &computed, e);
    msgpack_zone_free(c->zone);
    return e;
}

enum err scoring_recompute(struct turn *turn, const struct record *outcome, const struct record *cause,
                           struct recount *recount)
{
    struct comparison c = { .turn = turn, .outcome = outcome, .recount = recount };
    const struct slice type = turn_envelope(turn)->type;

    (void)cause;
    if (slice_is(type, sheet_counted_kind.type)) return recompute_sheet(&c);
    if (slice_is(type, product_rated_kind.type)) return recompute_rating(&c);
    return ERR_NONE;
}
