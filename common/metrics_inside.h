/* metrics_inside.h - between metrics.c, which writes the text, and metrics_http.c, which hands it out. */
#ifndef COMMON_METRICS_INSIDE_H
#define COMMON_METRICS_INSIDE_H

#include "common/buf.h"
#include "common/metrics.h"

/* All families that there are numbers for, without the end mark. */
enum err metrics_write(struct buf *out, struct slice status, const struct metric *more, size_t count);

#endif
