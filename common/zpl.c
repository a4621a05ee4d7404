#include "common/zpl.h"

#include <czmq.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

struct walk {
    zpl_take take;
    void *context;
};

/* Recursion ends with the longest path: what lies deeper is not looked into. */
static enum err walk_children(const struct walk *w, zconfig_t *parent, const char *parent_path)
{
    enum err e = ERR_NONE;

    for (zconfig_t *node = zconfig_child(parent); node && !e; node = zconfig_next(node)) {
        const char *value = zconfig_value(node) ? zconfig_value(node) : "";
        char path[ZPL_PATH_MAX + 1];
        int length =
            snprintf(path, sizeof path, "%s%s%s", parent_path, parent_path[0] ? "/" : "", zconfig_name(node));

        e = w->take(w->context, path, value);
        if (!e && length <= ZPL_PATH_MAX) e = walk_children(w, node, path);
    }
    return e;
}

/* zconfig does not say why it cannot read a file, and takes a folder for an empty one. */
static enum err check_file(const char *file, struct why *why)
{
    FILE *f = fopen(file, "r");
    struct stat info;
    int failed = errno;

    if (!f)
        return why_set(why, ERR_IO, "CONFIG", "cannot read the configuration %s: %s", file, strerror(failed));
    if (fstat(fileno(f), &info) != 0) memset(&info, 0, sizeof info);
    fclose(f);
    if (S_ISDIR(info.st_mode))
        return why_set(why, ERR_IO, "CONFIG", "the configuration %s is a folder", file);
    if (info.st_size > ZPL_FILE_BYTES_MAX)
        return why_set(why, ERR_CONFIG, "CONFIG", "the configuration %s has more than %d bytes", file,
                       ZPL_FILE_BYTES_MAX);
    return ERR_NONE;
}

/* Not zconfig_load: czmq 4.2.1 loses memory there when the file is no ZPL. */
static enum err walk_chunk(zchunk_t *chunk, const char *name, const struct walk *w, struct why *why)
{
    zconfig_t *root = chunk ? zconfig_chunk_load(chunk) : NULL;
    enum err e;

    zchunk_destroy(&chunk);
    if (!root)
        return why_set(why, ERR_CONFIG, "CONFIG",
                       "%s is no ZPL: one `name = value` a line, indented by 4 blanks for each section",
                       name);
    e = walk_children(w, root, "");
    zconfig_destroy(&root);
    return e;
}

enum err zpl_walk(const char *file, zpl_take take, void *context, struct why *why)
{
    const struct walk w = { take, context };
    enum err e = check_file(file, why);

    return e ? e : walk_chunk(zchunk_slurp(file, ZPL_FILE_BYTES_MAX), file, &w, why);
}

enum err zpl_walk_text(struct slice text, const char *name, zpl_take take, void *context, struct why *why)
{
    const struct walk w = { take, context };

    return walk_chunk(zchunk_new(text.data, text.size), name, &w, why);
}

size_t zpl_line(const char *file, size_t n)
{
    FILE *f = fopen(file, "r");
    char *text = NULL;
    size_t room = 0, line = 0, found = 0;

    while (f && n > 0 && getline(&text, &room, f) >= 0) {
        size_t blank = strspn(text, " \t\r\n");

        line++;
        if (!text[blank] || text[blank] == '#') continue;
        if (--n == 0) found = line;
    }
    if (f) fclose(f);
    free(text);
    return found;
}
