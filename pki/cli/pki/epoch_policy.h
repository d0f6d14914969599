/* What the policy says of a purpose whose key is dealt: who its custodian is, and who takes part. It is verified
 * here as a daemon does it, by two signers that the operator names (--policy, --signatures, --signer). */
#ifndef SLUIS_CLI_PKI_EPOCH_POLICY_H
#define SLUIS_CLI_PKI_EPOCH_POLICY_H

#include "pki/cli/pki/work.h"
#include "pki/trust_docs.h"

struct policy;
struct policy_file;
struct purpose;

struct epoch_policy {
    struct policy_file *file;
    const struct policy *policy;
    const struct purpose *purpose;
};

void epoch_policy_free(struct epoch_policy *p);

/* Reads and verifies it, and finds the purpose. It may come in force later; it may not be over. ERR_CONFIG
 * (an option is missing), ERR_EXPIRED, ERR_NOT_FOUND (no such purpose), else as view_verify_policy. */
enum err epoch_policy_read(struct work *w, const struct name *deployment, const struct name *purpose,
                           struct epoch_policy *out) MUST_CHECK;

/* ERR_PERMISSION: another one is the custodian. */
enum err epoch_policy_is_custodian(struct work *w, const struct epoch_policy *p,
                                   const struct agency_id *id) MUST_CHECK;

/* Fills d's participants: everyone whom policy and roster both list for the purpose, with the sealing
 * certificates of now, in the arena. ERR_NOMEM. */
enum err epoch_policy_list(struct work *w, const struct epoch_policy *p, const struct trust *t,
                           struct deal *d) MUST_CHECK;

/* Whether a statement is by the custodian and its list the policy's: nobody else is on it, and nobody left out
 * but those of --without, who joined since. ERR_PERMISSION, ERR_MISMATCH. */
enum err epoch_policy_check(struct work *w, const struct epoch_policy *p, const struct trust *t,
                            const struct deal *d) MUST_CHECK;

/* The bytes that two officers sign before a key is dealt (SIGN_PARTICIPANTS): join(deployment, purpose, epoch,
 * list of join(OIN, fingerprint of the sealing certificate)), appended. Both ends make them; nobody reads them. */
enum err epoch_policy_put_list(const struct deal *d, struct buf *out) MUST_CHECK;

/* The list for people or for JSON: whose key goes to whom, and the SHA-256 of those bytes, by which two parties
 * compare it in one line. */
enum err epoch_policy_show_list(struct work *w, const struct deal *d) MUST_CHECK;

#endif
