#include "services/cli/print.h"

#include "common/clock.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static json_t *json_of_bytes(struct slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = malloc(2 * bytes.size + 1);
    json_t *text;

    if (!hex) return NULL;
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char b = (unsigned char)bytes.data[i];

        hex[2 * i] = digits[b >> 4];
        hex[2 * i + 1] = digits[b & 15];
    }
    text = json_stringn(hex, 2 * bytes.size);
    free(hex);
    return text;
}

json_t *json_of_slice(struct slice text)
{
    if (!text_is_utf8(text)) return json_of_bytes(text);
    return json_stringn(text.data ? text.data : "", text.size);
}

static json_t *json_of_array(const msgpack_object_array *a)
{
    json_t *list = json_array();

    for (uint32_t i = 0; list && i < a->size; i++) {
        json_array_append_new(list, json_of(&a->ptr[i]));
    }
    return list;
}

static json_t *json_of_map(const msgpack_object_map *m)
{
    json_t *map = json_object();

    for (uint32_t i = 0; map && i < m->size; i++) {
        const msgpack_object *key = &m->ptr[i].key;

        if (key->type != MSGPACK_OBJECT_STR) continue; /* mp_check refused those long ago */
        json_object_setn_new(map, key->via.str.ptr, key->via.str.size, json_of(&m->ptr[i].val));
    }
    return map;
}

json_t *json_of(const msgpack_object *o)
{
    switch (o->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean(o->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return json_integer((json_int_t)o->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_integer((json_int_t)o->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return json_real(o->via.f64);
    case MSGPACK_OBJECT_STR:
        return json_of_slice(slice_of(o->via.str.ptr, o->via.str.size));
    case MSGPACK_OBJECT_BIN:
        return json_of_bytes(slice_of(o->via.bin.ptr, o->via.bin.size));
    case MSGPACK_OBJECT_ARRAY:
        return json_of_array(&o->via.array);
    case MSGPACK_OBJECT_MAP:
        return json_of_map(&o->via.map);
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_EXT:
        break;
    }
    return json_null();
}

void print_moment(int64_t at_ms, char text[24])
{
    int32_t day = clock_day_of(at_ms);
    int64_t second = (at_ms - clock_day_start_ms(day)) / 1000;

    clock_day_text(day, text);
    snprintf(text + CLOCK_DAY_TEXT, 24 - CLOCK_DAY_TEXT, " %02d:%02d:%02d", (int)(second / 3600) % 24,
             (int)(second / 60 % 60), (int)(second % 60));
}

json_t *json_of_record(const struct record *r)
{
    msgpack_zone zone;
    struct envelope e;
    struct why why = { 0 };
    char at[24];
    json_t *o = json_object();

    if (!o) return NULL;
    print_moment(r->at_ms, at);
    json_object_set_new(o, "seq", json_integer((json_int_t)r->seq));
    json_object_set_new(o, "at_ms", json_integer(r->at_ms));
    json_object_set_new(o, "at", json_string(at));
    json_object_set_new(o, "topic", json_of_slice(r->topic));
    json_object_set_new(o, "publisher", json_of_slice(r->publisher));
    if (!msgpack_zone_init(&zone, 4096)) return o;
    if (envelope_parse(r->envelope, &zone, &e, &why)) {
        json_object_set_new(o, "unreadable", json_string(why.sentence));
    } else {
        json_object_set_new(o, "id", json_of_slice(e.id));
        json_object_set_new(o, "subject", json_of_slice(e.subject));
        if (e.cause.size) json_object_set_new(o, "cause", json_of_slice(e.cause));
        if (e.cause_seq) json_object_set_new(o, "causeseq", json_integer((json_int_t)e.cause_seq));
        json_object_set_new(o, "data", json_of(&e.data));
    }
    msgpack_zone_destroy(&zone);
    return o;
}

void print_json(FILE *out, const json_t *o)
{
    json_dumpf(o, out, JSON_COMPACT);
    fputc('\n', out);
}

/* A tab or line end inside a name would break the columns. */
static void blank_controls(char *text)
{
    for (; text && *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = ' ';
    }
}

char *print_value(const json_t *v)
{
    char *text;

    if (!v || json_is_null(v)) return strdup("-");
    if (json_is_string(v)) {
        text = strdup(json_string_value(v));
    } else {
        text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    }
    blank_controls(text);
    return text;
}

static void print_blanks(FILE *out, size_t count)
{
    for (; count; count--)
        fputc(' ', out);
}

/* Print `text` in a column of `width`; the last column of a line gets no blanks behind it. */
static void print_cell(FILE *out, const char *text, size_t width, bool number, bool last)
{
    struct slice all = slice_text(text);
    size_t wide = text_width(all);
    size_t bytes = wide > width ? text_fit(all, width - 1) : all.size;
    size_t used = wide > width ? text_width(slice_of(text, bytes)) + 1 : wide;

    if (number) print_blanks(out, width - used);
    fwrite(text, 1, bytes, out);
    if (wide > width) fputs("…", out);
    if (!number && !last) print_blanks(out, width - used);
    if (!last) fputs("  ", out);
}

struct column {
    const char *name;
    size_t width;
    bool number; /* every cell is one: aligned to the right */
};

static size_t find_columns(const json_t *rows, struct column columns[PRINT_COLUMNS])
{
    size_t count = 0, at, r;
    const char *name;
    json_t *row, *v;

    json_array_foreach(rows, r, row)
    {
        json_object_foreach(row, name, v)
        {
            (void)v;
            for (at = 0; at < count && strcmp(columns[at].name, name); at++)
                continue;
            if (at == count && count < PRINT_COLUMNS) {
                columns[count++] = (struct column){ name, text_width(slice_text(name)), true };
            }
        }
    }
    return count;
}

static void measure_columns(const json_t *rows, struct column *columns, size_t count, bool cut)
{
    size_t r;
    json_t *row;

    json_array_foreach(rows, r, row)
    {
        for (size_t c = 0; c < count; c++) {
            json_t *v = json_object_get(row, columns[c].name);
            char *text = print_value(v);
            size_t wide = text ? text_width(slice_text(text)) : 0;

            if (cut && wide > PRINT_COLUMN_MAX) wide = PRINT_COLUMN_MAX;
            if (wide > columns[c].width) columns[c].width = wide;
            if (v && !json_is_integer(v)) columns[c].number = false;
            free(text);
        }
    }
}

void print_table(FILE *out, const json_t *rows, bool cut)
{
    struct column columns[PRINT_COLUMNS];
    size_t count = find_columns(rows, columns), r;
    json_t *row;

    measure_columns(rows, columns, count, cut);
    for (size_t c = 0; c < count; c++) {
        print_cell(out, columns[c].name, columns[c].width, columns[c].number, c + 1 == count);
    }
    if (count) fputc('\n', out);
    json_array_foreach(rows, r, row)
    {
        for (size_t c = 0; c < count; c++) {
            char *text = print_value(json_object_get(row, columns[c].name));

            if (text) print_cell(out, text, columns[c].width, columns[c].number, c + 1 == count);
            free(text);
        }
        if (count) fputc('\n', out);
    }
}

static bool is_rows(const json_t *v)
{
    return json_array_size(v) > 0 && json_is_object(json_array_get(v, 0));
}

static size_t widest_name(const json_t *map)
{
    size_t widest = 0;
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)map, name, v)
    {
        size_t wide = text_width(slice_text(name));

        if (!is_rows(v) && !json_is_object(v) && wide > widest) widest = wide;
    }
    return widest;
}

void print_fields(FILE *out, const json_t *map, int indent, bool cut)
{
    size_t widest = widest_name(map);
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)map, name, v)
    {
        char *text;

        if (is_rows(v) || json_is_object(v)) continue;
        text = print_value(v);
        print_blanks(out, (size_t)indent);
        print_cell(out, name, widest, false, false);
        fprintf(out, "%s\n", text ? text : "-");
        free(text);
    }
    json_object_foreach((json_t *)(uintptr_t)map, name, v)
    {
        if (!is_rows(v) && !json_is_object(v)) continue;
        print_blanks(out, (size_t)indent);
        fprintf(out, "%s:\n", name);
        if (is_rows(v))
            print_table(out, v, cut);
        else
            print_fields(out, v, indent + 2, cut);
    }
}
