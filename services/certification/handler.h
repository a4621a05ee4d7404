/* handler.h - certification's conversation: what it hears, says and answers. */
#ifndef SERVICES_CERTIFICATION_HANDLER_H
#define SERVICES_CERTIFICATION_HANDLER_H

#include "common/loop.h"

extern const struct service certification_service;

#endif
