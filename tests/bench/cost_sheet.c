/* cost_sheet.c - scoring counts the sheets of a province: decided, applied, put into the outbox, committed.
 */
#include "common/clock.h"
#include "tests/bench/cost.h"

#include <stdio.h>

extern const struct service scoring_service;

static struct fold scoring;

static void adopt(const char *folder, const char *file, const char *name)
{
    static char bytes[128 * 1024];
    char path[512];
    size_t size = 0;
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, file);
    f = fopen(path, "rb");
    if (f) size = fread(bytes, 1, sizeof bytes, f);
    if (!f || size == 0 || size == sizeof bytes) nation_die(path, "cannot be read");
    fclose(f);
    cost_take(&scoring, "operator", nation_rules(&cost_plan, name, slice_of(bytes, size)));
}

/* As intake would accept it. */
static void accept_dossier(size_t i)
{
    const struct nation_product *product = cost_product(i);
    msgpack_zone *zone = msgpack_zone_new(8192);
    struct dossier_filed filed;
    struct envelope e;
    struct why why = { 0 };
    char code[41];

    if (!zone || envelope_parse(product->dossier.envelope, zone, &e, &why) ||
        dossier_filed_decode(&e, zone, &filed, &why))
        nation_die("dossier", why.sentence);
    snprintf(code, sizeof code, "%s-%.*s-%zu-2026", cost_province()->code, SLICE_ARG(filed.commune_code),
             i + 1);
    cost_take(&scoring, "intake",
              cost_fact("intake", e.id, &dossier_accepted_kind,
                        &(struct dossier_accepted){ .reference = filed.reference,
                                                    .product = slice_text(code),
                                                    .kind = filed.kind,
                                                    .name = filed.product,
                                                    .owner = filed.owner,
                                                    .owner_kind = filed.owner_kind,
                                                    .province = filed.province,
                                                    .round = filed.round,
                                                    .rule_set = filed.rule_set,
                                                    .has_rubric = true,
                                                    .rubric = filed.rubric,
                                                    .has_received_on = true,
                                                    .received_on = filed.received_on },
                        NULL));
    msgpack_zone_free(zone);
}

void cost_prepare(const char *rules_folder, const char *temporary_folder)
{
    (void)temporary_folder;
    cost_open(&scoring, &scoring_service);
    cost_begin(&scoring);
    adopt(rules_folder, "qd-26-2026.json", "QD26_2026");
    adopt(rules_folder, "qd-26-2026-13-ca-phe-ca-cao.json", "qd-26-2026-13-ca-phe-ca-cao");
    cost_take(&scoring, "council", cost_province()->council);
    for (size_t i = 0; i < cost_province()->count; i++)
        accept_dossier(i);
    /* The first one makes scoring read the law, which it then remembers. */
    cost_take(&scoring, "council", cost_product(0)->sheets[0]);
    cost_commit(&scoring);
}

size_t cost_measured(void)
{
    const size_t count = cost_province()->count;

    cost_begin(&scoring);
    for (size_t i = 0; i < count; i++)
        for (size_t m = i == 0 ? 1 : 0; m < NATION_MEMBERS; m++)
            cost_take(&scoring, "council", cost_product(i)->sheets[m]);
    cost_commit(&scoring);
    if (scoring.tally[FOLD_REFUSED] || scoring.number != count * NATION_MEMBERS + 3)
        nation_die("sheets", "not all were counted");
    return count * NATION_MEMBERS - 1;
}
