/* The register of a policy: what it says, in the words of a jurist, for whoever does not read YAML.
 * Everything that the file says is there; nothing that it does not say, and no provision that it
 * does not cite. Pure: it knows no day, so it says when a rule is valid and not whether. */
#ifndef SLUIS_POLICY_REGISTER_H
#define SLUIS_POLICY_REGISTER_H

#include "proto/policy/page.h"
#include "proto/policy/policy.h"

/* The whole policy, appended. ERR_NOMEM, or what buf_err(out) says. */
enum err register_policy(struct buf *out, const struct policy *p,
                         const struct page_style *style) MUST_CHECK;

/* The head and one rule of p, appended; the same errors. */
enum err register_rule(struct buf *out, const struct policy *p, const struct rule *r,
                       const struct page_style *style) MUST_CHECK;

#endif
