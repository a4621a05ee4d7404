/* Status is a function of facts and day: a table of edges, and random facts against a walk from day to day.
 */
#include "common/clock.h"
#include "services/certification/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct status_facts plain = { .issued_on = 100, .ends_on = 200 };

static void assert_on(const struct status_facts *facts, int32_t day, enum status status, int32_t until)
{
    const struct standing s = status_on(facts, day);

    if (s.status != status)
        fail_msg("day %d is %s, not %s", (int)day, status_word(s.status), status_word(status));
    assert_int_equal(s.has_until, status_in_force(status) || status == STATUS_EXPIRED);
    if (s.has_until) assert_int_equal(s.until, until);
}

static void a_term_holds_on_its_first_and_last_day(void **state)
{
    (void)state;
    assert_on(&plain, 99, STATUS_UNKNOWN, 0);
    assert_on(&plain, 100, STATUS_VALID, 200);
    assert_on(&plain, 200, STATUS_VALID, 200);
    assert_on(&plain, 201, STATUS_EXPIRED, 200);
    assert_on(&plain, INT32_MIN, STATUS_UNKNOWN, 0);
    assert_on(&plain, INT32_MAX, STATUS_EXPIRED, 200);
    assert_int_equal(status_last_day(&plain), 200);
}

static void what_left_is_gone_from_that_day_on(void **state)
{
    struct status_facts facts = plain;

    (void)state;
    facts.leaving = LEAVING_SUPERSEDED;
    facts.left_on = 150;
    assert_on(&facts, 149, STATUS_VALID, 149);
    assert_on(&facts, 150, STATUS_REPLACED, 0);
    assert_on(&facts, 500, STATUS_REPLACED, 0);
    facts.leaving = LEAVING_WITHDRAWN;
    assert_on(&facts, 150, STATUS_WITHDRAWN, 0);
    facts.left_on = 100; /* replaced on its own first day: never in force */
    assert_on(&facts, 99, STATUS_UNKNOWN, 0);
    assert_on(&facts, 100, STATUS_WITHDRAWN, 0);
}

static void an_extension_holds_until_its_last_day_or_the_result(void **state)
{
    struct status_extension x = { .from = 201, .to = 380 };
    struct status_facts facts = plain;

    (void)state;
    facts.extension = &x;
    assert_on(&facts, 200, STATUS_VALID, 200);
    assert_on(&facts, 201, STATUS_VALID_PENDING, 380);
    assert_on(&facts, 380, STATUS_VALID_PENDING, 380);
    assert_on(&facts, 381, STATUS_EXPIRED, 380);
    assert_int_equal(status_last_day(&facts), 380);
    x.from = 210;
    assert_on(&facts, 209, STATUS_EXPIRED, 200);
    x.ended = true;
    x.ended_on = 300;
    assert_on(&facts, 300, STATUS_VALID_PENDING, 300);
    assert_on(&facts, 301, STATUS_EXPIRED, 300);
    assert_int_equal(status_last_day(&facts), 300);
    facts.leaving = LEAVING_SUPERSEDED;
    facts.left_on = 250;
    assert_on(&facts, 249, STATUS_VALID_PENDING, 249);
    assert_on(&facts, 250, STATUS_REPLACED, 0);
    x.ended_on = 180; /* the result came within the term: as without extension */
    assert_on(&facts, 210, STATUS_EXPIRED, 200);
    assert_int_equal(status_last_day(&facts), 200);
}

static void extensions_follow_one_another_with_or_without_days_between(void **state)
{
    struct status_extension first = { .from = 201, .to = 380, .ended = true, .ended_on = 250 };
    struct status_extension second = { .from = 260, .to = 380, .earlier = &first };
    struct status_facts facts = plain;

    (void)state;
    facts.extension = &second;
    assert_on(&facts, 250, STATUS_VALID_PENDING, 250);
    assert_on(&facts, 251, STATUS_EXPIRED, 250);
    assert_on(&facts, 259, STATUS_EXPIRED, 250);
    assert_on(&facts, 260, STATUS_VALID_PENDING, 380);
    assert_on(&facts, 381, STATUS_EXPIRED, 380);
    assert_int_equal(status_last_day(&facts), 380);
    second.from = 251;
    assert_on(&facts, 210, STATUS_VALID_PENDING, 380);
    second.from = 230; /* both at once */
    assert_on(&facts, 210, STATUS_VALID_PENDING, 380);
    second.ended = true;
    second.ended_on = 240; /* the other runs on */
    assert_on(&facts, 245, STATUS_VALID_PENDING, 250);
    assert_on(&facts, 251, STATUS_EXPIRED, 250);
    assert_int_equal(status_last_day(&facts), 250);
}

static void what_is_in_force_speaks_for_the_product(void **state)
{
    (void)state;
    assert_true(status_rank(STATUS_VALID) < status_rank(STATUS_VALID_PENDING));
    assert_true(status_rank(STATUS_VALID_PENDING) < status_rank(STATUS_EXPIRED));
    assert_int_equal(status_rank(STATUS_EXPIRED), status_rank(STATUS_WITHDRAWN));
    assert_true(status_rank(STATUS_WITHDRAWN) < status_rank(STATUS_REPLACED));
    assert_true(status_rank(STATUS_REPLACED) < status_rank(STATUS_UNKNOWN));
    assert_string_equal(status_word(STATUS_VALID_PENDING), "valid_pending");
    assert_string_equal(status_word(STATUS_COUNT), "unknown");
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static int32_t below(uint32_t *seed, uint32_t limit)
{
    return (int32_t)(next_random(seed) % limit);
}

static struct status_facts random_facts(uint32_t *seed, struct status_extension *x)
{
    struct status_facts facts = { .issued_on = below(seed, 30) };

    facts.ends_on = facts.issued_on + below(seed, 40);
    facts.leaving = (enum leaving)below(seed, 3);
    if (facts.leaving != LEAVING_NONE) facts.left_on = facts.issued_on + below(seed, 80);
    if (below(seed, 2)) {
        facts.extension = x;
        *x = (struct status_extension){ .from = facts.ends_on + 1 + below(seed, 5) };
        x->to = x->from + below(seed, 30);
        x->ended = below(seed, 2);
        if (x->ended) x->ended_on = facts.issued_on + below(seed, 90);
    }
    return facts;
}

/* One day on from `before`, as somebody would tell it who was there every day. */
static enum status step(enum status before, const struct status_facts *facts, int32_t day)
{
    const struct status_extension *x = facts->extension;

    if (before == STATUS_WITHDRAWN || before == STATUS_REPLACED) return before;
    if (before == STATUS_UNKNOWN && day != facts->issued_on) return STATUS_UNKNOWN;
    if (facts->leaving == LEAVING_WITHDRAWN && day == facts->left_on) return STATUS_WITHDRAWN;
    if (facts->leaving == LEAVING_SUPERSEDED && day == facts->left_on) return STATUS_REPLACED;
    if (before == STATUS_UNKNOWN) return STATUS_VALID;
    if (x && day == x->from && (!x->ended || x->ended_on >= day)) return STATUS_VALID_PENDING;
    if (before == STATUS_VALID_PENDING && (day == x->to + 1 || (x->ended && day == x->ended_on + 1)))
        return STATUS_EXPIRED;
    return before == STATUS_VALID && day == facts->ends_on + 1 ? STATUS_EXPIRED : before;
}

static void any_facts_agree_with_a_walk_from_day_to_day(void **state)
{
    uint32_t seed = 20260522;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct status_extension x;
        const struct status_facts facts = random_facts(&seed, &x);
        enum status walked[201] = { STATUS_UNKNOWN };
        int32_t last = -1;

        for (int32_t day = -5, n = 0; day < 190; day++, n++) {
            walked[n] = step(n ? walked[n - 1] : STATUS_UNKNOWN, &facts, day);
            if (status_on(&facts, day).status != walked[n])
                fail_msg("history %d, day %d: %s, walked %s", i, (int)day,
                         status_word(status_on(&facts, day).status), status_word(walked[n]));
        }
        /* `until` is the last day of this very status. */
        for (int32_t day = 189; day >= -5; day--) {
            const struct standing s = status_on(&facts, day);

            if (day == 189 || walked[day + 6] != walked[day + 5]) last = day;
            if (status_in_force(s.status)) assert_int_equal(s.until, last);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_term_holds_on_its_first_and_last_day),
        cmocka_unit_test(what_left_is_gone_from_that_day_on),
        cmocka_unit_test(an_extension_holds_until_its_last_day_or_the_result),
        cmocka_unit_test(extensions_follow_one_another_with_or_without_days_between),
        cmocka_unit_test(what_is_in_force_speaks_for_the_product),
        cmocka_unit_test(any_facts_agree_with_a_walk_from_day_to_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
