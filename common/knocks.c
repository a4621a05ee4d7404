#include "common/knocks.h"

#include "common/logline.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *shown(const char *address)
{
    return address[0] ? address : "unknown";
}

static bool is_it(const struct knock_place *p, const char *address, const char *because)
{
    return p->because && !strcmp(p->because, because) && !strcmp(p->address, address);
}

void knocks_add(struct knocks *k, const char *address, const char *because, const char *more, int64_t now_ms)
{
    struct knock_place *place = NULL;

    for (size_t i = 0; i < KNOCKS_MAX; i++) {
        if (is_it(&k->each[i], address, because)) {
            k->each[i].count++;
            return;
        }
        if (!place && !k->each[i].because) place = &k->each[i];
    }
    if (!place) {
        if (!k->others++) k->others_ms = now_ms;
        return;
    }
    *place = (struct knock_place){ .because = because, .told_ms = now_ms };
    snprintf(place->address, sizeof place->address, "%s", address);
    log_line(LOG_WARN, "not_admitted", "because=%s address=%s%s%s", because, shown(address),
             more[0] ? " " : "", more);
}

static void tell_again(struct knock_place *p, int64_t now_ms)
{
    if (!p->because || now_ms - p->told_ms < KNOCKS_AGAIN_MS) return;
    if (p->count)
        log_line(LOG_WARN, "not_admitted_again", "because=%s address=%s count=%" PRIu64, p->because,
                 shown(p->address), p->count);
    else
        p->because = NULL; /* it has left off */
    p->told_ms = now_ms;
    p->count = 0;
}

void knocks_tell(struct knocks *k, int64_t now_ms)
{
    for (size_t i = 0; i < KNOCKS_MAX; i++)
        tell_again(&k->each[i], now_ms);
    if (!k->others || now_ms - k->others_ms < KNOCKS_AGAIN_MS) return;
    log_line(LOG_WARN, "not_admitted_more", "count=%" PRIu64 " what=from_other_addresses", k->others);
    k->others = 0;
}
