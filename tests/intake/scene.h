/* scene.h - intake on a bench: law is adopted, things come in, outcomes and answers are looked at. */
#ifndef TESTS_INTAKE_SCENE_H
#define TESTS_INTAKE_SCENE_H

#include "common/clock.h"
#include "common/mp.h"
#include "proto/codec.h"
#include "services/intake/handler.h"

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

static inline int close_it(void **state)
{
    struct fixture *f = *state;

    bench_destroy(&f->bench);
    msgpack_zone_free(f->zone);
    return 0;
}

static inline int32_t date(int year, int month, int day)
{
    return clock_day_from_civil(year, month, day);
}

/* --- feeding and looking --- */

static inline void feed_data(struct fixture *f, const char *publisher, const char *type, const char *province,
                             struct slice data)
{
    char topic[TOPIC_MAX + 1], id[24];
    struct envelope e = { .source = slice_text(publisher), .type = slice_text(type) };
    struct buf bytes = { 0 };

    snprintf(topic, sizeof topic, "%s.%s", type, province);
    snprintf(id, sizeof id, "event-%d", ++f->fed);
    e.id = slice_text(id);
    e.time_ms = clock_day_start_ms(f->day);
    assert_int_equal(envelope_write(&e, data, &bytes), ERR_NONE);
    assert_int_equal(
        bench_feed(f->bench, publisher, topic, buf_slice(&bytes), clock_day_start_ms(f->day) + 1000),
        ERR_NONE);
    buf_fini(&bytes);
}

static inline void feed(struct fixture *f, const char *publisher, const struct event_kind *kind,
                        const char *province, const void *event)
{
    struct buf data = { 0 };
    struct why why = { 0 };

    assert_int_equal(codec_encode(kind, event, &data, &why), ERR_NONE);
    feed_data(f, publisher, kind->type, province, buf_slice(&data));
    buf_fini(&data);
}

static inline struct envelope outcome(struct fixture *f, size_t i)
{
    struct envelope e;
    struct slice topic;

    assert_int_equal(bench_outcome(f->bench, i, &topic, &e), ERR_NONE);
    return e;
}

/* The only outcome is of this type, with this code. */
static inline void assert_refused(struct fixture *f, const char *type, const char *code)
{
    const struct envelope e = outcome(f, 0);
    struct slice said = { NULL, 0 };

    assert_int_equal(bench_outcomes(f->bench), 1);
    assert_true(slice_is(e.type, type));
    assert_true(mp_text(mp_find(&e.data, "code"), &said));
    if (!slice_is(said, code)) fail_msg("code is %.*s, not %s", SLICE_ARG(said), code);
}

static inline msgpack_object ask(struct fixture *f, const char *question, const char *key, const char *value,
                                 enum err wanted)
{
    struct buf arguments = { 0 }, answer = { 0 };
    msgpack_object out = { .type = MSGPACK_OBJECT_NIL };
    msgpack_packer p;
    struct why why = { 0 };
    char *copy;

    msgpack_packer_init(&p, &arguments, buf_pack_write);
    msgpack_pack_map(&p, key ? 1 : 0);
    if (key) {
        buf_pack_text(&p, key);
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

/* The outcomes of the last feed are of these types, in this order; ended by NULL. */
static inline void assert_outcomes(struct fixture *f, const char *const *types)
{
    size_t count = 0;

    for (; types[count]; count++) {
        struct slice type;

        if (count >= bench_outcomes(f->bench)) fail_msg("%s did not follow", types[count]);
        type = outcome(f, count).type;
        if (!slice_is(type, types[count])) fail_msg("%.*s, not %s", SLICE_ARG(type), types[count]);
    }
    assert_int_equal(bench_outcomes(f->bench), count);
}

/* The dossier came back with exactly one gap, of this code and field. */
static inline void assert_gap(struct fixture *f, const char *code, const char *field)
{
    const struct envelope e = outcome(f, 0);
    struct dossier_returned returned;

    assert_refused(f, "intake.dossier.returned", "GAPS");
    assert_int_equal(dossier_returned_decode(&e, f->zone, &returned, NULL), ERR_NONE);
    if (returned.gaps_count != 1 || !slice_is(returned.gaps[0].code, code) ||
        !slice_is(returned.gaps[0].field, field))
        fail_msg("%zu gaps, first %.*s of %.*s, not %s of %s", returned.gaps_count,
                 SLICE_ARG(returned.gaps[0].code), SLICE_ARG(returned.gaps[0].field), code, field);
}

/* --- law --- */

static const struct item_needed old_items[] = {
    { .kind = dossier_kind_FIRST, .item = { "registration_form", 17 } },
    { .kind = dossier_kind_FIRST, .item = { "business_plan", 13 } },
    { .kind = dossier_kind_FIRST, .item = { "organisation", 12 } },
    { .kind = dossier_kind_FIRST, .item = { "business_registration", 21 } },
    { .kind = dossier_kind_FIRST, .item = { "samples", 7 }, .has_goods_only = true, .goods_only = true },
    { .kind = dossier_kind_UPGRADE, .item = { "registration_form", 17 } },
};
static const struct item_needed new_items[] = {
    { .kind = dossier_kind_FIRST, .item = { "registration_form", 17 } },
    { .kind = dossier_kind_FIRST, .item = { "self_assessment", 15 } },
    { .kind = dossier_kind_UPGRADE, .item = { "registration_form", 17 } },
    { .kind = dossier_kind_UPGRADE, .item = { "self_assessment", 15 } },
    { .kind = dossier_kind_RE_RATING, .item = { "registration_form", 17 } },
    { .kind = dossier_kind_RE_RATING, .item = { "self_assessment", 15 } },
};

static inline void adopt(struct fixture *f, struct rules_adopted adopted)
{
    static const char hash[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    adopted.hash = slice_text(hash);
    feed(f, "scoring", &rules_adopted_kind, "00", &adopted);
}

static inline struct rules_adopted provisional(void)
{
    return (struct rules_adopted){ .name = slice_text("provisional-2018"),
                                   .kind = rules_kind_RULE_SET,
                                   .has_last_day = true,
                                   .last_day = date(2019, 8, 20),
                                   .has_items = true,
                                   .items = old_items,
                                   .items_count = sizeof old_items / sizeof *old_items };
}

/* 148/QĐ-TTg, with its run-out. */
static inline struct rules_adopted law_of_2023(void)
{
    return (struct rules_adopted){ .name = slice_text("QD148"),
                                   .kind = rules_kind_RULE_SET,
                                   .has_first_day = true,
                                   .first_day = date(2023, 2, 24),
                                   .has_last_day = true,
                                   .last_day = date(2026, 7, 20),
                                   .has_items = true,
                                   .items = new_items,
                                   .items_count = sizeof new_items / sizeof *new_items };
}

/* 26/2026/QĐ-TTg. */
static inline struct rules_adopted law_of_2026(void)
{
    return (struct rules_adopted){ .name = slice_text("QD26_2026"),
                                   .kind = rules_kind_RULE_SET,
                                   .has_first_day = true,
                                   .first_day = date(2026, 5, 22),
                                   .has_rubric_prefix = true,
                                   .rubric_prefix = slice_text("qd-26-2026-"),
                                   .has_items = true,
                                   .items = new_items,
                                   .items_count = sizeof new_items / sizeof *new_items,
                                   .has_samples = true,
                                   .samples = 5,
                                   .has_assessments = true,
                                   .assessments = true,
                                   .has_window_opens_days = true,
                                   .window_opens_days = 180,
                                   .has_window_closes_days = true,
                                   .window_closes_days = 120,
                                   .has_late_is_first = true,
                                   .late_is_first = true,
                                   .has_transition_days = true,
                                   .transition_days = 60,
                                   .has_transition_re_rating_days = true,
                                   .transition_re_rating_days = 30,
                                   .has_extension_days = true,
                                   .extension_days = 180 };
}

static inline struct rules_adopted rubric(const char *name, bool goods)
{
    return (struct rules_adopted){
        .name = slice_text(name), .kind = rules_kind_RUBRIC, .has_goods = true, .goods = goods
    };
}

/* Bắc Kạn becomes part of Thái Nguyên; Hà Nội stays what it is. */
static const struct area_pair pairs[] = { { { "01", 2 }, { "01", 2 } },
                                          { { "06", 2 }, { "19", 2 } },
                                          { { "19", 2 }, { "19", 2 } } };

static inline struct rules_adopted areas_of_2025(void)
{
    return (struct rules_adopted){ .name = slice_text("areas-2025"),
                                   .kind = rules_kind_AREAS,
                                   .has_first_day = true,
                                   .first_day = date(2025, 7, 1),
                                   .has_areas = true,
                                   .areas = pairs,
                                   .areas_count = sizeof pairs / sizeof *pairs,
                                   .has_recode = true,
                                   .recode = true };
}

static inline void adopt_all(struct fixture *f)
{
    adopt(f, provisional());
    adopt(f, law_of_2023());
    adopt(f, law_of_2026());
    adopt(f, rubric("qd-26-2026-13-ca-phe-ca-cao", true));
    adopt(f, rubric("qd-26-2026-26-du-lich-cong-dong", false));
    adopt(f, areas_of_2025());
}

/* A day begins, with the record that says so. */
static inline void start_day(struct fixture *f, int32_t day)
{
    f->day = day;
    feed(f, "broker", &day_started_kind, "00", &(struct day_started){ .day = day });
}

/* --- what comes in --- */

static const struct evidence old_papers[] = { { .item = { "registration_form", 17 } },
                                              { .item = { "business_plan", 13 } },
                                              { .item = { "organisation", 12 } },
                                              { .item = { "business_registration", 21 } },
                                              { .item = { "samples", 7 } } };
static const struct evidence new_papers[] = { { .item = { "registration_form", 17 } },
                                              { .item = { "self_assessment", 15 } } };
static const struct assessment findings[] = { { topic_MATERIAL, { "local", 5 } },
                                              { topic_LABOUR, { "local", 5 } },
                                              { topic_IDEA, { "local", 5 } },
                                              { topic_IDENTITY, { "local", 5 } } };

/* One of Bắc Kạn in 2018. */
static inline struct dossier_filed a_dossier(const char *reference, const char *product)
{
    return (struct dossier_filed){ .reference = slice_text(reference),
                                   .province = slice_text("06"),
                                   .has_kind = true,
                                   .kind = dossier_kind_FIRST,
                                   .has_product = true,
                                   .product = slice_text(product),
                                   .has_owner = true,
                                   .owner = slice_text("HTX Tài Hoan"),
                                   .has_owner_kind = true,
                                   .owner_kind = owner_kind_COOPERATIVE,
                                   .has_district_code = true,
                                   .district_code = slice_text("066"),
                                   .has_commune_code = true,
                                   .commune_code = slice_text("02152"),
                                   .has_commune = true,
                                   .commune = slice_text("Xã Côn Minh"),
                                   .has_round = true,
                                   .round = slice_text("2018-1"),
                                   .has_rule_set = true,
                                   .rule_set = slice_text("provisional-2018"),
                                   .has_items = true,
                                   .items = old_papers,
                                   .items_count = 5 };
}

/* One of Thái Nguyên under the law of 2026. */
static inline struct dossier_filed new_dossier(const char *reference, const char *product,
                                               enum dossier_kind kind)
{
    struct dossier_filed d = a_dossier(reference, product);

    d.province = slice_text("19");
    d.kind = kind;
    d.has_district_code = d.has_rule_set = false;
    d.has_rubric = true;
    d.rubric = slice_text("qd-26-2026-13-ca-phe-ca-cao");
    d.round = slice_text("2026-2");
    d.items = new_papers;
    d.items_count = 2;
    d.has_assessments = true;
    d.assessments = findings;
    d.assessments_count = 4;
    d.has_proposal = true;
    d.proposal = slice_text("12/TTr-UBND");
    d.has_proposed_on = true;
    d.proposed_on = date(2026, 5, 25);
    d.has_samples = true;
    d.samples = 5;
    return d;
}

static inline void file(struct fixture *f, const struct dossier_filed *d)
{
    char province[3], publisher[16];

    snprintf(province, sizeof province, "%.2s", d->province.data);
    snprintf(publisher, sizeof publisher, "province-%s", province);
    feed(f, publisher, &dossier_filed_kind, province, d);
}

/* File it, expect it accepted, and copy the id of the dossier.accepted. */
static inline struct slice accepted_id(struct fixture *f, const struct dossier_filed *d)
{
    struct envelope e;
    struct slice sentence = { NULL, 0 };
    char *copy;

    file(f, d);
    e = outcome(f, 0);
    (void)mp_text(mp_find(&e.data, "sentence"), &sentence);
    if (!slice_is(e.type, "intake.dossier.accepted")) fail_msg("%.*s", SLICE_ARG(sentence));
    copy = msgpack_zone_malloc(f->zone, e.id.size);
    assert_non_null(copy);
    memcpy(copy, e.id.data, e.id.size);
    return slice_of(copy, e.id.size);
}

static inline void rate(struct fixture *f, struct slice dossier)
{
    static const char hash[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const struct product_rated rated = { .dossier = dossier,
                                         .reference = slice_text("BK-01"),
                                         .product = slice_text("P"),
                                         .name = slice_text("n"),
                                         .owner = slice_text("o"),
                                         .province = slice_text("06"),
                                         .council = slice_text("c"),
                                         .round = slice_text("2018-1"),
                                         .level = level_PROVINCE,
                                         .rule_set = slice_text("provisional-2018"),
                                         .rule_hash = slice_text(hash),
                                         .sum_hundredths = 7200,
                                         .members = 1,
                                         .star = 4,
                                         .star_by_points = 4,
                                         .term_months = 36 };

    feed(f, "scoring", &product_rated_kind, "06", &rated);
    assert_int_equal(bench_outcomes(f->bench), 0);
}

/* A certificate from before this system; `product` and `owner` may be NULL. */
static inline void record(struct fixture *f, const char *certificate, const char *product, const char *name,
                          const char *owner, int32_t ends_on)
{
    const struct certificate_recorded recorded = { .certificate = slice_text(certificate),
                                                   .has_product = product != NULL,
                                                   .product = slice_text(product),
                                                   .name = slice_text(name),
                                                   .has_owner = owner != NULL,
                                                   .owner = slice_text(owner),
                                                   .star = 3,
                                                   .authority = authority_PROVINCE,
                                                   .province = slice_text("06"),
                                                   .rule_set = slice_text("QD148"),
                                                   .issued_on = clock_day_add_months(ends_on, -36),
                                                   .ends_on = ends_on,
                                                   .source = slice_text("a list") };

    feed(f, "certification", &certificate_recorded_kind, "06", &recorded);
    assert_int_equal(bench_outcomes(f->bench), 0);
}

/* December 2018, with nothing adopted. */
static inline int open_bare(void **state)
{
    static struct fixture f;
    struct why why = { 0 };

    memset(&f, 0, sizeof f);
    f.zone = msgpack_zone_new(8192);
    f.day = date(2018, 12, 1);
    *state = &f;
    if (!f.zone || hash_init()) return -1;
    return bench_new(&intake_service, ":memory:", &f.bench, &why) ? -1 : 0;
}

/* The same, with all law adopted. */
static inline int open_it(void **state)
{
    if (open_bare(state)) return -1;
    adopt_all(*state);
    return 0;
}

#endif
