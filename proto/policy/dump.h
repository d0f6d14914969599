/* A policy as stable text: one line for each value, in a fixed order, all values written out. For
 * review, and for the snapshot in the tests. */
#ifndef SLUIS_POLICY_DUMP_H
#define SLUIS_POLICY_DUMP_H

#include "proto/base/buf.h"
#include "proto/policy/policy.h"

/* Appends one rule, each line starting with prefix. */
void dump_rule(struct buf *out, const struct rule *r, const char *prefix);

/* Appends the file's own values (everything but rules and tests), then each rule by ascending id.
 */
void dump_policy(struct buf *out, const struct policy *p);

#endif
