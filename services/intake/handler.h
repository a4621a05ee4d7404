/* handler.h - intake's conversation: what it hears, says and answers. */
#ifndef SERVICES_INTAKE_HANDLER_H
#define SERVICES_INTAKE_HANDLER_H

#include "common/loop.h"

extern const struct service intake_service;

#endif
