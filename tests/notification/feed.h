/* feed.h - hand one event to a bench as its publisher would have sent it. */
#ifndef TESTS_NOTIFICATION_FEED_H
#define TESTS_NOTIFICATION_FEED_H

#include "common/clock.h"
#include "common/mp.h"
#include "proto/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* One second past eight in the morning in Viet Nam. */
static inline int64_t morning_ms(int year, int month, int day)
{
    return clock_day_start_ms(clock_day_from_civil(year, month, day)) + 8 * 3600 * 1000 + 1000;
}

/* `cause_seq` 0: the event answers nothing. */
static inline void feed_answer(struct bench *b, const char *publisher, const char *province, const char *id,
                               const struct event_kind *kind, const void *event, int64_t at_ms,
                               uint64_t cause_seq)
{
    struct envelope e = { .id = slice_text(id),
                          .source = slice_text(publisher),
                          .type = slice_text(kind->type),
                          .subject = slice_text("test"),
                          .time_ms = at_ms };
    struct buf data = { 0 }, envelope = { 0 };
    struct why why = { 0 };
    char topic[TOPIC_MAX + 1];

    if (cause_seq) {
        e.cause = slice_text("cause");
        e.cause_seq = cause_seq;
        e.count = 1;
    }
    snprintf(topic, sizeof topic, "%s.%s", kind->type, province);
    if (codec_encode(kind, event, &data, &why)) fail_msg("%s: %s", kind->type, why.sentence);
    assert_int_equal(envelope_write(&e, buf_slice(&data), &envelope), ERR_NONE);
    assert_int_equal(bench_feed(b, publisher, topic, buf_slice(&envelope), at_ms), ERR_NONE);
    buf_fini(&data);
    buf_fini(&envelope);
}

static inline void feed(struct bench *b, const char *publisher, const char *province, const char *id,
                        const struct event_kind *kind, const void *event, int64_t at_ms)
{
    feed_answer(b, publisher, province, id, kind, event, at_ms, 0);
}

/* The type of the i-th outcome must be this. */
static inline void assert_outcome(struct bench *b, size_t i, const char *topic_wanted, struct envelope *out)
{
    struct slice topic;
    char text[TOPIC_MAX + 1];

    assert_int_equal(bench_outcome(b, i, &topic, out), ERR_NONE);
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(topic));
    assert_string_equal(text, topic_wanted);
}

static inline void assert_data_text(const struct envelope *e, const char *key, const char *wanted)
{
    struct slice value = { NULL, 0 };
    char text[1024];

    assert_true(mp_text(mp_find(&e->data, key), &value));
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(value));
    assert_string_equal(text, wanted);
}

#endif
