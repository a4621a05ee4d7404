/* nation_plan.c - who files what and when: drawn from a seed. */
#include "tests/bench/nation.h"

#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>

/* The 63 of 2008 to 2025, by code. */
static const char codes[NATION_PROVINCES][3] = {
    "01", "02", "04", "06", "08", "10", "11", "12", "14", "15", "17", "19", "20", "22", "24", "25",
    "26", "27", "30", "31", "33", "34", "35", "36", "37", "38", "40", "42", "44", "45", "46", "48",
    "49", "51", "52", "54", "56", "58", "60", "62", "64", "66", "67", "68", "70", "72", "74", "75",
    "77", "79", "80", "82", "83", "84", "86", "87", "89", "91", "92", "93", "94", "95", "96"
};

/* SplitMix64, by Sebastiano Vigna (public domain): small, and the same everywhere. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int32_t nation_day_of_month(const struct nation_plan *p, unsigned month)
{
    return clock_day_add_months(p->first_day, (int)month);
}

/* --- profiles --- */

static void read_criteria(struct nation_plan *p, char *line)
{
    for (char *at = strtok(line, " \n"); at; at = strtok(NULL, " \n")) {
        if (p->criterion_count == NATION_CRITERIA_MAX) nation_die("profiles", "too many criteria");
        snprintf(p->criteria[p->criterion_count++], sizeof p->criteria[0], "%s", at);
    }
}

static void read_profile(const struct nation_plan *p, struct nation_profile *out, FILE *file, int star)
{
    long long sum = 0;

    if (fscanf(file, "%lld", &sum) != 1 || star < 0 || star >= NATION_STARS)
        nation_die("profiles", "not a star and a sum");
    out->star = star;
    out->sum_hundredths = sum;
    for (size_t m = 0; m < NATION_MEMBERS; m++)
        for (size_t c = 0; c < p->criterion_count; c++)
            if (fscanf(file, "%d", &out->options[m][c]) != 1) nation_die("profiles", "a line is too short");
}

static void read_profiles(struct nation_plan *p, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[4096];
    int star;

    if (!file || !fgets(line, sizeof line, file)) nation_die(path, "cannot be read");
    read_criteria(p, line);
    while (fscanf(file, "%d", &star) == 1) {
        if (p->profile_count == NATION_PROFILES_MAX) nation_die("profiles", "too many");
        read_profile(p, &p->profiles[p->profile_count++], file, star);
    }
    fclose(file);
    if (p->profile_count == 0) nation_die("profiles", "there is none");
}

/* --- the draw --- */

/* Each has one at least, and beyond that provinces differ: some have six times as many as others. */
static void share_out(struct nation_plan *p, uint64_t *state)
{
    size_t weight[NATION_PROVINCES], sum = 0, given = 0;

    for (size_t i = 0; i < NATION_PROVINCES; i++)
        sum += weight[i] = 20 + draw(state) % 100;
    for (size_t i = 0; i < NATION_PROVINCES; i++) {
        struct nation_province *province = &p->provinces[i];
        const size_t left = NATION_PROVINCES - 1 - i;

        memcpy(province->code, codes[i], 3);
        province->month = (unsigned)(i % p->months);
        province->first = given;
        province->count = 1 + (p->product_count - NATION_PROVINCES) * weight[i] / sum;
        if (left == 0) province->count = p->product_count - given;
        given += province->count;
    }
}

void nation_plan_make(struct nation_plan *p, const char *profiles_path, uint64_t seed, size_t products,
                      unsigned months, int32_t first_day)
{
    uint64_t state = seed;

    if (products < NATION_PROVINCES) nation_die("products", "there must be one for each province");
    *p = (struct nation_plan){ .seed = seed, .first_day = first_day, .months = months };
    p->product_count = products;
    p->products = calloc(products, sizeof *p->products);
    if (!p->products) nation_die("memory", "there is none");
    read_profiles(p, profiles_path);
    share_out(p, &state);
    for (unsigned i = 0; i < NATION_PROVINCES; i++) {
        for (size_t k = 0; k < p->provinces[i].count; k++) {
            struct nation_product *product = &p->products[p->provinces[i].first + k];

            product->province = i;
            product->profile = (unsigned)(draw(&state) % p->profile_count);
            product->gap = draw(&state) % NATION_GAP_EACH == 0;
            p->expected_stars[p->profiles[product->profile].star]++;
        }
    }
}
