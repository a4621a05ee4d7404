/* handler_rules.h - the routes of rules files, used by the table in handler.c. */
#ifndef SERVICES_SCORING_HANDLER_RULES_H
#define SERVICES_SCORING_HANDLER_RULES_H

#include "common/loop.h"

enum err decide_rules_proposed(struct turn *turn, const struct record *rec);
enum err apply_rules_adopted(struct turn *turn, const struct record *outcome, const struct record *cause);

#endif
