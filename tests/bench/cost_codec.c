/* cost_codec.c - a sheet of 34 options, decoded from its bytes and encoded again. */
#include "tests/bench/cost.h"

enum { TIMES = 500 };

void cost_prepare(const char *rules_folder, const char *temporary_folder)
{
    (void)rules_folder, (void)temporary_folder;
}

size_t cost_measured(void)
{
    const struct slice bytes = cost_product(0)->sheets[0].envelope;
    msgpack_zone *zone = msgpack_zone_new(LOOP_ZONE_BYTES);
    struct sheet_submitted sheet;
    struct buf out = { 0 };
    struct envelope e;
    struct why why = { 0 };

    if (!zone) nation_die("memory", "there is none");
    for (int i = 0; i < TIMES; i++) {
        msgpack_zone_clear(zone);
        buf_clear(&out);
        if (envelope_parse(bytes, zone, &e, &why) || sheet_submitted_decode(&e, zone, &sheet, &why) ||
            codec_encode(&sheet_submitted_kind, &sheet, &out, &why))
            nation_die("codec", why.sentence);
    }
    buf_fini(&out);
    msgpack_zone_free(zone);
    return TIMES;
}
