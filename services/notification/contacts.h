/* contacts.h - who is reached where: a CSV file beside the stores, never in the log.
 *
 * Its first line names the columns; `key` and `address` must be there, `name` may be, others are for people
 * and skipped. Keys are those of notification.message.queued: owner:NAME, province:06, ministry. They are
 * compared in NFC, with case folded and blanks collapsed. Each key stands once. Cells follow RFC 4180; a line
 * that begins with # is skipped.
 */
#ifndef SERVICES_NOTIFICATION_CONTACTS_H
#define SERVICES_NOTIFICATION_CONTACTS_H

#include "common/err.h"
#include "common/slice.h"

#include <sys/stat.h>

enum { CONTACTS_MAX = 200000, CONTACTS_BYTES_MAX = 64 * 1024 * 1024, CONTACT_KEY_MAX = 2048 };

struct contact {
    char *key; /* for comparing; name and address lie behind it in the same memory */
    const char *name, *address;
};

struct contacts {
    struct contact *rows; /* sorted by key */
    size_t count, capacity;
    struct timespec changed; /* of the file they were read from */
    off_t bytes;
    ino_t file;
};

/* Start with `struct contacts c = {0}`. Read the file if it is another than the one read before; a file that
 * is not there is empty. On error the contacts stay as they were. ERR_CONFIG (why names line and rule),
 * ERR_IO, ERR_NOMEM. */
enum err contacts_refresh(struct contacts *c, const char *path, struct why *why);
void contacts_fini(struct contacts *c);

/* NULL: nobody by that key. */
const struct contact *contacts_find(const struct contacts *c, struct slice key);

#endif
