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

/* Being late or short of space leaves all data safe in the WAL. */
static enum err pass(struct checkpoint *c, struct why *why)
{
    struct why inner = { 0 };
    enum err e = db_checkpoint(c->db, SQLITE_CHECKPOINT_PASSIVE, &inner);

    if (e == ERR_AGAIN || e == ERR_FULL) return ERR_NONE;
    return e ? why_set(why, e, "CHECKPOINT", "a checkpoint failed: %s", inner.sentence) : ERR_NONE;
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
    c->due = true;
    pthread_cond_signal(&c->news);
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
