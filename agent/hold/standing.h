/* What was consented and has not left, when a rule is withdrawn or narrowed: it stays here. */
#ifndef SLUIS_AGENT_HOLD_STANDING_H
#define SLUIS_AGENT_HOLD_STANDING_H

#include "agent/agent.h"

/* Loop thread, after another view came in force: settlements in the outbox that may not leave under it are
 * taken back, and their items say why. */
void standing_look(struct agent *a);

/* Loop thread, at start: the same, before anything can leave; waits for the store. Errors of the store. */
enum err standing_begin(struct agent *a) MUST_CHECK;

/* Loop thread, every second: looks again where the last look failed, another view came in force during it, or no quorum of
 * witnesses watches the log any more. */
void standing_again(struct agent *a);

#endif
