/* logline.h - what operators read: one `key=value` line on stderr per thing that happened.
 *
 *   2018-12-16T08:00:00.000Z level=info service=scoring event=applied id=... fate=refused code=NOT_YET ms=1
 *
 * Ids, never names, addresses or answers. Error means somebody has to act. The loop and `main` log; all
 * else returns its error, silent.
 */
#ifndef COMMON_LOGLINE_H
#define COMMON_LOGLINE_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_setup(const char *service, enum log_level least);
/* log_line(LOG_INFO, "started", "endpoint=%s", endpoint): `what` becomes event=..., values with blanks are
 * quoted by log_quote. */
void log_line(enum log_level level, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Quote a value for a line into `out`; control characters become '?'. Returns out. */
const char *log_quote(const char *value, char *out, unsigned size);
int log_level_parse(const char *text); /* -1 when it is none of debug, info, warn, error */

#endif
