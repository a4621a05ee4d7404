#include "services/cli/rows.h"

#include "services/cli/rows_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { SENTENCE_BYTES = 2048 };

/* --- problems --- */

/* Sentences quote the file, perhaps cut inside a letter: what no terminal should get becomes a '?'. */
static void print_shown(FILE *out, const char *text)
{
    for (utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(text), size; left > 0; left -= size, text += size) {
        utf8proc_int32_t letter = 0;
        bool shown;

        size = utf8proc_iterate((const utf8proc_uint8_t *)text, left, &letter);
        shown = size > 0 && letter >= ' ' && (letter < 0x7f || letter >= 0xa0);
        if (size < 1) size = 1;
        if (shown)
            fwrite(text, 1, (size_t)size, out);
        else
            fputc('?', out);
    }
}

void rows_problem(struct rows *rows, const char *file, uint32_t line, const char *field, const char *format,
                  ...)
{
    char sentence[SENTENCE_BYTES];
    va_list args;

    if (rows->problems++ >= ROWS_PROBLEMS_SHOWN || !rows->out) return;
    fprintf(rows->out, "%s", file);
    if (line) fprintf(rows->out, ":%u", line);
    if (field) fprintf(rows->out, ": %s", field);
    fputs(": ", rows->out);
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    print_shown(rows->out, sentence);
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

struct slice rows_trimmed(struct slice text)
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
    if (cells && f->kind != FIELD_TEXT) text = rows_trimmed(text);
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
    size_t refs = 0;
    enum err e;

    if (!row) return ERR_NOMEM;
    e = rows_stand_in(place->kind, buf_slice(packed), &stood, &refs, &why);
    if (e == ERR_UNREADABLE) {
        rows_problem(rows, place->file, place->line, NULL, "%s", why.sentence);
        buf_fini(&stood);
        return ERR_NONE;
    }
    if (!e) e = rows_check(rows, place, buf_slice(&stood));
    buf_fini(&stood);
    if (!e) e = rows_keep(row, packed);
    if (e) return e;
    row->file = place->file;
    row->line = place->line;
    row->kind = place->kind;
    row->has_refs = refs > 0;
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
    rows_check_names(rows, place, place->kind, data);
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
