/* backup.c - `ocop backup`: copy what cannot be made again, while everything runs, and say so in the log. */
#include "services/cli/backup.h"

#include "common/buf.h"
#include "common/clock.h"
#include "services/cli/print.h"
#include "services/cli/push.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_CONFIG = 0x200, KEY_KEYS };

struct backup {
    struct cli *cli;
    const char *dir, *config, *keys;
    struct backup_part parts[BACKUP_PARTS];
    const struct backup_part *part; /* the one being copied */
    json_t *files;
    json_t *made; /* paths of files and folders that were not there, in the order they were made */
    uint64_t head;
    struct hash chain;
};

static const char doc[] =
    "Copy the log, the spools, keys, settings, contacts and templates into DIR, which must be empty or not "
    "there "
    "yet, while everything runs. Folders are copied with what is below them: a broker's own pair in a folder "
    "of the settings too. The stores of services need no copy: they are read again from the log.\v"
    "Each store is copied as of one moment, the log first. Its whole chain is checked in the copy before the "
    "manifest is written, and the backup is told to the log (operator.backup.made), by the spool of --as, "
    "operator "
    "when nobody says it. Spools keep every row for good, so what came after the copy is sent again by them "
    "when "
    "the copy is ever restored.\n"
    "\n"
    "What the settings name and is in none of these places, and what is no plain file, is left out: each is "
    "named on stderr.\n"
    "\n"
    "When it fails, what it made is taken away again: then there is room, and the same command may be given "
    "anew.\n"
    "\n"
    "DIR holds secret keys: keep it where only operators come.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop backup /srv/backup/2026-11-25\n"
    "  ocop backup --keys /etc/ocop/keys /mnt/other/today\n"
    "\n"
    "Exit codes: 0 done, 3 the copy is complete and the broker does not answer, 4 a file cannot be read or "
    "written, "
    "or is damaged.\n";

static const struct argp_option options[] = {
    { "config", KEY_CONFIG, "DIR", 0, "Folder of the settings (" BACKUP_CONFIG ")", 1 },
    { "keys", KEY_KEYS, "DIR", 0, "Folder of the keys (STATE/keys)", 1 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct backup *b = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = b->cli;
        return 0;
    case KEY_CONFIG:
        b->config = arg;
        return 0;
    case KEY_KEYS:
        b->keys = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (b->dir) argp_error(state, "too many words; say one DIR");
        b->dir = arg;
        return 0;
    case ARGP_KEY_END:
        if (!b->dir) argp_error(state, "say into which DIR");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { options, parse, "DIR", doc, cli_children, NULL, NULL };

/* --- copying --- */

static enum err refuse_full(void *context, const char *name, struct why *why)
{
    return why_set(why, ERR_INVALID, "DIR", "%s is not empty: there is %s; name a new folder",
                   (const char *)context, name);
}

static enum err left_in_part(void *context, const char *file, struct why *why)
{
    const struct backup *b = context;

    (void)why;
    (void)cli_fail(0, "left out: %s/%s is hidden, or no plain file", b->part->place, file);
    return ERR_NONE;
}

static void left_named(void *context, const char *path, const char *file, const char *setting)
{
    (void)context;
    (void)cli_fail(0,
                   "left out: %s, which %s names as %s, lies in no folder that is copied; copy it by hand, "
                   "or say --config or --keys",
                   path, file, setting);
}

/* --- leaving nothing behind --- */

static enum err note_made(void *context, const char *path, struct why *why)
{
    const struct backup *b = context;

    (void)why;
    return json_array_append_new(b->made, json_string_nocheck(path)) == 0 ? ERR_NONE : ERR_NOMEM;
}

/* A file that is about to be made. One that is there is somebody else's. */
static enum err note_file(struct backup *b, const char *path, struct why *why)
{
    return access(path, F_OK) == 0 ? ERR_NONE : note_made(b, path, why);
}

/* Half a backup is none, and would stand in the way of the next try. A folder in which somebody else put
 * something stays. */
static void take_away(const struct backup *b)
{
    for (size_t i = json_array_size(b->made); i-- > 0;)
        (void)remove(json_string_value(json_array_get(b->made, i)));
}

/* --- one by one --- */

/* What was copied, as the manifest will say. */
static enum err note(struct backup *b, const char *name, const char *from, const char *copy, struct why *why)
{
    char hex[2 * HASH_BYTES + 1], mode[8];
    struct stat st = { 0 };
    struct hash hash;
    uint64_t size = 0;
    json_t *file;
    enum err e = backup_hash(copy, &size, &hash, why);

    if (e) return e;
    if (stat(from, &st) != 0) st.st_mode = 0600;
    snprintf(mode, sizeof mode, "%04o", (unsigned)(st.st_mode & 0777));
    hash_hex(&hash, hex);
    file = json_pack("{s:s, s:I, s:s, s:s}", "name", name, "size", (json_int_t)size, "blake2b", hex, "mode",
                     mode);
    return file && json_array_append_new(b->files, file) == 0 ? ERR_NONE : ERR_NOMEM;
}

static enum err copy_one(struct backup *b, const char *name, const char *from, struct why *why)
{
    char to[PATH_MAX], journal[PATH_MAX], folder[PATH_MAX];
    enum err e = ERR_NONE;

    if (!backup_name_valid(name))
        return why_set(why, ERR_INVALID, "NAME",
                       "%s: a file of a backup has no blanks in its name, and at most %d bytes", from,
                       BACKUP_NAME_MAX);
    if (snprintf(to, sizeof to, "%s/%s", b->dir, name) >= PATH_MAX ||
        snprintf(journal, sizeof journal, "%s/%s-journal", b->dir, name) >= PATH_MAX)
        return why_set(why, ERR_INVALID, "DIR", "the path of %s is too long", b->dir);
    e = backup_folder_of(to, folder);
    if (!e) e = backup_make_folders(folder, note_made, b, why);
    if (!e) e = note_file(b, to, why);
    if (!e && backup_is_store(name)) e = note_file(b, journal, why);
    if (e) return e;
    if (!backup_is_store(name)) {
        e = backup_copy_file(from, to, why);
    } else {
        e = backup_copy_store(from, to, why);
        if (!e) e = backup_check_store(to, why);
    }
    if (!e) e = note(b, name, from, to, why);
    return e ? e : backup_sync_folder(folder, why);
}

static enum err copy_listed(void *context, const char *file, struct why *why)
{
    struct backup *b = context;
    char name[PATH_MAX], from[PATH_MAX];
    const bool folder = strchr(b->part->name, '/') != NULL;

    if (snprintf(name, sizeof name, "%s%s", folder ? b->part->name : "", file) >= PATH_MAX ||
        snprintf(from, sizeof from, "%s/%s", b->part->place, file) >= PATH_MAX)
        return why_set(why, ERR_INVALID, "NAME", "the path of %s is too long", file);
    return copy_one(b, name, from, why);
}

static enum err copy_part(struct backup *b, const struct backup_part *part, struct why *why)
{
    b->part = part;
    if (!strcmp(part->name, "spool-*.db"))
        return backup_list(part->place, "spool-", ".db", copy_listed, b, why);
    if (!strchr(part->name, '/')) {
        if (access(part->place, F_OK) != 0 && strcmp(part->name, BACKUP_LOG) != 0) return ERR_NONE;
        return copy_one(b, part->name, part->place, why);
    }
    return backup_walk(part->place, copy_listed, left_in_part, b, why);
}

/* The manifest comes last: without it, a folder is no backup. */
static enum err write_manifest(struct backup *b, struct why *why)
{
    char hex[2 * HASH_BYTES + 1], draft[PATH_MAX], path[PATH_MAX];
    json_t *manifest;
    enum err e = ERR_NONE;

    if (snprintf(path, sizeof path, "%s/" BACKUP_MANIFEST, b->dir) >= PATH_MAX ||
        snprintf(draft, sizeof draft, "%s/." BACKUP_MANIFEST, b->dir) >= PATH_MAX)
        return why_set(why, ERR_INVALID, "DIR", "the path of %s is too long", b->dir);
    hash_hex(&b->chain, hex);
    manifest =
        json_pack("{s:s, s:I, s:I, s:s, s:O}", "format", BACKUP_FORMAT, "made_at_ms",
                  (json_int_t)clock_wall_ms(), "head", (json_int_t)b->head, "chain", hex, "files", b->files);
    if (!manifest) return ERR_NOMEM;
    e = note_file(b, draft, why);
    if (!e) e = note_file(b, path, why);
    if (!e && (json_dump_file(manifest, draft, JSON_INDENT(1)) != 0 || chmod(draft, 0600) != 0))
        e = why_set(why, ERR_IO, "MANIFEST", "%s cannot be written: %s", draft, strerror(errno));
    json_decref(manifest);
    if (!e) e = backup_copy_file(draft, path, why); /* and flush it */
    if (!e && unlink(draft) != 0) e = ERR_IO;
    return e ? e : backup_sync_folder(b->dir, why);
}

static enum err copy_all(struct backup *b, struct why *why)
{
    char log[PATH_MAX];
    enum err e = backup_parts(b->config, b->keys, b->parts, why);

    if (!e && snprintf(log, sizeof log, "%s/" BACKUP_LOG, b->dir) >= PATH_MAX)
        e = why_set(why, ERR_INVALID, "DIR", "the path of %s is too long", b->dir);
    if (!e) e = backup_list(b->dir, "", "", refuse_full, (void *)(uintptr_t)b->dir, why);
    if (!e) e = backup_make_folders(b->dir, note_made, b, why);
    for (size_t i = 0; !e && i < BACKUP_PARTS; i++)
        e = copy_part(b, &b->parts[i], why);
    if (!e) e = backup_named(b->parts, left_named, b, why);
    if (!e) e = backup_verify_log(b->cli, log, why);
    if (!e) e = backup_log_head(log, &b->head, &b->chain, why);
    return e ? e : write_manifest(b, why);
}

/* --- telling --- */

static enum err pack_event(const struct backup *b, struct buf *out)
{
    char hex[2 * HASH_BYTES + 1];
    msgpack_packer p;

    hash_hex(&b->chain, hex);
    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_map(&p, 3);
    buf_pack_text(&p, "head");
    msgpack_pack_uint64(&p, b->head);
    buf_pack_text(&p, "chain");
    buf_pack_text(&p, hex);
    buf_pack_text(&p, "files");
    msgpack_pack_uint64(&p, json_array_size(b->files));
    return out->failed;
}

static int tell_log(const struct backup *b)
{
    struct spool *sp = NULL;
    struct buf data = { 0 };
    struct verdicts v = { 0 };
    struct why why = { 0 };
    int code;
    enum err e = pack_event(b, &data);

    if (!e) e = push_spool(b->cli, "operator", &sp, &why);
    if (!e) e = push_event(sp, "operator.backup.made", b->dir, buf_slice(&data), true, &why);
    code = e ? cli_fail_err(e, &why) : push_end(sp, b->cli, false, &v);
    spool_close(&sp);
    buf_fini(&data);
    return code;
}

int backup_verb(struct cli *cli, int argc, char **argv)
{
    struct backup b = { .cli = cli, .files = json_array(), .made = json_array() };
    struct why why = { 0 };
    int code;
    enum err e;

    cli_parse(cli, &argp, argc, argv, &b);
    e = b.files && b.made ? copy_all(&b, &why) : ERR_NOMEM;
    if (e) {
        take_away(&b);
        code = cli_fail_err(e, &why);
    } else {
        printf("%zu files in %s, head %" PRIu64 "\n", json_array_size(b.files), b.dir, b.head);
        fflush(stdout);
        code = tell_log(&b);
    }
    json_decref(b.files);
    json_decref(b.made);
    return code;
}
