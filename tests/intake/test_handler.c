/* Intake's conversation: what comes in, what is said, what the questions answer then. */
#include "common/clock.h"
#include "common/mp.h"
#include "proto/codec.h"
#include "services/intake/handler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct bench *bench;
    msgpack_zone *zone;
    int32_t day;
    int fed;
};

static int open_it(void **state)
{
    static struct fixture f;
    struct why why = { 0 };

    memset(&f, 0, sizeof f);
    f.zone = msgpack_zone_new(8192);
    f.day = clock_day_from_civil(2018, 12, 1);
    *state = &f;
    if (!f.zone || hash_init()) return -1;
    return bench_new(&intake_service, ":memory:", &f.bench, &why) ? -1 : 0;
}

static int close_it(void **state)
{
    struct fixture *f = *state;

    bench_destroy(&f->bench);
    msgpack_zone_free(f->zone);
    return 0;
}

/* --- feeding and looking --- */

static void feed_data(struct fixture *f, const char *publisher, const char *type, const char *province,
                      struct slice data)
{
    char topic[TOPIC_MAX + 1], id[24];
    struct envelope e = { .source = slice_text(publisher), .type = slice_text(type) };
    struct buf bytes = { 0 };

    snprintf(topic, sizeof topic, "%s.%s", type, province);
    snprintf(id, sizeof id, "event-%d", ++f->fed);
    e.id = slice_text(id);
    e.time_ms = clock_day_start_ms(f->day);
    assert_int_equal(envelope_write(&e, data, &bytes), ERR_NONE);
    assert_int_equal(
        bench_feed(f->bench, publisher, topic, buf_slice(&bytes), clock_day_start_ms(f->day) + 1000),
        ERR_NONE);
    buf_fini(&bytes);
}

static void feed(struct fixture *f, const char *publisher, const struct event_kind *kind,
                 const char *province, const void *event)
{
    struct buf data = { 0 };
    struct why why = { 0 };

    assert_int_equal(codec_encode(kind, event, &data, &why), ERR_NONE);
    feed_data(f, publisher, kind->type, province, buf_slice(&data));
    buf_fini(&data);
}

static struct envelope outcome(struct fixture *f, size_t i)
{
    struct envelope e;
    struct slice topic;

    assert_int_equal(bench_outcome(f->bench, i, &topic, &e), ERR_NONE);
    return e;
}

/* The only outcome is of this type, with this code. */
static void assert_refused(struct fixture *f, const char *type, const char *code)
{
    const struct envelope e = outcome(f, 0);
    struct slice said = { NULL, 0 };

    assert_int_equal(bench_outcomes(f->bench), 1);
    assert_true(slice_is(e.type, type));
    assert_true(mp_text(mp_find(&e.data, "code"), &said));
    if (!slice_is(said, code)) fail_msg("code is %.*s, not %s", SLICE_ARG(said), code);
}

static msgpack_object ask(struct fixture *f, const char *question, const char *key, const char *value,
                          enum err wanted)
{
    struct buf arguments = { 0 }, answer = { 0 };
    msgpack_object out = { .type = MSGPACK_OBJECT_NIL };
    msgpack_packer p;
    struct why why = { 0 };
    char *copy;

    msgpack_packer_init(&p, &arguments, buf_pack_write);
    msgpack_pack_map(&p, key ? 1 : 0);
    if (key) {
        buf_pack_text(&p, key);
        buf_pack_text(&p, value);
    }
    assert_int_equal(bench_ask(f->bench, question, buf_slice(&arguments), &answer, &why), wanted);
    if (!wanted) {
        copy = msgpack_zone_malloc(f->zone, answer.size);
        assert_non_null(copy);
        memcpy(copy, answer.data, answer.size);
        assert_int_equal(mp_read(slice_of(copy, answer.size), f->zone, &out, &why), ERR_NONE);
    } else {
        assert_true(why.code[0] != '\0');
    }
    buf_fini(&arguments);
    buf_fini(&answer);
    return out;
}

static void assert_text(const msgpack_object *map, const char *key, const char *value)
{
    struct slice text = { NULL, 0 };

    assert_true(mp_text(mp_find(map, key), &text));
    if (!slice_is(text, value)) fail_msg("%s is %.*s, not %s", key, SLICE_ARG(text), value);
}

static void assert_number(const msgpack_object *map, const char *key, int64_t value)
{
    int64_t number = -1;

    assert_true(mp_i64(mp_find(map, key), &number));
    assert_true(number == value);
}

/* --- what comes in --- */

static struct evidence papers[] = { { .item = { "registration_form", 17 } },
                                    { .item = { "business_plan", 13 } },
                                    { .item = { "organisation", 12 } },
                                    { .item = { "business_registration", 21 } },
                                    { .item = { "samples", 7 } } };

static struct dossier_filed a_dossier(const char *reference, const char *product)
{
    return (struct dossier_filed){ .reference = slice_text(reference),
                                   .province = slice_text("06"),
                                   .has_kind = true,
                                   .kind = dossier_kind_FIRST,
                                   .has_product = true,
                                   .product = slice_text(product),
                                   .has_owner = true,
                                   .owner = slice_text("HTX Tài Hoan"),
                                   .has_owner_kind = true,
                                   .owner_kind = owner_kind_COOPERATIVE,
                                   .has_district_code = true,
                                   .district_code = slice_text("066"),
                                   .has_commune_code = true,
                                   .commune_code = slice_text("02152"),
                                   .has_commune = true,
                                   .commune = slice_text("Xã Côn Minh"),
                                   .has_round = true,
                                   .round = slice_text("2018-1"),
                                   .has_rule_set = true,
                                   .rule_set = slice_text("provisional-2018"),
                                   .has_items = true,
                                   .items = papers,
                                   .items_count = 5 };
}

static void file(struct fixture *f, const struct dossier_filed *d)
{
    feed(f, "province-06", &dossier_filed_kind, "06", d);
}

/* File it, expect it accepted, and copy the id of the dossier.accepted. */
static struct slice accepted_id(struct fixture *f, const struct dossier_filed *d)
{
    struct envelope e;
    char *copy;

    file(f, d);
    e = outcome(f, 0);
    assert_true(slice_is(e.type, "intake.dossier.accepted"));
    copy = msgpack_zone_malloc(f->zone, e.id.size);
    assert_non_null(copy);
    memcpy(copy, e.id.data, e.id.size);
    return slice_of(copy, e.id.size);
}

static void rate(struct fixture *f, struct slice dossier)
{
    char hash[65];
    struct product_rated rated = { .dossier = dossier,
                                   .reference = slice_text("BK-01"),
                                   .product = slice_text("P"),
                                   .name = slice_text("n"),
                                   .owner = slice_text("o"),
                                   .province = slice_text("06"),
                                   .council = slice_text("c"),
                                   .round = slice_text("2018-1"),
                                   .level = level_PROVINCE,
                                   .rule_set = slice_text("provisional-2018"),
                                   .sum_hundredths = 7200,
                                   .members = 1,
                                   .star = 4,
                                   .star_by_points = 4,
                                   .term_months = 36 };

    memset(hash, 'a', 64);
    hash[64] = '\0';
    rated.rule_hash = slice_text(hash);
    feed(f, "scoring", &product_rated_kind, "06", &rated);
    assert_int_equal(bench_outcomes(f->bench), 0);
}

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
    assert_int_equal(bench_outcomes(f->bench), 2);
    e = outcome(f, 0);
    assert_int_equal(dossier_accepted_decode(&e, f->zone, &accepted, NULL), ERR_NONE);
    assert_true(slice_is(accepted.product, "06-066-02152-1-2018"));
    snprintf(id, sizeof id, "%.*s", SLICE_ARG(e.id));
    e = outcome(f, 1);
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
    file(f, &d);
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
    d.has_district_code = false;
    file(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "06-02152-1-2025");
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
    feed(f, "province-24", &dossier_withdrawn_kind, "24", &w);
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
    feed(f, "province-06", &plan_filed_kind, "24", &plan);
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
        cmocka_unit_test_setup_teardown(plans_are_registered_once_and_summed, open_it, close_it),
        cmocka_unit_test_setup_teardown(reports_are_registered_and_late_ones_say_so, open_it, close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
