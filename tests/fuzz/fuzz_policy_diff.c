/* Any bytes as edits of two copies of a policy, and as changes of facts: where both load, diff
 * covers every decision that differs, and says the mirror of it the other way round. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/conf/policy_load.h"
#include "tests/support/policy_flips.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct policy_draft *shipped(uint32_t which)
{
    static struct policy_draft drafts[2];
    static const char *const names[2] = {"demonstration.yaml", "complete.yaml"};
    if (drafts[which].len == 0)
        policy_draft_read(&drafts[which], POLICIES, names[which]);
    return &drafts[which];
}

static struct policy_file *edited(const struct policy_draft *from, struct chance *c)
{
    static struct policy_draft draft;
    struct policy_file *f = NULL;
    struct errmsg why;
    draft = *from;
    for (uint32_t left = chance_below(c, 4); left > 0; left--)
        policy_draft_edit(&draft, c);
    return policy_file_load(bytes_of(draft.text, draft.len), "fuzz", &f, &why) == ERR_OK ? f : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct flips out;
    uint64_t seed = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        seed = (seed ^ data[i]) * UINT64_C(0x100000001b3);
    struct chance c = {.data = data, .left = size, .seed = seed | 1};
    const struct policy_draft *from = shipped(chance_below(&c, 2));
    CLEANUP(cleanup_policy_file_free) struct policy_file *a = edited(from, &c);
    CLEANUP(cleanup_policy_file_free) struct policy_file *b = edited(from, &c);
    if (a != NULL && b != NULL &&
        !policy_flips_covered(policy_file_policy(a), policy_file_policy(b), &c, 4, &out)) {
        fprintf(stderr, "%s\n", out.what);
        abort();
    }
    return 0;
}
