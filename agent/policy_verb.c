/* The verb `policy`: a version of the policy that this agency has verified, by its digest. For whoever
 * explains an old decision. */
#include <sysexits.h>

#include "agent/agent.h"
#include "agent/core.h"
#include "agent/trust.h"
#include "proto/base/text.h"
#include "proto/host/kv.h"

#define POLICY_ARENA_BYTES ((size_t)16 << 20)

static enum err read_version(const struct agent *a, const struct doc *args, struct arena *arena,
                             struct bytes *out, struct errmsg *why)
{
    struct digest digest;
    struct bytes hex;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = doc_get_text(args, "digest", 2 * sizeof digest.b, &hex, why);
    if (bad == ERR_OK && text_get_hex(hex, digest.b, sizeof digest.b) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "digest is 64 hex digits");
    if (bad == ERR_OK)
        bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = agent_trust_version(a->store, txn, &digest, arena, out);
    if (bad == ERR_NOT_FOUND)
        return errmsg_set(why, bad, "this agency never verified a policy with this digest");
    return bad;
}

void core_policy(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(POLICY_ARENA_BYTES);
    struct errmsg why = {""};
    struct bytes policy;
    enum err bad = arena == NULL ? ERR_NOMEM
                                 : read_version(call_agent(c), args, arena, &policy, &why);
    if (bad != ERR_OK) {
        call_error(c, bad, &why);
        return;
    }
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_text(&b, "policy", policy);
    bad = doc_build_done(&b);
    if (bad == ERR_OK)
        call_ok(c, take(d));
    else
        call_error(c, bad, NULL);
}
