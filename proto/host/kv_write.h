/* Write transactions by hand: for the writer, for tools that own a store alone (restore,
 * migration), and for tests. Daemons submit jobs to the writer instead. */
#ifndef SLUIS_HOST_KV_WRITE_H
#define SLUIS_HOST_KV_WRITE_H

#include "proto/host/kv.h"

/* Waits for the write lock. Begin, use and end on one thread. ERR_NO_SPACE, ERR_NOMEM, ERR_IO. */
enum err kv_write_begin(struct kv *k, struct kv_txn **out) MUST_CHECK;

/* A transaction inside parent, which must not be used until the child has ended. */
enum err kv_write_child(struct kv_txn *parent, struct kv_txn **out) MUST_CHECK;

/* Commits and frees t in every case. A child's changes move to its parent; a parent's are on disk
 * when this returns ERR_OK, and none is there after any error (ERR_NO_SPACE, ERR_IO). */
enum err kv_write_commit(struct kv_txn *t) MUST_CHECK;

/* Drops all changes and frees t. NULL is a no-op. */
void kv_write_abort(struct kv_txn *t);
DEFINE_CLEANUP(struct kv_txn, kv_write_abort)

#endif
