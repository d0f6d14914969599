/* The agency's half of suite hk1 (docs/tokens.md): from a canonical identifier to `inner`, under a
 * purpose key that the participants of the purpose hold and the broker never does.
 *
 *   K[p,e,t] = HKDF-Expand(K[p,e], join("sluis/hk1/type", p, e, t))
 *   inner    = HMAC-SHA-256(K[p,e,t], join(norm_version, canonical value))
 *
 * What it leaks: inner is deterministic, so whoever sees two of one purpose, epoch and type knows
 * whether they are equal; whoever holds K[p,e] can search the identifiers of any inner. It goes to
 * the broker alone, over an encrypted link, and to no log, file or peer. Together with the broker
 * half one agency's K[p,e] inverts every BSN of the purpose in seconds. Time depends on the length
 * of the value and on nothing else of it.
 *
 * The broker does not link this file; a test holds it to that. */
#ifndef SLUIS_PKI_AGENCY_HALF_H
#define SLUIS_PKI_AGENCY_HALF_H

#include "pki/secret.h"
#include "proto/base/enums.h"
#include "proto/base/ids.h"

#define AGENCY_HALF_KEY_BYTES 32
#define AGENCY_HALF_VALUE_MAX 255 /* bytes of a canonical value */

/* A purpose key of one epoch with its subkeys, one for each identifier type, derived once. One thread
 * at a time: each worker has a copy of its own. */
struct agency_half;

/* One identifier to be hashed. canonical is personal data and stays the caller's. */
struct agency_half_input {
    enum ident_type type;
    uint32_t norm_version; /* of the normaliser that made canonical; never 0 */
    struct bytes canonical;
};

/* Copies k, the 32 bytes of K[purpose, epoch]. ERR_INVALID (length, empty purpose), ERR_NOMEM,
 * ERR_CRYPTO. */
enum err agency_half_new(const struct secret *k, const struct name *purpose, uint32_t epoch,
                         struct agency_half **out) MUST_CHECK;

/* The same key for another thread. Errors as agency_half_new. */
enum err agency_half_copy(const struct agency_half *h, struct agency_half **out) MUST_CHECK;

/* Wipes and frees; agency_half_free(NULL) is a no-op. */
void agency_half_free(struct agency_half *h);
DEFINE_CLEANUP(struct agency_half, agency_half_free)

/* The inner value of one identifier. ERR_UNKNOWN (type), ERR_INVALID (empty value, norm_version 0),
 * ERR_TOO_LARGE (value), ERR_CRYPTO. */
enum err agency_half_inner(struct agency_half *h, const struct agency_half_input *in,
                           struct inner *out) MUST_CHECK;

/* The same for count identifiers; out has room for as many. Stops at the first error, with its
 * position in *failed (may be NULL); out is then zeroed. */
enum err agency_half_batch(struct agency_half *h, const struct agency_half_input *in, size_t count,
                           struct inner *out, size_t *failed) MUST_CHECK;

/* HKDF-Expand(K[p,e], join("sluis/hk1/kcv", p, e, suite))[0..7]: the same for the same key, purpose,
 * epoch and suite, another for any other. Public; says nothing about the key. ERR_UNKNOWN (suite),
 * ERR_NOMEM, ERR_CRYPTO. */
enum err agency_half_kcv(const struct agency_half *h, enum suite suite,
                         struct kcv *out) MUST_CHECK;

/* HMAC(HKDF-Expand(K[p,e], join("sluis/hk1/dim", p, e, dimension)), value)[0..7]: the code under which
 * a dimension value travels. The list of values is short and public to the participants, so the code
 * hides them from the broker only. ERR_NOMEM, ERR_CRYPTO. */
enum err agency_half_dim(const struct agency_half *h, const struct name *dimension,
                         struct bytes value, struct dim_code *out) MUST_CHECK;

#endif
