#include "tests/support/policy_places.h"

#include <stdlib.h>

size_t place_size(enum place_kind kind)
{
    switch (kind) {
    case PLACE_NUMBER:
    case PLACE_LENGTH:
        return sizeof(uint32_t);
    case PLACE_FLAG:
        return sizeof(bool);
    case PLACE_WORD:
        return sizeof(enum process);
    case PLACE_TIME:
        return sizeof(int64_t);
    case PLACE_NAME:
        return sizeof(struct name);
    case PLACE_SELECTOR:
        return sizeof(struct selector);
    case PLACE_OIN:
        return sizeof(struct agency_id);
    case PLACE_TERM:
        return sizeof(struct term);
    case PLACE_BLOCK:
        return sizeof(void *);
    }
    abort();
}

static void add(struct places *out, enum place_kind kind, void *at, unsigned max)
{
    if (out->count == out->room) {
        out->room = out->room == 0 ? 64 : out->room * 2;
        out->v = realloc(out->v, out->room * sizeof *out->v);
        if (out->v == NULL)
            abort();
    }
    out->v[out->count++] = (struct place){.at = at, .kind = kind, .max = max};
}

#define NUMBER(x) add(out, PLACE_NUMBER, &(x), 0)
#define FLAG(x) add(out, PLACE_FLAG, &(x), 0)
#define WORD(x, last) add(out, PLACE_WORD, &(x), (unsigned)(last))
#define NAME(x) add(out, PLACE_NAME, &(x), 0)
#define TERM(x) add(out, PLACE_TERM, &(x), 0)
#define BLOCK(x)                                                                                   \
    do {                                                                                           \
        if ((x) != NULL)                                                                           \
            add(out, PLACE_BLOCK, &(x), 0);                                                        \
    } while (0)
#define LIST(list, kind)                                                                           \
    do {                                                                                           \
        add(out, PLACE_LENGTH, &list##_count, 0);                                                  \
        for (uint32_t i_ = 0; i_ < list##_count; i_++)                                             \
            add(out, kind, &list[i_], 0);                                                          \
    } while (0)

static void period(struct places *out, struct period *p)
{
    add(out, PLACE_TIME, &p->from_s, 0);
    add(out, PLACE_TIME, &p->until_s, 0);
}

static void citation(struct places *out, struct citation *c)
{
    if (c == NULL)
        return;
    NAME(c->law);
    NAME(c->verified_by);
}

void places_of_file(struct places *out, struct policy *p)
{
    FLAG(p->demonstration);
    period(out, &p->valid);
    for (uint32_t i = 0; i < p->laws_count; i++) {
        FLAG(p->laws[i].secrecy);
        FLAG(p->laws[i].non_binding);
    }
    for (uint32_t i = 0; i < p->parties_count; i++) {
        struct party *x = &p->parties[i];
        LIST(x->classes, PLACE_NAME);
        WORD(x->regime, REGIME_WJSG);
        NAME(x->sector_law);
        NAME(x->region);
        period(out, &x->valid);
        FLAG(x->is_private);
        LIST(x->on_behalf_of, PLACE_OIN);
    }
    for (uint32_t i = 0; i < p->purposes_count; i++) {
        LIST(p->purposes[i].participants, PLACE_SELECTOR);
        LIST(p->purposes[i].partnerships, PLACE_NAME);
    }
}

static void law(struct places *out, struct rule *r)
{
    add(out, PLACE_LENGTH, &r->basis_count, 0);
    for (uint32_t i = 0; i < r->basis_count; i++)
        citation(out, &r->basis[i]);
    add(out, PLACE_LENGTH, &r->gates_count, 0);
    for (uint32_t i = 0; i < r->gates_count; i++) {
        add(out, PLACE_SELECTOR, &r->gates[i].holder, 0);
        citation(out, &r->gates[i].cite);
        WORD(r->gates[i].outcome_at_most, OUTCOME_REASONED);
        add(out, PLACE_LENGTH, &r->gates[i].with_count, 0);
        for (uint32_t w = 0; w < r->gates[i].with_count; w++)
            citation(out, &r->gates[i].with[w]);
    }
    add(out, PLACE_LENGTH, &r->regime_count, 0);
    for (uint32_t i = 0; i < r->regime_count; i++) {
        add(out, PLACE_SELECTOR, &r->regime[i].party, 0);
        WORD(r->regime[i].regime, REGIME_WJSG);
    }
    BLOCK(r->gdpr);
    if (r->gdpr == NULL)
        return;
    BLOCK(r->gdpr->lawfulness);
    BLOCK(r->gdpr->special);
    BLOCK(r->gdpr->criminal);
    BLOCK(r->gdpr->compatibility);
    BLOCK(r->gdpr->dpia);
}

static void index_terms(struct places *out, struct index_terms *x)
{
    if (x == NULL)
        return;
    LIST(x->categories, PLACE_NAME);
    NUMBER(x->max_share_permille);
    NUMBER(x->max_age_days);
    FLAG(x->suppression);
}

static void aggregate(struct places *out, struct aggregate *x)
{
    if (x == NULL)
        return;
    NUMBER(x->k_min);
    NUMBER(x->budget);
    NUMBER(x->min_holders);
    LIST(x->dimensions, PLACE_NAME);
}

static void case_terms(struct places *out, struct case_terms *x)
{
    if (x == NULL)
        return;
    WORD(x->minimum_state, CASE_DESTROYED);
    NUMBER(x->necessity_min_chars);
    FLAG(x->proportionality);
    FLAG(x->subsidiarity);
    FLAG(x->concrete_signal);
    WORD(x->control_data, CONTROL_REQUIRED);
    LIST(x->checks, PLACE_NAME);
}

static void blocks(struct places *out, struct rule *r)
{
    BLOCK(r->index);
    index_terms(out, r->index);
    BLOCK(r->question_use);
    BLOCK(r->minors);
    if (r->minors != NULL) {
        FLAG(r->minors->excluded);
        citation(out, r->minors->ground);
    }
    BLOCK(r->export);
    if (r->export != NULL) {
        LIST(r->export->destinations, PLACE_NAME);
        LIST(r->export->rules, PLACE_NAME);
        citation(out, r->export->assurance);
    }
    BLOCK(r->joint);
    if (r->joint != NULL)
        NUMBER(r->joint->min_holders);
    BLOCK(r->aggregate);
    aggregate(out, r->aggregate);
    BLOCK(r->case_terms);
    case_terms(out, r->case_terms);
    BLOCK(r->outcome);
    if (r->outcome != NULL) {
        WORD(r->outcome->kind, OUTCOME_REASONED);
        citation(out, r->outcome->ground);
    }
    BLOCK(r->onward);
    if (r->onward != NULL)
        WORD(r->onward->kind, ONWARD_AFTER_CONSENT);
    BLOCK(r->subject);
    if (r->subject != NULL)
        citation(out, r->subject->ground);
    BLOCK(r->handling);
    BLOCK(r->feedback);
}

static void asked(struct places *out, struct rule *r)
{
    add(out, PLACE_LENGTH, &r->identifiers_count, 0);
    for (uint32_t i = 0; i < r->identifiers_count; i++) {
        struct rule_identifier *x = &r->identifiers[i];
        WORD(x->type, IDENT_TYPE_COUNT - 1);
        NUMBER(x->norm_version);
        WORD(x->strength, STRENGTH_WEAK);
        LIST(x->parties, PLACE_SELECTOR);
        BLOCK(x->ground);
        citation(out, x->ground);
    }
    add(out, PLACE_LENGTH, &r->fields_count, 0);
    for (uint32_t i = 0; i < r->fields_count; i++) {
        NAME(r->fields[i].name);
        WORD(r->fields[i].sensitivity, SENSITIVITY_CRIMINAL);
        LIST(r->fields[i].holders, PLACE_SELECTOR);
    }
    add(out, PLACE_LENGTH, &r->consent_count, 0);
    for (uint32_t i = 0; i < r->consent_count; i++) {
        add(out, PLACE_SELECTOR, &r->consent[i].holder, 0);
        WORD(r->consent[i].kind, CONSENT_KIND_STANDING);
    }
}

static void limits(struct places *out, struct limits *l)
{
    NUMBER(l->identifiers_per_request);
    NUMBER(l->requests_per_day_agency);
    NUMBER(l->requests_per_day_officer);
    NUMBER(l->unique_per_case);
    NUMBER(l->unique_per_period);
    NUMBER(l->additions_per_period);
    NUMBER(l->min_set_size);
    TERM(l->deadline_min);
    TERM(l->deadline_max);
}

void places_of_rule(struct places *out, struct rule *r)
{
    NUMBER(r->version);
    WORD(r->status, RULE_STATUS_WITHDRAWN);
    period(out, &r->valid);
    WORD(r->partnership, PARTNERSHIP_MUNICIPAL);
    NAME(r->region);
    NAME(r->purpose);
    WORD(r->process, PROCESS_COUNT - 1);
    law(out, r);
    blocks(out, r);
    LIST(r->aims, PLACE_NAME);
    LIST(r->phenomena, PLACE_NAME);
    LIST(r->areas, PLACE_NAME);
    LIST(r->requesters, PLACE_SELECTOR);
    LIST(r->holders, PLACE_SELECTOR);
    LIST(r->functions, PLACE_NAME);
    LIST(r->excluded, PLACE_SELECTOR);
    asked(out, r);
    WORD(r->hit_visibility, VISIBILITY_NEVER);
    limits(out, &r->limits);
}

void places_free(struct places *p)
{
    free(p->v);
    *p = (struct places){.v = NULL};
}
