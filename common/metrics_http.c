/* metrics_http.c - the thread that hands the text out: as much of HTTP/1.1 as a scraper needs, nothing waits.
 */
#include "common/bus_ipc.h"
#include "common/clock.h"
#include "common/metrics_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_BYTES_MAX = 4096, BACKLOG = 16, ADDRESS_MAX = 32, PORT_MAX = 65535 };

/* Somebody who reads: first the request comes in, then `answer` goes out. */
struct reader {
    int fd; /* -1: free */
    int64_t until_ms;
    size_t got, sent;
    char request[REQUEST_BYTES_MAX + 1];
    struct buf answer; /* of size 0 while the request comes in */
};

struct metrics {
    int listener, wake[2];
    struct bus_ipc ipc;
    pthread_t thread;
    pthread_mutex_t lock; /* over `text` and `told_ms` */
    struct buf text, draft;
    int64_t told_ms;                        /* 0: nothing yet */
    struct reader readers[METRICS_READERS]; /* the thread's own */
};

/* --- the endpoint --- */

static enum err wrong(const char *endpoint, struct why *why)
{
    return why_set(
        why, ERR_CONFIG, "ENDPOINT",
        "metrics/endpoint is '%s'; it is ipc://PATH, or tcp://127.0.0.1:PORT with a port of 1 to %d: "
        "metrics are for this machine, and whoever wants them elsewhere puts a proxy before them",
        endpoint, PORT_MAX);
}

static enum err parse_tcp(const char *endpoint, struct sockaddr_in *out, struct why *why)
{
    const char *host = endpoint + strlen("tcp://"), *colon = strchr(host, ':');
    char address[ADDRESS_MAX], *end = NULL;
    long port;

    memset(out, 0, sizeof *out);
    if (!colon || (size_t)(colon - host) >= sizeof address) return wrong(endpoint, why);
    snprintf(address, sizeof address, "%.*s", (int)(colon - host), host);
    port = strtol(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end || port < 1 || port > PORT_MAX) return wrong(endpoint, why);
    if (inet_pton(AF_INET, address, &out->sin_addr) != 1 || ntohl(out->sin_addr.s_addr) >> 24 != 127)
        return wrong(endpoint, why);
    out->sin_family = AF_INET;
    out->sin_port = htons((uint16_t)port);
    return ERR_NONE;
}

enum err metrics_check(const char *endpoint, struct why *why)
{
    struct sockaddr_in address;

    if (!endpoint[0]) return ERR_NONE;
    if (!strncmp(endpoint, "ipc://", 6)) return bus_ipc_check(endpoint + 6, why);
    if (!strncmp(endpoint, "tcp://", 6)) return parse_tcp(endpoint, &address, why);
    return wrong(endpoint, why);
}

static enum err listen_tcp(const char *endpoint, int *out, struct why *why)
{
    struct sockaddr_in address;
    const int one = 1;
    enum err e = parse_tcp(endpoint, &address, why);
    int fd = e ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (e) return e;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0 &&
        listen(fd, BACKLOG) == 0) {
        *out = fd;
        return ERR_NONE;
    }
    e = why_set(why, errno == EADDRINUSE || errno == EACCES ? ERR_CONFIG : ERR_IO, "ENDPOINT",
                "metrics cannot be told at %s: %s", endpoint, strerror(errno));
    if (fd >= 0) close(fd);
    return e;
}

/* --- one reader --- */

static void write_answer(struct metrics *m, struct reader *r, const char *status, bool with_body)
{
    struct buf body = { 0 };

    pthread_mutex_lock(&m->lock);
    buf_add(&body, m->text.data, m->text.size);
    if (m->told_ms)
        buf_printf(&body,
                   "# TYPE ocop_told_age_seconds gauge\n# UNIT ocop_told_age_seconds seconds\n"
                   "# HELP ocop_told_age_seconds Since the process last went round its loop and told these "
                   "numbers.\n"
                   "ocop_told_age_seconds %.3f\n",
                   (double)(clock_monotonic_ms() - m->told_ms) / 1000);
    pthread_mutex_unlock(&m->lock);
    buf_add_text(&body, "# EOF\n");
    buf_printf(&r->answer,
               "HTTP/1.1 %s\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"
               "Content-Length: %zu\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
               status, body.size);
    if (with_body) buf_add(&r->answer, body.data, body.size);
    if (body.failed) r->answer.failed = body.failed;
    buf_fini(&body);
}

static void write_refusal(struct reader *r, const char *status)
{
    buf_printf(&r->answer,
               "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: 29\r\nAllow: GET, HEAD\r\n"
               "Connection: close\r\n\r\nonly GET /metrics is answered",
               status);
}

static bool is_path(const char *path)
{
    size_t size = strcspn(path, " ?");

    return (size == 1 && path[0] == '/') || (size == 8 && !strncmp(path, "/metrics", 8));
}

static void answer(struct metrics *m, struct reader *r)
{
    const bool get = !strncmp(r->request, "GET ", 4), head = !strncmp(r->request, "HEAD ", 5);

    if (!get && !head)
        write_refusal(r, "405 Method Not Allowed");
    else if (!is_path(r->request + (get ? 4 : 5)))
        write_refusal(r, "404 Not Found");
    else
        write_answer(m, r, "200 OK", get);
}

static void leave(struct reader *r)
{
    close(r->fd);
    r->fd = -1;
    buf_fini(&r->answer);
}

/* The request is over with an empty line; its headers tell us nothing. */
static void hear(struct metrics *m, struct reader *r)
{
    const ssize_t n = recv(r->fd, r->request + r->got, REQUEST_BYTES_MAX - r->got, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        leave(r);
        return;
    }
    r->got += (size_t)n;
    r->request[r->got] = '\0';
    if (strstr(r->request, "\r\n\r\n"))
        answer(m, r);
    else if (r->got == REQUEST_BYTES_MAX)
        write_refusal(r, "431 Request Header Fields Too Large");
    if (r->answer.failed) leave(r);
}

static void say(struct reader *r)
{
    const ssize_t n =
        send(r->fd, r->answer.data + r->sent, r->answer.size - r->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n > 0) r->sent += (size_t)n;
    if (n > 0 && r->sent < r->answer.size) return;
    shutdown(r->fd, SHUT_WR);
    leave(r);
}

/* --- the thread --- */

/* With no place left, whoever has waited longest goes. */
static void let_in(struct metrics *m, int64_t now)
{
    struct reader *place = &m->readers[0];
    const int fd = accept4(m->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) return;
    for (size_t i = 0; i < METRICS_READERS && place->fd >= 0; i++) {
        struct reader *r = &m->readers[i];

        if (r->fd < 0 || r->until_ms < place->until_ms) place = r;
    }
    if (place->fd >= 0) leave(place);
    place->fd = fd;
    place->until_ms = now + METRICS_PATIENCE_MS;
    place->got = place->sent = 0;
}

static int patience(const struct metrics *m, int64_t now)
{
    int64_t least = -1;

    for (size_t i = 0; i < METRICS_READERS; i++) {
        const struct reader *r = &m->readers[i];

        if (r->fd >= 0 && (least < 0 || r->until_ms - now < least))
            least = r->until_ms > now ? r->until_ms - now : 0;
    }
    return (int)least;
}

/* One look at everybody; false: the process ends. */
static bool turn(struct metrics *m)
{
    struct pollfd fds[METRICS_READERS + 2] = { { .fd = m->wake[0], .events = POLLIN },
                                               { .fd = m->listener, .events = POLLIN } };

    for (size_t i = 0; i < METRICS_READERS; i++)
        fds[i + 2] =
            (struct pollfd){ .fd = m->readers[i].fd, .events = m->readers[i].answer.size ? POLLOUT : POLLIN };
    if (poll(fds, METRICS_READERS + 2, patience(m, clock_monotonic_ms())) < 0) return errno == EINTR;
    if (fds[0].revents) return false;
    for (size_t i = 0; i < METRICS_READERS; i++) {
        struct reader *r = &m->readers[i];

        if (r->fd < 0) continue;
        if (fds[i + 2].revents && !r->answer.size)
            hear(m, r);
        else if (fds[i + 2].revents)
            say(r);
        if (r->fd >= 0 && clock_monotonic_ms() >= r->until_ms) leave(r);
    }
    if (fds[1].revents) let_in(m, clock_monotonic_ms());
    return true;
}

static void *work(void *argument)
{
    while (turn(argument)) {
    }
    return NULL;
}

/* --- life --- */

/* Signals are for the thread that waits for the broker: it must wake. */
static int start_thread(struct metrics *m)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&m->thread, NULL, work, m);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void metrics_free(struct metrics *m)
{
    for (size_t i = 0; i < METRICS_READERS; i++)
        if (m->readers[i].fd >= 0) leave(&m->readers[i]);
    bus_ipc_remove(&m->ipc);
    if (m->listener >= 0) close(m->listener);
    if (m->wake[0] >= 0) close(m->wake[0]);
    if (m->wake[1] >= 0) close(m->wake[1]);
    buf_fini(&m->text);
    buf_fini(&m->draft);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

enum err metrics_open(const char *endpoint, struct metrics **out, struct why *why)
{
    struct metrics *m;
    enum err e = metrics_check(endpoint, why);

    if (e || !endpoint[0]) return e;
    m = calloc(1, sizeof *m);
    if (!m) return ERR_NOMEM;
    m->listener = m->wake[0] = m->wake[1] = -1;
    for (size_t i = 0; i < METRICS_READERS; i++)
        m->readers[i].fd = -1;
    pthread_mutex_init(&m->lock, NULL);
    if (!strncmp(endpoint, "ipc://", 6))
        e = bus_ipc_listen(endpoint + 6, &m->listener, &m->ipc, why);
    else
        e = listen_tcp(endpoint, &m->listener, why);
    if (!e && (pipe2(m->wake, O_CLOEXEC) != 0 || start_thread(m) != 0))
        e = why_set(why, ERR_NOMEM, "NOMEM", "the system gives no thread for metrics");
    if (e)
        metrics_free(m);
    else
        *out = m;
    return e;
}

void metrics_close(struct metrics **m)
{
    if (!*m) return;
    if (write((*m)->wake[1], "x", 1) == 1) pthread_join((*m)->thread, NULL);
    metrics_free(*m);
    *m = NULL;
}

enum err metrics_tell(struct metrics *m, struct slice status, const struct metric *more, size_t count)
{
    struct buf before;
    enum err e;

    if (!m) return ERR_NONE;
    buf_clear(&m->draft);
    e = metrics_write(&m->draft, status, more, count);
    if (e) return e;
    pthread_mutex_lock(&m->lock);
    before = m->text;
    m->text = m->draft;
    m->told_ms = clock_monotonic_ms();
    pthread_mutex_unlock(&m->lock);
    m->draft = before;
    return ERR_NONE;
}
