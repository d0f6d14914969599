/* Whether a body is one that a filter, as it was said, lets through. */
#ifndef SLUIS_JSON_BODIES_FIT_H
#define SLUIS_JSON_BODIES_FIT_H

#include "proto/json/audit_body.h"
#include "proto/msg/bodies.h"

/* Compares period, agency, rule, event, decision, and the officer by the digest of the body's pseudonym under the filter's
 * salt. A header and a case cannot be compared: body and filter have digests under two salts; that takes their names. ERR_CRYPTO. */
enum err bodies_fit(sha256_fn sha, const struct bodies_filter *f, const struct audit_body *b,
                    bool *fits) MUST_CHECK;

/* Whether each name that was said is the one of which the filter has the digest: what the log tells of a reading is what was
 * read. ERR_MISMATCH, ERR_CRYPTO. */
enum err bodies_sought_check(sha256_fn sha, const struct bodies_filter *f, const struct bodies_sought *s) MUST_CHECK;

/* Whether a body is of the request and the case that were said, by the digests under its own salt. ERR_CRYPTO. */
enum err bodies_fit_sought(sha256_fn sha, const struct bodies_sought *s, const struct audit_body *b, bool *fits) MUST_CHECK;

#endif
