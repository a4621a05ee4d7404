/* notification.h - the rules: who must be told what, which texts a deadline has, which receipts may be noted.
 *
 * Pure: no clock, no files, no sockets, no allocation, no SQL. The same arguments give the same answer in a
 * rebuild years later.
 *
 * Source: 26/2026/QĐ-TTg as read in the domain notes (OCOP.md 6 to 9 and 11, events.md "Recipients"). Each
 * row of the two tables in notification.c names its own source and mark.
 */
#ifndef SERVICES_NOTIFICATION_NOTIFICATION_H
#define SERVICES_NOTIFICATION_NOTIFICATION_H

#include "common/err.h"
#include "common/hash.h"
#include "common/slice.h"
#include "proto/events.h"

#include <stdint.h>

enum told {
    TOLD_OWNER,   /* the applicant or holder, by name; the province where the name is not known */
    TOLD_PROVINCE /* the province's OCOP agency; the ministry when the province is 00 */
};

/* One message the programme owes after an event of that type. */
struct owed {
    const char *type; /* "scoring.product.rated" */
    int least_star,
        most_star; /* the row holds for results of this many stars; 0..5 when stars do not matter */
    enum told who;
    const char *template_name; /* which text the courier writes */
};

/* The next row for an event of `type` with `star` stars, behind `after` (NULL: the first). NULL: no more. */
const struct owed *notification_owed(struct slice type, int64_t star, const struct owed *after);

/* All rows, ended by a NULL type; for tests and for the courier's check that each text exists. */
extern const struct owed notification_owed_table[];

enum {
    NOTIFICATION_RECIPIENT_EXTRA = 24 /* bytes a recipient's key is longer than the owner's name, at most */
};

/* Write the key of the contacts file: "owner:NAME", "province:06", or "ministry" for province 00. An owner
 * nobody knows (empty) is told through the province. size   of `out`; owner.size +
 * NOTIFICATION_RECIPIENT_EXTRA is always enough ERR_LIMIT when it is not. */
enum err notification_recipient(enum told who, struct slice owner, struct slice province, char *out,
                                size_t size);

/* The commune that received a dossier: "commune:66-24175"; the province where its code is not known. `size`
 * as above. */
enum err notification_commune(struct slice province, struct slice commune_code, char *out, size_t size);

/* The two digits of the province in a recipient's key, province:06 or commune:06-01234; NULL: it names none,
 * or another one. */
const char *notification_province_in(struct slice recipient, struct slice province);

/* hash_id of ("message", about, recipient): one event owes one recipient one message. */
void notification_message_id(struct slice about, struct slice recipient, char id[HASH_ID_TEXT + 1]);

/* A report that each province with a plan for its year owes. */
struct report_due {
    int32_t period_end; /* results up to this day */
    int32_t due_before; /* strictly before this day */
    int year;           /* a plan covering this year owes it */
    const char *source; /* number of the letter that asks for it */
};
size_t notification_reports(void);
struct report_due notification_report(size_t i);
/* A report can be found missed from the day itself on, and not before. */
bool notification_is_past(const struct report_due *d, int32_t today);

/* What is written when a deadline is near or missed; the one whose deadline it is always gets it. */
struct deadline_text {
    const char *near, *missed; /* names of texts; NULL: nothing is announced */
    bool owner_too;            /* the applicant, besides the authority that must act */
    bool province_if_missed;   /* a copy to the province */
};
const struct deadline_text *notification_deadline_text(enum due what);

/* What is known of a message. Delivery and receipt are noted independently, so that the order in which the
 * courier's word and the recipient's come in does not matter. */
enum delivery { DELIVERY_OPEN, DELIVERY_FAILED, DELIVERY_DELIVERED };
struct message_state {
    enum delivery delivery;
    bool received;
};
const char *message_state_word(const struct message_state *state); /* queued, failed, delivered or received */

enum notice { NOTICE_DELIVERED, NOTICE_FAILED, NOTICE_RECEIVED };
const char *notice_word(enum notice notice); /* delivered, failed or received */

/* May `notice` be noted of `message`?
 *
 * known      NULL when there is no such message
 * day        the day the recipient names; `today` for the courier's notices
 *
 * ERR_NONE     yes
 * ERR_INVALID  why: UNKNOWN_MESSAGE; NOTED_BEFORE; DAY_IN_FUTURE
 */
enum err notification_note(enum notice notice, struct slice message, const struct message_state *known,
                           int32_t day, int32_t today, struct why *why);

#endif
