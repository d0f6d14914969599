/* Under which name a member of staff appears outside the agency (docs/protocol.md, staff pseudonyms). */
#ifndef SLUIS_AGENT_PSEUDONYM_H
#define SLUIS_AGENT_PSEUDONYM_H

#include "pki/secret.h"
#include "proto/base/err.h"
#include "proto/base/ids.h"

/* 16 hex digits of an HMAC over staff id and month (UTC), under a key of the agency's own that no
 * rotation changes (store_derive, LABEL_PSEUDONYM): the same person in the same month, and nothing more to
 * whoever lacks that key.
 * ERR_NOMEM, ERR_CRYPTO. */
enum err pseudonym_of(const struct secret *key, const struct name *staff, int64_t now_s,
                      struct name *out) MUST_CHECK;

#endif
