#include "pki/logbook/log_term.h"

#define DAY_S INT64_C(86400)

/* What the body's own rule says, in the version that decided; 0: nothing. */
static int64_t rule_term_s(const struct view *v, const struct audit_body *b)
{
    if (b->rule.s[0] == '\0' || !b->has_policy_digest)
        return 0;
    const struct policy *p = view_known_policy(v, &b->policy_digest);
    const struct rule *r = p != NULL ? policy_rule(p, &b->rule) : NULL;
    return r != NULL ? (int64_t)r->retention.log * DAY_S : 0;
}

/* What an auditor needs for as long as the log stands: by which key fillers are told, which keys a log had and an agency's own log has,
 * what contradicted it, what a store lost, which log goes on, or is followed from then on, and what an agency found wrong in it. */
static bool is_for_good(enum audit_event event)
{
    return event == AUDIT_EVENT_LOG_STARTED || event == AUDIT_EVENT_LOG_KEY_ROTATED || event == AUDIT_EVENT_AGENCY_LOG_KEY ||
           event == AUDIT_EVENT_AGENCY_LOG_REKEYED ||
           event == AUDIT_EVENT_AGENCY_LOG_CONTRADICTED || event == AUDIT_EVENT_STORE_RESTORED ||
           event == AUDIT_EVENT_LOG_TAKEN_UP || event == AUDIT_EVENT_LOG_RETIRED ||
           event == AUDIT_EVENT_LOG_FOLLOWED || event == AUDIT_EVENT_LOG_UNSENT || event == AUDIT_EVENT_LOG_PROMISE_MISSED ||
           event == AUDIT_EVENT_LOG_CONTRADICTED;
}

int64_t log_term_s(int64_t default_s, const struct view *v, const struct audit_body *b)
{
    const int64_t said = rule_term_s(v, b);
    if (is_for_good(b->event))
        return LOG_TERM_FOR_GOOD;
    return said > 0 ? said : default_s;
}
