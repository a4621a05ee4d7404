/* config.h - settings in ZPL files (czmq's zconfig), each key described once in a table.
 *
 * A program gives a table of its keys; a file, then `--set key=value` from the command line fill a struct.
 * Unknown keys, wrong values and missing files are refused with file, key and rule. Every key stands in
 * deploy/<service>.zpl.sample.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFIG_TEXT_MAX = 256 };
enum config_kind { CONFIG_TEXT, CONFIG_NUMBER, CONFIG_FLAG };

struct config_key {
    const char *path;      /* "log/file", as in ZPL's hierarchy */
    enum config_kind kind; /* TEXT: char[CONFIG_TEXT_MAX]; NUMBER: int64_t; FLAG: bool */
    size_t offset;         /* into the settings struct */
    const char *standard;  /* the default, as text */
    int64_t least, most;   /* NUMBER only */
    const char *meaning;   /* one sentence, unit included */
};

/* Fill `settings` from the defaults, then from `file` (NULL: defaults only). ERR_CONFIG (also when there is
 * no such file, or it may not be read), ERR_IO (the disk failed); why names file and key. */
enum err config_load(const struct config_key *keys, const char *file, void *settings, struct why *why);
/* One "path=value". */
enum err config_set(const struct config_key *keys, const char *assignment, void *settings, struct why *why);
/* Print the sample file with every key, its meaning and default. */
void config_sample(const struct config_key *keys, const char *program);

#endif
