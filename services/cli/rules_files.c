#include "services/cli/rules_files.h"

#include "common/mp.h"
#include "services/cli/beside.h"
#include "services/cli/table.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- one file --- */

static enum rules_turn turn_of(const char *schema)
{
    static const struct {
        const char *schema;
        enum rules_turn turn;
    } turns[] = {
        { "ocop-rules/1", RULES_TURN_RULE_SET },
        { "ocop-calendar/1", RULES_TURN_CALENDAR },
        { "ocop-areas/1", RULES_TURN_CALENDAR },
        { "ocop-rubric/1", RULES_TURN_RUBRIC },
    };

    for (size_t i = 0; schema && i < sizeof turns / sizeof turns[0]; i++) {
        if (!strcmp(schema, turns[i].schema)) return turns[i].turn;
    }
    return RULES_TURN_OTHER; /* scoring will say what is wrong with it */
}

/* The name is the "id" in the bytes; a file that has none is refused before anything is sent. */
static enum err look_into(struct rules_file *file, const struct text_file *f, struct why *why)
{
    json_error_t error;
    json_t *rules;
    const char *id;
    enum err e = ERR_NONE;

    if (f->size > RULES_BYTES_MAX) {
        return why_set(why, ERR_INVALID, "INPUT", "%s: the file is longer than %d bytes", file->path,
                       RULES_BYTES_MAX);
    }
    rules = json_loadb(f->data, f->size, JSON_REJECT_DUPLICATES, &error);
    if (!rules) {
        return why_set(why, ERR_INVALID, "INPUT", "%s:%d: this is no JSON: %s", file->path, error.line,
                       error.text);
    }
    id = json_string_value(json_object_get(rules, "id"));
    if (!id || !*id || strlen(id) > RULES_NAME_MAX) {
        e = why_set(why, ERR_INVALID, "INPUT", "%s: id: there must be an \"id\" of 1 to %d letters",
                    file->path, RULES_NAME_MAX);
    } else {
        memcpy(file->name, id, strlen(id) + 1);
        file->turn = turn_of(json_string_value(json_object_get(rules, "schema")));
    }
    json_decref(rules);
    return e;
}

static enum err pack(const struct rules_file *file, struct slice bytes, struct buf *out)
{
    msgpack_packer p;

    buf_clear(out);
    msgpack_packer_init(&p, out, buf_pack_write);
    msgpack_pack_map(&p, 2);
    buf_pack_text(&p, "name");
    buf_pack_text(&p, file->name);
    buf_pack_text(&p, "bytes");
    buf_pack_bin(&p, bytes);
    return out->failed;
}

enum err rules_file_read(struct rules_file *file, struct buf *data, struct why *why)
{
    struct text_file f = { 0 };
    enum err e = text_file_read(file->path, "utf-8", &f, why);

    if (!e) e = look_into(file, &f, why);
    if (!e && data) e = pack(file, slice_of(f.data, f.size), data);
    text_file_fini(&f);
    return e;
}

/* --- the shipped ones --- */

static bool is_folder(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

enum err rules_folder(char out[CONFIG_TEXT_MAX], struct why *why)
{
    const char *said = getenv("OCOP_RULES");

    if (said && *said) {
        if (snprintf(out, CONFIG_TEXT_MAX, "%s", said) < CONFIG_TEXT_MAX && is_folder(out)) return ERR_NONE;
        return why_set(why, ERR_CONFIG, "CONFIG", "OCOP_RULES is %s, which is no folder", said);
    }
    beside("../share/ocop/rules", out, CONFIG_TEXT_MAX);
    if (is_folder(out)) return ERR_NONE;
    snprintf(out, CONFIG_TEXT_MAX, "%s", OCOP_RULES_TREE);
    if (is_folder(out)) return ERR_NONE;
    return why_set(why, ERR_CONFIG, "CONFIG",
                   "the shipped rules are neither in ../share/ocop/rules beside this program nor in %s; say "
                   "where with OCOP_RULES",
                   out);
}

static int by_turn(const void *a, const void *b)
{
    const struct rules_file *x = a, *y = b;

    if (x->turn != y->turn) return x->turn < y->turn ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool is_json(const char *name)
{
    size_t size = strlen(name);

    return name[0] != '.' && size > 5 && !strcmp(name + size - 5, ".json");
}

static enum err add_file(const char *folder, const char *name, struct rules_file *list, size_t room,
                         size_t *count, struct why *why)
{
    struct rules_file *file = &list[*count];

    if (*count == room)
        return why_set(why, ERR_LIMIT, "INPUT", "%s: more than %zu rules files", folder, room);
    if (snprintf(file->path, sizeof file->path, "%s/%s", folder, name) >= (int)sizeof file->path)
        return why_set(why, ERR_LIMIT, "INPUT", "%s/%s: the path is too long", folder, name);
    ++*count;
    return rules_file_read(file, NULL, why);
}

enum err rules_list_folder(const char *folder, struct rules_file *list, size_t room, size_t *count,
                           struct why *why)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    enum err e = ERR_NONE;

    *count = 0;
    if (!dir) return why_set(why, ERR_INVALID, "INPUT", "%s: %s", folder, strerror(errno));
    while (!e && (entry = readdir(dir)) != NULL) {
        if (is_json(entry->d_name)) e = add_file(folder, entry->d_name, list, room, count, why);
    }
    closedir(dir);
    if (!e && !*count) e = why_set(why, ERR_INVALID, "INPUT", "%s: there is no rules file in it", folder);
    if (!e) qsort(list, *count, sizeof *list, by_turn);
    return e;
}

static bool is_adopted(const char *name, const json_t *adopted)
{
    const char *other;
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(adopted, "rules"), i, one)
    {
        other = json_string_value(json_object_get(one, "name"));
        if (other && !strcmp(other, name)) return true;
    }
    return false;
}

void rules_leave_new(struct rules_file *list, size_t *count, const json_t *adopted)
{
    size_t left = 0;

    for (size_t i = 0; i < *count; i++) {
        if (!is_adopted(list[i].name, adopted)) list[left++] = list[i];
    }
    *count = left;
}
