/* Owners, and products whose province becomes part of another: codes, aliases, who may speak for them. */
#include "tests/intake/scene.h"

static void mergers_are_announced_on_their_day(void **state)
{
    struct fixture *f = *state;
    struct slice topic;
    struct envelope e;

    start_day(f, date(2025, 6, 30));
    assert_int_equal(bench_outcomes(f->bench), 0);
    start_day(f, date(2025, 7, 1));
    assert_outcomes(f, (const char *const[]){ "intake.area.merged", "intake.area.merged", NULL });
    assert_int_equal(bench_outcome(f->bench, 0, &topic, &e), ERR_NONE);
    assert_true(slice_is(topic, "intake.area.merged.19"));
    assert_text(&e.data, "old_code", "06");
    assert_text(&e.data, "new_code", "19");
    assert_text(&e.data, "merged_on", "2025-07-01");
    e = outcome(f, 1);
    assert_text(&e.data, "old_code", "19"); /* its meaning changed; that of 01 did not */
    start_day(f, date(2025, 7, 2));
    assert_int_equal(bench_outcomes(f->bench), 0);
}

static void areas_adopted_late_are_announced_at_once(void **state)
{
    static const struct area_pair more[] = { { { "02", 2 }, { "08", 2 } }, { { "08", 2 }, { "08", 2 } } };
    struct fixture *f = *state;
    struct rules_adopted areas = areas_of_2025();

    start_day(f, date(2026, 6, 1));
    areas.name = slice_text("areas-more");
    areas.areas = more;
    areas.areas_count = 2;
    adopt(f, areas);
    assert_outcomes(f, (const char *const[]){ "intake.area.merged", "intake.area.merged", NULL });
    start_day(f, date(2026, 6, 2));
    assert_int_equal(bench_outcomes(f->bench), 0);
}

/* --- products --- */

static void a_product_of_an_old_province_is_found_in_the_new_one(void **state)
{
    static const char *const keys[] = { "06-066-02152-1-2018", "19-02152-1-2026" };
    struct fixture *f = *state;
    const struct dossier_filed old = a_dossier("BK-01", "Miến dong");
    struct dossier_filed d = new_dossier("TN-01", "MIẾN  dong", dossier_kind_FIRST);
    msgpack_object answer, codes;
    struct envelope e;

    (void)accepted_id(f, &old);
    start_day(f, date(2026, 6, 1));
    (void)accepted_id(f, &d);
    assert_outcomes(f, (const char *const[]){ "intake.dossier.accepted", "intake.product.recoded", NULL });
    e = outcome(f, 0);
    assert_text(&e.data, "product", "06-066-02152-1-2018");
    assert_text(&e.data, "code", "19-02152-1-2026");
    e = outcome(f, 1);
    assert_text(&e.data, "product", "06-066-02152-1-2018");
    assert_text(&e.data, "code", "19-02152-1-2026");
    assert_text(&e.data, "province", "19");
    for (size_t i = 0; i < 2; i++) {
        answer = ask(f, "product", "product", keys[i], ERR_NONE);
        assert_text(&answer, "product", "06-066-02152-1-2018");
        assert_text(&answer, "code", "19-02152-1-2026");
        codes = *mp_find(&answer, "codes");
        assert_int_equal(codes.via.array.size, 2);
        assert_text(&codes.via.array.ptr[1], "given_on", "2026-06-01");
        assert_int_equal(mp_find(&answer, "dossiers")->via.array.size, 2);
        answer = ask(f, "dossier", "key", keys[i], ERR_NONE);
        assert_text(&answer, "reference", "TN-01");
        assert_text(&answer, "code", "19-02152-1-2026");
        answer = ask(f, "fact", "key", keys[i], ERR_NONE);
        assert_text(&answer, "product", "06-066-02152-1-2018");
    }
    /* It is recoded once, and any of its codes may be named. */
    d = new_dossier("TN-02", "Miến dong", dossier_kind_UPGRADE);
    d.round = slice_text("2026-3");
    d.has_product_code = true;
    d.product_code = slice_text("19-02152-1-2026");
    (void)accepted_id(f, &d);
    assert_int_equal(bench_outcomes(f->bench), 1);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "06-066-02152-1-2018");
    assert_text(&e.data, "code", "19-02152-1-2026");
    /* The next product of the commune gets the next serial. */
    d = new_dossier("TN-03", "Trà hoa vàng", dossier_kind_FIRST);
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "19-02152-2-2026");
    assert_null(mp_find(&e.data, "code"));
}

static void before_the_merger_provinces_are_apart(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed old = a_dossier("BK-01", "Miến dong");
    struct dossier_filed d = a_dossier("TN-01", "Miến dong");
    struct envelope e;

    (void)accepted_id(f, &old);
    d.province = slice_text("19");
    d.district_code = slice_text("164");
    (void)accepted_id(f, &d);
    assert_outcomes(f, (const char *const[]){ "intake.dossier.accepted", "intake.owner.registered",
                                              "intake.product.registered", NULL });
    e = outcome(f, 0);
    assert_text(&e.data, "product", "19-164-02152-1-2018");
    e = outcome(f, 1);
    assert_text(&e.data, "owner_code", "CT-19-000001");
    /* After it, each name finds the product of its own province first. */
    start_day(f, date(2026, 6, 1));
    d = new_dossier("TN-02", "Miến dong", dossier_kind_FIRST);
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "19-164-02152-1-2018");
}

static void areas_that_do_not_recode_leave_the_code(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed old = a_dossier("BK-01", "Miến dong");
    const struct dossier_filed d = new_dossier("TN-01", "Miến dong", dossier_kind_FIRST);
    struct rules_adopted areas = areas_of_2025();
    struct envelope e;

    areas.name = slice_text("areas-earlier"); /* the earliest adopted areas decide */
    areas.first_day = date(2025, 6, 30);
    areas.recode = false;
    adopt(f, areas);
    (void)accepted_id(f, &old);
    start_day(f, date(2026, 6, 1));
    (void)accepted_id(f, &d);
    assert_int_equal(bench_outcomes(f->bench), 1);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "06-066-02152-1-2018");
    assert_null(mp_find(&e.data, "code"));
}

static void the_new_province_speaks_for_the_old(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed old = a_dossier("BK-01", "Miến dong");
    const struct item_asked label = { .item = slice_text("label") };
    const struct request_filed request = { .reference = slice_text("BK-01"),
                                           .province = slice_text("19"),
                                           .desk = desk_PROVINCE,
                                           .items = &label,
                                           .items_count = 1,
                                           .reason = slice_text("the label"),
                                           .due_before = date(2026, 1, 1) };
    struct dossier_withdrawn w = { .reason = slice_text("why") };
    struct envelope e;

    w.dossier = accepted_id(f, &old);
    start_day(f, date(2025, 6, 30));
    feed(f, "province-19", &request_filed_kind, "19", &request);
    assert_refused(f, "intake.request.refused", "UNKNOWN_REFERENCE");
    feed(f, "province-19", &dossier_withdrawn_kind, "19", &w);
    assert_refused(f, "intake.withdrawal.refused", "WRONG_PROVINCE");
    start_day(f, date(2025, 7, 1));
    feed(f, "province-19", &request_filed_kind, "19", &request);
    e = outcome(f, 0);
    assert_text(&e.data, "province", "06"); /* where the dossier stands */
    feed(f, "province-19", &dossier_withdrawn_kind, "19", &w);
    e = outcome(f, 0);
    assert_true(slice_is(e.type, "intake.withdrawal.accepted"));
}

/* --- owners --- */

static void an_owner_is_registered_once_with_all_its_products(void **state)
{
    /* "HTX Tài Hoan" with its à as a and a mark, in capitals */
    static const char decomposed[] = "HTX TA\xCC\x80I  HOAN";
    static const char *const keys[] = { "CT-06-000001", "htx tài hoan", decomposed };
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    msgpack_object answer, products;

    (void)accepted_id(f, &d);
    d = a_dossier("BK-02", "Tinh nghệ");
    d.owner = slice_text(decomposed);
    (void)accepted_id(f, &d);
    assert_outcomes(f, (const char *const[]){ "intake.dossier.accepted", "intake.product.registered", NULL });
    /* Since the merger the provinces count as one. */
    start_day(f, date(2026, 6, 1));
    d = new_dossier("TN-01", "Trà hoa vàng", dossier_kind_FIRST);
    (void)accepted_id(f, &d);
    assert_outcomes(f, (const char *const[]){ "intake.dossier.accepted", "intake.product.registered", NULL });
    for (size_t i = 0; i < 3; i++) {
        answer = ask(f, "owner", "key", keys[i], ERR_NONE);
        assert_text(&answer, "owner_code", "CT-06-000001");
        assert_text(&answer, "owner_kind", "cooperative");
        products = *mp_find(&answer, "products");
        assert_int_equal(products.via.array.size, 3);
        assert_text(&products.via.array.ptr[2], "name", "Trà hoa vàng");
    }
    (void)ask(f, "owner", "key", "HTX khác", ERR_NOT_FOUND);
    (void)ask(f, "owner", NULL, NULL, ERR_INVALID);
}

static void a_name_of_two_provinces_needs_the_province(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");

    (void)accepted_id(f, &d);
    d.province = slice_text("19");
    (void)accepted_id(f, &d);
    (void)ask(f, "owner", "key", "HTX Tài Hoan", ERR_INVALID);
    (void)ask(f, "owner", "key", "CT-19-000001", ERR_NONE);
}

static void a_corrected_applicant_is_an_owner_too(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    const struct dossier_supplemented s = { .dossier = accepted_id(f, &d),
                                            .has_owner = true,
                                            .owner = slice_text("HTX Côn Minh"),
                                            .reason = slice_text("the name in the register") };
    msgpack_object answer;
    struct envelope e;

    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_outcomes(f,
                    (const char *const[]){ "intake.owner.registered", "intake.supplement.accepted", NULL });
    e = outcome(f, 0);
    assert_text(&e.data, "owner_code", "CT-06-000002");
    assert_text(&e.data, "owner_kind", "cooperative");
    answer = ask(f, "product", "product", "06-066-02152-1-2018", ERR_NONE);
    assert_text(&answer, "owner", "HTX Côn Minh");
    assert_text(&answer, "owner_code", "CT-06-000002");
    answer = ask(f, "owner", "key", "CT-06-000001", ERR_NONE);
    assert_int_equal(mp_find(&answer, "products")->via.array.size, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_it, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mergers_are_announced_on_their_day),
        TEST(areas_adopted_late_are_announced_at_once),
        TEST(a_product_of_an_old_province_is_found_in_the_new_one),
        TEST(before_the_merger_provinces_are_apart),
        TEST(areas_that_do_not_recode_leave_the_code),
        TEST(the_new_province_speaks_for_the_old),
        TEST(an_owner_is_registered_once_with_all_its_products),
        TEST(a_name_of_two_provinces_needs_the_province),
        TEST(a_corrected_applicant_is_an_owner_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
