/* `protect`, for the security officer: add, remove, count. No call lists who is protected. */
#ifndef SLUIS_PROTECTED_PROTECT_VERB_H
#define SLUIS_PROTECTED_PROTECT_VERB_H

#include "agent/control.h"

/* args: action ("add", "remove", "count"), type and value of an identifier. */
void run_protect(struct call *c, const struct doc *args);

#endif
