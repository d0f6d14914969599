#include "tests/support/policy_flips.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/policy/diff.h"
#include "proto/policy/dump.h"
#include "proto/policy/evaluate.h"
#include "proto/policy/narrowed.h"
#include "proto/policy/term.h"

#define RULES_MOST 64
#define POOL_MOST 512

/* What diff says of one rule. */
struct said {
    struct name rule;
    unsigned more;
    unsigned less;
    bool narrowed;
};

struct trial {
    const struct policy *in[2]; /* older, newer */
    bool same_tables;
    struct said said[RULES_MOST];
    unsigned said_count;
    struct chance *chance;
    struct flips *out;
    /* For one rule: values that its facts may have. */
    struct name names[POOL_MOST];
    unsigned names_count;
    struct name fields[POOL_MOST];
    unsigned fields_count;
    int64_t numbers[POOL_MOST];
    unsigned numbers_count;
    int64_t times[POOL_MOST];
    unsigned times_count;
};

static uint32_t pick(struct trial *t, uint32_t n)
{
    return chance_below(t->chance, n);
}

/* ---- what diff says ---- */

static struct said *said_of(struct trial *t, const struct name *rule)
{
    for (unsigned i = 0; i < t->said_count; i++) {
        if (name_equal(&t->said[i].rule, rule))
            return &t->said[i];
    }
    if (t->said_count == RULES_MOST)
        abort();
    t->said[t->said_count] = (struct said){.rule = *rule};
    return &t->said[t->said_count++];
}

static void note(void *ctx, const struct change *c)
{
    struct trial *t = ctx;
    if (c->nl[0] == '\0' || c->en[0] == '\0' || c->path[0] == '\0')
        abort();
    if (c->rule == NULL)
        return;
    struct said *s = said_of(t, c->rule);
    s->more += c->effect == EFFECT_MORE;
    s->less += c->effect == EFFECT_LESS;
}

static bool complain(struct trial *t, const char *what, const struct name *rule)
{
    snprintf(t->out->what, sizeof t->out->what, "rule %s: %s", rule->s, what);
    return false;
}

static bool is_mirror(struct trial *t)
{
    static struct trial back;
    back = (struct trial){.in = {t->in[1], t->in[0]}};
    if (policy_diff(back.in[0], back.in[1], note, &back) != ERR_OK)
        abort();
    for (unsigned i = 0; i < t->said_count; i++) {
        const struct said *s = said_of(&back, &t->said[i].rule);
        if (s->more != t->said[i].less || s->less != t->said[i].more)
            return complain(t, "the difference back is not the mirror", &s->rule);
    }
    return true;
}

static void ask_narrowed(struct trial *t)
{
    for (unsigned i = 0; i < t->said_count; i++) {
        if (policy_narrowed(t->in[0], t->in[1], &t->said[i].rule, &t->said[i].narrowed) != ERR_OK)
            abort();
    }
}

/* ---- the values of facts ---- */

static void add_names(struct trial *t, const struct name *list, uint32_t n)
{
    for (uint32_t i = 0; i < n && t->names_count < POOL_MOST; i++)
        t->names[t->names_count++] = list[i];
}

/* A bound, and what lies beside it. */
static void add_number(struct trial *t, int64_t v)
{
    for (int64_t i = v - 1; i <= v + 1 && t->numbers_count < POOL_MOST; i++)
        t->numbers[t->numbers_count++] = i;
}

static void add_time(struct trial *t, int64_t v)
{
    for (int64_t i = v - 1; i <= v + 1 && t->times_count < POOL_MOST; i++)
        t->times[t->times_count++] = i;
}

static void add_period(struct trial *t, const struct period *p)
{
    if (p->until_s == 0)
        return;
    add_time(t, p->from_s);
    add_time(t, p->until_s);
}

static void add_bounds(struct trial *t, const struct rule *r)
{
    const struct limits *l = &r->limits;
    const uint32_t all[] = {l->identifiers_per_request,
                            l->requests_per_day_agency,
                            l->requests_per_day_officer,
                            l->unique_per_case,
                            l->unique_per_period,
                            l->additions_per_period,
                            l->min_set_size,
                            r->case_terms != NULL ? r->case_terms->necessity_min_chars : 0,
                            r->aggregate != NULL ? r->aggregate->budget : 0,
                            r->aggregate != NULL ? r->aggregate->min_holders : 0,
                            r->joint != NULL ? r->joint->min_holders : 0,
                            r->index != NULL ? r->index->max_age_days : 0,
                            r->index != NULL ? r->index->max_share_permille : 0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        add_number(t, all[i]);
}

static void add_lists(struct trial *t, const struct rule *r)
{
    add_names(t, r->functions, r->functions_count);
    add_names(t, r->aims, r->aims_count);
    add_names(t, r->phenomena, r->phenomena_count);
    add_names(t, r->areas, r->areas_count);
    add_names(t, &r->purpose, 1);
    if (r->export != NULL) {
        add_names(t, r->export->destinations, r->export->destinations_count);
        add_names(t, r->export->rules, r->export->rules_count);
    }
    if (r->index != NULL)
        add_names(t, r->index->categories, r->index->categories_count);
    if (r->aggregate != NULL)
        add_names(t, r->aggregate->dimensions, r->aggregate->dimensions_count);
    for (uint32_t i = 0; i < r->fields_count && t->fields_count < POOL_MOST; i++)
        t->fields[t->fields_count++] = r->fields[i].name;
}

static void add_policy(struct trial *t, const struct policy *p, const struct name *rule,
                       const struct facts *base)
{
    const struct rule *r = policy_rule(p, rule);
    add_period(t, &p->valid);
    for (uint32_t i = 0; i < p->parties_count; i++)
        add_period(t, &p->parties[i].valid);
    if (r == NULL)
        return;
    add_period(t, &r->valid);
    add_bounds(t, r);
    add_lists(t, r);
    add_time(t, term_end(p, &r->limits.deadline_min, base->issued_at.v));
    add_time(t, term_end(p, &r->limits.deadline_max, base->issued_at.v));
}

/* Fills the pools for one rule. */
static void gather(struct trial *t, const struct name *rule, const struct facts *base)
{
    static const struct name extra[] = {
        {"enforcement"}, {"protective"}, {"prosecutor"}, {"anders"}};
    t->names_count = 0;
    t->fields_count = 0;
    t->numbers_count = 0;
    t->times_count = 0;
    add_names(t, extra, sizeof extra / sizeof *extra);
    t->fields[t->fields_count++] = extra[3];
    add_number(t, 0);
    add_number(t, 100000);
    for (int w = 0; w < 2; w++)
        add_policy(t, t->in[w], rule, base);
    if (base->issued_at.by != PROVENANCE_UNKNOWN) {
        add_time(t, base->issued_at.v);
        add_time(t, base->issued_at.v + (int64_t)pick(t, 90) * 86400);
    }
}

/* ---- changing facts ---- */

static struct agency_id any_party(struct trial *t)
{
    const struct policy *p = t->in[pick(t, 2)];
    return p->parties[pick(t, p->parties_count)].oin;
}

static void set_names(struct trial *t, struct fact_names *out, const struct name *from, unsigned n)
{
    out->count = 0;
    for (uint32_t left = pick(t, 4); left > 0 && n > 0; left--) {
        const struct name *one = &from[pick(t, n)];
        bool has = false;
        for (uint32_t i = 0; i < out->count; i++)
            has = has || name_equal(&out->v[i], one);
        if (!has)
            out->v[out->count++] = *one;
    }
}

static void set_types(struct trial *t, struct facts *f, enum fact_id id)
{
    enum ident_type type = (enum ident_type)(1 + pick(t, IDENT_TYPE_COUNT - 1));
    if (id == FACT_norm_versions) {
        for (unsigned i = 1; i < IDENT_TYPE_COUNT; i++)
            f->norm_versions.v[i] = f->norm_versions.v[i] != 0 ? 1 + pick(t, 3) : 0;
        return;
    }
    if (pick(t, 2) == 0)
        memset(f->identifiers.v, 0, sizeof f->identifiers.v);
    f->identifiers.v[type] = 1 + pick(t, 30);
    f->norm_versions.v[type] = 1 + pick(t, 2);
}

static int64_t any_number(struct trial *t, enum fact_id id)
{
    bool time = id == FACT_now || id == FACT_issued_at || id == FACT_deadline;
    return time ? t->times[pick(t, t->times_count)] : t->numbers[pick(t, t->numbers_count)];
}

/* Another value of the fact, of whatever kind; its provenance stays. */
static void set_fact(struct trial *t, struct facts *f, enum fact_id id)
{
    switch (id) {
#define SET_oin(m) f->m.v = any_party(t)
#define SET_name(m) f->m.v = t->names[pick(t, t->names_count)]
#define SET_int(m) f->m.v = any_number(t, id)
#define SET_bool(m) f->m.v = !f->m.v
#define SET_names(m)                                                                               \
    set_names(t, &f->m, id == FACT_fields ? t->fields : t->names,                                  \
              id == FACT_fields ? t->fields_count : t->names_count)
#define SET_types(m) set_types(t, f, id)
#define SET_process(m) f->m.v = (enum process)(1 + pick(t, PROCESS_COUNT - 1))
#define SET_regime(m) f->m.v = (enum regime)(1 + pick(t, 3))
#define SET_case_state(m) f->m.v = (enum case_state)(1 + pick(t, CASE_DESTROYED))
#define SET_adoption(m) f->m.v = (enum adoption)(1 + pick(t, 3))
#define SET(kind, m)                                                                               \
    case FACT_##m:                                                                                 \
        SET_##kind(m);                                                                             \
        return;
        FACTS(SET)
    case FACT_COUNT:
        return;
    }
}

static void vary(struct trial *t, struct facts *f)
{
    for (uint32_t left = 1 + pick(t, 3); left > 0; left--) {
        enum fact_id id = (enum fact_id)pick(t, FACT_COUNT);
        uint32_t how = pick(t, 16);
        set_fact(t, f, id);
        if (how == 0)
            facts_mark(f, id, PROVENANCE_UNKNOWN);
        else if (how < 4 || fact_provenance(f, id) == PROVENANCE_JUDGED)
            facts_mark(f, id, PROVENANCE_JUDGED);
    }
}

/* ---- the property ---- */

static bool permits(const struct policy *p, const struct name *rule, enum role role,
                    struct facts *f)
{
    static struct decision d;
    const struct rule *r = policy_rule(p, rule);
    if (r != NULL) /* facts name the version in force */
        f->rule_version.v = r->version;
    policy_evaluate(p, rule, role, f, &d);
    return d.permit;
}

static bool covers(struct trial *t, const struct name *rule, struct facts *f)
{
    const struct said *s = said_of(t, rule);
    bool in_force = f->now.v >= t->in[1]->valid.from_s;
    for (int role = ROLE_REQUESTER; role <= ROLE_HOLDER; role++) {
        bool was = permits(t->in[0], rule, (enum role)role, f);
        bool is = permits(t->in[1], rule, (enum role)role, f);
        t->out->evaluated++;
        t->out->gained += !was && is;
        t->out->lost += was && !is;
        if (!was && is && s->more == 0)
            return complain(t, "permitted newly, and diff says no `more`", rule);
        if (was && !is && s->less == 0)
            return complain(t, "denied newly, and diff says no `less`", rule);
        if (was && !is && in_force && !s->narrowed)
            return complain(t, "denied newly, and not narrowed", rule);
    }
    return true;
}

/* Shows the facts of the counter-example behind the complaint. */
static void show(struct trial *t, const struct facts *f)
{
    static struct fact_pairs pairs;
    facts_to_pairs(f, &pairs);
    for (uint32_t i = 0; i < pairs.count; i++) {
        const struct fact_pair *p = &pairs.pair[i];
        size_t used = strlen(t->out->what);
        snprintf(t->out->what + used, sizeof t->out->what - used, " %s=%s%lld", p->name, p->text,
                 (long long)p->number);
    }
}

/* ---- how often ---- */

#define DUMP_MOST ((size_t)4 << 20)

/* A rule as text, or without one the tables of the file. */
static void put_part(struct buf *out, const struct policy *p, const struct name *rule)
{
    struct policy head = *p;
    head.rules_count = 0;
    const struct rule *r = rule != NULL ? policy_rule(p, rule) : NULL;
    if (rule == NULL)
        dump_policy(out, &head);
    else if (r != NULL)
        dump_rule(out, r, "");
}

static bool same_part(const struct trial *t, const struct name *rule)
{
    struct buf a = buf_new(DUMP_MOST);
    struct buf b = buf_new(DUMP_MOST);
    put_part(&a, t->in[0], rule);
    put_part(&b, t->in[1], rule);
    if (buf_err(&a) != ERR_OK || buf_err(&b) != ERR_OK)
        abort();
    bool same = bytes_equal(buf_bytes(&a), buf_bytes(&b));
    buf_free(&a);
    buf_free(&b);
    return same;
}

/* Where nothing was edited, little is to be seen. */
static unsigned rounds_for(const struct trial *t, const struct name *rule, unsigned rounds)
{
    return t->same_tables && same_part(t, rule) ? 1 + rounds / 16 : rounds;
}

static bool try_test(struct trial *t, const struct policy_test *test, unsigned rounds)
{
    static struct facts f;
    gather(t, &test->rule, test->facts);
    for (unsigned i = 0; i < rounds; i++) {
        f = *test->facts;
        if (i > 0)
            vary(t, &f);
        if (!covers(t, &test->rule, &f)) {
            show(t, &f);
            return false;
        }
    }
    return true;
}

bool policy_flips_covered(const struct policy *older, const struct policy *newer, struct chance *c,
                          unsigned rounds, struct flips *out)
{
    static struct trial t;
    t = (struct trial){.in = {older, newer}, .chance = c, .out = out};
    if (policy_diff(older, newer, note, &t) != ERR_OK)
        abort();
    if (!is_mirror(&t))
        return false;
    ask_narrowed(&t);
    t.same_tables = same_part(&t, NULL);
    for (int w = 0; w < 2; w++) {
        const struct policy *p = t.in[w];
        for (uint32_t i = 0; i < p->tests_count; i++) {
            if (p->tests[i].expect == EXPECT_PERMIT &&
                !try_test(&t, &p->tests[i], rounds_for(&t, &p->tests[i].rule, rounds)))
                return false;
        }
    }
    return true;
}
