/* A policy as stable text: one line for each value, in a fixed order, all values written out. For
 * review, for the snapshot in the tests, and for telling whether a rule changed. */
#ifndef SLUIS_POLICY_DUMP_H
#define SLUIS_POLICY_DUMP_H

#include "proto/base/buf.h"
#include "proto/policy/policy.h"

/* Appends one rule, each line starting with prefix. */
void dump_rule(struct buf *out, const struct rule *r, const char *prefix);

/* Appends the file's own values (everything but rules and tests), then each rule by ascending id.
 */
void dump_policy(struct buf *out, const struct policy *p);

/* True where the rule of that id in `newer` can deny what `older` permitted: it is gone, withdrawn,
 * or differs in any value. So is a rule whose parties, laws, purpose or categories changed.
 * ERR_NOMEM or ERR_TOO_LARGE from rendering; *out is written only on success. */
enum err dump_narrowed(const struct policy *older, const struct policy *newer,
                       const struct name *rule_id, bool *out) MUST_CHECK;

#endif
