/* backup.h - what a backup is made of, shared by `ocop backup` and `ocop restore`.
 *
 * A folder with a copy of each file and manifest.json, which names every one with its size and its
 * BLAKE2b-256 (as `b2sum -l 256` gives it) and its mode, and the head and chain of the log that is among
 * them. The log is copied before the spools: so every row of the copied log is in the copied spools too, and
 * what a spool has beyond is sent again.
 */
#ifndef SERVICES_CLI_BACKUP_H
#define SERVICES_CLI_BACKUP_H

#include "common/hash.h"
#include "services/cli/cli.h"

#include <jansson.h>
#include <limits.h>

#define BACKUP_FORMAT   "ocop-backup/1"
#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_LOG      "log.db"

#define BACKUP_CONFIG "/etc/ocop"

enum { BACKUP_NAME_MAX = 200 };

/* One file, or one folder of files, and where it lies when it is in use. */
struct backup_part {
    const char *name; /* in the backup: "log.db", "spool-*.db", "keys/", "contacts.csv" */
    char place[CONFIG_TEXT_MAX];
};
enum { BACKUP_PARTS = 6 };
/* In the order they are copied. The folders of settings and of keys; NULL: where they are by default.
 * ERR_CONFIG. */
enum err backup_parts(const char *config, const char *keys, struct backup_part parts[BACKUP_PARTS],
                      struct why *why);
/* Where the file of this name belongs. ERR_INVALID: no part has such a file. */
enum err backup_place(const struct backup_part parts[BACKUP_PARTS], const char *name, char out[PATH_MAX],
                      struct why *why);
bool backup_is_store(const char *name); /* an SQLite file */

/* Is it a file of a backup: no blank nor control character, nothing hidden, and no way out of the folder? */
bool backup_name_valid(const char *name);

/* What the settings (*.zpl) name as key, policy, folder of keys or log, is there, and lies in no part:
 * `file` names `path` by its setting. What a unit or the command line sets is not seen. */
typedef void (*backup_left)(void *context, const char *path, const char *file, const char *setting);
enum err backup_named(const struct backup_part parts[BACKUP_PARTS], backup_left left, void *context,
                      struct why *why);

/* --- files; every error names the file --- */

typedef enum err (*backup_each)(void *context, const char *name, struct why *why);
/* Every plain file of `folder` whose name begins and ends so, in order of names, hidden ones left out. A
 * folder that is not there has none. */
enum err backup_list(const char *folder, const char *begins, const char *ends, backup_each each,
                     void *context, struct why *why);
/* Every plain file of `folder` and of the folders below it, by its path from there ("own/broker.key"); what
 * is none (hidden, a link to a folder, a socket, too deep) is handed to `left`, when that is not NULL. */
enum err backup_walk(const char *folder, backup_each each, backup_each left, void *context, struct why *why);
/* The folder a path lies in. ERR_CONFIG: it says none. */
enum err backup_folder_of(const char *path, char folder[PATH_MAX]);
/* Make it and what is missing above it, mode 0700; `made` (or NULL) hears of each that was not there. */
enum err backup_make_folders(const char *folder, backup_each made, void *context, struct why *why);
/* Copy a store while others write to it, as of one moment, in one step; the copy is one file without a WAL.
 */
enum err backup_copy_store(const char *from, const char *to, struct why *why);
/* Is it an SQLite file in order? ERR_CORRUPT. */
enum err backup_check_store(const char *path, struct why *why);
/* Copy bytes; `to` must not be there, gets mode 0600, and is on disk afterwards. */
enum err backup_copy_file(const char *from, const char *to, struct why *why);
enum err backup_hash(const char *path, uint64_t *size, struct hash *hash, struct why *why);
enum err backup_sync_folder(const char *folder, struct why *why);
/* Its last record, as it stands there. */
enum err backup_log_head(const char *log, uint64_t *head, struct hash *chain, struct why *why);
/* Let the broker's program walk the whole chain of a log. ERR_CORRUPT: it said what is wrong with it. */
enum err backup_verify_log(const struct cli *cli, const char *log, struct why *why);

#endif
