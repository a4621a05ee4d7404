#include "services/cli/rows.h"

#include "common/clock.h"
#include "common/mp.h"
#include "services/cli/rows_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- problems --- */

void rows_problem(struct rows *rows, const char *file, uint32_t line, const char *field, const char *format,
                  ...)
{
    va_list args;

    if (rows->problems++ >= ROWS_PROBLEMS_SHOWN || !rows->out) return;
    fprintf(rows->out, "%s", file);
    if (line) fprintf(rows->out, ":%u", line);
    if (field) fprintf(rows->out, ": %s", field);
    fputs(": ", rows->out);
    va_start(args, format);
    vfprintf(rows->out, format, args);
    va_end(args);
    fputc('\n', rows->out);
}

bool rows_is_blank(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!strchr(" \t\r\n", text.data[i])) return false;
    }
    return true;
}

bool rows_is_province(const char *text)
{
    return strlen(text) == 2 && strspn(text, "0123456789") == 2;
}

/* --- from JSON values to MessagePack, by the field's kind --- */

static struct slice trimmed(struct slice text)
{
    while (text.size && rows_is_blank(slice_of(text.data, 1)))
        text.data++, text.size--;
    while (text.size && rows_is_blank(slice_of(text.data + text.size - 1, 1)))
        text.size--;
    return text;
}

static bool cell_number(struct slice text, int64_t *out)
{
    char digits[24], *end = NULL;
    long long value;

    if (text.size == 0 || text.size >= sizeof digits) return false;
    if (text.data[0] != '-' && (text.data[0] < '0' || text.data[0] > '9')) return false;
    memcpy(digits, text.data, text.size);
    digits[text.size] = 0;
    errno = 0;
    value = strtoll(digits, &end, 10);
    if (errno || *end || end == digits) return false;
    *out = value;
    return true;
}

static bool cell_flag(struct slice text, bool *out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = { { "true", true },   { "yes", true }, { "1", true },  { "có", true },
                  { "false", false }, { "no", false }, { "0", false }, { "không", false } };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!slice_is(text, words[i].word)) continue;
        *out = words[i].value;
        return true;
    }
    return false;
}

/* A cell that is not what its field wants goes out as the text it is: the codec then says what is wrong with
 * it. */
static void pack_text_value(msgpack_packer *p, const struct field *f, struct slice text, bool cells)
{
    int64_t number = 0;
    bool flag = false;

    if (f->kind == FIELD_BYTES) {
        buf_pack_bin(p, text);
        return;
    }
    if (cells && f->kind != FIELD_TEXT) text = trimmed(text);
    if (cells && f->kind == FIELD_NUM && cell_number(text, &number)) {
        msgpack_pack_int64(p, number);
    } else if (cells && f->kind == FIELD_FLAG && cell_flag(text, &flag)) {
        if (flag)
            msgpack_pack_true(p);
        else
            msgpack_pack_false(p);
    } else {
        buf_pack_str(p, text);
    }
}

static void pack_map(msgpack_packer *p, const struct event_kind *kind, const json_t *data, bool cells);

static void pack_list(msgpack_packer *p, const struct event_kind *item, const json_t *list, bool cells)
{
    size_t i;
    json_t *element;

    msgpack_pack_array(p, json_array_size(list));
    json_array_foreach(list, i, element)
    {
        if (json_is_object(element))
            pack_map(p, item, element, cells);
        else
            msgpack_pack_nil(p);
    }
}

static void pack_value(msgpack_packer *p, const struct field *f, const json_t *v, bool cells)
{
    if (json_is_string(v)) {
        pack_text_value(p, f, slice_of(json_string_value(v), json_string_length(v)), cells);
    } else if (json_is_integer(v)) {
        msgpack_pack_int64(p, json_integer_value(v));
    } else if (json_is_true(v)) {
        msgpack_pack_true(p);
    } else if (json_is_false(v)) {
        msgpack_pack_false(p);
    } else if (json_is_real(v)) {
        msgpack_pack_double(p, json_real_value(v));
    } else if (json_is_array(v) && f->kind == FIELD_LIST) {
        pack_list(p, f->item, v, cells);
    } else if (json_is_array(v)) {
        msgpack_pack_array(p, 0);
    } else {
        msgpack_pack_map(p, 0);
    }
}

static const json_t *value_of(const json_t *data, const struct field *f)
{
    const json_t *v = json_object_get(data, f->name);

    return json_is_null(v) ? NULL : v;
}

static void pack_map(msgpack_packer *p, const struct event_kind *kind, const json_t *data, bool cells)
{
    size_t count = 0;

    for (size_t i = 0; i < kind->field_count; i++)
        count += value_of(data, &kind->fields[i]) != NULL;
    msgpack_pack_map(p, count);
    for (size_t i = 0; i < kind->field_count; i++) {
        const json_t *v = value_of(data, &kind->fields[i]);

        if (!v) continue;
        buf_pack_text(p, kind->fields[i].name);
        pack_value(p, &kind->fields[i], v, cells);
    }
}

/* --- references --- */

static bool may_be_ref(const struct field *f)
{
    if (f->kind == FIELD_FACT) return true;
    return f->kind == FIELD_ID && (!strcmp(f->name, "product") || !strcmp(f->name, "certificate"));
}

static bool is_ref(const struct field *f, const msgpack_object *o, struct slice *ref)
{
    struct slice text;

    if (!may_be_ref(f) || !mp_text(o, &text) || text.size < 2 || text.data[0] != '@') return false;
    *ref = slice_of(text.data + 1, text.size - 1);
    return true;
}

/* A product or certificate beside a fact is that fact's; alone, a product is known to intake. */
static const char *ref_type(const struct event_kind *kind, const struct field *f)
{
    if (f->kind == FIELD_FACT) return f->fact;
    for (size_t i = 0; i < kind->field_count; i++) {
        if (kind->fields[i].kind == FIELD_FACT) return kind->fields[i].fact;
    }
    return strcmp(f->name, "certificate") ? "intake.dossier.accepted" : "certification.certificate.issued";
}

struct resolver {
    rows_lookup_fn lookup;
    void *context;
    struct why *why;
    size_t refs;
};

static enum err resolve_map(struct resolver *r, msgpack_packer *p, const struct event_kind *kind,
                            const msgpack_object *map);

static enum err resolve_value(struct resolver *r, msgpack_packer *p, const struct event_kind *kind,
                              const struct field *f, const msgpack_object *o)
{
    char found[ENVELOPE_ID_MAX + 1];
    struct slice ref;
    enum err e = ERR_NONE;

    if (f->kind == FIELD_LIST && o->type == MSGPACK_OBJECT_ARRAY) {
        msgpack_pack_array(p, o->via.array.size);
        for (uint32_t i = 0; !e && i < o->via.array.size; i++) {
            e = resolve_map(r, p, f->item, &o->via.array.ptr[i]);
        }
    } else if (is_ref(f, o, &ref)) {
        const char *want = f->kind == FIELD_FACT ? "id" : f->name;

        r->refs++;
        e = r->lookup(r->context, ref_type(kind, f), ref, want, found, r->why);
        if (!e) buf_pack_text(p, found);
    } else {
        msgpack_pack_object(p, *o);
    }
    return e;
}

static enum err resolve_map(struct resolver *r, msgpack_packer *p, const struct event_kind *kind,
                            const msgpack_object *map)
{
    enum err e = ERR_NONE;

    if (map->type != MSGPACK_OBJECT_MAP) {
        msgpack_pack_object(p, *map);
        return ERR_NONE;
    }
    msgpack_pack_map(p, map->via.map.size);
    for (uint32_t i = 0; !e && i < map->via.map.size; i++) {
        const msgpack_object_kv *kv = &map->via.map.ptr[i];
        const struct field *f = rows_field(kind, slice_of(kv->key.via.str.ptr, kv->key.via.str.size));

        msgpack_pack_object(p, kv->key);
        if (f)
            e = resolve_value(r, p, kind, f, &kv->val);
        else
            msgpack_pack_object(p, kv->val);
    }
    return e;
}

/* Packed data with references -> packed data without; *refs counts them. */
static enum err resolve_bytes(struct resolver *r, const struct event_kind *kind, struct slice data,
                              struct buf *out)
{
    msgpack_zone zone;
    msgpack_object map;
    msgpack_packer p;
    enum err e;

    if (!msgpack_zone_init(&zone, 4096)) return ERR_NOMEM;
    msgpack_packer_init(&p, out, buf_pack_write);
    e = mp_read(data, &zone, &map, r->why);
    if (!e) e = resolve_map(r, &p, kind, &map);
    msgpack_zone_destroy(&zone);
    return e ? e : out->failed;
}

/* Before anything is looked up, something of the right shape stands for it. */
static enum err stand_in(void *context, const char *type, struct slice ref, const char *want,
                         char out[ENVELOPE_ID_MAX + 1], struct why *why)
{
    (void)context, (void)type, (void)ref, (void)want, (void)why;
    snprintf(out, ENVELOPE_ID_MAX + 1, "%032d", 0);
    return ERR_NONE;
}

static enum err keep_bytes(struct row_event *row, struct buf *data)
{
    char *copy = malloc(data->size);

    if (!copy) return ERR_NOMEM;
    memcpy(copy, data->data, data->size);
    free(row->data);
    row->data = copy;
    row->size = data->size;
    return ERR_NONE;
}

enum err rows_resolve(struct row_event *row, const char *publisher, rows_lookup_fn lookup, void *context,
                      struct why *why)
{
    struct resolver r = { lookup, context, why, 0 };
    struct buf out = { 0 };
    enum err e = resolve_bytes(&r, row->kind, slice_of(row->data, row->size), &out);

    if (!e) e = keep_bytes(row, &out);
    if (!e) {
        rows_event_id(publisher, row->kind->type, slice_of(row->data, row->size), row->id);
        row->has_refs = false;
    }
    buf_fini(&out);
    return e;
}

/* --- checks --- */

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

static enum err check_map(struct rows *rows, const struct row_place *place, struct slice data)
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

static void check_names(struct rows *rows, const struct row_place *place, const struct event_kind *kind,
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
            json_array_foreach(v, i, element) check_names(rows, place, f->item, element);
        }
    }
}

/* --- appending --- */

static struct row_event *new_row(struct rows *rows)
{
    if (rows->count == rows->room) {
        size_t room = rows->room ? 2 * rows->room : 256;
        struct row_event *list = realloc(rows->list, room * sizeof *list);

        if (!list) return NULL;
        rows->list = list;
        rows->room = room;
    }
    memset(&rows->list[rows->count], 0, sizeof rows->list[0]);
    return &rows->list[rows->count];
}

static void set_province(struct rows *rows, const struct rows_settings *settings,
                         const struct row_place *place, const json_t *data, char province[3])
{
    const char *said = json_string_value(json_object_get(data, "province"));

    if (!said || !rows_field(place->kind, slice_text("province"))) said = place->province;
    if (!said) said = settings->province;
    if (!said) said = "00";
    if (rows_is_province(said))
        memcpy(province, said, 3);
    else if (!rows_field(place->kind, slice_text("province")) || strlen(said) == 2) {
        rows_problem(rows, place->file, place->line, "province",
                     "\"%s\" is no province; it must be two digits, as 06", said);
    }
}

static enum err fill_row(struct rows *rows, const struct rows_settings *settings,
                         const struct row_place *place, struct buf *packed)
{
    struct row_event *row = new_row(rows);
    struct why why = { 0 };
    struct buf stood = { 0 };
    struct resolver r = { stand_in, NULL, &why, 0 };
    enum err e;

    if (!row) return ERR_NOMEM;
    e = resolve_bytes(&r, place->kind, buf_slice(packed), &stood);
    if (e == ERR_UNREADABLE) {
        rows_problem(rows, place->file, place->line, NULL, "%s", why.sentence);
        buf_fini(&stood);
        return ERR_NONE;
    }
    if (!e) e = check_map(rows, place, buf_slice(&stood));
    buf_fini(&stood);
    if (!e) e = keep_bytes(row, packed);
    if (e) return e;
    row->file = place->file;
    row->line = place->line;
    row->kind = place->kind;
    row->has_refs = r.refs > 0;
    rows_event_id(settings->publisher, place->kind->type, buf_slice(packed), row->id);
    rows->count++;
    return ERR_NONE;
}

enum err rows_add(struct rows *rows, const struct rows_settings *settings, const struct row_place *place,
                  const json_t *data)
{
    struct buf packed = { .limit = ENVELOPE_BYTES_MAX - 1024 }; /* leaves room for the envelope around it */
    msgpack_packer p;
    size_t before = rows->count;
    enum err e;

    if (rows->count == ROWS_MAX) {
        rows_problem(rows, place->file, place->line, NULL, "more than %d rows in one call; split the files",
                     ROWS_MAX);
        return ERR_NONE;
    }
    check_names(rows, place, place->kind, data);
    msgpack_packer_init(&p, &packed, buf_pack_write);
    pack_map(&p, place->kind, data, place->cells);
    if (packed.failed == ERR_LIMIT) {
        rows_problem(rows, place->file, place->line, NULL, "the event is larger than 1 MiB");
        buf_fini(&packed);
        return ERR_NONE;
    }
    e = packed.failed ? packed.failed : fill_row(rows, settings, place, &packed);
    if (!e && rows->count > before) set_province(rows, settings, place, data, rows->list[before].province);
    buf_fini(&packed);
    return e;
}

void rows_fini(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->list[i].data);
    free(rows->list);
    rows->list = NULL;
    rows->count = rows->room = 0;
}

static int by_id(const void *a, const void *b)
{
    const struct row_event *const *x = a, *const *y = b;
    int order = strcmp((*x)->id, (*y)->id);

    if (order) return order;
    return *x < *y ? -1 : *x > *y;
}

enum err rows_same(struct rows *rows)
{
    struct row_event **sorted;

    if (rows->count < 2) return ERR_NONE;
    sorted = malloc(rows->count * sizeof(struct row_event *));
    if (!sorted) return ERR_NOMEM;
    for (size_t i = 0; i < rows->count; i++)
        sorted[i] = &rows->list[i];
    qsort(sorted, rows->count, sizeof(struct row_event *), by_id);
    for (size_t i = 1; i < rows->count; i++) {
        const struct row_event *first = sorted[i - 1], *second = sorted[i];

        if (strcmp(first->id, second->id)) continue;
        rows_problem(rows, second->file, second->line, NULL,
                     "this row says the same as %s:%u, in every field; take one of them out", first->file,
                     first->line);
    }
    free(sorted);
    return ERR_NONE;
}

enum err rows_read(struct rows *rows, const char *path, const struct rows_settings *settings, struct why *why)
{
    struct text_file file = { 0 };
    struct why bad = { 0 };
    size_t at = 0;
    enum err e = text_file_read(path, settings->encoding, &file, &bad);

    if (e == ERR_NOMEM || e == ERR_IO) return why_set(why, e, bad.code, "%s", bad.sentence);
    if (e) {
        if (rows->problems++ < ROWS_PROBLEMS_SHOWN && rows->out) fprintf(rows->out, "%s\n", bad.sentence);
        return ERR_NONE;
    }
    while (at < file.size && rows_is_blank(slice_of(file.data + at, 1)))
        at++;
    if (at == file.size)
        rows_problem(rows, path, 1, NULL, "there are only blanks in this file");
    else if (file.data[at] == '{')
        e = rows_read_json(rows, &file, path, settings, why);
    else
        e = rows_read_csv(rows, &file, path, settings, why);
    text_file_fini(&file);
    return e;
}
