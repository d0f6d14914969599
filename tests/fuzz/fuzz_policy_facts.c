/* Any fact file against the demonstration policy: every rule and role gives a decision, the same
 * one twice, and the same again from the facts in flat form. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/conf/policy_load.h"
#include "proto/policy/evaluate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct policy *demonstration(void)
{
    static struct policy_file *file;
    static char text[1 << 18];
    if (file != NULL)
        return policy_file_policy(file);
    FILE *in = fopen(POLICY_PATH, "rb");
    if (in == NULL)
        abort();
    size_t n = fread(text, 1, sizeof text, in);
    fclose(in);
    if (policy_file_load(bytes_of(text, n), "demonstration", &file, NULL) != ERR_OK)
        abort();
    return policy_file_policy(file);
}

/* A denial has its reasons, a permit has none and is allowed to show no field that was not asked.
 */
static void check_decision(const struct decision *d, const struct facts *f)
{
    if (d->permit != (d->failures_count == 0) || (d->permit && d->rule == NULL) ||
        (d->judged & d->unseen) != 0 || (d->judged & d->asserted) != 0 ||
        d->obligations.fields_count > f->fields.count)
        abort();
}

static void evaluate_all(const struct policy *p, const struct facts *f, const struct facts *again)
{
    for (uint32_t r = 0; r < p->rules_count; r++) {
        for (unsigned role = 0; role <= ROLE_COUNT; role++) {
            struct decision a;
            struct decision b;
            policy_evaluate(p, &p->rules[r].id, (enum role)role, f, &a);
            policy_evaluate(p, &p->rules[r].id, (enum role)role, again, &b);
            check_decision(&a, f);
            if (memcmp(&a, &b, sizeof a) != 0)
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fact_pairs pairs;
    const struct policy *p = demonstration();
    static struct facts f;
    static struct facts again;
    struct errmsg why = {.text = ""};
    if (policy_facts_load(bytes_of(data, size), "fuzz", &f, &why) != ERR_OK)
        return 0;
    facts_to_pairs(&f, &pairs);
    if (facts_from_pairs(&again, pairs.pair, pairs.count, &why) != ERR_OK)
        abort();
    evaluate_all(p, &f, &again);
    return 0;
}
