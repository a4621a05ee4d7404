/* power.h - what a power cut could leave of a recorded database, and whether a program finds everything in
 * it.
 *
 *   power_disk.c    plays a record (fault_vfs.h) and makes images: what was flushed, and of what was not,
 * some power_check.c   cuts the power again and again, and counts power_log.c, power_store.c, power_spool.c
 * open an image as the real program does: one of them in each program
 */
#ifndef TESTS_FAULTS_POWER_H
#define TESTS_FAULTS_POWER_H

#include "common/hash.h"
#include "tests/faults/fault_vfs.h"

struct disk;

/* Read the record. NULL: it cannot be read. */
struct disk *disk_load(const char *path);
void disk_free(struct disk *d);
size_t disk_entries(const struct disk *d);
const struct fault_entry *disk_entry(const struct disk *d, size_t i, const char **bytes);
/* Let the next entry happen. */
void disk_step(struct disk *d);
/* Write the files FOLDER/image.db, and -wal and -journal beside it, as a cut at this moment may leave them;
 * `seed` 0: as if everything had been flushed. */
void disk_image(const struct disk *d, const char *folder, uint64_t seed);

/* A generator of our own, so that a seed means the same everywhere. */
uint64_t power_random(uint64_t *state);

/* What is found in one image. */
struct judged {
    struct hash state; /* of everything in it: a committed moment has one, and no mixture of two */
    uint64_t reached;  /* log: the head; a service's store and a spool: the last number given */
    char wrong[800];   /* why it does not open or does not hold together; "": it does */
};

/* `argument` comes from the command line: the service's name, the spool's publisher. */
void judge(const char *path, const char *argument, struct judged *out);
/* What a sent message promises to be on disk: something for `reached`, or 0. */
uint64_t judge_promise(const char *bytes, size_t size);
/* A promise is of every commit before it. Not the broker's: it writes the next one while the one before is
 * flushed, and promises what has been. */
extern const bool judge_in_turn;

/* --- reading the front of a frame --- */

/* Is it this command? Then *rest is what follows the word. */
bool power_command(const char *bytes, size_t size, const char *word, const char **rest, size_t *rest_size);
/* The unsigned number, or count of an array, at the front, which is stepped over; 0 when it is something
 * else. */
uint64_t power_uint(const char **rest, size_t *size);
void power_skip_hash(const char **rest, size_t *size);

#endif
