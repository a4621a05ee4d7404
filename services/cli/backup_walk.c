/* backup_walk.c - folders of a backup: what lies in them, and making them. */
#include "services/cli/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WALK_DEPTH_MAX = 8 };

static enum err failed(const char *path, struct why *why)
{
    return why_set(why, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO, "FILE", "%s: %s", path,
                   strerror(errno));
}

/* --- one folder --- */

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool has_ends(const char *name, const char *begins, const char *ends)
{
    const size_t size = strlen(name), tail = strlen(ends);

    return !strncmp(name, begins, strlen(begins)) && size >= tail && !strcmp(name + size - tail, ends);
}

enum err backup_list(const char *folder, const char *begins, const char *ends, backup_each each,
                     void *context, struct why *why)
{
    struct dirent **names = NULL;
    const int count = scandir(folder, &names, is_shown, alphasort);
    enum err e = ERR_NONE;

    if (count < 0) return errno == ENOENT ? ERR_NONE : failed(folder, why);
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        struct stat st;

        if (!e && has_ends(names[i]->d_name, begins, ends) &&
            snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name) < PATH_MAX &&
            stat(path, &st) == 0 && S_ISREG(st.st_mode))
            e = each(context, names[i]->d_name, why);
        free(names[i]);
    }
    free(names);
    return e;
}

/* --- a folder and what is below it --- */

struct walk {
    const char *folder;
    backup_each each, left;
    void *context;
};

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static enum err walk_below(const struct walk *w, const char *below, int depth, struct why *why);

/* A link to a file is that file; a link to a folder may lead anywhere, or in a circle. */
static enum err walk_entry(const struct walk *w, const char *name, bool hidden, int depth, struct why *why)
{
    char path[PATH_MAX];
    struct stat st, target;

    if (snprintf(path, sizeof path, "%s/%s", w->folder, name) >= PATH_MAX)
        return why_set(why, ERR_INVALID, "NAME", "the path of %s is too long", name);
    if (lstat(path, &st) != 0) return errno == ENOENT ? ERR_NONE : failed(path, why);
    if (!hidden && S_ISDIR(st.st_mode) && depth < WALK_DEPTH_MAX) return walk_below(w, name, depth + 1, why);
    if (!hidden && stat(path, &target) == 0 && S_ISREG(target.st_mode)) return w->each(w->context, name, why);
    return w->left ? w->left(w->context, name, why) : ERR_NONE;
}

static enum err walk_below(const struct walk *w, const char *below, int depth, struct why *why)
{
    char folder[PATH_MAX], name[PATH_MAX];
    struct dirent **names = NULL;
    int count;
    enum err e = ERR_NONE;

    if (snprintf(folder, sizeof folder, "%s/%s", w->folder, below) >= PATH_MAX)
        return why_set(why, ERR_INVALID, "NAME", "the path of %s is too long", below);
    count = scandir(folder, &names, is_entry, alphasort);
    if (count < 0) return errno == ENOENT ? ERR_NONE : failed(folder, why);
    for (int i = 0; i < count; i++) {
        const char *entry = names[i]->d_name;

        if (!e && snprintf(name, sizeof name, "%s%s%s", below, *below ? "/" : "", entry) >= PATH_MAX)
            e = why_set(why, ERR_INVALID, "NAME", "the path of %s is too long", entry);
        if (!e) e = walk_entry(w, name, entry[0] == '.', depth, why);
        free(names[i]);
    }
    free(names);
    return e;
}

enum err backup_walk(const char *folder, backup_each each, backup_each left, void *context, struct why *why)
{
    const struct walk w = { folder, each, left, context };

    return walk_below(&w, "", 0, why);
}

/* --- making --- */

enum err backup_folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');

    if (!slash) return ERR_CONFIG;
    snprintf(folder, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return ERR_NONE;
}

enum err backup_make_folders(const char *folder, backup_each made, void *context, struct why *why)
{
    char above[PATH_MAX];

    if (mkdir(folder, 0700) == 0) return made ? made(context, folder, why) : ERR_NONE;
    if (errno == ENOENT && !backup_folder_of(folder, above) && strcmp(above, folder) != 0) {
        const enum err e = backup_make_folders(above, made, context, why);

        if (e) return e;
        if (mkdir(folder, 0700) == 0) return made ? made(context, folder, why) : ERR_NONE;
    }
    if (errno == EEXIST) return ERR_NONE;
    return why_set(why, ERR_IO, "FOLDER", "%s cannot be made: %s", folder, strerror(errno));
}

enum err backup_sync_folder(const char *folder, struct why *why)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e = ERR_NONE;

    if (fd < 0 || fsync(fd) != 0) e = failed(folder, why);
    if (fd >= 0) close(fd);
    return e;
}
