#include "common/config.h"

#include "common/place.h"
#include "common/slice.h"
#include "common/zpl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_KEYS_MAX = 128, ZPL_INDENT = 4 };

/* Where a value came from, for the sentence that refuses it. */
struct origin {
    const char *name; /* the file, or "--set" */
    struct why *why;
};

/* --- one value --- */

static enum err refuse(const struct origin *from, const char *path, const char *value, const char *rule)
{
    return why_set(from->why, ERR_CONFIG, "CONFIG", "%s: %s is \"%.64s\"; it must be %s", from->name, path,
                   value, rule);
}

static enum err put_text(const struct config_key *key, const char *value, char *at, const struct origin *from)
{
    size_t size = strlen(value);

    if (size >= CONFIG_TEXT_MAX) return refuse(from, key->path, value, "a text of at most 255 bytes");
    memset(at, 0, CONFIG_TEXT_MAX);
    memcpy(at, value, size);
    return ERR_NONE;
}

/* Digits with an optional minus, nothing else: strtoll would also take blanks, a plus and what follows. */
static bool read_number(const char *text, int64_t *out)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    long long value;

    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0') return false;
    errno = 0;
    value = strtoll(text, NULL, 10);
    *out = value;
    return errno == 0;
}

static enum err put_number(const struct config_key *key, const char *value, char *at,
                           const struct origin *from)
{
    char rule[80];
    int64_t number;

    if (!read_number(value, &number) || number < key->least || number > key->most) {
        snprintf(rule, sizeof rule, "a whole number %lld..%lld", (long long)key->least, (long long)key->most);
        return refuse(from, key->path, value, rule);
    }
    memcpy(at, &number, sizeof number);
    return ERR_NONE;
}

static enum err put_flag(const struct config_key *key, const char *value, char *at, const struct origin *from)
{
    bool flag = strcmp(value, "true") == 0;

    if (!flag && strcmp(value, "false") != 0) return refuse(from, key->path, value, "true or false");
    memcpy(at, &flag, sizeof flag);
    return ERR_NONE;
}

static enum err put(const struct config_key *key, const char *value, void *settings,
                    const struct origin *from)
{
    char *at = (char *)settings + key->offset;

    switch (key->kind) {
    case CONFIG_NUMBER:
        return put_number(key, value, at, from);
    case CONFIG_FLAG:
        return put_flag(key, value, at, from);
    case CONFIG_TEXT:
        break;
    }
    return put_text(key, value, at, from);
}

/* --- the table --- */

static const struct config_key *find_key(const struct config_key *keys, struct slice path)
{
    for (const struct config_key *key = keys; key->path; key++)
        if (slice_is(path, key->path)) return key;
    return NULL;
}

/* Whether `path` is a section, that is, some key lies below it. */
static bool is_section(const struct config_key *keys, const char *path)
{
    size_t size = strlen(path);

    for (const struct config_key *key = keys; key->path; key++)
        if (strncmp(key->path, path, size) == 0 && key->path[size] == '/') return true;
    return false;
}

static enum err unknown_key(const struct origin *from, struct slice path)
{
    return why_set(from->why, ERR_CONFIG, "CONFIG", "%s: there is no key %.*s; --sample lists all keys",
                   from->name, SLICE_ARG(path));
}

/* --- the file --- */

/* A walk through a file's tree. */
struct walk {
    const struct config_key *keys;
    void *settings;
    struct origin from;
    bool seen[CONFIG_KEYS_MAX];
};

static enum err take_key(struct walk *w, const struct config_key *key, const char *value)
{
    size_t at = (size_t)(key - w->keys);

    if (at >= CONFIG_KEYS_MAX) return ERR_PROMISE;
    if (w->seen[at])
        return why_set(w->from.why, ERR_CONFIG, "CONFIG", "%s: %s stands twice", w->from.name, key->path);
    w->seen[at] = true;
    return put(key, value, w->settings, &w->from);
}

static enum err take_node(void *context, const char *path, const char *value)
{
    struct walk *w = context;
    const struct config_key *key = find_key(w->keys, slice_text(path));

    if (key) return take_key(w, key, value);
    if (!is_section(w->keys, path)) return unknown_key(&w->from, slice_text(path));
    if (value[0])
        return why_set(w->from.why, ERR_CONFIG, "CONFIG", "%s: %s is a section; it takes no value",
                       w->from.name, path);
    return ERR_NONE;
}

/* A file that is not there, is a folder or may not be read was named by mistake; a disk that fails was not.
 */
static enum err why_not_read(const char *file)
{
    struct stat st;

    if (access(file, R_OK) != 0) return place_err(errno);
    return stat(file, &st) == 0 && S_ISDIR(st.st_mode) ? ERR_CONFIG : ERR_IO;
}

enum err config_load(const struct config_key *keys, const char *file, void *settings, struct why *why)
{
    const struct origin table = { "the program's defaults", why };
    struct walk w = { .keys = keys, .settings = settings, .from = { file, why } };
    enum err e = ERR_NONE;

    for (const struct config_key *key = keys; key->path && !e; key++)
        e = put(key, key->standard ? key->standard : "", settings, &table);
    if (!e && file) e = zpl_walk(file, take_node, &w, why);
    return e == ERR_IO ? why_not_read(file) : e;
}

enum err config_set(const struct config_key *keys, const char *assignment, void *settings, struct why *why)
{
    const struct origin from = { "--set", why };
    const char *equals = strchr(assignment, '=');
    const struct config_key *key;
    struct slice path;

    if (!equals) return why_set(why, ERR_CONFIG, "CONFIG", "--set: \"%.64s\" is not KEY=VALUE", assignment);
    path = slice_of(assignment, (size_t)(equals - assignment));
    key = find_key(keys, path);
    return key ? put(key, equals + 1, settings, &from) : unknown_key(&from, path);
}

/* --- the sample --- */

static int indent_of(unsigned depth)
{
    return (int)depth * ZPL_INDENT;
}

/* Print the headings of `path` that `before` did not have; returns how deep the key itself stands. */
static unsigned print_sections(const char *path, const char *before)
{
    unsigned depth = 0;
    bool same = true;

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(path, '/'), depth++) {
        size_t size = (size_t)(slash - path) + 1;
        same = same && strncmp(path, before, size) == 0;
        if (!same) printf("%*s%.*s\n", indent_of(depth), "", (int)size - 1, path);
        if (same) before += size;
        path += size;
    }
    return depth;
}

static void print_key(const struct config_key *key, const char *before)
{
    unsigned depth = print_sections(key->path, before);
    const char *slash = strrchr(key->path, '/'), *standard = key->standard ? key->standard : "";
    const char *quote = strchr(standard, '"') ? "'" : "\"";

    printf("%*s# %s", indent_of(depth), "", key->meaning);
    if (key->kind == CONFIG_NUMBER) printf(" (%lld..%lld)", (long long)key->least, (long long)key->most);
    if (key->kind == CONFIG_FLAG) printf(" (true or false)");
    printf("\n%*s%s = ", indent_of(depth), "", slash ? slash + 1 : key->path);
    printf("%s%s%s\n", key->kind == CONFIG_TEXT ? quote : "", standard,
           key->kind == CONFIG_TEXT ? quote : "");
}

void config_sample(const struct config_key *keys, const char *program)
{
    const char *before = "";

    printf("# Settings of %s: every key with its default.\n\n", program);
    for (const struct config_key *key = keys; key->path; key++) {
        print_key(key, before);
        before = key->path;
    }
}
