#include "tests/faults/power.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct bytes {
    char *data;
    size_t size, room;
};

/* One name in the folder. */
struct name {
    struct bytes flushed;
    size_t *waiting; /* entries not flushed yet */
    size_t waiting_count, waiting_room;
    bool exists;
    bool folder_due; /* its next flush flushes the folder too: SQLite does so for a new journal or WAL */
    bool replaced;   /* it was deleted, and the folder was not flushed since: the old file may come back */
    struct bytes old;
};

struct disk {
    char *record;
    size_t record_size;
    size_t *starts; /* of each entry */
    size_t count, at;
    struct name names[FAULT_FILES];
};

uint64_t power_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void *must(void *memory)
{
    if (!memory) abort();
    return memory;
}

static void resize(struct bytes *b, size_t size)
{
    if (size > b->room) {
        b->room = size * 2;
        b->data = must(realloc(b->data, b->room));
    }
    if (size > b->size) memset(b->data + b->size, 0, size - b->size);
    b->size = size;
}

static void overwrite(struct bytes *b, size_t at, const char *data, size_t size)
{
    if (at + size > b->size) resize(b, at + size);
    memcpy(b->data + at, data, size);
}

/* --- the record --- */

struct disk *disk_load(const char *path)
{
    struct disk *d = must(calloc(1, sizeof *d));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    size_t room = 0;

    if (fd < 0 || fstat(fd, &st) || st.st_size == 0) return NULL;
    d->record_size = (size_t)st.st_size;
    d->record = mmap(NULL, d->record_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (d->record == MAP_FAILED) return NULL;
    for (size_t at = 0; at + sizeof(struct fault_entry) <= d->record_size;) {
        struct fault_entry e;

        memcpy(&e, d->record + at, sizeof e);
        if (at + sizeof e + (size_t)e.size > d->record_size) break; /* the process was killed while writing */
        if (d->count == room) {
            room = room ? 2 * room : 4096;
            d->starts = must(realloc(d->starts, room * sizeof *d->starts));
        }
        d->starts[d->count++] = at;
        at += sizeof e + (size_t)e.size;
    }
    return d;
}

void disk_free(struct disk *d)
{
    for (size_t i = 0; i < FAULT_FILES; i++) {
        free(d->names[i].flushed.data);
        free(d->names[i].old.data);
        free(d->names[i].waiting);
    }
    munmap(d->record, d->record_size);
    free(d->starts);
    free(d);
}

size_t disk_entries(const struct disk *d)
{
    return d->count;
}

/* Entries are not aligned in the record: the caller gets a copy that lives until the next call. */
const struct fault_entry *disk_entry(const struct disk *d, size_t i, const char **bytes)
{
    static struct fault_entry e;

    memcpy(&e, d->record + d->starts[i], sizeof e);
    *bytes = d->record + d->starts[i] + sizeof e;
    return &e;
}

/* --- what the disk knows --- */

static void apply(const struct disk *d, size_t i, struct bytes *to)
{
    const char *data;
    const struct fault_entry *e = disk_entry(d, i, &data);

    if (e->did == DID_WRITE) overwrite(to, (size_t)e->at, data, (size_t)e->size);
    if (e->did == DID_TRUNCATE) resize(to, (size_t)e->at);
}

static void folder_flushed(struct disk *d)
{
    for (size_t i = 0; i < FAULT_FILES; i++) {
        d->names[i].replaced = false;
        d->names[i].folder_due = false;
    }
}

static void flushed(struct disk *d, struct name *n)
{
    for (size_t i = 0; i < n->waiting_count; i++)
        apply(d, n->waiting[i], &n->flushed);
    n->waiting_count = 0;
    if (n->folder_due) folder_flushed(d);
}

static void deleted(struct disk *d, struct name *n, bool folder_too)
{
    struct bytes spare = n->old;

    if (!n->exists) return;
    if (!n->replaced) {
        n->old = n->flushed;
        n->flushed = spare;
    }
    n->replaced = true;
    n->flushed.size = n->waiting_count = 0;
    n->exists = false;
    if (folder_too) folder_flushed(d);
}

static void wait(struct name *n, size_t i)
{
    if (n->waiting_count == n->waiting_room) {
        n->waiting_room = n->waiting_room ? 2 * n->waiting_room : 64;
        n->waiting = must(realloc(n->waiting, n->waiting_room * sizeof *n->waiting));
    }
    n->waiting[n->waiting_count++] = i;
}

void disk_step(struct disk *d)
{
    const char *data;
    const struct fault_entry *e = disk_entry(d, d->at, &data);
    struct name *n = e->file < FAULT_FILES ? &d->names[e->file] : NULL;

    if (n) switch ((enum fault_did)e->did) {
        case DID_OPEN:
            n->exists = true;
            n->folder_due = e->file != FAULT_MAIN;
            break;
        case DID_WRITE:
        case DID_TRUNCATE:
            wait(n, d->at);
            break;
        case DID_SYNC:
            flushed(d, n);
            break;
        case DID_DELETE:
            deleted(d, n, e->at != 0);
            break;
        case DID_SAY:
            break;
        }
    d->at++;
}

/* --- what a cut leaves --- */

enum luck { NOTHING, EVERYTHING, WHOLE_WRITES, SECTORS, MOST_SECTORS, A_FRONT, LUCKS };

struct cut {
    uint64_t state;
    enum luck luck;
    size_t sector, front; /* A_FRONT: so many writes, and a part of the next */
    bool old_names;
};

static bool one_in(struct cut *c, uint64_t n)
{
    return power_random(&c->state) % n == 0;
}

/* Does this piece of the `i`-th waiting write reach the disk? */
static bool survives(struct cut *c, size_t i, bool whole)
{
    switch (c->luck) {
    case NOTHING:
        return false;
    case EVERYTHING:
        return true;
    case WHOLE_WRITES:
        return whole;
    case SECTORS:
        return one_in(c, 2);
    case MOST_SECTORS:
        return !one_in(c, 10);
    case A_FRONT:
        return i < c->front || (i == c->front && one_in(c, 2));
    case LUCKS:
        break;
    }
    return false;
}

static void write_partly(struct cut *c, size_t i, const struct fault_entry *e, const char *data,
                         struct bytes *to)
{
    const size_t start = (size_t)e->at, end = start + (size_t)e->size;
    const bool whole = one_in(c, 2);

    for (size_t at = start; at < end;) {
        size_t next = (at / c->sector + 1) * c->sector;

        if (next > end) next = end;
        if (survives(c, i, whole))
            overwrite(to, at, data + (at - start), next - at);
        else if (next > to->size && c->luck != NOTHING && one_in(c, 8))
            resize(to, next); /* the size was written, the bytes were not */
        at = next;
    }
}

static void leave(const struct disk *d, const struct name *n, struct cut *c, struct bytes *to)
{
    to->size = 0;
    overwrite(to, 0, n->flushed.data ? n->flushed.data : "", n->flushed.size);
    c->front = n->waiting_count ? (size_t)(power_random(&c->state) % (n->waiting_count + 1)) : 0;
    for (size_t i = 0; i < n->waiting_count; i++) {
        const char *data;
        struct fault_entry e = *disk_entry(d, n->waiting[i], &data);

        if (e.did == DID_WRITE)
            write_partly(c, i, &e, data, to);
        else if (survives(c, i, one_in(c, 2)))
            resize(to, (size_t)e.at);
    }
}

static void write_file(const char *path, const struct bytes *b)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, b->data, b->size) != (ssize_t)b->size) abort();
    close(fd);
}

void disk_image(const struct disk *d, const char *folder, uint64_t seed)
{
    static const char *const endings[FAULT_FILES + 1] = { "", "-wal", "-journal", "-shm" };
    static struct bytes image;
    struct cut c = { .state = seed, .luck = EVERYTHING, .sector = 512 };
    char path[256];

    if (seed) {
        c.luck = (enum luck)(power_random(&c.state) % LUCKS);
        c.sector = one_in(&c, 2) ? 512 : 4096;
        c.old_names = one_in(&c, 2);
    }
    for (size_t i = 0; i <= FAULT_FILES; i++) {
        const struct name *n = i < FAULT_FILES ? &d->names[i] : NULL;

        snprintf(path, sizeof path, "%s/image.db%s", folder, endings[i]);
        if (n && n->replaced && c.old_names) {
            write_file(path, &n->old);
        } else if (n && n->exists) {
            leave(d, n, &c, &image);
            write_file(path, &image);
        } else {
            unlink(path);
        }
    }
}
