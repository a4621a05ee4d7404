/* Notification with a real store and no sockets. */
#include "common/mp.h"
#include "proto/codec.h"
#include "services/notification/handler.h"
#include "services/notification/notification.h"
#include "tests/notification/feed.h"

static struct bench *b;

static int open_bench(void **state)
{
    (void)state;
    return bench_new(&notification_service, ":memory:", &b, NULL) ? -1 : 0;
}

static int close_bench(void **state)
{
    (void)state;
    bench_destroy(&b);
    return 0;
}

static struct slice s(const char *text)
{
    return slice_text(text);
}

/* --- asking --- */

static enum err ask(const char *question, const char *key, const char *value, struct buf *answer,
                    struct why *why)
{
    struct buf map = { 0 };
    msgpack_packer p;
    enum err e;

    msgpack_packer_init(&p, &map, buf_pack_write);
    msgpack_pack_map(&p, key ? 1 : 0);
    if (key) {
        buf_pack_text(&p, key);
        buf_pack_text(&p, value);
    }
    e = bench_ask(b, question, buf_slice(&map), answer, why);
    buf_fini(&map);
    return e;
}

static void assert_summary(int64_t queued, int64_t failed, int64_t delivered, int64_t received,
                           int64_t missed)
{
    static const char *const names[] = { "messages", "queued", "failed", "delivered", "received", "missed" };
    const int64_t wanted[] = {
        queued + failed + delivered + received, queued, failed, delivered, received, missed
    };
    msgpack_zone *zone = msgpack_zone_new(1024);
    struct buf answer = { 0 };
    msgpack_object map;
    int64_t value;

    assert_int_equal(ask("summary", NULL, NULL, &answer, NULL), ERR_NONE);
    assert_int_equal(mp_read(buf_slice(&answer), zone, &map, NULL), ERR_NONE);
    for (size_t i = 0; i < 6; i++) {
        assert_true(mp_i64(mp_find(&map, names[i]), &value));
        if (value != wanted[i]) fail_msg("%s is %lld", names[i], (long long)value);
    }
    msgpack_zone_free(zone);
    buf_fini(&answer);
}

static void assert_message(const char *message, const char *key, const char *wanted)
{
    msgpack_zone *zone = msgpack_zone_new(1024);
    struct buf answer = { 0 };
    struct slice value = { NULL, 0 };
    msgpack_object map;

    assert_int_equal(ask("message", "message", message, &answer, NULL), ERR_NONE);
    assert_int_equal(mp_read(buf_slice(&answer), zone, &map, NULL), ERR_NONE);
    assert_true(mp_text(mp_find(&map, key), &value));
    if (!slice_is(value, wanted)) fail_msg("%s is %.*s", key, SLICE_ARG(value));
    msgpack_zone_free(zone);
    buf_fini(&answer);
}

/* --- events --- */

static void feed_rated(const char *id, int64_t star)
{
    const struct product_rated rated = {
        .dossier = s("d1"),
        .reference = s("BK-01"),
        .product = s("06-058-01840-1-2018"),
        .name = s("Miến dong Tài Hoan"),
        .owner = s("HTX Tài Hoan"),
        .province = s("06"),
        .council = s("BK-2018"),
        .round = s("2018-2"),
        .level = level_PROVINCE,
        .rule_set = s("provisional-2018"),
        .rule_hash = s("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        .sum_hundredths = 21003,
        .members = 3,
        .star = star,
        .star_by_points = star ? star : 3,
        .term_months = 36
    };
    feed(b, "scoring", "06", id, &product_rated_kind, &rated, morning_ms(2018, 12, 16));
}

static void feed_issued(const char *certificate)
{
    const struct certificate_issued issued = { .certificate = s(certificate),
                                               .product = s("06-058-01840-1-2018"),
                                               .name = s("Miến dong Tài Hoan"),
                                               .owner = s("HTX Tài Hoan"),
                                               .star = 4,
                                               .number = s("2134/QĐ-UBND"),
                                               .authority = authority_PROVINCE,
                                               .province = s("06"),
                                               .rated = s("r1"),
                                               .issued_on = clock_day_from_civil(2018, 12, 20),
                                               .ends_on = clock_day_from_civil(2021, 12, 20) };
    feed(b, "certification", "06", certificate, &certificate_issued_kind, &issued, morning_ms(2018, 12, 20));
}

static void feed_plan(const char *province, int64_t from, int64_t to, int64_t at_ms)
{
    const struct plan_registered plan = { s(province), from, to, 100, 1000000 };

    feed_answer(b, "intake", province, "plan", &plan_registered_kind, &plan, at_ms, 1);
}

static void feed_day(int year, int month, int day)
{
    const struct day_started started = { clock_day_from_civil(year, month, day) };

    feed(b, "broker", "00", "day", &day_started_kind, &started, clock_day_start_ms(started.day));
}

static void id_of(const char *about, const char *recipient, char id[HASH_ID_TEXT + 1])
{
    notification_message_id(s(about), s(recipient), id);
}

/* --- tests --- */

static void rated_product_is_told_to_owner_and_province(void **state)
{
    char id[HASH_ID_TEXT + 1];
    struct envelope e;

    (void)state;
    feed_rated("r1", 4);
    assert_int_equal(bench_outcomes(b), 2);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    id_of("r1", "owner:HTX Tài Hoan", id);
    assert_data_text(&e, "message", id);
    assert_data_text(&e, "recipient", "owner:HTX Tài Hoan");
    assert_data_text(&e, "template", "rated");
    assert_data_text(&e, "about", "r1");
    assert_data_text(&e, "name", "Miến dong Tài Hoan");
    assert_outcome(b, 1, "notification.message.queued.06", &e);
    assert_data_text(&e, "recipient", "province:06");
    assert_summary(2, 0, 0, 0, 0);
    assert_message(id, "state", "queued");
    assert_message(id, "product", "06-058-01840-1-2018");
}

static void low_and_missing_stars_have_their_own_texts(void **state)
{
    struct envelope e;

    (void)state;
    feed_rated("r1", 2);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    assert_data_text(&e, "template", "rated_low");
    feed_rated("r2", 0);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    assert_data_text(&e, "template", "not_rated");
}

static void returned_dossier_is_told_to_the_province_with_its_reason(void **state)
{
    const struct dossier_returned returned = {
        .code = s("INCOMPLETE"), .sentence = s("2 gaps"), .has_reference = true, .reference = s("BK-07")
    };
    struct envelope e;

    (void)state;
    feed(b, "intake", "06", "ret", &dossier_returned_kind, &returned, morning_ms(2018, 12, 1));
    assert_int_equal(bench_outcomes(b), 1);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    assert_data_text(&e, "recipient", "province:06");
    assert_data_text(&e, "number", "BK-07");
    assert_data_text(&e, "reason", "2 gaps");
}

static void refused_line_of_the_ministry_goes_to_the_ministry(void **state)
{
    const struct recognition_refused refused = {
        .code = s("WRONG_AUTHORITY"), .sentence = s("x"), .has_number = true, .number = s("1/QĐ-BNN")
    };
    struct envelope e;

    (void)state;
    feed(b, "certification", "00", "ref", &recognition_refused_kind, &refused, morning_ms(2018, 12, 1));
    assert_outcome(b, 0, "notification.message.queued.00", &e);
    assert_data_text(&e, "recipient", "ministry");
    assert_data_text(&e, "template", "recognition_refused");
}

static void certificate_is_followed_through_its_life(void **state)
{
    const struct slice old = s("OCOP-06-2018-0001"), product = s("06-058-01840-1-2018"),
                       name = s("Miến dong Tài Hoan"), owner = s("HTX Tài Hoan");
    const struct certificate_superseded superseded = { old, s("OCOP-06-2021-0001"), product, change_RENEWED };
    const struct certificate_revoked revoked = { old,   product,           name,
                                                 owner, ground_LAW_BROKEN, s("9/QĐ-UBND"),
                                                 18000 };
    const struct certificate_expiring expiring = {
        old, product, name, owner, clock_day_from_civil(2021, 12, 20), 30
    };
    const struct certificate_expired expired = { old, product, name, owner,
                                                 clock_day_from_civil(2021, 12, 20) };
    struct envelope e;

    (void)state;
    feed_issued("OCOP-06-2018-0001");
    assert_int_equal(bench_outcomes(b), 2);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    assert_data_text(&e, "template", "certificate_issued");
    assert_data_text(&e, "day", "2021-12-20");

    /* The topic's province is another: who must be told is where the certificate was issued. */
    feed(b, "certification", "00", "x1", &certificate_superseded_kind, &superseded, morning_ms(2021, 1, 1));
    assert_int_equal(bench_outcomes(b), 1);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    assert_data_text(&e, "recipient", "owner:HTX Tài Hoan");
    assert_data_text(&e, "number", "OCOP-06-2021-0001");
    assert_data_text(&e, "reason", "renewed");

    feed(b, "certification", "06", "x2", &certificate_revoked_kind, &revoked, morning_ms(2021, 1, 2));
    assert_int_equal(bench_outcomes(b), 2);
    assert_outcome(b, 1, "notification.message.queued.06", &e);
    assert_data_text(&e, "recipient", "province:06");
    assert_data_text(&e, "reason", "law_broken");

    feed(b, "certification", "06", "x3", &certificate_expiring_kind, &expiring, morning_ms(2021, 11, 20));
    assert_int_equal(bench_outcomes(b), 1);
    feed(b, "certification", "06", "x4", &certificate_expired_kind, &expired, morning_ms(2021, 12, 21));
    assert_int_equal(bench_outcomes(b), 1);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    assert_data_text(&e, "template", "certificate_expired");
    assert_summary(7, 0, 0, 0, 0);
}

static void extension_is_told_to_the_holder(void **state)
{
    const struct slice number = s("OCOP-06-2018-0001"), product = s("06-058-01840-1-2018"),
                       name = s("Miến dong Tài Hoan");
    const struct certificate_extended extended = { number,
                                                   product,
                                                   name,
                                                   s("HTX Tài Hoan"),
                                                   s("d9"),
                                                   clock_day_from_civil(2021, 12, 20),
                                                   clock_day_from_civil(2022, 6, 18) };
    const struct extension_ended ended = { number, product, clock_day_from_civil(2022, 2, 1) };
    struct envelope e;

    (void)state;
    feed_issued("OCOP-06-2018-0001");
    feed(b, "certification", "06", "x1", &certificate_extended_kind, &extended, morning_ms(2021, 12, 21));
    assert_int_equal(bench_outcomes(b), 1);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    assert_data_text(&e, "recipient", "owner:HTX Tài Hoan");
    assert_data_text(&e, "template", "certificate_extended");
    assert_data_text(&e, "day", "2022-06-18");
    feed(b, "certification", "06", "x2", &extension_ended_kind, &ended, morning_ms(2022, 2, 1));
    assert_int_equal(bench_outcomes(b), 1);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    assert_data_text(&e, "template", "extension_ended");
    assert_data_text(&e, "name", "Miến dong Tài Hoan");
}

/* The list of a decision of 2020 may say nothing of the holder. */
static void recorded_certificate_without_holder_is_told_to_the_province_once(void **state)
{
    const struct certificate_recorded recorded = { .certificate = s("GHI-06-2020-0001"),
                                                   .name = s("Miến dong"),
                                                   .star = 4,
                                                   .authority = authority_PROVINCE,
                                                   .province = s("06"),
                                                   .rule_set = s("QD1048"),
                                                   .issued_on = clock_day_from_civil(2020, 1, 1),
                                                   .ends_on = clock_day_from_civil(2023, 1, 1),
                                                   .source = s("a list") };
    const struct certificate_expiring expiring = { recorded.certificate, s("p"), recorded.name, s("-"),
                                                   recorded.ends_on,     30 };
    const struct certificate_revoked revoked = { recorded.certificate, s("p"),         recorded.name, s("-"),
                                                 ground_LAW_BROKEN,    s("9/QĐ-UBND"), 19000 };
    struct envelope e;

    (void)state;
    feed(b, "certification", "06", "x0", &certificate_recorded_kind, &recorded, morning_ms(2026, 6, 1));
    assert_int_equal(bench_outcomes(b), 0);
    feed(b, "certification", "06", "x1", &certificate_expiring_kind, &expiring, morning_ms(2026, 6, 1));
    assert_int_equal(bench_outcomes(b), 1);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    assert_data_text(&e, "recipient", "province:06");
    feed(b, "certification", "06", "x2", &certificate_revoked_kind, &revoked, morning_ms(2026, 6, 1));
    assert_int_equal(bench_outcomes(b), 1);
    assert_outcome(b, 0, "notification.message.queued.06", &e);
    assert_data_text(&e, "recipient", "province:06");
}

static void certificate_nobody_issued_is_a_dead_letter(void **state)
{
    const struct certificate_superseded superseded = { s("OCOP-06-2018-0009"), s("OCOP-06-2021-0001"), s("p"),
                                                       change_RENEWED };
    struct envelope e;

    (void)state;
    feed(b, "certification", "06", "x1", &certificate_superseded_kind, &superseded, morning_ms(2021, 1, 1));
    assert_int_equal(bench_outcomes(b), 1);
    assert_outcome(b, 0, "notification.event.deadlettered.06", &e);
    assert_data_text(&e, "code", "UNKNOWN_CERTIFICATE");
}

static void missing_report_is_found_once_on_its_day(void **state)
{
    const struct report_registered report = { s("22"), clock_day_from_civil(2018, 12, 31), false };
    struct envelope missed, message;

    (void)state;
    feed_plan("06", 2018, 2020, morning_ms(2018, 11, 1));
    feed_plan("06", 2018, 2018, morning_ms(2018, 11, 1)); /* two plans owe one report */
    feed_plan("22", 2018, 2020, morning_ms(2018, 11, 1));
    feed_plan("31", 2019, 2020, morning_ms(2018, 11, 1)); /* not for 2018 */
    feed_answer(b, "intake", "22", "rep", &report_registered_kind, &report, morning_ms(2019, 1, 5), 99);
    feed_day(2019, 1, 9);
    assert_int_equal(bench_outcomes(b), 0);
    feed_plan("40", 2018, 2020, morning_ms(2019, 1, 10)); /* too late to owe it */
    feed_day(2019, 1, 10);
    assert_int_equal(bench_outcomes(b), 2);
    assert_outcome(b, 0, "notification.deadline.missed.06", &missed);
    assert_data_text(&missed, "who", "province:06");
    assert_data_text(&missed, "due_before", "2019-01-10");
    assert_outcome(b, 1, "notification.message.queued.06", &message);
    assert_data_text(&message, "template", "report_missed");
    assert_data_text(&message, "number", "9654/BNN-VPĐP");
    {
        char about[ENVELOPE_ID_MAX + 1];

        snprintf(about, sizeof about, "%.*s", SLICE_ARG(missed.id));
        assert_data_text(&message, "about", about);
    }
    feed_day(2019, 1, 11);
    assert_int_equal(bench_outcomes(b), 0);
    assert_summary(1, 0, 0, 0, 1);
    /* It comes late: done, and it was missed all the same. */
    feed_answer(b, "intake", "06", "rep2", &report_registered_kind,
                &(struct report_registered){ s("06"), report.period_end, true }, morning_ms(2019, 1, 12), 98);
    feed_day(2019, 1, 13);
    assert_int_equal(bench_outcomes(b), 0);
    assert_summary(1, 0, 0, 0, 1);
}

static void report_intake_has_not_answered_is_not_missed(void **state)
{
    const struct report_filed filed = { .province = s("06"),
                                        .period_end = clock_day_from_civil(2018, 12, 31) };
    const struct report_refused refused = { s("X"), s("x") };

    (void)state;
    feed_plan("06", 2018, 2020, morning_ms(2018, 11, 1));                               /* record 1 */
    feed(b, "bac-kan", "06", "f1", &report_filed_kind, &filed, morning_ms(2019, 1, 9)); /* record 2 */
    feed_day(2019, 1, 10);
    assert_int_equal(bench_outcomes(b), 0);
    feed_answer(b, "intake", "06", "v1", &report_refused_kind, &refused, morning_ms(2019, 1, 10), 2);
    feed_day(2019, 1, 11);
    assert_int_equal(bench_outcomes(b), 2);
}

static void report_nobody_can_read_is_left_to_intake(void **state)
{
    const struct receipt_filed other = { s("m"), 1 };
    struct buf data = { 0 }, envelope = { 0 };
    struct envelope e = {
        .id = s("f1"), .source = s("bac-kan"), .type = s("intake.report.filed"), .subject = s("x")
    };

    (void)state;
    assert_int_equal(codec_encode(&receipt_filed_kind, &other, &data, NULL), ERR_NONE);
    assert_int_equal(envelope_write(&e, buf_slice(&data), &envelope), ERR_NONE);
    assert_int_equal(
        bench_feed(b, "bac-kan", "intake.report.filed.06", buf_slice(&envelope), morning_ms(2019, 1, 1)),
        ERR_NONE);
    assert_int_equal(bench_outcomes(b), 0);
    buf_fini(&data);
    buf_fini(&envelope);
}

static void courier_and_recipient_are_noted(void **state)
{
    char id[HASH_ID_TEXT + 1];
    struct message_failed failed;
    struct message_delivered delivered;
    struct receipt_filed receipt;
    struct envelope e;

    (void)state;
    feed_rated("r1", 4);
    id_of("r1", "province:06", id);
    failed = (struct message_failed){ s(id), s("file"), s("no such folder") };
    delivered = (struct message_delivered){ s(id), s("file") };
    receipt = (struct receipt_filed){ s(id), clock_day_from_civil(2018, 12, 17) };

    feed(b, "courier", "06", "c1", &message_failed_kind, &failed, morning_ms(2018, 12, 16));
    assert_outcome(b, 0, "notification.receipt.accepted.06", &e);
    assert_data_text(&e, "state", "failed");
    assert_summary(1, 1, 0, 0, 0);
    feed(b, "courier", "06", "c2", &message_delivered_kind, &delivered, morning_ms(2018, 12, 16));
    assert_outcome(b, 0, "notification.receipt.accepted.06", &e);
    assert_summary(1, 0, 1, 0, 0);
    feed(b, "courier", "06", "c3", &message_delivered_kind, &delivered, morning_ms(2018, 12, 16));
    assert_outcome(b, 0, "notification.receipt.refused.06", &e);
    assert_data_text(&e, "code", "NOTED_BEFORE");

    feed(b, "lang-son", "20", "c6", &receipt_filed_kind, &receipt, morning_ms(2018, 12, 16));
    assert_outcome(b, 0, "notification.receipt.refused.20", &e);
    assert_data_text(&e, "code", "WRONG_PROVINCE");
    feed(b, "bac-kan", "06", "c4", &receipt_filed_kind, &receipt, morning_ms(2018, 12, 16));
    assert_outcome(b, 0, "notification.receipt.refused.06", &e);
    assert_data_text(&e, "code", "DAY_IN_FUTURE");
    feed(b, "bac-kan", "06", "c5", &receipt_filed_kind, &receipt, morning_ms(2018, 12, 17));
    assert_outcome(b, 0, "notification.receipt.accepted.06", &e);
    assert_data_text(&e, "state", "received");
    assert_message(id, "state", "received");
    assert_message(id, "received_on", "2018-12-17");
    assert_summary(1, 0, 0, 1, 0);
}

static void receipt_of_an_unknown_message_is_refused(void **state)
{
    const struct receipt_filed receipt = { s("nothing"), 1 };
    struct buf answer = { 0 };
    struct why why = { 0 };
    struct envelope e;

    (void)state;
    feed(b, "bac-kan", "06", "c1", &receipt_filed_kind, &receipt, morning_ms(2018, 12, 17));
    assert_int_equal(bench_outcomes(b), 1);
    assert_outcome(b, 0, "notification.receipt.refused.06", &e);
    assert_data_text(&e, "code", "UNKNOWN_MESSAGE");
    assert_int_equal(ask("message", "message", "nothing", &answer, &why), ERR_NOT_FOUND);
    why_clear(&why);
    assert_int_equal(ask("message", NULL, NULL, &answer, &why), ERR_INVALID);
    assert_string_equal(why.code, "BAD_ARGUMENT");
    buf_fini(&answer);
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)
    const struct CMUnitTest tests[] = {
        FRESH(rated_product_is_told_to_owner_and_province),
        FRESH(low_and_missing_stars_have_their_own_texts),
        FRESH(returned_dossier_is_told_to_the_province_with_its_reason),
        FRESH(refused_line_of_the_ministry_goes_to_the_ministry),
        FRESH(certificate_is_followed_through_its_life),
        FRESH(extension_is_told_to_the_holder),
        FRESH(recorded_certificate_without_holder_is_told_to_the_province_once),
        FRESH(certificate_nobody_issued_is_a_dead_letter),
        FRESH(missing_report_is_found_once_on_its_day),
        FRESH(report_intake_has_not_answered_is_not_missed),
        FRESH(report_nobody_can_read_is_left_to_intake),
        FRESH(courier_and_recipient_are_noted),
        FRESH(receipt_of_an_unknown_message_is_refused),
    };
#undef FRESH

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
