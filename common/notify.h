/* notify.h - words to the supervisor that started us: ready, stopping, and that we still go round.
 *
 * systemd's protocol: datagrams to the socket $NOTIFY_SOCKET names. Without one, nothing is said. A word that
 * cannot be sent is dropped: nothing here may hold a process up.
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status); /* `status` is for people: `systemctl status` shows it */
void notify_stopping(void);
/* The loop has gone round once, whole: call it then and only then. Tells the watchdog, at most twice in the
 * time it allows ($WATCHDOG_USEC). */
void notify_turned(int64_t monotonic_ms);

#endif
