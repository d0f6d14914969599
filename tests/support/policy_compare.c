#include "tests/support/policy_compare.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/conf/policy_load.h"
#include "proto/policy/evaluate.h"
#include "tests/support/policy_reference.h"

#define POLICY_BYTES_MAX ((size_t)1 << 22)

static struct policy_file *load(const char *path)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    char *text = malloc(POLICY_BYTES_MAX);
    FILE *in = fopen(path, "rb");
    if (text == NULL || in == NULL)
        abort();
    size_t n = fread(text, 1, POLICY_BYTES_MAX, in);
    fclose(in);
    if (policy_file_load(bytes_of(text, n), path, &f, &why) != ERR_OK) {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }
    free(text);
    return f;
}

void compared_open(struct compared *c)
{
    glob_t found = {.gl_pathc = 0};
    c->count = 0;
    if (glob(POLICIES "/*.yaml", 0, NULL, &found) != 0)
        abort();
    for (size_t i = 0; i < found.gl_pathc && c->count < COMPARED_POLICIES_MAX; i++) {
        struct policy_file *f = load(found.gl_pathv[i]);
        /* The loaded snapshot is the loader's own heap; here it is changed and given back. */
        struct policy *p = (struct policy *)(uintptr_t)policy_file_policy(f);
        if (p->tests_count == 0)
            abort();
        c->files[c->count] = f;
        edited_init(&c->edited[c->count], p);
        c->count++;
    }
    globfree(&found);
}

void compared_close(struct compared *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        edited_free(&c->edited[i]);
        policy_file_free(c->files[i]);
    }
    c->count = 0;
}

static uint64_t failures_of(const struct decision *d)
{
    uint64_t set = 0;
    for (uint32_t i = 0; i < d->failures_count; i++)
        set |= CONDITION_BIT(d->failures[i].condition);
    return set;
}

static void put_set(struct buf *out, const char *title, uint64_t set)
{
    buf_printf(out, "%s:", title);
    for (unsigned c = 1; c < CONDITION_COUNT; c++) {
        if ((set & CONDITION_BIT(c)) != 0)
            buf_printf(out, " %s", condition_id((enum condition)c));
    }
    buf_put_str(out, "\n");
}

/* The failures are in the order of the conditions, and each condition is seen in one way only. */
static bool is_well_formed(const struct decision *d, enum role role)
{
    for (uint32_t i = 0; i < d->failures_count; i++) {
        if (d->failures[i].condition == CONDITION_NONE ||
            d->failures[i].condition >= CONDITION_COUNT || d->failures[i].fault == FAULT_NONE ||
            (i > 0 && d->failures[i - 1].condition >= d->failures[i].condition))
            return false;
    }
    return d->role == role && d->permit == (d->failures_count == 0) &&
           (d->judged & d->asserted) == 0 && (d->judged & d->unseen) == 0 &&
           (d->asserted & d->unseen) == 0;
}

static bool has_field(const struct obligations *o, const struct name *field)
{
    for (uint32_t i = 0; i < o->fields_count; i++) {
        if (name_equal(&o->fields[i], field))
            return true;
    }
    return false;
}

/* A denial obliges to nothing; a permit releases exactly the fields that the reference lets go. */
static bool obliges_rightly(const struct policy *p, const struct edited_question *q,
                            const struct decision *d)
{
    static const struct obligations none;
    bool go[FACTS_NAMES_MAX];
    if (!d->permit)
        return memcmp(&d->obligations, &none, sizeof none) == 0;
    reference_released(p, q->rule, &q->facts, go);
    uint32_t let = 0;
    for (uint32_t i = 0; i < q->facts.fields.count; i++) {
        if (go[i] && !has_field(&d->obligations, &q->facts.fields.v[i]))
            return false;
        let += go[i] ? 1 : 0;
    }
    return d->obligations.fields_count == let;
}

static bool agree_as(const struct policy *p, const struct edited_question *q, enum role role,
                     struct buf *why)
{
    static struct decision d;
    static struct decision again;
    memset(&d, 0xa5, sizeof d);
    memset(&again, 0x5a, sizeof again);
    policy_evaluate(p, q->rule, role, &q->facts, &d);
    policy_evaluate(p, q->rule, role, &q->facts, &again);
    uint64_t wanted = reference_denies(p, q->rule, role, &q->facts);
    buf_printf(why, "rule %s, role %s\n", q->rule->s, role_id(role));
    if (memcmp(&d, &again, sizeof d) != 0) {
        buf_put_str(why, "not the same answer twice\n");
        return false;
    }
    if (!is_well_formed(&d, role)) {
        buf_put_str(why, "not a decision\n");
        return false;
    }
    if (failures_of(&d) != wanted) {
        put_set(why, "only the evaluator denies", failures_of(&d) & ~wanted);
        put_set(why, "only the reference denies", wanted & ~failures_of(&d));
        return false;
    }
    if (!obliges_rightly(p, q, &d)) {
        buf_put_str(why, "other obligations\n");
        return false;
    }
    return true;
}

bool compared_agree(struct compared *c, struct bytes input, struct buf *why)
{
    static struct edited_question q;
    if (input.len == 0)
        return true;
    struct edited *e = &c->edited[input.ptr[0] % c->count];
    edited_apply(e, bytes_of(input.ptr + 1, input.len - 1), &q);
    bool agree = true;
    for (unsigned role = 0; agree && role <= ROLE_COUNT; role++) {
        buf_reset(why);
        agree = agree_as(e->policy, &q, (enum role)role, why);
    }
    edited_undo(e);
    return agree;
}
