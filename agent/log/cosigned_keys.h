/* The keys under which the broker cosigned the own log last, whole and not as digests (decision 0419): where all of them are
 * lost they still tell which heads were this log's, and who vouches for the next one names them. Loop thread. */
#ifndef SLUIS_AGENT_LOG_COSIGNED_KEYS_H
#define SLUIS_AGENT_LOG_COSIGNED_KEYS_H

#include "agent/log/keeping.h"

/* What the store has, into k->cosigned; count 0: nothing yet. Errors as the store's; ERR_INVALID: damaged. */
enum err cosigned_keys_read(struct log_keeping *k) MUST_CHECK;

/* The broker cosigned a head under these: kept soon, and again with the next line where that fails. */
void cosigned_keys_saw(struct log_keeping *k, const struct own_keys_named *named);

/* One key by its line. ERR_INVALID: no Ed25519 key that this log's origin names; ERR_CRYPTO. */
enum err cosigned_keys_parse(const struct log_keeping *k, struct bytes line, struct own_keys_named *out) MUST_CHECK;

#endif
