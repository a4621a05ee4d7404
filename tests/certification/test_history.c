/* Random histories, seeded: what the store and the questions answer for every day and several places of the
 * log equals what somebody would tell who walked from day to day; the order in which unrelated events arrive
 * does not matter; the same log makes the same store. */
#include "services/certification/store.h"
#include "tests/certification/feed.h"

#include <stdlib.h>

enum {
    DAYS = 900,    /* looked at, from FIRST_DAY on */
    NEW_LAW = 200, /* the second rule set begins so many days after the first */
    CLOSES = 30,   /* its window */
    EXTENDS = 40,  /* its extension */
    OPS = 22,      /* of one history */
    LEAVINGS = 8 * OPS
};
#define FIRST_DAY clock_day_from_civil(2026, 1, 1)

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static int32_t below(uint32_t *seed, uint32_t limit)
{
    return (int32_t)(next_random(seed) % limit);
}

/* --- the model: facts of one product, each with the operation that made it --- */

struct model_extension {
    int32_t from, to, ended_on;
    bool ended, low;
    int op, ended_op;
    char dossier[40];
};

struct model_certificate {
    char number[CERTIFICATION_NUMBER_BYTES];
    int32_t issued_on, ends_on;
    bool withdrawn;
    int op;
    struct model_extension extensions[OPS];
    int extension_count;
};

struct model_leaving {
    int certificate;
    enum status how;
    int32_t day;
    int op;
};

struct model {
    struct fixture *f;
    char product[16], province[3];
    uint32_t seed;
    int op;
    struct model_certificate certificates[OPS];
    int count;
    struct model_leaving leavings[LEAVINGS];
    int leaving_count;
};

static void add_leaving(struct model *m, int certificate, enum status how, int32_t day)
{
    assert_true(m->leaving_count < LEAVINGS);
    m->leavings[m->leaving_count++] =
        (struct model_leaving){ .certificate = certificate, .how = how, .day = day, .op = m->op };
}

/* What leaves on that day, as known after operation `as_of`; STATUS_UNKNOWN: nothing. */
static enum status leaves_on(const struct model *m, int certificate, int as_of, int32_t day)
{
    enum status how = STATUS_UNKNOWN;

    for (int i = 0; i < m->leaving_count; i++) {
        const struct model_leaving *l = &m->leavings[i];

        if (l->certificate != certificate || l->op > as_of || l->day != day) continue;
        if (how == STATUS_UNKNOWN) how = l->how;
    }
    return how;
}

/* The status on a day, `left` being what happened up to it. */
static enum status tell(const struct model_certificate *c, int as_of, int32_t day, enum status left)
{
    if (c->op > as_of || day < c->issued_on) return STATUS_UNKNOWN;
    if (left != STATUS_UNKNOWN) return left;
    if (day <= c->ends_on) return STATUS_VALID;
    for (int i = 0; i < c->extension_count; i++) {
        const struct model_extension *x = &c->extensions[i];

        if (x->op > as_of || day < x->from || day > x->to) continue;
        if (!x->ended || x->ended_op > as_of || day <= x->ended_on) return STATUS_VALID_PENDING;
    }
    return STATUS_EXPIRED;
}

/* Walk from the first day to `day`. */
static enum status walk(const struct model *m, int certificate, int as_of, int32_t day)
{
    const struct model_certificate *c = &m->certificates[certificate];
    enum status left = STATUS_UNKNOWN;

    for (int32_t d = c->issued_on; d <= day && left == STATUS_UNKNOWN; d++)
        left = leaves_on(m, certificate, as_of, d);
    return tell(c, as_of, day, left);
}

static bool in_force(const struct model *m, int certificate, int32_t day)
{
    const enum status s = walk(m, certificate, INT32_MAX, day);

    return s == STATUS_VALID || s == STATUS_VALID_PENDING;
}

/* --- operations: each is fed, and the model says what must come of it --- */

static void expect(struct model *m, size_t outcomes, const char *type)
{
    if (bench_outcomes(m->f->bench) != outcomes)
        fail_msg("operation %d of %s: %zu outcomes, not %zu", m->op, m->product, bench_outcomes(m->f->bench),
                 outcomes);
    if (outcomes && !slice_is(outcome(m->f, 0).type, type))
        fail_msg("operation %d of %s: %.*s, not %s", m->op, m->product, SLICE_ARG(outcome(m->f, 0).type),
                 type);
}

static void play_issue(struct model *m)
{
    const int32_t today = m->f->day, signed_on = today - below(&m->seed, 40);
    const int32_t first = signed_on + below(&m->seed, 30);
    const bool newer_law = below(&m->seed, 2);
    const int64_t star = 3 + below(&m->seed, 2);
    struct model_certificate *c = &m->certificates[m->count];
    const int before = m->leaving_count;
    char rated[40], number[40];
    struct decision_item item;
    struct slice text;
    struct envelope e;
    int newer = -1;

    snprintf(rated, sizeof rated, "r-%s-%d", m->product, m->op);
    snprintf(number, sizeof number, "%s/%d", m->product, m->op);
    item = line(m->product, rated, star);
    m->f->day = signed_on;
    rate_as(m->f, rated, rated, m->product, m->province, level_PROVINCE, newer_law ? "B" : "A", star);
    m->f->day = today;
    sign_as(m->f, authority_PROVINCE, m->province, number, signed_on, first, &item, 1);
    for (int i = 0; i < m->count; i++)
        if (in_force(m, i, first)) add_leaving(m, i, STATUS_REPLACED, first);
    for (int i = 0; i < m->count; i++) {
        const int32_t begins = m->certificates[i].issued_on;

        if (begins <= first || !in_force(m, i, begins)) continue;
        if (newer < 0 || begins < m->certificates[newer].issued_on) newer = i;
    }
    if (newer >= 0) add_leaving(m, m->count, STATUS_REPLACED, m->certificates[newer].issued_on);
    c->issued_on = first;
    c->ends_on = clock_day_add_months(first, newer_law ? 2 : 3);
    c->op = m->op;
    m->count++;
    expect(m, 2 + (size_t)(m->leaving_count - before), "certification.recognition.accepted");
    e = outcome(m->f, 1);
    assert_true(mp_text(mp_find(&e.data, "certificate"), &text));
    snprintf(c->number, sizeof c->number, "%.*s", SLICE_ARG(text));
}

static void play_withdraw(struct model *m)
{
    const int which = below(&m->seed, (uint32_t)m->count);
    const int32_t signed_on = m->f->day - below(&m->seed, 40);
    struct model_certificate *c = &m->certificates[which];
    const struct revocation_decided decided = { .number = slice_text("9/QĐ"),
                                                .signed_on = signed_on,
                                                .authority = authority_PROVINCE,
                                                .province = slice_text(m->province),
                                                .certificate = slice_text(c->number),
                                                .ground = ground_CRITERIA_LOST };
    const bool stands = !c->withdrawn && in_force(m, which, signed_on);

    feed(m->f, "authority", &revocation_decided_kind, m->province, NULL, &decided);
    expect(m, stands ? 2 : 1,
           stands ? "certification.revocation.accepted" : "certification.revocation.refused");
    if (!stands) return;
    c->withdrawn = true;
    add_leaving(m, which, STATUS_WITHDRAWN, signed_on);
}

static int latest(const struct model *m)
{
    int found = 0;

    for (int i = 1; i < m->count; i++) {
        const struct model_certificate *a = &m->certificates[found], *b = &m->certificates[i];

        if (b->issued_on > a->issued_on || (b->issued_on == a->issued_on && strcmp(b->number, a->number) > 0))
            found = i;
    }
    return found;
}

static bool left_ever(const struct model *m, int certificate)
{
    for (int i = 0; i < m->leaving_count; i++)
        if (m->leavings[i].certificate == certificate) return true;
    return false;
}

/* For the first dossier by the law, for later ones to the same day while none was rated too low. */
static bool would_extend(const struct model_certificate *c, int32_t today)
{
    const int32_t law = FIRST_DAY + NEW_LAW;

    for (int i = 0; i < c->extension_count; i++)
        if (c->extensions[i].low) return false;
    if (today < law || today < c->issued_on || today > c->ends_on + EXTENDS) return false;
    return c->ends_on >= law && c->ends_on - CLOSES < law;
}

static void play_dossier(struct model *m)
{
    const bool named = below(&m->seed, 2);
    const int which = named ? below(&m->seed, (uint32_t)m->count) : latest(m);
    const int32_t today = m->f->day;
    struct model_certificate *c = &m->certificates[which];
    const bool extends = !left_ever(m, which) && would_extend(c, today);
    struct model_extension *x = &c->extensions[c->extension_count];
    char dossier[40];
    struct dossier_accepted accepted;

    snprintf(dossier, sizeof dossier, "d-%s-%d", m->product, m->op);
    accepted = (struct dossier_accepted){ .reference = slice_text(dossier),
                                          .product = slice_text(m->product),
                                          .kind = dossier_kind_RE_RATING,
                                          .name = slice_text("Miến dong"),
                                          .owner = slice_text("HTX"),
                                          .province = slice_text(m->province),
                                          .round = slice_text("2026-1"),
                                          .rule_set = slice_text("B"),
                                          .has_certificate = named,
                                          .certificate = slice_text(named ? c->number : NULL) };
    feed(m->f, "intake", &dossier_accepted_kind, m->province, dossier, &accepted);
    expect(m, extends, "certification.certificate.extended");
    if (!extends) return;
    c->extension_count++;
    x->from = today > c->ends_on ? today : c->ends_on + 1;
    x->to = c->ends_on + EXTENDS;
    x->op = m->op;
    snprintf(x->dossier, sizeof x->dossier, "%s", dossier);
}

/* The result of a dossier that an extension waits for: too few stars, or taken back. */
static void play_result(struct model *m)
{
    const bool low = below(&m->seed, 2);
    struct withdrawal_accepted accepted = { .product = slice_text(m->product) };
    const struct model_certificate *of = NULL;
    struct model_extension *x = NULL;
    char rated[40];
    bool ends, alone = true;

    for (int i = 0, seen = 0; i < m->count; i++)
        for (int k = 0; k < m->certificates[i].extension_count; k++) {
            if (below(&m->seed, (uint32_t)++seen)) continue;
            of = &m->certificates[i];
            x = &m->certificates[i].extensions[k];
        }
    if (!x) return;
    for (int k = 0; k < of->extension_count; k++)
        if (&of->extensions[k] != x && !of->extensions[k].ended && m->f->day <= of->extensions[k].to)
            alone = false;
    snprintf(rated, sizeof rated, "r-%s-%d", m->product, m->op);
    accepted.dossier = slice_text(x->dossier);
    if (low)
        rate_as(m->f, rated, x->dossier, m->product, m->province, level_PROVINCE, "B", 2);
    else
        feed(m->f, "intake", &withdrawal_accepted_kind, m->province, NULL, &accepted);
    ends = !x->ended && m->f->day <= x->to;
    expect(m, ends && alone, "certification.extension.ended");
    x->low = x->low || low;
    if (!ends) return;
    x->ended = true;
    x->ended_on = m->f->day;
    x->ended_op = m->op;
}

static void play(struct model *m)
{
    m->op++;
    switch (m->count == 0 ? 0 : below(&m->seed, 7)) {
    case 0:
    case 1:
        if (m->count < OPS) play_issue(m);
        break;
    case 2:
        play_withdraw(m);
        break;
    case 3:
    case 4:
    case 5:
        play_dossier(m);
        break;
    default:
        play_result(m);
        break;
    }
}

/* Two rule sets: B from NEW_LAW on, with a window and an extension. Neither has notices. */
static void adopt_two(struct fixture *f, bool newer_first)
{
    const struct star_authority always[] = { recogniser(3, authority_PROVINCE, INT32_MIN, INT32_MAX),
                                             recogniser(4, authority_PROVINCE, INT32_MIN, INT32_MAX),
                                             recogniser(5, authority_MINISTRY, INT32_MIN, INT32_MAX) };
    struct rules_adopted a = a_rule_set("A", always, NULL, 0), b = a_rule_set("B", always, NULL, 0);

    a.term_months = 3;
    b.term_months = 2;
    b.has_first_day = b.has_window_closes_days = b.has_extension_days = true;
    b.first_day = FIRST_DAY + NEW_LAW;
    b.window_closes_days = CLOSES;
    b.extension_days = EXTENDS;
    adopt(f, newer_first ? &b : &a);
    adopt(f, newer_first ? &a : &b);
}

static void begin(struct model *m, struct fixture *f, int product, uint32_t seed)
{
    memset(m, 0, sizeof *m);
    m->f = f;
    m->seed = seed;
    snprintf(m->product, sizeof m->product, "P%d", product);
    m->province[0] = (char)('1' + product / 10 % 9);
    m->province[1] = (char)('0' + product % 10);
}

/* --- every day, several places of the log --- */

static int find_number(const struct model *m, struct slice number)
{
    for (int i = 0; i < m->count; i++)
        if (slice_is(number, m->certificates[i].number)) return i;
    fail_msg("nobody issued %.*s", SLICE_ARG(number));
    return -1;
}

/* Walk along all days, and look at each. */
static void compare_days(const struct model *m, const struct certificate *row, int as_of)
{
    const int which = find_number(m, row->certificate);
    const struct model_certificate *c = &m->certificates[which];
    enum status left = STATUS_UNKNOWN;

    for (int32_t d = FIRST_DAY - 50; d < FIRST_DAY + DAYS; d++) {
        const enum status said = status_on(&row->facts, d).status;

        if (d >= c->issued_on && left == STATUS_UNKNOWN) left = leaves_on(m, which, as_of, d);
        if (said != tell(c, as_of, d, left))
            fail_msg("%s on day %d as of %d is %s, walked %s", c->number, (int)(d - FIRST_DAY), as_of,
                     status_word(said), status_word(tell(c, as_of, d, left)));
    }
}

static void compare(const struct model *m, int as_of, int64_t place)
{
    struct store_certificate *first = NULL;
    msgpack_zone *zone = msgpack_zone_new(8192);
    size_t count = 0;
    int known = 0;

    assert_non_null(zone);
    assert_int_equal(
        store_list_by_product(bench_store(m->f->bench), slice_text(m->product), place, zone, &first, &count),
        ERR_NONE);
    for (int i = 0; i < m->count; i++)
        known += m->certificates[i].op <= as_of;
    assert_int_equal(count, known);
    for (; first; first = first->next)
        compare_days(m, &first->row, as_of);
    msgpack_zone_free(zone);
}

static int64_t place_now(struct fixture *f)
{
    char text[24];

    feed_place(f, text);
    return strtoll(text, NULL, 10);
}

/* In force before pending before the latest that ended before what was replaced. When two of one first day
 * both ended, either may speak, and nothing is compared. */
static void compare_product(const struct model *m, int32_t day)
{
    enum status best = STATUS_UNKNOWN;
    int32_t ended = INT32_MIN;
    bool valid = false, pending = false, replaced = false, two = false;

    for (int i = 0; i < m->count; i++) {
        const enum status s = walk(m, i, INT32_MAX, day);
        const int32_t began = m->certificates[i].issued_on;

        valid = valid || s == STATUS_VALID;
        pending = pending || s == STATUS_VALID_PENDING;
        replaced = replaced || s == STATUS_REPLACED;
        if ((s != STATUS_EXPIRED && s != STATUS_WITHDRAWN) || began < ended) continue;
        two = began == ended && s != best;
        best = s;
        ended = began;
    }
    if (best == STATUS_UNKNOWN && replaced) best = STATUS_REPLACED;
    if (pending) best = STATUS_VALID_PENDING;
    if (valid) best = STATUS_VALID;
    if (!two || valid || pending) assert_status(m->f, "product", m->product, day, "", status_word(best));
}

static void one_history(struct fixture *f, int product, uint32_t seed)
{
    struct model m;
    int64_t places[OPS + 1] = { 0 };
    int looked[3];

    f->day = FIRST_DAY;
    begin(&m, f, product, seed);
    for (int i = 0; i < 3; i++)
        looked[i] = 1 + below(&m.seed, OPS);
    for (int i = 0; i < OPS; i++) {
        play(&m);
        if (m.op == looked[0] || m.op == looked[1] || m.op == looked[2]) places[m.op] = place_now(f);
        f->day += below(&m.seed, 40);
        if (seed % 3 == 0) start_day(f, f->day); /* it must not matter */
    }
    for (int i = 0; i < 3; i++) {
        compare(&m, looked[i], places[looked[i]]);
        compare_product(&m, FIRST_DAY + below(&m.seed, DAYS));
    }
    compare(&m, INT32_MAX, STORE_NOW);
}

/* HISTORY=seed plays one; HISTORIES=n so many. A store serves many products, each of which begins anew. */
static void histories_equal_a_walk_from_day_to_day(void **state)
{
    enum { IN_ONE_STORE = 100 };
    const char *only = getenv("HISTORY"), *many = getenv("HISTORIES");
    const uint32_t from = only ? (uint32_t)strtoul(only, NULL, 10) : 0;
    const uint32_t to = only ? from + 1 : many ? (uint32_t)strtoul(many, NULL, 10) : 1000;
    struct fixture f = { 0 };

    (void)state;
    for (uint32_t seed = from; seed < to; seed++) {
        if (!f.bench) {
            assert_int_equal(feed_open(&f), 0);
            f.day = FIRST_DAY;
            adopt_two(&f, seed / IN_ONE_STORE % 2);
        }
        one_history(&f, (int)(seed % IN_ONE_STORE), seed);
        if ((seed + 1) % IN_ONE_STORE == 0) feed_close(&f);
    }
    feed_close(&f);
}

/* --- unrelated events in another order --- */

enum { PRODUCTS = 6, STEPS = 20 };

/* Products of different provinces, a step of each on each day, in an order that `order` shuffles. The records
 * of a product have the same ids in every order. */
static void play_together(struct fixture *f, struct model models[PRODUCTS], uint32_t order)
{
    f->day = FIRST_DAY;
    adopt_two(f, order % 2);
    for (int p = 0; p < PRODUCTS; p++)
        begin(&models[p], f, p, 77u + (uint32_t)p);
    for (int step = 0; step < STEPS; step++) {
        int turns[PRODUCTS];

        for (int p = 0; p < PRODUCTS; p++) {
            const int other = below(&order, (uint32_t)p + 1);

            turns[p] = turns[other];
            turns[other] = p;
        }
        for (int p = 0; p < PRODUCTS; p++) {
            f->fed = turns[p] * 100000 + step * 100;
            play(&models[turns[p]]);
        }
        f->day += 23;
    }
}

static void pack_answer(struct fixture *f, const char *question, const char *key, const char *value,
                        int32_t day, struct buf *all)
{
    char text[CLOCK_DAY_TEXT + 1];
    struct buf arguments = { 0 };
    struct why why = { 0 };
    msgpack_packer p;

    clock_day_text(day, text);
    msgpack_packer_init(&p, &arguments, buf_pack_write);
    msgpack_pack_map(&p, key ? 2 : 1);
    buf_pack_text(&p, "day");
    buf_pack_text(&p, text);
    if (key) {
        buf_pack_text(&p, key);
        buf_pack_text(&p, value);
    }
    assert_int_equal(bench_ask(f->bench, question, buf_slice(&arguments), all, &why), ERR_NONE);
    buf_fini(&arguments);
}

static void all_answers(uint32_t order, struct buf *all)
{
    static struct model models[PRODUCTS];
    struct fixture f;

    assert_int_equal(feed_open(&f), 0);
    play_together(&f, models, order);
    for (int32_t d = FIRST_DAY; d < FIRST_DAY + DAYS; d += 7) {
        for (int p = 0; p < PRODUCTS; p++)
            pack_answer(&f, "product", "product", models[p].product, d, all);
        pack_answer(&f, "summary", NULL, NULL, d, all);
    }
    feed_close(&f);
}

static void the_order_of_unrelated_events_does_not_matter(void **state)
{
    struct buf first = { 0 };

    (void)state;
    all_answers(1, &first);
    assert_true(first.size > 10000);
    for (uint32_t order = 2; order <= 12; order++) {
        struct buf other = { 0 };

        all_answers(order, &other);
        assert_true(slice_equal(buf_slice(&first), buf_slice(&other)));
        buf_fini(&other);
    }
    buf_fini(&first);
}

/* --- the same log again --- */

struct again {
    struct bench *bench;
};

static void feed_again(void *context, const char *publisher, const char *topic, struct slice envelope,
                       int64_t at_ms)
{
    const struct again *again = context;

    assert_int_equal(bench_feed(again->bench, publisher, topic, envelope, at_ms), ERR_NONE);
}

static char *dump(struct bench *bench)
{
    struct why why = { 0 };
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(db_dump(bench_db(bench), true, out, &why), ERR_NONE);
    fclose(out);
    return text;
}

static void the_same_log_makes_the_same_store(void **state)
{
    static struct model models[PRODUCTS];
    struct fixture f;
    struct again again = { NULL };
    struct why why = { 0 };
    char *first, *second;

    (void)state;
    assert_int_equal(feed_open(&f), 0);
    assert_int_equal(bench_new(&certification_service, ":memory:", &again.bench, &why), ERR_NONE);
    f.tap = feed_again;
    f.tap_context = &again;
    play_together(&f, models, 5);
    start_day(&f, FIRST_DAY + DAYS);
    first = dump(f.bench);
    second = dump(again.bench);
    assert_true(strlen(first) > 5000);
    assert_string_equal(first, second);
    free(first);
    free(second);
    bench_destroy(&again.bench);
    feed_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_equal_a_walk_from_day_to_day),
        cmocka_unit_test(the_order_of_unrelated_events_does_not_matter),
        cmocka_unit_test(the_same_log_makes_the_same_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
