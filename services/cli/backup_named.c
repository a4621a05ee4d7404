/* backup_named.c - what the settings name and a backup does not have. */
#include "common/place.h"
#include "common/zpl.h"
#include "services/cli/backup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct search {
    const struct backup_part *parts;
    const char *file; /* of the settings */
    backup_left left;
    void *context;
};

/* Settings that name what cannot be made again. A service's store can; what it tells and where is no file. */
static bool is_kept(const char *path)
{
    static const char *const names[] = { "secret", "folder", "policy", "key", "keys", "server_key" };
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) return true;
    return !strcmp(path, "log/file");
}

/* `place` itself, or below it. */
static bool lies_in(const char *path, const char *place)
{
    const size_t size = strlen(place);

    return !strncmp(path, place, size) && (path[size] == '\0' || path[size] == '/');
}

static bool is_copied(const struct backup_part parts[BACKUP_PARTS], const char *path)
{
    for (size_t i = 0; i < BACKUP_PARTS; i++) {
        const char *name = parts[i].name;
        char *place = realpath(parts[i].place, NULL);
        const bool in =
            place && (name[strlen(name) - 1] == '/' ? lies_in(path, place) : !strcmp(path, place));

        free(place);
        if (in) return true;
    }
    return false;
}

static enum err look_at(void *context, const char *path, const char *value)
{
    const struct search *s = context;
    char place[CONFIG_TEXT_MAX];
    struct why why = { 0 };
    char *real;

    if (!is_kept(path) || place_expand(value, place, &why) || place[0] != '/') return ERR_NONE;
    real = realpath(place, NULL);
    if (real && !is_copied(s->parts, real)) s->left(s->context, place, s->file, path);
    free(real); /* what is not there cannot be left out */
    return ERR_NONE;
}

static enum err look_in(void *context, const char *name, struct why *why)
{
    struct search *s = context;
    char file[PATH_MAX];
    struct why mine = { 0 };

    (void)why;
    if (snprintf(file, sizeof file, "%s/%s", s->parts[BACKUP_PARTS - 1].place, name) >= PATH_MAX)
        return ERR_NONE;
    s->file = file;
    (void)zpl_walk(file, look_at, s,
                   &mine); /* no settings that a program would read: nothing is named there */
    return ERR_NONE;
}

enum err backup_named(const struct backup_part parts[BACKUP_PARTS], backup_left left, void *context,
                      struct why *why)
{
    struct search s = { .parts = parts, .left = left, .context = context };

    return backup_list(parts[BACKUP_PARTS - 1].place, "", ".zpl", look_in, &s, why);
}
