/* The life of a certificate beside its decision: who may sign on which day, codes and areas, extensions,
 * recorded certificates, findings, notices, and what the questions answer for each day and place of the log.
 */
#include "tests/certification/feed.h"

static int open_with_law(void **state)
{
    if (open_it(state)) return -1;
    adopt_the_law(*state);
    return 0;
}

static int32_t day(int year, int month, int day_of_month)
{
    return clock_day_from_civil(year, month, day_of_month);
}

/* --- what comes in --- */

/* Rate and recognise; the number of the certificate is the next of its province and year. */
static void issue(struct fixture *f, const char *dossier, const char *product, const char *province,
                  const char *rule_set, enum authority authority, int64_t star, int32_t signed_on)
{
    struct decision_item item;
    char rated[40], number[40];

    snprintf(rated, sizeof rated, "rated-%s", dossier);
    snprintf(number, sizeof number, "%s/QĐ", dossier);
    item = line(product, rated, star);
    rate_as(f, rated, dossier, product, province, level_PROVINCE, rule_set, star);
    sign_as(f, authority, province, number, signed_on, signed_on, &item, 1);
}

static void accept_dossier(struct fixture *f, const char *id, const char *product, const char *province,
                           enum dossier_kind kind, const char *certificate)
{
    const struct dossier_accepted accepted = { .reference = slice_text(id),
                                               .product = slice_text(product),
                                               .kind = kind,
                                               .name = slice_text("Miến dong"),
                                               .owner = slice_text("HTX Tài Hoan"),
                                               .owner_kind = owner_kind_COOPERATIVE,
                                               .province = slice_text(province),
                                               .round = slice_text("2026-1"),
                                               .rule_set = slice_text("QD26_2026"),
                                               .has_certificate = certificate != NULL,
                                               .certificate = slice_text(certificate) };

    feed(f, "intake", &dossier_accepted_kind, province, id, &accepted);
}

static struct record_filed a_record(const char *name, int64_t star, int32_t issued_on)
{
    return (struct record_filed){ .province = slice_text("89"),
                                  .name = slice_text(name),
                                  .has_owner = true,
                                  .owner = slice_text("Hộ kinh doanh ANAS"),
                                  .star = star,
                                  .has_number = true,
                                  .number = slice_text("2497/QĐ-UBND"),
                                  .issued_on = issued_on,
                                  .source = slice_text("ocop.angiang.gov.vn") };
}

static void file_record(struct fixture *f, const struct record_filed *filed)
{
    char province[3] = "";

    memcpy(province, filed->province.data, 2);
    feed(f, "province", &record_filed_kind, province, NULL, filed);
}

static void take_back(struct fixture *f, enum authority authority, const char *province,
                      const char *certificate, int32_t signed_on)
{
    const struct revocation_decided decided = { .number = slice_text("9/QĐ-UBND"),
                                                .signed_on = signed_on,
                                                .authority = authority,
                                                .province = slice_text(province),
                                                .certificate = slice_text(certificate),
                                                .ground = ground_LAW_BROKEN };

    feed(f, "authority", &revocation_decided_kind, province, NULL, &decided);
}

static void report(struct fixture *f, const char *province, const char *certificate, int32_t found_on)
{
    const struct finding_filed filed = { .province = slice_text(province),
                                         .certificate = slice_text(certificate),
                                         .ground = ground_LAW_BROKEN,
                                         .found_on = found_on };

    feed(f, "inspector", &finding_filed_kind, province, NULL, &filed);
}

static void dismiss(struct fixture *f, enum authority authority, const char *province, const char *finding)
{
    const struct dismissal_decided decided = { .finding = slice_text(finding),
                                               .authority = authority,
                                               .province = slice_text(province),
                                               .reason = slice_text("đã kiểm tra") };

    feed(f, "authority", &dismissal_decided_kind, province, NULL, &decided);
}

static void merge_area(struct fixture *f, const char *old_code, const char *new_code, int32_t merged_on)
{
    const struct area_merged merged = { .old_code = slice_text(old_code),
                                        .new_code = slice_text(new_code),
                                        .merged_on = merged_on };

    feed(f, "intake", &area_merged_kind, new_code, NULL, &merged);
}

static void assert_day(const msgpack_object *map, const char *key, int32_t wanted)
{
    char text[CLOCK_DAY_TEXT + 1];

    clock_day_text(wanted, text);
    assert_text(map, key, text);
}

/* --- who signs --- */

static void three_stars_are_the_districts_until_july_2025(void **state)
{
    static const struct {
        int month, day;
        enum authority authority;
        const char *code; /* of the refusal; empty: it stands */
    } cases[] = {
        { 6, 30, authority_DISTRICT, "" },
        { 6, 30, authority_PROVINCE, "WRONG_AUTHORITY" },
        { 7, 1, authority_PROVINCE, "" },
        { 7, 1, authority_DISTRICT, "WRONG_AUTHORITY" },
    };
    struct fixture *f = *state;

    f->day = day(2025, 7, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char dossier[8], product[8];

        snprintf(dossier, sizeof dossier, "d%zu", i);
        snprintf(product, sizeof product, "P%zu", i);
        issue(f, dossier, product, "89", "QD148", cases[i].authority, 3,
              day(2025, cases[i].month, cases[i].day));
        if (cases[i].code[0])
            assert_said(f, 0, "certification.recognition.refused.89", "code", cases[i].code);
        else
            assert_topic(f, 1, "certification.certificate.issued.89");
    }
}

static void a_rule_set_that_nobody_proposed_is_named(void **state)
{
    struct fixture *f = *state;
    struct envelope e;
    struct slice sentence;

    f->day = day(2027, 1, 5);
    issue(f, "d1", "P1", "89", "QD99_2030", authority_PROVINCE, 4, f->day);
    assert_said(f, 0, "certification.recognition.refused.89", "code", "RULE_SET_UNKNOWN");
    e = outcome(f, 0);
    assert_true(mp_text(mp_find(&e.data, "sentence"), &sentence));
    assert_non_null(memmem(sentence.data, sentence.size, "QD99_2030", 9));
}

/* Terms are the rule set's, from the first day to the same day of the month, at most the month's last. */
static void terms_end_on_the_same_day_of_the_month(void **state)
{
    static const struct {
        int issued[3], ends[3];
    } cases[] = {
        { { 2023, 8, 31 }, { 2026, 8, 31 } }, { { 2024, 2, 29 }, { 2027, 2, 28 } },
        { { 2024, 8, 31 }, { 2027, 8, 31 } }, { { 2025, 2, 28 }, { 2028, 2, 28 } },
        { { 2025, 8, 5 }, { 2028, 8, 5 } },
    };
    struct fixture *f = *state;

    f->day = day(2025, 8, 5);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int *a = cases[i].issued, *b = cases[i].ends;
        char dossier[8];
        struct envelope e;

        snprintf(dossier, sizeof dossier, "d%zu", i);
        issue(f, dossier, dossier, "89", "QD148", authority_PROVINCE, 4, day(a[0], a[1], a[2]));
        e = outcome(f, 1);
        assert_day(&e.data, "ends_on", day(b[0], b[1], b[2]));
    }
}

static void the_province_acts_on_a_central_result(void **state)
{
    struct fixture *f = *state;
    const struct decision_item own = line("P1", "r1", 5), central = line("P1", "r2", 4),
                               again = line("P1", "r3", 3);
    const struct product_remanded remanded = { .product = slice_text("P1"),
                                               .dossier = slice_text("d1"),
                                               .level = level_PROVINCE,
                                               .rated = slice_text("r2") };
    struct slice sentence;
    struct envelope e;

    f->day = day(2026, 9, 1);
    rate_as(f, "r1", "d1", "P1", "89", level_PROVINCE, "QD26_2026", 5);
    rate_as(f, "r2", "d1", "P1", "89", level_CENTRE, "QD26_2026", 4);
    feed(f, "scoring", &product_remanded_kind, "89", NULL, &remanded);
    /* The minister cannot go by the province's own result any more, nor the province by it. */
    sign_as(f, authority_MINISTRY, "00", "1/QĐ", f->day, f->day, &own, 1);
    assert_said(f, 0, "certification.recognition.refused.00", "code", "RATING_SUPERSEDED");
    e = outcome(f, 0);
    assert_true(mp_text(mp_find(&e.data, "sentence"), &sentence));
    assert_non_null(memmem(sentence.data, sentence.size, "r2", 2));
    sign_as(f, authority_PROVINCE, "89", "1/QĐ", f->day, f->day, &central, 1);
    assert_said(f, 1, "certification.certificate.issued.89", "authority", "province");
    /* Had it rated again: the newer result holds. */
    rate_as(f, "r3", "d1", "P1", "89", level_PROVINCE, "QD26_2026", 3);
    sign_as(f, authority_PROVINCE, "89", "2/QĐ", f->day, f->day, &again, 1);
    assert_said(f, 2, "certification.certificate.superseded.89", "change", "lowered");
}

/* --- codes and areas --- */

static void any_code_of_the_product_and_the_province_of_the_day_will_do(void **state)
{
    struct fixture *f = *state;
    const struct decision_item item = line("19-01234-1-2025", "r1", 4);
    const struct product_recoded recoded = { .product = slice_text("06-060-01234-1-2022"),
                                             .code = slice_text("19-01234-1-2025"),
                                             .province = slice_text("19") };
    msgpack_object answer;
    char before[24];

    f->day = day(2025, 7, 10);
    merge_area(f, "06", "19", day(2025, 7, 1));
    rate_as(f, "r1", "d1", "06-060-01234-1-2022", "06", level_PROVINCE, "QD148", 4);
    sign_as(f, authority_PROVINCE, "19", "1/QĐ", day(2025, 7, 10), day(2025, 7, 10), &item, 1);
    assert_said(f, 0, "certification.recognition.refused.19", "code", "WRONG_PRODUCT");
    feed(f, "intake", &product_recoded_kind, "19", NULL, &recoded);
    sign_as(f, authority_PROVINCE, "19", "1/QĐ", day(2025, 6, 30), day(2025, 6, 30), &item, 1);
    assert_said(f, 0, "certification.recognition.refused.19", "code", "WRONG_PROVINCE");
    sign_as(f, authority_PROVINCE, "24", "1/QĐ", day(2025, 7, 10), day(2025, 7, 10), &item, 1);
    assert_said(f, 0, "certification.recognition.refused.24", "code", "WRONG_PROVINCE");
    feed_place(f, before);
    sign_as(f, authority_PROVINCE, "19", "1/QĐ", day(2025, 7, 10), day(2025, 7, 10), &item, 1);
    assert_said(f, 1, "certification.certificate.issued.06", "product", "06-060-01234-1-2022");
    assert_said(f, 1, "certification.certificate.issued.06", "code", "19-01234-1-2025");
    assert_status(f, "product", "06-060-01234-1-2022", f->day, "", "valid");
    assert_status(f, "product", "19-01234-1-2025", f->day, "", "valid");
    answer = ask_with(f, "certificate", "code=19-01234-1-2025 day=2025-07-10", ERR_NONE);
    assert_text(&answer, "certificate", "OCOP-06-2025-0001");
    (void)ask_with(f, "product", "product=19-01234-2-2025 day=2025-07-10", ERR_NOT_FOUND);
    assert_status(f, "certificate", "OCOP-06-2025-0001", f->day, before, "unknown");
}

/* --- as of a place of the log --- */

static void an_answer_as_of_a_place_knows_nothing_later(void **state)
{
    struct fixture *f = *state;
    char issued[24], replaced[24];
    msgpack_object answer;

    f->day = day(2024, 1, 10);
    issue(f, "d1", "P1", "89", "QD148", authority_PROVINCE, 4, f->day);
    feed_place(f, issued);
    f->day = day(2024, 6, 1);
    issue(f, "d2", "P1", "89", "QD148", authority_PROVINCE, 4, f->day);
    feed_place(f, replaced);
    f->day = day(2024, 7, 1);
    take_back(f, authority_PROVINCE, "89", "OCOP-89-2024-0001", day(2024, 5, 20));
    assert_topic(f, 1,
                 "certification.certificate.revoked.89"); /* filed late, of a day on which it was valid */
    assert_status(f, "certificate", "OCOP-89-2024-0001", day(2024, 6, 2), issued, "valid");
    assert_status(f, "certificate", "OCOP-89-2024-0001", day(2024, 6, 2), replaced, "replaced");
    assert_status(f, "certificate", "OCOP-89-2024-0001", day(2024, 5, 20), replaced, "valid");
    assert_status(f, "certificate", "OCOP-89-2024-0001", day(2024, 5, 20), "", "withdrawn");
    assert_status(f, "certificate", "OCOP-89-2024-0001", day(2024, 6, 2), "", "withdrawn");
    assert_status(f, "certificate", "OCOP-89-2024-0001", day(2024, 1, 9), "", "unknown");
    assert_status(f, "product", "P1", day(2024, 5, 31), "", "withdrawn");
    assert_status(f, "product", "P1", day(2024, 5, 31), replaced, "valid");
    assert_status(f, "product", "P1", day(2024, 6, 1), "", "valid");
    answer = ask_with(f, "summary", "day=2024-06-02 as_of=1", ERR_NONE);
    assert_number(&answer, "total", 0);
    (void)ask_with(f, "product", "product=P1 day=2024-06-02 as_of=x", ERR_INVALID);
}

static void without_a_day_the_last_that_started_is_meant(void **state)
{
    struct fixture *f = *state;
    msgpack_object answer;
    char before[24], pairs[64];

    issue(f, "d1", "P1", "06", "provisional-2018", authority_PROVINCE, 4, f->day);
    (void)ask_with(f, "product", "product=P1", ERR_INVALID);
    start_day(f, day(2019, 5, 1));
    feed_place(f, before);
    start_day(f, day(2030, 5, 1));
    answer = ask_with(f, "product", "product=P1", ERR_NONE);
    assert_day(&answer, "day", day(2030, 5, 1));
    assert_text(&answer, "status", "expired");
    snprintf(pairs, sizeof pairs, "product=P1 as_of=%s", before);
    answer = ask_with(f, "product", pairs, ERR_NONE);
    assert_day(&answer, "day", day(2019, 5, 1));
    assert_text(&answer, "status", "valid");
}

/* A decision that comes late does not push out the certificate that began after it. */
static void a_late_decision_takes_its_place_before_the_newer(void **state)
{
    struct fixture *f = *state;

    f->day = day(2024, 6, 1);
    issue(f, "d1", "P1", "89", "QD148", authority_PROVINCE, 4, f->day);
    f->day = day(2024, 7, 1);
    issue(f, "d2", "P1", "89", "QD148", authority_PROVINCE, 4, day(2024, 3, 1));
    assert_int_equal(bench_outcomes(f->bench), 3);
    assert_said(f, 2, "certification.certificate.superseded.89", "certificate", "OCOP-89-2024-0002");
    assert_said(f, 2, "certification.certificate.superseded.89", "by", "OCOP-89-2024-0001");
    assert_status(f, "certificate", "OCOP-89-2024-0002", day(2024, 5, 31), "", "valid");
    assert_status(f, "certificate", "OCOP-89-2024-0002", day(2024, 6, 1), "", "replaced");
    assert_status(f, "certificate", "OCOP-89-2024-0001", day(2024, 6, 1), "", "valid");
}

/* --- extensions, 26/2026 Art. 12.3 --- */

/* A certificate of four stars until 15/06/2026, whose window by the new rules had closed on 15/02/2026. */
static void one_that_ends_in_june_2026(struct fixture *f)
{
    f->day = day(2023, 6, 15);
    issue(f, "d0", "P1", "89", "QD148", authority_PROVINCE, 4, f->day);
    f->day = day(2026, 6, 1);
}

static void a_pending_re_rating_extends_to_its_last_day(void **state)
{
    struct fixture *f = *state;
    const int32_t end = day(2026, 6, 15);
    msgpack_object answer;
    struct envelope e;
    char before[24];

    one_that_ends_in_june_2026(f);
    feed_place(f, before);
    accept_dossier(f, "d1", "P1", "89", dossier_kind_RE_RATING, NULL);
    assert_int_equal(bench_outcomes(f->bench), 1);
    assert_said(f, 0, "certification.certificate.extended.89", "certificate", "OCOP-89-2023-0001");
    e = outcome(f, 0);
    assert_day(&e.data, "extended_to", end + 180);
    assert_status(f, "product", "P1", end, "", "valid");
    assert_status(f, "product", "P1", end + 1, "", "valid_pending");
    assert_status(f, "product", "P1", end + 180, "", "valid_pending");
    assert_status(f, "product", "P1", end + 181, "", "expired");
    assert_status(f, "product", "P1", end + 1, before, "expired");
    answer = ask_with(f, "product", "product=P1 day=2026-07-01", ERR_NONE);
    assert_day(&answer, "until", end + 180);
    answer = ask_with(f, "summary", "day=2026-07-01", ERR_NONE);
    assert_number(&answer, "total", 0);
    assert_number(&answer, "pending", 1);
    /* Once only. */
    accept_dossier(f, "d2", "P1", "89", dossier_kind_RE_RATING, "OCOP-89-2023-0001");
    assert_int_equal(bench_outcomes(f->bench), 0);
    /* Its end is news on the day after the extension, not before. */
    start_day(f, end + 1);
    assert_int_equal(bench_outcomes(f->bench), 0);
    start_day(f, end + 181);
    assert_int_equal(bench_outcomes(f->bench), 1);
    e = outcome(f, 0);
    assert_day(&e.data, "ended_on", end + 180);
    start_day(f, end + 182);
    assert_int_equal(bench_outcomes(f->bench), 0);
}

static void both_sides_of_the_day_the_new_rules_began(void **state)
{
    static const struct {
        int accepted[3], issued[3];
        enum dossier_kind kind;
        bool extends;
    } cases[] = {
        { { 2026, 5, 21 }, { 2023, 6, 15 }, dossier_kind_RE_RATING, false }, /* no such rule yet */
        { { 2026, 5, 22 }, { 2023, 6, 15 }, dossier_kind_RE_RATING, true },
        { { 2026, 5, 22 }, { 2023, 6, 15 }, dossier_kind_UPGRADE, false },
        { { 2026, 6, 1 }, { 2023, 9, 18 }, dossier_kind_RE_RATING, true },  /* window to 21/05/2026 */
        { { 2026, 6, 1 }, { 2023, 9, 19 }, dossier_kind_RE_RATING, false }, /* to 22/05/2026: it was open */
        { { 2026, 6, 1 }, { 2023, 5, 22 }, dossier_kind_RE_RATING, true },
        { { 2026, 6, 1 }, { 2023, 5, 21 }, dossier_kind_RE_RATING, false },  /* ended before the new rules */
        { { 2026, 12, 12 }, { 2023, 6, 15 }, dossier_kind_RE_RATING, true }, /* 180 days past the end */
        { { 2026, 12, 13 }, { 2023, 6, 15 }, dossier_kind_RE_RATING, false },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int *a = cases[i].accepted, *b = cases[i].issued;
        char old[8], new[8], product[8];

        snprintf(old, sizeof old, "o%zu", i);
        snprintf(new, sizeof new, "n%zu", i);
        snprintf(product, sizeof product, "P%zu", i);
        f->day = day(b[0], b[1], b[2]);
        issue(f, old, product, "89", "QD148", authority_PROVINCE, 4, f->day);
        f->day = day(a[0], a[1], a[2]);
        accept_dossier(f, new, product, "89", cases[i].kind, NULL);
        assert_int_equal(bench_outcomes(f->bench), cases[i].extends);
    }
}

static void a_late_dossier_gives_the_certificate_back_from_its_day(void **state)
{
    struct fixture *f = *state;

    one_that_ends_in_june_2026(f);
    start_day(f, day(2026, 6, 16));
    assert_said(f, 0, "certification.certificate.expired.89", "certificate", "OCOP-89-2023-0001");
    f->day = day(2026, 6, 20);
    accept_dossier(f, "d1", "P1", "89", dossier_kind_RE_RATING, "OCOP-89-2023-0001");
    assert_int_equal(bench_outcomes(f->bench), 1);
    assert_status(f, "product", "P1", day(2026, 6, 15), "", "valid");
    assert_status(f, "product", "P1", day(2026, 6, 19), "", "expired");
    assert_status(f, "product", "P1", day(2026, 6, 20), "", "valid_pending");
}

static void a_new_certificate_ends_the_extension(void **state)
{
    struct fixture *f = *state;

    one_that_ends_in_june_2026(f);
    accept_dossier(f, "d1", "P1", "89", dossier_kind_RE_RATING, NULL);
    f->day = day(2026, 7, 10);
    issue(f, "d1", "P1", "89", "QD26_2026", authority_PROVINCE, 4, f->day);
    assert_int_equal(bench_outcomes(f->bench), 3);
    assert_said(f, 2, "certification.certificate.superseded.89", "change", "renewed");
    assert_status(f, "certificate", "OCOP-89-2023-0001", day(2026, 7, 9), "", "valid_pending");
    assert_status(f, "certificate", "OCOP-89-2023-0001", day(2026, 7, 10), "", "replaced");
    assert_status(f, "product", "P1", day(2026, 7, 10), "", "valid");
}

static void a_result_without_recognition_ends_the_extension(void **state)
{
    enum how { LOW, TAKEN_BACK, TURNED_AWAY, HOWS };

    for (int how = 0; how < HOWS; how++) {
        struct fixture f;
        const struct withdrawal_accepted withdrawn = { .dossier = slice_text("d1"),
                                                       .product = slice_text("P1") };
        const struct rejection_registered rejected = { .reference = slice_text("d1"),
                                                       .province = slice_text("89"),
                                                       .reason = slice_text("forged") };
        struct envelope e;

        (void)state;
        assert_int_equal(feed_open(&f), 0);
        adopt_the_law(&f);
        one_that_ends_in_june_2026(&f);
        accept_dossier(&f, "d1", "P1", "89", dossier_kind_RE_RATING, NULL);
        f.day = day(2026, 7, 10);
        if (how == LOW) rate_as(&f, "r1", "d1", "P1", "89", level_PROVINCE, "QD26_2026", 2);
        if (how == TAKEN_BACK) feed(&f, "intake", &withdrawal_accepted_kind, "89", NULL, &withdrawn);
        if (how == TURNED_AWAY) feed(&f, "intake", &rejection_registered_kind, "89", NULL, &rejected);
        assert_int_equal(bench_outcomes(f.bench), 1);
        assert_said(&f, 0, "certification.extension.ended.89", "certificate", "OCOP-89-2023-0001");
        e = outcome(&f, 0);
        assert_day(&e.data, "ended_on", f.day);
        assert_status(&f, "product", "P1", day(2026, 7, 10), "", "valid_pending");
        assert_status(&f, "product", "P1", day(2026, 7, 11), "", "expired");
        /* Nothing is left to end, and the end is news the day after. */
        rate_as(&f, "r2", "d1", "P1", "89", level_PROVINCE, "QD26_2026", 2);
        assert_int_equal(bench_outcomes(f.bench), 0);
        start_day(&f, day(2026, 7, 11));
        assert_int_equal(bench_outcomes(f.bench), 1);
        feed_close(&f);
    }
}

/* --- recorded certificates --- */

static void a_recorded_certificate_has_the_term_of_its_day(void **state)
{
    struct fixture *f = *state;
    struct record_filed filed = a_record("Lò mò Pđăm", 3, day(2022, 10, 10));
    msgpack_object answer;
    struct envelope e;

    f->day = day(2024, 1, 1);
    file_record(f, &filed);
    assert_int_equal(bench_outcomes(f->bench), 2);
    assert_said(f, 0, "certification.record.accepted.89", "certificate", "GHI-89-2022-0001");
    assert_said(f, 1, "certification.certificate.recorded.89", "rule_set", "QD1048");
    assert_said(f, 1, "certification.certificate.recorded.89", "authority", "province");
    e = outcome(f, 1);
    assert_day(&e.data, "ends_on", day(2025, 10, 10));
    /* The same again, spelt otherwise. */
    filed.name = slice_text("LÒ MÒ  Pđăm");
    filed.number = slice_text("2497/qđ-ubnd");
    file_record(f, &filed);
    assert_said(f, 0, "certification.record.refused.89", "code", "RECORD_DUPLICATE");
    filed.star = 4;
    filed.has_ends_on = true;
    filed.ends_on = day(2024, 2, 29);
    filed.has_owner = false;
    filed.owner = slice_text("");
    file_record(f, &filed);
    assert_said(f, 1, "certification.certificate.recorded.89", "ends_on", "2024-02-29");
    assert_said(f, 1, "certification.certificate.recorded.89", "certificate", "GHI-89-2022-0002");
    assert_status(f, "certificate", "GHI-89-2022-0001", day(2025, 10, 10), "", "valid");
    assert_status(f, "certificate", "GHI-89-2022-0001", day(2025, 10, 11), "", "expired");
    assert_status(f, "product", "GHI-89-2022-0001", day(2025, 10, 10), "", "valid");
    issue(f, "d1", "P1", "89", "QD148", authority_PROVINCE, 4, f->day);
    answer = ask_with(f, "summary", "day=2024-01-01", ERR_NONE);
    assert_number(&answer, "total", 1);
    assert_number(&answer, "four", 1);
    assert_number(&answer, "three", 0);
    assert_number(&answer, "recorded_three", 1);
    assert_number(&answer, "recorded_four", 1);
    assert_number(&answer, "recorded_total", 2);
    assert_int_equal(mp_find(&answer, "certificates")->via.array.size, 1);
}

static void what_cannot_be_recorded_is_refused(void **state)
{
    struct fixture f;
    struct record_filed filed = a_record("Tương xay", 4, day(2022, 10, 10));

    (void)state;
    assert_int_equal(feed_open(&f), 0);
    f.day = day(2024, 1, 1);
    file_record(&f, &filed);
    assert_said(&f, 0, "certification.record.refused.89", "code", "RULE_SET_UNKNOWN");
    adopt_the_law(&f);
    filed.issued_on = day(2024, 1, 2);
    file_record(&f, &filed);
    assert_said(&f, 0, "certification.record.refused.89", "code", "DATE_FUTURE");
    filed.issued_on = day(2024, 1, 1);
    filed.has_ends_on = true;
    filed.ends_on = day(2023, 12, 31);
    file_record(&f, &filed);
    assert_said(&f, 0, "certification.record.refused.89", "code", "ENDS_BEFORE");
    feed_close(&f);
}

/* A dossier names it: from then on it is of that product, and a new certificate replaces it. */
static void a_recorded_certificate_is_extended_and_replaced(void **state)
{
    struct fixture *f = *state;
    struct record_filed filed = a_record("Tương xay", 3, day(2023, 6, 15));
    char before[24];

    f->day = day(2026, 1, 2);
    filed.has_product = true;
    filed.product = slice_text("89-887-30376-1-2023");
    file_record(f, &filed);
    assert_status(f, "product", "89-887-30376-1-2023", f->day, "", "valid");
    f->day = day(2026, 6, 1);
    feed_place(f, before);
    merge_area(f, "89", "91", day(2025, 7, 1));
    accept_dossier(f, "d0", "P1", "24", dossier_kind_RE_RATING, "GHI-89-2023-0001");
    assert_int_equal(bench_outcomes(f->bench), 0); /* of another province */
    (void)ask_with(f, "product", "product=P1 day=2026-06-01", ERR_NOT_FOUND);
    accept_dossier(f, "d1", "P1", "91", dossier_kind_RE_RATING, "GHI-89-2023-0001");
    assert_said(f, 0, "certification.certificate.extended.89", "product", "P1");
    assert_status(f, "product", "P1", day(2026, 6, 16), "", "valid_pending");
    assert_status(f, "product", "89-887-30376-1-2023", day(2026, 6, 16), "", "valid_pending");
    assert_status(f, "product", "89-887-30376-1-2023", day(2026, 6, 16), before, "expired");
    f->day = day(2026, 7, 1);
    issue(f, "d1", "P1", "91", "QD26_2026", authority_PROVINCE, 4, f->day);
    assert_said(f, 2, "certification.certificate.superseded.91", "certificate", "GHI-89-2023-0001");
    assert_said(f, 2, "certification.certificate.superseded.91", "change", "upgraded");
    assert_status(f, "certificate", "GHI-89-2023-0001", day(2026, 7, 1), "", "replaced");
}

/* --- withdrawals and findings --- */

static void a_finding_waits_for_a_decision(void **state)
{
    struct fixture *f = *state;
    msgpack_object fact;
    struct slice id;
    char finding[80];
    struct envelope e;

    f->day = day(2026, 6, 1);
    issue(f, "d1", "P1", "89", "QD26_2026", authority_PROVINCE, 4, f->day);
    report(f, "24", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.finding.refused.24", "code", "WRONG_PROVINCE");
    report(f, "89", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.finding.registered.89", "authority", "province");
    e = outcome(f, 0);
    assert_day(&e.data, "decide_by", f->day + 15);
    report(f, "89", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.finding.refused.89", "code", "FINDING_DUPLICATE");
    fact = ask_with(f, "fact", "type=certification.finding.registered key=OCOP-89-2026-0001", ERR_NONE);
    assert_true(mp_text(mp_find(&fact, "id"), &id));
    snprintf(finding, sizeof finding, "%.*s", SLICE_ARG(id));
    dismiss(f, authority_PROVINCE, "89", "none");
    assert_said(f, 0, "certification.dismissal.refused.89", "code", "NOT_YET");
    dismiss(f, authority_MINISTRY, "00", finding);
    assert_said(f, 0, "certification.dismissal.refused.00", "code", "WRONG_AUTHORITY");
    dismiss(f, authority_PROVINCE, "24", finding);
    assert_said(f, 0, "certification.dismissal.refused.24", "code", "WRONG_PROVINCE");
    dismiss(f, authority_PROVINCE, "89", finding);
    assert_said(f, 0, "certification.dismissal.accepted.89", "certificate", "OCOP-89-2026-0001");
    dismiss(f, authority_PROVINCE, "89", finding);
    assert_said(f, 0, "certification.dismissal.refused.89", "code", "FINDING_SETTLED");
    /* The next one is settled by the withdrawal. */
    report(f, "00", "OCOP-89-2026-0001", f->day);
    assert_topic(f, 0, "certification.finding.registered.89");
    fact = ask_with(f, "fact", "type=certification.finding.registered key=P1", ERR_NONE);
    assert_true(mp_text(mp_find(&fact, "id"), &id));
    snprintf(finding, sizeof finding, "%.*s", SLICE_ARG(id));
    take_back(f, authority_PROVINCE, "89", "OCOP-89-2026-0001", f->day);
    assert_topic(f, 1, "certification.certificate.revoked.89");
    dismiss(f, authority_PROVINCE, "89", finding);
    assert_said(f, 0, "certification.dismissal.refused.89", "code", "FINDING_SETTLED");
    report(f, "89", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.finding.refused.89", "code", "NOT_VALID");
}

static void a_finding_needs_a_rule_set_with_days(void **state)
{
    struct fixture *f = *state;

    f->day = day(2026, 5, 22);
    issue(f, "d1", "P1", "89", "QD148", authority_PROVINCE, 4, day(2026, 5, 21));
    report(f, "89", "OCOP-89-2026-0001", day(2026, 5, 21));
    assert_said(f, 0, "certification.finding.refused.89", "code", "RULE_SET_UNKNOWN");
    report(f, "89", "OCOP-89-2026-0001", day(2026, 5, 22));
    assert_topic(f, 0, "certification.finding.registered.89");
}

static void what_a_district_issued_the_province_withdraws_later(void **state)
{
    static const struct {
        int month, day;
        enum authority authority;
        bool stands;
    } cases[] = {
        { 6, 30, authority_PROVINCE, false },
        { 7, 1, authority_DISTRICT, false },
        { 6, 30, authority_DISTRICT, true },
        { 7, 1, authority_PROVINCE, true },
    };
    struct fixture *f = *state;

    f->day = day(2024, 1, 10);
    issue(f, "d1", "P1", "89", "QD148", authority_DISTRICT, 3, f->day);
    issue(f, "d2", "P2", "89", "QD148", authority_DISTRICT, 3, f->day);
    f->day = day(2025, 7, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        take_back(f, cases[i].authority, "89", i < 3 ? "OCOP-89-2024-0001" : "OCOP-89-2024-0002",
                  day(2025, cases[i].month, cases[i].day));
        if (cases[i].stands)
            assert_topic(f, 1, "certification.certificate.revoked.89");
        else
            assert_said(f, 0, "certification.revocation.refused.89", "code", "WRONG_AUTHORITY");
    }
}

static void five_stars_are_the_ministers_to_withdraw(void **state)
{
    struct fixture *f = *state;
    const struct decision_item item = line("P1", "r1", 5);

    f->day = day(2026, 6, 1);
    rate_as(f, "r1", "d1", "P1", "89", level_CENTRE, "QD26_2026", 5);
    sign_as(f, authority_MINISTRY, "00", "1/QĐ", f->day, f->day, &item, 1);
    assert_topic(f, 1, "certification.certificate.issued.89");
    report(f, "89", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.finding.registered.89", "authority", "ministry");
    take_back(f, authority_PROVINCE, "89", "OCOP-89-2026-0001", f->day);
    assert_said(f, 0, "certification.revocation.refused.89", "code", "WRONG_AUTHORITY");
    take_back(f, authority_MINISTRY, "00", "OCOP-89-2026-0001", f->day);
    assert_topic(f, 0, "certification.revocation.accepted.00");
    assert_topic(f, 1, "certification.certificate.revoked.89");
}

static void a_pending_certificate_can_be_withdrawn(void **state)
{
    struct fixture *f = *state;

    one_that_ends_in_june_2026(f);
    accept_dossier(f, "d1", "P1", "89", dossier_kind_RE_RATING, NULL);
    f->day = day(2026, 7, 1);
    take_back(f, authority_PROVINCE, "89", "OCOP-89-2023-0001", f->day);
    assert_topic(f, 1, "certification.certificate.revoked.89");
    assert_status(f, "product", "P1", day(2026, 6, 30), "", "valid_pending");
    assert_status(f, "product", "P1", day(2026, 7, 1), "", "withdrawn");
    assert_status(f, "product", "P1", day(2027, 7, 1), "", "withdrawn");
}

/* --- notices --- */

/* Under way, the notices are those of the rule set in force, when it has any: 148 has one at 30 days, 26/2026
 * has not. */
static void notices_follow_the_rule_set_in_force(void **state)
{
    static const struct {
        int issued[3];
        int days_left;
        bool told;
    } cases[] = {
        { { 2023, 5, 10 }, 30, true },  /* on 10/04/2026, under 148 */
        { { 2023, 6, 30 }, 30, false }, /* on 31/05/2026, under 26/2026 */
        { { 2023, 11, 30 }, 180, true },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int *a = cases[i].issued;
        char dossier[8];
        int told;

        snprintf(dossier, sizeof dossier, "d%zu", i);
        f->day = day(a[0], a[1], a[2]);
        issue(f, dossier, dossier, "89", "QD148", authority_PROVINCE, 4, f->day);
        start_day(f, day(2026, a[1], a[2]) - cases[i].days_left);
        told = 0;
        for (size_t o = 0; o < bench_outcomes(f->bench); o++)
            told += slice_is(outcome(f, o).type, "certification.certificate.expiring");
        assert_int_equal(told, cases[i].told);
    }
}

static void what_is_recorded_near_its_end_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    struct record_filed filed = a_record("Tương xay", 4, day(2023, 10, 1));
    struct envelope e;

    f->day = day(2026, 5, 1); /* 153 days left: 180 is past, 150 will come */
    file_record(f, &filed);
    assert_int_equal(bench_outcomes(f->bench), 3);
    assert_said(f, 2, "certification.certificate.expiring.89", "certificate", "GHI-89-2023-0001");
    e = outcome(f, 2);
    assert_number(&e.data, "days_left", 153);
    start_day(f, day(2026, 5, 4));
    assert_int_equal(bench_outcomes(f->bench), 1);
    filed.issued_on = day(2023, 11, 1); /* 181 days left on the fourth */
    file_record(f, &filed);
    assert_int_equal(bench_outcomes(f->bench), 2);
    filed.issued_on = day(2021, 1, 1); /* over: no news any more */
    file_record(f, &filed);
    assert_int_equal(bench_outcomes(f->bench), 2);
    start_day(f, day(2026, 5, 5));
    assert_int_equal(bench_outcomes(f->bench), 1); /* 180 days of the second */
}

int main(void)
{
#define LIFE(test) cmocka_unit_test_setup_teardown(test, open_with_law, close_it)
    const struct CMUnitTest tests[] = {
        LIFE(three_stars_are_the_districts_until_july_2025),
        LIFE(a_rule_set_that_nobody_proposed_is_named),
        LIFE(terms_end_on_the_same_day_of_the_month),
        LIFE(the_province_acts_on_a_central_result),
        LIFE(any_code_of_the_product_and_the_province_of_the_day_will_do),
        LIFE(an_answer_as_of_a_place_knows_nothing_later),
        LIFE(without_a_day_the_last_that_started_is_meant),
        LIFE(a_late_decision_takes_its_place_before_the_newer),
        LIFE(a_pending_re_rating_extends_to_its_last_day),
        LIFE(both_sides_of_the_day_the_new_rules_began),
        LIFE(a_late_dossier_gives_the_certificate_back_from_its_day),
        LIFE(a_new_certificate_ends_the_extension),
        cmocka_unit_test(a_result_without_recognition_ends_the_extension),
        LIFE(a_recorded_certificate_has_the_term_of_its_day),
        cmocka_unit_test(what_cannot_be_recorded_is_refused),
        LIFE(a_recorded_certificate_is_extended_and_replaced),
        LIFE(a_finding_waits_for_a_decision),
        LIFE(a_finding_needs_a_rule_set_with_days),
        LIFE(what_a_district_issued_the_province_withdraws_later),
        LIFE(five_stars_are_the_ministers_to_withdraw),
        LIFE(a_pending_certificate_can_be_withdrawn),
        LIFE(notices_follow_the_rule_set_in_force),
        LIFE(what_is_recorded_near_its_end_is_told_at_once),
    };
#undef LIFE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
