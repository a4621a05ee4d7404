#include "services/broker/flusher.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct flusher {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news; /* in either direction */
    struct wal *wal;
    bool ending;
    atomic_bool busy; /* read without the lock, so that it costs nothing to look */
    enum err failed;
    struct why why;
};

static void *work(void *argument)
{
    struct flusher *f = argument;

    pthread_mutex_lock(&f->lock);
    for (;;) {
        struct why why = { 0 };
        enum err e;

        while (!f->busy && !f->ending)
            pthread_cond_wait(&f->news, &f->lock);
        if (!f->busy) break;
        pthread_mutex_unlock(&f->lock);
        e = wal_flush(f->wal, &why);
        pthread_mutex_lock(&f->lock);
        if (e && !f->failed) {
            f->failed = e;
            f->why = why;
        }
        f->busy = false;
        pthread_cond_broadcast(&f->news);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

enum err flusher_start(struct wal *wal, struct flusher **out, struct why *why)
{
    struct flusher *f = calloc(1, sizeof *f);
    pthread_condattr_t by_monotonic;

    if (!f) return ERR_NOMEM;
    f->wal = wal;
    pthread_mutex_init(&f->lock, NULL);
    pthread_condattr_init(&by_monotonic);
    pthread_condattr_setclock(&by_monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&f->news, &by_monotonic);
    pthread_condattr_destroy(&by_monotonic);
    if (pthread_create(&f->thread, NULL, work, f) != 0) {
        pthread_cond_destroy(&f->news);
        pthread_mutex_destroy(&f->lock);
        free(f);
        return why_set(why, ERR_NOMEM, "NOMEM", "the system gives no thread for flushing");
    }
    *out = f;
    return ERR_NONE;
}

void flusher_stop(struct flusher **out)
{
    struct flusher *f = *out;

    if (!f) return;
    pthread_mutex_lock(&f->lock);
    f->ending = true;
    pthread_cond_broadcast(&f->news);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    pthread_cond_destroy(&f->news);
    pthread_mutex_destroy(&f->lock);
    free(f);
    *out = NULL;
}

void flusher_begin(struct flusher *f)
{
    pthread_mutex_lock(&f->lock);
    f->busy = true;
    pthread_cond_broadcast(&f->news);
    pthread_mutex_unlock(&f->lock);
}

bool flusher_busy(struct flusher *f, int64_t us)
{
    struct timespec until;

    if (us == 0 || !f->busy) return f->busy;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += us % 1000000 * 1000;
    until.tv_sec += us / 1000000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&f->lock);
    while (f->busy && pthread_cond_timedwait(&f->news, &f->lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&f->lock);
    return f->busy;
}

enum err flusher_wait(struct flusher *f, struct why *why)
{
    enum err e;

    pthread_mutex_lock(&f->lock);
    while (f->busy)
        pthread_cond_wait(&f->news, &f->lock);
    e = f->failed;
    if (e && why) *why = f->why;
    pthread_mutex_unlock(&f->lock);
    return e;
}
