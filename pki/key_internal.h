/* The library's object behind a struct key, for pki/ only. */
#ifndef SLUIS_PKI_KEY_INTERNAL_H
#define SLUIS_PKI_KEY_INTERNAL_H

#include "pki/key.h"
#include "pki/ossl.h"

/* The object of k, owned by k. X509, CMS and signing calls that take a reference of their own may
 * keep it. Never to be changed. */
EVP_PKEY *key_evp(const struct key *k);

/* Wraps the public key of pkey (a certificate's, a request's) after the checks of key_from_spki,
 * which copies it; pkey stays the caller's. Errors as key_from_spki. */
enum err key_from_evp_public(const EVP_PKEY *pkey, struct key **out) MUST_CHECK;

/* Takes pkey, also on failure: a P-256 pair whose private half lies elsewhere and can only be used.
 * ERR_UNSUPPORTED (another type or curve). */
enum err key_from_evp_held(EVP_PKEY *pkey, struct key **out) MUST_CHECK;

#endif
