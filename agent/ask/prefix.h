/* People name a case or a request by the first hex digits of its random id, as long as that is clear. */
#ifndef SLUIS_AGENT_ASK_PREFIX_H
#define SLUIS_AGENT_ASK_PREFIX_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/host/kv.h"

#define PREFIX_ID_BYTES 16
#define PREFIX_HEX_MIN 4

struct prefix_search {
    struct kv_table table; /* its keys are ids */
    const char *what;      /* "case", for errors */
    struct bytes hex;
};

/* ERR_INVALID (not 4 to 32 hex digits), ERR_NOT_FOUND, ERR_CONFLICT (more than one), ERR_IO. */
enum err prefix_find(const struct prefix_search *q, struct kv_txn *txn,
                     uint8_t out[static PREFIX_ID_BYTES], struct errmsg *why) MUST_CHECK;

#endif
