#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "pki/cli/audit/options.h"
#include "pki/cli/audit/prove_file.h"
#include "proto/host/file.h"
#include "proto/log/proof_file.h"

int run_prove(const struct options *o)
{
    struct errmsg why = {0};
    struct audit_policy *policy CLEANUP(cleanup_audit_policy_free) = NULL;
    struct log_dir *l CLEANUP(cleanup_log_dir_close) = NULL;
    struct buf out CLEANUP(buf_free) = buf_new(PROOF_FILE_MAX_BYTES);
    if (o->audit_policy == NULL || o->log == NULL) {
        fprintf(stderr, "sluis-audit: prove needs --audit-policy and --log\n");
        return EX_USAGE;
    }
    enum err e = log_policy_read(o->audit_policy, &policy, &why);
    if (e == ERR_OK)
        e = log_dir_open(o->log, policy, &l, &why);
    if (e == ERR_OK)
        e = prove_file(l, o->index, &out, &why);
    if (e != ERR_OK)
        return options_fail("no proof", e, &why);
    if (o->output == NULL) {
        fwrite(out.ptr, 1, out.len, stdout);
        return EX_OK;
    }
    e = file_write(o->output, buf_bytes(&out), 0644, &why);
    return e == ERR_OK ? EX_OK : options_fail("no proof", e, &why);
}
