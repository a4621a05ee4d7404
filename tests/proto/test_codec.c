/* test_codec.c - every event of events.def goes through the codec and comes back, and nothing else gets in.
 */
#include "tests/proto/made.h"

/* --- what goes through --- */

static void assert_round_trip(const struct event_kind *kind, enum filling how)
{
    struct buf first = { 0 }, second = { 0 }, wire = { 0 };
    char *back = msgpack_zone_malloc(zone, kind->size);
    struct why why = { 0 };
    struct envelope e;

    assert_non_null(back);
    encode(kind, made(kind, how), &first);
    wrap(kind->type, buf_slice(&first), &wire);
    assert_int_equal(envelope_parse(buf_slice(&wire), zone, &e, &why), ERR_NONE);
    assert_int_equal(e.data.type, MSGPACK_OBJECT_MAP);
    if (how == LARGEST) assert_int_equal(e.data.via.map.size, kind->field_count);
    assert_int_equal(codec_decode(kind, &e.data, zone, back, &why), ERR_NONE);
    encode(kind, back, &second);
    assert_true(slice_equal(buf_slice(&first), buf_slice(&second)));
    buf_fini(&first);
    buf_fini(&second);
    buf_fini(&wire);
}

static void every_event_comes_back_as_it_went(void **state)
{
    const struct event_kind *const *k;

    (void)state;
    for (k = event_kinds; *k; k++) {
        assert_round_trip(*k, SMALLEST);
        assert_round_trip(*k, LARGEST);
    }
}

static void values_come_back_in_their_places(void **state)
{
    struct chosen options[] = { { slice_text("A.1.1"), 2 }, { slice_text("B.3"), 0 } };
    struct sheet_submitted sheet = { .council = slice_text("HD-06"),
                                     .member = slice_text("m1"),
                                     .dossier = slice_text("abc"),
                                     .has_options = true,
                                     .options = options,
                                     .options_count = 2 };
    struct buf data = { 0 }, wire = { 0 };
    struct sheet_submitted back;
    struct why why = { 0 };
    struct envelope e;

    (void)state;
    encode(&sheet_submitted_kind, &sheet, &data);
    wrap("scoring.sheet.submitted", buf_slice(&data), &wire);
    assert_int_equal(envelope_parse(buf_slice(&wire), zone, &e, &why), ERR_NONE);
    assert_int_equal(sheet_submitted_decode(&e, zone, &back, &why), ERR_NONE);
    assert_true(slice_is(back.council, "HD-06"));
    assert_true(slice_is(back.member, "m1"));
    assert_true(slice_is(back.dossier, "abc"));
    assert_true(back.has_options && !back.has_gates && !back.has_total_hundredths && !back.has_remark);
    assert_int_equal(back.options_count, 2);
    assert_true(slice_is(back.options[1].criterion, "B.3"));
    assert_int_equal(back.options[0].option, 2);
    assert_int_equal(back.gates_count, 0);
    assert_null(back.gates);
    buf_fini(&data);
    buf_fini(&wire);
}

static void assert_bytes(const struct event_kind *kind, const void *event, const char *hex)
{
    struct buf data = { 0 };
    char *got;
    size_t i;

    encode(kind, event, &data);
    got = malloc(2 * data.size + 1);
    assert_non_null(got);
    for (i = 0; i < data.size; i++)
        snprintf(got + 2 * i, 3, "%02x", (unsigned char)data.data[i]);
    assert_string_equal(got, hex);
    free(got);
    buf_fini(&data);
}

/* These bytes are in logs already: if this test fails, the wire has changed. */
static void bytes_on_the_wire_stay(void **state)
{
    struct report_registered report = { .province = slice_text("06"),
                                        .period_end = clock_day_from_civil(2025, 12, 31),
                                        .late = true };
    struct council_member chair = { slice_text("m1"), seat_CHAIR };
    struct council_formed council = { .council = slice_text("C1"),
                                      .level = level_CENTRE,
                                      .province = slice_text("00"),
                                      .round = slice_text("2018-2"),
                                      .rule_set = slice_text("QD148"),
                                      .members = &chair,
                                      .members_count = 1,
                                      .has_spread_hundredths = true,
                                      .spread_hundredths = 1500 };

    (void)state;
    assert_bytes(&report_registered_kind, &report,
                 "83"
                 "a870726f76696e6365"     /* province */
                 "a23036"                 /* 06 */
                 "aa706572696f645f656e64" /* period_end */
                 "aa323032352d31322d3331" /* 2025-12-31 */
                 "a46c617465"             /* late */
                 "c3");
    assert_bytes(&council_formed_kind, &council,
                 "87"
                 "a7636f756e63696ca24331"             /* council C1 */
                 "a56c6576656ca663656e747265"         /* level centre */
                 "a870726f76696e6365a23030"           /* province 00 */
                 "a5726f756e64a6323031382d32"         /* round 2018-2 */
                 "a872756c655f736574a55144313438"     /* rule_set QD148 */
                 "a76d656d62657273"                   /* members */
                 "9182a66d656d626572a26d31"           /* [{member m1, */
                 "a473656174a56368616972"             /* seat chair}] */
                 "b17370726561645f68756e647265647468" /* spread_hundredths */
                 "73cd05dc");                         /* 1500 */
}

static void unknown_fields_are_skipped(void **state)
{
    const struct event_kind *const *k;

    (void)state;
    for (k = event_kinds; *k; k++) {
        msgpack_object data = data_of(*k, LARGEST), more = bent(&data, "no such field", NULL);
        char *back = msgpack_zone_malloc(zone, (*k)->size);
        struct buf first = { 0 }, second = { 0 };
        struct why why = { 0 };

        assert_non_null(back);
        more.via.map.ptr[more.via.map.size].key = text_object("unheard_of", 10);
        more.via.map.ptr[more.via.map.size++].val = data;
        assert_int_equal(codec_decode(*k, &more, zone, back, &why), ERR_NONE);
        encode(*k, back, &first);
        encode(*k, made(*k, LARGEST), &second);
        assert_true(slice_equal(buf_slice(&first), buf_slice(&second)));
        buf_fini(&first);
        buf_fini(&second);
    }
}

static void letters_are_counted_not_bytes(void **state)
{
    static const char e_nfd[] = "e\xcc\x82\xcc\x81"; /* ế as e, circumflex, acute: five bytes, one letter */
    static char name[201 * 5];
    struct plan_filed plan;
    struct buf out = { 0 };
    struct why why = { 0 };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof name / 5; i++)
        memcpy(name + 5 * i, e_nfd, 5);
    fill(&plan_filed_kind, SMALLEST, (char *)&plan);
    plan.has_decision = true;
    plan.decision = slice_of(name, 64 * 5);
    assert_int_equal(codec_encode(&plan_filed_kind, &plan, &out, &why), ERR_NONE);
    plan.decision = slice_of(name, 65 * 5);
    assert_int_equal(codec_encode(&plan_filed_kind, &plan, &out, &why), ERR_INVALID);
    assert_string_equal(why.code, "FIELD_RANGE");
    assert_non_null(strstr(why.sentence, "a text of 65 letters"));
    buf_fini(&out);
}

/* --- what does not --- */

static void every_truncation_is_refused(void **state)
{
    const struct event_kind *const *k;
    size_t cut;

    (void)state;
    for (k = event_kinds; *k; k++) {
        struct buf data = { 0 }, wire = { 0 };

        encode(*k, made(*k, SMALLEST), &data);
        wrap((*k)->type, buf_slice(&data), &wire);
        for (cut = 0; cut < wire.size; cut++) {
            char *copy = malloc(cut + 1); /* of its own, so that a sanitizer sees a byte read too far */
            struct why why = { 0 };
            struct envelope e;

            assert_non_null(copy);
            memcpy(copy, wire.data, cut);
            assert_int_equal(envelope_parse(slice_of(copy, cut), zone, &e, &why), ERR_UNREADABLE);
            free(copy);
        }
        buf_fini(&data);
        buf_fini(&wire);
    }
}

static void doubled_key_is_refused(void **state)
{
    const struct event_kind *const *k;

    (void)state;
    for (k = event_kinds; *k; k++) {
        msgpack_object data = data_of(*k, SMALLEST), twice = bent(&data, "no such field", NULL);
        struct buf packed = { 0 }, wire = { 0 };
        struct why why = { 0 };
        msgpack_packer packer;
        struct envelope e;

        twice.via.map.ptr[twice.via.map.size++] = data.via.map.ptr[0];
        msgpack_packer_init(&packer, &packed, buf_pack_write);
        assert_int_equal(msgpack_pack_object(&packer, twice), 0);
        wrap((*k)->type, buf_slice(&packed), &wire);
        assert_int_equal(envelope_parse(buf_slice(&wire), zone, &e, &why), ERR_UNREADABLE);
        buf_fini(&packed);
        buf_fini(&wire);
    }
}

static void envelope_of_another_type_is_unreadable(void **state)
{
    struct envelope e = { .type = slice_text("intake.plan.filed") };
    struct plan_filed plan;
    struct plan_refused refused;
    struct why why = { 0 };

    (void)state;
    e.data = data_of(&plan_filed_kind, SMALLEST);
    assert_int_equal(plan_filed_decode(&e, zone, &plan, &why), ERR_NONE);
    assert_int_equal(plan_refused_decode(&e, zone, &refused, &why), ERR_UNREADABLE);
    e.data = text_object("no map", 6);
    assert_int_equal(plan_filed_decode(&e, zone, &plan, &why), ERR_UNREADABLE);
    assert_int_equal(plan.year_from, 0);
}

static void what_breaks_a_rule_is_not_announced(void **state)
{
    struct certificate_revoked event;
    struct buf out = { 0 };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(buf_add_text(&out, "before"), ERR_NONE);
    fill(&certificate_revoked_kind, LARGEST, (char *)&event);
    event.ground = ground_COUNT;
    assert_int_equal(codec_encode(&certificate_revoked_kind, &event, &out, &why), ERR_INVALID);
    assert_non_null(strstr(why.sentence, "the field ground is number 6; it must be one of untrue_dossier"));
    why_clear(&why);
    event.ground = ground_LAW_BROKEN;
    event.revoked_on = CLOCK_DAY_MAX + 1;
    assert_int_equal(codec_encode(&certificate_revoked_kind, &event, &out, &why), ERR_INVALID);
    assert_non_null(strstr(why.sentence, "the field revoked_on is number "));
    assert_true(slice_is(buf_slice(&out), "before"));
    buf_fini(&out);
}

static void full_buffer_is_told(void **state)
{
    struct buf out = { .limit = 20 };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(codec_encode(&plan_filed_kind, made(&plan_filed_kind, LARGEST), &out, &why), ERR_LIMIT);
    assert_int_equal(out.size, 0);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_event_comes_back_as_it_went, begin, end),
        cmocka_unit_test_setup_teardown(values_come_back_in_their_places, begin, end),
        cmocka_unit_test_setup_teardown(bytes_on_the_wire_stay, begin, end),
        cmocka_unit_test_setup_teardown(unknown_fields_are_skipped, begin, end),
        cmocka_unit_test_setup_teardown(letters_are_counted_not_bytes, begin, end),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(doubled_key_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(envelope_of_another_type_is_unreadable, begin, end),
        cmocka_unit_test_setup_teardown(what_breaks_a_rule_is_not_announced, begin, end),
        cmocka_unit_test_setup_teardown(full_buffer_is_told, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
