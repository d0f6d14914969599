/* The renewal of keys: a party that the roster lists asks for certificates of new keys. It travels as
 * `struct signed_doc`, signed as SIGN_RENEWAL by the key that the roster lists for it: a member's signing
 * key, an officer's key (docs/trust.md). It asks for nothing but keys. */
#ifndef SLUIS_MSG_RENEWAL_H
#define SLUIS_MSG_RENEWAL_H

#include "proto/msg/roster.h"

#define RENEWAL_MAX_BYTES ((size_t)16 << 10)
#define RENEWAL_ARENA_BYTES ((size_t)128 << 10)
#define RENEWAL_NONCE_BYTES 16
#define RENEWAL_MAX_CSR_BYTES 2048

enum renewal_use {
    RENEWAL_NONE = 0,
    RENEWAL_SIGNING,
    RENEWAL_SEALING,
    RENEWAL_TRANSPORT,
    RENEWAL_OFFICER,
    RENEWAL_USE_COUNT,
};

#define RENEWAL_MAX_ITEMS 3 /* signing, sealing, transport; or the officer's alone */

/* "signing" and so on; "?" for a value outside the set. */
const char *renewal_use_id(enum renewal_use use);
enum err renewal_use_parse(struct bytes text, enum renewal_use *out) MUST_CHECK;

struct renewal_item {
    enum renewal_use use;
    struct bytes csr;       /* PKCS#10, DER; empty for transport */
    struct curve_key curve; /* transport; else zero */
};

struct renewal {
    struct name deployment;
    struct agency_id oin; /* the member, or the officer's agency */
    bool is_officer;
    struct name staff;  /* of an officer */
    int64_t created_at; /* seconds since 1970 UTC */
    uint8_t nonce[RENEWAL_NONCE_BYTES];
    struct renewal_item items[RENEWAL_MAX_ITEMS]; /* ascending by use */
    size_t item_count;
};

/* Reads and checks; views point into a. The signature over the exact bytes comes first (pki/trust_docs).
 * ERR_TOO_LARGE, ERR_NOMEM, ERR_UNKNOWN (use), ERR_RANGE, ERR_DUPLICATE, ERR_INVALID, or as msg_scan. */
enum err renewal_decode(struct bytes document, struct arena *a, struct renewal *out,
                        struct errmsg *why) MUST_CHECK;

/* Appends the document after the same checks. */
enum err renewal_encode(const struct renewal *r, struct buf *out, struct errmsg *why) MUST_CHECK;

#endif
