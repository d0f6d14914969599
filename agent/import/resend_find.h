/* The batch that follows the last one that a restored broker has. */
#ifndef SLUIS_IMPORT_RESEND_FIND_H
#define SLUIS_IMPORT_RESEND_FIND_H

#include "agent/store/store.h"
#include "proto/msg/hello.h"

struct view;

/* Why a batch cannot be made any more, for people. */
#define RESEND_DAMAGED "it is damaged in this agency's own store"

/* Whether the same may come out otherwise in a moment: it is nothing that was said, or stored. */
static inline bool resend_may_pass(enum err e)
{
    return e == ERR_NOMEM || e == ERR_CRYPTO || e == ERR_IO || e == ERR_NO_SPACE || e == ERR_AGAIN;
}

struct resend_batch {
    uint32_t no;          /* this agency's own number of it */
    struct digest digest; /* of its header */
    int64_t sent_s;       /* it was sent again no earlier than this (s since 1970 UTC): when its import began, or when it was first
                             accepted, by the promise that is kept with it */
};

/* The ends of this agency's chains; those that do not fit are counted. Of epochs that are active first, then of retired ones;
 * in any other nothing answers. Errors of the store. Any thread with the view. */
struct resend_ends {
    struct hello_chain *v; /* max of them */
    size_t max;
    size_t count;
    size_t left_out;
};
enum err resend_ends(struct store *s, struct kv_txn *txn, const struct view *view, struct resend_ends *out) MUST_CHECK;

/* Store thread: the batch behind the end was accepted again. Of one restore that the broker told of, or of none, no sequence is
 * sent a second time: whoever says that it lacks them does not have this agency send its whole history for ever. Errors of the
 * store. */
enum err resend_note_sent(struct store *s, struct kv_txn *txn, const struct hello_chain *end) MUST_CHECK;

/* Finds the batch of ours that the broker accepted behind its end, and appends its message to body. ERR_NOT_FOUND: it has
 * all; ERR_MISMATCH: its last batch is none of ours; ERR_STATE: what the batch was made of is damaged, or not here any more, or
 * it was sent again before, for the same restore; why tells.
 * Else errors of the store. Any thread. */
enum err resend_find(struct store *s, struct kv_txn *txn, const struct hello_chain *end, struct resend_batch *out,
                     struct buf *body, struct errmsg *why) MUST_CHECK;

#endif
