/* Printing an item of the inbox for an officer. */
#ifndef SLUIS_AGENT_CLI_INBOX_ITEM_H
#define SLUIS_AGENT_CLI_INBOX_ITEM_H

#include "agent/cli/cli.h"

/* Asks the agent for an item. 0 and *ok (owned by the caller), or an exit code. */
int inbox_item_get(struct cli *c, int64_t number, struct doc **ok);

/* Everything that an officer needs to decide. */
void inbox_item_print(struct cli *c, const struct doc *item);

/* The number of an item out of an argument; false: it is none. */
bool inbox_item_number(const char *text, int64_t *out);

#endif
