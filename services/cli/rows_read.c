/* rows_read.c - the two forms of a file: a table with a header, and one JSON object a line. */
#include "services/cli/rows_inside.h"

#include <stdlib.h>
#include <string.h>

/* --- CSV --- */

/* What a column is for. */
struct column {
    const struct field *list;  /* of the event; NULL: a plain field */
    const struct field *field; /* of the event or of the list's element; NULL: for people */
    bool province;             /* of the topic */
};

/* The row that is being put together: further elements may follow. */
struct gather {
    struct rows *rows;
    const struct rows_settings *settings;
    const char *path;
    const struct event_kind *kind;
    bool list; /* a published one */
    struct column columns[TABLE_COLUMNS_MAX];
    size_t count;
    uint32_t header; /* its line */
    json_t *data;    /* NULL: none */
    uint32_t line;
    char province[16];
};

static void told_column(struct gather *g, struct slice name)
{
    char nearest[128];

    rows_nearest(g->kind, name, nearest, sizeof nearest);
    rows_problem(
        g->rows, g->path, g->header, NULL,
        "%.*s: %s has no such field; did you mean %s? (A column for people is called note, or begins "
        "with #.)",
        SLICE_ARG(name), g->kind->type, nearest);
}

static void read_column(struct gather *g, struct slice name, struct column *out)
{
    const char *dot = memchr(name.data ? name.data : "", '.', name.size);
    struct slice list = dot ? slice_of(name.data, (size_t)(dot - name.data)) : name;

    memset(out, 0, sizeof *out);
    if (slice_is(name, "note") || slice_starts(name, slice_text("#"))) return;
    if (g->list && rows_list_find(name, &out->field)) return;
    out->field = rows_field(g->kind, list);
    if (!out->field && slice_is(name, "province")) {
        out->province = true;
    } else if (out->field && out->field->kind == FIELD_LIST) {
        out->list = out->field;
        out->field = dot ? rows_field(out->list->item, slice_of(dot + 1, name.size - list.size - 1)) : NULL;
        if (!out->field) told_column(g, name);
    } else if (!out->field || dot) {
        out->field = NULL;
        told_column(g, name);
    }
}

static bool same_column(const struct column *a, const struct column *b)
{
    return a->field == b->field && a->list == b->list && a->province == b->province &&
           (a->field || a->province);
}

static void read_header(struct gather *g, const struct slice *cells, size_t count)
{
    g->count = count;
    for (size_t i = 0; i < count; i++) {
        struct slice name = rows_trimmed(cells[i]);

        read_column(g, name, &g->columns[i]);
        for (size_t j = 0; j < i; j++) {
            if (!same_column(&g->columns[i], &g->columns[j])) continue;
            rows_problem(g->rows, g->path, g->header, NULL, "%.*s: this column stands twice",
                         SLICE_ARG(name));
        }
    }
}

static bool has_column(const struct gather *g, const struct field *f)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->columns[i].list == f || (!g->columns[i].list && g->columns[i].field == f)) return true;
    }
    return false;
}

/* Without a column it must have, no row can be right: then the rows are not told one by one. */
static bool check_header(struct gather *g)
{
    bool whole = true;

    for (size_t i = 0; i < g->kind->field_count; i++) {
        const struct field *f = &g->kind->fields[i];

        if (!f->required || has_column(g, f)) continue;
        rows_problem(g->rows, g->path, g->header, g->list ? rows_list_column(f) : f->name,
                     "this column is missing; every %s must have it (%s)", g->kind->type, f->doc);
        whole = false;
    }
    return whole;
}

/* A new event begins where any plain cell is filled. */
static bool begins(const struct gather *g, const struct slice *cells)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->columns[i].field && !g->columns[i].list && !rows_is_blank(cells[i])) return true;
    }
    return false;
}

static void put(json_t *map, const struct field *f, struct slice cell)
{
    json_object_set_new(map, f->name, json_stringn(cell.data ? cell.data : "", cell.size));
}

static struct row_place place_of(const struct gather *g)
{
    return (struct row_place){ .file = g->path,
                               .line = g->line,
                               .kind = g->kind,
                               .province = g->province[0] ? g->province : NULL,
                               .cells = true,
                               .list = g->list };
}

static void add_fields(struct gather *g, const struct slice *cells)
{
    const struct row_place place = place_of(g);

    for (size_t i = 0; i < g->count; i++) {
        const struct column *c = &g->columns[i];

        if (c->province) {
            struct slice text = rows_trimmed(cells[i]);

            snprintf(g->province, sizeof g->province, "%.*s", SLICE_ARG(text));
        }
        if (!c->field || c->list || rows_is_blank(cells[i])) continue;
        if (g->list)
            rows_list_put(g->rows, &place, g->data, c->field, cells[i]);
        else
            put(g->data, c->field, cells[i]);
    }
}

/* Of each list, the filled cells of one row are one element. */
static bool add_elements(struct gather *g, const struct slice *cells)
{
    bool any = false;

    for (size_t f = 0; f < g->kind->field_count; f++) {
        const struct field *list = &g->kind->fields[f];
        json_t *element = NULL, *all;

        if (list->kind != FIELD_LIST) continue;
        for (size_t i = 0; i < g->count; i++) {
            if (g->columns[i].list != list || !g->columns[i].field || rows_is_blank(cells[i])) continue;
            if (!element) element = json_object();
            put(element, g->columns[i].field, cells[i]);
        }
        if (!element) continue;
        any = true;
        all = json_object_get(g->data, list->name);
        if (!all) {
            all = json_array();
            json_object_set_new(g->data, list->name, all);
        }
        json_array_append_new(all, element);
    }
    return any;
}

static enum err flush_row(struct gather *g)
{
    struct row_place place = place_of(g);
    enum err e = ERR_NONE;

    if (g->data) e = rows_add(g->rows, g->settings, &place, g->data);
    json_decref(g->data);
    g->data = NULL;
    return e;
}

static bool is_empty(const struct slice *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!rows_is_blank(cells[i])) return false;
    }
    return true;
}

static enum err take_row(struct gather *g, const struct slice *cells, size_t count, uint32_t line)
{
    enum err e = ERR_NONE;

    if (is_empty(cells, count)) return ERR_NONE;
    if (count != g->count) {
        rows_problem(g->rows, g->path, line, NULL, "the row has %zu cells, the header has %zu", count,
                     g->count);
        return ERR_NONE;
    }
    if (begins(g, cells)) {
        e = flush_row(g);
        g->data = json_object();
        g->line = line;
        g->province[0] = 0;
        if (!e && !g->data) e = ERR_NOMEM;
        if (!e) add_fields(g, cells);
    }
    if (e) return e;
    if (!g->data) {
        rows_problem(g->rows, g->path, line, NULL, "the row continues a list, but no event stands above it");
        return ERR_NONE;
    }
    (void)add_elements(g, cells);
    return ERR_NONE;
}

/* What the file holds, by what --type or its name says, or by its header. False: nothing to read, or nobody
 * knows; that is told. */
static bool find_kind(struct gather *g, const struct slice *cells, size_t count)
{
    const char *type = g->settings->type, *publisher = g->settings->publisher;

    g->kind = type ? rows_kind(slice_text(type), publisher) : rows_kind_of_path(g->path, publisher);
    if ((g->kind == &record_filed_kind || (!g->kind && !type)) && rows_list_is(cells, count)) {
        g->kind = &record_filed_kind;
        g->list = true;
    } else if (!g->kind && !type && rows_list_is_totals(cells, count)) {
        g->rows->left_out++;
        if (g->rows->out)
            fprintf(g->rows->out, "%s: left out: it holds totals by day, not certificates\n", g->path);
    } else if (!g->kind) {
        g->kind = rows_find_kind(g->rows, g->settings, g->path, g->header, NULL);
    }
    return g->kind != NULL;
}

static enum err read_rows(struct gather *g, struct table *t, struct why *why)
{
    struct slice cells[TABLE_COLUMNS_MAX];
    size_t count = 0, rows = 0;
    uint32_t line = 0;
    enum err e = table_row(t, cells, &count, &g->header, why);

    if (!e) {
        if (!find_kind(g, cells, count)) return ERR_NONE;
        read_header(g, cells, count);
        if (!check_header(g)) return ERR_NONE;
    }
    while (!e) {
        e = table_row(t, cells, &count, &line, why);
        if (e || count == 0) break;
        rows += !is_empty(cells, count);
        e = take_row(g, cells, count, line);
        if (e) return why_set(why, e, "", "%s", err_sentence(e));
    }
    if (!e && rows == 0) rows_problem(g->rows, g->path, g->header, NULL, "there is a header but no row");
    return e;
}

enum err rows_read_csv(struct rows *rows, const struct text_file *file, const char *path,
                       const struct rows_settings *settings, struct why *why)
{
    struct gather g = { .rows = rows, .settings = settings, .path = path };
    struct why bad = { 0 };
    struct table t = { 0 };
    enum err e = table_init(&t, file, path, &bad), end;

    if (!e) e = read_rows(&g, &t, &bad);
    end = flush_row(&g);
    table_fini(&t);
    if (e == ERR_INVALID) { /* of the table: nothing behind can be trusted */
        if (rows->problems++ < ROWS_PROBLEMS_SHOWN && rows->out) fprintf(rows->out, "%s\n", bad.sentence);
        e = ERR_NONE;
    }
    if (e) return why_set(why, e, bad.code, "%s", bad.sentence);
    return end;
}

/* --- JSON lines --- */

static enum err take_object(struct rows *rows, const struct rows_settings *settings, const char *path,
                            uint32_t line, const json_t *object)
{
    const json_t *data = json_object_get(object, "data");
    const char *type = json_string_value(json_object_get(object, "type"));
    struct row_place place = { .file = path, .line = line };

    place.kind = rows_find_kind(rows, settings, path, line, type);
    if (!place.kind) return ERR_NONE;
    if (json_is_object(data))
        place.province = json_string_value(json_object_get(object, "province"));
    else if (!rows_field(place.kind, slice_text("data")))
        data = object;
    if (data == object && type && !rows_field(place.kind, slice_text("type"))) {
        rows_problem(rows, path, line, "type", "a line with \"type\" has its fields in \"data\", an object");
        return ERR_NONE;
    }
    return rows_add(rows, settings, &place, data);
}

enum err rows_read_json(struct rows *rows, const struct text_file *file, const char *path,
                        const struct rows_settings *settings, struct why *why)
{
    struct slice text;
    size_t at = 0;
    uint32_t line = 0;
    enum err e = ERR_NONE;

    while (!e && text_file_line(file, &at, &line, &text)) {
        json_error_t error;
        json_t *object;

        if (rows_is_blank(text)) continue;
        object = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, &error);
        if (!json_is_object(object)) {
            rows_problem(rows, path, line, NULL, "this is not one JSON object in one line%s%s",
                         object ? "" : ": ", object ? "" : error.text);
        } else {
            e = take_object(rows, settings, path, line, object);
        }
        json_decref(object);
    }
    if (e) return why_set(why, e, "", "%s", err_sentence(e));
    return ERR_NONE;
}
