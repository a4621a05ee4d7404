/* disk_spool.c - a spool that takes in rows, and hears of each batch that it is STORED. */
#include "services/cli/spool_inside.h"
#include "tests/faults/disk_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 100, BATCH = 5 };

static const struct slice topic = { "intake.plan.filed.06", 20 };

static enum err add(struct spool *sp, uint64_t n, struct why *why)
{
    char id[32], envelope[400];
    struct spool_row row = { .file = slice_text("f.csv"),
                             .type = slice_text("intake.plan.filed"),
                             .topic = topic,
                             .line = (int64_t)n,
                             .time_ms = (int64_t)n };
    bool added = false;

    memset(envelope, (int)('a' + n % 26), sizeof envelope);
    snprintf(id, sizeof id, "row-%" PRIu64, n);
    row.event = slice_text(id);
    row.envelope = slice_of(envelope, sizeof envelope);
    return spool_add(sp, &row, &added, why);
}

static enum err batch(struct spool *sp, uint64_t first, struct ran *out)
{
    enum err e = spool_begin(sp, &out->why);

    for (uint64_t n = first; !e && n < first + BATCH; n++)
        e = add(sp, n, &out->why);
    if (!e) e = spool_commit(sp, &out->why);
    if (e) {
        spool_rollback(sp);
        return e;
    }
    out->acked = sp->last; /* these are sent now */
    return spool_stored(sp, sp->last, &out->why);
}

void disk_run(const char *folder, struct ran *out)
{
    struct spool *sp = NULL;
    char path[100];

    snprintf(path, sizeof path, "%s/x.db", folder);
    out->ended = spool_open(path, "x", &sp, &out->why);
    if (!out->ended) sqlite3_wal_autocheckpoint(sp->db, 20);
    while (!out->ended && sp->last < ROWS)
        out->ended = batch(sp, sp->last + 1, out);
    spool_close(&sp);
}

void disk_look(const char *folder, const struct ran *ran, bool complete, char wrong[800])
{
    struct spool *sp = NULL;
    char path[100];
    struct why why = { 0 };
    enum err e;

    snprintf(path, sizeof path, "%s/x.db", folder);
    e = spool_open(path, "x", &sp, &why);
    if (e)
        snprintf(wrong, 800, "afterwards: %s %s", err_name(e), why.sentence);
    else if (sp->last < ran->acked)
        snprintf(wrong, 800, "%" PRIu64 " were sent, the spool knows %" PRIu64, ran->acked, sp->last);
    else if (complete && sp->last != ROWS)
        snprintf(wrong, 800, "the work did not come to its end: %" PRIu64, sp->last);
    spool_close(&sp);
}

bool disk_full_ends(void)
{
    return true; /* the command ends, and a person says it again */
}
