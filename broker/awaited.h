/* What a restored store lacks of the agencies' batches: known from their hello, and awaited until they have sent it again.
 * Meanwhile none of those records answers (decision 0416). */
#ifndef SLUIS_BROKER_AWAITED_H
#define SLUIS_BROKER_AWAITED_H

#include "broker/broker.h"
#include "proto/base/arena.h"
#include "proto/msg/hello.h"

struct doc;
struct kv_txn;

/* How far its chains are, in an agency's own words. */
struct awaited_said {
    const struct view *view;
    const struct agency_id *agency;
    const struct hello_chain *chains;
    size_t count;
};

/* Whether that is another state than the store has, or the first that it says since the store was restored. Any transaction. ERR_IO, ERR_INVALID. */
enum err awaited_is_news(struct broker *b, struct kv_txn *txn, const struct awaited_said *said, bool *out) MUST_CHECK;

/* Writer job: notes it, with an entry where it is another state. Errors as audit_append. */
enum err awaited_note(struct broker *b, struct kv_txn *txn, const struct awaited_said *said) MUST_CHECK;

/* Whether a question to this holder waits: batches of it are awaited there, or it has not said hello to this store since it was
 * restored, and the store may lack all that it contributed. Where the store has a row of that chain, index_is_awaited says as
 * much. Any transaction. ERR_IO, ERR_INVALID. */
struct index_query;
enum err awaited_is(struct broker *b, struct kv_txn *txn, const struct index_query *q, bool *out) MUST_CHECK;

/* The store's end of each chain of this agency of which batches are awaited; in the arena, at most HELLO_CHAINS_MAX. Any
 * transaction. */
struct awaited_list {
    const struct hello_chain *v;
    size_t count;
};
enum err awaited_lacking(struct broker *b, struct kv_txn *txn, const struct agency_id *agency, struct arena *a,
                         struct awaited_list *out) MUST_CHECK;

/* Writer job, when a restored broker opens: agencies that are not among these have not said how far they were, so that
 * nothing of theirs answers until they do, also of those of which the store has nothing. */
enum err awaited_all_but(struct broker *b, struct kv_txn *txn, const struct agency_id *heard, size_t count) MUST_CHECK;

/* For status: each member that was not heard since the restore, and each chain of a member that is awaited, and from where to
 * where; NULL without memory or where the store cannot be read. */
struct doc *awaited_doc(struct broker *b);

#endif
