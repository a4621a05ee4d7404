/* rows.h - rows of text become events: data maps packed in the order of their fields, every one checked.
 *
 * The rules are those of events.def alone; each field of each row goes through codec_decode, so that what is
 * sent can be read. All rows of all files are read before anything else happens, and every problem is told
 * with its file, line and field.
 *
 * CSV: a list's column is spelled `items.product`; a row whose other cells are all empty adds one more
 * element to the row above. A column `note`, or beginning with '#', is for people. A column `province` that
 * the event does not have names the topic's province. A published list of certified products is known by its
 * header and becomes record.filed; a list of mere totals is left out with a line. JSON lines: the fields, or
 * {"type", "province", "data"}.
 */
#ifndef SERVICES_CLI_ROWS_H
#define SERVICES_CLI_ROWS_H

#include "proto/codec.h"
#include "services/cli/table.h"

#include <stdio.h>

enum { ROWS_MAX = 2000000, ROWS_PROBLEMS_SHOWN = 50 };

struct row_event {
    const char *file; /* borrowed from the caller */
    uint32_t line;
    const struct event_kind *kind;
    char province[3];
    bool has_refs; /* some cell is @REF: rows_resolve before sending */
    char id[HASH_ID_TEXT + 1];
    char *data; /* packed map */
    size_t size;
};

struct rows {
    struct row_event *list;
    size_t count, room;
    FILE *out;       /* where problems go */
    size_t problems; /* how many, shown or not */
    bool listed;     /* the events that may be pushed: once is enough */
    size_t left_out; /* files that hold totals and no rows to push */
};

struct rows_settings {
    const char *type;      /* --type, or NULL */
    const char *province;  /* --province, or NULL */
    const char *encoding;  /* --encoding, or NULL */
    const char *publisher; /* whose events they are */
};

/* Read one file and append its events. Problems are printed and counted; they are no error here.
 * ERR_NOMEM, ERR_IO: why says what. */
enum err rows_read(struct rows *rows, const char *path, const struct rows_settings *settings,
                   struct why *why);
/* Tell of rows that say the same as an earlier one. */
enum err rows_same(struct rows *rows);
void rows_fini(struct rows *rows);
/* Print `file:line: field: sentence`; field may be NULL, line 0. */
void rows_problem(struct rows *rows, const char *file, uint32_t line, const char *field, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));

/* Say what stands for a reference: `type` is the fact's, `want` "id", "product" or "certificate". */
typedef enum err (*rows_lookup_fn)(void *context, const char *type, struct slice ref, const char *want,
                                   char out[ENVELOPE_ID_MAX + 1], struct why *why);
/* Replace each @REF of the row and compute its id again. */
enum err rows_resolve(struct row_event *row, const char *publisher, rows_lookup_fn lookup, void *context,
                      struct why *why);

/* The event a word means: "dossier.filed" or "intake.dossier.filed"; NULL: none that `publisher` may say. */
const struct event_kind *rows_kind(struct slice word, const char *publisher);
/* The event whose short name a file's name begins with. */
const struct event_kind *rows_kind_of_path(const char *path, const char *publisher);
void rows_list_kinds(FILE *out, const char *publisher);
/* The header row of an event, for a spreadsheet. */
void rows_template(FILE *out, const struct event_kind *kind, char separator);
/* hash_id(publisher, type, data): the same row is the same event, however often it is pushed. */
void rows_event_id(const char *publisher, const char *type, struct slice data, char id[HASH_ID_TEXT + 1]);
/* What the envelope's subject is: the reference, product, council, name, number, message or certificate, the
 * first of them that the event has. */
struct slice rows_subject(const msgpack_object *data);

#endif
