/* courier.h - takes queued messages out into the world, and says what came of it.
 *
 * A process of its own, with a name, key and store of its own, on the same loop as every service. For each
 * notification.message.queued it writes the text, in Vietnamese and English, to {state}/outbox/MESSAGE.txt
 * and announces notification.message.delivered, or notification.message.failed with the reason.
 *
 * This is the one decide in the house with an effect on the world. It keeps the loop's promises so: the file
 * is named by the message's id and is left alone when it is there, so a crash between the file and the commit
 * repeats nothing (at least once, and here exactly once, as long as nobody takes the file away in between).
 * When the store is rebuilt, recorded outcomes are used in place of decide, so no file is written twice. A
 * store in memory (tests, audits) writes no file at all.
 *
 * Addresses come from {state}/contacts.csv (contacts.h), read again when it changes; a recipient not in it
 * gets a file whose To: is the recipient's key, for a person to address. {state}/templates may replace texts
 * (template.h); it is read at the start.
 *
 * Question: summary {} -> {delivered, failed}
 */
#ifndef SERVICES_NOTIFICATION_COURIER_H
#define SERVICES_NOTIFICATION_COURIER_H

#include "common/loop.h"

extern const struct service courier_service;

#endif
