/* bed.h - a broker on a real log, with ports that listen instead of sockets: tests only. */
#ifndef TESTS_BROKER_BED_H
#define TESTS_BROKER_BED_H

#include "common/clock.h"
#include "common/frame.h"
#include "common/logline.h"
#include "services/broker/broker.h"
#include "tests/broker/faulty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { SAID_MAX = 4096, LIVE_MAX = 16384 };

struct said {
    struct bus_peer peer;
    struct slice bytes;
    int syncs; /* flushes until then */
};

struct bed {
    char folder[64], path[96];
    char keys[96], policy[96]; /* certificates and policy; empty at first: everybody is local */
    struct broker_settings settings;
    struct log *log;
    struct guard *guard;
    struct broker *broker;
    struct stamp_clocks now;
    uint64_t free_bytes;
    msgpack_zone *zone; /* everything that was said, and frames read from it */
    struct said said[SAID_MAX];
    size_t said_count;
    struct {
        char topic[TOPIC_MAX + 1];
        uint64_t seq, at_ms, previous;
    } live[LIVE_MAX];
    size_t live_count;
    enum err send_result; /* what the port answers */
    struct slice as;      /* the key of who speaks next; empty: local */
    char envelope[64];
    size_t envelope_size;
};

static inline struct slice bed_keep(struct bed *bed, struct slice bytes)
{
    char *copy = msgpack_zone_malloc(bed->zone, bytes.size ? bytes.size : 1);

    assert_non_null(copy);
    if (bytes.size) memcpy(copy, bytes.data, bytes.size);
    return slice_of(copy, bytes.size);
}

static inline enum err bed_send(void *context, const struct bus_peer *peer, struct slice bytes)
{
    struct bed *bed = context;

    if (bed->send_result) return bed->send_result;
    assert_true(bed->said_count < SAID_MAX);
    bed->said[bed->said_count++] = (struct said){ *peer, bed_keep(bed, bytes), atomic_load(&faulty.syncs) };
    return ERR_NONE;
}

static inline uint64_t bed_u64(struct slice place, size_t at)
{
    uint64_t value = 0;

    for (size_t i = 0; i < 8; i++)
        value = value << 8 | (uint8_t)place.data[at + i];
    return value;
}

static inline enum err bed_publish(void *context, struct slice topic, struct slice place,
                                   struct slice envelope)
{
    struct bed *bed = context;

    (void)envelope;
    if (slice_is(topic, "bus.head")) return ERR_NONE;
    assert_true(bed->live_count < LIVE_MAX);
    assert_int_equal(place.size, 24);
    snprintf(bed->live[bed->live_count].topic, TOPIC_MAX + 1, "%.*s", SLICE_ARG(topic));
    bed->live[bed->live_count].seq = bed_u64(place, 0);
    bed->live[bed->live_count].at_ms = bed_u64(place, 8);
    bed->live[bed->live_count].previous = bed_u64(place, 16);
    bed->live_count++;
    return ERR_NONE;
}

static inline void bed_open(struct bed *bed)
{
    const struct log_settings log = { .path = bed->path, .checkpoint_pages = 2000, .finish_pages = 8000 };
    const struct ports ports = { bed, bed_send, bed_publish };
    const struct guard_settings guard = { .keys = bed->keys, .policy = bed->policy };
    struct why why = { 0 };

    if (log_open(&log, &bed->log, &why)) fail_msg("%s", why.sentence);
    if (guard_open(&guard, &bed->guard, &why)) fail_msg("%s", why.sentence);
    if (broker_new(&bed->settings, bed->log, bed->guard, &ports, bed->now, &bed->broker, &why))
        fail_msg("%s", why.sentence);
}

static inline void bed_shut(struct bed *bed)
{
    broker_destroy(&bed->broker);
    guard_close(&bed->guard);
    log_close(&bed->log);
}

/* A turn without messages: what is due by the clock, and whatever was taken before. */
static inline enum err bed_turn(struct bed *bed)
{
    struct why why = { 0 };
    enum err e = broker_tick(bed->broker, bed->now, bed->free_bytes, &why);

    if (!e) e = broker_settle(bed->broker, &why);
    if (!e) e = broker_serve(bed->broker, &why);
    return e;
}

static inline int bed_setup(void **state)
{
    static const char map[] = "\x81\xa1"
                              "a\x01";
    struct bed *bed = calloc(1, sizeof *bed);
    int32_t noon_day = clock_day_from_civil(2026, 3, 2);

    log_setup("test", LOG_ERROR);
    faulty_install();
    strcpy(bed->folder, "/tmp/ocop-brk-XXXXXX");
    assert_non_null(mkdtemp(bed->folder));
    snprintf(bed->path, sizeof bed->path, "%s/log.db", bed->folder);
    bed->zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    memcpy(bed->envelope, map, sizeof map - 1);
    bed->envelope_size = sizeof map - 1;
    bed->free_bytes = UINT64_C(1) << 40;
    bed->now = (struct stamp_clocks){ clock_day_start_ms(noon_day) + 12 * STAMP_HOUR_MS, 1000000 };
    bed->settings = (struct broker_settings){ .drain_events = 8192,
                                              .drain_bytes = 4 << 20,
                                              .drain_ahead = 100,
                                              .publish_events = 1000,
                                              .sessions = 4,
                                              .followers = 3,
                                              .sessions_of_key = 4,
                                              .followers_of_key = 3,
                                              .prefixes = 8,
                                              .silent_ms = 30000,
                                              .follow_records = 1000,
                                              .follow_bytes = 512 * 1024,
                                              .follow_bites = 8,
                                              .head_ms = 1000,
                                              .wal_most_bytes = 1 << 30,
                                              .warn_bytes = 1 << 20,
                                              .stop_bytes = 1 << 10 };
    bed_open(bed);
    *state = bed;
    return 0;
}

static inline int bed_teardown(void **state)
{
    struct bed *bed = *state;
    const char *const suffixes[] = { "", "-wal", "-shm" };

    faulty_heal();
    bed_shut(bed);
    for (size_t i = 0; i < 3; i++) {
        char name[128];

        snprintf(name, sizeof name, "%s%s", bed->path, suffixes[i]);
        unlink(name);
    }
    rmdir(bed->folder);
    msgpack_zone_free(bed->zone);
    free(bed);
    return 0;
}

/* --- saying --- */

static inline struct bus_peer bed_peer(char name)
{
    return (struct bus_peer){ .size = 1, .id = { name } };
}

/* The bytes must live until the turn's end, as frames do. */
static inline void bed_say_with(struct bed *bed, char peer, struct slice key, struct buf *frame)
{
    const struct bus_peer who = bed_peer(peer);
    struct why why = { 0 };

    assert_int_equal(frame->failed, ERR_NONE);
    if (broker_take(bed->broker, &who, key, bed_keep(bed, buf_slice(frame)), &why))
        fail_msg("%s", why.sentence);
    buf_fini(frame);
}

static inline void bed_say(struct bed *bed, char peer, struct buf *frame)
{
    bed_say_with(bed, peer, bed->as, frame);
}

static inline void say_hello(struct bed *bed, char peer, const char *publisher, uint64_t epoch)
{
    struct buf frame = { 0 };

    frame_hello(&frame, slice_text(publisher), epoch);
    bed_say(bed, peer, &frame);
}

static inline void say_publish_topic(struct bed *bed, char peer, uint64_t first, size_t count,
                                     const char *topic)
{
    struct buf frame = { 0 };

    frame_publish_begin(&frame, first, count);
    for (size_t i = 0; i < count; i++)
        frame_publish_add(&frame, slice_text(topic), slice_of(bed->envelope, bed->envelope_size));
    bed_say(bed, peer, &frame);
}

static inline void say_publish(struct bed *bed, char peer, uint64_t first, size_t count)
{
    say_publish_topic(bed, peer, first, count, "intake.dossier.filed.06");
}

static inline void say_follow(struct bed *bed, char peer, uint64_t after, const struct hash *chain,
                              const char *prefix, uint64_t credit)
{
    const struct slice prefixes[1] = { slice_text(prefix) };
    struct buf frame = { 0 };

    frame_follow(&frame, after, chain, prefixes, prefix ? 1 : 0, credit);
    bed_say(bed, peer, &frame);
}

static inline void say_credit(struct bed *bed, char peer, uint64_t n)
{
    struct buf frame = { 0 };

    frame_credit(&frame, n);
    bed_say(bed, peer, &frame);
}

static inline void say_clock(struct bed *bed, char peer, const char *day)
{
    struct buf frame = { 0 };

    frame_clock(&frame, slice_text(day));
    bed_say(bed, peer, &frame);
}

/* --- hearing --- */

/* The next thing said to `peer` that was not heard yet; command FRAME_NONE when there is nothing. */
static inline struct frame hear(struct bed *bed, char peer)
{
    struct frame f = { 0 };

    for (size_t i = 0; i < bed->said_count; i++) {
        struct why why = { 0 };

        if (bed->said[i].peer.size != 1 || bed->said[i].peer.id[0] != peer) continue;
        bed->said[i].peer.size = 0;
        if (frame_read(bed->said[i].bytes, bed->zone, &f, &why)) fail_msg("%s", why.sentence);
        return f;
    }
    return f;
}

static inline void hears_nothing(struct bed *bed, char peer)
{
    assert_int_equal(hear(bed, peer).command, FRAME_NONE);
}

static inline void hears_refused(struct bed *bed, char peer, uint64_t number, const char *code)
{
    struct frame f = hear(bed, peer);

    assert_int_equal(f.command, FRAME_REFUSED);
    if (!slice_is(f.code, code))
        fail_msg("%.*s instead of %s: %.*s", SLICE_ARG(f.code), code, SLICE_ARG(f.sentence));
    assert_int_equal(f.number, number);
}

static inline void hears_stored(struct bed *bed, char peer, uint64_t number)
{
    struct frame f = hear(bed, peer);

    if (f.command == FRAME_REFUSED) fail_msg("refused: %.*s", SLICE_ARG(f.sentence));
    assert_int_equal(f.command, FRAME_STORED);
    assert_int_equal(f.number, number);
}

static inline void hears_welcome(struct bed *bed, char peer, uint64_t number)
{
    struct frame f = hear(bed, peer);

    assert_int_equal(f.command, FRAME_WELCOME);
    assert_int_equal(f.number, number);
}

/* EVENTS; how many records, and in *last the last one. */
static inline size_t hears_events(struct bed *bed, char peer, struct frame *f, struct record *last)
{
    *f = hear(bed, peer);
    assert_int_equal(f->command, FRAME_EVENTS);
    for (size_t i = 0; i < f->list.via.array.size; i++)
        assert_int_equal(frame_record(f, i, last, NULL), ERR_NONE);
    return f->list.via.array.size;
}

/* A publisher that said HELLO and was welcomed. */
static inline void bed_join(struct bed *bed, char peer, const char *publisher)
{
    say_hello(bed, peer, publisher, 0);
    assert_int_equal(bed_turn(bed), ERR_NONE);
    assert_int_equal(hear(bed, peer).command, FRAME_WELCOME);
}

#endif
