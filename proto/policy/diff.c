#include "proto/policy/diff_internal.h"

#include <stdlib.h>

#define SENTENCE_MAX_BYTES ((size_t)1 << 20)

const char *effect_id(enum effect e)
{
    switch (e) {
    case EFFECT_MORE:
        return "more";
    case EFFECT_LESS:
        return "less";
    case EFFECT_CHANGED:
        return "changed";
    }
    return "?";
}

/* ---- telling ---- */

void diff_begin(struct diff *d)
{
    buf_reset(&d->nl);
    buf_reset(&d->en);
}

static const struct name *rule_id(const struct diff *d)
{
    const struct rule *r = d->side[d->side[IS].rule != NULL ? IS : WAS].rule;
    return r != NULL ? &r->id : NULL;
}

static void put_path(const struct diff *d, const char *key, char out[CHANGE_PATH_SIZE])
{
    struct buf path = buf_fixed(out, CHANGE_PATH_SIZE - 1);
    const struct name *id = rule_id(d);
    if (id != NULL)
        buf_printf(&path, "rules[%s]", id->s);
    if (key != NULL)
        buf_printf(&path, "%s%s", id != NULL ? "." : "", key);
    out[path.len] = '\0';
}

static const struct agency_id *oin_of(const struct duo *p)
{
    return p != NULL ? &p->in[p->in[IS] != NULL ? IS : WAS]->oin : NULL;
}

void diff_tell(struct diff *d, struct mark m)
{
    enum err nl = buf_err(&d->nl);
    enum err en = buf_err(&d->en);
    if (nl != ERR_OK || en != ERR_OK) {
        d->err = nl != ERR_OK ? nl : en;
        return;
    }
    struct change c = {.effect = d->dormant ? EFFECT_CHANGED : m.effect,
                       .rule = rule_id(d),
                       .requester = oin_of(m.requester),
                       .holder = oin_of(m.holder),
                       .nl = buf_text(&d->nl),
                       .en = buf_text(&d->en)};
    c.narrows = !d->dormant && ((m.effect == EFFECT_LESS && !m.harmless) || m.narrows);
    put_path(d, m.key, c.path);
    d->fn(d->ctx, &c);
}

void tell_plain(struct diff *d, struct mark m, const char *nl, const char *en)
{
    diff_begin(d);
    buf_put_str(&d->nl, nl);
    buf_put_str(&d->en, en);
    diff_tell(d, m);
}

/* ---- one rule ---- */

/* Adopted, with what its process needs, and valid at some time. */
static void set_side(struct side *s, const struct rule *r)
{
    *s = (struct side){.policy = s->policy, .rule = r};
    if (r == NULL)
        return;
    struct span file = {s->policy->valid.from_s, s->policy->valid.until_s};
    s->span = span_meet(file, (struct span){r->valid.from_s, r->valid.until_s});
    bool whole = r->process == PROCESS_INDEX ? r->index != NULL : r->outcome != NULL;
    s->on = r->status == RULE_STATUS_ADOPTED && whole && s->span.from < s->span.until;
}

/* Other facts altogether: nothing that was asked under the one can be asked under the other. */
static bool same_target(const struct rule *a, const struct rule *b)
{
    return a->process == b->process && name_equal(&a->purpose, &b->purpose) &&
           rule_counts(a) == rule_counts(b);
}

static void compare_parties(struct diff *d)
{
    diff_functions(d);
    diff_who(d);
    diff_data(d);
}

static void compare_terms(struct diff *d)
{
    diff_party_terms(d);
    diff_scope(d);
    diff_bounds(d);
    diff_consent(d);
    diff_duties(d);
    diff_law(d);
}

/* All that a rule permits is gained, or lost. */
static void tell_whole(struct diff *d, enum when only)
{
    const struct rule *r = d->side[only].rule;
    bool counts = rule_counts(r);
    struct mark m = {.effect = effect_of(only)};
    diff_begin(d);
    buf_printf(&d->nl, "%s %s voor het doel %s%s",
               only == IS ? "laat nu toe:" : "laat niet meer toe:", process_id(r->process),
               r->purpose.s, counts ? ", alleen aantallen" : "");
    buf_printf(&d->en, "%s %s for the purpose %s%s",
               only == IS ? "now permits:" : "no longer permits:", process_id(r->process),
               r->purpose.s, counts ? ", counts only" : "");
    diff_tell(d, m);
}

/* The rule as it stands in one file alone. */
static void compare_alone(struct diff *d, enum when only)
{
    struct side hidden = d->side[other_of(only)];
    set_side(&d->side[other_of(only)], NULL);
    diff_find_pairs(d);
    if (d->side[only].usable) {
        tell_whole(d, only);
        compare_parties(d);
    }
    d->side[other_of(only)] = hidden;
}

static const char *state_of(const struct rule *r)
{
    return r != NULL ? rule_status_id(r->status) : "-";
}

static void tell_status(struct diff *d)
{
    const struct rule *was = d->side[WAS].rule;
    const struct rule *is = d->side[IS].rule;
    if (was == NULL || is == NULL)
        tell_plain(d, (struct mark){.effect = EFFECT_CHANGED},
                   is != NULL ? "de regel is toegevoegd" : "de regel is verwijderd",
                   is != NULL ? "the rule was added" : "the rule was removed");
    else if (was->status != is->status)
        tell(d, ((struct mark){.effect = EFFECT_CHANGED, .key = "status"}),
             "status was %s, wordt %s", "status was %s, becomes %s", state_of(was), state_of(is));
}

/* In force in both files or in neither, and about the same. */
static void compare_both(struct diff *d)
{
    diff_find_pairs(d);
    if (d->side[WAS].usable != d->side[IS].usable) {
        compare_alone(d, d->side[IS].usable ? IS : WAS);
        return;
    }
    d->dormant = !d->side[IS].usable;
    compare_parties(d);
    compare_terms(d);
    d->dormant = false;
}

static void compare_rule(struct diff *d, const struct name *id)
{
    set_side(&d->side[WAS], policy_rule(d->side[WAS].policy, id));
    set_side(&d->side[IS], policy_rule(d->side[IS].policy, id));
    const struct side *was = &d->side[WAS];
    const struct side *is = &d->side[IS];
    bool two = was->rule != NULL && is->rule != NULL;
    tell_status(d);
    if (two && was->on == is->on && same_target(was->rule, is->rule)) {
        compare_both(d);
        return;
    }
    if (was->on)
        compare_alone(d, WAS);
    if (is->on)
        compare_alone(d, IS);
    if (two && was->rule->version != is->rule->version)
        tell(d, ((struct mark){.effect = EFFECT_CHANGED, .key = "version"}),
             "versie was %u, wordt %u", "version was %u, becomes %u", was->rule->version,
             is->rule->version);
}

/* ---- the parties of both files ---- */

static int order_of(const struct party *a, const struct party *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? 1 : -1;
    return strcmp(a->oin.oin, b->oin.oin);
}

static const struct party *party_at(const struct policy *p, uint32_t i)
{
    return i < p->parties_count ? &p->parties[p->party_order[i]] : NULL;
}

static void merge_parties(struct diff *d)
{
    uint32_t at[2] = {0, 0};
    for (;;) {
        const struct party *was = party_at(d->side[WAS].policy, at[WAS]);
        const struct party *is = party_at(d->side[IS].policy, at[IS]);
        if (was == NULL && is == NULL)
            return;
        int order = order_of(was, is);
        struct duo *p = &d->parties[d->parties_count++];
        p->in[WAS] = order <= 0 ? was : NULL;
        p->in[IS] = order >= 0 ? is : NULL;
        at[WAS] += order <= 0;
        at[IS] += order >= 0;
    }
}

/* ---- the whole ---- */

static void diff_free(struct diff *d)
{
    if (d == NULL)
        return;
    free(d->parties);
    free(d->rows);
    free(d->columns);
    free(d->cells);
    buf_free(&d->nl);
    buf_free(&d->en);
    free(d);
}
DEFINE_CLEANUP(struct diff, diff_free)

static struct diff *diff_new(const struct policy *older, const struct policy *newer)
{
    CLEANUP(cleanup_diff_free) struct diff *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    size_t most = (size_t)older->parties_count + newer->parties_count + 1;
    d->nl = buf_new(SENTENCE_MAX_BYTES);
    d->en = buf_new(SENTENCE_MAX_BYTES);
    d->parties = calloc(most, sizeof *d->parties);
    d->rows = calloc(most, sizeof *d->rows);
    d->columns = calloc(most, sizeof *d->columns);
    if (d->parties == NULL || d->rows == NULL || d->columns == NULL)
        return NULL;
    d->side[WAS].policy = older;
    d->side[IS].policy = newer;
    merge_parties(d);
    diff_find_kinds(d);
    return take(d);
}

/* The rules of both files by ascending id, each once. */
static void compare_rules(struct diff *d)
{
    const struct policy *was = d->side[WAS].policy;
    const struct policy *is = d->side[IS].policy;
    uint32_t a = 0;
    uint32_t b = 0;
    while (d->err == ERR_OK && (a < was->rules_count || b < is->rules_count)) {
        const struct name *x = a < was->rules_count ? &was->rules[was->rule_order[a]].id : NULL;
        const struct name *y = b < is->rules_count ? &is->rules[is->rule_order[b]].id : NULL;
        int order = x == NULL ? 1 : y == NULL ? -1 : strcmp(x->s, y->s);
        compare_rule(d, order <= 0 ? x : y);
        a += order <= 0;
        b += order >= 0;
    }
}

enum err policy_diff(const struct policy *older, const struct policy *newer, change_fn fn,
                     void *ctx)
{
    CLEANUP(cleanup_diff_free) struct diff *d = diff_new(older, newer);
    if (d == NULL)
        return ERR_NOMEM;
    d->fn = fn;
    d->ctx = ctx;
    diff_file(d);
    compare_rules(d);
    return d->err;
}

enum err policy_diff_rule(const struct policy *older, const struct policy *newer,
                          const struct name *id, change_fn fn, void *ctx)
{
    CLEANUP(cleanup_diff_free) struct diff *d = diff_new(older, newer);
    if (d == NULL)
        return ERR_NOMEM;
    d->fn = fn;
    d->ctx = ctx;
    if (policy_rule(older, id) != NULL || policy_rule(newer, id) != NULL)
        compare_rule(d, id);
    return d->err;
}
