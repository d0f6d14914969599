#include "pki/cli/audit/prove_file.h"

#include "pki/digest.h"
#include "proto/log/proof_file.h"

enum err prove_file(struct log_dir *l, uint64_t index, struct buf *out, struct errmsg *why)
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
