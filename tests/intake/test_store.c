/* The store of intake, in memory. */
#include "proto/codec.h"
#include "services/intake/store.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

extern const char intake_schema_sql[];

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
    if (!f.zone || db_open(":memory:", DB_WRITE, &f.db, &why) || db_exec(f.db, intake_schema_sql, &why))
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

static void add_dossier(struct fixture *f, const char *id, const char *reference, uint64_t seq)
{
    const struct evidence paper = { .item = slice_text("registration_form"), .has_bytes = true, .bytes = 7 };
    const struct dossier_accepted accepted = { .reference = slice_text(reference),
                                               .product = slice_text("P1"),
                                               .kind = dossier_kind_UPGRADE,
                                               .name = slice_text("Miến dong"),
                                               .owner = slice_text("HTX"),
                                               .owner_kind = owner_kind_FARM,
                                               .province = slice_text("06"),
                                               .round = slice_text("2018-1"),
                                               .rule_set = slice_text("QD1048") };
    const struct dossier_filed filed = { .has_items = true, .items = &paper, .items_count = 1 };

    assert_int_equal(store_add_dossier(&f->store, slice_text(id), &accepted, &filed, seq, seq + 1), ERR_NONE);
}

static void a_plan_is_found_again(void **state)
{
    struct fixture *f = *state;
    const struct plan_filed plan = { .province = slice_text("06"),
                                     .title = slice_text("Đề án"),
                                     .year_from = 2018,
                                     .year_to = 2020,
                                     .products = 80,
                                     .budget_vnd = 4146000000000 };
    struct store_plan *first = NULL;
    size_t count = 0;
    bool there = true;

    assert_int_equal(store_has_plan(&f->store, &plan, &there), ERR_NONE);
    assert_false(there);
    assert_int_equal(store_add_plan(&f->store, &plan), ERR_NONE);
    assert_int_equal(store_has_plan(&f->store, &plan, &there), ERR_NONE);
    assert_true(there);
    assert_int_equal(store_list_plans(&f->store, f->zone, &first, &count), ERR_NONE);
    assert_int_equal(count, 1);
    assert_non_null(first);
    assert_true(first->budget_vnd == 4146000000000);
    assert_true(slice_is(first->title, "Đề án"));
}

static void serials_count_within_a_commune_and_year(void **state)
{
    struct fixture *f = *state;
    const struct slice province = slice_text("06"), commune = slice_text("02152");
    struct product_registered product = { .product = slice_text("06-066-02152-1-2018"),
                                          .name = slice_text("Miến"),
                                          .owner = slice_text("HTX"),
                                          .owner_kind = owner_kind_COOPERATIVE,
                                          .province = province,
                                          .commune_code = commune };
    struct intake_product found;
    int64_t serial = 0;

    assert_int_equal(store_next_serial(&f->store, province, commune, 2018, &serial), ERR_NONE);
    assert_int_equal(serial, 1);
    assert_int_equal(store_add_product(&f->store, slice_text("id"), &product, "htx", "miến", 17000),
                     ERR_NONE);
    assert_int_equal(store_next_serial(&f->store, province, commune, 2018, &serial), ERR_NONE);
    assert_int_equal(serial, 2);
    assert_int_equal(store_next_serial(&f->store, province, commune, 2019, &serial), ERR_NONE);
    assert_int_equal(serial, 1);
    assert_int_equal(store_find_product_named(&f->store, province, "htx", "miến", f->zone, &found), ERR_NONE);
    assert_true(slice_is(found.product, "06-066-02152-1-2018"));
    assert_true(slice_is(found.owner_kind, "cooperative"));
    assert_int_equal(store_find_product_named(&f->store, province, "htx", "khác", f->zone, &found),
                     ERR_NOT_FOUND);
    /* One name of one owner in one province is one product. */
    product.product = slice_text("P2");
    assert_int_equal(store_add_product(&f->store, slice_text("id2"), &product, "htx", "miến", 17000),
                     ERR_INVALID);
}

static void a_supplement_makes_a_version_beside_the_first(void **state)
{
    struct fixture *f = *state;
    const struct evidence paper = { .item = slice_text("commune_report"), .name = slice_text("a.pdf") };
    const struct evidence other = { .item = slice_text("registration_form"), .has_bytes = true, .bytes = 8 };
    const struct supplement_accepted accepted = { .dossier = slice_text("d1"),
                                                  .product = slice_text("P1"),
                                                  .name = slice_text("Miến dong Tài Hoan"),
                                                  .owner = slice_text("HTX"),
                                                  .version = 2 };
    const struct dossier_supplemented filed = { .reason = slice_text("name"),
                                                .items = &paper,
                                                .items_count = 1 };
    struct store_version *versions = NULL;
    struct store_item *items = NULL;
    struct intake_dossier d;
    size_t count = 0;
    bool there = false;

    add_dossier(f, "d1", "BK-01", 1);
    assert_int_equal(store_add_version(&f->store, &accepted, &filed, 20), ERR_NONE);
    assert_int_equal(store_find_dossier(&f->store, slice_text("d1"), f->zone, &d), ERR_NONE);
    assert_int_equal(d.version, 2);
    assert_true(slice_is(d.name, "Miến dong Tài Hoan"));
    assert_true(slice_is(d.kind, "upgrade"));
    assert_int_equal(store_list_versions(&f->store, slice_text("d1"), f->zone, &versions, &count), ERR_NONE);
    assert_int_equal(count, 2);
    assert_non_null(versions);
    assert_true(slice_is(versions->name, "Miến dong"));
    assert_int_equal(store_list_items(&f->store, slice_text("d1"), f->zone, &items, &count), ERR_NONE);
    assert_int_equal(count, 2);
    assert_non_null(items);
    assert_int_equal(items->bytes, 7);
    assert_int_equal(store_has_item(&f->store, slice_text("d1"), &paper, &there), ERR_NONE);
    assert_true(there);
    assert_int_equal(store_has_item(&f->store, slice_text("d1"), &other, &there), ERR_NONE);
    assert_false(there);
}

static void a_version_cannot_be_changed(void **state)
{
    struct fixture *f = *state;
    struct why why = { 0 };

    add_dossier(f, "d1", "BK-01", 1);
    assert_int_not_equal(db_exec(f->db, "UPDATE dossier_version SET name = 'x'", &why), ERR_NONE);
}

static void a_round_is_free_again_after_a_withdrawal(void **state)
{
    struct fixture *f = *state;
    struct store_dossier *first = NULL;
    struct slice reference;
    size_t count = 0;
    bool there = false;

    add_dossier(f, "d1", "BK-01", 1);
    assert_int_equal(store_has_reference(&f->store, slice_text("06"), slice_text("BK-01"), &there), ERR_NONE);
    assert_true(there);
    assert_int_equal(
        store_find_in_round(&f->store, slice_text("P1"), slice_text("2018-1"), f->zone, &reference),
        ERR_NONE);
    assert_true(slice_is(reference, "BK-01"));
    assert_int_equal(store_mark_withdrawn(&f->store, slice_text("d1")), ERR_NONE);
    assert_int_equal(
        store_find_in_round(&f->store, slice_text("P1"), slice_text("2018-1"), f->zone, &reference),
        ERR_NONE);
    assert_int_equal(reference.size, 0);
    add_dossier(f, "d2", "BK-02", 2);
    assert_int_equal(store_mark_rated(&f->store, slice_text("d2")), ERR_NONE);
    assert_int_equal(store_list_by_product(&f->store, slice_text("P1"), f->zone, &first, &count), ERR_NONE);
    assert_int_equal(count, 2);
    assert_non_null(first);
    assert_true(slice_is(first->dossier.dossier, "d2"));
    assert_true(first->dossier.rated);
    assert_int_equal(store_list_by_reference(&f->store, slice_text("BK-01"), f->zone, &first, &count),
                     ERR_NONE);
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plan_is_found_again, open_it, close_it),
        cmocka_unit_test_setup_teardown(serials_count_within_a_commune_and_year, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_supplement_makes_a_version_beside_the_first, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_version_cannot_be_changed, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_round_is_free_again_after_a_withdrawal, open_it, close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
