/* A log at its fixed interval (docs/audit-log.md): what waits becomes a block, the head is signed, tiles and checkpoint
 * are written, and whoever keeps the log hears of it. A stop between any two steps is taken up where it was; the log
 * never forks, because a head is fixed in the same transaction as its entries and Ed25519 signs it the same way twice.
 * Loop thread, unless said. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_KEEPER_H
#define SLUIS_PKI_LOGBOOK_LOG_KEEPER_H

#include "pki/logbook/logbook.h"
#include "pki/note.h"
#include "proto/log/note.h"

#define LOG_KEEPER_SIGNERS 2u /* of a head: the log's key, and during an overlap the next one */

struct clock;
struct kv;
struct log_keeper;
struct logbook_predecessor;
struct loop;
struct worker;
struct writer;

/* A head of the log and its signed note. */
struct log_signed_head {
    uint64_t size;
    struct bytes note; /* a view during the call */
};

/* What whose log it is says and does. Any may be NULL but signers and verify. */
struct log_keeper_calls {
    /* Whether a new head may be signed now; NULL: always. */
    bool (*may_sign)(void *arg);
    /* The keys that sign; 0: one is missing. */
    size_t (*signers)(void *arg, struct note_signer out[static LOG_KEEPER_SIGNERS]);
    /* Whether a key of this log, present, next or former, signed the note, and none fails. ERR_NOT_FOUND: none
     * signed; ERR_SIGNATURE. */
    enum err (*verify)(void *arg, const struct note *note);
    /* Any thread: the checkpoint is not shown by the keeper, but once its quorum is met. */
    bool (*shows_later)(void *arg);
    /* Store thread, in the transaction of a block. */
    enum err (*on_block)(void *arg, struct kv_txn *txn);
    /* Store thread, in the transaction after which the head counts as published: proofs go out. */
    enum err (*on_published)(void *arg, struct kv_txn *txn, const struct log_published *head);
    /* A job of the store thread ended so. */
    void (*saw)(void *arg, enum err result);
    /* A round ended well; head is the newest. */
    void (*went_well)(void *arg, const struct log_signed_head *head);
    /* A round ended with an error: nothing is published until one ends well. */
    void (*failed)(void *arg);
    /* At start: the checkpoint on disk is of this log's key and not in its store, which is an old copy. */
    void (*forked)(void *arg);
    /* Worker thread, or at start the calling one, in a read transaction: what must be on disk before the files show a
     * head of size `to`. */
    enum err (*on_files)(void *arg, struct kv_txn *txn, uint64_t to, struct errmsg *why);
};

struct log_keeper_params {
    struct logbook *logbook;
    struct kv *kv;
    struct loop *loop;
    struct writer *writer;
    struct worker *const *workers; /* *workers NULL: they are gone, a round ends where it is */
    const struct clock *clock;
    const char *origin;            /* borrowed, as all of these */
    const char *dir;               /* of the tiles */
    uint64_t publish_interval_ms;
    const struct digest *ceremony; /* of the log's beginning; NULL: none */
    const struct logbook_predecessor *predecessor; /* of the same; NULL: none. Needed until log_keeper_new returns */
    bool starts_behind; /* what cannot be published at start is left to the rounds, and `failed` is told */
    struct log_keeper_calls calls;
    void *arg;
};

/* Reads the state, makes the filler key in a new store, and publishes what a stop left unpublished (blocks for the
 * disk). Then runs by itself. A folder whose checkpoint a key of this log signed and this store does not contain is told
 * by `forked`, and nothing is written. ERR_IO, ERR_NO_SPACE, ERR_CRYPTO, ERR_NOMEM, ERR_STATE (a key is missing); why
 * tells. */
enum err log_keeper_new(const struct log_keeper_params *p, struct log_keeper **out,
                        struct errmsg *why) MUST_CHECK;
/* Stops the timer; a round under way must have ended (log_keeper_is_busy, or the writer and the worker pool have
 * drained). */
void log_keeper_free(struct log_keeper *k);
DEFINE_CLEANUP(struct log_keeper, log_keeper_free)

/* Starts a round now unless one is under way. */
void log_keeper_tick(struct log_keeper *k);
bool log_keeper_is_busy(const struct log_keeper *k);

/* The published size. */
uint64_t log_keeper_size(const struct log_keeper *k);

/* Whether the log contains the checkpoint of this note, which a key of this log signed. ERR_OK: it does, or the note is
 * empty. ERR_INVALID, ERR_SIGNATURE: no checkpoint of this log. ERR_MISMATCH: one of these keys signed it and the log
 * does not contain it: a fork, or an old copy. */
enum err log_keeper_contains(struct log_keeper *k, struct bytes note) MUST_CHECK;

#endif
