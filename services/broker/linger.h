/* linger.h - when the core thread waits a little before it commits, so that slow flushes are shared.
 *
 * After an answer a publisher's next events arrive while the next commit already runs, so its window splits
 * into two halves which wait for each other's flush. On a slow disk it is worth waiting for them; on a fast
 * one, or when many events are there, it costs more than it brings. So: only while the last commit took
 * longer than a millisecond and had few events, at most an eighth of its time and never above 2 ms, and only
 * until as many events are there as can come: those just answered, and those that were waiting beside them.
 *
 * Pure: the time, in microseconds of a clock that never goes back, is passed in.
 */
#ifndef SERVICES_BROKER_LINGER_H
#define SERVICES_BROKER_LINGER_H

#include <stdint.h>

enum {
    LINGER_COMMIT_US = 1000, /* a commit that took no longer is not worth waiting for */
    LINGER_EVENTS = 512,     /* nor is anything when so many events share it already */
    LINGER_SHARE = 8,        /* wait at most this part of a commit, */
    LINGER_MOST_US = 2000,   /* and never longer */
    LINGER_LOOKS = 8,        /* in so many steps */
    LINGER_AT_ONCE_US = 25   /* what is there so soon after the answers was waiting, and is none to them */
};

struct lingering {
    int64_t commit_us, answered_us; /* how long the last commit took, and when its answers were out */
    uint64_t events, expected;      /* in it; in the one to come */
    int looks;
};

/* A commit of `events` took `commit_us`; it was answered by `now_us`. */
void linger_committed(struct lingering *l, uint64_t events, int64_t commit_us, int64_t now_us);
/* The socket was drained from `began_us` on, and gave the turn its first `events`. */
void linger_begin(struct lingering *l, uint64_t events, int64_t began_us);
/* So many microseconds to sleep before the socket is drained again; 0: commit what is there. `events` are
 * those of the turn until now. */
int64_t linger_sleep_us(struct lingering *l, uint64_t events);

#endif
