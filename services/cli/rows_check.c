/* rows_check.c - what is wrong with a row, every field of it. */
#include "common/mp.h"
#include "services/cli/rows_inside.h"

#include <stdlib.h>
#include <string.h>

/* The codec says what is wrong with one field at a time; each field alone is an event of one field to it. */
static enum err check_field(struct rows *rows, const struct row_place *place, const struct field *f,
                            const msgpack_object *data, msgpack_zone *zone, void *scratch)
{
    struct event_kind one = *place->kind;
    struct why why = { 0 };
    const char *sentence = why.sentence, *colon;
    enum err e;

    one.fields = f;
    one.field_count = 1;
    e = codec_decode(&one, data, zone, scratch, &why);
    if (!e || e == ERR_NOMEM) return e;
    colon = strstr(why.sentence, ": "); /* the event's name is known from the file */
    if (colon) sentence = colon + 2;
    rows_problem(rows, place->file, place->line, f->name, "%s", sentence);
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
