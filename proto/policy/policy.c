#include "proto/policy/policy.h"

#include <stdlib.h>

static const char *rule_key(const struct policy *p, uint32_t at)
{
    return p->rules[at].id.s;
}

static const char *party_key(const struct policy *p, uint32_t at)
{
    return p->parties[at].oin.oin;
}

typedef const char *(*key_fn)(const struct policy *p, uint32_t at);

struct order {
    const struct policy *policy;
    key_fn key;
};

static int order_cmp(const void *a, const void *b, void *ctx)
{
    const struct order *o = ctx;
    return strcmp(o->key(o->policy, *(const uint32_t *)a), o->key(o->policy, *(const uint32_t *)b));
}

static enum err sort_by(struct policy *p, uint32_t *order, uint32_t count, key_fn key,
                        struct errmsg *why)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    struct order o = {p, key};
    if (count > 1)
        qsort_r(order, count, sizeof *order, order_cmp, &o);
    for (uint32_t i = 1; i < count; i++) {
        if (strcmp(key(p, order[i - 1]), key(p, order[i])) == 0)
            return errmsg_set(why, ERR_DUPLICATE, "'%s' stands twice", key(p, order[i]));
    }
    return ERR_OK;
}

enum err policy_sort(struct policy *p, struct errmsg *why)
{
    enum err e = sort_by(p, p->rule_order, p->rules_count, rule_key, why);
    if (e == ERR_OK)
        e = sort_by(p, p->party_order, p->parties_count, party_key, why);
    return e;
}

struct search {
    const uint32_t *order;
    uint32_t count;
    key_fn key;
};

/* The position of id, or -1. */
static int64_t find(const struct policy *p, struct search in, const char *id)
{
    uint32_t lo = 0;
    uint32_t hi = in.count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = strcmp(in.key(p, in.order[mid]), id);
        if (c == 0)
            return in.order[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return -1;
}

const struct rule *policy_rule(const struct policy *p, const struct name *id)
{
    int64_t at = find(p, (struct search){p->rule_order, p->rules_count, rule_key}, id->s);
    return at < 0 ? NULL : &p->rules[at];
}

const struct party *policy_party(const struct policy *p, const struct agency_id *oin)
{
    int64_t at = find(p, (struct search){p->party_order, p->parties_count, party_key}, oin->oin);
    return at < 0 ? NULL : &p->parties[at];
}

const struct purpose *policy_purpose(const struct policy *p, const struct name *id)
{
    for (uint32_t i = 0; i < p->purposes_count; i++) {
        if (name_equal(&p->purposes[i].id, id))
            return &p->purposes[i];
    }
    return NULL;
}

const struct law *policy_law(const struct policy *p, const struct name *id)
{
    for (uint32_t i = 0; i < p->laws_count; i++) {
        if (name_equal(&p->laws[i].id, id))
            return &p->laws[i];
    }
    return NULL;
}

const struct category *policy_category(const struct policy *p, const struct name *id)
{
    for (uint32_t i = 0; i < p->categories_count; i++) {
        if (name_equal(&p->categories[i].id, id))
            return &p->categories[i];
    }
    return NULL;
}

const struct category *policy_category_by_number(const struct policy *p, uint32_t number)
{
    for (uint32_t i = 0; i < p->categories_count; i++) {
        if (p->categories[i].number == number)
            return &p->categories[i];
    }
    return NULL;
}

bool selector_matches(const struct selector *s, const struct party *party)
{
    if (strcmp(s->s.s, party->oin.oin) == 0)
        return true;
    for (uint32_t i = 0; i < party->classes_count; i++) {
        if (name_equal(&s->s, &party->classes[i]))
            return true;
    }
    return false;
}

bool selectors_match(const struct selector *list, uint32_t count, const struct party *party)
{
    for (uint32_t i = 0; i < count; i++) {
        if (selector_matches(&list[i], party))
            return true;
    }
    return false;
}

const struct consent_terms *rule_consent(const struct rule *r, const struct party *holder)
{
    for (uint32_t i = 0; i < r->consent_count; i++) {
        if (selector_matches(&r->consent[i].holder, holder))
            return &r->consent[i];
    }
    return NULL;
}

const struct gate *rule_gate(const struct rule *r, const struct party *holder)
{
    for (uint32_t i = 0; i < r->gates_count; i++) {
        const struct gate *g = &r->gates[i];
        if (selector_matches(&g->holder, holder) &&
            (holder->sector_law.s[0] == '\0' || name_equal(&g->cite.law, &holder->sector_law)))
            return g;
    }
    return NULL;
}

enum outcome gate_outcome(const struct gate *g)
{
    return g->outcome_at_most != OUTCOME_NONE ? g->outcome_at_most : OUTCOME_HIT_NO_HIT;
}

const struct refusal_ground *rule_refusal_ground(const struct rule *r, const struct name *code)
{
    for (uint32_t i = 0; i < r->refusal_grounds_count; i++) {
        if (name_equal(&r->refusal_grounds[i].code, code))
            return &r->refusal_grounds[i];
    }
    return NULL;
}

const struct rule_field *rule_field(const struct rule *r, const struct name *field)
{
    for (uint32_t i = 0; i < r->fields_count; i++) {
        if (name_equal(&r->fields[i].name, field))
            return &r->fields[i];
    }
    return NULL;
}

bool rule_field_allowed(const struct rule *r, const struct name *field, const struct party *holder)
{
    const struct rule_field *f = rule_field(r, field);
    return f != NULL && holder != NULL &&
           (f->holders_count == 0 || selectors_match(f->holders, f->holders_count, holder));
}

const struct rule_identifier *rule_identifier(const struct rule *r, enum ident_type type)
{
    for (uint32_t i = 0; i < r->identifiers_count; i++) {
        if (r->identifiers[i].type == type)
            return &r->identifiers[i];
    }
    return NULL;
}

const struct rule *policy_next_index_rule(const struct policy *p, const struct name *purpose,
                                          const struct party *contributor, uint32_t *at)
{
    while (*at < p->rules_count) {
        const struct rule *r = &p->rules[(*at)++];
        if (r->process == PROCESS_INDEX && name_equal(&r->purpose, purpose) &&
            selectors_match(r->holders, r->holders_count, contributor))
            return r;
    }
    return NULL;
}

bool rule_tells_ground(const struct rule *r, struct bytes code)
{
    struct name id;
    const struct refusal_ground *g =
        name_parse(code, &id) == ERR_OK ? rule_refusal_ground(r, &id) : NULL;
    return g != NULL && g->requester_may_know;
}

uint32_t rule_grounds(const struct rule *r, const struct citation *out[RULE_GROUNDS_MAX])
{
    const struct rule_identifier *bsn = rule_identifier(r, IDENT_BSN);
    const struct citation *const all[RULE_GROUNDS_MAX] = {
        r->outcome != NULL ? r->outcome->ground : NULL,
        bsn != NULL ? bsn->ground : NULL,
        r->question_use != NULL ? r->question_use->ground : NULL,
        r->minors != NULL ? r->minors->ground : NULL,
        r->subject != NULL ? r->subject->ground : NULL,
        r->export != NULL ? r->export->assurance : NULL,
    };
    uint32_t n = 0;
    for (size_t i = 0; i < RULE_GROUNDS_MAX; i++) {
        if (all[i] != NULL)
            out[n++] = all[i];
    }
    return n;
}

bool rule_counts(const struct rule *r)
{
    return r->aggregate != NULL;
}

bool citation_is_verified(const struct citation *c)
{
    return c->verified_by.s[0] != '\0' && strcmp(c->verified_by.s, "none") != 0;
}
