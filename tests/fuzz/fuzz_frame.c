/* fuzz_frame.c - any bytes as a frame of the bus, and every element of the list it carries. */
#include "common/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int holds)
{
    if (!holds) abort();
}

static void try_element(const struct frame *f, size_t i)
{
    struct slice topic, bytes;
    struct why why = { 0 };
    struct record record;
    enum err e = ERR_NONE;

    if (f->command == FRAME_PUBLISH) e = frame_event(f, i, &topic, &bytes, &why);
    if (f->command == FRAME_FOLLOW) e = frame_prefix(f, i, &bytes, &why);
    if (f->command == FRAME_EVENTS) e = frame_record(f, i, &record, &why);
    if (e) expect(why.sentence[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    msgpack_zone *zone = msgpack_zone_new(8192);
    struct why why = { 0 };
    struct frame f;
    enum err e;
    size_t i;

    if (!zone) return 0;
    e = frame_read(slice_of(data, size), zone, &f, &why);
    if (e) {
        expect(why.code[0] != '\0' && why.sentence[0] != '\0');
    } else if (f.command == FRAME_PUBLISH || f.command == FRAME_FOLLOW || f.command == FRAME_EVENTS) {
        for (i = 0; i < f.list.via.array.size; i++)
            try_element(&f, i);
    }
    msgpack_zone_free(zone);
    return 0;
}
