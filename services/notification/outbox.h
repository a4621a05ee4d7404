/* outbox.h - the channel "file": one message is one file in a folder, from where mail or a person takes it.
 *
 * A message is written under another name first, then synced, renamed and its folder synced: a file by the
 * message's name is always whole. Writing it again changes nothing, so a courier that crashed may simply do
 * it again.
 */
#ifndef SERVICES_NOTIFICATION_OUTBOX_H
#define SERVICES_NOTIFICATION_OUTBOX_H

#include "common/err.h"
#include "common/slice.h"

/* Make the folder if it is not there. ERR_IO, ERR_FULL; why names it. */
enum err outbox_make(const char *folder, struct why *why);

/* Write FOLDER/MESSAGE.txt, or leave it as it is when it is there.
 * ERR_INVALID          the message can never be written: its id is no file name, or the folder refuses it;
 * why says so ERR_IO, ERR_FULL     trouble with the disk that may pass: nothing is known to be out */
enum err outbox_write(const char *folder, struct slice message, struct slice bytes, struct why *why);

#endif
