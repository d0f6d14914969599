/* Which keys sign an agency's own log, and which of them the broker has cosigned (decision 0415): one row of the agent's
 * store, open, so that `sluis-pki` reads it beside the agent. Bytes in, bytes out. */
#ifndef SLUIS_PKI_OWN_LOG_KEYS_H
#define SLUIS_PKI_OWN_LOG_KEYS_H

#include "proto/base/buf.h"
#include "proto/base/hash.h"

#define OWN_LOG_KEYS_ROW "own_log_keys" /* its key in the table `meta` */
#define OWN_LOG_KEYS_MAX 2u
#define OWN_LOG_KEYS_ROW_MAX 128u

struct own_log_key {
    struct digest line; /* SHA-256 of its verifier key */
    bool is_witnessed;  /* the broker cosigned a head that it signed, and was told of it */
};

/* In the order in which they came, the older first; count 0: none yet. No key stands twice. */
struct own_log_keys {
    struct own_log_key v[OWN_LOG_KEYS_MAX];
    size_t count;
};

/* Appends the row. As buf_err. */
enum err own_log_keys_encode(const struct own_log_keys *k, struct buf *out) MUST_CHECK;
/* ERR_TRUNCATED, ERR_INVALID, ERR_VERSION (a format of a newer program). */
enum err own_log_keys_decode(struct bytes row, struct own_log_keys *out) MUST_CHECK;

/* NULL: it is not among them. */
const struct own_log_key *own_log_keys_find(const struct own_log_keys *k, const struct digest *line);
/* Whether the broker has cosigned a head under any of them. */
bool own_log_keys_has_witness(const struct own_log_keys *k);

#endif
