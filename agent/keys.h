/* The agency's keys, unlocked at start from its key folder. */
#ifndef SLUIS_AGENT_KEYS_H
#define SLUIS_AGENT_KEYS_H

#include "pki/key.h"
#include "pki/secret.h"
#include "proto/base/enums.h"
#include "proto/base/ids.h"
#include "proto/conf/config_common.h"
#include "proto/host/link.h"

struct agency_half;
struct agent_keys;

#define KEYS_PURPOSES_MAX 256

/* Reads every key file of the folder: one each with id signing, sealing, transport and storage, and
 * any number of purpose keys. ERR_NOT_FOUND (one is missing), ERR_DUPLICATE, ERR_PERMISSION,
 * ERR_SIGNATURE (passphrase), ERR_NOMEM …; why names the file and what to do. */
enum err agent_keys_load(const struct conf_service *service, struct agent_keys **out,
                         struct errmsg *why) MUST_CHECK;
void agent_keys_free(struct agent_keys *k);
DEFINE_CLEANUP(struct agent_keys, agent_keys_free)

const struct key *agent_keys_signing(const struct agent_keys *k);
const struct key *agent_keys_sealing(const struct agent_keys *k);
const struct secret *agent_keys_storage(const struct agent_keys *k);

/* The CURVE key: its public half, and how link takes the secret one. k must outlive the link. */
void agent_keys_curve(const struct agent_keys *k, struct link_key *out);
struct link_secret agent_keys_curve_secret(const struct agent_keys *k);

/* One purpose key. Its two halves are for one thread each. */
struct purpose_key {
    struct name purpose;
    uint32_t epoch;
    struct kcv kcv;
    struct agency_half *for_loop;
    struct agency_half *for_store;
};
size_t agent_keys_purposes(const struct agent_keys *k);
const struct purpose_key *agent_keys_purpose(const struct agent_keys *k, size_t i);
/* NULL where the agency has none. */
const struct purpose_key *agent_keys_find(const struct agent_keys *k, const struct name *purpose,
                                          uint32_t epoch);

#endif
