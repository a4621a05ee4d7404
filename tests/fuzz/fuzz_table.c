/* fuzz_table.c - any bytes as a file of rows. What can be read is text, comes in order, and written again,
 * every cell in quotes, reads the same.
 */
#include "common/buf.h"
#include "common/text.h"
#include "services/cli/table.h"
#include "tests/fuzz/memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int holds)
{
    if (!holds) abort();
}

static void write_cell(struct buf *out, struct slice cell)
{
    buf_add(out, "\"", 1);
    for (size_t i = 0; i < cell.size; i++) {
        if (cell.data[i] == '"') buf_add(out, "\"", 1);
        buf_add(out, cell.data + i, 1);
    }
    buf_add(out, "\"", 1);
}

static void write_row(struct buf *out, const struct slice *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i) buf_add(out, ";", 1);
        write_cell(out, cells[i]);
    }
    buf_add(out, "\n", 1);
}

/* Every row as cells in quotes, below a line that names the separator. False when the table is refused. */
static bool rewrite(const struct text_file *file, struct buf *out)
{
    struct slice cells[TABLE_COLUMNS_MAX];
    struct table t = { 0 };
    struct why why = { 0 };
    uint32_t line = 0, before = 0;
    size_t count = 1;
    enum err e = table_init(&t, file, "file", &why);

    buf_add(out, "sep=;\n", 6);
    while (!e && count) {
        e = table_row(&t, cells, &count, &line, &why);
        if (e || !count) break;
        expect(count <= TABLE_COLUMNS_MAX && line > before);
        before = line;
        for (size_t i = 0; i < count; i++)
            expect(text_is_utf8(cells[i]));
        write_row(out, cells, count);
    }
    table_fini(&t);
    if (e) expect(e == ERR_INVALID && why.sentence[0] != '\0');
    return !e;
}

static void come_back(const struct text_file *file)
{
    struct buf first = { 0 }, second = { 0 };
    struct text_file again;

    if (rewrite(file, &first) && first.size > 6) {
        again = (struct text_file){ .data = (char *)first.data, .size = first.size };
        expect(rewrite(&again, &second));
        expect(slice_equal(buf_slice(&first), buf_slice(&second)));
    }
    buf_fini(&first);
    buf_fini(&second);
}

static void try_encoding(const char *path, const char *encoding)
{
    struct text_file file = { 0 };
    struct why why = { 0 };
    enum err e = text_file_read(path, encoding, &file, &why);

    if (e) {
        expect(why.sentence[0] != '\0');
        return;
    }
    expect(text_is_utf8(slice_of(file.data, file.size)));
    come_back(&file);
    text_file_fini(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory_file f;

    memory_file_make(&f, slice_of(data, size));
    try_encoding(f.path, NULL);
    try_encoding(f.path, "cp1258");
    memory_file_end(&f);
    return 0;
}
