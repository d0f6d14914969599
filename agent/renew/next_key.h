/* The next key of a use, in the key folder beside the one in use: signing.next.key beside signing.key. It is made
 * once, before anybody is asked to certify it, and found again after whatever stopped the agent. */
#ifndef SLUIS_AGENT_RENEW_NEXT_KEY_H
#define SLUIS_AGENT_RENEW_NEXT_KEY_H

#include "pki/key.h"
#include "proto/conf/config_common.h"
#include "proto/msg/renewal.h"

struct next_key_place {
    const struct conf_service *service; /* key folder */
    const struct secret *passphrase;    /* of its files */
    int64_t now_s;
};

/* Opens it, or makes it. Takes as long as a passphrase costs: for a worker. ERR_SIGNATURE (passphrase, or a changed
 * file), ERR_PERMISSION, ERR_NO_SPACE, ERR_IO, ERR_CRYPTO, ERR_NOMEM; why names the file. */
enum err next_key_get(const struct next_key_place *p, enum renewal_use use, struct key **out,
                      struct errmsg *why) MUST_CHECK;

#endif
