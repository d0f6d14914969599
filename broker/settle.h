/* A holder's decision on its way to the requester (docs/protocol.md, "Consent"): what settle.c and
 * its parts share. The handler itself is settle_handler in turn.h. */
#ifndef SLUIS_BROKER_SETTLE_H
#define SLUIS_BROKER_SETTLE_H

#include "broker/held.h"
#include "broker/store/asks.h"
#include "broker/store/match_rows.h"
#include "broker/turn.h"
#include "proto/msg/consent.h"

#define SETTLE_SKEW_S 300 /* signed_at may lie so far outside */

/* The decoded message and what was found for it; lives in the turn's arena. */
struct settle_turn {
    struct settle settle;
    struct consent consents[2]; /* settle.consent_count of them, equal but for their signer */
    const struct roster_officer *officers[2];
    struct digest consents_digest;
    struct match_key key;
    struct ask_read asked;
    const struct policy *policy; /* that the header names */
    const struct rule *rule;
    const struct party *holder;
    struct held_match match;
};

/* Whether the requester is told of a decision: as far as the rule's outcome goes, and of a refusal only
 * where its ground is one that the requester may know. */
bool settle_is_forwarded(const struct rule *rule, const struct consent *consent);

/* The checks that need no store: each refuses with a text of its own, or leaves the turn as it is.
 */
enum err settle_check_bound(struct turn *t, struct settle_turn *s);
enum err settle_check_times(struct turn *t, struct settle_turn *s);
enum err settle_check_rule(struct turn *t, struct settle_turn *s);
enum err settle_check_sealing(struct turn *t, struct settle_turn *s);
enum err settle_check_officers(struct turn *t, struct settle_turn *s);
enum err settle_check_decision(struct turn *t, struct settle_turn *s);
enum err settle_check_fields(struct turn *t, struct settle_turn *s);

/* Those on what the broker matched itself and on the record (store thread); first that the index has all of the holder's
 * batches again, which passes. */
enum err settle_check_awaited(struct turn *t, struct kv_txn *txn, struct settle_turn *s) MUST_CHECK;
enum err settle_check_match(struct turn *t, struct kv_txn *txn, struct settle_turn *s) MUST_CHECK;
enum err settle_check_batch(struct turn *t, struct kv_txn *txn, struct settle_turn *s) MUST_CHECK;
enum err settle_check_live(struct turn *t, struct kv_txn *txn, struct settle_turn *s) MUST_CHECK;

#endif
