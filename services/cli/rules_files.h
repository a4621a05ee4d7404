/* rules_files.h - files of law: which there are, what they are called, and in which order they are proposed.
 */
#ifndef SERVICES_CLI_RULES_FILES_H
#define SERVICES_CLI_RULES_FILES_H

#include "common/buf.h"
#include "common/config.h"
#include "common/err.h"

#include <jansson.h>

enum { RULES_FILES_MAX = 512, RULES_BYTES_MAX = 262144, RULES_NAME_MAX = 80 };

/* What has to be adopted first, so that those behind may speak of it. */
enum rules_turn { RULES_TURN_RULE_SET, RULES_TURN_CALENDAR, RULES_TURN_RUBRIC, RULES_TURN_OTHER };

struct rules_file {
    char path[CONFIG_TEXT_MAX];
    char name[RULES_NAME_MAX + 1]; /* the "id" in it */
    enum rules_turn turn;
};

/* Read a file whose path is set: name and turn, and when `data` is not NULL the packed data of its
 * scoring.rules.proposed. ERR_INVALID: no JSON with an "id", or too long; why has file and reason. */
enum err rules_file_read(struct rules_file *file, struct buf *data, struct why *why);

/* Where the shipped files lie: $OCOP_RULES; else ../share/ocop/rules beside the program's folder; else the
 * tree the program was built from. ERR_CONFIG: nowhere. */
enum err rules_folder(char out[CONFIG_TEXT_MAX], struct why *why);
/* Every *.json of a folder, rule sets first, then calendars and areas, then rubrics; of one turn by name.
 * ERR_INVALID: one of them cannot be proposed, or there is none; ERR_LIMIT. */
enum err rules_list_folder(const char *folder, struct rules_file *list, size_t room, size_t *count,
                           struct why *why);

/* Take out those whose name stands in scoring's answer {"rules": [{"name"}...]}; the others keep their order.
 */
void rules_leave_new(struct rules_file *list, size_t *count, const json_t *adopted);

#endif
