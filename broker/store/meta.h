/* Single rows about the store itself: whose it is, what it has accepted, how far its clock has been. */
#ifndef SLUIS_BROKER_STORE_META_H
#define SLUIS_BROKER_STORE_META_H

#include "broker/store/store.h"
#include "pki/view/view.h"

/* Whose store this is. */
struct meta_identity {
    struct name deployment;
    struct agency_id oin;
};

/* First transaction of a start: writes schema and identity into a new store (*is_new), or compares.
 * ERR_VERSION: a newer schema; ERR_MISMATCH: another deployment's or broker's; why says what to do. */
enum err meta_check(struct store *s, struct kv_txn *txn, const struct meta_identity *id,
                    bool *is_new, struct errmsg *why) MUST_CHECK;

/* The highest serials and time ever accepted; all zero in a new store. ERR_INVALID: damaged;
 * ERR_LIMIT: of more holders or purposes than there are marks for. */
enum err meta_get_marks(struct store *s, struct kv_txn *txn, struct view_marks *out) MUST_CHECK;
enum err meta_put_marks(struct store *s, struct kv_txn *txn,
                        const struct view_marks *marks) MUST_CHECK;

/* Raises the time alone. */
enum err meta_raise_time(struct store *s, struct kv_txn *txn, int64_t now_s) MUST_CHECK;

/* A named row of bytes: the sealed filler key, the state of the log. ERR_NOT_FOUND. */
enum err meta_get(struct store *s, struct kv_txn *txn, const char *name,
                  struct bytes *out) MUST_CHECK;
enum err meta_put(struct store *s, struct kv_txn *txn, const char *name,
                  struct bytes value) MUST_CHECK;

/* Keeps a document by its digest, once. */
enum err meta_keep_document(struct store *s, struct kv_txn *txn, const struct digest *digest,
                            struct bytes document) MUST_CHECK;
/* The exact bytes; a view until the transaction ends. ERR_NOT_FOUND. */
enum err meta_get_document(struct store *s, struct kv_txn *txn, const struct digest *digest,
                           struct bytes *out) MUST_CHECK;

/* Every version of the policy that view has, with its signatures and when it ended here; what else stood
 * there goes. */
enum err meta_put_versions(struct store *s, struct kv_txn *txn,
                           const struct view *view) MUST_CHECK;
/* Those rows, copied into the arena. ERR_INVALID: damaged. */
enum err meta_get_versions(struct store *s, struct kv_txn *txn, struct arena *a,
                           const struct view_version **out, size_t *count) MUST_CHECK;

/* Whether this store was made from a copy and waits for its agents. The mark is set in copies. */
enum err meta_is_restored(struct store *s, struct kv_txn *txn, bool *out) MUST_CHECK;
enum err meta_set_restored(struct store *s, struct kv_txn *txn, int64_t copied_s) MUST_CHECK;
/* When the copy was made, at the earliest; 0: it is none, or one of before that was noted. */
enum err meta_get_copied(struct store *s, struct kv_txn *txn, int64_t *out) MUST_CHECK;
enum err meta_clear_restored(struct store *s, struct kv_txn *txn) MUST_CHECK;
/* When a restored store opened last; 0: never. */
enum err meta_put_reopened(struct store *s, struct kv_txn *txn, int64_t at_s) MUST_CHECK;
enum err meta_get_reopened(struct store *s, struct kv_txn *txn, int64_t *out) MUST_CHECK;

/* Agencies that have said hello to this store since it opened last. Of one that was never restored all have. Writer jobs but for
 * meta_was_heard; ERR_INVALID: damaged. */
enum err meta_put_heard(struct store *s, struct kv_txn *txn, const struct agency_id *agency) MUST_CHECK;
enum err meta_was_heard(struct store *s, struct kv_txn *txn, const struct agency_id *agency, bool *out) MUST_CHECK;
enum err meta_drop_heard(struct store *s, struct kv_txn *txn) MUST_CHECK;

#endif
