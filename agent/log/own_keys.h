/* The keys that sign this agency's own log (decision 0415). One that comes into the folder is entered in the log before it
 * signs, and one that goes is entered, too; which of them the broker has cosigned is kept beside them, and tells when the
 * older may go. Loop thread. */
#ifndef SLUIS_AGENT_LOG_OWN_KEYS_H
#define SLUIS_AGENT_LOG_OWN_KEYS_H

#include "agent/log/keeping.h"
#include "pki/note.h"

struct doc_build;

/* What the store has. Errors as the store's; ERR_INVALID: damaged. */
enum err own_keys_read(struct log_keeping *k) MUST_CHECK;
/* The store follows the folder, with an entry for each key that came or went; waits for the commit. The first key of a
 * store has no entry. Where it fails the keys of before sign on. Errors as own_log_append. */
enum err own_keys_settle(struct log_keeping *k) MUST_CHECK;

/* The keys of the folder that the store has, for heads; 0: none. */
size_t own_keys_signers(const struct log_keeping *k, struct note_signer out[static LOG_KEEPER_SIGNERS]);
/* The verifier keys of the folder that signed this note, with their digests; where the folder has none of the keys under
 * which the broker cosigned last (they are lost, decision 0419), else those. ERR_NOT_FOUND: none; ERR_SIGNATURE: the line of
 * one fails. */
enum err own_keys_of_note(const struct log_keeping *k, const struct note *note, struct own_keys_named *out) MUST_CHECK;
/* Whether any of them signed it. Errors likewise. */
enum err own_keys_verify(const struct log_keeping *k, const struct note *note) MUST_CHECK;
/* Those of a list that signed the note. Errors likewise. */
enum err own_keys_among(const struct own_keys_named *list, const struct note *note, struct own_keys_named *out) MUST_CHECK;

/* The broker cosigned a head under these keys: kept soon, and again with the next line where that fails. */
void own_keys_witnessed(struct log_keeping *k, const struct own_log_keys *named);

/* For `status`: `keys`, the lines of those of the folder, and while the key changes `key_change`. */
void own_keys_put(const struct log_keeping *k, struct doc_build *d);

#endif
