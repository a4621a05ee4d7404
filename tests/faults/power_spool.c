/* power_spool.c - an image of a publisher's spool: its rows have their numbers without a gap, and what was
 * sent is in it. */
#include "common/record.h"
#include "services/cli/spool_inside.h"
#include "tests/faults/power.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static enum err check_rows(struct spool *sp, uint64_t *last, struct why *why)
{
    struct hash hash, noted;
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e =
        db_prepare(sp->db,
                   "SELECT number, topic, envelope, hash FROM entry WHERE epoch = (SELECT epoch FROM meta)"
                   " AND number IS NOT NULL ORDER BY number",
                   &s, why);

    memset(&hash, 0, sizeof hash);
    while (!e && !(e = db_step(s, &row)) && row) {
        hash = hash_running(&hash, ++*last, db_text(s, 1), db_bytes(s, 2));
        if (db_u64(s, 0) != *last || !db_hash(s, 3, &noted) || !hash_equal(&hash, &noted))
            e = why_set(why, ERR_CORRUPT, "SPOOL", "row %" PRIu64 " does not follow", *last);
    }
    sqlite3_finalize(s);
    return e;
}

const bool judge_in_turn = true;

void judge(const char *path, const char *argument, struct judged *out)
{
    struct spool *sp = NULL;
    struct why why = { 0 };
    char *text = NULL;
    size_t size = 0;
    FILE *dump = open_memstream(&text, &size);
    enum err e = spool_open(path, argument, &sp, &why);

    if (!dump) abort();
    *out = (struct judged){ .reached = 0 };
    if (!e) e = check_rows(sp, &out->reached, &why);
    if (!e) e = db_dump(sp->db, true, dump, &why);
    fclose(dump);
    if (!e) {
        const struct slice all = slice_of(text, size);

        out->state = hash_parts(&all, 1);
    }
    free(text);
    spool_close(&sp);
    if (e) snprintf(out->wrong, sizeof out->wrong, "%s: %s", err_name(e), why.sentence);
}

uint64_t judge_promise(const char *bytes, size_t size)
{
    const char *rest;
    size_t left;
    uint64_t first;

    if (!power_command(bytes, size, "PUBLISH", &rest, &left)) return 0;
    first = power_uint(&rest, &left);
    return first + power_uint(&rest, &left) - 1;
}
