/* rows_check.c - what is wrong with a row, every field of it. */
#include "common/mp.h"
#include "common/text.h"
#include "services/cli/rows_inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_COLUMNS = 40, PATH_MAX_BYTES = 160 };

/* The codec would call it "a text"; whoever wrote "1.000" wants to see it. `at` is its place in a list. */
static bool tell_number(struct rows *rows, const struct row_place *place, const struct field *f,
                        const msgpack_object *o, const struct field *list, uint32_t at)
{
    char name[PATH_MAX_BYTES], shown[4 * SHOWN_COLUMNS + 1];
    struct slice text;

    if (f->kind != FIELD_NUM || !o || !mp_text(o, &text)) return false;
    if (list)
        snprintf(name, sizeof name, "%s[%u].%s", list->name, at, f->name);
    else
        snprintf(name, sizeof name, "%s", place->list ? rows_list_column(f) : f->name);
    text.size = text_fit(text, SHOWN_COLUMNS);
    snprintf(shown, sizeof shown, "%.*s", SLICE_ARG(text));
    for (char *c = shown; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = ' ';
    }
    rows_problem(rows, place->file, place->line, name,
                 "\"%s\" stands here; it must be a whole number from %" PRId64 " to %" PRId64
                 ", digits alone: no dots, commas, blanks or units",
                 shown, f->least, f->most);
    return true;
}

static bool tell_numbers(struct rows *rows, const struct row_place *place, const struct field *f,
                         const msgpack_object *data)
{
    const msgpack_object *o = mp_find(data, f->name);
    bool told = tell_number(rows, place, f, o, NULL, 0);

    if (f->kind != FIELD_LIST || !o || o->type != MSGPACK_OBJECT_ARRAY) return told;
    for (uint32_t i = 0; i < o->via.array.size; i++) {
        const msgpack_object *element = &o->via.array.ptr[i];

        for (size_t m = 0; element->type == MSGPACK_OBJECT_MAP && m < f->item->field_count; m++) {
            const struct field *inner = &f->item->fields[m];

            told = tell_number(rows, place, inner, mp_find(element, inner->name), f, i) || told;
        }
    }
    return told;
}

/* The codec says what is wrong with one field at a time; each field alone is an event of one field to it. */
static enum err check_field(struct rows *rows, const struct row_place *place, const struct field *f,
                            const msgpack_object *data, msgpack_zone *zone, void *scratch)
{
    struct event_kind one = *place->kind;
    struct why why = { 0 };
    const char *sentence = why.sentence, *colon;
    enum err e;

    if (tell_numbers(rows, place, f, data)) return ERR_NONE;
    if (place->list && f->required && !mp_find(data, f->name)) {
        rows_list_empty(rows, place, f);
        return ERR_NONE;
    }
    one.fields = f;
    one.field_count = 1;
    e = codec_decode(&one, data, zone, scratch, &why);
    if (!e || e == ERR_NOMEM) return e;
    colon = strstr(why.sentence, ": "); /* the event's name is known from the file */
    if (colon) sentence = colon + 2;
    rows_problem(rows, place->file, place->line, place->list ? rows_list_column(f) : f->name, "%s", sentence);
    return ERR_NONE;
}

enum err rows_check(struct rows *rows, const struct row_place *place, struct slice data)
{
    msgpack_zone zone;
    msgpack_object map;
    struct why why = { 0 };
    void *scratch = calloc(1, place->kind->size);
    enum err e = ERR_NOMEM;

    if (scratch && msgpack_zone_init(&zone, 4096)) {
        e = mp_read(data, &zone, &map, &why);
        if (e && e != ERR_NOMEM) {
            rows_problem(rows, place->file, place->line, NULL, "%s", why.sentence);
            e = ERR_NONE;
        } else {
            for (size_t i = 0; !e && i < place->kind->field_count; i++) {
                e = check_field(rows, place, &place->kind->fields[i], &map, &zone, scratch);
            }
        }
        msgpack_zone_destroy(&zone);
    }
    free(scratch);
    return e;
}

void rows_check_names(struct rows *rows, const struct row_place *place, const struct event_kind *kind,
                      const json_t *data)
{
    const char *name;
    char nearest[128];
    json_t *v, *element;
    size_t i;

    json_object_foreach((json_t *)(uintptr_t)data, name, v)
    {
        const struct field *f = rows_field(kind, slice_text(name));

        if (!f && (name[0] == '#' || !strcmp(name, "note"))) continue;
        if (!f) {
            rows_nearest(kind, slice_text(name), nearest, sizeof nearest);
            rows_problem(rows, place->file, place->line, name, "this field is unknown; did you mean %s?",
                         nearest);
        } else if (f->kind == FIELD_LIST) {
            json_array_foreach(v, i, element) rows_check_names(rows, place, f->item, element);
        }
    }
}
