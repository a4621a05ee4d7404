/* fuzz_mp.c - any bytes at all: the raw check and the library must agree, and neither may read too far. */
#include "common/mp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size);
    msgpack_zone *zone = msgpack_zone_new(8192);
    struct why why = { 0 };
    msgpack_object o;
    enum err checked, read;

    if (!zone) return 0;
    checked = mp_check(bytes, &why);
    why_clear(&why);
    read = mp_read(bytes, zone, &o, &why);
    /* What passed the check must be readable, and a refusal must say why. */
    if (checked != read) abort();
    if (read && why.sentence[0] == '\0') abort();
    if (!read) (void)mp_find(&o, "data");
    msgpack_zone_free(zone);
    return 0;
}
