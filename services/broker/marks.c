#include "services/broker/marks.h"

#include <stdlib.h>

/* FNV-1a; the names come from a small known set or are few, so nothing stronger is needed. */
static size_t bucket_of(struct slice name, uint64_t epoch)
{
    uint64_t h = 14695981039346656037u ^ epoch;

    for (size_t i = 0; i < name.size; i++)
        h = (h ^ (uint8_t)name.data[i]) * 1099511628211u;
    return (size_t)((h ^ (h >> 32)) % MARKS_BUCKETS);
}

struct slice mark_name(const struct mark *mark)
{
    return slice_of(mark->name, mark->size);
}

struct mark *marks_find(const struct marks *m, struct slice name, uint64_t epoch)
{
    struct mark *at = m->buckets[bucket_of(name, epoch)];

    while (at && !(at->epoch == epoch && slice_equal(mark_name(at), name)))
        at = at->next;
    return at;
}

struct mark *marks_add(struct marks *m, struct slice name, uint64_t epoch)
{
    size_t bucket = bucket_of(name, epoch);
    struct mark *mark = name.size <= MARKS_NAME_MAX ? calloc(1, sizeof *mark) : NULL;

    if (!mark) return NULL;
    mark->epoch = epoch;
    mark->running.behind = UINT64_MAX;
    mark->size = (uint8_t)name.size;
    if (name.size) memcpy(mark->name, name.data, name.size);
    mark->next = m->buckets[bucket];
    m->buckets[bucket] = mark;
    m->count++;
    return mark;
}

void mark_run(struct mark_running *running, uint64_t behind, const struct record *record)
{
    if (running->behind != behind) running->before = running->hash;
    running->behind = behind;
    running->hash = hash_running(&running->hash, record->number, record->topic, record->envelope);
}

void marks_touch(struct marks *m, struct mark *mark)
{
    if (!mark->touched) {
        mark->touched = true;
        mark->committed = mark->at;
        mark->next_touched = m->touched;
        m->touched = mark;
    }
    if (!mark->dirty) {
        mark->dirty = true;
        mark->next_dirty = m->dirty;
        m->dirty = mark;
    }
}

void marks_commit(struct marks *m)
{
    for (struct mark *at = m->touched; at; at = at->next_touched)
        at->touched = false;
    m->touched = NULL;
}

/* A mark that is as it was stays on the dirty list: it is written down once more than needed. */
void marks_revert(struct marks *m, uint64_t behind)
{
    for (struct mark *at = m->touched; at; at = at->next_touched) {
        at->at = at->committed;
        if (at->running.behind == behind) at->running.hash = at->running.before;
    }
    marks_commit(m);
}

void marks_clean(struct marks *m)
{
    for (struct mark *at = m->dirty; at; at = at->next_dirty)
        at->dirty = false;
    m->dirty = NULL;
}

void marks_clear(struct marks *m)
{
    if (!m->count) return;
    for (size_t i = 0; i < MARKS_BUCKETS; i++) {
        struct mark *at = m->buckets[i];

        while (at) {
            struct mark *next = at->next;

            free(at);
            at = next;
        }
        m->buckets[i] = NULL;
    }
    m->dirty = m->touched = NULL;
    m->count = 0;
}
