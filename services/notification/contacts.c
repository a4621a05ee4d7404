#include "services/notification/contacts.h"

#include "common/buf.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { CELL_MAX = 1024, COLUMNS_MAX = 32 };

enum column { COLUMN_KEY, COLUMN_NAME, COLUMN_ADDRESS, COLUMN_COUNT };

/* Where the reader is in the file. */
struct reader {
    struct slice rest;
    unsigned line; /* of the row being read, from 1 */
    unsigned lines_passed;
    int place[COLUMN_COUNT]; /* in a row; -1: the file has no such column */
    char cell[COLUMN_COUNT][CELL_MAX];
};

static int next_char(struct reader *r)
{
    char c;

    if (r->rest.size == 0) return -1;
    c = r->rest.data[0];
    r->rest.data++;
    r->rest.size--;
    if (c == '\n') r->lines_passed++;
    return (unsigned char)c;
}

static bool next_is(const struct reader *r, char c)
{
    return r->rest.size > 0 && r->rest.data[0] == c;
}

static enum err bad_row(const struct reader *r, struct why *why, const char *rule)
{
    return why_set(why, ERR_CONFIG, "CONTACTS", "line %u: %s", r->line, rule);
}

/* Read one cell up to its comma or line end. `*last` tells that the row ends here. */
static enum err read_cell(struct reader *r, char *out, size_t size, bool *last, struct why *why)
{
    bool quoted = next_is(r, '"');
    size_t n = 0;
    int c;

    if (quoted) (void)next_char(r);
    for (c = next_char(r); c >= 0; c = next_char(r)) {
        if (quoted && c == '"' && !next_is(r, '"')) {
            quoted = false;
            continue;
        }
        if (quoted && c == '"') (void)next_char(r); /* two quotes are one */
        if (!quoted && (c == ',' || c == '\n')) break;
        if (!quoted && c == '\r' && (next_is(r, '\n') || r->rest.size == 0)) continue;
        if (n + 1 >= size) return bad_row(r, why, "a cell is longer than 1023 bytes");
        out[n++] = (char)c;
    }
    if (quoted) return bad_row(r, why, "a quoted cell has no closing quote");
    out[n] = '\0';
    *last = c != ',';
    return ERR_NONE;
}

static enum err read_header(struct reader *r, struct why *why)
{
    static const char *const names[COLUMN_COUNT] = { "key", "name", "address" };
    char cell[CELL_MAX];
    bool last = false;

    for (size_t i = 0; i < COLUMN_COUNT; i++)
        r->place[i] = -1;
    for (int at = 0; !last; at++) {
        enum err e = read_cell(r, cell, sizeof cell, &last, why);

        if (e) return e;
        if (at >= COLUMNS_MAX) return bad_row(r, why, "there are more than 32 columns");
        for (size_t i = 0; i < COLUMN_COUNT; i++)
            if (strcmp(cell, names[i]) == 0) r->place[i] = at;
    }
    if (r->place[COLUMN_KEY] < 0 || r->place[COLUMN_ADDRESS] < 0)
        return bad_row(r, why, "the first line must name the columns key and address");
    return ERR_NONE;
}

/* Read one row's cells into r->cell. */
static enum err read_row(struct reader *r, struct why *why)
{
    char other[CELL_MAX];
    bool last = false;

    for (size_t i = 0; i < COLUMN_COUNT; i++)
        r->cell[i][0] = '\0';
    for (int at = 0; !last; at++) {
        char *into = other;
        enum err e;

        for (size_t i = 0; i < COLUMN_COUNT; i++)
            if (r->place[i] == at) into = r->cell[i];
        e = read_cell(r, into, CELL_MAX, &last, why);
        if (e) return e;
    }
    return ERR_NONE;
}

static enum err grow(struct contacts *c)
{
    size_t capacity = c->capacity ? c->capacity * 2 : 64;
    struct contact *rows;

    if (c->count < c->capacity) return ERR_NONE;
    rows = realloc(c->rows, capacity * sizeof *rows);
    if (!rows) return ERR_NOMEM;
    c->rows = rows;
    c->capacity = capacity;
    return ERR_NONE;
}

static enum err add_row(struct contacts *c, const struct reader *r, struct why *why)
{
    size_t key_size, name_size = strlen(r->cell[COLUMN_NAME]) + 1;
    size_t address_size = strlen(r->cell[COLUMN_ADDRESS]) + 1;
    char key[CONTACT_KEY_MAX], *memory;
    enum err e;

    if (c->count >= CONTACTS_MAX) return bad_row(r, why, "there are more than 200000 contacts");
    if (text_key(slice_text(r->cell[COLUMN_KEY]), key, sizeof key) || key[0] == '\0')
        return bad_row(r, why, "the key is empty or no UTF-8 text");
    if (!text_is_utf8(slice_text(r->cell[COLUMN_NAME])) || !text_is_utf8(slice_text(r->cell[COLUMN_ADDRESS])))
        return bad_row(r, why, "name and address must be UTF-8 text");
    if (address_size == 1) return bad_row(r, why, "the address is empty");
    e = grow(c);
    if (e) return e;
    key_size = strlen(key) + 1;
    memory = malloc(key_size + name_size + address_size);
    if (!memory) return ERR_NOMEM;
    memcpy(memory, key, key_size);
    memcpy(memory + key_size, r->cell[COLUMN_NAME], name_size);
    memcpy(memory + key_size + name_size, r->cell[COLUMN_ADDRESS], address_size);
    c->rows[c->count++] = (struct contact){ memory, memory + key_size, memory + key_size + name_size };
    return ERR_NONE;
}

static int compare(const void *a, const void *b)
{
    const struct contact *x = a, *y = b;

    return strcmp(x->key, y->key);
}

static enum err sort(struct contacts *c, struct why *why)
{
    if (c->count > 0) qsort(c->rows, c->count, sizeof *c->rows, compare);
    for (size_t i = 1; i < c->count; i++)
        if (strcmp(c->rows[i - 1].key, c->rows[i].key) == 0)
            return why_set(why, ERR_CONFIG, "CONTACTS", "two rows have the key \"%s\"; each key stands once",
                           c->rows[i].key);
    return ERR_NONE;
}

/* Blank lines and remarks. */
static bool skip_line(struct reader *r)
{
    if (!next_is(r, '#') && !next_is(r, '\n') && !next_is(r, '\r')) return false;
    while (r->rest.size > 0 && next_char(r) != '\n') {
    }
    return true;
}

static enum err parse(struct contacts *c, struct slice text, struct why *why)
{
    struct reader r = { .rest = text };
    const struct slice mark = slice_of("\xef\xbb\xbf", 3); /* spreadsheets put it before the first line */
    bool header = false;
    enum err e = ERR_NONE;

    if (slice_starts(r.rest, mark)) r.rest = slice_of(r.rest.data + 3, r.rest.size - 3);
    while (!e && r.rest.size > 0) {
        r.line = r.lines_passed + 1;
        if (skip_line(&r)) continue;
        e = header ? read_row(&r, why) : read_header(&r, why);
        if (!e && header) e = add_row(c, &r, why);
        header = true;
    }
    return e ? e : sort(c, why);
}

static enum err read_all(int fd, struct buf *out)
{
    char block[16384];
    ssize_t n;

    while ((n = read(fd, block, sizeof block)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ERR_IO;
        if (buf_add(out, block, (size_t)n)) return out->failed;
    }
    return ERR_NONE;
}

static void forget_rows(struct contacts *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->rows[i].key);
    free(c->rows);
    c->rows = NULL;
    c->count = c->capacity = 0;
}

static bool same_file(const struct contacts *c, const struct stat *s)
{
    return c->file == s->st_ino && c->bytes == s->st_size && c->changed.tv_sec == s->st_mtim.tv_sec &&
           c->changed.tv_nsec == s->st_mtim.tv_nsec;
}

static enum err load(struct contacts *fresh, int fd, const char *path, struct why *why)
{
    struct buf text = { .limit = CONTACTS_BYTES_MAX };
    struct why inner = { 0 };
    enum err e = read_all(fd, &text);

    if (e == ERR_IO) (void)why_set(&inner, e, "CONTACTS", "%s", strerror(errno));
    if (e == ERR_LIMIT) e = why_set(&inner, ERR_CONFIG, "CONTACTS", "the file is larger than 64 MiB");
    if (!e) e = parse(fresh, buf_slice(&text), &inner);
    buf_fini(&text);
    return e ? why_set(why, e, "CONTACTS", "%s: %s", path, inner.sentence) : ERR_NONE;
}

enum err contacts_refresh(struct contacts *c, const char *path, struct why *why)
{
    struct contacts fresh = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat now;
    enum err e = ERR_NONE;

    if (fd < 0 && errno == ENOENT) {
        contacts_fini(c);
        return ERR_NONE;
    }
    if (fd < 0 || fstat(fd, &now) < 0) e = why_set(why, ERR_IO, "CONTACTS", "%s: %s", path, strerror(errno));
    if (!e && same_file(c, &now)) goto out;
    if (!e) e = load(&fresh, fd, path, why);
    if (e) {
        forget_rows(&fresh);
        goto out;
    }
    fresh.changed = now.st_mtim;
    fresh.bytes = now.st_size;
    fresh.file = now.st_ino;
    forget_rows(c);
    *c = fresh;
out:
    if (fd >= 0) close(fd);
    return e;
}

void contacts_fini(struct contacts *c)
{
    forget_rows(c);
    memset(c, 0, sizeof *c);
}

const struct contact *contacts_find(const struct contacts *c, struct slice key)
{
    char text[CONTACT_KEY_MAX];
    struct contact wanted = { .key = text };

    if (c->count == 0 || text_key(key, text, sizeof text)) return NULL;
    return bsearch(&wanted, c->rows, c->count, sizeof *c->rows, compare);
}
