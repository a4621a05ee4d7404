/* Desks: slips, requests for more, rejections, and what becomes of a reference. */
#include "tests/intake/scene.h"

static struct slip_filed a_slip(const char *reference, enum desk desk)
{
    return (struct slip_filed){ .reference = slice_text(reference),
                                .province = slice_text("06"),
                                .desk = desk,
                                .number = slice_text("12/PĐK-06-02152-2018"),
                                .received_on = date(2018, 11, 20),
                                .has_commune_code = true,
                                .commune_code = slice_text("02152"),
                                .has_owner = true,
                                .owner = slice_text("HTX Tài Hoan") };
}

static const struct item_asked asked[] = { { .item = { "test_report", 11 } }, { .item = { "label", 5 } } };

static struct request_filed a_request(const char *reference)
{
    return (struct request_filed){ .reference = slice_text(reference),
                                   .province = slice_text("06"),
                                   .desk = desk_COMMUNE,
                                   .items = asked,
                                   .items_count = 2,
                                   .reason = slice_text("the label and its test"),
                                   .due_before = date(2018, 12, 2) };
}

static struct rejection_filed a_rejection(const char *reference)
{
    return (struct rejection_filed){ .reference = slice_text(reference),
                                     .province = slice_text("06"),
                                     .desk = desk_COMMUNE,
                                     .ground = slice_text("FORGED_DOSSIER"),
                                     .reason = slice_text("papers of another") };
}

static void give(struct fixture *f, const struct slip_filed *slip)
{
    feed(f, "province-06", &slip_filed_kind, "06", slip);
}

static void ask_for(struct fixture *f, const struct request_filed *request)
{
    feed(f, "province-06", &request_filed_kind, "06", request);
}

static void turn_away(struct fixture *f, const struct rejection_filed *rejection)
{
    feed(f, "province-06", &rejection_filed_kind, "06", rejection);
}

static void a_slip_says_when_and_under_which_law(void **state)
{
    struct fixture *f = *state;
    struct slip_filed slip = a_slip("BK-01", desk_COMMUNE);
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    struct slip_registered registered;
    struct envelope e;
    msgpack_object answer, list;

    give(f, &slip);
    e = outcome(f, 0);
    assert_int_equal(slip_registered_decode(&e, f->zone, &registered, NULL), ERR_NONE);
    assert_true(slice_is(registered.rule_set, "provisional-2018"));
    assert_true(slice_is(registered.owner, "HTX Tài Hoan"));
    give(f, &slip);
    assert_refused(f, "intake.slip.refused", "SLIP_TWICE");
    slip.desk = desk_PROVINCE; /* another desk gives its own */
    slip.has_commune_code = false;
    slip.received_on = date(2018, 11, 25);
    give(f, &slip);
    e = outcome(f, 0);
    assert_true(slice_is(e.type, "intake.slip.registered"));
    /* The dossier was handed in when the first desk received it, unless it says otherwise. */
    d.has_rule_set = false;
    (void)accepted_id(f, &d);
    e = outcome(f, 0);
    assert_text(&e.data, "received_on", "2018-11-20");
    answer = ask(f, "dossier", "key", "BK-01", ERR_NONE);
    list = *mp_find(&answer, "slips");
    assert_int_equal(list.via.array.size, 2);
    assert_text(&list.via.array.ptr[1], "desk", "province");
}

static void slips_that_do_not_stand(void **state)
{
    struct fixture *f = *state;
    struct slip_filed slip = a_slip("BK-01", desk_COMMUNE);

    slip.received_on = date(2018, 12, 2);
    give(f, &slip);
    assert_refused(f, "intake.slip.refused", "SLIP_FUTURE");
    slip.received_on = date(2018, 12, 1);
    slip.has_commune_code = false;
    give(f, &slip);
    assert_refused(f, "intake.slip.refused", "COMMUNE_NEEDED");
    slip = a_slip("BK-01", desk_COMMUNE);
    slip.province = slice_text("24");
    give(f, &slip);
    assert_refused(f, "intake.slip.refused", "WRONG_PROVINCE");
    slip = a_slip("BK-01", desk_COMMUNE);
    f->day = date(2022, 1, 2);
    slip.received_on = date(2022, 1, 1);
    give(f, &slip);
    assert_refused(f, "intake.slip.refused", "RULE_SET_UNKNOWN");
}

/* Is the only request of this reference open? */
static bool is_open(struct fixture *f, const char *reference)
{
    const msgpack_object answer = ask(f, "dossier", "key", reference, ERR_NONE);
    const msgpack_object *list = mp_find(&answer, "requests");

    assert_non_null(list);
    assert_int_equal(list->via.array.size, 1);
    return mp_find(&list->via.array.ptr[0], "open")->via.boolean;
}

static void a_request_is_closed_by_what_it_asks_for(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    const struct evidence report = { .item = slice_text("test_report") },
                          label = { .item = slice_text("label") };
    struct dossier_supplemented s = {
        .reason = slice_text("as asked"), .has_items = true, .items = &report, .items_count = 1
    };
    struct request_filed request = a_request("BK-01");
    struct request_registered registered;
    struct envelope e;

    s.dossier = accepted_id(f, &d);
    request.has_asked_on = true;
    request.asked_on = request.due_before = f->day - 1;
    ask_for(f, &request);
    assert_refused(f, "intake.request.refused", "DUE_PAST");
    request.due_before = f->day; /* it was made in time and came late */
    ask_for(f, &request);
    e = outcome(f, 0);
    assert_int_equal(request_registered_decode(&e, f->zone, &registered, NULL), ERR_NONE);
    assert_true(slice_is(registered.owner, "HTX Tài Hoan"));
    assert_true(is_open(f, "BK-01"));
    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_true(is_open(f, "BK-01")); /* the label is still to come */
    s.items = &label;
    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_false(is_open(f, "BK-01"));
}

static void a_desk_may_ask_before_the_dossier_is_accepted(void **state)
{
    static const struct evidence more[] = {
        { .item = { "registration_form", 17 } },
        { .item = { "business_plan", 13 } },
        { .item = { "organisation", 12 } },
        { .item = { "business_registration", 21 } },
        { .item = { "samples", 7 } },
        { .item = { "test_report", 11 } },
        { .item = { "label", 5 } },
    };
    struct fixture *f = *state;
    const struct slip_filed slip = a_slip("BK-01", desk_COMMUNE);
    const struct request_filed request = a_request("BK-01");
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    struct envelope e;

    ask_for(f, &request);
    assert_refused(f, "intake.request.refused", "UNKNOWN_REFERENCE");
    give(f, &slip);
    ask_for(f, &request);
    e = outcome(f, 0);
    assert_true(slice_is(e.type, "intake.request.registered"));
    d.items = more;
    d.items_count = 7;
    (void)accepted_id(f, &d);
    assert_false(is_open(f, "BK-01"));
}

static void nothing_is_asked_of_what_is_closed(void **state)
{
    struct fixture *f = *state;
    const struct dossier_filed d = a_dossier("BK-01", "Miến dong"), other = a_dossier("BK-02", "Tinh nghệ");
    const struct dossier_withdrawn w = { .dossier = accepted_id(f, &d), .reason = slice_text("why") };
    struct request_filed request = a_request("BK-01");
    const struct rejection_filed rejection = a_rejection("BK-02");

    feed(f, "province-06", &dossier_withdrawn_kind, "06", &w);
    ask_for(f, &request);
    assert_refused(f, "intake.request.refused", "WITHDRAWN");
    rate(f, accepted_id(f, &other));
    request = a_request("BK-02");
    ask_for(f, &request);
    assert_refused(f, "intake.request.refused", "RATED");
    turn_away(f, &rejection);
    assert_refused(f, "intake.rejection.refused", "RATED");
    request.province = slice_text("24");
    ask_for(f, &request);
    assert_refused(f, "intake.request.refused", "WRONG_PROVINCE");
}

static void a_reference_that_was_turned_away_is_free_again(void **state)
{
    struct fixture *f = *state;
    const struct slip_filed slip = a_slip("BK-01", desk_COMMUNE);
    const struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    const struct rejection_filed rejection = a_rejection("BK-01");
    const struct request_filed request = a_request("BK-01");
    struct dossier_supplemented s = { .has_owner = true,
                                      .owner = slice_text("HTX khác"),
                                      .reason = slice_text("why") };
    msgpack_object answer;
    struct slice again;
    struct envelope e;

    turn_away(f, &rejection);
    assert_refused(f, "intake.rejection.refused", "UNKNOWN_REFERENCE");
    give(f, &slip);
    s.dossier = accepted_id(f, &d);
    turn_away(f, &rejection);
    e = outcome(f, 0);
    assert_true(slice_is(e.type, "intake.rejection.registered"));
    assert_text(&e.data, "owner", "HTX Tài Hoan");
    answer = ask(f, "dossier", "key", "BK-01", ERR_NONE);
    assert_text(&answer, "state", "rejected");
    turn_away(f, &rejection);
    assert_refused(f, "intake.rejection.refused", "REJECTED");
    ask_for(f, &request);
    assert_refused(f, "intake.request.refused", "REJECTED");
    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_refused(f, "intake.supplement.returned", "REJECTED");
    /* A new filing, in the same round, with a new slip. */
    give(f, &slip);
    e = outcome(f, 0);
    assert_true(slice_is(e.type, "intake.slip.registered"));
    again = accepted_id(f, &d);
    assert_false(slice_equal(again, s.dossier));
    answer = ask(f, "dossier", "key", "BK-01", ERR_NONE);
    assert_text(&answer, "state", "open");
    assert_int_equal(mp_find(&answer, "slips")->via.array.size, 1);
    file(f, &d);
    assert_refused(f, "intake.dossier.returned", "REFERENCE_USED");
}

static void a_supplement_may_cite_what_the_product_has(void **state)
{
    static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct fixture *f = *state;
    struct evidence papers[5], cited;
    struct dossier_filed d = a_dossier("BK-01", "Miến dong");
    struct dossier_supplemented s = {
        .reason = slice_text("cited"), .has_items = true, .items = &cited, .items_count = 1
    };
    struct envelope e;

    memcpy(papers, old_papers, sizeof papers);
    papers[1].has_digest = true;
    papers[1].digest = slice_text(digest);
    d.items = papers;
    (void)accepted_id(f, &d);
    d = a_dossier("BK-02", "Miến dong");
    d.round = slice_text("2018-2");
    s.dossier = accepted_id(f, &d);
    cited = papers[1];
    cited.has_earlier = cited.earlier = true;
    cited.item = slice_text("label");
    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    assert_refused(f, "intake.supplement.returned", "ITEM_NOT_FOUND");
    cited.item = papers[1].item;
    feed(f, "province-06", &dossier_supplemented_kind, "06", &s);
    e = outcome(f, 0);
    assert_true(slice_is(e.type, "intake.supplement.accepted"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_it, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_slip_says_when_and_under_which_law),
        TEST(slips_that_do_not_stand),
        TEST(a_request_is_closed_by_what_it_asks_for),
        TEST(a_desk_may_ask_before_the_dossier_is_accepted),
        TEST(nothing_is_asked_of_what_is_closed),
        TEST(a_reference_that_was_turned_away_is_free_again),
        TEST(a_supplement_may_cite_what_the_product_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
