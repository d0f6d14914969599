/* The holder's decision and its release (docs/protocol.md, "Consent" and "Release"). */
#ifndef SLUIS_MSG_CONSENT_H
#define SLUIS_MSG_CONSENT_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define CONSENT_FIELDS_MAX 64u
#define RELEASE_MAX_BYTES ((size_t)1 << 20)

struct consent_nonce {
    uint8_t b[16];
};

struct consent {
    struct name deployment;
    enum consent_decision decision;
    struct bytes code; /* ground of a refusal as the rule spells it; empty otherwise */
    struct digest header_digest;
    struct agency_id requester;
    struct digest requester_sealing;
    struct name rule;
    uint32_t rule_version;
    struct digest policy_digest;
    uint64_t roster_serial;
    struct name purpose;
    uint32_t epoch;
    struct handle handle;
    struct digest record_leaf;
    const struct name *fields; /* ascending; none unless the decision is release */
    size_t field_count;
    struct name staff; /* monthly pseudonym */
    struct name function;
    int64_t signed_at_s;
    int64_t not_after_s;
    struct consent_nonce nonce;
    uint32_t group; /* the subject of the request that the record met */
};

struct signed_consent {
    struct bytes consent; /* exact bytes of a consent */
    struct bytes signature;
    struct digest fingerprint; /* of the officer's certificate */
};

struct settle {
    struct signed_consent consents[2];
    size_t consent_count; /* 1 or 2 */
    struct batch_id batch_id;
    struct merkle_path leaf_path;
    struct bytes release; /* CMS; empty unless the decision is release */
};

struct field_opening {
    struct name name;
    struct salt salt;
    struct bytes value; /* UTF-8 */
    struct merkle_path path;
};

struct token_opening {
    enum ident_type type;
    struct salt salt;
    struct merkle_path path;
};

struct release_content {
    struct name deployment;
    struct agency_id holder;
    struct agency_id recipient;
    struct digest recipient_sealing;
    struct digest header_digest;
    struct digest consent_digests[2];
    size_t consent_count;
    struct handle handle;
    struct digest record_leaf;
    uint32_t group;
    int64_t released_at_s;
    struct bytes handling; /* text, at most 200 bytes */
    const struct field_opening *fields;
    size_t field_count;
    const struct token_opening *tokens;
    size_t token_count;
    const struct name *rules;
    size_t rule_count;
    struct name category;
    uint32_t expires_day;
    struct digest field_root;
    struct digest token_root;
    struct bytes batch_header;
    struct bytes batch_signature;
    struct bytes batch_promise;
    struct bytes batch_promise_signature;
    struct merkle_path leaf_path;
};

enum err consent_encode(const struct consent *c, struct buf *out) MUST_CHECK;
enum err settle_encode(const struct settle *s, struct buf *out) MUST_CHECK;
enum err release_content_encode(const struct release_content *r, struct buf *out) MUST_CHECK;

/* Decode and validate into views and copies in arena a; errors as in envelope.h. A consent with
 * another label, fields without release, a code without refusal: ERR_INVALID. */
enum err consent_decode(struct bytes data, struct arena *a, struct consent *out,
                        struct errmsg *why) MUST_CHECK;
enum err settle_decode(struct bytes data, struct arena *a, struct settle *out,
                       struct errmsg *why) MUST_CHECK;
enum err release_content_decode(struct bytes data, struct arena *a, struct release_content *out,
                                struct errmsg *why) MUST_CHECK;

#endif
