/* Which of its keys the broker uses under a view. Nothing else remembers it: whoever asks with the view of a turn
 * gets the keys of that turn, on every thread, before and after a rotation (decision 0902). */
#ifndef SLUIS_BROKER_OWN_KEYS_H
#define SLUIS_BROKER_OWN_KEYS_H

#include "broker/keys.h"
#include "pki/note.h"
#include "pki/view/view.h"

#define OWN_LOGS_MAX 2

/* Whether the folder has every key that the roster lists for the broker with this OIN and log: else nobody would
 * believe it, or it could not serve. ERR_MISMATCH, ERR_CRYPTO; why says which key is missing. */
struct own_keys {
    const struct broker_keys *keys;
    const struct view *view;
};
enum err own_keys_check(const struct own_keys *of, const struct agency_id *oin,
                        struct errmsg *why) MUST_CHECK;

/* The P-256 key that signs; borrowed, any thread. NULL: the folder lacks it. */
const struct key *own_signing(const struct own_keys *of);

/* The one by which whoever knows the roster with this serial verifies: a party behind the view of `of` may know only
 * the key of before, and one that is not takes that too (decision 0903). The newest former key that is here, else
 * the present one. */
const struct key *own_signing_for(const struct own_keys *of, uint64_t known_roster);

/* The CURVE key of the roster; the one that comes, NULL without a rotation. Borrowed. */
const struct key *own_transport(const struct own_keys *of);
const struct key *own_next_transport(const struct own_keys *of);

/* Who signs the log's heads: its key, and during an overlap the next one too. origin names both. Returns how many;
 * 0: the folder lacks one. */
size_t own_logs(const struct own_keys *of, struct bytes origin,
                struct note_signer out[static OWN_LOGS_MAX]);

/* Loop thread: v is in force from now on; broker_signing_key follows. Only a view that own_keys_check let pass. */
void own_keys_use(struct broker_keys *keys, const struct view *v);

/* Whether a key of this log, present, next or former, signed the note, and none fails. ERR_NOT_FOUND: none signed;
 * ERR_SIGNATURE. */
enum err own_logs_verify(const struct view *v, const struct note *note) MUST_CHECK;

#endif
