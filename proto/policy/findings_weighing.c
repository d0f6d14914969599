/* Findings on how a question is weighed: about whom, in which case, by whom, and within which term.
 */
#include "proto/policy/checks.h"
#include "proto/policy/findings_internal.h"
#include "proto/policy/process.h"
#include "proto/policy/term.h"

/* Legal persons and things. A number of the trade register can be that of one man's business. */
static bool can_be_a_person(enum ident_type type)
{
    return type != IDENT_RSIN && type != IDENT_LEI && type != IDENT_CONTAINER;
}

static bool names_persons(const struct rule *r)
{
    if (!process_asks(r->process) || rule_counts(r))
        return false;
    for (uint32_t i = 0; i < r->identifiers_count; i++) {
        if (can_be_a_person(r->identifiers[i].type))
            return true;
    }
    return false;
}

/* Without a case there are no control data, and whoever decides knows the subject from its own
 * records or not at all. */
static void check_excluded_minors(const struct search_for *s, const struct rule *r)
{
    struct spot at = at_key(r, "minors");
    if (r->case_terms == NULL)
        report(s, at, SEVERITY_WARNING, "minors-unjudged",
               "no control data travel without a case: a minor is told from own records only");
    else if (r->case_terms->control_data != CONTROL_REQUIRED)
        report(s, at, SEVERITY_ERROR, "minors-unjudged",
               "without the date of birth in required control data nobody can tell a minor");
}

static void check_minors(const struct search_for *s, const struct rule *r)
{
    if (names_persons(r) && r->minors == NULL)
        report(s, at_rule(r), SEVERITY_ERROR, "minors-unsaid",
               "minors are neither excluded nor asked about on a ground of their own");
    if (r->minors != NULL && r->minors->excluded)
        check_excluded_minors(s, r);
}

static void check_area(const struct search_for *s, const struct rule *r)
{
    if (r->process == PROCESS_AREA_PROJECT && !rule_counts(r) &&
        (r->case_terms == NULL || !r->case_terms->concrete_signal))
        report(s, at_rule(r), SEVERITY_ERROR, "area-person",
               "an area project tells of a person only where case.concrete_signal is wanted");
}

static void check_bibob(const struct search_for *s, const struct rule *r)
{
    if (r->process == PROCESS_BIBOB && r->outcome != NULL && r->outcome->kind != OUTCOME_REASONED)
        report(s, at_key(r, "outcome"), SEVERITY_ERROR, "bibob-not-reasoned",
               "who is asked under Wet Bibob says why it refuses: the outcome is reasoned");
}

/* True where the process has the condition and neither broker nor holder sees its facts. */
static bool only_requester_judges(enum condition c, enum process process)
{
    return condition_sight(c, process, ROLE_REQUESTER) == SIGHT_JUDGES &&
           condition_sight(c, process, ROLE_BROKER) != SIGHT_JUDGES &&
           condition_sight(c, process, ROLE_HOLDER) != SIGHT_JUDGES;
}

static void check_table(const struct search_for *s, const struct rule *r, struct check_table t)
{
    static const struct facts none;
    const struct question q = {.policy = s->policy, .rule = r, .facts = &none};
    for (size_t i = 0; i < t.count; i++) {
        const struct check *c = &t.checks[i];
        if (only_requester_judges(c->condition, r->process) && (c->moot == NULL || !c->moot(&q)))
            report(s, at_rule(r), SEVERITY_WARNING, "judged-by-requester",
                   "nobody but the requester can judge '%s'", condition_id(c->condition));
    }
}

static void check_sight(const struct search_for *s, const struct rule *r)
{
    check_table(s, r, checks_of_rule());
    check_table(s, r, checks_of_parties());
    check_table(s, r, checks_of_request());
    check_table(s, r, checks_of_scope());
    check_table(s, r, checks_of_counters());
}

static void check_terms(const struct search_for *s, const struct rule *r)
{
    for (uint32_t i = 0; i < r->consent_count; i++) {
        if (term_may_exceed(&r->consent[i].term, &r->limits.deadline_max))
            report(s, at_item(r, "consent", i), SEVERITY_WARNING, "term-after-deadline",
                   "the term of holder '%s' can be longer than any deadline",
                   r->consent[i].holder.s.s);
    }
}

void findings_of_weighing(const struct search_for *s, const struct rule *r)
{
    check_minors(s, r);
    check_area(s, r);
    check_bibob(s, r);
    check_sight(s, r);
    check_terms(s, r);
}
