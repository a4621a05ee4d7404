/* power_log.c - an image of the broker's log. */
#include "services/broker/log.h"
#include "tests/faults/power.h"

#include <stdio.h>

const bool judge_in_turn = false;

void judge(const char *path, const char *argument, struct judged *out)
{
    const struct log_settings settings = { .path = path, .checkpoint_pages = 2000, .finish_pages = 8000 };
    struct why why = { 0 };
    struct log *log = NULL;
    uint64_t records = 0;
    enum err e = log_open(&settings, &log, &why);

    (void)argument;
    *out = (struct judged){ .reached = 0 };
    if (!e) out->state = log_durable(log).chain;
    if (!e) out->reached = log_durable(log).seq;
    log_close(&log);
    /* Every link, and how far each publisher and topic is. */
    if (!e) e = log_verify(path, &records, &why);
    if (!e && records != out->reached) e = ERR_CORRUPT;
    if (e) snprintf(out->wrong, sizeof out->wrong, "%s: %s", err_name(e), why.sentence);
}

/* STORED(number, seq), CLOCKED(day, seq), EVENTS(through, ...), WELCOME(number, hash, head), PONG(token,
 * head). */
uint64_t judge_promise(const char *bytes, size_t size)
{
    const char *rest;
    size_t left;

    if (power_command(bytes, size, "STORED", &rest, &left) ||
        power_command(bytes, size, "PONG", &rest, &left)) {
        (void)power_uint(&rest, &left);
        return power_uint(&rest, &left);
    }
    if (power_command(bytes, size, "EVENTS", &rest, &left)) return power_uint(&rest, &left);
    if (power_command(bytes, size, "WELCOME", &rest, &left)) {
        (void)power_uint(&rest, &left);
        power_skip_hash(&rest, &left);
        return power_uint(&rest, &left);
    }
    return 0;
}
