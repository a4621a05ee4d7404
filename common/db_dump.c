/* db_dump.c - a store as text. */
#include "common/db.h"

#include <stdio.h>
#include <string.h>

/* Tables of the loop: where they differ, only places in the log differ. */
static const char *const loop_tables[] = { "meta", "cursor", "published", "outbox", "dead_letter", "tally" };

static bool table_shown(struct slice table, bool places)
{
    for (size_t i = 0; !places && i < sizeof loop_tables / sizeof loop_tables[0]; i++)
        if (slice_is(table, loop_tables[i])) return false;
    return true;
}

static bool column_shown(struct slice name, bool places)
{
    static const char tail[] = "_seq";
    size_t size = sizeof tail - 1;

    if (places) return true;
    if (slice_is(name, "seq")) return false;
    return name.size < size || memcmp(name.data + name.size - size, tail, size) != 0;
}

/* Write the SELECT that dumps one table. The columns of the primary key come first, and the rows are ordered
 * by all columns that are shown: by the key where it is whole, and always in one order when a part of it is
 * left out. */
static enum err write_select(sqlite3 *db, struct slice table, bool places, sqlite3_str *select,
                             struct why *why)
{
    sqlite3_str *order = sqlite3_str_new(db);
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(
        db, "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY pk = 0, pk, cid", &s, why);

    if (!e) db_bind_text(s, 1, table);
    while (!e && !(e = db_step(s, &row)) && row) {
        struct slice name = db_text(s, 0);
        const char *comma = sqlite3_str_length(order) ? ", " : "";
        if (!column_shown(name, places)) continue;
        sqlite3_str_appendf(select, "%squote(\"%.*w\") AS \"%.*w\"",
                            sqlite3_str_length(order) ? ", " : "SELECT ", SLICE_ARG(name), SLICE_ARG(name));
        sqlite3_str_appendf(order, "%s\"%.*w\".\"%.*w\"", comma, SLICE_ARG(table), SLICE_ARG(name));
    }
    if (!e && sqlite3_str_length(order))
        sqlite3_str_appendf(select, " FROM \"%.*w\" ORDER BY %s", SLICE_ARG(table), sqlite3_str_value(order));
    if (!e && (sqlite3_str_errcode(order) || sqlite3_str_errcode(select))) e = ERR_NOMEM;
    sqlite3_free(sqlite3_str_finish(order));
    sqlite3_finalize(s);
    return e;
}

static void print_row(FILE *out, struct slice table, sqlite3_stmt *s)
{
    fprintf(out, "%.*s", SLICE_ARG(table));
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        struct slice value = db_text(s, i);
        fprintf(out, "|%s=", sqlite3_column_name(s, i));
        fwrite(value.data, 1, value.size, out);
    }
    putc('\n', out);
}

static enum err dump_table(sqlite3 *db, struct slice table, bool places, FILE *out, struct why *why)
{
    sqlite3_str *select = sqlite3_str_new(db);
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = write_select(db, table, places, select, why);

    /* A table of nothing but places has nothing to show. */
    if (!e && sqlite3_str_length(select)) e = db_prepare(db, sqlite3_str_value(select), &s, why);
    while (!e && s && !(e = db_step(s, &row)) && row)
        print_row(out, table, s);
    sqlite3_free(sqlite3_str_finish(select));
    sqlite3_finalize(s);
    return e;
}

static enum err dump_tables(sqlite3 *db, bool places, FILE *out, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e =
        db_prepare(db,
                   "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'"
                   " ESCAPE '\\' ORDER BY name",
                   &s, why);

    while (!e && !(e = db_step(s, &row)) && row) {
        struct slice table = db_text(s, 0);
        if (table_shown(table, places)) e = dump_table(db, table, places, out, why);
    }
    sqlite3_finalize(s);
    return e;
}

enum err db_dump(sqlite3 *db, bool places, void *out_file, struct why *why)
{
    /* All tables as of one moment, also beside a service that writes. */
    enum err e = db_exec(db, "SAVEPOINT dump", why), released;

    if (e) return e;
    e = dump_tables(db, places, out_file, why);
    if (e) (void)why_set(why, e, "STORE", "cannot read the store: %s", sqlite3_errmsg(db));
    released = db_exec(db, "RELEASE dump", why);
    if (e || released) return e ? e : released;
    if (fflush(out_file) != 0 || ferror(out_file))
        return why_set(why, ERR_IO, "OUTPUT", "cannot write the dump of the store");
    return ERR_NONE;
}
