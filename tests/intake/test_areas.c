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

/* --- who may file --- */

static void file_plan(struct fixture *f, const char *province)
{
    const struct plan_filed plan = { .province = slice_text(province),
                                     .title = slice_text("Kế hoạch"),
                                     .year_from = 2026,
                                     .year_to = 2030,
                                     .products = 1 };

    feed(f, "a-province", &plan_filed_kind, province, &plan);
}

static void file_report(struct fixture *f, const char *province)
{
    const struct report_filed report = { .province = slice_text(province), .period_end = date(2025, 6, 30) };

    feed(f, "a-province", &report_filed_kind, province, &report);
}

static void file_slip(struct fixture *f, const char *reference, const char *province, enum desk desk,
                      int32_t received_on)
{
    const struct slip_filed slip = { .reference = slice_text(reference),
                                     .province = slice_text(province),
                                     .desk = desk,
                                     .number = slice_text("1/PĐK"),
                                     .received_on = received_on,
                                     .has_commune_code = true,
                                     .commune_code = slice_text("02152") };

    feed(f, "a-province", &slip_filed_kind, province, &slip);
}

static void file_request(struct fixture *f, const char *reference, const char *province, enum desk desk)
{
    static const struct item_asked form = { .item = { "registration_form", 17 } };
    const struct request_filed request = { .reference = slice_text(reference),
                                           .province = slice_text(province),
                                           .desk = desk,
                                           .items = &form,
                                           .items_count = 1,
                                           .reason = slice_text("why"),
                                           .due_before = date(2026, 12, 1) };

    feed(f, "a-province", &request_filed_kind, province, &request);
}

static void file_rejection(struct fixture *f, const char *reference, const char *province, enum desk desk)
{
    const struct rejection_filed rejection = { .reference = slice_text(reference),
                                               .province = slice_text(province),
                                               .desk = desk,
                                               .ground = slice_text("FORGED_DOSSIER"),
                                               .reason = slice_text("why") };

    feed(f, "a-province", &rejection_filed_kind, province, &rejection);
}

/* Everything that intake hears from this province is refused with this code. */
static void assert_all_refused(struct fixture *f, const char *province, const char *code,
                               struct slice dossier)
{
    struct dossier_filed d = new_dossier("BK-09", "Trà", dossier_kind_FIRST);
    const struct dossier_supplemented s = {
        .dossier = dossier, .has_product = true, .product = slice_text("Miến"), .reason = slice_text("why")
    };
    const struct dossier_withdrawn w = { .dossier = dossier, .reason = slice_text("why") };

    d.province = slice_text(province);
    feed(f, "a-province", &dossier_filed_kind, province, &d);
    assert_refused(f, "intake.dossier.returned", code);
    file_plan(f, province);
    assert_refused(f, "intake.plan.refused", code);
    file_report(f, province);
    assert_refused(f, "intake.report.refused", code);
    file_slip(f, "BK-09", province, desk_COMMUNE, f->day);
    assert_refused(f, "intake.slip.refused", code);
    file_request(f, "BK-01", province, desk_COMMUNE);
    assert_refused(f, "intake.request.refused", code);
    file_rejection(f, "BK-01", province, desk_COMMUNE);
    assert_refused(f, "intake.rejection.refused", code);
    feed(f, "a-province", &dossier_supplemented_kind, province, &s);
    assert_refused(f, "intake.supplement.returned", code);
    feed(f, "a-province", &dossier_withdrawn_kind, province, &w);
    assert_refused(f, "intake.withdrawal.refused", code);
}

static void a_merged_province_files_nothing_more(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed old = a_dossier("BK-01", "Miến dong");
    struct slice sentence = { NULL, 0 }, dossier;
    struct dossier_supplemented s = { .has_product = true,
                                      .product = slice_text("Miến"),
                                      .reason = slice_text("why") };
    struct envelope e;

    s.dossier = dossier = accepted_id(f, &old);
    start_day(f, date(2025, 6, 30));
    file_plan(f, "06");
    assert_outcomes(f, (const char *const[]){ "intake.plan.registered", NULL });
    start_day(f, date(2025, 7, 1));
    assert_all_refused(f, "06", "PROVINCE_MERGED", dossier);
    e = outcome(f, 0);
    assert_true(mp_text(mp_find(&e.data, "sentence"), &sentence));
    assert_true(slice_is(sentence, "06 became part of 19 on 2025-07-01; file as 19"));
    /* 19 carries on what 06 began. */
    feed(f, "province-19", &dossier_supplemented_kind, "19", &s);
    e = outcome(f, bench_outcomes(f->bench) - 1);
    assert_true(slice_is(e.type, "intake.supplement.accepted"));
    file_report(f, "19");
    assert_outcomes(f, (const char *const[]){ "intake.report.registered", NULL });
}

/* The merger holds from its day on, whether it was announced already or not. */
static void the_day_decides_who_files(void **state)
{
    struct fixture *f = *state;

    f->day = date(2025, 7, 1);
    file_plan(f, "06");
    assert_refused(f, "intake.plan.refused", "PROVINCE_MERGED");
    file_plan(f, "01");
    assert_outcomes(f, (const char *const[]){ "intake.plan.registered", NULL });
}

/* 10 became part of 15, and 15 itself is another area since: its code is taken under the new meaning. */
static void a_code_that_keeps_its_number_goes_on(void **state)
{
    static const struct area_pair more[] = { { { "10", 2 }, { "15", 2 } },
                                             { { "15", 2 }, { "15", 2 } },
                                             { { "31", 2 }, { "30", 2 } },
                                             { { "30", 2 }, { "31", 2 } } };
    struct fixture *f = *state;
    struct rules_adopted areas = areas_of_2025();

    areas.name = slice_text("areas-more");
    areas.areas = more;
    areas.areas_count = 4;
    adopt(f, areas);
    start_day(f, date(2025, 7, 1));
    file_plan(f, "10");
    assert_refused(f, "intake.plan.refused", "PROVINCE_MERGED");
    file_plan(f, "15");
    assert_outcomes(f, (const char *const[]){ "intake.plan.registered", NULL });
    file_plan(f, "30");
    assert_outcomes(f, (const char *const[]){ "intake.plan.registered", NULL });
}

static void a_province_that_no_areas_know_files_nothing(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed old = a_dossier("BK-01", "Miến dong");

    assert_all_refused(f, "99", "PROVINCE_UNKNOWN", accepted_id(f, &old));
}

static void without_areas_every_code_is_taken(void **state)
{
    struct fixture *f = *state;

    start_day(f, date(2026, 6, 1));
    file_plan(f, "99");
    assert_outcomes(f, (const char *const[]){ "intake.plan.registered", NULL });
}

static void there_are_no_district_desks_without_districts(void **state)
{
    struct fixture *f = *state;

    start_day(f, date(2025, 7, 1));
    file_slip(f, "TN-01", "19", desk_DISTRICT, date(2025, 7, 1));
    assert_refused(f, "intake.slip.refused", "DESK_ABOLISHED");
    /* One that was given before may be told of later, by the province that carries on. */
    file_slip(f, "TN-01", "19", desk_DISTRICT, date(2025, 6, 30));
    assert_outcomes(f, (const char *const[]){ "intake.slip.registered", NULL });
    file_request(f, "TN-01", "19", desk_DISTRICT);
    assert_refused(f, "intake.request.refused", "DESK_ABOLISHED");
    file_rejection(f, "TN-01", "19", desk_DISTRICT);
    assert_refused(f, "intake.rejection.refused", "DESK_ABOLISHED");
    file_rejection(f, "TN-01", "19", desk_PROVINCE);
    assert_outcomes(f, (const char *const[]){ "intake.rejection.registered", NULL });
}

/* What was asked for under the old province has come when the new one files the dossier. */
static void a_request_is_closed_across_the_merger(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = new_dossier("M1", "Trà hoa vàng", dossier_kind_FIRST);
    msgpack_object answer, requests;
    struct envelope e;

    start_day(f, date(2025, 6, 30));
    file_slip(f, "M1", "06", desk_COMMUNE, date(2025, 6, 30));
    file_request(f, "M1", "06", desk_COMMUNE);
    assert_outcomes(f, (const char *const[]){ "intake.request.registered", NULL });
    start_day(f, date(2025, 7, 2));
    d.has_rubric = d.has_proposed_on = false;
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "received_on", "2025-06-30");
    answer = ask(f, "dossier", "key", "M1", ERR_NONE);
    requests = *mp_find(&answer, "requests");
    assert_int_equal(requests.via.array.size, 1);
    assert_false(mp_find(&requests.via.array.ptr[0], "open")->via.boolean);
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
#define BARE(name) cmocka_unit_test_setup_teardown(name, open_bare, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mergers_are_announced_on_their_day),
        TEST(areas_adopted_late_are_announced_at_once),
        TEST(a_product_of_an_old_province_is_found_in_the_new_one),
        TEST(before_the_merger_provinces_are_apart),
        TEST(areas_that_do_not_recode_leave_the_code),
        TEST(the_new_province_speaks_for_the_old),
        TEST(a_merged_province_files_nothing_more),
        TEST(the_day_decides_who_files),
        TEST(a_code_that_keeps_its_number_goes_on),
        TEST(a_province_that_no_areas_know_files_nothing),
        BARE(without_areas_every_code_is_taken),
        TEST(there_are_no_district_desks_without_districts),
        TEST(a_request_is_closed_across_the_merger),
        TEST(an_owner_is_registered_once_with_all_its_products),
        TEST(a_name_of_two_provinces_needs_the_province),
        TEST(a_corrected_applicant_is_an_owner_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
