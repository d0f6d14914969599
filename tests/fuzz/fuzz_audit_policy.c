/* Audit policy files: the quorum is never met by nobody unless it is none. */
#include <stdlib.h>

#include "pki/digest.h"
#include "proto/log/audit_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct audit_policy *p = NULL;
    struct errmsg why;
    if (audit_policy_parse(digest_sha256, bytes_of(data, size), &p, &why) != ERR_OK)
        return 0;
    const bool nobody[AUDIT_POLICY_MAX_WITNESSES] = {false};
    if (audit_policy_quorum_met(p, nobody) != audit_policy_quorum_none(p))
        abort();
    if (audit_policy_logs(p) == 0)
        abort();
    audit_policy_free(p);
    return 0;
}
