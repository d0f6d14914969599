/* Warnings before something ends (decision 0906); the part itself is in the broker's table of parts. */
#ifndef SLUIS_BROKER_ENDINGS_H
#define SLUIS_BROKER_ENDINGS_H

#include "broker/broker.h"

struct doc;

/* What is in its last fourteen days, or over, by the view in force: a list for `status`; the caller's. NULL
 * without memory. Loop thread. */
struct doc *endings_doc(const struct broker *b) MUST_CHECK;

#endif
