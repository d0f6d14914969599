/* Findings on the life of a case. */
#include "proto/policy/case_rules.h"
#include "proto/policy/findings_internal.h"

void findings_of_case(const struct search_for *s, const struct rule *r)
{
    const struct policy *p = s->policy;
    if (r->case_terms == NULL)
        return;
    bool usable = false;
    for (int state = (int)r->case_terms->minimum_state; state < CASE_CLOSED; state++)
        usable = usable || policy_reaches(p, (enum case_state)state);
    if (!usable)
        report(s, at_key(r, "case"), SEVERITY_ERROR, "state-unreachable",
               "no moves of case_moves bring a case to state %s",
               case_state_id(r->case_terms->minimum_state));
    if ((r->closing != NULL || r->retention.destroy_at_close) && !policy_reaches(p, CASE_CLOSED))
        report(s, at_key(r, "case"), SEVERITY_ERROR, "never-closes",
               "no move of case_moves closes a case");
}
