/* cost.h - one part of the work for callgrind to count: what each part gives, and a service without a bus.
 *
 * bench_cost_<part> PROFILES RULES_FOLDER TEMPORARY_FOLDER; see tests/bench/cost.
 */
#ifndef TESTS_BENCH_COST_H
#define TESTS_BENCH_COST_H

#include "common/loop_inside.h"
#include "tests/bench/nation.h"

enum { COST_PROVINCE = 0 };

/* --- of each part --- */
void cost_prepare(const char *rules_folder, const char *temporary_folder);
/* Only what is done in here is counted. How many events that was. */
size_t cost_measured(void);

/* --- for the parts --- */
extern struct nation_plan cost_plan; /* its first province has its events */
const struct nation_province *cost_province(void);
struct nation_product *cost_product(size_t i); /* of that province */
int64_t cost_now_ms(void);

/* A service, its store in memory; the log as it sees it. As the loop does, many records share one commit. */
void cost_open(struct fold *f, const struct service *service);
void cost_take(struct fold *f, const char *publisher, struct nation_event e);
void cost_begin(struct fold *f);
void cost_commit(struct fold *f);
/* The one outcome that another service is known to have for a cause: its id follows from the cause's. */
struct nation_event cost_fact(const char *service, struct slice cause, const struct event_kind *kind,
                              const void *data, struct slice *id);

#endif
