/* Whether a newer version of the policy takes away what an older one permitted: what was asked
 * under the older one ends then, else it finishes. */
#ifndef SLUIS_POLICY_NARROWED_H
#define SLUIS_POLICY_NARROWED_H

#include "proto/policy/policy.h"

/* True where the rule of that id in `newer` can deny what `older` permitted, or asks for more after
 * a permit, or rests on another legal ground: a change of proto/policy/diff.h that narrows. That
 * the newer file begins later takes nothing away: it is in force already. A rule that only the
 * newer one has is not narrowed. ERR_NOMEM; *out is written only on success. */
enum err policy_narrowed(const struct policy *older, const struct policy *newer,
                         const struct name *rule_id, bool *out) MUST_CHECK;

#endif
