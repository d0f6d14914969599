/* Keeping what came back longer than its rule says: a decision of two persons with a reason, within
 * the rule's retention.extension. */
#ifndef SLUIS_AGENT_ASK_KEEP_H
#define SLUIS_AGENT_ASK_KEEP_H

#include "agent/ask/asked.h"

#define KEEP_REASON_MAX 500

/* Proposed by one person, confirmed by a second. */
struct keep {
    uint32_t days;
    struct bytes reason;
    struct name first; /* staff ids */
    struct name first_person;
    struct name second;
    int64_t at_s; /* of the last of the two */
};

static inline bool keep_is_confirmed(const struct keep *k)
{
    return k->second.s[0] != '\0';
}

/* One person's word on a request. */
struct keep_word {
    uint32_t days;
    struct bytes reason; /* empty where it confirms */
    struct name staff;
    struct name person;
    int64_t now_s;
    uint32_t most_days; /* retention.release and .extension of the rule together */
};

/* With a reason it proposes, in the place of what was proposed before and nobody confirmed, so that no proposal
 * stands in another's way; without one it confirms what another person proposed with the same number of days.
 * Then the request is kept so much longer. In a writer job. ERR_RANGE: no days, or more than the rule allows;
 * ERR_INVALID: there is no proposal and no reason; ERR_PERMISSION: the same person twice; ERR_MISMATCH:
 * another number of days than was proposed; ERR_STATE: confirmed already; else as store_put. why
 * tells. */
enum err keep_say(struct store *s, struct kv_txn *txn, struct asked *asked,
                  const struct keep_word *word, struct arena *a, struct keep *out,
                  struct errmsg *why) MUST_CHECK;

/* ERR_NOT_FOUND: nobody proposed anything. */
enum err keep_get(struct store *s, struct kv_txn *txn, const struct request_id *id, struct arena *a,
                  struct keep *out) MUST_CHECK;
enum err keep_delete(struct store *s, struct kv_txn *txn, const struct request_id *id) MUST_CHECK;

#endif
