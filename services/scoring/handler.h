/* handler.h - scoring's conversation: what it hears, says and answers. */
#ifndef SERVICES_SCORING_HANDLER_H
#define SERVICES_SCORING_HANDLER_H

#include "common/loop.h"

extern const struct service scoring_service;
extern const struct route scoring_routes[];

#endif
