/* What the processes have in common and where they differ: one table, for the loader, the evaluator
 * and the daemons. */
#ifndef SLUIS_POLICY_PROCESS_H
#define SLUIS_POLICY_PROCESS_H

#include <stdbool.h>

#include "proto/policy/words.h"

/* Each is false for a value outside the set. */

/* Somebody asks or receives: every process but index. */
bool process_asks(enum process p);
/* Values of fields travel; area_project only where the rule does not count. */
bool process_has_fields(enum process p);
/* Must count: phenomenon. May count instead of asking about persons: area_project too. */
bool process_must_count(enum process p);
bool process_may_count(enum process p);
/* Needs a case behind it, and so the block `case`. */
bool process_needs_case(enum process p);
/* The outcome that a rule of the process must have; OUTCOME_NONE where it is free. */
enum outcome process_outcome(enum process p);
/* Broker and agents carry it out in this version; the others are decided on only. */
bool process_is_served(enum process p);

#endif
