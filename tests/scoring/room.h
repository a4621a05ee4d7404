/* room.h - scoring on a store in memory: what tests say to it, hear from it and ask it. */
#ifndef TESTS_SCORING_ROOM_H
#define TESTS_SCORING_ROOM_H

#include "common/clock.h"
#include "common/mp.h"
#include "proto/codec.h"
#include "services/scoring/handler.h"
#include "services/scoring/rubric.h"
#include "tests/scoring/small_rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { AT_MS = 0x18000000 };

struct room {
    struct bench *bench;
    msgpack_zone *zone;
    struct buf envelope;
    int events; /* gives each event an id of its own */
    int64_t at_ms;
    int32_t formed_on; /* date of the papers that form councils; 0: not said */
    /* With `again`, a second store follows, as --recompute does: what was decided is computed again there. */
    struct bench *again;
    struct recount recount;
    const void *altered;                   /* the next event stands so in the log that `again` reads */
    const struct event_kind *altered_kind; /* with the data of another kind; NULL: of its own */
};

static inline void on_day(struct room *r, const char *day)
{
    int32_t n = 0;

    assert_int_equal(clock_day_parse(slice_text(day), &n), ERR_NONE);
    r->at_ms = clock_day_start_ms(n);
}

static inline struct slice text(const char *t)
{
    return slice_text(t);
}

/* --- saying --- */

static inline void write_event(struct room *r, const char *id, const char *publisher,
                               const struct event_kind *kind, const struct event_kind *data_kind,
                               const void *event)
{
    struct buf data = { 0 };
    struct why why = { { 0 }, { 0 } };
    struct envelope e = {
        .id = text(id), .source = text(publisher), .type = text(kind->type), .time_ms = r->at_ms
    };

    if (codec_encode(data_kind, event, &data, &why)) fail_msg("%s", why.sentence);
    buf_clear(&r->envelope);
    assert_int_equal(envelope_write(&e, buf_slice(&data), &r->envelope), ERR_NONE);
    buf_fini(&data);
}

static inline void say_as(struct room *r, const char *id, const char *publisher,
                          const struct event_kind *kind, const char *province, const void *event)
{
    struct why why = { { 0 }, { 0 } };
    char topic[TOPIC_MAX + 1];

    snprintf(topic, sizeof topic, "%s.%s", kind->type, province);
    write_event(r, id, publisher, kind, kind, event);
    assert_int_equal(bench_feed(r->bench, publisher, topic, buf_slice(&r->envelope), r->at_ms), ERR_NONE);
    if (!r->again) return;
    if (r->altered) write_event(r, id, publisher, kind, r->altered_kind ? r->altered_kind : kind, r->altered);
    r->altered = NULL;
    r->altered_kind = NULL;
    if (bench_recount(r->again, r->bench, publisher, topic, buf_slice(&r->envelope), r->at_ms, &r->recount,
                      &why))
        fail_msg("%s", why.sentence);
}

static inline void say(struct room *r, const struct event_kind *kind, const char *province, const void *event)
{
    char id[32];

    snprintf(id, sizeof id, "event-%d", ++r->events);
    say_as(r, id, "province-06", kind, province, event);
}

/* --- hearing --- */

/* The i-th outcome, which must be of this kind. */
static inline void heard(struct room *r, size_t i, const struct event_kind *kind, void *out)
{
    struct slice topic;
    struct envelope e;
    struct why why = { { 0 }, { 0 } };

    assert_true(i < bench_outcomes(r->bench));
    assert_int_equal(bench_outcome(r->bench, i, &topic, &e), ERR_NONE);
    if (!slice_is(e.type, kind->type)) {
        struct slice sentence = { NULL, 0 };

        mp_text(mp_find(&e.data, "sentence"), &sentence);
        fail_msg("wanted %s, heard %.*s %.*s", kind->type, SLICE_ARG(e.type), SLICE_ARG(sentence));
    }
    if (codec_decode(kind, &e.data, r->zone, out, &why)) fail_msg("%s", why.sentence);
}

/* Exactly one outcome, of this type, with this code. */
static inline void refused(struct room *r, const char *type, const char *code)
{
    struct slice topic, said = { NULL, 0 };
    struct envelope e;

    assert_int_equal(bench_outcomes(r->bench), 1);
    assert_int_equal(bench_outcome(r->bench, 0, &topic, &e), ERR_NONE);
    mp_text(mp_find(&e.data, "code"), &said);
    if (!slice_is(e.type, type) || !slice_is(said, code))
        fail_msg("wanted %s %s, heard %.*s %.*s", type, code, SLICE_ARG(e.type), SLICE_ARG(said));
}

static inline int64_t count(struct room *r, const char *sql)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    int64_t n = 0;

    assert_int_equal(db_prepare(bench_db(r->bench), sql, &s, NULL), ERR_NONE);
    assert_int_equal(db_step(s, &row), ERR_NONE);
    if (row) n = db_i64(s, 0);
    sqlite3_finalize(s);
    return n;
}

/* --- the usual beginnings --- */

static inline int begin(void **state)
{
    static struct room room;
    struct why why = { { 0 }, { 0 } };

    memset(&room, 0, sizeof room);
    room.zone = msgpack_zone_new(8192);
    room.at_ms = AT_MS;
    if (bench_new(&scoring_service, ":memory:", &room.bench, &why)) fail_msg("%s", why.sentence);
    *state = &room;
    return 0;
}

static inline int end(void **state)
{
    struct room *r = *state;

    bench_destroy(&r->bench);
    bench_destroy(&r->again);
    msgpack_zone_free(r->zone);
    buf_fini(&r->envelope);
    return 0;
}

static inline void propose(struct room *r, const char *name, struct slice bytes)
{
    const struct rules_proposed e = { .name = text(name), .bytes = bytes };

    say(r, &rules_proposed_kind, "00", &e);
}

static inline void adopt(struct room *r, const char *name, struct slice bytes)
{
    struct rules_adopted adopted;

    propose(r, name, bytes);
    heard(r, 0, &rules_adopted_kind, &adopted);
    assert_true(slice_is(adopted.name, name));
}

static inline void adopt_small(struct room *r)
{
    adopt(r, "SMALL", text(small_set));
    adopt(r, "small-1", text(small_rubric));
}

static inline void adopt_provisional(struct room *r)
{
    const struct slice bytes = read_rules("provisional-2018.json");

    adopt(r, "provisional-2018", bytes);
    free((void *)(uintptr_t)bytes.data);
}

static inline void form(struct room *r, const char *council, enum level level, const char *province,
                        const char *rule_set)
{
    static const struct council_member members[] = { { { "an", 2 }, seat_CHAIR },
                                                     { { "binh", 4 }, seat_MEMBER },
                                                     { { "chi", 3 }, seat_SECRETARY } };
    const struct council_formed e = { .council = text(council),
                                      .level = level,
                                      .province = text(province),
                                      .round = { "2018-2", 6 },
                                      .rule_set = text(rule_set),
                                      .has_formed_on = r->formed_on != 0,
                                      .formed_on = r->formed_on,
                                      .members = members,
                                      .members_count = 3 };
    struct council_admitted admitted;

    say(r, &council_formed_kind, province, &e);
    heard(r, 0, &council_admitted_kind, &admitted);
    assert_int_equal(admitted.members, 3);
    assert_int_equal(admitted.quorum_percent, 75);
    assert_int_equal(admitted.spread_hundredths, 1000);
}

static inline void accept_dossier(struct room *r, const char *id, const char *product, const char *rule_set,
                                  const char *rubric)
{
    const struct dossier_accepted e = { .reference = text(id),
                                        .product = text(product),
                                        .kind = dossier_kind_FIRST,
                                        .name = { "Miến dong", sizeof "Miến dong" - 1 },
                                        .owner = { "HTX Tài Hoan", sizeof "HTX Tài Hoan" - 1 },
                                        .owner_kind = owner_kind_COOPERATIVE,
                                        .province = { "06", 2 },
                                        .round = { "2018-2", 6 },
                                        .rule_set = text(rule_set),
                                        .has_rubric = rubric != NULL,
                                        .rubric = text(rubric) };

    say_as(r, id, "intake", &dossier_accepted_kind, "06", &e);
    assert_int_equal(bench_outcomes(r->bench), 0);
}

static inline void submit_total(struct room *r, const char *member, const char *dossier, int64_t total)
{
    const struct sheet_submitted e = { .council = { "c-06", 4 },
                                       .member = text(member),
                                       .dossier = text(dossier),
                                       .has_total_hundredths = true,
                                       .total_hundredths = total };

    say(r, &sheet_submitted_kind, "06", &e);
}

static inline void submit_options(struct room *r, const char *council, const char *province,
                                  const char *member, int64_t a, int64_t b, int64_t c, bool stops)
{
    static const struct met gates[] = { { { "STOPS", 5 } } };
    const struct chosen options[] = { { { "A.1.1", 5 }, a }, { { "B.2", 3 }, b }, { { "C.3", 3 }, c } };
    const struct sheet_submitted e = { .council = text(council),
                                       .member = text(member),
                                       .dossier = { "d1", 2 },
                                       .has_options = true,
                                       .options = options,
                                       .options_count = 3,
                                       .has_gates = stops,
                                       .gates = gates,
                                       .gates_count = stops ? 1 : 0 };

    say(r, &sheet_submitted_kind, province, &e);
}

static inline void close_council(struct room *r, const char *council, const char *province)
{
    const struct round_closed e = { .council = text(council), .closed_on = clock_day_of(r->at_ms) };

    say(r, &round_closed_kind, province, &e);
}

static inline struct sheet_counted counted(struct room *r)
{
    struct sheet_counted c;

    heard(r, 0, &sheet_counted_kind, &c);
    return c;
}

static inline void settled(struct room *r, size_t at, int64_t rated, int64_t held)
{
    struct round_settled s;

    heard(r, at, &round_settled_kind, &s);
    assert_int_equal(s.rated, rated);
    assert_int_equal(s.held, held);
    assert_int_equal(bench_outcomes(r->bench), at + 1); /* said last */
}

/* The i-th product that the closing whose word is outcome `at` holds. */
static inline void held_for(struct room *r, size_t at, size_t i, const char *reference, const char *code,
                            const char *words)
{
    struct round_settled s;
    char sentence[WHY_SENTENCE_MAX];

    heard(r, at, &round_settled_kind, &s);
    assert_true(i < s.held_products_count);
    assert_true(slice_is(s.held_products[i].reference, reference));
    if (!slice_is(s.held_products[i].code, code))
        fail_msg("wanted %s, heard %.*s", code, SLICE_ARG(s.held_products[i].code));
    snprintf(sentence, sizeof sentence, "%.*s", SLICE_ARG(s.held_products[i].sentence));
    if (!strstr(sentence, words)) fail_msg("no \"%s\" in: %s", words, sentence);
}

/* --- asking --- */

/* Ask with one text argument; the answer's object lives in the zone. */
static inline enum err ask(struct room *r, const char *question, const char *key, const char *value,
                           msgpack_object *out, struct buf *answer)
{
    struct buf packed = { 0 };
    msgpack_packer p;
    enum err e;

    msgpack_packer_init(&p, &packed, buf_pack_write);
    msgpack_pack_map(&p, key ? 1 : 0);
    if (key) {
        buf_pack_text(&p, key);
        buf_pack_text(&p, value);
    }
    buf_clear(answer);
    e = bench_ask(r->bench, question, buf_slice(&packed), answer, NULL);
    buf_fini(&packed);
    if (!e) e = mp_read(buf_slice(answer), r->zone, out, NULL);
    return e;
}

/* The one rating of a product says which mark it missed. */
static inline void expect_missed(struct room *r, const char *product, const char *criterion)
{
    struct buf answer = { 0 };
    const msgpack_object *ratings = NULL, *missed = NULL;
    struct slice said = { NULL, 0 };
    msgpack_object o;

    assert_int_equal(ask(r, "product", "product", product, &o, &answer), ERR_NONE);
    ratings = mp_find(&o, "ratings");
    assert_int_equal(ratings->via.array.size, 1);
    missed = mp_find(&ratings->via.array.ptr[0], "missed");
    assert_int_equal(missed->via.array.size, 1);
    assert_true(mp_text(mp_find(&missed->via.array.ptr[0], "criterion"), &said) && slice_is(said, criterion));
    assert_int_equal(mp_find(&ratings->via.array.ptr[0], "gates")->via.array.size, 0);
    buf_fini(&answer);
}

#endif
