/* table.h - a file of rows, as people's programs write it: CSV by any separator, from any Excel.
 *
 * The whole file is read and turned into UTF-8 first, so everything behind speaks one language. UTF-8 with or
 * without BOM and UTF-16 with BOM are known by themselves. Windows-1258 is believed only when the person says
 * so, since every byte is a letter there: guessing would store nonsense for ever. Text that was UTF-8 stays
 * as it came.
 */
#ifndef SERVICES_CLI_TABLE_H
#define SERVICES_CLI_TABLE_H

#include "common/err.h"
#include "common/slice.h"

#include <stdint.h>

enum {
    TABLE_LINE_MAX = 1024 * 1024,        /* bytes of one row */
    TABLE_FILE_MAX = 1024 * 1024 * 1024, /* bytes of one file */
    TABLE_COLUMNS_MAX = 256
};

/* A file in memory, UTF-8. */
struct text_file {
    char *data;
    size_t size;
};

/* Read `path` whole. `encoding` is NULL, "utf-8" or "cp1258"; with NULL a file that is not UTF-8 is told
 * about Excel's CSV and Windows-1258. ERR_INVALID  why has the whole sentence, file and line in it: a
 * directory, empty, a line longer than TABLE_LINE_MAX, bytes of another encoding, zero bytes ERR_IO,
 * ERR_NOMEM, ERR_LIMIT */
enum err text_file_read(const char *path, const char *encoding, struct text_file *out, struct why *why);
void text_file_fini(struct text_file *f);

/* The next line without its end; false at the end of the file. Counts *line up. */
bool text_file_line(const struct text_file *f, size_t *at, uint32_t *line, struct slice *out);

/* ERR_INVALID: its lines end in CR alone, of which no reader here makes lines. */
enum err text_file_check_lines(const struct text_file *f, const char *path, struct why *why);

/* Rows of a CSV text. Cells borrow from the text or from memory of the table, until the next row. */
struct table {
    const struct text_file *file;
    const char *path;
    char separator;
    size_t at;
    uint32_t line; /* where the next row begins */
    char *cells;   /* unquoted bytes of the row */
    size_t cells_size;
};

/* Find the separator in the header line, or in a line `sep=;` above it. `file` must outlive the table. */
enum err table_init(struct table *t, const struct text_file *file, const char *path, struct why *why);
void table_fini(struct table *t);
/* One row. `*count` 0: the end. `*line` is where it begins. ERR_INVALID, ERR_LIMIT: why has file, line and
 * sentence. */
enum err table_row(struct table *t, struct slice cells[TABLE_COLUMNS_MAX], size_t *count, uint32_t *line,
                   struct why *why);

#endif
