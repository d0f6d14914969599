/* An audit body in words: who did what, under which rule, and why not. */
#ifndef SLUIS_CLI_AUDIT_EXPLAIN_H
#define SLUIS_CLI_AUDIT_EXPLAIN_H

#include "proto/json/audit_body.h"
#include "proto/policy/explain.h"

/* What a code of a reason means. */
struct reason_text {
    const char *nl;
    const char *en;
};

/* Fills out for a code; false where the code is unknown. */
typedef bool (*reason_fn)(struct bytes code, struct reason_text *out);

/* The conditions of the policy evaluator, and the codes with which a broker refuses. A holder's own grounds
 * stand in the policy. */
bool reason_of_code(struct bytes code, struct reason_text *out);

/* Appends lines in Dutch or English. */
void explain_body(const struct audit_body *b, reason_fn reasons, enum language lang,
                  struct buf *out);

/* Appends every failed condition with its citation, by judging the body's facts again as the broker
 * did, under the policy version that the body names. ERR_MISMATCH where the replay comes to another
 * decision than the body, or to other failed conditions (why names them), or what audit_body_get_facts
 * returns. Obligations stand in no body; they follow from rule and version. */
enum err explain_replay(const struct audit_body *b, const struct policy *policy,
                        enum language lang, struct buf *out, struct errmsg *why) MUST_CHECK;

#endif
