/* test_kinds.c - the tables made from events.def, and who may say what. */
#include "proto/codec.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void every_event_is_found_by_its_type(void **state)
{
    const struct event_kind *const *k;

    (void)state;
    for (k = event_kinds; *k; k++)
        assert_ptr_equal(event_kind_find(slice_text((*k)->type)), *k);
    assert_null(event_kind_find(slice_text("intake.plan")));
    assert_null(event_kind_find(slice_text("")));
}

static void publishers_say_what_is_theirs(void **state)
{
    static const struct {
        const struct event_kind *kind;
        const char *publisher;
        bool permitted;
    } cases[] = {
        { &plan_filed_kind, "province-06", true },       { &plan_filed_kind, "operator", true },
        { &plan_filed_kind, "outside", true },           { &plan_filed_kind, "intake", false },
        { &plan_filed_kind, "broker", false },           { &plan_filed_kind, "courier", false },
        { &plan_registered_kind, "intake", true },       { &plan_registered_kind, "intake2", false },
        { &plan_registered_kind, "province-06", false }, { &plan_registered_kind, "operator", false },
        { &product_rated_kind, "scoring", true },        { &product_rated_kind, "certification", false },
        { &day_started_kind, "broker", true },           { &day_started_kind, "clock", false },
        { &retry_requested_kind, "operator", true },     { &retry_requested_kind, "province-06", false },
        { &message_delivered_kind, "courier", true },    { &message_delivered_kind, "notification", false },
        { &message_queued_kind, "notification", true },  { &message_queued_kind, "courier", false },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (event_permitted(cases[i].kind, slice_text(cases[i].publisher)) != cases[i].permitted)
            fail_msg("%s by %s", cases[i].kind->type, cases[i].publisher);
}

static void requests_are_what_gets_a_verdict(void **state)
{
    (void)state;
    assert_true(event_is_request(&dossier_filed_kind));
    assert_true(event_is_request(&skip_requested_kind));
    assert_true(event_is_request(&message_failed_kind));
    assert_false(event_is_request(&backup_made_kind));
    assert_false(event_is_request(&dossier_accepted_kind));
    assert_false(event_is_request(&day_started_kind));
    assert_false(event_is_request(&courier_deadlettered_kind));
}

static void words_of_picks(void **state)
{
    (void)state;
    assert_string_equal(owner_kind_word(owner_kind_COOPERATIVE_GROUP), "cooperative_group");
    assert_string_equal(ground_word(ground_OTHER_FINDING), "other_finding");
    assert_null(level_word(level_COUNT));
    assert_string_equal(event_origin_name(ORIGIN_OPERATOR), "operator");
    assert_string_equal(field_kind_names[FIELD_LIST], "list");
}

/* Struct places of two fields must not overlap, and every limit must make sense. */
static void tables_are_sound(void **state)
{
    const struct event_kind *const *k;
    size_t i, j;

    (void)state;
    for (k = event_kinds; *k; k++) {
        for (i = 0; i < (*k)->field_count; i++) {
            const struct field *f = &(*k)->fields[i];

            assert_true(f->offset < (*k)->size);
            assert_true(f->least <= f->most);
            assert_true((f->kind == FIELD_LIST) == (f->item != NULL));
            assert_true((f->kind == FIELD_PICK) == (f->words != NULL));
            assert_true((f->kind == FIELD_FACT) == (f->fact != NULL));
            if (f->fact) assert_non_null(event_kind_find(slice_text(f->fact)));
            for (j = 0; j < i; j++) {
                assert_int_not_equal(f->offset, (*k)->fields[j].offset);
                assert_string_not_equal(f->name, (*k)->fields[j].name);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_is_found_by_its_type),
        cmocka_unit_test(publishers_say_what_is_theirs),
        cmocka_unit_test(requests_are_what_gets_a_verdict),
        cmocka_unit_test(words_of_picks),
        cmocka_unit_test(tables_are_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
