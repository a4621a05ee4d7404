/* restore.c - `ocop restore`: check a backup whole, then put its files where they belong. */
#include "common/clock.h"
#include "common/db.h"
#include "common/place.h"
#include "services/cli/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_CONFIG = 0x200, KEY_KEYS, KEY_FORCE, NAMES_MAX = 256 };

struct restore {
    struct cli *cli;
    const char *dir, *config, *keys, *names[NAMES_MAX];
    size_t name_count;
    bool force;
    struct backup_part parts[BACKUP_PARTS];
    json_t *manifest;
    char state[CONFIG_TEXT_MAX];
    char aside[PATH_MAX]; /* where what was there is put; empty: not needed yet */
    int locks[NAMES_MAX];
    size_t lock_count;
};

static const char doc[] =
    "Put back what `ocop backup` copied into DIR: everything, or only the files named (log.db, "
    "spool-province-06.db, keys/broker.key). All processes on these files must be stopped.\v"
    "First the whole of DIR is checked against its manifest: sizes, hashes, nothing missing, nothing from "
    "elsewhere, "
    "the log's chain up to the head the manifest names. If anything is wrong, nothing is touched. A file "
    "that is "
    "there already is not replaced, and then nothing is; with --force it is moved into "
    "STATE/before-restore-TIME "
    "first.\n"
    "\n"
    "When the log was lost and newer spools are there, say `ocop restore DIR log.db`. Afterwards start the "
    "broker and "
    "the services: each finds out that the log is an older one, and reads it again. Then let each spool send "
    "what the "
    "log lacks: `ocop --as NAME push --resume`, provinces first, then councils, then authorities.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop restore /srv/backup/2026-11-25 log.db\n"
    "  ocop --state /var/lib/ocop restore /srv/backup/2026-11-25\n"
    "\n"
    "Exit codes: 0 done, 1 the backup is damaged or mixed, 2 something is there already, or in use; nothing "
    "was "
    "touched. 4 a file cannot be written.\n";

static const struct argp_option options[] = {
    { "config", KEY_CONFIG, "DIR", 0, "Folder of the settings (" BACKUP_CONFIG ")", 1 },
    { "keys", KEY_KEYS, "DIR", 0, "Folder of the keys (STATE/keys)", 1 },
    { "force", KEY_FORCE, 0, 0, "Move aside what is there already", 1 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct restore *r = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = r->cli;
        return 0;
    case KEY_CONFIG:
        r->config = arg;
        return 0;
    case KEY_KEYS:
        r->keys = arg;
        return 0;
    case KEY_FORCE:
        r->force = true;
        return 0;
    case ARGP_KEY_ARG:
        if (r->name_count == NAMES_MAX) argp_error(state, "at most %d names", NAMES_MAX);
        if (!r->dir)
            r->dir = arg;
        else
            r->names[r->name_count++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (!r->dir) argp_error(state, "say from which DIR");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { options, parse, "DIR [NAME...]", doc, cli_children, NULL, NULL };

/* --- the manifest --- */

static enum err damaged(const struct restore *r, struct why *why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum err damaged(const struct restore *r, struct why *why, const char *format, ...)
{
    char sentence[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return why_set(why, ERR_NOT_FOUND, "DAMAGED", "%s is no backup to restore from: %s. Nothing was touched",
                   r->dir, sentence);
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "";
}

static bool read_hash(const json_t *o, const char *key, struct hash *out)
{
    return hash_from_hex(slice_text(text_of(o, key)), out);
}

static json_t *files_of(const struct restore *r)
{
    return json_object_get(r->manifest, "files");
}

static enum err read_manifest(struct restore *r, struct why *why)
{
    char path[PATH_MAX];
    json_error_t error;

    if (snprintf(path, sizeof path, "%s/" BACKUP_MANIFEST, r->dir) >= PATH_MAX) return ERR_CONFIG;
    r->manifest = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!r->manifest) return damaged(r, why, "its " BACKUP_MANIFEST " cannot be read: %s", error.text);
    if (strcmp(text_of(r->manifest, "format"), BACKUP_FORMAT) != 0)
        return damaged(r, why, "its format is \"%s\", and this ocop reads " BACKUP_FORMAT,
                       text_of(r->manifest, "format"));
    if (!json_array_size(files_of(r))) return damaged(r, why, "its manifest names no files");
    return ERR_NONE;
}

static const json_t *find_file(const struct restore *r, const char *name)
{
    size_t i;
    json_t *file;

    json_array_foreach(files_of(r), i, file) if (!strcmp(text_of(file, "name"), name)) return file;
    return NULL;
}

/* --- is it what was copied? --- */

static enum err check_file(const struct restore *r, const json_t *file, struct why *why)
{
    const char *name = text_of(file, "name");
    char path[PATH_MAX], place[PATH_MAX];
    struct hash want, got;
    struct why inner = { 0 };
    uint64_t size = 0;

    if (backup_place(r->parts, name, place, &inner)) return damaged(r, why, "%s", inner.sentence);
    if (!read_hash(file, "blake2b", &want)) return damaged(r, why, "the manifest has no hash of %s", name);
    if (snprintf(path, sizeof path, "%s/%s", r->dir, name) >= PATH_MAX) return ERR_CONFIG;
    if (backup_hash(path, &size, &got, &inner)) return damaged(r, why, "%s", inner.sentence);
    if (size != (uint64_t)json_integer_value(json_object_get(file, "size")))
        return damaged(r, why, "%s has another size than in the manifest", name);
    if (!hash_equal(&want, &got)) return damaged(r, why, "%s is not the file that was copied", name);
    return ERR_NONE;
}

struct stray {
    const struct restore *restore;
    const char *folder; /* "" or "keys/" */
};

/* A file that the manifest does not name came from somewhere else. */
static enum err check_stray(void *context, const char *file, struct why *why)
{
    const struct stray *s = context;
    char name[PATH_MAX];

    if (snprintf(name, sizeof name, "%s%s", s->folder, file) >= PATH_MAX) return ERR_CONFIG;
    if (!strcmp(name, BACKUP_MANIFEST) || find_file(s->restore, name)) return ERR_NONE;
    return damaged(s->restore, why, "%s is not in its manifest", name);
}

static enum err check_strays(const struct restore *r, struct why *why)
{
    struct stray stray = { r, "" };
    enum err e = backup_list(r->dir, "", "", check_stray, &stray, why);

    for (size_t i = 0; !e && i < BACKUP_PARTS; i++) {
        char folder[PATH_MAX];

        if (!strchr(r->parts[i].name, '/')) continue;
        stray.folder = r->parts[i].name;
        if (snprintf(folder, sizeof folder, "%s/%s", r->dir, stray.folder) >= PATH_MAX) return ERR_CONFIG;
        e = backup_walk(folder, check_stray, NULL, &stray, why);
    }
    return e;
}

static enum err check_log(const struct restore *r, struct why *why)
{
    char path[PATH_MAX];
    struct hash want, got;
    struct why inner = { 0 };
    uint64_t head = 0;

    if (!find_file(r, BACKUP_LOG)) return damaged(r, why, "it has no %s", BACKUP_LOG);
    if (snprintf(path, sizeof path, "%s/" BACKUP_LOG, r->dir) >= PATH_MAX) return ERR_CONFIG;
    if (backup_verify_log(r->cli, path, &inner) || backup_log_head(path, &head, &got, &inner))
        return damaged(r, why, "%s", inner.sentence);
    if (!read_hash(r->manifest, "chain", &want) || !hash_equal(&want, &got) ||
        head != (uint64_t)json_integer_value(json_object_get(r->manifest, "head")))
        return damaged(r, why, "%s does not end where its manifest says", BACKUP_LOG);
    return ERR_NONE;
}

static enum err check_all(struct restore *r, struct why *why)
{
    size_t i;
    json_t *file;
    enum err e = backup_parts(r->config, r->keys, r->parts, why);

    if (!e) e = read_manifest(r, why);
    if (e) return e;
    json_array_foreach(files_of(r), i, file)
    {
        e = check_file(r, file, why);
        if (e) return e;
    }
    e = check_strays(r, why);
    return e ? e : check_log(r, why);
}

/* --- what spools have beyond the log: it will be sent again --- */

static enum err last_in_log(const char *log, const char *publisher, int64_t epoch, int64_t *number,
                            struct why *why)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_open(log, DB_READ, &db, why);

    if (!e)
        e = db_prepare(db, "SELECT ifnull(max(number), 0) FROM log WHERE publisher = ?1 AND epoch = ?2", &s,
                       why);
    if (!e) {
        db_bind_text(s, 1, slice_text(publisher));
        db_bind_i64(s, 2, epoch);
        e = db_step(s, &row);
    }
    if (!e) *number = db_i64(s, 0);
    sqlite3_finalize(s);
    db_close(&db);
    return e;
}

/* One that was copied while it was being made has no tables yet, and no rows. */
static enum err is_begun(sqlite3 *db, bool *begun, struct why *why)
{
    sqlite3_stmt *s = NULL;
    enum err e = db_prepare(db, "SELECT 1 FROM sqlite_master WHERE name = 'meta'", &s, why);

    *begun = false;
    if (!e) e = db_step(s, begun);
    sqlite3_finalize(s);
    return e;
}

static enum err tell_ahead(const char *log, const char *spool, struct why *why)
{
    char publisher[64] = "";
    int64_t epoch = 0, last = 0, ahead = 0;
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    bool row = false, begun = false;
    enum err e = db_open(spool, DB_READ, &db, why);

    if (!e) e = is_begun(db, &begun, why);
    if (e || !begun) {
        db_close(&db);
        return e;
    }
    e = db_prepare(db, "SELECT publisher, epoch FROM meta", &s, why);
    if (!e) e = db_step(s, &row);
    if (!e && row) {
        snprintf(publisher, sizeof publisher, "%.*s", SLICE_ARG(db_text(s, 0)));
        epoch = db_i64(s, 1);
    }
    sqlite3_finalize(s);
    s = NULL;
    if (!e) e = last_in_log(log, publisher, epoch, &last, why);
    if (!e)
        e = db_prepare(
            db,
            "SELECT count(*) FROM entry WHERE epoch = ?1 AND number > ?2 AND state IN ('stored', 'answered')",
            &s, why);
    if (!e) {
        db_bind_i64(s, 1, epoch);
        db_bind_i64(s, 2, last);
        e = db_step(s, &row);
    }
    if (!e && row) ahead = db_i64(s, 0);
    sqlite3_finalize(s);
    db_close(&db);
    if (!e && ahead)
        printf("%s: %" PRId64
               " rows that it knows as stored are not in the restored log; `ocop --as %s push --resume` "
               "sends them again\n",
               spool, ahead, publisher);
    return e;
}

static enum err tell_spool(void *context, const char *name, struct why *why)
{
    const struct restore *r = context;
    char spool[PATH_MAX], log[PATH_MAX];
    enum err e = backup_place(r->parts, name, spool, why);

    if (!e) e = backup_place(r->parts, BACKUP_LOG, log, why);
    return e ? e : tell_ahead(log, spool, why);
}

/* --- putting back --- */

static bool wanted(const struct restore *r, const char *name)
{
    for (size_t i = 0; i < r->name_count; i++)
        if (!strcmp(r->names[i], name)) return true;
    return r->name_count == 0;
}

static enum err check_names(const struct restore *r, struct why *why)
{
    for (size_t i = 0; i < r->name_count; i++)
        if (!find_file(r, r->names[i]))
            return why_set(why, ERR_CONFIG, "NAME", "%s has no %s; its " BACKUP_MANIFEST " lists what it has",
                           r->dir, r->names[i]);
    return ERR_NONE;
}

/* Whoever works with the store holds this lock: the broker its log, a push its spool. */
static enum err lock_store(struct restore *r, const char *place, struct why *why)
{
    char path[PATH_MAX];
    int fd;

    if (r->lock_count == NAMES_MAX || snprintf(path, sizeof path, "%s.lock", place) >= PATH_MAX)
        return ERR_LIMIT;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    if (fd < 0) return why_set(why, ERR_IO, "LOCK", "%s: %s", path, strerror(errno));
    r->locks[r->lock_count++] = fd;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return ERR_NONE;
    return why_set(why, ERR_CONFIG, "IN_USE", "%s is in use: stop the process that works with it first",
                   place);
}

static const char *const endings[] = { "", "-wal", "-shm" };

/* An SQLite file and what lies beside it: a write-ahead log without its file would be taken for the new
 * one's. */
static bool there(const char *name, const char *place)
{
    for (size_t i = 0; i < (backup_is_store(name) ? 3 : 1); i++) {
        char path[PATH_MAX];

        if (snprintf(path, sizeof path, "%s%s", place, endings[i]) < PATH_MAX && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static enum err look_at_place(struct restore *r, const char *name, struct why *why)
{
    char place[PATH_MAX];
    enum err e = backup_place(r->parts, name, place, why);

    if (!e && backup_is_store(name)) e = lock_store(r, place, why);
    if (e || r->force || !there(name, place)) return e;
    return why_set(
        why, ERR_CONFIG, "THERE",
        "%s is there already; nothing was touched. Name the files to restore, as in `ocop restore %s "
        "log.db`, or say --force to move aside what is there",
        place, r->dir);
}

/* The folder for what is replaced: on the same disk as the state. */
static enum err make_aside(struct restore *r, struct why *why)
{
    char state[CONFIG_TEXT_MAX];
    enum err e = r->aside[0] ? ERR_NONE : place_expand("{state}", state, why);

    if (e || r->aside[0]) return e;
    snprintf(r->aside, sizeof r->aside, "%s/before-restore-%" PRId64, state, clock_wall_ms());
    if (mkdir(r->aside, 0700) == 0) return ERR_NONE;
    e = why_set(why, ERR_IO, "ASIDE", "%s: %s", r->aside, strerror(errno));
    r->aside[0] = '\0';
    return e;
}

static enum err move_aside(struct restore *r, const char *name, const char *place, struct why *why)
{
    enum err e = there(name, place) ? make_aside(r, why) : ERR_NONE;

    for (size_t i = 0; !e && r->aside[0] && i < (backup_is_store(name) ? 3 : 1); i++) {
        char from[PATH_MAX], to[PATH_MAX], flat[BACKUP_NAME_MAX + 8];

        snprintf(flat, sizeof flat, "%s%s", name, endings[i]);
        for (char *c = flat; *c; c++)
            if (*c == '/') *c = '-';
        if (snprintf(from, sizeof from, "%s%s", place, endings[i]) >= PATH_MAX ||
            snprintf(to, sizeof to, "%s/%s", r->aside, flat) >= PATH_MAX)
            return ERR_CONFIG;
        if (rename(from, to) != 0 && errno != ENOENT)
            e = why_set(why, ERR_IO, "ASIDE", "%s cannot be moved to %s: %s", from, to, strerror(errno));
    }
    return e;
}

/* Root restores for the user whose folder it is. */
static enum err give_to_owner(const char *folder, const char *path, struct why *why)
{
    struct stat st;

    if (geteuid() != 0) return ERR_NONE;
    if (stat(folder, &st) == 0 && chown(path, st.st_uid, st.st_gid) == 0) return ERR_NONE;
    return why_set(why, ERR_IO, "OWNER", "%s cannot be given to its owner: %s", path, strerror(errno));
}

/* A folder that was not there belongs to whose the stores are. */
static enum err folder_made(void *context, const char *folder, struct why *why)
{
    const struct restore *r = context;

    return give_to_owner(r->state, folder, why);
}

/* What only its owner could read is read by the processes, whose stores lie in the state's folder; the rest
 * gets the mode it had, and the owner of its folder. Backups of before that was noted have no modes. */
static enum err set_rights(const struct restore *r, const json_t *file, const char *folder, const char *path,
                           struct why *why)
{
    const char *said = text_of(file, "mode");
    const unsigned long mode = *said ? strtoul(said, NULL, 8) & 0777 : 0600;
    const bool secret = (mode & 077) == 0;

    if (chmod(path, (mode_t)(mode | 0400)) != 0)
        return why_set(why, ERR_IO, "MODE", "%s: %s", path, strerror(errno));
    return give_to_owner(secret ? r->state : folder, path, why);
}

/* The copy is whole and on disk under another name before it gets its own. */
static enum err put_back(struct restore *r, const json_t *file, struct why *why)
{
    char from[PATH_MAX], place[PATH_MAX], draft[PATH_MAX], folder[PATH_MAX];
    const char *name = text_of(file, "name");
    enum err e = backup_place(r->parts, name, place, why);

    if (!e) e = backup_folder_of(place, folder);
    if (e || snprintf(from, sizeof from, "%s/%s", r->dir, name) >= PATH_MAX ||
        snprintf(draft, sizeof draft, "%s.restoring", place) >= PATH_MAX)
        return e ? e : ERR_CONFIG;
    e = backup_make_folders(folder, folder_made, r, why);
    (void)unlink(draft);
    if (!e) e = backup_copy_file(from, draft, why);
    if (!e) e = set_rights(r, file, folder, draft, why);
    if (!e) e = move_aside(r, name, place, why);
    if (!e && rename(draft, place) != 0)
        e = why_set(why, ERR_IO, "RENAME", "%s cannot be put in place: %s", place, strerror(errno));
    if (!e) e = backup_sync_folder(folder, why);
    if (!e) printf("%s\n", place);
    return e;
}

static enum err restore_all(struct restore *r, struct why *why)
{
    size_t i;
    json_t *file;
    enum err e = check_names(r, why);

    if (!e) e = place_expand("{state}", r->state, why);
    if (!e && mkdir(r->state, 0700) != 0 && errno != EEXIST)
        e = why_set(why, ERR_IO, "STATE", "%s cannot be made: %s", r->state, strerror(errno));
    json_array_foreach(files_of(r), i, file)
    {
        if (!e && wanted(r, text_of(file, "name"))) e = look_at_place(r, text_of(file, "name"), why);
    }
    json_array_foreach(files_of(r), i, file)
    {
        if (!e && wanted(r, text_of(file, "name"))) e = put_back(r, file, why);
    }
    if (!e && r->aside[0]) printf("what was there before is in %s\n", r->aside);
    if (!e && wanted(r, BACKUP_LOG)) e = backup_list(r->state, "spool-", ".db", tell_spool, r, why);
    return e;
}

int restore_verb(struct cli *cli, int argc, char **argv)
{
    static struct restore r;
    struct why why = { 0 };
    enum err e;

    r.cli = cli;
    cli_parse(cli, &argp, argc, argv, &r);
    e = check_all(&r, &why);
    if (!e) e = restore_all(&r, &why);
    for (size_t i = 0; i < r.lock_count; i++)
        close(r.locks[i]);
    json_decref(r.manifest);
    return e ? cli_fail_err(e, &why) : EXIT_ALL_WELL;
}
