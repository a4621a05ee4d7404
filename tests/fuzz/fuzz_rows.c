/* fuzz_rows.c - an event type, or nothing, a line break, and any bytes as a file to push: a table or JSON
 * lines.
 *
 * Of a file without problems every row must be an event that the services can read, also after each @REF was
 * looked up; and the same file read again gives the same ids. Of a file with problems each is told, as text.
 */
#include "common/mp.h"
#include "common/text.h"
#include "services/cli/rows.h"
#include "tests/fuzz/memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TYPE_BYTES = 64 };

static void expect(int holds)
{
    if (!holds) abort();
}

static enum err find(void *context, const char *type, struct slice ref, const char *want,
                     char out[ENVELOPE_ID_MAX + 1], struct why *why)
{
    static const char *const found[3][2] = { { "id", "0123456789abcdef0123456789abcdef" },
                                             { "product", "06-27-VI-0001" },
                                             { "certificate", "OCOP-06-2018-0001" } };

    (void)context;
    (void)type;
    if (ref.size % 7 == 3) return why_set(why, ERR_NOT_FOUND, "NOT_FOUND", "there is no such thing");
    for (size_t i = 0; i < 3; i++)
        if (strcmp(want, found[i][0]) == 0) snprintf(out, ENVELOPE_ID_MAX + 1, "%s", found[i][1]);
    return ERR_NONE;
}

/* The codec reads it as the service would. */
static void read_event(const struct row_event *row)
{
    msgpack_zone *zone = msgpack_zone_new(8192);
    struct why why = { 0 };
    msgpack_object map;

    expect(zone != NULL && row->size <= ENVELOPE_BYTES_MAX);
    expect(mp_read(slice_of(row->data, row->size), zone, &map, &why) == ERR_NONE);
    expect(codec_decode(row->kind, &map, zone, msgpack_zone_malloc(zone, row->kind->size), &why) == ERR_NONE);
    msgpack_zone_free(zone);
}

static void check_row(struct row_event *row)
{
    struct why why = { 0 };
    enum err e;

    expect(strlen(row->id) == HASH_ID_TEXT && strlen(row->province) == 2 && row->line > 0);
    if (row->has_refs) {
        e = rows_resolve(row, "province-06", find, NULL, &why);
        if (e) expect((e == ERR_NOT_FOUND || e == ERR_INVALID) && why.sentence[0] != '\0');
        if (e) return;
    }
    read_event(row);
}

static size_t read_file(struct rows *rows, const char *path, const struct rows_settings *settings)
{
    struct why why = { 0 };
    char *said = NULL;
    size_t size = 0;

    rows->out = open_memstream(&said, &size);
    expect(rows->out != NULL);
    expect(rows_read(rows, path, settings, &why) == ERR_NONE);
    if (!rows->problems) expect(rows_same(rows) == ERR_NONE);
    fclose(rows->out);
    if (rows->problems || rows->left_out) expect(size > 0 && text_is_utf8(slice_of(said, size)));
    free(said);
    return rows->problems;
}

static void try_file(const char *path, const struct rows_settings *settings)
{
    struct rows first = { 0 }, second = { 0 };
    size_t problems = read_file(&first, path, settings);

    expect(read_file(&second, path, settings) == problems && second.count == first.count);
    for (size_t i = 0; !problems && i < first.count; i++) {
        expect(strcmp(first.list[i].id, second.list[i].id) == 0);
        check_row(&first.list[i]);
    }
    rows_fini(&first);
    rows_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line_end = size ? memchr(data, '\n', size) : NULL;
    struct rows_settings settings = { .publisher = "province-06", .encoding = "cp1258" };
    char type[TYPE_BYTES] = "";
    struct memory_file f;
    size_t used;

    if (!line_end) return 0;
    used = (size_t)(line_end - data);
    if (used >= sizeof type || !text_is_utf8(slice_of(data, used))) return 0;
    memcpy(type, data, used);
    if (type[0]) settings.type = type;
    memory_file_make(&f, slice_of(line_end + 1, size - used - 1));
    try_file(f.path, &settings);
    memory_file_end(&f);
    return 0;
}
