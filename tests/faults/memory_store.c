/* memory_store.c - a service without memory: while it opens its store, and at each record of a recorded log.
 *
 * usage: memory_<service> LOG EVERY         at every EVERY-th record that the service hears, for all n
 *
 * The n-th allocation fails, for every n until the record passes. Then the answer is NOMEM, a stop, and
 * nothing has moved; or SQLite could do without, and what was decided is what is decided with memory.
 * Afterwards the store is byte for byte that of a run that had memory. Built once for each service, whose
 * description is OCOP_SERVICE.
 */
#include "common/logline.h"
#include "common/loop_inside.h"
#include "tests/faults/memory_shim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct service OCOP_SERVICE;

struct known { /* after one record, with memory */
    struct hash hash;
    uint64_t number;
};

static struct record *records;
static struct known *known;
static size_t count;

static struct {
    uint64_t failures, stops, wrong, heard;
} counts;

static char *keep(struct slice s)
{
    char *copy = malloc(s.size + 1);

    if (!copy) abort();
    if (s.size) memcpy(copy, s.data, s.size);
    copy[s.size] = 0;
    return copy;
}

static bool read_log(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    struct why why = { 0 };
    bool row = false;
    enum err e = db_open(path, DB_READ, &db, &why);

    if (!e)
        e = db_prepare(db, "SELECT seq, at_ms, chain, publisher, epoch, number, topic, envelope FROM log", &s,
                       &why);
    while (!e && !(e = db_step(s, &row)) && row) {
        struct record r = {
            .seq = db_u64(s, 0), .at_ms = db_i64(s, 1), .epoch = db_u64(s, 4), .number = db_u64(s, 5)
        };
        struct slice publisher = db_text(s, 3), topic = db_text(s, 6), envelope = db_bytes(s, 7);

        if (!db_hash(s, 2, &r.chain)) abort();
        r.publisher = slice_of(keep(publisher), publisher.size);
        r.topic = slice_of(keep(topic), topic.size);
        r.envelope = slice_of(keep(envelope), envelope.size);
        records = realloc(records, (count + 1) * sizeof *records);
        if (!records) abort();
        records[count++] = r;
    }
    sqlite3_finalize(s);
    db_close(&db);
    if (e) fprintf(stderr, "%s: %s\n", path, why.sentence);
    return !e && count;
}

/* As the loop does with one record; everything is STORED at once. */
static enum err feed(struct fold *f, const struct record *r)
{
    struct why why = { 0 };
    enum err e = fold_begin(f);

    if (!e) e = fold_take(f, r, &why);
    if (!e) e = fold_forget(f, f->number, &f->hash);
    if (!e) e = fold_commit(f);
    return e;
}

static void complain(const struct record *r, long n, const char *what)
{
    if (counts.wrong++ < 5)
        printf("  record %" PRIu64 " %.*s, allocation %ld: %s\n", r->seq, SLICE_ARG(r->topic), n, what);
}

/* Until it passes without memory being asked for in vain. */
static void feed_starved(struct fold *f, size_t i)
{
    const struct record *r = &records[i];

    for (long n = 1;; n++) {
        bool failed;
        enum err e;

        memory_arm(n);
        e = feed(f, r);
        failed = memory_disarm();
        counts.failures += failed;
        if (!e) {
            if (f->number != known[i].number || !hash_equal(&f->hash, &known[i].hash))
                complain(r, n, "decided otherwise than with memory");
            return;
        }
        counts.stops++;
        fold_rollback(f);
        if (e != ERR_NOMEM) complain(r, n, err_name(e));
        if (!failed) return;
    }
}

static void open_starved(struct fold *f)
{
    for (long n = 1;; n++) {
        struct why why = { 0 };
        bool rebuilt = false, failed;
        enum err e;

        memory_arm(n);
        e = fold_open(f, &OCOP_SERVICE, ":memory:", &rebuilt, &why);
        failed = memory_disarm();
        counts.failures += failed;
        if (!e) return;
        counts.stops++;
        if (e != ERR_NOMEM && counts.wrong++ < 5)
            printf("  opening, allocation %ld: %s %s\n", n, err_name(e), why.sentence);
        if (!failed) exit(1);
    }
}

static char *dump_of(struct fold *f)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out || db_dump(f->db, true, out, NULL)) abort();
    fclose(out);
    return text;
}

static char *run(struct fold *f, uint64_t every)
{
    char *dump;

    for (size_t i = 0; i < count; i++) {
        const struct record *r = &records[i];

        if (!fold_hears(f, r)) {
            fold_pass(f, r->seq, &r->chain);
        } else if (every && ++counts.heard % every == 0) {
            feed_starved(f, i);
        } else if (feed(f, r)) {
            printf("  record %" PRIu64 " fails with memory\n", r->seq);
            exit(1);
        }
        if (!every) known[i] = (struct known){ f->hash, f->number };
    }
    dump = dump_of(f);
    fold_close(f);
    return dump;
}

int main(int argc, char **argv)
{
    struct fold f;
    struct why why = { 0 };
    bool rebuilt = false;
    char *want, *got;

    memory_install();
    if (argc != 3 || hash_init()) return 2;
    log_setup("test", LOG_ERROR);
    if (!read_log(argv[1])) return 2;
    known = calloc(count, sizeof *known);
    if (!known || fold_open(&f, &OCOP_SERVICE, ":memory:", &rebuilt, &why)) return 2;
    want = run(&f, 0);
    open_starved(&f);
    got = run(&f, strtoull(argv[2], NULL, 10));
    if (strcmp(want, got) != 0 && counts.wrong++ < 5) printf("  another store than with memory\n");
    printf("memory: injections=%" PRIu64 " stops=%" PRIu64 " wrong=%" PRIu64 "\n", counts.failures,
           counts.stops, counts.wrong);
    free(want);
    free(got);
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)records[i].publisher.data);
        free((void *)(uintptr_t)records[i].topic.data);
        free((void *)(uintptr_t)records[i].envelope.data);
    }
    free(records);
    free(known);
    return counts.wrong ? 1 : 0;
}
