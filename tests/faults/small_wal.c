/* small_wal.c - linked around db_reserve_wal in programs that open a store ten thousand times: what it writes
 * is there to make flushes fast, and sixteen megabytes of zeros at each opening were most of their time. */
#include "common/db.h"

enum { MOST_BYTES = 64 * 1024 };

void __real_db_reserve_wal(const char *path, size_t bytes);
void __wrap_db_reserve_wal(const char *path, size_t bytes);

void __wrap_db_reserve_wal(const char *path, size_t bytes)
{
    __real_db_reserve_wal(path, bytes < MOST_BYTES ? bytes : MOST_BYTES);
}
