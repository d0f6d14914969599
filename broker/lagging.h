/* Agencies that are behind: told as soon as roster, policy or adoptions change, and served nothing but
 * hello and fetch until they have them (docs/protocol.md, "Hello"; decision 0306). */
#ifndef SLUIS_BROKER_LAGGING_H
#define SLUIS_BROKER_LAGGING_H

#include "broker/broker.h"

/* Whether an agency that holds the one lags behind the other: another roster, policy in force,
 * announced policy or set of adoptions, other words on epochs; or a purpose is suspended in one of them only: what
 * was refused for that waits to hear of it. */
bool lagging_differs(const struct view *a, const struct view *b);

/* Loop thread, with the new view in force: every session falls back to repair, and its agency is told so
 * in a message that answers nothing: it says hello again. */
void lagging_tell_all(struct broker *b);

#endif
