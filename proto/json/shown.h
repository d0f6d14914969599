/* A signed document as JSON: what a program signed, in full. */
#ifndef SLUIS_JSON_SHOWN_H
#define SLUIS_JSON_SHOWN_H

#include "proto/base/hash.h"
#include "proto/base/label.h"
#include "proto/json/doc.h"

/* {"kind": "consent", "digest": hex of SHA-256, "document": base64 of the exact bytes,
 *  "content": {each field by its name in proto/msg}}. Bytes are hex, times (names ending in _s) RFC 3339.
 * *out is the caller's. ERR_UNKNOWN, ERR_TOO_LARGE, ERR_NOMEM, or what the strict reader says. */
enum err shown_doc(enum sign_kind kind, struct bytes document, sha256_fn sha256, struct doc **out,
                   struct errmsg *why) MUST_CHECK;

#endif
