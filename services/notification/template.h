/* template.h - the texts of messages, in Vietnamese and English, and how values are put into them.
 *
 * A text is a first line "Subject: ...", a blank line, and a body, in UTF-8. Placeholders stand in braces:
 *
 *   {to} {message} {product} {name} {certificate} {number} {star} {mean} {members} {day} {reason} {open}
 *
 * A value the message does not carry is shown as "-". A day is 10/01/2019 in Vietnamese and 2019-01-10 in
 * English. The mean is sum / members with two decimals, rounded half up by whole-number arithmetic: for
 * showing only, no star is ever decided by it. Control characters in values become blanks, so that a name
 * cannot make a header line.
 *
 * The texts of templates_text.c are built in; a file NAME.vi.txt or NAME.en.txt in a folder takes the place
 * of one.
 */
#ifndef SERVICES_NOTIFICATION_TEMPLATE_H
#define SERVICES_NOTIFICATION_TEMPLATE_H

#include "common/buf.h"
#include "proto/events.h"

enum language { LANGUAGE_VI, LANGUAGE_EN, LANGUAGES };

struct template_text {
    const char *name; /* "rated" */
    const char *text[LANGUAGES];
};
extern const struct template_text templates_text[]; /* ended by a NULL name */

enum { TEMPLATES_MAX = 48, TEMPLATE_BYTES_MAX = 64 * 1024 };

struct template_set {
    const char *text[TEMPLATES_MAX][LANGUAGES]; /* in the order of templates_text */
    char *owned[TEMPLATES_MAX][LANGUAGES];      /* those read from the folder */
};

/* Take the built-in texts, and instead of them what the folder has (NULL or not there: nothing).
 * ERR_CONFIG   a file has no subject line, or a placeholder nobody fills; why names it
 * ERR_IO, ERR_NOMEM. Call template_set_fini in every case. */
enum err template_set_load(struct template_set *set, const char *folder, struct why *why);
void template_set_fini(struct template_set *set);

/* The text of that name; NULL: there is none. */
const char *template_find(const struct template_set *set, struct slice name, enum language language);

/* Write the subject (no line end) and the body, with the values of `m`. `to` is how the recipient is
 * addressed. ERR_CONFIG (as above), ERR_NOMEM, ERR_LIMIT. */
enum err template_render(const char *text, enum language language, const struct message_queued *m,
                         struct slice to, struct buf *subject, struct buf *body, struct why *why);

/* The mean as people read it: "70,00" or "70.00". 0 members give "-". */
void template_mean(int64_t sum_hundredths, int64_t members, enum language language, char *out, size_t size);

#endif
