/* test_store.c - the SQL of scoring, on a store in memory. */
#include "services/scoring/store.h"
#include "tests/scoring/small_rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

extern const char scoring_schema_sql[];

struct room {
    sqlite3 *db;
    struct store store;
    msgpack_zone *zone;
};

static int begin(void **state)
{
    static struct room room;
    struct why why = { { 0 }, { 0 } };

    memset(&room, 0, sizeof room);
    if (db_open(":memory:", DB_WRITE, &room.db, &why) || db_exec(room.db, scoring_schema_sql, &why) ||
        store_open(&room.store, room.db, &why))
        fail_msg("%s", why.sentence);
    room.zone = msgpack_zone_new(1024);
    *state = &room;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;

    store_close(&r->store);
    db_close(&r->db);
    msgpack_zone_free(r->zone);
    return 0;
}

static struct slice text(const char *t)
{
    return slice_text(t);
}

static void add_rules_of(struct room *r, const char *name, struct slice bytes, int32_t first_day)
{
    char hash[RULES_HASH_TEXT + 1];

    assert_int_equal(rules_hash(bytes, hash, NULL), ERR_NONE);
    assert_int_equal(store_add_rules(&r->store,
                                     &(struct rules_adopted){ .name = text(name),
                                                              .hash = text(hash),
                                                              .kind = rules_kind_RULE_SET,
                                                              .has_first_day = first_day > 0,
                                                              .first_day = first_day },
                                     bytes),
                     ERR_NONE);
}

static void add_rules(struct room *r, const char *name, struct slice bytes)
{
    add_rules_of(r, name, bytes, 0);
}

static void add_dossier(struct room *r, const char *id, const char *reference)
{
    const struct dossier_accepted d = { .reference = text(reference),
                                        .product = { "P1", 2 },
                                        .name = { "Chè", sizeof "Chè" - 1 },
                                        .owner = { "HTX", 3 },
                                        .province = { "06", 2 },
                                        .round = { "2018-2", 6 },
                                        .rule_set = { "SMALL", 5 },
                                        .has_rubric = true,
                                        .rubric = { "small-1", 7 } };

    assert_int_equal(store_add_dossier(&r->store, text(id), &d, 17000), ERR_NONE);
}

static void add_council(struct room *r)
{
    static const struct council_member members[] = { { { "an", 2 }, seat_CHAIR },
                                                     { { "binh", 4 }, seat_MEMBER } };
    const struct council_formed formed = { .council = { "c", 1 },
                                           .level = level_PROVINCE,
                                           .province = { "06", 2 },
                                           .round = { "2018-2", 6 },
                                           .rule_set = { "SMALL", 5 },
                                           .members = members,
                                           .members_count = 2 };
    const struct council_admitted admitted = { .members = 2,
                                               .quorum_percent = 75,
                                               .spread_hundredths = 1000 };

    assert_int_equal(store_add_council(&r->store, &formed, &admitted), ERR_NONE);
}

static void add_sheet(struct room *r, const char *event, const char *member, const char *dossier, int64_t a)
{
    static const struct met gates[] = { { { "ODD\"\\ONE", 8 } } };
    const struct chosen options[] = { { { "A.1.1", 5 }, a }, { { "B.2", 3 }, 0 } };
    const struct sheet_submitted sheet = {
        .options = options, .options_count = 2, .gates = gates, .gates_count = 1
    };
    const struct sheet_counted counted = { .council = { "c", 1 },
                                           .member = text(member),
                                           .dossier = text(dossier),
                                           .total_hundredths = a * 100,
                                           .has_a_hundredths = true };

    assert_int_equal(store_add_sheet(&r->store, text(event), &sheet, &counted), ERR_NONE);
}

static void rules_come_back_parsed_and_of_their_kind(void **state)
{
    struct room *r = *state;
    const struct rule_set *set = NULL, *again = NULL;
    const struct rubric *rubric = NULL;
    const char *hash = NULL;
    char known[RULES_HASH_TEXT + 1];

    add_rules(r, "SMALL", text(small_set));
    add_rules(r, "small-1", text(small_rubric));
    assert_int_equal(store_find_rule_set(&r->store, text("SMALL"), &set, &hash, NULL), ERR_NONE);
    assert_int_equal(set->quorum_percent, 75);
    assert_int_equal(store_find_rules_hash(&r->store, text("SMALL"), known), ERR_NONE);
    assert_string_equal(hash, known);
    assert_int_equal(store_find_rule_set(&r->store, text("SMALL"), &again, NULL, NULL), ERR_NONE);
    assert_ptr_equal(set, again); /* parsed once */
    assert_int_equal(store_find_rubric(&r->store, text("small-1"), &rubric, NULL, NULL), ERR_NONE);
    assert_int_equal(rubric->criterion_count, 3);
    assert_int_equal(store_find_rule_set(&r->store, text("small-1"), &set, NULL, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_find_rubric(&r->store, text("SMALL"), &rubric, NULL, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_find_rubric(&r->store, text("none"), &rubric, NULL, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_find_rules_hash(&r->store, text("none"), known), ERR_NOT_FOUND);
}

static void more_rubrics_than_the_cache_holds_are_still_found(void **state)
{
    struct room *r = *state;

    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < STORE_RUBRICS_MAX + 3; i++) {
            char name[40], quoted[60];
            const struct rubric *rubric = NULL;

            snprintf(name, sizeof name, "small-%d", 100 + i);
            snprintf(quoted, sizeof quoted, "\"id\":\"%s\"", name);
            if (turn == 0) {
                char *bytes = with(small_rubric, "\"id\":\"small-1\"", quoted);

                add_rules(r, name, text(bytes));
                free(bytes);
            }
            assert_int_equal(store_find_rubric(&r->store, text(name), &rubric, NULL, NULL), ERR_NONE);
            assert_string_equal(rubric->name, name);
        }
    }
}

static void stored_bytes_that_cannot_be_read_are_a_reason_not_a_crash(void **state)
{
    struct room *r = *state;
    const struct rule_set *set = NULL;
    struct why why = { { 0 }, { 0 } };

    add_rules(r, "SMALL", text("{}"));
    assert_int_equal(store_find_rule_set(&r->store, text("SMALL"), &set, NULL, &why), ERR_INVALID);
    assert_string_equal(why.code, "RULES_MALFORMED");
}

static void a_council_comes_back_with_its_limits(void **state)
{
    struct room *r = *state;
    struct council c;
    struct standing standing;

    assert_int_equal(store_find_council(&r->store, text("c"), r->zone, &c), ERR_NOT_FOUND);
    add_council(r);
    add_dossier(r, "d1", "R1");
    assert_int_equal(store_find_council(&r->store, text("c"), r->zone, &c), ERR_NONE);
    assert_int_equal(c.level, level_PROVINCE);
    assert_int_equal(c.members, 2);
    assert_int_equal(c.quorum_percent, 75);
    assert_int_equal(c.spread_hundredths, 1000);
    assert_true(slice_is(c.rule_set, "SMALL"));
    assert_int_equal(store_find_standing(&r->store, &c, text("d1"), text("an"), 20000, &standing), ERR_NONE);
    assert_true(standing.seated && !standing.rated && !standing.forwarded);
    assert_int_equal(store_find_standing(&r->store, &c, text("d1"), text("dung"), 20000, &standing),
                     ERR_NONE);
    assert_false(standing.seated);
}

static void a_dossier_follows_its_supplements_and_withdrawal(void **state)
{
    struct room *r = *state;
    const struct supplement_accepted s = { .dossier = { "d1", 2 },
                                           .name = { "Chè xanh", sizeof "Chè xanh" - 1 },
                                           .owner = { "HTX 2", 5 },
                                           .version = 2 };
    struct dossier d;

    assert_int_equal(store_find_dossier(&r->store, text("d1"), r->zone, &d), ERR_NOT_FOUND);
    add_dossier(r, "d1", "R1");
    add_dossier(r, "d1", "R2"); /* the id is taken: nothing changes */
    assert_int_equal(store_supplement_dossier(&r->store, &s), ERR_NONE);
    assert_int_equal(store_find_dossier(&r->store, text("d1"), r->zone, &d), ERR_NONE);
    assert_true(slice_is(d.reference, "R1"));
    assert_true(slice_is(d.name, "Chè xanh"));
    assert_true(slice_is(d.rubric, "small-1"));
    assert_false(d.withdrawn);
    assert_int_equal(store_withdraw_dossier(&r->store, text("d1")), ERR_NONE);
    assert_int_equal(store_find_dossier(&r->store, text("d1"), r->zone, &d), ERR_NONE);
    assert_true(d.withdrawn);
}

static void the_latest_sheet_of_each_member_counts(void **state)
{
    struct room *r = *state;
    struct stored_sheet *sheets = NULL;
    size_t count = 0;
    int64_t versions = 0;
    bool same = false;

    add_council(r);
    add_dossier(r, "d1", "R1");
    add_sheet(r, "e1", "binh", "d1", 1);
    add_sheet(r, "e2", "an", "d1", 2);
    add_sheet(r, "e3", "binh", "d1", 3);
    assert_int_equal(store_list_sheets(&r->store, text("c"), text("d1"), r->zone, &sheets, &count), ERR_NONE);
    assert_int_equal(count, 2);
    assert_int_equal(sheets[0].seat, seat_CHAIR);
    assert_int_equal(sheets[0].total_hundredths, 200);
    assert_int_equal(sheets[1].seat, seat_MEMBER);
    assert_int_equal(sheets[1].total_hundredths, 300);
    assert_false(sheets[1].sheet.has_total_hundredths);
    assert_int_equal(sheets[1].sheet.options_count, 2);
    assert_true(slice_is(sheets[1].sheet.options[0].criterion, "A.1.1"));
    assert_int_equal(sheets[1].sheet.options[0].option, 3);
    assert_int_equal(sheets[1].sheet.gates_count, 1);
    assert_true(slice_is(sheets[1].sheet.gates[0].code, "ODD\"\\ONE"));
    assert_int_equal(
        store_count_sheets(&r->store, text("c"), text("d1"), text("binh"), text("e1"), &versions, &same),
        ERR_NONE);
    assert_int_equal(versions, 2);
    assert_true(same);
    assert_int_equal(
        store_count_sheets(&r->store, text("c"), text("d1"), text("binh"), text("e2"), &versions, &same),
        ERR_NONE);
    assert_false(same);
}

static void pending_are_those_with_sheets_by_reference(void **state)
{
    struct room *r = *state;
    const struct product_rated rated = { .council = { "c", 1 },
                                         .dossier = { "d1", 2 },
                                         .product = { "P1", 2 },
                                         .rule_hash = { "x", 1 },
                                         .members = 1,
                                         .star = 3,
                                         .star_by_points = 3 };
    const struct product_forwarded forwarded = { .dossier = { "d1", 2 }, .to = level_CENTRE };
    const struct council province = { .council = { "c", 1 }, .level = level_PROVINCE };
    const struct council centre = { .council = { "c2", 2 }, .level = level_CENTRE };
    struct standing standing;
    struct slice *ids = NULL;
    size_t count = 0;

    add_council(r);
    add_dossier(r, "d1", "R3");
    add_dossier(r, "d2", "R1");
    add_dossier(r, "d3", "R2");
    add_dossier(r, "d4", "R4");
    assert_int_equal(store_list_pending(&r->store, &province, r->zone, &ids, &count), ERR_NONE);
    assert_int_equal(count, 0);
    add_sheet(r, "e1", "an", "d1", 1);
    add_sheet(r, "e2", "an", "d2", 1);
    add_sheet(r, "e3", "an", "d3", 1);
    assert_int_equal(store_withdraw_dossier(&r->store, text("d3")), ERR_NONE);
    assert_int_equal(store_list_pending(&r->store, &province, r->zone, &ids, &count), ERR_NONE);
    assert_int_equal(count, 2);
    assert_true(slice_is(ids[0], "d2") && slice_is(ids[1], "d1"));
    assert_int_equal(store_add_rating(&r->store, text("r1"), &rated, 7), ERR_NONE);
    assert_int_equal(store_forward_rating(&r->store, text("c"), &forwarded), ERR_NONE);
    assert_int_equal(store_list_pending(&r->store, &province, r->zone, &ids, &count), ERR_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(store_find_standing(&r->store, &centre, text("d1"), text("an"), 20000, &standing),
                     ERR_NONE);
    assert_true(standing.forwarded && !standing.rated && !standing.seated);
}

static void a_closing_is_known_by_its_event(void **state)
{
    struct room *r = *state;
    const struct round_closed closed = { .council = { "c", 1 }, .closed_on = 17881 };
    const struct round_settled settled = { .council = { "c", 1 }, .rated = 1, .held = 2 };
    bool before = true;

    assert_int_equal(store_has_closing(&r->store, text("e1"), &before), ERR_NONE);
    assert_false(before);
    assert_int_equal(store_add_closing(&r->store, text("e1"), &closed, &settled), ERR_NONE);
    assert_int_equal(store_has_closing(&r->store, text("e1"), &before), ERR_NONE);
    assert_true(before);
}

static void a_conflict_takes_the_sheet_out_of_the_list(void **state)
{
    struct room *r = *state;
    const struct conflict_noted noted = { .council = { "c", 1 },
                                          .member = { "an", 2 },
                                          .dossier = { "d1", 2 } };
    const struct council c = { .council = { "c", 1 }, .level = level_PROVINCE };
    struct stored_sheet *sheets = NULL;
    struct standing standing;
    size_t n = 0;
    int64_t conflicts = 9;
    bool of_chair = true;

    add_council(r);
    add_dossier(r, "d1", "R1");
    add_sheet(r, "e1", "an", "d1", 1);
    add_sheet(r, "e2", "binh", "d1", 2);
    assert_int_equal(store_find_conflicts(&r->store, text("c"), text("d1"), &conflicts, &of_chair), ERR_NONE);
    assert_int_equal(conflicts, 0);
    assert_false(of_chair);
    assert_int_equal(store_add_conflict(&r->store, text("e3"), &noted), ERR_NONE);
    assert_int_equal(store_find_conflicts(&r->store, text("c"), text("d1"), &conflicts, &of_chair), ERR_NONE);
    assert_int_equal(conflicts, 1);
    assert_true(of_chair);
    assert_int_equal(store_list_sheets(&r->store, text("c"), text("d1"), r->zone, &sheets, &n), ERR_NONE);
    assert_int_equal(n, 1);
    assert_true(slice_is(sheets[0].sheet.member, "binh"));
    assert_int_equal(store_find_standing(&r->store, &c, text("d1"), text("an"), 20000, &standing), ERR_NONE);
    assert_true(standing.conflict);
    assert_int_equal(store_find_standing(&r->store, &c, text("d1"), text("binh"), 20000, &standing),
                     ERR_NONE);
    assert_false(standing.conflict);
}

static void who_was_asked_again_is_asked_until_a_newer_sheet(void **state)
{
    struct room *r = *state;
    static const struct far_member an[] = { { { "an", 2 }, 100 } };
    const struct spread_exceeded exceeded = {
        .council = { "c", 1 }, .dossier = { "d1", 2 }, .far = an, .far_count = 1
    };
    const struct spread_exceeded nobody = { .council = { "c", 1 }, .dossier = { "d1", 2 } };
    struct stored_sheet *sheets = NULL;
    size_t n = 0;

    add_council(r);
    add_dossier(r, "d1", "R1");
    add_sheet(r, "e1", "an", "d1", 1);
    add_sheet(r, "e2", "binh", "d1", 2);
    assert_int_equal(store_ask_again(&r->store, &exceeded), ERR_NONE);
    assert_int_equal(store_list_sheets(&r->store, text("c"), text("d1"), r->zone, &sheets, &n), ERR_NONE);
    assert_true(sheets[0].asked && !sheets[1].asked);
    add_sheet(r, "e3", "an", "d1", 1);
    assert_int_equal(store_list_sheets(&r->store, text("c"), text("d1"), r->zone, &sheets, &n), ERR_NONE);
    assert_false(sheets[0].asked);
    assert_int_equal(store_ask_again(&r->store, &exceeded), ERR_NONE);
    assert_int_equal(store_ask_again(&r->store, &nobody), ERR_NONE);
    assert_int_equal(store_list_sheets(&r->store, text("c"), text("d1"), r->zone, &sheets, &n), ERR_NONE);
    assert_false(sheets[0].asked);
}

static void the_newest_rule_set_begun_since_is_found(void **state)
{
    struct room *r = *state;
    char *next = with(small_set, "\"id\":\"SMALL\"", "\"id\":\"NEXT\"");
    char *later = with(small_set, "\"id\":\"SMALL\"", "\"id\":\"LATER\"");
    const struct rule_set *set = NULL;

    add_rules_of(r, "SMALL", text(small_set), 0);
    add_rules_of(r, "NEXT", text(next), 18000);
    add_rules_of(r, "LATER", text(later), 19000);
    assert_int_equal(store_find_newer_set(&r->store, 17000, 17999, &set, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_find_newer_set(&r->store, 17999, 18000, &set, NULL), ERR_NONE);
    assert_string_equal(set->name, "NEXT");
    assert_int_equal(store_find_newer_set(&r->store, 18000, 18999, &set, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_find_newer_set(&r->store, 17999, 19000, &set, NULL), ERR_NONE);
    assert_string_equal(set->name, "LATER");
    free(next);
    free(later);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rules_come_back_parsed_and_of_their_kind, begin, end),
        cmocka_unit_test_setup_teardown(more_rubrics_than_the_cache_holds_are_still_found, begin, end),
        cmocka_unit_test_setup_teardown(stored_bytes_that_cannot_be_read_are_a_reason_not_a_crash, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_council_comes_back_with_its_limits, begin, end),
        cmocka_unit_test_setup_teardown(a_dossier_follows_its_supplements_and_withdrawal, begin, end),
        cmocka_unit_test_setup_teardown(the_latest_sheet_of_each_member_counts, begin, end),
        cmocka_unit_test_setup_teardown(pending_are_those_with_sheets_by_reference, begin, end),
        cmocka_unit_test_setup_teardown(a_closing_is_known_by_its_event, begin, end),
        cmocka_unit_test_setup_teardown(a_conflict_takes_the_sheet_out_of_the_list, begin, end),
        cmocka_unit_test_setup_teardown(who_was_asked_again_is_asked_until_a_newer_sheet, begin, end),
        cmocka_unit_test_setup_teardown(the_newest_rule_set_begun_since_is_found, begin, end),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
