/* What the broker owes this agency: promises that an entry will stand in the log, the proofs that it
 * does, and the newest head of the log that was verified (docs/audit-log.md). */
#ifndef SLUIS_AGENT_RECEIPTS_H
#define SLUIS_AGENT_RECEIPTS_H

#include "agent/mail_in.h"
#include "proto/base/arena.h"
#include "proto/msg/reply.h"

struct agent;
struct kv_txn;
struct receipts;

/* Reads the last verified head from the store and starts to watch for missed promises. ERR_NOMEM,
 * ERR_IO, ERR_SIGNATURE. */
enum err receipts_new(struct agent *a, struct receipts **out, struct errmsg *why) MUST_CHECK;
void receipts_free(struct receipts *r);
DEFINE_CLEANUP(struct receipts, receipts_free)

/* A promise as it came: its exact bytes and signature. */
struct promise_bytes {
    struct bytes promise;
    struct bytes signature;
};

/* Loop thread: whether this is a promise of the broker of the view, of this deployment and of the log
 * that the roster names, or one that ended. Views of *out live in the arena. ERR_SIGNATURE, ERR_MISMATCH, or as
 * promise_decode. */
enum err receipts_check(const struct view *view, const struct promise_bytes *bytes, struct arena *a,
                        struct promise *out, struct errmsg *why) MUST_CHECK;

/* Loop thread: whether a message that this agency made at created_s (s since 1970 UTC) can stand in the log that a checked promise
 * names: the log of the roster; the one that this agency follows, where it was made before this agency saw that it has ended; or one that
 * it left later. ERR_MISMATCH: it cannot; else as store_get. */
enum err receipts_check_log(const struct receipts *r, const struct promise *p, int64_t created_s,
                            struct errmsg *why) MUST_CHECK;

/* Store thread: keeps a checked promise until its proof comes, and after. */
enum err receipts_put(struct receipts *r, struct kv_txn *txn, const struct promise_bytes *bytes,
                      const struct promise *promise) MUST_CHECK;

/* The promise and proof of an entry, in the arena; either may be empty. ERR_NOT_FOUND. */
struct receipt {
    struct bytes promise;
    struct bytes signature;
    struct bytes proof;
};
enum err receipts_get(struct receipts *r, struct kv_txn *txn, const struct digest *entry,
                      struct arena *a, struct receipt *out) MUST_CHECK;

/* The newest head that was verified goes up to this one: in a writer job, and then on the loop. The next hello tells the
 * broker of it. */
enum err receipts_put_head(struct receipts *r, struct kv_txn *txn, uint64_t head_size, struct bytes note) MUST_CHECK;
void receipts_saw_head(struct receipts *r, uint64_t size, const struct digest *root, struct bytes note);

/* The newest verified head is forgotten, since it is of a log that ended: in a writer job, and then on the loop. */
enum err receipts_drop_head(struct receipts *r, struct kv_txn *txn) MUST_CHECK;
void receipts_begin_anew(struct receipts *r);

/* The last note that was verified; empty at first. A view until the loop turns. */
struct bytes receipts_checkpoint(const struct receipts *r);

struct receipts_info {
    uint64_t due;    /* promises whose proof may still be on its way */
    uint64_t late;   /* over, and no proof though the session was open for long enough */
    uint64_t missed; /* over, and the log shows what was committed later */
    uint64_t size;   /* of the verified head */
    struct digest root;
    bool has_head;
    bool forked; /* a verified head contradicts an earlier one */
    uint64_t unsent;       /* entries of messages in this agency's name that it did not send, ever */
    uint64_t unsent_index; /* of the last of them, and when it was noticed */
    int64_t unsent_s;
};
/* As of the last look, at most a few seconds ago. */
void receipts_info(const struct receipts *r, struct receipts_info *out);

/* Proof files in the mailbox. */
extern const struct mail_owner receipts_proof_owner;

#endif
