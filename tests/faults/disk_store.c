/* disk_store.c - a service (intake) that applies the same records, from wherever its cursor is. */
#include "common/clock.h"
#include "common/envelope.h"
#include "common/loop_inside.h"
#include "services/intake/handler.h"
#include "tests/faults/disk_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS = 120 };

static struct hash reference; /* of the store's dump after a run without failures */
static bool has_reference;

static void make_plan(uint64_t n, struct buf *data, struct buf *bytes)
{
    char id[32], title[300];
    msgpack_packer p;

    memset(title, 'x', sizeof title);
    snprintf(id, sizeof id, "plan-%" PRIu64, n);
    msgpack_packer_init(&p, data, buf_pack_write);
    msgpack_pack_map(&p, 6);
    buf_pack_text(&p, "province");
    buf_pack_text(&p, "06");
    buf_pack_text(&p, "title");
    buf_pack_str(&p, slice_of(title, sizeof title));
    buf_pack_text(&p, "year_from");
    msgpack_pack_uint64(&p, 2018 + n % 80);
    buf_pack_text(&p, "year_to");
    msgpack_pack_uint64(&p, 2018 + n % 80);
    buf_pack_text(&p, "products");
    msgpack_pack_uint64(&p, n);
    buf_pack_text(&p, "budget_vnd");
    msgpack_pack_uint64(&p, n);
    const struct envelope e = {
        .id = slice_text(id), .source = slice_text("x"), .type = slice_text("intake.plan.filed"), .time_ms = 1
    };
    if (envelope_write(&e, buf_slice(data), bytes)) abort();
}

/* As the loop does: apply, put the outcome into the outbox, commit; sometimes what was sent is STORED. */
static enum err feed(struct fold *f, uint64_t seq)
{
    struct buf data = { 0 }, bytes = { 0 };
    struct record r = { .seq = seq,
                        .at_ms = clock_day_start_ms(20000) + (int64_t)seq,
                        .publisher = slice_text("x"),
                        .topic = slice_text("intake.plan.filed.06"),
                        .epoch = 1,
                        .number = seq };
    struct why why = { 0 };
    enum err e;

    make_plan(seq, &data, &bytes);
    r.envelope = buf_slice(&bytes);
    r.chain = hash_chain(&f->chain, r.seq, r.at_ms, r.publisher, r.epoch, r.number, r.topic, r.envelope);
    e = fold_begin(f);
    if (!e) e = fold_take(f, &r, &why);
    if (!e && seq % 7 == 0) e = fold_forget(f, f->number, &f->hash);
    if (!e) e = fold_commit(f);
    if (e) fold_rollback(f);
    buf_fini(&data);
    buf_fini(&bytes);
    return e;
}

void disk_run(const char *folder, struct ran *out)
{
    struct fold f;
    char path[100];
    bool rebuilt = false;

    snprintf(path, sizeof path, "%s/x.db", folder);
    out->ended = fold_open(&f, &intake_service, path, &rebuilt, &out->why);
    if (out->ended) return;
    sqlite3_wal_autocheckpoint(f.db, 20);
    while (!out->ended && f.seq < RECORDS) {
        out->ended = feed(&f, f.seq + 1);
        if (!out->ended) out->acked = f.number; /* what is committed may be published */
    }
    /* The loop logs its error's own sentence where there is no better one. */
    if (out->ended) (void)why_set(&out->why, out->ended, "STORE", "%s", err_sentence(out->ended));
    fold_close(&f);
}

void disk_look(const char *folder, const struct ran *ran, bool complete, char wrong[800])
{
    struct fold f;
    char path[100], *text = NULL;
    struct why why = { 0 };
    bool rebuilt = false;
    size_t size = 0;
    FILE *dump = open_memstream(&text, &size);
    enum err e;

    if (!dump) abort();
    snprintf(path, sizeof path, "%s/x.db", folder);
    e = fold_open(&f, &intake_service, path, &rebuilt, &why);
    if (!e) e = db_dump(f.db, true, dump, &why);
    fclose(dump);
    if (e) {
        snprintf(wrong, 800, "afterwards: %s %s", err_name(e), why.sentence);
    } else if (f.number < ran->acked) {
        snprintf(wrong, 800, "%" PRIu64 " were published, the store knows %" PRIu64, ran->acked, f.number);
    } else if (complete) {
        const struct slice all = slice_of(text, size);
        const struct hash now = hash_parts(&all, 1);

        if (!has_reference) reference = now;
        has_reference = true;
        if (!hash_equal(&now, &reference)) snprintf(wrong, 800, "another store than without failures");
    }
    free(text);
    if (!e) fold_close(&f);
}

bool disk_full_ends(void)
{
    return true; /* a service ends, and its supervisor starts it again */
}
