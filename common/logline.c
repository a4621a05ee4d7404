#include "common/logline.h"

#include "common/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <utf8proc.h>

enum { LINE_MAX_BYTES = 4096 };

static const char *const level_names[] = { "debug", "info", "warn", "error" };
static const char *service_name = "ocop";
static enum log_level least_level = LOG_INFO;

void log_setup(const char *service, enum log_level least)
{
    service_name = service;
    least_level = least;
}

int log_level_parse(const char *text)
{
    for (int i = 0; i <= LOG_ERROR; i++)
        if (strcmp(text, level_names[i]) == 0) return i;
    return -1;
}

/* "2018-12-16T08:00:00.000Z"; returns its length. */
static size_t put_time(char *out, size_t size)
{
    int64_t now_ms = clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    size_t length;

    gmtime_r(&seconds, &utc);
    length = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &utc);
    return length + (size_t)snprintf(out + length, size - length, ".%03dZ", (int)(now_ms % 1000));
}

/* One line is one write, so that the lines of several threads and processes do not mix. */
static void put_line(char *line, size_t length)
{
    ssize_t written;

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f) line[i] = '?';
    line[length] = '\n';
    written = write(STDERR_FILENO, line, length + 1);
    (void)written; /* there is nobody left to tell */
}

void log_line(enum log_level level, const char *what, const char *format, ...)
{
    char line[LINE_MAX_BYTES + 2];
    size_t length;
    va_list args;
    int more;

    if (level < least_level) return;
    length = put_time(line, LINE_MAX_BYTES);
    length += (size_t)snprintf(line + length, LINE_MAX_BYTES - length, " level=%s service=%.64s event=%.64s",
                               level_names[level], service_name, what);
    if (format[0]) {
        line[length++] = ' ';
        va_start(args, format);
        more = vsnprintf(line + length, LINE_MAX_BYTES - length, format, args);
        va_end(args);
        if (more > 0) length += (size_t)more;
        if (length >= LINE_MAX_BYTES) length = LINE_MAX_BYTES - 1;
    }
    put_line(line, length);
}

static int needs_quotes(const char *value)
{
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c <= ' ' || strchr("\"\\=", *c)) return 1;
    return value[0] == '\0';
}

/* The next letter of `value` as it may stand in a line, in `letter`; returns the bytes taken from `value`. */
static size_t next_letter(const char *value, char letter[5])
{
    utf8proc_int32_t point;
    utf8proc_ssize_t taken = utf8proc_iterate((const utf8proc_uint8_t *)value, -1, &point);

    memset(letter, 0, 5);
    if (taken <= 0 || point < ' ' || (point >= 0x7f && point < 0xa0)) {
        letter[0] = '?'; /* also what is no letter, and the terminal's control characters above ASCII */
        return taken > 0 ? (size_t)taken : 1;
    }
    if (point == '"' || point == '\\') letter[0] = '\\';
    memcpy(letter + (letter[0] == '\\'), value, (size_t)taken);
    return (size_t)taken;
}

const char *log_quote(const char *value, char *out, unsigned size)
{
    size_t length = 0,
           end = needs_quotes(value) ? 2 : 1; /* bytes kept free for the closing quote and the zero */
    char letter[5];

    if (size < 3) { /* not even room for two quotes */
        if (size) out[0] = '\0';
        return out;
    }
    if (end == 2) out[length++] = '"';
    while (*value) {
        size_t taken = next_letter(value, letter), bytes = strlen(letter);
        if (length + bytes + end > size) break;
        memcpy(out + length, letter, bytes);
        length += bytes;
        value += taken;
    }
    if (end == 2) out[length++] = '"';
    out[length] = '\0';
    return out;
}
