/* status.c - what the broker tells about itself. */
#include "common/clock.h"
#include "services/broker/turn.h"

static void pack_number(msgpack_packer *p, const char *name, uint64_t value)
{
    buf_pack_text(p, name);
    msgpack_pack_uint64(p, value);
}

static void pack_flag(msgpack_packer *p, const char *name, bool value)
{
    buf_pack_text(p, name);
    if (value)
        msgpack_pack_true(p);
    else
        msgpack_pack_false(p);
}

enum err status_answer(struct broker *b, struct buf *out)
{
    int64_t since_ms = b->now.monotonic_ms - b->settings.silent_ms;
    struct log_head head = log_durable(b->log);
    char day[CLOCK_DAY_TEXT + 1] = "";
    msgpack_packer p;

    if (head.seq) clock_day_text(clock_day_of(head.at_ms), day);
    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_map(&p, 18);
    buf_pack_text(&p, "service");
    buf_pack_text(&p, "broker");
    pack_number(&p, "head", head.seq);
    pack_number(&p, "at_ms", (uint64_t)stamp_now(&b->stamp));
    buf_pack_text(&p, "day");
    buf_pack_text(&p, day);
    pack_flag(&p, "rehearsal", b->stamp.rehearsal);
    pack_flag(&p, "clock_stopped", stamp_stopped(&b->stamp));
    pack_number(&p, "publishers", sessions_publishers(&b->sessions, since_ms));
    pack_number(&p, "followers", sessions_followers(&b->sessions, since_ms));
    pack_number(&p, "refusals", b->refusals_ever);
    pack_flag(&p, "disk_low", b->space.warned);
    pack_flag(&p, "disk_full", b->space.stopped || b->space.refused);
    pack_flag(&p, "wal_full", b->space.wal_full);
    pack_number(&p, "connections", b->visits.open);
    pack_number(&p, "strangers", b->visits.failed);
    pack_number(&p, "denied", b->denied);
    pack_number(&p, "log_bytes", log_bytes(b->log));
    pack_number(&p, "wal_bytes", log_wal_bytes(b->log));
    pack_number(&p, "free_bytes", b->space.free_bytes);
    return out->failed;
}
