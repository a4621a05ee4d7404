#include "services/broker/checkpoint.h"

#include "common/db.h"

#include <pthread.h>
#include <stdlib.h>

struct checkpoint {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    sqlite3 *db; /* the thread's own after the start */
    int from_pages;
    bool due, passed, ending;
    enum err failed;
    struct why why;
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
static enum err pass(struct checkpoint *c, struct why *why)
{
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

static void *work(void *argument)
{
    struct checkpoint *c = argument;

    pthread_mutex_lock(&c->lock);
    while (!c->ending) {
        struct why why = { 0 };
        enum err e;

        if (!c->due) {
            pthread_cond_wait(&c->news, &c->lock);
            continue;
        }
        pthread_mutex_unlock(&c->lock);
        e = pass(c, &why);
        pthread_mutex_lock(&c->lock);
        c->due = false;
        c->passed = true;
        if (e) {
            c->failed = e;
            c->why = why;
            break;
        }
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

enum err checkpoint_start(const char *path, int from_pages, struct checkpoint **out, struct why *why)
{
    struct checkpoint *c = calloc(1, sizeof *c);
    enum err e;

    if (!c) return ERR_NOMEM;
    c->from_pages = from_pages;
    e = db_open(path, DB_WRITE, &c->db, why);
    if (!e && sqlite3_wal_autocheckpoint(c->db, 0) != SQLITE_OK) e = ERR_IO;
    if (e) {
        db_close(&c->db);
        free(c);
        return e;
    }
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->news, NULL);
    if (pthread_create(&c->thread, NULL, work, c) != 0) {
        pthread_cond_destroy(&c->news);
        pthread_mutex_destroy(&c->lock);
        db_close(&c->db);
        free(c);
        return why_set(why, ERR_NOMEM, "NOMEM", "the system gives no thread for checkpoints");
    }
    *out = c;
    return ERR_NONE;
}

void checkpoint_stop(struct checkpoint **out)
{
    struct checkpoint *c = *out;

    if (!c) return;
    pthread_mutex_lock(&c->lock);
    c->ending = true;
    pthread_cond_signal(&c->news);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->news);
    pthread_mutex_destroy(&c->lock);
    db_close(&c->db);
    free(c);
    *out = NULL;
}

void checkpoint_tell(struct checkpoint *c, int wal_pages)
{
    if (wal_pages < c->from_pages) return;
    pthread_mutex_lock(&c->lock);
    /* Until the writer has done its part of the last pass: a new one would keep it from that. */
    if (!c->passed && !c->due) {
        c->due = true;
        pthread_cond_signal(&c->news);
    }
    pthread_mutex_unlock(&c->lock);
}

bool checkpoint_passed(struct checkpoint *c)
{
    bool passed;

    pthread_mutex_lock(&c->lock);
    passed = c->passed;
    c->passed = false;
    pthread_mutex_unlock(&c->lock);
    return passed;
}

enum err checkpoint_state(struct checkpoint *c, struct why *why)
{
    enum err e;

    pthread_mutex_lock(&c->lock);
    e = c->failed;
    if (e && why) *why = c->why;
    pthread_mutex_unlock(&c->lock);
    return e;
}
