#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "pki/cli/audit/log_dir.h"
#include "pki/cli/audit/options.h"
#include "pki/digest.h"
#include "proto/host/file.h"
#include "proto/log/proof_file.h"

/* Makes the proof and checks it before anyone gets it. */
static enum err make_proof(struct log_dir *l, uint64_t index, struct buf *out, struct errmsg *why)
{
    const struct checkpoint *c = &log_dir_head(l)->checkpoint;
    const struct node_reader nodes = log_dir_nodes(l);
    struct digest entry;
    struct proof_file p = {.has_extra = true, .index = index, .checkpoint = log_dir_note(l)};
    if (index >= c->size)
        return errmsg_set(why, ERR_RANGE, "the log has %llu entries, the first is 0",
                          (unsigned long long)c->size);
    enum err e = log_dir_entry(l, index, &entry);
    if (e == ERR_OK)
        e = prove_inclusion(digest_sha256, &nodes, index, c->size, &p.hashes);
    const struct merkle_path path = merkle_path_of(index, c->size, &p.hashes);
    if (e == ERR_OK)
        e = merkle_path_verify(digest_sha256, &entry, &path, &c->root);
    if (e != ERR_OK)
        return errmsg_set(why, e, "the tiles do not lead from entry %llu to the root: %s",
                          (unsigned long long)index, err_text(e));
    p.extra = digest_bytes(&entry);
    proof_file_write(&p, out);
    return buf_err(out);
}

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
        e = make_proof(l, o->index, &out, &why);
    if (e != ERR_OK)
        return options_fail("no proof", e, &why);
    if (o->output == NULL) {
        fwrite(out.ptr, 1, out.len, stdout);
        return EX_OK;
    }
    e = file_write(o->output, buf_bytes(&out), 0644, &why);
    return e == ERR_OK ? EX_OK : options_fail("no proof", e, &why);
}
