/* test_star.c - the rules: which star comes out, what is held, whatever the order of the members. */
#include "tests/scoring/small_law.h"

/* --- the star --- */

/* The tally of sheets that only have totals; the first is the chair's. */
static struct tally totals(const int64_t *values, size_t count)
{
    struct tally tally = { 0 };

    for (size_t i = 0; i < count; i++) {
        const struct marked_sheet sheet = { .total_hundredths = values[i] };

        scoring_add(&tally, &sheet, i == 0 ? seat_CHAIR : seat_MEMBER);
    }
    return tally;
}

struct band_case {
    const char *says;
    int64_t totals[4];
    size_t count;
    int32_t star;
};

static const struct band_case band_cases[] = {
    { "nothing is one star", { 0 }, 1, 1 },
    { "29.99 is one star", { 2999 }, 1, 1 },
    { "30 is two", { 3000 }, 1, 2 },
    { "49.99 is two", { 4999 }, 1, 2 },
    { "50 is three", { 5000 }, 1, 3 },
    { "69.99 is three", { 6999 }, 1, 3 },
    { "70 is four", { 7000 }, 1, 4 },
    { "70.9 was rated four", { 7090 }, 1, 4 },
    { "89.99 is four", { 8999 }, 1, 4 },
    { "90 is five", { 9000 }, 1, 5 },
    { "100 is five", { 10000 }, 1, 5 },
    { "73 + 61 + 76 is a mean of exactly 70", { 7300, 6100, 7600 }, 3, 4 },
    { "a mean of 69.9966... is not rounded up", { 7000, 7000, 6999 }, 3, 3 },
    { "a mean of 89.9975 is not rounded up", { 9000, 9000, 9000, 8999 }, 4, 4 },
};

static void the_star_is_that_of_the_exact_mean(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof band_cases / sizeof *band_cases; i++) {
        const struct tally tally = totals(band_cases[i].totals, band_cases[i].count);
        struct rating rating;

        scoring_rate(total_set, NULL, level_PROVINCE, 0, &tally, &rating);
        if (rating.star != band_cases[i].star || rating.star_by_points != band_cases[i].star)
            fail_msg("%s: %d", band_cases[i].says, rating.star);
        assert_int_equal(rating.missed_count, 0);
        assert_int_equal(rating.has_authority, rating.star >= 3);
        assert_false(rating.forwarded);
    }
}

/* Sheets by option numbers of A.1.1, B.2, C.3, and gates; the first is the chair's. */
struct ballot {
    int64_t a, b, c;
    bool stops, noted;
};

static struct tally ballots(const struct ballot *b, size_t count)
{
    struct tally tally = { 0 };

    for (size_t i = 0; i < count; i++) {
        const struct chosen options[] = { CHOSEN("A.1.1", b[i].a), CHOSEN("B.2", b[i].b),
                                          CHOSEN("C.3", b[i].c) };
        struct sheet_submitted sheet = sheet_of(options, 3);
        struct met gates[2];
        struct marked_sheet marked;

        if (b[i].stops) gates[sheet.gates_count++].code = text("STOPS");
        if (b[i].noted) gates[sheet.gates_count++].code = text("NOTED");
        sheet.gates = gates;
        assert_int_equal(scoring_mark_sheet(set, rubric, &sheet, &marked, NULL), ERR_NONE);
        scoring_add(&tally, &marked, i == 0 ? seat_CHAIR : seat_MEMBER);
    }
    return tally;
}

static void a_missed_mark_lowers_the_star_to_the_highest_without_one(void **state)
{
    const struct ballot all[] = { { 3, 3, 2, false, false } };   /* 100 */
    const struct ballot less[] = { { 2, 3, 2, false, false } };  /* 90, five-star mark missed */
    const struct ballot least[] = { { 1, 3, 2, false, false } }; /* 70, three-star mark missed */
    const struct ballot low[] = { { 1, 1, 1, false, false } };   /* 30: no marks are asked of two stars */
    struct rating rating;
    struct tally tally = ballots(all, 1);

    (void)state;
    scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
    assert_int_equal(rating.star, 5);
    assert_int_equal(rating.missed_count, 0);
    assert_int_equal(rating.star_by_marks, 5);
    assert_true(rating.forwarded && rating.to == level_CENTRE);
    assert_false(rating.has_authority); /* five stars are the centre's, who has yet to look at it */

    tally = ballots(less, 1);
    scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
    assert_int_equal(rating.star_by_points, 5);
    assert_int_equal(rating.star, 4);
    assert_int_equal(rating.missed_count, 1);
    assert_int_equal(rating.missed[0].star, 5);
    assert_true(slice_is(rating.missed[0].criterion, "A.1.1"));
    assert_int_equal(rating.missed[0].needed_hundredths, 4000);
    assert_int_equal(rating.missed[0].reached_sum_hundredths, 3000);
    assert_true(rating.has_authority && rating.authority == authority_PROVINCE);
    assert_true(rating.forwarded);

    tally = ballots(least, 1);
    scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
    assert_int_equal(rating.star_by_points, 4);
    assert_int_equal(rating.star, 2);
    assert_int_equal(rating.star_by_marks, 2);
    assert_int_equal(rating.missed_count, 1); /* the five-star mark is beyond its points */
    assert_false(rating.has_authority);

    tally = ballots(low, 1);
    scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
    assert_int_equal(rating.star, 2);
    assert_int_equal(rating.missed_count, 0);
}

static void a_mark_is_reached_by_the_exact_mean_or_by_every_member(void **state)
{
    /* Two of three reach 30 in A.1.1, one 10: the mean 23.3 misses it. With one 40 the mean is 30: reached.
     */
    const struct ballot misses[] = { { 2, 3, 2, false, false },
                                     { 2, 3, 2, false, false },
                                     { 1, 3, 2, false, false } };
    const struct ballot reaches[] = { { 3, 3, 2, false, false },
                                      { 3, 3, 2, false, false },
                                      { 1, 3, 2, false, false } };
    struct rating rating;
    struct tally tally = ballots(misses, 3);

    (void)state;
    scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
    assert_int_equal(rating.star, 2);
    assert_int_equal(rating.missed[0].reached_sum_hundredths, 7000);
    tally = ballots(reaches, 3);
    scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
    assert_int_equal(rating.star, 4); /* 90 by points, the five-star mark of 40 is missed */
    set->mark_every_member = true;
    scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
    assert_int_equal(rating.star, 2);
    set->mark_every_member = false;
}

static void a_gate_ends_the_evaluation_when_more_than_half_name_it(void **state)
{
    const struct ballot half[] = { { 3, 3, 2, true, true }, { 3, 3, 2, false, true } };
    const struct ballot more[] = { { 3, 3, 2, true, false },
                                   { 3, 3, 2, true, false },
                                   { 3, 3, 2, false, false } };
    struct rating rating;
    struct tally tally = ballots(half, 2);

    (void)state;
    scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
    assert_int_equal(rating.star, 5);
    assert_int_equal(rating.gate_count, 1); /* NOTED is met and ends nothing */
    assert_true(slice_is(rating.gates[0].code, "NOTED"));
    set->gate_any = true;
    scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
    assert_int_equal(rating.star, 0);
    set->gate_any = false;
    tally = ballots(more, 3);
    scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
    assert_int_equal(rating.star, 0);
    assert_int_equal(rating.star_by_points, 5);
    assert_false(rating.has_authority);
    assert_false(rating.forwarded);
}

static void only_a_province_sends_up(void **state)
{
    const struct ballot all[] = { { 3, 3, 2, false, false } };
    const struct tally tally = ballots(all, 1);
    struct rating rating;

    (void)state;
    scoring_rate(set, rubric, level_CENTRE, 0, &tally, &rating);
    assert_int_equal(rating.star, 5);
    assert_false(rating.forwarded);
}

static void a_product_is_held_without_quorum_chair_or_agreement(void **state)
{
    const struct council c = small_council(level_PROVINCE); /* four members, 75 %, ten points */
    const int64_t values[] = { 7000, 7500, 8000, 6900 };
    struct tally tally = totals(values, 2);

    (void)state;
    assert_int_equal(scoring_weigh(total_set, NULL, &c, &tally, NULL), CLOSING_HOLDS_QUORUM);
    tally = totals(values, 3);
    assert_int_equal(scoring_weigh(total_set, NULL, &c, &tally, NULL),
                     CLOSING_RATES); /* exactly ten points apart */
    tally.chair = false;
    assert_int_equal(scoring_weigh(total_set, NULL, &c, &tally, NULL), CLOSING_HOLDS_CHAIR);
    tally = totals(values, 4);
    assert_int_equal(scoring_weigh(total_set, NULL, &c, &tally, NULL), CLOSING_HOLDS_SPREAD);
    tally = totals(NULL, 0);
    assert_int_equal(scoring_weigh(total_set, NULL, &c, &tally, NULL), CLOSING_HOLDS_QUORUM);
}

static void a_product_that_a_gate_ended_is_not_held_for_its_points(void **state)
{
    const struct council c = small_council(level_PROVINCE);
    const struct ballot far[] = { { 3, 3, 2, true, false },
                                  { 1, 1, 1, true, false },
                                  { 3, 3, 2, true, false } };
    const struct ballot free_[] = { { 3, 3, 2, true, false },
                                    { 1, 1, 1, false, false },
                                    { 3, 3, 2, false, false } };
    struct tally tally = ballots(far, 3);

    (void)state;
    assert_int_equal(scoring_weigh(set, rubric, &c, &tally, NULL), CLOSING_RATES);
    tally = ballots(free_, 3);
    assert_int_equal(scoring_weigh(set, rubric, &c, &tally, NULL), CLOSING_HOLDS_SPREAD);
}

static void a_conflict_takes_the_seat_out_of_the_quorum(void **state)
{
    const struct council c = small_council(level_PROVINCE); /* four members, 75 % */
    const int64_t values[] = { 7000, 7000, 7000 };
    struct tally tally = totals(values, 2);

    (void)state;
    tally.conflicts = 1; /* two of three: 67 % */
    assert_int_equal(scoring_weigh(set, NULL, &c, &tally, NULL), CLOSING_HOLDS_QUORUM);
    tally.conflicts = 2; /* two of two */
    assert_int_equal(scoring_weigh(set, NULL, &c, &tally, NULL), CLOSING_RATES);
    tally = totals(values, 3);
    tally.conflicts = 1;
    set->conflict_in_quorum = true; /* three of four */
    assert_int_equal(scoring_weigh(set, NULL, &c, &tally, NULL), CLOSING_RATES);
    tally = totals(values, 2);
    tally.conflicts = 2; /* two of four */
    assert_int_equal(scoring_weigh(set, NULL, &c, &tally, NULL), CLOSING_HOLDS_QUORUM);
    set->conflict_in_quorum = false;
}

static void a_vice_chair_presides_only_for_a_chair_with_a_conflict(void **state)
{
    const struct council c = small_council(level_PROVINCE);
    const int64_t values[] = { 7000, 7000, 7000 };
    struct tally tally = totals(values, 3);

    (void)state;
    tally.chair = false;
    tally.vice_chair = true;
    assert_int_equal(scoring_weigh(set, NULL, &c, &tally, NULL), CLOSING_HOLDS_CHAIR);
    tally.conflicts = 1;
    tally.chair_conflict = true;
    assert_int_equal(scoring_weigh(set, NULL, &c, &tally, NULL), CLOSING_RATES);
    tally.vice_chair = false;
    assert_int_equal(scoring_weigh(set, NULL, &c, &tally, NULL), CLOSING_HOLDS_CHAIR);
}

/* A hold is said so that the council knows what to do. */
static void a_hold_says_what_is_missing(void **state)
{
    const struct council c = small_council(level_PROVINCE); /* four members, 75 %, ten points */
    const int64_t values[] = { 7000, 7500, 8005 };
    struct tally tally = totals(values, 2);
    struct why why = { { 0 }, { 0 } };

    (void)state;
    tally.chair = false;
    scoring_weigh(total_set, NULL, &c, &tally, &why);
    assert_string_equal(why.code, "QUORUM");
    assert_non_null(
        strstr(why.sentence, "2 of 4 members have a sheet, and 75 percent, which is 3, must, the chair"));
    why_clear(&why);
    tally.conflicts = 1;
    tally.chair = true;
    scoring_weigh(total_set, NULL, &c, &tally, &why);
    assert_non_null(strstr(why.sentence, "2 of 3 members without an interest have a sheet"));
    why_clear(&why);
    tally = totals(values, 3);
    tally.chair = false;
    scoring_weigh(total_set, NULL, &c, &tally, &why);
    assert_string_equal(why.code, "CHAIR");
    assert_non_null(strstr(why.sentence, "The chair has no sheet"));
    why_clear(&why);
    tally.chair_conflict = true;
    scoring_weigh(total_set, NULL, &c, &tally, &why);
    assert_non_null(strstr(why.sentence, "no vice-chair has a sheet"));
    why_clear(&why);
    tally.chair = true;
    scoring_weigh(total_set, NULL, &c, &tally, &why);
    assert_string_equal(why.code, "SPREAD");
    assert_non_null(strstr(why.sentence, "10.05 points apart, and at most 10.00"));
}

static void those_asked_again_hold_a_product(void **state)
{
    const struct council c = small_council(level_PROVINCE);
    const int64_t values[] = { 7000, 7100, 7200 };
    struct tally tally = totals(values, 3);

    (void)state;
    assert_true(scoring_is_far(&tally, 7000, false) && scoring_is_far(&tally, 7200, false));
    assert_false(scoring_is_far(&tally, 7100, false));
    tally.asked = 1;
    assert_int_equal(scoring_weigh(set, NULL, &c, &tally, NULL), CLOSING_HOLDS_SPREAD);
    assert_true(scoring_is_far(&tally, 7100, true)); /* only who is still asked */
    assert_false(scoring_is_far(&tally, 7000, false));
}

/* --- the minima of 781/QĐ-TTg --- */

static struct rules old_set, old_rubric;

static struct sheet_submitted best_sheet(const struct rubric *of, struct chosen options[RUBRIC_CRITERIA_MAX])
{
    for (size_t i = 0; i < of->criterion_count; i++) {
        size_t best = 0;

        for (size_t j = 1; j < of->criteria[i].option_count; j++)
            if (of->criteria[i].options[j].points_hundredths >
                of->criteria[i].options[best].points_hundredths)
                best = j;
        options[i] = (struct chosen){ text(of->criteria[i].key), of->criteria[i].options[best].n };
    }
    return sheet_of(options, of->criterion_count);
}

/* Three sheets of the best options, `naming` of which say that the minimum is not met. */
static struct rating rate_minimum(const char *code, size_t naming, const char *day)
{
    struct chosen options[RUBRIC_CRITERIA_MAX];
    struct sheet_submitted sheet = best_sheet(&old_rubric.u.rubric, options);
    const struct met gate[] = { { text(code) } };
    struct tally tally = { 0 };
    struct rating rating;
    int32_t on = 0;

    assert_int_equal(clock_day_parse(text(day), &on), ERR_NONE);
    for (size_t i = 0; i < 3; i++) {
        struct marked_sheet marked;

        sheet.gates = gate;
        sheet.gates_count = i < naming ? 1 : 0;
        assert_int_equal(scoring_mark_sheet(&old_set.u.set, &old_rubric.u.rubric, &sheet, &marked, NULL),
                         ERR_NONE);
        scoring_add(&tally, &marked, i == 0 ? seat_CHAIR : seat_MEMBER);
    }
    scoring_rate(&old_set.u.set, &old_rubric.u.rubric, level_CENTRE, on, &tally, &rating);
    return rating;
}

static void a_minimum_not_met_bars_its_star(void **state)
{
    const struct slice s = read_rules("qd-1048-2019.json"),
                       r = read_rules("qd-1048-2019-14-ca-phe-ca-cao.json");
    struct rating rating;

    (void)state;
    assert_int_equal(rules_parse(s, &old_set, NULL), ERR_NONE);
    assert_int_equal(rules_parse(r, &old_rubric, NULL), ERR_NONE);
    free((void *)(uintptr_t)s.data);
    free((void *)(uintptr_t)r.data);
    rating = rate_minimum("MIN781_4_UNIQUE", 1, "2020-06-08"); /* not most of them */
    assert_int_equal(rating.star, 5);
    rating = rate_minimum("MIN781_4_UNIQUE", 2, "2020-06-08");
    assert_int_equal(rating.star_by_points, 5);
    assert_int_equal(rating.star_by_marks, 3);
    assert_int_equal(rating.star, 3);
    assert_int_equal(rating.gate_count, 1);
    assert_true(slice_is(rating.gates[0].code, "MIN781_4_UNIQUE"));
    rating = rate_minimum("MIN781_4_UNIQUE", 3, "2020-06-07"); /* the day before 781 */
    assert_int_equal(rating.star, 5);
    assert_int_equal(rating.gate_count, 0);
    rating = rate_minimum("MIN781_3_STANDARD_DECLARED", 3, "2022-01-01");
    assert_int_equal(rating.star, 2);
}

static void a_minimum_of_other_sectors_is_no_gate(void **state)
{
    struct chosen options[RUBRIC_CRITERIA_MAX];
    struct sheet_submitted sheet = best_sheet(&old_rubric.u.rubric, options);
    const struct met gate[] = { { text("MIN781_4_FINENESS") } };
    struct marked_sheet marked;
    struct why why = { { 0 }, { 0 } };

    (void)state;
    sheet.gates = gate;
    sheet.gates_count = 1;
    assert_int_equal(scoring_mark_sheet(&old_set.u.set, &old_rubric.u.rubric, &sheet, &marked, &why),
                     ERR_INVALID);
    assert_string_equal(why.code, "GATE_UNKNOWN");
}

/* --- whatever the order --- */

static uint32_t seed = 30062025;

static int64_t dice(uint32_t sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % sides;
}

static void shuffle(struct ballot *b, size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        const size_t j = (size_t)dice((uint32_t)i + 1);
        const struct ballot kept = b[i];

        b[i] = b[j];
        b[j] = kept;
    }
}

static void expect_same(const struct rating *a, const struct rating *b)
{
    assert_int_equal(a->star, b->star);
    assert_int_equal(a->star_by_points, b->star_by_points);
    assert_int_equal(a->star_by_marks, b->star_by_marks);
    assert_int_equal(a->forwarded, b->forwarded);
    assert_int_equal(a->remanded, b->remanded);
    assert_int_equal(a->has_authority, b->has_authority);
    assert_int_equal(a->missed_count, b->missed_count);
    for (size_t i = 0; i < a->missed_count; i++) {
        assert_true(slice_equal(a->missed[i].criterion, b->missed[i].criterion));
        assert_int_equal(a->missed[i].reached_sum_hundredths, b->missed[i].reached_sum_hundredths);
    }
    assert_int_equal(a->gate_count, b->gate_count);
    for (size_t i = 0; i < a->gate_count; i++)
        assert_true(slice_equal(a->gates[i].code, b->gates[i].code));
}

static void the_order_of_members_does_not_matter(void **state)
{
    const struct council c = { .members = 9, .quorum_percent = 75, .spread_hundredths = 3000 };

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct ballot b[9];
        const size_t count = 1 + (size_t)dice(9);
        struct tally one, other;
        struct rating first, second;

        for (size_t i = 0; i < count; i++)
            b[i] = (struct ballot){ dice(4), dice(4), dice(5), dice(3) == 0, dice(3) == 0 };
        set->mark_every_member = dice(2) == 0;
        set->gate_any = dice(4) == 0;
        one = ballots(b, count);
        shuffle(b, count);
        other = ballots(b, count);
        assert_int_equal(one.sum_hundredths, other.sum_hundredths);
        assert_int_equal(scoring_weigh(set, rubric, &c, &one, NULL),
                         scoring_weigh(set, rubric, &c, &other, NULL));
        scoring_rate(set, rubric, level_PROVINCE, 0, &one, &first);
        scoring_rate(set, rubric, level_PROVINCE, 0, &other, &second);
        expect_same(&first, &second);
    }
    set->mark_every_member = set->gate_any = false;
}

/* A rating recounted the slow way, from the ballots alone. */
static int32_t slow_star(const struct ballot *b, size_t count)
{
    static const int64_t points_a[] = { 0, 10, 30, 40 }, points_b[] = { 0, 5, 21, 25 },
                         points_c[] = { 0, 15, 35, 20, 35 };
    int64_t sum = 0, a = 0, stops = 0;
    int32_t star = 1;

    for (size_t i = 0; i < count; i++) {
        sum += points_a[b[i].a] + points_b[b[i].b] + points_c[b[i].c];
        a += points_a[b[i].a];
        stops += b[i].stops;
    }
    if (2 * stops > (int64_t)count) return 0;
    for (int32_t s = 2; s <= 5; s++)
        if (sum >= (int64_t[]){ 0, 0, 30, 50, 70, 90 }[s] * (int64_t)count) star = s;
    if (star == 5 && a < 40 * (int64_t)count) star = 4;
    if (star >= 3 && a < 30 * (int64_t)count) star = 2;
    return star;
}

static void many_random_councils_agree_with_counting_by_hand(void **state)
{
    (void)state;
    for (int round = 0; round < 10000; round++) {
        struct ballot b[9];
        const size_t count = 1 + (size_t)dice(9);
        struct tally tally;
        struct rating rating;

        for (size_t i = 0; i < count; i++)
            b[i] = (struct ballot){ dice(4), dice(4), dice(5), dice(4) == 0, false };
        tally = ballots(b, count);
        scoring_rate(set, rubric, level_PROVINCE, 0, &tally, &rating);
        assert_int_equal(rating.star, slow_star(b, count));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_star_is_that_of_the_exact_mean),
        cmocka_unit_test(a_missed_mark_lowers_the_star_to_the_highest_without_one),
        cmocka_unit_test(a_mark_is_reached_by_the_exact_mean_or_by_every_member),
        cmocka_unit_test(a_gate_ends_the_evaluation_when_more_than_half_name_it),
        cmocka_unit_test(only_a_province_sends_up),
        cmocka_unit_test(a_product_is_held_without_quorum_chair_or_agreement),
        cmocka_unit_test(a_product_that_a_gate_ended_is_not_held_for_its_points),
        cmocka_unit_test(a_conflict_takes_the_seat_out_of_the_quorum),
        cmocka_unit_test(a_vice_chair_presides_only_for_a_chair_with_a_conflict),
        cmocka_unit_test(a_hold_says_what_is_missing),
        cmocka_unit_test(those_asked_again_hold_a_product),
        cmocka_unit_test(a_minimum_not_met_bars_its_star),
        cmocka_unit_test(a_minimum_of_other_sectors_is_no_gate),
        cmocka_unit_test(the_order_of_members_does_not_matter),
        cmocka_unit_test(many_random_councils_agree_with_counting_by_hand),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
