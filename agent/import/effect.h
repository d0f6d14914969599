/* What becomes of a batch in the store after it was made: the broker's answer, its effect on what is
 * contributed, and its removal. Store thread, in writer jobs; each may run twice. */
#ifndef SLUIS_IMPORT_EFFECT_H
#define SLUIS_IMPORT_EFFECT_H

#include "agent/import/import_row.h"
#include "agent/records/batch_row.h"

struct accepted;
struct live_digest;

/* The broker accepted batch no: its promise, the head of its chain, what it added. ERR_NOT_FOUND: there
 * is no such batch (any more). */
enum err effect_accepted(struct store *s, struct kv_txn *txn, uint32_t no,
                         const struct accepted *reply, uint32_t today) MUST_CHECK;

/* The broker refused it: ERR_NOT_FOUND as above. */
enum err effect_refused(struct store *s, struct kv_txn *txn, uint32_t no) MUST_CHECK;

/* Applies items from position *at on, at most count of them, and moves *at; with *done the batch is
 * applied and its items are gone. today: the day that versions which end here are marked with. */
struct effect_slice {
    uint32_t no;
    size_t at;
    size_t count;
    uint32_t today;
    bool done;
    /* Data sets of the source in epochs that ended: what is withdrawn or said otherwise now is gone there too,
     * and answers nothing that is still open. The broker hears nothing of it. */
    const uint32_t *retired;
    size_t retired_count;
};
enum err effect_apply(struct store *s, struct kv_txn *txn, struct effect_slice *slice) MUST_CHECK;

/* A row that no rule admits now, or that was withdrawn, and that the epoch at hand has not got (yet): the data
 * sets of the source in epochs that ended lose it, so that it is copied from none of them. */
enum err effect_out(struct store *s, struct kv_txn *txn, const struct live_digest *key,
                    const struct effect_slice *of) MUST_CHECK;

/* What a batch of an epoch that ended has beside what the source said goes: header, signature, promise, the
 * secret of its salts, its leaves. An add batch that took effect stays as a row without them, with its
 * content; any other goes as a whole, at most max rows; *left: more is there. */
enum err effect_bare(struct store *s, struct kv_txn *txn, uint32_t no, size_t max,
                     bool *left) MUST_CHECK;

/* An accepted batch never takes effect, because the full import that it is of has failed; row: its row, as it is. It can be
 * sent again as one that did; nothing is held by it. Errors of the store. */
enum err effect_void(struct store *s, struct kv_txn *txn, uint32_t no, struct batch_row *row) MUST_CHECK;

/* Deletes what the store has of a batch that never took effect, at most max rows; *left: more is
 * there. */
enum err effect_purge(struct store *s, struct kv_txn *txn, uint32_t no, size_t max,
                      bool *left) MUST_CHECK;

#endif
