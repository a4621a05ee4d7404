#include "tests/faults/memory_shim.h"

#include <msgpack.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local long left; /* 0: not armed */
static _Thread_local bool failed;

/* The linker sends our calls of NAME to __wrap_NAME, and __real_NAME to NAME. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
msgpack_zone *__real_msgpack_zone_new(size_t size);
void *__real_msgpack_zone_malloc_expand(msgpack_zone *zone, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
msgpack_zone *__wrap_msgpack_zone_new(size_t size);
void *__wrap_msgpack_zone_malloc_expand(msgpack_zone *zone, size_t size);

static bool fails(void)
{
    if (left == 0 || --left > 0) return false;
    failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

msgpack_zone *__wrap_msgpack_zone_new(size_t size)
{
    return fails() ? NULL : __real_msgpack_zone_new(size);
}

void *__wrap_msgpack_zone_malloc_expand(msgpack_zone *zone, size_t size)
{
    return fails() ? NULL : __real_msgpack_zone_malloc_expand(zone, size);
}

static sqlite3_mem_methods real;

static void *sqlite_malloc(int size)
{
    return fails() ? NULL : real.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
    return fails() ? NULL : real.xRealloc(old, size);
}

void memory_install(void)
{
    sqlite3_mem_methods mine;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK) abort();
    mine = real;
    mine.xMalloc = sqlite_malloc;
    mine.xRealloc = sqlite_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) != SQLITE_OK) abort();
}

void memory_arm(long n)
{
    failed = false;
    left = n;
}

bool memory_disarm(void)
{
    left = 0;
    return failed;
}
