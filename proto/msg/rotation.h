/* The next key of the broker's transport, with the endpoint at which it is served during the overlap, or of
 * its log (decision 0902). It travels as `struct signed_doc`, signed as SIGN_ROTATION by the signing key that
 * the roster lists for the broker. It asks for nothing but that key; new signing keys are a renewal. */
#ifndef SLUIS_MSG_ROTATION_H
#define SLUIS_MSG_ROTATION_H

#include "proto/msg/roster.h"

#define ROTATION_MAX_BYTES ((size_t)4 << 10)
#define ROTATION_ARENA_BYTES ((size_t)32 << 10)
#define ROTATION_NONCE_BYTES 16

enum rotation_use {
    ROTATION_NONE = 0,
    ROTATION_TRANSPORT,
    ROTATION_LOG,
};

struct rotation {
    struct name deployment;
    struct agency_id oin; /* of the broker */
    int64_t created_at;   /* seconds since 1970 UTC */
    uint8_t nonce[ROTATION_NONCE_BYTES];
    enum rotation_use use;
    struct curve_key curve; /* transport */
    struct bytes endpoint;  /* transport */
    struct bytes log_key;   /* log: vkey */
};

/* Reads and checks; views point into a. The signature over the exact bytes comes first. ERR_TOO_LARGE,
 * ERR_NOMEM, ERR_RANGE, ERR_INVALID (not exactly the parts of one use), or as msg_scan. */
enum err rotation_decode(struct bytes document, struct arena *a, struct rotation *out,
                         struct errmsg *why) MUST_CHECK;

/* Appends the document after the same checks. */
enum err rotation_encode(const struct rotation *r, struct buf *out, struct errmsg *why) MUST_CHECK;

#endif
