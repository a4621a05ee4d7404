/* memory_log.c - a broker without memory: opening its log, taking a message, committing, serving a follower.
 *
 * usage: memory_log MESSAGES
 *
 * The n-th allocation of a turn fails, for every n until the turn passes. Then the broker ends with NOMEM,
 * and the next one finds what was acknowledged; nothing is STORED that is not.
 */
#include "common/clock.h"
#include "common/frame.h"
#include "common/guard.h"
#include "common/logline.h"
#include "services/broker/broker.h"
#include "tests/faults/memory_shim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 3 };

static char folder[64], path[80];
static struct stamp_clocks now;
static uint64_t stored, last_seq; /* said by the broker */
static const struct bus_peer peer = { .size = 1, .id = { 'p' } };

static struct {
    uint64_t failures, stops, wrong;
} counts;

struct house {
    struct log *log;
    struct broker *broker;
    struct guard *guard;
};

/* What the port hears is read after the turn. */
static struct {
    char bytes[64];
    size_t size;
} heard;

static enum err hear(void *context, const struct bus_peer *to, struct slice bytes)
{
    (void)context;
    (void)to;
    if (bytes.size > sizeof heard.bytes ||
        memmem(bytes.data, bytes.size < 12 ? bytes.size : 12, "STORED", 6) == NULL)
        return ERR_NONE;
    memcpy(heard.bytes, bytes.data, bytes.size);
    heard.size = bytes.size;
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

static void note_heard(void)
{
    msgpack_zone *zone = msgpack_zone_new(1024);
    struct why why = { 0 };
    struct frame f;

    if (heard.size && zone && !frame_read(slice_of(heard.bytes, heard.size), zone, &f, &why)) {
        stored = f.number;
        last_seq = f.seq;
    }
    heard.size = 0;
    if (zone) msgpack_zone_free(zone);
}

static void complain(const char *where, long n, const char *what)
{
    if (counts.wrong++ < 5) printf("  %s, allocation %ld: %s\n", where, n, what);
}

static void shut(struct house *h)
{
    broker_destroy(&h->broker);
    guard_close(&h->guard);
    log_close(&h->log);
}

static enum err open_house(struct house *h, struct why *why)
{
    const struct log_settings log = { .path = path, .checkpoint_pages = 2000, .finish_pages = 8000 };
    const struct ports ports = { NULL, hear, hear_nothing };
    const struct guard_settings nobody = { .keys = "/nowhere", .policy = "" };
    const struct broker_settings settings = { .drain_events = 8192,
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
    enum err e = log_open(&log, &h->log, why);

    if (!e) e = guard_open(&nobody, &h->guard, why);
    if (!e) e = broker_new(&settings, h->log, h->guard, &ports, now, &h->broker, why);
    if (e) shut(h);
    return e;
}

static void open_starved(struct house *h)
{
    for (long n = 1;; n++) {
        struct why why = { 0 };
        bool failed;
        enum err e;

        memory_arm(n);
        e = open_house(h, &why);
        failed = memory_disarm();
        counts.failures += failed;
        if (!e) return;
        counts.stops++;
        if (e != ERR_NOMEM) complain("opening", n, err_name(e));
        if (!failed) exit(1);
    }
}

static enum err turn(struct house *h, const struct buf *frame, struct why *why)
{
    enum err e = broker_tick(h->broker, now, UINT64_C(1) << 40, why);

    if (!e) e = broker_take(h->broker, &peer, slice_text(""), buf_slice(frame), why);
    if (!e) e = broker_settle(h->broker, why);
    if (!e) e = broker_serve(h->broker, why);
    return e;
}

static void make(struct buf *hello, struct buf *follow, struct buf *publish, uint64_t first)
{
    const struct slice prefix = slice_text("intake.");

    buf_clear(hello);
    buf_clear(follow);
    buf_clear(publish);
    frame_hello(hello, slice_text("province-06"), 7);
    frame_follow(follow, 0, NULL, &prefix, 1, 50000);
    frame_publish_begin(publish, first, BATCH);
    for (int i = 0; i < BATCH; i++)
        frame_publish_add(publish, slice_text("intake.plan.filed.06"),
                          slice_of("\x81\xa1"
                                   "a\x01",
                                   4));
}

/* Said in three turns; a broker that ended is started again, and everything is said anew. */
static void say_starved(struct house *h, uint64_t first)
{
    static struct buf hello, follow, publish;
    const struct buf *const frames[] = { &hello, &follow, &publish };

    make(&hello, &follow, &publish, first);
    for (size_t i = 0; i < 3; i++) {
        for (long n = 1;; n++) {
            struct why why = { 0 };
            struct log_publisher there = { 0 };
            bool failed;
            enum err e;

            memory_arm(n);
            e = turn(h, frames[i], &why);
            failed = memory_disarm();
            note_heard();
            counts.failures += failed;
            if (!e) break;
            counts.stops++;
            if (e != ERR_NOMEM) complain("a turn", n, err_name(e));
            shut(h);
            if (open_house(h, &why)) exit(1);
            for (size_t again = 0; again < i; again++)
                if (turn(h, frames[again], &why)) exit(1);
            if (log_publisher(h->log, slice_text("province-06"), 7, &there, &why) || there.number < stored)
                complain("a turn", n, "something STORED is not there");
            if (!failed) return;
        }
    }
    buf_fini(&hello);
    buf_fini(&follow);
    buf_fini(&publish);
}

int main(int argc, char **argv)
{
    struct house h = { 0 };
    struct why why = { 0 };
    uint64_t records = 0, messages;
    const char *const endings[] = { "", "-wal", "-shm" };

    memory_install();
    if (argc != 2 || hash_init()) return 2;
    messages = strtoull(argv[1], NULL, 10);
    log_setup("test", LOG_ERROR);
    now = (struct stamp_clocks){ clock_day_start_ms(20000), 1000000 };
    strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/ocop-mem-XXXXXX" : "/tmp/ocop-mem-XXXXXX");
    if (!mkdtemp(folder)) return 2;
    snprintf(path, sizeof path, "%s/log.db", folder);
    open_starved(&h);
    for (uint64_t i = 0; i < messages; i++) {
        now.wall_ms += 1500;
        now.monotonic_ms += 1500;
        say_starved(&h, i * BATCH + 1);
        if (stored != (i + 1) * BATCH) complain("a message", (long)i, "not STORED in the end");
    }
    shut(&h);
    if (log_verify(path, &records, &why) || records < last_seq) complain("the log", 0, why.sentence);
    open_starved(&h);
    shut(&h);
    printf("memory: injections=%" PRIu64 " stops=%" PRIu64 " acknowledged=%" PRIu64 " wrong=%" PRIu64 "\n",
           counts.failures, counts.stops, stored, counts.wrong);
    for (size_t i = 0; i < 3; i++) {
        char name[100];

        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    rmdir(folder);
    return counts.wrong ? 1 : 0;
}
