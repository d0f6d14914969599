/* The agency's keys, unlocked from its key folder at start; purpose keys that come later are added. */
#ifndef SLUIS_AGENT_KEYS_H
#define SLUIS_AGENT_KEYS_H

#include <stdatomic.h>

#include "pki/key.h"
#include "pki/secret.h"
#include "proto/base/hash.h"
#include "proto/base/enums.h"
#include "proto/base/ids.h"
#include "proto/conf/config_common.h"
#include "proto/host/link.h"

struct agency_half;
struct agent_keys;
struct storage_keys;

#define KEYS_PURPOSES_MAX 256
#define AGENT_LOG_KEYS_MAX 2u /* of its own log: the one in use, and the next */

/* Reads every key file of the folder: one each with id signing, sealing and transport, one each with id witness and log where there is one, the next key of the log (log.next.key), the versions of the
 * storage key, and any number of purpose keys. ERR_NOT_FOUND (one is missing), ERR_DUPLICATE, ERR_PERMISSION,
 * ERR_SIGNATURE (passphrase), ERR_NOMEM …; why names the file and what to do. */
enum err agent_keys_load(const struct conf_service *service, struct agent_keys **out,
                         struct errmsg *why) MUST_CHECK;
void agent_keys_free(struct agent_keys *k);
DEFINE_CLEANUP(struct agent_keys, agent_keys_free)

/* Reads the folder anew and takes the purpose keys that are not loaded yet, and the versions of the storage
 * key and the keys of the own log that lie there now (where none does, that of before stays); purpose keys that were given out stay
 * valid, every other key stays as it is. *added:
 * how many purpose keys came. Errors as agent_keys_load, and
 * ERR_CONFLICT (another key of a purpose and epoch that are loaded); none is taken then. Loop thread. */
enum err agent_keys_reload(struct agent_keys *k, const struct conf_service *service, size_t *added,
                           struct errmsg *why) MUST_CHECK;

/* The three keys that a renewal replaces. */
enum keys_use {
    KEYS_SIGNING,
    KEYS_SEALING,
    KEYS_TRANSPORT,
    KEYS_USE_COUNT,
};

/* Whether the key in use is the one with this public half. */
bool agent_keys_is(const struct agent_keys *k, enum keys_use use, const struct key *public);

/* Puts NAME.next.key in the place of NAME.key where its public half is listed: the key that was sealed to so far
 * stays as NAME.former-HEX.key (keep_as: fingerprint of its certificate; NULL: it does not stay), then one rename, then
 * NAME.next.key is erased. Pointers to the key before stay valid. ERR_NOT_FOUND: no such key waits; else as
 * agent_keys_load; the key of before stays in use then. Loop thread. */
struct keys_taking {
    enum keys_use use;
    const struct key *listed;
    const struct digest *keep_as;
};
enum err agent_keys_take(struct agent_keys *k, const struct conf_service *service,
                         const struct keys_taking *t, struct errmsg *why) MUST_CHECK;

/* Erases a waiting key that is in use already, which an interrupted agent_keys_take leaves. As file_erase. */
enum err agent_keys_tidy(const struct agent_keys *k, struct errmsg *why) MUST_CHECK;

/* The P-256 key with this public half among all that were loaded or taken, former sealing keys too; NULL: none.
 * Any thread. */
const struct key *agent_keys_pair(const struct agent_keys *k, const struct key *public);

/* Whether this file name is of the former key whose certificate has this fingerprint. */
bool agent_keys_is_former(const char *file, const struct digest *fingerprint);

/* Erases the files of former keys for which is_ended says so. *erased counts. As file_erase. */
enum err agent_keys_erase(const struct conf_service *service,
                          bool (*is_ended)(void *arg, const char *file), void *arg,
                          size_t *erased) MUST_CHECK;

/* The passphrase of the folder's key files, for a key that is made there. Any thread. Errors as agent_keys_load. */
enum err agent_keys_passphrase(const struct conf_service *service, struct secret **out,
                               struct errmsg *why) MUST_CHECK;

const struct key *agent_keys_signing(const struct agent_keys *k);
const struct key *agent_keys_sealing(const struct agent_keys *k);
/* The Ed25519 key with which this agency cosigns the log; NULL: it is no witness. */
const struct key *agent_keys_witness(const struct agent_keys *k);
/* The one that signs its own log; NULL: the folder is older than such logs. Valid until a reload. */
const struct key *agent_keys_log(const struct agent_keys *k);
/* All that sign it: that one and, while the key is being changed, the next. Returns how many. Loop thread. */
size_t agent_keys_logs(const struct agent_keys *k, const struct key *out[static AGENT_LOG_KEYS_MAX]);
/* Every version of the storage key; valid until a reload. */
const struct storage_keys *agent_keys_storage(const struct agent_keys *k);

/* The CURVE key: its public half, and how link takes the secret one. k must outlive the link. */
void agent_keys_curve(const struct agent_keys *k, struct link_key *out);
struct link_secret agent_keys_curve_secret(const struct agent_keys *k);

/* One purpose key. Its two halves are for one thread each. Once listed it stays where it is: the store
 * thread may look at it while more are added. */
struct purpose_key {
    struct name purpose;
    uint32_t epoch;
    struct kcv kcv;
    struct agency_half *for_loop;
    struct agency_half *for_store;
    atomic_bool is_dropped; /* its epoch ended for good: the halves are gone, or about to go */
    char *file;             /* its key file, as it was last seen; NULL: it is not there any more */
};
/* All that were loaded, dropped ones too. */
size_t agent_keys_purposes(const struct agent_keys *k);
const struct purpose_key *agent_keys_purpose(const struct agent_keys *k, size_t i);
/* Takes a key out of use, wiping the loop's half. Returns the other, to be freed where no job of the store
 * thread can use it any more; NULL: it was dropped before. Loop thread. */
struct agency_half *agent_keys_drop(struct agent_keys *k, size_t i);
/* NULL where the agency has none, or it was dropped. */
const struct purpose_key *agent_keys_find(const struct agent_keys *k, const struct name *purpose,
                                          uint32_t epoch);

#endif
