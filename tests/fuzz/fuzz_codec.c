/* fuzz_codec.c - an event type, a line break, and any bytes as its data map. What can be decoded must be
 * encodable, and come back the same.
 */
#include "common/mp.h"
#include "proto/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int holds)
{
    if (!holds) abort();
}

static void *room_for(const struct event_kind *kind, msgpack_zone *zone)
{
    void *room = msgpack_zone_malloc(zone, kind->size);

    expect(room != NULL);
    return room;
}

static void come_back(const struct event_kind *kind, const void *event, msgpack_zone *zone)
{
    struct buf first = { 0 }, second = { 0 };
    void *again = room_for(kind, zone);
    struct why why = { 0 };
    msgpack_object o;

    expect(codec_encode(kind, event, &first, &why) == ERR_NONE);
    expect(mp_read(buf_slice(&first), zone, &o, &why) == ERR_NONE);
    expect(codec_decode(kind, &o, zone, again, &why) == ERR_NONE);
    expect(codec_encode(kind, again, &second, &why) == ERR_NONE);
    expect(slice_equal(buf_slice(&first), buf_slice(&second)));
    buf_fini(&first);
    buf_fini(&second);
}

static void try_data(const struct event_kind *kind, struct slice bytes, msgpack_zone *zone)
{
    struct why why = { 0 };
    msgpack_object o;
    void *event;

    if (mp_read(bytes, zone, &o, &why)) return;
    event = room_for(kind, zone);
    if (codec_decode(kind, &o, zone, event, &why))
        expect(why.code[0] != '\0' && why.sentence[0] != '\0');
    else
        come_back(kind, event, zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line_end = size ? memchr(data, '\n', size) : NULL;
    const struct event_kind *kind;
    msgpack_zone *zone;
    size_t used;

    if (!line_end) return 0;
    used = (size_t)(line_end - data);
    kind = event_kind_find(slice_of(data, used));
    if (!kind) return 0;
    zone = msgpack_zone_new(8192);
    if (!zone) return 0;
    try_data(kind, slice_of(line_end + 1, size - used - 1), zone);
    msgpack_zone_free(zone);
    return 0;
}
