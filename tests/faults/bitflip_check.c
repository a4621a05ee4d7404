/* bitflip_check.c - flip one bit of a closed log, anywhere in its file, and see who notices.
 *
 * usage: bitflip_check FLIPS REPAIR_EVERY SEED
 *
 * Detected: log_verify says so and names the place. Harmless: it does not, and everything read is what was
 * stored. What is handed out must be what was stored in any case: records, links, how far each publisher is,
 * and the record before with the same topic. Every REPAIR_EVERY-th detected one is repaired from a copy. Exit
 * 1 when something was wrong.
 */
#include "common/logline.h"
#include "services/broker/log.h"
#include "tests/faults/power.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS = 1600, PUBLISHERS = 9, TOPICS = 6, BYTES = 300 };

struct kept {
    struct hash chain;
    uint64_t publisher, topic, number;
    char envelope[BYTES];
    size_t size;
};

static struct kept records[RECORDS + 1];
static struct log_publisher publishers[PUBLISHERS];
static uint64_t topic_last[TOPICS];
static char folder[64], path[80], copy[80], *file;
static size_t file_size;

static struct {
    uint64_t flips, detected, harmless, undetected, unnamed, served, repaired, unrepaired;
} counts;

static struct log *open_log(const char *name, struct why *why)
{
    const struct log_settings settings = { .path = name, .checkpoint_pages = 2000, .finish_pages = 8000 };
    struct log *log = NULL;

    return log_open(&settings, &log, why) ? NULL : log;
}

static void publisher_name(uint64_t i, char name[32])
{
    snprintf(name, 32, "province-%02" PRIu64, i);
}

static void topic_name(uint64_t i, char name[64])
{
    snprintf(name, 64, "intake.plan.filed.%02" PRIu64, i);
}

static struct log_event event_of(uint64_t seq, char name[32], char topic[64])
{
    const struct kept *k = &records[seq];

    publisher_name(k->publisher, name);
    topic_name(k->topic, topic);
    return (struct log_event){ slice_text(name), slice_text(topic), slice_of(k->envelope, k->size), 7,
                               (int64_t)seq };
}

/* The first publishers speak only at the beginning: their rows are far from the tail that an opening looks
 * at. */
static void make_log(uint64_t *random)
{
    struct why why = { 0 };
    struct log *log = open_log(path, &why);
    const struct commit *token = NULL;
    char name[32], topic[64];

    if (!log) abort();
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        struct kept *k = &records[seq];
        struct log_stored stored;

        k->publisher =
            seq < 300 ? power_random(random) % PUBLISHERS : 3 + power_random(random) % (PUBLISHERS - 3);
        k->topic = seq < 300 ? power_random(random) % TOPICS : 2 + power_random(random) % (TOPICS - 2);
        k->size = 1 + power_random(random) % BYTES;
        for (size_t i = 0; i < k->size; i++)
            k->envelope[i] = (char)power_random(random);
        const struct log_event event = event_of(seq, name, topic);
        if (log_append(log, &event, &stored, &why) || (seq % 50 == 0 && log_commit(log, &token, &why)))
            abort();
        k->chain = log_head(log).chain;
        k->number = stored.number;
        topic_last[k->topic] = seq;
    }
    if (log_commit(log, &token, &why)) abort();
    for (uint64_t i = 0; i < PUBLISHERS; i++) {
        publisher_name(i, name);
        if (log_publisher(log, slice_text(name), 7, &publishers[i], &why)) abort();
    }
    log_close(&log);
}

static void write_file(const char *to)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, file, file_size) != (ssize_t)file_size) abort();
    close(fd);
}

static void read_file(void)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st)) abort();
    file_size = (size_t)st.st_size;
    file = malloc(file_size);
    if (!file || read(fd, file, file_size) != (ssize_t)file_size) abort();
    close(fd);
}

/* --- what is handed out --- */

static bool served_wrong; /* in this flip */

static enum err take(void *context, const struct record *r)
{
    uint64_t *seen = context;
    char name[32], topic[64];

    if (r->seq != *seen + 1 || r->seq > RECORDS) {
        served_wrong = true;
        return ERR_PROMISE;
    }
    const struct log_event want = event_of(r->seq, name, topic);
    *seen = r->seq;
    if (!hash_equal(&r->chain, &records[r->seq].chain) || !slice_equal(r->envelope, want.envelope) ||
        !slice_equal(r->topic, want.topic) || !slice_equal(r->publisher, want.publisher) || r->epoch != 7 ||
        r->number != records[r->seq].number || r->at_ms != want.at_ms)
        served_wrong = true;
    return ERR_NONE;
}

static bool reads_whole(struct log *log)
{
    const struct log_read_limit limit = { LOG_READ_RECORDS, LOG_READ_RECORDS, LOG_READ_BYTES };
    struct log_place place = { 0 };
    struct log_read_done done = { 0 };
    struct why why = { 0 };
    uint64_t seen = 0;
    enum err e;

    do
        e = log_read(log, &place, NULL, &limit, take, &seen, &done, &why);
    while (!e && done.looked_at);
    return !e && seen == RECORDS;
}

static bool publishers_whole(struct log *log)
{
    bool whole = true;

    for (uint64_t i = 0; i < PUBLISHERS; i++) {
        struct log_publisher got = { 0 };
        struct why why = { 0 };
        char name[32];

        publisher_name(i, name);
        if (log_publisher(log, slice_text(name), 7, &got, &why)) {
            whole = false;
            log_rollback(log); /* as a broker that ends: nothing of it is remembered */
        } else if (got.number != publishers[i].number || got.seq != publishers[i].seq ||
                   !hash_equal(&got.hash, &publishers[i].hash)) {
            served_wrong = true;
        }
    }
    return whole;
}

static bool topics_whole(struct log *log)
{
    bool whole = true;

    for (uint64_t i = 0; i < TOPICS; i++) {
        char topic[64];
        struct log_event event = { .publisher = slice_text("other"),
                                   .envelope = slice_text("x"),
                                   .at_ms = INT64_MAX / 2 };
        struct log_stored stored = { 0 };

        topic_name(i, topic);
        event.topic = slice_text(topic);
        if (log_append(log, &event, &stored, NULL))
            whole = false;
        else if (stored.previous != topic_last[i])
            served_wrong = true;
        log_rollback(log);
    }
    return whole;
}

static bool named(const struct why *why)
{
    return strstr(why->sentence, "record ") || strstr(why->sentence, "publisher ") ||
           strstr(why->sentence, "topic ") || strstr(why->sentence, "cannot open ");
}

static void try_repair(void)
{
    struct log_repaired done;
    struct why why = { 0 };
    uint64_t found = 0;
    struct log *log;

    if (log_repair(path, copy, &done, &why) || log_verify(path, &found, &why) || found != RECORDS) {
        if (counts.unrepaired++ < 3) printf("  not repaired: %s\n", why.sentence);
        return;
    }
    log = open_log(path, &why);
    if (log && reads_whole(log) && publishers_whole(log) && !served_wrong)
        counts.repaired++;
    else
        counts.unrepaired++;
    log_close(&log);
}

static void one_flip(uint64_t *random, uint64_t repair_every)
{
    const size_t at = (size_t)(power_random(random) % file_size);
    const char bit = (char)(1 << power_random(random) % 8);
    struct why why = { 0 }, ignored = { 0 };
    uint64_t found = 0;
    bool whole = false, detected;
    struct log *log;

    file[at] ^= bit;
    write_file(path);
    counts.flips++;
    served_wrong = false;
    detected = log_verify(path, &found, &why) != ERR_NONE;
    log = open_log(path, &ignored);
    if (log) {
        whole = reads_whole(log);
        whole = publishers_whole(log) && whole;
        whole = topics_whole(log) && whole;
    }
    log_close(&log);
    counts.detected += detected;
    counts.harmless += !detected && whole && !served_wrong;
    counts.undetected += !detected && (!whole || served_wrong);
    if (detected && !named(&why) && counts.unnamed++ < 3) printf("  not named: %s\n", why.sentence);
    if (served_wrong && counts.served++ < 10)
        printf("  byte %zu: served; verify says %s\n", at, why.sentence);
    if (!detected && !whole) printf("  byte %zu: verify says nothing, reading fails\n", at);
    if (detected && counts.detected % repair_every == 0) {
        served_wrong = false;
        write_file(path);
        try_repair();
    }
    file[at] ^= bit;
}

int main(int argc, char **argv)
{
    uint64_t random, wrong;

    if (argc != 4 || hash_init()) return 2;
    log_setup("test", LOG_ERROR);
    random = strtoull(argv[3], NULL, 10);
    strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/ocop-flip-XXXXXX" : "/tmp/ocop-flip-XXXXXX");
    if (!mkdtemp(folder)) return 2;
    snprintf(path, sizeof path, "%s/log.db", folder);
    snprintf(copy, sizeof copy, "%s/copy.db", folder);
    make_log(&random);
    read_file();
    write_file(copy);
    for (uint64_t n = strtoull(argv[1], NULL, 10); n > 0; n--)
        one_flip(&random, strtoull(argv[2], NULL, 10));
    wrong = counts.undetected + counts.unnamed + counts.served + counts.unrepaired;
    /* Lost: what a repair did not bring back. Undetected: what was handed out wrong, or has no name. */
    printf("bitflip: injections=%" PRIu64 " acknowledged=%d lost=%" PRIu64 " doubled=- undetected=%" PRIu64
           " account: broker alone (detected=%" PRIu64 " harmless=%" PRIu64 " unnamed=%" PRIu64
           " served=%" PRIu64 " repaired=%" PRIu64 " unrepaired=%" PRIu64 ")\n",
           counts.flips, RECORDS, counts.unrepaired, wrong - counts.unrepaired, counts.detected,
           counts.harmless, counts.unnamed, counts.served, counts.repaired, counts.unrepaired);
    const char *const names[] = { "log.db",  "log.db-wal",  "log.db-shm", "log.db.damaged",
                                  "copy.db", "copy.db-wal", "copy.db-shm" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[128];

        snprintf(name, sizeof name, "%s/%s", folder, names[i]);
        unlink(name);
    }
    rmdir(folder);
    free(file);
    return wrong ? 1 : 0;
}
