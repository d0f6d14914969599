/* Who may ask whom under a rule: the conditions on a pair of parties, as the evaluator has them. */
#include <stdlib.h>

#include "proto/policy/checks.h"
#include "proto/policy/diff_internal.h"
#include "proto/policy/process.h"

/* What depends on the two parties and the rule alone. */
#define PAIR_CONDITIONS                                                                            \
    (CONDITION_BIT(CONDITION_BASIS) | CONDITION_BIT(CONDITION_VERIFIED) |                          \
     CONDITION_BIT(CONDITION_GATE) | CONDITION_BIT(CONDITION_REGIME) |                             \
     CONDITION_BIT(CONDITION_GDPR) | CONDITION_BIT(CONDITION_PURPOSE) |                            \
     CONDITION_BIT(CONDITION_PARTICIPANT) | CONDITION_BIT(CONDITION_REQUESTER) |                   \
     CONDITION_BIT(CONDITION_HOLDER) | CONDITION_BIT(CONDITION_OTHER_PARTY) |                      \
     CONDITION_BIT(CONDITION_EXCLUDED) | CONDITION_BIT(CONDITION_REGION) |                         \
     CONDITION_BIT(CONDITION_VISIBILITY))
#define NAMED_CONDITIONS (CONDITION_BIT(CONDITION_GDPR) | CONDITION_BIT(CONDITION_FIELDS))
#define OPEN_CONDITIONS (NAMED_CONDITIONS | CONDITION_BIT(CONDITION_FIELD_LEFT))

struct span span_meet(struct span a, struct span b)
{
    return (struct span){a.from > b.from ? a.from : b.from, a.until < b.until ? a.until : b.until};
}

bool span_exceeds(struct span a, struct span b)
{
    return a.from < a.until && (a.from < b.from || a.until > b.until);
}

static struct span span_of_party(const struct party *p)
{
    return p->valid.until_s == 0 ? (struct span){INT64_MIN, INT64_MAX}
                                 : (struct span){p->valid.from_s, p->valid.until_s};
}

const char *duo_oin(const struct duo *p)
{
    return p->in[p->in[IS] != NULL ? IS : WAS]->oin.oin;
}

const char *duo_name(const struct duo *p)
{
    return p->in[p->in[IS] != NULL ? IS : WAS]->name;
}

struct duo *row_party(const struct diff *d, uint32_t row)
{
    return d->rows[row] == NO_PARTY ? NULL : &d->parties[d->rows[row]];
}

struct duo *column_party(const struct diff *d, uint32_t column)
{
    return &d->parties[d->columns[column]];
}

bool pair_may(const struct diff *d, uint32_t row, uint32_t column, enum when w)
{
    return (d->cells[(size_t)row * d->columns_count + column] >> w & 1) != 0;
}

/* ---- one pair ---- */

static bool table_holds(const struct question *q, struct check_table t, uint64_t which)
{
    for (size_t i = 0; i < t.count; i++) {
        const struct check *c = &t.checks[i];
        if ((which & CONDITION_BIT(c->condition)) == 0 ||
            !condition_applies(c->condition, q->rule->process))
            continue;
        if ((c->moot == NULL || !c->moot(q)) && !c->holds(q, NULL))
            return false;
    }
    return true;
}

static enum regime regime_of(const struct rule *r, const struct party *party)
{
    for (uint32_t i = 0; i < r->regime_count; i++) {
        if (selector_matches(&r->regime[i].party, party))
            return r->regime[i].regime;
    }
    return REGIME_NONE;
}

/* A moment at which both are parties and the rule is valid. */
static bool common_time(const struct side *s, const struct party *requester,
                        const struct party *holder, int64_t *out)
{
    struct span all = span_meet(s->span, span_of_party(holder));
    if (requester != NULL)
        all = span_meet(all, span_of_party(requester));
    *out = all.from;
    return all.from < all.until;
}

static void set_party(struct fact_oin *fact, struct fact_regime *regime, const struct rule *r,
                      const struct party *party)
{
    *fact = (struct fact_oin){party->oin, PROVENANCE_JUDGED};
    *regime = (struct fact_regime){regime_of(r, party), PROVENANCE_JUDGED};
}

/* Facts that leave nothing to object to but the pair itself. */
static struct question probe(struct diff *d, enum when w, const struct party *requester,
                             const struct party *holder)
{
    const struct side *s = &d->side[w];
    struct facts *f = &d->probe;
    f->purpose = (struct fact_name){s->rule->purpose, PROVENANCE_JUDGED};
    set_party(&f->holder, &f->holder_regime, s->rule, holder);
    if (requester != NULL)
        set_party(&f->requester, &f->requester_regime, s->rule, requester);
    return (struct question){.policy = s->policy,
                             .rule = s->rule,
                             .facts = f,
                             .requester = requester,
                             .holder = holder,
                             .purpose = policy_purpose(s->policy, &s->rule->purpose),
                             .loading = s->rule->process == PROCESS_INDEX};
}

/* A field that is asked alone. */
static bool field_passes(struct diff *d, const struct question *q, const struct name *field,
                         uint64_t which)
{
    d->probe.fields.v[0] = *field;
    d->probe.fields.count = 1;
    bool ok = table_holds(q, checks_of_rule(), which) && table_holds(q, checks_of_request(), which);
    d->probe.fields.count = 0;
    return ok;
}

static bool has_field(struct diff *d, const struct question *q)
{
    if (rule_counts(q->rule) || !condition_applies(CONDITION_FIELD_LEFT, q->rule->process))
        return true;
    for (uint32_t i = 0; i < q->rule->fields_count; i++) {
        if (field_passes(d, q, &q->rule->fields[i].name, OPEN_CONDITIONS))
            return true;
    }
    return false;
}

static bool has_identifier(const struct question *q)
{
    const struct party *user = q->loading ? q->holder : q->requester;
    bool any = rule_counts(q->rule);
    for (uint32_t i = 0; !any && i < q->rule->identifiers_count; i++) {
        const struct rule_identifier *id = &q->rule->identifiers[i];
        any = selectors_match(id->parties, id->parties_count, user);
    }
    return any;
}

/* A partnership without legal personality needs somebody in whose name it asks. */
static bool has_principal(const struct question *q)
{
    const struct party *p = q->requester;
    bool any = q->loading || p->on_behalf_of_count == 0;
    for (uint32_t i = 0; !any && i < p->on_behalf_of_count; i++) {
        const struct party *other = policy_party(q->policy, &p->on_behalf_of[i]);
        any = other != NULL && !selectors_match(q->rule->excluded, q->rule->excluded_count, other);
    }
    return any;
}

static bool may(struct diff *d, enum when w, const struct party *requester,
                const struct party *holder)
{
    const struct side *s = &d->side[w];
    int64_t now = 0;
    if (!s->on || holder == NULL || !common_time(s, requester, holder, &now))
        return false;
    struct question q = probe(d, w, requester, holder);
    if (!q.loading && requester == NULL)
        return false;
    d->probe.now = (struct fact_int){now, PROVENANCE_JUDGED};
    return table_holds(&q, checks_of_parties(), PAIR_CONDITIONS) &&
           table_holds(&q, checks_of_rule(), PAIR_CONDITIONS) &&
           table_holds(&q, checks_of_request(), PAIR_CONDITIONS) && has_identifier(&q) &&
           has_principal(&q) && has_field(d, &q);
}

static bool field_under(struct diff *d, enum when w, const struct duo *pair[2],
                        const struct name *field, uint64_t which)
{
    const struct party *requester = pair[0]->in[w];
    const struct party *holder = pair[1]->in[w];
    if (d->side[w].rule == NULL || requester == NULL || holder == NULL)
        return false;
    struct question q = probe(d, w, requester, holder);
    return field_passes(d, &q, field, which);
}

bool field_open(struct diff *d, enum when w, const struct duo *requester, const struct duo *holder,
                const struct name *field)
{
    const struct duo *pair[2] = {requester, holder};
    return field_under(d, w, pair, field, OPEN_CONDITIONS);
}

bool field_named(struct diff *d, enum when w, const struct duo *requester, const struct duo *holder,
                 const struct name *field)
{
    const struct duo *pair[2] = {requester, holder};
    return field_under(d, w, pair, field, NAMED_CONDITIONS);
}

/* ---- the matrix ---- */

static bool listed(const struct side *s, const struct party *p, bool asking)
{
    if (!s->on || p == NULL)
        return false;
    return asking ? selectors_match(s->rule->requesters, s->rule->requesters_count, p)
                  : selectors_match(s->rule->holders, s->rule->holders_count, p);
}

static void add_to(uint32_t *list, uint32_t *count, uint32_t party, uint32_t *place)
{
    *place = *count;
    list[(*count)++] = party;
}

static void find_candidates(struct diff *d)
{
    d->rows_count = 0;
    d->columns_count = 0;
    for (uint32_t i = 0; i < d->parties_count; i++) {
        struct duo *p = &d->parties[i];
        if (listed(&d->side[WAS], p->in[WAS], true) || listed(&d->side[IS], p->in[IS], true))
            add_to(d->rows, &d->rows_count, i, &p->row);
        if (listed(&d->side[WAS], p->in[WAS], false) || listed(&d->side[IS], p->in[IS], false))
            add_to(d->columns, &d->columns_count, i, &p->column);
    }
    const struct rule *r = d->side[d->side[IS].on ? IS : WAS].rule;
    if (r != NULL && r->process == PROCESS_INDEX) {
        d->rows[0] = NO_PARTY;
        d->rows_count = 1;
    }
}

/* Room for the matrix; without it no pair may anything, and d->err says so. */
static void make_cells(struct diff *d)
{
    size_t count = (size_t)d->rows_count * d->columns_count;
    free(d->cells);
    d->cells = count > 0 ? calloc(count, 1) : NULL;
    if (count > 0 && d->cells == NULL) {
        d->err = ERR_NOMEM;
        d->rows_count = 0;
    }
}

bool row_stands(const struct diff *d, uint32_t row)
{
    return d->rows[row] == NO_PARTY || d->parties[d->rows[row]].stands;
}

bool column_stands(const struct diff *d, uint32_t column)
{
    return d->parties[d->columns[column]].stands;
}

static uint8_t *cell_at(const struct diff *d, uint32_t row, uint32_t column)
{
    return &d->cells[(size_t)row * d->columns_count + column];
}

/* The cell that was judged for this one: of the two that stand for its parties, or for both of one
 * kind. */
static uint8_t *judged_cell(const struct diff *d, uint32_t row, uint32_t column)
{
    const struct duo *holder = column_party(d, column);
    const struct duo *requester = row_party(d, row);
    uint32_t to = holder->first;
    if (requester == NULL)
        return cell_at(d, row, d->parties[to].column);
    if (requester == holder)
        return cell_at(d, row, column);
    if (requester->first == to)
        to = holder->second;
    return cell_at(d, d->parties[requester->first].row, d->parties[to].column);
}

static uint8_t judge_pair(struct diff *d, uint32_t row, uint32_t column)
{
    const struct duo *requester = row_party(d, row);
    const struct duo *holder = column_party(d, column);
    uint8_t bits = 0;
    for (int w = WAS; w <= IS; w++) {
        const struct party *asks = requester != NULL ? requester->in[w] : NULL;
        if (may(d, (enum when)w, asks, holder->in[w]))
            bits |= (uint8_t)(1u << w);
    }
    return bits;
}

static void fill_cell(struct diff *d, uint32_t row, uint32_t column)
{
    struct duo *requester = row_party(d, row);
    struct duo *holder = column_party(d, column);
    uint8_t *cell = cell_at(d, row, column);
    const uint8_t *judged = judged_cell(d, row, column);
    *cell = judged == cell ? judge_pair(d, row, column) : *judged;
    for (int w = WAS; w <= IS; w++) {
        if ((*cell >> w & 1) == 0)
            continue;
        holder->holds[w] = true;
        d->side[w].usable = true;
        if (requester != NULL)
            requester->asks[w] = true;
    }
}

void diff_find_pairs(struct diff *d)
{
    for (uint32_t i = 0; i < d->parties_count; i++) {
        memset(d->parties[i].asks, 0, sizeof d->parties[i].asks);
        memset(d->parties[i].holds, 0, sizeof d->parties[i].holds);
    }
    d->side[WAS].usable = false;
    d->side[IS].usable = false;
    diff_find_alike(d);
    find_candidates(d);
    make_cells(d);
    for (uint32_t row = 0; row < d->rows_count; row++) {
        for (uint32_t column = 0; column < d->columns_count; column++)
            fill_cell(d, row, column);
    }
}
