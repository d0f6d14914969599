/* One log of this daemon: entries with their bodies, written in the same transaction as what they tell of, and
 * opened again; the key of its fillers (docs/audit-log.md). What becomes of the entries: log_keeper.h. */
#ifndef SLUIS_PKI_LOGBOOK_LOGBOOK_H
#define SLUIS_PKI_LOGBOOK_LOGBOOK_H

#include "pki/logbook/log_rows.h"
#include "pki/secret.h"
#include "proto/json/audit_body.h"

struct logbook;
struct vault;

struct logbook_params {
    const struct log_tables *tables; /* copied */
    struct vault *records;           /* under which the bodies' keys lie; borrowed, outlives the logbook */
};

/* ERR_NOMEM. */
enum err logbook_new(const struct logbook_params *p, struct logbook **out) MUST_CHECK;
void logbook_free(struct logbook *b);
DEFINE_CLEANUP(struct logbook, logbook_free)

const struct log_tables *logbook_tables(const struct logbook *b);

/* What is to be written. Ids are salted before they are; NULL: absent. */
struct logbook_new_entry {
    struct audit_body *body; /* of the caller; salt and digests of ids are filled in here */
    const struct digest *request;
    const struct case_id *case_id;
    const struct message_id *message;
    bool hidden_from_actor;
    bool hidden_from_peer;
    bool is_promised;
};

/* Store thread: writes body and pending entry; *entry is the 32-byte entry. ERR_NO_SPACE, ERR_IO, ERR_CRYPTO,
 * ERR_NOMEM, or as audit_body_write: then nothing may take effect. */
enum err logbook_append(struct logbook *b, struct kv_txn *txn, const struct logbook_new_entry *n,
                        struct digest *entry) MUST_CHECK;

/* The evaluator's whole input (NULL: none), and up to 16 values that the act adds to it, as facts of a body. The array
 * lives in the arena, its texts where they were. ERR_NOMEM. */
struct logbook_facts {
    const struct facts *facts;
    const struct audit_fact *more;
    size_t more_count;
};
enum err logbook_put_facts(const struct logbook_facts *f, struct arena *a,
                           struct audit_body *body) MUST_CHECK;

/* Opens a body that was read in txn, appended to out. ERR_NOT_FOUND (a filler, or erased), ERR_SIGNATURE, ERR_MISMATCH,
 * ERR_CRYPTO. */
enum err logbook_open_body(struct logbook *b, struct kv_txn *txn, const struct digest *entry,
                           struct buf *out) MUST_CHECK;

/* Any thread: appends the terms by which entries of these names are listed (log_named.h); none in a store without such
 * lists, or whose key of them does not open. ERR_LIMIT, ERR_NOMEM, ERR_CRYPTO, ERR_IO. */
struct log_names;
struct log_terms;
enum err logbook_terms(struct logbook *b, struct kv_txn *txn, const struct log_names *names,
                       struct log_terms *to) MUST_CHECK;

/* Whether a body that did not open is damaged, or lies under a key that is gone: others may still open. */
bool logbook_is_damage(enum err e);

/* F as hex, appended; for an auditor. The caller wipes it. ERR_NOT_FOUND, ERR_SIGNATURE, ERR_CRYPTO. */
enum err logbook_put_filler_hex(struct logbook *b, struct kv_txn *txn, struct buf *out) MUST_CHECK;

/* F; the caller's. Errors as logbook_put_filler_hex, ERR_NOMEM. */
enum err logbook_get_filler(struct logbook *b, struct kv_txn *txn, struct secret **out) MUST_CHECK;

/* What the first entry of a log says beside its own. */
struct logbook_beginning {
    int64_t now_s;
    const struct digest *ceremony; /* with which the register was opened; NULL: none, or not told here */
    const struct logbook_predecessor *predecessor; /* the log that it goes on from; NULL: it is the first */
};

/* The last head of the log of before (decision 0408). */
struct logbook_predecessor {
    struct bytes origin;
    uint64_t size;
    struct digest root;
};

/* Store thread, at start: the filler key F, made and kept in a new store together with the log's first entry, which
 * carries its commitment. */
enum err logbook_filler_key(struct logbook *b, struct kv_txn *txn, const struct logbook_beginning *at,
                            struct secret **out) MUST_CHECK;

/* Seals a row of the tables `keys` and `state` under the vault's current version, appended to out. ERR_EXISTS: it lies
 * under that already, or is not sealed. Errors as body_rewrap and vault_renew. */
enum err logbook_renew_body_key(struct vault *v, struct bytes key, struct bytes value,
                                struct buf *out) MUST_CHECK;
enum err logbook_renew_state(struct vault *v, struct bytes key, struct bytes value,
                             struct buf *out) MUST_CHECK;

#endif
