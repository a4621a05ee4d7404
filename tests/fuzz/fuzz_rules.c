/* fuzz_rules.c - any bytes as a rules file. What is taken can be named, hashed and announced to the services;
 * what is refused says why, in a sentence that fits into an event.
 */
#include "common/mp.h"
#include "common/text.h"
#include "proto/codec.h"
#include "services/scoring/rubric.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int holds)
{
    if (!holds) abort();
}

/* What `rules.adopted` carries can be read by those who hear it. */
static void announce(const struct rules *rules)
{
    static struct rules_lists lists;
    struct rules_adopted event = { 0 };
    struct buf out = { 0 };
    struct why why = { 0 };
    msgpack_zone *zone = msgpack_zone_new(8192);
    struct rules_adopted again;
    msgpack_object map;

    expect(zone != NULL);
    rules_announcement(rules, &lists, &event);
    event.hash = slice_text("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    expect(codec_encode(&rules_adopted_kind, &event, &out, &why) == ERR_NONE);
    expect(mp_read(buf_slice(&out), zone, &map, &why) == ERR_NONE);
    expect(codec_decode(&rules_adopted_kind, &map, zone, &again, &why) == ERR_NONE);
    msgpack_zone_free(zone);
    buf_fini(&out);
}

static void look_up(const struct rules *rules)
{
    static const int32_t days[] = { INT32_MIN, 0, 17897, 20595, INT32_MAX };
    enum authority authority;

    if (rules->kind != rules_kind_RULE_SET) return;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        for (int level = 0; level < level_COUNT; level++)
            (void)rules_level_on(&rules->u.set, (enum level)level, days[i]);
        for (int64_t star = 0; star <= STAR_MOST; star++)
            (void)rules_authority_on(&rules->u.set, star, days[i], &authority);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rules rules;
    struct slice bytes = slice_of(data, size);
    char hex[2 * HASH_BYTES + 1] = "";
    struct why why = { 0 };

    if (rules_parse(bytes, &rules, &why)) {
        expect(why.code[0] != '\0' && why.sentence[0] != '\0' && text_is_utf8(slice_text(why.sentence)));
        return 0;
    }
    expect(rules_name(&rules)[0] != '\0');
    expect(rules_hash(bytes, hex, &why) == ERR_NONE && strlen(hex) == 2 * HASH_BYTES);
    announce(&rules);
    look_up(&rules);
    return 0;
}
