/* What the policy lets a person do with a case, and what is missing where it does not. Pure. */
#ifndef SLUIS_AGENT_ASK_CASE_JUDGE_H
#define SLUIS_AGENT_ASK_CASE_JUDGE_H

#include "agent/ask/case.h"
#include "pki/view/view.h"
#include "proto/msg/roster.h"
#include "proto/policy/policy.h"

/* Whether this person may bring the case to a state: a move of the policy leads there from its present
 * one (k NULL: from nothing), it is for one of their functions, and its checks are recorded.
 * ERR_STATE, ERR_PERMISSION; why says what is needed. */
enum err case_may_move(const struct policy *p, const struct case_row *k, enum case_state to,
                       const struct roster_officer *officer, struct errmsg *why) MUST_CHECK;

/* The rules under which a case asked, each of the version of the policy that it last asked under; of the one
 * in force where that version is not known here. */
struct case_rules {
    const struct rule *v[CASE_RULES_MAX]; /* not NULL */
    size_t count;
};
void case_rules_of(const struct view *view, const struct case_row *k, struct case_rules *out);

/* Whether the codes are what the rules under which the case asked want at its closing. Either may be "".
 * ERR_NOT_FOUND: one is required; ERR_UNKNOWN: no rule has it. */
enum err case_may_close(const struct case_rules *rules, const struct name *intervention,
                        const struct name *result, struct errmsg *why) MUST_CHECK;

/* Whether any move of cases is for a function of this person, so that they may see cases. */
bool case_concerns(const struct policy *p, const struct roster_officer *officer);

#endif
