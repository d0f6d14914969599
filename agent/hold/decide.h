/* A decision: the bytes that an officer signs, and what becomes of them
 * (docs/protocol.md, "Consent"). */
#ifndef SLUIS_AGENT_HOLD_DECIDE_H
#define SLUIS_AGENT_HOLD_DECIDE_H

#include "agent/hold/desk.h"

/* What an officer asks for. */
struct wish {
    enum consent_decision decision;
    struct bytes code;         /* of a refusal */
    const struct name *fields; /* ascending, of a release */
    size_t field_count;
    const struct roster_officer *officer;
    const struct name *staff; /* its pseudonym */
};

/* A consent ready to be signed. */
struct draft {
    struct consent consent;
    bool replaces_first; /* the first signature does not stand any more: this one becomes the first */
    bool completes;      /* with this signature the decision is complete */
};

/* Everything that must hold before anybody signs: state, deadline, policy, function, fields within what is
 * asked, allowed and there, the rule's outcome, its grounds, another person than the first, and the same
 * words as the first. ERR_STATE, ERR_EXPIRED (its deadline has passed, or the policy that it names does not count here), ERR_PERMISSION,
 * ERR_NOT_FOUND, ERR_CONFLICT, ERR_MISMATCH, ERR_UNKNOWN; why is for the officer. Where the policy denies, ERR_PERMISSION with
 * d->decision->permit false. */
enum err decide_draft(const struct desk *d, const struct wish *w, struct draft *out,
                      struct errmsg *why) MUST_CHECK;

/* A signature that has been verified, for the store thread. */
struct decide_job {
    struct agent *agent;
    struct view *view;
    uint64_t number;
    struct consent_nonce nonce;
    size_t first_count;   /* signatures that stood when it was drafted */
    bool replaces_first;
    bool completes;
    struct name staff; /* who was asked to sign */
    struct signed_consent signed_consent;
    enum item_state state; /* out */
    struct errmsg why;     /* out */
};

/* That the signature of the job is by the officer's own key over exactly these bytes, and the officer may still
 * sign under the job's view; fills in the fingerprint of the certificate. ERR_PERMISSION, ERR_SIGNATURE. */
enum err decide_check_signature(struct decide_job *job, struct errmsg *why) MUST_CHECK;

/* Stores the signature, and with the last one the settlement, in one transaction. ERR_CONFLICT: the item
 * changed since; ERR_EXPIRED; else as the store. */
enum err decide_apply(struct kv_txn *txn, struct decide_job *job) MUST_CHECK;

/* Whether b differs from a in staff, function and time of signing at most. Both are exact bytes of a
 * consent. Errors of the decoder, ERR_MISMATCH, ERR_NOMEM. */
enum err decide_same_words(struct bytes a, struct bytes b, struct arena *arena) MUST_CHECK;

#endif
