#include "common/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { NOTIFY_TEXT_MAX = 512 };

static void say(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t size = path ? strlen(path) : 0;
    int fd;

    if (size < 2 || size >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return;
    memcpy(address.sun_path, path, size);
    if (path[0] == '@') address.sun_path[0] = '\0'; /* a name that is no file */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)(const void *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
    close(fd);
}

void notify_ready(const char *status)
{
    char text[NOTIFY_TEXT_MAX];

    snprintf(text, sizeof text, "READY=1\nSTATUS=%.*s", (int)strcspn(status, "\n"), status);
    say(text);
}

void notify_stopping(void)
{
    say("STOPPING=1");
}

/* Half of what the watchdog allows, in ms; 0: nobody watches us. */
static int64_t interval_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (!usec || (pid && strtoll(pid, NULL, 10) != (long long)getpid())) return 0;
    return strtoll(usec, NULL, 10) / 2000;
}

void notify_turned(int64_t monotonic_ms)
{
    static int64_t interval = -1, next;

    if (interval < 0) interval = interval_ms();
    if (interval == 0 || monotonic_ms < next) return;
    next = monotonic_ms + interval;
    say("WATCHDOG=1");
}
