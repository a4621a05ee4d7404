/* handler.h - notification's conversation: what it hears, what it decides, what it writes down, what it
 * answers.
 *
 * From the results of the other services it makes the messages the programme owes
 * (notification.message.queued: who, which text, which values; never an address). From the adopted rules and
 * calendars it makes deadlines, and says on clock.day.started what is near and what is missed. What its
 * courier and the recipients say of a message gets a verdict.
 *
 * Questions:
 *
 *   summary {}: {messages, queued, failed, delivered, received, missed}. Each message counts once, by what is
 *   last known of it, so the middle four add up to messages; missed counts deadlines.
 *
 *   message {message}: {message, recipient, template, about, state} and, where known, {product, certificate,
 *   day, received_on}. NOT_FOUND.
 *
 *   deadlines {who?, what?, state?, limit?}: {deadlines: [...]} by due day, each {what, who, province,
 *   due_before, state} and, where known, {about, near_on, open, name}. All that are not done unless `state`
 *   names one; 1000 unless `limit` says otherwise, at most 10000.
 */
#ifndef SERVICES_NOTIFICATION_HANDLER_H
#define SERVICES_NOTIFICATION_HANDLER_H

#include "common/loop.h"

extern const struct service notification_service;

#endif
