/* First, upgrade, re-rating: whose product it is, and what its certificate allows on which day. */
#include "tests/intake/scene.h"

static struct dossier_filed again(const char *reference, enum dossier_kind kind, const char *product_code,
                                  const char *certificate)
{
    struct dossier_filed d = new_dossier(reference, "Miến dong", kind);

    d.has_product_code = product_code != NULL;
    d.product_code = slice_text(product_code);
    d.has_certificate = certificate != NULL;
    d.certificate = slice_text(certificate);
    return d;
}

/* A product of Bắc Kạn in 2018, then 2026 under its first code. */
static void product_of_2018(struct fixture *f)
{
    const struct dossier_filed d = a_dossier("BK-01", "Miến dong");

    (void)accepted_id(f, &d);
}

static void issue(struct fixture *f, const char *certificate, const char *product, int32_t ends_on)
{
    const struct certificate_issued issued = { .certificate = slice_text(certificate),
                                               .product = slice_text(product),
                                               .name = slice_text("Miến dong"),
                                               .owner = slice_text("HTX Tài Hoan"),
                                               .star = 3,
                                               .number = slice_text("1/QĐ"),
                                               .authority = authority_PROVINCE,
                                               .province = slice_text("06"),
                                               .rated = slice_text("r"),
                                               .issued_on = clock_day_add_months(ends_on, -36),
                                               .ends_on = ends_on };

    feed(f, "certification", &certificate_issued_kind, "06", &issued);
    assert_int_equal(bench_outcomes(f->bench), 0);
}

static void an_upgrade_names_a_product_that_is_known(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = again("TN-01", dossier_kind_UPGRADE, NULL, NULL);
    struct envelope e;

    product_of_2018(f);
    start_day(f, date(2026, 6, 1));
    file(f, &d);
    assert_gap(f, "PRODUCT_NEEDED", "product_code");
    d = again("TN-01", dossier_kind_UPGRADE, "06-066-02152-9-2018", NULL);
    file(f, &d);
    assert_gap(f, "UNKNOWN_PRODUCT", "product_code");
    d = again("TN-01", dossier_kind_UPGRADE, NULL, "OCOP-06-2023-0001");
    file(f, &d);
    assert_gap(f, "UNKNOWN_PRODUCT", "certificate");
    d = again("TN-01", dossier_kind_UPGRADE, "06-066-02152-1-2018", NULL);
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "kind", "upgrade");
    assert_text(&e.data, "product", "06-066-02152-1-2018");
    assert_null(mp_find(&e.data, "certificate"));
}

static void an_upgrade_is_of_the_same_owner_and_province(void **state)
{
    /* "HTX Tài Hoan" with its à as a and a mark, in capitals */
    static const char decomposed[] = "HTX TA\xCC\x80I  HOAN";
    struct fixture *f = *state;
    struct dossier_filed d = again("TN-01", dossier_kind_UPGRADE, "06-066-02152-1-2018", NULL);

    product_of_2018(f);
    start_day(f, date(2026, 6, 1));
    d.owner = slice_text("HTX khác");
    file(f, &d);
    assert_gap(f, "WRONG_OWNER", "owner");
    d.owner = slice_text(decomposed);
    d.province = slice_text("01");
    file(f, &d);
    assert_gap(f, "WRONG_PROVINCE", "province");
    d.province = slice_text("19");
    (void)accepted_id(f, &d);
}

static void an_upgrade_may_rename_its_product_but_not_to_another(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed other = a_dossier("BK-02", "Tinh nghệ");
    struct dossier_filed d = again("TN-01", dossier_kind_UPGRADE, "06-066-02152-1-2018", NULL);
    msgpack_object answer;

    product_of_2018(f);
    (void)accepted_id(f, &other);
    start_day(f, date(2026, 6, 1));
    d.product = slice_text("TINH NGHỆ");
    file(f, &d);
    assert_gap(f, "OTHER_PRODUCT", "product");
    d.product = slice_text("Miến dong đặc biệt");
    (void)accepted_id(f, &d);
    answer = ask(f, "product", "product", "06-066-02152-1-2018", ERR_NONE);
    assert_text(&answer, "name", "Miến dong đặc biệt");
}

static void certificates_say_which_product_is_meant(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed other = a_dossier("BK-02", "Tinh nghệ");
    struct dossier_filed d;
    struct envelope e;

    product_of_2018(f);
    (void)accepted_id(f, &other);
    issue(f, "OCOP-06-2024-0001", "06-066-02152-1-2018", date(2027, 6, 1));
    start_day(f, date(2026, 6, 1));
    d = again("TN-01", dossier_kind_UPGRADE, "06-066-02152-2-2018", "OCOP-06-2024-0001");
    d.product = slice_text("Tinh nghệ");
    file(f, &d);
    assert_gap(f, "CERTIFICATE_OTHER", "certificate");
    d = again("TN-01", dossier_kind_UPGRADE, "06-066-02152-1-2018", "OCOP-06-2024-0001");
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "06-066-02152-1-2018");
    assert_text(&e.data, "certificate", "OCOP-06-2024-0001");
}

static void a_certificate_that_is_over_is_not_rated_again(void **state)
{
    struct fixture *f = *state;
    const struct certificate_revoked revoked = { .certificate = slice_text("OCOP-06-2024-0001"),
                                                 .product = slice_text("06-066-02152-1-2018"),
                                                 .name = slice_text("Miến dong"),
                                                 .owner = slice_text("HTX Tài Hoan"),
                                                 .ground = ground_LAW_BROKEN,
                                                 .number = slice_text("2/QĐ"),
                                                 .revoked_on = date(2026, 5, 30) };
    const struct certificate_superseded superseded = { .certificate = slice_text("OCOP-06-2024-0002"),
                                                       .by = slice_text("OCOP-06-2024-0003"),
                                                       .product = slice_text("06-066-02152-1-2018"),
                                                       .change = change_UPGRADED };
    struct dossier_filed d = again("TN-01", dossier_kind_RE_RATING, NULL, "OCOP-06-2024-0001");

    product_of_2018(f);
    start_day(f, date(2026, 6, 1));
    issue(f, "OCOP-06-2024-0001", "06-066-02152-1-2018", date(2026, 11, 1));
    issue(f, "OCOP-06-2024-0002", "06-066-02152-1-2018", date(2026, 11, 1));
    feed(f, "certification", &certificate_revoked_kind, "06", &revoked);
    feed(f, "certification", &certificate_superseded_kind, "06", &superseded);
    file(f, &d);
    assert_gap(f, "CERTIFICATE_OVER", "certificate");
    d.certificate = slice_text("OCOP-06-2024-0002");
    file(f, &d);
    assert_gap(f, "CERTIFICATE_OVER", "certificate");
    d = again("TN-01", dossier_kind_RE_RATING, "06-066-02152-1-2018", NULL);
    file(f, &d);
    assert_gap(f, "CERTIFICATE_NEEDED", "certificate");
}

static void a_re_rating_keeps_to_its_window(void **state)
{
    const int32_t ends = date(2027, 6, 30);
    struct fixture *f = *state;
    const struct {
        int32_t left;
        const char *code; /* NULL: accepted */
    } cases[] = { { 181, "RE_RATING_EARLY" }, { 180, NULL }, { 120, NULL }, { 119, "RE_RATING_LATE" } };
    struct envelope e;
    static const char *const references[] = { "TN-1", "TN-2", "TN-3", "TN-4" };

    product_of_2018(f);
    issue(f, "OCOP-06-2024-0001", "06-066-02152-1-2018", ends);
    start_day(f, ends);
    for (int i = 0; i < 4; i++) {
        struct dossier_filed d = again(references[i], dossier_kind_RE_RATING, "06-066-02152-1-2018", NULL);

        d.round = d.reference;
        d.has_received_on = true;
        d.received_on = ends - cases[i].left;
        if (cases[i].code) {
            file(f, &d);
            assert_refused(f, "intake.dossier.returned", cases[i].code);
            continue;
        }
        (void)accepted_id(f, &d);
        e = outcome(f, 0);
        assert_text(&e.data, "certificate", "OCOP-06-2024-0001");
    }
}

static void a_late_one_is_accepted_where_the_law_lets_it(void **state)
{
    struct fixture *f = *state;
    struct rules_adopted rules = law_of_2026();
    struct dossier_filed d = again("TN-01", dossier_kind_RE_RATING, "06-066-02152-1-2018", NULL);

    rules.name = slice_text("QD_2027");
    rules.first_day = date(2027, 1, 1);
    rules.late_is_first = false;
    adopt(f, rules);
    product_of_2018(f);
    issue(f, "OCOP-06-2024-0001", "06-066-02152-1-2018", date(2027, 6, 30));
    start_day(f, date(2027, 6, 30));
    (void)accepted_id(f, &d);
}

static void a_window_that_closed_before_the_law_may_be_missed(void **state)
{
    /* 119 days after the law of 2026 began: its window had closed the day before. */
    const int32_t ends = date(2026, 5, 22) + 119;
    struct fixture *f = *state;
    struct dossier_filed d = again("TN-01", dossier_kind_RE_RATING, "06-066-02152-1-2018", NULL);

    product_of_2018(f);
    issue(f, "OCOP-06-2023-0001", "06-066-02152-1-2018", ends);
    start_day(f, ends + 181);
    file(f, &d);
    assert_refused(f, "intake.dossier.returned", "RE_RATING_LATE");
    f->day = ends + 180;
    (void)accepted_id(f, &d);
}

static void a_re_rating_of_the_older_law_has_thirty_days(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = again("TN-01", dossier_kind_RE_RATING, "06-066-02152-1-2018", NULL);

    product_of_2018(f);
    issue(f, "OCOP-06-2023-0001", "06-066-02152-1-2018", date(2026, 12, 31));
    d.has_received_on = true;
    d.received_on = date(2026, 5, 21);
    start_day(f, date(2026, 6, 21));
    file(f, &d);
    assert_gap(f, "TRANSITION_OVER", "rule_set");
    f->day = date(2026, 6, 20);
    (void)accepted_id(f, &d);
}

static void a_product_with_a_certificate_is_not_filed_as_first(void **state)
{
    const int32_t ends = date(2027, 6, 30);
    struct fixture *f = *state;
    struct dossier_filed d = again("TN-01", dossier_kind_FIRST, NULL, NULL);
    struct envelope e;

    product_of_2018(f);
    issue(f, "OCOP-06-2024-0001", "06-066-02152-1-2018", ends);
    start_day(f, ends - 120);
    file(f, &d);
    assert_refused(f, "intake.dossier.returned", "FIRST_EXISTS");
    /* Its window has closed: a re-rating would be late, and is filed as first. */
    start_day(f, ends - 119);
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "certificate", "OCOP-06-2024-0001");
}

/* Accepted as a first dossier of this product and certificate. */
static void assert_first_of(struct fixture *f, const struct dossier_filed *d, const char *product,
                            const char *certificate)
{
    struct envelope e;

    (void)accepted_id(f, d);
    e = outcome(f, 0);
    assert_text(&e.data, "kind", "first");
    assert_text(&e.data, "product", product);
    if (certificate)
        assert_text(&e.data, "certificate", certificate);
    else
        assert_null(mp_find(&e.data, "certificate"));
}

/* Too late for a re-rating, as that is told: the product is filed as first, and stays the same product. */
static void a_first_dossier_is_of_the_recorded_product_it_names(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d =
        again("TN-01", dossier_kind_RE_RATING, "06-066-02152-7-2022", "GHI-06-2024-0001");

    record(f, "GHI-06-2024-0001", "06-066-02152-7-2022", "Miến dong", "HTX Tài Hoan", date(2027, 6, 30));
    start_day(f, date(2027, 6, 30) - 119);
    file(f, &d);
    assert_refused(f, "intake.dossier.returned", "RE_RATING_LATE");
    d.kind = dossier_kind_FIRST;
    d.product = slice_text("Miến dong mới");
    assert_first_of(f, &d, "06-066-02152-7-2022", "GHI-06-2024-0001");
    assert_outcomes(f, (const char *const[]){ "intake.dossier.accepted", "intake.owner.registered",
                                              "intake.product.registered", "intake.product.recoded", NULL });
    d = again("TN-02", dossier_kind_FIRST, NULL, "GHI-06-2024-0001");
    d.round = slice_text("2027-2");
    assert_first_of(f, &d, "06-066-02152-7-2022", "GHI-06-2024-0001");
    d = again("TN-03", dossier_kind_FIRST, "06-066-02152-7-2022", NULL);
    d.round = slice_text("2027-3");
    assert_first_of(f, &d, "06-066-02152-7-2022", "GHI-06-2024-0001");
}

static void a_first_dossier_is_of_the_recorded_product_it_bears_the_names_of(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = again("TN-01", dossier_kind_FIRST, NULL, NULL);

    record(f, "GHI-06-2020-0001", "06-066-02152-7-2022", "MIẾN  dong", "HTX Tài Hoan", date(2025, 6, 30));
    record(f, "GHI-06-2020-0002", NULL, "Tinh nghệ", "HTX Tài Hoan", date(2025, 6, 30));
    start_day(f, date(2026, 6, 1));
    assert_first_of(f, &d, "06-066-02152-7-2022", "GHI-06-2020-0001");
    d.reference = slice_text("TN-02");
    d.product = slice_text("Tinh nghệ");
    assert_first_of(f, &d, "19-02152-2-2026", "GHI-06-2020-0002");
    d.reference = slice_text("TN-03");
    d.round = slice_text("2026-3");
    assert_first_of(f, &d, "19-02152-2-2026", "GHI-06-2020-0002");
    assert_outcomes(f, (const char *const[]){ "intake.dossier.accepted", NULL });
}

static void a_first_dossier_names_nothing_in_vain(void **state)
{
    struct fixture *f = *state;
    const struct certificate_revoked revoked = { .certificate = slice_text("GHI-06-2020-0001"),
                                                 .product = slice_text("06-066-02152-7-2022"),
                                                 .name = slice_text("Miến dong"),
                                                 .owner = slice_text("HTX Tài Hoan"),
                                                 .ground = ground_LAW_BROKEN,
                                                 .number = slice_text("2/QĐ"),
                                                 .revoked_on = date(2026, 5, 30) };
    struct dossier_filed d = again("TN-01", dossier_kind_FIRST, "06-066-02152-9-2018", NULL);

    record(f, "GHI-06-2020-0001", "06-066-02152-7-2022", "Miến dong", "HTX Tài Hoan", date(2027, 6, 30));
    start_day(f, date(2026, 6, 1));
    file(f, &d);
    assert_gap(f, "UNKNOWN_PRODUCT", "product_code");
    d = again("TN-01", dossier_kind_FIRST, NULL, "GHI-06-2020-0009");
    file(f, &d);
    assert_gap(f, "UNKNOWN_PRODUCT", "certificate");
    d = again("TN-01", dossier_kind_FIRST, "06-066-02152-7-2022", NULL);
    d.owner = slice_text("HTX khác");
    file(f, &d);
    assert_gap(f, "WRONG_OWNER", "owner");
    d.owner = slice_text("HTX Tài Hoan");
    file(f, &d);
    assert_refused(f, "intake.dossier.returned", "FIRST_EXISTS");
    feed(f, "certification", &certificate_revoked_kind, "06", &revoked);
    d.has_certificate = true;
    d.certificate = slice_text("GHI-06-2020-0001");
    file(f, &d);
    assert_gap(f, "CERTIFICATE_OVER", "certificate");
    d.has_certificate = false;
    assert_first_of(f, &d, "06-066-02152-7-2022", NULL);
}

/* A list says a code for a product that is here another owner's: the code stays theirs. */
static void a_printed_code_of_another_owner_is_not_taken(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = again("TN-01", dossier_kind_FIRST, NULL, NULL);

    product_of_2018(f);
    record(f, "GHI-06-2020-0001", "06-066-02152-1-2018", "Trà", "HTX khác", date(2025, 6, 30));
    start_day(f, date(2026, 6, 1));
    d.product = slice_text("Trà");
    d.owner = slice_text("HTX khác");
    assert_first_of(f, &d, "19-02152-1-2026", "GHI-06-2020-0001");
}

static void a_first_dossier_waits_for_the_end_of_a_recorded_certificate(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "MIẾN  DONG");

    d.has_rule_set = false;
    d.items = new_papers;
    d.items_count = 2;
    record(f, "GHI-06-2021-0001", NULL, "Miến dong", "HTX Tài Hoan", date(2024, 3, 31));
    start_day(f, date(2024, 3, 31));
    file(f, &d);
    assert_refused(f, "intake.dossier.returned", "FIRST_EXISTS");
    start_day(f, date(2024, 4, 1));
    (void)accepted_id(f, &d);
}

static void a_recorded_certificate_without_a_code_registers_its_product(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = again("TN-01", dossier_kind_RE_RATING, NULL, "GHI-06-2023-0001");
    struct envelope e;

    record(f, "GHI-06-2023-0001", NULL, "Miến dong", "HTX Tài Hoan", date(2026, 11, 1));
    start_day(f, date(2026, 6, 1));
    d.owner = slice_text("HTX khác");
    file(f, &d);
    assert_gap(f, "WRONG_OWNER", "owner");
    d.owner = slice_text("HTX Tài Hoan");
    (void)accepted_id(f, &d);
    assert_outcomes(f, (const char *const[]){ "intake.dossier.accepted", "intake.owner.registered",
                                              "intake.product.registered", NULL });
    e = outcome(f, 0);
    assert_text(&e.data, "product", "19-02152-1-2026");
    assert_text(&e.data, "certificate", "GHI-06-2023-0001");
    /* From now on it is known to be of this product. */
    d = again("TN-02", dossier_kind_UPGRADE, NULL, "GHI-06-2023-0001");
    d.round = slice_text("2026-3");
    (void)accepted_id(f, &d);
    assert_int_equal(bench_outcomes(f->bench), 1);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "19-02152-1-2026");
}

static void a_printed_code_becomes_the_first_code_of_its_product(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed d = again("TN-01", dossier_kind_UPGRADE, "06-066-02152-7-2022", NULL);
    struct envelope e;

    record(f, "GHI-06-2023-0001", "06-066-02152-7-2022", "Miến dong", NULL, date(2026, 11, 1));
    start_day(f, date(2026, 6, 1));
    (void)accepted_id(f, &d);
    assert_outcomes(f, (const char *const[]){ "intake.dossier.accepted", "intake.owner.registered",
                                              "intake.product.registered", "intake.product.recoded", NULL });
    e = outcome(f, 0);
    assert_text(&e.data, "product", "06-066-02152-7-2022");
    assert_text(&e.data, "code", "19-02152-1-2026");
    assert_text(&e.data, "certificate", "GHI-06-2023-0001");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_it, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_upgrade_names_a_product_that_is_known),
        TEST(an_upgrade_is_of_the_same_owner_and_province),
        TEST(an_upgrade_may_rename_its_product_but_not_to_another),
        TEST(certificates_say_which_product_is_meant),
        TEST(a_certificate_that_is_over_is_not_rated_again),
        TEST(a_re_rating_keeps_to_its_window),
        TEST(a_late_one_is_accepted_where_the_law_lets_it),
        TEST(a_window_that_closed_before_the_law_may_be_missed),
        TEST(a_re_rating_of_the_older_law_has_thirty_days),
        TEST(a_product_with_a_certificate_is_not_filed_as_first),
        TEST(a_first_dossier_is_of_the_recorded_product_it_names),
        TEST(a_first_dossier_is_of_the_recorded_product_it_bears_the_names_of),
        TEST(a_first_dossier_names_nothing_in_vain),
        TEST(a_printed_code_of_another_owner_is_not_taken),
        TEST(a_first_dossier_waits_for_the_end_of_a_recorded_certificate),
        TEST(a_recorded_certificate_without_a_code_registers_its_product),
        TEST(a_printed_code_becomes_the_first_code_of_its_product),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
