/* Certification's conversation: what comes in, what is said, what the questions answer then. */
#include "common/clock.h"
#include "common/mp.h"
#include "proto/codec.h"
#include "services/certification/handler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct bench *bench;
    msgpack_zone *zone;
    int32_t day;
    int fed;
};

static int open_it(void **state)
{
    static struct fixture f;
    struct why why = { 0 };

    memset(&f, 0, sizeof f);
    f.zone = msgpack_zone_new(8192);
    f.day = clock_day_from_civil(2018, 12, 16);
    *state = &f;
    if (!f.zone || hash_init()) return -1;
    return bench_new(&certification_service, ":memory:", &f.bench, &why) ? -1 : 0;
}

static int close_it(void **state)
{
    struct fixture *f = *state;

    bench_destroy(&f->bench);
    msgpack_zone_free(f->zone);
    return 0;
}

/* --- feeding and looking --- */

static void feed(struct fixture *f, const char *publisher, const struct event_kind *kind,
                 const char *province, const char *event_id, const void *event)
{
    char topic[TOPIC_MAX + 1], id[24];
    struct envelope e = { .source = slice_text(publisher), .type = slice_text(kind->type) };
    struct buf data = { 0 }, bytes = { 0 };
    struct why why = { 0 };

    snprintf(topic, sizeof topic, "%s.%s", kind->type, province);
    snprintf(id, sizeof id, "event-%d", ++f->fed);
    e.id = slice_text(event_id ? event_id : id);
    e.time_ms = clock_day_start_ms(f->day);
    assert_int_equal(codec_encode(kind, event, &data, &why), ERR_NONE);
    assert_int_equal(envelope_write(&e, buf_slice(&data), &bytes), ERR_NONE);
    assert_int_equal(
        bench_feed(f->bench, publisher, topic, buf_slice(&bytes), clock_day_start_ms(f->day) + 1000),
        ERR_NONE);
    buf_fini(&data);
    buf_fini(&bytes);
}

static struct envelope outcome(struct fixture *f, size_t i)
{
    struct envelope e;
    struct slice topic;

    assert_int_equal(bench_outcome(f->bench, i, &topic, &e), ERR_NONE);
    return e;
}

static void assert_topic(struct fixture *f, size_t i, const char *wanted)
{
    struct envelope e;
    struct slice topic;

    assert_int_equal(bench_outcome(f->bench, i, &topic, &e), ERR_NONE);
    if (!slice_is(topic, wanted)) fail_msg("outcome %zu is %.*s, not %s", i, SLICE_ARG(topic), wanted);
}

static void assert_text(const msgpack_object *map, const char *key, const char *value)
{
    struct slice text = { NULL, 0 };

    assert_true(mp_text(mp_find(map, key), &text));
    if (!slice_is(text, value)) fail_msg("%s is %.*s, not %s", key, SLICE_ARG(text), value);
}

static void assert_number(const msgpack_object *map, const char *key, int64_t value)
{
    int64_t number = -1;

    assert_true(mp_i64(mp_find(map, key), &number));
    assert_true(number == value);
}

static void assert_said(struct fixture *f, size_t i, const char *topic, const char *key, const char *value)
{
    const struct envelope e = outcome(f, i);

    assert_topic(f, i, topic);
    assert_text(&e.data, key, value);
}

static msgpack_object ask(struct fixture *f, const char *question, const char *key, const char *value,
                          enum err wanted)
{
    struct buf arguments = { 0 }, answer = { 0 };
    msgpack_object out = { .type = MSGPACK_OBJECT_NIL };
    msgpack_packer p;
    struct why why = { 0 };
    char *copy;

    msgpack_packer_init(&p, &arguments, buf_pack_write);
    msgpack_pack_map(&p, 1);
    buf_pack_text(&p, key);
    buf_pack_text(&p, value);
    assert_int_equal(bench_ask(f->bench, question, buf_slice(&arguments), &answer, &why), wanted);
    if (!wanted) {
        copy = msgpack_zone_malloc(f->zone, answer.size);
        assert_non_null(copy);
        memcpy(copy, answer.data, answer.size);
        assert_int_equal(mp_read(slice_of(copy, answer.size), f->zone, &out, &why), ERR_NONE);
    } else {
        assert_true(why.code[0] != '\0');
    }
    buf_fini(&arguments);
    buf_fini(&answer);
    return out;
}

/* --- what comes in --- */

/* The rating "r-<product>" of a product of province 06. */
static void rate(struct fixture *f, const char *id, const char *product, int64_t star, int64_t sum_hundredths)
{
    char hash[65];
    struct product_rated rated = { .dossier = slice_text(product),
                                   .reference = slice_text(product),
                                   .product = slice_text(product),
                                   .name = slice_text("Miến dong"),
                                   .owner = slice_text("HTX Tài Hoan"),
                                   .province = slice_text("06"),
                                   .council = slice_text("c"),
                                   .round = slice_text("2018-1"),
                                   .level = level_PROVINCE,
                                   .rule_set = slice_text("provisional-2018"),
                                   .sum_hundredths = sum_hundredths,
                                   .members = 3,
                                   .star = star,
                                   .star_by_points = star,
                                   .has_authority = star >= 3,
                                   .authority = star == 5 ? authority_MINISTRY : authority_PROVINCE,
                                   .term_months = 36 };

    memset(hash, 'a', 64);
    hash[64] = '\0';
    rated.rule_hash = slice_text(hash);
    feed(f, "scoring", &product_rated_kind, "06", id, &rated);
    assert_int_equal(bench_outcomes(f->bench), 0);
}

static void sign(struct fixture *f, const char *number, const struct decision_item *items, size_t count)
{
    const struct decision_signed decision = { .number = slice_text(number),
                                              .signed_on = f->day,
                                              .authority = authority_PROVINCE,
                                              .province = slice_text("06"),
                                              .items = items,
                                              .items_count = count };

    feed(f, "province-06", &decision_signed_kind, "06", NULL, &decision);
}

static struct decision_item line(const char *product, const char *rated, int64_t star)
{
    return (struct decision_item){ .product = slice_text(product), .rated = slice_text(rated), .star = star };
}

static void start_day(struct fixture *f, int32_t day)
{
    const struct day_started started = { .day = day };

    f->day = day;
    feed(f, "broker", &day_started_kind, "00", NULL, &started);
}

static void withdraw(struct fixture *f, const char *certificate)
{
    const struct revocation_decided decided = { .number = slice_text("9/QĐ-UBND"),
                                                .signed_on = f->day,
                                                .authority = authority_PROVINCE,
                                                .province = slice_text("06"),
                                                .certificate = slice_text(certificate),
                                                .ground = ground_MARK_MISUSED };

    feed(f, "province-06", &revocation_decided_kind, "06", NULL, &decided);
}

/* --- tests --- */

static void each_line_of_a_decision_gets_its_verdict(void **state)
{
    struct fixture *f = *state;
    const struct decision_item items[] = { line("P1", "r1", 4), line("P2", "r2", 3), line("P3", "r3", 3),
                                           line("P4", "r4", 3), line("P1", "r1", 4) };
    msgpack_object answer;
    struct envelope e;
    struct slice sentence = { NULL, 0 };

    rate(f, "r1", "P1", 4, 21600);
    rate(f, "r2", "P2", 2, 14850);
    rate(f, "r3", "P3", 3, 18000);
    sign(f, "1/QĐ-UBND", items, 5);
    assert_int_equal(bench_outcomes(f->bench), 7);
    assert_said(f, 0, "certification.recognition.accepted.06", "product", "P1");
    assert_said(f, 1, "certification.certificate.issued.06", "certificate", "OCOP-06-2018-0001");
    e = outcome(f, 1);
    assert_text(&e.data, "issued_on", "2018-12-16");
    assert_text(&e.data, "ends_on", "2021-12-16");
    assert_said(f, 2, "certification.recognition.refused.06", "code", "STAR_TOO_LOW");
    e = outcome(f, 2);
    assert_number(&e.data, "line", 2);
    assert_true(mp_text(mp_find(&e.data, "sentence"), &sentence));
    assert_non_null(memmem(sentence.data, sentence.size, "49.50", 5));
    assert_said(f, 3, "certification.recognition.accepted.06", "product", "P3");
    assert_said(f, 4, "certification.certificate.issued.06", "certificate", "OCOP-06-2018-0002");
    assert_said(f, 5, "certification.recognition.refused.06", "code", "NOT_YET");
    assert_said(f, 6, "certification.recognition.refused.06", "code", "DECIDED_TWICE");

    answer = ask(f, "summary", "day", "2018-12-31", ERR_NONE);
    assert_number(&answer, "three", 1);
    assert_number(&answer, "four", 1);
    assert_number(&answer, "five", 0);
    assert_number(&answer, "total", 2);
    answer = ask(f, "summary", "day", "2018-12-15", ERR_NONE);
    assert_number(&answer, "total", 0);
    (void)ask(f, "summary", "day", "yesterday", ERR_INVALID);
}

static void a_decision_is_taken_once(void **state)
{
    struct fixture *f = *state;
    const struct decision_item low = line("P2", "r2", 3), good = line("P1", "r1", 4),
                               other = line("P3", "r3", 3);

    rate(f, "r1", "P1", 4, 21600);
    rate(f, "r2", "P2", 2, 14850);
    rate(f, "r3", "P3", 3, 18000);
    /* A decision of which no line stands is not on record: it can come again, corrected. */
    sign(f, "1/QĐ-UBND", &low, 1);
    assert_said(f, 0, "certification.recognition.refused.06", "code", "STAR_TOO_LOW");
    sign(f, "1/QĐ-UBND", &good, 1);
    assert_topic(f, 0, "certification.recognition.accepted.06");
    /* The same number, spelt in small letters. */
    sign(f, "1/qđ-ubnd", &other, 1);
    assert_int_equal(bench_outcomes(f->bench), 1);
    assert_said(f, 0, "certification.recognition.refused.06", "code", "DECISION_DUPLICATE");
    sign(f, "2/QĐ-UBND", &good, 1);
    assert_said(f, 0, "certification.recognition.refused.06", "code", "DECIDED_TWICE");
    /* Numbers begin anew each year, and so do those of certificates. */
    f->day = clock_day_from_civil(2019, 1, 3);
    sign(f, "1/QĐ-UBND", &other, 1);
    assert_said(f, 1, "certification.certificate.issued.06", "certificate", "OCOP-06-2019-0001");
}

static void whole_decisions_fall_line_by_line(void **state)
{
    struct fixture *f = *state;
    const struct decision_item items[] = { line("P1", "r1", 4), line("P1", "r1", 4) };
    struct decision_signed decision = { .number = slice_text("1/QĐ-UBND"),
                                        .signed_on = f->day + 1,
                                        .authority = authority_PROVINCE,
                                        .province = slice_text("06"),
                                        .items = items,
                                        .items_count = 2 };

    rate(f, "r1", "P1", 4, 21600);
    feed(f, "province-06", &decision_signed_kind, "06", NULL, &decision);
    assert_int_equal(bench_outcomes(f->bench), 2);
    assert_said(f, 1, "certification.recognition.refused.06", "code", "DECISION_DATE");
    decision.signed_on = f->day;
    feed(f, "province-24", &decision_signed_kind, "24", NULL, &decision);
    assert_int_equal(bench_outcomes(f->bench), 2);
    assert_said(f, 0, "certification.recognition.refused.24", "code", "WRONG_PROVINCE");
    decision.authority = authority_MINISTRY;
    decision.province = slice_text("00");
    feed(f, "ministry", &decision_signed_kind, "00", NULL, &decision);
    assert_said(f, 0, "certification.recognition.refused.00", "code", "WRONG_AUTHORITY");
}

static void a_withdrawn_dossier_is_not_recognised(void **state)
{
    struct fixture *f = *state;
    const struct withdrawal_accepted withdrawn = { .dossier = slice_text("P1"), .product = slice_text("P1") };
    const struct decision_item item = line("P1", "r1", 4);

    rate(f, "r1", "P1", 4, 21600);
    feed(f, "intake", &withdrawal_accepted_kind, "06", NULL, &withdrawn);
    sign(f, "1/QĐ-UBND", &item, 1);
    assert_said(f, 0, "certification.recognition.refused.06", "code", "WITHDRAWN");
}

static void a_newer_certificate_supersedes_the_older(void **state)
{
    struct fixture *f = *state;
    const struct decision_item first = line("P1", "r1", 3);
    const struct decision_item both[] = { line("P1", "r2", 4), line("P1", "r3", 4) };
    msgpack_object answer;

    rate(f, "r1", "P1", 3, 18000);
    rate(f, "r2", "P1", 4, 21600);
    rate(f, "r3", "P1", 4, 22500);
    sign(f, "1/QĐ-UBND", &first, 1);
    assert_int_equal(bench_outcomes(f->bench), 2);
    f->day = clock_day_from_civil(2019, 6, 1);
    sign(f, "1/QĐ-UBND", both, 2);
    assert_int_equal(bench_outcomes(f->bench), 6);
    assert_said(f, 2, "certification.certificate.superseded.06", "certificate", "OCOP-06-2018-0001");
    assert_said(f, 2, "certification.certificate.superseded.06", "by", "OCOP-06-2019-0001");
    assert_said(f, 5, "certification.certificate.superseded.06", "certificate", "OCOP-06-2019-0001");
    assert_said(f, 5, "certification.certificate.superseded.06", "by", "OCOP-06-2019-0002");
    answer = ask(f, "certificate", "certificate", "OCOP-06-2018-0001", ERR_NONE);
    assert_text(&answer, "state", "superseded");
    assert_text(&answer, "left_on", "2019-06-01");
    answer = ask(f, "product", "product", "P1", ERR_NONE);
    assert_int_equal(mp_find(&answer, "certificates")->via.array.size, 3);
    answer = ask(f, "fact", "key", "P1", ERR_NONE);
    assert_text(&answer, "certificate", "OCOP-06-2019-0002");
    answer = ask(f, "summary", "day", "2019-05-31", ERR_NONE);
    assert_number(&answer, "three", 1);
    answer = ask(f, "summary", "day", "2019-06-01", ERR_NONE);
    assert_number(&answer, "total", 1);
    assert_number(&answer, "four", 1);
    (void)ask(f, "product", "product", "P9", ERR_NOT_FOUND);
    (void)ask(f, "certificate", "certificate", "OCOP-06-2018-0009", ERR_NOT_FOUND);
    (void)ask(f, "fact", "key", "P9", ERR_NOT_FOUND);
}

static void a_certificate_is_revoked_once(void **state)
{
    struct fixture *f = *state;
    const struct decision_item item = line("P1", "r1", 4);
    msgpack_object answer;

    rate(f, "r1", "P1", 4, 21600);
    sign(f, "1/QĐ-UBND", &item, 1);
    withdraw(f, "OCOP-06-2018-0007");
    assert_said(f, 0, "certification.revocation.refused.06", "code", "UNKNOWN_CERTIFICATE");
    f->day = clock_day_from_civil(2019, 5, 1);
    withdraw(f, "OCOP-06-2018-0001");
    assert_int_equal(bench_outcomes(f->bench), 2);
    assert_said(f, 0, "certification.revocation.accepted.06", "number", "9/QĐ-UBND");
    assert_said(f, 1, "certification.certificate.revoked.06", "ground", "mark_misused");
    withdraw(f, "OCOP-06-2018-0001");
    assert_said(f, 0, "certification.revocation.refused.06", "code", "NOT_VALID");
    answer = ask(f, "summary", "day", "2019-04-30", ERR_NONE);
    assert_number(&answer, "total", 1);
    answer = ask(f, "summary", "day", "2019-05-01", ERR_NONE);
    assert_number(&answer, "total", 0);
    /* What is withdrawn does not expire. */
    start_day(f, clock_day_from_civil(2022, 1, 1));
    assert_int_equal(bench_outcomes(f->bench), 0);
}

static void the_end_is_told_four_times_and_comes_once(void **state)
{
    struct fixture *f = *state;
    static const int before[] = { 180, 150, 120, 30 };
    const struct decision_item items[] = { line("P1", "r1", 4), line("P2", "r2", 3) };
    const int32_t end = clock_day_from_civil(2021, 12, 16);
    msgpack_object answer;
    struct envelope e;

    rate(f, "r1", "P1", 4, 21600);
    rate(f, "r2", "P2", 3, 18000);
    sign(f, "1/QĐ-UBND", items, 2);
    start_day(f, end - 181);
    assert_int_equal(bench_outcomes(f->bench), 0);
    for (size_t i = 0; i < 4; i++) {
        start_day(f, end - before[i]);
        assert_int_equal(bench_outcomes(f->bench), 2);
        assert_said(f, 0, "certification.certificate.expiring.06", "certificate", "OCOP-06-2018-0001");
        assert_said(f, 1, "certification.certificate.expiring.06", "certificate", "OCOP-06-2018-0002");
        e = outcome(f, 0);
        assert_number(&e.data, "days_left", before[i]);
    }
    start_day(f, end);
    assert_int_equal(bench_outcomes(f->bench), 0);
    start_day(f, end + 1);
    assert_int_equal(bench_outcomes(f->bench), 2);
    assert_said(f, 0, "certification.certificate.expired.06", "ended_on", "2021-12-16");
    start_day(f, end + 2);
    assert_int_equal(bench_outcomes(f->bench), 0);
    answer = ask(f, "certificate", "certificate", "OCOP-06-2018-0001", ERR_NONE);
    assert_text(&answer, "state", "expired");
    answer = ask(f, "summary", "day", "2021-12-16", ERR_NONE);
    assert_number(&answer, "total", 2);
    answer = ask(f, "summary", "day", "2021-12-17", ERR_NONE);
    assert_number(&answer, "total", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_line_of_a_decision_gets_its_verdict, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_decision_is_taken_once, open_it, close_it),
        cmocka_unit_test_setup_teardown(whole_decisions_fall_line_by_line, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_withdrawn_dossier_is_not_recognised, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_newer_certificate_supersedes_the_older, open_it, close_it),
        cmocka_unit_test_setup_teardown(a_certificate_is_revoked_once, open_it, close_it),
        cmocka_unit_test_setup_teardown(the_end_is_told_four_times_and_comes_once, open_it, close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
