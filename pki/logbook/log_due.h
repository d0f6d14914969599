/* When the body of each entry is erased, and how far the entries have got such a time. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_DUE_H
#define SLUIS_PKI_LOGBOOK_LOG_DUE_H

#include "pki/logbook/log_rows.h"

#define LOG_DUE_NOTE_MAX 96u

/* Entries before this index have their time; 0 at first. ERR_INVALID: damaged. */
enum err log_dated(const struct log_tables *t, struct kv_txn *txn, uint64_t *out) MUST_CHECK;
enum err log_put_dated(const struct log_tables *t, struct kv_txn *txn, uint64_t index) MUST_CHECK;

/* Notes that the body of entry is erased at due_s. note, at most LOG_DUE_NOTE_MAX bytes, comes back then. ERR_TOO_LARGE. */
struct log_due_row {
    int64_t due_s;
    const struct digest *entry;
    uint64_t index;
    struct bytes note;
};
enum err log_put_due(const struct log_tables *t, struct kv_txn *txn, const struct log_due_row *row) MUST_CHECK;

/* Whoever keeps lists of entries takes one off them; note is a copy. */
struct log_unlisting {
    enum err (*unlist)(void *arg, struct kv_txn *txn, uint64_t index, struct bytes note); /* NULL: nobody */
    void *arg;
};

/* In a writer job: erases, key first, at most max bodies whose time has come at now_s. ERR_INVALID: a damaged row. */
struct log_erasing {
    int64_t now_s;
    size_t max;
    struct log_unlisting lists;
};
enum err log_erase_due(const struct log_tables *t, struct kv_txn *txn, const struct log_erasing *how,
                       size_t *erased) MUST_CHECK;

#endif
