/* cost_append.c - sheets appended to the log, 256 a commit. */
#include "services/broker/log.h"
#include "tests/bench/cost.h"

#include <stdio.h>

enum { BATCH = 256, BATCHES = 8 };

static struct log *log_file;

void cost_prepare(const char *rules_folder, const char *temporary_folder)
{
    char path[512];
    const struct log_settings settings = { .path = path, .checkpoint_pages = 2000, .finish_pages = 4000 };
    struct why why = { 0 };

    (void)rules_folder;
    snprintf(path, sizeof path, "%s/log.db", temporary_folder);
    if (log_open(&settings, &log_file, &why)) nation_die("log", why.sentence);
}

static void append(size_t i)
{
    const struct nation_event *e = &cost_product(i % cost_province()->count)->sheets[i % NATION_MEMBERS];
    const struct log_event event = { .publisher = slice_text("council-office-1"),
                                     .topic = e->topic,
                                     .envelope = e->envelope,
                                     .epoch = 7,
                                     .at_ms = cost_now_ms() };
    struct log_stored stored;
    struct why why = { 0 };

    if (log_append(log_file, &event, &stored, &why)) nation_die("append", why.sentence);
}

size_t cost_measured(void)
{
    const struct commit *token = NULL;
    struct why why = { 0 };

    for (size_t i = 0; i < (size_t)BATCH * BATCHES; i++) {
        append(i);
        if (i % BATCH == BATCH - 1 && log_commit(log_file, &token, &why)) nation_die("commit", why.sentence);
    }
    return (size_t)BATCH * BATCHES;
}
