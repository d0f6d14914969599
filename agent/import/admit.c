#include "agent/import/admit.h"

#include <stdlib.h>

#include "pki/view/view.h"
#include "proto/policy/evaluate.h"

struct answer {
    struct name category;
    uint32_t types; /* bit per identifier type */
    uint32_t rules;
    enum condition reason;
};

struct admit {
    struct admit_params p;
    struct name rules[ADMIT_RULES_MAX];
    const struct rule *rule[ADMIT_RULES_MAX];
    const struct roster_member *member;
    struct answer *answers;
    size_t count;
    size_t room;
    size_t latest;      /* the answer that was given last: rows often repeat it */
    struct facts facts; /* of the evaluation at hand; too large for a stack frame */
    struct decision decision;
};

_Static_assert(IDENT_TYPE_COUNT <= 32, "sets of types are 32-bit masks");

static enum err bind_rule(struct admit *a, size_t i, struct errmsg *why)
{
    const struct name *id = &a->rules[i];
    a->rule[i] = policy_rule(view_policy(a->p.view), id);
    if (a->rule[i] == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "rule %s: the policy in force has none of that id",
                          id->s);
    if (a->rule[i]->process != PROCESS_INDEX || a->rule[i]->index == NULL)
        return errmsg_set(why, ERR_MISMATCH, "rule %s: it is no rule of process index", id->s);
    if (!name_equal(&a->rule[i]->purpose, &a->p.purpose))
        return errmsg_set(why, ERR_MISMATCH, "rule %s: it belongs to purpose %s, not %s", id->s,
                          a->rule[i]->purpose.s, a->p.purpose.s);
    return ERR_OK;
}

enum err admit_new(const struct admit_params *p, struct admit **out, struct errmsg *why)
{
    if (p->rule_count == 0 || p->rule_count > ADMIT_RULES_MAX)
        return errmsg_set(why, ERR_LIMIT, "purpose %s: 1 to %d rules", p->purpose.s,
                          ADMIT_RULES_MAX);
    CLEANUP(cleanup_admit_free) struct admit *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_NOMEM;
    a->p = *p;
    memcpy(a->rules, p->rules, p->rule_count * sizeof *p->rules);
    a->p.rules = a->rules;
    a->member = view_member(p->view, &p->holder, p->now_s);
    if (a->member == NULL)
        return errmsg_set(why, ERR_PERMISSION, "%s is not on the roster in force", p->holder.oin);
    for (size_t i = 0; i < p->rule_count; i++) {
        enum err bad = bind_rule(a, i, why);
        if (bad != ERR_OK)
            return bad;
    }
    *out = take(a);
    return ERR_OK;
}

void admit_free(struct admit *a)
{
    if (a == NULL)
        return;
    free(a->answers);
    free(a);
}

#define KNOWN PROVENANCE_JUDGED

static void put_types(struct facts *f, uint32_t types)
{
    f->identifiers.by = KNOWN;
    f->norm_versions.by = KNOWN;
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++) {
        if ((types >> t & 1) == 0)
            continue;
        f->identifiers.v[t] = 1;
        f->norm_versions.v[t] = ident_norm_version((enum ident_type)t);
    }
}

struct numbers {
    uint64_t stock;
    uint64_t additions;
};

static int64_t clamp(uint64_t v)
{
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

/* Everything that is known of one combination under one rule. */
static void facts_of(const struct admit *a, size_t rule, const struct answer *c,
                     const struct numbers *n, struct facts *f)
{
    memset(f, 0, sizeof *f);
    f->now = (struct fact_int){a->p.now_s, KNOWN};
    f->rule_version = (struct fact_int){(int64_t)a->rule[rule]->version, KNOWN};
    f->process = (struct fact_process){PROCESS_INDEX, KNOWN};
    f->purpose = (struct fact_name){a->p.purpose, KNOWN};
    f->holder = (struct fact_oin){a->p.holder, KNOWN};
    f->holder_regime = (struct fact_regime){a->member->regime, KNOWN};
    f->adoption =
        (struct fact_adoption){view_adoption(a->p.view, &a->p.holder, &a->rules[rule]), KNOWN};
    f->category = (struct fact_name){c->category, KNOWN};
    f->record_age_days = (struct fact_int){0, KNOWN};
    f->additions_in_period = (struct fact_int){clamp(n->additions), KNOWN};
    f->stock = (struct fact_int){clamp(n->stock), KNOWN};
    f->suppression_checked = (struct fact_bool){a->p.suppression, KNOWN};
    f->population = (struct fact_int){clamp(a->member->population), KNOWN};
    put_types(f, c->types);
}

static void evaluate(struct admit *a, struct answer *c)
{
    const struct numbers now = {a->p.stock, a->p.additions};
    for (size_t i = 0; i < a->p.rule_count; i++) {
        facts_of(a, i, c, &now, &a->facts);
        policy_evaluate(view_policy(a->p.view), &a->rules[i], ROLE_HOLDER, &a->facts, &a->decision);
        if (a->decision.permit)
            c->rules |= 1u << i;
        else if (c->reason == CONDITION_NONE)
            c->reason = a->decision.failures[0].condition;
    }
}

static bool is_for(const struct answer *x, const struct name *category, uint32_t types)
{
    return x->types == types && name_equal(&x->category, category);
}

static enum err find(struct admit *a, const struct name *category, uint32_t types,
                     const struct answer **out)
{
    if (a->count > 0 && is_for(&a->answers[a->latest], category, types)) {
        *out = &a->answers[a->latest];
        return ERR_OK;
    }
    for (a->latest = 0; a->latest < a->count; a->latest++)
        if (is_for(&a->answers[a->latest], category, types))
            break;
    if (a->latest == a->room) {
        size_t room = a->room == 0 ? 16 : 2 * a->room;
        struct answer *more = reallocarray(a->answers, room, sizeof *more);
        if (more == NULL)
            return ERR_NOMEM;
        a->answers = more;
        a->room = room;
    }
    if (a->latest == a->count) {
        struct answer fresh = {.category = *category, .types = types};
        evaluate(a, &fresh);
        a->answers[a->count++] = fresh;
    }
    *out = &a->answers[a->latest];
    return ERR_OK;
}

enum err admit_ask(struct admit *a, const struct admit_record *r, uint32_t *rules,
                   enum condition *reason)
{
    uint32_t types = 0;
    const struct answer *found;
    for (size_t i = 0; i < r->count; i++)
        types |= 1u << r->identifiers[i].type;
    enum err bad = find(a, r->category, types, &found);
    if (bad != ERR_OK)
        return bad;
    *rules = found->rules;
    *reason = found->rules == 0 ? found->reason : CONDITION_NONE;
    return ERR_OK;
}

bool admit_totals(struct admit *a, uint64_t stock, uint64_t additions, struct decision *out)
{
    const struct numbers after = {stock, additions};
    for (size_t c = 0; c < a->count; c++) {
        for (size_t i = 0; i < a->p.rule_count; i++) {
            if ((a->answers[c].rules >> i & 1) == 0)
                continue;
            facts_of(a, i, &a->answers[c], &after, &a->facts);
            policy_evaluate(view_policy(a->p.view), &a->rules[i], ROLE_HOLDER, &a->facts, out);
            if (!out->permit)
                return false;
        }
    }
    return true;
}

uint32_t admit_age(const struct admit *a, uint32_t rules, uint32_t entered_day, uint32_t today,
                   uint32_t *expires_day)
{
    uint32_t left = 0;
    uint32_t first = UINT32_MAX;
    for (size_t i = 0; i < a->p.rule_count; i++) {
        uint32_t end = entered_day + a->rule[i]->index->max_age_days;
        if ((rules >> i & 1) == 0 || end <= today)
            continue;
        left |= 1u << i;
        if (end < first)
            first = end;
    }
    if (left != 0)
        *expires_day = first;
    return left;
}

uint32_t admit_period_days(const struct admit *a)
{
    uint32_t most = 1;
    for (size_t i = 0; i < a->p.rule_count; i++)
        if (a->rule[i]->limits.period_days > most)
            most = a->rule[i]->limits.period_days;
    return most;
}
