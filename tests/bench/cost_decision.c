/* cost_decision.c - certification recognises products: decisions of forty lines, each a certificate. */
#include "common/clock.h"
#include "tests/bench/cost.h"

#include <stdio.h>

enum { DECISIONS = 5 };

extern const struct service certification_service;

static struct fold certification;
static struct nation_event decisions[DECISIONS];

/* What scoring says of the rule set: as much of it as certification looks at. */
static void adopt(void)
{
    static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const struct star_authority authorities[] = { { .star = 3, .authority = authority_PROVINCE },
                                                         { .star = 4, .authority = authority_PROVINCE },
                                                         { .star = 5, .authority = authority_MINISTRY } };

    cost_take(&certification, "scoring",
              cost_fact("scoring", slice_text("rules"), &rules_adopted_kind,
                        &(struct rules_adopted){ .name = slice_text("QD26_2026"),
                                                 .hash = slice_text(hash),
                                                 .kind = rules_kind_RULE_SET,
                                                 .has_first_day = true,
                                                 .first_day = cost_plan.first_day - 10,
                                                 .has_term_months = true,
                                                 .term_months = 36,
                                                 .has_authorities = true,
                                                 .authorities = authorities,
                                                 .authorities_count = 3 },
                        NULL));
}

/* As scoring would rate it. */
static struct decision_item rate(size_t i)
{
    static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    char cause[32], dossier[33], code[41], reference[24], name[128];
    struct decision_item item = { .star = 4 };

    snprintf(cause, sizeof cause, "closing-%zu", i);
    snprintf(dossier, sizeof dossier, "%032zx", i);
    snprintf(code, sizeof code, "%s-%05zu-1-2026", cost_province()->code, i + 1);
    snprintf(reference, sizeof reference, "HS-%s-%05zu", cost_province()->code, i);
    snprintf(name, sizeof name, "Cà phê rang xay Buôn Hồ số %zu (giả lập)", i);
    cost_take(
        &certification, "scoring",
        cost_fact("scoring", slice_text(cause), &product_rated_kind,
                  &(struct product_rated){ .dossier = slice_text(dossier),
                                           .reference = slice_text(reference),
                                           .product = slice_text(code),
                                           .name = slice_text(name),
                                           .owner = slice_text("Hợp tác xã nông nghiệp Buôn Hồ (giả lập)"),
                                           .province = slice_text(cost_province()->code),
                                           .council = slice_text("HD-01-2026-1"),
                                           .round = slice_text("2026-1"),
                                           .level = level_PROVINCE,
                                           .rule_set = slice_text("QD26_2026"),
                                           .rule_hash = slice_text(hash),
                                           .sum_hundredths = 9 * 8000,
                                           .members = 9,
                                           .star = 4,
                                           .star_by_points = 4,
                                           .star_by_marks = 4,
                                           .has_authority = true,
                                           .authority = authority_PROVINCE,
                                           .term_months = 36 },
                  &item.rated));
    item.product = nation_keep(code, strlen(code));
    return item;
}

void cost_prepare(const char *rules_folder, const char *temporary_folder)
{
    struct decision_item items[NATION_DECISION_LINES];

    (void)rules_folder, (void)temporary_folder;
    cost_open(&certification, &certification_service);
    cost_begin(&certification);
    adopt();
    for (size_t d = 0; d < DECISIONS; d++) {
        for (size_t i = 0; i < NATION_DECISION_LINES; i++)
            items[i] = rate(d * NATION_DECISION_LINES + i);
        decisions[d] =
            nation_decision(&cost_plan, COST_PROVINCE, d, cost_plan.first_day, items, NATION_DECISION_LINES);
    }
    cost_commit(&certification);
}

size_t cost_measured(void)
{
    const size_t lines = (size_t)DECISIONS * NATION_DECISION_LINES;
    const uint64_t before = certification.number;

    cost_begin(&certification);
    for (size_t d = 0; d < DECISIONS; d++)
        cost_take(&certification, "authority", decisions[d]);
    cost_commit(&certification);
    if (certification.number - before != 2 * lines)
        nation_die("decisions", "not every line got its certificate");
    return lines;
}
