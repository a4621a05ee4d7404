#include "services/cli/table.h"

#include "common/text.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <utf8proc.h>

/* --- bytes --- */

static enum err bad(const char *path, uint32_t line, struct why *why, const char *sentence)
{
    return why_set(why, ERR_INVALID, "INPUT", "%s:%u: %s", path, line, sentence);
}

static enum err check_kind(FILE *in, const char *path, struct why *why)
{
    struct stat st;

    if (fstat(fileno(in), &st)) return why_set(why, ERR_IO, "INPUT", "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        return why_set(why, ERR_INVALID, "INPUT", "%s: this is a directory; name the files in it", path);
    }
    if (S_ISREG(st.st_mode) && st.st_size > TABLE_FILE_MAX) {
        return why_set(why, ERR_INVALID, "INPUT", "%s: the file is longer than %d MiB; split it", path,
                       TABLE_FILE_MAX / (1024 * 1024));
    }
    return ERR_NONE;
}

/* Where a line is longer than allowed, say so before the rest of a file is read: it may be no text at all. */
struct line_watch {
    uint32_t line;
    size_t length;
};

static bool watch_lines(struct line_watch *w, const char *data, size_t size)
{
    const char *end = data + size;

    while (data < end) {
        const char *stop = memchr(data, '\n', (size_t)(end - data));

        w->length += (size_t)((stop ? stop : end) - data);
        if (w->length > TABLE_LINE_MAX) return false;
        if (!stop) return true;
        w->length = 0;
        w->line++;
        data = stop + 1;
    }
    return true;
}

static enum err read_all(FILE *in, const char *path, struct text_file *out, struct why *why)
{
    struct line_watch watch = { 1, 0 };
    size_t room = 0, got;

    for (;;) {
        if (out->size == room) {
            size_t more = room ? 2 * room : 65536;
            char *data = realloc(out->data, more + 1);

            if (!data) return ERR_NOMEM;
            out->data = data;
            room = more;
        }
        got = fread(out->data + out->size, 1, room - out->size, in);
        if (got == 0) break;
        if (!watch_lines(&watch, out->data + out->size, got)) {
            return why_set(why, ERR_INVALID, "INPUT", "%s:%u: line %u is longer than 1 MiB", path, watch.line,
                           watch.line);
        }
        out->size += got;
        if (out->size > TABLE_FILE_MAX)
            return why_set(why, ERR_LIMIT, "INPUT", "%s: longer than 1 GiB", path);
    }
    if (ferror(in)) return why_set(why, ERR_IO, "INPUT", "%s: cannot be read: %s", path, strerror(errno));
    if (out->size == 0) return why_set(why, ERR_INVALID, "INPUT", "%s: the file is empty", path);
    out->data[out->size] = 0;
    return ERR_NONE;
}

/* --- encodings --- */

static uint32_t line_of(const struct text_file *f, size_t at)
{
    uint32_t line = 1;

    for (size_t i = 0; i < at; i++)
        line += f->data[i] == '\n';
    return line;
}

/* Convert in place. On bytes the encoding does not have, ERR_INVALID and *where. */
static enum err convert(struct text_file *f, const char *from, size_t skip, size_t *where)
{
    iconv_t how = iconv_open("UTF-8", from);
    char *in = f->data + skip, *out, *to;
    size_t left = f->size - skip, room = 3 * left + 16;
    enum err e = ERR_NONE;

    if (how == (iconv_t)-1) return ERR_CONFIG;
    out = to = malloc(room + 1);
    if (!out) e = ERR_NOMEM;
    if (!e && iconv(how, &in, &left, &to, &room) == (size_t)-1) e = ERR_INVALID;
    if (!e && iconv(how, NULL, NULL, &to, &room) == (size_t)-1) e = ERR_INVALID;
    iconv_close(how);
    *where = f->size - left;
    if (e) {
        free(out);
        return e;
    }
    free(f->data);
    f->data = out;
    f->size = (size_t)(to - out);
    f->data[f->size] = 0;
    return ERR_NONE;
}

/* Windows-1258 writes tone marks as letters of their own; people compare whole letters. */
static enum err compose(struct text_file *f)
{
    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)f->data, (utf8proc_ssize_t)f->size,
                                         &composed, UTF8PROC_STABLE | UTF8PROC_COMPOSE);

    if (size < 0) return size == UTF8PROC_ERROR_NOMEM ? ERR_NOMEM : ERR_INVALID;
    free(f->data);
    f->data = (char *)composed;
    f->size = (size_t)size;
    return ERR_NONE;
}

static enum err from_utf16(struct text_file *f, const char *path, const char *from, struct why *why)
{
    size_t where = 0;
    enum err e = convert(f, from, 2, &where);

    if (e == ERR_CONFIG) return why_set(why, ERR_IO, "INPUT", "this system cannot convert %s", from);
    if (e == ERR_INVALID) {
        return why_set(why, e, "INPUT", "%s: begins as %s, but byte %zu is no text of it", path, from, where);
    }
    return e;
}

static enum err from_cp1258(struct text_file *f, const char *path, struct why *why)
{
    size_t where = 0;
    enum err e = convert(f, "CP1258", 0, &where);

    if (e == ERR_CONFIG) return why_set(why, ERR_IO, "INPUT", "this system cannot convert Windows-1258");
    if (e == ERR_INVALID)
        return bad(path, line_of(f, where), why, "a byte here is no letter of Windows-1258");
    if (!e) e = compose(f);
    return e;
}

/* The first line whose bytes are no UTF-8, and what to do about it. */
static enum err refuse_bytes(const struct text_file *f, const char *path, const char *encoding,
                             struct why *why)
{
    struct slice text;
    size_t at = 0;
    uint32_t line = 0;

    while (text_file_line(f, &at, &line, &text) && text_is_utf8(text))
        continue;
    if (encoding) return bad(path, line ? line : 1, why, "the bytes are not UTF-8; save the file as UTF-8");
    return bad(
        path, line ? line : 1, why,
        "the bytes are not UTF-8; save the file as \"CSV UTF-8\", or say --encoding cp1258 if it comes from "
        "an old Vietnamese Windows");
}

static enum err to_utf8(struct text_file *f, const char *path, const char *encoding, struct why *why)
{
    const unsigned char *b = (const unsigned char *)f->data;
    enum err e = ERR_NONE;

    if (f->size >= 2 && b[0] == 0xff && b[1] == 0xfe) {
        e = from_utf16(f, path, "UTF-16LE", why);
    } else if (f->size >= 2 && b[0] == 0xfe && b[1] == 0xff) {
        e = from_utf16(f, path, "UTF-16BE", why);
    } else if (f->size >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf) {
        f->size -= 3;
        memmove(f->data, f->data + 3, f->size + 1);
    }
    if (e) return e;
    if (text_is_utf8(slice_of(f->data, f->size))) return ERR_NONE;
    if (encoding && !strcmp(encoding, "cp1258")) return from_cp1258(f, path, why);
    return refuse_bytes(f, path, encoding, why);
}

enum err text_file_read(const char *path, const char *encoding, struct text_file *out, struct why *why)
{
    struct text_file f = { 0 };
    FILE *in = fopen(path, "rb");
    const char *zero;
    enum err e;

    if (!in) {
        e = errno == ENOENT || errno == EACCES ? ERR_INVALID : ERR_IO;
        return why_set(why, e, "INPUT", "%s: %s", path, strerror(errno));
    }
    e = check_kind(in, path, why);
    if (!e) e = read_all(in, path, &f, why);
    fclose(in);
    if (!e) e = to_utf8(&f, path, encoding, why);
    if (!e && (zero = memchr(f.data, 0, f.size)) != NULL) {
        e = bad(path, line_of(&f, (size_t)(zero - f.data)), why, "there is a zero byte; this is no text");
    }
    if (e) {
        text_file_fini(&f);
        return e;
    }
    *out = f;
    return ERR_NONE;
}

void text_file_fini(struct text_file *f)
{
    free(f->data);
    f->data = NULL;
    f->size = 0;
}

enum err text_file_check_lines(const struct text_file *f, const char *path, struct why *why)
{
    struct slice first = { NULL, 0 };
    size_t at = 0;
    uint32_t line = 0;

    if (text_file_line(f, &at, &line, &first) && memchr(first.data, '\r', first.size))
        return bad(
            path, 1, why,
            "the lines end in CR alone, as on an old Macintosh; save the file with line ends LF or CR LF");
    return ERR_NONE;
}

bool text_file_line(const struct text_file *f, size_t *at, uint32_t *line, struct slice *out)
{
    const char *from = f->data + *at, *stop;
    size_t size;

    if (*at >= f->size) return false;
    stop = memchr(from, '\n', f->size - *at);
    size = stop ? (size_t)(stop - from) : f->size - *at;
    *at += size + (stop ? 1 : 0);
    if (size && from[size - 1] == '\r') size--;
    ++*line;
    *out = slice_of(from, size);
    return true;
}

/* --- rows --- */

/* The separator is the one of ; , tab that stands most often outside quotes in the header. */
static char sniff(struct slice header)
{
    static const char candidates[] = { ';', ',', '\t' };
    size_t best = 0, counts[3] = { 0 };
    bool quoted = false;

    for (size_t i = 0; i < header.size; i++) {
        if (header.data[i] == '"') quoted = !quoted;
        for (size_t c = 0; c < 3 && !quoted; c++)
            counts[c] += header.data[i] == candidates[c];
    }
    for (size_t c = 1; c < 3; c++) {
        if (counts[c] > counts[best]) best = c;
    }
    return counts[best] ? candidates[best] : ',';
}

/* Excel's own first line: "sep=;" names the separator, and the header stands below. */
static bool says_separator(struct slice line, char *out)
{
    if (line.size == 7 && line.data[0] == '"' && line.data[6] == '"') line = slice_of(line.data + 1, 5);
    if (line.size != 5 || strncasecmp(line.data, "sep=", 4)) return false;
    *out = line.data[4];
    return true;
}

enum err table_init(struct table *t, const struct text_file *file, const char *path, struct why *why)
{
    struct slice header = { NULL, 0 };
    size_t at = 0;
    uint32_t line = 0;

    if (!text_file_line(file, &at, &line, &header)) return bad(path, 1, why, "there is no header line");
    *t = (struct table){ .file = file, .path = path, .separator = sniff(header), .line = 1 };
    if (!says_separator(header, &t->separator)) return ERR_NONE;
    if (at >= file->size) return bad(path, 1, why, "there is no header line below sep=");
    t->at = at;
    t->line = 2;
    return ERR_NONE;
}

void table_fini(struct table *t)
{
    free(t->cells);
    t->cells = NULL;
}

static bool at_line_end(const struct text_file *f, size_t at)
{
    return f->data[at] == '\n' || (f->data[at] == '\r' && (at + 1 == f->size || f->data[at + 1] == '\n'));
}

/* A cell in quotes: "" is one quote; line ends belong to it. *at is behind the first quote. */
static enum err quoted_cell(struct table *t, uint32_t begin, struct slice *cell, struct why *why)
{
    const struct text_file *f = t->file;
    char *to = t->cells + t->cells_size;
    size_t size = 0;

    for (; t->at < f->size; t->at++) {
        char c = f->data[t->at];

        if (c == '"' && t->at + 1 < f->size && f->data[t->at + 1] == '"') {
            t->at++;
        } else if (c == '"') {
            t->at++;
            *cell = slice_of(to, size);
            t->cells_size += size;
            if (t->at == f->size || f->data[t->at] == t->separator || at_line_end(f, t->at)) return ERR_NONE;
            return bad(t->path, t->line, why,
                       "text follows a closing quote; write a quote inside quotes twice");
        }
        if (c == '\n') t->line++;
        if (t->cells_size + size >= TABLE_LINE_MAX) {
            return why_set(why, ERR_INVALID, "INPUT",
                           "%s:%u: line %u is longer than 1 MiB, or a quote is never closed", t->path, begin,
                           begin);
        }
        to[size++] = c;
    }
    return bad(t->path, begin, why, "a quote opened in this row is never closed");
}

static void plain_cell(struct table *t, struct slice *cell)
{
    const struct text_file *f = t->file;
    size_t from = t->at;

    while (t->at < f->size && f->data[t->at] != t->separator && !at_line_end(f, t->at))
        t->at++;
    *cell = slice_of(f->data + from, t->at - from);
}

/* Step over the separator or the line end. True when the row goes on. */
static bool next_cell(struct table *t)
{
    const struct text_file *f = t->file;

    if (t->at >= f->size) return false;
    if (f->data[t->at] == t->separator) {
        t->at++;
        return true;
    }
    if (f->data[t->at] == '\r') t->at++;
    if (t->at < f->size) t->at++;
    t->line++;
    return false;
}

enum err table_row(struct table *t, struct slice cells[TABLE_COLUMNS_MAX], size_t *count, uint32_t *line,
                   struct why *why)
{
    enum err e = ERR_NONE;
    size_t found = 0;

    *count = 0;
    *line = t->line;
    t->cells_size = 0;
    if (t->at >= t->file->size) return ERR_NONE;
    if (!t->cells && !(t->cells = malloc(TABLE_LINE_MAX))) return ERR_NOMEM;
    do {
        if (found == TABLE_COLUMNS_MAX) return bad(t->path, *line, why, "the row has more than 256 cells");
        if (t->at < t->file->size && t->file->data[t->at] == '"') {
            t->at++;
            e = quoted_cell(t, *line, &cells[found], why);
        } else {
            plain_cell(t, &cells[found]);
        }
        if (e) return e;
        found++;
    } while (next_cell(t));
    *count = found;
    return ERR_NONE;
}
