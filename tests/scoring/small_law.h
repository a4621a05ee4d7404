/* small_law.h - the small rule set and rubric of small_rules.h, read once for tests of the rules. */
#ifndef TESTS_SCORING_SMALL_LAW_H
#define TESTS_SCORING_SMALL_LAW_H

#include "common/clock.h"
#include "services/scoring/scoring.h"
#include "tests/scoring/small_rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct rules rubric_rules, set_rules, total_rules;
static const struct rubric *const rubric = &rubric_rules.u.rubric;
static struct rule_set *const set = &set_rules.u.set;
static const struct rule_set *const total_set = &total_rules.u.set;

static inline int begin(void **state)
{
    const struct slice bytes = read_rules("provisional-2018.json");

    (void)state;
    if (rules_parse(slice_text(small_rubric), &rubric_rules, NULL)) return -1;
    if (rules_parse(slice_text(small_set), &set_rules, NULL)) return -1;
    if (rules_parse(bytes, &total_rules, NULL)) return -1;
    free((void *)(uintptr_t)bytes.data);
    return 0;
}

static inline struct slice text(const char *t)
{
    return slice_text(t);
}

#define CHOSEN(criterion_, option_)                                                                          \
    {                                                                                                        \
        { criterion_, sizeof criterion_ - 1 }, option_                                                       \
    }

static inline struct sheet_submitted sheet_of(const struct chosen *options, size_t count)
{
    return (struct sheet_submitted){ .has_options = true, .options = options, .options_count = count };
}

static inline struct council small_council(enum level level)
{
    return (struct council){ .council = { "c-06", 4 },
                             .province = { level == level_CENTRE ? "00" : "06", 2 },
                             .round = { "2026-1", 6 },
                             .rule_set = { "SMALL", 5 },
                             .level = level,
                             .members = 4,
                             .quorum_percent = 75,
                             .spread_hundredths = 1000 };
}

#endif
