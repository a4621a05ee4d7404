/* zpl.h - a ZPL file (czmq's zconfig), read as its names and values in order. */
#ifndef COMMON_ZPL_H
#define COMMON_ZPL_H

#include "common/err.h"
#include "common/slice.h"

enum { ZPL_FILE_BYTES_MAX = 1024 * 1024, ZPL_PATH_MAX = 128 };

/* One name: `path` from the top, as "role/monitor/follow"; `value` "" when it has none, as a section. What is
 * returned ends the walk. A path that is too long comes cut. */
typedef enum err (*zpl_take)(void *context, const char *path, const char *value);

/* ERR_IO: the file cannot be read. ERR_CONFIG: it is too large, or no ZPL. Else what `take` returned. */
enum err zpl_walk(const char *file, zpl_take take, void *context, struct why *why);
/* The same for text that is in memory already; `name` is for the sentence. */
enum err zpl_walk_text(struct slice text, const char *name, zpl_take take, void *context, struct why *why);
/* In which line of the file the n-th of all names stands, from 1; 0: there are fewer, or it cannot be read.
 */
size_t zpl_line(const char *file, size_t n);

#endif
