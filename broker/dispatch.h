/* Which handler takes which kind of message. */
#ifndef SLUIS_BROKER_DISPATCH_H
#define SLUIS_BROKER_DISPATCH_H

#include "broker/turn.h"

extern const struct turn_handler *const dispatch_handlers[];
extern const size_t dispatch_count;

/* The parts with state of their own, in the order of their start. */
extern const struct broker_part *const dispatch_parts[];
extern const size_t dispatch_part_count;

#endif
