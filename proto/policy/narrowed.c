#include "proto/policy/narrowed.h"

#include "proto/policy/diff.h"

static void note(void *ctx, const struct change *c)
{
    bool *narrows = ctx;
    *narrows = *narrows || c->narrows;
}

enum err policy_narrowed(const struct policy *older, const struct policy *newer,
                         const struct name *rule_id, bool *out)
{
    bool narrows = false;
    enum err e = policy_diff_rule(older, newer, rule_id, note, &narrows);
    if (e == ERR_OK)
        *out = narrows;
    return e;
}
