/* A province becomes part of another: what it had under way is found and told under the new code. And the
 * letter about a closing, which goes where the council sits. */
#include "tests/notification/history.h"

static int open_with_law(void **state)
{
    if (open_bench(state)) return -1;
    adopt_rules("old", "2020-01-01", false);
    adopt_rules("new", "2026-05-22", false);
    return 0;
}

/* 66 becomes part of 19. */
static void adopt_areas(const char *adopted_on, const char *first_day)
{
    static const struct area_pair pairs[] = { { { "66", 2 }, { "19", 2 } }, { { "19", 2 }, { "19", 2 } } };

    FEED("scoring", "00", "areas", rules_adopted, adopted_on,
         { .name = s("areas-2026"),
           .hash = s(a_hash),
           .kind = rules_kind_AREAS,
           .has_first_day = true,
           .first_day = on(first_day),
           .has_areas = true,
           .areas = pairs,
           .areas_count = 2 });
}

static void accepted_by(const char *province, const char *reference, const char *accepted_on)
{
    char id[64];

    snprintf(id, sizeof id, "d-%s", reference);
    FEED("intake", province, id, dossier_accepted, accepted_on,
         { .reference = s(reference),
           .product = s("66-24175-1-2026"),
           .kind = dossier_kind_FIRST,
           .name = s("Cà phê Mẫu"),
           .owner = s("HTX Mẫu"),
           .owner_kind = owner_kind_COOPERATIVE,
           .province = s(province),
           .round = s("2026-2"),
           .rule_set = s("new") });
}

static void what_is_owed_moves_to_the_new_province(void **state)
{
    (void)state;
    adopt_areas("2026-06-01", "2026-06-20");
    slip("BM-1", "2026-06-01"); /* due before 23/06 */
    day("2026-06-16");
    assert_announced(0, "neared", "66", "commune", "commune:66-24175", "2026-06-23");
    quiet("2026-06-17", "2026-06-22");
    day("2026-06-23");
    assert_outcomes(3);
    assert_announced(0, "missed", "19", "commune", "commune:19-24175", "2026-06-23");
    assert_told(1, "commune:19-24175", "commune_missed");
    assert_told(2, "province:19", "commune_missed");
    quiet("2026-06-24", "2026-07-31");
}

/* On that morning the rows have not moved yet, and whoever is told is the new province all the same; once. */
static void the_day_of_the_merger_itself_tells_the_new_province(void **state)
{
    (void)state;
    adopt_areas("2026-06-01", "2026-06-23");
    slip("BM-1", "2026-06-01");
    days("2026-06-02", "2026-06-22");
    day("2026-06-23");
    assert_outcomes(3);
    assert_announced(0, "missed", "19", "commune", "commune:19-24175", "2026-06-23");
    assert_told(2, "province:19", "commune_missed");
    quiet("2026-06-24", "2026-07-31");
}

static void areas_that_are_adopted_late_move_at_once(void **state)
{
    (void)state;
    slip("BM-1", "2026-06-01");
    days("2026-06-02", "2026-06-22");
    adopt_areas("2026-06-22", "2025-07-01");
    day("2026-06-23");
    assert_announced(0, "missed", "19", "commune", "commune:19-24175", "2026-06-23");
}

static void a_dossier_handed_in_by_the_new_province_ends_what_the_old_one_asked_for(void **state)
{
    (void)state;
    adopt_areas("2026-06-01", "2026-06-10");
    slip("M1", "2026-06-01");
    request("M1", "2026-06-05", "2026-06-30", "HTX Mẫu");
    days("2026-06-05", "2026-06-11");
    accepted_by("19", "M1", "2026-06-12");
    quiet("2026-06-12", "2026-07-22"); /* neither commune nor supplement is missed, nor near */
}

/* What the transition left over waits for no round, also when its last day is that of the merger. */
static void a_transition_missed_on_that_day_ends_under_the_new_code(void **state)
{
    (void)state;
    adopt_areas("2026-06-01", "2026-07-21");
    accepted(&(struct handed){ "M1", "2026-05-02", "2026-04-20", NULL, "old", NULL, dossier_kind_FIRST });
    days("2026-05-02", "2026-07-20");
    day("2026-07-21");
    assert_announced(0, "missed", "19", "transition", "province:19", "2026-07-21");
    quiet("2026-07-22", "2027-07-31");
}

/* Intake names the province of the slip, wherever the request came from. */
static void what_names_the_old_province_later_is_the_new_ones(void **state)
{
    struct envelope e;

    (void)state;
    adopt_areas("2026-06-01", "2026-06-10");
    slip("M1", "2026-06-01");
    days("2026-06-01", "2026-06-11");
    request("M1", "2026-06-12", "2026-07-01", NULL);
    assert_outcomes(1);
    assert_told(0, "province:19", "supplement_requested");
    assert_outcome(b, 0, "notification.message.queued.19", &e);
    days("2026-06-12", "2026-06-30");
    day("2026-07-01");
    assert_outcomes(2);
    assert_announced(0, "missed", "19", "supplement", "province:19", "2026-07-01");
}

static void a_result_of_the_old_province_is_told_to_the_new_one(void **state)
{
    (void)state;
    adopt_areas("2026-06-01", "2026-06-10");
    accepted_by("66", "M1", "2026-06-05");
    days("2026-06-05", "2026-06-11");
    rated("M1", "2026-06-12", level_PROVINCE, 4);
    assert_outcomes(2);
    assert_told(1, "province:19", "rated");
}

static void a_letter_of_the_old_province_is_confirmed_by_either(void **state)
{
    struct receipt_filed receipt = { .received_on = on("2026-06-11") };
    char first[HASH_ID_TEXT + 1], second[HASH_ID_TEXT + 1];
    struct envelope e;

    (void)state;
    adopt_areas("2026-06-01", "2026-06-10");
    notification_message_id(s("M1-2026-06-05"), s("province:66"), first);
    notification_message_id(s("M2-2026-06-12"), s("province:19"), second);
    request("M1", "2026-06-05", "2026-07-20", NULL);
    days("2026-06-05", "2026-06-11");
    request("M2", "2026-06-12", "2026-07-20", NULL);
    receipt.message = s(first);
    feed(b, "p", "19", "r1", &receipt_filed_kind, &receipt, at("2026-06-12"));
    assert_outcome(b, 0, "notification.receipt.accepted.19", &e);
    receipt.message = s(second);
    feed(b, "p", "66", "r2", &receipt_filed_kind, &receipt, at("2026-06-12"));
    assert_outcome(b, 0, "notification.receipt.refused.66", &e);
    assert_data_text(&e, "code", "WRONG_PROVINCE");
}

/* --- a closing --- */

static void council(const char *province, const char *name)
{
    FEED("scoring", province, name, council_admitted, "2026-06-01",
         { .council = s(name), .members = 5, .quorum_percent = 80, .spread_hundredths = 1000 });
}

static void spread(const char *name, const char *day_of_closing)
{
    static const struct far_member far[] = { { { "m1", 2 }, 7000 }, { { "m5", 2 }, 9205 } };
    char id[64];

    snprintf(id, sizeof id, "x-%s", name);
    FEED("scoring", "66", id, spread_exceeded, day_of_closing,
         { .council = s(name),
           .product = s("66-24175-1-2026"),
           .dossier = s("d-M1"),
           .least_hundredths = 7000,
           .most_hundredths = 9205,
           .limit_hundredths = 1000,
           .has_far = true,
           .far = far,
           .far_count = 2 });
}

static void settled(const char *id, const struct held_product *held, size_t count)
{
    FEED("scoring", "66", id, round_settled, "2026-06-12",
         { .council = s("c-66"),
           .rated = 1,
           .held = (int64_t)count,
           .has_held_products = count > 0,
           .held_products = held,
           .held_products_count = count });
}

static void members_too_far_apart_are_told_where_the_council_sits(void **state)
{
    struct envelope e;

    (void)state;
    accepted_by("66", "M1", "2026-06-05");
    council("66", "c-66");
    council("00", "c-00");
    spread("c-66", "2026-06-12");
    assert_outcomes(1);
    assert_told(0, "province:66", "spread_exceeded");
    assert_outcome(b, 0, "notification.message.queued.66", &e);
    assert_data_text(&e, "name", "Cà phê Mẫu");
    assert_data_text(&e, "number", "M1");
    assert_data_text(&e, "reason",
                     "c-66: totals from 70.00 to 92.05, allowed are 10.00 apart; to score again: m1, m5");
    spread("c-00", "2026-06-12");
    assert_outcomes(1);
    assert_told(0, "ministry", "spread_exceeded");
}

static void what_a_closing_held_is_told_in_one_letter(void **state)
{
    static struct held_product held[40];
    static char references[40][8];
    const struct slice sentence =
        slice_text("4 of 5 members have handed in a sheet; a fifth must, or be excused");
    struct slice reason = { NULL, 0 };
    struct envelope e;

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        snprintf(references[i], sizeof references[i], "A-%zu", i + 1);
        held[i] = (struct held_product){ .product = s("66-24175-1-2026"),
                                         .dossier = s("d-M1"),
                                         .reference = s(references[i]),
                                         .code = s("QUORUM"),
                                         .sentence = sentence };
    }
    settled("closing-1", held, 2);
    assert_outcomes(1);
    assert_told(0, "province:66", "products_held");
    assert_number(0, "open", 2);
    assert_outcome(b, 0, "notification.message.queued.66", &e);
    assert_data_text(&e, "number", "c-66");
    assert_data_text(&e, "reason",
                     "A-1 (QUORUM): 4 of 5 members have handed in a sheet; a fifth must, or be excused; "
                     "A-2 (QUORUM): 4 of 5 members have handed in a sheet; a fifth must, or be excused");
    settled("closing-2", held, 40);
    assert_outcomes(1);
    assert_number(0, "open", 40);
    assert_outcome(b, 0, "notification.message.queued.66", &e);
    assert_true(mp_text(mp_find(&e.data, "reason"), &reason));
    assert_true(reason.size > 500 && reason.size < 640);
    assert_memory_equal(reason.data + reason.size - 5, "; ...", 5);
    settled("closing-3", held, 0);
    assert_outcomes(0);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, open_with_law, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(what_is_owed_moves_to_the_new_province),
        FRESH(the_day_of_the_merger_itself_tells_the_new_province),
        FRESH(areas_that_are_adopted_late_move_at_once),
        FRESH(a_dossier_handed_in_by_the_new_province_ends_what_the_old_one_asked_for),
        FRESH(a_transition_missed_on_that_day_ends_under_the_new_code),
        FRESH(what_names_the_old_province_later_is_the_new_ones),
        FRESH(a_result_of_the_old_province_is_told_to_the_new_one),
        FRESH(a_letter_of_the_old_province_is_confirmed_by_either),
        FRESH(members_too_far_apart_are_told_where_the_council_sits),
        FRESH(what_a_closing_held_is_told_in_one_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
