/* feed.h - what the tests of certification's handlers share: one service without sockets, fed by hand, and
 * the law in short. */
#ifndef TESTS_CERTIFICATION_FEED_H
#define TESTS_CERTIFICATION_FEED_H

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
    int32_t met_on, received_on; /* of councils and dossiers, by their papers; 0: today, and not said */
    int fed;
    /* Sees every record that is fed; may be NULL. */
    void (*tap)(void *context, const char *publisher, const char *topic, struct slice envelope,
                int64_t at_ms);
    void *tap_context;
};

static inline int feed_open(struct fixture *f)
{
    struct why why = { 0 };

    memset(f, 0, sizeof *f);
    f->zone = msgpack_zone_new(8192);
    f->day = clock_day_from_civil(2018, 12, 16);
    if (!f->zone || hash_init()) return -1;
    return bench_new(&certification_service, ":memory:", &f->bench, &why) ? -1 : 0;
}

static inline void feed_close(struct fixture *f)
{
    bench_destroy(&f->bench);
    if (f->zone) msgpack_zone_free(f->zone);
    f->zone = NULL;
}

static inline int open_it(void **state)
{
    static struct fixture f;

    *state = &f;
    return feed_open(&f);
}

static inline int close_it(void **state)
{
    feed_close(*state);
    return 0;
}

/* --- feeding and looking --- */

static inline void feed(struct fixture *f, const char *publisher, const struct event_kind *kind,
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
    if (f->tap)
        f->tap(f->tap_context, publisher, topic, buf_slice(&bytes), clock_day_start_ms(f->day) + 1000);
    assert_int_equal(
        bench_feed(f->bench, publisher, topic, buf_slice(&bytes), clock_day_start_ms(f->day) + 1000),
        ERR_NONE);
    buf_fini(&data);
    buf_fini(&bytes);
}

static inline struct envelope outcome(struct fixture *f, size_t i)
{
    struct envelope e;
    struct slice topic;

    assert_int_equal(bench_outcome(f->bench, i, &topic, &e), ERR_NONE);
    return e;
}

static inline void assert_topic(struct fixture *f, size_t i, const char *wanted)
{
    struct envelope e;
    struct slice topic;

    assert_int_equal(bench_outcome(f->bench, i, &topic, &e), ERR_NONE);
    if (!slice_is(topic, wanted)) fail_msg("outcome %zu is %.*s, not %s", i, SLICE_ARG(topic), wanted);
}

static inline void assert_text(const msgpack_object *map, const char *key, const char *value)
{
    struct slice text = { NULL, 0 };

    assert_true(mp_text(mp_find(map, key), &text));
    if (!slice_is(text, value)) fail_msg("%s is %.*s, not %s", key, SLICE_ARG(text), value);
}

static inline void assert_number(const msgpack_object *map, const char *key, int64_t value)
{
    int64_t number = -1;

    assert_true(mp_i64(mp_find(map, key), &number));
    assert_true(number == value);
}

static inline void assert_said(struct fixture *f, size_t i, const char *topic, const char *key,
                               const char *value)
{
    const struct envelope e = outcome(f, i);

    assert_topic(f, i, topic);
    assert_text(&e.data, key, value);
}

/* `pairs` is "key=value key=value": every value is text. */
static inline msgpack_object ask_with(struct fixture *f, const char *question, const char *pairs,
                                      enum err wanted)
{
    struct buf arguments = { 0 }, answer = { 0 };
    msgpack_object out = { .type = MSGPACK_OBJECT_NIL };
    char words[200], *rest = words, *word;
    msgpack_packer p;
    struct why why = { 0 };
    size_t count = 1;
    char *copy;

    snprintf(words, sizeof words, "%s", pairs);
    for (const char *c = words; *c; c++)
        count += *c == ' ';
    msgpack_packer_init(&p, &arguments, buf_pack_write);
    msgpack_pack_map(&p, count);
    while ((word = strsep(&rest, " "))) {
        char *value = strchr(word, '=');

        assert_non_null(value);
        *value++ = '\0';
        buf_pack_text(&p, word);
        buf_pack_text(&p, value);
    }
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

static inline msgpack_object ask(struct fixture *f, const char *question, const char *key, const char *value,
                                 enum err wanted)
{
    char pairs[120];

    snprintf(pairs, sizeof pairs, "%s=%s", key, value);
    return ask_with(f, question, pairs, wanted);
}

/* The status of a certificate or product on a day, as of a place of the log ("" : everything known). */
static inline void assert_status(struct fixture *f, const char *question, const char *key, int32_t day,
                                 const char *as_of, const char *status)
{
    char text[CLOCK_DAY_TEXT + 1], pairs[160];
    msgpack_object answer;

    clock_day_text(day, text);
    snprintf(pairs, sizeof pairs, "%s=%s day=%s%s%s", question, key, text, as_of[0] ? " as_of=" : "", as_of);
    answer = ask_with(f, question, pairs, ERR_NONE);
    assert_text(&answer, "status", status);
}

/* --- what comes in --- */

static inline struct star_authority recogniser(int64_t star, enum authority authority, int32_t first,
                                               int32_t last)
{
    return (struct star_authority){ .star = star,
                                    .authority = authority,
                                    .has_first_day = first != INT32_MIN,
                                    .first_day = first,
                                    .has_last_day = last != INT32_MAX,
                                    .last_day = last };
}

/* A rule set as scoring adopts it: notices of `notice_count` days, the province for three and four stars, the
 * ministry for five. */
static inline struct rules_adopted a_rule_set(const char *name, const struct star_authority authorities[3],
                                              const struct notice_days *notices, size_t notice_count)
{
    static const char hash[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    return (struct rules_adopted){ .name = slice_text(name),
                                   .hash = slice_text(hash),
                                   .kind = rules_kind_RULE_SET,
                                   .has_term_months = true,
                                   .term_months = 36,
                                   .has_authorities = true,
                                   .authorities = authorities,
                                   .authorities_count = 3,
                                   .has_notices = notice_count > 0,
                                   .notices = notices,
                                   .notices_count = notice_count };
}

static const struct notice_days four_notices[] = { { 180 }, { 150 }, { 120 }, { 30 } };
static const struct notice_days three_notices[] = { { 180 }, { 150 }, { 120 } };

static inline void adopt(struct fixture *f, const struct rules_adopted *adopted)
{
    feed(f, "scoring", &rules_adopted_kind, "00", NULL, adopted);
    assert_int_equal(bench_outcomes(f->bench), 0);
}

/* The four of the real law, in short: who recognises what when, and the days of the newest. */
static inline void adopt_the_law(struct fixture *f)
{
    const int32_t july = clock_day_from_civil(2025, 7, 1);
    const struct star_authority always[] = { recogniser(3, authority_PROVINCE, INT32_MIN, INT32_MAX),
                                             recogniser(4, authority_PROVINCE, INT32_MIN, INT32_MAX),
                                             recogniser(5, authority_MINISTRY, INT32_MIN, INT32_MAX) };
    const struct star_authority districts[] = { recogniser(3, authority_DISTRICT, INT32_MIN, july - 1),
                                                recogniser(3, authority_PROVINCE, july, INT32_MAX),
                                                recogniser(4, authority_PROVINCE, INT32_MIN, INT32_MAX),
                                                recogniser(5, authority_MINISTRY, INT32_MIN, INT32_MAX) };
    struct rules_adopted first = a_rule_set("provisional-2018", always, four_notices, 4);
    struct rules_adopted second = a_rule_set("QD1048", always, NULL, 0);
    struct rules_adopted third = a_rule_set("QD148", districts, four_notices, 4);
    struct rules_adopted fourth = a_rule_set("QD26_2026", always, three_notices, 3);

    first.has_last_day = second.has_first_day = second.has_last_day = third.has_first_day = true;
    third.has_last_day = fourth.has_first_day = true;
    first.last_day = clock_day_from_civil(2019, 8, 20);
    second.first_day = first.last_day + 1;
    second.last_day = clock_day_from_civil(2023, 2, 23);
    third.first_day = second.last_day + 1;
    third.last_day = clock_day_from_civil(2026, 7, 20);
    third.authorities_count = 4;
    fourth.first_day = clock_day_from_civil(2026, 5, 22);
    fourth.has_window_opens_days = fourth.has_window_closes_days = fourth.has_withdrawal_days =
        fourth.has_extension_days = true;
    fourth.window_opens_days = fourth.extension_days = 180;
    fourth.window_closes_days = 120;
    fourth.withdrawal_days = 15;
    adopt(f, &first);
    adopt(f, &second);
    adopt(f, &third);
    adopt(f, &fourth);
}

/* A rating of three members: `dossier` is also the reference. */
static inline void rate_as(struct fixture *f, const char *id, const char *dossier, const char *product,
                           const char *province, enum level level, const char *rule_set, int64_t star)
{
    static const char hash[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const int64_t sums[] = { 0, 5000, 14850, 18000, 21600, 27600 };
    /* What it says of authority and term is not what counts: the rule set's word is. */
    const struct product_rated rated = { .dossier = slice_text(dossier),
                                         .reference = slice_text(dossier),
                                         .product = slice_text(product),
                                         .name = slice_text("Miến dong"),
                                         .owner = slice_text("HTX Tài Hoan"),
                                         .province = slice_text(province),
                                         .council = slice_text("c"),
                                         .round = slice_text("2018-1"),
                                         .level = level,
                                         .rule_set = slice_text(rule_set),
                                         .rule_hash = slice_text(hash),
                                         .sum_hundredths = sums[star],
                                         .members = 3,
                                         .star = star,
                                         .star_by_points = star,
                                         .has_authority = star >= 3,
                                         .authority = authority_DISTRICT,
                                         .term_months = 7,
                                         .has_closed_on = true,
                                         .closed_on = f->met_on ? f->met_on : f->day };

    feed(f, "scoring", &product_rated_kind, province, id, &rated);
}

/* A rating of a product of province 06 under the rules of 2018. */
static inline void rate(struct fixture *f, const char *id, const char *product, int64_t star)
{
    rate_as(f, id, product, product, "06", level_PROVINCE, "provisional-2018", star);
    assert_int_equal(bench_outcomes(f->bench), 0);
}

static inline void sign_as(struct fixture *f, enum authority authority, const char *province,
                           const char *number, int32_t signed_on, int32_t issued_on,
                           const struct decision_item *items, size_t count)
{
    const struct decision_signed decision = { .number = slice_text(number),
                                              .signed_on = signed_on,
                                              .authority = authority,
                                              .province = slice_text(province),
                                              .has_issued_on = issued_on != signed_on,
                                              .issued_on = issued_on != signed_on ? issued_on : 0,
                                              .items = items,
                                              .items_count = count };

    feed(f, "authority", &decision_signed_kind, province, NULL, &decision);
}

static inline void sign(struct fixture *f, const char *number, const struct decision_item *items,
                        size_t count)
{
    sign_as(f, authority_PROVINCE, "06", number, f->day, f->day, items, count);
}

static inline struct decision_item line(const char *product, const char *rated, int64_t star)
{
    return (struct decision_item){ .product = slice_text(product), .rated = slice_text(rated), .star = star };
}

static inline void start_day(struct fixture *f, int32_t day)
{
    const struct day_started started = { .day = day };

    f->day = day;
    feed(f, "broker", &day_started_kind, "00", NULL, &started);
}

static inline void withdraw(struct fixture *f, const char *certificate)
{
    const struct revocation_decided decided = { .number = slice_text("9/QĐ-UBND"),
                                                .signed_on = f->day,
                                                .authority = authority_PROVINCE,
                                                .province = slice_text("06"),
                                                .certificate = slice_text(certificate),
                                                .ground = ground_MARK_MISUSED };

    feed(f, "province-06", &revocation_decided_kind, "06", NULL, &decided);
}

/* Where the log ends now, as a question's as_of. */
static inline void feed_place(struct fixture *f, char text[24])
{
    sqlite3_stmt *q = NULL;
    bool row = false;

    assert_int_equal(db_prepare(bench_db(f->bench), "SELECT seq FROM cursor", &q, NULL), ERR_NONE);
    assert_int_equal(db_step(q, &row), ERR_NONE);
    snprintf(text, 24, "%lld", (long long)db_i64(q, 0));
    sqlite3_finalize(q);
}

static inline int open_with_law(void **state)
{
    if (open_it(state)) return -1;
    adopt_the_law(*state);
    return 0;
}

static inline int32_t day(int year, int month, int day_of_month)
{
    return clock_day_from_civil(year, month, day_of_month);
}

/* --- what comes in --- */

/* Rated on the decision's date, which may be filed later; the number of the certificate is the next of its
 * province and year. */
static inline void issue(struct fixture *f, const char *dossier, const char *product, const char *province,
                         const char *rule_set, enum authority authority, int64_t star, int32_t signed_on)
{
    const int32_t today = f->day;
    struct decision_item item;
    char rated[40], number[40];

    snprintf(rated, sizeof rated, "rated-%s", dossier);
    snprintf(number, sizeof number, "%s/QĐ", dossier);
    item = line(product, rated, star);
    f->day = signed_on;
    rate_as(f, rated, dossier, product, province, level_PROVINCE, rule_set, star);
    f->day = today;
    sign_as(f, authority, province, number, signed_on, signed_on, &item, 1);
}

static inline void accept_dossier(struct fixture *f, const char *id, const char *product,
                                  const char *province, enum dossier_kind kind, const char *certificate)
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
                                               .certificate = slice_text(certificate),
                                               .has_received_on = f->received_on != 0,
                                               .received_on = f->received_on };

    feed(f, "intake", &dossier_accepted_kind, province, id, &accepted);
}

static inline struct record_filed a_record(const char *name, int64_t star, int32_t issued_on)
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

static inline void file_record(struct fixture *f, const struct record_filed *filed)
{
    char province[3] = "";

    memcpy(province, filed->province.data, 2);
    feed(f, "province", &record_filed_kind, province, NULL, filed);
}

static inline void take_back(struct fixture *f, enum authority authority, const char *province,
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

static inline void report(struct fixture *f, const char *province, const char *certificate, int32_t found_on)
{
    const struct finding_filed filed = { .province = slice_text(province),
                                         .certificate = slice_text(certificate),
                                         .ground = ground_LAW_BROKEN,
                                         .found_on = found_on };

    feed(f, "inspector", &finding_filed_kind, province, NULL, &filed);
}

static inline void dismiss(struct fixture *f, enum authority authority, const char *province,
                           const char *finding)
{
    const struct dismissal_decided decided = { .finding = slice_text(finding),
                                               .authority = authority,
                                               .province = slice_text(province),
                                               .reason = slice_text("đã kiểm tra") };

    feed(f, "authority", &dismissal_decided_kind, province, NULL, &decided);
}

static inline void merge_area(struct fixture *f, const char *old_code, const char *new_code,
                              int32_t merged_on)
{
    const struct area_merged merged = { .old_code = slice_text(old_code),
                                        .new_code = slice_text(new_code),
                                        .merged_on = merged_on };

    feed(f, "intake", &area_merged_kind, new_code, NULL, &merged);
}

static inline void assert_day(const msgpack_object *map, const char *key, int32_t wanted)
{
    char text[CLOCK_DAY_TEXT + 1];

    clock_day_text(wanted, text);
    assert_text(map, key, text);
}

/* A certificate of four stars until 15/06/2026, whose window by the new rules had closed on 15/02/2026. */
static inline void one_that_ends_in_june_2026(struct fixture *f)
{
    f->day = day(2023, 6, 15);
    issue(f, "d0", "P1", "89", "QD148", authority_PROVINCE, 4, f->day);
    f->day = day(2026, 6, 1);
}

#endif
