/* Bodies of the log whose time is over (decision 0412); the part itself is in the broker's table of parts. */
#ifndef SLUIS_BROKER_LOG_RETENTION_H
#define SLUIS_BROKER_LOG_RETENTION_H

#include "broker/broker.h"

/* Loop thread: begins a look now, unless one is under way. It goes on by itself while there is more. */
void log_retention_look(struct broker *b);

/* Loop thread: the log has a new head; its entries get their time and their places in log_index soon. */
void log_retention_on_head(struct broker *b);

#endif
