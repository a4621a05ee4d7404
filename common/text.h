/* text.h - Vietnamese text: valid UTF-8, NFC for comparing, width for columns.
 *
 * Text is stored as it came, NFC or NFD; names are compared in NFC with case folded and blanks collapsed.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include "common/err.h"
#include "common/slice.h"

bool text_is_utf8(struct slice text);
/* Key for comparing names: NFC, case folded, code points that show nothing left out, U+00D0 as U+0110, runs
 * of blanks as one, ends trimmed. Writes at most `size`-1 bytes and a zero byte. ERR_INVALID (not UTF-8),
 * ERR_LIMIT (does not fit), ERR_NOMEM. */
enum err text_key(struct slice text, char *out, size_t size);
/* Columns on a terminal. */
size_t text_width(struct slice text);
/* Bytes of the longest beginning that fits into `columns` without cutting a letter from its marks. */
size_t text_fit(struct slice text, size_t columns);
/* Letters (code points after NFC), for length rules that people count. */
size_t text_letters(struct slice text);
/* How many bytes must be put in, taken out or changed to make one of the other; SIZE_MAX when `b` has more
 * than TEXT_DISTANCE_MAX. */
enum { TEXT_DISTANCE_MAX = 112 };
size_t text_distance(struct slice a, struct slice b);

#endif
