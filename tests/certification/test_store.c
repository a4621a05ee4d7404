/* The store of certification, in memory. */
#include "common/clock.h"
#include "proto/codec.h"
#include "services/certification/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

extern const char certification_schema_sql[];

struct fixture {
    sqlite3 *db;
    struct store store;
    msgpack_zone *zone;
    uint64_t seq;
};

static int open_it(void **state)
{
    static struct fixture f;
    struct why why = { 0 };

    memset(&f, 0, sizeof f);
    f.zone = msgpack_zone_new(8192);
    *state = &f;
    if (!f.zone || db_open(":memory:", DB_WRITE, &f.db, &why) ||
        db_exec(f.db, certification_schema_sql, &why))
        return -1;
    return store_open(&f.store, f.db, &why) ? -1 : 0;
}

static int close_it(void **state)
{
    struct fixture *f = *state;

    store_close(&f->store);
    db_close(&f->db);
    msgpack_zone_free(f->zone);
    return 0;
}

static int32_t day(int year, int month, int day_of_month)
{
    return clock_day_from_civil(year, month, day_of_month);
}

static void add_rating(struct fixture *f, const char *id, const char *product)
{
    const struct product_rated rated = { .dossier = slice_text("d1"),
                                         .reference = slice_text("BK-01"),
                                         .product = slice_text(product),
                                         .name = slice_text("Miến dong"),
                                         .owner = slice_text("HTX"),
                                         .province = slice_text("06"),
                                         .level = level_PROVINCE,
                                         .rule_set = slice_text("QD1048"),
                                         .star = 4,
                                         .sum_hundredths = 21600,
                                         .members = 3 };

    assert_int_equal(store_add_rating(&f->store, slice_text(id), &rated, ++f->seq), ERR_NONE);
}

static void add_certificate(struct fixture *f, const char *rated, int64_t serial, int32_t issued_on,
                            int32_t ends_on)
{
    char number[CERTIFICATION_NUMBER_BYTES] = "", id[16];
    struct store_place place = { .year = 2018, .serial = serial, .seq = ++f->seq, .open = true };
    const struct certificate_issued issued = { .certificate = slice_of(number, 17),
                                               .product = slice_text("P1"),
                                               .name = slice_text("Miến dong"),
                                               .owner = slice_text("HTX"),
                                               .star = 4,
                                               .number = slice_text("1/QĐ-UBND"),
                                               .authority = authority_PROVINCE,
                                               .province = slice_text("06"),
                                               .rated = slice_text(rated),
                                               .issued_on = issued_on,
                                               .ends_on = ends_on };

    certification_number(false, slice_text("06"), 2018, serial, number);
    snprintf(id, sizeof id, "c%d", (int)serial);
    place.fact = slice_text(id);
    assert_int_equal(store_add_certificate(&f->store, &place, &issued), ERR_NONE);
}

static void a_rating_waits_until_it_is_recognised(void **state)
{
    struct fixture *f = *state;
    struct rating r;

    assert_int_equal(store_find_rating(&f->store, slice_text("r1"), f->zone, &r), ERR_NOT_FOUND);
    add_rating(f, "r1", "P1");
    assert_int_equal(store_find_rating(&f->store, slice_text("r1"), f->zone, &r), ERR_NONE);
    assert_true(slice_is(r.rule_set, "QD1048"));
    assert_int_equal(r.level, level_PROVINCE);
    assert_int_equal(r.later.size, 0);
    assert_false(r.recognised);
    assert_false(r.withdrawn);
    assert_int_equal(store_add_withdrawn(&f->store, slice_text("d1")), ERR_NONE);
    assert_int_equal(store_add_withdrawn(&f->store, slice_text("d1")), ERR_NONE);
    add_certificate(f, "r1", 1, day(2018, 12, 16), day(2021, 12, 16));
    assert_int_equal(store_find_rating(&f->store, slice_text("r1"), f->zone, &r), ERR_NONE);
    assert_true(r.recognised);
    assert_true(r.withdrawn);
    /* The dossier is rated again: the earlier result knows of the latest. */
    add_rating(f, "r2", "P1");
    add_rating(f, "r3", "P1");
    assert_int_equal(store_remand(&f->store, slice_text("r3")), ERR_NONE);
    assert_int_equal(store_find_rating(&f->store, slice_text("r1"), f->zone, &r), ERR_NONE);
    assert_true(slice_is(r.later, "r3"));
    assert_true(r.later_remanded);
    assert_int_equal(store_find_rating(&f->store, slice_text("r3"), f->zone, &r), ERR_NONE);
    assert_int_equal(r.later.size, 0);
}

static void a_decision_is_known_by_number_authority_province_and_year(void **state)
{
    struct fixture *f = *state;
    struct decision_signed decision = { .number = slice_text("1/QĐ-UBND"),
                                        .signed_on = day(2018, 12, 16),
                                        .authority = authority_PROVINCE,
                                        .province = slice_text("06") };
    bool there = true;

    assert_int_equal(store_has_decision(&f->store, &decision, "1/qđ-ubnd", &there), ERR_NONE);
    assert_false(there);
    assert_int_equal(store_add_decision(&f->store, &decision, "1/qđ-ubnd"), ERR_NONE);
    assert_int_equal(store_add_decision(&f->store, &decision, "1/qđ-ubnd"), ERR_NONE);
    assert_int_equal(store_has_decision(&f->store, &decision, "1/qđ-ubnd", &there), ERR_NONE);
    assert_true(there);
    decision.signed_on = day(2019, 1, 2);
    assert_int_equal(store_has_decision(&f->store, &decision, "1/qđ-ubnd", &there), ERR_NONE);
    assert_false(there);
}

/* The rule sets QD1048, with notices, and QD148, without. */
static void add_law(struct fixture *f)
{
    static const struct notice_days notices[] = { { 180 }, { 150 }, { 120 }, { 30 } };
    struct rules_adopted adopted = { .name = slice_text("QD1048"),
                                     .has_last_day = true,
                                     .last_day = day(2023, 2, 23),
                                     .has_notices = true,
                                     .notices = notices,
                                     .notices_count = 4 };

    assert_int_equal(store_add_rules(&f->store, &adopted), ERR_NONE);
    adopted = (struct rules_adopted){ .name = slice_text("QD148"),
                                      .has_first_day = true,
                                      .first_day = day(2023, 2, 24) };
    assert_int_equal(store_add_rules(&f->store, &adopted), ERR_NONE);
}

static void notices_are_those_of_the_rule_set(void **state)
{
    struct fixture *f = *state;
    const int32_t end = day(2021, 12, 16);
    static const int32_t told[] = { -180, -150, -120, -30 };
    static const int32_t silent[] = { -181, -179, -31, -1, 0, 1 };
    static const struct {
        const char *rule_set;
        size_t count;
    } sets[] = { { "", 1 }, { "QD1048", 1 }, { "QD148", 0 } };
    struct store_certificate *first = NULL;
    size_t count = 0;

    add_law(f);
    add_rating(f, "r1", "P1");
    add_certificate(f, "r1", 1, day(2018, 12, 16), end);
    for (size_t set = 0; set < sizeof sets / sizeof *sets; set++) {
        const struct slice name = slice_text(sets[set].rule_set);

        for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
            assert_int_equal(store_list_noticed(&f->store, end + told[i], name, f->zone, &first, &count),
                             ERR_NONE);
            assert_int_equal(count, sets[set].count);
        }
        for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
            assert_int_equal(store_list_noticed(&f->store, end + silent[i], name, f->zone, &first, &count),
                             ERR_NONE);
            assert_int_equal(count, 0);
        }
    }
    assert_int_equal(store_list_ended(&f->store, end, f->zone, &first, &count), ERR_NONE);
    assert_int_equal(count, 0);
    assert_int_equal(store_list_ended(&f->store, end + 1, f->zone, &first, &count), ERR_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(store_told_expired(&f->store, slice_text("OCOP-06-2018-0001")), ERR_NONE);
    assert_int_equal(store_list_ended(&f->store, end + 1, f->zone, &first, &count), ERR_NONE);
    assert_int_equal(count, 0);
}

static int full_scan_steps(struct fixture *f)
{
    int steps = 0;

    for (size_t i = 0; i < STORE_STATEMENTS_MAX; i++) {
        sqlite3_stmt *q = f->store.statements[i];

        if (q) steps += sqlite3_stmt_status(q, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
    }
    return steps;
}

/* A day without work must not read the register: the queries go by the index, row by row of what ends. */
static void a_new_day_goes_by_the_index(void **state)
{
    struct fixture *f = *state;
    struct store_certificate *first = NULL;
    const int32_t end = day(2021, 12, 16);
    int steps[2] = { 0 }, serial = 0;
    char rated[16];
    size_t count = 0;

    add_law(f);
    for (size_t round = 0; round < 2; round++) {
        for (int i = 0; i < 50; i++) {
            snprintf(rated, sizeof rated, "r%d", ++serial);
            add_rating(f, rated, "P1");
            add_certificate(f, rated, serial, day(2018, 12, 16), end);
        }
        (void)full_scan_steps(f);
        for (int32_t d = end - 200; d <= end + 1; d++) {
            assert_int_equal(store_list_noticed(&f->store, d, slice_of(NULL, 0), f->zone, &first, &count),
                             ERR_NONE);
            assert_int_equal(
                count, d == end - 180 || d == end - 150 || d == end - 120 || d == end - 30 ? serial : 0);
            assert_int_equal(store_list_ended(&f->store, d, f->zone, &first, &count), ERR_NONE);
        }
        assert_int_equal(count, serial);
        steps[round] = full_scan_steps(f);
    }
    /* The few notices are read every day; the register, twice as large now, is not. */
    assert_int_equal(steps[1], steps[0]);
}

static void the_newest_rule_set_that_covers_a_day_is_in_force(void **state)
{
    static const struct {
        int16_t year;
        int8_t month, day;
        const char *name;
    } cases[] = {
        { 2018, 1, 1, "QD1048" }, { 2023, 2, 23, "QD1048" },    { 2023, 2, 24, "QD148" },
        { 2026, 5, 21, "QD148" }, { 2026, 5, 22, "QD26_2026" }, { 2026, 7, 20, "QD26_2026" },
    };
    struct fixture *f = *state;
    const struct rules_adopted third = { .name = slice_text("QD26_2026"),
                                         .has_first_day = true,
                                         .first_day = day(2026, 5, 22),
                                         .has_last_day = true,
                                         .last_day = day(2030, 12, 31) };
    struct rule_set rules;

    assert_int_equal(store_find_rules_on(&f->store, day(2018, 1, 1), f->zone, &rules), ERR_NOT_FOUND);
    assert_int_equal(store_add_rules(&f->store, &third), ERR_NONE);
    add_law(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int32_t d = day(cases[i].year, cases[i].month, cases[i].day);

        assert_int_equal(store_find_rules_on(&f->store, d, f->zone, &rules), ERR_NONE);
        assert_true(slice_is(rules.name, cases[i].name));
    }
    assert_int_equal(rules.extension_days, -1);
}

static void codes_and_areas_are_resolved_from_their_day_on(void **state)
{
    struct fixture *f = *state;
    const struct area_merged merged = { .old_code = slice_text("06"),
                                        .new_code = slice_text("19"),
                                        .merged_on = day(2025, 7, 1) };
    struct slice found;
    bool stands = false;

    assert_int_equal(store_add_area(&f->store, &merged), ERR_NONE);
    assert_int_equal(
        store_stands_for(&f->store, slice_text("06"), slice_text("19"), day(2025, 6, 30), &stands), ERR_NONE);
    assert_false(stands);
    assert_int_equal(
        store_stands_for(&f->store, slice_text("06"), slice_text("19"), day(2025, 7, 1), &stands), ERR_NONE);
    assert_true(stands);
    assert_int_equal(
        store_stands_for(&f->store, slice_text("19"), slice_text("06"), day(2025, 7, 1), &stands), ERR_NONE);
    assert_false(stands);
    assert_int_equal(
        store_stands_for(&f->store, slice_text("06"), slice_text("06"), day(2018, 7, 1), &stands), ERR_NONE);
    assert_true(stands);

    assert_int_equal(store_add_alias(&f->store, slice_text("new"), slice_text("old"), true, 7), ERR_NONE);
    assert_int_equal(store_add_alias(&f->store, slice_text("odd"), slice_text("old"), false, 9), ERR_NONE);
    assert_int_equal(store_resolve(&f->store, slice_text("new"), 6, f->zone, &found), ERR_NONE);
    assert_true(slice_is(found, "new"));
    assert_int_equal(store_resolve(&f->store, slice_text("new"), 7, f->zone, &found), ERR_NONE);
    assert_true(slice_is(found, "old"));
    assert_int_equal(store_printed_code(&f->store, slice_text("old"), f->zone, &found), ERR_NONE);
    assert_true(slice_is(found, "new"));
    assert_int_equal(store_printed_code(&f->store, slice_text("new"), f->zone, &found), ERR_NONE);
    assert_int_equal(found.size, 0);
}

static void the_register_can_be_asked_for_any_day(void **state)
{
    struct fixture *f = *state;
    const struct certificate_superseded superseded = { .certificate = slice_text("OCOP-06-2018-0001"),
                                                       .by = slice_text("OCOP-06-2018-0002"),
                                                       .product = slice_text("P1") };
    const struct certificate_revoked revoked = { .certificate = slice_text("OCOP-06-2018-0002"),
                                                 .ground = ground_LAW_BROKEN,
                                                 .number = slice_text("9/QĐ-UBND"),
                                                 .revoked_on = day(2020, 3, 1) };
    const struct {
        int32_t day;
        const char *certificate; /* NULL: none is valid */
    } cases[] = {
        { day(2018, 12, 15), NULL },
        { day(2018, 12, 16), "OCOP-06-2018-0001" },
        { day(2019, 5, 31), "OCOP-06-2018-0001" },
        { day(2019, 6, 1), "OCOP-06-2018-0002" },
        { day(2020, 2, 29), "OCOP-06-2018-0002" },
        { day(2020, 3, 1), NULL },
    };
    struct store_certificate *first = NULL;
    struct certificate c;
    size_t count = 0;

    add_rating(f, "r1", "P1");
    add_rating(f, "r2", "P1");
    add_certificate(f, "r1", 1, day(2018, 12, 16), day(2021, 12, 16));
    add_certificate(f, "r2", 2, day(2019, 6, 1), day(2022, 6, 1));
    assert_int_equal(store_supersede(&f->store, &superseded, ++f->seq), ERR_NONE);
    assert_int_equal(store_revoke(&f->store, &revoked, ++f->seq), ERR_NONE);
    assert_int_equal(store_find_latest(&f->store, slice_text("P1"), f->zone, &c), ERR_NONE);
    assert_true(slice_is(c.ground, "law_broken"));
    assert_true(c.withdrawn);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *running = NULL;

        assert_int_equal(store_list_running(&f->store, cases[i].day, STORE_NOW, f->zone, &first, &count),
                         ERR_NONE);
        for (; first; first = first->next) {
            if (status_on(&first->row.facts, cases[i].day).status != STATUS_VALID) continue;
            assert_null(running);
            running = slice_is(first->row.certificate, "OCOP-06-2018-0001") ? "OCOP-06-2018-0001"
                                                                            : "OCOP-06-2018-0002";
        }
        if (cases[i].certificate)
            assert_string_equal(running, cases[i].certificate);
        else
            assert_null(running);
    }
}

static void serials_count_within_a_province_and_year(void **state)
{
    struct fixture *f = *state;
    int64_t serial = 7;

    assert_int_equal(store_last_serial(&f->store, false, slice_text("06"), 2018, &serial), ERR_NONE);
    assert_int_equal(serial, 0);
    add_certificate(f, "r1", 4, day(2018, 12, 16), day(2021, 12, 16));
    assert_int_equal(store_last_serial(&f->store, false, slice_text("06"), 2018, &serial), ERR_NONE);
    assert_int_equal(serial, 4);
    assert_int_equal(store_last_serial(&f->store, true, slice_text("06"), 2018, &serial), ERR_NONE);
    assert_int_equal(serial, 0);
    assert_int_equal(store_last_serial(&f->store, false, slice_text("24"), 2018, &serial), ERR_NONE);
    assert_int_equal(serial, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_rating_waits_until_it_is_recognised, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_decision_is_known_by_number_authority_province_and_year, open_it,
                                        close_it),
        cmocka_unit_test_setup_teardown(notices_are_those_of_the_rule_set, open_it, close_it),
        cmocka_unit_test_setup_teardown(the_newest_rule_set_that_covers_a_day_is_in_force, open_it, close_it),
        cmocka_unit_test_setup_teardown(codes_and_areas_are_resolved_from_their_day_on, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_new_day_goes_by_the_index, open_it, close_it),
        cmocka_unit_test_setup_teardown(the_register_can_be_asked_for_any_day, open_it, close_it),
        cmocka_unit_test_setup_teardown(serials_count_within_a_province_and_year, open_it, close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
