/* disk_log.c - a broker with one publisher, which sends a refused message again. */
#include "common/clock.h"
#include "common/frame.h"
#include "common/guard.h"
#include "services/broker/broker.h"
#include "tests/faults/disk_check.h"
#include "tests/faults/fault_vfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 300, BATCH = 5, TRIES = 5, PAD = 400 };

static const char publisher[] = "province-06";

/* What the broker said last, by its word. */
struct heard {
    bool stored, refused, welcomed;
    uint64_t number;
};

static enum err hear(void *context, const struct bus_peer *peer, struct slice bytes)
{
    struct heard *h = context;
    msgpack_zone *zone = msgpack_zone_new(4096);
    struct why why = { 0 };
    struct frame f;

    (void)peer;
    if (!zone || frame_read(bytes, zone, &f, &why)) abort();
    h->stored |= f.command == FRAME_STORED;
    h->refused |= f.command == FRAME_REFUSED;
    h->welcomed |= f.command == FRAME_WELCOME;
    if (f.command == FRAME_STORED || f.command == FRAME_WELCOME) h->number = f.number;
    msgpack_zone_free(zone);
    return ERR_NONE;
}

static enum err hear_nothing(void *context, struct slice topic, struct slice place, struct slice envelope)
{
    (void)context;
    (void)topic;
    (void)place;
    (void)envelope;
    return ERR_NONE;
}

static enum err turn(struct broker *b, struct stamp_clocks *now, const struct buf *frame, struct why *why)
{
    const struct bus_peer peer = { .size = 1, .id = { 'p' } };
    enum err e;

    now->wall_ms += 1500;
    now->monotonic_ms += 1500;
    e = broker_tick(b, *now, UINT64_C(1) << 40, why);
    if (!e && frame) e = broker_take(b, &peer, slice_text(""), buf_slice(frame), why);
    if (!e) e = broker_settle(b, why);
    if (!e) e = broker_serve(b, why);
    return e;
}

static void make_publish(struct buf *frame, uint64_t first)
{
    char envelope[PAD + 8];

    frame_publish_begin(frame, first, BATCH);
    for (uint64_t i = first; i < first + BATCH; i++) {
        int size = snprintf(envelope, sizeof envelope, "\x81\xa1n\xda\x01\x90%0400" PRIu64,
                            i); /* a map {n: 400 digits} */

        frame_publish_add(frame, slice_text("intake.plan.filed.06"), slice_of(envelope, (size_t)size));
    }
}

/* Publish until everything is stored. */
static enum err publish_all(struct broker *b, struct heard *h, struct stamp_clocks *now, struct ran *out)
{
    struct buf frame = { 0 };
    int tries = 0;
    enum err e;

    frame_hello(&frame, slice_text(publisher), 7);
    e = turn(b, now, &frame, &out->why);
    buf_fini(&frame);
    while (!e && h->number < EVENTS && tries < TRIES) {
        const bool failed = fault_struck_here() > 0;

        h->stored = h->refused = false;
        make_publish(&frame, h->number + 1);
        e = turn(b, now, &frame, &out->why);
        buf_fini(&frame);
        if (h->stored) {
            out->acked = h->number;
            out->acked_behind |= failed;
            tries = 0;
        }
        if (h->refused) out->refused++;
        if (!h->stored) tries++;
    }
    return e;
}

static struct broker_settings settings_of(void)
{
    return (struct broker_settings){ .drain_events = 8192,
                                     .drain_bytes = 4 << 20,
                                     .publish_events = 1000,
                                     .sessions = 4,
                                     .followers = 3,
                                     .prefixes = 8,
                                     .silent_ms = 30000,
                                     .follow_records = 1000,
                                     .follow_bytes = 512 * 1024,
                                     .follow_bites = 8,
                                     .head_ms = 1000,
                                     .wal_most_bytes = 1 << 30,
                                     .warn_bytes = 1 << 20,
                                     .stop_bytes = 1 << 10 };
}

void disk_run(const char *folder, struct ran *out)
{
    char path[100];
    const struct log_settings log_settings = { path, 20, 40, 2 };
    const struct broker_settings settings = settings_of();
    struct heard heard = { 0 };
    const struct ports ports = { &heard, hear, hear_nothing };
    const struct guard_settings nobody = { .keys = folder, .policy = "" };
    struct stamp_clocks now = { clock_day_start_ms(20000), 1000000 };
    struct guard *guard = NULL;
    struct broker *b = NULL;
    struct log *log = NULL;

    snprintf(path, sizeof path, "%s/x.db", folder);
    out->ended = log_open(&log_settings, &log, &out->why);
    if (!out->ended) {
        if (log_head(log).at_ms > now.wall_ms) now.wall_ms = log_head(log).at_ms;
        out->ended = guard_open(&nobody, &guard, &out->why);
        if (!out->ended) out->ended = broker_new(&settings, log, guard, &ports, now, &b, &out->why);
    }
    out->ready = !out->ended && fault_struck() == 0;
    if (!out->ended) out->ended = publish_all(b, &heard, &now, out);
    broker_destroy(&b);
    guard_close(&guard);
    log_close(&log);
}

void disk_look(const char *folder, const struct ran *ran, bool complete, char wrong[800])
{
    char path[100];
    const struct log_settings settings = { .path = path, .checkpoint_pages = 2000, .finish_pages = 8000 };
    struct log_publisher known = { 0 };
    struct log *log = NULL;
    struct why why = { 0 };
    uint64_t records = 0;
    enum err e;

    snprintf(path, sizeof path, "%s/x.db", folder);
    e = log_open(&settings, &log, &why);
    if (!e) e = log_publisher(log, slice_text(publisher), 7, &known, &why);
    log_close(&log);
    if (!e) e = log_verify(path, &records, &why);
    if (e)
        snprintf(wrong, 800, "afterwards: %s", why.sentence);
    else if (known.number < ran->acked)
        snprintf(wrong, 800, "%" PRIu64 " were acknowledged, %" PRIu64 " are there", ran->acked,
                 known.number);
    else if (complete && known.number != EVENTS)
        snprintf(wrong, 800, "the work did not come to its end: %" PRIu64, known.number);
}

bool disk_full_ends(void)
{
    return false;
}
