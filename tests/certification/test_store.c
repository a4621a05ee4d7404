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
                                         .star = 4,
                                         .sum_hundredths = 21600,
                                         .members = 3,
                                         .has_authority = true,
                                         .authority = authority_PROVINCE,
                                         .term_months = 36 };

    assert_int_equal(store_add_rating(&f->store, slice_text(id), &rated), ERR_NONE);
}

static void add_certificate(struct fixture *f, const char *rated, int64_t serial, int32_t issued_on,
                            int32_t ends_on)
{
    char number[CERTIFICATION_NUMBER_BYTES] = "", id[16];
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

    certification_number(slice_text("06"), 2018, serial, number);
    snprintf(id, sizeof id, "c%d", (int)serial);
    assert_int_equal(store_add_certificate(&f->store, slice_text(id), &issued, 2018, serial), ERR_NONE);
}

static void a_rating_waits_until_it_is_recognised(void **state)
{
    struct fixture *f = *state;
    struct rating r;

    assert_int_equal(store_find_rating(&f->store, slice_text("r1"), f->zone, &r), ERR_NOT_FOUND);
    add_rating(f, "r1", "P1");
    assert_int_equal(store_find_rating(&f->store, slice_text("r1"), f->zone, &r), ERR_NONE);
    assert_true(slice_is(r.authority, "province"));
    assert_false(r.recognised);
    assert_false(r.withdrawn);
    assert_int_equal(store_add_withdrawn(&f->store, slice_text("d1")), ERR_NONE);
    assert_int_equal(store_add_withdrawn(&f->store, slice_text("d1")), ERR_NONE);
    add_certificate(f, "r1", 1, day(2018, 12, 16), day(2021, 12, 16));
    assert_int_equal(store_find_rating(&f->store, slice_text("r1"), f->zone, &r), ERR_NONE);
    assert_true(r.recognised);
    assert_true(r.withdrawn);
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

static void only_ending_certificates_are_looked_at(void **state)
{
    struct fixture *f = *state;
    const int32_t end = day(2021, 12, 16);
    static const int32_t told[] = { -180, -150, -120, -30, 1, 100 };
    static const int32_t silent[] = { -181, -179, -31, -1, 0 };
    struct store_certificate *first = NULL;
    size_t count = 0;

    add_certificate(f, "r1", 1, day(2018, 12, 16), end);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        assert_int_equal(store_list_ending(&f->store, end + told[i], f->zone, &first, &count), ERR_NONE);
        assert_int_equal(count, 1);
    }
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        assert_int_equal(store_list_ending(&f->store, end + silent[i], f->zone, &first, &count), ERR_NONE);
        assert_int_equal(count, 0);
    }
    assert_int_equal(store_expire(&f->store, slice_text("OCOP-06-2018-0001")), ERR_NONE);
    assert_int_equal(store_list_ending(&f->store, end + 1, f->zone, &first, &count), ERR_NONE);
    assert_int_equal(count, 0);
}

/* A day without work must not read the register: the query goes by the index, row by row of what ends. */
static void a_new_day_goes_by_the_index(void **state)
{
    struct fixture *f = *state;
    struct store_certificate *first = NULL;
    const int32_t end = day(2021, 12, 16);
    char rated[8];
    size_t count = 0;
    int steps = 0;

    for (int i = 1; i <= 50; i++) {
        snprintf(rated, sizeof rated, "r%d", i % 1000);
        add_certificate(f, rated, i, day(2018, 12, 16), end);
    }
    for (int32_t d = end - 200; d <= end + 1; d++)
        assert_int_equal(store_list_ending(&f->store, d, f->zone, &first, &count), ERR_NONE);
    assert_int_equal(count, 50);
    for (size_t i = 0; i < STORE_STATEMENTS_MAX; i++) {
        sqlite3_stmt *q = f->store.statements[i];

        if (q) steps += sqlite3_stmt_status(q, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
    }
    assert_int_equal(steps, 0);
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

    add_certificate(f, "r1", 1, day(2018, 12, 16), day(2021, 12, 16));
    add_certificate(f, "r2", 2, day(2019, 6, 1), day(2022, 6, 1));
    assert_int_equal(store_supersede(&f->store, &superseded), ERR_NONE);
    assert_int_equal(store_find_valid(&f->store, slice_text("P1"), f->zone, &c), ERR_NONE);
    assert_true(slice_is(c.certificate, "OCOP-06-2018-0002"));
    assert_int_equal(store_revoke(&f->store, &revoked), ERR_NONE);
    assert_int_equal(store_find_valid(&f->store, slice_text("P1"), f->zone, &c), ERR_NOT_FOUND);
    assert_int_equal(store_find_latest(&f->store, slice_text("P1"), f->zone, &c), ERR_NONE);
    assert_true(slice_is(c.ground, "law_broken"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(store_list_valid_on(&f->store, cases[i].day, f->zone, &first, &count), ERR_NONE);
        assert_int_equal(count, cases[i].certificate ? 1 : 0);
        if (first && cases[i].certificate)
            assert_true(slice_is(first->row.certificate, cases[i].certificate));
    }
}

static void serials_count_within_a_province_and_year(void **state)
{
    struct fixture *f = *state;
    int64_t serial = 7;

    assert_int_equal(store_last_serial(&f->store, slice_text("06"), 2018, &serial), ERR_NONE);
    assert_int_equal(serial, 0);
    add_certificate(f, "r1", 4, day(2018, 12, 16), day(2021, 12, 16));
    assert_int_equal(store_last_serial(&f->store, slice_text("06"), 2018, &serial), ERR_NONE);
    assert_int_equal(serial, 4);
    assert_int_equal(store_last_serial(&f->store, slice_text("24"), 2018, &serial), ERR_NONE);
    assert_int_equal(serial, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_rating_waits_until_it_is_recognised, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_decision_is_known_by_number_authority_province_and_year, open_it,
                                        close_it),
        cmocka_unit_test_setup_teardown(only_ending_certificates_are_looked_at, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_new_day_goes_by_the_index, open_it, close_it),
        cmocka_unit_test_setup_teardown(the_register_can_be_asked_for_any_day, open_it, close_it),
        cmocka_unit_test_setup_teardown(serials_count_within_a_province_and_year, open_it, close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
