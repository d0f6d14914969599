/* Handles: 16 bytes that look random to everyone else and tell this agency where the record version
 * lies, so that the store needs no second index of random keys.
 *
 * A handle is the place (batch number, index; eight zero bytes) under a permutation of 128 bits with a
 * key of its own (pki/permutation). Places never repeat, so handles do not. Without the key a handle
 * tells nothing, and two handles tell nothing of each other; a foreign handle decodes to eight zero
 * bytes with probability 2^-64. */
#ifndef SLUIS_RECORDS_HANDLE_CODE_H
#define SLUIS_RECORDS_HANDLE_CODE_H

#include "pki/secret.h"
#include "proto/base/ids.h"

/* Where a record version lies: its batch in this agent's own numbering, and its leaf there. */
struct record_place {
    uint32_t batch;
    uint32_t index;
};

/* One thread at a time. */
struct handle_code;

/* key: 32 bytes, derived for this use; copied. ERR_NOMEM, ERR_CRYPTO. */
enum err handle_code_new(const struct secret *key, struct handle_code **out) MUST_CHECK;
void handle_code_free(struct handle_code *c);
DEFINE_CLEANUP(struct handle_code, handle_code_free)

/* ERR_CRYPTO. */
enum err handle_of_place(struct handle_code *c, struct record_place place,
                         struct handle *out) MUST_CHECK;

/* ERR_NOT_FOUND: no handle of this agency. ERR_CRYPTO. */
enum err handle_to_place(struct handle_code *c, const struct handle *handle,
                         struct record_place *out) MUST_CHECK;

#endif
