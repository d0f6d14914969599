/* The bytes of a secret, for pki/ only. */
#ifndef SLUIS_PKI_SECRET_INTERNAL_H
#define SLUIS_PKI_SECRET_INTERNAL_H

#include "pki/secret.h"

/* n zero bytes to be filled through secret_data; NULL as secret_new. */
struct secret *secret_zeroed(size_t n);

/* The bytes, for reading; valid until secret_free. s may not be NULL. */
struct bytes secret_bytes(const struct secret *s);

/* The bytes, for filling a secret_zeroed. */
uint8_t *secret_data(struct secret *s);

/* Shortens s to n bytes and wipes the rest; n from 1 to the length. */
void secret_cut(struct secret *s, size_t n);

#endif
