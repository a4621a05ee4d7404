/* print.h - answers and records as JSON, and JSON as columns.
 *
 * Widths are those of a terminal (text_width); nothing cuts a letter from its marks.
 */
#ifndef SERVICES_CLI_PRINT_H
#define SERVICES_CLI_PRINT_H

#include "common/envelope.h"
#include "common/record.h"

#include <jansson.h>
#include <stdio.h>

enum { PRINT_COLUMN_MAX = 48, PRINT_COLUMNS = 64 };

/* A new reference; NULL without memory. Bytes become hex text; text that is no UTF-8 likewise. */
json_t *json_of(const msgpack_object *o);
json_t *json_of_slice(struct slice text);
/* {seq, at, day, topic, publisher, id, subject, cause?, data}. Never NULL but without memory. */
json_t *json_of_record(const struct record *r);

/* One line, keys in their order. */
void print_json(FILE *out, const json_t *o);
/* A scalar as people read it: no quotes; lists and maps as JSON. Caller frees. */
char *print_value(const json_t *v);
/* `cut` shortens cells to PRINT_COLUMN_MAX columns, at a whole letter. */
void print_table(FILE *out, const json_t *rows, bool cut);
/* "name  value" aligned; lists of maps as tables of their own below. `indent` in blanks. */
void print_fields(FILE *out, const json_t *map, int indent, bool cut);
/* "2018-12-16 08:00:00" in Viet Nam. */
void print_moment(int64_t at_ms, char text[24]);

#endif
