/* commit.c - what one commit takes without any socket.
 *
 * usage: bench_commit --mode log|flat --path FILE [--pack N] [--events N] [--ms N]
 *   log    the broker's own log: N events appended, one log_commit
 *   flat   N events appended to a file, one fdatasync: what the disk alone takes
 */
#include "tests/bench/measure.h"

#include "common/clock.h"
#include "services/broker/log.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct measure_options o;
static struct measure_events events;

static void log_one(struct log *log, size_t at)
{
    const struct log_head head = log_head(log);
    const int64_t now = clock_wall_ms();
    struct log_event event = { .publisher = slice_text("bench"),
                               .topic = events.topics[at],
                               .envelope = events.envelopes[at],
                               .epoch = 1,
                               .at_ms = now > head.at_ms ? now : head.at_ms };
    struct log_stored stored;
    struct why why = { 0 };

    if (log_append(log, &event, &stored, &why)) measure_die("append", why.sentence);
}

static void log_batch(struct log *log, uint64_t n)
{
    const struct commit *token = NULL;
    struct why why = { 0 };

    for (unsigned i = 0; i < o.pack; i++)
        log_one(log, (n * o.pack + i) % MEASURE_PREPARED);
    if (log_commit(log, &token, &why) || log_tend(log, &why)) measure_die("commit", why.sentence);
}

static void flat_batch(int file, uint64_t n)
{
    for (unsigned i = 0; i < o.pack; i++) {
        const struct slice e = events.envelopes[(n * o.pack + i) % MEASURE_PREPARED];

        if (write(file, e.data, e.size) != (ssize_t)e.size) measure_die("write", o.path);
    }
    if (fdatasync(file)) measure_die("fdatasync", o.path);
}

int main(int argc, char **argv)
{
    struct log_settings settings = { .checkpoint_pages = 500, .finish_pages = 8000 };
    struct log *log = NULL;
    struct why why = { 0 };
    bool flat;
    int file = -1;

    measure_read_options(argc, argv, &o);
    if (!o.path || !o.mode || hash_init()) measure_die("--path and --mode", "are needed");
    flat = strcmp(o.mode, "flat") == 0;
    if (!flat && strcmp(o.mode, "log")) measure_die("--mode", "log or flat");
    settings.path = o.path;
    measure_prepare(&events);
    if (flat) file = open(o.path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (flat && file < 0) measure_die("open", o.path);
    if (!flat && log_open(&settings, &log, &why)) measure_die("log", why.sentence);
    measure_begin(&o);
    for (uint64_t n = 0; n < o.events / o.pack && !measure_read_over(); n++) {
        const int64_t began = measure_now_ns();

        if (flat)
            flat_batch(file, n);
        else
            log_batch(log, n);
        measure_add(measure_now_ns() - began);
    }
    measure_print();
    if (flat)
        close(file);
    else
        log_close(&log);
    return 0;
}
