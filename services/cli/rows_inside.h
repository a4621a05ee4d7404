/* rows_inside.h - what the readers of CSV and of JSON lines share; only rows*.c include it. */
#ifndef SERVICES_CLI_ROWS_INSIDE_H
#define SERVICES_CLI_ROWS_INSIDE_H

#include "services/cli/rows.h"

#include <jansson.h>

/* Where a row stands and what it is to become. */
struct row_place {
    const char *file;
    uint32_t line;
    const struct event_kind *kind;
    const char *province; /* of the topic, when the event has no such field; NULL: --province, else 00 */
    bool cells;           /* values are cells of a table: all text */
    bool list;            /* of a published list: its columns have names of their own */
};

/* Check the fields of `data`, pack them and append the event. Problems are told. */
enum err rows_add(struct rows *rows, const struct rows_settings *settings, const struct row_place *place,
                  const json_t *data);

enum err rows_read_csv(struct rows *rows, const struct text_file *file, const char *path,
                       const struct rows_settings *settings, struct why *why);
enum err rows_read_json(struct rows *rows, const struct text_file *file, const char *path,
                        const struct rows_settings *settings, struct why *why);

/* Tell what the codec says of each field, and of names that no field has. ERR_NOMEM. */
enum err rows_check(struct rows *rows, const struct row_place *place, struct slice data);
void rows_check_names(struct rows *rows, const struct row_place *place, const struct event_kind *kind,
                      const json_t *data);
/* Packed data with something of the right shape in place of each @REF, to check; *refs counts them. */
enum err rows_stand_in(const struct event_kind *kind, struct slice data, struct buf *out, size_t *refs,
                       struct why *why);
/* The row's data is now a copy of these bytes. */
enum err rows_keep(struct row_event *row, const struct buf *data);

const struct field *rows_field(const struct event_kind *kind, struct slice name);
/* The known field nearest to a mistyped one; for lists `items.product`. */
void rows_nearest(const struct event_kind *kind, struct slice name, char *out, size_t size);
/* The event of a file or line, told when there is none. */
const struct event_kind *rows_find_kind(struct rows *rows, const struct rows_settings *settings,
                                        const char *path, uint32_t line, const char *type_member);
bool rows_is_blank(struct slice text);
struct slice rows_trimmed(struct slice text);
bool rows_is_province(const char *text);

/* --- published lists --- */

/* By its header: certified products one by one; or only how many there were on some day. */
bool rows_list_is(const struct slice *cells, size_t count);
bool rows_list_is_totals(const struct slice *cells, size_t count);
/* The field of record.filed that a column of a list fills; NULL: for people. False: no such column. */
bool rows_list_find(struct slice column, const struct field **out);
const char *rows_list_column(const struct field *f);
/* Put a cell into the row in the form of its field; what cannot be read is told and left out. */
void rows_list_put(struct rows *rows, const struct row_place *place, json_t *map, const struct field *f,
                   struct slice cell);
/* Tell that a cell which must be filled is not, and what to do. */
void rows_list_empty(struct rows *rows, const struct row_place *place, const struct field *f);

#endif
