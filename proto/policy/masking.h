/* What is left of a value when it is loaded, as the rule's field says (docs/policy.md, `fields`).
 * Pure. */
#ifndef SLUIS_POLICY_MASKING_H
#define SLUIS_POLICY_MASKING_H

#include <stdbool.h>

#include "proto/base/buf.h"
#include "proto/policy/words.h"

#define MASKING_INITIALS_MAX 12u

/* Appends what is left of value. Nothing is appended where value is empty or has not the form that
 * the masking works on: an unknown form leaves nothing behind. Errors stay in out. */
void masking_apply(enum masking m, struct bytes value, struct buf *out);

/* True where value can be the result of masking_apply: empty, or of the form that it leaves. */
bool masking_holds(enum masking m, struct bytes value);

#endif
