#include "tests/support/policy_reference.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool reference_selects(const struct selector *list, uint32_t count, const struct party *party)
{
    for (uint32_t i = 0; party != NULL && i < count; i++) {
        if (same(list[i].s.s, party->oin.oin))
            return true;
        for (uint32_t c = 0; c < party->classes_count; c++) {
            if (same(list[i].s.s, party->classes[c].s))
                return true;
        }
    }
    return false;
}

static const struct rule *find_rule(const struct policy *p, const struct name *id)
{
    for (uint32_t i = 0; i < p->rules_count; i++) {
        if (same(p->rules[i].id.s, id->s))
            return &p->rules[i];
    }
    return NULL;
}

static const struct party *find_party(const struct policy *p, const struct fact_oin *fact)
{
    for (uint32_t i = 0; fact->by != PROVENANCE_UNKNOWN && i < p->parties_count; i++) {
        if (same(p->parties[i].oin.oin, fact->v.oin))
            return &p->parties[i];
    }
    return NULL;
}

static struct reference_question question(const struct policy *p, const struct name *rule_id,
                                          const struct facts *f)
{
    struct reference_question q = {.policy = p, .rule = find_rule(p, rule_id), .facts = f};
    q.holder = find_party(p, &f->holder);
    if (q.rule != NULL && q.rule->process != PROCESS_INDEX)
        q.requester = find_party(p, &f->requester);
    return q;
}

static enum provenance how(const struct facts *f, enum fact_id id)
{
#define CASE(kind, member)                                                                         \
    if (id == FACT_##member)                                                                       \
        return f->member.by;
    FACTS(CASE)
#undef CASE
    return PROVENANCE_UNKNOWN;
}

/* The worst provenance of the facts that the row looks at. */
static enum provenance worst(const struct reference_row *row, const struct reference_question *q)
{
    enum provenance w = PROVENANCE_JUDGED;
    uint64_t facts = q->rule->process == PROCESS_INDEX ? row->loaded : row->asked;
    for (unsigned id = 0; id < FACT_COUNT; id++) {
        if ((facts & (1ull << id)) != 0 && how(q->facts, (enum fact_id)id) < w)
            w = how(q->facts, (enum fact_id)id);
    }
    return w;
}

static bool fails(const struct reference_row *row, char sight, const struct reference_question *q)
{
    enum provenance w = worst(row, q);
    if (sight == 'J')
        return w != PROVENANCE_JUDGED || row->broken(q);
    if (sight == 't')
        return w != PROVENANCE_UNKNOWN && row->broken(q);
    return false;
}

/* The column of "Who judges what", or -1 where the role has no part in the process. */
static int column(const struct rule *r, enum role role)
{
    bool index = r != NULL && r->process == PROCESS_INDEX;
    if (role == ROLE_REQUESTER)
        return index ? -1 : 0;
    if (role == ROLE_BROKER)
        return index ? 4 : 1;
    if (role == ROLE_HOLDER)
        return index ? 3 : 2;
    return -1;
}

static uint64_t bit(const char *id)
{
    for (unsigned c = 1; c < CONDITION_COUNT; c++) {
        if (same(condition_id((enum condition)c), id))
            return CONDITION_BIT(c);
    }
    return 0;
}

/* What each process needs: the table "Processes". */
static bool lacks_a_block(const struct rule *r)
{
    if (r->process == PROCESS_INDEX)
        return r->index == NULL;
    bool has_case = r->process == PROCESS_CASE_HIT || r->process == PROCESS_CASE_RELEASE ||
                    r->process == PROCESS_BIBOB || r->process == PROCESS_JOINT_TARGET ||
                    r->process == PROCESS_EXPORT;
    bool may_count = r->process == PROCESS_PHENOMENON || r->process == PROCESS_AREA_PROJECT;
    return r->outcome == NULL || (has_case && r->case_terms == NULL) ||
           (r->process == PROCESS_PHENOMENON && r->aggregate == NULL) ||
           (!may_count && r->aggregate != NULL) ||
           (r->process == PROCESS_JOINT_TARGET) != (r->joint != NULL) ||
           (r->process == PROCESS_EXPORT) != (r->export != NULL);
}

uint64_t reference_denies(const struct policy *p, const struct name *rule_id, enum role role,
                          const struct facts *f)
{
    uint32_t count = 0;
    const struct reference_row *rows = reference_rows(&count);
    struct reference_question q = question(p, rule_id, f);
    if (q.rule == NULL)
        return bit("rule_known");
    int col = column(q.rule, role);
    if (col < 0 || lacks_a_block(q.rule))
        return bit("process");
    uint64_t failed = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].is_part(&q) && fails(&rows[i], rows[i].sight[col], &q))
            failed |= bit(rows[i].id);
    }
    return failed;
}

static bool may_release(const struct reference_question *q, const char *name)
{
    for (uint32_t i = 0; q->holder != NULL && i < q->rule->fields_count; i++) {
        const struct rule_field *f = &q->rule->fields[i];
        if (same(f->name.s, name))
            return f->holders_count == 0 ||
                   reference_selects(f->holders, f->holders_count, q->holder);
    }
    return false;
}

uint32_t reference_released(const struct policy *p, const struct name *rule_id,
                            const struct facts *f, bool out[FACTS_NAMES_MAX])
{
    struct reference_question q = question(p, rule_id, f);
    uint32_t count = 0;
    for (uint32_t i = 0; i < FACTS_NAMES_MAX; i++) {
        out[i] = q.rule != NULL && f->fields.by != PROVENANCE_UNKNOWN && i < f->fields.count &&
                 may_release(&q, f->fields.v[i].s);
        count += out[i] ? 1 : 0;
    }
    return count;
}
