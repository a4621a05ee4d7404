/* fuzz_envelope.c - any bytes as an envelope: refused with a sentence, or all that envelope.h promises. */
#include "common/envelope.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int holds)
{
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    msgpack_zone *zone = msgpack_zone_new(8192);
    struct why why = { 0 };
    struct envelope e;
    enum err result;

    if (!zone) return 0;
    result = envelope_parse(slice_of(data, size), zone, &e, &why);
    if (result) {
        expect(why.sentence[0] != '\0');
    } else {
        expect(e.id.size >= 1 && e.id.size <= ENVELOPE_ID_MAX);
        expect(e.source.size >= 1 && e.source.size <= ENVELOPE_ID_MAX);
        expect(e.type.size >= 1 && e.type.size <= ENVELOPE_TYPE_MAX);
        expect(e.subject.size <= ENVELOPE_SUBJECT_MAX);
        expect(e.data.type == MSGPACK_OBJECT_MAP);
        expect((e.cause.size == 0) == (e.cause_seq == 0));
        expect(e.cause_seq == 0 || e.ordinal < e.count);
    }
    msgpack_zone_free(zone);
    return 0;
}
