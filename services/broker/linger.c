#include "services/broker/linger.h"

void linger_committed(struct lingering *l, uint64_t events, int64_t commit_us, int64_t now_us)
{
    l->events = events;
    l->commit_us = commit_us;
    l->answered_us = now_us;
}

void linger_begin(struct lingering *l, uint64_t events, int64_t began_us)
{
    const uint64_t waiting = began_us - l->answered_us <= LINGER_AT_ONCE_US ? events : 0;

    l->expected = l->events + waiting;
    l->looks = LINGER_LOOKS;
    if (l->commit_us <= LINGER_COMMIT_US || l->events >= LINGER_EVENTS || events == 0) l->looks = 0;
}

int64_t linger_sleep_us(struct lingering *l, uint64_t events)
{
    int64_t most = l->commit_us / LINGER_SHARE;

    if (l->looks <= 0 || events >= l->expected || events >= LINGER_EVENTS) return 0;
    l->looks--;
    if (most > LINGER_MOST_US) most = LINGER_MOST_US;
    return most / LINGER_LOOKS;
}
