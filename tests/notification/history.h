/* history.h - a short history for one bench: law, days and the facts that make something due.
 *
 * The law is small: 15 working days of the commune, 45 of a re-rating, transition of 60 and 30 days to the
 * rule set "new" from 22/05/2026, near 7 days before; one round of the province (proposed before 30/04, done
 * before 30/06) and one of the centre (before 30/07, done before 30/09).
 */
#ifndef TESTS_NOTIFICATION_HISTORY_H
#define TESTS_NOTIFICATION_HISTORY_H

#include "services/notification/handler.h"
#include "services/notification/notification.h"
#include "tests/notification/feed.h"

static struct bench *b;

static inline int open_bench(void **state)
{
    (void)state;
    return bench_new(&notification_service, ":memory:", &b, NULL) ? -1 : 0;
}

static inline int close_bench(void **state)
{
    (void)state;
    bench_destroy(&b);
    return 0;
}

static inline struct slice s(const char *text)
{
    return slice_text(text);
}

static inline int32_t on(const char *text)
{
    int32_t day = 0;

    assert_int_equal(clock_day_parse(s(text), &day), ERR_NONE);
    return day;
}

/* Eight in the morning of that day. */
static inline int64_t at(const char *day)
{
    return clock_day_start_ms(on(day)) + 8 * 3600 * 1000;
}

#define FEED(who, province, id, kind, day, ...)                                                              \
    feed_answer(b, who, province, id, &kind##_kind, &(const struct kind)__VA_ARGS__, at(day), 1)

static const char a_hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static inline void adopt_rules(const char *name, const char *first_day, bool stops_clock)
{
    static const struct round_dates rounds[] = { { level_PROVINCE, 1, 430, 630, false },
                                                 { level_CENTRE, 1, 730, 930, false } };

    FEED("scoring", "00", name, rules_adopted, "2026-01-01",
         { .name = s(name),
           .hash = s(a_hash),
           .kind = rules_kind_RULE_SET,
           .has_first_day = true,
           .first_day = on(first_day),
           .has_rounds = true,
           .rounds = rounds,
           .rounds_count = 2,
           .has_commune_working_days = true,
           .commune_working_days = 15,
           .has_supplement_stops_clock = true,
           .supplement_stops_clock = stops_clock,
           .has_re_rating_days = true,
           .re_rating_days = 45,
           .has_transition_days = true,
           .transition_days = 60,
           .has_transition_re_rating_days = true,
           .transition_re_rating_days = 30,
           .has_near_days = true,
           .near_days = 7 });
}

static inline void adopt_calendar(void)
{
    const struct day_off days[] = { { on("2026-02-16") }, { on("2026-02-17") }, { on("2026-02-18") },
                                    { on("2026-02-19") }, { on("2026-02-20") }, { on("2026-04-27") },
                                    { on("2026-04-30") }, { on("2026-05-01") } };

    FEED("scoring", "00", "calendar", rules_adopted, "2026-01-01",
         { .name = s("vn-2026"),
           .hash = s(a_hash),
           .kind = rules_kind_CALENDAR,
           .has_days_off = true,
           .days_off = days,
           .days_off_count = sizeof days / sizeof days[0] });
}

static inline void day(const char *text)
{
    const struct day_started started = { on(text) };

    feed(b, "broker", "00", text, &day_started_kind, &started, clock_day_start_ms(started.day));
}

/* Let every day from the first to the last begin, and count what they announce. */
static inline size_t days(const char *first, const char *last)
{
    size_t outcomes = 0;

    for (int32_t d = on(first); d <= on(last); d++) {
        char text[CLOCK_DAY_TEXT + 1];

        clock_day_text(d, text);
        day(text);
        outcomes += bench_outcomes(b);
    }
    return outcomes;
}

static inline void quiet(const char *first, const char *last)
{
    const size_t outcomes = days(first, last);

    if (outcomes) fail_msg("%zu outcomes from %s to %s", outcomes, first, last);
}

/* --- what came of the last record --- */

/* Outcome i is that announcement ("neared" or "missed"), of that deadline. */
static inline void assert_announced(size_t i, const char *verb, const char *province, const char *what,
                                    const char *who, const char *due_before)
{
    struct envelope e;
    char topic[TOPIC_MAX + 1];

    snprintf(topic, sizeof topic, "notification.deadline.%s.%s", verb, province);
    assert_outcome(b, i, topic, &e);
    assert_data_text(&e, "what", what);
    assert_data_text(&e, "who", who);
    assert_data_text(&e, "due_before", due_before);
}

static inline void assert_told(size_t i, const char *recipient, const char *template_name)
{
    struct envelope e;
    struct slice topic;

    assert_int_equal(bench_outcome(b, i, &topic, &e), ERR_NONE);
    assert_true(slice_is(e.type, "notification.message.queued"));
    assert_data_text(&e, "recipient", recipient);
    assert_data_text(&e, "template", template_name);
}

static inline void assert_number(size_t i, const char *key, int64_t wanted)
{
    struct envelope e;
    struct slice topic;
    int64_t value = -1;

    assert_int_equal(bench_outcome(b, i, &topic, &e), ERR_NONE);
    assert_true(mp_i64(mp_find(&e.data, key), &value));
    assert_int_equal(value, wanted);
}

static inline void assert_outcomes(size_t count)
{
    assert_int_equal(bench_outcomes(b), count);
}

/* --- facts --- */

static inline void slip(const char *reference, const char *received_on)
{
    FEED("intake", "66", reference, slip_registered, received_on,
         { .reference = s(reference),
           .province = s("66"),
           .desk = desk_COMMUNE,
           .received_on = on(received_on),
           .has_commune_code = true,
           .commune_code = s("24175"),
           .rule_set = s("new") });
}

static inline void request(const char *reference, const char *asked_on, const char *due_before,
                           const char *owner)
{
    char id[64];

    snprintf(id, sizeof id, "%s-%s", reference, asked_on);
    FEED("intake", "66", id, request_registered, asked_on,
         { .reference = s(reference),
           .province = s("66"),
           .due_before = on(due_before),
           .has_owner = owner != NULL,
           .owner = s(owner),
           .reason = s("thiếu phiếu kiểm nghiệm") });
}

/* Its id is "d-" and the reference. */
struct handed {
    const char *reference, *accepted_on, *received_on, *proposed_on, *rule_set, *certificate;
    enum dossier_kind kind;
};

static inline void accepted(const struct handed *h)
{
    char id[64];

    snprintf(id, sizeof id, "d-%s", h->reference);
    FEED("intake", "66", id, dossier_accepted, h->accepted_on,
         { .reference = s(h->reference),
           .product = s("66-24175-1-2026"),
           .kind = h->kind,
           .name = s("Cà phê Mẫu"),
           .owner = s("HTX Mẫu"),
           .owner_kind = owner_kind_COOPERATIVE,
           .province = s("66"),
           .round = s("2026-1"),
           .rule_set = s(h->rule_set ? h->rule_set : "new"),
           .has_certificate = h->certificate != NULL,
           .certificate = s(h->certificate),
           .has_received_on = h->received_on != NULL,
           .received_on = h->received_on ? on(h->received_on) : 0,
           .has_proposed_on = h->proposed_on != NULL,
           .proposed_on = h->proposed_on ? on(h->proposed_on) : 0 });
}

static inline void rated(const char *reference, const char *day_of_result, enum level level, int64_t star)
{
    char dossier[64];

    snprintf(dossier, sizeof dossier, "d-%s", reference);
    FEED("scoring", "66", day_of_result, product_rated, day_of_result,
         { .dossier = s(dossier),
           .reference = s(reference),
           .product = s("66-24175-1-2026"),
           .name = s("Cà phê Mẫu"),
           .owner = s("HTX Mẫu"),
           .province = s("66"),
           .council = s("c"),
           .round = s("2026-1"),
           .level = level,
           .rule_set = s("new"),
           .rule_hash = s(a_hash),
           .sum_hundredths = 9000,
           .members = 1,
           .star = star,
           .star_by_points = star ? star : 3,
           .has_authority = true,
           .authority = star == 5 ? authority_MINISTRY : authority_PROVINCE,
           .term_months = 36 });
}

#endif
