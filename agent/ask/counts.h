/* How much this agency asked lately, counted durably over rolling windows. The broker counts too and
 * has the last word; here a case worker hears it before anything leaves.
 *
 * Whether two identifiers are the same is judged on a MAC under a key of this agency's own, which is
 * all that the rows hold of them. Any transaction for reads, store thread for writes. */
#ifndef SLUIS_AGENT_ASK_COUNTS_H
#define SLUIS_AGENT_ASK_COUNTS_H

#include "agent/ask/subject.h"
#include "agent/store/store.h"

#define COUNTS_DAY_S 86400
#define COUNTS_KEEP_DAYS 400 /* rows older than any period go */

struct mac;

#define COUNTS_MARK_BYTES 16 /* of the MAC: two of a million collide once in 10^26 */

/* An identifier under a purpose, as the rows know it. */
struct counts_mark {
    uint8_t b[COUNTS_MARK_BYTES];
};

/* The request to be counted. */
struct counts_ask {
    struct store *store;
    int64_t now_s;
    struct request_id request;
    struct case_id case_id;
    struct name staff;
    struct name purpose;
    uint32_t period_days;
    const struct counts_mark *marks; /* of its identifiers as they were given, those of all subjects */
    size_t mark_count;
};

/* By what an identifier is counted; mac: under LABEL_DISTINCT, one thread at a time. ERR_CRYPTO. */
enum err counts_mark_of(struct mac *mac, const struct name *purpose, const struct norm_ident *id,
                        struct counts_mark *out) MUST_CHECK;

/* All of them with this request. */
struct counts {
    int64_t requests_today_agency;
    int64_t requests_today_officer;
    int64_t unique_in_case;
    int64_t unique_in_period;
};

/* Errors as store_next. */
enum err counts_read(const struct counts_ask *q, struct kv_txn *txn,
                     struct counts *out) MUST_CHECK;

/* Counts it. The same request twice counts once. Errors as store_put. */
enum err counts_add(const struct counts_ask *q, struct kv_txn *txn) MUST_CHECK;

/* Removes what it knows of a case. Errors as kv_del_prefix. */
enum err counts_forget_case(struct store *s, struct kv_txn *txn,
                            const struct case_id *id) MUST_CHECK;

/* Removes at most max rows that no window sees any more. */
enum err counts_prune(struct store *s, struct kv_txn *txn, int64_t now_s, size_t max) MUST_CHECK;

#endif
