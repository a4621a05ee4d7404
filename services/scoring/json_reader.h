/* json_reader.h - take values out of a rules file, and say where it is wrong.
 *
 * A reader keeps the path of the place it is at, as parts[0].sections[1].max, and puts it before each
 * sentence. After an error the path stays where it was. Every fault is ERR_INVALID with code RULES_MALFORMED.
 */
#ifndef SERVICES_SCORING_JSON_READER_H
#define SERVICES_SCORING_JSON_READER_H

#include "common/err.h"
#include "common/slice.h"

#include <jansson.h>

enum { READER_PATH_MAX = 200 };

struct reader {
    struct why *why;
    size_t length;
    char path[READER_PATH_MAX];
};

/* Parse; `*top` is an object which the caller json_decrefs. ERR_INVALID. */
enum err reader_open(struct reader *r, struct slice bytes, json_t **top);
/* Step into a member; what it returns goes to reader_leave. */
size_t reader_enter(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void reader_leave(struct reader *r, size_t before);
enum err reader_bad(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Members of the object `o`. */
enum err reader_whole(struct reader *r, const json_t *o, const char *name, int64_t least, int64_t most,
                      int64_t *out);
enum err reader_flag(struct reader *r, const json_t *o, const char *name, bool *out);
enum err reader_word(struct reader *r, const json_t *o, const char *name, const char **out); /* borrowed */
/* 1..most letters, digits, '.', '-' and '_', copied with a zero byte. */
enum err reader_code(struct reader *r, const json_t *o, const char *name, size_t most, char *out);
/* YYYY-MM-DD as days since 1970; absent or null: `open`. */
enum err reader_day(struct reader *r, const json_t *o, const char *name, int32_t open, int32_t *out);
/* One of `words` (ended by NULL): its place. */
enum err reader_choice(struct reader *r, const json_t *o, const char *name, const char *const *words,
                       size_t *out);
enum err reader_list(struct reader *r, const json_t *o, const char *name, size_t least, size_t most,
                     const json_t **out);
enum err reader_object(struct reader *r, const json_t *o, const char *name, const json_t **out);
/* A setting: the member `name` is an object with "value" and "mark". */
enum err reader_whole_setting(struct reader *r, const json_t *o, const char *name, int64_t least,
                              int64_t most, int32_t *out);
enum err reader_flag_setting(struct reader *r, const json_t *o, const char *name, bool *out);
enum err reader_choice_setting(struct reader *r, const json_t *o, const char *name, const char *const *words,
                               size_t *out);
/* "mark" must be certain, reported or inferred. */
enum err reader_mark(struct reader *r, const json_t *o);

/* The value and all in it: text, also the members' names, has no control characters and no byte order mark,
 * and numbers are whole and at most 2^53, which every tool writes exactly. */
enum err reader_plain(struct reader *r, const json_t *value);

/* The value itself is one of `words`. */
enum err reader_one_of(struct reader *r, const json_t *value, const char *const *words, size_t *out);

#endif
