/* An item in words, for officers: the texts of the policy in Dutch, and nothing that the officer does not
 * need. */
#ifndef SLUIS_AGENT_HOLD_SHOW_H
#define SLUIS_AGENT_HOLD_SHOW_H

#include "agent/hold/desk.h"
#include "proto/json/doc.h"

/* A row of the inbox, for who sees it in that seat. ERR_NOMEM, ERR_INVALID. */
enum err show_row(const struct desk *d, enum desk_seat seat, struct doc *row) MUST_CHECK;
/* Everything (docs/control.md, "item"). */
enum err show_item(const struct desk *d, enum desk_seat seat, struct doc *out) MUST_CHECK;

#endif
