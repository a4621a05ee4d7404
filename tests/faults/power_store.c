/* power_store.c - an image of a service's store: cursor, outbox and the service's own tables are of one
 * moment, and what it published is in it under its number. Built once for each service, whose description is
 * OCOP_SERVICE. */
#include "common/loop_inside.h"
#include "tests/faults/power.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct service OCOP_SERVICE;

/* The rows behind `published` lead, number by number and hash by hash, to what the cursor says. */
static enum err check_outbox(struct fold *f, struct why *why)
{
    struct hash hash = f->published_hash, noted;
    uint64_t number = f->published;
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e =
        db_prepare(f->db, "SELECT number, topic, envelope, hash FROM outbox ORDER BY number", &s, why);

    while (!e && !(e = db_step(s, &row)) && row) {
        if (db_u64(s, 0) <= f->published) continue;
        hash = hash_running(&hash, ++number, db_text(s, 1), db_bytes(s, 2));
        if (db_u64(s, 0) != number || !db_hash(s, 3, &noted) || !hash_equal(&hash, &noted))
            e = why_set(why, ERR_CORRUPT, "OUTBOX", "outbox row %" PRIu64 " does not follow", number);
    }
    sqlite3_finalize(s);
    if (!e && (number != f->number || !hash_equal(&hash, &f->hash)))
        e = why_set(why, ERR_CORRUPT, "OUTBOX", "the outbox ends at %" PRIu64 ", the cursor at %" PRIu64,
                    number, f->number);
    return e;
}

const bool judge_in_turn = true;

void judge(const char *path, const char *argument, struct judged *out)
{
    struct fold f;
    struct why why = { 0 };
    bool rebuilt = false;
    char *text = NULL;
    size_t size = 0;
    FILE *dump = open_memstream(&text, &size);
    enum err e = fold_open(&f, &OCOP_SERVICE, path, &rebuilt, &why);

    (void)argument;
    if (!dump) abort();
    *out = (struct judged){ .reached = 0 };
    if (!e && rebuilt) e = why_set(&why, ERR_CORRUPT, "REBUILT", "taken for a store of another program");
    if (!e) e = check_outbox(&f, &why);
    if (!e) e = db_dump(f.db, true, dump, &why);
    if (!e) out->reached = f.number;
    fclose(dump);
    if (!e) {
        const struct slice all = slice_of(text, size);

        out->state = hash_parts(&all, 1);
    }
    free(text);
    if (f.db) fold_close(&f);
    if (e) snprintf(out->wrong, sizeof out->wrong, "%s: %s", err_name(e), why.sentence);
}

/* PUBLISH(first number, events). */
uint64_t judge_promise(const char *bytes, size_t size)
{
    const char *rest;
    size_t left;
    uint64_t first;

    if (!power_command(bytes, size, "PUBLISH", &rest, &left)) return 0;
    first = power_uint(&rest, &left);
    return first + power_uint(&rest, &left) - 1;
}
