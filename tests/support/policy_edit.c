#include "tests/support/policy_edit.h"

#include <stdlib.h>

#include "tests/support/policy_reference.h"

struct reader {
    struct bytes left;
};

/* The next byte, and 0 once they are used up. */
static unsigned next(struct reader *r)
{
    if (r->left.len == 0)
        return 0;
    unsigned b = r->left.ptr[0];
    r->left = bytes_of(r->left.ptr + 1, r->left.len - 1);
    return b;
}

static unsigned pick(struct reader *r, unsigned count)
{
    unsigned high = count > 256 ? next(r) << 8 : 0;
    return count == 0 ? 0 : (high | next(r)) % count;
}

void edited_init(struct edited *e, struct policy *p)
{
    memset(e, 0, sizeof *e);
    e->policy = p;
    e->rules = calloc(p->rules_count, sizeof *e->rules);
    if (e->rules == NULL)
        abort();
    places_of_file(&e->file, p);
    for (uint32_t i = 0; i < p->rules_count; i++)
        places_of_rule(&e->rules[i], &p->rules[i]);
}

void edited_free(struct edited *e)
{
    places_free(&e->file);
    for (uint32_t i = 0; i < e->policy->rules_count; i++)
        places_free(&e->rules[i]);
    free(e->rules);
    e->rules = NULL;
}

/* A number near to one that stands there, or an extreme one. */
static int64_t number_near(struct reader *r, int64_t was, int64_t least, int64_t most)
{
    static const int64_t fixed[] = {0, 1, 2, 1000};
    unsigned how = next(r);
    if (how % 8 == 0)
        return least;
    if (how % 8 == 1)
        return most;
    if (how % 8 == 2)
        return fixed[pick(r, 4)];
    if (how % 8 == 3)
        return (int64_t)next(r);
    int64_t step = (int64_t)(how / 8 % 5) - 2;
    if ((step < 0 && was < least - step) || (step > 0 && was > most - step))
        return was;
    return was + step;
}

/* Some place of that kind in the rule or the file, or NULL. */
static const struct place *some_place(const struct edited *e, uint32_t rule, enum place_kind kind,
                                      struct reader *r)
{
    const struct places *in = next(r) % 3 == 0 ? &e->file : &e->rules[rule];
    unsigned at = pick(r, in->count);
    for (uint32_t i = 0; i < in->count; i++) {
        const struct place *p = &in->v[(at + i) % in->count];
        if (p->kind == kind)
            return p;
    }
    return NULL;
}

static struct name some_name(const struct edited *e, uint32_t rule, struct reader *r)
{
    struct name n = {.s = ""};
    const struct policy *p = e->policy;
    unsigned how = next(r) % 8;
    if (how == 0)
        return n;
    if (how == 1)
        return p->purposes[pick(r, p->purposes_count)].id;
    if (how == 2)
        return p->rules[pick(r, p->rules_count)].id;
    if (how == 3)
        return p->laws[pick(r, p->laws_count)].id;
    if (how == 4) {
        const struct party *x = &p->parties[pick(r, p->parties_count)];
        memcpy(n.s, x->oin.oin, sizeof x->oin.oin);
        return n;
    }
    const struct place *from = some_place(e, rule, how == 5 ? PLACE_SELECTOR : PLACE_NAME, r);
    return from == NULL ? n : *(const struct name *)from->at;
}

_Static_assert(sizeof(struct selector) == sizeof(struct name), "a selector is a name");

static struct agency_id some_oin(const struct policy *p, struct reader *r)
{
    struct agency_id none = {.oin = "00000099000000009999"};
    unsigned at = pick(r, p->parties_count + 1);
    return at == p->parties_count ? none : p->parties[at].oin;
}

static int64_t some_time(const struct edited *e, uint32_t rule, int64_t was, struct reader *r)
{
    const struct place *from = some_place(e, rule, PLACE_TIME, r);
    unsigned how = next(r) % 4;
    if (how < 2)
        return number_near(r, e->now_s, INT64_MIN, INT64_MAX);
    if (from == NULL || how == 2)
        return number_near(r, was, INT64_MIN, INT64_MAX);
    return number_near(r, *(const int64_t *)from->at, INT64_MIN, INT64_MAX);
}

static struct term some_term(struct reader *r)
{
    unsigned how = next(r) % 3;
    unsigned n = 1 + next(r);
    if (how == 0)
        return (struct term){.working_days = n};
    return how == 1 ? (struct term){.hours = n} : (struct term){.seconds = n};
}

static void change(const struct edited *e, uint32_t rule, const struct place *p, struct reader *r)
{
    switch (p->kind) {
    case PLACE_NUMBER:
        *(uint32_t *)p->at = (uint32_t)number_near(r, *(uint32_t *)p->at, 0, UINT32_MAX);
        break;
    case PLACE_LENGTH:
        *(uint32_t *)p->at = pick(r, *(uint32_t *)p->at);
        break;
    case PLACE_FLAG:
        *(bool *)p->at = !*(bool *)p->at;
        break;
    case PLACE_WORD:
        *(unsigned *)p->at = 1 + pick(r, p->max); /* what loads is in its set */
        break;
    case PLACE_TIME:
        *(int64_t *)p->at = some_time(e, rule, *(int64_t *)p->at, r);
        break;
    case PLACE_NAME:
    case PLACE_SELECTOR:
        *(struct name *)p->at = some_name(e, rule, r);
        break;
    case PLACE_OIN:
        *(struct agency_id *)p->at = some_oin(e->policy, r);
        break;
    case PLACE_TERM:
        *(struct term *)p->at = some_term(r);
        break;
    case PLACE_BLOCK:
        memset(p->at, 0, sizeof(void *));
        break;
    }
}

static void edit_policy(struct edited *e, uint32_t rule, struct reader *r)
{
    const struct places *in = next(r) % 4 == 0 ? &e->file : &e->rules[rule];
    const struct place *p = &in->v[pick(r, in->count)];
    if (e->edits_count == EDITS_MAX || in->count == 0)
        return;
    struct edit *was = &e->edits[e->edits_count++];
    was->at = p->at;
    was->size = place_size(p->kind);
    memcpy(was->was, p->at, was->size);
    change(e, rule, p, r);
}

void edited_undo(struct edited *e)
{
    while (e->edits_count > 0) {
        const struct edit *was = &e->edits[--e->edits_count];
        memcpy(was->at, was->was, was->size);
    }
}

/* One function for each kind of fact. */

struct scene {
    const struct edited *e;
    uint32_t rule;
    const struct facts *facts;
};

static void set_oin(struct fact_oin *f, const struct scene *s, struct reader *r)
{
    f->v = some_oin(s->e->policy, r);
}

static void set_name(struct fact_name *f, const struct scene *s, struct reader *r)
{
    f->v = some_name(s->e, s->rule, r);
}

/* The value of some number among the facts: a deadline turns on another time. */
static int64_t some_fact(const struct facts *f, struct reader *r)
{
    static const size_t at[] = {
        offsetof(struct facts, now),        offsetof(struct facts, issued_at),
        offsetof(struct facts, deadline),   offsetof(struct facts, stock),
        offsetof(struct facts, population),
    };
    const char *base = (const char *)f;
    return ((const struct fact_int *)(const void *)(base + at[pick(r, 5)]))->v;
}

static int64_t some_end(const struct policy *p, uint32_t rule, int64_t from_s, struct reader *r)
{
    const struct limits *l = &p->rules[rule].limits;
    const bool first = next(r) % 2 == 0;
    return reference_term_end(p, first ? &l->deadline_min : &l->deadline_max, from_s);
}

static void set_int(struct fact_int *f, const struct scene *s, struct reader *r)
{
    unsigned how = next(r) % 6;
    const struct place *from = some_place(s->e, s->rule, PLACE_NUMBER, r);
    int64_t base = f->v;
    if (how == 0)
        base = some_time(s->e, s->rule, f->v, r);
    else if (how == 1)
        base = some_fact(s->facts, r);
    else if (how == 2)
        base = some_end(s->e->policy, s->rule, s->facts->issued_at.v, r);
    else if (how > 3 && from != NULL)
        base = *(const uint32_t *)from->at;
    f->v = number_near(r, base, INT64_MIN, INT64_MAX);
}

static void set_bool(struct fact_bool *f, const struct scene *s, struct reader *r)
{
    (void)s;
    f->v = next(r) % 2 == 1;
}

static void set_names(struct fact_names *f, const struct scene *s, struct reader *r)
{
    if (next(r) % 3 == 0)
        f->count = pick(r, f->count + 1);
    else if (f->count < FACTS_NAMES_MAX)
        f->v[f->count++] = some_name(s->e, s->rule, r);
}

static void set_types(struct fact_types *f, const struct scene *s, struct reader *r)
{
    (void)s;
    uint32_t *at = &f->v[pick(r, IDENT_TYPE_COUNT)];
    *at = (uint32_t)number_near(r, *at, 0, UINT32_MAX);
}

#define SET_WORD(word, last)                                                                       \
    static void set_##word(struct fact_##word *f, const struct scene *s, struct reader *r)         \
    {                                                                                              \
        (void)s;                                                                                   \
        f->v = (enum word)pick(r, (unsigned)(last) + 2);                                           \
    }
SET_WORD(process, PROCESS_COUNT)
SET_WORD(regime, REGIME_WJSG)
SET_WORD(case_state, CASE_DESTROYED)
SET_WORD(adoption, ADOPTION_WITHDRAWN)

static void edit_fact(struct facts *f, const struct edited *e, uint32_t rule, struct reader *r)
{
    const struct scene s = {.e = e, .rule = rule, .facts = f};
    enum fact_id id = (enum fact_id)pick(r, FACT_COUNT);
    unsigned how = next(r) % 8;
    if (how < 3) {
        facts_mark(f, id, (enum provenance)how);
        return;
    }
#define SET(kind, member)                                                                          \
    if (id == FACT_##member) {                                                                     \
        set_##kind(&f->member, &s, r);                                                             \
        if (how < 6)                                                                               \
            f->member.by = PROVENANCE_JUDGED;                                                      \
    }
    FACTS(SET)
#undef SET
}

static uint32_t rule_at(const struct policy *p, const struct name *id)
{
    for (uint32_t i = 0; i < p->rules_count; i++) {
        if (name_equal(&p->rules[i].id, id))
            return i;
    }
    return 0;
}

void edited_apply(struct edited *e, struct bytes input, struct edited_question *q)
{
    struct reader r = {.left = input};
    const struct policy *p = e->policy;
    const struct policy_test *t = &p->tests[pick(&r, p->tests_count)];
    q->rule = &t->rule;
    q->facts = *t->facts;
    e->now_s = q->facts.now.v;
    if (next(&r) % 16 == 1)
        q->rule = &p->rules[pick(&r, p->rules_count)].id;
    uint32_t rule = rule_at(p, q->rule);
    while (r.left.len > 0 && e->edits_count < EDITS_MAX) {
        if (next(&r) % 2 == 0)
            edit_policy(e, rule, &r);
        else
            edit_fact(&q->facts, e, rule, &r);
    }
}
