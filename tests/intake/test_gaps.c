/* What a dossier lacks under adopted law: each gap once, and all of them at once. */
#include "tests/intake/scene.h"

static struct dossier_filed whole(const char *reference)
{
    return new_dossier(reference, "Cà phê", dossier_kind_FIRST);
}

static void a_whole_dossier_of_2026_has_no_gap(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed d = whole("TN-01");
    msgpack_object answer, list;
    struct envelope e;

    start_day(f, date(2026, 6, 1));
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "rule_set", "QD26_2026");
    assert_text(&e.data, "received_on", "2026-06-01");
    assert_text(&e.data, "proposed_on", "2026-05-25");
    answer = ask(f, "dossier", "key", "TN-01", ERR_NONE);
    assert_text(&answer, "proposal", "12/TTr-UBND");
    assert_number(&answer, "samples", 5);
    list = *mp_find(&answer, "assessments");
    assert_int_equal(list.via.array.size, 4);
    assert_text(&list.via.array.ptr[3], "topic", "identity");
}

static void every_gap_is_named_at_once(void **state)
{
    static const char *const wanted[] = { "kind",
                                          "product",
                                          "owner",
                                          "owner_kind",
                                          "commune_code",
                                          "round",
                                          "rubric",
                                          "registration_form",
                                          "self_assessment",
                                          "samples",
                                          "assessments.material",
                                          "assessments.labour",
                                          "assessments.idea",
                                          "assessments.identity",
                                          "proposal",
                                          "proposed_on" };
    struct fixture *f = *state;
    const struct dossier_filed d = { .reference = slice_text("X"), .province = slice_text("19") };
    struct dossier_returned returned;
    struct envelope e;

    start_day(f, date(2026, 6, 1));
    file(f, &d);
    e = outcome(f, 0);
    assert_refused(f, "intake.dossier.returned", "GAPS");
    assert_int_equal(dossier_returned_decode(&e, f->zone, &returned, NULL), ERR_NONE);
    assert_int_equal(returned.gaps_count, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < returned.gaps_count; i++)
        assert_true(slice_is(returned.gaps[i].field, wanted[i]));
    assert_non_null(memmem(returned.sentence.data, returned.sentence.size, "16 gaps", 7));
}

static void fields_have_their_form(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = whole("TN-01");

    start_day(f, date(2026, 6, 1));
    d.commune_code = slice_text("0215x");
    file(f, &d);
    assert_gap(f, "FIELD_FORMAT", "commune_code");
    d = whole("TN-01");
    d.product = slice_text("  ");
    file(f, &d);
    assert_gap(f, "FIELD_MISSING", "product");
    d = whole("TN-01");
    d.has_received_on = true;
    d.received_on = date(2026, 6, 2);
    file(f, &d);
    assert_gap(f, "DAY_FUTURE", "received_on");
    d = whole("TN-01");
    d.proposed_on = date(2026, 6, 2);
    file(f, &d);
    assert_gap(f, "DAY_FUTURE", "proposed_on");
    d.proposed_on = date(2026, 6, 1);
    (void)accepted_id(f, &d);
}

static void districts_end_with_the_areas(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");

    d.has_district_code = d.has_rule_set = false;
    d.items = new_papers;
    d.items_count = 2;
    start_day(f, date(2025, 6, 30));
    file(f, &d);
    assert_gap(f, "FIELD_MISSING", "district_code");
    d.has_district_code = true;
    d.district_code = slice_text("-66");
    file(f, &d);
    assert_gap(f, "FIELD_FORMAT", "district_code");
    d.district_code = slice_text("066");
    start_day(f, date(2025, 7, 1));
    d.province = slice_text("19");
    file(f, &d);
    assert_gap(f, "FIELD_ABOLISHED", "district_code");
}

static void without_areas_a_district_may_be_left_out(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    struct envelope e;

    file(f, &d);
    assert_gap(f, "RULE_SET_UNKNOWN", "rule_set"); /* nothing is adopted, so nothing else is demanded */
    adopt(f, provisional());
    (void)accepted_id(f, &d);
    d = a_dossier("BK-02", "Tinh nghệ");
    d.has_district_code = false;
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "product", "06-02152-2-2018");
}

/* --- rule sets and rubrics --- */

static void the_rule_set_is_the_one_of_the_day_of_receipt(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = whole("TN-01");
    struct envelope e;
    struct slice sentence;

    start_day(f, date(2026, 6, 1));
    d.has_rule_set = true;
    d.rule_set = slice_text("QD148");
    file(f, &d);
    assert_gap(f, "RULE_SET_NOT_IN_FORCE", "rule_set");
    e = outcome(f, 0);
    e.data = mp_find(&e.data, "gaps")->via.array.ptr[0];
    assert_true(mp_text(mp_find(&e.data, "sentence"), &sentence));
    assert_non_null(memmem(sentence.data, sentence.size, "QD26_2026 was", 13));
    d.has_received_on = true;
    d.received_on = date(2026, 5, 21);
    d.has_rubric = false;
    d.rule_set = slice_text("QD26_2026");
    d.has_rubric = true;
    file(f, &d);
    assert_gap(f, "RULE_SET_NOT_IN_FORCE", "rule_set");
    d.rule_set = slice_text("QD148");
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "rule_set", "QD148");
    assert_text(&e.data, "received_on", "2026-05-21");
    d = whole("TN-02");
    d.product = slice_text("Trà");
    d.has_received_on = true;
    d.received_on = date(2026, 5, 22);
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "rule_set", "QD26_2026");
}

static void what_is_not_adopted_is_unknown(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = whole("TN-01");

    start_day(f, date(2026, 6, 1));
    d.has_rule_set = true;
    d.rule_set = slice_text("QD9999");
    file(f, &d);
    assert_gap(f, "RULE_SET_UNKNOWN", "rule_set");
    d.has_rule_set = false;
    d.has_received_on = true; /* between the provisional rules and 148, nothing is adopted here */
    d.received_on = date(2022, 1, 1);
    file(f, &d);
    assert_gap(f, "RULE_SET_UNKNOWN", "rule_set");
    d = whole("TN-01");
    d.rubric = slice_text("qd-26-2026-99");
    file(f, &d);
    assert_gap(f, "RUBRIC_UNKNOWN", "rubric");
    d.rubric = slice_text("qd-1048-2019-14-ca-phe-ca-cao");
    file(f, &d);
    assert_gap(f, "RUBRIC_OTHER", "rubric");
    d.has_rubric = false;
    file(f, &d);
    assert_gap(f, "FIELD_MISSING", "rubric");
}

static void the_older_law_runs_out_for_first_dossiers(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = whole("TN-01");

    d.has_received_on = true;
    d.received_on = date(2026, 5, 21);
    start_day(f, date(2026, 7, 21));
    file(f, &d);
    assert_gap(f, "TRANSITION_OVER", "rule_set");
    f->day = date(2026, 7, 20);
    (void)accepted_id(f, &d);
}

/* --- papers, samples, the commune's report --- */

static void services_need_no_samples(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = whole("TN-01");

    start_day(f, date(2026, 6, 1));
    d.samples = 4;
    file(f, &d);
    assert_gap(f, "SAMPLES_MISSING", "samples");
    d.has_samples = false;
    d.samples = 0;
    d.rubric = slice_text("qd-26-2026-26-du-lich-cong-dong");
    (void)accepted_id(f, &d);
}

static void samples_as_a_paper_are_of_goods_too(void **state)
{
    struct fixture *f = *state;
    struct dossier_filed d = a_dossier("BK-01", "Tham quan");

    d.items_count = 4;
    file(f, &d);
    assert_gap(f, "ITEM_MISSING", "samples");
    d.has_rubric = true; /* which these rules do not score by; it says that this is a service */
    d.rubric = slice_text("qd-26-2026-26-du-lich-cong-dong");
    (void)accepted_id(f, &d);
}

static void the_commune_reports_once_on_each_topic(void **state)
{
    struct assessment some[4];
    struct fixture *f = *state;
    struct dossier_filed d = whole("TN-01");
    struct dossier_returned returned;
    struct envelope e;

    start_day(f, date(2026, 6, 1));
    d.assessments_count = 3;
    file(f, &d);
    assert_gap(f, "ASSESSMENT_MISSING", "assessments.identity");
    memcpy(some, findings, sizeof some);
    some[3].topic = topic_IDEA;
    d.assessments = some;
    d.assessments_count = 4;
    file(f, &d);
    e = outcome(f, 0);
    assert_int_equal(dossier_returned_decode(&e, f->zone, &returned, NULL), ERR_NONE);
    assert_int_equal(returned.gaps_count, 2);
    assert_true(slice_is(returned.gaps[0].code, "ASSESSMENT_TWICE"));
    assert_true(slice_is(returned.gaps[0].field, "assessments.idea"));
    assert_true(slice_is(returned.gaps[1].code, "ASSESSMENT_MISSING"));
    d = whole("TN-01");
    d.has_proposal = false;
    file(f, &d);
    assert_gap(f, "FIELD_MISSING", "proposal");
}

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void a_paper_is_cited_by_its_digest(void **state)
{
    struct evidence papers[] = {
        { .item = slice_text("registration_form"),
          .has_bytes = true,
          .bytes = 7,
          .has_digest = true,
          .digest = slice_text(DIGEST) },
        { .item = slice_text("self_assessment"),
          .has_digest = true,
          .digest = slice_text(DIGEST),
          .has_criterion = true,
          .criterion = slice_text("A.1.1") },
    };
    struct fixture *f = *state;
    struct dossier_filed d = whole("TN-01");
    msgpack_object answer, items;

    start_day(f, date(2026, 6, 1));
    d.items = papers;
    papers[0].digest = slice_text("X" DIGEST);
    papers[0].digest.size = 64;
    file(f, &d);
    assert_gap(f, "FIELD_FORMAT", "items.digest");
    papers[0].digest = slice_text(DIGEST);
    papers[1].has_earlier = papers[1].earlier = true;
    file(f, &d);
    assert_gap(f, "ITEM_NOT_FOUND", "self_assessment"); /* there is no earlier dossier */
    papers[1].has_earlier = papers[1].earlier = false;
    (void)accepted_id(f, &d);
    answer = ask(f, "dossier", "key", "TN-01", ERR_NONE);
    items = *mp_find(&mp_find(&answer, "versions")->via.array.ptr[0], "items");
    assert_text(&items.via.array.ptr[1], "criterion", "A.1.1");
    /* The next dossier of the product needs not hand it in again. */
    d.reference = slice_text("TN-02");
    d.round = slice_text("2026-3");
    papers[1].has_earlier = papers[1].earlier = true;
    papers[1].has_digest = false;
    file(f, &d);
    assert_gap(f, "FIELD_MISSING", "items.digest");
    papers[1].has_digest = true;
    papers[1].item = slice_text("business_plan"); /* that digest, but of another paper */
    d.items_count = 2;
    file(f, &d);
    assert_refused(f, "intake.dossier.returned", "GAPS");
    papers[1].item = slice_text("self_assessment");
    (void)accepted_id(f, &d);
    answer = ask(f, "dossier", "key", "TN-02", ERR_NONE);
    items = *mp_find(&mp_find(&answer, "versions")->via.array.ptr[0], "items");
    assert_int_equal(mp_find(&items.via.array.ptr[1], "earlier")->type, MSGPACK_OBJECT_BOOLEAN);
    assert_true(mp_find(&items.via.array.ptr[1], "earlier")->via.boolean);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_it, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_dossier_of_2026_has_no_gap),
        TEST(every_gap_is_named_at_once),
        TEST(fields_have_their_form),
        TEST(districts_end_with_the_areas),
        cmocka_unit_test_setup_teardown(without_areas_a_district_may_be_left_out, open_bare, close_it),
        TEST(the_rule_set_is_the_one_of_the_day_of_receipt),
        TEST(what_is_not_adopted_is_unknown),
        TEST(the_older_law_runs_out_for_first_dossiers),
        TEST(services_need_no_samples),
        TEST(samples_as_a_paper_are_of_goods_too),
        TEST(the_commune_reports_once_on_each_topic),
        TEST(a_paper_is_cited_by_its_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
