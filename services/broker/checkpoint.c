#include "services/broker/checkpoint.h"

#include "common/db.h"
#include "services/broker/worker.h"

#include <stdlib.h>

struct checkpoint {
    struct worker *worker;
    sqlite3 *db; /* the worker's own after the start */
    int from_pages;
    bool told; /* a pass was begun, and its end has not been seen */
};

enum { PASSES = 2 }; /* the first moves much, the second what came meanwhile */

/* SQLite flushes the file only with a pass that reaches the end of the WAL, which beside a busy writer is the
 * writer's own, and it would wait for all that was moved here. */
static enum err flush_file(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

    if (rc == SQLITE_OK && file && file->pMethods) rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    return rc == SQLITE_OK ? ERR_NONE : ERR_IO;
}

/* Being late or short of space leaves all data safe in the WAL. */
static enum err pass(void *context, struct why *why)
{
    struct checkpoint *c = context;
    struct why inner = { 0 };
    enum err e = ERR_NONE;

    for (int i = 0; !e && i < PASSES; i++) {
        e = db_checkpoint(c->db, SQLITE_CHECKPOINT_PASSIVE, &inner);
        if (e == ERR_AGAIN || e == ERR_FULL) return ERR_NONE;
        if (e) return why_set(why, e, "CHECKPOINT", "a checkpoint failed: %s", inner.sentence);
        e = flush_file(c->db);
        if (e) return why_set(why, e, "CHECKPOINT", "a flush of the log's file failed");
    }
    return e;
}

enum err checkpoint_start(const char *path, int from_pages, struct checkpoint **out, struct why *why)
{
    struct checkpoint *c = calloc(1, sizeof *c);
    enum err e;

    if (!c) return ERR_NOMEM;
    c->from_pages = from_pages;
    e = db_open(path, DB_WRITE, &c->db, why);
    if (!e && sqlite3_wal_autocheckpoint(c->db, 0) != SQLITE_OK) e = ERR_IO;
    if (!e) e = worker_start(pass, c, "checkpoints", &c->worker, why);
    *out = c;
    if (e) checkpoint_stop(out);
    return e;
}

void checkpoint_stop(struct checkpoint **out)
{
    struct checkpoint *c = *out;

    if (!c) return;
    worker_stop(&c->worker);
    db_close(&c->db);
    free(c);
    *out = NULL;
}

void checkpoint_tell(struct checkpoint *c, int wal_pages)
{
    /* Until the writer has done its part of the last pass: a new one would keep it from that. */
    if (wal_pages < c->from_pages || c->told) return;
    c->told = true;
    worker_begin(c->worker);
}

bool checkpoint_passed(struct checkpoint *c)
{
    const bool passed = c->told && !worker_busy(c->worker, 0);

    if (passed) c->told = false;
    return passed;
}

enum err checkpoint_state(struct checkpoint *c, struct why *why)
{
    return worker_busy(c->worker, 0) ? ERR_NONE : worker_wait(c->worker, why);
}
