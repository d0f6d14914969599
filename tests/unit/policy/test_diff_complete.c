/* Nobody may do more, or less, than diff says: pairs of policies with random edits, and many facts
 * under both. SLUIS_TEST_SEED repeats a run; it is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "proto/conf/policy_load.h"
#include "tests/support/policy_flips.h"

#define FOLDER TEST_DATA "/../docs/policies"
#define PAIRS 90 /* that load, of each policy */
#define ROUNDS 40 /* of facts for each of its tests */

static struct policy_file *edited(const char *name, struct chance *c)
{
    static struct policy_draft draft;
    struct policy_file *f = NULL;
    struct errmsg why;
    for (unsigned tries = 0; f == NULL; tries++) {
        assert_true(tries < 1000);
        policy_draft_read(&draft, FOLDER, name);
        for (uint32_t left = 1 + chance_below(c, 3); left > 0; left--)
            policy_draft_edit(&draft, c);
        if (policy_file_load(bytes_of(draft.text, draft.len), name, &f, &why) != ERR_OK)
            f = NULL;
    }
    return f;
}

static void try_pairs(const char *name, struct chance *c, struct flips *out)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        struct policy_file *a = edited(name, c);
        struct policy_file *b = edited(name, c);
        bool ok =
            policy_flips_covered(policy_file_policy(a), policy_file_policy(b), c, ROUNDS, out);
        policy_file_free(a);
        policy_file_free(b);
        if (!ok)
            fail_msg("%s, pair %u: %s", name, i, out->what);
    }
}

static void test_diff_says_who_may_do_more_and_who_less(void **state)
{
    (void)state;
    const char *text = getenv("SLUIS_TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    print_message("SLUIS_TEST_SEED=%llu\n", (unsigned long long)seed);
    struct chance c = {.seed = seed * 2654435761u + 1};
    static struct flips out;
    try_pairs("demonstration.yaml", &c, &out);
    try_pairs("complete.yaml", &c, &out);
    print_message("%lu pairs of decisions: %lu gained, %lu lost\n", out.evaluated, out.gained,
                  out.lost);
    assert_true(out.gained > 300);
    assert_true(out.lost > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diff_says_who_may_do_more_and_who_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
