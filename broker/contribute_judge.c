/* The policy as the broker sees a batch: each rule that the batch names, for each category, at the
 * ages of the youngest and the oldest record. */
#include "broker/contribute.h"
#include "broker/index/short.h"
#include "broker/index/tally.h"
#include "proto/base/when.h"
#include "proto/policy/evaluate.h"

struct judge {
    struct turn *t;
    struct kv_txn *txn;
    const struct batch_turn *b;
    struct tally_scope scope;
    int64_t stock;
    uint32_t today;
    struct facts *facts;
    struct decision *decision;
};

static enum err count_stock(struct judge *j)
{
    struct index *ix = j->t->broker->index;
    struct tally_scope pending = j->scope;
    pending.pending = true;
    int64_t published = 0;
    int64_t importing = 0;
    enum err e = tally_stock(ix, j->txn, &j->scope, j->today, &published);
    if (e == ERR_OK)
        e = tally_stock(ix, j->txn, &pending, j->today, &importing);
    int64_t sum = published + importing;
    j->stock = (sum > 0 ? sum : 0) + j->b->header.record_count;
    return e;
}

static enum err count_additions(struct judge *j, const struct rule *rule, int64_t *out)
{
    uint32_t days = rule != NULL && rule->limits.period_days > 0 ? rule->limits.period_days : 1;
    uint32_t from = j->today >= days ? j->today - days + 1 : 0;
    enum err e = tally_additions(j->t->broker->index, j->txn, &j->scope, from, out);
    *out += j->b->header.token_count;
    return e;
}

static void fill_parties(struct judge *j, const struct admission *a, const struct rule *rule)
{
    struct facts *f = j->facts;
    const struct turn *t = j->t;
    f->now = (struct fact_int){t->now_s, PROVENANCE_JUDGED};
    f->rule_version = (struct fact_int){rule != NULL ? rule->version : 0, PROVENANCE_JUDGED};
    f->process = (struct fact_process){PROCESS_INDEX, PROVENANCE_JUDGED};
    f->purpose = (struct fact_name){j->b->header.purpose, PROVENANCE_JUDGED};
    f->holder = (struct fact_oin){t->sender->id, PROVENANCE_JUDGED};
    f->holder_regime = (struct fact_regime){t->sender->regime, PROVENANCE_JUDGED};
    f->adoption =
        (struct fact_adoption){view_adoption(t->view, &t->sender->id, &a->rule), PROVENANCE_JUDGED};
    f->category = (struct fact_name){a->category, PROVENANCE_JUDGED};
    f->population = (struct fact_int){
        (int64_t)(t->sender->population < INT64_MAX ? t->sender->population : INT64_MAX),
        PROVENANCE_JUDGED};
}

static enum err fill_counts(struct judge *j, const struct admission *a, const struct rule *rule)
{
    struct facts *f = j->facts;
    enum err e = ERR_OK;
    for (int type = 1; e == ERR_OK && type < IDENT_TYPE_COUNT; type++) {
        if (a->types[type] > 0)
            e = facts_add_identifiers(f, (enum ident_type)type, a->types[type],
                                      j->b->header.norm_versions[type]);
    }
    f->identifiers.by = PROVENANCE_JUDGED;
    f->norm_versions.by = PROVENANCE_JUDGED;
    f->stock = (struct fact_int){j->stock, PROVENANCE_JUDGED};
    f->additions_in_period.by = PROVENANCE_JUDGED;
    return e == ERR_OK ? count_additions(j, rule, &f->additions_in_period.v) : e;
}

/* A record that expires on a day entered max_age_days before it; its age is counted to `day`. */
static enum err judge_age(struct judge *j, const struct admission *a, uint32_t expires, int64_t day)
{
    const struct rule *rule = policy_rule(view_policy(j->t->view), &a->rule);
    int64_t most = rule != NULL && rule->index != NULL ? rule->index->max_age_days : 0;
    *j->facts = (struct facts){.now = {0, PROVENANCE_UNKNOWN}};
    fill_parties(j, a, rule);
    enum err e = fill_counts(j, a, rule);
    if (e != ERR_OK)
        return e;
    j->facts->record_age_days =
        (struct fact_int){day - ((int64_t)expires - most), PROVENANCE_JUDGED};
    policy_evaluate(view_policy(j->t->view), &a->rule, ROLE_BROKER, j->facts, j->decision);
    j->t->audit.rule = a->rule;
    j->t->audit.rule_version = rule != NULL ? rule->version : 0;
    j->t->audit.facts = j->facts;
    j->t->audit.decision = j->decision;
    return j->decision->permit ? ERR_OK : turn_refuse_decision(j->t, j->decision);
}

/* The youngest is judged on the header's day, which is the sender's own today, so that midnight
 * does not part two clocks; how far that may be ahead is checked when the batch is announced. So is the oldest of what is
 * sent again: what has come to its end since does not answer. */
static enum err judge_admission(struct judge *j, const struct admission *a)
{
    const int64_t made = when_day(j->b->header.issued_at_s);
    enum err e = judge_age(j, a, a->last_day, made);
    if (e == ERR_OK && j->t->refusal.code == REFUSED_NONE)
        e = judge_age(j, a, a->first_day, j->b->is_again ? made : j->today);
    return e;
}

enum err contribute_judge(struct turn *t, struct kv_txn *txn, const struct batch_turn *b,
                          uint16_t agency)
{
    const struct staged_batch *batch = b->staging->batch;
    struct judge j = {.t = t,
                      .txn = txn,
                      .b = b,
                      .scope = {b->header.purpose, b->header.epoch, agency, false},
                      .today = (uint32_t)when_day(t->now_s),
                      .facts = arena_alloc(t->arena, sizeof *j.facts),
                      .decision = arena_alloc(t->arena, sizeof *j.decision)};
    if (j.facts == NULL || j.decision == NULL)
        return ERR_NOMEM;
    enum err e = count_stock(&j);
    for (size_t i = 0; e == ERR_OK && t->refusal.code == REFUSED_NONE && i < batch->admission_count;
         i++)
        e = judge_admission(&j, &batch->admissions[i]);
    return e;
}
