/* The next block of a log: what waits, shuffled among fillers, with the tree and the head that it gives. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_BLOCK_H
#define SLUIS_PKI_LOGBOOK_LOG_BLOCK_H

#include "pki/logbook/log_rows.h"

struct filler;

#define LOG_BLOCK_ENTRIES 4096u /* that one block takes from those that wait */

/* Store thread. At most LOG_BLOCK_ENTRIES of the entries that wait, the oldest, get their places behind the head of the
 * store; *to is the new one, which is in the transaction. ERR_INVALID (an entry without a row), ERR_LIMIT, ERR_NOMEM, ERR_CRYPTO, ERR_IO,
 * ERR_NO_SPACE: the transaction is to be given up. */
enum err log_block_next(const struct log_tables *t, struct filler *fillers, struct kv_txn *txn,
                        struct log_head *to) MUST_CHECK;

#endif
