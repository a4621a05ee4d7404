/* The life of a certificate: who may sign on which day, codes and areas, what was known when, extensions. */
#include "tests/certification/feed.h"

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

static void assert_refused(struct fixture *f, const char *topic, const char *code)
{
    assert_int_equal(bench_outcomes(f->bench), 1);
    assert_said(f, 0, topic, "code", code);
}

static void no_decision_precedes_the_rating_it_rests_on(void **state)
{
    struct fixture *f = *state;
    const struct decision_item item = line("P1", "r1", 4);
    const int32_t rated = day(2023, 3, 15);

    f->day = rated;
    rate_as(f, "r1", "d1", "P1", "89", level_PROVINCE, "QD148", 4);
    f->day = day(2023, 3, 20);
    sign_as(f, authority_PROVINCE, "89", "1/QĐ", day(2023, 3, 1), day(2023, 3, 1), &item, 1);
    assert_refused(f, "certification.recognition.refused.89", "DECISION_DATE");
    sign_as(f, authority_PROVINCE, "89", "1/QĐ", rated - 1, rated, &item, 1);
    assert_refused(f, "certification.recognition.refused.89", "DECISION_DATE");
    sign_as(f, authority_PROVINCE, "89", "1/QĐ", rated, rated, &item, 1);
    assert_topic(f, 1, "certification.certificate.issued.89");
    report(f, "89", "OCOP-89-2023-0001", rated - 1);
    assert_refused(f, "certification.finding.refused.89", "DECISION_DATE");
    take_back(f, authority_PROVINCE, "89", "OCOP-89-2023-0001", rated - 1);
    assert_refused(f, "certification.revocation.refused.89", "DECISION_DATE");
}

/* The line was down, or the log is an older copy and everybody has sent again: the days of the records are
 * later than those of the papers. */
static void a_decision_is_held_against_the_meeting_not_against_the_day_it_became_known(void **state)
{
    struct fixture *f = *state;
    const struct decision_item item = line("P1", "r1", 4);

    f->day = day(2023, 3, 25);
    f->met_on = day(2023, 3, 15);
    rate_as(f, "r1", "d1", "P1", "89", level_PROVINCE, "QD148", 4);
    sign_as(f, authority_PROVINCE, "89", "1/QĐ", f->met_on - 1, f->met_on - 1, &item, 1);
    assert_refused(f, "certification.recognition.refused.89", "DECISION_DATE");
    sign_as(f, authority_PROVINCE, "89", "1/QĐ", f->met_on, f->met_on, &item, 1);
    assert_topic(f, 1, "certification.certificate.issued.89");
    assert_status(f, "product", "P1", f->met_on, "", "valid");
}

/* 06 became part of 19: what 06 dates from that day on is refused, 19 acts on what it began. */
static void a_merged_province_does_nothing_dated_after(void **state)
{
    struct fixture *f = *state;
    const int32_t merged_on = day(2025, 7, 1);
    struct record_filed filed = a_record("Lò mò", 4, merged_on - 1);

    f->day = day(2025, 7, 10);
    merge_area(f, "06", "19", merged_on);
    issue(f, "d1", "P1", "06", "QD148", authority_PROVINCE, 4, merged_on - 1);
    assert_topic(f, 1, "certification.certificate.issued.06");
    issue(f, "d2", "P2", "06", "QD148", authority_PROVINCE, 4, merged_on);
    assert_refused(f, "certification.recognition.refused.06", "PROVINCE_MERGED");
    take_back(f, authority_PROVINCE, "06", "OCOP-06-2025-0001", merged_on);
    assert_refused(f, "certification.revocation.refused.06", "PROVINCE_MERGED");
    report(f, "06", "OCOP-06-2025-0001", merged_on);
    assert_refused(f, "certification.finding.refused.06", "PROVINCE_MERGED");
    dismiss(f, authority_PROVINCE, "06", "any");
    assert_refused(f, "certification.dismissal.refused.06", "PROVINCE_MERGED");
    filed.province = slice_text("06");
    file_record(f, &filed);
    assert_said(f, 0, "certification.record.accepted.06", "certificate", "GHI-06-2025-0001");
    filed.issued_on = merged_on;
    file_record(f, &filed);
    assert_refused(f, "certification.record.refused.06", "PROVINCE_MERGED");
    take_back(f, authority_PROVINCE, "19", "OCOP-06-2025-0001", merged_on);
    assert_topic(f, 1, "certification.certificate.revoked.06");
}

/* 15 is another area since, under its old number; 99 is none. */
static void codes_that_keep_their_number_go_on(void **state)
{
    static const struct area_pair pairs[] = { { { "10", 2 }, { "15", 2 } }, { { "15", 2 }, { "15", 2 } } };
    static const char hash[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const int32_t merged_on = day(2025, 7, 1);
    const struct rules_adopted areas = { .name = slice_text("areas-2025"),
                                         .hash = slice_text(hash),
                                         .kind = rules_kind_AREAS,
                                         .has_first_day = true,
                                         .first_day = merged_on,
                                         .has_areas = true,
                                         .areas = pairs,
                                         .areas_count = 2 };
    struct fixture *f = *state;
    struct record_filed filed = a_record("Lò mò", 4, merged_on);

    f->day = day(2025, 7, 10);
    filed.province = slice_text("99");
    file_record(f, &filed);
    assert_topic(f, 0, "certification.record.accepted.99"); /* nobody knows areas yet */
    adopt(f, &areas);
    merge_area(f, "10", "15", merged_on);
    merge_area(f, "15", "15", merged_on);
    filed.star = 3;
    file_record(f, &filed);
    assert_refused(f, "certification.record.refused.99", "PROVINCE_UNKNOWN");
    filed.province = slice_text("15");
    file_record(f, &filed);
    assert_topic(f, 0, "certification.record.accepted.15");
    filed.province = slice_text("10");
    file_record(f, &filed);
    assert_refused(f, "certification.record.refused.10", "PROVINCE_MERGED");
    issue(f, "d1", "P1", "15", "QD148", authority_PROVINCE, 4, merged_on);
    assert_topic(f, 1, "certification.certificate.issued.15");
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
    answer = ask_with(f, "product", "product=P1 day=2027-01-01", ERR_NONE);
    assert_text(&answer, "status", "expired");
    assert_day(&answer, "until", end + 180);
    answer = ask_with(f, "summary", "day=2026-07-01", ERR_NONE);
    assert_number(&answer, "total", 0);
    assert_number(&answer, "pending", 1);
    /* Another dossier beside it: to the same day. */
    accept_dossier(f, "d2", "P1", "89", dossier_kind_RE_RATING, "OCOP-89-2023-0001");
    assert_int_equal(bench_outcomes(f->bench), 1);
    e = outcome(f, 0);
    assert_day(&e.data, "extended_to", end + 180);
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

/* So a decision of the days between, which rests on it, still stands when both come late. */
static void a_dossier_that_became_known_late_counts_from_the_day_it_was_handed_in(void **state)
{
    struct fixture *f = *state;

    one_that_ends_in_june_2026(f);
    start_day(f, day(2026, 6, 16));
    f->day = day(2026, 6, 25);
    f->received_on = day(2026, 6, 18);
    accept_dossier(f, "d1", "P1", "89", dossier_kind_RE_RATING, "OCOP-89-2023-0001");
    assert_int_equal(bench_outcomes(f->bench), 1);
    assert_status(f, "product", "P1", day(2026, 6, 17), "", "expired");
    assert_status(f, "product", "P1", day(2026, 6, 18), "", "valid_pending");
    take_back(f, authority_PROVINCE, "89", "OCOP-89-2023-0001", day(2026, 6, 19));
    assert_topic(f, 1, "certification.certificate.revoked.89");
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

static void take_dossier_back(struct fixture *f, const char *dossier)
{
    const struct withdrawal_accepted withdrawn = { .dossier = slice_text(dossier),
                                                   .product = slice_text("P1") };

    feed(f, "intake", &withdrawal_accepted_kind, "89", NULL, &withdrawn);
}

static void a_new_dossier_extends_again_to_the_same_day(void **state)
{
    struct fixture *f = *state;
    const int32_t end = day(2026, 6, 15);
    struct envelope e;
    char before[24];

    one_that_ends_in_june_2026(f);
    accept_dossier(f, "d1", "P1", "89", dossier_kind_RE_RATING, NULL);
    f->day = day(2026, 7, 1);
    take_dossier_back(f, "d1");
    assert_said(f, 0, "certification.extension.ended.89", "certificate", "OCOP-89-2023-0001");
    start_day(f, day(2026, 7, 2));
    e = outcome(f, 0);
    assert_day(&e.data, "ended_on", day(2026, 7, 1));
    feed_place(f, before);
    f->day = day(2026, 7, 10);
    accept_dossier(f, "d2", "P1", "89", dossier_kind_RE_RATING, NULL);
    assert_said(f, 0, "certification.certificate.extended.89", "dossier", "d2");
    e = outcome(f, 0);
    assert_day(&e.data, "extended_to", end + 180);
    assert_status(f, "product", "P1", day(2026, 7, 1), "", "valid_pending");
    assert_status(f, "product", "P1", day(2026, 7, 9), "", "expired");
    assert_status(f, "product", "P1", day(2026, 7, 10), "", "valid_pending");
    assert_status(f, "product", "P1", day(2026, 7, 10), before, "expired");
    assert_status(f, "product", "P1", end + 180, "", "valid_pending");
    /* Two at once: each ends for its own dossier. */
    accept_dossier(f, "d3", "P1", "89", dossier_kind_RE_RATING, NULL);
    f->day = day(2026, 8, 1);
    take_dossier_back(f, "d2");
    assert_int_equal(bench_outcomes(f->bench), 0);
    assert_status(f, "product", "P1", day(2026, 8, 2), "", "valid_pending");
    start_day(f, end + 181);
    e = outcome(f, 0);
    assert_day(&e.data, "ended_on", end + 180);
    f->day = end + 181; /* too late */
    accept_dossier(f, "d4", "P1", "89", dossier_kind_RE_RATING, NULL);
    assert_int_equal(bench_outcomes(f->bench), 0);
}

static void what_a_council_rated_too_low_extends_no_more(void **state)
{
    struct fixture *f = *state;

    one_that_ends_in_june_2026(f);
    accept_dossier(f, "d1", "P1", "89", dossier_kind_RE_RATING, NULL);
    f->day = day(2026, 7, 1);
    rate_as(f, "r1", "d1", "P1", "89", level_PROVINCE, "QD26_2026", 2);
    assert_topic(f, 0, "certification.extension.ended.89");
    f->day = day(2026, 7, 10);
    accept_dossier(f, "d2", "P1", "89", dossier_kind_RE_RATING, NULL);
    assert_int_equal(bench_outcomes(f->bench), 0);
}

/* The desk of the province that it became part of turns the dossier away. */
static void a_dossier_turned_away_after_the_merger_ends_its_extension(void **state)
{
    const struct rejection_registered rejected = { .reference = slice_text("d1"),
                                                   .province = slice_text("19"),
                                                   .reason = slice_text("forged") };
    struct fixture *f = *state;

    one_that_ends_in_june_2026(f);
    accept_dossier(f, "d1", "P1", "89", dossier_kind_RE_RATING, NULL);
    f->day = day(2026, 7, 1);
    feed(f, "intake", &rejection_registered_kind, "19", NULL, &rejected);
    assert_int_equal(bench_outcomes(f->bench), 0);
    merge_area(f, "89", "19", day(2026, 6, 20));
    feed(f, "intake", &rejection_registered_kind, "19", NULL, &rejected);
    assert_said(f, 0, "certification.extension.ended.89", "certificate", "OCOP-89-2023-0001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(three_stars_are_the_districts_until_july_2025, open_with_law,
                                        close_it),
        cmocka_unit_test_setup_teardown(a_rule_set_that_nobody_proposed_is_named, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(terms_end_on_the_same_day_of_the_month, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(the_province_acts_on_a_central_result, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(any_code_of_the_product_and_the_province_of_the_day_will_do,
                                        open_with_law, close_it),
        cmocka_unit_test_setup_teardown(an_answer_as_of_a_place_knows_nothing_later, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(without_a_day_the_last_that_started_is_meant, open_with_law,
                                        close_it),
        cmocka_unit_test_setup_teardown(a_late_decision_takes_its_place_before_the_newer, open_with_law,
                                        close_it),
        cmocka_unit_test_setup_teardown(a_pending_re_rating_extends_to_its_last_day, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(both_sides_of_the_day_the_new_rules_began, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(a_dossier_that_became_known_late_counts_from_the_day_it_was_handed_in,
                                        open_with_law, close_it),
        cmocka_unit_test_setup_teardown(a_late_dossier_gives_the_certificate_back_from_its_day, open_with_law,
                                        close_it),
        cmocka_unit_test_setup_teardown(a_new_certificate_ends_the_extension, open_with_law, close_it),
        cmocka_unit_test(a_result_without_recognition_ends_the_extension),
        cmocka_unit_test_setup_teardown(a_new_dossier_extends_again_to_the_same_day, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(what_a_council_rated_too_low_extends_no_more, open_with_law,
                                        close_it),
        cmocka_unit_test_setup_teardown(a_dossier_turned_away_after_the_merger_ends_its_extension,
                                        open_with_law, close_it),
        cmocka_unit_test_setup_teardown(no_decision_precedes_the_rating_it_rests_on, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(
            a_decision_is_held_against_the_meeting_not_against_the_day_it_became_known, open_with_law,
            close_it),
        cmocka_unit_test_setup_teardown(a_merged_province_does_nothing_dated_after, open_with_law, close_it),
        cmocka_unit_test_setup_teardown(codes_that_keep_their_number_go_on, open_with_law, close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
