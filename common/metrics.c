/* metrics.c - the table of numbers, and their text. The thread that answers is in metrics_http.c. */
#include "common/metrics_inside.h"

#include "common/mp.h"

#include <inttypes.h>

enum kind { GAUGE, COUNTER, FLAG };

/* A counter only grows while the process runs, or is counted in the store and outlives it. */
static const struct meaning {
    const char *key, *name, *label;
    enum kind kind;
    const char *help;
} table[] = {
    { "head", "ocop_head", NULL, GAUGE, "Last place in the log, as far as known here." },
    { "seq", "ocop_place", NULL, GAUGE, "Place in the log up to which this process has applied it." },
    { "lag", "ocop_lag", NULL, GAUGE,
      "Records of the log behind that place; requests not yet reached are among them." },
    { "outbox", "ocop_outbox", NULL, GAUGE, "Outcomes decided and not yet known to be stored." },
    { "accepted", "ocop_requests", "outcome=\"accepted\"", COUNTER, "Requests by what became of them." },
    { "refused", "ocop_requests", "outcome=\"refused\"", COUNTER, NULL },
    { "dead", "ocop_requests", "outcome=\"dead\"", COUNTER, NULL },
    { "letters", "ocop_letters_open", NULL, GAUGE, "Dead letters that nobody has retried or skipped." },
    { "complete", "ocop_complete", NULL, FLAG,
      "1 when questions are answered: the log was read to its head." },
    { "following", "ocop_following", NULL, FLAG, "1 when connected to the broker and following its log." },
    { "rebuilds", "ocop_rebuilds", NULL, COUNTER,
      "Times the store was thrown away and read again from the log." },
    { "publishers", "ocop_publishers", NULL, GAUGE, "Publishers that said HELLO and hold their name." },
    { "followers", "ocop_followers", NULL, GAUGE, "Followers of the log." },
    { "connections", "ocop_connections", NULL, GAUGE, "Connections over TCP." },
    { "strangers", "ocop_strangers", NULL, COUNTER, "Handshakes over TCP that came to nothing." },
    { "denied", "ocop_denied", NULL, COUNTER, "What was refused because the policy does not allow it." },
    { "refusals", "ocop_refusals", NULL, COUNTER, "REFUSED answers of the broker, for whatever reason." },
    { "log_bytes", "ocop_log_bytes", NULL, GAUGE,
      "Size of the log, with what is used of its write-ahead log." },
    { "wal_bytes", "ocop_wal_bytes", NULL, GAUGE, "What is used of the write-ahead log." },
    { "free_bytes", "ocop_free_bytes", NULL, GAUGE, "What is left on the log's disk." },
    { "disk_low", "ocop_disk_low", NULL, FLAG, "1 when less than disk/warn_bytes is left." },
    { "disk_full", "ocop_disk_full", NULL, FLAG, "1 when PUBLISH is refused DISK_FULL." },
    { "wal_full", "ocop_wal_full", NULL, FLAG,
      "1 when PUBLISH is refused BUSY: something keeps reading the log's file." },
    { "clock_stopped", "ocop_clock_stopped", NULL, FLAG, "1 when PUBLISH is refused CLOCK_STOPPED." },
};

enum { MEANINGS = sizeof table / sizeof table[0] };

static bool number_of(const msgpack_object *o, uint64_t *out)
{
    if (!o) return false;
    if (o->type == MSGPACK_OBJECT_BOOLEAN) {
        *out = o->via.boolean;
        return true;
    }
    *out = o->via.u64;
    return o->type == MSGPACK_OBJECT_POSITIVE_INTEGER;
}

static bool find(const msgpack_object *map, const struct metric *more, size_t count, const char *key,
                 uint64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(more[i].name, key)) continue;
        *out = more[i].value;
        return true;
    }
    return number_of(mp_find(map, key), out);
}

static const char *const kind_words[] = { [GAUGE] = "gauge", [COUNTER] = "counter", [FLAG] = "gauge" };

static void write_one(struct buf *out, const struct meaning *m, bool first, uint64_t value)
{
    size_t size = strlen(m->name);

    if (first) {
        buf_printf(out, "# TYPE %s %s\n", m->name, kind_words[m->kind]);
        if (size > 6 && !strcmp(m->name + size - 6, "_bytes")) buf_printf(out, "# UNIT %s bytes\n", m->name);
        buf_printf(out, "# HELP %s %s\n", m->name, m->help);
    }
    buf_printf(out, "%s%s", m->name, m->kind == COUNTER ? "_total" : "");
    if (m->label) buf_printf(out, "{%s}", m->label);
    buf_printf(out, " %" PRIu64 "\n", value);
}

static enum err write_all(struct buf *out, const msgpack_object *map, const struct metric *more, size_t count)
{
    struct slice service = { "", 0 };
    const char *family = "";

    (void)mp_text(mp_find(map, "service"), &service);
    buf_printf(out, "# TYPE ocop_process info\n# HELP ocop_process Which process this is.\n");
    buf_printf(out, "ocop_process_info{service=\"%.*s\"} 1\n", SLICE_ARG(service));
    for (size_t i = 0; i < MEANINGS; i++) {
        uint64_t value;

        if (!find(map, more, count, table[i].key, &value)) continue;
        write_one(out, &table[i], strcmp(family, table[i].name) != 0, value);
        family = table[i].name;
    }
    return out->failed;
}

enum err metrics_write(struct buf *out, struct slice status, const struct metric *more, size_t count)
{
    struct why why = { 0 };
    msgpack_object map;
    msgpack_zone zone;
    enum err e;

    if (!msgpack_zone_init(&zone, 4096)) return ERR_NOMEM;
    e = mp_read(status, &zone, &map, &why);
    if (!e) e = write_all(out, &map, more, count);
    msgpack_zone_destroy(&zone);
    return e;
}
