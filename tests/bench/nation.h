/* nation.h - a nation's year of OCOP, made up: 63 provinces, their products, councils, decisions and
 * receipts.
 *
 * Everything follows from a seed and a file of council profiles (see nation_plan_read), and says that it is
 * synthetic. The provinces are those of before July 2025; the law is that of 2026, whose coffee rubric has 34
 * criteria. Texts are as long as real ones: a dossier has some 1.6 KB, a sheet 1.1 KB.
 */
#ifndef TESTS_BENCH_NATION_H
#define TESTS_BENCH_NATION_H

#include "common/hash.h"
#include "proto/codec.h"

enum {
    NATION_PROVINCES = 63,
    NATION_MEMBERS = 9,
    NATION_CRITERIA_MAX = 64,
    NATION_PROFILES_MAX = 256,
    NATION_STARS = 6, /* 0 to 5 */
    NATION_DECISION_LINES = 40,
    NATION_GAP_EACH = 50 /* of so many dossiers one is first filed with a gap, and returned */
};

/* What one council may think of a product, and what that is worth by a reference that shares no code with us.
 */
struct nation_profile {
    int star;
    int64_t sum_hundredths;
    int options[NATION_MEMBERS][NATION_CRITERIA_MAX];
};

struct nation_event {
    struct slice topic, envelope; /* in the plan's memory */
};

struct nation_product {
    unsigned province; /* 0.. */
    unsigned profile;
    bool gap; /* is first filed incomplete */
    struct nation_event incomplete, dossier, sheets[NATION_MEMBERS];
    char code[41], rated[65]; /* once there are: its code, and the id of its product.rated */
};

struct nation_province {
    char code[3];
    unsigned month;      /* 0..11: when its products are filed */
    size_t first, count; /* of its products, in nation_plan.products */
    struct nation_event council;
    /* how far it has come */
    size_t accepted, rated, decided;
};

struct nation_plan {
    uint64_t seed;
    int32_t first_day;
    unsigned months;
    struct nation_product *products;
    size_t product_count;
    struct nation_province provinces[NATION_PROVINCES];
    char criteria[NATION_CRITERIA_MAX][17];
    size_t criterion_count;
    struct nation_profile profiles[NATION_PROFILES_MAX];
    size_t profile_count;
    size_t expected_stars[NATION_STARS];
};

/* Draw who files what and when. Profiles: first line the criteria, then a line for each: star, sum, 9 times
 * the options.
 */
void nation_plan_make(struct nation_plan *p, const char *profiles_path, uint64_t seed, size_t products,
                      unsigned months, int32_t first_day);
/* Then make every event that does not depend on what services answer: councils, and of `count` products from
 * `first` on dossiers and sheets. */
void nation_make_events(struct nation_plan *p, size_t first, size_t count);
int32_t nation_day_of_month(const struct nation_plan *p, unsigned month);

/* --- what depends on the log --- */
struct nation_event nation_closing(const struct nation_plan *p, unsigned province, int32_t day);
/* The next of a province's decisions over `items`. */
struct nation_event nation_decision(const struct nation_plan *p, unsigned province, size_t number,
                                    int32_t day, const struct decision_item *items, size_t count);
struct nation_event nation_receipt(const struct nation_plan *p, size_t number, struct slice province,
                                   struct slice message, int32_t day);

/* A rules file, proposed under its id. */
struct nation_event nation_rules(const struct nation_plan *p, const char *name, struct slice bytes);
/* An event that nobody answers; the operator's to say. */
struct nation_event nation_probe(const struct nation_plan *p, size_t number);

/* Ids say what they are of: the last 8 hex digits count. False: not one of ours, or of another kind. */
bool nation_index_of(struct slice id, char kind, size_t *index);
struct slice nation_keep(const void *data, size_t size); /* for good */
void nation_die(const char *what, const char *why) __attribute__((noreturn));
/* What stands behind NAME in "NAME VALUE ..."; without one `otherwise`, and NULL there ends the program. */
const char *nation_option(int argc, char **argv, const char *name, const char *otherwise);

#endif
