/* Any bytes as a policy file. What loads is shown, searched for findings, and runs its own tests.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/conf/policy_load.h"
#include "proto/policy/dump.h"
#include "proto/policy/explain.h"
#include "proto/policy/findings.h"
#include "proto/policy/selftest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *ctx, const struct finding *f)
{
    (void)ctx;
    if (f->path[0] == '\0' || f->text[0] == '\0')
        abort();
}

static void run_tests(const struct policy *p)
{
    for (uint32_t i = 0; i < p->tests_count && i < 64; i++) {
        struct decision d;
        struct buf out = buf_new(1 << 20);
        (void)selftest_run(p, &p->tests[i], &d);
        if (d.permit != (d.failures_count == 0))
            abort();
        explain_decision(&out, p, &d, LANGUAGE_NL);
        buf_free(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(cleanup_policy_file_free) struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    if (policy_file_load(bytes_of(data, size), "fuzz", &f, &why) != ERR_OK)
        return 0;
    struct buf out = buf_new(1 << 24);
    dump_policy(&out, policy_file_policy(f));
    buf_free(&out);
    if (policy_findings(policy_file_policy(f), 1780300800, ignore, NULL) != ERR_OK)
        abort();
    run_tests(policy_file_policy(f));
    return 0;
}
