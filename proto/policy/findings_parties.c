/* Findings on who takes part. */
#include "proto/policy/findings_internal.h"

bool periods_overlap(const struct period *a, const struct period *b)
{
    return a->from_s < b->until_s && b->from_s < a->until_s;
}

static bool takes_part(const struct policy *p, const struct rule *r, const struct party *party)
{
    const struct purpose *u = policy_purpose(p, &r->purpose);
    return u != NULL && selectors_match(u->participants, u->participants_count, party);
}

static bool is_party_meanwhile(const struct rule *r, const struct party *party)
{
    return party->valid.until_s == 0 || periods_overlap(&party->valid, &r->valid);
}

void findings_list_acting(struct search_for *s, const struct rule *r)
{
    const struct policy *p = s->policy;
    s->acting_count = 0;
    for (uint32_t i = 0; i < p->parties_count; i++) {
        const struct party *party = &p->parties[i];
        const bool asks = selectors_match(r->requesters, r->requesters_count, party);
        const bool holds = selectors_match(r->holders, r->holders_count, party);
        if (!asks && !holds)
            continue;
        s->acting[s->acting_count++] =
            (struct acting){.party = party,
                            .asks = asks,
                            .holds = holds,
                            .can = takes_part(p, r, party) && is_party_meanwhile(r, party) &&
                                   !selectors_match(r->excluded, r->excluded_count, party)};
    }
}

/* ---- classes ---- */

static void check_class(const struct search_for *s, struct spot at, const struct selector *list,
                        uint32_t count)
{
    const struct policy *p = s->policy;
    for (uint32_t i = 0; i < count; i++) {
        bool found = false;
        for (uint32_t k = 0; k < p->parties_count && !found; k++)
            found = selector_matches(&list[i], &p->parties[k]);
        if (!found)
            report(s, at, SEVERITY_ERROR, "class-empty", "no party is of class '%s'", list[i].s.s);
    }
}

static void check_classes(const struct search_for *s, const struct rule *r)
{
    check_class(s, at_key(r, "requesters"), r->requesters, r->requesters_count);
    check_class(s, at_key(r, "holders"), r->holders, r->holders_count);
    check_class(s, at_key(r, "excluded"), r->excluded, r->excluded_count);
    for (uint32_t i = 0; i < r->gates_count; i++)
        check_class(s, at_item(r, "gates", i), &r->gates[i].holder, 1);
    for (uint32_t i = 0; i < r->regime_count; i++)
        check_class(s, at_item(r, "regime", i), &r->regime[i].party, 1);
    for (uint32_t i = 0; i < r->consent_count; i++)
        check_class(s, at_item(r, "consent", i), &r->consent[i].holder, 1);
    for (uint32_t i = 0; i < r->identifiers_count; i++)
        check_class(s, at_item(r, "identifiers", i), r->identifiers[i].parties,
                    r->identifiers[i].parties_count);
    for (uint32_t i = 0; i < r->fields_count; i++)
        check_class(s, at_item(r, "fields", i), r->fields[i].holders, r->fields[i].holders_count);
}

/* ---- on the date of the check ---- */

/* How many parties the selector names, and how many of them are one now or later. */
struct membership {
    uint32_t all;
    uint32_t now;
    uint32_t later;
};

static struct membership membership_of(const struct search_for *s, const struct selector *sel)
{
    struct membership m = {.all = 0};
    for (uint32_t i = 0; i < s->acting_count; i++) {
        const struct period *v = &s->acting[i].party->valid;
        if (!selector_matches(sel, s->acting[i].party))
            continue;
        m.all++;
        m.now += v->until_s == 0 || (s->now_s >= v->from_s && s->now_s < v->until_s) ? 1 : 0;
        m.later += v->until_s != 0 && s->now_s < v->from_s ? 1 : 0;
    }
    return m;
}

/* A class may keep parties that are none any more, for old decisions; it has one that is. */
static void check_dates(const struct search_for *s, struct spot at, const struct selector *list,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct membership m = membership_of(s, &list[i]);
        if (m.all == 0 || m.now > 0)
            continue;
        if (m.later > 0)
            report(s, at, SEVERITY_WARNING, "party-not-valid", "'%s' is no party yet", list[i].s.s);
        else
            report(s, at, SEVERITY_ERROR, "party-not-valid", "'%s' is no party any more",
                   list[i].s.s);
    }
}

/* ---- each party ---- */

/* What a RIEC does not do: classes, or classes that begin with one of these and then '-', '_' or
 * '.'. The list stands in docs/policy.md. */
static const char *const out_of_scope[] = {
    "top400",
    "top600",
    "pit",
    "multiprobleemgezin",
    "multiprobleemgezinnen",
    "school",
    "scholen",
    "onderwijs",
    "jeugd",
    "jeugdteam",
    "jeugdzorg",
    "jeugdhulp",
    "youth",
    "sociaal-team",
    "sociaal-wijkteam",
    "wijkteam",
    "social-team",
    "gezin",
    "multi-problem",
};

static bool is_out_of_scope(const struct name *class)
{
    for (size_t i = 0; i < ARRAY_LEN(out_of_scope); i++) {
        const size_t n = strlen(out_of_scope[i]);
        if (strncmp(class->s, out_of_scope[i], n) == 0 &&
            (class->s[n] == '\0' || strchr("-_.", class->s[n]) != NULL))
            return true;
    }
    return false;
}

static void check_riec(const struct search_for *s, const struct rule *r, const struct acting *a)
{
    const struct party *p = a->party;
    if (a->holds && p->is_private)
        report(s, at_key(r, "holders"), SEVERITY_ERROR, "private-holder",
               "party %s is private: it is no holder in a RIEC", p->oin.oin);
    for (uint32_t i = 0; i < p->classes_count; i++) {
        if (is_out_of_scope(&p->classes[i]))
            report(s, at_key(r, a->asks ? "requesters" : "holders"), SEVERITY_ERROR,
                   "riec-out-of-scope", "party %s is of class '%s', which is no matter of a RIEC",
                   p->oin.oin, p->classes[i].s);
    }
}

static void check_party(const struct search_for *s, const struct rule *r, const struct acting *a)
{
    if (!takes_part(s->policy, r, a->party))
        report(s, at_key(r, a->asks ? "requesters" : "holders"), SEVERITY_ERROR, "not-participant",
               "party %s takes no part in purpose '%s'", a->party->oin.oin, r->purpose.s);
    if (a->holds && r->process != PROCESS_INDEX && rule_consent(r, a->party) == NULL)
        report(s, at_key(r, "consent"), SEVERITY_ERROR, "consent-missing",
               "nobody decides for holder %s", a->party->oin.oin);
    if (r->partnership == PARTNERSHIP_RIEC)
        check_riec(s, r, a);
}

void findings_of_parties(const struct search_for *s, const struct rule *r)
{
    check_classes(s, r);
    check_dates(s, at_key(r, "requesters"), r->requesters, r->requesters_count);
    check_dates(s, at_key(r, "holders"), r->holders, r->holders_count);
    for (uint32_t i = 0; i < s->acting_count; i++)
        check_party(s, r, &s->acting[i]);
}
