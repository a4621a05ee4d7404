/* Intake's conversation: what comes in, what is said, what the questions answer then. */
#include "tests/intake/scene.h"

/* --- tests --- */

static void a_whole_dossier_is_accepted_and_its_product_registered(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    struct dossier_accepted accepted;
    struct product_registered product;
    struct envelope e;
    msgpack_object answer;
    char id[65];

    file(f, &d);
    assert_outcomes(f, (const char *const[]){ "intake.dossier.accepted", "intake.owner.registered",
                                              "intake.product.registered", NULL });
    e = outcome(f, 0);
    assert_int_equal(dossier_accepted_decode(&e, f->zone, &accepted, NULL), ERR_NONE);
    assert_true(slice_is(accepted.product, "06-066-02152-1-2018"));
    snprintf(id, sizeof id, "%.*s", SLICE_ARG(e.id));
    e = outcome(f, 1);
    assert_text(&e.data, "owner_code", "CT-06-000001");
    assert_text(&e.data, "name", "HTX Tài Hoan");
    e = outcome(f, 2);
    assert_int_equal(product_registered_decode(&e, f->zone, &product, NULL), ERR_NONE);
    assert_true(slice_is(product.product, "06-066-02152-1-2018"));
    assert_true(slice_is(product.commune, "Xã Côn Minh"));
    answer = ask(f, "fact", "key", "BK-01", ERR_NONE);
    assert_text(&answer, "id", id);
    assert_text(&answer, "product", "06-066-02152-1-2018");
    answer = ask(f, "fact", "key", "06-066-02152-1-2018", ERR_NONE);
    assert_text(&answer, "id", id);
    answer = ask(f, "product", "product", "06-066-02152-1-2018", ERR_NONE);
    assert_text(&answer, "owner", "HTX Tài Hoan");
    answer = ask(f, "dossier", "key", id, ERR_NONE);
    assert_text(&answer, "state", "open");
    (void)ask(f, "fact", "key", "BK-99", ERR_NOT_FOUND);
    (void)ask(f, "fact", NULL, NULL, ERR_INVALID);
    (void)ask(f, "product", "product", "nothing", ERR_NOT_FOUND);
}

static void a_dossier_with_gaps_comes_back_with_all_of_them(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    struct dossier_returned returned;
    struct envelope e;

    d.has_owner = d.has_commune_code = false;
    d.items_count = 3;
    file(f, &d);
    assert_refused(f, "intake.dossier.returned", "GAPS");
    e = outcome(f, 0);
    assert_int_equal(dossier_returned_decode(&e, f->zone, &returned, NULL), ERR_NONE);
    assert_true(slice_is(returned.reference, "BK-01"));
    assert_int_equal(returned.gaps_count, 4);
    assert_true(slice_is(returned.gaps[3].field, "samples"));
    /* Completed, it comes in under the same reference. */
    d = a_dossier("BK-01", "Miến dong");
    (void)accepted_id(f, &d);
}

static void an_unreadable_field_is_named(void **state)
{
    struct fixture *f = *state;
    struct buf data = { 0 };
    msgpack_packer p;

    msgpack_packer_init(&p, &data, buf_pack_write);
    msgpack_pack_map(&p, 1);
    buf_pack_text(&p, "province");
    buf_pack_text(&p, "06");
    feed_data(f, "province-06", "intake.dossier.filed", "06", buf_slice(&data));
    buf_fini(&data);
    assert_refused(f, "intake.dossier.returned", "FIELD_MISSING");
}

static void references_provinces_and_rounds_are_kept_apart(void **state)
{
    /* "Miến dong", its ế spelt as e with two marks, in capitals, with a blank too many */
    static const char decomposed[] = "MIE\xCC\x82\xCC\x81N  dong ";
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    struct envelope e;
    struct slice sentence;

    (void)accepted_id(f, &d);
    file(f, &d);
    assert_refused(f, "intake.dossier.returned", "REFERENCE_USED");
    d = a_dossier("BK-02", "Miến dong");
    d.province = slice_text("24");
    feed(f, "province-06", &dossier_filed_kind, "06", &d);
    assert_refused(f, "intake.dossier.returned", "WRONG_PROVINCE");
    d = a_dossier("BK-02", decomposed);
    file(f, &d);
    assert_refused(f, "intake.dossier.returned", "DUPLICATE_IN_ROUND");
    e = outcome(f, 0);
    assert_true(mp_text(mp_find(&e.data, "sentence"), &sentence));
    assert_non_null(memmem(sentence.data, sentence.size, "BK-01", 5));
    /* Another round is free, and the product keeps its code. */
    d.round = slice_text("2019-1");
    f->day = clock_day_from_civil(2019, 6, 1);
    file(f, &d);
    assert_int_equal(bench_outcomes(f->bench), 1);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "06-066-02152-1-2018");
}

static void serials_count_and_codes_follow_the_day(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    struct envelope e;

    (void)accepted_id(f, &d);
    d = a_dossier("BK-02", "Tinh nghệ");
    file(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "06-066-02152-2-2018");
    f->day = clock_day_from_civil(2025, 7, 1);
    d = a_dossier("BK-03", "Trà hoa vàng");
    d.province = slice_text("19");
    d.has_district_code = d.has_rule_set = false;
    d.items = new_papers;
    d.items_count = 2;
    file(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "19-02152-1-2025");
    assert_text(&e.data, "rule_set", "QD148");
}

static void a_supplement_makes_a_new_version(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed d = a_dossier("BK-01", "Miến dong"), other = a_dossier("BK-02", "Tinh nghệ");
    struct dossier_supplemented s = { .dossier = accepted_id(f, &d),
                                      .has_product = true,
                                      .product = slice_text("Miến dong Tài Hoan"),
                                      .reason = slice_text("the name on the label") };
    msgpack_object answer;
    struct envelope e;

    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_int_equal(bench_outcomes(f->bench), 1);
    e = outcome(f, 0);
    assert_true(slice_is(e.type, "intake.supplement.accepted"));
    assert_number(&e.data, "version", 2);
    assert_text(&e.data, "name", "Miến dong Tài Hoan");
    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_refused(f, "intake.supplement.returned", "NOTHING_CHANGED");
    answer = ask(f, "dossier", "key", "BK-01", ERR_NONE);
    assert_number(&answer, "version", 2);
    assert_text(&answer, "name", "Miến dong Tài Hoan");
    answer = *mp_find(&answer, "versions");
    assert_int_equal(answer.via.array.size, 2);
    assert_text(&answer.via.array.ptr[0], "name", "Miến dong");
    answer = ask(f, "product", "product", "06-066-02152-1-2018", ERR_NONE);
    assert_text(&answer, "name", "Miến dong Tài Hoan");

    (void)accepted_id(f, &other);
    s.product = slice_text("TINH NGHỆ");
    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_refused(f, "intake.supplement.returned", "PRODUCT_EXISTS");
    s.dossier = slice_text("nobody");
    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_refused(f, "intake.supplement.returned", "NOT_YET");
}

static void a_rated_dossier_stays_as_it_is(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    const struct slice id = accepted_id(f, &d);
    const struct dossier_supplemented s = {
        .dossier = id, .has_owner = true, .owner = slice_text("HTX khác"), .reason = slice_text("why")
    };
    const struct dossier_withdrawn w = { .dossier = id, .reason = slice_text("why") };
    msgpack_object answer;

    rate(f, id);
    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_refused(f, "intake.supplement.returned", "RATED");
    feed(f, "province-06", &dossier_withdrawn_kind, "06", &w);
    assert_refused(f, "intake.withdrawal.refused", "RATED");
    answer = ask(f, "dossier", "key", "BK-01", ERR_NONE);
    assert_text(&answer, "state", "rated");
}

static void a_dossier_is_withdrawn_once_by_its_province(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    struct dossier_withdrawn w = { .dossier = slice_text("nobody"), .reason = slice_text("why") };
    struct envelope e;

    feed(f, "province-06", &dossier_withdrawn_kind, "06", &w);
    assert_refused(f, "intake.withdrawal.refused", "NOT_YET");
    w.dossier = accepted_id(f, &d);
    feed(f, "province-01", &dossier_withdrawn_kind, "01", &w);
    assert_refused(f, "intake.withdrawal.refused", "WRONG_PROVINCE");
    feed(f, "province-06", &dossier_withdrawn_kind, "06", &w);
    e = outcome(f, 0);
    assert_true(slice_is(e.type, "intake.withdrawal.accepted"));
    feed(f, "province-06", &dossier_withdrawn_kind, "06", &w);
    assert_refused(f, "intake.withdrawal.refused", "WITHDRAWN");
    /* The round is free again for the product, which keeps its code. */
    d.reference = slice_text("BK-02");
    file(f, &d);
    assert_int_equal(bench_outcomes(f->bench), 1);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "06-066-02152-1-2018");
}

/* A supplement of this dossier gives its product another name, and another applicant. */
static void rename_by(struct fixture *f, struct slice dossier, const char *product, const char *owner)
{
    const struct dossier_supplemented s = { .dossier = dossier,
                                            .has_product = true,
                                            .product = slice_text(product),
                                            .has_owner = owner != NULL,
                                            .owner = slice_text(owner),
                                            .reason = slice_text("why") };

    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_true(slice_is(outcome(f, bench_outcomes(f->bench) - 1).type, "intake.supplement.accepted"));
}

static void withdraw(struct fixture *f, struct slice dossier)
{
    const struct dossier_withdrawn w = { .dossier = dossier, .reason = slice_text("why") };

    feed(f, "province-06", &dossier_withdrawn_kind, "06", &w);
    assert_true(slice_is(outcome(f, 0).type, "intake.withdrawal.accepted"));
}

static void assert_names(struct fixture *f, const char *product, const char *name, const char *owner_code)
{
    const msgpack_object answer = ask(f, "product", "product", product, ERR_NONE);

    assert_text(&answer, "name", name);
    assert_text(&answer, "owner_code", owner_code);
}

static void a_name_goes_back_with_its_dossier(void **state)
{
    static const char first[] = "06-066-02152-1-2018";
    struct fixture *f = *state;
    const struct rejection_filed away = { .reference = slice_text("BK-03"),
                                          .province = slice_text("06"),
                                          .desk = desk_PROVINCE,
                                          .ground = slice_text("FORGED_DOSSIER"),
                                          .reason = slice_text("why") };
    struct dossier_filed d = a_dossier("BK-01", "Miến dong"), again = a_dossier("BK-02", "Miến dong");
    struct slice one, two, three;

    one = accepted_id(f, &d);
    again.round = slice_text("2018-2");
    two = accepted_id(f, &again);
    rename_by(f, one, "Miến dong Tài Hoan", "HTX Côn Minh");
    assert_names(f, first, "Miến dong Tài Hoan", "CT-06-000002");
    rename_by(f, two, "Miến đặc biệt", NULL);
    assert_names(f, first, "Miến đặc biệt", "CT-06-000001");
    withdraw(f, one); /* it did not give the present name */
    assert_names(f, first, "Miến đặc biệt", "CT-06-000001");
    withdraw(f, two); /* no dossier stands: as it was registered */
    assert_names(f, first, "Miến dong", "CT-06-000001");
    /* The same when a dossier is turned away. */
    d.reference = slice_text("BK-03");
    three = accepted_id(f, &d);
    rename_by(f, three, "Miến đỏ", NULL);
    feed(f, "province-06", &rejection_filed_kind, "06", &away);
    assert_names(f, first, "Miến dong", "CT-06-000001");
}

static void a_name_that_another_product_has_by_now_does_not_go_back(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    const struct slice one = accepted_id(f, &d);

    rename_by(f, one, "Miến đỏ", NULL);
    d.reference = slice_text("BK-02");
    (void)accepted_id(f, &d);
    withdraw(f, one);
    assert_names(f, "06-066-02152-1-2018", "Miến đỏ", "CT-06-000001");
    assert_names(f, "06-066-02152-2-2018", "Miến dong", "CT-06-000001");
}

static void plans_are_registered_once_and_summed(void **state)
{
    struct fixture *f = *state;
    struct plan_filed plan = { .province = slice_text("06"),
                               .title = slice_text("Đề án"),
                               .year_from = 2018,
                               .year_to = 2020,
                               .products = 80,
                               .budget_vnd = 188000000000 };
    msgpack_object answer;
    struct envelope e;

    feed(f, "province-06", &plan_filed_kind, "06", &plan);
    e = outcome(f, 0);
    assert_true(slice_is(e.type, "intake.plan.registered"));
    feed(f, "province-06", &plan_filed_kind, "06", &plan);
    assert_refused(f, "intake.plan.refused", "PLAN_DUPLICATE");
    plan.year_from = 2021;
    feed(f, "province-06", &plan_filed_kind, "06", &plan);
    assert_refused(f, "intake.plan.refused", "PLAN_YEARS");
    plan.year_to = 2025;
    feed(f, "province-06", &plan_filed_kind, "01", &plan);
    assert_refused(f, "intake.plan.refused", "WRONG_PROVINCE");
    feed(f, "province-06", &plan_filed_kind, "06", &plan);
    answer = ask(f, "plans", NULL, NULL, ERR_NONE);
    assert_number(&answer, "plans", 2);
    assert_number(&answer, "products", 160);
    assert_number(&answer, "budget_vnd", 376000000000);
}

static void reports_are_registered_and_late_ones_say_so(void **state)
{
    struct fixture *f = *state;
    struct report_filed report = { .province = slice_text("06"),
                                   .period_end = clock_day_from_civil(2018, 12, 31),
                                   .has_due_before = true,
                                   .due_before = clock_day_from_civil(2019, 1, 10),
                                   .three_star = 32,
                                   .four_star = 5 };
    struct report_registered registered;
    struct envelope e;

    feed(f, "province-06", &report_filed_kind, "06", &report);
    assert_refused(f, "intake.report.refused", "PERIOD_OPEN");
    f->day = clock_day_from_civil(2019, 1, 10);
    feed(f, "province-06", &report_filed_kind, "06", &report);
    e = outcome(f, 0);
    assert_int_equal(report_registered_decode(&e, f->zone, &registered, NULL), ERR_NONE);
    assert_true(registered.late);
    feed(f, "province-06", &report_filed_kind, "06", &report);
    assert_refused(f, "intake.report.refused", "REPORT_DUPLICATE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_whole_dossier_is_accepted_and_its_product_registered, open_it,
                                        close_it),
        cmocka_unit_test_setup_teardown(a_dossier_with_gaps_comes_back_with_all_of_them, open_it, close_it),
        cmocka_unit_test_setup_teardown(an_unreadable_field_is_named, open_it, close_it),
        cmocka_unit_test_setup_teardown(references_provinces_and_rounds_are_kept_apart, open_it, close_it),
        cmocka_unit_test_setup_teardown(serials_count_and_codes_follow_the_day, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_supplement_makes_a_new_version, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_rated_dossier_stays_as_it_is, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_dossier_is_withdrawn_once_by_its_province, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_name_goes_back_with_its_dossier, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_name_that_another_product_has_by_now_does_not_go_back, open_it,
                                        close_it),
        cmocka_unit_test_setup_teardown(plans_are_registered_once_and_summed, open_it, close_it),
        cmocka_unit_test_setup_teardown(reports_are_registered_and_late_ones_say_so, open_it, close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
