#include "tests/bench/cost.h"

#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { PRODUCTS = 2000 };

struct nation_plan cost_plan;

const struct nation_province *cost_province(void)
{
    return &cost_plan.provinces[COST_PROVINCE];
}

struct nation_product *cost_product(size_t i)
{
    return &cost_plan.products[cost_province()->first + i];
}

int64_t cost_now_ms(void)
{
    return clock_day_start_ms(cost_plan.first_day) + (int64_t)8 * 3600 * 1000;
}

void cost_open(struct fold *f, const struct service *service)
{
    bool rebuilt = false;
    struct why why = { 0 };

    if (fold_open(f, service, ":memory:", &rebuilt, &why)) nation_die(service->name, why.sentence);
}

void cost_begin(struct fold *f)
{
    if (fold_begin(f)) nation_die("BEGIN", f->service->name);
}

void cost_commit(struct fold *f)
{
    if (fold_forget(f, f->number, &f->hash) || fold_commit(f)) nation_die("COMMIT", f->service->name);
}

void cost_take(struct fold *f, const char *publisher, struct nation_event e)
{
    struct record r = { .seq = f->seq + 1,
                        .at_ms = cost_now_ms(),
                        .publisher = slice_text(publisher),
                        .topic = e.topic,
                        .envelope = e.envelope,
                        .epoch = 1,
                        .number = f->seq + 1 };
    struct why why = { 0 };

    if (!fold_hears(f, &r))
        fold_pass(f, r.seq, &r.chain);
    else if (fold_take(f, &r, &why))
        nation_die(f->service->name, why.sentence);
}

struct nation_event cost_fact(const char *service, struct slice cause, const struct event_kind *kind,
                              const void *data, struct slice *id)
{
    char text[HASH_ID_TEXT + 1], topic[TOPIC_MAX + 1];
    struct buf packed = { 0 }, out = { 0 };
    struct envelope e = { .source = slice_text(service),
                          .type = slice_text(kind->type),
                          .time_ms = cost_now_ms(),
                          .cause = cause,
                          .cause_seq = 1,
                          .count = 1 };
    struct nation_event made;
    struct why why = { 0 };

    envelope_outcome_id(e.source, cause, e.type, 0, text);
    e.id = slice_text(text);
    if (codec_encode(kind, data, &packed, &why)) nation_die(kind->type, why.sentence);
    if (envelope_write(&e, buf_slice(&packed), &out))
        nation_die(kind->type, "its envelope cannot be written");
    snprintf(topic, sizeof topic, "%s.%s", kind->type, cost_province()->code);
    made.topic = nation_keep(topic, strlen(topic));
    made.envelope = nation_keep(out.data, out.size);
    if (id) *id = nation_keep(text, HASH_ID_TEXT);
    buf_fini(&packed);
    buf_fini(&out);
    return made;
}

int main(int argc, char **argv)
{
    if (argc != 4 || hash_init()) nation_die("usage", "PROFILES RULES_FOLDER TEMPORARY_FOLDER");
    nation_plan_make(&cost_plan, argv[1], 2026, PRODUCTS, 1, clock_day_from_civil(2026, 6, 1));
    nation_make_events(&cost_plan, cost_province()->first, cost_province()->count);
    cost_prepare(argv[2], argv[3]);
    printf("%zu\n", cost_measured());
    return 0;
}
