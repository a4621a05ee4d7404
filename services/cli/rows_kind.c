/* rows_kind.c - which event a file or a word means, its header row, its id and its subject. */
#include "common/mp.h"
#include "common/text.h"
#include "services/cli/rows_inside.h"

#include <stdlib.h>
#include <string.h>

const struct field *rows_field(const struct event_kind *kind, struct slice name)
{
    for (size_t i = 0; i < kind->field_count; i++) {
        if (slice_is(name, kind->fields[i].name)) return &kind->fields[i];
    }
    return NULL;
}

static const char *short_type(const struct event_kind *kind)
{
    const char *dot = strchr(kind->type, '.');

    return dot ? dot + 1 : kind->type;
}

static bool may_say(const struct event_kind *kind, const char *publisher)
{
    return event_permitted(kind, slice_text(publisher));
}

const struct event_kind *rows_kind(struct slice word, const char *publisher)
{
    for (const struct event_kind *const *k = event_kinds; *k; k++) {
        if (!may_say(*k, publisher)) continue;
        if (slice_is(word, (*k)->type) || slice_is(word, short_type(*k))) return *k;
    }
    return NULL;
}

/* "dossier.filed" of "dossier.filed-2018.csv", also behind its context; the rest must not begin with a
 * letter. */
static bool name_begins(const char *name, const char *type)
{
    size_t size = strlen(type);

    if (strncmp(name, type, size)) return false;
    return !((name[size] >= 'a' && name[size] <= 'z') || name[size] == '_');
}

const struct event_kind *rows_kind_of_path(const char *path, const char *publisher)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    for (const struct event_kind *const *k = event_kinds; *k; k++) {
        if (!may_say(*k, publisher)) continue;
        if (name_begins(name, (*k)->type) || name_begins(name, short_type(*k))) return *k;
    }
    return NULL;
}

void rows_list_kinds(FILE *out, const char *publisher)
{
    for (const struct event_kind *const *k = event_kinds; *k; k++) {
        if (may_say(*k, publisher)) fprintf(out, "  %-24s %s\n", short_type(*k), (*k)->doc);
    }
}

const struct event_kind *rows_find_kind(struct rows *rows, const struct rows_settings *settings,
                                        const char *path, uint32_t line, const char *type_member)
{
    const struct event_kind *kind;
    const char *said = settings->type ? settings->type : NULL;
    bool first = rows->out && !rows->listed;

    if (!said) {
        kind = rows_kind_of_path(path, settings->publisher);
        if (kind && !type_member) return kind;
        said = type_member;
    }
    kind = said ? rows_kind(slice_text(said), settings->publisher) : NULL;
    if (kind) return kind;
    if (said) {
        rows_problem(rows, path, line, "type", "\"%s\" is no event that %s may push; these are:", said,
                     settings->publisher);
    } else {
        rows_problem(rows, path, 0, NULL,
                     "which event is this? Say --type, or begin the file's name with one of:");
    }
    if (first) rows_list_kinds(rows->out, settings->publisher);
    rows->listed = true;
    return NULL;
}

void rows_template(FILE *out, const struct event_kind *kind, char separator)
{
    const char *between = "";
    char next[2] = { separator, 0 };

    for (size_t i = 0; i < kind->field_count; i++) {
        const struct field *f = &kind->fields[i];

        for (size_t j = 0; f->kind == FIELD_LIST && j < f->item->field_count; j++) {
            fprintf(out, "%s%s.%s", between, f->name, f->item->fields[j].name);
            between = next;
        }
        if (f->kind == FIELD_LIST) continue;
        fprintf(out, "%s%s", between, f->name);
        between = next;
    }
    if (!rows_field(kind, slice_text("province"))) fprintf(out, "%sprovince", between);
    fputc('\n', out);
}

void rows_event_id(const char *publisher, const char *type, struct slice data, char id[HASH_ID_TEXT + 1])
{
    struct slice parts[3] = { slice_text(publisher), slice_text(type), data };

    hash_id(parts, 3, id);
}

struct slice rows_subject(const msgpack_object *data)
{
    static const char *const names[] = { "reference", "product", "council",    "name",
                                         "number",    "message", "certificate" };
    struct slice text = { NULL, 0 };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const msgpack_object *o = mp_find(data, names[i]);

        if (o && mp_text(o, &text) && text.size) break;
        text = (struct slice){ NULL, 0 };
    }
    if (text.size > ENVELOPE_SUBJECT_MAX) {
        text.size =
            ENVELOPE_SUBJECT_MAX; /* whole letters only: no byte of the kind 10xxxxxx may follow the end */
        while (text.size && ((unsigned char)text.data[text.size] & 0xc0) == 0x80)
            text.size--;
    }
    return text;
}

/* --- the nearest name --- */

enum { NAME_MAX_BYTES = 80 };

static void try_name(struct slice name, const char *candidate, size_t *best, char *out, size_t size)
{
    size_t d = text_distance(name, slice_text(candidate));

    if (d >= *best) return;
    *best = d;
    snprintf(out, size, "%s", candidate);
}

void rows_nearest(const struct event_kind *kind, struct slice name, char *out, size_t size)
{
    char full[2 * NAME_MAX_BYTES];
    size_t best = SIZE_MAX;

    snprintf(out, size, "%s", kind->field_count ? kind->fields[0].name : "");
    if (name.size > NAME_MAX_BYTES) return;
    for (size_t i = 0; i < kind->field_count; i++) {
        const struct field *f = &kind->fields[i];

        for (size_t j = 0; f->kind == FIELD_LIST && j < f->item->field_count; j++) {
            snprintf(full, sizeof full, "%s.%s", f->name, f->item->fields[j].name);
            try_name(name, full, &best, out, size);
        }
        if (f->kind != FIELD_LIST) try_name(name, f->name, &best, out, size);
    }
}
