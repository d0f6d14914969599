/* The bytes under every digest and Merkle leaf of the protocol, in one place
 * (docs/protocol.md, "Digests and leaves"). Pure: the hash function is an argument. */
#ifndef SLUIS_MSG_LEAF_H
#define SLUIS_MSG_LEAF_H

#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

struct rule_set;

/* SHA-256(join("sluis/field/1", salt, name, value)). Hiding needs a fresh secret salt. */
enum err leaf_field(sha256_fn sha256, const struct salt *salt, const struct name *name,
                    struct bytes value, struct digest *out) MUST_CHECK;

/* SHA-256(join("sluis/token/1", salt, type id, inner)). */
enum err leaf_token(sha256_fn sha256, const struct salt *salt, enum ident_type type,
                    const struct inner *inner, struct digest *out) MUST_CHECK;

struct record_leaf_parts {
    struct handle handle;
    const struct rule_set *rules;
    struct name category;
    uint32_t expires_day;
    struct digest field_root;
    struct digest token_root;
};

/* SHA-256(join("sluis/record/1", handle, rules, category, expiry, dims, field root, token root));
 * dims is the empty list. ERR_TOO_LARGE for more than BATCH_RULES_MAX rules. */
enum err leaf_record(sha256_fn sha256, const struct record_leaf_parts *parts,
                     struct digest *out) MUST_CHECK;

struct subject_leaf_parts {
    struct salt salt;
    uint32_t group;
    enum ident_type type;
    struct inner inner;
    struct digest sealed_digest; /* SHA-256 of the group's sealed part */
};

/* SHA-256(join("sluis/subject/1", salt, group, type id, inner, sealed digest)). */
enum err leaf_subject(sha256_fn sha256, const struct subject_leaf_parts *parts,
                      struct digest *out) MUST_CHECK;

#endif
