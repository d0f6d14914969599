/* Protected persons of this agency: an HMAC of each identifier under a key of its own (docs: no value
 * lies on disk, and nobody can list whom it holds; a value can only be asked for). */
#ifndef SLUIS_PROTECTED_PROTECTED_LIST_H
#define SLUIS_PROTECTED_PROTECTED_LIST_H

#include "agent/store/store.h"
#include "proto/ident/ident.h"

/* Any thread. */
struct protected_list;

/* s is borrowed. ERR_NOMEM, ERR_CRYPTO. */
enum err protected_list_new(struct store *s, struct protected_list **out) MUST_CHECK;
void protected_list_free(struct protected_list *l);
DEFINE_CLEANUP(struct protected_list, protected_list_free)

/* Whether the identifier is on the list; any transaction. True also where the list cannot be read. */
bool protected_list_has(struct protected_list *l, struct kv_txn *txn,
                        const struct norm_ident *ident);

/* By what the list knows an identifier; reveals nothing without the agency's key. For what is kept of an
 * identifier and must be recognised later. ERR_CRYPTO. */
#define PROTECTED_KEY_BYTES 32
struct protected_key {
    uint8_t b[PROTECTED_KEY_BYTES];
};
enum err protected_list_key(struct protected_list *l, const struct norm_ident *ident,
                            struct protected_key *out) MUST_CHECK;
/* Whether it is on the list; any transaction. ERR_NOT_FOUND: it is not; any other error: nobody can tell. */
enum err protected_list_find(struct protected_list *l, struct kv_txn *txn,
                             const struct protected_key *key) MUST_CHECK;

/* In a writer job. *changed: it was not there, or was there. Errors as store_put and store_del. */
enum err protected_list_add(struct protected_list *l, struct kv_txn *txn,
                            const struct norm_ident *ident, bool *changed) MUST_CHECK;
enum err protected_list_remove(struct protected_list *l, struct kv_txn *txn,
                               const struct norm_ident *ident, bool *changed) MUST_CHECK;

/* How many identifiers are on the list. Any transaction. */
enum err protected_list_count(struct protected_list *l, struct kv_txn *txn,
                              uint64_t *out) MUST_CHECK;

#endif
