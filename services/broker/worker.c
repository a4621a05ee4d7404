#include "services/broker/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct worker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news; /* in either direction */
    worker_task task;
    void *context;
    bool ending;
    atomic_bool busy; /* read without the lock, so that it costs nothing to look */
    enum err failed;
    struct why why;
};

static void *work(void *argument)
{
    struct worker *w = argument;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        struct why why = { 0 };
        enum err e;

        while (!w->busy && !w->ending)
            pthread_cond_wait(&w->news, &w->lock);
        if (!w->busy) break;
        pthread_mutex_unlock(&w->lock);
        e = w->task(w->context, &why);
        pthread_mutex_lock(&w->lock);
        if (e && !w->failed) {
            w->failed = e;
            w->why = why;
        }
        w->busy = false;
        pthread_cond_broadcast(&w->news);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

enum err worker_start(worker_task task, void *context, const char *name, struct worker **out, struct why *why)
{
    struct worker *w = calloc(1, sizeof *w);
    pthread_condattr_t by_monotonic;

    if (!w) return ERR_NOMEM;
    w->task = task;
    w->context = context;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&by_monotonic);
    pthread_condattr_setclock(&by_monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->news, &by_monotonic);
    pthread_condattr_destroy(&by_monotonic);
    if (pthread_create(&w->thread, NULL, work, w) != 0) {
        pthread_cond_destroy(&w->news);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return why_set(why, ERR_NOMEM, "NOMEM", "the system gives no thread for %s", name);
    }
    *out = w;
    return ERR_NONE;
}

void worker_stop(struct worker **out)
{
    struct worker *w = *out;

    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_broadcast(&w->news);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->news);
    pthread_mutex_destroy(&w->lock);
    free(w);
    *out = NULL;
}

void worker_begin(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->busy = true;
    pthread_cond_broadcast(&w->news);
    pthread_mutex_unlock(&w->lock);
}

bool worker_busy(struct worker *w, int64_t us)
{
    struct timespec until;

    if (us == 0 || !w->busy) return w->busy;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += us % 1000000 * 1000;
    until.tv_sec += us / 1000000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&w->lock);
    while (w->busy && pthread_cond_timedwait(&w->news, &w->lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&w->lock);
    return w->busy;
}

enum err worker_wait(struct worker *w, struct why *why)
{
    enum err e;

    pthread_mutex_lock(&w->lock);
    while (w->busy)
        pthread_cond_wait(&w->news, &w->lock);
    e = w->failed;
    if (e && why) *why = w->why;
    pthread_mutex_unlock(&w->lock);
    return e;
}
