/* Takes up what a published folder has and the store, an old copy, lacks: the same entries in the same places, so that the
 * log goes on from its newest head and never forks. Their bodies are not in the folder. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_ADOPT_H
#define SLUIS_PKI_LOGBOOK_LOG_ADOPT_H

#include "pki/logbook/log_rows.h"
#include "proto/log/checkpoint.h"
#include "proto/log/entry.h"

struct log_adoption {
    const struct log_tables *tables;
    struct tile_source files;    /* of the folder */
    const struct checkpoint *to; /* its head, whose signature was found good */
    struct filler_source fillers; /* of this log */
};

/* Store thread. Entries behind the store's own, up to that head; those that waited in the store and stand among them get
 * their places, and their senders are owed the proofs. *lost: how many are no fillers
 * and have no row here, so that their bodies are lost to this store. ERR_RANGE: the head is not greater; ERR_MISMATCH: the entries of store and folder do not
 * give its root; ERR_NOT_FOUND, ERR_INVALID: the folder lacks an entry; ERR_NOMEM, ERR_CRYPTO, ERR_IO, ERR_NO_SPACE. On an
 * error the transaction is to be given up. */
enum err log_adopt(const struct log_adoption *a, struct kv_txn *txn, uint64_t *lost) MUST_CHECK;
/* What an error of it says to people. */
const char *log_adopt_words(enum err e);

#endif
