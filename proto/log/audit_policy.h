/* The file by which a reader of the log says whom it believes (C2SP tlog-policy form): the log's
 * keys, witnesses' keys, groups and a quorum. */
#ifndef SLUIS_LOG_AUDIT_POLICY_H
#define SLUIS_LOG_AUDIT_POLICY_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/hash.h"
#include "proto/log/vkey.h"

#define AUDIT_POLICY_MAX_BYTES (256u << 10)
#define AUDIT_POLICY_MAX_LOGS 16u
#define AUDIT_POLICY_MAX_WITNESSES 128u

/* Lines, in any order but names before their use; '#' starts a comment line:
 *   log VKEY [URL]
 *   witness NAME VKEY [URL]
 *   group NAME all|any|NUMBER MEMBER...
 *   quorum NAME|none                                   exactly once */
struct audit_policy;

/* ERR_TOO_LARGE, ERR_INVALID, ERR_DUPLICATE, ERR_UNKNOWN, ERR_MISMATCH (a key id), ERR_NOMEM; why
 * carries the line. */
enum err audit_policy_parse(sha256_fn sha, struct bytes text, struct audit_policy **out,
                            struct errmsg *why) MUST_CHECK;
void audit_policy_free(struct audit_policy *p);
DEFINE_CLEANUP(struct audit_policy, audit_policy_free)

size_t audit_policy_logs(const struct audit_policy *p);
const struct vkey *audit_policy_log(const struct audit_policy *p, size_t i);

size_t audit_policy_witnesses(const struct audit_policy *p);
const struct vkey *audit_policy_witness(const struct audit_policy *p, size_t i);
const char *audit_policy_witness_name(const struct audit_policy *p, size_t i);

/* Is the quorum "none"? */
bool audit_policy_quorum_none(const struct audit_policy *p);

/* Do the witnesses whose flag is set (one flag for each witness) make the quorum? */
bool audit_policy_quorum_met(const struct audit_policy *p, const bool *cosigned);

#endif
