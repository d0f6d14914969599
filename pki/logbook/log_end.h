/* The end of a log and the beginning of its successor in the same store (decision 0408): what waits gets into the last
 * blocks, behind which there is none; later the rows of that log go, and another log begins with what waited meanwhile. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_END_H
#define SLUIS_PKI_LOGBOOK_LOG_END_H

#include "pki/logbook/logbook.h"

/* Where the log of this store ended. Texts, when read: views of the transaction. */
struct log_end {
    struct bytes origin;
    struct bytes successor; /* the origin of the log that goes on */
    uint64_t size;          /* of the last head */
    struct digest root;
};

/* ERR_NOT_FOUND: it goes on; ERR_INVALID: damaged. */
enum err log_get_end(const struct log_tables *t, struct kv_txn *txn, struct log_end *out) MUST_CHECK;

/* Store thread. The entry log.retired, and blocks until nothing waits: it stands in the last of them. From this transaction on no
 * block is made. ERR_EXISTS: it ended so before; ERR_CONFLICT: with another successor; else as logbook_append and
 * log_block_next: the transaction is to be given up. */
struct log_ending {
    struct logbook *logbook;
    struct bytes origin;
    struct bytes successor;
    int64_t now_s;
};
enum err log_end(const struct log_ending *of, struct kv_txn *txn, struct log_end *out) MUST_CHECK;

/* Store thread. The tree, bodies and rows of the log that ended go, and its successor begins with log.started (`at`) and
 * what waited. ERR_STATE: the log has not ended; ERR_NOMEM: too much waits; else as logbook_filler_key: the transaction is
 * to be given up. */
enum err log_succeed(struct logbook *b, struct kv_txn *txn, const struct logbook_beginning *at) MUST_CHECK;

#endif
