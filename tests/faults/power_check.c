/* power_check.c - cut the power at every flush of a recorded run, and look at what is left.
 *
 * usage: power_<kind> RECORD ARGUMENT IMAGES SEED [first]      first: the first bad image is enough
 *
 * An image is good when the program opens it, it holds together, it is exactly one of the states that were
 * ever committed, and not an older one than the last that somebody was told of. Prints one line of counts.
 * Exit 0: all images are good; 1: some are not; 2: the record is of no use.
 */
#include "tests/faults/power.h"

#include "common/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct moment { /* after one commit */
    struct hash state;
    uint64_t reached;
};

struct counts {
    uint64_t images, told, lost, mixed, broken;
};

struct run {
    struct disk *disk;
    const char *argument;
    char folder[64], path[80];
    struct moment *moments;
    size_t moment_count;
    /* what was promised before each entry: a moment (counted from 1) and a number */
    size_t *must_have;
    uint64_t *must_reach;
    struct counts counts;
    bool first_is_enough;
    char example[900];
};

/* --- reading frames --- */

bool power_command(const char *bytes, size_t size, const char *word, const char **rest, size_t *rest_size)
{
    size_t length = strlen(word);

    if (size < 2 + length || ((unsigned char)bytes[1] & 0x1f) != length ||
        memcmp(bytes + 2, word, length) != 0)
        return false;
    *rest = bytes + 2 + length;
    *rest_size = size - 2 - length;
    return true;
}

uint64_t power_uint(const char **rest, size_t *size)
{
    const unsigned char *at = (const unsigned char *)*rest;
    size_t width;
    uint64_t value = 0;

    if (*size == 0) return 0;
    if (at[0] < 0x80 || (at[0] & 0xf0) == 0x90) {
        ++*rest;
        --*size;
        return at[0] & (at[0] < 0x80 ? 0x7f : 0x0f);
    }
    width = at[0] == 0xcc ? 1 : at[0] == 0xcd || at[0] == 0xdc ? 2 : at[0] == 0xce || at[0] == 0xdd ? 4 : 8;
    if (*size < 1 + width) return 0;
    for (size_t i = 1; i <= width; i++)
        value = value << 8 | at[i];
    *rest += 1 + width;
    *size -= 1 + width;
    return value;
}

void power_skip_hash(const char **rest, size_t *size)
{
    const size_t bytes = 2 + HASH_BYTES;

    if (*size < bytes) return;
    *rest += bytes;
    *size -= bytes;
}

/* --- the states that were committed --- */

static uint32_t big_endian(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Behind a head of 32 bytes the WAL is frames, each a head and a page; a write may hold many, and none of its
 * heads in part. The head of the last frame of a transaction has the size of the database in it. Where the
 * last such frame ends whose head is in this write; 0: there is none. */
static int64_t transaction_end(const struct fault_entry *e, const char *bytes)
{
    enum { WAL_HEAD = 32, FRAME_HEAD = 24, FRAME = FRAME_HEAD + DB_PAGE_BYTES };
    int64_t end = 0, at = WAL_HEAD;

    if (e->did != DID_WRITE || e->file != FAULT_WAL) return 0;
    if (e->at > at) at += (e->at - at + FRAME - 1) / FRAME * FRAME;
    for (; at + FRAME_HEAD <= e->at + e->size; at += FRAME)
        if (big_endian(bytes + (at - e->at) + 4) != 0) end = at + FRAME;
    return end;
}

static void learn_moment(struct run *r)
{
    struct judged found;
    struct moment *more;

    disk_image(r->disk, r->folder, 0);
    judge(r->path, r->argument, &found);
    if (found.wrong[0]) {
        fprintf(stderr, "a whole image does not open: %s\n", found.wrong);
        exit(2);
    }
    more = realloc(r->moments, (r->moment_count + 1) * sizeof *more);
    if (!more) abort();
    r->moments = more;
    r->moments[r->moment_count++] = (struct moment){ found.state, found.reached };
}

/* How many moments are behind when this was promised: one of the last of them must be found. */
static size_t promised_moments(const struct run *r, size_t have, uint64_t promised)
{
    if (judge_in_turn) return r->moment_count;
    while (have < r->moment_count && (have == 0 || r->moments[have - 1].reached < promised))
        have++;
    return have;
}

/* Go through the record once: the states, and what was promised when. */
static void learn(struct run *r)
{
    const size_t count = disk_entries(r->disk);
    int64_t ending = 0;
    size_t have = 0;
    uint64_t reach = 0;

    r->must_have = calloc(count + 1, sizeof *r->must_have);
    r->must_reach = calloc(count + 1, sizeof *r->must_reach);
    if (!r->must_have || !r->must_reach) abort();
    for (size_t i = 0; i < count; i++) {
        const char *bytes;
        const struct fault_entry e = *disk_entry(r->disk, i, &bytes);

        r->must_have[i] = have;
        r->must_reach[i] = reach;
        disk_step(r->disk);
        if (transaction_end(&e, bytes)) ending = transaction_end(&e, bytes);
        if (ending && e.did == DID_WRITE && e.file == FAULT_WAL && e.at + e.size >= ending) {
            learn_moment(r);
            ending = 0;
        }
        if (e.did == DID_SAY) {
            uint64_t promised = judge_promise(bytes, (size_t)e.size);

            if (promised) have = promised_moments(r, have, promised);
            if (promised) r->counts.told++;
            if (promised > reach) reach = promised;
        }
    }
    r->must_have[count] = have;
    r->must_reach[count] = reach;
}

/* --- cutting --- */

static bool known(const struct run *r, const struct hash *state, size_t least)
{
    for (size_t i = least ? least - 1 : 0; i < r->moment_count; i++)
        if (hash_equal(&r->moments[i].state, state)) return true;
    return false;
}

static void look(struct run *r, size_t at)
{
    struct judged found;
    const char *verdict = NULL;

    judge(r->path, r->argument, &found);
    r->counts.images++;
    if (found.wrong[0]) {
        r->counts.broken++;
        verdict = found.wrong;
    } else if (found.reached < r->must_reach[at]) {
        r->counts.lost++;
        verdict = "something somebody was told of is not there";
    } else if (!known(r, &found.state, r->must_have[at])) {
        /* Before the first promise a program may begin anew. */
        if (!r->must_have[at] && found.reached == 0) return;
        if (known(r, &found.state, 0))
            r->counts.lost++;
        else
            r->counts.mixed++;
        verdict = known(r, &found.state, 0) ? "an older state than was promised" : "no state that ever was";
    }
    if (verdict && !r->example[0])
        snprintf(r->example, sizeof r->example, "first at entry %zu (reached %" PRIu64 " of %" PRIu64 "): %s",
                 at, found.reached, r->must_reach[at], verdict);
}

/* How many images at each entry: two thirds just before a flush, spread over all of them; the rest falls
 * anywhere. */
static void plan(const struct run *r, uint64_t images, uint64_t *state, unsigned *cuts)
{
    const size_t count = disk_entries(r->disk);
    const uint64_t at_flushes = images * 2 / 3;
    size_t *flushes = calloc(count + 1, sizeof *flushes), flush_count = 0;

    if (!flushes) abort();
    for (size_t i = 0; i < count; i++) {
        const char *bytes;

        if (disk_entry(r->disk, i, &bytes)->did == DID_SYNC) flushes[flush_count++] = i;
    }
    for (uint64_t n = 0; n < images; n++) {
        if (n >= at_flushes || flush_count == 0)
            cuts[power_random(state) % (count + 1)]++;
        else if (at_flushes < flush_count)
            cuts[flushes[n * flush_count / at_flushes]]++;
        else
            cuts[flushes[n % flush_count]]++;
    }
    free(flushes);
}

/* A mistake can be seen from the first promise on, which may be the record's last entry. */
static void plan_behind_promises(const struct run *r, uint64_t images, uint64_t *state, unsigned *cuts)
{
    const size_t count = disk_entries(r->disk);
    size_t from = 0;

    while (from < count && r->must_reach[from] == 0)
        from++;
    for (uint64_t n = 0; n < images; n++)
        cuts[from + power_random(state) % (count + 1 - from)]++;
}

static uint64_t bad_images(const struct run *r)
{
    return r->counts.lost + r->counts.mixed + r->counts.broken;
}

static void cut_again(struct run *r, const char *record, uint64_t images, uint64_t seed)
{
    const size_t count = disk_entries(r->disk);
    unsigned *cuts = calloc(count + 1, sizeof *cuts);
    uint64_t state = seed;

    if (!cuts) abort();
    (r->first_is_enough ? plan_behind_promises : plan)(r, images, &state, cuts);
    disk_free(r->disk);
    r->disk = disk_load(record);
    for (size_t i = 0; i <= count; i++) {
        for (unsigned n = 0; n < cuts[i] && !(r->first_is_enough && bad_images(r)); n++) {
            disk_image(r->disk, r->folder, power_random(&state) | 1);
            look(r, i);
        }
        if (i < count) disk_step(r->disk);
    }
    free(cuts);
}

static void remove_folder(const struct run *r)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal", ".lock" };
    char path[100];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(path, sizeof path, "%s%s", r->path, endings[i]);
        unlink(path);
    }
    rmdir(r->folder);
}

int main(int argc, char **argv)
{
    struct run r = { .folder = "/dev/shm/ocop-power-XXXXXX" };
    uint64_t bad;

    if (argc < 5 || argc > 6 || hash_init()) return 2;
    r.disk = disk_load(argv[1]);
    r.argument = argv[2];
    r.first_is_enough = argc == 6 && strcmp(argv[5], "first") == 0;
    if (!r.disk) {
        fprintf(stderr, "%s is no record\n", argv[1]);
        return 2;
    }
    if (access("/dev/shm", W_OK) != 0) strcpy(r.folder, "/tmp/ocop-power-XXXXXX");
    if (!mkdtemp(r.folder)) return 2;
    snprintf(r.path, sizeof r.path, "%s/image.db", r.folder);
    learn(&r);
    if (!r.counts.told || r.moment_count < 2) {
        fprintf(stderr, "nothing was told or committed in %s\n", argv[1]);
        return 2;
    }
    cut_again(&r, argv[1], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    bad = bad_images(&r);
    printf("images=%" PRIu64 " commits=%zu told=%" PRIu64 " lost=%" PRIu64 " mixed=%" PRIu64
           " broken=%" PRIu64 "%s%s\n",
           r.counts.images, r.moment_count, r.counts.told, r.counts.lost, r.counts.mixed, r.counts.broken,
           r.example[0] ? " " : "", r.example);
    if (bad && getenv("OCOP_POWER_KEEP"))
        fprintf(stderr, "the last image is in %s\n", r.folder);
    else
        remove_folder(&r);
    disk_free(r.disk);
    free(r.moments);
    free(r.must_have);
    free(r.must_reach);
    return bad ? 1 : 0;
}
